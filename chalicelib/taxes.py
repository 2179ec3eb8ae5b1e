"""Taxes on our own fees, as a table: a country that is not in it has none. Pure.

Rates are in hundredths of a percent. An order keeps the tax that it was quoted with.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Tax(NamedTuple):
    country: str
    """ISO 3166-1 alpha-2, of the buyer."""
    name: str
    rate_bps: int

    def as_dict(self) -> dict[str, Any]:
        return self._asdict()


ON_BUYER_FEE: Mapping[str, Tax] = MappingProxyType(
    {
        # PPN is 12 %, of eleven twelfths of what is not a luxury (PMK 131/2024).
        'ID': Tax('ID', 'PPN', 1_100),
    }
)


def on_buyer_fee(country: str | None) -> Tax | None:
    """What a buyer from there pays on top of the service fee."""
    return ON_BUYER_FEE.get(country or '')
