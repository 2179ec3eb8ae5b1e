"""Prints an access token of one of the seeded people. Usage: python -m infra.local.token EMAIL"""

import sys

from infra.local.client import Marketplace
from infra.local.run import HOME
from infra.local.seed import PASSWORD
from infra.local.stack import Stack

if __name__ == '__main__':
    stack = Stack(HOME)
    if not stack.is_running:
        raise SystemExit('The marketplace does not run; start it with `make run`')
    with Marketplace(stack.addresses.front) as market:
        print(market.sign_in(sys.argv[1], PASSWORD).token)
