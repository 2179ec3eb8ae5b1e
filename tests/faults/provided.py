"""The money use cases that talk to a provider: Stripe for dollars and Xendit for rupiah, as a fake plays them over HTTP."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from chalicelib import settings
from chalicelib.ledger.days import actions as days
from chalicelib.payments import credentials
from chalicelib.reconciliation import actions as reconciliation
from chalicelib.reconciliation import store
from tests.faults.cases import DAY, Case, World, _left_alone, _message, _request
from tests.payments import world as provided
from tests.payments.world import BANKS, PAYS_AT_ONCE, SLOW_BANKS
from tests.support import provider_secrets, resources
from tests.support.audit import violations
from tests.support.fake_psp import FakePsp, Webhook
from tests.support.market import ANSWERS, balances, ok, run_timers
from tests.support.playing import playing
from tests.support.requests import EXTRA

NO_BANKS = {'stripe': 'acct_unknown', 'xendit': 'ID_BCA:0001404:Mira'}
SENT_BACK = {'stripe': 'reversed', 'xendit': 'REVERSED'}
REFUND_FAILED = {'stripe': 'failed', 'xendit': 'FAILED'}


@cache
def _psp() -> FakePsp:
    return FakePsp(provider_secrets.KEYS, provider_secrets.SECRETS)


class ProviderWorld(World):
    """The market beside a provider that keeps books of its own, which are saved and put back with the tables."""

    dialect = ''

    def __init__(self, traveller: Any) -> None:
        super().__init__(traveller)
        self.psp = _psp()
        self.psp.books = type(self.psp.books)()
        self.at = provided.World(self.market, self.psp, self.dialect)

    @staticmethod
    @contextmanager
    def standing() -> Iterator[None]:
        provider_secrets.keep_all()
        with playing(_psp()):
            yield

    def save(self) -> Any:
        return super().save(), copy.deepcopy(self.psp.books)

    def restore(self, saved: Any) -> None:
        tables, books = saved
        super().restore(tables)
        self.psp.books = copy.deepcopy(books)
        credentials.forget()  # so that all runs ask for the secret, and number their calls alike

    def violations(self, *, is_quiet: bool = True) -> list[str]:
        return violations(is_quiet=is_quiet, books=self.psp.books)

    def settle_down(self) -> None:
        """What waits for the buyer or for a bank is done, and we find out by ourselves. Then the provider tells all of it."""
        for _ in range(2):  # what is asked for once more after a fault waits for somebody again
            self._others_act()
            super().settle_down()
        self.at.listen()
        super().settle_down()

    def _others_act(self) -> None:
        for thing in list(self.psp.books.things.values()):
            if thing.kind == 'payment' and thing.status in ('requires_action', 'PENDING'):
                self.psp.pay(thing.our_id)
            if thing.kind == 'payout' and thing.status == 'ACCEPTED':
                self.psp.settle(thing.our_id, 'SUCCEEDED')


class StripeWorld(ProviderWorld):
    dialect = 'stripe'


class XenditWorld(ProviderWorld):
    dialect = 'xendit'


def _placed(world: Any) -> dict[str, Any]:
    return dict(world.at.placed())


def _started(world: Any) -> dict[str, Any]:
    order = world.at.paid()
    return dict(ok(world.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS)))


def _delivered(world: Any) -> dict[str, Any]:
    order = _started(world)
    return dict(ok(world.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201))


def _completed(world: Any) -> dict[str, Any]:
    return dict(ok(world.buyer.post(f'/orders/{_delivered(world)["id"]}/accept')))


def _released(world: Any) -> dict[str, Any]:
    order = _completed(world)
    world.clock.shift(14 * DAY + 1)
    run_timers()
    return order


def _offered(world: Any) -> dict[str, Any]:
    order = _started(world)
    price = {'price_minor': world.at.price // 5}
    made = ok(world.seller.post(f'/orders/{order["id"]}/extras', EXTRA | price), 201)
    return order | {'extra': made['added_extras'][0]['id']}


def _waiting(world: Any) -> dict[str, Any]:
    order = _placed(world)
    world.at.pay(order)
    return order


def _too_late(world: Any) -> dict[str, Any]:
    order = _placed(world)
    payment = world.at.pay(order)
    ok(world.seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    world.psp.pay(payment['id'])
    return order


def _cancelled(world: Any) -> dict[str, Any]:
    order = world.at.paid()
    return dict(ok(world.buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'})))


def _refunding(prepare: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """A part is to go back, and the provider has not heard of it."""

    def prepared(world: Any) -> dict[str, Any]:
        order = prepare(world)
        ok(world.seller.post(f'/orders/{order["id"]}/refunds', {'amount_minor': world.at.price // 4, 'reason': 'Late'}), 201)
        return order

    return prepared


def _asked_payout(banks: dict[str, str]) -> Callable[[Any], Any]:
    def prepared(world: Any) -> Any:
        _released(world)
        wanted = {'amount_minor': world.at.price // 2, 'currency': world.at.currency, 'destination': banks[world.dialect]}
        return ok(world.seller.post('/payouts', wanted), 201)

    return prepared


def _told(happens: Callable[[Any], Any]) -> Callable[[Any], Webhook]:
    """Something happens at the provider, and its webhook is under way: what the case is about."""

    def prepared(world: Any) -> Webhook:
        happens(world)
        *_, webhook = world.psp.webhooks()
        return webhook

    return prepared


def _pays(world: Any) -> None:
    world.psp.pay(world.at.pay(_placed(world))['id'])


def _refund_comes_back(world: Any) -> None:
    [refund] = world.at.returning(is_slow=False)['refunds']
    world.at.listen()
    world.psp.settle(refund['id'], REFUND_FAILED[world.dialect], 'lost_or_stolen_card')


def _payout_comes_back(world: Any) -> None:
    world.psp.settle(world.at.paid_out()['id'], SENT_BACK[world.dialect])


def _refund_fails(world: Any) -> None:
    [refund] = world.at.returning()['refunds']
    world.at.listen()
    world.psp.settle(refund['id'], REFUND_FAILED[world.dialect], 'expired_or_canceled_card')


def _slow_payout_fails(world: Any) -> None:
    world.psp.settle(world.at.paid_out(is_slow=True)['id'], 'FAILED', 'INVALID_DESTINATION')


def _claimed(world: Any) -> str:
    return str(world.psp.claim_back(_delivered(world)['payment_id']))


def _heard_of(world: Any) -> str:
    ref = _claimed(world)
    world.at.listen()
    return ref


def _contested(world: Any) -> str:
    ref = _heard_of(world)
    world.clock.shift(6 * DAY + 1)
    return ref


def _ruled(*, is_won: bool) -> Callable[[Any], None]:
    return lambda world: world.psp.rule(_heard_of(world), is_won=is_won)


def _reported(world: Any) -> dict[str, Any]:
    """A payment, a refund and a payout that the provider's report has, and that we have not read there."""
    order = world.at.returning(is_slow=False)
    world.at.paid_out()
    world.at.listen()
    world.clock.shift(DAY)
    days.close_days()
    return dict(order)


def _days_later(attempt: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """By each attempt the provider has forgotten the idempotency keys of the one before, but not what was done under them."""

    def forgotten(world: Any) -> bool:
        world.psp.forget_keys()
        return attempt(world)

    return forgotten


def _listen(world: Any) -> bool:
    return world.at.send(world.about).status == 200 and world.at.follow_up() == []


def _reconcile(world: Any) -> bool:
    """As the daily run does for each provider and currency."""
    try:
        reconciliation._reconcile(world.dialect, world.at.currency)
    except Exception:  # it runs again, and goes on from there
        return False
    return True


def _pay(noun: str = 'payments', **more: Any) -> Callable[[World], bool]:
    def body(world: Any) -> dict[str, Any]:
        return {'method': PAYS_AT_ONCE[world.dialect], **{name: value(world) for name, value in more.items()}}

    return _request('buyer', lambda world: f'/orders/{world.about["id"]}/{noun.format(**world.about)}', body)


def _top_up(world: Any) -> dict[str, Any]:
    return {'amount_minor': world.at.price, 'currency': world.at.currency, 'method': PAYS_AT_ONCE[world.dialect]}


def _order_is(**due: Any) -> Callable[[Any], bool]:
    return lambda world: [{name: one[name] for name in due} for one in ok(world.buyer.get('/orders'))['items']] == [due]


def _has(root: str, share: float) -> Callable[[Any], bool]:
    """All accounts of a root hold that share of the price."""

    def ended(world: Any) -> bool:
        held = sum(minor for account, minor in balances().items() if account.partition(':')[0] == root)
        return held == round(share * world.at.price)

    return ended


def _payout_is(state: str) -> Callable[[Any], bool]:
    return lambda world: [one['state'] for one in ok(world.seller.get('/payouts'))['items']] == [state]


def _refund_is(state: str) -> Callable[[Any], bool]:
    def ended(world: Any) -> bool:
        [order] = ok(world.buyer.get('/orders'))['items']
        return [one['state'] for one in world.market.order(order['id'])['refunds']] == [state]

    return ended


def _is_paid_if_begun(world: Any) -> bool:
    order = world.order()
    return bool(order['state'] == ('awaiting_requirements' if order['payment_id'] else 'pending_payment'))


def _contest_is_there(world: Any) -> bool:
    return world.psp.books.things[world.about].status == 'under_review'


def _all_is_matched(world: Any) -> bool:
    read = [row for row in resources.rows(settings.MARKET_TABLE) if row['pk'].startswith('REPORT#')]
    return len(read) == len(world.psp.books.lines) and store.all_open() == []


SEND_REFUND = _days_later(_message('settle_with_provider', 'send_refund'))
SEND_PAYOUT = _days_later(_message('settle_with_provider', 'send_payout'))
SETTLE = _message('settle_with_provider', 'settle_payment')
BOTH: tuple[tuple[Any, ...], ...] = (
    ('pay', _placed, _pay(), _order_is(funds='held')),
    ('pay, and never come back', _placed, _pay(), _is_paid_if_begun, True),
    ('hear of a payment', _told(_pays), _listen, _order_is(funds='held')),
    ('end a payment that nobody waits for', _left_alone(_waiting, 31 * 60), SETTLE, _order_is(state='expired', funds='none')),
    ('settle a payment that came too late', _too_late, SETTLE, _order_is(state='cancelled', funds='refunded')),
    ('refund', _cancelled, SEND_REFUND, _order_is(state='cancelled', funds='refunded')),
    ('refund a part before completion', _refunding(_delivered), SEND_REFUND, _refund_is('succeeded')),
    ('refund a part in clearing', _refunding(_completed), SEND_REFUND, _refund_is('succeeded')),
    ('refund a part after the release', _refunding(_released), SEND_REFUND, _refund_is('succeeded')),
    ('hear of a refund that fails', _told(_refund_fails), _listen, _refund_is('failed')),
    ('hear of a refund that comes back', _told(_refund_comes_back), _listen, _refund_is('returned')),
    ('send a payout', _asked_payout(BANKS), SEND_PAYOUT, _payout_is('paid')),
    ('send a payout that fails', _asked_payout(NO_BANKS), SEND_PAYOUT, _payout_is('failed')),
    ('hear of a payout that comes back', _told(_payout_comes_back), _listen, _payout_is('returned')),
    ('pay into a wallet', lambda _: None, _request('buyer', lambda _: '/me/wallet/top-ups', _top_up), _has('buyer.wallet', 1)),
    ('tip', _completed, _pay('tips', amount_minor=lambda w: w.at.price // 10), _has('seller.available', 0.08)),
    ('pay for an extra', _offered, _pay('extras/{extra}/payments'), _has('escrow', 1.2)),
    ('read a report', _reported, _reconcile, _all_is_matched),
)
STRIPE = (
    ('hear of a chargeback', _told(_claimed), _listen, _has('hold.dispute', 1.055)),
    ('send the evidence', _contested, _message('settle_with_provider', 'submit_evidence'), _contest_is_there),
    ('win a chargeback', _told(_ruled(is_won=True)), _listen, _has('escrow', 1)),
    ('lose a chargeback', _told(_ruled(is_won=False)), _listen, _has('escrow', 0)),
)
XENDIT = (
    ('send a payout that takes time', _asked_payout(SLOW_BANKS), SEND_PAYOUT, _payout_is('paid')),
    ('hear of a payout that fails', _told(_slow_payout_fails), _listen, _payout_is('failed')),
)
CASES = (
    *(Case(f'Stripe: {name}', *about, world=StripeWorld) for name, *about in (*BOTH, *STRIPE)),
    *(Case(f'Xendit: {name}', *about, world=XenditWorld) for name, *about in (*BOTH, *XENDIT)),
)
