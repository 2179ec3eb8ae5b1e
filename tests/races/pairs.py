"""Use cases that meet, and every end that they may come to.

An act says whether it was `done`, `refused`, or is to come `again`. An end is what there is to see when nothing is due any
more, and what each was told at last. A race has to reach each of its ends by some schedule, and no other by any.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults import campaigns as campaign_cases
from tests.faults import cases, unhappy
from tests.faults.cases import DAY, PAY, PAYOUT, World
from tests.support import campaigns
from tests.support.api import Person, deliver
from tests.support.market import ANSWERS, CLAIM, CONTEST, TOTAL, balances, ok

Act = Callable[[World], str]
MINUTE = 60


def order_and_funds(world: World) -> str:
    order = world.order()
    return f'{order["state"]}/{order["funds"]}'


def payouts(world: World) -> str:
    """What became of all payouts, and what is left to withdraw."""
    states = sorted(payout['state'] for payout in ok(world.seller.get('/payouts'))['items'])
    left = balances().get(f'seller.available:{world.seller.id}', 0)
    return f'{left} left, {" ".join(states)}'


def all_that_is_held(world: World) -> str:
    """The order, and the sum that each kind of account holds."""
    held: Counter[str] = Counter()
    for account, minor in sorted(balances().items()):
        held[account.partition(':')[0]] += minor
    return f'{order_and_funds(world)}, ' + ' '.join(f'{root} {minor}' for root, minor in held.items())


def due_date(world: World) -> str:
    order = world.order()
    given = (_ms(order['delivery_due_at']) - _ms(order['paid_at'])) // (DAY * 1000)
    return f'{order["state"]} in {given} days'


def number_of_orders(world: World) -> str:
    return f'{len(ok(world.buyer.get("/orders"))["items"])} orders'


def offer_and_orders(world: World) -> str:
    offer = ok(world.buyer.get(f'/offers/{world.about["id"]}'))
    return f'{offer["state"]}, {number_of_orders(world)}'


@dataclass(frozen=True)
class Race:
    name: str
    prepare: Callable[[World], Any]
    acts: tuple[Act, ...]
    ends: tuple[str, ...]
    look: Callable[[World], str] = order_and_funds
    preemptions: int | None = None
    """In the ordinary run, where all schedules are some hundreds or more: how many turns are taken away from who had them."""
    long_preemptions: int | None = None
    """The same in the long run, where even there they are too many."""


def asks(who: str, path: str, body: Any = None, key: str = '', method: str = 'POST') -> Act:
    """A request, with a key of its own unless one is given."""
    made = key or f'a key of its own: {next(_numbers)}'

    def act(world: World) -> str:
        sent = body(world) if callable(body) else body
        answer = getattr(world, who).request(method, path.format(**world.about), sent, key=made)
        if answer.status >= 500 or (answer.status == 409 and answer.problem == 'changed-meanwhile'):
            return 'again'
        return 'done' if answer.status < 300 else 'refused'

    return act


def hears(function: str, action: str, number: int = 0) -> Act:
    """A message about a row that is due."""

    def act(world: World) -> str:
        row = [row for row in world.due if row['due_action'] == action][number]
        return 'again' if deliver(function, {'v': 1, 'action': action, 'pk': row['pk'], 'sk': row['sk']}) else 'done'

    return act


def tells(action: str, about: Callable[[World], tuple[str, str]]) -> Act:
    """A provider's word that something has happened."""

    def act(world: World) -> str:
        pk, sk = about(world)
        return 'again' if deliver('settle_with_provider', {'v': 1, 'action': action, 'pk': pk, 'sk': sk}) else 'done'

    return act


def then(*acts: Act) -> Act:
    """One after the other, by the same hand."""

    def act(world: World) -> str:
        return next((said for said in (act(world) for act in acts) if said != 'done'), 'done')

    return act


def _ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _left(prepare: Callable[[World], Any], seconds: int) -> Callable[[World], Any]:
    return cases._left_alone(prepare, seconds)


def _confirming(world: World) -> dict[str, Any]:
    order = world.market.placed()
    payment = ok(world.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)
    return order | {'bank': payment['next_action_url'].removeprefix('/api')}


def _failed(world: World) -> dict[str, Any]:
    order = world.market.placed()
    ok(world.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_declined'}), 201)
    return order


def _asked_for_time(world: World) -> dict[str, Any]:
    order = world.market.started()
    asked = ok(world.seller.post(f'/orders/{order["id"]}/extensions', {'days': 2, 'reason': 'More'}), 201)
    return order | {'extension': asked['extensions'][0]['id']}


def _offered(world: World) -> dict[str, Any]:
    order = world.market.started()
    asked = {'title': 'A second colour', 'price_minor': 2_000, 'additional_days': 1, 'revisions': 1}
    made = ok(world.seller.post(f'/orders/{order["id"]}/extras', asked), 201)
    return order | {'extra': made['added_extras'][0]['id']}


def _earned_and_clearing(world: World) -> dict[str, Any]:
    cases._earned(world)
    order = world.market.completed()
    world.clock.shift(14 * DAY + 1)
    return order


def owed_and_credit(world: World) -> str:
    held = balances()
    return ' '.join(f'{root} {held.get(f"{root}:{world.buyer.id}", 0)}' for root in ('receivable.seller', 'buyer.wallet'))


def credit_and_cards(world: World) -> str:
    """What is left in the wallet, and what the provider was asked for of each order."""
    orders = [world.market.order(world.about[name]) for name in ('id', 'other')]
    paid = [ok(world.buyer.get(f'/payments/{order["payment_id"]}'))['amount_minor'] for order in orders]
    return f'{balances().get(f"buyer.wallet:{world.buyer.id}", 0)} left, cards {paid}'


def _two_and_nearly_credit_for_one(world: World) -> dict[str, Any]:
    ok(world.buyer.post('/me/wallet/top-ups', unhappy.TOP_UP | {'amount_minor': TOTAL - 10}), 201)
    return world.market.placed() | {'other': world.market.placed()['id']}


def _two_delivered(world: World) -> dict[str, Any]:
    order = world.market.delivered()
    world.market.delivered()
    world.clock.shift(3 * DAY + 1)
    return order


def _two_clearing(world: World) -> dict[str, Any]:
    order = world.market.completed()
    world.market.completed()
    world.clock.shift(14 * DAY + 1)
    return order


def _one_left(world: World) -> dict[str, Any]:
    """A campaign of one position that two may claim."""
    members = {'name': 'Both', 'worker_ids': [world.seller.id, world.other.id]}
    group = ok(world.buyer.post('/hire-groups', members), 201)['id']
    return {'id': campaigns.running(world.buyer, positions=1, hire_group_ids=[group])}


def _with_other(prepare: Callable[[World], Any]) -> Callable[[World], Any]:
    """A second worker, whom the process knows."""

    def prepared(world: World) -> Any:
        world.other = Person('other')
        ok(world.other.get('/me'))
        return prepare(world)

    return prepared


def campaign(world: World) -> str:
    """Its state, its tasks, and what is free and held."""
    shown = ok(world.buyer.get(f'/campaigns/{world.about["id"]}'))
    states = [task['state'] for task in ok(world.buyer.get(f'/campaigns/{world.about["id"]}/results'))['items']]
    held: Counter[str] = Counter()
    for account, minor in sorted(balances().items()):
        held[account.partition(':')[0]] += minor
    sums = ' '.join(f'{root} {minor}' for root, minor in held.items())
    return f'{shown["state"]} {" ".join(states)}, {shown["positions_free"]} free, {sums}'


_numbers = itertools.count()
CLAIM_TASK = asks('seller', '/campaigns/{id}/tasks')
CLAIM_TASK_TOO = asks('other', '/campaigns/{id}/tasks')
CLAIM_TASK_AGAIN = asks('seller', '/campaigns/{id}/tasks')
STOP_CAMPAIGN = asks('buyer', '/campaigns/{id}/stop')
APPROVE_TASK = asks('buyer', '/campaigns/{id}/ratings', campaign_cases._ratings('ok'))
REJECT_TASK = asks('buyer', '/campaigns/{id}/ratings', campaign_cases._ratings('nok'))
APPROVE_BY_SILENCE = hears('advance_orders', 'approve_task')
CLOSE_CAMPAIGN = hears('advance_orders', 'close_campaign')
PLACE = asks('buyer', '/orders', lambda world: {'quote_id': world.about['id']})
PLACE_AGAIN = asks('buyer', '/orders', lambda world: {'quote_id': world.about['id']})
PAUSE = asks('seller', '/gigs/{gig_id}/pause')
PAY_IT = asks('buyer', '/orders/{id}/payments', PAY, key='pay')
PAY_ANEW = asks('buyer', '/orders/{id}/payments', PAY)
PAY_IN_VAIN = asks('buyer', '/orders/{id}/payments', {'method': 'sandbox_card_declined'})
APPROVE = asks('buyer', '{bank}', {'approved': True})
REFUSE = asks('buyer', '{bank}', {'approved': False})
SUBMIT = asks('buyer', '/orders/{id}/requirements', ANSWERS)
DELIVER = asks('seller', '/orders/{id}/deliveries', {'message': 'Here'})
DELIVER_AGAIN = asks('seller', '/orders/{id}/deliveries', {'message': 'Here, too'})
REVISE = asks('buyer', '/orders/{id}/revisions', {'reason': 'Bigger'})
ACCEPT = asks('buyer', '/orders/{id}/accept', key='accept')
ACCEPT_ANEW = asks('buyer', '/orders/{id}/accept')
REVIEW_LONGER = asks('buyer', '/orders/{id}/extensions', {'days': 2, 'reason': 'I am away'})
GIVE_TIME = asks('buyer', '/orders/{id}/extensions', {'days': 1, 'reason': 'Take it'})
GRANT = asks('buyer', '/orders/{id}/extensions/{extension}/accept')
DECLINE = asks('buyer', '/orders/{id}/extensions/{extension}/decline')
BUYER_CANCELS = asks('buyer', '/orders/{id}/cancel', {'reason': 'No longer needed'})
SELLER_CANCELS = asks('seller', '/orders/{id}/cancel', {'reason': 'No time'})
WITHDRAW = asks('seller', '/payouts', PAYOUT, key='withdraw')
WITHDRAW_A_LITTLE = asks('seller', '/payouts', PAYOUT | {'amount_minor': 1_000}, key='a little')
WITHDRAW_MORE = asks('seller', '/payouts', PAYOUT)
WITHDRAW_STILL_MORE = asks('seller', '/payouts', PAYOUT)
REFUND = asks('seller', '/orders/{id}/refunds', {'amount_minor': 6_000, 'reason': 'Half of it'})
REFUND_AGAIN = asks('seller', '/orders/{id}/refunds', {'amount_minor': 6_000, 'reason': 'The other half'})
DISPUTE = asks('buyer', '/orders/{id}/disputes', CLAIM)
PAY_EXTRA = asks('buyer', '/orders/{id}/extras/{extra}/payments', PAY)
DECLINE_EXTRA = asks('buyer', '/orders/{id}/extras/{extra}/decline')
WITHDRAW_EXTRA = asks('seller', '/orders/{id}/extras/{extra}/withdraw')
PAY_WITH_CREDIT = asks('buyer', '/orders/{id}/payments', PAY | {'use_credit': True})
PAY_OTHER_WITH_CREDIT = asks('buyer', '/orders/{other}/payments', PAY | {'use_credit': True})
TIP = asks('buyer', '/orders/{id}/tips', {'amount_minor': 1_000, 'method': 'sandbox_card_ok'})
HEAR_OF_CHARGEBACK = tells('learn_chargeback', unhappy._ref)
ACCEPT_CLAIM = asks('seller', '{dispute}/response', {'accepts': True})
CONTEST_CLAIM = asks('seller', '{dispute}/response', CONTEST)
DROP_DISPUTE = asks('buyer', '{dispute}/withdraw')
DEFAULT = hears('advance_orders', 'advance_dispute')
ACCEPT_OFFER = asks('buyer', '/offers/{id}/accept')
ACCEPT_OFFER_ANEW = asks('buyer', '/offers/{id}/accept')
DECLINE_OFFER = asks('buyer', '/offers/{id}/decline')
WITHDRAW_OFFER = asks('seller', '/offers/{id}/withdraw')
EXPIRE_OFFER = hears('advance_orders', 'expire_offer')
EXPIRE = hears('advance_orders', 'expire_order')
TIME_OUT = hears('advance_orders', 'time_out_order')
COMPLETE_OTHER = hears('advance_orders', 'complete_order', 1)
COMPLETE = hears('advance_orders', 'complete_order')
GRANT_BY_SILENCE = hears('advance_orders', 'grant_extension')
RELEASE = hears('release_payments', 'release_payment')
RELEASE_OTHER = hears('release_payments', 'release_payment', 1)
SETTLE = hears('settle_with_provider', 'settle_payment')
SEND_REFUND = hears('settle_with_provider', 'send_refund')
SEND_UNMATCHED = hears('settle_with_provider', 'send_unmatched')
APPROVE_BACK = asks('second', '/admin/adjustments/{back}/approve')
APPROVE_BACK_TOO = asks('third', '/admin/adjustments/{back}/approve')
APPROVE_GIVEN = asks('third', '/admin/adjustments/{given}/approve')
APPROVE_ABSORBED = asks('second', '/admin/adjustments/{absorbed}/approve')
READ_NOTICE = hears('settle_with_provider', 'read_notice')
SEND_PAYOUT = hears('settle_with_provider', 'send_payout')


def _an_offer(world: World) -> Any:
    return world.market.offered()


def _placed(world: World) -> Any:
    return world.market.placed()


def _paid(world: World) -> Any:
    return world.market.paid()


def _started(world: World) -> Any:
    return world.market.started()


def _delivered(world: World) -> Any:
    return world.market.delivered()


def _completed(world: World) -> Any:
    return world.market.completed()


def _cancelled(world: World) -> Any:
    return world.market.cancelled()


def _claimed(prepare: Callable[[World], Any]) -> Callable[[World], Any]:
    return unhappy._claimed(prepare)


def _ruled(world: World) -> Any:
    return unhappy._decided(_delivered, won=True)(world)


def _quoted(world: World) -> Any:
    return world.market.quote()


PAIRS = (
    Race('accept an offer vs withdraw it', _an_offer, (ACCEPT_OFFER, WITHDRAW_OFFER),
         ('accepted, 1 orders: done refused', 'withdrawn, 0 orders: refused done'), offer_and_orders),
    Race('accept an offer twice', _an_offer, (ACCEPT_OFFER, ACCEPT_OFFER_ANEW),
         ('accepted, 1 orders: done refused', 'accepted, 1 orders: refused done'), offer_and_orders),
    Race('decline an offer vs withdraw it', _an_offer, (DECLINE_OFFER, WITHDRAW_OFFER),
         ('declined, 0 orders: done refused', 'withdrawn, 0 orders: refused done'), offer_and_orders),
    Race('accept an offer at its last moment vs expire it', _left(_an_offer, 7 * DAY), (ACCEPT_OFFER, EXPIRE_OFFER),
         ('accepted, 1 orders: done done', 'expired, 0 orders: refused done'), offer_and_orders),
    Race('a quote is used twice', _quoted, (PLACE, PLACE_AGAIN),
         ('1 orders: done refused', '1 orders: refused done'), number_of_orders),
    Race('place vs pause the gig', _quoted, (PLACE, PAUSE),
         ('0 orders: refused done', '1 orders: done done'), number_of_orders),
    Race('pay twice', _placed, (PAY_IT, PAY_ANEW),
         ('awaiting_requirements/held: done refused', 'awaiting_requirements/held: refused done'), preemptions=2),
    Race('pay, and the same request again', _placed, (PAY_IT, PAY_IT),
         ('awaiting_requirements/held: done done',), preemptions=2, long_preemptions=4),
    Race('pay vs pay in vain', _placed, (PAY_IT, PAY_IN_VAIN),
         ('awaiting_requirements/held: done done',
          'awaiting_requirements/held: done refused',
          'pending_payment/none: refused done'), preemptions=2),
    Race('pay vs expire', _left(_placed, 31 * MINUTE), (PAY_IT, EXPIRE),
         ('expired/none: done done', 'expired/none: refused done')),
    Race('pay vs cancel', _placed, (PAY_IT, BUYER_CANCELS),
         ('cancelled/none: done done', 'cancelled/none: refused done', 'cancelled/refunded: done done'), preemptions=2),
    Race('pay after a failure vs cancel', _failed, (PAY_IT, BUYER_CANCELS),
         ('cancelled/none: done done', 'cancelled/none: refused done', 'cancelled/refunded: done done'), preemptions=2),
    Race('approve vs cancel', _confirming, (APPROVE, BUYER_CANCELS),
         ('cancelled/refunded: done done',)),
    Race('approve vs refuse', _confirming, (APPROVE, REFUSE),
         ('awaiting_requirements/held: done refused', 'pending_payment/none: refused done'), preemptions=2),
    Race('settle vs approve and settle', _left(_confirming, 61), (SETTLE, then(APPROVE, SETTLE)),
         ('awaiting_requirements/held: done done',), preemptions=2),
    Race('settle vs expire', _left(cases._confirmed, 31 * MINUTE), (SETTLE, EXPIRE),
         ('awaiting_requirements/held: done done', 'expired/refunded: done done')),
    Race('settle vs cancel', cases._confirmed, (SETTLE, SELLER_CANCELS),
         ('cancelled/refunded: done done',)),
    Race('settle twice', cases._confirmed, (SETTLE, SETTLE),
         ('awaiting_requirements/held: done done',), preemptions=2),
    Race('settle a late payment twice', cases._confirmed_too_late, (SETTLE, SETTLE),
         ('cancelled/refunded: done done',), preemptions=2),
    Race('submit requirements vs cancel', _paid, (SUBMIT, BUYER_CANCELS),
         ('cancelled/refunded: refused done', 'in_progress/held: done refused')),
    Race('submit requirements vs time out', _left(_paid, 14 * DAY + 1), (SUBMIT, TIME_OUT),
         ('cancelled/refunded: refused done', 'in_progress/held: done done')),
    Race('cancel vs cancel', _paid, (BUYER_CANCELS, SELLER_CANCELS),
         ('cancelled/refunded: done refused', 'cancelled/refunded: refused done')),
    Race('deliver vs cancel', _started, (DELIVER, SELLER_CANCELS),
         ('cancelled/refunded: done done', 'cancelled/refunded: refused done')),
    Race('deliver vs cancel for being very late', _left(_started, 5 * DAY), (DELIVER, BUYER_CANCELS),
         ('cancelled/refunded: refused done', 'delivered/held: done refused')),
    Race('deliver twice', _started, (DELIVER, DELIVER_AGAIN),
         ('delivered/held: done refused', 'delivered/held: refused done')),
    Race('deliver vs time out', _left(_started, 34 * DAY), (DELIVER, TIME_OUT),
         ('cancelled/refunded: refused done', 'delivered/held: done done')),
    Race('grant by silence vs cancel', _left(_asked_for_time, 2 * DAY + 1), (GRANT_BY_SILENCE, SELLER_CANCELS),
         ('cancelled/refunded: done done',)),
    Race('grant by silence vs decline', _left(_asked_for_time, 2 * DAY + 1), (GRANT_BY_SILENCE, DECLINE),
         ('in_progress in 3 days: done done', 'in_progress in 5 days: done refused'), due_date),
    Race('grant vs decline', _asked_for_time, (GRANT, DECLINE),
         ('in_progress in 3 days: refused done', 'in_progress in 5 days: done refused'), due_date),
    Race('grant vs give time', _asked_for_time, (GRANT, GIVE_TIME),
         ('in_progress in 6 days: done done',), due_date),
    Race('accept vs cancel', _delivered, (ACCEPT, SELLER_CANCELS),
         ('cancelled/refunded: refused done', 'completed/clearing: done refused')),
    Race('accept vs revision', _delivered, (ACCEPT, REVISE),
         ('completed/clearing: done refused', 'revision_requested/held: refused done')),
    Race('accept twice', _delivered, (ACCEPT, ACCEPT_ANEW),
         ('completed/clearing: done refused', 'completed/clearing: refused done')),
    Race('complete vs accept', _left(_delivered, 3 * DAY + 1), (COMPLETE, ACCEPT),
         ('completed/clearing: done done', 'completed/clearing: done refused')),
    Race('complete vs revision', _left(_delivered, 3 * DAY + 1), (COMPLETE, REVISE),
         ('completed/clearing: done refused', 'revision_requested/held: done done')),
    Race('complete vs review longer', _left(_delivered, 3 * DAY + 1), (COMPLETE, REVIEW_LONGER),
         ('completed/clearing: done refused', 'delivered/held: done done')),
    Race('complete vs cancel', _left(_delivered, 3 * DAY + 1), (COMPLETE, SELLER_CANCELS),
         ('cancelled/refunded: done done', 'completed/clearing: done refused')),
    Race('complete two orders of a seller', _two_delivered, (COMPLETE, COMPLETE_OTHER),
         ('completed/clearing: done done',)),
    Race('release twice', _left(_completed, 14 * DAY + 1), (RELEASE, RELEASE),
         ('completed/released: done done',)),
    Race('release two orders of a seller', _two_clearing, (RELEASE, RELEASE_OTHER),
         ('16000 left, : done done',), payouts),
    Race('withdraw vs release', _earned_and_clearing, (WITHDRAW, RELEASE),
         ('11000 left, paid: done done',), payouts),
    Race('withdraw what is being released', _left(_completed, 14 * DAY + 1), (WITHDRAW, RELEASE),
         ('3000 left, paid: done done', '8000 left, : refused done'), payouts),
    Race('withdraw twice', cases._earned, (WITHDRAW, WITHDRAW_MORE),
         ('3000 left, paid: done refused', '3000 left, paid: refused done'), payouts),
    Race('withdraw a little, and the same request again', cases._earned, (WITHDRAW_A_LITTLE, WITHDRAW_A_LITTLE),
         ('7000 left, paid: done done',), payouts),
    Race('withdraw vs send a payout', cases._asked_payout, (WITHDRAW_MORE, SEND_PAYOUT),
         ('3000 left, paid: refused done',), payouts),
    Race('send a refund twice', _cancelled, (SEND_REFUND, SEND_REFUND),
         ('cancelled/refunded: done done',), preemptions=2),
    Race('send a payout twice', cases._asked_payout, (SEND_PAYOUT, SEND_PAYOUT),
         ('3000 left, paid: done done',), payouts, preemptions=2),
    Race('dispute vs accept', _delivered, (DISPUTE, ACCEPT),
         ('completed/clearing, fee.commission 2000 seller.clearing 8000: done done',
          'delivered/held, escrow 10000 fee.buyer 550: done refused'), all_that_is_held),
    Race('dispute vs complete', _left(_delivered, 3 * DAY + 1), (DISPUTE, COMPLETE),
         ('completed/clearing, fee.commission 2000 seller.clearing 8000: done done',
          'delivered/held, escrow 10000 fee.buyer 550: done done'), all_that_is_held),
    Race('dispute vs release', _left(_completed, 14 * DAY + 1), (DISPUTE, RELEASE),
         ('completed/clearing, fee.commission 2000 seller.clearing 8000: done done',
          'completed/released, seller.available 8000: refused done'), all_that_is_held),
    Race('dispute vs refund', _delivered, (DISPUTE, REFUND),
         ('delivered/held, escrow 10000 fee.buyer 550: done refused',
          'delivered/held, escrow 4313 fee.buyer 237: refused done'), all_that_is_held),
    Race('dispute vs cancel', _delivered, (DISPUTE, SELLER_CANCELS),
         ('cancelled/refunded, : refused done', 'delivered/held, escrow 10000 fee.buyer 550: done refused'), all_that_is_held),
    Race('refund vs accept', _delivered, (REFUND, ACCEPT),
         ('completed/clearing, fee.commission 800 seller.clearing 3200: done done',
          'completed/clearing, fee.commission 863 seller.clearing 3450: done done'), all_that_is_held),
    Race('refund vs cancel', _started, (REFUND, SELLER_CANCELS),
         ('cancelled/refunded, : done done', 'cancelled/refunded, : refused done'), all_that_is_held),
    Race('refund too much in two parts', _started, (REFUND, REFUND_AGAIN),
         ('in_progress/held, escrow 4313 fee.buyer 237: done refused',
          'in_progress/held, escrow 4313 fee.buyer 237: refused done'), all_that_is_held),
    Race('refund vs release', _left(_completed, 14 * DAY + 1), (REFUND, RELEASE),
         ('completed/released, seller.available 3200: done done',), all_that_is_held),
    Race('pay an extra vs decline it', _offered, (PAY_EXTRA, DECLINE_EXTRA),
         ('in_progress/held, escrow 10000 fee.buyer 550: refused done',
          'in_progress/held, escrow 12000 fee.buyer 660: done refused'), all_that_is_held, preemptions=2),
    Race('pay an extra vs withdraw it', _offered, (PAY_EXTRA, WITHDRAW_EXTRA),
         ('in_progress/held, escrow 10000 fee.buyer 550: refused done',
          'in_progress/held, escrow 12000 fee.buyer 660: done refused'), all_that_is_held, preemptions=2),
    Race('pay an extra vs cancel the order', _offered, (PAY_EXTRA, SELLER_CANCELS),
         ('cancelled/refunded, : done done', 'cancelled/refunded, : refused done'), all_that_is_held, preemptions=2),
    Race('withdraw an extra vs decline it', _offered, (WITHDRAW_EXTRA, DECLINE_EXTRA),
         ('in_progress/held: done refused', 'in_progress/held: refused done')),
    Race('chargeback vs accept', _claimed(_delivered), (HEAR_OF_CHARGEBACK, ACCEPT),
         ('completed/frozen, hold.dispute 10000 receivable.dispute 10550: done done',
          'delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback vs cancel', _claimed(_delivered), (HEAR_OF_CHARGEBACK, SELLER_CANCELS),
         ('cancelled/frozen, receivable.dispute 10550 refund 10550: done done',
          'delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback vs release', _claimed(_left(_completed, 14 * DAY + 1)), (HEAR_OF_CHARGEBACK, RELEASE),
         ('completed/frozen, hold.dispute 10000 receivable.dispute 10550: done done',
          'completed/frozen, hold.dispute 8000 receivable.dispute 10550: done done'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback vs refund', _claimed(_delivered), (HEAR_OF_CHARGEBACK, REFUND),
         ('delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done refused',
          'delivered/frozen, hold.dispute 4550 receivable.dispute 10550 refund 6000: done done'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback vs dispute', _claimed(_delivered), (HEAR_OF_CHARGEBACK, DISPUTE),
         ('delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done done',
          'delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback vs withdraw', _claimed(cases._earned), (HEAR_OF_CHARGEBACK, WITHDRAW),
         ('completed/frozen, hold.dispute 8000 receivable.dispute 10550 receivable.seller 5000: done done',
          'completed/frozen, hold.dispute 8000 receivable.dispute 10550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback twice', _claimed(_delivered), (HEAR_OF_CHARGEBACK, HEAR_OF_CHARGEBACK),
         ('delivered/frozen, hold.dispute 10550 receivable.dispute 10550: done done',), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback won, told twice', _ruled, (HEAR_OF_CHARGEBACK, HEAR_OF_CHARGEBACK),
         ('delivered/held, escrow 10000 fee.buyer 550: done done',), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('chargeback to the sen vs accept', unhappy._claimed_to_the_sen, (HEAR_OF_CHARGEBACK, ACCEPT),
         (('completed/frozen, fee.commission 1555500 hold.dispute 4999900 receivable.dispute 4999900 '
           'seller.clearing 1222300: done done'),
          'delivered/frozen, escrow 2777800 fee.buyer 427800 hold.dispute 4999900 receivable.dispute 4999900: done refused'),
         all_that_is_held, preemptions=2, long_preemptions=4),
    Race('a refund comes back, told twice', unhappy._sent_back, (READ_NOTICE, READ_NOTICE),
         ('cancelled/refunded, buyer.wallet 10550: done done',), all_that_is_held, preemptions=2, long_preemptions=4),
    Race('a refund comes back vs chargeback', _claimed(unhappy._sent_back), (READ_NOTICE, HEAR_OF_CHARGEBACK),
         ('cancelled/frozen, hold.dispute 10550 receivable.dispute 10550: done done',
          'cancelled/frozen, receivable.dispute 10550 refund 10550: done done'), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('money in suspense is sent back, approved twice', unhappy._unmatched, (APPROVE_BACK, APPROVE_BACK_TOO),
         ('awaiting_requirements/held, escrow 10000 fee.buyer 550: done refused',
          'awaiting_requirements/held, escrow 10000 fee.buyer 550: refused done'), all_that_is_held,
         preemptions=2, long_preemptions=3),
    Race('money in suspense is sent back vs given to a buyer', unhappy._unmatched, (APPROVE_BACK, APPROVE_GIVEN),
         ('awaiting_requirements/held, buyer.wallet 10550 escrow 10000 fee.buyer 550: refused done',
          'awaiting_requirements/held, escrow 10000 fee.buyer 550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=3),
    Race('money in suspense is absorbed vs given to a buyer', unhappy._unmatched, (APPROVE_ABSORBED, APPROVE_GIVEN),
         ('awaiting_requirements/held, buyer.wallet 10550 escrow 10000 fee.buyer 550: refused done',
          'awaiting_requirements/held, escrow 10000 fee.buyer 550: done refused'), all_that_is_held,
         preemptions=2, long_preemptions=3),
    Race('send money back twice that nobody knows', unhappy._unmatched_approved, (SEND_UNMATCHED, SEND_UNMATCHED),
         ('awaiting_requirements/held, escrow 10000 fee.buyer 550: done done',), all_that_is_held,
         preemptions=2, long_preemptions=4),
    Race('a top-up pays what is owed, told twice', unhappy._topping_up_in_debt, (SETTLE, SETTLE),
         ('receivable.seller 0 buyer.wallet 1000: done done',), owed_and_credit, preemptions=2, long_preemptions=4),
    Race('grant a dispute vs drop it', unhappy._disputed, (ACCEPT_CLAIM, DROP_DISPUTE),
         ('completed/clearing, fee.commission 1052 seller.clearing 4209: done refused',
          'delivered/held, escrow 10000 fee.buyer 550: refused done'), all_that_is_held),
    Race('grant a dispute vs its default', _left(unhappy._disputed, 5 * DAY + 1), (ACCEPT_CLAIM, DEFAULT),
         ('completed/clearing, fee.commission 1052 seller.clearing 4209: done done',
          'completed/clearing, fee.commission 1052 seller.clearing 4209: refused done'), all_that_is_held),
    Race('contest a dispute vs its default', _left(unhappy._disputed, 5 * DAY + 1), (CONTEST_CLAIM, DEFAULT),
         ('completed/clearing, fee.commission 1052 seller.clearing 4209: refused done',
          'delivered/held, escrow 10000 fee.buyer 550: done done'), all_that_is_held),
    Race('two orders use the same credit', _two_and_nearly_credit_for_one, (PAY_WITH_CREDIT, PAY_OTHER_WITH_CREDIT),
         ('0 left, cards [10510, 50]: done done', '0 left, cards [50, 10510]: done done'), credit_and_cards,
         preemptions=1, long_preemptions=2),
    Race('claim vs claim of the last position', _with_other(_one_left), (CLAIM_TASK, CLAIM_TASK_TOO),
         ('running expired, 1 free, escrow 13 fee.buyer 1: done refused',
          'running expired, 1 free, escrow 13 fee.buyer 1: refused done'), campaign),
    Race('claim vs claim by the same worker', campaign_cases._running, (CLAIM_TASK, CLAIM_TASK_AGAIN),
         ('running expired, 30 free, escrow 1200 fee.buyer 90: done refused',
          'running expired, 30 free, escrow 1200 fee.buyer 90: refused done'), campaign),
    Race('claim vs stop', campaign_cases._running, (CLAIM_TASK, STOP_CAMPAIGN),
         ('stopped , 30 free, buyer.wallet 1290: refused done',
          'stopped expired, 30 free, buyer.wallet 1290: done done'), campaign),
    Race('claim vs stop and close', campaign_cases._running, (CLAIM_TASK, then(STOP_CAMPAIGN, CLOSE_CAMPAIGN)),
         ('stopped , 30 free, buyer.wallet 1290: refused done',
          'stopped expired, 30 free, buyer.wallet 1290: done done'), campaign),
    Race('approve a task vs silence', _left(campaign_cases._submitted, DAY + 1),
         (APPROVE_TASK, APPROVE_BY_SILENCE),
         ('running approved, 29 free, escrow 1160 fee.buyer 87 seller.available 40: done done',
          'running approved, 29 free, escrow 1160 fee.buyer 87 seller.available 40: refused done'), campaign,
         preemptions=2),
    Race('approve a task vs stop', campaign_cases._submitted, (APPROVE_TASK, STOP_CAMPAIGN),
         ('stopped approved, 29 free, buyer.wallet 1247 seller.available 40: done done',), campaign),
    Race('reject a task vs silence', _left(campaign_cases._submitted, DAY + 1),
         (REJECT_TASK, APPROVE_BY_SILENCE),
         ('running approved, 29 free, escrow 1160 fee.buyer 87 seller.available 40: refused done',
          'running rejected, 30 free, escrow 1200 fee.buyer 90: done done'), campaign),
    Race('approve a task vs reject it', campaign_cases._submitted, (APPROVE_TASK, REJECT_TASK),
         ('running approved, 29 free, escrow 1160 fee.buyer 87 seller.available 40: done refused',
          'running rejected, 30 free, escrow 1200 fee.buyer 90: refused done'), campaign),
    Race('approve a task vs close', campaign_cases._stopping, (APPROVE_TASK, CLOSE_CAMPAIGN),
         ('stopped approved, 29 free, buyer.wallet 1247 seller.available 40: done done',), campaign),
    Race('tip vs release', _left(_completed, 14 * DAY + 1), (TIP, RELEASE),
         ('completed/released, seller.available 8800: done done',), all_that_is_held, preemptions=2),
)  # fmt: skip
TRIPLES = (
    Race('release twice vs withdraw', _left(_completed, 14 * DAY + 1), (RELEASE, RELEASE, WITHDRAW),
         ('3000 left, paid: done done done', '8000 left, : done done refused'), payouts, preemptions=2, long_preemptions=3),
    Race('accept vs complete vs cancel', _left(_delivered, 3 * DAY + 1), (ACCEPT, COMPLETE, SELLER_CANCELS),
         ('cancelled/refunded: refused done done',
          'completed/clearing: done done refused',
          'completed/clearing: refused done refused'), preemptions=2, long_preemptions=3),
    Race('settle vs expire vs cancel', _left(cases._confirmed, 31 * MINUTE), (SETTLE, EXPIRE, BUYER_CANCELS),
         ('cancelled/refunded: done done done', 'expired/refunded: done done refused'), preemptions=2, long_preemptions=3),
    Race('revision vs complete vs accept', _left(_delivered, 3 * DAY + 1), (REVISE, COMPLETE, ACCEPT),
         ('completed/clearing: refused done done',
          'completed/clearing: refused done refused',
          'revision_requested/held: done done refused'), preemptions=2, long_preemptions=3),
    Race('withdraw three times', cases._earned, (WITHDRAW, WITHDRAW_MORE, WITHDRAW_STILL_MORE),
         ('3000 left, paid: done refused refused',
          '3000 left, paid: refused done refused',
          '3000 left, paid: refused refused done'), payouts, preemptions=2, long_preemptions=3),
    Race('deliver vs cancel vs silence', _left(_asked_for_time, 2 * DAY + 1), (DELIVER, SELLER_CANCELS, GRANT_BY_SILENCE),
         ('cancelled/refunded: done done done', 'cancelled/refunded: refused done done'),
         preemptions=2, long_preemptions=3),
)  # fmt: skip
