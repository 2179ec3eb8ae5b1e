from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.money import CURRENCIES, Money, decimal, is_whole, nth_share, percentage, shown, split

pytestmark = [pytest.mark.no_aws, pytest.mark.proof]


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


_whole_amounts = st.tuples(st.integers(0, 10**10), st.sampled_from(sorted(CURRENCIES))).map(
    lambda drawn: (drawn[0] * CURRENCIES[drawn[1]].quantum, drawn[1])
)


@settings(max_examples=2_000)
@given(_whole_amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_the_parts_of_a_split_add_up_and_none_is_off_by_a_whole_quantum(amount, weights):
    minor, currency = amount
    parts = split(minor, weights, currency)
    assert sum(parts) == minor
    assert all(is_whole(part, currency) and part >= 0 for part in parts)
    exact = [Fraction(minor * weight, sum(weights)) for weight in weights]
    assert all(abs(one - part) < CURRENCIES[currency].quantum for one, part in zip(exact, parts, strict=True))


@settings(max_examples=2_000)
@given(st.data(), st.lists(st.integers(0, 10**6), min_size=1, max_size=6).filter(any), st.sampled_from(sorted(CURRENCIES)))
def test_no_part_of_what_is_there_is_larger_than_what_is_there(data, quanta, currency):
    held = [CURRENCIES[currency].quantum * one for one in quanta]
    taken = data.draw(st.integers(0, sum(quanta))) * CURRENCIES[currency].quantum
    parts = split(taken, held, currency)
    assert all(part <= one for part, one in zip(parts, held, strict=True))
    assert split(sum(held), held, currency) == held


@settings(max_examples=2_000)
@given(_whole_amounts, st.integers(1, 500))
def test_equal_shares_add_up_and_differ_by_a_quantum_at_most(amount, count):
    minor, currency = amount
    shares = [nth_share(minor, count, number, currency) for number in range(1, count + 1)]
    assert sum(shares) == minor
    assert max(shares) - min(shares) <= CURRENCIES[currency].quantum


@pytest.mark.parametrize(
    ('minor', 'weights', 'currency'), [(-100, [1], 'USD'), (50, [1], 'IDR'), (100, [0, 0], 'USD'), (100, [2, -1], 'USD')]
)
def test_what_cannot_be_split_is_refused(minor, weights, currency):
    with pytest.raises(ValueError, match='split'):
        split(minor, weights, currency)


@pytest.mark.parametrize(('minor', 'count', 'number'), [(50, 1, 1), (100, 2, 3), (100, 2, 0)])
def test_a_share_that_is_not_there_is_refused(minor, count, number):
    with pytest.raises(ValueError, match='share'):
        nth_share(minor, count, number, 'IDR')


@pytest.mark.parametrize('amount', [1.0, '1', None, True])
def test_money_is_counted_in_integers(amount):
    with pytest.raises(TypeError):
        Money(amount, 'USD')


def test_money_has_a_currency_that_is_known():
    with pytest.raises(ValueError, match='EUR'):
        Money(1, 'EUR')


_SIGNS = {('USD', 'en'): ('$', ','), ('USD', 'id'): ('US$', '.'), ('IDR', 'en'): ('Rp', '.'), ('IDR', 'id'): ('Rp', '.')}
_any_amounts = st.tuples(_whole_amounts, st.sampled_from([1, -1])).map(lambda drawn: (drawn[0][0] * drawn[1], drawn[0][1]))


def read_back(text, currency, language):
    """The minor units that a person reads."""
    sign, thousands = _SIGNS[currency, language]
    assert text.removeprefix('-').startswith(sign)
    number = text.replace(sign, '').replace(thousands, '').replace(',', '.')
    return int(Decimal(number) * 10 ** CURRENCIES[currency].exponent)


@settings(max_examples=2_000)
@given(_any_amounts, st.sampled_from(['en', 'id']))
def test_what_is_shown_of_an_amount_is_the_amount(amount, language):
    minor, currency = amount
    assert read_back(shown(minor, currency, language), currency, language) == minor
    assert Decimal(decimal(minor, currency)).scaleb(CURRENCIES[currency].exponent) == minor


@given(st.integers(-(10**10), 10**10), st.sampled_from(['en', 'id']))
def test_rupiah_are_shown_whole_or_not_at_all(minor, language):
    if minor % 100:
        with pytest.raises(ValueError, match='Nobody'):
            shown(minor, 'IDR', language)
    else:
        assert ',' not in shown(minor, 'IDR', language)
        assert '.' not in decimal(minor, 'IDR')


@pytest.mark.parametrize(
    ('minor', 'currency', 'language', 'text'),
    [
        (123_450, 'USD', 'en', '$1,234.50'),
        (123_450, 'USD', 'id', 'US$1.234,50'),
        (-5, 'USD', 'en', '-$0.05'),
        (123_456_700, 'IDR', 'en', 'Rp1.234.567'),
        (-5_000_000, 'IDR', 'id', '-Rp50.000'),
        (0, 'IDR', 'id', 'Rp0'),
    ],
)
def test_amounts_are_shown_as_their_country_writes_them(minor, currency, language, text):
    assert shown(minor, currency, language) == text
