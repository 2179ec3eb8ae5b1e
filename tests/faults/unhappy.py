"""The use cases of the unhappy path: money that goes back in parts, is fought over, taken away, owed or given."""

from collections.abc import Callable
from typing import Any

from tests.faults.cases import DAY, PAY, PAYOUT, Case, World, _earned, _left_alone, _message, _noun, _request
from tests.support import resources
from tests.support.api import Person, deliver
from tests.support.market import (
    CLAIM,
    CONTEST,
    GIG,
    NET,
    PRICE,
    TOTAL,
    balances,
    claim_part,
    night,
    ok,
    owe,
    pay_twice,
    run_timers,
    send_back,
)
from tests.support.requests import EXTRA, claimed_top_up

REFUND = {'amount_minor': 2_550, 'reason': 'Late'}
RULING = {'refund_minor': 4_000, 'reasoning': 'A part is missing', 'fault': 'seller'}
TOP_UP = {'amount_minor': 4_000, 'currency': 'USD', 'method': 'sandbox_card_ok'}


def _holds(**expected: int) -> Callable[[World], bool]:
    """What all guarded accounts of each root hold in the end, by the root's name with `__` for a dot."""

    def ended(world: World) -> bool:
        held: dict[str, int] = {}
        for account, minor in balances().items():
            root = account.partition(':')[0].replace('.', '__')
            held[root] = held.get(root, 0) + minor
        return held == expected

    return ended


def _notice(action: str, about: Callable[[World], tuple[str, str]]) -> Callable[[World], bool]:
    def attempt(world: World) -> bool:
        pk, sk = about(world)
        return deliver('settle_with_provider', {'v': 1, 'action': action, 'pk': pk, 'sk': sk}) == []

    return attempt


def _released(world: World) -> dict[str, Any]:
    return _earned(world)


def _paid_out(world: World) -> dict[str, Any]:
    order = _earned(world)
    ok(world.seller.post('/payouts', PAYOUT | {'amount_minor': NET}), 201)
    run_timers()
    return order


def _claimed(prepare: Callable[[World], dict[str, Any]]) -> Callable[[World], dict[str, Any]]:
    """The bank has taken the payment back, and we have not heard of it."""

    def prepared(world: World) -> dict[str, Any]:
        order = prepare(world)
        ok(world.buyer.post(f'/sandbox/payments/{order["payment_id"]}/chargeback', {'reason': 'fraudulent'}))
        return order

    return prepared


def _claimed_to_the_sen(world: World) -> dict[str, Any]:
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = world.market.delivered(world.market.gig(currency='IDR', packages=[package], extras=[]))
    claim_part({'id': order['payment_id'], 'currency': 'IDR'}, 4_999_950)
    return order


def _decided(prepare: Callable[[World], dict[str, Any]], *, won: bool) -> Callable[[World], dict[str, Any]]:
    def prepared(world: World) -> dict[str, Any]:
        order, ref = world.market.charged(prepare(world))
        ok(Person('support', 'support').post(f'/sandbox/chargebacks/{ref}/decision', {'won': won}))
        return order

    return prepared


def _charged(world: World) -> dict[str, Any]:
    order, _ = world.market.charged(world.market.delivered())
    world.clock.shift(6 * DAY + 1)
    return order


def _claimed_top_up(world: World) -> Any:
    world.support = Person('support', 'support')
    ok(world.support.get('/me'))
    claimed_top_up(world.market)
    world.clock.shift(6 * DAY + 1)


def _ref(world: World) -> tuple[str, str]:
    return 'sandbox', world.about['payment_id'].replace('pay_', 'scb_')


def _disputed(world: World) -> dict[str, Any]:
    order = world.market.delivered()
    _, path = world.market.disputed(order)
    return order | {'dispute': path}


def _contested(world: World) -> dict[str, Any]:
    order = world.market.delivered()
    _, path = world.market.contested(order)
    return order | {'dispute': path}


def _escalated(world: World) -> dict[str, Any]:
    about = _contested(world)
    world.support = Person('support', 'support')
    ok(world.support.get('/me'))
    ok(world.buyer.post(f'{about["dispute"]}/escalate'))
    return about


def _in_dispute(noun: str) -> Callable[[World], str]:
    return lambda world: f'{world.about["dispute"]}/{noun}'


def _offered(world: World) -> dict[str, Any]:
    order = world.market.started()
    made = ok(world.seller.post(f'/orders/{order["id"]}/extras', EXTRA), 201)
    return order | {'extra': made['added_extras'][0]['id']}


def _extra(world: World) -> str:
    return f'/orders/{world.about["id"]}/extras/{world.about["extra"]}/payments'


def _with_credit(world: World) -> dict[str, Any]:
    ok(world.buyer.post('/me/wallet/top-ups', TOP_UP), 201)
    return world.market.placed()


def _credit_on_a_late_payment(world: World) -> dict[str, Any]:
    order = _with_credit(world)
    payment = ok(
        world.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm', 'use_credit': True}), 201
    )
    ok(world.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    ok(world.seller.post(f'/orders/{order["id"]}/cancel', {'reason': 'No time'}))
    return order


def _returned_payout(world: World) -> dict[str, Any]:
    _paid_out(world)
    (payout,) = ok(world.seller.get('/payouts'))['items']
    ok(world.seller.post(f'/sandbox/payouts/{payout["id"]}/return'))
    return payout | {'seller_id': world.seller.id}


def _sent_back(world: World) -> dict[str, Any]:
    order = world.market.cancelled()
    run_timers()
    send_back(order['refunds'][0], order['payment_id'])
    return order


def _proposed(world: World) -> dict[str, Any]:
    world.boss, world.second = Person('boss', 'admin'), Person('second', 'admin')
    ok(world.second.get('/me'))
    wanted = {'kind': 'promo_credit', 'user_id': world.buyer.id, 'currency': 'USD', 'amount_minor': 500}
    return ok(world.boss.post('/admin/adjustments', {'wanted': wanted, 'reason': 'For the wait'}), 201)


def _topping_up_in_debt(world: World) -> dict[str, Any]:
    """A top-up that the bank has confirmed, and that we have not heard of, by somebody who owes."""
    payment = ok(world.buyer.post('/me/wallet/top-ups', TOP_UP | {'method': 'sandbox_card_confirm'}), 201)
    ok(world.buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    resources.drain('provider')
    owe(world.buyer, 3_000)
    return dict(payment)


def _unmatched(world: World) -> dict[str, Any]:
    """A payment that was taken twice; proposals to send it back, to give it to the buyer, and to keep it."""
    world.boss, world.second, world.third = (Person(name, 'admin') for name in ('boss', 'second', 'third'))
    for person in (world.second, world.third):
        ok(person.get('/me'))
    order = world.market.paid()
    pay_twice(order['payment_id'])
    night(world.clock)
    [case] = ok(Person('support', 'support').get('/admin/reconciliation'))['items']
    money = {'case_id': case['id'], 'currency': 'USD', 'amount_minor': TOTAL}
    wanted = {
        'back': money | {'kind': 'unmatched_refund'},
        'given': money | {'kind': 'unmatched_money', 'user_id': world.buyer.id},
        'absorbed': {'kind': 'absorb_difference', 'case_id': case['id']},
    }
    proposed = {
        name: ok(world.boss.post('/admin/adjustments', {'wanted': one, 'reason': 'Paid twice'}), 201)
        for name, one in wanted.items()
    }
    return {'id': order['id'], **{name: one['id'] for name, one in proposed.items()}}


def _unmatched_approved(world: World) -> dict[str, Any]:
    about = _unmatched(world)
    ok(world.second.post(f'/admin/adjustments/{about["back"]}/approve'))
    return about


CASES = (
    Case('refund a part before completion', lambda w: w.market.delivered(), _request('seller', _noun('refunds'), REFUND),
         _holds(escrow=PRICE - 2_417, fee__buyer=550 - 133)),
    Case('refund a part in clearing', lambda w: w.market.completed(), _request('seller', _noun('refunds'), REFUND),
         _holds(seller__clearing=NET - 2_040, fee__commission=2_000 - 510)),
    Case('refund a part after the release', _released, _request('seller', _noun('refunds'), REFUND),
         _holds(seller__available=NET - 2_040)),
    Case('offer an extra', lambda w: w.market.started(), _request('seller', _noun('extras'), EXTRA),
         lambda w: len(w.order()['added_extras']) == 1),
    Case('pay for an extra', _offered, _request('buyer', _extra, PAY),
         _holds(escrow=PRICE + 2_000, fee__buyer=660)),
    Case('tip', lambda w: w.market.completed(), _request('buyer', _noun('tips'), PAY | {'amount_minor': 1_000}),
         _holds(seller__clearing=NET, fee__commission=2_000, seller__available=800)),
    Case('pay into a wallet', lambda _: None, _request('buyer', lambda _: '/me/wallet/top-ups', TOP_UP),
         _holds(buyer__wallet=4_000)),
    Case('pay with credit and a card', _with_credit, _request('buyer', _noun('payments'), PAY | {'use_credit': True}),
         _holds(escrow=PRICE, fee__buyer=550)),
    Case('credit of a payment that came too late', _credit_on_a_late_payment,
         _message('settle_with_provider', 'settle_payment'),
         _holds(buyer__wallet=4_000)),
    Case('open a dispute', lambda w: w.market.delivered(), _request('buyer', _noun('disputes'), CLAIM),
         lambda w: w.order()['frozen_by'] == 'dispute'),
    Case('contest a dispute', _disputed, _request('seller', _in_dispute('response'), CONTEST),
         lambda w: w.order()['frozen_by'] == 'dispute'),
    Case('grant a dispute', _disputed, _request('seller', _in_dispute('response'), {'accepts': True}),
         lambda w: (w.order()['funds'], w.order()['refunded_minor']) == ('clearing', 5_000)),
    Case('withdraw a dispute', _contested, _request('buyer', _in_dispute('withdraw'), None),
         lambda w: w.order()['next_step'] == 'complete_order'),
    Case('rule on a dispute', _escalated, _request('support', _in_dispute('ruling'), RULING),
         lambda w: (w.order()['state'], w.order()['refunded_minor']) == ('completed', 4_000)),
    Case('rule that all goes back', _escalated, _request('support', _in_dispute('ruling'), RULING | {'refund_minor': TOTAL}),
         lambda w: (w.order()['funds'], ok(w.seller.get('/me'))['seller_faults']) == ('refunded', 1)),
    Case('a dispute that nobody answers', _left_alone(_disputed, 5 * DAY + 1), _message('advance_orders', 'advance_dispute'),
         lambda w: w.order()['refunded_minor'] == 5_000),
    Case('hear of a chargeback', _claimed(lambda w: w.market.delivered()), _notice('learn_chargeback', _ref),
         _holds(hold__dispute=TOTAL, receivable__dispute=TOTAL)),
    Case('hear of a chargeback in clearing', _claimed(lambda w: w.market.completed()), _notice('learn_chargeback', _ref),
         _holds(hold__dispute=PRICE, receivable__dispute=TOTAL)),
    Case('hear of a chargeback after the payout', _claimed(_paid_out), _notice('learn_chargeback', _ref),
         _holds(hold__dispute=NET, receivable__dispute=TOTAL, receivable__seller=NET)),
    Case('hear of a chargeback that is not of whole rupiah', _claimed_to_the_sen, _notice('learn_chargeback', _ref),
         _holds(hold__dispute=4_999_900, receivable__dispute=4_999_900, escrow=2_777_800, fee__buyer=427_800)),
    Case('win a chargeback', _decided(lambda w: w.market.delivered(), won=True), _notice('learn_chargeback', _ref),
         _holds(escrow=PRICE, fee__buyer=550)),
    Case('lose a chargeback', _decided(lambda w: w.market.delivered(), won=False), _notice('learn_chargeback', _ref), _holds()),
    Case('lose a chargeback after the payout', _decided(_paid_out, won=False), _notice('learn_chargeback', _ref),
         _holds(receivable__seller=NET)),
    Case('send the evidence', _charged, _message('settle_with_provider', 'submit_evidence'),
         lambda w: ok(w.seller.get(f'/orders/{w.about["id"]}/chargebacks'))['items'][0]['state'] == 'submitted'),
    Case('send the evidence of a top-up', _claimed_top_up, _message('settle_with_provider', 'submit_evidence'),
         lambda w: [one['state'] for one in ok(w.support.get('/admin/chargebacks'))['items']] == ['submitted']),
    Case('a payout that the bank sends back', _returned_payout,
         _notice('check_payout', lambda w: (f'USER#{w.about["seller_id"]}', f'PAYOUT#{w.about["id"]}')),
         _holds(seller__available=NET)),
    Case('a refund that the bank sends back', _sent_back, _message('settle_with_provider', 'read_notice'),
         _holds(buyer__wallet=TOTAL)),
    Case('pay what is owed with a top-up', _topping_up_in_debt, _message('settle_with_provider', 'settle_payment'),
         _holds(buyer__wallet=1_000)),
    Case('approve that money goes back', _unmatched,
         _request('second', lambda w: f'/admin/adjustments/{w.about["back"]}/approve', None),
         _holds(escrow=PRICE, fee__buyer=550)),
    Case('approve that a difference is absorbed', _unmatched,
         _request('second', lambda w: f'/admin/adjustments/{w.about["absorbed"]}/approve', None),
         _holds(escrow=PRICE, fee__buyer=550)),
    Case('send money back that nobody knows', _unmatched_approved, _message('settle_with_provider', 'send_unmatched'),
         _holds(escrow=PRICE, fee__buyer=550)),
    Case('approve an adjustment', _proposed, _request('second', lambda w: f'/admin/adjustments/{w.about["id"]}/approve', None),
         _holds(buyer__promo=500)),
)  # fmt: skip
