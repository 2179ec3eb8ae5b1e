"""What a provider's report makes of the ledger, line by line. Pure.

A payment is in `psp.clearing` until the report shows it; all else is in `psp.balance` from the start. Amounts are signed as in
the report: what came in is positive.
"""

from chalicelib.ledger.correction_postings import unmatched_received
from chalicelib.ledger.postings import Line, Posting, posting


def settled(
    provider: str, ref: str, currency: str, *, ours_minor: int, gross_minor: int, fee_minor: int, was_clearing: bool
) -> Posting | None:
    """A line about something that we have posted as `ours_minor`; None where there is nothing left to post.

    What the provider has moved beyond that is in suspense until somebody has found out why.
    """
    cleared, beyond = (ours_minor if was_clearing else 0), gross_minor - ours_minor
    lines = (
        Line(f'psp.clearing:{provider}', cleared),
        Line(f'psp.balance:{provider}', fee_minor - cleared - beyond),
        Line(f'expense.psp_fee:{provider}', -fee_minor),
        Line(f'suspense:{provider}', beyond),
    )
    has_moved = any(line.minor for line in lines)
    return posting(f'settle:{provider}:{ref}', 'provider_settled', currency, *lines) if has_moved else None


def unexplained(provider: str, ref: str, currency: str, gross_minor: int, fee_minor: int) -> list[Posting]:
    """A line that nothing of ours explains: it came, and was settled."""
    if not gross_minor:
        fee = settled(provider, ref, currency, ours_minor=0, gross_minor=0, fee_minor=fee_minor, was_clearing=False)
        return [fee] if fee else []
    came = unmatched_received(ref, provider, currency, gross_minor)
    was = settled(
        provider, ref, currency, ours_minor=gross_minor, gross_minor=gross_minor, fee_minor=fee_minor, was_clearing=True
    )
    return [came, was] if was else [came]


def explained(provider: str, ref: str, currency: str, gross_minor: int, *, was_clearing: bool) -> Posting:
    """What it was about has been posted after all: nothing is in suspense any more."""
    account = 'psp.clearing' if was_clearing else 'psp.balance'
    lines = (Line(f'suspense:{provider}', -gross_minor), Line(f'{account}:{provider}', gross_minor))
    return posting(f'explained:{provider}:{ref}', 'provider_explained', currency, *lines)
