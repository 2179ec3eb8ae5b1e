"""Every operation once, as it is called, to count what it costs."""

import itertools
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import time_machine

from chalicelib.users import actions as users
from tests.support import campaigns, resources
from tests.support.api import Nobody, Person, deliver, sweep, tick
from tests.support.board import Board
from tests.support.board import path as path_of
from tests.support.capacity import Bill, billed
from tests.support.market import PNG, Market, arrive, ok, run_timers
from tests.support.requests import promise, webhook, writes

NOON = '2026-11-24T12:00:00Z'
DAY = 24 * 3600
NIGHTLY = ('close_days', 'audit_ledger', 'reconcile_providers')
TIMERS = (
    'expire_order',
    'time_out_order',
    'complete_order',
    'expire_job',
    'lapse_award',
    'release_payment',
    'settle_payment',
    'send_refund',
    'send_payout',
)


@cache
def bills() -> dict[str, Bill]:
    """What each operation of the API, and each timer, asks of AWS. Who is calling is known to the process already."""
    return dict(_bills())


def _bills() -> Iterator[tuple[str, Bill]]:
    with time_machine.travel(NOON, tick=False) as clock:
        resources.clear()
        users.identify.cache_clear()
        market = Market(Person('buyer'), Person('seller'))
        made = writes(market)
        saved = resources.save()
        for name, (who, method, path, body, _) in made.items():
            resources.restore(saved)
            yield name, _bill(lambda who=who, method=method, path=path, body=body: who.request(method, path, body))
        resources.restore(saved)
        path, told, headers = webhook()
        yield 'receive_webhook', _bill(lambda: Nobody().post(path, told, headers=headers))
        yield 'read_notice', _bill(lambda: deliver('settle_with_provider', *resources.drain('provider')[-1:]))
        resources.restore(saved)
        yield from _reads(market)
        yield from _events(market, clock)


def _bill(act: Callable[[], Any]) -> Bill:
    with billed() as bill:
        answer = act()
    assert getattr(answer, 'status', 200) < 300, answer
    return bill


def _reads(market: Market) -> Iterator[tuple[str, Bill]]:
    order, gig, support = market.completed(), market.gig(), Person('support', 'support')
    assert support.id
    for _ in range(17):
        market.gig()
    file_id = market.file(market.seller, 'delivery')
    campaign = campaigns.running(market.buyer)
    campaigns.submitted(campaign, market.seller)
    payout = market.paid_out()
    board = Board(market.buyer, market.seller)
    job = board.job()
    board.invite(job)
    proposal = board.proposal(job)
    for _ in range(19):
        board.job()
    for name, who, path in (
        ('show_me', market.buyer, '/me'),
        ('show_user', market.buyer, f'/users/{market.seller.id}'),
        ('show_gig', market.buyer, f'/gigs/{gig["id"]}'),
        ('list_gigs', market.buyer, '/gigs?limit=20'),
        ('list_categories', market.buyer, '/categories'),
        ('show_file', market.seller, f'/files/{file_id}'),
        ('show_order', market.buyer, f'/orders/{order["id"]}'),
        ('list_orders', market.buyer, '/orders?limit=20'),
        ('list_order_events', market.buyer, f'/orders/{order["id"]}/events'),
        ('show_offer', market.buyer, f'/offers/{market.offered()["id"]}'),
        ('list_offers', market.buyer, '/offers?limit=20'),
        ('show_payment', market.buyer, f'/payments/{order["payment_id"]}'),
        ('show_balance', market.seller, '/me/balance'),
        ('list_statement', market.seller, '/me/statement'),
        ('export_statement', market.seller, '/me/statement.csv'),
        ('show_transaction', market.seller, f'/transactions/complete:{order["id"]}'),
        ('list_campaigns', market.seller, '/campaigns'),
        ('show_campaign', market.seller, f'/campaigns/{campaign}'),
        ('list_tasks_to_rate', market.buyer, f'/campaigns/{campaign}/to-rate'),
        ('list_results', market.buyer, f'/campaigns/{campaign}/results'),
        ('export_results', market.buyer, f'/campaigns/{campaign}/results.csv'),
        ('list_campaign_events', market.buyer, f'/campaigns/{campaign}/events'),
        ('list_my_tasks', market.seller, '/me/tasks'),
        ('list_hire_groups', market.buyer, '/hire-groups'),
        ('list_payouts', market.seller, '/payouts'),
        ('show_order_invoice', market.buyer, f'/orders/{order["id"]}/invoice'),
        ('show_fee_invoice', market.seller, f'/orders/{order["id"]}/fee-invoice'),
        ('show_payout_invoice', market.seller, f'/payouts/{payout["id"]}/invoice'),
        ('list_order_transactions', market.seller, f'/orders/{order["id"]}/transactions'),
        ('show_reconciliation', support, '/admin/reconciliation'),
        ('show_job', market.buyer, path_of(job)),
        ('list_jobs', market.buyer, '/jobs?limit=20'),
        ('list_my_jobs', market.buyer, '/me/jobs?limit=20'),
        ('list_job_events', market.buyer, f'{path_of(job)}/events'),
        ('list_my_invitations', market.seller, '/me/invitations'),
        ('list_proposals', market.buyer, f'{path_of(job)}/proposals'),
        ('list_my_proposals', market.seller, '/me/proposals'),
        ('show_proposal', market.seller, path_of(proposal)),
        ('list_proposal_events', market.seller, f'{path_of(proposal)}/events'),
    ):
        yield name, _bill(lambda who=who, path=path: who.get(path))


def _events(market: Market, clock: Any) -> Iterator[tuple[str, Bill]]:
    resources.clear()
    users.identify.cache_clear()
    market = Market(Person('buyer'), Person('seller'))
    yield 'sweep of nothing', _bill(sweep)
    unpaid, waiting, delivered, completed = market.placed(), market.paid(), market.delivered(), market.completed()
    confirming = market.placed()
    ok(market.buyer.post(f'/orders/{confirming["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    assert unpaid and waiting and delivered and completed
    file_id = announce(market)
    yield (
        'inspect_files',
        _bill(lambda: deliver('inspect_files', {'Records': [{'s3': {'object': {'key': f'incoming/{file_id}'}}}]})),
    )
    clock.shift(15 * DAY)
    yield 'sweep of six timers', _bill(sweep)
    seen: dict[str, Bill] = {}
    for _ in range(2):
        _timers(seen)
        sweep()
    run_timers()
    ok(market.seller.post('/payouts', {'amount_minor': 500, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    sweep()
    _timers(seen)
    Board(market.buyer, market.seller).awarded()
    for days in (2, 31):
        clock.shift(days * DAY)
        sweep()
        _timers(seen)
    yield from ((timer, seen[timer]) for timer in TIMERS)
    tick('close_days')
    clock.shift(DAY)
    for name in NIGHTLY:
        yield name, _bill(lambda name=name: tick(name))


def _timers(seen: dict[str, Bill]) -> None:
    """Delivers what waits in the queues one by one, and keeps the first bill of every kind."""
    functions = {'release': 'release_payments', 'orders': 'advance_orders', 'provider': 'settle_with_provider'}
    for queue, function in functions.items():
        for body in resources.drain(queue):
            bill = _bill(lambda function=function, body=body: deliver(function, body))
            seen.setdefault(json.loads(body)['action'], bill)


def announce(market: Market) -> str:
    file_id: str = ok(market.seller.post('/files', promise()), 201)['id']
    arrive(file_id, PNG)
    return file_id


def table() -> str:
    """As it stands in docs/data-model.md."""
    lines = ['| operation or timer | requests | read units | write units | calls |', '| --- | --- | --- | --- | --- |']
    for name, bill in bills().items():
        if name in NIGHTLY:
            continue  # whose requests depend on how ids are spread over shards
        calls = ', '.join(f'{call} x{len(list(run))}'.removesuffix(' x1') for call, run in itertools.groupby(bill.calls))
        lines.append(f'| `{name}` | {len(bill.calls)} | {bill.read_units:g} | {bill.write_units:g} | {calls or "-"} |')
    return '\n'.join(lines)
