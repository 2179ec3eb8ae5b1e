import json

import pytest

from chalicelib import db
from chalicelib.ledger import correction_postings as corrections
from chalicelib.ledger import store as ledger
from chalicelib.reconciliation import store as cases
from tests.support import resources
from tests.support.api import Person
from tests.support.audit import audit
from tests.support.market import NET, TOTAL, balances, ok, run_timers

WHY = 'They cannot be reached any more'


@pytest.fixture
def boss():
    return Person('boss', 'admin')


@pytest.fixture
def second():
    return Person('second', 'admin')


def propose(who, status=201, reason=WHY, **wanted):
    return ok(who.post('/admin/adjustments', {'wanted': wanted, 'reason': reason}), status)


def post(boss, second, **wanted):
    return ok(second.post(f'/admin/adjustments/{propose(boss, **wanted)["id"]}/approve'))


def usd(person):
    return next(balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')


def promo(buyer, minor=500, **other):
    return {'kind': 'promo_credit', 'user_id': buyer.id, 'currency': 'USD', 'amount_minor': minor} | other


def test_it_takes_two(boss, second, buyer):
    proposed = propose(boss, **promo(buyer))
    assert (proposed['state'], usd(buyer)['promo_minor']) == ('proposed', 0)
    assert boss.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'forbidden'
    assert [one['id'] for one in ok(second.get('/admin/adjustments'))['items']] == [proposed['id']]
    posted = ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))
    assert (posted['state'], posted['txid']) == ('posted', f'promo:{proposed["id"]}')
    assert (posted['proposed_by'], posted['decided_by']) == (boss.id, second.id)
    assert usd(buyer)['promo_minor'] == 500
    assert ok(second.get('/admin/adjustments'))['items'] == []
    for noun in ('approve', 'reject'):
        assert second.post(f'/admin/adjustments/{proposed["id"]}/{noun}').problem == 'conflict'
    audit()


def test_what_is_rejected_moves_nothing(boss, second, buyer):
    for who in (boss, second):
        proposed = propose(boss, **promo(buyer))
        assert ok(who.post(f'/admin/adjustments/{proposed["id"]}/reject'))['state'] == 'rejected'
    assert balances() == {}
    audit()


def test_credit_that_was_given_pays_before_the_wallet_and_comes_back_last(boss, second, market, buyer, seller):
    post(boss, second, **promo(buyer))
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 1_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    order = market.placed()
    payment = ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok', 'use_credit': True}), 201)
    assert (payment['amount_minor'], payment['wallet_minor'], payment['promo_minor']) == (TOTAL - 1_500, 1_000, 500)
    ok(seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    run_timers()
    assert (usd(buyer)['wallet_minor'], usd(buyer)['promo_minor']) == (1_000, 500)
    audit()


def test_a_debt_is_given_up(boss, second, market, seller, clock):
    order = market.released(clock)
    ok(seller.post('/payouts', {'amount_minor': NET, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    run_timers()
    _, ref = market.charged(order)
    market.decide(ref, won=False)
    wanted = {'kind': 'write_off', 'user_id': seller.id, 'currency': 'USD'}
    too_much = propose(boss, **wanted, amount_minor=NET + 1)
    assert second.post(f'/admin/adjustments/{too_much["id"]}/approve').problem == 'insufficient-funds'
    post(boss, second, **wanted, amount_minor=NET)
    assert usd(seller)['owed_minor'] == 0
    audit()


def open_case(minor=700, reason='unexplained', **about):
    """As the reconciliation leaves it: a line that nothing explains, its money in suspense."""
    posting = corrections.unmatched_received('x', 'sandbox', 'USD', minor)

    def work(tx):
        ledger.post(tx, posting)
        cases.open_case(tx, 'sandbox', 'USD', reason, 'sandbox:x', seen_minor=minor, **about)

    db.atomically(work, by='provider:sandbox')
    return f'{reason}:sandbox:x'


def found(buyer, case_id, minor=700, **other):
    return {
        'kind': 'unmatched_money',
        'user_id': buyer.id,
        'case_id': case_id,
        'currency': 'USD',
        'amount_minor': minor,
    } | other


def test_money_that_nobody_knew_is_found_to_be_a_buyers_and_that_closes_its_case(boss, second, buyer, support):
    case_id = open_case()
    twice = propose(boss, **found(buyer, case_id))
    post(boss, second, **found(buyer, case_id))
    assert usd(buyer)['wallet_minor'] == 700
    assert ok(support.get('/admin/reconciliation'))['items'] == []
    statement = ok(buyer.get('/me/statement'))['items']
    assert [(line['event'], line['amount_minor']) for line in statement] == [('unmatched_resolved', 700)]
    again = second.post(f'/admin/adjustments/{twice["id"]}/approve')
    assert (again.status, again.pointers) == (422, ['#/case_id'])


@pytest.mark.parametrize(
    ('wanted', 'pointer'),
    [
        ({'amount_minor': 701}, '#/amount_minor'),
        ({'currency': 'IDR'}, '#/currency'),
        ({'case_id': 'unexplained:sandbox:y'}, '#/case_id'),
    ],
)
def test_nobody_is_given_what_is_not_in_suspense(boss, buyer, wanted, pointer):
    answer = boss.post('/admin/adjustments', {'wanted': found(buyer, open_case()) | wanted, 'reason': WHY})
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_a_case_that_needs_nothing_more_is_closed_by_two(boss, second, support):
    case_id = open_case(reason='changed')
    posted = post(boss, second, kind='close_case', case_id=case_id)
    assert (posted['state'], posted['txid']) == ('posted', None)
    assert ok(support.get('/admin/reconciliation'))['items'] == []


def test_nobody_has_a_hand_in_what_is_for_themselves(boss, second):
    assert boss.post('/admin/adjustments', {'wanted': promo(boss), 'reason': WHY}).problem == 'forbidden'
    proposed = propose(boss, **promo(second))
    assert second.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'forbidden'


def test_what_is_missing_closes_itself_or_not_at_all(boss):
    about = 'sandbox', 'USD', 'missing', 'pay:pay_1'
    db.atomically(lambda tx: cases.open_case(tx, *about, expected_minor=500, seen_minor=None), by='provider:sandbox')
    wanted = {'kind': 'close_case', 'case_id': 'missing:pay:pay_1'}
    answer = boss.post('/admin/adjustments', {'wanted': wanted, 'reason': WHY})
    assert (answer.status, answer.pointers) == (422, ['#/case_id'])
    assert cases.case('missing:pay:pay_1').state == 'open'


def moved(debit, credit, minor=500):
    return {'kind': 'transfer', 'currency': 'USD', 'amount_minor': minor, 'debit_account': debit, 'credit_account': credit}


def test_nobody_has_a_hand_in_a_transfer_on_an_account_of_their_own(boss, second, buyer):
    for theirs in ('seller.available', 'buyer.wallet', 'buyer.promo'):
        given = moved('expense.promo', f'{theirs}:{boss.id}')
        assert boss.post('/admin/adjustments', {'wanted': given, 'reason': WHY}).problem == 'forbidden'
        proposed = propose(second, **given)
        assert boss.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'forbidden'
    post(boss, second, **moved('expense.promo', f'buyer.wallet:{buyer.id}'))
    assert (usd(boss)['wallet_minor'], usd(buyer)['wallet_minor']) == (0, 500)


def test_nobody_has_a_hand_in_undoing_what_moved_money_of_their_own(boss, second):
    third = Person('third', 'admin')
    post(third, second, **moved('expense.promo', f'seller.available:{boss.id}'))
    taken = post(third, second, **moved(f'seller.available:{boss.id}', 'revenue.commission'))
    wanted = {'kind': 'reversal', 'reverse_of': taken['txid']}
    assert boss.post('/admin/adjustments', {'wanted': wanted, 'reason': WHY}).problem == 'forbidden'
    proposed = propose(second, **wanted)
    assert boss.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'forbidden'
    assert usd(boss)['available_minor'] == 0


def test_what_was_posted_by_mistake_is_undone_once(boss, second, buyer):
    posted = post(boss, second, **promo(buyer))
    undone = post(boss, second, kind='reversal', reverse_of=posted['txid'])
    assert (undone['txid'], usd(buyer)['promo_minor']) == (f'reverse:{posted["txid"]}', 0)
    for reverse_of in (posted['txid'], 'promo:adj_x', 'no such thing'):
        answer = boss.post('/admin/adjustments', {'wanted': {'kind': 'reversal', 'reverse_of': reverse_of}, 'reason': WHY})
        assert answer.status == 422, answer
    audit()


def test_two_proposals_to_undo_the_same_undo_it_once(boss, second, buyer):
    posted = post(boss, second, **promo(buyer))
    first, other = (propose(boss, kind='reversal', reverse_of=posted['txid']) for _ in range(2))
    ok(second.post(f'/admin/adjustments/{first["id"]}/approve'))
    assert second.post(f'/admin/adjustments/{other["id"]}/approve').status == 422
    audit()


def test_the_money_of_an_order_moves_with_the_order_only(boss, market):
    order = market.paid()
    answer = boss.post(
        '/admin/adjustments', {'wanted': {'kind': 'reversal', 'reverse_of': f'pay:{order["payment_id"]}'}, 'reason': WHY}
    )
    assert (answer.status, answer.pointers) == (422, ['#/reverse_of'])
    assert f'pay:{order["payment_id"]}' in str(answer.body['errors'])


def posted(*names):
    found = [row['txid'] for row in resources.rows('journal') if row['row'] == 'journal']
    assert {name for name in names if not any(txid.startswith(name) for txid in found)} == set()
    return found


def test_what_belongs_to_anything_is_undone_with_it_only(boss, market, buyer, seller, clock):
    """A tip, a top-up and a refund to the wallet, of which order, payment and refund would still say that they are there."""
    ok(buyer.post('/me/wallet/top-ups', {'amount_minor': 2 * TOTAL, 'currency': 'USD', 'method': 'sandbox_card_ok'}), 201)
    order = market.released(clock)
    ok(buyer.post(f'/orders/{order["id"]}/tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'}), 201)
    with_credit = market.placed()
    ok(buyer.post(f'/orders/{with_credit["id"]}/payments', {'use_credit': True}), 201)
    ok(seller.post(f'/orders/{with_credit["id"]}/cancel', {'reason': 'No time'}))
    open_case()
    for txid in posted('pay:', 'reserve:', 'complete:', 'release:', 'refund:', 'unmatched:'):
        answer = boss.post('/admin/adjustments', {'wanted': {'kind': 'reversal', 'reverse_of': txid}, 'reason': WHY})
        assert (answer.status, answer.pointers) == (422, ['#/reverse_of']), txid


def test_money_that_was_found_to_be_somebody_elses_waits_in_suspense_again(boss, second, buyer, seller, support):
    case_id = open_case()
    given = post(boss, second, **found(buyer, case_id))
    undone = post(boss, second, kind='reversal', reverse_of=given['txid'])
    assert [case['id'] for case in ok(support.get('/admin/reconciliation'))['items']] == [case_id]
    again = boss.post('/admin/adjustments', {'wanted': {'kind': 'reversal', 'reverse_of': undone['txid']}, 'reason': WHY})
    assert (again.status, again.pointers) == (422, ['#/reverse_of'])
    post(boss, second, **found(seller, case_id))
    assert (usd(buyer)['wallet_minor'], usd(seller)['wallet_minor']) == (0, 700)


@pytest.mark.parametrize(
    ('wanted', 'pointer'),
    [
        ({'amount_minor': 0}, '#/wanted/promo_credit/amount_minor'),
        ({'amount_minor': -5}, '#/wanted/promo_credit/amount_minor'),
        ({'amount_minor': 10**13}, '#/wanted/promo_credit/amount_minor'),
        ({'amount_minor': 1.5}, '#/wanted/promo_credit/amount_minor'),
        ({'currency': 'EUR'}, '#/wanted/promo_credit/currency'),
        ({'currency': 'IDR', 'amount_minor': 150}, '#/amount_minor'),
        ({'user_id': 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, '#/user_id'),
        ({'user_id': 'me'}, '#/wanted/promo_credit/user_id'),
    ],
)
def test_bad_input_is_told_and_posts_nothing(boss, buyer, wanted, pointer):
    answer = boss.post('/admin/adjustments', {'wanted': promo(buyer) | wanted, 'reason': WHY})
    assert (answer.status, [one.replace('/promo_credit', '') for one in answer.pointers]) == (
        422,
        [pointer.replace('/promo_credit', '')],
    )
    assert resources.rows('journal') == []


@pytest.mark.parametrize(
    ('debit', 'credit', 'pointer'),
    [
        ('escrow:ord_1', 'revenue.fx', '#/debit_account'),
        ('revenue.fx', 'refund:ref_1', '#/credit_account'),
        ('slush.fund', 'revenue.fx', '#/debit_account'),
        ('revenue.fx', 'seller.available', '#/credit_account'),
        ('revenue.fx', 'revenue.fx', '#/credit_account'),
        ('revenue.fx', 'seller.available:nobody', '#/credit_account'),
        ('revenue.fx', 'seller.available:usr_01ARZ3NDEKTSV4RRFFQ69G5FAV', '#/credit_account'),
        ('psp.balance:NEVER#land', 'revenue.fx', '#/debit_account'),
        ('psp.balance:nobody', 'revenue.fx', '#/debit_account'),
        ('suspense:sandbox', 'revenue.fx', '#/debit_account'),
        ('revenue.fx', 'suspense:sandbox', '#/credit_account'),
    ],
)
def test_by_hand_money_moves_on_some_accounts_only(boss, debit, credit, pointer):
    wanted = {'kind': 'transfer', 'currency': 'USD', 'amount_minor': 1, 'debit_account': debit, 'credit_account': credit}
    answer = boss.post('/admin/adjustments', {'wanted': wanted, 'reason': WHY})
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_a_reason_is_needed(boss, buyer):
    assert boss.post('/admin/adjustments', {'wanted': promo(buyer), 'reason': 'Because'}).pointers == ['#/reason']


def test_two_who_approve_post_once(boss, second, buyer):
    proposed = propose(boss, **promo(buyer))
    third = Person('third', 'admin')
    ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))
    assert third.post(f'/admin/adjustments/{proposed["id"]}/approve').problem == 'conflict'
    assert usd(buyer)['promo_minor'] == 500
    audit()


def lines_of(txid):
    return dict(json.loads(ledger.posted(txid)['lines']))


def test_what_is_in_suspense_is_given_out_bit_by_bit_and_the_last_of_it_closes_its_case(boss, second, buyer, seller, support):
    case_id = open_case()
    post(boss, second, **found(buyer, case_id, 300))
    assert [case['given_minor'] for case in ok(support.get('/admin/reconciliation'))['items']] == [300]
    too_much = boss.post('/admin/adjustments', {'wanted': found(seller, case_id, 401), 'reason': WHY})
    assert (too_much.status, too_much.pointers) == (422, ['#/amount_minor'])
    given = post(boss, second, **found(seller, case_id, 400))
    assert ok(support.get('/admin/reconciliation'))['items'] == []
    post(boss, second, kind='reversal', reverse_of=given['txid'])
    assert [case['given_minor'] for case in ok(support.get('/admin/reconciliation'))['items']] == [300]
    absorbed = post(boss, second, kind='absorb_difference', case_id=case_id)
    assert ok(support.get('/admin/reconciliation'))['items'] == []
    assert (usd(buyer)['wallet_minor'], usd(seller)['wallet_minor']) == (300, 0)
    assert lines_of(absorbed['txid']) == {'suspense:sandbox': -400, 'expense.difference:sandbox': 400}
    audit()


def test_a_difference_that_was_absorbed_stays_so(boss, second):
    posted = post(boss, second, kind='absorb_difference', case_id=open_case())
    wanted = {'kind': 'reversal', 'reverse_of': posted['txid']}
    answer = boss.post('/admin/adjustments', {'wanted': wanted, 'reason': WHY})
    assert (answer.status, answer.pointers) == (422, ['#/reverse_of'])


@pytest.mark.parametrize(('kind', 'reason'), [('close_case', 'unexplained'), ('absorb_difference', 'changed')])
def test_a_case_is_closed_as_what_it_left_behind_asks_for(boss, kind, reason):
    answer = boss.post('/admin/adjustments', {'wanted': {'kind': kind, 'case_id': open_case(reason=reason)}, 'reason': WHY})
    assert (answer.status, answer.pointers) == (422, ['#/case_id'])
