"""The verbs of a dispute: open it, answer, propose, agree, rule; and what its clock does."""

from typing import Any

from chalicelib import clock, ids
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.disputes import lifecycle, store
from chalicelib.disputes.lifecycle import Outcome, Stage
from chalicelib.disputes.store import Dispute
from chalicelib.errors import Conflict, Invalid
from chalicelib.files import store as files
from chalicelib.money import must_be_whole
from chalicelib.orders import actions as orders
from chalicelib.orders import lifecycle as order_lifecycle
from chalicelib.orders import store as order_store
from chalicelib.orders.lifecycle import SYSTEM, Actor, Fault, OrderRole
from chalicelib.orders.rows import Order

MAX_EVIDENCE = 10
MAX_PROPOSALS = 20
"""So that a dispute, and the answer that is remembered, fit into a row, whatever is written."""
Words = dict[str, Any]
"""What somebody says and shows: `text` and `file_ids`."""


def open_one(tx: Transaction, caller: Caller, order_id: str, *, reason: str, refund_minor: int, words: Words) -> Dispute:
    """Opens a dispute about a paid order, and stops the order's clock."""
    order, actor = order_store.load_for(order_id, caller)
    order_lifecycle.decide('dispute', actor, order.facts())
    _must_be_new(order, actor)
    now, dispute_id, most = clock.now_ms(), ids.new('dis'), order.purse.refundable_minor
    _check(order, refund_minor, most)
    if actor.role is OrderRole.BUYER and not refund_minor:
        raise Invalid.at('#/refund_minor', 'Say how much of your money you want back; a dispute about nothing is none')
    dispute = Dispute(
        *store.key(order_id, dispute_id),
        id=dispute_id,
        order_id=order_id,
        currency=order.currency,
        opened_by=actor.role.value,
        reason=reason,
        claim_minor=refund_minor,
        most_minor=most,
        stage=Stage.RESPONDING.value,
        opened_at=now,
    )
    _say(tx, order, dispute, actor, words)
    _enter(order, dispute, Stage.RESPONDING)
    order.freeze('dispute')
    order.account_for()
    store.add(tx, dispute)
    order_store.save(tx, order)
    _note(tx, order, dispute, 'DisputeOpened', actor, reason=reason, refund_minor=refund_minor)
    return dispute


def respond(tx: Transaction, caller: Caller, order_id: str, dispute_id: str, *, accepts: bool, words: Words) -> Dispute:
    """The other side grants the claim, or says why not."""
    order, dispute, actor = _load('respond', caller, order_id, dispute_id)
    if accepts:
        _settle(tx, order, dispute, dispute.claim_minor, Outcome.ACCEPTED, actor=actor)
        return dispute
    _say(tx, order, dispute, actor, words)
    _enter(order, dispute, Stage.PROPOSING)
    _save(tx, order, dispute, 'DisputeContested', actor)
    return dispute


def propose(tx: Transaction, caller: Caller, order_id: str, dispute_id: str, *, refund_minor: int, message: str) -> Dispute:
    """A split: what would go back to the buyer. It takes the place of what this side proposed before."""
    order, dispute, actor = _load('propose', caller, order_id, dispute_id)
    _check(order, refund_minor, dispute.most_minor)
    _must_give_way(dispute, actor, refund_minor)
    if len(dispute.proposals) >= MAX_PROPOSALS:
        raise Conflict(f'{MAX_PROPOSALS} splits were proposed in this dispute, and no more are taken; ask support to rule')
    proposal = {'by': actor.role.value, 'refund_minor': refund_minor, 'message': message, 'at': clock.now_ms()}
    dispute.proposals = [*dispute.proposals, proposal]
    _save(tx, order, dispute, 'SplitProposed', actor, refund_minor=refund_minor)
    return dispute


def accept_proposal(tx: Transaction, caller: Caller, order_id: str, dispute_id: str, refund_minor: int) -> Dispute:
    """Agrees to what the other side proposed last, which has to be what the caller believes it to be."""
    order, dispute, actor = _load('accept_proposal', caller, order_id, dispute_id)
    theirs = [proposal for proposal in dispute.proposals if proposal['by'] != actor.role]
    if not theirs:
        raise Conflict('The other side has not proposed a split')
    if theirs[-1]['refund_minor'] != refund_minor:
        raise Invalid.at('#/refund_minor', f'The other side proposes {theirs[-1]["refund_minor"]} by now')
    _settle(tx, order, dispute, refund_minor, Outcome.AGREED, actor=actor)
    return dispute


def add_evidence(tx: Transaction, caller: Caller, order_id: str, dispute_id: str, words: Words) -> Dispute:
    order, dispute, actor = _load('add_evidence', caller, order_id, dispute_id)
    _say(tx, order, dispute, actor, words)
    _save(tx, order, dispute, 'EvidenceAdded', actor)
    return dispute


def escalate(tx: Transaction, caller: Caller, order_id: str, dispute_id: str) -> Dispute:
    """There is nothing more to talk about: support rules."""
    order, dispute, actor = _load('escalate', caller, order_id, dispute_id)
    _enter(order, dispute, Stage.RULING)
    _save(tx, order, dispute, 'DisputeEscalated', actor)
    return dispute


def withdraw(tx: Transaction, caller: Caller, order_id: str, dispute_id: str) -> Dispute:
    """Who opened it lets it be: the order goes on where it stopped."""
    order, dispute, actor = _load('withdraw', caller, order_id, dispute_id)
    _close(dispute, Outcome.WITHDRAWN)
    order.thaw()
    order.account_for()
    _save(tx, order, dispute, 'DisputeWithdrawn', actor)
    return dispute


def rule(
    tx: Transaction, caller: Caller, order_id: str, dispute_id: str, refund_minor: int, *, reasoning: str, fault: Fault
) -> Dispute:
    """Support decides, with its reasons."""
    order, dispute, actor = _load('rule', caller, order_id, dispute_id)
    _check(order, refund_minor, dispute.most_minor)
    dispute.reasoning = reasoning
    _settle(tx, order, dispute, refund_minor, Outcome.RULED, actor=actor, fault=fault)
    return dispute


def advance(tx: Transaction, order: Order, dispute: Dispute) -> None:
    """The time of a stage is over: what it comes to by default takes place."""
    match dispute.stage:
        case Stage.RESPONDING if not _is_for_nothing(order, dispute):
            _settle(tx, order, dispute, dispute.claim_minor, Outcome.BY_DEFAULT, actor=SYSTEM)
        case Stage.RESPONDING | Stage.PROPOSING:
            _enter(order, dispute, Stage.RULING)
            _save(tx, order, dispute, 'DisputeEscalated', SYSTEM)
        case Stage.RULING:
            wants, offers = dispute.position_of(OrderRole.BUYER), dispute.position_of(OrderRole.SELLER)
            _settle(tx, order, dispute, lifecycle.middle(wants, offers, order.currency), Outcome.BY_DEFAULT, actor=SYSTEM)


def supersede(tx: Transaction, order: Order) -> None:
    """A chargeback has come: what the sides were talking about is decided by a bank. The caller saves the order."""
    for dispute in store.of_order(order):
        if dispute.stage != Stage.CLOSED:
            _close(dispute, Outcome.SUPERSEDED)
            store.save(tx, dispute)


def _load(action: str, caller: Caller, order_id: str, dispute_id: str) -> tuple[Order, Dispute, Actor]:
    order, actor = order_store.load_for(order_id, caller)
    dispute = store.find(*store.key(order_id, dispute_id))
    lifecycle.decide(action, dispute.side_of(actor), Stage(dispute.stage))
    return order, dispute, actor


def _is_for_nothing(order: Order, dispute: Dispute) -> bool:
    """Whether a seller claims money who has delivered nothing: nobody's silence pays for that."""
    return dispute.opened_by == OrderRole.SELLER and not order.deliveries


def _must_be_new(order: Order, actor: Actor) -> None:
    """A side has one dispute, and what was decided stays decided: nobody holds an order by opening one after another.

    One that a chargeback has ended was not decided.
    """
    for dispute in store.of_order(order):
        if dispute.opened_by == actor.role and dispute.outcome != Outcome.SUPERSEDED:
            raise Conflict(f'You have had dispute {dispute.id} about this order already; ask support')


def _must_give_way(dispute: Dispute, actor: Actor, refund_minor: int) -> None:
    """Each side moves towards the other, or stays: a talk does not begin again from the end."""
    so_far = dispute.position_of(actor.role.value)
    if refund_minor > so_far if actor.role is OrderRole.BUYER else refund_minor < so_far:
        word = 'less' if actor.role is OrderRole.BUYER else 'more'
        raise Invalid.at('#/refund_minor', f'You have said {so_far} so far; propose that or {word}')


def _check(order: Order, refund_minor: int, most: int) -> None:
    must_be_whole(refund_minor, order.currency, '#/refund_minor')
    if not 0 <= refund_minor <= most:
        raise Invalid.at('#/refund_minor', f'Between 0 and {most} minor units of {order.currency} could go back to the buyer')


def _say(tx: Transaction, order: Order, dispute: Dispute, actor: Actor, words: Words) -> None:
    """What is said and shown can be seen by both sides from now on."""
    if sum(one['by'] == actor.role for one in dispute.evidence) >= MAX_EVIDENCE:
        raise Conflict(f'Each side adds evidence {MAX_EVIDENCE} times at most; put the rest into a file of an earlier entry')
    other_id = order.seller_id if actor.role is OrderRole.BUYER else order.buyer_id
    for n, file_id in enumerate(words['file_ids']):
        files.require(tx, file_id, owner_id=actor.id or '', purpose='evidence', pointer=f'#/file_ids/{n}')
        files.grant(tx, file_id, other_id, order.id)
    said = {'by': actor.role.value, 'text': words['text'], 'file_ids': words['file_ids'], 'at': clock.now_ms()}
    dispute.evidence = [*dispute.evidence, said]


def _enter(order: Order, dispute: Dispute, stage: Stage) -> None:
    dispute.stage = stage.value
    due_at = lifecycle.deadline(stage, order.policy, clock.now_ms())
    dispute.set_timer(('advance_dispute', due_at) if due_at else None)


def _close(dispute: Dispute, outcome: Outcome) -> None:
    dispute.stage, dispute.outcome, dispute.closed_at = Stage.CLOSED.value, outcome.value, clock.now_ms()
    dispute.set_timer(None)


def _settle(
    tx: Transaction,
    order: Order,
    dispute: Dispute,
    refund_minor: int,
    outcome: Outcome,
    *,
    actor: Actor,
    fault: Fault = Fault.NONE,
) -> None:
    """The dispute is over, and so is the work: each side gets its part."""
    _close(dispute, outcome)
    dispute.refund_minor, dispute.fault = refund_minor, fault.value
    order.thaw()
    reason = f'Dispute {dispute.id}: {outcome.value.replace("_", " ")}'
    orders.divide(tx, order, refund_minor, actor, reason=reason, fault=fault)
    store.save(tx, dispute)
    _note(tx, order, dispute, 'DisputeClosed', actor, outcome=outcome.value, refund_minor=refund_minor, fault=fault.value)


def _save(tx: Transaction, order: Order, dispute: Dispute, name: str, actor: Actor, **data: Any) -> None:
    order_store.save(tx, order)
    store.save(tx, dispute)
    _note(tx, order, dispute, name, actor, **data)


def _note(tx: Transaction, order: Order, dispute: Dispute, name: str, actor: Actor, **data: Any) -> None:
    order_store.note(tx, order, name, actor, dispute_id=dispute.id, **data)
