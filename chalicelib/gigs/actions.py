"""The verbs of a gig: draft, edit, publish, pause, activate, delete, deny."""

from typing import Any

from chalicelib import clock, ids, policy, settings
from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import FieldError, Invalid, NotFound
from chalicelib.files import store as files
from chalicelib.gigs import lifecycle, rules, store
from chalicelib.gigs.lifecycle import Status
from chalicelib.gigs.store import Gig

_OWN = ('kind', 'title', 'category', 'language', 'currency')


def draft(tx: Transaction, seller_id: str, wanted: dict[str, Any]) -> Gig:
    now = clock.now_ms()
    gig = Gig(id=ids.new('gig'), seller_id=seller_id, created_at=now, updated_at=now)
    _write(gig, _with_files(wanted, seller_id))
    store.add(tx, gig)
    return gig


def edit(tx: Transaction, caller: Caller, gig_id: str, changes: dict[str, Any]) -> Gig:
    """Sets what `changes` names. What is on sale must still be fit for it; what was bought already does not change."""
    gig = _of_seller(gig_id, caller)
    lifecycle.next_status('edit', Status(gig.status), 'seller')
    _write(gig, gig.whole() | _with_files(changes, gig.seller_id))
    if gig.status != Status.DRAFT:
        _must_be_fit(gig)
    store.save(tx, gig)
    return gig


def move(tx: Transaction, caller: Caller, gig_id: str, action: str) -> Gig:
    """Publish, pause, activate or delete."""
    gig = _of_seller(gig_id, caller)
    gig.status = lifecycle.next_status(action, Status(gig.status), 'seller').value
    if gig.status == Status.ACTIVE:
        _must_be_fit(gig)
        gig.published_at = gig.published_at or clock.now_ms()
    store.save(tx, gig)
    return gig


def deny(tx: Transaction, gig_id: str, reason: str) -> Gig:
    """Takes a gig off the market for good; its seller sees why."""
    gig = store.get(gig_id)
    gig.status = lifecycle.next_status('deny', Status(gig.status), 'staff').value
    gig.denied_because = reason
    store.save(tx, gig)
    return gig


def _of_seller(gig_id: str, caller: Caller) -> Gig:
    gig = store.get(gig_id)
    if gig.seller_id != caller.user_id:
        raise NotFound(f'You have no gig {gig_id}')
    return gig


def _write(gig: Gig, whole: dict[str, Any]) -> None:
    _refuse(rules.wrong_with_draft(whole, policy.current(settings.STAGE)))
    gig.gig_kind = whole['kind']
    gig.title, gig.category, gig.language, gig.currency = (whole[part] for part in _OWN[1:])
    gig.from_price_minor = rules.from_price_minor(whole)
    gig.cover_file_id = rules.cover_file_id(whole)
    gig.content = {part: value for part, value in whole.items() if part not in _OWN}


def _must_be_fit(gig: Gig) -> None:
    _refuse(rules.wrong_with_listing(gig.whole(), policy.current(settings.STAGE)))


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise Invalid.of(errors)


def _with_files(wanted: dict[str, Any], owner_id: str) -> dict[str, Any]:
    """Gallery and product files must be the owner's and ready; a ready file never changes. One read where there are any."""
    gallery, product = wanted.get('gallery', []), wanted.get('product') or {}
    named = [(f'#/gallery/{n}', file_id, 'gallery') for n, file_id in enumerate(gallery)]
    named += [(f'#/product/file_ids/{n}', file_id, 'product') for n, file_id in enumerate(product.get('file_ids', []))]
    if not named:
        return wanted
    usable = files.usable([file_id for _, file_id, _ in named], owner_id)
    _refuse(
        [
            {'pointer': pointer, 'detail': f'{file_id} is not a ready {purpose} file of yours'}
            for pointer, file_id, purpose in named
            if usable.get(file_id, {}).get('purpose') != purpose
        ]
    )
    items = [{'file_id': file_id, 'content_type': usable[file_id]['content_type']} for file_id in gallery]
    return wanted | ({'gallery': items} if 'gallery' in wanted else {})
