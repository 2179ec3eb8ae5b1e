"""The verbs of a payout: ask for it, and send it."""

from chalicelib import clock, db, ids, policy, settings
from chalicelib.db import Transaction
from chalicelib.errors import Invalid, NotFound
from chalicelib.ledger import authority
from chalicelib.ledger import payout_postings as postings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.purse import Standing
from chalicelib.money import Money, must_be_whole
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
        fee_minor=policy.current(settings.STAGE).payout_fee_minor[money.currency],
        requested_at=now,
    )
    payout.set_timer(('send_payout', now))
    payout.hold(seller_id, 'payout', money.minor, rule='until_confirmed')
    store.add(tx, payout)
    ledger.post(tx, postings.payout_requested(payout.transfer, ledger.standing(seller_id, money.currency)))
    return payout


def send(pk: str, sk: str) -> None:
    """Asks the provider to pay, and records what it says. May be done again."""
    payout = store.get(pk, sk)
    if payout.is_due('send_payout'):
        _ask(payout)


def check(pk: str, sk: str) -> None:
    """Asks what has become of a payout, due or not: a bank may send back what it had taken."""
    payout = store.get(pk, sk)
    if payout.state in ('requested', 'paid'):
        _ask(payout)


def check_told(provider_name: str, payout_id: str) -> None:
    """As `check`, of a payout of which a provider says that something has happened."""
    payout = store.get_by_id(payout_id)
    if payout.provider != provider_name:
        raise NotFound(f'Payout {payout_id} was not sent with {provider_name}')
    check(payout.pk, payout.sk)


def _ask(payout: Payout) -> None:
    """What was paid is never sent again, even where the provider should have forgotten it."""
    at_provider = provider(payout.provider)
    outcome = at_provider.find_payout(payout.id, payout.provider_ref)
    if outcome is None and payout.state != 'requested':
        return
    outcome = outcome or at_provider.create_payout(payout.id, payout.money, payout.destination)
    said = agreed(outcome, payout.id, payout.money)
    db.atomically(lambda tx: _record(tx, payout.pk, payout.sk, said), by=authority.provider(payout.provider))


def _record(tx: Transaction, pk: str, sk: str, outcome: Outcome) -> None:
    payout = store.get(pk, sk)
    seen = payout.state
    payout.provider_ref = outcome.ref or payout.provider_ref
    match seen, outcome.status:
        case 'requested', Status.SUCCEEDED:
            _close(payout, 'paid', None)
            ledger.post(tx, postings.payout_paid(payout.transfer, payout.provider))
        case 'requested', Status.FAILED:
            _close(payout, 'failed', outcome.failure or 'unknown')
            ledger.post(tx, postings.payout_failed(payout.transfer, _standing(payout)))
        case 'requested', Status.RETURNED:  # both are in the provider's report
            _close(payout, 'returned', outcome.failure or 'unknown')
            returned = postings.payout_returned(payout.transfer, payout.provider, _standing(payout))
            ledger.post(tx, postings.payout_paid(payout.transfer, payout.provider), returned)
        case 'paid', Status.RETURNED | Status.FAILED:
            _close(payout, 'returned', outcome.failure or 'unknown')
            ledger.post(tx, postings.payout_returned(payout.transfer, payout.provider, _standing(payout)))
        case 'requested', _:
            payout.set_timer(('send_payout', ask_again_at(payout.requested_at)))
        case _:
            return
    store.save(tx, payout, seen)


def _standing(payout: Payout) -> Standing:
    return ledger.standing(payout.seller_id, payout.currency)


def _close(payout: Payout, state: str, failure: str | None) -> None:
    payout.state, payout.failure, payout.settled_at = state, failure, clock.now_ms()
    payout.set_timer(None)
    payout.let_go()


def _check(money: Money) -> None:
    lowest = policy.current(settings.STAGE).min_payout_minor[money.currency]
    if money.minor < lowest:
        raise Invalid.at('#/amount_minor', f'A payout in {money.currency} is of {lowest} minor units or more')
    must_be_whole(money.minor, money.currency, '#/amount_minor')
