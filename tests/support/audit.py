"""Whether journal, entries, balances and orders tell the same story."""

from chalicelib import settings
from chalicelib.ledger import audit as ledger
from tests.support.resources import rows

PER_ORDER = ('escrow', 'fee.buyer', 'fee.commission', 'seller.clearing')
HELD = {'none': False, 'held': True, 'clearing': True, 'released': False, 'refunding': False, 'refunded': False}


def audit() -> None:
    """Raises with all that is wrong. The numbers are those of the invariants in docs/money.md."""
    wrong = violations()
    assert not wrong, '\n'.join(wrong)


def violations(*, is_quiet: bool = True) -> list[str]:
    """All that is wrong. While something is under way (not quiet), the provider may be ahead of us."""
    journal = {row['txid']: row for row in rows(settings.JOURNAL_TABLE) if row['row'] == 'journal'}
    entries = [row for row in rows(settings.JOURNAL_TABLE) if row['row'] == 'entry']
    balances = {row['pk']: row for row in rows(settings.BALANCES_TABLE)}
    market = rows(settings.MARKET_TABLE)
    return [
        *_journal(journal, entries),
        *_balances(entries, balances),
        *_orders(market, journal, balances),
        *_transit(market, balances),
        *_provider(market, journal, is_quiet=is_quiet),
    ]


def _journal(journal, entries):
    return ledger.transactions([*journal.values(), *entries])


def _balances(entries, balances):
    return ledger.balances(balances.values(), entries)


def _orders(market, journal, balances):
    orders = {row['id']: row for row in market if row.get('row') == 'order'}
    events = {row['pk'].removeprefix('ORDER#') + row['name'] for row in market if row.get('row') == 'event'}
    for order_id, order in orders.items():
        held = {
            root: sum(
                row['minor']
                for key, row in balances.items()
                if key.removeprefix('ACC#').startswith(f'{root}:') and order_id in key
            )
            for root in PER_ORDER
        }
        funds = order['funds']
        if bool(sum(held.values())) != HELD[funds]:
            yield f'S7: {order_id} is {funds} and its accounts hold {held}'
        if (f'release:{order_id}' in journal) != (funds == 'released'):
            yield f'S7: {order_id} is {funds}, and the journal says otherwise'
        if (f'complete:{order_id}' in journal) != (order['state'] == 'completed'):
            yield f'S7: {order_id} is {order["state"]}, and the journal says otherwise'
        if f'release:{order_id}' in journal and any(
            txid.startswith('refund:') and row.get('order_id') == order_id for txid, row in journal.items()
        ):
            yield f'S6: {order_id} was both released and refunded'
        captured = [row for row in journal.values() if row.get('order_id') == order_id and row['event'] == 'payment_captured']
        if len(captured) > 1:
            yield f'S5: {order_id} was paid {len(captured)} times'
        if (f'{order_id}OrderCompleted' in events) != (order['state'] == 'completed'):
            yield f'L3: the log of {order_id} does not tell that it is {order["state"]}'
        if (f'{order_id}PaymentReleased' in events) != (funds == 'released'):
            yield f'L3: the log of {order_id} does not tell that it is {funds}'


def _transit(market, balances):
    for row in market:
        if row.get('row') in ('refund', 'payout'):
            held = balances.get(f'ACC#{row["row"]}:{row["id"]}#{row["currency"]}', {}).get('minor', 0)
            due = row['amount_minor'] if row['state'] == 'requested' else 0
            if held != due:
                yield f'S8: {row["id"]} is {row["state"]}, and {held} is in transit'


def _provider(market, journal, *, is_quiet):
    """The sandbox keeps books of its own."""
    ours = {row['id'] for row in market if row.get('row') in ('payment', 'refund', 'payout')}
    events = {'pay': 'pay', 'ref': 'refund_ok', 'pyo': 'payout_paid'}
    for row in (row for row in market if row.get('row') == 'sandbox'):
        if row['id'] not in ours:
            yield f'S11: the provider was asked under {row["id"]}, which is none of our ids'
        is_posted = f'{events[row["id"][:3]]}:{row["id"]}' in journal
        if is_posted and row['status'] != 'succeeded':
            yield f'S10: {row["id"]} is posted, and at the provider it is {row["status"]}'
        if is_quiet and row['status'] == 'succeeded' and not is_posted:
            yield f'S10: {row["id"]} succeeded at the provider, and is not posted'
