"""All acts, one after the other: the second takes up where the first has ended."""

from infra.local.client import Marketplace
from infra.local.demo import first_act, second_act, third_act
from infra.local.demo.stage import act, console


def play(market: Marketplace) -> None:
    act('The first act: from sign-up to payout')
    deal = first_act.play(market)
    act('The second act: money goes back')
    second_act.play(market, deal)
    act('The third act: buyers post work')
    third_act.play(market)
    console.print('\n[bold green]Every figure is what the rules say.[/]')
