"""One request of every writing operation, with everything in place for it to be done."""

import hashlib
from typing import Any

from chalicelib import db
from chalicelib.jobs import store as job_store
from chalicelib.orders import actions as orders
from chalicelib.orders import store as order_store
from tests.support import campaigns, provider_secrets
from tests.support.api import Person
from tests.support.board import INVITATION, JOB, PROPOSAL, Board, path
from tests.support.market import ANSWERS, CLAIM, CONTEST, GIG, OFFER, PNG, Market, ok, run_provider
from tests.support.provider_secrets import SECRETS
from tests.support.resources import rows


def promise(**other: Any) -> dict[str, Any]:
    return {
        'purpose': 'delivery',
        'filename': 'a.png',
        'content_type': 'image/png',
        'size_bytes': len(PNG),
        'sha256': hashlib.sha256(PNG).hexdigest(),
    } | other


def webhook() -> tuple[str, dict[str, str], dict[str, str]]:
    """One that is taken, about nothing of ours: path, body and headers."""
    provider_secrets.keep_all()
    return '/webhooks/xendit', {'id': 'inv_1', 'external_id': 'inv_1'}, {'X-Callback-Token': SECRETS['xendit']}


EXTRA = {'title': 'A second colour', 'price_minor': 2_000, 'additional_days': 1, 'revisions': 1}


def offer(market: Market, order: dict[str, Any], **other: Any) -> str:
    """An extra that the seller has offered: its id."""
    made = ok(market.seller.post(f'/orders/{order["id"]}/extras', EXTRA | other), 201)
    return str(made['added_extras'][-1]['id'])


def earn(market: Market) -> str:
    """Something for the seller to withdraw: the order that brought it."""
    order = market.completed()
    db.atomically(lambda tx: orders.release(tx, order_store.load(order['id'])), by='timer:release_payment')
    return str(order['id'])


def claimed_top_up(market: Market) -> tuple[str, str]:
    """A payment into the buyer's wallet that their bank has taken back, and the chargeback."""
    top_up = {'amount_minor': 500, 'currency': 'USD', 'method': 'sandbox_card_ok'}
    payment = ok(market.buyer.post('/me/wallet/top-ups', top_up), 201)
    ok(market.buyer.post(f'/sandbox/payments/{payment["id"]}/chargeback', {'reason': 'duplicate'}))
    run_provider()
    found = next(row for row in rows('market') if row.get('row') == 'chargeback' and row['payment_id'] == payment['id'])
    return str(payment['id']), str(found['id'])


def writes(market: Market) -> dict[str, tuple[Any, str, str, Any, Any]]:
    """Each write: who, method, path, body, and another body that would be fine as well."""
    buyer, seller = market.buyer, market.seller
    gig = market.gig()
    draft = ok(seller.post('/gigs', GIG), 201)
    deletable = ok(seller.post('/gigs', GIG), 201)
    paused = market.gig()
    ok(seller.post(f'/gigs/{paused["id"]}/pause'))
    extending = market.started(gig)
    ok(seller.post(f'/orders/{extending["id"]}/extensions', {'days': 2, 'reason': 'More'}), 201)
    extension = ok(seller.get(f'/orders/{extending["id"]}'))['extensions'][0]['id']
    declining = market.started(gig)
    ok(seller.post(f'/orders/{declining["id"]}/extensions', {'days': 2, 'reason': 'More'}), 201)
    declined = ok(seller.get(f'/orders/{declining["id"]}'))['extensions'][0]['id']
    confirming = market.placed(gig)
    payment = ok(buyer.post(f'/orders/{confirming["id"]}/payments', {'method': 'sandbox_card_confirm'}), 201)

    offering = market.started(gig)
    offered = [offer(market, offering) for _ in range(3)]
    completed = market.completed(gig)
    disputes = {name: market.disputed(market.delivered(gig)) for name in ('respond', 'prove', 'withdraw')}
    contested = {name: market.contested(market.delivered(gig)) for name in ('propose', 'accept', 'escalate', 'rule')}
    _, agreed = contested['accept']
    ok(seller.post(f'{agreed}/proposals', {'refund_minor': 2_000, 'message': 'A fifth'}), 201)
    ok(seller.post(f'{contested["rule"][1]}/escalate'))
    charged, deciding = market.charged(market.completed(gig)), market.charged(market.completed(gig))
    charged_id = ok(seller.get(f'/orders/{charged[0]["id"]}/chargebacks'))['items'][0]['id']
    claimed, claimed_id = claimed_top_up(market)
    support = Person('support', 'support')
    boss, admin = Person('boss', 'admin'), Person('admin', 'admin')
    for person in (support, admin):
        ok(person.get('/me'))

    def promo(minor: int) -> dict[str, Any]:
        wanted = {'kind': 'promo_credit', 'user_id': buyer.id, 'currency': 'USD', 'amount_minor': minor}
        return {'wanted': wanted, 'reason': 'For the wait of last week'}

    proposed = [ok(boss.post('/admin/adjustments', promo(500)), 201)['id'] for _ in range(2)]

    board = Board(buyer, seller)
    wanted = OFFER | {'buyer_id': buyer.id}
    rated = campaigns.running(buyer, pay_minor=40)  # so that every position has a share in the fee
    to_rate, to_prove = campaigns.submitted(rated, seller), campaigns.running(buyer)
    proving, paused_campaign = campaigns.claimed(to_prove, seller), campaigns.running(buyer)
    ok(buyer.post(f'/campaigns/{paused_campaign}/pause'))
    group = ok(buyer.post('/hire-groups', {'name': 'A', 'worker_ids': [seller.id]}), 201)['id']

    def order(made: dict[str, Any], noun: str) -> str:
        return f'/orders/{made["id"]}/{noun}'

    return {
        'update_me': (buyer, 'PATCH', '/me', {'headline': 'A'}, {'headline': 'B'}),
        'draft_gig': (seller, 'POST', '/gigs', GIG, GIG | {'title': 'Another'}),
        'edit_gig': (seller, 'PATCH', f'/gigs/{gig["id"]}', {'title': 'New'}, {'title': 'Newer'}),
        'delete_gig': (seller, 'DELETE', f'/gigs/{deletable["id"]}', None, None),
        'publish_gig': (seller, 'POST', f'/gigs/{draft["id"]}/publish', None, None),
        'pause_gig': (seller, 'POST', f'/gigs/{market.gig()["id"]}/pause', None, None),
        'activate_gig': (seller, 'POST', f'/gigs/{paused["id"]}/activate', None, None),
        'announce_file': (seller, 'POST', '/files', promise(), promise(filename='b.png')),
        'ask_quote': (buyer, 'POST', '/quotes', {'gig_id': gig['id']}, {'gig_id': gig['id'], 'extras': [{'id': 'fast'}]}),
        'make_offer': (seller, 'POST', '/offers', wanted, wanted | {'title': 'More'}),
        'accept_offer': (buyer, 'POST', f'/offers/{market.offered()["id"]}/accept', None, None),
        'decline_offer': (buyer, 'POST', f'/offers/{market.offered()["id"]}/decline', None, None),
        'withdraw_offer': (seller, 'POST', f'/offers/{market.offered()["id"]}/withdraw', None, None),
        'place_order': (
            buyer,
            'POST',
            '/orders',
            {'quote_id': market.quote(gig)['id']},
            {'quote_id': market.quote(gig)['id']},
        ),
        'pay_order': (
            buyer,
            'POST',
            order(market.placed(gig), 'payments'),
            {'method': 'sandbox_card_ok'},
            {'method': 'sandbox_card_declined'},
        ),
        'submit_requirements': (
            buyer,
            'POST',
            order(market.paid(gig), 'requirements'),
            ANSWERS,
            {'answers': [ANSWERS['answers'][0] | {'text': 'Tea'}]},
        ),
        'deliver_order': (seller, 'POST', order(market.started(gig), 'deliveries'), {'message': 'A'}, {'message': 'B'}),
        'request_revision': (buyer, 'POST', order(market.delivered(gig), 'revisions'), {'reason': 'A'}, {'reason': 'B'}),
        'accept_order': (buyer, 'POST', order(market.delivered(gig), 'accept'), None, None),
        'cancel_order': (buyer, 'POST', order(market.paid(gig), 'cancel'), {'reason': 'A'}, {'reason': 'B'}),
        'refund_order': (
            seller,
            'POST',
            order(market.started(gig), 'refunds'),
            {'amount_minor': 1_000, 'reason': 'A'},
            {'amount_minor': 2_000, 'reason': 'A'},
        ),
        'offer_extra': (seller, 'POST', order(market.started(gig), 'extras'), EXTRA, EXTRA | {'price_minor': 3_000}),
        'withdraw_extra': (seller, 'POST', order(offering, f'extras/{offered[0]}/withdraw'), None, None),
        'decline_extra': (buyer, 'POST', order(offering, f'extras/{offered[1]}/decline'), None, None),
        'pay_extra': (
            buyer,
            'POST',
            order(offering, f'extras/{offered[2]}/payments'),
            {'method': 'sandbox_card_ok'},
            {'method': 'sandbox_card_declined'},
        ),
        'tip_seller': (
            buyer,
            'POST',
            order(completed, 'tips'),
            {'amount_minor': 1_000, 'method': 'sandbox_card_ok'},
            {'amount_minor': 2_000, 'method': 'sandbox_card_ok'},
        ),
        'top_up_wallet': (
            buyer,
            'POST',
            '/me/wallet/top-ups',
            {'amount_minor': 1_000, 'currency': 'USD', 'method': 'sandbox_card_ok'},
            {'amount_minor': 2_000, 'currency': 'USD', 'method': 'sandbox_card_ok'},
        ),
        'extend_order': (
            buyer,
            'POST',
            order(market.started(gig), 'extensions'),
            {'days': 1, 'reason': 'A'},
            {'days': 2, 'reason': 'A'},
        ),
        'accept_extension': (buyer, 'POST', order(extending, f'extensions/{extension}/accept'), None, None),
        'decline_extension': (buyer, 'POST', order(declining, f'extensions/{declined}/decline'), None, None),
        'propose_adjustment': (boss, 'POST', '/admin/adjustments', promo(1_000), promo(2_000)),
        'approve_adjustment': (admin, 'POST', f'/admin/adjustments/{proposed[0]}/approve', None, None),
        'reject_adjustment': (admin, 'POST', f'/admin/adjustments/{proposed[1]}/reject', None, None),
        'open_dispute': (buyer, 'POST', order(market.delivered(gig), 'disputes'), CLAIM, CLAIM | {'refund_minor': 1_000}),
        'respond_to_dispute': (seller, 'POST', f'{disputes["respond"][1]}/response', {'accepts': True}, CONTEST),
        'add_evidence': (buyer, 'POST', f'{disputes["prove"][1]}/evidence', {'text': 'Look'}, {'text': 'Look here'}),
        'withdraw_dispute': (buyer, 'POST', f'{disputes["withdraw"][1]}/withdraw', None, None),
        'propose_split': (
            seller,
            'POST',
            f'{contested["propose"][1]}/proposals',
            {'refund_minor': 1_000, 'message': 'A tenth'},
            {'refund_minor': 2_000, 'message': 'A fifth'},
        ),
        'accept_split': (
            buyer,
            'POST',
            f'{agreed}/proposals/accept',
            {'refund_minor': 2_000},
            {'refund_minor': 3_000},
        ),
        'escalate_dispute': (seller, 'POST', f'{contested["escalate"][1]}/escalate', None, None),
        'rule_on_dispute': (
            support,
            'POST',
            f'{contested["rule"][1]}/ruling',
            {'refund_minor': 4_000, 'reasoning': 'One of three is missing', 'fault': 'seller'},
            {'refund_minor': 5_000, 'reasoning': 'Half of it is missing', 'fault': 'none'},
        ),
        'draft_campaign': (buyer, 'POST', '/campaigns', campaigns.CAMPAIGN, campaigns.CAMPAIGN | {'positions': 50}),
        'edit_campaign': (buyer, 'PATCH', f'/campaigns/{campaigns.draft(buyer)}', {'positions': 50}, {'positions': 60}),
        'pay_campaign': (
            buyer,
            'POST',
            f'/campaigns/{campaigns.draft(buyer)}/payments',
            campaigns.PAY,
            {'method': 'sandbox_card_declined'},
        ),
        'add_positions': (
            buyer,
            'POST',
            f'/campaigns/{campaigns.running(buyer)}/positions',
            campaigns.PAY | {'positions': 5},
            campaigns.PAY | {'positions': 6},
        ),
        'pause_campaign': (buyer, 'POST', f'/campaigns/{campaigns.running(buyer)}/pause', None, None),
        'resume_campaign': (buyer, 'POST', f'/campaigns/{paused_campaign}/resume', None, None),
        'stop_campaign': (buyer, 'POST', f'/campaigns/{campaigns.running(buyer)}/stop', None, None),
        'claim_task': (seller, 'POST', f'/campaigns/{campaigns.running(buyer)}/tasks', None, None),
        'submit_proof': (seller, 'POST', f'/campaigns/{to_prove}/tasks/{proving}/proof', {'text': 'A'}, {'text': 'B'}),
        'rate_tasks': (
            buyer,
            'POST',
            f'/campaigns/{rated}/ratings',
            {'ratings': [{'task_id': to_rate, 'rating': 'ok'}]},
            {'ratings': [{'task_id': to_rate, 'rating': 'nok', 'reason': 'Blurred'}]},
        ),
        'make_hire_group': (buyer, 'POST', '/hire-groups', {'name': 'A', 'worker_ids': []}, {'name': 'B', 'worker_ids': []}),
        'set_hire_group': (
            buyer,
            'PUT',
            f'/hire-groups/{group}',
            {'name': 'A', 'worker_ids': []},
            {'name': 'B', 'worker_ids': []},
        ),
        'contest_chargeback': (
            seller,
            'POST',
            f'/orders/{charged[0]["id"]}/chargebacks/{charged_id}/contest',
            {'remarks': 'It was used'},
            {'remarks': 'It is still used'},
        ),
        'contest_top_up_chargeback': (
            support,
            'POST',
            f'/payments/{claimed}/chargebacks/{claimed_id}/contest',
            {'remarks': 'It was spent'},
            {'remarks': 'It was all spent'},
        ),
        'claim_back_sandbox_payment': (
            buyer,
            'POST',
            f'/sandbox/payments/{market.completed(gig)["payment_id"]}/chargeback',
            {'reason': 'fraudulent'},
            {'reason': 'duplicate'},
        ),
        'decide_sandbox_chargeback': (
            support,
            'POST',
            f'/sandbox/chargebacks/{deciding[1]}/decision',
            {'won': True},
            {'won': False},
        ),
        'return_sandbox_payout': (seller, 'POST', f'/sandbox/payouts/{market.paid_out()["id"]}/return', None, None),
        'confirm_sandbox_payment': (
            buyer,
            'POST',
            payment['next_action_url'].removeprefix('/api'),
            {'approved': True},
            {'approved': False},
        ),
        **_of_jobs(board, support),
    }


def _of_jobs(board: Board, support: Person) -> dict[str, tuple[Any, str, str, Any, Any]]:
    """The same, of jobs and proposals."""
    buyer, seller = board.buyer, board.seller
    rival, third = Person('rival'), Person('third')
    invited = board.job()
    board.invite(invited)
    reviewed = board.draft()
    _send_to_review(reviewed['id'])
    marked, declined = board.proposal(), board.proposal()
    return {
        'draft_job': (buyer, 'POST', '/jobs', JOB, JOB | {'title': 'Other photos'}),
        'edit_job': (buyer, 'PATCH', path(board.job()), {'title': 'A'}, {'title': 'B'}),
        'publish_job': (buyer, 'POST', f'{path(board.draft())}/publish', None, None),
        'close_job': (buyer, 'POST', f'{path(board.job())}/close', {'reason': 'A'}, {'reason': 'B'}),
        'approve_job': (support, 'POST', f'{path(reviewed)}/approve', None, None),
        'remove_job': (support, 'POST', f'{path(board.job())}/remove', {'reason': 'A'}, {'reason': 'B'}),
        'invite_seller': (
            buyer,
            'POST',
            f'{path(board.job())}/invitations',
            INVITATION | {'seller_id': rival.id},
            INVITATION | {'seller_id': third.id},
        ),
        'decline_invitation': (seller, 'POST', f'{path(invited)}/invitations/decline', None, None),
        'place_proposal': (
            seller,
            'POST',
            f'{path(board.job())}/proposals',
            PROPOSAL,
            PROPOSAL | {'price_minor': 25_000},
        ),
        'edit_proposal': (seller, 'PATCH', path(board.proposal()), {'price_minor': 25_000}, {'price_minor': 26_000}),
        'withdraw_proposal': (seller, 'POST', f'{path(board.proposal())}/withdraw', None, None),
        'shortlist_proposal': (buyer, 'POST', f'{path(marked)}/shortlist', None, None),
        'hide_proposal': (buyer, 'POST', f'{path(marked)}/hide', None, None),
        'unmark_proposal': (buyer, 'POST', f'{path(marked)}/unmark', None, None),
        'decline_proposal': (buyer, 'POST', f'{path(declined)}/decline', {'reason': 'A'}, {'reason': 'B'}),
        'award_proposal': (buyer, 'POST', f'{path(board.proposal())}/award', {'edition': 1}, {'edition': 2}),
        'accept_award': (seller, 'POST', f'{path(board.awarded())}/award/accept', None, None),
        'turn_down_award': (seller, 'POST', f'{path(board.awarded())}/award/turn-down', None, None),
        'revoke_award': (buyer, 'POST', f'{path(board.awarded())}/award/revoke', None, None),
    }


def _send_to_review(job_id: str) -> None:
    """As the policy would have it, if it had."""

    def work(tx: db.Transaction) -> None:
        job = job_store.get(job_id)
        job.state = 'in_review'
        job_store.save(tx, job)

    db.atomically(work)
