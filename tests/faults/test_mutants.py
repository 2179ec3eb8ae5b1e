"""Broken variants of the money code, each a mistake that is easily made. The fault suite has to find every one of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from ulid import ULID

from chalicelib import db, http, idempotency
from chalicelib.ledger import order_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Posting
from chalicelib.orders import refunds
from chalicelib.orders import store as order_store
from chalicelib.payments import actions as payments
from chalicelib.payments import store as payment_store
from chalicelib.payments.port import Outcome, OutcomeUnknown, Status
from chalicelib.payments.stripe import provider as stripe
from chalicelib.payments.xendit.provider import Xendit
from tests.faults import cases
from tests.faults.catalogue import BY_NAME


def money_first(patch: Any) -> None:
    """The money moves in a transaction of its own, and the order follows."""
    post = ledger.post
    patch.setattr(ledger, 'post', lambda outer, *posted: db.atomically(lambda tx: post(tx, *posted), by=outer.by))


def state_first(patch: Any) -> None:
    """The order is saved in a transaction of its own, and the money follows."""
    save = order_store.save
    patch.setattr(order_store, 'save', lambda _, order: db.atomically(lambda tx: save(tx, order)))


def names_by_chance(patch: Any) -> None:
    """The money moves first, under a name that is new each time: nothing tells that it has moved before."""
    released, post = postings.payment_released, ledger.post

    def renamed(*said: Any) -> Any:
        posting = released(*said)
        return Posting(f'release:{ULID()}', posting.event, posting.currency, posting.lines, posting.order_id)

    patch.setattr(postings, 'payment_released', renamed)
    patch.setattr(ledger, 'post', lambda outer, posting: db.atomically(lambda tx: post(tx, posting), by=outer.by))


def own_replay_refused(patch: Any) -> None:
    """A message that comes again for something already done is taken for a failure."""

    def is_due(row: Any, action: str) -> bool:
        if row.due_action != action:
            raise ConnectionError
        return True

    patch.setattr(order_store.Order, 'is_due', is_due)


def key_remembered_afterwards(patch: Any) -> None:
    """The Idempotency-Key is recorded when the effect is there already."""
    remember = idempotency.Key.remember
    late: list[Callable[[], None]] = []
    patch.setattr(
        idempotency.Key,
        'remember',
        lambda key, _, answer: late.append(lambda: db.atomically(lambda tx: remember(key, tx, answer))),
    )
    once = http._once

    def afterwards(key: Any, view: Any, *, by: str) -> Any:
        answer = once(key, view, by=by)
        while late:
            late.pop(0)()
        return answer

    patch.setattr(http, '_once', afterwards)


def key_not_looked_up(patch: Any) -> None:
    """What a request did at its first attempt is held against it at its second."""
    patch.setattr(idempotency.Key, 'answered', lambda _: None)


def provider_asked_under_new_ids(patch: Any) -> None:
    """Every attempt is another payment at the provider, and the one that is recorded is the last."""
    ask = payments._ask

    def anew(payment: Any) -> Any:
        old = payment.id
        payment.id = f'pay_{ULID()}'
        try:
            outcome = ask(payment)
        finally:
            payment.id = old
        return type(outcome)(old, outcome.money, outcome.status, outcome.next_action_url, outcome.failure)

    patch.setattr(payments, '_ask', anew)


def payment_not_reserved(patch: Any) -> None:
    """A payment falls due for nobody: what is not settled at once never is."""
    add = payment_store.add

    def forgotten(tx: Any, payment: Any) -> None:
        payment.set_timer(None)
        add(tx, payment)

    patch.setattr(payment_store, 'add', forgotten)


def log_written_afterwards(patch: Any) -> None:
    """The order's log is written when the transaction is over."""
    note = order_store.note
    patch.setattr(
        order_store,
        'note',
        lambda tx, order, name, actor, **data: None if name == 'PaymentReleased' else note(tx, order, name, actor, **data),
    )


def late_money_kept(patch: Any) -> None:
    """A payment for an order that does not take it any more is recorded, and its money is nobody's."""
    patch.setattr(refunds, 'return_late_payment', lambda *_, **__: None)


def providers_keys_by_chance(patch: Any) -> None:
    """The adapter asks again under an idempotency key that is new each time."""
    patch.setattr(stripe, '_under', lambda key: {'idempotency_key': f'{key}:{ULID()}'})


def made_without_looking(patch: Any) -> None:
    """An invoice has no idempotency key, and is not looked for before it is made."""
    create = Xendit.create_payment

    def blindly(xendit: Any, *asked: Any, **more: Any) -> Any:
        with patch.context() as meanwhile:
            meanwhile.setattr(Xendit, 'find_payment', lambda *_: None)
            return create(xendit, *asked, **more)

    patch.setattr(Xendit, 'create_payment', blindly)


def payouts_sent_without_looking(patch: Any) -> None:
    """What is sent once more is believed to be known by its idempotency key, which is good for a day."""
    patch.setattr(stripe.Stripe, 'find_payout', lambda *_: None)


def silence_taken_for_no(patch: Any) -> None:
    """An answer that did not come is taken for one that says that nothing was paid."""
    create = stripe.Stripe.create_payout

    def hasty(at_provider: Any, payout_id: str, money: Any, destination: str) -> Outcome:
        try:
            return create(at_provider, payout_id, money, destination)
        except OutcomeUnknown:
            return Outcome(payout_id, money, Status.FAILED, failure='no_answer')

    patch.setattr(stripe.Stripe, 'create_payout', hasty)


MUTANTS = [
    (money_first, 'release'),
    (money_first, 'accept'),
    (state_first, 'pay'),
    (state_first, 'release'),
    (names_by_chance, 'release'),
    (own_replay_refused, 'release'),
    (key_remembered_afterwards, 'ask for a payout'),
    (key_not_looked_up, 'accept'),
    (provider_asked_under_new_ids, 'pay'),
    (payment_not_reserved, 'pay, and never come back'),
    (log_written_afterwards, 'release'),
    (late_money_kept, 'settle a payment that came too late'),
    (providers_keys_by_chance, 'Stripe: pay'),
    (made_without_looking, 'Xendit: pay'),
    (payouts_sent_without_looking, 'Stripe: send a payout'),
    (silence_taken_for_no, 'Stripe: send a payout'),
]


@pytest.mark.proof
@pytest.mark.parametrize(('mutant', 'case'), MUTANTS, ids=lambda value: getattr(value, '__name__', value))
def test_the_suite_finds_a_broken_variant(aws, monkeypatch, mutant, case):
    calls = cases.calls_of(BY_NAME[case])
    assert calls
    mutant(monkeypatch)
    found = []
    for number in range(1, len(calls) + 4):
        for kind in cases.KINDS:
            wrong, plan = cases.run(BY_NAME[case], {number: kind})
            if wrong and plan.struck:
                found = wrong
                break
        if found:
            break
    assert found, json.dumps(calls)
