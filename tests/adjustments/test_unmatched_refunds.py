"""Money that nobody knows goes back the way it came: by two, through the provider, and into suspense where that fails."""

import pytest

from chalicelib.money import Money
from chalicelib.payments.port import Outcome, OutcomeUnknown, Status
from chalicelib.payments.sandbox import store as sandbox
from chalicelib.payments.sandbox.provider import Sandbox
from chalicelib.payments.store import Payment
from tests.support import resources
from tests.support.api import Person
from tests.support.audit import audit
from tests.support.market import TOTAL, balances, night, ok, pay_twice, run_timers, send_back

WHY = 'They have paid twice, and want it back'


@pytest.fixture
def boss():
    return Person('boss', 'admin')


@pytest.fixture
def second():
    return Person('second', 'admin')


def suspended(market, clock, method='sandbox_card_ok'):
    """The case of a payment that the provider has taken twice."""
    order = market.paid(method=method)
    pay_twice(order['payment_id'])
    night(clock)
    [case] = open_cases()
    return case


def open_cases():
    return ok(Person('support', 'support').get('/admin/reconciliation'))['items']


def wanted(case, minor=TOTAL, **other):
    return {'kind': 'unmatched_refund', 'case_id': case['id'], 'currency': 'USD', 'amount_minor': minor} | other


def propose(who, case, **other):
    return who.post('/admin/adjustments', {'wanted': wanted(case, **other), 'reason': WHY})


def post(boss, second, case, **other):
    return ok(second.post(f'/admin/adjustments/{ok(propose(boss, case, **other), 201)["id"]}/approve'))


def suspense():
    entries = [row for row in resources.rows('journal') if row['row'] == 'entry']
    return sum(row['minor'] for row in entries if row['account'] == 'suspense:sandbox')


def became(adjustment):
    row = next(row for row in resources.rows('market') if row.get('row') == 'adjustment' and row['id'] == adjustment['id'])
    return row['refund_state'], row.get('failure'), 'due_at' in row


def test_what_was_paid_twice_goes_back_once(market, clock, boss, second):
    case = suspended(market, clock)
    assert (case['reason'], suspense()) == ('duplicate', TOTAL)
    proposed = ok(propose(boss, case), 201)
    assert (proposed['refund_state'], suspense(), len(open_cases())) == (None, TOTAL, 1)
    assert boss.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'forbidden'
    posted = ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))
    assert (posted['state'], posted['txid'], posted['refund_state']) == ('posted', f'refund:{posted["id"]}', 'requested')
    assert (suspense(), open_cases()) == (0, [])
    assert balances()[f'refund:{posted["id"]}'] == TOTAL
    audit()
    assert run_timers() == ['send_unmatched']
    assert became(posted) == ('succeeded', None, False)
    assert f'refund:{posted["id"]}' not in balances()
    assert run_timers() == []
    audit()
    night(clock)
    assert open_cases() == [], 'the report shows it'
    audit()


def test_what_cannot_be_sent_is_in_suspense_again_and_its_case_open(market, clock, boss, second, buyer):
    case = suspended(market, clock, 'sandbox_card_no_refund')
    posted = post(boss, second, case)
    assert run_timers() == ['send_unmatched']
    assert became(posted) == ('failed', 'not_refundable', False)
    assert (suspense(), [one['id'] for one in open_cases()]) == (TOTAL, [case['id']])
    audit()
    found = {'kind': 'unmatched_money', 'user_id': buyer.id, 'case_id': case['id'], 'currency': 'USD', 'amount_minor': TOTAL}
    other = ok(boss.post('/admin/adjustments', {'wanted': found, 'reason': WHY}), 201)
    ok(second.post(f'/admin/adjustments/{other["id"]}/approve'))
    assert (suspense(), balances()[f'buyer.wallet:{buyer.id}'], open_cases()) == (0, TOTAL, [])
    audit()


def test_what_the_bank_sends_back_is_in_suspense_again(market, clock, boss, second):
    case = suspended(market, clock)
    posted = post(boss, second, case)
    run_timers()
    send_back(posted, 'pay_of_nobody')
    assert run_timers() == ['read_notice']
    assert became(posted) == ('returned', 'account_closed', False)
    assert (suspense(), [one['id'] for one in open_cases()]) == (TOTAL, [case['id']])
    audit()
    night(clock)
    assert [one['id'] for one in open_cases()] == [case['id']], 'the report shows both'
    audit()


def test_what_came_back_before_we_heard_of_either_is_posted_as_both(market, clock, boss, second):
    posted = post(boss, second, suspended(market, clock))
    payment_id = next(row['payment_id'] for row in resources.rows('market') if row.get('id') == posted['id'])
    Sandbox().refund(posted['id'], payment_id, Money(TOTAL, 'USD'))
    send_back(posted, payment_id)
    assert sorted(run_timers()) == ['read_notice', 'send_unmatched']
    assert became(posted) == ('returned', 'account_closed', False)
    audit()


def test_a_provider_that_does_not_answer_is_asked_again_under_the_same_id(market, clock, boss, second, monkeypatch):
    posted = post(boss, second, suspended(market, clock))
    refund, asked = Sandbox.refund, []

    def lost(box, refund_id, *about):
        asked.append(refund_id)
        refund(box, refund_id, *about)
        raise OutcomeUnknown

    monkeypatch.setattr(Sandbox, 'refund', lost)
    with pytest.raises(AssertionError):
        run_timers()
    assert became(posted) == ('requested', None, True)
    assert run_timers() == ['send_unmatched']
    assert (asked, became(posted)) == ([posted['id']], ('succeeded', None, False))
    audit()


def test_what_takes_the_provider_a_while_is_asked_about_until_it_is_through(market, clock, boss, second, monkeypatch):
    posted = post(boss, second, suspended(market, clock))
    money = {'our_id': posted['id'], 'money': Money(TOTAL, 'USD')}
    monkeypatch.setattr(Sandbox, 'find_refund', lambda *_: Outcome(**money, status=Status.PENDING))
    assert run_timers() == ['send_unmatched']
    assert run_timers() == []
    monkeypatch.undo()
    clock.shift(61)
    assert run_timers() == ['send_unmatched']
    assert became(posted) == ('succeeded', None, False)
    audit()


@pytest.mark.parametrize(
    ('other', 'pointer'),
    [
        ({'amount_minor': TOTAL + 1}, '#/amount_minor'),
        ({'currency': 'IDR', 'amount_minor': 100}, '#/currency'),
        ({'case_id': 'duplicate:sandbox:y'}, '#/case_id'),
    ],
)
def test_nothing_is_sent_that_is_not_in_suspense(market, clock, boss, other, pointer):
    answer = propose(boss, suspended(market, clock), **other)
    assert (answer.status, answer.pointers) == (422, [pointer])


@pytest.mark.parametrize('kind', ['gift', 'refund_returned', 'payout_returned'])
def test_what_the_provider_cannot_send_back_is_refused_before_anything_is_done(market, clock, boss, kind):
    order = market.paid()
    sandbox.line_of(kind, order['payment_id'], 'USD', 700).save()
    night(clock)
    [case] = open_cases()
    answer = propose(boss, case, amount_minor=700)
    assert (answer.status, answer.pointers) == (422, ['#/case_id'])
    assert 'sandbox cannot send back' in answer.body['errors'][0]['detail']
    assert suspense() == 700
    assert not [row for row in resources.rows('market') if row.get('row') == 'adjustment']


def test_a_payment_of_ours_that_nobody_has_asked_about_is_settled_first(market, buyer, clock, boss):
    order = market.placed()
    made = ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_declined'}), 201)
    sandbox.line_of('payment', made['id'], 'USD', TOTAL).save()
    night(clock)
    [case] = open_cases()
    answer = propose(boss, case)
    assert (answer.status, answer.pointers, case['reason']) == (422, ['#/case_id'], 'unexplained')
    payment = Payment.get(f'PAYMENT#{made["id"]}', 'PAYMENT')
    payment.update([Payment.state.set('succeeded')])
    ok(propose(boss, case), 201)


def test_two_proposals_send_it_back_once(market, clock, boss, second):
    case = suspended(market, clock)
    first, other = (ok(propose(boss, case), 201) for _ in range(2))
    ok(second.post(f'/admin/adjustments/{first["id"]}/approve'))
    refused = second.post(f'/admin/adjustments/{other["id"]}/approve')
    assert (refused.status, refused.pointers) == (422, ['#/case_id'])
    assert run_timers() == ['send_unmatched']
    audit()
