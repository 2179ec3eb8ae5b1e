"""The first act: two people sign up, one of them lists a gig, the other buys it, and all that it brings is paid out."""

from typing import Any

from ulid import ULID

from infra.local import samples
from infra.local.client import Marketplace, Person, wait_for
from infra.local.demo.figures import LOGO, PAID_OUT, PAYOUT, PAYOUT_FEE
from infra.local.demo.people import Deal, join
from infra.local.demo.props import BRIEF, LOG, LOGO_GIG
from infra.local.demo.stage import TIMER_PATIENCE_S, Pending, balance, check, refused, say, scene, statement, transaction, usd


def play(market: Marketplace) -> Deal:
    """Returns the order, which is paid out in the end."""
    scene('Two people sign up with Cognito, and sign in')
    seller, buyer = join(market, 'mira'), join(market, 'budi')
    seller.patch('/me', {'display_name': 'Mira', 'headline': 'Logos for small shops', 'country': 'SG', 'languages': ['en']})
    buyer.patch('/me', {'display_name': 'Budi', 'country': 'ID', 'languages': ['id', 'en']})
    me = seller.get('/me')
    say(f'{seller.email} is {me["id"]}; others see {market.nobody.get("/users/" + me["id"])["display_name"]}')

    gig = _list_a_gig(seller)
    deal = Deal(buyer, seller, gig, _buy(market, buyer, gig))
    _work(deal)
    _get_paid(deal, _accept(deal))
    return deal


def _list_a_gig(seller: Person) -> dict[str, Any]:
    scene('The seller lists a gig: three packages, extras, requirements and a gallery image')
    cover = seller.upload(samples.png(640, 384, (22, 101, 52)), 'gallery', 'cover.png', 'image/png')
    say(f'{cover} (PNG) was uploaded and checked')
    gig = seller.post('/gigs', LOGO_GIG | {'gallery': [cover]})
    check('a draft is not on the market', gig['status'], 'draft')
    gig = seller.post(f'/gigs/{gig["id"]}/publish')
    check('published', gig['status'], 'active')
    image = seller.http.get(gig['gallery'][0]['url'])
    check('the cover is served to everybody', (image.status_code, image.headers['content-type']), (200, 'image/png'))
    return dict(gig)


def _buy(market: Marketplace, buyer: Person, gig: dict[str, Any]) -> dict[str, Any]:
    scene('The buyer asks what it costs')
    found = market.nobody.get('/gigs', category=gig['category'])['items']
    check('the gig leads its category', found[0]['id'], gig['id'])
    extras = [{'id': 'fast', 'quantity': 1}, {'id': 'card', 'quantity': 2}]
    quote = buyer.post('/quotes', {'gig_id': gig['id'], 'package': 'standard', 'extras': extras})
    for line in quote['buyer_lines'] + quote['seller_lines']:
        say(f'{line["kind"]:>10}  {line["label"]:<32} {usd(line["amount_minor"]):>10}')
    check('the service fee, and PPN on it', [line['amount_minor'] for line in quote['buyer_lines'][-2:]], [LOGO.fee, LOGO.tax])
    check('the buyer pays', quote['buyer_total_minor'], LOGO.total)
    check('the seller gets', quote['seller_net_minor'], LOGO.net)

    scene('The buyer orders and pays: a card that is declined, then one that needs a confirmation')
    key = str(ULID())
    order = buyer.post('/orders', {'quote_id': quote['id']}, key=key)
    check('repeating the request changes nothing', buyer.post('/orders', {'quote_id': quote['id']}, key=key), order)
    declined = buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_declined'})
    check('declined', (declined['state'], declined['failure']), ('failed', 'card_declined'))
    payment = buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'})
    check('the bank asks for a confirmation', payment['state'], 'requires_action')
    buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True})
    payment = wait_for(
        lambda: buyer.get(f'/payments/{payment["id"]}'), lambda seen: seen['state'] != 'requires_action', TIMER_PATIENCE_S
    )
    check('captured', (payment['state'], payment['amount_minor']), ('succeeded', LOGO.total))
    order = buyer.get(f'/orders/{order["id"]}')
    check('the money is held', (order['state'], order['funds']), ('awaiting_requirements', 'held'))
    return dict(order)


def _work(deal: Deal) -> None:
    seller, buyer, path = deal.seller, deal.buyer, deal.path
    held = Pending(deal.order['id'], LOGO.net, 'in_escrow', 'until_completed')
    balance('the seller sees what is coming', seller, pending=LOGO.net, because=[held])
    seen, due = statement(buyer), {'escrow': LOGO.price, 'fee.buyer': LOGO.fee, 'fee.tax': LOGO.tax}
    check("until then it stands on the buyer's statement, with fee and PPN", {account: seen[account] for account in due}, due)

    scene('The buyer says what is needed, with a PDF')
    brief = buyer.upload(
        samples.pdf('Kopi Nusantara: a coffee roastery in Bandung'), 'requirement', 'brief.pdf', 'application/pdf'
    )
    answers = [*BRIEF, {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': [brief]}]
    order = buyer.post(f'{path}/requirements', {'answers': answers})
    check('the clock runs', order['state'], 'in_progress')
    check('the seller can read the PDF', _download(seller, brief)[:5], b'%PDF-')

    scene('The seller delivers a ZIP of a few MB, the buyer asks for a revision, the seller delivers again')
    first = samples.archive(3, 'First sketches')
    order = seller.post(f'{path}/deliveries', {'message': 'First sketches', 'file_ids': [_zip(seller, first)]})
    check('delivered', order['state'], 'delivered')
    order = buyer.post(f'{path}/revisions', {'reason': 'The bean looks like a shell'})
    check('one revision is used', (order['state'], order['revisions_used']), ('revision_requested', 1))
    final = samples.archive(4, 'Final files')
    order = seller.post(f'{path}/deliveries', {'message': 'Final files', 'file_ids': [_zip(seller, final)]})
    delivered = order['deliveries'][-1]['file_ids'][0]
    check('the buyer gets the very bytes', _download(buyer, delivered) == final, True)
    refused('nobody else does', lambda: _download(Person(buyer.http), delivered), 'not-found')


def _accept(deal: Deal) -> str:
    scene('The buyer accepts')
    order = deal.buyer.post(f'{deal.path}/accept')
    check('completed, and clearing', (order['state'], order['funds']), ('completed', 'clearing'))
    clears = Pending(order['id'], LOGO.net, 'clearing', 'standard', order['release_at'])
    balance('the seller sees until when', deal.seller, pending=LOGO.net, because=[clears])
    return str(order['release_at'])


def _get_paid(deal: Deal, release_at: str) -> None:
    seller, path = deal.seller, deal.path
    scene(f'The money clears until {release_at}; then a sweep finds it, and the queue releases it')
    released = wait_for(lambda: seller.get(path), lambda seen: seen['funds'] != 'clearing', TIMER_PATIENCE_S)
    check('released by the function behind the queue', released['funds'], 'released')
    balance('the seller may have it', seller, available=LOGO.net)

    scene('The seller has all of it paid out')
    wanted = {'amount_minor': PAYOUT, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}
    too_much = wanted | {'amount_minor': PAYOUT + 1}
    refused('more than there is is refused', lambda: seller.post('/payouts', too_much), 'insufficient-funds')
    payout = seller.post('/payouts', wanted)
    check('the fee of it', payout['fee_minor'], PAYOUT_FEE)
    set_aside = Pending(payout['id'], PAYOUT, 'payout', 'until_confirmed')
    balance('set aside', seller, in_payout=PAYOUT, because=[set_aside])
    paid = wait_for(lambda: seller.get('/payouts')['items'][0], lambda seen: seen['state'] != 'requested', TIMER_PATIENCE_S)
    check('paid', (paid['id'], paid['state'], paid['amount_minor']), (payout['id'], 'paid', PAYOUT))
    lines = {'payout': -PAYOUT, 'psp.balance': PAID_OUT, 'revenue.payout_fee': PAYOUT_FEE}
    transaction(seller, f'payout_paid:{payout["id"]}', lines)
    balance('nothing is left', seller)

    scene('Both sides can read how it went')
    events = [event['name'] for event in deal.buyer.get(f'{path}/events')['items']]
    say(' → '.join(events))
    check('the log is whole', events, LOG)


def _zip(seller: Person, content: bytes) -> str:
    return seller.upload(content, 'delivery', 'logo.zip', 'application/zip')


def _download(who: Person, file_id: str) -> bytes:
    answer = who.http.get(who.get(f'/files/{file_id}')['download_url'])
    answer.raise_for_status()
    return answer.content
