"""Conditions taken away: each is what keeps some race from ending badly, and the explorer has to say so.

Many conditions stand behind one another (a balance that is short stops what an order's version would have stopped), and are
taken away together.
"""

import pytest

from chalicelib.campaigns.rows import Lane, Slip, Task
from chalicelib.db import Transaction
from chalicelib.gigs import store as gigs
from chalicelib.idempotency import Answered, Key
from chalicelib.jobs.store import Job
from chalicelib.ledger import store as ledger
from chalicelib.orders import store as orders
from chalicelib.orders.store import Order
from chalicelib.payments import purposes
from chalicelib.payments.store import Payment
from chalicelib.payouts.store import Payout
from chalicelib.proposals.store import Bidder, DailyCount, Proposal
from chalicelib.quotes.store import Quote
from chalicelib.timers import TimedRow
from tests.races.catalogue import RACES
from tests.races.running import explore


def _unconditioned(patch, *models):
    """Rows of these models are written whatever is there."""
    put, replace, update = Transaction.put, Transaction.replace, Transaction.update

    def written(tx, row, *, otherwise, when=None):
        if not isinstance(row, models):
            return put(tx, row, otherwise=otherwise) if when is None else replace(tx, row, when=when, otherwise=otherwise)
        whatever = type(row).pk.exists() | type(row).pk.does_not_exist()
        return replace(tx, row, when=whatever, otherwise=otherwise)

    def updated(tx, row, actions, *, when, otherwise):
        if isinstance(row, models):
            return tx.upsert(row, actions)
        return update(tx, row, actions, when=when, otherwise=otherwise)

    patch.setattr(Transaction, 'put', written)
    patch.setattr(Transaction, 'replace', written)
    patch.setattr(Transaction, 'update', updated)


def orders_saved_blindly(patch):
    _unconditioned(patch, Order)


def payments_saved_blindly(patch):
    _unconditioned(patch, Payment)


def balances_taken_blindly(patch):
    _unconditioned(patch, ledger.Balance)


def quotes_used_blindly(patch):
    _unconditioned(patch, Quote)


def orders_saved_and_balances_taken_blindly(patch):
    _unconditioned(patch, Order, ledger.Balance)


def nothing_conditioned(patch):
    """What was read is trusted to the end."""
    _unconditioned(patch, ledger.JournalEntry, ledger.Balance, Order, Payout, orders.Refund, orders.Event)


def jobs_saved_blindly(patch):
    _unconditioned(patch, Job)


def jobs_and_proposals_saved_blindly(patch):
    _unconditioned(patch, Job, Proposal)


def proposals_counted_blindly(patch):
    _unconditioned(patch, DailyCount)


def bidders_not_looked_at(patch):
    _unconditioned(patch, Bidder)


def keys_kept_blindly(patch):
    _unconditioned(patch, Answered)
    patch.setattr(Key, 'answered', lambda _: None)


def gigs_not_checked(patch):
    """Whether a gig is for sale was seen when it was quoted."""
    patch.setattr(gigs, 'must_be_for_sale', lambda *_: None)


def positions_taken_blindly(patch):
    _unconditioned(patch, Lane)


def claims_counted_blindly(patch):
    _unconditioned(patch, Slip)


def tasks_saved_blindly(patch):
    _unconditioned(patch, Task)


def due_not_looked_at(patch):
    """A message is taken at its word."""
    patch.setattr(TimedRow, 'is_due', lambda *_: True)


def captured_for_whatever_order(patch):
    """That an order does not wait for a payment any more is nobody's business."""
    patch.setattr(purposes.ForOrder, 'is_waited_for', lambda *_: True)


def several_payments_at_a_time(patch):
    load_for = orders.load_for

    def forgetful(*about):
        order, actor = load_for(*about)
        order.payment_id = None
        return order, actor

    patch.setattr(orders, 'load_for', forgetful)


MUTANTS = [
    (orders_saved_and_balances_taken_blindly, 'accept vs cancel'),
    (orders_saved_blindly, 'complete vs revision'),
    (orders_saved_blindly, 'pay vs cancel'),
    (payments_saved_blindly, 'settle vs approve and settle'),
    (balances_taken_blindly, 'withdraw twice'),
    (quotes_used_blindly, 'a quote is used twice'),
    (nothing_conditioned, 'release twice'),
    (nothing_conditioned, 'send a payout twice'),
    (jobs_saved_blindly, 'award two where one is wanted'),
    (jobs_saved_blindly, 'propose vs close'),
    (jobs_and_proposals_saved_blindly, 'award vs withdraw'),
    (jobs_and_proposals_saved_blindly, 'accept vs the end of its time'),
    (proposals_counted_blindly, 'the last proposal of a day'),
    (bidders_not_looked_at, 'propose twice'),
    (keys_kept_blindly, 'withdraw a little, and the same request again'),
    (gigs_not_checked, 'place vs pause the gig'),
    (due_not_looked_at, 'complete vs review longer'),
    (captured_for_whatever_order, 'settle vs expire'),
    (several_payments_at_a_time, 'pay twice'),
    (positions_taken_blindly, 'claim vs claim of the last position'),
    (positions_taken_blindly, 'claim vs stop and close'),
    (claims_counted_blindly, 'claim vs claim by the same worker'),
    (tasks_saved_blindly, 'approve a task vs reject it'),
]


@pytest.mark.proof
@pytest.mark.parametrize(('mutant', 'race'), MUTANTS, ids=lambda value: getattr(value, '__name__', value))
def test_the_explorer_finds_a_broken_variant(aws, monkeypatch, mutant, race):
    explore(RACES[race], preemptions=0, stops_at_first=True)  # it is built by the right code
    mutant(monkeypatch)
    explored = explore(RACES[race], preemptions=RACES[race].preemptions, stops_at_first=True)
    assert explored.wrong, explored
