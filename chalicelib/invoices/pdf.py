"""A sheet as PDF: one A4 page, or more where it takes them.

The libraries are imported by whoever draws, and not by every cold start.
"""

import unicodedata
import warnings
from collections.abc import Container
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from chalicelib import clock
from chalicelib.invoices.sheets import Row, Sheet

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.fonts import TTFFont

_FONT = 'Noto Sans'
_MARGIN, _LABEL_WIDTH, _FACT_WIDTH, _AMOUNT_WIDTH, _ROW_HEIGHT = 20, 125, 35, 45, 24  # millimetres
_GREY, _BLACK = 110, 0
_NEEDS_SHAPING = range(0x0900, 0x0980)
"""Devanagari: the font has its signs, but they would stand in the wrong places."""


def drawn(sheet: Sheet) -> bytes:
    """The same sheet makes the same bytes."""
    page = _page(sheet)
    _text(page, 'Gigmarket', size=10, shade=_GREY)
    _text(page, sheet.title, size=20)
    page.ln(4)
    for name, value in sheet.facts:
        _fact(page, name, value)
    page.ln(6)
    for row in sheet.rows:
        _row(page, row)
    page.ln(8)
    _text(page, sheet.note, size=8, shade=_GREY)
    return bytes(page.output())


def _page(sheet: Sheet) -> 'FPDF':
    page = _library()(format='A4')
    page.add_font(_FONT, fname=_font_file())
    page.set_margin(_MARGIN)
    page.set_auto_page_break(True, _MARGIN)
    page.set_title(f'{sheet.title} {sheet.number}')
    page.set_author('Gigmarket')
    page.set_lang(sheet.language)
    page.set_creation_date(clock.utc(sheet.issued_at))
    page.add_page()
    return page


@cache
def _library() -> 'type[FPDF]':
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # it misses Pillow, which would only draw images
        from fpdf import FPDF  # noqa: PLC0415
    return FPDF


def _font_file() -> Path:
    from importlib import resources  # noqa: PLC0415

    return Path(str(resources.files('fontpkg_noto_sans'))) / 'files' / 'NotoSans[wdth,wght].ttf'


def _text(page: 'FPDF', text: str, *, size: int, shade: int = _BLACK) -> None:
    page.set_font(_FONT, size=size)
    page.set_text_color(shade)
    page.multi_cell(0, size * 0.5, _readable(page, text), new_x='LMARGIN', new_y='NEXT')


def _fact(page: 'FPDF', name: str, value: str) -> None:
    page.set_font(_FONT, size=10)
    page.set_text_color(_GREY)
    page.cell(_FACT_WIDTH, 6, name)
    page.set_text_color(_BLACK)
    page.multi_cell(0, 6, _readable(page, value), align='L', new_x='LMARGIN', new_y='NEXT')


def _row(page: 'FPDF', row: Row) -> None:
    if page.will_page_break(_ROW_HEIGHT):
        page.add_page()
    if row.is_total:
        page.line(_MARGIN, page.get_y() + 1, page.w - _MARGIN, page.get_y() + 1)
        page.ln(2)
    top = page.get_y()
    page.set_font(_FONT, size=11 if row.is_total else 10)
    page.set_text_color(_BLACK)
    page.multi_cell(_LABEL_WIDTH, 6, _readable(page, row.label), align='L', new_x='LMARGIN', new_y='NEXT')
    bottom = page.get_y()
    page.set_xy(_MARGIN + _LABEL_WIDTH, top)
    page.cell(_AMOUNT_WIDTH, 6, row.amount, align='R')
    page.set_xy(_MARGIN, bottom)
    if row.note:
        _text(page, row.note, size=8, shade=_GREY)


def _readable(page: 'FPDF', text: str) -> str:
    return readable(text, cast('TTFFont', page.current_font).cmap)


def readable(text: str, drawable: Container[int]) -> str:
    """The text in signs that can be drawn: others are spelled in Latin letters. `?` where nothing is left of it."""
    from anyascii import anyascii  # noqa: PLC0415

    composed = ' '.join(unicodedata.normalize('NFC', text).split())
    signs = (
        sign if ord(sign) in drawable and ord(sign) not in _NEEDS_SHAPING else anyascii(sign)
        for sign in composed
        if sign.isprintable()
    )
    return ''.join(signs).strip() or '?'
