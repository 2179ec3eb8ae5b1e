"""One deployed marketplace for all of these tests, reached as its users reach it (HTTP) and as its operators do (the SDK)."""

import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from rich.progress import Progress
from ulid import ULID

from infra.local.client import Marketplace, wait_for
from infra.local.demo import stage
from infra.local.demo.play import play as play_demo
from infra.local.run import run
from infra.local.stack import KEYS, REGION, Stack
from tests.e2e.operators import OrderRow, Queue
from tests.e2e.people import Deal, People, release_message, wait_until

Sdk = Callable[[str], Any]
# Waited for when all else is done: the demo, which plays meanwhile, and then what stops the stack.
LAST = ('test_demo.py', 'test_local_stack.py')
HERE = Path(__file__).parent
LOG = pytest.StashKey[Path]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these before any other test: once moto is there, it stays."""

    def place(item: pytest.Item) -> int:
        if item.path.parent != HERE:
            return len(LAST)
        return LAST.index(item.path.name) if item.path.name in LAST else -1

    items.sort(key=place)


@pytest.fixture(autouse=True)
def world() -> None:
    """No moto here."""


@pytest.fixture(scope='session')
def stack(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp('marketplace'))
    request.config.stash[LOG] = made.home / 'emulator.log'
    try:
        bring_up(made)
        yield made
    finally:
        made.stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where something failed, what the functions and the emulator had to say about it."""
    log = terminalreporter.config.stash.get(LOG, None)
    if log and terminalreporter.stats.keys() & {'failed', 'error'}:
        terminalreporter.section('Errors in the log of the stack')
        lines = [line[:300] for line in log.read_text().splitlines() if 'ERROR' in line]
        terminalreporter.write_line('\n'.join(lines[-20:]))


@pytest.fixture(scope='session')
def market(stack: Stack) -> Iterator[Marketplace]:
    with Marketplace(stack.addresses.front) as found:
        yield found


@pytest.fixture(scope='session')
def people(market: Marketplace) -> People:
    return People(market)


@pytest.fixture(scope='session')
def outputs(stack: Stack, sdk: Sdk) -> dict[str, str]:
    """What the deployed stack says of itself."""
    made = sdk('cloudformation').describe_stacks(StackName='gigmarket-local')['Stacks'][0]['Outputs']
    return {output['OutputKey']: output['OutputValue'] for output in made}


@pytest.fixture(scope='session')
def sdk(stack: Stack) -> Sdk:
    """The SDK's client for a service, with all rights."""
    return sdk_of(stack)


@pytest.fixture(scope='session')
def beside() -> Iterator[ThreadPoolExecutor]:
    """Where that runs which waits most of its time, while other tests have the machine."""
    pool = ThreadPoolExecutor()
    yield pool
    pool.shutdown(wait=False, cancel_futures=True)


@pytest.fixture(scope='session')
def played(stack: Stack, beside: ThreadPoolExecutor) -> Future[str]:
    """The demo, and in the end what it said."""

    def play() -> str:
        stage.console.file = io.StringIO()
        with Marketplace(stack.addresses.front) as market:
            play_demo(market)
        return stage.console.file.getvalue()

    return beside.submit(play)


@pytest.fixture(scope='session')
def released(people: People, queue: Callable[[str], Queue], beside: ThreadPoolExecutor) -> Future[Deal]:
    """A seller who has the money of one order."""

    def release() -> Deal:
        deal = people.deal()
        order = deal.completed()
        wait_until(order['release_at'])
        queue('Release').send(release_message(order['id']))
        wait_for(deal.funds, lambda funds: funds['available'], 60)
        return deal

    return beside.submit(release)


@pytest.fixture(scope='session', autouse=True)
def begin(request: pytest.FixtureRequest) -> None:
    """Begins what takes its time, where a test is going to ask for it."""
    for name in ('played', 'released'):
        if any(name in item.fixturenames for item in request.session.items if isinstance(item, pytest.Function)):
            request.getfixturevalue(name)


@pytest.fixture(scope='session')
def queue(sdk: Sdk, outputs: dict[str, str]) -> Callable[[str], Queue]:
    return lambda name: Queue(sdk('sqs'), outputs[f'{name}QueueUrl'], outputs[f'{name}DeadLettersUrl'])


@pytest.fixture(scope='session')
def row_of(sdk: Sdk, outputs: dict[str, str]) -> Callable[[str], OrderRow]:
    return lambda order_id: OrderRow(sdk('dynamodb'), outputs['MarketTable'], order_id)


@pytest.fixture(scope='session')
def policy_of(sdk: Sdk) -> Callable[[str], dict[str, Any]]:
    """The very policy that a function of the deployed stack works under, by the function's logical name."""
    cfn, iam = sdk('cloudformation'), sdk('iam')

    def find(function: str) -> dict[str, Any]:
        name = cfn.describe_stack_resource(StackName='gigmarket-local', LogicalResourceId=function)
        role = sdk('lambda').get_function(FunctionName=name['StackResourceDetail']['PhysicalResourceId'])
        role_name = role['Configuration']['Role'].rpartition('/')[2]
        (inline,) = iam.list_role_policies(RoleName=role_name)['PolicyNames']
        assert iam.list_attached_role_policies(RoleName=role_name)['AttachedPolicies'] == []
        document: dict[str, Any] = iam.get_role_policy(RoleName=role_name, PolicyName=inline)['PolicyDocument']
        return document

    return find


@pytest.fixture(scope='session')
def allowed(stack: Stack, sdk: Sdk) -> Callable[[dict[str, Any]], Sdk]:
    """The SDK's clients of a new user who may do what a policy says, and nothing else."""
    iam = sdk('iam')

    def client_with(policy: dict[str, Any]) -> Sdk:
        user = f'probe-{ULID()}'
        iam.create_user(UserName=user)
        iam.put_user_policy(UserName=user, PolicyName='probe', PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=user)['AccessKey']
        session = boto3.Session(key['AccessKeyId'], key['SecretAccessKey'], region_name=REGION)
        signed = Config(signature_version='s3v4')
        return lambda service: session.client(
            service, endpoint_url=stack.addresses.emulator, config=signed if service == 's3' else None
        )

    return client_with


@pytest.fixture(scope='session')
def as_function(
    policy_of: Callable[[str], dict[str, Any]], allowed: Callable[[dict[str, Any]], Sdk]
) -> Callable[[str, str], Any]:
    """The SDK's client for a service, with the rights of a function."""
    clients = cache(lambda function: allowed(policy_of(function)))
    return lambda function, service: clients(function)(service)


def sdk_of(stack: Stack) -> Sdk:
    session = boto3.Session(KEYS['AWS_ACCESS_KEY_ID'], KEYS['AWS_SECRET_ACCESS_KEY'], region_name=REGION)
    return lambda service: session.client(service, endpoint_url=stack.addresses.emulator)


def bring_up(stack: Stack) -> str:
    with Progress(disable=True) as progress:
        return run(stack.home, progress)
