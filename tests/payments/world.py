"""Orders that are paid and paid out through the fake provider, and what it tells about them."""

import json
from typing import Any

from chalicelib import db, settings
from chalicelib.orders import actions as orders
from chalicelib.orders import store as order_store
from tests.support import resources
from tests.support.api import Answer, Nobody, Person, deliver
from tests.support.fake_psp import FakePsp, Webhook
from tests.support.market import GIG, Market, ok, run_timers

PRICES = {'stripe': ('USD', 10_000), 'xendit': ('IDR', 15_000_000)}
PAYS_AT_ONCE = {'stripe': 'pm_card', 'xendit': 'QRIS'}
WAITS = {'stripe': 'pm_confirm', 'xendit': 'QRIS'}
BANKS = {'stripe': 'acct_good', 'xendit': 'ID_BCA:0001200:Mira'}
SLOW_BANKS = {'stripe': 'acct_good', 'xendit': 'ID_BCA:0001:Mira'}


class World:
    def __init__(self, market: Market, psp: FakePsp, dialect: str) -> None:
        self.market, self.psp, self.dialect = market, psp, dialect
        self.buyer, self.seller = market.buyer, market.seller
        self.currency, self.price = PRICES[dialect]

    def gig(self) -> dict[str, Any]:
        package = GIG['packages'][0] | {'price_minor': self.price}
        return self.market.gig(currency=self.currency, packages=[package], extras=[])

    def placed(self) -> dict[str, Any]:
        return self.market.placed(self.gig())

    def pay(self, order: dict[str, Any], method: str | None = None) -> dict[str, Any]:
        method = method or WAITS[self.dialect]
        return dict(ok(self.buyer.post(f'/orders/{order["id"]}/payments', {'method': method}), 201))

    def paid(self) -> dict[str, Any]:
        """An order whose money has come, and whose webhook was heard."""
        order = self.placed()
        payment = self.pay(order)
        self.psp.pay(payment['id'])
        self.listen()
        return self.market.order(order['id'])

    def returning(self, *, is_slow: bool = True) -> dict[str, Any]:
        """A cancelled order, whose refund the provider has taken on."""
        order = self.paid()
        self.psp.books.by_our_id(order['payment_id']).about['refunds_are_slow'] = is_slow
        ok(self.buyer.post(f'/orders/{order["id"]}/cancel', {'reason': 'Changed my mind'}))
        assert run_timers() == ['send_refund']
        return self.market.order(order['id'])

    def paid_out(self, *, is_slow: bool = False) -> dict[str, Any]:
        """A payout that the provider has taken on, of which it has told."""
        order = self.paid()
        self.seller_earns(order)
        bank = (SLOW_BANKS if is_slow else BANKS)[self.dialect]
        wanted = {'amount_minor': self.price // 2, 'currency': self.currency, 'destination': bank}
        payout = ok(self.seller.post('/payouts', wanted), 201)
        assert run_timers() == ['send_payout']
        self.psp.webhooks()
        return dict(payout)

    def seller_earns(self, order: dict[str, Any]) -> None:
        answers = {'answers': [{'kind': 'free_text', 'requirement_id': 'brief', 'text': 'Coffee'}]}
        ok(self.buyer.post(f'/orders/{order["id"]}/requirements', answers))
        ok(self.seller.post(f'/orders/{order["id"]}/deliveries', {'message': 'Here it is'}), 201)
        ok(self.buyer.post(f'/orders/{order["id"]}/accept'))
        db.atomically(lambda tx: orders.release(tx, order_store.load(order['id'])), by='timer:release_payment')

    def payout(self, payout_id: str) -> dict[str, Any]:
        return next(one for one in ok(self.seller.get('/payouts'))['items'] if one['id'] == payout_id)

    def payment(self, payment_id: str) -> dict[str, Any]:
        return dict(ok(self.buyer.get(f'/payments/{payment_id}')))

    def send(self, webhook: Webhook, who: Person | None = None) -> Answer:
        return (who or Nobody()).post(f'/webhooks/{webhook.dialect}', webhook.body, headers=webhook.headers)

    def listen(self) -> None:
        """All that the provider has to tell is told, and followed up."""
        for webhook in self.psp.webhooks():
            ok(self.send(webhook))
        assert self.follow_up() == []

    def follow_up(self) -> list[str]:
        """Until nothing waits any more. Returns what has to come again."""
        again = []
        while bodies := resources.drain('provider'):
            again += deliver('settle_with_provider', *bodies)
        return again


def notices() -> list[dict[str, Any]]:
    return [row for row in resources.rows(settings.MARKET_TABLE) if row.get('row') == 'notice']


def ledger_says(provider: str) -> dict[str, int]:
    """By currency: our balance at the provider, settled or not, as our journal has it."""
    found: dict[str, int] = {}
    for row in resources.rows(settings.JOURNAL_TABLE):
        if row['row'] == 'journal':
            for account, minor in json.loads(row['lines']):
                if account in (f'psp.clearing:{provider}', f'psp.balance:{provider}'):
                    found[row['currency']] = found.get(row['currency'], 0) - minor
    return found
