"""Whether journal, entries, balances and orders tell the same story."""

import json
from collections import Counter

from chalicelib import settings
from chalicelib.ledger import accounts
from chalicelib.ledger import audit as ledger
from tests.support.resources import rows

PER_ORDER = {
    'escrow': 'escrow',
    'fee.buyer': 'fee',
    'fee.tax': 'tax',
    'fee.commission': 'commission',
    'seller.clearing': 'clearing',
}
"""Accounts of an order's own, and what they are called in its purse."""
EMPTY = {'none', 'released', 'refunding', 'refunded', 'charged_back'}
RELEASED = {'released', 'frozen', 'charged_back'}
WITH_US = {'requested', 'held_back'}
PAYING = {'requested', 'pending', 'requires_action'}
POSTED = {
    **dict.fromkeys((('payment', 'charge'), ('payment', 'PAYMENT')), 'pay'),
    **dict.fromkeys((('refund', 'refund'), ('refund', 'REFUND')), 'refund_ok'),
    **dict.fromkeys((('refund', 'refund_failure'), ('refund', 'REVERSED')), 'refund_returned'),
    **dict.fromkeys((('payout', 'transfer'), ('payout', 'DISBURSEMENT')), 'payout_paid'),
    **dict.fromkeys((('payout', 'transfer_reversal'), ('payout', 'REVERSED')), 'payout_returned'),
    ('dispute', 'dispute'): 'dispute_open',
    ('dispute', 'dispute_reversal'): 'dispute_won',
}
"""By what a line in the books of the fake provider is of, and its kind there: the name that we post it under."""


def audit() -> None:
    """Raises with all that is wrong. The numbers are those of the invariants in docs/money.md."""
    wrong = violations()
    assert not wrong, '\n'.join(wrong)


def violations(*, is_quiet: bool = True, books=None) -> list[str]:
    """All that is wrong. While something is under way (not quiet), the provider may be ahead of us.

    `books` are those of the fake provider, where it plays one.
    """
    journal = {row['txid']: row for row in rows(settings.JOURNAL_TABLE) if row['row'] == 'journal'}
    entries = [row for row in rows(settings.JOURNAL_TABLE) if row['row'] == 'entry']
    balances = {row['pk']: row for row in rows(settings.BALANCES_TABLE)}
    market = rows(settings.MARKET_TABLE)
    return [
        *_journal(journal, entries),
        *_balances(entries, balances),
        *_orders(market, journal, balances),
        *_campaigns(market, balances),
        *_twice(market, journal),
        *_transit(market, balances),
        *_provider(market, journal, is_quiet=is_quiet),
        *(_fake_provider(books, market, journal, is_quiet=is_quiet) if books else ()),
    ]


def _journal(journal, entries):
    return ledger.transactions([*journal.values(), *entries])


def _balances(entries, balances):
    return ledger.balances(balances.values(), entries)


def _orders(market, journal, balances):
    orders = {row['id']: row for row in market if row.get('row') == 'order'}
    events = {row['pk'].removeprefix('ORDER#') + row['name'] for row in market if row.get('row') == 'event'}
    for order_id, order in orders.items():
        own = [row for row in journal.values() if row.get('order_id') == order_id]
        yield from _purse(order, balances)
        yield from _funds(order, journal, events)
        yield from _once(order_id, own)


def _purse(order, balances):
    order_id, funds = order['id'], order['funds']
    held = {
        name: sum(
            row['minor'] for key, row in balances.items() if key.removeprefix('ACC#').startswith(f'{root}:') and order_id in key
        )
        for root, name in PER_ORDER.items()
    }
    purse = json.loads(order['holds'])
    if {name: purse.get(name, 0) for name in held} != held:
        yield f'S7: {order_id} says that it holds {purse}, and its accounts hold {held}'
    if bool(sum(held.values())) == (funds in EMPTY) and funds != 'frozen':
        yield f'S7: {order_id} is {funds} and its accounts hold {held}'
    disputed = balances.get(f'ACC#receivable.dispute:{order_id}#{order["currency"]}', {}).get('minor', 0)
    if bool(disputed) != (order.get('frozen_by') == 'chargeback'):
        yield f'S7: {order_id} is frozen by {order.get("frozen_by")}, and a bank holds {disputed} of it'


def _funds(order, journal, events):
    order_id, state, funds = order['id'], order['state'], order['funds']
    is_released, is_completed = f'release:{order_id}' in journal, f'complete:{order_id}' in journal
    if (is_released and funds not in RELEASED) or (funds == 'released' and not is_released):
        yield f'S7: {order_id} is {funds}, and the journal says otherwise'
    if is_completed != (state == 'completed'):
        yield f'S7: {order_id} is {state}, and the journal says otherwise'
    if (f'{order_id}OrderCompleted' in events) != is_completed:
        yield f'L3: the log of {order_id} does not tell that it is {state}'
    if (f'{order_id}PaymentReleased' in events) != is_released:
        yield f'L3: the log of {order_id} does not tell that it is {funds}'


def _once(order_id, own):
    captured = [row for row in own if row['event'] == 'payment_captured']
    if len(captured) > 1:
        yield f'S5: {order_id} was paid {len(captured)} times'
    came = sum(_moved(row, 'escrow', 'fee.buyer', 'fee.tax') for row in own if row['event'].endswith('_captured'))
    back = sum(_moved(row, 'refund', 'buyer.wallet', 'buyer.promo') for row in own if row['event'] == 'refund_requested')
    if back > came:
        yield f'S6: {order_id} has cost {came}, and {back} went back'


def _twice(market, journal):
    """S6: what a refund that a bank has superseded has put back is no more than what chargebacks have cost us."""
    order_of = {row['id']: row.get('order_id') or row['id'] for row in market if row.get('row') in ('payment', 'order')}
    gained = Counter()
    for row in journal.values():
        lines = dict(json.loads(row['lines']))
        gained[order_of.get(row.get('order_id'))] += lines.get('expense.chargeback:loss', 0)
    yield from (f'S6: chargebacks have brought us {minor} of {order_id}' for order_id, minor in gained.items() if minor > 0)


def _moved(row, *roots):
    return sum(minor for account, minor in json.loads(row['lines']) if accounts.root(account) in roots)


def _campaigns(market, balances):
    """What a campaign holds is what its positions cost that were not approved; nobody has a position that another one has."""
    tasks = [row for row in market if row.get('row') == 'task']
    for campaign in (row for row in market if row.get('row') == 'campaign'):
        own = [task for task in tasks if task['campaign_id'] == campaign['id']]
        approved, tranches = [task for task in own if task['state'] == 'approved'], json.loads(campaign['tranches'])
        is_open = bool(tranches) and not campaign.get('closed_at')
        work = campaign['pay_minor'] * (campaign['positions'] - len(approved)) if is_open else 0
        fee = sum(one[2] for one in tranches) - sum(task['fee_minor'] for task in approved) if is_open else 0
        yield from _holds(balances, campaign, f'escrow:{campaign["id"]}', work)
        yield from _holds(balances, campaign, f'fee.buyer:{campaign["id"]}', fee)
        had = [task['position'] for task in own if task['state'] not in ('rejected', 'expired')]
        if len(set(had)) != len(had):
            yield f'S15: {campaign["id"]} has given a position to two'
        lanes = [row for row in market if row.get('row') == 'lane' and row['pk'] == campaign['pk']]
        if sum(lane['taken'] - len(lane.get('returned', ())) for lane in lanes) != len(had):
            yield f'S15: the lanes of {campaign["id"]} say otherwise than its tasks'


def _transit(market, balances):
    for row in market:
        kind, state = row.get('row'), row.get('state')
        if kind == 'refund':
            yield from _holds(balances, row, f'refund:{row["id"]}', row['card_minor'] if state in WITH_US else 0)
        if kind == 'adjustment' and row.get('refund_state'):
            wanted = json.loads(row['wanted'])
            row |= {'state': row['refund_state'], 'currency': wanted['currency']}
            yield from _holds(balances, row, f'refund:{row["id"]}', wanted['amount_minor'] if row['state'] in WITH_US else 0)
        if kind == 'payout':
            yield from _holds(balances, row, f'payout:{row["id"]}', row['amount_minor'] if state == 'requested' else 0)
        if kind == 'payment':
            credit = row['wallet_minor'] + row['promo_minor']
            yield from _holds(balances, row, f'buyer.reserved:{row["id"]}', credit if state in PAYING else 0)


def _holds(balances, row, account, due):
    held = balances.get(f'ACC#{account}#{row["currency"]}', {}).get('minor', 0)
    if held != due:
        yield f'S8: {row["id"]} is {row["state"]}, and {account} holds {held} instead of {due}'


def _provider(market, journal, *, is_quiet):
    """The sandbox keeps books of its own."""
    ours = {row['id'] for row in market if row.get('row') in ('payment', 'refund', 'payout', 'adjustment')}
    events = {'pay': 'pay', 'ref': 'refund_ok', 'pyo': 'payout_paid', 'adj': 'refund_ok'}
    for row in (row for row in market if row.get('row') == 'sandbox'):
        if row.get('payment_id'):
            yield from _claimed(row, journal, is_quiet=is_quiet)
            continue
        if row['id'] not in ours:
            yield f'S11: the provider was asked under {row["id"]}, which is none of our ids'
        is_posted = f'{events[row["id"][:3]]}:{row["id"]}' in journal
        if is_posted and row['status'] not in ('succeeded', 'returned'):
            yield f'S10: {row["id"]} is posted, and at the provider it is {row["status"]}'
        if is_quiet and row['status'] == 'succeeded' and not is_posted:
            yield f'S10: {row["id"]} succeeded at the provider, and is not posted'
    if is_quiet:
        yield from _books([row for row in market if row.get('row') == 'sandbox_line'], journal)


def _claimed(row, journal, *, is_quiet):
    posted = [name for name in ('open', 'won', 'lost') if f'dispute_{name}:{row["id"]}' in journal]
    expected = ['open'] if row['status'] == 'open' else ['open', row['status']]
    if posted != expected and (is_quiet or len(posted) > len(expected)):
        yield f'S10: {row["id"]} is {row["status"]} at the provider, and posted as {posted}'


def _books(lines, journal):
    """Fees of payments are posted when they are settled, those of chargebacks with the chargeback."""
    for currency in {line['currency'] for line in lines}:
        theirs = sum(line['minor'] for line in lines if line['currency'] == currency)
        fees = sum(line['fee_minor'] for line in lines if line['currency'] == currency and line['kind'] == 'chargeback')
        roots = ('psp.clearing', 'psp.balance', 'expense.psp_fee')
        ours = -sum(_moved(row, *roots) for row in journal.values() if row['currency'] == currency)
        if theirs - fees != ours:
            yield f'S10: the provider has {theirs - fees} of {currency} for us, and we have posted {ours}'


def _fake_provider(books, market, journal, *, is_quiet):
    """It is asked about each of our ids once, and what is a line in its books is a transaction of ours."""
    ours = {row['id'] for row in market if row.get('row') in ('payment', 'refund', 'payout')}
    for our_id, count in Counter(thing.our_id for thing in books.things.values() if thing.kind != 'dispute').items():
        if our_id not in ours:
            yield f'S11: the provider was asked under {our_id}, which is none of our ids'
        if count > 1:
            yield f'S10: {our_id} is there {count} times at the provider'
    done = {f'{POSTED[line.thing.kind, line.kind]}:{line.thing.our_id or line.thing.ref}' for line in books.lines}
    done |= {
        f'dispute_lost:{thing.ref}' for thing in books.things.values() if (thing.kind, thing.status) == ('dispute', 'lost')
    }
    posted = {txid for txid in journal if txid.partition(':')[0] in (*POSTED.values(), 'dispute_lost')}
    yield from (f'S10: {txid} is posted, and not done at the provider' for txid in sorted(posted - done))
    if is_quiet:
        yield from (f'S10: {txid} is done at the provider, and not posted' for txid in sorted(done - posted))
        yield from _books([_as_row(line) for line in books.lines], journal)


def _as_row(line):
    kind = {'dispute': 'chargeback'}.get(line.kind, line.kind)
    return {'minor': line.minor, 'fee_minor': line.fee_minor, 'currency': line.thing.currency, 'kind': kind}
