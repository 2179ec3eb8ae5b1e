import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import policy
from chalicelib.money import CURRENCIES
from chalicelib.quotes import rules
from chalicelib.taxes import ON_BUYER_FEE
from tests.support.market import GIG, ok

POLICY = policy.current('prod')


def test_a_quote_shows_every_line_for_both_sides(market, seller, clock):
    gig = market.gig()
    extras = [{'id': 'fast'}, {'id': 'card', 'quantity': 3}, {'id': 'again', 'quantity': 2}]
    quote = market.quote(gig, extras=extras)
    assert [(line['kind'], line['quantity'], line['amount_minor']) for line in quote['buyer_lines']] == [
        ('package', 1, 10_000),
        ('extra', 1, 1_500),
        ('extra', 3, 6_000),
        ('extra', 2, 1_000),
        ('buyer_fee', 1, 1_018),
    ]
    assert quote['buyer_total_minor'] == 19_518
    assert [(line['kind'], line['amount_minor']) for line in quote['seller_lines']] == [
        ('price', 18_500),
        ('commission', -3_700),
    ]
    assert quote['seller_net_minor'] == 14_800
    assert (quote['delivery_days'], quote['revisions']) == (1 + 3, 1 + 4)
    assert (quote['currency'], quote['exponent'], quote['policy_version']) == ('USD', 2, '2026-11')
    assert (quote['commission_bps'], quote['buyer_fee_bps']) == (2_000, 550)
    assert quote['valid_until'] == '2026-11-24T09:00:00Z'


def test_a_buyer_from_a_country_with_a_tax_on_our_fee_pays_it(market, buyer):
    ok(buyer.patch('/me', {'country': 'ID'}))
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    quote = market.quote(market.gig(currency='IDR', packages=[package], extras=[]))
    assert quote['buyer_lines'][-1] == {
        'kind': 'tax',
        'label': 'PPN 11 % on the service fee',
        'quantity': 1,
        'amount_minor': 47_100,
    }, '11 % of Rp 4.278 is Rp 470,58'
    assert quote['buyer_total_minor'] == 7_777_700 + 427_800 + 47_100
    ok(buyer.patch('/me', {'country': 'SG'}))
    assert 'tax' not in [line['kind'] for line in market.quote()['buyer_lines']]


def test_rupiah_are_quoted_in_whole_rupiah(market):
    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    quote = market.quote(market.gig(currency='IDR', packages=[package], extras=[]))
    assert quote['buyer_lines'][-1]['amount_minor'] == 427_800, '5.5 % of Rp 77.777 is Rp 4.277,735'
    assert quote['seller_net_minor'] == 6_222_200, '20 % is Rp 15.555,4, which is Rp 15.555'


@pytest.mark.parametrize(
    ('wanted', 'pointer'),
    [
        ({'package': 'premium'}, '#/package'),
        ({'package': 'gold'}, '#/package'),
        ({'extras': [{'id': 'nothing'}]}, '#/extras/0/id'),
        ({'extras': [{'id': 'fast'}, {'id': 'fast'}]}, '#/extras/1/id'),
        ({'extras': [{'id': 'fast', 'quantity': 2}]}, '#/extras/0/quantity'),
        ({'extras': [{'id': 'card', 'quantity': 0}]}, '#/extras/0/quantity'),
        ({'extras': [{'id': 'card', 'quantity': 21}]}, '#/extras/0/quantity'),
        ({'extras': [{'id': 'card', 'quantity': -1}]}, '#/extras/0/quantity'),
        ({'price_minor': 1}, '#/price_minor'),
        ({'gig_id': 'gig'}, '#/gig_id'),
    ],
)
def test_what_is_not_offered_is_not_quoted(market, buyer, wanted, pointer):
    answer = buyer.post('/quotes', {'gig_id': market.gig()['id']} | wanted)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_an_extra_that_gives_nothing_is_not_sold(market, buyer):
    basic = GIG['packages'][0]
    packages = [basic, basic | {'tier': 'standard', 'delivery_days': 1}, basic | {'tier': 'premium', 'revisions': None}]
    faster = {'kind': 'fast_delivery', 'id': 'faster', 'price_minor': 500, 'delivery_days': 2}
    gig = market.gig(packages=packages, extras=[*GIG['extras'], faster])
    for package, extras, wrong in (
        ('standard', ['fast'], '#/extras/0/id'),
        ('premium', ['again'], '#/extras/0/id'),
        ('basic', ['faster', 'fast'], '#/extras/1/id'),
    ):
        answer = buyer.post('/quotes', {'gig_id': gig['id'], 'package': package, 'extras': [{'id': one} for one in extras]})
        assert (answer.status, answer.pointers) == (422, [wrong])
    assert market.quote(gig, package='basic', extras=[{'id': 'faster'}, {'id': 'again'}])['delivery_days'] == 2


def test_an_order_has_a_highest_price(market, buyer):
    gig = market.gig(packages=[GIG['packages'][0] | {'price_minor': 2_000_000}])
    answer = buyer.post('/quotes', {'gig_id': gig['id'], 'extras': [{'id': 'fast'}]})
    assert (answer.status, answer.pointers) == (422, ['#/extras'])


def test_what_is_not_for_sale_is_not_quoted(market, buyer, seller):
    draft = ok(seller.post('/gigs', GIG), 201)
    gig = market.gig()
    ok(seller.post(f'/gigs/{gig["id"]}/pause'))
    for gig_id in (draft['id'], gig['id'], 'gig_01ARZ3NDEKTSV4RRFFQ69G5FAV'):
        assert buyer.post('/quotes', {'gig_id': gig_id}).status == 404


def test_nobody_buys_their_own_gig(market, seller):
    assert seller.post('/quotes', {'gig_id': market.gig()['id']}).problem == 'forbidden'


@pytest.mark.no_aws
@given(
    currency=st.sampled_from(sorted(CURRENCIES)),
    units=st.integers(1, 10_000_000),
    extra=st.integers(0, 1_000_000),
    quantity=st.integers(1, 20),
    tax=st.sampled_from([None, *ON_BUYER_FEE.values()]),
)
def test_no_unit_is_lost_between_buyer_platform_and_seller(currency, units, extra, quantity, tax):
    quantum = CURRENCIES[currency].quantum
    gig = copy.deepcopy(GIG) | {'currency': currency}
    gig['packages'][0]['price_minor'] = units * quantum
    gig['extras'] = [{'kind': 'custom', 'id': 'x', 'title': 'X', 'price_minor': extra * quantum, 'additional_days': 0}]
    try:
        priced = rules.price(gig, 'basic', [{'id': 'x', 'quantity': quantity}], POLICY, rules.rates(POLICY, tax, 'new'))
    except rules.Invalid:
        assert units * quantum + extra * quantum * quantity > POLICY.max_price_minor[currency]
        return
    net = priced.price_minor - priced.commission_minor
    assert priced.price_minor == (units + extra * quantity) * quantum
    assert (priced.tax_minor > 0) <= (tax is not None)
    for part in (priced.price_minor, priced.buyer_fee_minor, priced.tax_minor, priced.commission_minor, net):
        assert part % quantum == 0
        assert part >= 0
    assert abs(priced.commission_minor * 10_000 - priced.price_minor * POLICY.commission_bps) * 2 <= 10_000 * quantum
    assert abs(priced.buyer_fee_minor * 10_000 - priced.price_minor * POLICY.buyer_fee_bps) * 2 <= 10_000 * quantum
