"""Whether the bytes of an upload are what was promised: so many, of this type by their first bytes, with this SHA-256."""

import codecs
import hashlib
from collections.abc import Iterable
from typing import Any

CHUNK = 1024 * 1024
_HEAD = 8 * 1024


def broken_promise(chunks: Iterable[bytes], promised: dict[str, Any]) -> str | None:
    """Which of size, content_type and sha256 is not as promised; the first of them, or None."""
    digest, size, head = hashlib.sha256(), 0, b''
    for chunk in chunks:
        size += len(chunk)
        if size > promised['size_bytes']:
            break
        digest.update(chunk)
        head += chunk[: max(0, _HEAD - len(head))]
    if size != promised['size_bytes']:
        return 'size'
    if not _looks_like(head, promised['content_type'], is_whole=len(head) == size):
        return 'content_type'
    if digest.hexdigest() != promised['sha256']:
        return 'sha256'
    return None


def _looks_like(head: bytes, content_type: str, *, is_whole: bool) -> bool:
    if content_type.startswith('text/'):
        return _is_text(head, is_whole=is_whole)
    from puremagic import PureError, magic_string  # noqa: PLC0415 - its table of signatures is for this function only

    try:
        return any(match.mime_type == content_type for match in magic_string(head))
    except PureError:
        return False


def _is_text(head: bytes, *, is_whole: bool) -> bool:
    """UTF-8 without NULs; a character may be cut in two where the head ends, unless that is the end of the file."""
    try:
        codecs.getincrementaldecoder('utf-8')().decode(head, final=is_whole)
    except UnicodeDecodeError:
        return False
    return b'\0' not in head
