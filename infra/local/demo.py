"""Plays the main job against the running stack, as a buyer and a seller would, and checks every figure on the way.

It uses nothing but HTTPS endpoints and presigned URLs, and exits non-zero if anything is not what the rules say.
Usage: python -m infra.local.demo
"""

import sys
from typing import Any

from rich.console import Console
from ulid import ULID

from infra.local import samples
from infra.local.client import Marketplace, Person, Refused, wait_for
from infra.local.run import HOME
from infra.local.stack import Stack

# What the rules say, worked out by hand: standard package 60.00 + fast delivery 15.00 + two business cards 40.00.
PRICE, BUYER_FEE, COMMISSION = 115_00, 6_33, 23_00  # 5.5 % of 115.00 is 6.325; 20 % is 23.00
TOTAL, NET = PRICE + BUYER_FEE, PRICE - COMMISSION
PAYOUT = 50_00
# A timer fires at the next sweep, which is once a minute; cold functions and a busy machine take their time as well.
TIMER_PATIENCE_S = 240

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    stack = Stack(HOME)
    if not stack.is_running:
        sys.exit('The marketplace does not run; start it with `make run`')
    try:
        with Marketplace(stack.addresses.front) as market:
            play(market)
    except (AssertionError, Refused) as wrong:
        console.print(f'[bold red]Wrong:[/] {wrong}')
        sys.exit(1)


def play(market: Marketplace) -> None:
    act = str(ULID())[-8:].lower()
    _scene('Two people sign up with Cognito, and sign in')
    seller, buyer = (_join(market, f'{name}-{act}@example.com') for name in ('mira', 'budi'))
    seller.patch('/me', {'display_name': 'Mira', 'headline': 'Logos for small shops', 'country': 'SG', 'languages': ['en']})
    buyer.patch('/me', {'display_name': 'Budi', 'country': 'ID', 'languages': ['id', 'en']})
    me = seller.get('/me')
    _say(f'{seller.email} is {me["id"]}; others see {market.nobody.get("/users/" + me["id"])["display_name"]}')

    gig = _list_a_gig(seller)
    order = _buy(market, buyer, gig)
    order = _work(seller, buyer, order)
    _get_paid(seller, buyer, order)
    console.print('\n[bold green]Every figure is what the rules say.[/]')


def _join(market: Marketplace, email: str) -> Person:
    password = f'a long password {ULID()}'.lower() + '1'
    market.sign_up(email, password)
    market.confirm_sign_up(email, '123456')  # what the local pool sends to everybody
    _say(f'{email} has an account')
    return market.sign_in(email, password)


def _list_a_gig(seller: Person) -> dict[str, Any]:
    _scene('The seller lists a gig: three packages, extras, requirements and a gallery image')
    cover = seller.upload(samples.png(640, 384, (22, 101, 52)), 'gallery', 'cover.png', 'image/png')
    _say(f'{cover} (PNG) was uploaded and checked')
    gig = seller.post('/gigs', _GIG | {'gallery': [cover]})
    _check('a draft is not on the market', gig['status'], 'draft')
    gig = seller.post(f'/gigs/{gig["id"]}/publish')
    _check('published', gig['status'], 'active')
    image = seller.http.get(gig['gallery'][0]['url'])
    _check('the cover is served to everybody', (image.status_code, image.headers['content-type']), (200, 'image/png'))
    return dict(gig)


def _buy(market: Marketplace, buyer: Person, gig: dict[str, Any]) -> dict[str, Any]:
    _scene('The buyer asks what it costs')
    found = market.nobody.get('/gigs', category=gig['category'])['items']
    _check('the gig leads its category', found[0]['id'], gig['id'])
    extras = [{'id': 'fast', 'quantity': 1}, {'id': 'card', 'quantity': 2}]
    quote = buyer.post('/quotes', {'gig_id': gig['id'], 'package': 'standard', 'extras': extras})
    for line in quote['buyer_lines'] + quote['seller_lines']:
        _say(f'{line["kind"]:>10}  {line["label"]:<32} {_usd(line["amount_minor"]):>10}')
    _check('the buyer pays', quote['buyer_total_minor'], TOTAL)
    _check('the seller gets', quote['seller_net_minor'], NET)

    _scene('The buyer orders and pays: a card that is declined, then one that needs a confirmation')
    key = str(ULID())
    order = buyer.post('/orders', {'quote_id': quote['id']}, key=key)
    _check('repeating the request changes nothing', buyer.post('/orders', {'quote_id': quote['id']}, key=key), order)
    declined = buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_declined'})
    _check('declined', (declined['state'], declined['failure']), ('failed', 'card_declined'))
    payment = buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_confirm'})
    _check('the bank asks for a confirmation', payment['state'], 'requires_action')
    buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True})
    payment = wait_for(
        lambda: buyer.get(f'/payments/{payment["id"]}'), lambda seen: seen['state'] != 'requires_action', TIMER_PATIENCE_S
    )
    _check('captured', (payment['state'], payment['amount_minor']), ('succeeded', TOTAL))
    order = buyer.get(f'/orders/{order["id"]}')
    _check('the money is held', (order['state'], order['funds']), ('awaiting_requirements', 'held'))
    return dict(order)


def _work(seller: Person, buyer: Person, order: dict[str, Any]) -> dict[str, Any]:
    path = f'/orders/{order["id"]}'
    _balance('the seller sees what is coming', seller, pending=NET, reason='in_escrow')

    _scene('The buyer says what is needed, with a PDF')
    brief = buyer.upload(
        samples.pdf('Kopi Nusantara: a coffee roastery in Bandung'), 'requirement', 'brief.pdf', 'application/pdf'
    )
    answers = [
        {'kind': 'free_text', 'requirement_id': 'brief', 'text': 'A coffee roastery; friends who care where it comes from.'},
        {'kind': 'multiple_choice', 'requirement_id': 'style', 'choices': ['Hand-drawn']},
        {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': [brief]},
    ]
    order = buyer.post(f'{path}/requirements', {'answers': answers})
    _check('the clock runs', order['state'], 'in_progress')
    _check('the seller can read the PDF', _download(seller, brief)[:5], b'%PDF-')

    _scene('The seller delivers a ZIP of a few MB, the buyer asks for a revision, the seller delivers again')
    first = samples.archive(3, 'First sketches')
    order = seller.post(f'{path}/deliveries', {'message': 'First sketches', 'file_ids': [_zip(seller, first)]})
    _check('delivered', order['state'], 'delivered')
    order = buyer.post(f'{path}/revisions', {'reason': 'The bean looks like a shell'})
    _check('one revision is used', (order['state'], order['revisions_used']), ('revision_requested', 1))
    final = samples.archive(4, 'Final files')
    order = seller.post(f'{path}/deliveries', {'message': 'Final files', 'file_ids': [_zip(seller, final)]})
    delivered = order['deliveries'][-1]['file_ids'][0]
    _check('the buyer gets the very bytes', _download(buyer, delivered) == final, True)
    try:
        _download(Person(buyer.http), delivered)
    except Refused as refused:
        _check('nobody else does', refused.status, 404)

    _scene('The buyer accepts')
    order = buyer.post(f'{path}/accept')
    _check('completed, and clearing', (order['state'], order['funds']), ('completed', 'clearing'))
    _balance('the seller sees until when', seller, pending=NET, reason='clearing')
    return dict(order)


def _get_paid(seller: Person, buyer: Person, order: dict[str, Any]) -> None:
    path = f'/orders/{order["id"]}'
    _scene(f'The money clears until {order["release_at"]}; then a sweep finds it, and the queue releases it')
    released = wait_for(lambda: seller.get(path), lambda seen: seen['funds'] != 'clearing', TIMER_PATIENCE_S)
    _check('released by the function behind the queue', released['funds'], 'released')
    _balance('the seller may have it', seller, available=NET)

    _scene('The seller has some of it paid out')
    try:
        seller.post('/payouts', {'amount_minor': NET + 1, 'currency': 'USD', 'destination': 'sandbox_bank_ok'})
    except Refused as refused:
        _check('more than there is is refused', refused.problem['type'], 'urn:gigmarket:problem:insufficient-funds')
    payout = seller.post('/payouts', {'amount_minor': PAYOUT, 'currency': 'USD', 'destination': 'sandbox_bank_ok'})
    _balance('set aside', seller, available=NET - PAYOUT, in_payout=PAYOUT)
    paid = wait_for(lambda: seller.get('/payouts')['items'][0], lambda seen: seen['state'] != 'requested', TIMER_PATIENCE_S)
    _check('paid', (paid['id'], paid['state'], paid['amount_minor']), (payout['id'], 'paid', PAYOUT))
    _balance('what is left', seller, available=NET - PAYOUT)

    _scene('Both sides can read how it went')
    events = [event['name'] for event in buyer.get(f'{path}/events')['items']]
    _say(' → '.join(events))
    _check('the log is whole', events, _LOG)
    lines = seller.get('/me/statement', limit=100)['items']
    available = sum(line['amount_minor'] for line in lines if line['account'] == 'seller.available')
    _check('the statement adds up to the balance', available, NET - PAYOUT)


def _balance(
    what: str, who: Person, *, available: int = 0, pending: int = 0, in_payout: int = 0, reason: str | None = None
) -> None:
    usd = next(b for b in who.get('/me/balance')['balances'] if b['currency'] == 'USD')
    _say(
        f'balance of {who.email}: available {_usd(usd["available_minor"])}, pending {_usd(usd["pending_minor"])}, '
        f'in payout {_usd(usd["in_payout_minor"])}'
    )
    figures = [usd['available_minor'], usd['pending_minor'], usd['in_payout_minor']]
    _check(what, figures, [available, pending, in_payout])
    if reason:
        _check(f'because of {reason}', [p['reason'] for p in usd['pending']], [reason])


def _zip(seller: Person, content: bytes) -> str:
    return seller.upload(content, 'delivery', 'logo.zip', 'application/zip')


def _download(who: Person, file_id: str) -> bytes:
    answer = who.http.get(who.get(f'/files/{file_id}')['download_url'])
    answer.raise_for_status()
    return answer.content


def _scene(text: str) -> None:
    console.print(f'\n[bold]{text}[/]')


def _say(text: str) -> None:
    console.print(f'  {text}')


def _check(what: str, seen: Any, due: Any) -> None:
    if seen != due:
        raise AssertionError(f'{what}: {seen!r}, and it should be {due!r}')
    shown = '' if isinstance(due, (dict, list, bool)) else f': {_usd(due) if type(due) is int and due > 999 else due}'
    console.print(f'  [green]✓[/] {what}{shown}')


def _usd(minor: int) -> str:
    return f'{"-" if minor < 0 else ""}${abs(minor) // 100}.{abs(minor) % 100:02d}'


_GIG = {
    'title': 'I will design a hand-drawn logo',
    'category': 'brand-identity',
    'language': 'en',
    'currency': 'USD',
    'description': 'A logo that works on a stamp, on a parcel and on a screen. You get a short questionnaire, then sketches '
    'within days, then the final files in every format that a printer or a web shop asks for.',
    'tags': ['logo', 'hand drawn'],
    'packages': [
        {
            'tier': 'basic',
            'name': 'Sketch',
            'description': 'One sketch',
            'price_minor': 25_00,
            'delivery_days': 3,
            'revisions': 0,
        },
        {
            'tier': 'standard',
            'name': 'Logo',
            'description': 'Final files',
            'price_minor': 60_00,
            'delivery_days': 5,
            'revisions': 2,
        },
        {
            'tier': 'premium',
            'name': 'Kit',
            'description': 'Logo and guide',
            'price_minor': 150_00,
            'delivery_days': 7,
            'revisions': None,
        },
    ],
    'extras': [
        {'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 15_00, 'delivery_days': 2},
        {'kind': 'custom', 'id': 'card', 'title': 'Business card', 'price_minor': 20_00, 'additional_days': 1},
    ],
    'faq': [{'question': 'Do I own the logo?', 'answer': 'Yes, as soon as the order is completed.'}],
    'requirements': [
        {'kind': 'free_text', 'id': 'brief', 'question': 'What does your shop sell, and to whom?'},
        {'kind': 'multiple_choice', 'id': 'style', 'question': 'Which style?', 'options': ['Geometric', 'Hand-drawn']},
        {'kind': 'file', 'id': 'sketch', 'question': 'Have you drawn anything yet?', 'mandatory': False},
    ],
}
_LOG = [
    'OrderPlaced',
    'PaymentStarted',
    'PaymentFailed',
    'PaymentStarted',
    'PaymentCaptured',
    'RequirementsSubmitted',
    'OrderDelivered',
    'RevisionRequested',
    'OrderDelivered',
    'OrderCompleted',
    'PaymentReleased',
]

if __name__ == '__main__':
    main()
