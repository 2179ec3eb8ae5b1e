"""The Python client that openapi-python-client makes of docs/openapi.json."""

import compileall
import importlib
import pkgutil
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chalice.test import Client

import app as deployed
from infra.build.openapi import PATH
from tests.support.programs import expected, reported, run

HERE = Path(__file__).parent
NAME = 'gigmarket_client'
# The generator's own `Client.__exit__` is not strict, whatever the document says.
CONFIG = 'post_hooks: []\ncontent_type_overrides:\n  application/pdf: application/octet-stream\n'
MYPY = f'[mypy]\nstrict = true\n[mypy-{NAME}.client]\nignore_errors = true\n'


def serve(request: httpx.Request) -> httpx.Response:
    """The app itself, in this process."""
    path = request.url.raw_path.decode().removeprefix('/api')
    answer = Client(deployed.app).http.request(request.method, path, headers=dict(request.headers), body=request.content)
    return httpx.Response(answer.status_code, headers=answer.headers, content=answer.body)


TRANSPORT = {'transport': httpx.MockTransport(serve)}


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the generated package lies, on the path. A part of the document that the generator leaves out is an error."""
    made = tmp_path_factory.mktemp('python')
    (made / 'generator.yaml').write_text(CONFIG)
    generator = Path(sys.executable).with_name('openapi-python-client')
    output = ['--meta', 'none', '--output-path', NAME, '--config', 'generator.yaml', '--fail-on-warning']
    run(made, generator, 'generate', '--path', PATH, *output)
    sys.path.insert(0, str(made))
    yield made
    sys.path.remove(str(made))


@pytest.mark.no_aws
def test_the_python_client_compiles_and_every_module_of_it_can_be_imported(folder):
    assert compileall.compile_dir(folder / NAME, quiet=1)
    package = importlib.import_module(NAME)
    modules = [found.name for found in pkgutil.walk_packages(package.__path__, f'{NAME}.') if not found.ispkg]
    assert len(modules) > 100
    for module in modules:
        importlib.import_module(module)


@pytest.mark.no_aws
def test_a_type_checker_passes_right_use_of_the_python_client_and_finds_what_is_wrong(folder):
    (folder / 'mypy.ini').write_text(MYPY)
    for program in ('usage.py', 'misuse.py'):
        shutil.copy(HERE / program, folder)
    said = run(folder, sys.executable, '-m', 'mypy', NAME, 'usage.py', 'misuse.py', status=1)
    assert reported(said, r'^(.+?):(\d+): error: .*\[([\w-]+)\]$') == expected(HERE / 'misuse.py'), said


def test_a_python_program_sells_a_gig_and_finds_it_on_the_market(folder, seller):
    from gigmarket_client import AuthenticatedClient, models

    from tests.clients import usage

    client = AuthenticatedClient('https://gigmarket.example/api', seller.token, httpx_args=TRANSPORT)
    published = usage.sell(client)
    assert published.status is models.GigStatus.ACTIVE
    (offer,) = usage.offers(client, 'logo-design')
    assert offer == published
    assert offer.created_at.tzinfo
    assert offer.published_at >= offer.created_at
    assert [type(extra) for extra in offer.extras] == [
        models.FastDeliveryView,
        models.ExtraRevisionsView,
        models.CustomExtraView,
    ]
    assert [usage.describe(extra) for extra in offer.extras] == [
        'within 1 days',
        '2 more revisions',
        'Business card, 0 more days',
    ]


def test_the_python_client_tells_problems_from_answers(folder, seller):
    from gigmarket_client import AuthenticatedClient, models
    from gigmarket_client.api.orders import ask_quote

    client = AuthenticatedClient('https://gigmarket.example/api', seller.token, httpx_args=TRANSPORT)
    problem = ask_quote.sync(client=client, body=models.AskQuote(gig_id='gig_1'), idempotency_key='quote')
    assert isinstance(problem, models.ProblemView)
    assert problem.type_ == 'urn:gigmarket:problem:invalid'
    assert [error.pointer for error in problem.errors] == ['#/gig_id']
