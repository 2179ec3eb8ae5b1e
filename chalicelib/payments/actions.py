"""The verbs of a payment: start it, ask the provider, and record what it says.

A payment is reserved in our own rows before the provider hears of it, and what the provider says is recorded in one
transaction with all that follows from it. In between anything may die: the row is due until it is settled, and asking the
provider again under the same id changes nothing there.
"""

from typing import NamedTuple

from chalicelib import clock, db, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.campaigns import funding as campaigns
from chalicelib.campaigns import store as campaign_store
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid
from chalicelib.ledger import authority, credit_postings
from chalicelib.ledger import store as ledger
from chalicelib.money import CURRENCIES, Money, is_whole
from chalicelib.observe import logger
from chalicelib.orders import additions, lifecycle, tips
from chalicelib.orders import store as order_store
from chalicelib.orders.lifecycle import Actor
from chalicelib.orders.rows import Order
from chalicelib.payments import store
from chalicelib.payments.port import ASK_AGAIN_MS, Outcome, Status, agreed, ask_again_at
from chalicelib.payments.providers import provider, provider_for
from chalicelib.payments.purposes import Purpose, purpose_of
from chalicelib.payments.store import Payment


class How(NamedTuple):
    """How somebody wants to pay: with a method of the provider, with the credit they have here, or with both."""

    method: str | None
    uses_credit: bool


def pay_order(tx: Transaction, caller: Caller, order_id: str, how: How) -> Payment:
    """Reserves an attempt to pay. An order has one at a time, so that it is never paid twice."""
    order, actor = order_store.load_for(order_id, caller)
    lifecycle.decide('pay', actor, order.facts())
    if order.payment_id:
        raise Conflict(f'Payment {order.payment_id} of this order is still being made; confirm it, or wait until it fails')
    payment = _reserve(
        tx, order.buyer_id, Money(order.price.total_minor, order.currency), how, purpose='order', order_id=order_id
    )
    payment.expires_at_ms = order.due_at or payment.created_at
    order.payment_id = payment.id
    return _begin(tx, payment, order, actor)


def pay_extra(tx: Transaction, caller: Caller, order_id: str, addition_id: str, how: How) -> Payment:
    """Reserves an attempt to pay for an extra that was offered, one at a time."""
    order, actor = order_store.load_for(order_id, caller)
    addition = order_store.addition(order, addition_id)
    lifecycle.decide('pay_extra', actor, order.facts())
    additions.must_be_open(addition)
    money = Money(addition.price.total_minor, order.currency)
    payment = _reserve(tx, order.buyer_id, money, how, purpose='extra', order_id=order_id, subject_id=addition_id)
    addition.payment_id = payment.id
    order_store.save_addition(tx, addition)
    return _begin(tx, payment, order, actor)


def tip(tx: Transaction, caller: Caller, order_id: str, amount_minor: int, how: How) -> Payment:
    order, actor = order_store.load_for(order_id, caller)
    lifecycle.decide('tip', actor, order.facts())
    tips.check(order, amount_minor)
    payment = _reserve(tx, order.buyer_id, Money(amount_minor, order.currency), how, purpose='tip', order_id=order_id)
    return _begin(tx, payment, order, actor)


def pay_campaign(tx: Transaction, caller: Caller, campaign_id: str, how: How, positions: int | None = None) -> Payment:
    """Reserves an attempt to pay for a campaign, or for so many more of its positions."""
    campaign, role = campaign_store.load_as_buyer(campaign_id, caller)
    money = campaigns.begin(campaign, role, positions)
    payment = _reserve(tx, campaign.buyer_id, money, how, purpose='campaign', subject_id=campaign_id)
    store.add(tx, payment)
    campaigns.started(tx, campaign, payment.id)
    return payment


def top_up(tx: Transaction, buyer_id: str, money: Money, method: str) -> Payment:
    """Pays into the buyer's own wallet."""
    rulebook = policy.current(settings.STAGE)
    lowest, highest = rulebook.min_top_up_minor[money.currency], rulebook.max_price_minor[money.currency]
    if not lowest <= money.minor <= highest or not is_whole(money.minor, money.currency):
        quantum = CURRENCIES[money.currency].quantum
        said = f'A top-up in {money.currency} is of {lowest} to {highest} minor units, in multiples of {quantum}'
        raise Invalid.at('#/amount_minor', said)
    payment = _reserve(tx, buyer_id, money, How(method, uses_credit=False), purpose='top_up')
    store.add(tx, payment)
    return payment


def _reserve(
    tx: Transaction,
    buyer_id: str,
    money: Money,
    how: How,
    *,
    purpose: str,
    order_id: str | None = None,
    subject_id: str | None = None,
) -> Payment:
    """A payment that is due to be asked about; the credit that it uses is set aside in the same transaction."""
    now, payment_id = clock.now_ms(), ids.new('pay')
    if how.uses_credit or purpose == 'top_up':
        _must_owe_nothing(buyer_id, money.currency)
    wallet, promo = _credit(buyer_id, money) if how.uses_credit else (0, 0)
    card = money.minor - wallet - promo
    if card and how.method is None:
        raise Invalid.at('#/method', f'Say how the {card} minor units of {money.currency} are paid that credit does not cover')
    payment = Payment(
        store.pk(payment_id),
        'PAYMENT',
        id=payment_id,
        purpose=purpose,
        order_id=order_id,
        subject_id=subject_id,
        buyer_id=buyer_id,
        provider=provider_for(money.currency).name,
        method=how.method,
        currency=money.currency,
        amount_minor=card,
        wallet_minor=wallet,
        promo_minor=promo,
        created_at=now,
        expires_at_ms=now + policy.current(settings.STAGE).payment_ms,
    )
    payment.set_timer(('settle_payment', now + ASK_AGAIN_MS))
    if payment.means.credit_minor:
        payment.hold(buyer_id, 'reserved', payment.means.credit_minor, rule='until_paid')
        ledger.post(tx, credit_postings.credit_reserved(buyer_id, money.currency, payment.means))
    return payment


def _must_owe_nothing(buyer_id: str, currency: str) -> None:
    """Credit is for those who have paid for what they had before."""
    owed = ledger.owed(buyer_id, currency)
    if owed:
        raise Conflict(
            f'You owe {owed} minor units of {currency}, since a payment of yours was taken back; settle that with support'
        )


def _credit(buyer_id: str, money: Money) -> tuple[int, int]:
    """What of an amount the wallet pays, and what the credit that was given: the latter is used first.

    What is left for the provider is nothing, or at least what it takes; an amount that is less than that is left to it whole.
    """
    held = ledger.balances(money.currency, f'buyer.promo:{buyer_id}', f'buyer.wallet:{buyer_id}')
    promo, wallet = (credit_postings.spendable(minor, money.currency) for minor in held)
    least = policy.current(settings.STAGE).min_card_minor[money.currency]
    payable = money.minor if promo + wallet >= money.minor else max(0, money.minor - least)
    promo = min(promo, payable)
    return min(wallet, payable - promo), promo


def _begin(tx: Transaction, payment: Payment, order: Order, actor: Actor) -> Payment:
    store.add(tx, payment)
    order_store.save(tx, order)
    order_store.note(tx, order, 'PaymentStarted', actor, payment_id=payment.id)
    return payment


def settle(payment_id: str, told_ref: str | None = None) -> Payment:
    """Asks the provider what has become of a payment, and records it. May be done at any time, and again.

    `told_ref` is what somebody says the provider calls it; it is believed where nothing better is known.
    """
    payment = store.get(payment_id)
    if payment.has_captured:
        return payment
    outcome = agreed(_ask(payment, told_ref), payment.id, payment.money)
    by = authority.provider(payment.provider) if payment.amount_minor else payment.buyer_id  # with credit alone nobody is asked
    return db.atomically(lambda tx: _record(tx, payment, outcome), by=by)


def _ask(payment: Payment, told_ref: str | None = None) -> Outcome:
    """What the provider knows of a payment. It makes one only as long as somebody waits for it, and then ends it."""
    if not payment.amount_minor:
        return Outcome(payment.id, payment.money, Status.SUCCEEDED)  # it is paid with credit alone
    at_provider, ref = provider(payment.provider), payment.provider_ref or told_ref
    found = at_provider.find_payment(payment.id, ref) if payment.state != 'requested' or ref else None
    if found and not found.is_open:
        return found
    now = clock.now_ms()
    if now < payment.expires_at_ms and purpose_of(payment).is_waited_for(payment):
        make = at_provider.create_payment
        return found or make(payment.id, payment.money, payment.method or '', expires_at=payment.expires_at_ms)
    if found := at_provider.cancel_payment(payment.id, ref):
        return found
    # An earlier request of ours may still be on its way there, but none of them lives for more than a minute.
    if now > payment.expires_at_ms + ASK_AGAIN_MS:
        return Outcome(payment.id, payment.money, Status.FAILED, failure='expired')
    return Outcome(payment.id, payment.money, Status.PENDING)


def _record(tx: Transaction, asked: Payment, outcome: Outcome) -> Payment:
    purpose = purpose_of(asked)
    payment = store.get(asked.id)
    if payment.has_captured or (payment.state == 'failed' and outcome.status is not Status.SUCCEEDED):
        return payment
    payment.provider_ref = outcome.ref or payment.provider_ref
    match outcome.status:
        case Status.SUCCEEDED:
            _succeed(tx, payment, purpose)
        case Status.FAILED:
            _fail(tx, payment, purpose, outcome.failure)
        case Status.REQUIRES_ACTION:
            payment.state, payment.next_action_url = 'requires_action', outcome.next_action_url
            payment.set_timer(('settle_payment', max(payment.expires_at_ms, clock.now_ms()) + clock.SECOND))
            store.save(tx, payment)
        case _:
            payment.state = 'pending'
            payment.set_timer(('settle_payment', ask_again_at(payment.created_at)))
            store.save(tx, payment)
    return payment


def _succeed(tx: Transaction, payment: Payment, purpose: Purpose) -> None:
    means = payment.means
    if purpose.is_waited_for(payment):
        _close(tx, payment, 'succeeded')
        purpose.take(tx, means)
    else:
        logger.warning('paid too late, and returned', payment_id=payment.id, order_id=payment.order_id)
        _close(tx, payment, 'returned')
        purpose.return_late(tx, means)


def _fail(tx: Transaction, payment: Payment, purpose: Purpose, failure: str | None) -> None:
    means, payment.failure = payment.means, failure
    _close(tx, payment, 'failed')
    if means.credit_minor:
        owed = ledger.owed(payment.buyer_id, payment.currency) if means.wallet_minor else 0
        ledger.post(tx, credit_postings.credit_returned(payment.buyer_id, payment.currency, means, owed))
    purpose.give_up(tx, failure)


def _close(tx: Transaction, payment: Payment, state: str) -> None:
    """Saves it before anything is posted: who finds it changed decides again, whatever the balances were."""
    payment.state, payment.next_action_url, payment.settled_at = state, None, clock.now_ms()
    payment.set_timer(None)
    payment.let_go()
    store.save(tx, payment)
