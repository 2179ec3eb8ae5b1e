"""The world that tests run in: moto instead of AWS, made from the template's own resources and emptied before each test."""

import gc
import os
from collections.abc import Callable, Iterator
from typing import Any

from tests.support import tokens

gc.set_threshold(200_000, 50, 100)  # moto's tables are large and hold no cycles: looking for some is half of a run

for name in [name for name in os.environ if name.startswith('AWS_')]:
    del os.environ[name]
_QUEUE = 'https://sqs.us-east-1.amazonaws.com/123456789012/'
os.environ.update(
    AWS_DEFAULT_REGION='us-east-1',
    AWS_ACCESS_KEY_ID='test',
    AWS_SECRET_ACCESS_KEY='test',
    AWS_SESSION_TOKEN='test',
    STAGE='dev',
    FILES_BUCKET='gigmarket-files',
    SEALS_BUCKET='gigmarket-seals',
    RELEASE_QUEUE_URL=_QUEUE + 'release',
    ORDER_QUEUE_URL=_QUEUE + 'orders',
    PROVIDER_QUEUE_URL=_QUEUE + 'provider',
    DEAD_LETTERS_URL=_QUEUE + 'dead-letters',
    JWKS_URL=tokens.publish(tokens.KEY).as_uri(),
    POWERTOOLS_LOG_LEVEL='CRITICAL',
)

import pytest  # noqa: E402 - the app reads its settings when it is imported
import time_machine  # noqa: E402
from _pytest.runner import runtestprotocol  # noqa: E402
from moto import mock_aws  # noqa: E402

from chalicelib import db  # noqa: E402
from chalicelib.users import actions as users  # noqa: E402
from tests.support import fast_moto, resources  # noqa: E402
from tests.support.api import Nobody, Person  # noqa: E402
from tests.support.market import Market  # noqa: E402
from tests.support.roomy import roomy  # noqa: E402


@pytest.fixture(scope='session')
def aws() -> Iterator[None]:
    fast_moto.install()
    with mock_aws():
        resources.create()
        yield


@pytest.fixture(autouse=True)
def world(request: pytest.FixtureRequest) -> None:
    """Every test that does not say otherwise starts with empty tables, queues and bucket."""
    if 'no_aws' in request.keywords:
        return
    request.getfixturevalue('aws')
    resources.clear()
    users.identify.cache_clear()


@pytest.fixture
def clock() -> Iterator[Any]:
    """Time that stands still until it is told to go on."""
    with time_machine.travel('2026-11-24T08:00:00Z', tick=False) as traveller:
        yield traveller


@pytest.fixture
def buyer() -> Person:
    return Person('buyer')


@pytest.fixture
def seller() -> Person:
    return Person('seller')


@pytest.fixture
def stranger() -> Person:
    return Person('stranger')


@pytest.fixture
def support() -> Person:
    return Person('support', 'support')


@pytest.fixture
def admin() -> Person:
    return Person('admin', 'admin')


@pytest.fixture
def nobody() -> Nobody:
    return Nobody()


@pytest.fixture
def market(buyer: Person, seller: Person) -> Market:
    return Market(buyer, seller)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Lets a rival act, from its reads to its commit, just before the next transaction is committed."""
    commit = db.Transaction.commit

    def arrange(rival):
        def late(tx):
            monkeypatch.setattr(db.Transaction, 'commit', commit)
            rival()
            commit(tx)

        monkeypatch.setattr(db.Transaction, 'commit', late)

    return arrange


@pytest.hookimpl(tryfirst=True)
@roomy
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest itself runs a test."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
