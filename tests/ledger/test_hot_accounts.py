"""A thousand orders that are completed at once meet on no row at all: there is nothing for them to wait for."""

import math
from collections import Counter

import pytest

from chalicelib.db import Transaction
from chalicelib.orders import actions, store
from tests.races.catalogue import RACES
from tests.races.running import runs


class Noted(Transaction):
    """Notes which rows would be written, and writes none."""

    keys: Counter[tuple[str, str, str]]

    def __init__(self):
        super().__init__(by='timer:complete_order')
        self.keys = Counter()

    def check(self, model, pk, sk, **_):
        self.keys[model.__name__, pk, sk] += 1

    def put(self, row, **_):
        self.keys[type(row).__name__, row.pk, row.sk] += 1

    replace = put

    def update(self, row, actions, **_):
        self.keys[type(row).__name__, row.pk, row.sk] += 1

    upsert = update


def copy_of(order, number):
    """The same bargain between the same two people, once more."""
    made = store.Order(**order.attribute_values)
    made.id = f'ord_{number}'
    made.pk = store.pk(made.id)
    made.deliveries, made.extensions, made.refunds = [], [], []
    for name in {'extras', 'tips', 'chargebacks', 'disputes'} & set(vars(order)):
        setattr(made, name, [])
    return made


def test_a_thousand_orders_of_one_seller_are_completed_without_meeting(market):
    order = store.load(market.delivered()['id'])
    written = Counter()
    for number in range(1_000):
        tx = Noted()
        actions.complete(tx, copy_of(order, number))
        assert sum(name == 'Balance' for name, *_ in tx.keys) >= 3
        written.update(tx.keys.keys())
    shared = {key for key, count in written.items() if count > 1}
    assert shared == set()


@pytest.mark.proof
def test_two_that_are_completed_at_once_never_make_each_other_try_again(aws):
    played = [one.calls for one, *_ in runs(RACES['complete two orders of a seller'], None)]
    alone = len(played[0]) // 2
    assert {len(calls) for calls in played} == {2 * alone}
    assert len(played) == math.comb(2 * alone, alone)
