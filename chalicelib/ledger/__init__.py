"""The ledger: where every unit of money is and how it got there, in double entry.

The journal is the truth and is only ever added to; balances are its fold, kept in the same transaction. A money event has a
name made from the business fact (`release:ord_...`), and a name is posted once.
"""
