"""The verbs of a user: to be known, and to say who one is."""

from functools import lru_cache
from typing import Any

from chalicelib import db
from chalicelib.db import Transaction
from chalicelib.users import store
from chalicelib.users.store import User


@lru_cache(maxsize=10_000)
def identify(sub: str) -> str:
    """The user behind a Cognito `sub`, made on first sight. The pair never changes, so a process asks once."""

    def register(tx: Transaction) -> str:
        return store.user_id_of(sub) or store.add(tx, sub).id

    return db.atomically(register)


def describe(tx: Transaction, user_id: str, changes: dict[str, Any]) -> User:
    """Sets what `changes` names of the user's profile; None takes a part of it away."""
    user = store.get(user_id)
    profile = {name: value for name, value in {**user.profile, **changes}.items() if value is not None}
    store.change(tx, user, profile=profile)
    return user


def set_level(tx: Transaction, user_id: str, level: str) -> User:
    user = store.get(user_id)
    store.change(tx, user, level=level)
    return user
