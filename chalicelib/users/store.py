"""Rows of users, and the row that leads from a Cognito `sub` to one."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import clock, ids, reads, settings
from chalicelib.db import IntegerAttribute, JSONAttribute, MarketRow, Transaction
from chalicelib.errors import Moved, NotFound

_CHANGED = 'Your profile changed meanwhile'


class Identity(MarketRow, discriminator='identity'):
    user_id = UnicodeAttribute()


class User(MarketRow, discriminator='user'):
    id = UnicodeAttribute()
    level = UnicodeAttribute(default='new')
    profile = JSONAttribute(default=dict)
    buyer_faults = IntegerAttribute(default=0)
    """Paid orders that ended without completion by this user's fault, as their buyer; and as their seller."""
    seller_faults = IntegerAttribute(default=0)
    created_at = IntegerAttribute()
    version = IntegerAttribute(default=1)


def user_id_of(sub: str) -> str | None:
    row = reads.find(settings.MARKET_TABLE, f'IDENTITY#{sub}', 'IDENTITY')
    return row['user_id'] if row else None


def add(tx: Transaction, sub: str) -> User:
    user_id = ids.new('usr')
    user = User(_pk(user_id), 'USER', id=user_id, created_at=clock.now_ms())
    tx.put(Identity(f'IDENTITY#{sub}', 'IDENTITY', user_id=user_id), otherwise=Moved('This account is being made'))
    tx.put(user, otherwise=Moved('This account is being made'))
    return user


def get(user_id: str) -> User:
    try:
        return User.get(_pk(user_id), 'USER', consistent_read=True)
    except User.DoesNotExist as missing:
        raise NotFound(f'There is no user {user_id}') from missing


def show(user_id: str) -> dict[str, Any]:
    row = reads.find(settings.MARKET_TABLE, _pk(user_id), 'USER')
    if row is None:
        raise NotFound(f'There is no user {user_id}')
    return row


def change(tx: Transaction, user: User, **changed: Any) -> None:
    """Sets attributes, on the row and in the transaction."""
    actions = [User.version.add(1)]
    for name, value in changed.items():
        setattr(user, name, value)
        actions.append(getattr(User, name).set(value))
    tx.update(user, actions, when=User.version == user.version, otherwise=Moved(_CHANGED))


def count_fault(tx: Transaction, user_id: str, name: str) -> None:
    """Adds to `buyer_faults` or `seller_faults`."""
    missing = NotFound(f'There is no user {user_id}')
    tx.update(User(_pk(user_id), 'USER'), [getattr(User, name).add(1)], when=User.pk.exists(), otherwise=missing)


def _pk(user_id: str) -> str:
    return f'USER#{user_id}'
