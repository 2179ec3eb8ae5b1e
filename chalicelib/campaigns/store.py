"""Campaigns and what belongs to them, read and written."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from ulid import ULID

from chalicelib import clock, reads, settings
from chalicelib.auth import Caller
from chalicelib.campaigns import rows as shelves
from chalicelib.campaigns import rules
from chalicelib.campaigns.lifecycle import CampaignState, Role, TaskState
from chalicelib.campaigns.rows import Campaign, CampaignEvent, Lane, Record, Slip, Task
from chalicelib.campaigns.rules import Place
from chalicelib.db import MarketRow, Transaction
from chalicelib.errors import Conflict, Moved, NotFound
from chalicelib.reads import Page, Paging

RATED_DAYS = 60


def pk(campaign_id: str) -> str:
    return f'CAMPAIGN#{campaign_id}'


def campaign_id_of(key: str) -> str:
    return key.removeprefix('CAMPAIGN#')


def add(tx: Transaction, campaign: Campaign) -> None:
    campaign.pk, campaign.sk, campaign.rows = pk(campaign.id), 'CAMPAIGN', []
    campaign.listed_at = f'{campaign.created_at:015d}#{campaign.id}'
    _shelve(campaign)
    tx.put(campaign, otherwise=Conflict(f'Campaign {campaign.id} exists already'))


def load(campaign_id: str) -> Campaign:
    """A campaign with its lanes. One request, however many positions it has."""
    rows: list[Any] = list(MarketRow.query(pk(campaign_id), MarketRow.sk.startswith('CAMPAIGN'), consistent_read=True))
    campaign = next((row for row in rows if isinstance(row, Campaign)), None)
    if campaign is None:
        raise NotFound(f'There is no campaign {campaign_id}')
    campaign.rows = [row for row in rows if isinstance(row, Lane)]
    return campaign


def load_for(campaign_id: str, caller: Caller) -> tuple[Campaign, Role]:
    """The campaign and what the caller is to it; a draft is its buyer's and the staff's."""
    campaign = load(campaign_id)
    if caller.user_id == campaign.buyer_id:
        return campaign, Role.BUYER
    if caller.is_staff:
        return campaign, Role.STAFF
    if campaign.state == CampaignState.DRAFT:
        raise NotFound(f'There is no campaign {campaign_id} that you may see')
    return campaign, Role.WORKER


def load_as_buyer(campaign_id: str, caller: Caller) -> tuple[Campaign, Role]:
    """For what only its buyer does: to others there is no such campaign, but for staff."""
    campaign, role = load_for(campaign_id, caller)
    if role is Role.WORKER:
        raise NotFound(f'There is no campaign {campaign_id} of yours')
    return campaign, role


def save(tx: Transaction, campaign: Campaign) -> None:
    """Writes the campaign as it now is, provided that it is still as it was read."""
    seen = campaign.version
    campaign.version = seen + 1
    _shelve(campaign)
    tx.replace(campaign, when=Campaign.version == seen, otherwise=Moved(f'Campaign {campaign.id} moved on meanwhile'))


def note(tx: Transaction, campaign_id: str, name: str, role: Role, **data: Any) -> None:
    event = CampaignEvent(pk(campaign_id), f'EVENT#{ULID()}', name=name, by_role=role.value, at=clock.now_ms(), data=data)
    tx.put(event, otherwise=Moved('Two lines of a log have the same key'))


def events(campaign_id: str, paging: Paging) -> Page:
    key = ('pk', pk(campaign_id))
    return reads.page(settings.MARKET_TABLE, key, 'sk', paging, range_prefix='EVENT#', newest_first=False)


def open_lanes(tx: Transaction, campaign: Campaign) -> None:
    """Makes the rows on which positions are claimed."""
    campaign.lanes = rules.lanes_for(campaign.positions)
    for number in range(campaign.lanes):
        tx.put(
            Lane(*_lane_key(campaign.id, number), number=number, is_open=1), otherwise=Moved('The lanes were made meanwhile')
        )


def set_open(tx: Transaction, campaign: Campaign, *, is_open: bool) -> None:
    """Whether positions may be claimed."""
    for number in range(campaign.lanes):
        tx.upsert(Lane(*_lane_key(campaign.id, number)), [Lane.is_open.set(int(is_open))])


def free_place(campaign: Campaign) -> Place | None:
    """One of the positions that nobody has, of a lane by chance."""
    places = rules.free_places(campaign.shown, campaign.lanes, campaign.positions)
    return random.choice(places) if places else None  # noqa: S311


def take(tx: Transaction, campaign: Campaign, place: Place) -> None:
    lane = Lane(*_lane_key(campaign.id, place.lane))
    otherwise = Moved('Someone else was quicker to this position; try again')
    if place.is_fresh:
        tx.update(
            lane,
            [Lane.taken.add(1)],
            when=(Lane.is_open == 1) & (Lane.taken == place.ordinal),
            otherwise=otherwise,
        )
    else:
        name = str(place.ordinal)
        is_there = (Lane.is_open == 1) & Lane.returned.contains(name)
        tx.update(lane, [Lane.returned.delete({name})], when=is_there, otherwise=otherwise)


def give_back(tx: Transaction, campaign_id: str, lanes: int, tasks: Iterable[Task]) -> None:
    """Positions of tasks that came to nothing are free again."""
    returned: defaultdict[int, set[str]] = defaultdict(set)
    for task in tasks:
        place = rules.place_of(task.position, lanes)
        returned[place.lane].add(str(place.ordinal))
    for number, names in returned.items():
        tx.upsert(Lane(*_lane_key(campaign_id, number)), [Lane.returned.add(names)])


def count_claim(tx: Transaction, campaign: Campaign, worker_id: str) -> None:
    most = campaign.per_worker
    slip = Slip(pk(campaign.id), f'WORKER#{worker_id}')
    is_left = Slip.pk.does_not_exist() | (Slip.claims < most)
    said = Conflict(f'A worker may claim {most} of the positions of this campaign, and you have')
    tx.update(slip, [Slip.claims.add(1)], when=is_left, otherwise=said)


def add_task(tx: Transaction, task: Task) -> None:
    task.seller_shelf, task.listed_at = f'{task.worker_id}#task', f'{task.claimed_at:015d}#{task.id}'
    tx.put(task, otherwise=Conflict(f'Task {task.id} exists already'))


def save_task(tx: Transaction, task: Task) -> None:
    seen = task.version
    task.version = seen + 1
    tx.replace(task, when=Task.version == seen, otherwise=Moved(f'Task {task.id} moved on meanwhile'))


def tasks(keys: Iterable[tuple[str, str]]) -> list[Task]:
    """Tasks by their keys, as they stand now, in that order; those that do not exist are left out. One request."""
    wanted = list(keys)
    found = {(task.pk, task.sk): task for task in Task.batch_get(wanted, consistent_read=True)}
    return [found[key] for key in wanted if key in found]


def task_key(campaign_id: str, task_id: str) -> tuple[str, str]:
    return pk(campaign_id), f'TASK#{task_id}'


def task(pk: str, sk: str) -> Task:
    found = tasks([(pk, sk)])
    if not found:
        raise NotFound(f'There is no task {sk.removeprefix("TASK#")} of this campaign')
    return found[0]


def to_rate(campaign_id: str, paging: Paging) -> Page:
    """Tasks that wait for their rating, the oldest first, whole."""
    key = ('buyer_shelf', shelves.to_rate(campaign_id))
    return reads.whole(reads.page(settings.MARKET_TABLE, key, 'listed_at', paging, index='by_buyer', newest_first=False))


def results(campaign_id: str, paging: Paging) -> Page:
    """All tasks of a campaign, in the order in which they were claimed."""
    key = ('pk', pk(campaign_id))
    return reads.page(settings.MARKET_TABLE, key, 'sk', paging, range_prefix='TASK#', newest_first=False)


def worked_on_by(worker_id: str, paging: Paging) -> Page:
    key = ('seller_shelf', f'{worker_id}#task')
    return reads.whole(reads.page(settings.MARKET_TABLE, key, 'listed_at', paging, index='by_seller'))


def running(category: str | None, paging: Paging) -> Page:
    if category:
        key, index = ('category_shelf', _category(category)), 'by_category'
    else:
        key, index = ('shelf', 'campaigns'), 'newest'
    return reads.whole(reads.page(settings.MARKET_TABLE, key, 'listed_at', paging, index=index))


def posted_by(buyer_id: str, paging: Paging) -> Page:
    key = ('buyer_shelf', f'{buyer_id}#campaign')
    return reads.whole(reads.page(settings.MARKET_TABLE, key, 'listed_at', paging, index='by_buyer'))


def count_ratings(tx: Transaction, rated: Iterable[Task]) -> None:
    """Adds to the records of the workers."""
    now = clock.now_ms()
    for (worker_id, state), count in Counter((task.worker_id, task.state) for task in rated).items():
        name = Record.approved if state == TaskState.APPROVED else Record.rejected
        record = Record(f'USER#{worker_id}', f'RATED#{clock.utc(now):%Y%m%d}#{state}')
        expires_at = (now + (RATED_DAYS + 2) * clock.DAY) // 1000
        tx.upsert(record, [name.add(count), Record.expires_at.set(expires_at)])


def record_of(worker_id: str) -> tuple[int, int]:
    """How many of a worker's tasks were approved, and rejected, in the last 60 days. One request."""
    since = clock.utc(clock.now_ms() - RATED_DAYS * clock.DAY)
    rows = reads.partition(settings.MARKET_TABLE, f'USER#{worker_id}', prefix='RATED#')
    counted = [row for row in rows if row['sk'] >= f'RATED#{since:%Y%m%d}']
    return sum(row.get('approved', 0) for row in counted), sum(row.get('rejected', 0) for row in counted)


def group_key(buyer_id: str, group_id: str) -> tuple[str, str]:
    return f'USER#{buyer_id}', f'HIREGROUP#{group_id}'


def groups_of(buyer_id: str) -> list[dict[str, Any]]:
    return list(reads.partition(settings.MARKET_TABLE, f'USER#{buyer_id}', prefix='HIREGROUP#'))


def _shelve(campaign: Campaign) -> None:
    is_shown = campaign.state == CampaignState.RUNNING
    campaign.buyer_shelf = f'{campaign.buyer_id}#campaign'
    campaign.shelf = 'campaigns' if is_shown else None
    campaign.category_shelf = _category(campaign.category) if is_shown else None


def _category(category: str) -> str:
    return f'campaign#{category}'


def _lane_key(campaign_id: str, number: int) -> tuple[str, str]:
    return pk(campaign_id), f'CAMPAIGN#LANE#{number:02d}'
