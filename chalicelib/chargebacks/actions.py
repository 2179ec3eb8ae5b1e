"""The verbs of a chargeback: learn of it, contest it, and end it as the bank has decided."""

from chalicelib import clock, db, ids
from chalicelib.auth import Caller
from chalicelib.chargebacks import evidence, store, top_up_evidence
from chalicelib.chargebacks.affected import affected
from chalicelib.chargebacks.store import Chargeback
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.ledger import authority
from chalicelib.money import CURRENCIES
from chalicelib.observe import logger
from chalicelib.orders import store as orders
from chalicelib.orders.lifecycle import SYSTEM, OrderRole
from chalicelib.payments import store as payments
from chalicelib.payments.port import ChargebackStatus, ClaimedBack, OutcomeUnknown, ProviderMismatch
from chalicelib.payments.providers import provider
from chalicelib.payments.store import Payment

_SUBMIT_BEFORE_MS = clock.DAY
"""The evidence is sent by itself so long before it is due, if nobody has sent it."""


class NotKnownThere(NotFound):
    """The provider has no such chargeback, or has taken nothing for it; it may have told of it too early."""


def learn(provider_name: str, ref: str) -> None:
    """Asks the provider about a chargeback, and records what it says. May be done at any time, and again.

    A fee in another currency is recorded as none, and told once, by `ProviderMismatch`: the money is frozen all the same.
    """
    told = provider(provider_name).find_chargeback(ref)
    if told is None:
        raise NotKnownThere(f'{provider_name} has no chargeback {ref}')
    payment = payments.get(told.payment_id)
    _check(payment, told, provider_name)
    by = authority.provider(provider_name)
    is_new = db.atomically(lambda tx: _open(tx, payment, told), by=by)
    if told.status is not ChargebackStatus.OPEN:
        db.atomically(lambda tx: _close(tx, payment, told), by=by)
    if is_new and _fee_minor(told) is None:
        raise ProviderMismatch(f'The fee of chargeback {ref} is not in {told.money.currency}: it is not posted')


def _check(payment: Payment, told: ClaimedBack, provider_name: str) -> None:
    is_ours = payment.provider == provider_name and payment.has_captured
    least = CURRENCIES[payment.currency].quantum
    if not is_ours or told.money.currency != payment.currency or not least <= told.money.minor <= payment.amount_minor:
        raise ProviderMismatch(f'{told.money} of payment {payment.id}, which is {payment.state} and brought {payment.money}')


def _fee_minor(told: ClaimedBack) -> int | None:
    return told.fee.minor if told.fee and told.fee.currency == told.money.currency else None


def _open(tx: Transaction, payment: Payment, told: ClaimedBack) -> bool:
    """Whether it was not known before."""
    about = affected(payment)
    if store.find(about.pk, told.ref):
        return False
    now = clock.now_ms()
    chargeback = Chargeback(
        about.pk,
        store.sk(told.ref),
        id=ids.new('cbk'),
        ref=told.ref,
        provider=payment.provider,
        payment_id=payment.id,
        order_id=payment.order_id,
        buyer_id=payment.buyer_id,
        seller_id=about.seller_id,
        currency=told.money.currency,
        amount_minor=told.money.minor,
        fee_minor=_fee_minor(told) or 0,
        reason=told.reason,
        state='received',
        evidence_due_at=told.evidence_due_at,
        received_at=now,
    )
    if told.evidence_due_at:
        chargeback.set_timer(('submit_evidence', max(now, told.evidence_due_at - _SUBMIT_BEFORE_MS)))
    else:
        _watch(chargeback)
    about.freeze(tx, chargeback)
    store.add(tx, chargeback)
    return True


def _close(tx: Transaction, payment: Payment, told: ClaimedBack) -> None:
    about = affected(payment)
    chargeback = store.find(about.pk, told.ref)
    if chargeback is None or not chargeback.is_open:
        return
    chargeback.state, chargeback.closed_at = told.status.value, clock.now_ms()
    chargeback.set_timer(None)
    if told.status is ChargebackStatus.WON:
        about.win(tx, chargeback)
    else:
        about.lose(tx, chargeback)
    store.save(tx, chargeback)


def contest(tx: Transaction, caller: Caller, order_id: str, chargeback_id: str, remarks: str | None) -> Chargeback:
    """The seller adds what they have to say, or support sends the evidence; until the bank has it."""
    order, actor = orders.load_for(order_id, caller)
    chargeback = store.get(order, chargeback_id)
    if actor.role is OrderRole.BUYER:
        raise Forbidden('The evidence is for the seller of an order and for support, not for the buyer who claims it back')
    if chargeback.state != 'received':
        raise Conflict(f'This chargeback is {chargeback.state} already')
    if remarks:
        chargeback.remarks = remarks
    if actor.role is OrderRole.STAFF:
        _submit(chargeback)
    orders.save(tx, order)
    store.save(tx, chargeback)
    name = 'ChargebackRemarked' if chargeback.state == 'received' else 'ChargebackContested'
    orders.note(tx, order, name, actor, chargeback_id=chargeback_id)
    return chargeback


def contest_top_up(tx: Transaction, payment_id: str, chargeback_id: str, remarks: str | None) -> Chargeback:
    """Support sends the evidence of a chargeback that no order is concerned by, with what it has to say."""
    chargeback = store.get_of_top_up(payment_id, chargeback_id)
    if chargeback.state != 'received':
        raise Conflict(f'This chargeback is {chargeback.state} already')
    chargeback.remarks = remarks or chargeback.remarks
    _submit(chargeback)
    store.save(tx, chargeback)
    return chargeback


def submit_by_itself(pk: str, sk: str) -> None:
    """The evidence is nearly due, and nobody has sent it."""

    def work(tx: Transaction) -> Chargeback | None:
        chargeback = store.find(pk, sk.removeprefix(store.sk('')))
        if chargeback is None or not chargeback.is_due('submit_evidence'):
            return chargeback
        if chargeback.state == 'received':
            order = orders.load(chargeback.order_id) if chargeback.order_id else None
            _submit(chargeback)
            if order:
                orders.save(tx, order)
                orders.note(tx, order, 'ChargebackContested', SYSTEM, chargeback_id=chargeback.id)
            store.save(tx, chargeback)
        return chargeback

    send(db.atomically(work))


def send(chargeback: Chargeback | None) -> None:
    """Lets the provider have the evidence of what was submitted. Sent again, it changes nothing there."""
    if chargeback is None or chargeback.state != 'submitted' or chargeback.due_action != 'submit_evidence':
        return
    provider(chargeback.provider).contest_chargeback(chargeback.ref, _evidence(chargeback))
    db.atomically(lambda tx: _sent(tx, chargeback.pk, chargeback.ref))


def _evidence(chargeback: Chargeback) -> str:
    if chargeback.order_id:
        return evidence.as_text(evidence.pack(orders.load(chargeback.order_id), chargeback))
    return top_up_evidence.as_text(top_up_evidence.pack(chargeback))


def send_now(chargeback: Chargeback) -> Chargeback:
    """As `send`, for somebody who waits: what the provider does not take now is sent again by its timer."""
    try:
        send(chargeback)
    except OutcomeUnknown:
        logger.exception('provider does not answer', chargeback_id=chargeback.id)
    return chargeback


def watch(pk: str, sk: str) -> None:
    """Asks what has become of a chargeback of which nobody has told us for a while."""
    chargeback = store.find(pk, sk.removeprefix(store.sk('')))
    if chargeback is None or not chargeback.is_due('watch_chargeback'):
        return
    learn(chargeback.provider, chargeback.ref)

    def go_on(tx: Transaction) -> None:
        seen = store.find(pk, chargeback.ref)
        if seen and seen.is_due('watch_chargeback'):
            _watch(seen)
            store.save(tx, seen)

    db.atomically(go_on)


def _watch(chargeback: Chargeback) -> None:
    """What a provider tells may be lost: an open chargeback is asked about once a day."""
    chargeback.set_timer(('watch_chargeback', clock.now_ms() + clock.DAY))


def _submit(chargeback: Chargeback) -> None:
    """It is due to be sent, until it was."""
    chargeback.state, chargeback.submitted_at = 'submitted', clock.now_ms()
    chargeback.set_timer(('submit_evidence', clock.now_ms()))


def _sent(tx: Transaction, pk: str, ref: str) -> None:
    chargeback = store.find(pk, ref)
    if chargeback and chargeback.due_action == 'submit_evidence':
        _watch(chargeback)
        store.save(tx, chargeback)
