"""Jobs and proposals that meet: who is hired, by how many, and whether a job is still open."""

from typing import Any

from chalicelib import db
from chalicelib.proposals.store import DailyCount
from tests.faults.cases import World
from tests.races.pairs import Race, asks, hears
from tests.support.api import Person
from tests.support.board import DAY, HOUR, PROPOSAL, Board, path
from tests.support.market import ok


def board(world: World) -> Board:
    return Board(world.buyer, world.seller)


def outcome(world: World) -> str:
    """The job, how many it has hired, the orders that were placed, and what its proposals are; and what is wrong with it."""
    about = world.about
    job = ok(world.buyer.get(about['job']))
    states = sorted(one['state'] for one in ok(world.buyer.get(f'{about["job"]}/proposals'))['items'])
    orders = ok(world.buyer.get('/orders'))['items']
    if job['proposals'] != len(states) or (job['state'] == 'closed' and job['expires_at']):
        return f'{job} does not know of {states}'
    result = f' {job["close_result"]}' if job['close_result'] else ''
    return f'{job["state"]}{result}, {job["hired"]} hired, {len(orders)} orders, {" ".join(states)}'


def _about(job: dict[str, Any], *proposals: dict[str, Any]) -> dict[str, str]:
    names = zip(('one', 'two'), proposals, strict=False)
    return {'job': path(job)} | {name: path(proposal) for name, proposal in names}


def opened(world: World) -> dict[str, str]:
    return _about(board(world).job())


def opened_long_ago(world: World) -> dict[str, str]:
    about = opened(world)
    world.clock.shift(30 * DAY + 1)
    return about


def proposed(world: World) -> dict[str, str]:
    job = board(world).job()
    return _about(job, board(world).proposal(job))


def awarded(world: World) -> dict[str, str]:
    job = board(world).job()
    return _about(job, board(world).awarded(job))


def awarded_long_ago(world: World) -> dict[str, str]:
    about = awarded(world)
    world.clock.shift(36 * HOUR + 1)
    return about


def two_proposed(world: World, hires: int = 1) -> dict[str, str]:
    job = board(world).job(hires=hires)
    return _about(job, board(world).proposal(job), board(world).proposal(job, Person('rival')))


def two_proposed_and_wanted(world: World) -> dict[str, str]:
    return two_proposed(world, hires=2)


def two_awarded(world: World) -> dict[str, str]:
    world.rival = Person('rival')
    job = board(world).job(hires=2)
    return _about(job, board(world).awarded(job), board(world).awarded(job, world.rival))


def one_left_of_the_day(world: World) -> dict[str, str]:
    """Two jobs, and one proposal that the seller may still place today."""
    day = DailyCount(f'USER#{world.seller.id}', 'PROPOSALS#2026-11-24', placed=19, expires_at=2_000_000_000)
    db.atomically(lambda tx: tx.put(day, otherwise=AssertionError()))
    return opened(world) | {'other': path(board(world).job())}


AWARD = asks('buyer', '{one}/award', {'edition': 1})
AWARD_OTHER = asks('buyer', '{two}/award', {'edition': 1})
WITHDRAW = asks('seller', '{one}/withdraw')
EDIT = asks('seller', '{one}', {'price_minor': 40_000}, method='PATCH')
DECLINE = asks('buyer', '{one}/decline', {})
ACCEPT = asks('seller', '{one}/award/accept', key='accept')
ACCEPT_ANEW = asks('seller', '{one}/award/accept')
OTHER_ACCEPTS = asks('rival', '{two}/award/accept')
TURN_DOWN = asks('seller', '{one}/award/turn-down')
REVOKE = asks('buyer', '{one}/award/revoke')
LAPSE = hears('advance_orders', 'lapse_award')
PROPOSE = asks('seller', '{job}/proposals', PROPOSAL)
PROPOSE_AGAIN = asks('seller', '{job}/proposals', PROPOSAL)
PROPOSE_ELSEWHERE = asks('seller', '{other}/proposals', PROPOSAL)
CLOSE = asks('buyer', '{job}/close', {})
MAKE_SECRET = asks('buyer', '{job}', {'visibility': 'invite_only'}, method='PATCH')
EXPIRE = hears('advance_orders', 'expire_job')

PAIRS = (
    Race('award vs withdraw', proposed, (AWARD, WITHDRAW),
         ('open, 0 hired, 0 orders, awarded: done refused', 'open, 0 hired, 0 orders, withdrawn: refused done'), outcome),
    Race('award vs decline', proposed, (AWARD, DECLINE),
         ('open, 0 hired, 0 orders, awarded: done refused', 'open, 0 hired, 0 orders, declined: refused done'), outcome),
    Race('award vs edit of the proposal', proposed, (AWARD, EDIT),
         ('open, 0 hired, 0 orders, awarded: done refused', 'open, 0 hired, 0 orders, submitted: refused done'), outcome),
    Race('award two where one is wanted', two_proposed, (AWARD, AWARD_OTHER),
         ('open, 0 hired, 0 orders, awarded submitted: done refused',
          'open, 0 hired, 0 orders, awarded submitted: refused done'), outcome, preemptions=2),
    Race('award two where two are wanted', two_proposed_and_wanted, (AWARD, AWARD_OTHER),
         ('open, 0 hired, 0 orders, awarded awarded: done done',), outcome, preemptions=2),
    Race('award vs close', proposed, (AWARD, CLOSE),
         ('closed cancelled, 0 hired, 0 orders, archived: done done',
          'closed cancelled, 0 hired, 0 orders, archived: refused done'), outcome),
    Race('accept vs revoke', awarded, (ACCEPT, REVOKE),
         ('closed hired, 1 hired, 1 orders, hired: done refused', 'open, 0 hired, 0 orders, revoked: refused done'), outcome),
    Race('accept vs the end of its time', awarded_long_ago, (ACCEPT, LAPSE),
         ('closed hired, 1 hired, 1 orders, hired: done done', 'open, 0 hired, 0 orders, revoked: refused done'), outcome),
    Race('turn down vs the end of its time', awarded_long_ago, (TURN_DOWN, LAPSE),
         ('open, 0 hired, 0 orders, turned_down: done done', 'open, 0 hired, 0 orders, revoked: refused done'), outcome),
    Race('revoke vs the end of its time', awarded_long_ago, (REVOKE, LAPSE),
         ('open, 0 hired, 0 orders, revoked: done done', 'open, 0 hired, 0 orders, revoked: refused done'), outcome),
    Race('accept an award twice', awarded, (ACCEPT, ACCEPT_ANEW),
         ('closed hired, 1 hired, 1 orders, hired: done refused',
          'closed hired, 1 hired, 1 orders, hired: refused done'), outcome),
    Race('accept an award, and the same request again', awarded, (ACCEPT, ACCEPT),
         ('closed hired, 1 hired, 1 orders, hired: done done',), outcome),
    Race('two accept', two_awarded, (ACCEPT, OTHER_ACCEPTS),
         ('closed hired, 2 hired, 2 orders, hired hired: done done',), outcome),
    Race('accept vs close', awarded, (ACCEPT, CLOSE),
         ('closed hired, 1 hired, 1 orders, hired: done refused',
          'closed cancelled, 0 hired, 0 orders, archived: refused done'), outcome),
    Race('propose vs close', opened, (PROPOSE, CLOSE),
         ('closed cancelled, 0 hired, 0 orders, archived: done done',
          'closed cancelled, 0 hired, 0 orders, : refused done'), outcome),
    Race('propose vs invite only', opened, (PROPOSE, MAKE_SECRET),
         ('open, 0 hired, 0 orders, submitted: done done', 'open, 0 hired, 0 orders, : refused done'), outcome),
    Race('propose vs expire', opened_long_ago, (PROPOSE, EXPIRE),
         ('open, 0 hired, 0 orders, submitted: done done', 'closed expired, 0 hired, 0 orders, : refused done'), outcome),
    Race('propose twice', opened, (PROPOSE, PROPOSE_AGAIN),
         ('open, 0 hired, 0 orders, submitted: done refused', 'open, 0 hired, 0 orders, submitted: refused done'), outcome),
    Race('the last proposal of a day', one_left_of_the_day, (PROPOSE, PROPOSE_ELSEWHERE),
         ('open, 0 hired, 0 orders, submitted: done refused', 'open, 0 hired, 0 orders, : refused done'), outcome),
)  # fmt: skip
