"""What may be uploaded for what. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

MAX_BYTES = 100 * 1024 * 1024
TICKET_S = 300
"""How long an upload form or a download link is good for."""

_OFFICE = 'application/vnd.openxmlformats-officedocument'
EXTENSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        'image/png': ('png',),
        'image/jpeg': ('jpg', 'jpeg'),
        'image/webp': ('webp',),
        'image/gif': ('gif',),
        'video/mp4': ('mp4', 'm4v'),
        'audio/mpeg': ('mp3',),
        'application/pdf': ('pdf',),
        'application/zip': ('zip',),
        f'{_OFFICE}.wordprocessingml.document': ('docx',),
        f'{_OFFICE}.spreadsheetml.sheet': ('xlsx',),
        f'{_OFFICE}.presentationml.presentation': ('pptx',),
        'text/plain': ('txt', 'md'),
        'text/csv': ('csv',),
    }
)
"""Types that are taken, each with the extensions its filename may have. None that a browser would run as a page."""

GALLERY_MAX_BYTES: Mapping[str, int] = MappingProxyType(
    {
        'image/png': 10 * 1024 * 1024,
        'image/jpeg': 10 * 1024 * 1024,
        'image/webp': 10 * 1024 * 1024,
        'video/mp4': 50 * 1024 * 1024,
        'application/pdf': 20 * 1024 * 1024,
    }
)
ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024
"""Of what belongs to a job or to a proposal."""


def problem_with(purpose: str, filename: str, content_type: str, size_bytes: int) -> tuple[str, str] | None:
    """The field that is wrong, and what would be right."""
    most = ATTACHMENT_MAX_BYTES if purpose == 'attachment' else MAX_BYTES
    allowed = GALLERY_MAX_BYTES if purpose == 'gallery' else dict.fromkeys(EXTENSIONS, most)
    if content_type not in allowed:
        return 'content_type', f'A {purpose} file is one of {", ".join(sorted(allowed))}'
    if size_bytes > allowed[content_type]:
        return 'size_bytes', f'A {purpose} file of this type has {allowed[content_type]} bytes at most'
    if filename.rpartition('.')[2].lower() not in EXTENSIONS[content_type]:
        return 'filename', f'A file of type {content_type} ends in .{" or .".join(EXTENSIONS[content_type])}'
    return None
