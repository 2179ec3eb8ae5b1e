"""Custom offers: what a seller proposes to one buyer, and every way in which that ends."""

import pytest
import time_machine

from chalicelib.users import actions as users
from tests.support import resources
from tests.support.api import Nobody, Person, deliver
from tests.support.audit import audit
from tests.support.market import ANSWERS, FEE, NET, OFFER, PRICE, TOTAL, Market, balances, ok, run_timers

DAY = 24 * 3600
NOON = '2026-11-24T12:00:00Z'
STATES = ('open', 'accepted', 'declined', 'withdrawn', 'expired')
ACTIONS = {
    'accept': ('buyer', 201, 'accepted'),
    'decline': ('buyer', 200, 'declined'),
    'withdraw': ('seller', 200, 'withdrawn'),
}
ROLES = ('buyer', 'seller', 'stranger', 'support', 'admin', 'nobody')


def offer_of(person, offer):
    return ok(person.get(f'/offers/{offer["id"]}'))


def test_an_offer_shows_both_sides_every_line(market, buyer, seller, clock):
    offer = market.offered()
    assert (offer['state'], offer['seller_id'], offer['buyer_id']) == ('open', seller.id, buyer.id)
    assert {name: offer[name] for name in OFFER} == OFFER
    assert [(line['kind'], line['label'], line['amount_minor']) for line in offer['buyer_lines']] == [
        ('work', OFFER['title'], PRICE),
        ('buyer_fee', 'Service fee', FEE),
    ]
    assert (offer['buyer_total_minor'], offer['seller_net_minor'], offer['policy_version']) == (TOTAL, NET, '2026-11')
    assert (offer['created_at'], offer['valid_until']) == ('2026-11-24T08:00:00Z', '2026-12-01T08:00:00Z')
    assert offer_of(buyer, offer) == offer_of(seller, offer) == offer


def test_each_side_has_a_list_and_a_stranger_sees_nothing(market, buyer, seller, stranger):
    first, second = market.offered(), market.offered(title='Another')
    for person, role in ((buyer, 'buyer'), (seller, 'seller')):
        page = ok(person.get('/offers', role=role, limit=1))
        assert [one['id'] for one in page['items']] == [second['id']]
        rest = ok(person.get('/offers', role=role, limit=1, cursor=page['next_cursor']))
        assert [(one['id'], one['state'], one['price_minor']) for one in rest['items']] == [(first['id'], 'open', PRICE)]
    assert ok(seller.get('/offers'))['items'] == [], 'nobody has offered the seller anything'
    assert ok(stranger.get('/offers'))['items'] == []
    assert ok(buyer.get('/orders'))['items'] == ok(seller.get('/orders', role='seller'))['items'] == []
    assert stranger.get(f'/offers/{first["id"]}').status == 404


def test_accepting_it_places_an_order_that_lives_as_any_other(market, buyer, seller, clock):
    offer = market.offered()
    order = ok(buyer.post(f'/offers/{offer["id"]}/accept'), 201)
    assert (order['state'], order['source_kind'], order['source_id']) == ('pending_payment', 'offer', offer['id'])
    same = ('buyer_lines', 'seller_lines', 'policy_version', 'delivery_days', 'revisions', 'requirements', 'description')
    assert [order[name] for name in same] == [offer[name] for name in same]
    assert (offer_of(seller, offer)['state'], offer_of(seller, offer)['order_id']) == ('accepted', order['id'])
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS))
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    clock.shift(14 * DAY + 1)
    assert run_timers() == ['release_payment'], 'no timer of the offer is left'
    assert balances() == {f'seller.available:{seller.id}': NET}
    audit()


def test_an_offer_keeps_the_rates_that_both_have_seen(market, buyer):
    offer = market.offered(currency='IDR', price_minor=7_777_700)
    ok(buyer.patch('/me', {'country': 'ID'}))
    order = ok(buyer.post(f'/offers/{offer["id"]}/accept'), 201)
    assert order['buyer_total_minor'] == offer['buyer_total_minor'] == 7_777_700 + 427_800
    assert market.offered(currency='IDR', price_minor=7_777_700)['buyer_total_minor'] == 7_777_700 + 427_800 + 47_100


def test_an_offer_about_a_gig_has_its_category(market, seller, buyer):
    gig = market.gig()
    offer = market.offered(gig_id=gig['id'], category=None)
    assert (offer['gig_id'], offer['category']) == (gig['id'], gig['category'])
    ok(seller.post(f'/gigs/{gig["id"]}/pause'))
    assert ok(buyer.post(f'/offers/{offer["id"]}/accept'), 201)['gig_id'] == gig['id'], 'it is an offer of its own'


def test_it_expires_when_nobody_answers(market, buyer, clock):
    offer = market.offered(expires_in_days=30)
    clock.shift(30 * DAY - 1)
    assert run_timers() == []
    clock.shift(2)
    refused = buyer.post(f'/offers/{offer["id"]}/accept')
    assert refused.problem == 'conflict', 'its time is over, whether a timer has said so or not'
    assert run_timers() == ['expire_offer']
    assert offer_of(buyer, offer)['state'] == 'expired'
    assert ok(buyer.get('/orders'))['items'] == []


@pytest.mark.parametrize('action', ACTIONS)
def test_its_timer_does_nothing_once_it_has_ended(market, buyer, seller, clock, action):
    offer = market.offered()
    row = next(row for row in resources.rows('market') if row.get('row') == 'offer')
    who, status, state = ACTIONS[action]
    ok({'buyer': buyer, 'seller': seller}[who].post(f'/offers/{offer["id"]}/{action}'), status)
    clock.shift(8 * DAY)
    before = resources.snapshot()
    assert deliver('advance_orders', {'v': 1, 'action': 'expire_offer', 'pk': row['pk'], 'sk': row['sk']}) == []
    assert resources.snapshot() == before
    assert offer_of(buyer, offer)['state'] == state


@pytest.mark.parametrize(
    ('changes', 'pointer'),
    [
        ({'price_minor': 499}, '#/price_minor'),
        ({'price_minor': 2_000_001}, '#/price_minor'),
        ({'currency': 'IDR', 'price_minor': 5_000_050}, '#/price_minor'),
        ({'buyer_id': 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, '#/buyer_id'),
        ({'gig_id': 'gig_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'category': None}, '#/gig_id'),
        ({'gig_id': 'gig_01ARZ3NDEKTSV4RRFFQ69G5FAV'}, '#/category'),
        ({'category': None}, '#/category'),
        ({'category': 'graphics-design'}, '#/category'),
        ({'expires_in_days': 31}, '#/expires_in_days'),
        ({'expires_in_days': 0}, '#/expires_in_days'),
        ({'delivery_days': 0}, '#/delivery_days'),
        ({'revisions': -1}, '#/revisions'),
        ({'title': ''}, '#/title'),
        ({'requirements': OFFER['requirements'] * 2}, '#/requirements/1/id'),
    ],
)
def test_an_offer_that_is_not_valid_says_where_and_leaves_nothing(market, seller, buyer, changes, pointer):
    sent = {**OFFER, 'buyer_id': buyer.id, **changes}
    ok(seller.get('/me'))
    before = resources.snapshot()
    answer = seller.post('/offers', sent)
    assert (answer.status, answer.pointers) == (422, [pointer]), answer
    assert resources.snapshot() == before


def test_only_an_active_gig_of_ones_own_is_offered(market, seller, stranger, buyer):
    paused = market.gig()
    ok(seller.post(f'/gigs/{paused["id"]}/pause'))
    for person, gig in ((seller, paused), (stranger, market.gig())):
        answer = person.post('/offers', {**OFFER, 'buyer_id': buyer.id, 'gig_id': gig['id'], 'category': None})
        assert (answer.status, answer.pointers) == (422, ['#/gig_id'])


def test_nobody_offers_themselves_anything(seller):
    assert seller.post('/offers', {**OFFER, 'buyer_id': seller.id}).problem == 'forbidden'


@pytest.fixture(scope='module')
def saved(aws):
    """The tables with one offer in each state, built once."""
    made = {}
    for state in STATES:
        resources.clear()
        users.identify.cache_clear()
        market = Market(Person('buyer'), Person('seller'))
        with time_machine.travel(NOON, tick=False) as clock:
            offer = market.offered()
            for action, (who, status, target) in ACTIONS.items():
                if state == target:
                    ok(getattr(market, who).post(f'/offers/{offer["id"]}/{action}'), status)
            if state == 'expired':
                clock.shift(7 * DAY + 1)
                run_timers()
            assert offer_of(market.buyer, offer)['state'] == state
        made[state] = (resources.save(), offer['id'])
    return made


@pytest.mark.parametrize('role', ROLES)
@pytest.mark.parametrize('action', ACTIONS)
@pytest.mark.parametrize('state', STATES)
def test_every_state_action_and_role(saved, state, action, role):
    tables, offer_id = saved[state]
    resources.restore(tables)
    users.identify.cache_clear()
    who, status, target = ACTIONS[action]
    with time_machine.travel(NOON, tick=False):
        caller = Nobody() if role == 'nobody' else Person(role, *({role} & {'support', 'admin'}))
        if role != 'nobody':
            ok(caller.get('/me'))
        before = resources.snapshot()
        answer = caller.post(f'/offers/{offer_id}/{action}')
        after = resources.snapshot()
    if (state, role) != ('open', who):
        refused = {'nobody': 401, 'stranger': 404}.get(role, 409 if role == who else 403)
        assert answer.status == refused, answer
        assert answer.headers['content-type'] == 'application/problem+json'
        assert after == before
        return
    assert answer.status == status, answer
    old, new = ({(row['pk'], row['sk']): row for rows in tables.values() for row in rows} for tables in (before, after))
    offer = new[f'OFFER#{offer_id}', 'OFFER']
    assert (offer['state'], offer['version']) == (target, 2)
    assert 'due_at' not in offer
    touched = sorted(row['row'] for key, row in new.items() if old.get(key) != row)
    assert touched == (['answer', 'event', 'offer', 'order', 'quote'] if action == 'accept' else ['answer', 'offer'])


@pytest.mark.parametrize('state', STATES)
def test_a_timer_that_is_not_due_changes_nothing(saved, state):
    tables, offer_id = saved[state]
    resources.restore(tables)
    before = resources.snapshot()
    with time_machine.travel(NOON, tick=False):
        assert deliver('advance_orders', {'v': 1, 'action': 'expire_offer', 'pk': f'OFFER#{offer_id}', 'sk': 'OFFER'}) == []
    assert resources.snapshot() == before
