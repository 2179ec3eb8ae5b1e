"""Files as they are announced and shown. A filename is shown to people and never used as a key or a path."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from chalicelib.files import rules
from chalicelib.schemas import Command, View, examples

Purpose = Annotated[
    Literal['gallery', 'product', 'requirement', 'delivery', 'evidence', 'attachment', 'proof'], Field(title='FilePurpose')
]
State = Annotated[Literal['pending', 'ready', 'rejected'], Field(title='FileState')]
BrokenPromise = Annotated[Literal['size', 'content_type', 'sha256'], Field(title='BrokenPromise')]
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]')


def _plain_name(filename: str) -> str:
    if _FORBIDDEN.search(filename) or filename.startswith('.'):
        raise ValueError('A filename is a name: no path, no control or text-direction characters, no leading dot')
    return filename


class AnnounceFile(Command):
    """What is about to be uploaded. The bytes that arrive must be exactly these."""

    model_config = examples(
        {
            'purpose': 'gallery',
            'filename': 'logo.png',
            'content_type': 'image/png',
            'size_bytes': 48_213,
            'sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        }
    )

    purpose: Annotated[
        Purpose,
        Field(description='`gallery` files are public once they are ready; all others are private to their orders.'),
    ]
    filename: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain_name)]
    content_type: Annotated[str, Field(max_length=127)]
    size_bytes: Annotated[int, Field(ge=1, le=rules.MAX_BYTES)]
    sha256: Annotated[str, Field(pattern=r'^[0-9a-f]{64}$', description='Of the whole file, in lower-case hex.')]


class FileView(View):
    id: str
    purpose: Purpose
    filename: str
    content_type: str
    size_bytes: int
    sha256: str
    state: Annotated[State, Field(description='`pending` until the upload was checked; only `ready` files can be used.')]
    rejected_because: Annotated[BrokenPromise | None, Field(description='Which promise the upload broke.')] = None
    created_at: datetime
    download_url: Annotated[
        str | None, Field(description='Good for five minutes; null unless the file is ready. Ask again for a new one.')
    ] = None

    @classmethod
    def of(cls, row: dict[str, Any], download_url: str | None = None) -> Self:
        return cls.model_validate({**row, 'download_url': download_url})


class UploadForm(View):
    """Send a multipart/form-data POST to `url` with all `fields` as they are, and the bytes last, as `file`."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class AnnouncedFile(View):
    id: str
    file: FileView
    upload: UploadForm
