"""What is shown of an order's money."""

from chalicelib.ledger.schemas import TransactionView
from chalicelib.schemas import View


class OrderTransactions(View):
    items: list[TransactionView]
