import copy

import pytest

from chalicelib import db, policy, settings
from chalicelib.payouts import store as payouts
from chalicelib.payouts.store import Payout
from tests.support.api import Person, deliver, sweep
from tests.support.audit import audit
from tests.support.board import DAY, HOUR, JOB, PROPOSAL, names, path
from tests.support.market import ok, run_timers
from tests.support.resources import drain, rows


def sellers(count):
    return [Person(f'seller{n}') for n in range(count)]


def mine(person):
    return {one['id']: one['state'] for one in ok(person.get('/me/proposals'))['items']}


def refused(person, job, **changes):
    answer = person.post(f'{path(job)}/proposals', copy.deepcopy(PROPOSAL) | changes)
    assert not [row for row in rows(settings.MARKET_TABLE) if row.get('row') == 'proposal' and row['seller_id'] == person.id]
    return answer


def test_a_proposal_says_what_the_seller_would_do_and_for_how_much(board, buyer, seller):
    job = board.job()
    proposal = board.proposal(job)
    assert {name: proposal[name] for name in PROPOSAL} == PROPOSAL
    assert (proposal['state'], proposal['edition'], proposal['title'], proposal['currency']) == (
        'submitted',
        1,
        JOB['title'],
        'USD',
    )
    assert board.seen(proposal) == proposal == ok(seller.get(path(proposal)))
    assert mine(seller) == {proposal['id']: 'submitted'}
    assert board.seen(job)['proposals'] == 1
    assert names(buyer, proposal) == names(seller, proposal) == ['ProposalPlaced']


def test_proposals_are_sealed(board, buyer, support, nobody):
    job = board.job()
    first, second = sellers(2)
    one, two = board.proposal(job, first), board.proposal(job, second, price_minor=25_000)
    for outsider in (second, Person('stranger')):
        assert outsider.get(path(one)).status == 404
        assert outsider.get(f'{path(one)}/events').status == 404
        assert outsider.get(f'{path(job)}/proposals').status == 404
    assert nobody.get(path(one)).status == nobody.get(f'{path(job)}/proposals').status == 401
    assert (mine(first), mine(second)) == ({one['id']: 'submitted'}, {two['id']: 'submitted'})
    for reader in (buyer, support):
        assert [seen['id'] for seen in ok(reader.get(f'{path(job)}/proposals'))['items']] == [two['id'], one['id']]
        assert ok(reader.get(path(one)))['price_minor'] == 30_000
    assert not [name for name in names(first, job) if name.startswith('Proposal')]
    assert 'price_minor' not in str(ok(first.get(f'{path(job)}/events')))


def test_proposals_come_in_pages(board, buyer, clock):
    job = board.job()
    made = []
    for seller in sellers(5):
        clock.shift(1)
        made.append(board.proposal(job, seller)['id'])
    first = ok(buyer.get(f'{path(job)}/proposals', limit=2))
    second = ok(buyer.get(f'{path(job)}/proposals', limit=5, cursor=first['next_cursor']))
    assert [one['id'] for one in first['items'] + second['items']] == made[::-1]
    assert second['next_cursor'] is None


def test_a_seller_places_one_proposal_at_a_job_for_good(board, seller):
    proposal = board.proposal(board.job())
    again = seller.post(f'/jobs/{proposal["job_id"]}/proposals', PROPOSAL)
    assert (again.problem, proposal['id'] in str(again)) == ('conflict', True)
    ok(seller.post(f'{path(proposal)}/withdraw'))
    assert seller.post(f'/jobs/{proposal["job_id"]}/proposals', PROPOSAL).problem == 'conflict'


def test_a_job_that_becomes_invite_only_takes_no_proposal_of_who_was_not_invited(board, buyer, seller, meanwhile):
    job = board.job()
    assert seller.id
    meanwhile(lambda: ok(buyer.patch(path(job), {'visibility': 'invite_only'})))
    assert refused(seller, job).problem == 'not-found'


def test_many_propose_at_once_and_all_are_counted(board, meanwhile):
    job = board.job()
    first, second = sellers(2)
    assert second.id
    meanwhile(lambda: board.proposal(job, first))
    board.proposal(job, second)
    assert board.seen(job)['proposals'] == 2


def test_nobody_proposes_to_do_their_own_job(board, buyer):
    assert refused(buyer, board.job()).problem == 'forbidden'


@pytest.mark.parametrize(
    ('change', 'pointer'),
    [
        ({'price_minor': 499}, '#/price_minor'),
        ({'price_minor': 2_000_001}, '#/price_minor'),
        ({'price_minor': 10.5}, '#/price_minor'),
        ({'delivery_days': 0}, '#/delivery_days'),
        ({'revisions': -1}, '#/revisions'),
        ({'cover_letter': ''}, '#/cover_letter'),
        ({'cover_letter': 'x' * 5_001}, '#/cover_letter'),
        ({'answers': []}, '#/answers'),
        ({'answers': [{'question_id': 'more', 'text': 'Nothing'}]}, '#/answers'),
        ({'answers': [*PROPOSAL['answers'], {'question_id': 'price', 'text': 'Low'}]}, '#/answers/1/question_id'),
        ({'answers': PROPOSAL['answers'] * 2}, '#/answers/1/question_id'),
        ({'answers': [{'question_id': 'light', 'text': ''}]}, '#/answers/0/text'),
        ({'attachments': ['fil_01ARZ3NDEKTSV4RRFFQ69G5FAV']}, '#/attachments/0'),
        ({'attachments': [f'fil_01ARZ3NDEKTSV4RRFFQ69G5FA{n}' for n in range(6)]}, '#/attachments'),
        ({'state': 'hired'}, '#/state'),
    ],
)
def test_a_proposal_has_limits(board, seller, change, pointer):
    answer = refused(seller, board.job(), **change)
    assert (answer.status, answer.pointers) == (422, [pointer])


def test_rupiah_are_whole(board, seller):
    job = board.job(currency='IDR', budget={'min_minor': 5_000_000, 'max_minor': 9_000_000})
    assert refused(seller, job, price_minor=5_000_050).pointers == ['#/price_minor']
    assert board.proposal(job, price_minor=5_000_100)['currency'] == 'IDR'


def test_what_may_be_left_out_may_be_answered(board, seller):
    answers = [*PROPOSAL['answers'], {'question_id': 'more', 'text': 'I have a van'}]
    assert board.proposal(answers=answers)['answers'] == answers


def test_a_seller_places_twenty_proposals_a_day(board, seller, clock, monkeypatch):
    fewer = policy.current(settings.STAGE)._replace(proposals_a_day=2)
    monkeypatch.setattr(policy, 'current', lambda _: fewer)
    jobs = [board.job() for _ in range(4)]
    for job in jobs[:2]:
        board.proposal(job)
    answer = seller.post(f'{path(jobs[2])}/proposals', PROPOSAL)
    assert (answer.status, answer.problem) == (429, 'limit-reached')
    assert board.seen(jobs[2])['proposals'] == 0
    board.proposal(jobs[2], Person('another'))
    clock.shift(16 * HOUR - 1)
    assert seller.post(f'{path(jobs[2])}/proposals', PROPOSAL).status == 429, 'it is still today, in UTC'
    clock.shift(1)
    board.proposal(jobs[2])
    assert policy.Policy('any').proposals_a_day == 20
    counted = {row['pk']: row['placed'] for row in rows(settings.MARKET_TABLE) if row['sk'].startswith('PROPOSALS#2026-11-24')}
    assert counted == {f'USER#{seller.id}': 2, f'USER#{Person("another").id}': 1}


def test_what_is_refused_does_not_count(board, seller):
    refused(seller, board.job(), answers=[])
    assert [row for row in rows(settings.MARKET_TABLE) if row['sk'].startswith('PROPOSALS#')] == []


def test_the_buyer_sees_the_files_of_a_proposal_as_long_as_it_has_them(board, buyer, seller, stranger):
    kept, other = board.market.file(seller, 'attachment'), board.market.file(seller, 'attachment')
    proposal = board.proposal(attachments=[kept, other])
    assert [buyer.get(f'/files/{file_id}').status for file_id in (kept, other)] == [200, 200]
    assert stranger.get(f'/files/{kept}').status == 404
    ok(seller.patch(path(proposal), {'attachments': [kept]}))
    assert [buyer.get(f'/files/{file_id}').status for file_id in (kept, other)] == [200, 404]
    assert [item['file_id'] for item in board.seen(proposal)['attachments']] == [kept]
    ok(seller.patch(path(proposal), {'price_minor': 25_000}))
    assert buyer.get(f'/files/{kept}').status == 200
    ok(seller.patch(path(proposal), {'attachments': []}))
    assert buyer.get(f'/files/{kept}').status == 404


def test_the_marks_of_a_buyer_are_not_told_to_the_seller(board, buyer, seller):
    proposal = board.proposal()
    assert ok(buyer.post(f'{path(proposal)}/shortlist'))['mark'] == 'shortlisted'
    assert ok(seller.get(path(proposal)))['mark'] is None
    assert ok(seller.patch(path(proposal), {'price_minor': 29_000}))['mark'] is None
    assert ok(buyer.post(f'{path(proposal)}/hide'))['mark'] == 'hidden'
    (listed,) = ok(buyer.get(f'/jobs/{proposal["job_id"]}/proposals'))['items']
    assert listed['mark'] == 'hidden'
    assert ok(buyer.post(f'{path(proposal)}/unmark'))['mark'] is None
    assert names(seller, proposal) == ['ProposalPlaced', 'ProposalEdited']


def test_a_seller_is_told_why_a_proposal_was_declined(board, buyer, seller):
    proposal = board.proposal()
    ok(buyer.post(f'{path(proposal)}/decline', {'reason': 'Too late for us'}))
    assert ok(seller.get(path(proposal)))['ended_because'] == 'Too late for us'
    assert names(seller, proposal)[-1] == 'ProposalDeclined'


def test_the_buyer_awards_what_they_have_read(board, buyer, seller):
    proposal = board.proposal()
    edited = ok(seller.patch(path(proposal), {'price_minor': 40_000}))
    assert edited['edition'] == 2
    stale = buyer.post(f'{path(proposal)}/award', {'edition': 1})
    assert (stale.status, stale.pointers) == (422, ['#/edition'])
    awarded = ok(buyer.post(f'{path(proposal)}/award', {'edition': 2}))
    assert (awarded['state'], awarded['price_minor']) == ('awarded', 40_000)
    assert seller.patch(path(proposal), {'price_minor': 50_000}).problem == 'conflict'


def test_accepting_an_award_places_an_order_on_the_terms_of_the_proposal(board, buyer, seller, clock):
    job = board.job()
    proposal = board.hired(job)
    order = board.market.order(proposal['order_id'])
    assert (order['state'], order['source_kind'], order['source_id']) == ('pending_payment', 'proposal', proposal['id'])
    assert (order['buyer_id'], order['seller_id'], order['title']) == (buyer.id, seller.id, JOB['title'])
    assert (order['delivery_days'], order['revisions'], order['currency']) == (10, 1, 'USD')
    assert (order['buyer_total_minor'], order['seller_net_minor']) == (31_650, 24_000)
    closed = board.seen(job)
    assert (closed['state'], closed['close_result'], closed['hired']) == ('closed', 'hired', 1)
    assert names(seller, proposal) == names(buyer, proposal) == ['ProposalPlaced', 'ProposalAwarded', 'AwardAccepted']
    assert names(seller, job)[-1] == 'JobClosed'
    ok(buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'}), 201)
    assert board.market.order(order['id'])['state'] == 'in_progress'
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here'}), 201)
    ok(buyer.post(f'/orders/{order["id"]}/accept'))
    clock.shift(14 * DAY + 1)
    assert 'release_payment' in run_timers()
    audit()


def test_what_both_sides_pay_and_get_is_frozen_with_the_award(board, buyer, seller, monkeypatch):
    ok(buyer.patch('/me', {'country': 'ID'}))
    proposal = board.proposal()
    assert (proposal['buyer_total_minor'], proposal['seller_net_minor']) == (None, None)
    awarded = ok(buyer.post(f'{path(proposal)}/award', {'edition': 1}))
    tax = round(1_650 * 0.11)
    assert (awarded['buyer_total_minor'], awarded['seller_net_minor']) == (31_650 + tax, 24_000)
    ok(buyer.patch('/me', {'country': 'US'}))
    dearer = policy.current(settings.STAGE)._replace(version='2026-12', commission_bps=9_000)
    monkeypatch.setattr(policy, 'current', lambda _: dearer)
    order_id = ok(seller.post(f'{path(proposal)}/award/accept'))['order_id']
    order = board.market.order(order_id)
    assert (order['buyer_total_minor'], order['seller_net_minor']) == (31_650 + tax, 24_000)
    assert order['policy_version'] == '2026-11'


def test_an_award_that_is_revoked_is_frozen_anew_when_it_is_made_again(board, buyer):
    proposal = board.awarded()
    assert ok(buyer.post(f'{path(proposal)}/award/revoke'))['seller_net_minor'] is None
    assert ok(buyer.post(f'{path(proposal)}/award', {'edition': 1}))['seller_net_minor'] == 24_000


def test_an_award_lasts_thirty_six_hours(board, buyer, seller, clock):
    proposal = board.awarded()
    assert proposal['answer_until'] == '2026-11-25T20:00:00Z'
    clock.shift(36 * HOUR - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['lapse_award']
    revoked = ok(seller.get(path(proposal)))
    assert (revoked['state'], revoked['answer_until']) == ('revoked', None)
    assert seller.post(f'{path(proposal)}/award/accept').problem == 'conflict'
    assert names(seller, proposal)[-1] == 'AwardRevoked'
    assert ok(buyer.post(f'{path(proposal)}/award', {'edition': 1}))['state'] == 'awarded'
    assert ok(seller.post(f'{path(proposal)}/award/accept'))['state'] == 'hired'


def test_an_award_that_was_accepted_after_it_was_swept_stays_accepted(board, seller, clock):
    proposal = board.awarded()
    clock.shift(36 * HOUR + 1)
    assert sweep() == 1
    ok(seller.post(f'{path(proposal)}/award/accept'))
    assert deliver('advance_orders', *drain('orders')) == []
    assert board.seen(proposal)['state'] == 'hired'
    audit()


def test_an_award_that_was_made_again_after_it_was_swept_has_its_own_time(board, buyer, clock):
    proposal = board.awarded()
    clock.shift(36 * HOUR + 1)
    assert sweep() == 1
    ok(buyer.post(f'{path(proposal)}/award/revoke'))
    ok(buyer.post(f'{path(proposal)}/award', {'edition': 1}))
    assert deliver('advance_orders', *drain('orders')) == []
    assert board.seen(proposal)['state'] == 'awarded'


def test_several_are_hired_and_no_more_than_are_wanted(board, buyer):
    job = board.job(hires=2)
    people = sellers(3)
    proposals = [board.proposal(job, seller) for seller in people]
    for proposal in proposals[:2]:
        ok(buyer.post(f'{path(proposal)}/award', {'edition': 1}))
    third = buyer.post(f'{path(proposals[2])}/award', {'edition': 1})
    assert third.problem == 'conflict'
    ok(people[0].post(f'{path(proposals[0])}/award/accept'))
    assert (board.seen(job)['state'], board.seen(job)['hired']) == ('open', 1)
    ok(people[1].post(f'{path(proposals[1])}/award/turn-down'))
    ok(buyer.post(f'{path(proposals[2])}/award', {'edition': 1}))
    ok(people[2].post(f'{path(proposals[2])}/award/accept'))
    closed = board.seen(job)
    assert (closed['state'], closed['close_result'], closed['hired']) == ('closed', 'hired', 2)
    assert len(ok(buyer.get('/orders'))['items']) == 2
    assert [board.seen(proposal)['state'] for proposal in proposals] == ['hired', 'turned_down', 'hired']


def test_what_waits_is_archived_when_its_job_is_closed(board, buyer, seller, clock):
    job = board.job(hires=2)
    waiting, awarded = board.proposal(job), board.awarded(job, Person('another'))
    ok(buyer.post(f'{path(job)}/close', {}))
    assert mine(seller) == {waiting['id']: 'archived'}
    assert {one['id']: one['state'] for one in ok(buyer.get(f'{path(job)}/proposals'))['items']} == {
        waiting['id']: 'archived',
        awarded['id']: 'archived',
    }
    assert Person('another').post(f'{path(awarded)}/award/accept').problem == 'conflict'
    assert seller.post(f'{path(waiting)}/withdraw').problem == 'conflict'
    clock.shift(37 * HOUR)
    assert run_timers() == ['lapse_award']
    assert (board.seen(job)['close_result'], board.seen(awarded)['state']) == ('cancelled', 'archived')
    assert ok(buyer.get('/orders'))['items'] == []


def test_removed_by_support_nobody_is_hired_any_more(board, seller, support):
    proposal = board.awarded()
    ok(support.post(f'/jobs/{proposal["job_id"]}/remove', {'reason': 'Not allowed here'}))
    assert seller.post(f'{path(proposal)}/award/accept').problem == 'conflict'
    assert ok(seller.get(f'/jobs/{proposal["job_id"]}'))['closed_because'] == 'Not allowed here'


def paid_out(person, destination, provider='xendit'):
    """A payout that somebody has asked for."""
    payout = Payout(
        *payouts.key(person.id, 'pyo_01ARZ3NDEKTSV4RRFFQ69G5FAV'),
        id='pyo_01ARZ3NDEKTSV4RRFFQ69G5FAV',
        seller_id=person.id,
        provider=provider,
        destination=destination,
        currency='IDR',
        amount_minor=5_000_000,
        fee_minor=0,
        state='paid',
        requested_at=0,
    )
    db.atomically(lambda tx: tx.put(payout, otherwise=AssertionError()))


@pytest.mark.parametrize(
    ('of_buyer', 'of_seller', 'status'),
    [
        (('BCA:1', 'xendit'), ('BCA:1', 'xendit'), 403),
        (('BCA:1', 'xendit'), ('BCA:2', 'xendit'), 200),
        (('sandbox_bank_ok', 'sandbox'), ('sandbox_bank_ok', 'sandbox'), 200),
    ],
)
def test_nobody_hires_who_is_paid_into_the_same_account(board, of_buyer, of_seller, status):
    buyer, seller = board.buyer, board.seller
    proposal = board.proposal()
    paid_out(buyer, *of_buyer)
    paid_out(seller, *of_seller)
    answer = buyer.post(f'{path(proposal)}/award', {'edition': 1})
    assert answer.status == status
    assert board.seen(proposal)['state'] == ('awarded' if status == 200 else 'submitted')
