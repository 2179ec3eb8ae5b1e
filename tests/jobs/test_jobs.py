import copy

import pytest

from chalicelib import policy, settings
from chalicelib.jobs import rules
from chalicelib.policy import Policy
from tests.support.api import Person
from tests.support.board import DAY, JOB, PROPOSAL, names, path
from tests.support.market import ok, run_timers
from tests.support.resources import rows


def moderated(monkeypatch, **changes):
    current = policy.current(settings.STAGE)
    monkeypatch.setattr(policy, 'current', lambda _: current._replace(**changes))


def listed(person, **query):
    return [job['id'] for job in ok(person.get('/jobs', **query))['items']]


def test_a_draft_is_its_buyers_until_it_is_published(board, buyer, seller, nobody, support):
    draft = board.draft()
    assert (draft['state'], draft['expires_at'], draft['kind'], draft['visibility'], draft['hires']) == (
        'draft', None, 'fixed', 'public', 1,
    )  # fmt: skip
    assert [person.get(path(draft)).status for person in (nobody, seller, buyer, support)] == [404, 404, 200, 200]
    assert listed(nobody) == []
    opened = ok(buyer.post(f'{path(draft)}/publish'))
    assert opened['state'] == 'open'
    assert ok(nobody.get(path(draft))) == ok(buyer.get(path(draft))) == opened
    assert listed(nobody) == [draft['id']]
    assert names(seller, draft) == ['JobDrafted', 'JobOpened']


def test_an_incomplete_draft_says_all_that_is_missing_when_it_is_published(buyer):
    draft = ok(buyer.post('/jobs', {name: JOB[name] for name in ('title', 'category', 'language', 'currency')}), 201)
    answer = buyer.post(f'{path(draft)}/publish')
    assert (answer.status, answer.pointers) == (422, ['#/description', '#/skills', '#/budget'])


def test_work_by_the_hour_can_be_drafted_and_not_be_published(board, buyer):
    draft = board.draft(kind='hourly')
    answer = buyer.post(f'{path(draft)}/publish')
    assert (answer.status, answer.pointers) == (422, ['#/kind'])
    assert board.seen(draft)['state'] == 'draft'
    ok(buyer.patch(path(draft), {'kind': 'fixed'}))
    assert ok(buyer.post(f'{path(draft)}/publish'))['state'] == 'open'


@pytest.mark.parametrize(
    ('change', 'pointer'),
    [
        ({'kind': 'contest'}, '#/kind'),
        ({'title': 'x' * 81}, '#/title'),
        ({'title': ' '}, '#/title'),
        ({'category': 'graphics-design'}, '#/category'),
        ({'description': 'x' * 5_001}, '#/description'),
        ({'skills': ['a', 'a']}, '#/skills'),
        ({'skills': [str(n) for n in range(16)]}, '#/skills'),
        ({'visibility': 'secret'}, '#/visibility'),
        ({'budget': {'min_minor': 499, 'max_minor': 600}}, '#/budget/min_minor'),
        ({'budget': {'min_minor': 500, 'max_minor': 2_000_001}}, '#/budget/max_minor'),
        ({'budget': {'min_minor': 700, 'max_minor': 600}}, '#/budget/min_minor'),
        ({'budget': {'min_minor': 700}}, '#/budget/max_minor'),
        ({'budget': {'min_minor': 5_000_001, 'max_minor': 6_000_000}, 'currency': 'IDR'}, '#/budget/min_minor'),
        ({'hires': 0}, '#/hires'),
        ({'hires': 21}, '#/hires'),
        ({'questions': [JOB['questions'][0]] * 2}, '#/questions/1/id'),
        ({'questions': [JOB['questions'][0] | {'id': 'Not A Slug'}]}, '#/questions/0/id'),
        ({'questions': [JOB['questions'][0] | {'id': f'a{n}'} for n in range(11)]}, '#/questions'),
        ({'attachments': ['fil_01ARZ3NDEKTSV4RRFFQ69G5FAV']}, '#/attachments/0'),
        ({'attachments': [f'fil_01ARZ3NDEKTSV4RRFFQ69G5FA{n}' for n in '0123456789ABCDEF']}, '#/attachments'),
        ({'state': 'open'}, '#/state'),
    ],
)
def test_a_job_has_limits(buyer, change, pointer):
    answer = buyer.post('/jobs', copy.deepcopy(JOB) | change)
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert [row for row in rows(settings.MARKET_TABLE) if row.get('row') == 'job'] == []


def test_what_proposals_rest_on_stays_once_it_is_published(board, buyer):
    job = board.job()
    changes = {'kind': 'hourly', 'currency': 'IDR', 'category': 'logo-design', 'language': 'id', 'questions': []}
    answer = buyer.patch(path(job), changes)
    assert (answer.status, answer.pointers) == (422, [f'#/{name}' for name in changes])
    edited = ok(buyer.patch(path(job), {'title': 'Photos', 'budget': {'min_minor': 500, 'max_minor': 500}, 'currency': 'USD'}))
    assert (edited['title'], edited['budget'], edited['skills']) == (
        'Photos',
        {'min_minor': 500, 'max_minor': 500},
        JOB['skills'],
    )
    assert names(buyer, job)[-1] == 'JobEdited'


@pytest.mark.parametrize('change', [{'description': 'Short'}, {'skills': []}, {'budget': None}])
def test_an_open_job_is_edited_only_into_one_that_could_be_published(board, buyer, change):
    job = board.job()
    answer = buyer.patch(path(job), change)
    assert (answer.status, answer.pointers) == (422, [f'#/{next(iter(change))}'])
    assert board.seen(job) == job


def test_what_a_seller_is_about_to_agree_to_stays_too(board, buyer):
    job = board.job(hires=2)
    board.awarded(job)
    answer = buyer.patch(path(job), {'title': 'Other', 'description': 'x' * 60, 'hires': 1})
    assert answer.pointers == ['#/title', '#/description']
    assert ok(buyer.patch(path(job), {'hires': 1}))['hires'] == 1


def test_an_open_job_wants_more_than_it_has(board, buyer):
    job = board.job(hires=3)
    board.hired(job)
    assert buyer.patch(path(job), {'hires': 1}).pointers == ['#/hires']
    assert ok(buyer.patch(path(job), {'hires': 2}))['hires'] == 2


def test_jobs_are_listed_newest_first_by_category_by_buyer_and_page_by_page(board, buyer, nobody, seller, clock):
    made = []
    for n in range(5):
        clock.shift(1)
        made.append(board.job(category='logo-design' if n % 2 else 'product-images')['id'])
    newest = made[::-1]
    assert listed(nobody) == newest
    assert listed(nobody, category='logo-design') == [newest[1], newest[3]]
    assert listed(nobody, buyer_id=buyer.id) == newest
    assert listed(nobody, buyer_id=seller.id) == []
    first = ok(nobody.get('/jobs', limit=2))
    second = ok(nobody.get('/jobs', limit=3, cursor=first['next_cursor']))
    assert [job['id'] for job in first['items'] + second['items']] == newest
    assert nobody.get('/jobs', category='nothing').pointers == ['category']
    assert nobody.get('/jobs', category='logo-design', buyer_id=buyer.id).pointers == ['category']
    assert nobody.get('/jobs', cursor='x').pointers == ['cursor']


def test_a_buyer_finds_all_their_jobs_and_nobody_else_those_that_are_not_open(board, buyer, seller):
    draft, opened, invited, closed = board.draft(), board.job(), board.job(visibility='invite_only'), board.job()
    ok(buyer.post(f'{path(closed)}/close', {}))
    mine = {job['id']: job['state'] for job in ok(buyer.get('/me/jobs'))['items']}
    assert mine == {draft['id']: 'draft', opened['id']: 'open', invited['id']: 'open', closed['id']: 'closed'}
    assert listed(seller) == listed(seller, buyer_id=buyer.id) == listed(seller, category=JOB['category']) == [opened['id']]
    assert ok(seller.get('/me/jobs'))['items'] == []


def test_a_gig_is_no_job_and_a_job_no_gig(board, nobody, seller):
    gig, job = board.market.gig(category='product-images'), board.job()
    assert listed(nobody) == listed(nobody, category='product-images') == [job['id']]
    assert [one['id'] for one in ok(nobody.get('/gigs'))['items']] == [gig['id']]
    assert [one['id'] for one in ok(nobody.get('/gigs', category='product-images'))['items']] == [gig['id']]
    assert listed(nobody, buyer_id=seller.id) == []


@pytest.mark.parametrize('mode', ['off', 'all'])
def test_the_policy_says_whether_support_looks_at_a_job_first(board, nobody, support, monkeypatch, mode):
    moderated(monkeypatch, job_moderation=mode)
    published = board.job()
    assert published['state'] == {'off': 'open', 'all': 'in_review'}[mode]
    waiting = [job['id'] for job in ok(support.get('/admin/jobs'))['items']]
    assert (waiting, listed(nobody)) == (([], [published['id']]) if mode == 'off' else ([published['id']], []))


def test_support_approves_a_job_or_removes_it_with_a_reason(board, nobody, support, monkeypatch):
    buyer = board.buyer
    moderated(monkeypatch, job_moderation='all')
    good, bad = board.job(), board.job()
    assert buyer.patch(path(good), {'title': 'Other'}).problem == 'conflict', 'what is looked at does not change meanwhile'
    assert nobody.get(path(good)).status == 404
    assert ok(support.post(f'{path(good)}/approve'))['state'] == 'open'
    assert support.post(f'{path(bad)}/remove', {'reason': ''}).pointers == ['#/reason']
    removed = ok(support.post(f'{path(bad)}/remove', {'reason': 'It asks for free work'}))
    assert (removed['state'], removed['close_result']) == ('closed', 'removed')
    assert board.seen(bad)['closed_because'] == 'It asks for free work'
    assert ok(support.get('/admin/jobs'))['items'] == []
    assert listed(nobody) == [good['id']]
    assert names(buyer, good) == ['JobDrafted', 'JobSentToReview', 'JobOpened']
    assert names(buyer, bad) == ['JobDrafted', 'JobSentToReview', 'JobClosed']


def test_a_sample_is_the_same_whoever_asks_and_as_large_as_the_policy_says():
    sampled = Policy('test', job_moderation='sampled', job_sample_bps=2_500)
    chosen = [rules.needs_review(f'job_{n:026d}', sampled) for n in range(10_000)]
    assert chosen == [rules.needs_review(f'job_{n:026d}', sampled) for n in range(10_000)]
    assert 2_300 < sum(chosen) < 2_700
    assert not any(rules.needs_review(f'job_{n:026d}', sampled._replace(job_sample_bps=0)) for n in range(100))
    assert all(rules.needs_review(f'job_{n:026d}', sampled._replace(job_sample_bps=10_000)) for n in range(100))


def test_files_of_a_job_are_seen_by_whoever_sees_the_job(board, buyer, seller, stranger, nobody):
    file_id, other = board.market.file(buyer, 'attachment'), board.market.file(buyer, 'attachment')
    job = board.job(visibility='invite_only', attachments=[file_id], description=f'x {other} ' + 'x' * 60)
    assert [item['file_id'] for item in job['attachments']] == [file_id]
    link = f'{path(job)}/attachments/{file_id}'
    board.invite(job)
    assert [person.get(link).status for person in (buyer, seller, stranger, nobody)] == [200, 200, 404, 401]
    assert ok(seller.get(link))['download_url']
    assert seller.get(f'{path(job)}/attachments/{other}').status == 404
    assert seller.get(f'/files/{file_id}').status == 404


@pytest.mark.parametrize('purpose', ['gallery', 'requirement'])
def test_a_file_that_was_announced_for_something_else_is_no_attachment(board, buyer, purpose):
    file_id = board.market.file(buyer, purpose, 'image/png')
    assert buyer.post('/jobs', JOB | {'attachments': [file_id]}).pointers == ['#/attachments/0']


def test_somebody_elses_file_is_no_attachment(board, buyer, seller):
    file_id = board.market.file(seller, 'attachment')
    assert buyer.post('/jobs', JOB | {'attachments': [file_id]}).pointers == ['#/attachments/0']


def test_an_attachment_has_ten_megabytes_at_most(buyer):
    promise = {'purpose': 'attachment', 'filename': 'a.png', 'content_type': 'image/png', 'sha256': '0' * 64}
    assert buyer.post('/files', promise | {'size_bytes': 10 * 1024 * 1024}).status == 201
    assert buyer.post('/files', promise | {'size_bytes': 10 * 1024 * 1024 + 1}).pointers == ['#/size_bytes']


def test_a_job_expires_after_thirty_days_in_which_nothing_happens(board, nobody, buyer, clock):
    job = board.job()
    assert job['expires_at'] == '2026-12-24T08:00:00Z'
    clock.shift(30 * DAY - 1)
    assert run_timers() == []
    clock.shift(2)
    assert run_timers() == ['expire_job']
    closed = board.seen(job)
    assert (closed['state'], closed['close_result'], closed['expires_at']) == ('closed', 'expired', None)
    assert names(buyer, job)[-1] == 'JobClosed'
    assert nobody.get(path(job)).status == 404
    assert run_timers() == []


def test_a_job_with_somebody_hired_has_hired_when_it_expires(board, clock):
    job = board.job(hires=2)
    board.hired(job)
    clock.shift(31 * DAY)
    run_timers()
    assert board.seen(job)['close_result'] == 'hired'


ACTIVITIES = {
    'edit': ('buyer', 'PATCH', '{job}', {'title': 'New'}),
    'invite': ('buyer', 'POST', '{job}/invitations', {'message': 'Please'}),
    'decline the invitation': ('invited', 'POST', '{job}/invitations/decline', None),
    'propose': ('invited', 'POST', '{job}/proposals', PROPOSAL),
    'edit a proposal': ('seller', 'PATCH', '{proposal}', {'price_minor': 1_000}),
    'withdraw': ('seller', 'POST', '{proposal}/withdraw', None),
    'shortlist': ('buyer', 'POST', '{proposal}/shortlist', None),
    'decline': ('buyer', 'POST', '{proposal}/decline', {}),
    'award': ('buyer', 'POST', '{proposal}/award', {'edition': 1}),
}


@pytest.mark.parametrize('activity', ACTIVITIES)
def test_whatever_happens_to_a_job_moves_its_expiry(board, clock, activity):
    job = board.job(hires=2)
    proposal = board.proposal(job)
    board.invite(job, Person('invited'))
    who, method, where, body = ACTIVITIES[activity]
    if activity == 'invite':
        body = body | {'seller_id': Person('another').id}
    clock.shift(30 * DAY - 1)
    answer = Person(who).request(method, where.format(job=path(job), proposal=path(proposal)), body)
    assert answer.status < 300, answer
    assert board.seen(job)['expires_at'] == '2027-01-23T07:59:59Z'
    clock.shift(2)
    assert run_timers() == []
    assert board.seen(job)['state'] == 'open'


def test_a_job_that_was_closed_before_its_time_was_over_stays_as_it_was_closed(board, buyer, clock):
    from tests.support.api import deliver, sweep
    from tests.support.resources import drain

    job = board.job()
    clock.shift(31 * DAY)
    assert sweep() == 1
    ok(buyer.post(f'{path(job)}/close', {'reason': 'Changed plans'}))
    assert deliver('advance_orders', *drain('orders')) == []
    closed = board.seen(job)
    assert (closed['close_result'], closed['closed_because']) == ('cancelled', 'Changed plans')


def test_a_job_that_something_happens_to_after_it_was_swept_stays_open(board, buyer, clock):
    from tests.support.api import deliver, sweep
    from tests.support.resources import drain

    job = board.job()
    clock.shift(31 * DAY)
    assert sweep() == 1
    board.proposal(job)
    assert deliver('advance_orders', *drain('orders')) == []
    assert board.seen(job)['state'] == 'open'


def test_a_closed_job_is_seen_by_who_had_to_do_with_it(board, stranger, nobody, support):
    buyer, seller = board.buyer, board.seller
    job = board.job()
    board.proposal(job)
    ok(buyer.post(f'{path(job)}/close', {}))
    assert [who.get(path(job)).status for who in (buyer, seller, support, stranger, nobody)] == [200, 200, 200, 404, 404]


def test_invited_sellers_are_told_and_answer(board, buyer, seller, stranger, clock):
    job = board.job(visibility='invite_only')
    assert seller.get(path(job)).status == 404
    assert seller.post(f'{path(job)}/proposals', PROPOSAL).status == 404
    sent = board.invite(job)
    assert (sent['state'], sent['title'], sent['message']) == ('sent', JOB['title'], 'We like your photos of glass')
    assert ok(seller.get('/me/invitations'))['items'] == [sent]
    assert ok(seller.get(path(job)))['id'] == job['id']
    assert stranger.get(path(job)).status == 404
    assert ok(seller.post(f'{path(job)}/invitations/decline'))['state'] == 'declined'
    assert seller.post(f'{path(job)}/invitations/decline').problem == 'conflict'
    board.proposal(job)
    assert ok(buyer.get(f'{path(job)}/invitations'))['items'] == [sent | {'state': 'accepted'}]
    assert seller.get(f'{path(job)}/invitations').status == 404
    assert stranger.post(f'{path(job)}/invitations/decline').status == 404


def test_a_seller_is_invited_once_and_nobody_to_their_own_job(board, buyer, seller):
    job = board.job()
    board.invite(job)
    again = buyer.post(f'{path(job)}/invitations', {'seller_id': seller.id, 'message': 'Please'})
    assert again.problem == 'conflict'
    itself = buyer.post(f'{path(job)}/invitations', {'seller_id': buyer.id, 'message': 'Please'})
    assert itself.problem == 'forbidden'
    unknown = buyer.post(f'{path(job)}/invitations', {'seller_id': 'usr_01ARZ3NDEKTSV4RRFFQ69G5FAV', 'message': 'Please'})
    assert unknown.problem == 'not-found'


def test_a_job_has_so_many_invitations_at_most(board, buyer, stranger, monkeypatch):
    moderated(monkeypatch, max_invitations=1)
    job = board.job()
    board.invite(job)
    more = buyer.post(f'{path(job)}/invitations', {'seller_id': stranger.id, 'message': 'Please'})
    assert more.problem == 'conflict'
    assert len(ok(buyer.get(f'{path(job)}/invitations'))['items']) == 1
