"""The verbs of a payout: ask for it, and send it."""

from chalicelib import clock, db, ids, policy, settings
from chalicelib.db import Transaction
from chalicelib.errors import Invalid, NotFound
from chalicelib.ledger import postings
from chalicelib.ledger import store as ledger
from chalicelib.money import CURRENCIES, Money, is_whole
from chalicelib.payments.port import Outcome, Status, agreed, ask_again_at
from chalicelib.payments.providers import provider, provider_for
from chalicelib.payouts import store
from chalicelib.payouts.store import Payout


def request(tx: Transaction, seller_id: str, money: Money, destination: str) -> Payout:
    """Sets money aside for a payout, if it is there; it is sent within a minute or so."""
    _check(money)
    now, payout_id = clock.now_ms(), ids.new('pyo')
    payout = Payout(
        *store.key(seller_id, payout_id),
        id=payout_id,
        seller_id=seller_id,
        provider=provider_for(money.currency).name,
        destination=destination,
        currency=money.currency,
        amount_minor=money.minor,
        requested_at=now,
    )
    payout.set_timer(('send_payout', now))
    payout.hold(seller_id, 'payout', money.minor)
    store.add(tx, payout)
    ledger.post(tx, postings.payout_requested(seller_id, payout_id, money.minor, money.currency))
    return payout


def send(pk: str, sk: str) -> None:
    """Asks the provider to pay, and records what it says. May be done again."""
    payout = store.get(pk, sk)
    if not payout.is_due('send_payout'):
        return
    at_provider = provider(payout.provider)
    found = at_provider.find_payout(payout.id, payout.provider_ref)
    outcome = found or at_provider.create_payout(payout.id, payout.money, payout.destination)
    said = agreed(outcome, payout.id, payout.money)
    db.atomically(lambda tx: _record(tx, pk, sk, said))


def learn(provider_name: str, payout_id: str) -> None:
    """Asks the provider what has become of a payout, because it says that something has. May be done at any time."""
    payout = store.get_by_id(payout_id)
    found = provider(payout.provider).find_payout(payout.id, payout.provider_ref)
    if found is None or payout.provider != provider_name:
        raise NotFound(f'{provider_name} knows nothing of payout {payout_id}')
    said = agreed(found, payout.id, payout.money)
    db.atomically(lambda tx: _record(tx, payout.pk, payout.sk, said))


def _record(tx: Transaction, pk: str, sk: str, outcome: Outcome) -> None:
    payout = store.get(pk, sk)
    seen, is_returned = payout.state, outcome.status is Status.RETURNED
    if seen != 'requested' and not (seen == 'paid' and is_returned):
        return
    payout.provider_ref = outcome.ref or payout.provider_ref
    about = (payout.seller_id, payout.id, payout.amount_minor, payout.currency)
    match outcome.status:
        case Status.SUCCEEDED:
            _close(payout, 'paid', None)
            ledger.post(tx, postings.payout_paid(*about, payout.provider))
        case Status.RETURNED if seen == 'paid':
            _close(payout, 'returned', outcome.failure or 'unknown')
            ledger.post(tx, postings.payout_returned(*about, payout.provider))
        case Status.FAILED | Status.RETURNED:
            _close(payout, 'failed', outcome.failure or 'unknown')
            ledger.post(tx, postings.payout_failed(*about))
        case _:
            payout.set_timer(('send_payout', ask_again_at(payout.requested_at)))
    store.save(tx, payout, seen)


def _close(payout: Payout, state: str, failure: str | None) -> None:
    payout.state, payout.failure, payout.settled_at = state, failure, clock.now_ms()
    payout.set_timer(None)
    payout.let_go()


def _check(money: Money) -> None:
    lowest = policy.current(settings.STAGE).min_payout_minor[money.currency]
    if money.minor < lowest:
        raise Invalid.at('#/amount_minor', f'A payout in {money.currency} is of {lowest} minor units or more')
    if not is_whole(money.minor, money.currency):
        quantum = CURRENCIES[money.currency].quantum
        raise Invalid.at('#/amount_minor', f'An amount in {money.currency} is a multiple of {quantum} minor units')
