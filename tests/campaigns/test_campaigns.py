"""Campaigns over HTTP: from a draft to the last task paid, and what was not used."""

import csv
import io
import json

import pytest

from chalicelib import db, settings
from chalicelib.ledger import store as ledger
from chalicelib.ledger.postings import Line, Posting
from tests.support import resources
from tests.support.api import deliver
from tests.support.audit import audit
from tests.support.campaigns import CAMPAIGN, PAY, claimed, draft, rate, running, submitted, workers
from tests.support.market import DAY, Market, balances, ok, run_provider, run_timers

FEE = 29  # 7.5 % of 30 x 13, rounded


def shown(who, campaign):
    return ok(who.get(f'/campaigns/{campaign}'))


def states(who):
    return [task['state'] for task in ok(who.get('/me/tasks'))['items']]


def test_a_campaign_is_paid_for_and_every_task_of_it(buyer, clock):
    campaign = running(buyer)
    assert balances() == {f'escrow:{campaign}': 390, f'fee.buyer:{campaign}': FEE}
    first, second = workers(2)
    tasks = [submitted(campaign, first), submitted(campaign, second)]
    assert shown(buyer, campaign)['positions_free'] == 28
    assert [task['id'] for task in ok(buyer.get(f'/campaigns/{campaign}/to-rate'))['items']] == tasks
    ok(rate(buyer, campaign, 'ok', *tasks))
    held = balances()
    assert held[f'seller.available:{first.id}'] == held[f'seller.available:{second.id}'] == 13
    assert held[f'escrow:{campaign}'] == 364
    assert ok(buyer.get(f'/campaigns/{campaign}/to-rate'))['items'] == []
    audit()


def test_what_was_not_used_goes_back_with_its_share_of_the_fee(buyer, clock):
    campaign = running(buyer)
    (worker,) = workers(1)
    ok(rate(buyer, campaign, 'ok', submitted(campaign, worker)))
    ok(buyer.post(f'/campaigns/{campaign}/stop'))
    assert run_timers() == ['close_campaign']
    held = balances()
    assert f'escrow:{campaign}' not in held
    assert held[f'buyer.wallet:{buyer.id}'] == shown(buyer, campaign)['returned_minor']
    assert 406 - 1 <= held[f'buyer.wallet:{buyer.id}'] <= 406
    audit()


def test_a_stopped_campaign_waits_for_what_is_still_open(buyer, clock):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    ok(buyer.post(f'/campaigns/{campaign}/stop'))
    run_timers()
    assert shown(buyer, campaign)['closed_at'] is None
    ok(rate(buyer, campaign, 'nok', task))
    clock.shift(61)
    run_timers()
    assert balances() == {f'buyer.wallet:{buyer.id}': 390 + FEE}
    assert shown(buyer, campaign)['closed_at']
    audit()


def test_a_campaign_of_which_everything_is_approved_is_finished(buyer, clock):
    group = ok(buyer.post('/hire-groups', {'name': 'Mine', 'worker_ids': [p.id for p in workers(3)]}), 201)['id']
    campaign = running(buyer, positions=3, hire_group_ids=[group])
    for worker in workers(3):
        ok(rate(buyer, campaign, 'ok', submitted(campaign, worker)))
    clock.shift(61)
    assert run_timers() == ['close_campaign']
    assert shown(buyer, campaign)['state'] == 'finished'
    assert {account.partition(':')[0] for account in balances()} == {'seller.available'}
    audit()


def test_positions_are_added_and_paid_for(buyer):
    campaign = running(buyer)
    ok(buyer.post(f'/campaigns/{campaign}/positions', PAY | {'positions': 5}), 201)
    assert shown(buyer, campaign)['positions'] == 35
    assert balances() == {f'escrow:{campaign}': 35 * 13, f'fee.buyer:{campaign}': FEE + 5}
    audit()


def test_a_payment_that_fails_leaves_a_draft_that_can_be_paid_for(buyer):
    campaign = draft(buyer)
    ok(buyer.post(f'/campaigns/{campaign}/payments', {'method': 'sandbox_card_declined'}), 201)
    assert shown(buyer, campaign)['state'] == 'draft'
    ok(buyer.post(f'/campaigns/{campaign}/payments', PAY), 201)
    assert shown(buyer, campaign)['state'] == 'running'


def test_positions_that_are_paid_for_when_a_campaign_has_stopped_go_into_the_wallet(buyer, clock):
    campaign = running(buyer)
    wanted = {'positions': 5, 'method': 'sandbox_card_confirm'}
    payment = ok(buyer.post(f'/campaigns/{campaign}/positions', wanted), 201)
    assert buyer.post(f'/campaigns/{campaign}/positions', wanted).problem == 'conflict'
    ok(buyer.post(f'/campaigns/{campaign}/stop'))
    ok(buyer.post(payment['next_action_url'].removeprefix('/api'), {'approved': True}))
    clock.shift(31 * 60)
    run_timers()
    clock.shift(31 * 60)
    run_timers()
    assert balances() == {f'buyer.wallet:{buyer.id}': 390 + FEE + 70}
    audit()


def test_a_task_is_revised_so_often_and_no_more(buyer):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    for _ in range(3):
        ok(rate(buyer, campaign, 'revise', task))
        ok(worker.post(f'/campaigns/{campaign}/tasks/{task}/proof', {'text': 'The right one'}))
    assert rate(buyer, campaign, 'revise', task).pointers == ['#/ratings/0/rating']
    ok(rate(buyer, campaign, 'ok', task))
    steps = ok(worker.get('/me/tasks'))['items'][0]['steps']
    assert [step['reason'] for step in steps if step['state'] == 'revision_requested'] == ['Not the sharper one'] * 3


def test_twenty_tasks_are_rated_in_one_transaction_and_all_or_none(buyer):
    campaign = running(buyer)
    tasks = [submitted(campaign, worker) for worker in workers(20)]
    assert rate(buyer, campaign, 'ok', *tasks[:3], 'tsk_01JDF7E5R8F1J6M0P3S7V2X4ZC').pointers == ['#/ratings/3/task_id']
    assert len(ok(buyer.get(f'/campaigns/{campaign}/to-rate'))['items']) == 20
    ok(rate(buyer, campaign, 'ok', *tasks))
    assert balances()[f'escrow:{campaign}'] == 130
    journal = [row for row in resources.rows(settings.JOURNAL_TABLE) if row.get('event') == 'task_approved']
    assert sum(row['row'] == 'journal' for row in journal) == 1
    audit()


def owe(*people):
    for person in people:
        lines = (Line(f'receivable.seller:{person.id}', -5, person.id), Line('revenue.commission', 5))
        owed = Posting(f'owed:{person.id}', 'owed', 'USD', lines)
        db.atomically(lambda tx, owed=owed: ledger.post(tx, owed), by=person.id)


@pytest.mark.parametrize(('debtors', 'problem'), [(4, None), (5, 'conflict')])
def test_twenty_tasks_of_which_some_pay_debts_fit_into_a_transaction_or_are_refused(buyer, debtors, problem):
    campaign, all_workers = running(buyer), workers(20)
    tasks = [submitted(campaign, worker) for worker in all_workers]
    owe(*all_workers[:debtors])
    answer = rate(buyer, campaign, 'ok', *tasks)
    assert answer.status == (409 if problem else 200)
    assert balances()[f'escrow:{campaign}'] == (390 if problem else 130)
    audit()


def test_silence_pays_those_who_owe_one_by_one(buyer, clock):
    campaign, all_workers = running(buyer, days_to_rate=1), workers(6)
    for worker in all_workers:
        submitted(campaign, worker)
    owe(*all_workers)
    clock.shift(DAY + 1)
    run_timers()
    assert balances()[f'escrow:{campaign}'] == 24 * 13
    assert balances()[f'seller.available:{all_workers[0].id}'] == 8
    audit()


def test_a_task_that_is_not_done_in_time_is_free_again(buyer, clock):
    campaign = running(buyer)
    worker, other = workers(2)
    task = claimed(campaign, worker)
    clock.shift(10 * 60 + 1)
    late = worker.post(f'/campaigns/{campaign}/tasks/{task}/proof', {'text': 'Here'})
    assert late.problem == 'order-state'
    assert sorted(run_timers()) == ['close_campaign', 'expire_task']
    assert states(worker) == ['expired']
    assert shown(buyer, campaign)['positions_free'] == 30
    claimed(campaign, other)


def test_a_worker_has_so_many_positions(buyer):
    campaign = running(buyer, per_worker=2)
    (worker,) = workers(1)
    claimed(campaign, worker)
    claimed(campaign, worker)
    assert worker.post(f'/campaigns/{campaign}/tasks').problem == 'conflict'
    assert shown(buyer, campaign)['positions_free'] == 28


def test_silence_approves_and_takes_others_with_it(buyer, clock):
    campaign = running(buyer, days_to_rate=1)
    for worker in workers(5):
        submitted(campaign, worker)
    clock.shift(DAY + 1)
    assert run_timers().count('approve_task') == 5
    assert balances()[f'escrow:{campaign}'] == 25 * 13
    journal = [row for row in resources.rows(settings.JOURNAL_TABLE) if row.get('event') == 'task_approved']
    assert sum(row['row'] == 'journal' for row in journal) == 1
    audit()


@pytest.mark.parametrize('rating', ['ok', 'nok', 'revise'])
def test_a_task_that_was_rated_is_left_alone_by_its_clock(buyer, clock, rating):
    campaign = running(buyer, days_to_rate=1)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    clock.shift(DAY + 1)
    ok(rate(buyer, campaign, rating, task))
    before = resources.snapshot()
    assert (
        deliver('advance_orders', {'v': 1, 'action': 'approve_task', 'pk': f'CAMPAIGN#{campaign}', 'sk': f'TASK#{task}'}) == []
    )
    assert resources.snapshot() == before


@pytest.mark.parametrize(('action', 'prepare'), [('expire_task', claimed), ('approve_task', submitted)])
def test_a_clock_that_is_not_due_changes_nothing(buyer, clock, action, prepare):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = prepare(campaign, worker)
    before = resources.snapshot()
    assert deliver('advance_orders', {'v': 1, 'action': action, 'pk': f'CAMPAIGN#{campaign}', 'sk': f'TASK#{task}'}) == []
    assert deliver('advance_orders', {'v': 1, 'action': 'close_campaign', 'pk': f'CAMPAIGN#{campaign}', 'sk': 'CAMPAIGN'}) == []
    assert resources.snapshot() == before


def test_who_submits_in_time_does_not_expire(buyer, clock):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    clock.shift(10 * 60 + 1)
    deliver('advance_orders', {'v': 1, 'action': 'expire_task', 'pk': f'CAMPAIGN#{campaign}', 'sk': f'TASK#{task}'})
    assert states(worker) == ['submitted']


def test_workers_are_wanted_by_country_language_and_record(buyer):
    campaign = running(buyer, countries=['ID'], languages=['id'], gate={'min_success_percent': 60, 'min_rated': 2})
    (worker,) = workers(1)
    path = f'/campaigns/{campaign}/tasks'
    assert worker.post(path).problem == 'forbidden'
    ok(worker.patch('/me', {'country': 'ID', 'languages': ['id-ID']}))
    assert 'of your 0 rated tasks' in worker.post(path).body['detail']
    practice = running(buyer, per_worker=3)
    tasks = [submitted(practice, worker) for _ in range(3)]
    ok(rate(buyer, practice, 'nok', tasks[0]))
    ok(rate(buyer, practice, 'ok', tasks[1]))
    assert worker.post(path).problem == 'forbidden'
    ok(rate(buyer, practice, 'ok', tasks[2]))
    claimed(campaign, worker)


def test_a_record_is_of_sixty_days(buyer, clock):
    practice = running(buyer, per_worker=2)
    (worker,) = workers(1)
    ok(rate(buyer, practice, 'ok', submitted(practice, worker)))
    campaign = running(buyer, gate={'min_success_percent': 75, 'min_rated': 1}, per_worker=5)
    clock.shift(60 * DAY)
    claimed(campaign, worker)
    clock.shift(DAY)
    assert worker.post(f'/campaigns/{campaign}/tasks').problem == 'forbidden'


def test_a_hire_group_is_for_those_in_it_and_asks_for_no_record(buyer, seller, stranger):
    group = ok(buyer.post('/hire-groups', {'name': 'Mine', 'worker_ids': [seller.id]}), 201)
    campaign = running(buyer, positions=1, hire_group_ids=[group['id']], gate={})
    assert stranger.post(f'/campaigns/{campaign}/tasks').problem == 'forbidden'
    claimed(campaign, seller)
    ok(buyer.put(f'/hire-groups/{group["id"]}', {'name': 'Ours', 'worker_ids': [stranger.id]}))
    assert ok(buyer.get('/hire-groups'))['items'][0]['worker_ids'] == [stranger.id]
    assert stranger.put(f'/hire-groups/{group["id"]}', {'name': 'Ours', 'worker_ids': []}).status == 404
    assert stranger.post('/campaigns', CAMPAIGN | {'hire_group_ids': [group['id']]}).pointers == ['#/hire_group_ids/0']


def test_a_verification_code_is_kept_as_a_hash(buyer):
    campaign = running(buyer, proof={'verification_code': 'open sesame'})
    assert 'sesame' not in json.dumps(resources.rows(settings.MARKET_TABLE), default=str)
    assert shown(buyer, campaign)['proof'] == {'text': True, 'file': 'none', 'has_verification_code': True}
    (worker,) = workers(1)
    task = claimed(campaign, worker)
    path = f'/campaigns/{campaign}/tasks/{task}/proof'
    assert worker.post(path, {'text': 'A'}).pointers == ['#/verification_code']
    assert worker.post(path, {'text': 'A', 'verification_code': 'open barley'}).pointers == ['#/verification_code']
    ok(worker.post(path, {'text': 'A', 'verification_code': 'open sesame'}))


def test_files_are_the_workers_own_and_ready_and_the_buyer_sees_them(buyer, seller, stranger):
    market = Market(buyer, seller)
    campaign = running(buyer, proof={'file': 'required'})
    task = claimed(campaign, seller)
    path, theirs = f'/campaigns/{campaign}/tasks/{task}/proof', market.file(stranger, 'proof')
    assert seller.post(path, {'text': 'A'}).pointers == ['#/file_ids']
    assert seller.post(path, {'text': 'A', 'file_ids': [theirs]}).pointers == ['#/file_ids/0']
    mine = market.file(seller, 'proof')
    ok(seller.post(path, {'text': 'A', 'file_ids': [mine]}))
    assert buyer.get(f'/files/{mine}').status == 200
    assert stranger.get(f'/files/{mine}').status == 404


def test_results_are_read_as_a_spreadsheet_page_by_page(buyer):
    campaign = running(buyer)
    for worker in workers(3):
        submitted(campaign, worker, text='=1+1')
    first = buyer.get(f'/campaigns/{campaign}/results.csv', limit=2)
    assert first.headers['content-type'].startswith('text/csv')
    link = first.headers['link'].partition('>')[0].removeprefix('<')
    second = buyer.get(f'/campaigns/{campaign}/results.csv{link}')
    lines = [list(csv.DictReader(io.StringIO(answer.raw.decode()))) for answer in (first, second)]
    assert [len(part) for part in lines] == [2, 1]
    assert {(line['state'], line['pay'], line['text']) for part in lines for line in part} == {('submitted', '0.13', "'=1+1")}
    assert 'link' not in second.headers
    assert len(ok(buyer.get(f'/campaigns/{campaign}/results'))['items']) == 3


def test_campaigns_that_run_are_listed_and_others_are_not(buyer, stranger):
    campaign, paused = running(buyer), running(buyer, category='translation')
    ok(buyer.post(f'/campaigns/{paused}/pause'))
    draft(buyer)
    assert [one['id'] for one in ok(stranger.get('/campaigns'))['items']] == [campaign]
    assert ok(stranger.get('/campaigns', category='translation'))['items'] == []
    assert len(ok(buyer.get('/campaigns', mine='true'))['items']) == 3
    ok(buyer.post(f'/campaigns/{paused}/resume'))
    assert [one['id'] for one in ok(stranger.get('/campaigns', category='translation'))['items']] == [paused]


@pytest.mark.parametrize(
    ('changes', 'pointer'),
    [
        ({'category': 'nothing'}, '#/category'),
        ({'pay_minor': 9}, '#/pay_minor'),
        ({'currency': 'IDR', 'pay_minor': 100_001}, '#/pay_minor'),
        ({'positions': 29}, '#/positions'),
        ({'positions': 10_001}, '#/positions'),
        ({'per_worker': 31}, '#/per_worker'),
        ({'days_to_rate': 31}, '#/days_to_rate'),
        ({'proof': {'verification_code': 'short'}}, '#/proof/verification_code'),
        ({'countries': ['id']}, '#/countries/0'),
    ],
)
def test_what_is_wrong_with_a_campaign_is_told_by_its_field(buyer, changes, pointer):
    assert buyer.post('/campaigns', CAMPAIGN | changes).pointers == [pointer]


def test_who_rates_no_has_to_say_why(buyer):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    refused = buyer.post(f'/campaigns/{campaign}/ratings', {'ratings': [{'task_id': task, 'rating': 'nok'}]})
    assert refused.status == 422
    assert states(worker) == ['submitted']


def test_what_waits_for_a_rating_is_told_as_pending(buyer, clock):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    pending = ok(worker.get('/me/balance'))['balances'][0]['pending']
    assert [(one['amount_minor'], one['rule'], one['subject_id']) for one in pending] == [(13, 'until_rated', task)]
    ok(rate(buyer, campaign, 'ok', task))
    assert ok(worker.get('/me/balance'))['balances'][0]['pending'] == []


def test_a_draft_is_edited_until_it_is_paid_for(buyer, stranger):
    campaign = draft(buyer)
    assert ok(buyer.patch(f'/campaigns/{campaign}', {'positions': 40}))['positions'] == 40
    assert stranger.patch(f'/campaigns/{campaign}', {'positions': 50}).status == 404
    ok(buyer.post(f'/campaigns/{campaign}/payments', PAY), 201)
    assert buyer.patch(f'/campaigns/{campaign}', {'positions': 50}).problem == 'order-state'
    assert len(ok(buyer.get(f'/campaigns/{campaign}/events'))['items']) == 2


def test_a_bank_takes_back_what_was_paid_for_a_campaign_and_its_buyer_owes_it(buyer, clock):
    campaign = running(buyer)
    (worker,) = workers(1)
    task = submitted(campaign, worker)
    payment = next(row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'payment')
    ok(buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'fraudulent'}))
    assert run_provider() == ['learn_chargeback']
    ok(rate(buyer, campaign, 'ok', task))
    held = balances()
    assert held[f'receivable.seller:{buyer.id}'] == 390 + FEE
    assert held[f'seller.available:{worker.id}'] == 13
