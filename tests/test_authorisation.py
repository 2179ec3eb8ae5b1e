"""Who may call what: every operation of the OpenAPI document by every kind of caller. An operation without a row fails."""

import itertools
import json
import time
from typing import Any

import pytest

import app
from chalicelib.users import actions as users
from tests.support import resources, tokens
from tests.support.api import Nobody, Person
from tests.support.board import Board
from tests.support.board import path as path_of
from tests.support.market import Market, ok
from tests.support.requests import earn, webhook, writes

pytestmark = pytest.mark.proof
CALLERS = ('anonymous', 'expired', 'forged', 'stranger', 'buyer', 'seller', 'support', 'admin')


def row(stranger: int, buyer: int, seller: int, support: int, admin: int, *, anonymous: int = 401) -> dict[str, int]:
    """A token that is not valid is refused, even where none is needed."""
    signed_in = {'stranger': stranger, 'buyer': buyer, 'seller': seller, 'support': support, 'admin': admin}
    return {'anonymous': anonymous, 'expired': 401, 'forged': 401, **signed_in}


def public() -> dict[str, int]:
    return row(200, 200, 200, 200, 200, anonymous=200)


def signed_in(status: int = 200) -> dict[str, int]:
    return row(status, status, status, status, status)


POLICY = {
    # users                          stranger buyer seller support admin
    'show_me': signed_in(),
    'update_me': signed_in(),
    'show_user': public(),
    'set_user_level': row(403, 403, 403, 403, 200),
    # gigs
    'draft_gig': signed_in(201),
    'show_gig': public(),
    'list_gigs': public(),
    'list_categories': public(),
    'edit_gig': row(404, 404, 200, 404, 404),
    'delete_gig': row(404, 404, 204, 404, 404),
    'publish_gig': row(404, 404, 200, 404, 404),
    'pause_gig': row(404, 404, 200, 404, 404),
    'activate_gig': row(404, 404, 200, 404, 404),
    'deny_gig': row(403, 403, 403, 200, 200),
    # files: of the seller, delivered to the buyer
    'announce_file': signed_in(201),
    'show_file': row(404, 200, 200, 200, 200, anonymous=404),
    # offers: of the seller to the buyer
    'make_offer': row(201, 403, 201, 201, 201),
    'list_offers': signed_in(),
    'show_offer': row(404, 200, 200, 200, 200),
    'accept_offer': row(404, 201, 403, 403, 403),
    'decline_offer': row(404, 200, 403, 403, 403),
    'withdraw_offer': row(404, 403, 200, 403, 403),
    # orders
    'ask_quote': row(201, 201, 403, 201, 201),
    'place_order': row(404, 201, 404, 404, 404),
    'list_orders': signed_in(),
    'show_order': row(404, 200, 200, 200, 200),
    'list_order_events': row(404, 200, 200, 200, 200),
    'submit_requirements': row(404, 200, 403, 403, 403),
    'deliver_order': row(404, 403, 201, 403, 403),
    'request_revision': row(404, 201, 403, 403, 403),
    'accept_order': row(404, 200, 403, 403, 403),
    'cancel_order': row(404, 200, 200, 200, 200),
    'extend_order': row(404, 201, 201, 403, 403),
    'accept_extension': row(404, 200, 403, 403, 403),
    'decline_extension': row(404, 200, 403, 403, 403),
    'refund_order': row(404, 403, 201, 201, 201),
    'offer_extra': row(404, 403, 201, 403, 403),
    'withdraw_extra': row(404, 403, 200, 403, 403),
    'decline_extra': row(404, 200, 403, 403, 403),
    # jobs: public ones, of the buyer; the seller is invited to one
    'draft_job': signed_in(201),
    'list_jobs': public(),
    'list_my_jobs': signed_in(),
    'show_job': public(),
    'show_job_attachment': signed_in(),
    'list_job_events': signed_in(),
    'edit_job': row(404, 200, 404, 403, 403),
    'publish_job': row(404, 200, 404, 403, 403),
    'close_job': row(404, 200, 404, 403, 403),
    'approve_job': row(403, 403, 403, 200, 200),
    'remove_job': row(403, 403, 403, 200, 200),
    'list_jobs_in_review': row(403, 403, 403, 200, 200),
    'invite_seller': row(404, 201, 404, 403, 403),
    'list_invitations': row(404, 200, 404, 200, 200),
    'list_my_invitations': signed_in(),
    'decline_invitation': row(404, 404, 200, 404, 404),
    # proposals: of the seller, to a public job; sealed
    'place_proposal': row(201, 403, 201, 201, 201),
    'list_proposals': row(404, 200, 404, 200, 200),
    'list_my_proposals': signed_in(),
    'show_proposal': row(404, 200, 200, 200, 200),
    'list_proposal_events': row(404, 200, 200, 200, 200),
    'edit_proposal': row(404, 403, 200, 403, 403),
    'withdraw_proposal': row(404, 403, 200, 403, 403),
    'shortlist_proposal': row(404, 200, 403, 403, 403),
    'hide_proposal': row(404, 200, 403, 403, 403),
    'unmark_proposal': row(404, 200, 403, 403, 403),
    'decline_proposal': row(404, 200, 403, 403, 403),
    'award_proposal': row(404, 200, 403, 403, 403),
    'accept_award': row(404, 403, 200, 403, 403),
    'turn_down_award': row(404, 403, 200, 403, 403),
    'revoke_award': row(404, 200, 403, 403, 403),
    # disputes: opened by the buyer
    'open_dispute': row(404, 201, 201, 403, 403),
    'list_disputes': row(404, 200, 200, 200, 200),
    'respond_to_dispute': row(404, 403, 200, 403, 403),
    'add_evidence': row(404, 201, 201, 403, 403),
    'propose_split': row(404, 201, 201, 403, 403),
    'accept_split': row(404, 200, 409, 403, 403),
    'escalate_dispute': row(404, 200, 200, 403, 403),
    'withdraw_dispute': row(404, 200, 403, 403, 403),
    'rule_on_dispute': row(403, 403, 403, 200, 200),
    'list_open_disputes': row(403, 403, 403, 200, 200),
    # campaigns: of the buyer; tasks: of the seller
    'draft_campaign': signed_in(201),
    'edit_campaign': row(404, 200, 404, 403, 403),
    'pay_campaign': row(404, 201, 404, 403, 403),
    'add_positions': row(404, 201, 404, 403, 403),
    'list_campaigns': signed_in(),
    'show_campaign': signed_in(),
    'pause_campaign': row(404, 200, 404, 403, 403),
    'resume_campaign': row(404, 200, 404, 403, 403),
    'stop_campaign': row(404, 200, 404, 403, 403),
    'claim_task': row(201, 403, 201, 403, 403),
    'submit_proof': row(404, 403, 200, 403, 403),
    'rate_tasks': row(404, 200, 404, 403, 403),
    'list_tasks_to_rate': row(404, 200, 404, 200, 200),
    'list_results': row(404, 200, 404, 200, 200),
    'export_results': row(404, 200, 404, 200, 200),
    'list_campaign_events': row(404, 200, 404, 200, 200),
    'list_my_tasks': signed_in(),
    'make_hire_group': signed_in(201),
    'set_hire_group': row(404, 200, 404, 404, 404),
    'list_hire_groups': signed_in(),
    # by hand: for two of the administration
    'propose_adjustment': row(403, 403, 403, 403, 201),
    'list_adjustments': row(403, 403, 403, 403, 200),
    'approve_adjustment': row(403, 403, 403, 403, 200),
    'reject_adjustment': row(403, 403, 403, 403, 200),
    # chargebacks: for the seller and for support
    'list_chargebacks': row(404, 200, 200, 200, 200),
    'show_evidence': row(404, 404, 200, 200, 200),
    'contest_chargeback': row(404, 403, 200, 200, 200),
    'show_top_up_evidence': row(403, 403, 403, 200, 200),
    'contest_top_up_chargeback': row(403, 403, 403, 200, 200),
    'list_open_chargebacks': row(403, 403, 403, 200, 200),
    'claim_back_sandbox_payment': row(404, 200, 404, 404, 404),
    'decide_sandbox_chargeback': row(403, 403, 403, 200, 200),
    'return_sandbox_payout': row(404, 404, 200, 404, 404),
    # payments
    'pay_extra': row(404, 201, 403, 403, 403),
    'tip_seller': row(404, 201, 403, 403, 403),
    'top_up_wallet': signed_in(201),
    'pay_order': row(404, 201, 403, 403, 403),
    'show_payment': row(404, 200, 404, 200, 200),
    'confirm_sandbox_payment': row(404, 200, 404, 404, 404),
    # money: everybody's own
    'show_balance': signed_in(),
    'list_statement': signed_in(),
    'export_statement': signed_in(),
    'show_transaction': row(404, 200, 200, 200, 200),
    'request_payout': row(409, 409, 201, 409, 409),
    'list_payouts': signed_in(),
    # invoices: of the side whom they concern
    'show_order_invoice': row(404, 200, 403, 200, 200),
    'show_fee_invoice': row(404, 403, 200, 200, 200),
    'show_payout_invoice': row(404, 404, 200, 404, 404),
    'list_order_transactions': row(404, 200, 200, 200, 200),
    'show_reconciliation': row(403, 403, 403, 200, 200),
    # whoever has the provider's token; who is signed in does not matter
    'receive_webhook': public(),
}
DOCUMENT = json.loads(app.openapi_json())
OPERATIONS = {
    operation['operationId']: (method.upper(), path)
    for path, methods in DOCUMENT['paths'].items()
    for method, operation in methods.items()
}


def test_every_operation_has_a_row_and_every_row_an_operation():
    assert POLICY.keys() == OPERATIONS.keys()


def test_the_document_says_who_has_to_sign_in():
    for path, methods in DOCUMENT['paths'].items():
        for operation in methods.values():
            is_public = {} in operation['security']
            answered = POLICY[operation['operationId']]['anonymous']
            assert is_public is (answered != 401), path


@pytest.fixture(scope='module')
def saved(aws: None) -> tuple[Any, dict[str, tuple[Any, ...]]]:
    """The tables, and for each operation a path, a body and perhaps headers with which somebody is let in."""
    resources.clear()
    users.identify.cache_clear()
    buyer, seller = Person('buyer'), Person('seller')
    market = Market(buyer, seller)
    requests: dict[str, tuple[Any, ...]] = {name: (path, body) for name, (_, _, path, body, _) in writes(market).items()}
    order = market.started()
    file_id = market.file(seller, 'delivery')
    ok(seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here', 'file_ids': [file_id]}), 201)
    released = earn(market)
    payout = market.paid_out()
    board = Board(buyer, seller)
    attachment = market.file(buyer, 'attachment')
    job = board.job(attachments=[attachment])
    proposal = board.proposal(job)
    campaign = requests['rate_tasks'][0].removesuffix('/ratings')
    requests |= {
        'list_jobs': ('/jobs', None),
        'list_my_jobs': ('/me/jobs', None),
        'show_job': (path_of(job), None),
        'show_job_attachment': (f'{path_of(job)}/attachments/{attachment}', None),
        'list_job_events': (f'{path_of(job)}/events', None),
        'list_jobs_in_review': ('/admin/jobs', None),
        'list_invitations': (f'{path_of(job)}/invitations', None),
        'list_my_invitations': ('/me/invitations', None),
        'list_proposals': (f'{path_of(job)}/proposals', None),
        'list_my_proposals': ('/me/proposals', None),
        'show_proposal': (path_of(proposal), None),
        'list_proposal_events': (f'{path_of(proposal)}/events', None),
        'list_campaigns': ('/campaigns', None),
        'show_campaign': (campaign, None),
        'list_tasks_to_rate': (f'{campaign}/to-rate', None),
        'list_results': (f'{campaign}/results', None),
        'export_results': (f'{campaign}/results.csv', None),
        'list_campaign_events': (f'{campaign}/events', None),
        'list_my_tasks': ('/me/tasks', None),
        'list_hire_groups': ('/hire-groups', None),
        'show_me': ('/me', None),
        'show_user': (f'/users/{seller.id}', None),
        'set_user_level': (f'/users/{seller.id}/level', {'level': 'level_1'}),
        'show_gig': (f'/gigs/{order["gig_id"]}', None),
        'list_gigs': ('/gigs', None),
        'list_categories': ('/categories', None),
        'deny_gig': (f'/gigs/{order["gig_id"]}/deny', {'reason': 'Not allowed here'}),
        'show_file': (f'/files/{file_id}', None),
        'list_offers': ('/offers', None),
        'show_offer': (f'/offers/{market.offered()["id"]}', None),
        'list_orders': ('/orders', None),
        'show_order': (f'/orders/{order["id"]}', None),
        'list_order_events': (f'/orders/{order["id"]}/events', None),
        'list_disputes': (f'/orders/{order["id"]}/disputes', None),
        'list_open_disputes': ('/admin/disputes', None),
        'list_adjustments': ('/admin/adjustments', None),
        'list_chargebacks': (f'/orders/{order["id"]}/chargebacks', None),
        'show_evidence': (requests['contest_chargeback'][0].replace('/contest', '/evidence'), None),
        'show_top_up_evidence': (requests['contest_top_up_chargeback'][0].replace('/contest', '/evidence'), None),
        'list_open_chargebacks': ('/admin/chargebacks', None),
        'show_payment': (f'/payments/{order["payment_id"]}', None),
        'show_balance': ('/me/balance', None),
        'list_statement': ('/me/statement', None),
        'export_statement': ('/me/statement.csv', None),
        'show_transaction': (f'/transactions/complete:{released}', None),
        'request_payout': ('/payouts', {'amount_minor': 5_000, 'currency': 'USD', 'destination': 'sandbox_bank_ok'}),
        'list_payouts': ('/payouts', None),
        'show_order_invoice': (f'/orders/{released}/invoice', None),
        'show_fee_invoice': (f'/orders/{released}/fee-invoice', None),
        'show_payout_invoice': (f'/payouts/{payout["id"]}/invoice', None),
        'list_order_transactions': (f'/orders/{released}/transactions', None),
        'show_reconciliation': ('/admin/reconciliation', None),
        'receive_webhook': webhook(),
    }
    return resources.save(), requests


def person(caller: str) -> Person:
    if caller == 'anonymous':
        return Nobody()
    found = Person(caller, *({caller} & {'support', 'admin'}))
    if caller == 'expired':
        found.token = tokens.sign(tokens.claims('buyer', 'admin', exp=int(time.time()) - 120))
    if caller == 'forged':
        found.token = tokens.sign(tokens.claims('buyer', 'admin'), tokens.OTHER_KEY)
    return found


@pytest.mark.parametrize(('operation', 'caller'), list(itertools.product(OPERATIONS, CALLERS)))
def test_an_operation_answers_a_caller_as_the_table_says(saved, operation, caller):
    tables, requests = saved
    resources.restore(tables)
    users.identify.cache_clear()
    path, body, *headers = requests[operation]
    who = person(caller)
    if caller not in ('anonymous', 'expired', 'forged'):
        ok(who.get('/me'))
    before = resources.snapshot()
    answer = who.request(OPERATIONS[operation][0], path, body, headers=headers[0] if headers else None)
    assert answer.status == POLICY[operation][caller], answer
    if answer.status >= 400:
        assert answer.headers['content-type'] == 'application/problem+json'
        assert resources.snapshot() == before, 'what is refused changes nothing'
