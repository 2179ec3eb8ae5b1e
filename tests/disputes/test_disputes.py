import json

import pytest

from chalicelib.disputes import lifecycle
from chalicelib.disputes.lifecycle import Side, Stage
from chalicelib.disputes.store import Dispute
from tests.support.api import Person, deliver
from tests.support.audit import audit
from tests.support.market import (
    CLAIM,
    CONTEST,
    DAY,
    FEE,
    NET,
    PRICE,
    TOTAL,
    ok,
    run_timers,
)


@pytest.fixture
def other(buyer, seller):
    return {'buyer': seller, 'seller': buyer}


def usd(person):
    return next(balance for balance in ok(person.get('/me/balance'))['balances'] if balance['currency'] == 'USD')


def seen(person, path):
    order_path, _, dispute_id = path.rpartition('/')
    return next(dispute for dispute in ok(person.get(order_path))['items'] if dispute['id'] == dispute_id)


def test_a_dispute_stops_the_clock_and_says_so(market, buyer, seller, clock):
    order = market.delivered()
    dispute, path = market.disputed(order)
    assert (dispute['stage'], dispute['opened_by'], dispute['claim_minor'], dispute['most_minor']) == (
        'responding',
        'buyer',
        5_000,
        TOTAL,
    )
    assert (dispute['deadline'], dispute['default']) == ('2026-11-29T08:00:00Z', 'the_claim_is_granted')
    frozen = market.order(order['id'])
    assert (frozen['state'], frozen['frozen_by'], frozen['next_step']) == ('delivered', 'dispute', None)
    assert [(p['reason'], p['amount_minor'], p['rule'], p['release_at']) for p in usd(seller)['pending']] == [
        ('dispute', NET, 'dispute_open', None)
    ]
    for who, noun, body in (
        (buyer, 'accept', None),
        (buyer, 'revisions', {'reason': 'Bigger'}),
        (seller, 'cancel', {'reason': 'No'}),
        (seller, 'refunds', {'amount_minor': 1_000, 'reason': 'No'}),
        (buyer, 'disputes', CLAIM),
    ):
        assert who.post(f'/orders/{order["id"]}/{noun}', body).problem == 'order-state'
    clock.shift(4 * DAY)
    assert run_timers() == [], 'neither the order nor the dispute is due'
    assert seen(seller, path)['evidence'][0]['text'] == CLAIM['text']
    audit()


def test_what_was_withdrawn_goes_on_where_it_stopped(market, buyer, seller, clock):
    order = market.completed()
    clock.shift(10 * DAY)
    _, path = market.disputed(order)
    clock.shift(3 * DAY)
    assert seller.post(f'{path}/withdraw').problem == 'forbidden'
    assert ok(buyer.post(f'{path}/withdraw'))['outcome'] == 'withdrawn'
    assert market.order(order['id'])['release_at'] == '2026-12-11T08:00:00Z', 'four days were left'
    clock.shift(4 * DAY + 1)
    assert run_timers() == ['release_payment']
    assert usd(seller)['available_minor'] == NET
    audit()


def test_a_seller_gets_back_the_time_that_a_dispute_took(market, buyer, clock):
    order = market.started()
    _, path = market.disputed(order)
    clock.shift(4 * DAY + DAY // 2)
    frozen = market.order(order['id'])
    assert (frozen['is_late'], frozen['is_very_late']) == (False, False), 'its clock does not run'
    clock.shift(-DAY // 2)
    ok(buyer.post(f'{path}/withdraw'))
    assert order['delivery_due_at'] == '2026-11-27T08:00:00Z'
    assert market.order(order['id'])['delivery_due_at'] == '2026-12-01T08:00:00Z'
    assert market.order(order['id'])['is_late'] is False


@pytest.mark.parametrize('prepare', ['paid', 'started', 'delivered', 'revised', 'completed'])
def test_silence_grants_the_claim(market, seller, clock, prepare):
    order = getattr(market, prepare)()
    market.disputed(order)
    clock.shift(5 * DAY + 1)
    assert run_timers()[0] == 'advance_dispute'
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['refunded_minor']) == ('completed', 'clearing', 5_000)
    assert order['frozen_by'] is None
    run_timers()
    audit()
    clock.shift(15 * DAY)
    run_timers()
    assert market.order(order['id'])['funds'] == 'released'
    audit()


def test_a_claim_that_is_accepted_is_paid_at_once(market, seller, buyer):
    order = market.delivered()
    _, path = market.disputed(order)
    assert buyer.post(f'{path}/response', {'accepts': True}).problem == 'forbidden'
    dispute = ok(seller.post(f'{path}/response', {'accepts': True}))
    assert (dispute['outcome'], dispute['refund_minor'], dispute['stage']) == ('accepted', 5_000, 'closed')
    assert run_timers() == ['send_refund']
    audit()


def test_who_contests_has_to_say_why(market, seller):
    _, path = market.disputed(market.delivered())
    answer = seller.post(f'{path}/response', {'accepts': False})
    assert (answer.status, 'Say why' in str(answer)) == (422, True)


def test_the_sides_agree_on_a_split(market, seller, buyer):
    order = market.delivered()
    dispute, path = market.contested(order)
    assert (dispute['stage'], dispute['default']) == ('proposing', 'support_rules')
    assert buyer.post(f'{path}/proposals/accept', {'refund_minor': 2_000}).problem == 'conflict'
    ok(seller.post(f'{path}/proposals', {'refund_minor': 1_000, 'message': 'A tenth'}), 201)
    ok(seller.post(f'{path}/proposals', {'refund_minor': 2_000, 'message': 'A fifth'}), 201)
    assert seller.post(f'{path}/proposals/accept', {'refund_minor': 2_000}).problem == 'conflict', 'nobody accepts their own'
    stale = buyer.post(f'{path}/proposals/accept', {'refund_minor': 1_000})
    assert (stale.status, stale.pointers) == (422, ['#/refund_minor'])
    assert ok(buyer.post(f'{path}/proposals/accept', {'refund_minor': 2_000}))['outcome'] == 'agreed'
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['refunded_minor']) == ('completed', 'clearing', 2_000)
    left = PRICE - round(PRICE * 2_000 / TOTAL)
    assert usd(seller)['pending_minor'] == left - round(left * 0.2)
    run_timers()
    audit()


def test_support_rules_with_its_reasons(market, seller, buyer, support):
    order = market.delivered()
    _, path = market.contested(order)
    ruling = {'refund_minor': 4_000, 'reasoning': 'One format of three is missing', 'fault': 'seller'}
    assert support.post(f'{path}/ruling', ruling).problem == 'conflict', 'nobody has asked for it yet'
    ok(buyer.post(f'{path}/escalate'))
    waiting = ok(support.get('/admin/disputes'))['items']
    assert [(one['stage'], one['default']) for one in waiting] == [('ruling', 'the_middle_is_taken')]
    assert buyer.post(f'{path}/ruling', ruling).problem == 'forbidden'
    dispute = ok(support.post(f'{path}/ruling', ruling))
    assert (dispute['outcome'], dispute['reasoning'], dispute['fault']) == ('ruled', ruling['reasoning'], 'seller')
    assert ok(support.get('/admin/disputes'))['items'] == []
    assert seen(seller, path) == seen(buyer, path) == dispute
    assert run_timers() == ['send_refund']
    audit()


@pytest.mark.parametrize(
    ('refund', 'state', 'funds'),
    [(TOTAL, 'cancelled', 'refunding'), (0, 'completed', 'clearing'), (1, 'completed', 'clearing')],
)
def test_a_ruling_ends_the_order_one_way_or_the_other(market, support, refund, state, funds):
    buyer, seller = market.buyer, market.seller
    order = market.delivered()
    _, path = market.contested(order)
    ok(seller.post(f'{path}/escalate'))
    ok(support.post(f'{path}/ruling', {'refund_minor': refund, 'reasoning': 'So', 'fault': 'seller'}))
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['refunded_minor']) == (state, funds, refund)
    faults = ok(seller.get('/me'))['seller_faults'], ok(buyer.get('/me'))['buyer_faults']
    assert faults == ((1, 0) if state == 'cancelled' else (0, 0)), 'only the record of whose fault it was changes'
    run_timers()
    audit()


def test_in_clearing_all_of_the_price_may_go_back(market, buyer, seller, support):
    order = market.completed()
    _, path = market.contested(order, refund_minor=PRICE)
    ok(buyer.post(f'{path}/escalate'))
    ok(support.post(f'{path}/ruling', {'refund_minor': PRICE, 'reasoning': 'Nothing was delivered', 'fault': 'seller'}))
    run_timers()
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['next_step']) == ('completed', 'refunded', None)
    assert usd(seller)['pending'] == []
    audit()


@pytest.mark.parametrize(
    ('proposed', 'middle'),
    [({}, 2_500), ({'seller': 1_000}, 3_000), ({'seller': 1_001, 'buyer': 4_000}, 2_500), ({'seller': 5_000}, 5_000)],
)
def test_if_nobody_rules_the_sides_meet_in_the_middle(market, clock, proposed, middle):
    buyer, seller = market.buyer, market.seller
    order = market.delivered()
    _, path = market.contested(order)
    for who, minor in proposed.items():
        person = {'buyer': buyer, 'seller': seller}[who]
        ok(person.post(f'{path}/proposals', {'refund_minor': minor, 'message': 'So'}), 201)
    clock.shift(5 * DAY + 1)
    assert run_timers() == ['advance_dispute']
    assert seen(buyer, path)['stage'] == 'ruling'
    clock.shift(5 * DAY + 1)
    assert 'advance_dispute' in run_timers()
    dispute = seen(buyer, path)
    assert (dispute['outcome'], dispute['refund_minor']) == ('by_default', middle)
    audit()


@pytest.mark.parametrize('letter', ['x', '"', '\N{CAT FACE}'])
def test_a_list_of_large_disputes_comes_in_pages_that_lambda_can_answer(market, support, letter):
    order = market.delivered()
    dispute, _ = market.disputed(order)
    row = Dispute.get(f'ORDER#{order["id"]}', f'DISPUTE#{dispute["id"]}')
    for number in range(40):
        row.id = dispute['id'][:-3] + f'U{number:02d}'  # no ULID has a U: none of them is the first one's
        row.pk, row.listed_at = f'ORDER#{number}', f'{row.opened_at:015d}#{row.id}'
        row.evidence = [{'by': 'buyer', 'text': letter * 2_000, 'file_ids': [], 'at': row.opened_at}] * 40
        row.save()
    found, pages, cursor = [], 0, None
    while cursor or not pages:
        answer = support.get('/admin/disputes?limit=100' + (f'&cursor={cursor}' if cursor else ''))
        page = ok(answer)
        assert page['items'] and len(json.dumps(json.dumps(page))) < 6_000_000
        found += [one['id'] for one in page['items']]
        cursor, pages = page['next_cursor'], pages + 1
    assert (len(found), len(set(found))) == (41, 41)
    assert 3 < pages < 41


def test_a_seller_may_open_one_as_well(market, buyer, seller, clock):
    order = market.delivered()
    path = f'/orders/{order["id"]}/disputes'
    claim = {'reason': 'buyer_unresponsive', 'refund_minor': 0, 'text': 'No answer for two weeks'}
    dispute = ok(seller.post(path, claim), 201)
    assert seller.post(f'{path}/{dispute["id"]}/response', {'accepts': True}).problem == 'forbidden'
    ok(buyer.post(f'{path}/{dispute["id"]}/response', CONTEST))
    clock.shift(5 * DAY + 1)
    run_timers()
    clock.shift(5 * DAY + 1)
    run_timers()
    settled = seen(buyer, f'{path}/{dispute["id"]}')
    assert settled['refund_minor'] == TOTAL // 2, 'a buyer who says no number wants all of it'
    audit()


def test_evidence_is_for_both_sides_and_for_support(market, buyer, seller, stranger, support):
    order = market.delivered()
    _, path = market.disputed(order)
    file_id = market.file(seller, 'evidence', 'application/pdf')
    assert buyer.get(f'/files/{file_id}').status == 404
    dispute = ok(seller.post(f'{path}/evidence', {'text': 'See the archive', 'file_ids': [file_id]}), 201)
    assert [(one['by'], one['file_ids']) for one in dispute['evidence']] == [('buyer', []), ('seller', [file_id])]
    for person, status in ((buyer, 200), (seller, 200), (support, 200), (stranger, 404)):
        assert person.get(f'/files/{file_id}').status == status
    theirs = buyer.post(f'{path}/evidence', {'text': 'Mine', 'file_ids': [file_id]})
    assert (theirs.status, theirs.pointers) == (409, ['#/file_ids/0'])
    for person in (stranger, Person('someone')):
        assert person.post(f'{path}/evidence', {'text': 'Me too'}).status == 404


def test_there_is_an_end_to_words(market, buyer, seller):
    _, path = market.contested(market.delivered())
    for _ in range(9):
        ok(buyer.post(f'{path}/evidence', {'text': '\N{GRINNING FACE}' * 2_000}), 201)
    assert buyer.post(f'{path}/evidence', {'text': 'More'}).problem == 'conflict'
    ok(seller.post(f'{path}/evidence', {'text': 'Mine is one more'}), 201)
    for n in range(20):
        ok(seller.post(f'{path}/proposals', {'refund_minor': n, 'message': '\N{GRINNING FACE}' * 500}), 201)
    assert seller.post(f'{path}/proposals', {'refund_minor': 20, 'message': 'More'}).problem == 'conflict'


@pytest.mark.parametrize('refund', [-1, 0, TOTAL + 1, 10**12, 10**13, 0.5, '5000', None])
def test_only_what_is_there_can_be_disputed(market, buyer, refund):
    order = market.delivered()
    answer = buyer.post(f'/orders/{order["id"]}/disputes', CLAIM | {'refund_minor': refund})
    assert (answer.status, answer.pointers) == (422, ['#/refund_minor'])
    assert market.order(order['id'])['frozen_by'] is None


def test_rupiah_are_split_in_whole_rupiah(market, buyer, seller, clock):
    from tests.support.market import GIG

    package = GIG['packages'][0] | {'price_minor': 7_777_700}
    order = market.delivered(market.gig(currency='IDR', packages=[package], extras=[]))
    path = f'/orders/{order["id"]}/disputes'
    assert buyer.post(path, CLAIM | {'refund_minor': 150}).pointers == ['#/refund_minor']
    _, path = market.contested(order, refund_minor=3_333_300)
    ok(seller.post(f'{path}/proposals', {'refund_minor': 1_000_000, 'message': 'So'}), 201)
    for _ in range(2):
        clock.shift(5 * DAY + 1)
        run_timers()
    assert seen(buyer, path)['refund_minor'] == 2_166_600, 'half-way is Rp 21.666,50'
    audit()


@pytest.mark.parametrize('prepare', ['placed', 'cancelled', 'released'])
def test_what_is_not_paid_or_over_is_not_disputed(market, buyer, clock, prepare):
    order = market.released(clock) if prepare == 'released' else getattr(market, prepare)()
    assert buyer.post(f'/orders/{order["id"]}/disputes', CLAIM).problem == 'order-state'


def test_a_dispute_of_another_order_is_not_found(market, seller):
    _, path = market.disputed(market.delivered())
    other = market.delivered()
    assert seller.post(f'/orders/{other["id"]}/disputes/{path.rpartition("/")[2]}/response', {'accepts': True}).status == 404


def test_a_clock_that_rings_twice_or_too_early_acts_once(market, clock):
    order = market.delivered()
    dispute, _ = market.disputed(order)
    message = {'v': 1, 'action': 'advance_dispute', 'pk': f'ORDER#{order["id"]}', 'sk': f'DISPUTE#{dispute["id"]}'}
    assert deliver('advance_orders', message) == []
    assert market.order(order['id'])['frozen_by'] == 'dispute'
    clock.shift(5 * DAY + 1)
    assert deliver('advance_orders', message, message) == []
    assert len(market.order(order['id'])['refunds']) == 1
    audit()


def test_a_request_for_more_time_is_granted_by_silence_while_a_dispute_is_open(market, seller, clock):
    order = market.started()
    ok(seller.post(f'/orders/{order["id"]}/extensions', {'days': 2, 'reason': 'More'}), 201)
    market.disputed(order)
    clock.shift(2 * DAY + 1)
    assert run_timers() == ['grant_extension']
    order = market.order(order['id'])
    assert (order['frozen_by'], order['next_step'], order['extensions'][0]['state']) == ('dispute', None, 'granted')


@pytest.mark.no_aws
@pytest.mark.parametrize('stage', Stage)
@pytest.mark.parametrize('side', Side)
@pytest.mark.parametrize('action', lifecycle.RULES)
def test_who_may_do_what_at_which_stage(action, side, stage):
    talking = {Stage.PROPOSING, Stage.RULING}
    table = {
        'respond': ({Side.RESPONDENT}, {Stage.RESPONDING}),
        'propose': ({Side.OPENER, Side.RESPONDENT}, {Stage.PROPOSING}),
        'accept_proposal': ({Side.OPENER, Side.RESPONDENT}, talking),
        'add_evidence': ({Side.OPENER, Side.RESPONDENT}, talking | {Stage.RESPONDING}),
        'escalate': ({Side.OPENER, Side.RESPONDENT}, {Stage.PROPOSING}),
        'withdraw': ({Side.OPENER}, {Stage.RESPONDING, Stage.PROPOSING}),
        'rule': ({Side.SUPPORT}, {Stage.RULING}),
    }
    who, stages = table[action]
    try:
        lifecycle.decide(action, side, stage)
    except (lifecycle.Forbidden, lifecycle.Conflict) as refused:
        assert isinstance(refused, lifecycle.Forbidden) is (side not in who)
        assert side not in who or stage not in stages
    else:
        assert side in who
        assert stage in stages


def test_the_fee_goes_back_with_the_price_until_the_work_is_accepted(market, seller):
    order = market.delivered()
    _, path = market.disputed(order, refund_minor=TOTAL)
    ok(seller.post(f'{path}/response', {'accepts': True}))
    run_timers()
    order = market.order(order['id'])
    assert (order['state'], order['funds'], order['refunded_minor']) == ('cancelled', 'refunded', PRICE + FEE)
    audit()


def test_time_that_is_granted_while_an_order_stands_still_counts_when_it_goes_on(market, buyer, seller, clock):
    order = market.started()
    ok(seller.post(f'/orders/{order["id"]}/extensions', {'days': 60, 'reason': 'More'}), 201)
    _, path = market.disputed(order)
    clock.shift(2 * DAY)
    assert run_timers() == ['grant_extension']
    ok(buyer.post(f'{path}/withdraw'))
    order = market.order(order['id'])
    assert (order['delivery_due_at'], order['next_step']) == ('2027-01-28T08:00:00Z', 'time_out_order')
    assert order['next_step_at'] == '2027-02-27T08:00:00Z', 'thirty days after it is due, and not thirty days before'


@pytest.mark.parametrize('end', ['withdrawn', 'agreed', 'ruled'])
def test_nobody_holds_an_order_by_one_dispute_after_another(market, buyer, seller, support, end):
    order = market.completed()
    _, path = market.contested(order)
    if end == 'withdrawn':
        ok(buyer.post(f'{path}/withdraw'))
    elif end == 'agreed':
        ok(seller.post(f'{path}/proposals', {'refund_minor': 1_000, 'message': 'A tenth'}), 201)
        ok(buyer.post(f'{path}/proposals/accept', {'refund_minor': 1_000}))
    else:
        ok(seller.post(f'{path}/escalate'))
        ok(support.post(f'{path}/ruling', {'refund_minor': 0, 'reasoning': 'All is there', 'fault': 'none'}))
    assert buyer.post(f'/orders/{order["id"]}/disputes', CLAIM).problem == 'conflict'
    assert market.order(order['id'])['frozen_by'] is None


def test_once_support_has_to_rule_nobody_takes_it_back_or_says_another_number(market, buyer, seller):
    _, path = market.contested(market.delivered())
    ok(seller.post(f'{path}/escalate'))
    assert buyer.post(f'{path}/withdraw').problem == 'conflict'
    assert buyer.post(f'{path}/proposals', {'refund_minor': 1_000, 'message': 'So'}).problem == 'conflict'


def test_each_side_moves_towards_the_other(market, buyer, seller):
    _, path = market.contested(market.delivered())
    for who, minor, status in (
        (buyer, 5_001, 422),
        (buyer, 4_000, 201),
        (buyer, 4_001, 422),
        (seller, 500, 201),
        (seller, 499, 422),
    ):
        answer = who.post(f'{path}/proposals', {'refund_minor': minor, 'message': 'So'})
        assert answer.status == status, answer
        assert answer.status == 201 or answer.pointers == ['#/refund_minor']


def test_silence_pays_no_seller_who_has_delivered_nothing(market, seller, buyer, clock):
    order = market.started()
    claim = {'reason': 'buyer_unresponsive', 'refund_minor': 0, 'text': 'No answer'}
    ok(seller.post(f'/orders/{order["id"]}/disputes', claim), 201)
    clock.shift(5 * DAY + 1)
    assert run_timers() == ['advance_dispute']
    (dispute,) = ok(buyer.get(f'/orders/{order["id"]}/disputes'))['items']
    assert (dispute['stage'], dispute['default']) == ('ruling', 'the_middle_is_taken')
    assert market.order(order['id'])['frozen_by'] == 'dispute'
