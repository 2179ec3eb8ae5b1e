"""A provider's report against our books: one that is right, and one that is wrong in every way."""

import contextlib
from pathlib import Path

import pytest

from chalicelib import db
from chalicelib.ledger import store as ledger
from chalicelib.ledger.days import actions as days
from chalicelib.ledger.days.closes import NotClosed, derived_total
from chalicelib.ledger.postings import Line, Posting
from chalicelib.money import Money
from chalicelib.payments import providers
from chalicelib.payments.port import Movement
from chalicelib.payments.sandbox.provider import CHARGEBACK_FEE_MINOR, Sandbox
from chalicelib.reconciliation import actions, matching, store
from tests.support import resources
from tests.support.api import Person, tick
from tests.support.audit import audit, violations
from tests.support.market import TOTAL, night, ok, run_timers

pytestmark = pytest.mark.proof

DAY = 24 * 3600
FEE = TOTAL * 290 // 10_000


@pytest.fixture
def reported(monkeypatch):
    """What the provider reports in place of its own lines: a function of them."""
    told = {'as': list}

    class Teller(Sandbox):
        def movements(self, since, until):
            lines = told['as'](list(super().movements(0, 2**53)))
            return [line for line in lines if since <= line.at < until]

    providers.provider.cache_clear()
    monkeypatch.setattr(providers, 'Sandbox', Teller)
    yield lambda change: told.update({'as': change})
    monkeypatch.undo()
    providers.provider.cache_clear()


def post(txid, *lines):
    posting = Posting(txid, 'test', 'USD', tuple(Line(*line) for line in lines))
    db.atomically(lambda tx: ledger.post(tx, posting), by='provider:sandbox')


def books():
    """What is wrong with them, but for the provider, which lies in these tests."""
    return [finding for finding in violations() if not finding.startswith('S10')]


def psp():
    accounts = ('psp.clearing', 'psp.balance', 'expense.psp_fee', 'expense.difference', 'suspense')
    return {account: total for account in accounts if (total := -derived_total(f'{account}:sandbox', 'USD'))}


def shown(support):
    return ok(support.get('/admin/reconciliation'))


def cases(support):
    return sorted((case['reason'], case['expected_minor'], case['seen_minor']) for case in shown(support)['items'])


def usd(support):
    return next(one for one in shown(support)['reconciled'] if one['currency'] == 'USD')


def test_what_was_paid_is_settled_and_the_fee_is_a_cost(market, support, clock):
    market.paid()
    assert night(clock) == 0
    assert psp() == {'psp.balance': TOTAL - FEE, 'expense.psp_fee': FEE}
    one = usd(support)
    assert (one['clearing_minor'], one['balance_minor'], one['report_minor']) == (0, TOTAL - FEE, TOTAL - FEE)
    assert (one['difference_minor'], one['missing_minor'], one['unreported_minor']) == (0, 0, 0)
    assert one['last_run_at'] == '2026-11-25T08:00:00Z'
    audit()


def test_refunds_and_payouts_are_matched_and_not_posted_again(market, seller, support, clock):
    market.completed()
    market.cancelled()
    run_timers()
    clock.shift(15 * DAY)
    run_timers()
    run_timers()
    ok(seller.post('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}), 201)
    run_timers()
    assert night(clock) == 0
    assert psp() == {'psp.balance': 2 * (TOTAL - FEE) - TOTAL - 4_900, 'expense.psp_fee': 2 * FEE}
    settled = [row['txid'] for row in resources.rows('journal') if row['row'] == 'journal' and row['txid'].startswith('settle')]
    assert len(settled) == 2
    audit()


def test_both_currencies_are_reconciled_apart(market, support, clock):
    from tests.support.market import GIG

    market.paid(market.gig(currency='IDR', extras=[], packages=[GIG['packages'][0] | {'price_minor': 5_000_000}]))
    assert night(clock) == 0
    totals = {one['currency']: one['report_minor'] for one in shown(support)['reconciled']}
    assert totals == {'IDR': 5_275_000 - 5_275_000 * 290 // 10_000, 'USD': 0}


def test_running_it_again_changes_nothing(market, clock):
    market.paid()
    market.cancelled()
    run_timers()
    night(clock)
    before = resources.snapshot()
    assert tick('reconcile_providers') == 0
    assert resources.snapshot() == before


def test_what_is_newer_than_an_hour_waits_for_the_next_run(market, support, clock):
    market.paid()
    night(clock)
    market.paid()
    assert tick('reconcile_providers') == 0
    one = usd(support)
    assert (one['clearing_minor'], one['unreported_minor'], one['difference_minor']) == (TOTAL, TOTAL, 0)
    assert night(clock) == 0
    assert (usd(support)['clearing_minor'], usd(support)['unreported_minor']) == (0, 0)


def test_the_first_day_is_closed_first(market):
    market.paid()
    with pytest.raises(NotClosed):
        tick('reconcile_providers')


def test_a_line_that_nothing_explains_is_in_suspense_and_a_case(market, support, clock, reported):
    market.paid()
    stray = Movement('st_1', 'payment', 'pay_stray', Money(700, 'USD'), Money(20, 'USD'), 1_795_000_000_000)
    reported(lambda lines: [stray, *lines])
    assert night(clock) == 1
    assert cases(support) == [('unexplained', None, 700)]
    assert psp() == {'psp.balance': TOTAL - FEE + 680, 'expense.psp_fee': FEE + 20, 'suspense': -700}
    assert usd(support)['difference_minor'] == 0
    assert night(clock) == 1
    assert books() == []


@pytest.mark.parametrize(
    'said', [('adjustment', -300, 0), ('fee', 0, 45), ('transfer', 900, 0), ('payout', -50, 5)], ids=lambda said: said[0]
)
def test_whatever_a_provider_says_the_books_say_it_too(support, clock, reported, said):
    kind, gross, fee = said
    line = Movement('st_1', kind, None, Money(gross, 'USD'), Money(fee, 'USD'), 1_795_000_000_000)
    reported(lambda _: [line])
    assert night(clock) == 1
    assert psp().get('psp.balance', 0) == gross - fee
    assert psp().get('suspense', 0) == -gross
    assert usd(support)['difference_minor'] == 0
    assert books() == []


def test_a_line_that_is_explained_later_leaves_suspense_and_closes_its_case(market, support, clock, reported):
    """The provider had captured it, and did not answer us for a day."""
    early = Movement('st_1', 'payment', 'pay_late', Money(TOTAL, 'USD'), Money(FEE, 'USD'), 1_795_000_000_000)
    reported(lambda _: [early])
    assert night(clock) == 1
    post('pay:pay_late', ('psp.clearing:sandbox', -TOTAL), ('escrow:ord_late', TOTAL))
    assert night(clock) == 0
    assert psp() == {'psp.balance': TOTAL - FEE, 'expense.psp_fee': FEE}
    assert usd(support)['difference_minor'] == 0
    assert store.case('unexplained:sandbox:st_1').state == 'closed'
    assert night(clock) == 0


def test_an_outgoing_line_that_is_explained_later_leaves_suspense_too(support, clock, reported):
    early = Movement('st_1', 'payout', 'pyo_late', Money(-700, 'USD'), Money(5, 'USD'), 1_795_000_000_000)
    reported(lambda _: [early])
    assert night(clock) == 1
    post('x', ('bank:operating', -700), ('payout:pyo_late', 700))
    post('payout_paid:pyo_late', ('payout:pyo_late', -700), ('psp.balance:sandbox', 700))
    assert night(clock) == 0
    assert psp() == {'psp.balance': -705, 'expense.psp_fee': 5}


def test_our_own_money_is_matched_by_the_line_that_shows_it(support, clock, reported):
    reported(lambda _: [Movement('st_1', 'deposit', None, Money(900, 'USD'), Money(1, 'USD'), 1_795_000_000_000)])
    post('own:sandbox:st_1', ('bank:operating', 900), ('psp.balance:sandbox', -900))
    assert night(clock) == 0
    assert psp() == {'psp.balance': 899, 'expense.psp_fee': 1}
    assert usd(support)['difference_minor'] == 0


def test_what_the_report_never_shows_is_a_case_until_it_does(market, support, clock, reported):
    market.paid()
    market.paid()
    reported(lambda lines: lines[1:])
    assert [night(clock) for _ in range(4)] == [0, 0, 0, 1]
    assert cases(support) == [('missing', TOTAL, None)]
    one = usd(support)
    assert (one['missing_minor'], one['unreported_minor'], one['difference_minor']) == (TOTAL, 0, 0)
    assert night(clock) == 1
    reported(lambda lines: [lines[1], lines[0]._replace(at=lines[0].at + 4 * DAY * 1_000)])
    assert night(clock) == 0
    assert (usd(support)['missing_minor'], usd(support)['difference_minor']) == (0, 0)
    assert psp() == {'psp.balance': 2 * (TOTAL - FEE), 'expense.psp_fee': 2 * FEE}


def absorb(case_id):
    boss, second = Person('boss', 'admin'), Person('second', 'admin')
    wanted = {'wanted': {'kind': 'absorb_difference', 'case_id': case_id}, 'reason': 'Nobody will ever explain it'}
    proposed = ok(boss.post('/admin/adjustments', wanted), 201)
    return ok(second.post(f'/admin/adjustments/{proposed["id"]}/approve'))


def test_what_will_never_be_shown_is_a_loss_and_a_case_of_its_own_if_it_is_shown_after_all(market, support, clock, reported):
    market.paid()
    market.paid()
    reported(lambda lines: lines[1:])
    assert [night(clock) for _ in range(4)] == [0, 0, 0, 1]
    absorb(shown(support)['items'][0]['id'])
    assert [night(clock) for _ in range(2)] == [0, 0]
    one = usd(support)
    assert (one['missing_minor'], one['unreported_minor'], one['difference_minor']) == (0, 0, 0)
    assert psp() == {'psp.balance': TOTAL - FEE, 'expense.psp_fee': FEE, 'expense.difference': TOTAL}
    reported(lambda lines: [lines[1], lines[0]._replace(at=lines[0].at + 6 * DAY * 1_000)])
    assert night(clock) == 1
    assert cases(support) == [('duplicate', TOTAL, TOTAL)]
    absorb(shown(support)['items'][0]['id'])
    assert night(clock) == 0
    assert psp() == {'psp.balance': 2 * (TOTAL - FEE), 'expense.psp_fee': 2 * FEE}
    assert books() == []


@pytest.mark.parametrize('off', [-100, 100])
def test_another_amount_is_a_case_and_the_rest_is_in_suspense(market, support, clock, reported, off):
    market.paid()
    reported(lambda lines: [line._replace(gross=Money(line.gross.minor + off, 'USD')) for line in lines])
    assert night(clock) == 1
    assert cases(support) == [('other_amount', TOTAL, TOTAL + off)]
    assert psp() == {'psp.balance': TOTAL + off - FEE, 'expense.psp_fee': FEE, 'suspense': -off}
    assert usd(support)['difference_minor'] == 0
    absorb(shown(support)['items'][0]['id'])
    assert night(clock) == 0
    difference = {'psp.balance': TOTAL + off - FEE, 'expense.psp_fee': FEE, 'expense.difference': -off}
    assert (psp(), usd(support)['difference_minor']) == (difference, 0)
    assert books() == []


def test_another_currency_is_a_case_and_ours_is_missing(market, support, clock, reported):
    market.paid()
    reported(lambda lines: [line._replace(gross=Money(100, 'IDR'), fee=Money(0, 'IDR')) for line in lines])
    assert [night(clock) for _ in range(4)] == [1, 1, 1, 2]
    assert cases(support) == [('missing', TOTAL, None), ('other_currency', TOTAL, 100)]
    assert {one['difference_minor'] for one in shown(support)['reconciled']} == {0}


def test_a_second_line_for_the_same_is_a_case(market, support, clock, reported):
    market.paid()
    reported(lambda lines: [*lines, lines[0]._replace(ref='again')])
    assert night(clock) == 1
    assert cases(support) == [('duplicate', TOTAL, TOTAL)]
    assert psp() == {'psp.balance': 2 * (TOTAL - FEE), 'expense.psp_fee': 2 * FEE, 'suspense': -TOTAL}
    assert usd(support)['difference_minor'] == 0


def test_the_same_line_twice_is_one_line(market, clock, reported):
    market.paid()
    reported(lambda lines: [*lines, *lines])
    assert night(clock) == 0
    assert psp() == {'psp.balance': TOTAL - FEE, 'expense.psp_fee': FEE}


def test_a_line_that_says_something_else_the_second_time_is_a_case(market, support, clock, reported):
    market.paid()
    night(clock)
    reported(lambda lines: [line._replace(fee=Money(0, 'USD')) for line in lines])
    assert night(clock) == 1
    assert cases(support) == [('changed', TOTAL - FEE, TOTAL)]
    assert psp() == {'psp.balance': TOTAL - FEE, 'expense.psp_fee': FEE}


def test_a_fee_that_is_larger_than_the_amount_is_a_case(market, support, clock, reported):
    market.paid()
    reported(lambda lines: [line._replace(fee=Money(TOTAL + 1, 'USD')) for line in lines])
    assert night(clock) == 1
    assert cases(support) == [('fee_exceeds_amount', TOTAL, TOTAL + 1)]
    assert psp() == {'psp.balance': -1, 'expense.psp_fee': TOTAL + 1}
    assert books() == []


def test_sums_that_differ_are_a_case_until_they_agree(market, support, clock):
    market.paid()
    night(clock)
    post('x', ('psp.balance:sandbox', -5), ('revenue.fx', 5))
    assert night(clock) == 1
    assert cases(support) == [('out_of_balance', TOTAL - FEE + 5, TOTAL - FEE)]
    assert usd(support)['difference_minor'] == 5
    post('y', ('psp.balance:sandbox', 5), ('revenue.fx', -5))
    assert night(clock) == 0
    post('z', ('psp.balance:sandbox', -5), ('revenue.fx', 5))
    assert night(clock) == 1, 'it is opened again'


def test_the_fee_of_a_chargeback_is_posted_by_whoever_posts_the_chargeback(market, support, clock):
    market.charged(market.paid())
    fee = CHARGEBACK_FEE_MINOR['USD']
    assert night(clock) == 0
    assert psp() == {'psp.balance': -FEE - fee, 'expense.psp_fee': FEE}
    assert usd(support)['difference_minor'] == 0


@pytest.mark.proof
@pytest.mark.parametrize('call', range(24))
def test_a_run_that_dies_anywhere_is_done_again(market, support, clock, reported, call, monkeypatch):  # noqa: PLR0917
    """At every commit, before it and after it."""
    market.paid()
    market.cancelled()
    run_timers()
    reported(lambda lines: [*lines, lines[0]._replace(ref='again')])
    clock.shift(DAY)
    days.close_days()
    commit, commits = db.Transaction.commit, iter(range(100))

    def dying(self):
        now = next(commits)
        if now == call // 2 and call % 2 == 0:
            raise KeyboardInterrupt
        commit(self)
        if now == call // 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
        patch.setattr(db.Transaction, 'commit', dying)
        tick('reconcile_providers')
    assert tick('reconcile_providers') == 1
    assert cases(support) == [('duplicate', TOTAL, TOTAL)]
    assert psp() == {'psp.balance': 3 * (TOTAL - FEE) - TOTAL, 'expense.psp_fee': 3 * FEE, 'suspense': -TOTAL}
    assert usd(support)['difference_minor'] == 0
    assert books() == []


def test_one_provider_that_does_not_answer_does_not_stop_the_others(market, support, clock, monkeypatch):
    market.paid()
    night(clock)
    market.paid()
    real = actions.provider

    def broken(name):
        if name == 'a-former-one':
            raise ConnectionError
        return real(name)

    db.atomically(lambda tx: store.advance(tx, 'a-former-one', 'USD', added={}, now={'read_until': 1}))
    monkeypatch.setattr(actions, 'provider', broken)
    with pytest.raises(ConnectionError):
        night(clock)
    assert usd(support) and psp() == {'psp.balance': 2 * (TOTAL - FEE), 'expense.psp_fee': 2 * FEE}


def test_open_cases_come_in_pages(support, clock, reported):
    lines = [
        Movement(f'st_{number}', 'other', None, Money(number + 1, 'USD'), Money(0, 'USD'), 1_795_000_000_000)
        for number in range(5)
    ]
    reported(lambda _: lines)
    assert night(clock) == 5
    first = ok(support.get('/admin/reconciliation', limit=3))
    second = ok(support.get('/admin/reconciliation', limit=3, cursor=first['next_cursor']))
    assert [len(first['items']), len(second['items']), second['next_cursor']] == [3, 2, None]
    assert {case['subject'] for case in first['items'] + second['items']} == {f'sandbox:st_{number}' for number in range(5)}


@pytest.mark.no_aws
def test_every_kind_of_the_port_has_a_name_in_the_ledger():
    kinds = ('payment', 'refund', 'refund_returned', 'payout', 'payout_returned', 'chargeback', 'chargeback_won')
    port = Path(actions.__file__).parents[1].joinpath('payments', 'port.py').read_text()
    assert tuple(matching.POSTED_AS) == kinds
    assert all(f'`{kind}`' in port for kind in kinds)
