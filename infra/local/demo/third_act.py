"""The third act: buyers post work. A job gets a proposal, a seller makes an offer, and a campaign has many hands."""

from typing import Any

from infra.local.client import Marketplace, Person, wait_for
from infra.local.demo.figures import CAMPAIGN, KIT, PHOTOS, Figures
from infra.local.demo.people import Deal, deliver, join
from infra.local.demo.props import COVER_LETTER, LABELS_CAMPAIGN, PHOTO_JOB, SIGN_OFFER
from infra.local.demo.stage import TIMER_PATIENCE_S, Pending, balance, check, refused, scene, statement


def play(market: Marketplace) -> None:
    scene('A buyer and a seller who have not met')
    buyer, seller = join(market, 'ayu'), join(market, 'noor')
    buyer.patch('/me', {'display_name': 'Ayu', 'country': 'ID', 'languages': ['id', 'en']})
    seller.patch('/me', {'display_name': 'Noor', 'country': 'MY', 'languages': ['en']})
    first = _hire(market, buyer, seller)
    second = _offer(buyer, seller)
    clearing = [Pending(deal.order['id'], due.net, 'clearing', 'standard', _accept(deal)) for deal, due in (first, second)]
    balance('each order clears on its own', seller, pending=PHOTOS.net + KIT.net, because=clearing)
    _campaign(market, buyer)


def _hire(market: Marketplace, buyer: Person, seller: Person) -> tuple[Deal, Figures]:
    scene('The buyer posts a job; the seller proposes, is awarded it, and accepts')
    job = buyer.post('/jobs', PHOTO_JOB)
    path = f'/jobs/{job["id"]}'
    check('a draft is seen by nobody', [one['id'] for one in market.nobody.get('/jobs', buyer_id=job['buyer_id'])['items']], [])
    check('published', buyer.post(f'{path}/publish')['state'], 'open')
    wanted = {'price_minor': PHOTOS.price, 'delivery_days': 3, 'revisions': 1, 'cover_letter': COVER_LETTER}
    refused('a question is open', lambda: seller.post(f'{path}/proposals', wanted), 'invalid')
    proposal = seller.post(f'{path}/proposals', wanted | {'answers': [{'question_id': 'light', 'text': 'Through cloth.'}]})
    rival = join(market, 'rival')
    refused('sealed: nobody else sees it', lambda: rival.get(f'{path}/proposals/{proposal["id"]}'), 'not-found')
    path = f'{path}/proposals/{proposal["id"]}'
    awarded = buyer.post(f'{path}/award', {'edition': proposal['edition']})
    check('what the seller will get is frozen', awarded['seller_net_minor'], PHOTOS.net)
    hired = seller.post(f'{path}/award/accept')
    check('hired', (hired['state'], buyer.get(f'/jobs/{job["id"]}')['state']), ('hired', 'closed'))
    return _paid(buyer, seller, hired['order_id'], PHOTOS), PHOTOS


def _offer(buyer: Person, seller: Person) -> tuple[Deal, Figures]:
    scene('The seller offers more; the buyer accepts, and that places the order')
    offer = seller.post('/offers', SIGN_OFFER | {'buyer_id': buyer.get('/me')['id']})
    check('what the buyer would pay', offer['buyer_total_minor'], KIT.total)
    order = buyer.post(f'/offers/{offer["id"]}/accept')
    return _paid(buyer, seller, order['id'], KIT), KIT


def _paid(buyer: Person, seller: Person, order_id: str, due: Figures) -> Deal:
    payment = buyer.post(f'/orders/{order_id}/payments', {'method': 'sandbox_card_ok'})
    check('paid, with fee and PPN', (payment['state'], payment['amount_minor']), ('succeeded', due.total))
    return Deal(buyer, seller, {}, buyer.get(f'/orders/{order_id}'))


def _accept(deal: Deal) -> str:
    deliver(deal)
    order = deal.buyer.post(f'{deal.path}/accept')
    check('accepted', (order['state'], order['funds']), ('completed', 'clearing'))
    return str(order['release_at'])


def _campaign(market: Marketplace, buyer: Person) -> None:
    scene('The buyer has three labels checked by two people: a campaign, prepaid')
    first, second = join(market, 'lin'), join(market, 'sari')
    group = buyer.post('/hire-groups', {'name': 'Sharp eyes', 'worker_ids': [one.get('/me')['id'] for one in (first, second)]})
    campaign = buyer.post('/campaigns', LABELS_CAMPAIGN | {'hire_group_ids': [group['id']]})
    path = f'/campaigns/{campaign["id"]}'
    payment = buyer.post(f'{path}/payments', {'method': 'sandbox_card_ok'})
    check('three positions, and the fee on them', (payment['state'], payment['amount_minor']), ('succeeded', CAMPAIGN.total))
    done = [_work(worker, path) for worker in (first, second)]
    refused('nobody claims twice', lambda: first.post(f'{path}/tasks'), 'conflict')
    ratings = [_rating(done[0], 'ok'), _rating(done[1], 'nok') | {'reason': 'The label is in another language'}]
    rated = buyer.post(f'{path}/ratings', {'ratings': ratings})['items']
    check('one is approved, one is not', [task['state'] for task in rated], ['approved', 'rejected'])
    balance('who is approved is paid at once', first, available=CAMPAIGN.pay)
    balance('who is not is not', second)
    buyer.post(f'{path}/stop')
    closed = wait_for(lambda: buyer.get(path), lambda seen: seen['closed_at'], TIMER_PATIENCE_S)
    check('what was not used goes back', closed['returned_minor'], CAMPAIGN.returned)
    check('into the wallet', statement(buyer)['buyer.wallet'], CAMPAIGN.returned)


def _work(worker: Person, path: str) -> str:
    task = worker.post(f'{path}/tasks')
    task = worker.post(f'{path}/tasks/{task["id"]}/proof', {'text': 'Kopi Nusantara 250 g'})
    check('claimed and done', task['state'], 'submitted')
    return str(task['id'])


def _rating(task_id: str, rating: str) -> dict[str, Any]:
    return {'task_id': task_id, 'rating': rating}
