"""Plays all acts, as buyers, sellers and support would, and exits non-zero if anything is not what the rules say.

It uses nothing but HTTPS endpoints and presigned URLs.
Usage: python -m infra.local.demo
"""

import sys

from infra.local.client import Marketplace, Refused
from infra.local.demo.play import play
from infra.local.demo.stage import console
from infra.local.run import HOME
from infra.local.stack import Stack


def main() -> None:
    stack = Stack(HOME)
    if not stack.is_running:
        sys.exit('The marketplace does not run; start it with `make run`')
    try:
        with Marketplace(stack.addresses.front) as market:
            play(market)
    except (AssertionError, Refused) as wrong:
        console.print(f'[bold red]Wrong:[/] {wrong}')
        sys.exit(1)


if __name__ == '__main__':
    main()
