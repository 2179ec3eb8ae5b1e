"""What people write, in whatever language, before it is shown to others."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from chalicelib.errors import FieldError

# Control characters but tab, line and page breaks, and the two overrides that make text read otherwise than it is written.
# Joiners, marks and isolates stay: emoji, Persian and mixed directions are written with them.
_FORBIDDEN = re.compile('[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e\ufffe\uffff]')
# Letters by name that no font draws: Hangul fillers and the empty Braille cell.
_BLANK = frozenset('\u115f\u1160\u3164\uffa0\u2800')
_UNSEEN = frozenset({'Zs', 'Zl', 'Zp', 'Cc', 'Cf', 'Mn', 'Me'})


def unreadable(body: Any, pointer: str = '#') -> Iterator[FieldError]:
    """Every text in a body that cannot be shown, or in which there is nothing to be seen."""
    match body:
        case str() if found := _FORBIDDEN.search(body):
            yield {'pointer': pointer, 'detail': f'U+{ord(found.group()):04X} is not a character that can be shown'}
        case str() if body and not body.isspace() and not any(map(_is_visible, body)):
            yield {'pointer': pointer, 'detail': 'There is nothing to be seen in it'}
        case list():
            for n, value in enumerate(body):
                yield from unreadable(value, f'{pointer}/{n}')
        case dict():
            for name, value in body.items():
                yield from unreadable(value, f'{pointer}/{escaped(name)}')


def escaped(name: str | int) -> str:
    """One step of a JSON pointer (RFC 6901)."""
    return str(name).replace('~', '~0').replace('/', '~1')


def _is_visible(character: str) -> bool:
    """Signs that are newer than this Python's table of them count as visible."""
    return character not in _BLANK and unicodedata.category(character) not in _UNSEEN
