"""Runs the marketplace: builds, starts, deploys and seeds what is not there yet, and says how to use it.

Usage: python -m infra.local.run
"""

from pathlib import Path

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from infra.build.package import ROOT, package
from infra.local.client import Marketplace
from infra.local.seed import PASSWORD, seed
from infra.local.stack import STAGE, Stack

HOME = ROOT / '.local'


def run(home: Path, progress: Progress) -> str:
    """Brings up the stack in one folder, and returns its address."""
    stack = Stack(home)

    def step(text: str) -> None:
        progress.update(task, description=text)

    task = progress.add_task('Packing', total=None)
    out = package(STAGE)
    step('Starting the emulator')
    stack.start_emulator()
    outputs = stack.deploy(out, lambda what: step(f'Deploying: {what}'))
    step('Opening the front')
    stack.start_front(outputs['FrontDomain'])
    if not stack.seeded.exists():
        with stack.environment(), Marketplace(stack.addresses.front) as market:
            seed(market, outputs['UserPoolId'], lambda what: step(f'Seeding: {what}'))
        stack.seeded.touch()
    progress.update(task, description='Ready', total=1, completed=1)
    return stack.addresses.front


def _how_to_use(base_url: str) -> str:
    return f"""
[bold]Gigmarket is running.[/]

  {base_url}/api    the API
  {base_url}/docs   its documentation, to read and to try

  buyer@example.com    [bold]{PASSWORD}[/]
  seller@example.com   [bold]{PASSWORD}[/]
  admin@example.com    [bold]{PASSWORD}[/]

  curl -s {base_url}/api/me -H "Authorization: Bearer $(make -s token EMAIL=buyer@example.com)"

[bold]make demo[/] plays orders from sign-up to payout and back, [bold]make stop[/] stops, [bold]make reset[/] clears the data.
"""


def main() -> None:
    console = Console()
    columns = (SpinnerColumn(), TextColumn('{task.description}'), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        base_url = run(HOME, progress)
    console.print(_how_to_use(base_url), soft_wrap=True, highlight=False)


if __name__ == '__main__':
    main()
