"""What is made of a day of the ledger once it is over: the totals of the derived accounts, and the seal of its transactions."""
