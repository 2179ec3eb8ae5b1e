"""Webhooks of Stripe and Xendit, as they should be and as they should not: what is kept, what moves, and what does not."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib import aws, settings
from chalicelib.http import MAX_BODY_BYTES
from chalicelib.payments import credentials, store
from tests.payments.world import World, notices
from tests.support import resources
from tests.support.api import sweep
from tests.support.audit import audit
from tests.support.fake_psp import Webhook
from tests.support.market import ok, run_timers
from tests.support.provider_secrets import OLD_SECRETS, keep

pytestmark = pytest.mark.proof

WORDS = {
    'stripe': {'sent': 'succeeded', 'failed': 'failed', 'back': 'reversed'},
    'xendit': {'sent': 'SUCCEEDED', 'failed': 'FAILED', 'back': 'REVERSED'},
}


@dataclass(frozen=True)
class Told:
    """Something that has happened at the provider, and the state of it with us, before and after it is told."""

    our_id: str
    state: Callable[[], str]
    before: str
    after: str


def payment(world: World, *, is_paid: bool) -> Told:
    made = world.pay(world.placed())
    (world.psp.pay if is_paid else world.psp.refuse)(made['id'])
    after = 'succeeded' if is_paid else 'failed'
    return Told(made['id'], lambda: world.payment(made['id'])['state'], 'requires_action', after)


def refund(world: World, end: str, after: str) -> Told:
    order = world.returning()
    made = order['refunds'][0]['id']
    world.psp.settle(made, WORDS[world.dialect][end])
    return Told(made, lambda: world.market.order(order['id'])['refunds'][0]['state'], 'requested', after)


def refund_sent_back(world: World) -> Told:
    order = world.returning(is_slow=False)
    world.psp.webhooks()
    made = order['refunds'][0]['id']
    world.psp.settle(made, WORDS[world.dialect]['failed'], 'lost_or_stolen_card')
    return Told(made, lambda: world.market.order(order['id'])['refunds'][0]['state'], 'succeeded', 'returned')


def payout(world: World, end: str, before: str, after: str) -> Told:
    made = world.paid_out(is_slow=before == 'requested')['id']
    world.psp.settle(made, WORDS[world.dialect][end])
    return Told(made, lambda: world.payout(made)['state'], before, after)


EVENTS: dict[str, Callable[[World], Told]] = {
    'payment paid': lambda world: payment(world, is_paid=True),
    'payment refused': lambda world: payment(world, is_paid=False),
    'refund sent': lambda world: refund(world, 'sent', 'succeeded'),
    'refund failed': lambda world: refund(world, 'failed', 'failed'),
    'refund returned': refund_sent_back,
    'payout sent': lambda world: payout(world, 'sent', 'requested', 'paid'),
    'payout failed': lambda world: payout(world, 'failed', 'requested', 'failed'),
    'payout returned': lambda world: payout(world, 'back', 'paid', 'returned'),
}
TABLE = [(dialect, event) for dialect in WORDS for event in EVENTS if dialect == 'xendit' or event[:8] != 'payout s']
TABLE.remove(('stripe', 'payout failed'))  # a transfer is made at once, or refused at once


_prepared: dict[tuple[str, str], Any] = {}


@pytest.fixture(params=TABLE, ids=lambda one: f'{one[0]} {one[1]}')
def case(request, clock, market, psp):
    """What has come to that point once, and again for each test."""
    dialect, event = request.param
    if request.param not in _prepared:
        world = World(market, psp, dialect)
        told = EVENTS[event](world)
        [webhook] = psp.webhooks()
        _prepared[request.param] = world, told, webhook, resources.save(), copy.deepcopy(psp.books)
    world, told, webhook, tables, books = _prepared[request.param]
    resources.restore(tables)
    psp.books, world.psp = copy.deepcopy(books), psp
    resources.drain('provider')
    assert told.state() == told.before
    return world, told, psp.signed(dialect, webhook.body)


def changed(world: World, webhook: Webhook, change: Callable[[dict[str, Any]], Any]) -> Webhook:
    """The webhook with another body, signed as the provider would sign that."""
    said = json.loads(webhook.body)
    change(said if 'data' not in said else said['data'].get('object', said['data']))
    return world.psp.signed(world.dialect, json.dumps(said).encode())


def heard(world: World, *webhooks: Webhook) -> list[str]:
    for webhook in webhooks:
        assert ok(world.send(webhook)) == {'is_received': True}
    return world.follow_up()


def refused(world: World, webhook: Webhook, status: int) -> None:
    before = resources.snapshot()
    answer = world.send(webhook)
    assert (answer.status, bool(answer.problem)) == (status, True)
    assert resources.snapshot() == before, 'nothing is kept'
    assert resources.messages('provider') == []


def test_what_is_told_is_kept_and_followed_up(case):
    world, told, webhook = case
    count = len(notices())
    assert heard(world, webhook) == []
    assert told.state() == told.after
    [kept] = [one for one in notices() if one['body'] == webhook.body.decode()]
    assert (len(notices()), 'due_at' in kept, kept['read_at'] > 0) == (count + 1, False, True)
    assert kept['expires_at'] == kept['received_at'] // 1000 + 30 * 86_400
    assert world.psp.webhooks() == []
    audit()


def test_what_is_told_twice_is_done_once(case):
    world, told, webhook = case
    assert heard(world, webhook, webhook) == []
    count, before = len(notices()), resources.snapshot()
    assert heard(world, webhook) == []
    assert (told.state(), len(notices())) == (told.after, count)
    assert resources.snapshot() == before, 'and a replay of it changes nothing'
    audit()


def test_the_same_told_under_another_name_changes_nothing_more(case):
    world, told, webhook = case
    assert heard(world, webhook) == []
    journal = resources.rows(settings.JOURNAL_TABLE)
    assert heard(world, changed(world, webhook, lambda about: about.update(again='yes'))) == []
    assert (told.state(), resources.rows(settings.JOURNAL_TABLE)) == (told.after, journal)


def test_what_is_told_late_and_out_of_order_changes_nothing_more(case):
    world, told, webhook = case
    earlier = changed(world, webhook, lambda about: about.update(status='requires_action'))
    assert heard(world, webhook) == []
    journal = resources.rows(settings.JOURNAL_TABLE)
    assert heard(world, earlier) == []
    assert (told.state(), resources.rows(settings.JOURNAL_TABLE)) == (told.after, journal)
    audit()


def test_a_word_that_nobody_knows_is_not_believed_and_the_provider_is_asked(case):
    world, told, webhook = case
    assert heard(world, changed(world, webhook, lambda about: about.update(status='WORD_OF_TOMORROW', kind=None))) == []
    assert told.state() == told.after


def test_amounts_in_a_webhook_are_not_believed(case):
    world, told, webhook = case
    lied = changed(world, webhook, lambda about: about.update(amount=1, amount_received=1, paid_amount=1, currency='EUR'))
    assert heard(world, lied) == []
    assert told.state() == told.after
    audit()


@pytest.mark.parametrize('said', [{'minor': 100}, {'currency': 'XTS'}, {'our_id': 'pay_01ARZ3NDEKTSV4RRFFQ69G5FAV'}], ids=str)
def test_money_moves_only_where_the_provider_itself_agrees_with_us(case, said):
    world, told, webhook = case
    world.psp.lie(told.our_id, **said)
    journal = resources.rows(settings.JOURNAL_TABLE)
    assert heard(world, webhook) or 'our_id' in said, 'somebody has to look'
    assert (told.state(), resources.rows(settings.JOURNAL_TABLE)) == (told.before, journal)


def test_a_webhook_that_names_somebody_elses_is_about_them_and_their_provider_is_asked(case):
    world, told, webhook = case
    other = world.pay(world.placed())

    def named(about: dict[str, Any]) -> None:
        if 'external_id' in about:
            about['external_id'] = other['id']
        about['metadata'] = {'payment_id': other['id']}
        if 'reference_id' in about:
            about['reference_id'] = other['id']

    heard(world, changed(world, webhook, named))
    assert world.payment(other['id'])['state'] == 'requires_action', 'nobody has paid it'
    assert told.state() == told.before
    audit()


def test_a_webhook_that_is_not_signed_is_refused(case):
    world, _, webhook = case
    name = 'Stripe-Signature' if world.dialect == 'stripe' else 'X-Callback-Token'
    for value in ('', 'x', 't=,v1=', 't=1,v0=abc', f't={"9" * 30},v1=abc', 'v1=abc', 'token-ne', 't=\u0661,v1=\xfc'):
        refused(world, replace(webhook, headers=webhook.headers | {name: value}), 401)
    refused(world, replace(webhook, headers={'Content-Type': 'application/json'}), 401)


def test_a_webhook_that_is_signed_with_another_secret_is_refused(case):
    world, _, webhook = case
    refused(world, world.psp.signed(world.dialect, webhook.body, secret='whsec_of_somebody_else'), 401)


def test_a_webhook_that_is_signed_with_the_secret_before_is_taken(case):
    world, told, webhook = case
    assert heard(world, world.psp.signed(world.dialect, webhook.body, secret=OLD_SECRETS[world.dialect])) == []
    assert told.state() == told.after


def test_a_signature_is_of_one_body_and_one_moment(case, clock):
    world, told, webhook = case
    if world.dialect == 'xendit':
        pytest.skip('its token says nothing of either')
    refused(world, replace(webhook, body=webhook.body + b' '), 401)
    for seconds in (301, 3_600, -301, -3_600):
        refused(world, world.psp.signed('stripe', webhook.body, seconds_old=seconds), 401)
    assert heard(world, world.psp.signed('stripe', webhook.body, seconds_old=299)) == []
    assert heard(world, world.psp.signed('stripe', webhook.body, seconds_old=-299)) == []
    assert told.state() == told.after


def test_a_huge_body_is_refused(case):
    world, _, webhook = case
    body = webhook.body[:-1] + b', "more": "' + b'x' * MAX_BODY_BYTES + b'"}'
    refused(world, world.psp.signed(world.dialect, body), 413)


def test_a_webhook_of_one_provider_is_none_of_the_other(case):
    world, _, webhook = case
    refused(world, replace(webhook, dialect='xendit' if world.dialect == 'stripe' else 'stripe'), 401)


def test_a_webhook_whose_message_is_lost_is_followed_up_by_the_sweep(case, monkeypatch, clock):
    world, told, webhook = case
    with monkeypatch.context() as broken:
        broken.setattr(type(aws.client('sqs')), '_make_api_call', lambda *_: 1 / 0)
        assert ok(world.send(webhook)) == {'is_received': True}
    assert told.state() == told.before
    assert sweep() >= 1
    assert world.follow_up() == []
    assert told.state() == told.after


def test_a_webhook_is_followed_up_when_its_provider_answers_again(case, clock):
    world, told, webhook = case
    world.psp.misbehave('crash', times=8)
    ok(world.send(webhook))
    assert world.follow_up() == ['0'], 'it comes again'
    world.psp.behave()
    assert 'read_notice' in run_timers()
    assert told.state() == told.after


BODIES: dict[str, Any] = {
    'nothing': {'id': 'evt_1', 'object': 'event', 'type': 'x', 'data': {'object': {}}, 'event': 'x.y'},
    'unknown object': {
        'id': 'evt_2',
        'object': 'event',
        'event': 'x',
        'data': {'object': {'object': 'customer', 'id': 'cus_1'}},
    },
    'payment of nobody': {'id': 'evt_3', 'data': {'object': {'object': 'payment_intent', 'id': 'pi_1', 'metadata': {}}}},
    'payment of somebody else': {
        'id': 'evt_4',
        'external_id': 'pay_01ARZ3NDEKTSV4RRFFQ69G5FAV',
        'data': {
            'object': {'object': 'payment_intent', 'id': 'pi_1', 'metadata': {'payment_id': 'pay_01ARZ3NDEKTSV4RRFFQ69G5FAV'}}
        },
    },
    'refund of nobody': {
        'id': 'evt_5',
        'event': 'refund.succeeded',
        'data': {
            'id': 'rfd-1',
            'reference_id': 'ref_1',
            'object': {'object': 'refund', 'id': 're_1', 'metadata': {'refund_id': 'ref_1'}},
        },
    },
    'payout of nobody': {
        'id': 'evt_6',
        'event': 'payout.succeeded',
        'data': {
            'id': 'd',
            'reference_id': 'pyo_1',
            'object': {'object': 'transfer', 'id': 'tr', 'metadata': {'payout_id': 'pyo_1'}},
        },
    },
}


@pytest.mark.parametrize('dialect', ['stripe', 'xendit'])
@pytest.mark.parametrize('body', BODIES.values(), ids=BODIES.keys())
def test_a_webhook_about_nothing_of_ours_is_kept_and_nothing_moves(market, psp, dialect, body):
    world = World(market, psp, dialect)
    assert heard(world, psp.signed(dialect, json.dumps(body).encode())) == []
    [kept] = notices()
    assert kept['read_at']
    assert resources.rows(settings.JOURNAL_TABLE) == []
    assert resources.messages('dead-letters') == []


@pytest.mark.parametrize('dialect', ['stripe', 'xendit'])
@pytest.mark.parametrize('body', [b'', b'{', b'[]', b'null', b'"x"', b'\xff\xfe', b'{"event": "payout.succeeded"}'])
def test_a_signed_body_that_is_no_webhook_is_refused(market, psp, dialect, body):
    refused(World(market, psp, dialect), psp.signed(dialect, body), 400)


@pytest.mark.parametrize('is_won', [True, False])
def test_a_chargeback_is_learned_from_its_provider(market, psp, is_won):
    world = World(market, psp, 'stripe')
    order = world.paid()
    ref = psp.claim_back(order['payment_id'])
    world.listen()
    [found] = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'chargeback']
    assert (found['ref'], found['state'], found['amount_minor']) == (
        ref,
        'received',
        world.payment(order['payment_id'])['amount_minor'],
    )
    psp.rule(ref, is_won=is_won)
    world.listen()
    [found] = [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'chargeback']
    assert found['state'] == ('won' if is_won else 'lost')
    audit()


def test_an_inquiry_of_a_bank_is_left_alone(market, psp):
    world = World(market, psp, 'stripe')
    psp.books.things[psp.claim_back(world.paid()['payment_id'])].status = 'warning_needs_response'
    world.listen()
    assert [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'chargeback'] == []


@pytest.mark.parametrize(('currency', 'fee'), [('USD', 1_500), ('IDR', 0), ('EUR', 0)])
def test_a_fee_in_another_currency_is_not_taken_for_one_in_the_currency_of_the_payment(market, psp, currency, fee):
    world = World(market, psp, 'stripe')
    psp.claim_back(world.paid()['payment_id'], fee_currency=currency)
    [told] = psp.webhooks()
    assert heard(world, told) == ([] if fee else ['0'])
    assert [one['fee_minor'] for one in chargebacks_known()] == [fee]
    if not fee:
        assert 'read_notice' in run_timers()
    audit()


def chargebacks_known():
    return [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'chargeback']


@pytest.mark.parametrize('minutes', [1, 10, 23 * 60])
def test_a_chargeback_that_is_told_before_it_can_be_asked_about_is_asked_about_again(market, psp, clock, minutes):
    world = World(market, psp, 'stripe')
    ref = psp.claim_back(world.paid()['payment_id'])
    hidden = psp.books.things.pop(ref)
    [told] = [psp.webhook(hidden, event) for _, event in psp.books.told]
    psp.books.told.clear()
    assert heard(world, told) == []
    [kept] = [one for one in notices() if one['kind'] == 'chargeback']
    assert (chargebacks_known(), 'read_at' in kept, kept['due_at'] - kept['received_at']) == ([], False, 60_000)
    assert heard(world, told) == [], 'told again, it is not asked about sooner'
    for _ in range(minutes):
        clock.shift(60)
        run_timers()
    assert chargebacks_known() == []
    psp.books.things[ref] = hidden
    clock.shift(3_601)
    assert 'read_notice' in run_timers()
    [found] = chargebacks_known()
    [kept] = [one for one in notices() if one['kind'] == 'chargeback']
    assert (found['ref'], 'due_at' in kept, kept['read_at'] > 0) == (ref, False, True)
    audit()


def test_a_provider_is_not_asked_for_ever_about_what_it_does_not_know(market, psp, clock):
    world = World(market, psp, 'stripe')
    ref = psp.claim_back(world.paid()['payment_id'])
    [told] = [psp.webhook(psp.books.things.pop(ref), event) for _, event in psp.books.told]
    psp.books.told.clear()
    assert heard(world, told) == []
    asked = 0
    while 'read_notice' in (done := (clock.shift(3_601), run_timers())[1]):
        asked += done.count('read_notice')
    [kept] = [one for one in notices() if one['kind'] == 'chargeback']
    assert (asked, 'due_at' in kept, kept['read_at'] > kept['received_at']) == (24, False, True)
    assert resources.messages('dead-letters') == []


def test_a_payment_of_one_provider_is_not_settled_by_the_other(market, psp):
    world = World(market, psp, 'stripe')
    made = world.pay(world.placed())
    psp.pay(made['id'])
    before = store.get(made['id']).attribute_values
    assert (
        heard(world, psp.signed('xendit', json.dumps({'id': 'inv', 'external_id': made['id'], 'status': 'PAID'}).encode()))
        == []
    )
    assert store.get(made['id']).attribute_values == before


@pytest.mark.parametrize('provider', ['sandbox', 'paypal', 'stripe2', 'STRIPE', 'x' * 40])
def test_only_those_who_have_something_to_tell_are_heard(nobody, psp, provider):
    assert nobody.post(f'/webhooks/{provider}', b'{}').status == 404


@pytest.mark.parametrize(
    'said', ['', '[]', '{"api_key": 1, "webhook_secrets": []}', '{"api_key": "x", "webhook_secrets": [""]}']
)
def test_a_stage_whose_secret_cannot_be_read_hears_nobody(nobody, psp, said):
    keep('stripe', said or ' ')
    credentials.forget()
    assert nobody.post('/webhooks/stripe', b'{}').status == 404


def test_a_new_secret_is_known_after_five_minutes(market, psp, clock):
    world = World(market, psp, 'xendit')
    credentials.forget()
    body = json.dumps({'id': 'x'}).encode()
    ok(world.send(psp.signed('xendit', body)))
    resources.drain('provider')
    keep('xendit', {'api_key': 'k', 'webhook_secrets': ['newest']})
    refused(world, psp.signed('xendit', body, secret='newest'), 401)
    clock.shift(301)
    ok(world.send(psp.signed('xendit', body, secret='newest')))
    resources.drain('provider')
    refused(world, psp.signed('xendit', body), 401)


def test_the_official_sdk_signs_as_we_check(market, psp):
    from stripe import WebhookSignature

    body = '{"id": "evt_sdk", "data": {"object": {}}}'
    header = WebhookSignature.generate_signature_header(body, 'whsec_new')
    ok(World(market, psp, 'stripe').send(Webhook('stripe', body.encode(), {'Stripe-Signature': header})))
