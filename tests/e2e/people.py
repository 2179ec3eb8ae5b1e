"""People who have just signed up, and the shortest way over HTTP to an order in any state."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from ulid import ULID

from chalicelib import timers
from infra.local.client import Marketplace, Person, Refused
from tests.support.market import ANSWERS, GIG

PASSWORD = 'A long password 1!'
T = TypeVar('T')


class People:
    def __init__(self, market: Marketplace) -> None:
        self.market = market

    def join(self, name: str) -> Person:
        """Somebody new, signed in."""
        email = f'{name}-{ULID()}@example.com'.lower()
        self.market.sign_up(email, PASSWORD)
        self.market.confirm_sign_up(email, '123456')
        return self.market.sign_in(email, PASSWORD)

    def deal(self) -> 'Deal':
        """A buyer and a seller with a gig, all of them new."""
        return Deal(self.join('buyer'), self.join('seller'))


class Deal:
    def __init__(self, buyer: Person, seller: Person) -> None:
        self.buyer, self.seller = buyer, seller
        draft = seller.post('/gigs', GIG)
        self.gig = seller.post(f'/gigs/{draft["id"]}/publish')

    def quoted(self) -> Any:
        return self.buyer.post('/quotes', {'gig_id': self.gig['id'], 'package': 'basic', 'extras': []})

    def placed(self) -> Any:
        return self.buyer.post('/orders', {'quote_id': self.quoted()['id']})

    def paid(self) -> Any:
        order = self.placed()
        self.buyer.post(f'/orders/{order["id"]}/payments', {'method': 'sandbox_card_ok'})
        return self.buyer.get(f'/orders/{order["id"]}')

    def delivered(self) -> Any:
        order = self.paid()
        self.buyer.post(f'/orders/{order["id"]}/requirements', ANSWERS)
        return self.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'})

    def completed(self) -> Any:
        order = self.delivered()
        return self.buyer.post(f'/orders/{order["id"]}/accept')

    def funds(self) -> dict[str, int]:
        """What the seller sees of their money."""
        usd = next(b for b in self.seller.get('/me/balance')['balances'] if b['currency'] == 'USD')
        return {name: usd[f'{name}_minor'] for name in ('available', 'pending', 'in_payout')}

    def funds_of(self, order_id: str) -> Any:
        return self.seller.get(f'/orders/{order_id}')['funds']

    def credits(self, event: str, account: str, order_id: str) -> list[int]:
        """What an event of an order has brought to one of the seller's accounts, according to the statement."""
        wanted = {'event': event, 'account': account, 'order_id': order_id}
        lines = self.seller.get('/me/statement', limit=100)['items']
        return [line['amount_minor'] for line in lines if wanted.items() <= line.items()]


def release_message(order_id: str) -> str:
    """What the sweep sends for an order whose money has cleared."""
    return timers.message('release_payment', f'ORDER#{order_id}', 'ORDER')


def payout_message(seller_id: str, payout_id: str) -> str:
    """What the sweep sends for a payout that was asked for."""
    return timers.message('send_payout', f'USER#{seller_id}', f'PAYOUT#{payout_id}')


def wait_until(moment: str) -> None:
    time.sleep(max(0, (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()))


def race(calls: Sequence[Callable[[], T]]) -> list[T | Refused]:
    """Calls all of them at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T | Refused:
        start.wait()
        try:
            return call()
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def won(results: Sequence[Any]) -> list[Any]:
    return [result for result in results if not isinstance(result, Refused)]


def lost(results: Sequence[Any]) -> list[Refused]:
    return [result for result in results if isinstance(result, Refused)]
