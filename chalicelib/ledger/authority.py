"""Who may move money (S14): a person who asked for it, a timer that was due, or a provider that was asked. Pure.

Whether that person may is what routes and lifecycles decide, and that a provider has said so is what `payments` sees to. Here
stands what must be true of who is said to have posted a transaction, then and for ever.
"""

import re
from collections.abc import Iterable, Iterator

from chalicelib import ids, timers

_PERSON, _TIMER, _PROVIDER = re.compile(ids.pattern('usr')), 'timer:', 'provider:'
_BY_HAND = ('adjust:', 'reverse:')
_THEIRS = ('psp.clearing', 'psp.balance')
"""Accounts of which a provider knows what is on them."""


def timer(action: str) -> str:
    return f'{_TIMER}{action}'


def provider(name: str) -> str:
    return f'{_PROVIDER}{name}'


def objections(txid: str, actor: str | None, names: Iterable[str]) -> Iterator[str]:
    """What speaks against a transaction on these accounts by this actor, in sentences."""
    is_person = bool(actor and _PERSON.match(actor))
    if not actor or not (is_person or _is_known(actor)):
        yield f'S14: {txid} was posted by {actor}, which is neither a person nor a timer nor a provider'
        return
    if txid.startswith(_BY_HAND):
        if not is_person:
            yield f'S14: {txid} is a decision of people, and was posted by {actor}'
        return
    for name in names:
        root, _, at = name.partition(':')
        if root in _THEIRS and actor != provider(at):
            yield f'S14: {txid} moves {name}, which only {at} can say, and was posted by {actor}'


def _is_known(actor: str) -> bool:
    return actor.startswith(_PROVIDER) or actor.removeprefix(_TIMER) in timers.QUEUES
