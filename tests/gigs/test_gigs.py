import copy

import pytest

from chalicelib.gigs.categories import SLUGS, TAXONOMY
from tests.support.market import GIG, ok


def changed(**changes):
    return copy.deepcopy(GIG) | changes


def test_a_draft_is_its_sellers_until_it_is_published(seller, buyer, nobody, support):
    draft = ok(seller.post('/gigs', GIG), 201)
    path = f'/gigs/{draft["id"]}'
    assert draft['status'] == 'draft'
    assert [person.get(path).status for person in (nobody, buyer, seller, support)] == [404, 404, 200, 200]
    active = ok(seller.post(f'{path}/publish'))
    assert (active['status'], active['published_at'] is not None) == ('active', True)
    assert ok(nobody.get(path)) == ok(seller.get(path)) == active


def test_an_incomplete_draft_says_all_that_is_missing_when_it_is_published(seller):
    draft = ok(seller.post('/gigs', {'title': 'A', 'category': 'logo-design', 'language': 'en', 'currency': 'USD'}), 201)
    answer = seller.post(f'/gigs/{draft["id"]}/publish')
    assert answer.status == 422
    assert answer.pointers == ['#/description', '#/tags', '#/packages']


def test_a_gig_is_paused_activated_and_deleted(market, seller, nobody):
    gig = market.gig()
    path = f'/gigs/{gig["id"]}'
    assert ok(seller.post(f'{path}/pause'))['status'] == 'paused'
    assert nobody.get(path).status == 404
    assert seller.post(f'{path}/pause').problem == 'conflict'
    assert seller.post(f'{path}/publish').problem == 'conflict'
    active = ok(seller.post(f'{path}/activate'))
    assert (active['status'], active['published_at']) == ('active', gig['published_at'])
    assert seller.delete(path).status == 204
    assert seller.get(path).status == 404
    assert seller.patch(path, {'title': 'Back again'}).status == 404


def test_a_denied_gig_is_off_the_market_for_good_and_its_seller_sees_why(market, seller, nobody, support):
    gig = market.gig()
    path = f'/gigs/{gig["id"]}'
    ok(support.post(f'{path}/deny', {'reason': 'Somebody else made this'}))
    assert nobody.get(path).status == 404
    assert ok(seller.get(path))['denied_because'] == 'Somebody else made this'
    for action in ('publish', 'pause', 'activate'):
        assert seller.post(f'{path}/{action}').status == 409
    assert seller.patch(path, {'title': 'Another'}).status == 409
    assert seller.delete(path).status == 204


def test_an_active_gig_is_edited_only_into_one_that_can_be_sold(market, seller, nobody):
    gig = market.gig()
    path = f'/gigs/{gig["id"]}'
    refused = seller.patch(path, {'packages': []})
    assert (refused.status, refused.pointers) == (422, ['#/packages'])
    edited = ok(seller.patch(path, {'title': 'Another title', 'tags': ['brand', 'logo']}))
    assert (edited['title'], edited['tags'], edited['description']) == ('Another title', ['brand', 'logo'], gig['description'])
    assert ok(nobody.get(path)) == edited


@pytest.mark.parametrize(
    'change', [{'kind': 'digital_product'}, {'currency': 'IDR'}, {'status': 'active'}, {'seller_id': 'me'}]
)
def test_what_a_gig_is_made_as_stays(market, seller, change):
    answer = seller.patch(f'/gigs/{market.gig()["id"]}', change)
    assert (answer.status, answer.pointers) == (422, [f'#/{name}' for name in change])


PACKAGE = GIG['packages'][0]


def test_what_is_left_out_within_a_part_has_its_default(market, seller):
    package = {name: value for name, value in PACKAGE.items() if name != 'revisions'}
    edited = ok(seller.patch(f'/gigs/{market.gig()["id"]}', {'packages': [package]}))
    assert edited['packages'][0]['revisions'] == 0


@pytest.mark.parametrize(
    ('change', 'pointer'),
    [
        ({'title': 'x' * 81}, '#/title'),
        ({'title': ' '}, '#/title'),
        ({'category': 'graphics-design'}, '#/category'),
        ({'category': 'nothing'}, '#/category'),
        ({'description': 'x' * 1201}, '#/description'),
        ({'tags': ['a', 'b', 'c', 'd', 'e', 'f']}, '#/tags'),
        ({'tags': ['x' * 21]}, '#/tags/0'),
        ({'tags': ['c++!']}, '#/tags/0'),
        ({'currency': 'EUR'}, '#/currency'),
        ({'packages': [PACKAGE | {'price_minor': 499}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': 0}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': -5}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': 10.5}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': True}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': 2_000_001}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'price_minor': 10**30}]}, '#/packages/0/price_minor'),
        ({'packages': [PACKAGE | {'name': 'x' * 36}]}, '#/packages/0/name'),
        ({'packages': [PACKAGE | {'description': 'x' * 101}]}, '#/packages/0/description'),
        ({'packages': [PACKAGE | {'delivery_days': 91}]}, '#/packages/0/delivery_days'),
        ({'packages': [PACKAGE, PACKAGE]}, '#/packages/1/tier'),
        ({'packages': [PACKAGE] * 4}, '#/packages'),
        ({'extras': [GIG['extras'][0], GIG['extras'][0]]}, '#/extras/1/id'),
        ({'extras': [GIG['extras'][2] | {'id': 'Not A Slug'}]}, '#/extras/0/id'),
        ({'requirements': [GIG['requirements'][0]] * 2}, '#/requirements/1/id'),
        (
            {'requirements': [{'kind': 'multiple_choice', 'id': 'a', 'question': 'b', 'options': ['c']}]},
            '#/requirements/0/options',
        ),
        ({'faq': [{'question': 'q', 'answer': 'a'}] * 11}, '#/faq'),
        ({'gallery': ['fil_01ARZ3NDEKTSV4RRFFQ69G5FAV']}, '#/gallery/0'),
        ({'product': {'file_ids': [], 'licence': 'l', 'refund_rule': 'no_refund'}}, '#/product/file_ids'),
    ],
)
def test_a_gig_has_limits(seller, change, pointer):
    answer = seller.post('/gigs', changed(**change))
    assert (answer.status, answer.pointers) == (422, [pointer]), answer


def test_prices_in_rupiah_are_whole_rupiah_and_have_a_minimum_of_their_own(seller):
    def idr(price):
        return changed(currency='IDR', extras=[], packages=[PACKAGE | {'price_minor': price}])

    ok(seller.post('/gigs', idr(5_000_000)), 201)
    for price in (4_999_900, 5_000_050, 30_000_000_100):
        answer = seller.post('/gigs', idr(price))
        assert (answer.status, answer.pointers) == (422, ['#/packages/0/price_minor'])


def test_three_packages_are_offered_in_their_order(seller):
    three = [PACKAGE | {'tier': tier} for tier in ('basic', 'standard', 'premium')]
    draft = ok(seller.post('/gigs', changed(packages=three)), 201)
    ok(seller.post(f'/gigs/{draft["id"]}/publish'))
    for wrong in (three[:2], three[::-1], three[1:2]):
        draft = ok(seller.post('/gigs', changed(packages=wrong)), 201)
        assert seller.post(f'/gigs/{draft["id"]}/publish').pointers == ['#/packages']


def test_a_gallery_is_of_ready_files_of_the_seller(market, seller, buyer, nobody):
    images = [market.file(seller, 'gallery', 'image/png') for _ in range(4)]
    sheet = market.file(seller, 'gallery', 'application/pdf')
    gig = ok(seller.post('/gigs', changed(gallery=[sheet, *images[:3]])), 201)
    assert [item['content_type'] for item in gig['gallery']] == ['application/pdf'] + ['image/png'] * 3
    assert gig['gallery'][1]['url'] == f'/media/{images[0]}'
    ok(seller.post(f'/gigs/{gig["id"]}/publish'))
    assert ok(nobody.get('/gigs'))['items'][0]['cover_url'] == f'/media/{images[0]}'
    assert seller.post('/gigs', changed(gallery=images)).pointers == ['#/gallery/3']
    for wrong in (market.file(buyer, 'gallery', 'image/png'), market.file(seller, 'delivery')):
        assert seller.post('/gigs', changed(gallery=[wrong])).pointers == ['#/gallery/0']


def test_a_digital_product_shows_its_files_to_its_seller_only(market, seller, nobody):
    gig = market.product()
    shown = ok(nobody.get(f'/gigs/{gig["id"]}'))
    assert (shown['licence'], shown['refund_rule'], shown['product_file_ids']) == ('Use it.', 'until_accepted', None)
    assert len(ok(seller.get(f'/gigs/{gig["id"]}'))['product_file_ids']) == 2


@pytest.mark.parametrize(
    ('change', 'pointers'),
    [
        ({}, ['#/requirements', '#/extras', '#/packages/0']),
        ({'requirements': [], 'extras': []}, ['#/packages/0']),
        ({'requirements': [], 'extras': [], 'packages': []}, []),
    ],
)
def test_a_digital_product_is_delivered_at_once_and_so_has_nothing_to_wait_for(seller, change, pointers):
    answer = seller.post('/gigs', changed(kind='digital_product', **change))
    assert answer.status == (422 if pointers else 201)
    assert (answer.pointers if pointers else []) == pointers


def test_a_service_has_no_product_and_takes_at_least_a_day(seller):
    draft = ok(seller.post('/gigs', changed(packages=[PACKAGE | {'delivery_days': 0}], extras=[])), 201)
    assert seller.post(f'/gigs/{draft["id"]}/publish').pointers == ['#/packages/0/delivery_days']


def test_an_extra_gives_something(seller):
    fast = {'kind': 'fast_delivery', 'id': 'fast', 'price_minor': 500, 'delivery_days': 3}
    again = {'kind': 'extra_revisions', 'id': 'again', 'price_minor': 500, 'revisions': 1}
    without_end = PACKAGE | {'revisions': None}
    for draft, pointer in (
        (changed(extras=[fast]), '#/extras/0/delivery_days'),
        (changed(packages=[without_end], extras=[again]), '#/extras/0'),
    ):
        gig = ok(seller.post('/gigs', draft), 201)
        assert seller.post(f'/gigs/{gig["id"]}/publish').pointers == [pointer]


def test_nothing_is_named_twice(market, seller, buyer):
    choice = {'kind': 'multiple_choice', 'id': 'style', 'question': 'Which?', 'options': ['Bold', 'Bold']}
    image, archive = market.file(seller, 'gallery', 'image/png'), market.file(seller, 'product')
    product = {'file_ids': [archive, archive], 'licence': 'Use it.', 'refund_rule': 'no_refund'}
    for change, pointer in (
        ({'tags': ['logo', 'logo']}, '#/tags'),
        ({'requirements': [choice]}, '#/requirements/0/options'),
        ({'gallery': [image, image]}, '#/gallery'),
        ({'product': product}, '#/product/file_ids'),
    ):
        assert seller.post('/gigs', changed(**change)).pointers == [pointer]
    assert buyer.patch('/me', {'languages': ['id', 'id'], 'skills': ['a', 'a']}).pointers == ['#/languages', '#/skills']


def test_gigs_are_listed_newest_first_by_category_and_by_seller(market, seller, nobody):
    logos = [market.gig()['id'] for _ in range(3)]
    ad = market.gig(category='short-video-ads')['id']
    ok(seller.post('/gigs', GIG), 201)
    assert [gig['id'] for gig in ok(nobody.get('/gigs'))['items']] == [ad, *logos[::-1]]
    assert [gig['id'] for gig in ok(nobody.get('/gigs', category='logo-design'))['items']] == logos[::-1]
    assert [gig['id'] for gig in ok(nobody.get('/gigs', seller_id=seller.id))['items']] == [ad, *logos[::-1]]
    page = ok(nobody.get('/gigs', limit=3))
    assert [gig['id'] for gig in ok(nobody.get('/gigs', limit=3, cursor=page['next_cursor']))['items']] == logos[:1]
    summary = page['items'][0]
    assert (summary['title'], summary['from_price_minor'], summary['status']) == (GIG['title'], 10_000, 'active')


def test_what_is_not_active_is_listed_for_its_seller_and_for_staff(market, seller, buyer, support):
    draft = ok(seller.post('/gigs', GIG), 201)
    for person, status in ((seller, 200), (support, 200), (buyer, 403)):
        answer = person.get('/gigs', seller_id=seller.id, status='draft')
        assert answer.status == status
        if status == 200:
            assert [gig['id'] for gig in answer.body['items']] == [draft['id']]
    assert seller.get('/gigs', status='draft').pointers == ['status']
    assert seller.get('/gigs', status='deleted', seller_id=seller.id).pointers == ['status']
    assert seller.get('/gigs', category='logos').pointers == ['category']
    assert seller.get('/gigs', seller_id=seller.id, category='logo-design').pointers == ['category']


def test_a_gig_that_moves_to_another_category_leaves_its_old_shelf(market, seller, nobody):
    gig = market.gig()
    ok(seller.patch(f'/gigs/{gig["id"]}', {'category': 'illustration'}))
    assert ok(nobody.get('/gigs', category='logo-design'))['items'] == []
    assert [item['id'] for item in ok(nobody.get('/gigs', category='illustration'))['items']] == [gig['id']]
    ok(seller.post(f'/gigs/{gig["id"]}/pause'))
    assert ok(nobody.get('/gigs'))['items'] == []


def test_a_cursor_cannot_lead_out_of_the_list_it_belongs_to(market, seller, buyer, nobody):
    ok(seller.post('/gigs', GIG), 201)
    market.gig()
    market.gig()
    cursor = ok(nobody.get('/gigs', limit=1))['next_cursor']
    listed = ok(nobody.get('/gigs', seller_id=buyer.id, cursor=cursor))
    assert listed['items'] == []


def test_categories_are_named_in_both_languages(nobody):
    tree = ok(nobody.get('/categories'))['items']
    slugs = {sub['slug'] for category in tree for sub in category['subcategories']}
    assert slugs == SLUGS
    assert len(tree) == len(TAXONOMY)
    assert all(
        node['name']['en'] and node['name']['id'] for category in tree for node in (category, *category['subcategories'])
    )
    assert len({*slugs, *(category['slug'] for category in tree)}) == len(slugs) + len(tree)


def test_two_edits_at_once_do_not_undo_each_other(market, seller):
    """The second decides again on what the first has written."""
    from chalicelib import db
    from chalicelib.auth import Caller
    from chalicelib.gigs import actions

    gig = market.gig()
    me = Caller(seller.id)
    calls = []

    def second(tx):
        result = actions.edit(tx, me, gig['id'], {'title': 'Second'})
        if not calls:
            calls.append(1)
            db.atomically(lambda inner: actions.edit(inner, me, gig['id'], {'tags': ['first']}))
        return result

    db.atomically(second)
    edited = ok(seller.get(f'/gigs/{gig["id"]}'))
    assert (edited['title'], edited['tags']) == ('Second', ['first'])
