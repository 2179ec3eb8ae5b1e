"""The ledger through random lives: 1,500 in memory (LEDGER_LIVES says how many), and some of them in DynamoDB."""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from chalicelib import db
from chalicelib.errors import InsufficientFunds, Moved
from chalicelib.ledger import accounts, order_postings, store
from chalicelib.ledger.postings import Line, Posting
from tests.ledger.book import Overdrawn
from tests.ledger.machine import PSP, Market, reached
from tests.support import resources
from tests.support.audit import violations

pytestmark = pytest.mark.proof
LIVES = int(os.environ.get('LEDGER_LIVES', '1500'))
REACHED = {
    'payment_captured',
    'extra_captured',
    'order_completed',
    'payment_released',
    'netted',
    'refund_requested',
    'refund of held',
    'refund of clearing',
    'refund of released',
    'refund into debt',
    'late_payment_captured',
    'refund_succeeded',
    'refund_failed',
    'tip_captured',
    'chargeback_opened',
    'chargeback of held',
    'chargeback of clearing',
    'chargeback of released',
    'chargeback into debt',
    'chargeback_won',
    'chargeback_lost',
    'payout_requested',
    'payout_paid',
    'payout_failed',
    'payout_returned',
    'payout_refused',
    'credit_reserved',
    'credit_returned',
    'promo_granted',
    'wallet_topped_up',
    'settled',
    'unmatched_received',
    'unmatched_resolved',
    'debt_written_off',
    'own_money_moved',
    'campaign_funded',
    'task_approved',
    'contest_funded',
    'prize_awarded',
    'fund_closed',
    'replayed',
}


class InDynamoDB(Market):
    """The same lives, posted to the tables as well: both take the same, refuse the same, and hold the same."""

    def __init__(self) -> None:
        super().__init__()
        resources.clear()
        self.book.post = self._both(self.book.post)

    def _both(self, post):
        def posted(posting: Posting) -> bool:
            try:
                is_new = post(posting)
            except Overdrawn:
                with pytest.raises(InsufficientFunds):
                    _store(posting)
                raise
            if is_new:
                _store(posting)
            else:
                with pytest.raises(Moved):
                    _store(posting)
            return is_new

        return posted

    def teardown(self) -> None:
        assert violations() == []
        stored = {row['pk']: row['minor'] for row in resources.rows('balances')}
        for (account, currency), minor in self.book.balances.items():
            if accounts.rule(account).is_guarded:
                assert stored[f'ACC#{account}#{currency}'] == minor * accounts.rule(account).side


def _actor(posting: Posting) -> str:
    providers = [line.account.partition(':')[2] for line in posting.lines if line.account.startswith('psp.')]
    if posting.txid.startswith(('refund_', 'payout_', 'dispute_')):
        return f'provider:{PSP}'
    return f'provider:{providers[0]}' if providers else 'usr_01JDF3N8Q5W2E7R4T6Y9V1K0PA'


def _store(posting: Posting) -> None:
    transaction = db.Transaction(by=_actor(posting))
    store.post(transaction, posting)
    transaction.commit()


QUIETLY = {
    'deadline': None,
    'suppress_health_check': list(HealthCheck),
    'print_blob': True,
    'derandomize': True,
    'report_multiple_bugs': False,
}


@pytest.mark.no_aws
def test_money_keeps_its_invariants_through_random_lives():
    reached.clear()
    run_state_machine_as_test(Market, settings=settings(max_examples=LIVES, stateful_step_count=50, **QUIETLY))
    rare = {event: reached[event] for event in REACHED if reached[event] < LIVES // 75}
    assert not rare, f'These were hardly reached: {rare}'


def test_dynamodb_holds_what_the_model_holds():
    run_state_machine_as_test(InDynamoDB, settings=settings(max_examples=60, stateful_step_count=25, **QUIETLY))


MISTAKES = {
    'sides swapped': lambda after: (('seller.clearing', after.commission), ('fee.commission', after.clearing)),
    'no commission': lambda after: (('seller.clearing', after.clearing + after.commission), ('fee.commission', 0)),
    'a unit lost': lambda after: (('seller.clearing', after.clearing * 99 // 100),),
}


@pytest.mark.no_aws
@pytest.mark.parametrize('mistake', MISTAKES.values(), ids=MISTAKES)
def test_the_machine_finds_a_mistake_in_a_split(monkeypatch, mistake):
    right = order_postings.order_completed

    def wrong(sides, before, after, country) -> Posting:
        changed, posting = dict(mistake(after)), right(sides, before, after, country)
        lines = [Line(line.account, changed.get(accounts.root(line.account), line.minor)) for line in posting.lines]
        return Posting(posting.txid, posting.event, posting.currency, tuple(line for line in lines if line.minor))

    monkeypatch.setattr(order_postings, 'order_completed', wrong)
    with pytest.raises((AssertionError, ValueError, Overdrawn)):
        run_state_machine_as_test(Market, settings=settings(max_examples=200, stateful_step_count=40, **QUIETLY))
