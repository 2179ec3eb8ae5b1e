"""The ledger as it should be, in a few lines of memory: the oracle for the one in DynamoDB."""

from collections import Counter

from chalicelib.ledger import accounts
from chalicelib.ledger.postings import Posting


class Overdrawn(Exception):
    """A guarded account would be negative."""


class Book:
    def __init__(self) -> None:
        self.balances: Counter[tuple[str, str]] = Counter()
        self.postings: dict[str, Posting] = {}

    def post(self, posting: Posting) -> bool:
        """Whether it was new. Another posting of the same name is a bug."""
        if known := self.postings.get(posting.txid):
            assert known.fingerprint == posting.fingerprint, posting.txid
            return False
        for line in posting.lines:
            rule = accounts.rule(line.account)
            if rule.is_guarded and (self.balances[line.account, posting.currency] + line.minor) * rule.side < 0:
                raise Overdrawn(line.account)
        for line in posting.lines:
            self.balances[line.account, posting.currency] += line.minor
        self.postings[posting.txid] = posting
        return True

    def balance(self, account: str, currency: str) -> int:
        """In the account's normal sign."""
        return self.balances[account, currency] * accounts.rule(account).side
