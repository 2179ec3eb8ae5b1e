from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.money import CURRENCIES, Money, is_whole, percentage

pytestmark = pytest.mark.no_aws


@settings(max_examples=2_000)
@given(st.integers(0, 10**12), st.integers(0, 10_000), st.sampled_from(sorted(CURRENCIES)))
def test_a_percentage_is_the_nearest_amount_that_can_be_paid(amount, bps, currency):
    quantum = CURRENCIES[currency].quantum
    amount -= amount % quantum
    share = percentage(amount, bps, currency)
    assert is_whole(share, currency)
    assert 0 <= share <= amount
    assert abs(Fraction(amount * bps, 10_000) - share) * 2 <= quantum


@pytest.mark.parametrize(
    ('amount', 'bps', 'currency', 'share'),
    [
        (11_500, 550, 'USD', 633),
        (11_500, 2_000, 'USD', 2_300),
        (500, 550, 'USD', 28),
        (1, 5_000, 'USD', 1),
        (1, 4_999, 'USD', 0),
        (10_000, 50, 'IDR', 100),
        (10_000, 49, 'IDR', 0),
        (0, 2_000, 'USD', 0),
    ],
)
def test_halves_are_rounded_up(amount, bps, currency, share):
    assert percentage(amount, bps, currency) == share


@pytest.mark.parametrize('amount', [1.0, '1', None, True])
def test_money_is_counted_in_integers(amount):
    with pytest.raises(TypeError):
        Money(amount, 'USD')


def test_money_has_a_currency_that_is_known():
    with pytest.raises(ValueError, match='EUR'):
        Money(1, 'EUR')
