"""What an order's own accounts hold, and what decides where its money comes from or goes to. Pure."""

from typing import NamedTuple, Self

from chalicelib.money import percentage, split

HELD = ('escrow', 'fee', 'tax', 'clearing', 'commission')
"""What stands on accounts of the order's own."""


class Sides(NamedTuple):
    """Whose order it is, and in what currency."""

    order_id: str
    buyer_id: str
    seller_id: str
    currency: str


class Price(NamedTuple):
    """What is paid for an order, or for something added to it, in minor units."""

    price_minor: int
    buyer_fee_minor: int = 0
    tax_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.price_minor + self.buyer_fee_minor + self.tax_minor


class Means(NamedTuple):
    """How something is paid: by the provider, out of the wallet, out of credit that was given."""

    payment_id: str
    provider: str
    card_minor: int
    wallet_minor: int = 0
    promo_minor: int = 0

    @property
    def credit_minor(self) -> int:
        return self.wallet_minor + self.promo_minor


class Purse(NamedTuple):
    """What an order's own accounts hold; and, once it is released, what could still be asked back."""

    escrow: int = 0
    fee: int = 0
    tax: int = 0
    clearing: int = 0
    commission: int = 0
    released: int = 0
    """What the seller was given, less what was taken back since."""
    earned: int = 0
    """The commission that we were given, less what was given back since."""

    @classmethod
    def of(cls, stored: dict[str, int]) -> Self:
        return cls(**stored)

    def stored(self) -> dict[str, int]:
        """Only what there is: most of it is nothing at any time."""
        return {name: minor for name, minor in self._amounts().items() if minor}

    @property
    def held_minor(self) -> int:
        """What its accounts hold now."""
        return sum(getattr(self, name) for name in HELD)

    @property
    def refundable_minor(self) -> int:
        """All that can go back to the buyer by a refund. Of a completed order that is the price, not the fee on it."""
        return sum(getattr(self, name) for name in self._refunded_from())

    def taken(self, minor: int, currency: str) -> dict[str, int]:
        """An amount in parts of where it comes from, each part of the same share of what is there."""
        names = self._refunded_from()
        parts = split(minor, [getattr(self, name) for name in names], currency)
        return {name: part for name, part in zip(names, parts, strict=True) if part}

    def less(self, parts: dict[str, int]) -> 'Purse':
        return self.plus({name: -part for name, part in parts.items()})

    def plus(self, parts: dict[str, int]) -> 'Purse':
        changed = {name: getattr(self, name) + part for name, part in parts.items()}
        if any(minor < 0 for minor in changed.values()):
            raise ValueError(f'{self} has less than {parts}')
        return self._replace(**changed)

    def paid(self, price: Price) -> 'Purse':
        return self.plus({'escrow': price.price_minor, 'fee': price.buyer_fee_minor, 'tax': price.tax_minor})

    def net_minor(self, commission_bps: int, currency: str) -> int:
        """What of it would be the seller's, as things are."""
        return self.escrow - percentage(self.escrow, commission_bps, currency) + self.clearing

    def completed(self, commission_bps: int, currency: str) -> 'Purse':
        """The commission is of what is left of the price."""
        commission = percentage(self.escrow, commission_bps, currency)
        return Purse(clearing=self.escrow - commission, commission=commission)

    def let_out(self) -> 'Purse':
        return Purse(released=self.clearing, earned=self.commission)

    def frozen(self, minor: int) -> dict[str, int]:
        """Where an amount that a bank has taken back is taken from: the order's own accounts first, then its seller."""
        parts = {}
        for name in (*HELD, 'released'):
            parts[name] = min(minor, getattr(self, name))
            minor -= parts[name]
        return {name: part for name, part in parts.items() if part}

    def _refunded_from(self) -> tuple[str, ...]:
        if self.escrow or self.fee or self.tax:
            return ('escrow', 'fee', 'tax')
        return ('clearing', 'commission') if self.clearing or self.commission else ('released', 'earned')

    def _amounts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self._fields}


class Standing(NamedTuple):
    """What a seller has and owes at the moment: it decides where money comes from or goes to."""

    available_minor: int = 0
    owed_minor: int = 0
