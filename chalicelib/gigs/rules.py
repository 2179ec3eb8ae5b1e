"""What a gig must be to be sold. Pure: it says all that is wrong at once, each with where and what would be right."""

from collections.abc import Iterator
from typing import Any

from chalicelib.errors import FieldError
from chalicelib.gigs.categories import SLUGS
from chalicelib.money import is_whole, whole_amounts
from chalicelib.policy import Policy

TIERS = ('basic', 'standard', 'premium')
MIN_DESCRIPTION = 120
_GALLERY = {'image': 3, 'video': 1, 'application': 2}


def wrong_with_draft(gig: dict[str, Any], policy: Policy) -> list[FieldError]:
    """What no gig may have, finished or not."""
    return [*_category(gig), *_prices(gig, policy), *_names(gig), *_gallery(gig), *_product(gig)]


def wrong_with_listing(gig: dict[str, Any], policy: Policy) -> list[FieldError]:
    """What stands between a draft and its publication."""
    return [*wrong_with_draft(gig, policy), *_completeness(gig), *_extras(gig)]


def from_price_minor(gig: dict[str, Any]) -> int | None:
    return min((package['price_minor'] for package in gig['packages']), default=None)


def cover_file_id(gig: dict[str, Any]) -> str | None:
    images = (item['file_id'] for item in gig['gallery'] if item['content_type'].startswith('image/'))
    return next(images, None)


def _category(gig: dict[str, Any]) -> Iterator[FieldError]:
    if gig['category'] not in SLUGS:
        yield _wrong('category', 'Choose a second-level slug of GET /categories')


def _prices(gig: dict[str, Any], policy: Policy) -> Iterator[FieldError]:
    currency = gig['currency']
    lowest, highest = policy.min_price_minor[currency], policy.max_price_minor[currency]
    for n, package in enumerate(gig['packages']):
        if not lowest <= package['price_minor'] <= highest:
            yield _wrong(f'packages/{n}/price_minor', f'A package costs {lowest} to {highest} minor units of {currency}')
    for part in ('packages', 'extras'):
        for n, item in enumerate(gig[part]):
            if not is_whole(item['price_minor'], currency):
                yield _wrong(f'{part}/{n}/price_minor', whole_amounts(currency))
    for n, extra in enumerate(gig['extras']):
        if extra['price_minor'] > highest:
            yield _wrong(f'extras/{n}/price_minor', f'An extra costs {highest} minor units of {currency} at most')


def _names(gig: dict[str, Any]) -> Iterator[FieldError]:
    for part, key in (('packages', 'tier'), ('extras', 'id'), ('requirements', 'id')):
        seen = set()
        for n, item in enumerate(gig[part]):
            if item[key] in seen:
                yield _wrong(f'{part}/{n}/{key}', f'"{item[key]}" is there twice; each {key} is used once')
            seen.add(item[key])


def _extras(gig: dict[str, Any]) -> Iterator[FieldError]:
    """Each has to give something to whoever buys the package that it helps most."""
    if not gig['packages']:
        return
    slowest = max(package['delivery_days'] for package in gig['packages'])
    for n, extra in enumerate(gig['extras']):
        if extra['kind'] == 'fast_delivery' and extra['delivery_days'] >= slowest:
            yield _wrong(f'extras/{n}/delivery_days', f'Fast is less than the {slowest} days of the slowest package')
        if extra['kind'] == 'extra_revisions' and all(package['revisions'] is None for package in gig['packages']):
            yield _wrong(f'extras/{n}', 'Every package has as many revisions as it takes')


def _gallery(gig: dict[str, Any]) -> Iterator[FieldError]:
    left = dict(_GALLERY)
    for n, item in enumerate(gig['gallery']):
        family = item['content_type'].partition('/')[0]
        left[family] -= 1
        if left[family] < 0:
            yield _wrong(f'gallery/{n}', 'A gallery has 3 images, 1 video and 2 PDFs at most')


def _product(gig: dict[str, Any]) -> Iterator[FieldError]:
    if gig['kind'] == 'service':
        if gig['product']:
            yield _wrong('product', 'Only a gig of kind digital_product has a product')
        return
    for part in ('requirements', 'extras'):
        if gig[part]:
            yield _wrong(part, f'A digital product is delivered at once and has no {part}')
    for n, package in enumerate(gig['packages']):
        if package['delivery_days'] or package['revisions'] != 0:
            yield _wrong(f'packages/{n}', 'A digital product has 0 delivery_days and 0 revisions')


def _completeness(gig: dict[str, Any]) -> Iterator[FieldError]:
    if len(gig['description']) < MIN_DESCRIPTION:
        yield _wrong('description', f'Describe it in {MIN_DESCRIPTION} characters or more')
    if not gig['tags']:
        yield _wrong('tags', 'Give it 1 to 5 tags')
    if [package['tier'] for package in gig['packages']] not in ([TIERS[0]], list(TIERS)):
        yield _wrong('packages', 'Offer one package, basic, or three in this order: basic, standard, premium')
    if gig['kind'] == 'digital_product' and not gig['product']:
        yield _wrong('product', 'Name the files, the licence and the refund rule of the digital product')
    if gig['kind'] == 'service':
        for n, package in enumerate(gig['packages']):
            if package['delivery_days'] < 1:
                yield _wrong(f'packages/{n}/delivery_days', 'A service takes 1 to 90 days')


def _wrong(where: str, detail: str) -> FieldError:
    return {'pointer': f'#/{where}', 'detail': detail}
