"""The seal of a day: what all its transactions hash to, together with the seal of the day before.

It is kept twice: in the journal, and as an object that nobody can change. The object is the one that is believed.
"""

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import botocore.exceptions

from chalicelib import aws, settings
from chalicelib.ledger.days import store

SAID = ('of_day', 'root', 'transactions', 'previous', 'fingerprint')
_FOLDER = 'seals/'


def leaf(row: dict[str, Any]) -> bytes:
    """What one row hashes to: all its attributes, whatever they are."""
    said = json.dumps(row, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(b'\0' + said.encode()).digest()


def root(leaves: Iterable[bytes]) -> str:
    """Of the Merkle tree over the leaves in their own order; one that has no neighbour goes up as it is."""
    level = sorted(leaves)
    while len(level) > 1:
        pairs = [hashlib.sha256(b'\1' + one + other).digest() for one, other in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return (level[0] if level else hashlib.sha256(b'').digest()).hex()


def seal(day: str, leaves: list[bytes], previous: str) -> dict[str, Any]:
    said: dict[str, Any] = {'of_day': day, 'root': root(leaves), 'transactions': len(leaves), 'previous': previous}
    return said | {'fingerprint': _fingerprint(said)}


def keep(made: dict[str, Any]) -> dict[str, Any]:
    """Writes the object, unless the day has one already: then it is that one which holds."""
    try:
        aws.client('s3').put_object(
            Bucket=settings.SEALS_BUCKET,
            Key=_key(made['of_day']),
            Body=json.dumps(made).encode(),
            ContentType='application/json',
            IfNoneMatch='*',
            ChecksumAlgorithm='SHA256',  # which a bucket with Object Lock asks for
        )
    except botocore.exceptions.ClientError as error:
        if error.response['Error']['Code'] not in ('PreconditionFailed', 'ConditionalRequestConflict'):
            raise
        return kept(made['of_day']) or made
    return made


def kept(day: str) -> dict[str, Any] | None:
    """The object of a day; None where there is none or where it says nothing."""
    with contextlib.suppress(aws.client('s3').exceptions.NoSuchKey, ValueError):
        answer = aws.client('s3').get_object(Bucket=settings.SEALS_BUCKET, Key=_key(day))
        said = json.loads(answer['Body'].read())
        return said if isinstance(said, dict) else None
    return None


def violations(counted: Counter[str], today: str, *, newest: int | None = None) -> Iterator[str]:
    """What contradicts the seals, given how many transactions each day has by their own dates.

    The chain, the objects and the counts are looked at for all days, the transactions themselves for the `newest`.
    """
    sealed = store.seals()
    yield from _of_chain(sealed, today)
    for day in sorted(counted.keys() - {row['of_day'] for row in sealed}):
        if day < today:
            yield f'S12: {day} has {counted[day]} transactions and no seal'
    yield from _of_objects({row['of_day'] for row in sealed})
    for row in sealed:
        if counted[row['of_day']] != row['transactions']:
            yield f'S12: {row["of_day"]} was sealed with {row["transactions"]} transactions and has {counted[row["of_day"]]}'
    for row in sealed[-newest:] if newest else sealed:
        yield from _of_day(row)


def _of_chain(sealed: list[dict[str, Any]], today: str) -> Iterator[str]:
    previous, expected = '', sealed[0]['of_day'] if sealed else today
    for row in sealed:
        if row['of_day'] != expected:
            yield f'S12: {expected} has no seal'
        if row['previous'] != previous or row['fingerprint'] != _fingerprint(row):
            yield f'S12: the seal of {row["of_day"]} does not follow from the one before'
        previous, expected = row['fingerprint'], store.next_day(row['of_day'])
    if expected < today:
        yield f'S12: {expected} has no seal'


def _of_objects(sealed: set[str]) -> Iterator[str]:
    written = Counter[str]()
    pages = aws.client('s3').get_paginator('list_object_versions').paginate(Bucket=settings.SEALS_BUCKET, Prefix=_FOLDER)
    for page in pages:
        written.update(one['Key'] for kind in ('Versions', 'DeleteMarkers') for one in page.get(kind, ()))
    for day in sorted(sealed - {_day(key) for key in written}):
        yield f'S12: the seal of {day} is not in {settings.SEALS_BUCKET}'
    for key, times in sorted(written.items()):
        if times > 1:
            yield f'S12: {key} was written or deleted again: it has {times} versions'
        if _day(key) not in sealed:
            yield f'S12: {key} is the seal of a day that has none in the journal'


def _of_day(row: dict[str, Any]) -> Iterator[str]:
    day, said = row['of_day'], {name: row[name] for name in SAID}
    if (there := kept(day)) and there != said:
        yield f'S12: the seal of {day} is not the one that was made'
    if root(leaf(found) for found in store.rows_of(day)) != (there or said).get('root'):
        yield f'S12: the transactions of {day} are not those that were sealed'


def _fingerprint(said: dict[str, Any]) -> str:
    sealed = [said['of_day'], said['root'], said['transactions'], said['previous']]
    return hashlib.sha256(json.dumps(sealed, separators=(',', ':')).encode()).hexdigest()


def _key(day: str) -> str:
    return f'{_FOLDER}{day}.json'


def _day(key: str) -> str:
    return key.removeprefix(_FOLDER).removesuffix('.json')
