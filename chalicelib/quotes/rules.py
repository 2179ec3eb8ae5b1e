"""The price of a gig as it is wanted. Pure.

The buyer pays the price, a fee on it, and the tax on the fee; the seller gets the price less the commission. Each percentage
is rounded once, half up to what can be paid, and the other side takes the rest: no unit is lost or made.
"""

from typing import Any, NamedTuple

from chalicelib.errors import Invalid
from chalicelib.money import percentage
from chalicelib.policy import Policy
from chalicelib.taxes import Tax


class Rates(NamedTuple):
    """What the house takes and the tax on it, frozen; and the seller's level, which says how long money clears."""

    policy_version: str
    commission_bps: int
    buyer_fee_bps: int
    tax: dict[str, Any] | None
    """As `Tax`."""
    seller_level: str

    def of(self, price_minor: int, currency: str) -> dict[str, Any]:
        """What is due on a price, to the last unit, by the names that a quote has for it."""
        fee = percentage(price_minor, self.buyer_fee_bps, currency)
        return {
            'price_minor': price_minor,
            'buyer_fee_minor': fee,
            'tax_minor': percentage(fee, self.tax['rate_bps'], currency) if self.tax else 0,
            'commission_minor': percentage(price_minor, self.commission_bps, currency),
        }

    def terms(self) -> dict[str, Any]:
        """As they stand in the terms of a quote, which has the policy's version beside them."""
        return {name: rate for name, rate in self._asdict().items() if name != 'policy_version'}


class Price(NamedTuple):
    price_minor: int
    buyer_fee_minor: int
    tax_minor: int
    commission_minor: int
    delivery_days: int
    revisions: int | None
    package: dict[str, Any]
    extras: list[dict[str, Any]]
    """Each as the gig has it, with `quantity` and `amount_minor`."""


def rates(policy: Policy, tax: Tax | None, seller_level: str) -> Rates:
    return Rates(policy.version, policy.commission_bps, policy.buyer_fee_bps, tax.as_dict() if tax else None, seller_level)


def price(gig: dict[str, Any], tier: str, wanted: list[dict[str, Any]], policy: Policy, taken: Rates) -> Price:
    """What `tier` of the gig costs with the wanted extras, each `{id, quantity}`."""
    package = next((package for package in gig['packages'] if package['tier'] == tier), None)
    if package is None:
        offered = ', '.join(package['tier'] for package in gig['packages'])
        raise _wrong('package', f'This gig has no {tier} package; it offers {offered}')
    extras = _extras(gig, package, wanted)
    total = package['price_minor'] + sum(extra['amount_minor'] for extra in extras)
    highest = policy.max_price_minor[gig['currency']]
    if total > highest:
        raise _wrong('extras', f'An order costs {highest} minor units of {gig["currency"]} at most')
    return Price(
        **taken.of(total, gig['currency']),
        delivery_days=_delivery_days(package, extras),
        revisions=_revisions(package, extras),
        package=package,
        extras=extras,
    )


def main_line(terms: dict[str, Any]) -> tuple[str, str, int]:
    """What is bought besides extras, from a quote's terms: `package` or `work`, its name, and its price in minor units."""
    if package := terms['package']:
        return 'package', package['name'], package['price_minor']
    return 'work', terms['title'], terms['price_minor']


def _extras(gig: dict[str, Any], package: dict[str, Any], wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    offered = {extra['id']: extra for extra in gig['extras']}
    chosen: list[dict[str, Any]] = []
    seen = set()
    for n, want in enumerate(wanted):
        extra = offered.get(want['id'])
        if extra is None:
            raise _wrong(f'extras/{n}/id', f'This gig has no such extra; it offers {", ".join(offered) or "none"}')
        if extra['id'] in seen:
            raise _wrong(f'extras/{n}/id', 'Name an extra once, with a quantity')
        if useless := _useless(extra, package, chosen):
            raise _wrong(f'extras/{n}/id', useless)
        if extra['kind'] == 'fast_delivery' and want['quantity'] != 1:
            raise _wrong(f'extras/{n}/quantity', 'Fast delivery is had once')
        seen.add(extra['id'])
        chosen.append({**extra, **want, 'amount_minor': extra['price_minor'] * want['quantity']})
    return chosen


def _useless(extra: dict[str, Any], package: dict[str, Any], chosen: list[dict[str, Any]]) -> str | None:
    """Why this extra would give the buyer nothing, if so: nobody pays for that."""
    match extra['kind']:
        case 'fast_delivery' if any(other['kind'] == 'fast_delivery' for other in chosen):
            return 'Fast delivery is had once'
        case 'fast_delivery' if extra['delivery_days'] >= package['delivery_days']:
            return f'The {package["tier"]} package is delivered within {package["delivery_days"]} days anyway'
        case 'extra_revisions' if package['revisions'] is None:
            return f'The {package["tier"]} package has as many revisions as it takes'
    return None


def _delivery_days(package: dict[str, Any], extras: list[dict[str, Any]]) -> int:
    fastest = [extra['delivery_days'] for extra in extras if extra['kind'] == 'fast_delivery']
    more = sum(extra['additional_days'] * extra['quantity'] for extra in extras if extra['kind'] == 'custom')
    days: int = min([package['delivery_days'], *fastest]) + more
    return days


def _revisions(package: dict[str, Any], extras: list[dict[str, Any]]) -> int | None:
    if package['revisions'] is None:
        return None
    more = sum(extra['revisions'] * extra['quantity'] for extra in extras if extra['kind'] == 'extra_revisions')
    return int(package['revisions'] + more)


def _wrong(where: str, detail: str) -> Invalid:
    return Invalid.at(f'#/{where}', detail)
