"""The rules of the house as numbers: fees, limits and timers, by version.

An order keeps the version it was quoted under, so that a change here never changes a bargain already made: a new rule is
a new version, and old versions stay. Times are in milliseconds, fees in hundredths of a percent, prices in minor units.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from chalicelib.clock import DAY, HOUR, MINUTE, SECOND


def _per_currency(**minor: int) -> Mapping[str, int]:
    return MappingProxyType(minor)


class HoldRule(NamedTuple):
    """How long a completed order's money clears, for the orders that all the conditions given are true of."""

    name: str
    days: int
    level: str | None = None
    category: str | None = None
    from_minor: Mapping[str, int] | None = None
    """By currency: the price from which on it holds."""

    def holds_for(self, level: str, category: str, currency: str, price_minor: int) -> bool:
        return (
            self.level in (None, level)
            and self.category in (None, category)
            and (self.from_minor is None or price_minor >= self.from_minor[currency])
        )


class Policy(NamedTuple):
    version: str

    commission_bps: int = 2_000
    buyer_fee_bps: int = 550
    min_price_minor: Mapping[str, int] = _per_currency(USD=500, IDR=5_000_000)
    max_price_minor: Mapping[str, int] = _per_currency(USD=2_000_000, IDR=30_000_000_000)
    min_payout_minor: Mapping[str, int] = _per_currency(USD=500, IDR=5_000_000)
    payout_fee_minor: Mapping[str, int] = _per_currency(USD=100, IDR=500_000)
    min_tip_minor: Mapping[str, int] = _per_currency(USD=100, IDR=1_000_000)
    min_top_up_minor: Mapping[str, int] = _per_currency(USD=500, IDR=5_000_000)
    min_card_minor: Mapping[str, int] = _per_currency(USD=50, IDR=1_000_000)
    """What a provider takes at least: credit leaves so much of a payment to it, or nothing."""

    campaign_fee_bps: int = 750
    min_task_minor: Mapping[str, int] = _per_currency(USD=10, IDR=100_000)
    max_positions: int = 10_000
    min_public_positions: int = 30
    """Of a campaign that everybody may claim from; one for hire groups may have one."""
    max_task_revisions: int = 3

    day_ms: int = DAY
    """How long a day of delivery time, or of an extension, lasts."""
    quote_ms: int = HOUR
    payment_ms: int = 30 * MINUTE
    agreed_payment_ms: int = DAY
    """The same for an order on agreed terms, where who agrees last need not be who pays."""
    requirements_ms: int = 14 * DAY
    very_late_ms: int = DAY
    """From the due date until the buyer may cancel alone."""
    undelivered_ms: int = 30 * DAY
    """From the due date until an undelivered order is cancelled."""
    review_ms: int = 3 * DAY
    """From a delivery until silence accepts it."""
    clearing_day_ms: int = DAY
    """How long a day in clearing lasts."""
    hold_rules: tuple[HoldRule, ...] = (
        HoldRule('large_order', 21, from_minor=_per_currency(USD=500_000, IDR=7_500_000_000)),
        HoldRule('top_rated_seller', 7, level='top_rated'),
        HoldRule('standard', 14),
    )
    """The first one that holds for an order decides."""
    dispute_answer_ms: int = 5 * DAY
    dispute_talk_ms: int = 5 * DAY
    dispute_ruling_ms: int = 5 * DAY
    extension_answer_ms: int = 2 * DAY
    """From a seller's request for more time until silence grants it."""
    job_idle_ms: int = 30 * DAY
    """From the last thing that happened to an open job until it expires."""
    award_ms: int = 36 * HOUR
    """From the award of a job until it is revoked, unless the seller has accepted it."""
    proposals_a_day: int = 20
    """How many proposals a seller may place on one day in UTC."""
    max_invitations: int = 100
    """Of one job."""
    job_moderation: str = 'off'
    """Which jobs support looks at before they are published: `off` none, `sampled` some, `all` of them."""
    job_sample_bps: int = 500
    """How many of them, where they are `sampled`."""
    max_extension_days: int = 60
    max_review_extension_days: int = 5

    def hold_rule(self, *, level: str, category: str, currency: str, price_minor: int) -> HoldRule:
        return next(rule for rule in self.hold_rules if rule.holds_for(level, category, currency, price_minor))


_2026_11 = Policy('2026-11')
# For people trying things out, and for the demo: a day lasts a minute, and in clearing, where nobody acts, a second.
_2026_11_LOCAL = _2026_11._replace(
    version='2026-11-local',
    day_ms=MINUTE,
    agreed_payment_ms=30 * MINUTE,
    requirements_ms=14 * MINUTE,
    very_late_ms=MINUTE,
    undelivered_ms=30 * MINUTE,
    review_ms=MINUTE,
    clearing_day_ms=SECOND,
    dispute_answer_ms=5 * MINUTE,
    dispute_talk_ms=5 * MINUTE,
    dispute_ruling_ms=5 * MINUTE,
    extension_answer_ms=2 * MINUTE,
    job_idle_ms=30 * MINUTE,
    award_ms=2 * MINUTE,
)

_VERSIONS = {policy.version: policy for policy in (_2026_11, _2026_11_LOCAL)}


def current(stage: str) -> Policy:
    return _2026_11_LOCAL if stage == 'local' else _2026_11


def of(version: str) -> Policy:
    return _VERSIONS[version]
