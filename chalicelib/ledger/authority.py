"""Who may move money (S14): a person who asked for it, a timer that was due, or a provider that was asked. Pure.

Whether that person may is what routes and lifecycles decide, and that a provider has said so is what `payments` sees to. Here
stands what must be true of who is said to have posted a transaction, then and for ever.
"""

import re
from collections.abc import Iterable, Iterator

from chalicelib import ids, timers

_PERSON, _TIMER, _PROVIDER = re.compile(ids.pattern('usr')), 'timer:', 'provider:'
_PROVIDER_NAME = re.compile(r'provider:[a-z]{2,20}')
_BY_HAND = ('adjust:', 'reverse:', 'promo:')
_BY_PROVIDERS = (
    'refund_ok:',
    'refund_failed:',
    'refund_returned:',
    'payout_paid:',
    'payout_failed:',
    'payout_returned:',
    'dispute_',
)
"""What becomes of what was asked of a provider, whether it moves an account there or not."""
_LET_GO = 'timer:send_refund', 'refund_failed:'
"""A refund that waited for a bank, which has given the money back: no provider is asked any more."""
_THEIRS = ('psp.clearing', 'psp.balance')
"""Accounts of which a provider knows what is on them."""


def timer(action: str) -> str:
    return f'{_TIMER}{action}'


def provider(name: str) -> str:
    return f'{_PROVIDER}{name}'


def objections(txid: str, actor: str | None, names: Iterable[str]) -> Iterator[str]:
    """What speaks against a transaction on these accounts by this actor, in sentences."""
    is_person = bool(actor and _PERSON.fullmatch(actor))
    if not actor or not (is_person or _is_known(actor)):
        yield f'S14: {txid} was posted by {actor}, which is neither a person nor a timer nor a provider'
        return
    if txid.startswith(_BY_HAND):
        if not is_person:
            yield f'S14: {txid} is a decision of people, and was posted by {actor}'
        return
    if txid.startswith(_BY_PROVIDERS) and not (_is_provider(actor) or (actor, f'{txid.partition(":")[0]}:') == _LET_GO):
        yield f'S14: {txid} is what only a provider can say, and was posted by {actor}'
    for name in names:
        root, _, at = name.partition(':')
        if root in _THEIRS and actor != provider(at):
            yield f'S14: {txid} moves {name}, which only {at} can say, and was posted by {actor}'


def _is_known(actor: str) -> bool:
    return _is_provider(actor) or (actor.startswith(_TIMER) and actor.removeprefix(_TIMER) in timers.QUEUES)


def _is_provider(actor: str) -> bool:
    return bool(_PROVIDER_NAME.fullmatch(actor))
