"""Rows of files and of grants, and where in the bucket a file lies."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from chalicelib import reads, settings
from chalicelib.db import IntegerAttribute, MarketRow, Transaction
from chalicelib.errors import Conflict, FieldError, Invalid, NotFound

INCOMING = 'incoming/'


class File(MarketRow, discriminator='file'):
    id = UnicodeAttribute()
    owner_id = UnicodeAttribute()
    purpose = UnicodeAttribute()
    filename = UnicodeAttribute()
    content_type = UnicodeAttribute()
    size_bytes = IntegerAttribute()
    sha256 = UnicodeAttribute()
    state = UnicodeAttribute(default='pending')
    rejected_because = UnicodeAttribute(null=True)
    created_at = IntegerAttribute()
    expires_at = IntegerAttribute(null=True)
    """Seconds since 1970, for DynamoDB's time to live: a file that was announced and never uploaded goes away."""


class Grant(MarketRow, discriminator='grant'):
    """Who may see a file that is not theirs, and through which orders."""

    orders = UnicodeSetAttribute(null=True)


def incoming_key(file_id: str) -> str:
    return INCOMING + file_id


def key(file_id: str, purpose: str) -> str:
    """Where a file lies once it is ready; what is below media/ is served to everybody."""
    return f'media/{file_id}' if purpose == 'gallery' else f'files/{file_id}'


def add(tx: Transaction, file: File) -> None:
    file.pk, file.sk = _pk(file.id), 'FILE'
    tx.put(file, otherwise=Conflict(f'File {file.id} exists already'))


def find(file_id: str) -> dict[str, Any] | None:
    return reads.find(settings.MARKET_TABLE, _pk(file_id), 'FILE')


def show(file_id: str, viewer_id: str | None, *, is_staff: bool) -> dict[str, Any]:
    """The file, if this viewer may see it. One request."""
    keys = [(_pk(file_id), 'FILE')] + ([(_pk(file_id), _grant(viewer_id))] if viewer_id else [])
    rows = {row['sk']: row for row in reads.find_many(settings.MARKET_TABLE, keys)}
    file, grant = rows.get('FILE'), rows.get(_grant(viewer_id)) if viewer_id else None
    if file and (
        is_staff
        or file['owner_id'] == viewer_id
        or (file['purpose'] == 'gallery' and file['state'] == 'ready')
        or (grant and grant.get('orders'))
    ):
        return file
    raise NotFound(f'There is no file {file_id} that you may see')


def settle(file_id: str, *, rejected_because: str | None) -> None:
    """Says of a pending file what became of it; of a settled one nothing more is said."""
    state = 'rejected' if rejected_because else 'ready'
    actions: list[Action] = [File.state.set(state), File.expires_at.remove()]
    if rejected_because:
        actions.append(File.rejected_because.set(rejected_because))
    try:
        File(_pk(file_id), 'FILE').update(actions, condition=File.state == 'pending')
    except UpdateError as error:
        if error.cause_response_code != 'ConditionalCheckFailedException':
            raise


def usable(file_ids: list[str], owner_id: str) -> dict[str, dict[str, Any]]:
    """Those of the files that are ready and the owner's, by id. One request; a ready file never changes."""
    rows = reads.find_many(settings.MARKET_TABLE, dict.fromkeys((_pk(file_id), 'FILE') for file_id in file_ids))
    return {row['id']: row for row in rows if row['owner_id'] == owner_id and row['state'] == 'ready'}


def attached(file_ids: list[str], owner_id: str) -> list[dict[str, Any]]:
    """What is told of the attachments that `#/attachments` of a body names; raises Invalid unless all may be used as such."""
    found = usable(file_ids, owner_id)
    wrong: list[FieldError] = [
        {'pointer': f'#/attachments/{n}', 'detail': f'{file_id} is not a ready attachment file of yours'}
        for n, file_id in enumerate(file_ids)
        if found.get(file_id, {}).get('purpose') != 'attachment'
    ]
    if wrong:
        raise Invalid.of(wrong)
    told = ('filename', 'content_type', 'size_bytes')
    return [{'file_id': file_id, **{name: found[file_id][name] for name in told}} for file_id in file_ids]


def require(tx: Transaction, file_id: str, *, owner_id: str, purpose: str, pointer: str) -> None:
    """Fails the transaction unless the file is ready, and the owner's, and meant for this."""
    wrong = Conflict(
        f'{file_id} is not a ready {purpose} file of yours',
        errors=[{'pointer': pointer, 'detail': f'Name a file that you announced as {purpose} and whose state is ready'}],
    )
    is_usable = (File.owner_id == owner_id) & (File.purpose == purpose) & (File.state == 'ready')
    tx.check(File, _pk(file_id), 'FILE', that=is_usable, otherwise=wrong)


def grant(tx: Transaction, file_id: str, user_id: str, order_id: str) -> None:
    tx.upsert(Grant(_pk(file_id), _grant(user_id)), [Grant.orders.add({order_id})])


def revoke(tx: Transaction, file_id: str, user_id: str, order_id: str) -> None:
    tx.upsert(Grant(_pk(file_id), _grant(user_id)), [Grant.orders.delete({order_id})])


def _pk(file_id: str) -> str:
    return f'FILE#{file_id}'


def _grant(user_id: str) -> str:
    return f'GRANT#{user_id}'
