"""The walls of the house, kept by a test rather than by memory. The order of the slices is import-linter's (`make check`)."""

import ast
from pathlib import Path

import pytest

import app

pytestmark = pytest.mark.no_aws
ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / 'chalicelib'
MODULES = sorted(LIBRARY.rglob('*.py'))
PURE = {
    'lifecycle.py',
    'rules.py',
    'accounts.py',
    'purse.py',
    'categories.py',
    'money.py',
    'policy.py',
    'taxes.py',
    'labels.py',
    'sheets.py',
    'errors.py',
}
STANDARD_OR_PURE = {
    'chalicelib.clock',
    'chalicelib.errors',
    'chalicelib.gigs.categories',
    'chalicelib.invoices.labels',
    'chalicelib.ledger',
    'chalicelib.ledger.accounts',
    'chalicelib.ledger.order_postings',
    'chalicelib.ledger.postings',
    'chalicelib.ledger.purse',
    'chalicelib.ids',
    'chalicelib.jobs.lifecycle',
    'chalicelib.money',
    'chalicelib.payments.port',
    'chalicelib.orders.lifecycle',
    'chalicelib.policy',
    'chalicelib.quotes.rules',
    'chalicelib.taxes',
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f'{node.module}.{alias.name}' for alias in node.names)}
    return found


def roots(path: Path) -> set[str]:
    return {name.partition('.')[0] for name in imports(path)}


def name(path: Path) -> str:
    return str(path.relative_to(LIBRARY))


@pytest.mark.parametrize('path', MODULES, ids=name)
def test_only_the_edge_knows_chalice(path):
    if 'chalice' in roots(path):
        assert name(path) in ('http.py', 'auth.py') or path.name == 'routes.py'


@pytest.mark.parametrize('path', MODULES, ids=name)
def test_only_rows_know_pynamodb(path):
    if 'pynamodb' in roots(path):
        assert name(path) in ('db.py', 'timers.py', 'idempotency.py') or path.name in ('store.py', 'rows.py')


@pytest.mark.parametrize('path', [path for path in MODULES if path.name in PURE or path.name.endswith('postings.py')], ids=name)
def test_decisions_are_pure(path):
    ours = {one for one in imports(path) if one.startswith('chalicelib.')}
    allowed = tuple(sorted(STANDARD_OR_PURE))
    assert all(one.startswith(allowed) for one in ours), ours
    assert not roots(path) & {'chalice', 'pynamodb', 'boto3', 'botocore', 'pydantic', 'time', 'os'}


@pytest.mark.parametrize('path', MODULES, ids=name)
def test_a_module_and_a_function_fit_in_the_head(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for function in functions(text):
        assert function.end_lineno - function.lineno < 70, f'{function.name} is too long'


@pytest.mark.parametrize('path', [path for path in MODULES if path.name == 'routes.py'], ids=name)
def test_a_view_is_a_few_lines(path):
    for view in functions(path.read_text()):
        if view.decorator_list:
            statements = view.body[1:] if ast.get_docstring(view) else view.body
            assert statements[-1].end_lineno - statements[0].lineno < 8, f'{view.name} does what an action should do'


def functions(text: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize('path', [path for path in MODULES if path.name != 'routes.py'], ids=name)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_views_and_functions_have_names_of_their_own():
    """Chalice registers by function name, over all blueprints: a second one would silently take the first one's place."""
    views = [operation.name for routes in app.ROUTES.all() for operation in routes.operations]
    functions = [source.name for source in app.app.event_sources]
    assert len({*views, *functions}) == len(views) + len(functions)


def test_events_are_handled_in_app_where_the_middleware_is():
    assert all(source.handler_string.startswith('app.') for source in app.app.event_sources)


def test_the_app_is_a_list():
    assert len((ROOT / 'app.py').read_text().splitlines()) <= 150


def test_nothing_is_left_for_later_without_an_issue():
    for path in (*MODULES, *(ROOT / 'infra').rglob('*.py'), ROOT / 'app.py'):
        text = path.read_text()
        assert 'TODO' not in text, path
        assert 'FIXME' not in text, path
