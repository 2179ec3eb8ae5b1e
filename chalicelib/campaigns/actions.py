"""The verbs of a campaign, but for its money: draft, edit, pause, resume, stop; and hire groups."""

import hashlib
from typing import Any

from chalicelib import clock, ids, policy, reads, settings
from chalicelib.auth import Caller
from chalicelib.campaigns import lifecycle, store
from chalicelib.campaigns.lifecycle import CampaignState
from chalicelib.campaigns.rows import Campaign, HireGroup
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.gigs.categories import SLUGS
from chalicelib.money import must_be_whole

_OWN = ('title', 'category', 'currency', 'pay_minor', 'positions', 'per_worker')
MAX_GROUPS = 50


def draft(tx: Transaction, buyer_id: str, wanted: dict[str, Any]) -> Campaign:
    rulebook = policy.current(settings.STAGE)
    campaign = Campaign(
        id=ids.new('cmp'), buyer_id=buyer_id, created_at=clock.now_ms(), policy_version=rulebook.version, terms={}
    )
    _write(campaign, wanted)
    store.add(tx, campaign)
    return campaign


def edit(tx: Transaction, caller: Caller, campaign_id: str, changes: dict[str, Any]) -> Campaign:
    """Sets what `changes` names, as long as nothing was paid."""
    campaign, role = store.load_as_buyer(campaign_id, caller)
    lifecycle.decide('edit', role, campaign.state)
    if campaign.payment_id:
        raise Conflict(f'Payment {campaign.payment_id} for this campaign is being made')
    _write(campaign, changes)
    store.save(tx, campaign)
    return campaign


def move(tx: Transaction, caller: Caller, campaign_id: str, action: str) -> Campaign:
    """Pause, resume or stop."""
    campaign, role = store.load_as_buyer(campaign_id, caller)
    campaign.state = lifecycle.decide(action, role, campaign.state)
    if campaign.state == CampaignState.STOPPED:
        campaign.stopped_at = clock.now_ms()
        campaign.set_timer(('close_campaign', campaign.stopped_at))
    store.set_open(tx, campaign, is_open=campaign.state == CampaignState.RUNNING)
    store.save(tx, campaign)
    store.note(tx, campaign.id, f'Campaign{campaign.state.capitalize()}', role)
    return campaign


def code_hash(campaign_id: str, code: str) -> str:
    """A verification code as it is kept: who reads our rows does not learn it."""
    return hashlib.pbkdf2_hmac('sha256', code.encode(), campaign_id.encode(), 20_000).hex()


def make_group(tx: Transaction, buyer_id: str, name: str, worker_ids: list[str]) -> HireGroup:
    if len(store.groups_of(buyer_id)) >= MAX_GROUPS:
        raise Conflict(f'You have {MAX_GROUPS} hire groups, and no more are taken')
    group_id = ids.new('grp')
    group = HireGroup(*store.group_key(buyer_id, group_id), id=group_id, name=name, worker_ids=worker_ids)
    tx.put(group, otherwise=Conflict(f'Hire group {group_id} exists already'))
    return group


def set_group(tx: Transaction, buyer_id: str, group_id: str, name: str, worker_ids: list[str]) -> HireGroup:
    group = HireGroup(*store.group_key(buyer_id, group_id), id=group_id, name=name, worker_ids=worker_ids)
    tx.replace(group, when=HireGroup.pk.exists(), otherwise=NotFound(f'You have no hire group {group_id}'))
    return group


def _write(campaign: Campaign, given: dict[str, Any]) -> None:
    for name in _OWN:
        if name in given:
            setattr(campaign, name, given[name])
    terms = {name: value for name, value in given.items() if name not in _OWN}
    if 'proof' in terms:
        terms['proof'] = _kept(campaign.id, terms['proof'])
    campaign.terms = {**campaign.terms, **terms}
    _check(campaign)


def _kept(campaign_id: str, proof: dict[str, Any]) -> dict[str, Any]:
    code = proof.pop('verification_code', None)
    return {**proof, 'code_hash': code_hash(campaign_id, code) if code else None}


def _check(campaign: Campaign) -> None:
    rulebook, currency = campaign.policy, campaign.currency
    if campaign.category not in SLUGS:
        raise Invalid.at('#/category', 'Give a second-level slug of GET /categories')
    lowest, highest = rulebook.min_task_minor[currency], rulebook.max_price_minor[currency]
    if not lowest <= campaign.pay_minor or campaign.pay_minor * campaign.positions > highest:
        said = f'A task pays {lowest} minor units of {currency} or more, and all tasks {highest} at most'
        raise Invalid.at('#/pay_minor', said)
    must_be_whole(campaign.pay_minor, currency, '#/pay_minor')
    least = 1 if campaign.terms['hire_group_ids'] else rulebook.min_public_positions
    if not least <= campaign.positions <= rulebook.max_positions:
        raise Invalid.at('#/positions', f'This campaign has {least} to {rulebook.max_positions} positions')
    if campaign.per_worker > campaign.positions:
        raise Invalid.at('#/per_worker', 'A worker cannot have more positions than there are')
    keys = [store.group_key(campaign.buyer_id, group_id) for group_id in campaign.terms['hire_group_ids']]
    found = {row['id'] for row in reads.find_many(settings.MARKET_TABLE, keys)} if keys else set()
    for n, group_id in enumerate(campaign.terms['hire_group_ids']):
        if group_id not in found:
            raise Invalid.at(f'#/hire_group_ids/{n}', 'Name a hire group of yours')
