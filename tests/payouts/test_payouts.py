import pytest

from chalicelib import db, settings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Line, Posting
from chalicelib.money import Money
from chalicelib.payments import providers
from chalicelib.payments.port import Outcome, ProviderMismatch, Status
from chalicelib.payments.sandbox.provider import Sandbox
from chalicelib.payouts import actions
from tests.support import resources
from tests.support.api import deliver
from tests.support.audit import audit
from tests.support.market import NET, PRICE, balances, ok, run_provider, run_timers

BODY = {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}


@pytest.fixture
def earned(market, seller, clock):
    """A seller with the net of one order to withdraw."""
    market.completed()
    clock.shift(14 * 24 * 3600 + 1)
    run_timers()
    return seller


def payouts(person):
    return ok(person.get('/payouts'))['items']


def test_a_payout_is_set_aside_sent_and_paid(earned):
    payout = ok(earned.post('/payouts', BODY), 201)
    assert (payout['state'], payout['amount_minor']) == ('requested', 5_000)
    assert balances() == {f'seller.available:{earned.id}': NET - 5_000, f'payout:{payout["id"]}': 5_000}
    assert run_timers() == ['send_payout']
    assert payouts(earned)[0]['state'] == 'paid'
    assert balances() == {f'seller.available:{earned.id}': NET - 5_000}
    audit()


def test_a_payout_that_fails_is_available_again(earned):
    ok(earned.post('/payouts', BODY | {'destination': 'sandbox_bank_closed'}), 201)
    assert run_timers() == ['send_payout']
    assert (payouts(earned)[0]['state'], payouts(earned)[0]['failure']) == ('failed', 'account_closed')
    assert balances() == {f'seller.available:{earned.id}': NET}
    audit()


def test_a_payout_that_takes_time_is_asked_about_again(earned, clock, monkeypatch):
    class Slow(Sandbox):
        def create_payout(self, payout_id, money, destination):
            return Outcome(payout_id, money, Status.PENDING)

    providers.provider.cache_clear()
    monkeypatch.setattr(providers, 'Sandbox', Slow)
    ok(earned.post('/payouts', BODY), 201)
    assert run_timers() == ['send_payout']
    assert payouts(earned)[0]['state'] == 'requested'
    monkeypatch.undo()
    providers.provider.cache_clear()
    clock.shift(61)
    assert run_timers() == ['send_payout']
    assert payouts(earned)[0]['state'] == 'paid'


def test_more_than_there_is_is_not_paid_out(earned):
    before = resources.snapshot()
    for body in (BODY | {'amount_minor': NET + 1}, BODY | {'currency': 'IDR', 'amount_minor': 5_000_000}):
        refused = earned.post('/payouts', body)
        assert (refused.status, refused.problem) == (409, 'insufficient-funds')
    assert resources.snapshot() == before
    ok(earned.post('/payouts', BODY | {'amount_minor': NET}), 201)
    assert earned.post('/payouts', BODY | {'amount_minor': 500}).problem == 'insufficient-funds'


@pytest.mark.parametrize(
    ('wrong', 'pointer'),
    [
        ({'amount_minor': 499}, '#/amount_minor'),
        ({'amount_minor': 0}, '#/amount_minor'),
        ({'amount_minor': -5_000}, '#/amount_minor'),
        ({'amount_minor': 50.5}, '#/amount_minor'),
        ({'amount_minor': '5000'}, '#/amount_minor'),
        ({'amount_minor': 10**13}, '#/amount_minor'),
        ({'currency': 'IDR', 'amount_minor': 5_000_050}, '#/amount_minor'),
        ({'currency': 'EUR'}, '#/currency'),
        ({'destination': ''}, '#/destination'),
        ({'seller_id': 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, '#/seller_id'),
    ],
)
def test_a_payout_has_limits(seller, wrong, pointer):
    answer = seller.post('/payouts', BODY | wrong)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_payouts_are_their_sellers(earned, stranger):
    ids = [ok(earned.post('/payouts', BODY | {'amount_minor': 500 + n}), 201)['id'] for n in range(3)]
    assert [payout['id'] for payout in payouts(earned)] == ids[::-1]
    page = ok(earned.get('/payouts', limit=2))
    assert [p['id'] for p in ok(earned.get('/payouts', limit=2, cursor=page['next_cursor']))['items']] == ids[:1]
    assert payouts(stranger) == []


def test_a_payout_is_sent_once_however_often_it_is_told(earned):
    ok(earned.post('/payouts', BODY), 201)
    row = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'payout')
    message = {'v': 1, 'action': 'send_payout', 'pk': row['pk'], 'sk': row['sk']}
    assert deliver('settle_with_provider', message, message) == []
    assert deliver('settle_with_provider', message) == []
    assert balances() == {f'seller.available:{earned.id}': NET - 5_000}
    audit()


def test_a_payout_is_settled_only_by_an_answer_about_itself(earned, monkeypatch):
    ok(earned.post('/payouts', BODY), 201)
    monkeypatch.setattr(Sandbox, 'find_payout', lambda _, payout_id, *__: Outcome(payout_id, Money(1, 'USD'), Status.SUCCEEDED))
    row = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'payout')
    with pytest.raises(ProviderMismatch):
        actions.send(row['pk'], row['sk'])
    assert payouts(earned)[0]['state'] == 'requested'


FEE = 100


def usd(person):
    return next(one for one in ok(person.get('/me/balance'))['balances'] if one['currency'] == 'USD')


def entries(txid, account):
    rows = [row for row in resources.rows(settings.JOURNAL_TABLE) if row['row'] == 'entry' and row['txid'] == txid]
    return sum(row['minor'] for row in rows if row['account'] == account)


def paid(person, **other):
    payout = ok(person.post('/payouts', BODY | other), 201)
    assert run_timers() == ['send_payout']
    return payout


def sent_back(person, payout):
    ok(person.post(f'/sandbox/payouts/{payout["id"]}/return'))
    assert run_provider() == ['check_payout']


def owe(person, minor):
    """A debt beside what is available: two that move a balance at the same moment may leave one."""
    lines = (Line(f'receivable.seller:{person.id}', -minor, person.id), Line('psp.clearing:sandbox', minor))
    db.atomically(lambda tx: ledger.post(tx, Posting(f'lent:{minor}', 'lent', 'USD', lines)), by='provider:sandbox')


def test_a_payout_costs_a_fee_and_the_bank_gets_the_rest(earned):
    payout = paid(earned)
    assert (payout['amount_minor'], payout['fee_minor']) == (5_000, FEE)
    assert Sandbox().find_payout(payout['id']).money == Money(5_000 - FEE, 'USD')
    txid = f'payout_paid:{payout["id"]}'
    assert (entries(txid, 'psp.balance:sandbox'), entries(txid, 'revenue.payout_fee')) == (5_000 - FEE, FEE)
    audit()


def test_a_payout_that_fails_costs_nothing(earned):
    paid(earned, destination='sandbox_bank_closed')
    assert balances() == {f'seller.available:{earned.id}': NET}
    assert not [row for row in resources.rows(settings.JOURNAL_TABLE) if row.get('account') == 'revenue.payout_fee']
    audit()


def test_a_payout_that_the_bank_sends_back_is_available_again_with_its_fee(earned):
    payout = paid(earned)
    sent_back(earned, payout)
    (seen,) = payouts(earned)
    assert (seen['state'], seen['failure']) == ('returned', 'returned_by_bank')
    assert balances() == {f'seller.available:{earned.id}': NET}
    assert entries(f'payout_returned:{payout["id"]}', 'revenue.payout_fee') == -FEE
    audit()
    paid(earned)
    assert balances() == {f'seller.available:{earned.id}': NET - 5_000}
    audit()


def test_a_payout_that_is_sent_back_twice_comes_back_once(earned):
    payout = paid(earned)
    sent_back(earned, payout)
    sent_back(earned, payout)
    message = {'v': 1, 'action': 'check_payout', 'pk': f'USER#{earned.id}', 'sk': f'PAYOUT#{payout["id"]}'}
    assert deliver('settle_with_provider', message, message) == []
    assert balances() == {f'seller.available:{earned.id}': NET}
    audit()


def test_a_payout_that_is_looked_at_and_was_not_sent_back_stays_paid(earned):
    payout = paid(earned)
    actions.check(f'USER#{earned.id}', f'PAYOUT#{payout["id"]}')
    assert (payouts(earned)[0]['state'], usd(earned)['available_minor']) == ('paid', NET - 5_000)
    audit()


def test_two_who_learn_at_once_that_it_was_sent_back_post_it_once(earned, meanwhile):
    payout = paid(earned)
    ok(earned.post(f'/sandbox/payouts/{payout["id"]}/return'))
    keys = f'USER#{earned.id}', f'PAYOUT#{payout["id"]}'
    meanwhile(lambda: actions.check(*keys))
    actions.check(*keys)
    assert usd(earned)['available_minor'] == NET
    run_provider()
    audit()


def test_a_payout_that_was_sent_back_before_it_was_recorded_as_paid_was_both(earned, monkeypatch):
    payout = ok(earned.post('/payouts', BODY), 201)
    with monkeypatch.context() as patch:
        patch.setattr(actions, '_record', lambda *_: None)  # it dies between the provider's answer and its record
        assert run_timers() == ['send_payout']
    ok(earned.post(f'/sandbox/payouts/{payout["id"]}/return'))
    assert run_provider() == ['check_payout']
    assert (payouts(earned)[0]['state'], payouts(earned)[0]['failure']) == ('returned', 'returned_by_bank')
    assert balances() == {f'seller.available:{earned.id}': NET}
    assert run_timers() == []
    audit()


def test_only_what_was_paid_can_be_sent_back_and_only_by_its_seller(earned, buyer, support):
    waiting = ok(earned.post('/payouts', BODY | {'amount_minor': 500}), 201)
    assert earned.post(f'/sandbox/payouts/{waiting["id"]}/return').status == 404
    run_timers()
    failed = paid(earned, amount_minor=500, destination='sandbox_bank_closed')
    assert earned.post(f'/sandbox/payouts/{failed["id"]}/return').status == 409
    for person in (buyer, support):
        assert person.post(f'/sandbox/payouts/{waiting["id"]}/return').status == 404
    assert run_provider() == []
    audit()


def test_what_is_sent_back_pays_what_its_seller_owes(market, earned, support):
    order = ok(earned.get('/orders', role='seller'))['items'][0]
    payout = paid(earned, amount_minor=NET)
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': 2_500, 'reason': 'Late'}), 201)
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor']) == (0, 2_000)
    sent_back(earned, payout)
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor']) == (NET - 2_000, 0)
    run_timers()
    audit()


@pytest.mark.parametrize('destination', ['sandbox_bank_ok', 'sandbox_bank_closed'])
def test_who_has_and_owes_pays_their_debt_with_the_payout(earned, destination):
    owe(earned, 1_000)
    assert earned.post('/payouts', BODY | {'amount_minor': NET - 999}).problem == 'insufficient-funds'
    payout = paid(earned, amount_minor=NET - 1_000, destination=destination)
    assert payout['amount_minor'] == NET - 1_000
    left = NET - 1_000 if destination == 'sandbox_bank_closed' else 0
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor']) == (left, 0)


def test_a_payout_that_fails_pays_what_its_seller_owes_by_then(earned, market, support):
    order = ok(earned.get('/orders', role='seller'))['items'][0]
    ok(earned.post('/payouts', BODY | {'amount_minor': NET, 'destination': 'sandbox_bank_closed'}), 201)
    ok(support.post(f'/orders/{order["id"]}/refunds', {'amount_minor': PRICE, 'reason': 'Late'}), 201)
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor']) == (0, NET)
    assert set(run_timers()) == {'send_payout', 'send_refund'}
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor'], balances()) == (0, 0, {})
    audit()


def test_a_debt_that_is_paid_meanwhile_is_not_paid_twice(earned, meanwhile):
    owe(earned, 1_000)
    meanwhile(lambda: ok(earned.post('/payouts', BODY | {'amount_minor': 500}), 201))
    ok(earned.post('/payouts', BODY | {'amount_minor': 500}), 201)
    assert (usd(earned)['available_minor'], usd(earned)['owed_minor']) == (NET - 2_000, 0)


def test_a_payout_in_rupiah(market, seller):
    payout = market.paid_out(5_000_000, 'IDR')
    assert (payout['fee_minor'], payouts(seller)[0]['state']) == (500_000, 'paid')
    sent_back(seller, payout)
    assert balances() == {f'seller.available:{seller.id}': 5_000_000}
