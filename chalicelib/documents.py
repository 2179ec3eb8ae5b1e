"""Answers that are not JSON: files to be saved, as bytes."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

CSV = 'text/csv'
PDF = 'application/pdf'
_PARAMETERS = {CSV: '; charset=utf-8; header=present'}


class Document(NamedTuple):
    """`next_query` is that of the same path which answers what follows; None at the end."""

    media_type: str
    filename: str
    content: bytes
    next_query: Mapping[str, Any] | None = None

    @property
    def headers(self) -> dict[str, str]:
        made = {
            'Content-Type': self.media_type + _PARAMETERS.get(self.media_type, ''),
            'Content-Disposition': f'attachment; filename="{self.filename}"',
            'Cache-Control': 'no-store',
        }
        if self.next_query is not None:
            made['Link'] = f'<?{urlencode(self.next_query)}>; rel="next"'
        return made
