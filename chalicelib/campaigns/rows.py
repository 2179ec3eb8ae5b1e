"""Rows of campaigns: the campaign itself, its lanes and its log, tasks, workers' slips and records, and hire groups."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib import clock, policy
from chalicelib.campaigns import rules
from chalicelib.campaigns.lifecycle import CampaignState, Role, TaskState
from chalicelib.campaigns.rules import Shown, Tranche
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow
from chalicelib.ledger.store import HeldRow
from chalicelib.ledger.work_postings import Fund
from chalicelib.policy import Policy
from chalicelib.timers import TimedRow


def to_rate(campaign_id: str) -> str:
    """The shelf of a campaign's tasks that wait for their rating."""
    return f'{campaign_id}#to_rate'


class Campaign(TimedRow, discriminator='campaign'):
    id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    state = UnicodeAttribute(default=CampaignState.DRAFT.value)
    title = UnicodeAttribute()
    category = UnicodeAttribute()
    currency = UnicodeAttribute()
    pay_minor = IntegerAttribute()
    positions = IntegerAttribute()
    """Wanted, in a draft; paid for, from then on."""
    per_worker = IntegerAttribute()
    terms = JSONAttribute()
    """What is only read and written as a whole: instructions, proof, minutes_to_finish, days_to_rate, countries, languages,
    hire_group_ids, gate."""
    lanes = IntegerAttribute(default=0)
    tranches = JSONAttribute(default=list)
    """What was paid for at once, each as a `Tranche`."""
    payment_id = UnicodeAttribute(null=True)
    """The payment that is being tried, and how many positions it is for."""
    paying_for = IntegerAttribute(null=True)
    policy_version = UnicodeAttribute()
    created_at = IntegerAttribute()
    started_at = IntegerAttribute(null=True)
    stopped_at = IntegerAttribute(null=True)
    closed_at = IntegerAttribute(null=True)
    returned_minor = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys.
    buyer_shelf = UnicodeAttribute(null=True)
    category_shelf = UnicodeAttribute(null=True)
    shelf = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute()

    rows: list[Lane]

    @property
    def policy(self) -> Policy:
        return policy.of(self.policy_version)

    @property
    def paid(self) -> list[Tranche]:
        return [Tranche(*one) for one in self.tranches]

    @property
    def fund(self) -> Fund:
        fee_minor = sum(tranche.fee_minor for tranche in self.paid)
        return Fund(self.id, self.buyer_id, self.currency, self.positions * self.pay_minor, fee_minor)

    @property
    def shown(self) -> list[Shown]:
        return [Shown(row.number, row.taken, frozenset(map(int, row.returned or ()))) for row in self.rows]

    @property
    def positions_free(self) -> int:
        return self.positions - rules.occupied(self.shown)


class Lane(MarketRow, discriminator='lane'):
    number = IntegerAttribute()
    is_open = IntegerAttribute()
    taken = IntegerAttribute(default=0)
    """How many of its positions were ever claimed."""
    returned = UnicodeSetAttribute(null=True)
    """Those of them that are free again."""


class Task(HeldRow, discriminator='task'):
    id = UnicodeAttribute()
    campaign_id = UnicodeAttribute()
    buyer_id = UnicodeAttribute()
    worker_id = UnicodeAttribute()
    state = UnicodeAttribute(default=TaskState.CLAIMED.value)
    position = IntegerAttribute()
    currency = UnicodeAttribute()
    pay_minor = IntegerAttribute()
    fee_minor = IntegerAttribute()
    """This position's share of the fee."""
    text = UnicodeAttribute(null=True)
    file_ids = JSONAttribute(default=list)
    revisions = IntegerAttribute(default=0)
    steps = JSONAttribute(default=list)
    """What became of it: `{state, by, at, reason}`."""
    claimed_at = IntegerAttribute()
    submitted_at = IntegerAttribute(null=True)
    rated_at = IntegerAttribute(null=True)
    version = IntegerAttribute(default=1)
    # Index keys: among the tasks of its worker, and, while it is to be rated, among those of its campaign.
    seller_shelf = UnicodeAttribute()
    buyer_shelf = UnicodeAttribute(null=True)
    listed_at = UnicodeAttribute()

    def enter(self, state: str, role: Role, timer: tuple[str, int] | None, reason: str | None = None) -> None:
        self.state = state
        self.steps = [*self.steps, {'state': state, 'by': role.value, 'at': clock.now_ms(), 'reason': reason}]
        self.set_timer(timer)
        self.buyer_shelf = to_rate(self.campaign_id) if state == TaskState.SUBMITTED else None
        if state == TaskState.SUBMITTED:
            self.hold(self.worker_id, 'in_escrow', self.pay_minor, rule='until_rated', release_at=self.due_at)
        else:
            self.let_go()


class Slip(MarketRow, discriminator='slip'):
    """How often a worker has claimed a position of one campaign."""

    claims = IntegerAttribute(default=0)


class Record(MarketRow, discriminator='record'):
    """What became of a worker's tasks that were rated on one day."""

    approved = IntegerAttribute(default=0)
    rejected = IntegerAttribute(default=0)
    expires_at = IntegerAttribute(null=True)


class HireGroup(MarketRow, discriminator='hire_group'):
    id = UnicodeAttribute()
    name = UnicodeAttribute()
    worker_ids = JSONAttribute(default=list)


class CampaignEvent(MarketRow, discriminator='campaign_event'):
    name = UnicodeAttribute()
    by_role = UnicodeAttribute()
    at = IntegerAttribute()
    data = JSONAttribute(default=dict)
