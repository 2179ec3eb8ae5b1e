"""A small bilingual catalogue, made through the API as sellers would make it. Doing it again changes nothing."""

import contextlib
from collections.abc import Callable
from typing import Any

import boto3

from infra.local import samples
from infra.local.client import Marketplace, Person

PASSWORD = 'try-gigmarket-2026'
PEOPLE = {
    'buyer@example.com': None,
    'seller@example.com': None,
    'penjual@example.com': None,
    'admin@example.com': 'admin',
}


def seed(market: Marketplace, user_pool_id: str, say: Callable[[str], None]) -> None:
    """Needs the stack's credentials in the environment, to make confirmed accounts."""
    _accounts(user_pool_id)
    seller, penjual = (market.sign_in(email, PASSWORD) for email in ('seller@example.com', 'penjual@example.com'))
    buyer = market.sign_in('buyer@example.com', PASSWORD)
    buyer.patch('/me', {'display_name': 'Budi Santoso', 'country': 'ID', 'languages': ['id', 'en']}, key='seed-buyer')
    seller.patch('/me', _MIRA, key='seed-seller')
    penjual.patch('/me', _SARI, key='seed-penjual')
    for owner, gigs in ((seller, _ENGLISH), (penjual, _INDONESIAN)):
        for number, (gig, colour) in enumerate(gigs):
            say(gig['title'])
            _publish(owner, gig, colour, f'seed-{gig["language"]}-{number}')


def _accounts(user_pool_id: str) -> None:
    idp = boto3.client('cognito-idp')
    for email, group in PEOPLE.items():
        attributes = [{'Name': 'email', 'Value': email}, {'Name': 'email_verified', 'Value': 'true'}]
        with contextlib.suppress(idp.exceptions.UsernameExistsException):
            idp.admin_create_user(UserPoolId=user_pool_id, Username=email, MessageAction='SUPPRESS', UserAttributes=attributes)
        idp.admin_set_user_password(UserPoolId=user_pool_id, Username=email, Password=PASSWORD, Permanent=True)
        if group:
            idp.admin_add_user_to_group(UserPoolId=user_pool_id, Username=email, GroupName=group)


def _publish(owner: Person, gig: dict[str, Any], colour: tuple[int, int, int], key: str) -> None:
    cover = owner.upload(samples.png(320, 192, colour), 'gallery', 'cover.png', 'image/png', key=f'{key}-cover')
    wanted = gig | {'gallery': [cover]}
    if gig.get('kind') == 'digital_product':
        sheet = samples.archive(1, gig['title'])
        product = owner.upload(sheet, 'product', 'templates.zip', 'application/zip', key=f'{key}-product')
        wanted['product'] = gig['product'] | {'file_ids': [product]}
    gig_id = owner.post('/gigs', wanted, key=f'{key}-draft')['id']
    owner.post(f'/gigs/{gig_id}/publish', key=f'{key}-publish')


def _package(  # noqa: PLR0917 - a table
    tier: str, name: str, description: str, price_minor: int, days: int, revisions: int | None
) -> dict[str, Any]:
    return {
        'tier': tier,
        'name': name,
        'description': description,
        'price_minor': price_minor,
        'delivery_days': days,
        'revisions': revisions,
    }


_MIRA = {
    'display_name': 'Mira Chen',
    'headline': 'Brands and pages for small shops',
    'bio': 'I help owners of small shops look as good as their products are.',
    'country': 'SG',
    'languages': ['en', 'id'],
    'skills': ['logo design', 'web design'],
}
_SARI = {
    'display_name': 'Sari Lestari',
    'headline': 'Desain dan pengelolaan toko online',
    'bio': 'Saya membantu pemilik usaha kecil mengurus pekerjaan yang berulang setiap hari.',
    'country': 'ID',
    'languages': ['id'],
    'skills': ['desain produk', 'admin toko'],
}
_ENGLISH: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    (
        {
            'title': 'I will design a minimalist logo for your shop',
            'category': 'logo-design',
            'language': 'en',
            'currency': 'USD',
            'description': 'A logo that works on a stamp, on a parcel and on a screen. You get a short questionnaire, then '
            'sketches within days, then the final files in every format that a printer or a web shop asks for.',
            'tags': ['logo', 'branding', 'minimalist'],
            'packages': [
                _package('basic', 'One concept', 'One logo concept as PNG', 2500, 3, 1),
                _package('standard', 'Three concepts', 'Three concepts, vector files', 6000, 5, 3),
                _package('premium', 'Brand kit', 'Concepts, colours, fonts and a guide', 15000, 7, None),
            ],
            'extras': [
                {'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 1500, 'delivery_days': 1},
                {'kind': 'extra_revisions', 'id': 'revision', 'price_minor': 500, 'revisions': 1},
                {'kind': 'custom', 'id': 'card', 'title': 'Business card', 'price_minor': 2000, 'additional_days': 1},
            ],
            'faq': [{'question': 'Do I own the logo?', 'answer': 'Yes, all of it, as soon as the order is completed.'}],
            'requirements': [
                {'kind': 'free_text', 'id': 'brief', 'question': 'What does your shop sell, and to whom?'},
                {
                    'kind': 'multiple_choice',
                    'id': 'style',
                    'question': 'Which style comes closest?',
                    'options': ['Geometric', 'Hand-drawn', 'Lettering'],
                },
                {'kind': 'file', 'id': 'sketch', 'question': 'Have you drawn anything yet?', 'mandatory': False},
            ],
        },
        (22, 101, 52),
    ),
    (
        {
            'title': 'I will edit your product videos into short ads',
            'category': 'short-video-ads',
            'language': 'en',
            'currency': 'USD',
            'description': 'Send raw clips from your phone, and get back a vertical ad of fifteen to thirty seconds with '
            'captions, music that you may use, and a first frame that stops people from scrolling on.',
            'tags': ['video', 'ads', 'editing'],
            'packages': [_package('basic', 'One ad', 'One vertical ad up to 30 seconds', 4500, 4, 2)],
            'requirements': [{'kind': 'free_text', 'id': 'clips', 'question': 'Where are your clips, and what is the offer?'}],
        },
        (30, 64, 175),
    ),
    (
        {
            'title': 'Spreadsheet templates for a small online shop',
            'kind': 'digital_product',
            'category': 'templates',
            'language': 'en',
            'currency': 'USD',
            'description': 'Stock, orders, margins and a monthly summary in four linked spreadsheets. Buy once, use for as '
            'long as you like; instructions are in the first sheet and need no more than an afternoon.',
            'tags': ['spreadsheet', 'templates'],
            'packages': [_package('basic', 'All four', 'Four spreadsheets and instructions', 1200, 0, 0)],
            'product': {
                'licence': 'For your own business, on any number of devices. Not for resale.',
                'refund_rule': 'until_accepted',
            },
        },
        (133, 77, 14),
    ),
]
_INDONESIAN: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    (
        {
            'title': 'Saya akan mengedit foto produk untuk toko online Anda',
            'category': 'product-images',
            'language': 'id',
            'currency': 'IDR',
            'description': 'Latar putih bersih, warna yang sesuai aslinya, dan ukuran yang pas untuk semua marketplace. Kirim '
            'foto dari ponsel Anda; hasilnya siap diunggah ke toko tanpa perlu diedit lagi.',
            'tags': ['foto produk', 'edit foto'],
            'packages': [
                _package('basic', '10 foto', 'Sepuluh foto dengan latar putih', 7_500_000, 2, 1),
                _package('standard', '25 foto', 'Dua puluh lima foto dan bayangan', 17_500_000, 4, 2),
                _package('premium', '60 foto', 'Enam puluh foto dan spanduk toko', 36_000_000, 7, 3),
            ],
            'extras': [{'kind': 'fast_delivery', 'id': 'kilat', 'price_minor': 5_000_000, 'delivery_days': 1}],
            'requirements': [{'kind': 'file', 'id': 'foto', 'question': 'Unggah foto asli dalam satu berkas ZIP'}],
        },
        (157, 23, 77),
    ),
    (
        {
            'title': 'Saya akan membalas pesan pelanggan toko Anda',
            'category': 'customer-service',
            'language': 'id',
            'currency': 'IDR',
            'description': 'Pesan pelanggan dijawab setiap hari dari pagi sampai malam dengan bahasa yang sopan dan cepat. '
            'Laporan singkat dikirim setiap malam, termasuk keluhan yang perlu Anda putuskan sendiri.',
            'tags': ['layanan pelanggan', 'admin'],
            'packages': [_package('basic', 'Satu minggu', 'Tujuh hari, maksimal 100 pesan per hari', 35_000_000, 7, 0)],
            'requirements': [{'kind': 'free_text', 'id': 'toko', 'question': 'Nama toko, produk, dan aturan pengembalian?'}],
        },
        (91, 33, 182),
    ),
    (
        {
            'title': 'Saya akan meriset produk laris untuk dijual',
            'category': 'product-research',
            'language': 'id',
            'currency': 'IDR',
            'description': 'Daftar produk dengan permintaan tinggi dan persaingan rendah, lengkap dengan perkiraan margin, '
            'pemasok, dan biaya kirim. Data diambil minggu ini dan disajikan dalam satu lembar kerja.',
            'tags': ['riset produk', 'dropship'],
            'packages': [_package('basic', '20 produk', 'Dua puluh ide produk dengan angka', 15_000_000, 3, 1)],
        },
        (15, 118, 110),
    ),
]
