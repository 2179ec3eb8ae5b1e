import pytest

from chalicelib import settings
from chalicelib.money import Money
from chalicelib.payments import providers
from chalicelib.payments.port import Outcome, ProviderMismatch, Status
from chalicelib.payments.sandbox.provider import Sandbox
from chalicelib.payouts import actions
from tests.support import resources
from tests.support.api import deliver
from tests.support.audit import audit
from tests.support.market import NET, balances, ok, run_timers

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
