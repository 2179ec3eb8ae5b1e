"""The second act: money goes back, in clearing, by a ruling, and through a bank; and each balance says why it is what it is.

It begins right after a sweep, and leaves all that has to wait for a timer to one of the next.
"""

from typing import Any

from infra.local.client import Marketplace, Person, wait_for
from infra.local.demo.figures import (
    AFTER_DEBT,
    BOTH_RELEASED,
    CHARGEBACK_FEE,
    DEBT,
    GIVEN_BACK,
    GIVEN_BY_SELLER,
    GIVEN_BY_US,
    KIT,
    LEFT_CLEARING,
    LOGO,
    PHOTOS,
    RULED_BACK,
    RULED_COMMISSION,
    RULED_FEE,
    RULED_NET,
    RULED_OF_FEE,
    RULED_OF_PRICE,
    RULED_OF_TAX,
    RULED_PRICE,
    RULED_TAX,
    TAKEN_WITH_FEE,
)
from infra.local.demo.people import Deal, buy, deliver, join, list_gig, support_of
from infra.local.demo.props import BRIEF, PHOTO_GIG
from infra.local.demo.stage import (
    TIMER_PATIENCE_S,
    Pending,
    balance,
    check,
    refused,
    say,
    scene,
    transaction,
    waits,
)

REASONS = 'A third of the photos has wrong colours; the others are as described.'


def play(market: Marketplace, first: Deal) -> None:
    support = support_of(market)
    sari = join(market, 'sari')
    gig = list_gig(sari, PHOTO_GIG)
    refunded = _give_back(first.buyer, sari, gig)
    divided = _dispute(first.buyer, sari, gig, support)
    _claim_back(first, support)
    last = _work_again(first, support)
    _release(refunded, divided, last)


def _give_back(buyer: Person, sari: Person, gig: dict[str, Any]) -> Deal:
    scene('One: a part goes back in clearing. The buyer orders photos from another seller, who delivers them')
    deal = buy(buyer, sari, gig, 'basic', PHOTOS)
    deliver(deal)
    order = buyer.post(f'{deal.path}/accept')
    check('the seller clears', order['seller_net_minor'], PHOTOS.net)
    scene('Ten photos are too dark: the seller gives back 20.00 of the 80.00')
    order = sari.post(f'{deal.path}/refunds', {'amount_minor': GIVEN_BACK, 'reason': 'Ten photos are too dark'})
    refund = order['refunds'][0]
    balance('the buyer sees it coming', buyer, because=[Pending(refund['id'], GIVEN_BACK, 'refund', 'until_confirmed')])
    clears = Pending(order['id'], LEFT_CLEARING, 'clearing', 'standard', order['release_at'])
    balance('the seller has less to wait for', sari, pending=LEFT_CLEARING, because=[clears])
    say('A part of the commission goes back with it')
    lines = {'seller.clearing': -GIVEN_BY_SELLER, 'fee.commission': -GIVEN_BY_US, 'refund': GIVEN_BACK}
    transaction(sari, f'refund:{refund["id"]}', lines)
    return deal


def _dispute(buyer: Person, sari: Person, gig: dict[str, Any], support: Person) -> Deal:
    scene('Two: a dispute. The buyer orders again, and wants all of it back; the seller says why not')
    deal = buy(buyer, sari, gig, 'basic', PHOTOS)
    deliver(deal)
    claim = {'reason': 'not_as_described', 'refund_minor': PHOTOS.total, 'text': 'The colours are wrong.'}
    dispute = buyer.post(f'{deal.path}/disputes', claim)
    path = f'{deal.path}/disputes/{dispute["id"]}'
    check(f'if the seller is silent until {dispute["deadline"]}', dispute['default'], 'the_claim_is_granted')
    waits(sari, Pending(deal.order['id'], PHOTOS.net, 'dispute', 'dispute_open'))
    sari.post(f'{path}/response', {'accepts': False, 'text': 'They are those of the photos that I got.'})
    dispute = buyer.post(f'{path}/escalate')
    check(f'if support is silent until {dispute["deadline"]}', dispute['default'], 'the_middle_is_taken')

    scene('Support rules that 30.00 of the 84.88 go back')
    support.post(f'{path}/ruling', {'refund_minor': RULED_BACK, 'reasoning': REASONS, 'fault': 'none'})
    _see_what_was_ruled(deal)
    return deal


def _see_what_was_ruled(deal: Deal) -> None:
    ruled, order = deal.buyer.get(f'{deal.path}/disputes')['items'][0], deal.seller.get(deal.path)
    refund = order['refunds'][0]
    waits(deal.seller, Pending(order['id'], RULED_NET, 'clearing', 'standard', order['release_at']))
    waits(deal.buyer, Pending(refund['id'], RULED_BACK, 'refund', 'until_confirmed'))
    check('both sides read why', ruled['reasoning'], REASONS)
    say('What goes back is of price, fee and PPN in proportion')
    transaction(
        deal.buyer,
        f'refund:{refund["id"]}',
        {'escrow': -RULED_OF_PRICE, 'fee.buyer': -RULED_OF_FEE, 'fee.tax': -RULED_OF_TAX, 'refund': RULED_BACK},
    )
    say('And the rest of the price is earned, less the commission on it')
    transaction(
        deal.seller,
        f'complete:{order["id"]}',
        {
            'escrow': -RULED_PRICE,
            'seller.clearing': RULED_NET,
            'fee.commission': RULED_COMMISSION,
            'fee.buyer': -RULED_FEE,
            'revenue.buyer_fee': RULED_FEE,
            'fee.tax': -RULED_TAX,
            'tax.payable': RULED_TAX,
        },
    )


def _claim_back(deal: Deal, support: Person) -> None:
    scene("Three: a chargeback. The buyer's bank takes back what the logo has cost, which was paid out in the first act")
    deal.buyer.post(f'/sandbox/payments/{deal.order["payment_id"]}/chargeback', {'reason': 'product_not_received'})
    (claimed,) = wait_for(lambda: _chargebacks(deal), bool, TIMER_PATIENCE_S)
    check('the bank has taken', claimed['amount_minor'], LOGO.total)
    check('of which was still held here', claimed['from_order_minor'], 0)
    check('and the seller was given', claimed['from_seller_minor'], DEBT)
    balance('the seller owes what was paid out', deal.seller, owed=DEBT)
    lines = {
        'receivable.dispute': -LOGO.total,
        'expense.chargeback': -CHARGEBACK_FEE,
        'psp.balance': TAKEN_WITH_FEE,
        'receivable.seller': -DEBT,
        'hold.dispute': DEBT,
    }
    transaction(deal.seller, f'dispute_open:{claimed["ref"]}', lines)
    _contest(deal, claimed, support)
    _lose(deal, claimed, support)


def _contest(deal: Deal, claimed: dict[str, Any], support: Person) -> None:
    path = f'{deal.path}/chargebacks/{claimed["id"]}'
    scene('The seller adds a word to the evidence, and support sends it')
    deal.seller.post(f'{path}/contest', {'remarks': 'The logo is on their shop front.'})
    pack = support.get(f'{path}/evidence')
    for line in pack['text'].splitlines():
        say(f'  {line}')
    check('the buyer has accepted it', (pack['buyer_accepted'], len(pack['deliveries'])), (True, 2))
    check('the bank has it', support.post(f'{path}/contest', {})['state'], 'submitted')


def _lose(deal: Deal, claimed: dict[str, Any], support: Person) -> None:
    scene('The bank decides for the buyer all the same')
    support.post(f'/sandbox/chargebacks/{claimed["ref"]}/decision', {'won': False})
    (lost,) = wait_for(lambda: _chargebacks(deal), lambda seen: seen[0]['state'] != 'submitted', TIMER_PATIENCE_S)
    check('the chargeback', lost['state'], 'lost')
    check('the money of the order', deal.seller.get(deal.path)['funds'], 'charged_back')
    balance('the seller still owes it', deal.seller, owed=DEBT)
    wanted = {'amount_minor': 5_00, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    refused('who owes is not paid out', lambda: deal.seller.post('/payouts', wanted), 'insufficient-funds')


def _chargebacks(deal: Deal) -> Any:
    return deal.seller.get(f'{deal.path}/chargebacks')['items']


def _work_again(first: Deal, support: Person) -> Deal:
    scene('The seller works on, and is top rated by now: half the time to clear')
    support.put(f'/users/{first.order["seller_id"]}/level', {'level': 'top_rated'})
    deal = buy(first.buyer, first.seller, first.gig, 'premium', KIT)
    first.buyer.post(f'{deal.path}/requirements', {'answers': BRIEF})
    deliver(deal)
    order = first.buyer.post(f'{deal.path}/accept')
    clears = Pending(order['id'], KIT.net, 'clearing', 'top_rated_seller', order['release_at'])
    balance('the seller earns, and owes', first.seller, pending=KIT.net, owed=DEBT, because=[clears])
    return deal


def _release(refunded: Deal, divided: Deal, last: Deal) -> None:
    scene('Then sweeps find all that is due: two refunds, and three orders whose money has cleared')
    for deal in (refunded, divided, last):
        wait_for(lambda deal=deal: deal.seller.get(deal.path), _is_done, TIMER_PATIENCE_S)
    balance('the buyer has both refunds on the card', last.buyer)
    balance('the seller of the photos has what is left of both orders', divided.seller, available=BOTH_RELEASED)
    balance('the seller of the logo has what is left after the debt', last.seller, available=AFTER_DEBT)
    lines = {
        'seller.clearing': -KIT.net,
        'receivable.seller': DEBT,
        'seller.available': AFTER_DEBT,
        'fee.commission': -KIT.commission,
        'revenue.commission': KIT.commission,
    }
    transaction(last.seller, f'release:{last.order["id"]}', lines)


def _is_done(order: Any) -> bool:
    return order['funds'] == 'released' and all(refund['state'] == 'succeeded' for refund in order['refunds'])
