"""Runs the marketplace: builds, starts, deploys and seeds what is not there yet, and says how to use it.

Usage: python -m infra.local.run
"""

from pathlib import Path

from rich.console import Console
from rich.panel import Panel
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
    seeded = home / 'seeded'
    if not seeded.exists():
        with stack.environment():
            market = Marketplace(stack.addresses.front)
            seed(market, outputs['UserPoolId'], lambda what: step(f'Seeding: {what}'))
        seeded.touch()
    progress.update(task, description='Ready', total=1, completed=1)
    return stack.addresses.front


def _how_to_use(base_url: str) -> Panel:
    example = (
        f'TOKEN=$(curl -s {Marketplace(base_url).config["cognito_url"]} \\\n'
        "  -H 'Content-Type: application/x-amz-json-1.1' \\\n"
        "  -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\\n"
        f'  -d \'{{"ClientId":"{Marketplace(base_url).config["client_id"]}","AuthFlow":"USER_PASSWORD_AUTH",\'\\\n'
        f'\'"AuthParameters":{{"USERNAME":"buyer@example.com","PASSWORD":"{PASSWORD}"}}}}\' \\\n'
        '  | python3 -c \'import json,sys; print(json.load(sys.stdin)["AuthenticationResult"]["AccessToken"])\')\n'
        f'curl -s {base_url}/api/me -H "Authorization: Bearer $TOKEN"'
    )
    return Panel(
        f'[bold]{base_url}/api[/]    the API\n'
        f'[bold]{base_url}/docs[/]   its documentation, to read and to try\n\n'
        f'Sign in as [bold]buyer@example.com[/], [bold]seller@example.com[/] or [bold]admin@example.com[/], '
        f'password [bold]{PASSWORD}[/]\n\n'
        f'{example}\n\n'
        '[bold]make demo[/] plays an order from sign-up to payout · [bold]make stop[/] stops · [bold]make reset[/] clears the data',
        title='Gigmarket is running',
        expand=False,
    )


def main() -> None:
    console = Console()
    columns = (SpinnerColumn(), TextColumn('{task.description}'), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        base_url = run(HOME, progress)
    console.print(_how_to_use(base_url))


if __name__ == '__main__':
    main()
