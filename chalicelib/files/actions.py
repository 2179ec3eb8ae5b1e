"""The verbs of a file: to be announced, inspected when it arrives, and handed out."""

from typing import Any
from urllib.parse import quote

from chalicelib import aws, clock, ids, settings
from chalicelib.db import Transaction
from chalicelib.errors import Invalid
from chalicelib.files import inspection, rules, store
from chalicelib.files.schemas import AnnounceFile
from chalicelib.files.store import File
from chalicelib.observe import logger


def announce(tx: Transaction, owner_id: str, wanted: AnnounceFile) -> File:
    if wrong := rules.problem_with(wanted.purpose, wanted.filename, wanted.content_type, wanted.size_bytes):
        field, detail = wrong
        raise Invalid.at(f'#/{field}', detail)
    now = clock.now_ms()
    file = File(
        id=ids.new('fil'),
        owner_id=owner_id,
        created_at=now,
        expires_at=(now + clock.DAY) // 1000,
        **wanted.model_dump(),
    )
    store.add(tx, file)
    return file


def upload_form(file: File) -> dict[str, Any]:
    """A form that S3 takes exactly this file with: its key, its type and its size, for five minutes. Asks nobody."""
    form: dict[str, Any] = aws.client('s3').generate_presigned_post(
        settings.FILES_BUCKET,
        store.incoming_key(file.id),
        Fields={'Content-Type': file.content_type},
        Conditions=[
            {'Content-Type': file.content_type},
            ['content-length-range', file.size_bytes, file.size_bytes],
        ],
        ExpiresIn=rules.TICKET_S,
    )
    return {**form, 'expires_at': clock.now_ms() + rules.TICKET_S * clock.SECOND}


def download_url(row: dict[str, Any]) -> str | None:
    if row['state'] != 'ready':
        return None
    url: str = aws.client('s3').generate_presigned_url(
        'get_object',
        Params={
            'Bucket': settings.FILES_BUCKET,
            'Key': store.key(row['id'], row['purpose']),
            'ResponseContentType': row['content_type'],
            'ResponseContentDisposition': f"attachment; filename*=UTF-8''{quote(row['filename'], safe='')}",
        },
        ExpiresIn=rules.TICKET_S,
    )
    return url


def inspect(key: str) -> None:
    """Reads a new object, says whether it is what was announced, and puts it where it can no longer change.

    May run twice, at once, or stop anywhere: the bytes are copied only as they were read, a file is settled once, and the
    upload is removed last.
    """
    file_id = key.removeprefix(store.INCOMING)
    s3, bucket = aws.client('s3'), settings.FILES_BUCKET
    file = store.find(file_id)
    if file and file['state'] == 'pending':
        try:
            upload = s3.get_object(Bucket=bucket, Key=key)
        except s3.exceptions.NoSuchKey:
            return
        broken = inspection.broken_promise(upload['Body'].iter_chunks(inspection.CHUNK), file)
        if not broken:
            s3.copy_object(
                Bucket=bucket,
                Key=store.key(file_id, file['purpose']),
                CopySource={'Bucket': bucket, 'Key': key},
                CopySourceIfMatch=upload['ETag'],
                ContentType=file['content_type'],
                MetadataDirective='REPLACE',
            )
        store.settle(file_id, rejected_because=broken)
        logger.info('inspected', file_id=file_id, rejected_because=broken)
    s3.delete_object(Bucket=bucket, Key=key)
