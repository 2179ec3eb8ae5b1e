"""Money events by hand or from outside: debts given up, corrections, money nobody knows, exchanges, our own bank. Pure."""

from collections.abc import Sequence

from chalicelib.ledger.credit_postings import to_wallet
from chalicelib.ledger.postings import Line, Posting, posting


def debt_written_off(adjustment_id: str, seller_id: str, currency: str, minor: int) -> Posting:
    return posting(
        f'adjust:{adjustment_id}',
        'debt_written_off',
        currency,
        Line('expense.bad_debt', -minor),
        Line(f'receivable.seller:{seller_id}', minor, seller_id),
    )


def adjusted(adjustment_id: str, currency: str, lines: Sequence[Line]) -> Posting:
    """Whatever two people have approved, with their reason beside it."""
    return posting(f'adjust:{adjustment_id}', 'adjusted', currency, *lines)


def undone(txid: str, currency: str, lines: Sequence[Line]) -> Posting:
    """The opposite of an earlier transaction, whose lines these are: it is undone once."""
    opposite = [Line(line.account, -line.minor, line.owner_id) for line in lines]
    return posting(f'reverse:{txid}', 'reversed', currency, *opposite)


def unmatched_received(ref: str, provider: str, currency: str, minor: int) -> Posting:
    """Money at the provider that nothing of ours explains (a late transfer, an overpayment)."""
    return posting(
        f'unmatched:{provider}:{ref}',
        'unmatched_received',
        currency,
        Line(f'psp.clearing:{provider}', -minor),
        Line(f'suspense:{provider}', minor),
    )


def unmatched_resolved(
    adjustment_id: str, provider: str, buyer_id: str, currency: str, minor: int, *, owed_minor: int = 0
) -> Posting:
    """It was found out whose it is."""
    return posting(
        f'adjust:{adjustment_id}',
        'unmatched_resolved',
        currency,
        Line(f'suspense:{provider}', -minor),
        *to_wallet(buyer_id, minor, owed_minor),
    )


def unmatched_sent_back(adjustment_id: str, provider: str, currency: str, minor: int) -> Posting:
    """It goes back the way it came: the provider is to be asked."""
    return posting(
        f'refund:{adjustment_id}',
        'unmatched_refund_requested',
        currency,
        Line(f'suspense:{provider}', -minor),
        Line(f'refund:{adjustment_id}', minor),
    )


def unmatched_refund_succeeded(adjustment_id: str, provider: str, currency: str, minor: int) -> Posting:
    return posting(
        f'refund_ok:{adjustment_id}',
        'unmatched_refund_succeeded',
        currency,
        Line(f'refund:{adjustment_id}', -minor),
        Line(f'psp.balance:{provider}', minor),
    )


def unmatched_refund_failed(adjustment_id: str, provider: str, currency: str, minor: int) -> Posting:
    """Nobody has it, and nobody knows whose it is: it is in suspense again."""
    return posting(
        f'refund_failed:{adjustment_id}',
        'unmatched_refund_failed',
        currency,
        Line(f'refund:{adjustment_id}', -minor),
        Line(f'suspense:{provider}', minor),
    )


def unmatched_refund_returned(adjustment_id: str, provider: str, currency: str, minor: int) -> Posting:
    """It was sent, and the bank has sent it back."""
    return posting(
        f'refund_returned:{adjustment_id}',
        'unmatched_refund_returned',
        currency,
        Line(f'psp.balance:{provider}', -minor),
        Line(f'suspense:{provider}', minor),
    )


def difference_absorbed(adjustment_id: str, provider: str, currency: str, lines: Sequence[tuple[str, int]]) -> Posting:
    """What these lines have brought, and nobody can explain, is our own gain or loss."""
    return posting(
        f'adjust:{adjustment_id}',
        'difference_absorbed',
        currency,
        *(Line(account, -minor) for account, minor in lines),
        Line(f'expense.difference:{provider}', sum(minor for _, minor in lines)),
    )


def exchange_sold(group_id: str, *, source: str, pair: str, currency: str, minor: int, owner_id: str | None = None) -> Posting:
    """The first half of an exchange: an amount leaves an account, in the currency that is given."""
    return posting(
        f'fx_sell:{group_id}',
        'exchange_sold',
        currency,
        Line(source, -minor, owner_id),
        Line(f'fx.position:{pair}', minor),
    )


def exchange_bought(
    group_id: str, *, target: str, pair: str, currency: str, minor: int, spread_minor: int, owner_id: str | None = None
) -> Posting:
    """The second half: its worth arrives on another account, in the currency that is wanted, less our spread."""
    return posting(
        f'fx_buy:{group_id}',
        'exchange_bought',
        currency,
        Line(f'fx.position:{pair}', -minor),
        Line(target, minor - spread_minor, owner_id),
        Line('revenue.fx', spread_minor),
    )


def own_money_moved(ref: str, provider: str, currency: str, minor: int) -> Posting:
    """Between our bank and our balance at a provider: positive is what we pay in there."""
    return posting(
        f'own:{provider}:{ref}',
        'own_money_moved',
        currency,
        Line('bank:operating', minor),
        Line(f'psp.balance:{provider}', -minor),
    )
