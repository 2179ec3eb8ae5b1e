"""The money of a campaign: what it costs, what follows when that comes, comes too late, or does not, and what goes back."""

from chalicelib import clock
from chalicelib.campaigns import lifecycle, rules, store
from chalicelib.campaigns.lifecycle import CampaignState, Role
from chalicelib.campaigns.rows import Campaign
from chalicelib.campaigns.rules import Tranche
from chalicelib.db import Transaction
from chalicelib.errors import Conflict, Invalid
from chalicelib.ledger import store as ledger
from chalicelib.ledger import work_postings as postings
from chalicelib.ledger.purse import Means
from chalicelib.ledger.work_postings import Fund
from chalicelib.money import Money

_PAYABLE = (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED)
MAX_TRANCHES = 50


def begin(campaign: Campaign, role: Role, positions: int | None) -> Money:
    """What the campaign, or so many more positions of it, cost. One payment at a time."""
    lifecycle.decide('add_positions' if positions else 'pay', role, campaign.state)
    if campaign.payment_id:
        raise Conflict(f'Payment {campaign.payment_id} is still being made; confirm it, or wait until it fails')
    if positions and campaign.positions + positions > campaign.policy.max_positions:
        raise Invalid.at('#/positions', f'A campaign has {campaign.policy.max_positions} positions at most')
    if len(campaign.tranches) >= MAX_TRANCHES:
        raise Conflict(f'Positions can be added {MAX_TRANCHES - 1} times; start another campaign')
    campaign.paying_for = positions or campaign.positions
    fund = _paid_for(campaign)
    return Money(fund.work_minor + fund.fee_minor, campaign.currency)


def started(tx: Transaction, campaign: Campaign, payment_id: str) -> None:
    campaign.payment_id = payment_id
    store.save(tx, campaign)
    store.note(tx, campaign.id, 'PaymentStarted', Role.BUYER, payment_id=payment_id, positions=campaign.paying_for)


def is_waited_for(campaign: Campaign, payment_id: str) -> bool:
    return campaign.payment_id == payment_id and campaign.state in _PAYABLE


def capture(tx: Transaction, campaign: Campaign, means: Means) -> None:
    """Its positions can be claimed from now on."""
    fund, now = _paid_for(campaign), clock.now_ms()
    count, is_first = campaign.paying_for or 0, campaign.state == CampaignState.DRAFT
    first = 1 if is_first else campaign.positions + 1
    campaign.tranches = [*campaign.tranches, list(Tranche(first, count, fund.fee_minor))]
    campaign.positions = first + count - 1
    campaign.payment_id = campaign.paying_for = None
    if is_first:
        campaign.state, campaign.started_at = CampaignState.RUNNING.value, now
        campaign.set_timer(('close_campaign', look_again(now)))
        store.open_lanes(tx, campaign)
    store.save(tx, campaign)
    ledger.post(tx, postings.campaign_funded(fund, means))
    name = 'CampaignStarted' if is_first else 'PositionsAdded'
    store.note(tx, campaign.id, name, Role.SYSTEM, payment_id=means.payment_id, positions=count)


def return_late(tx: Transaction, campaign: Campaign, means: Means) -> None:
    """It goes into the wallet."""
    ledger.post(tx, postings.funded_too_late(campaign.fund, means, _owed(campaign)))
    _let_go(tx, campaign, means.payment_id, None)


def give_up(tx: Transaction, campaign: Campaign, payment_id: str, failure: str | None) -> None:
    """The payment has failed: another may be tried."""
    _let_go(tx, campaign, payment_id, failure)


def close(tx: Transaction, campaign: Campaign) -> None:
    """Ends a campaign of which no task is open, with what was not used going back; or looks again later.

    Lanes were read before the balances. If all that was claimed then is paid by now, nothing is open, and nothing comes:
    a campaign that is stopped lets nobody claim, and one of which all is paid has nothing left to claim.
    """
    lifecycle.decide('close', Role.SYSTEM, campaign.state)
    work, fee = ledger.balances(campaign.currency, f'escrow:{campaign.id}', f'fee.buyer:{campaign.id}')
    is_over = work == campaign.positions_free * campaign.pay_minor
    is_stopped = campaign.state == CampaignState.STOPPED
    if not is_over or (work and not is_stopped):
        campaign.set_timer(('close_campaign', look_again(campaign.stopped_at or campaign.started_at or 0)))
        store.save(tx, campaign)
        return
    campaign.closed_at, campaign.returned_minor = clock.now_ms(), work + fee
    campaign.set_timer(None)
    if not is_stopped:
        campaign.state = CampaignState.FINISHED.value
    if work + fee:
        ledger.post(tx, postings.fund_closed(campaign.fund, work, fee, _owed(campaign)))
    store.save(tx, campaign)
    store.note(tx, campaign.id, 'CampaignClosed', Role.SYSTEM, returned_minor=work + fee)


def look_again(since: int) -> int:
    """After an eighth of the time that has passed: a minute at first, an hour at last."""
    now = clock.now_ms()
    return now + min(max((now - since) // 8, clock.MINUTE), clock.HOUR)


def _paid_for(campaign: Campaign) -> Fund:
    """What is being paid for."""
    count, pay = campaign.paying_for or 0, campaign.pay_minor
    fee = rules.fee(count, pay, campaign.policy.campaign_fee_bps, campaign.currency)
    return Fund(campaign.id, campaign.buyer_id, campaign.currency, count * pay, fee)


def _owed(campaign: Campaign) -> int:
    """What its buyer owes us: money for the wallet pays it first."""
    return ledger.owed(campaign.buyer_id, campaign.currency)


def _let_go(tx: Transaction, campaign: Campaign, payment_id: str, failure: str | None) -> None:
    if campaign.payment_id == payment_id:
        campaign.payment_id = campaign.paying_for = None
        store.save(tx, campaign)
        store.note(tx, campaign.id, 'PaymentFailed', Role.SYSTEM, payment_id=payment_id, failure=failure)
