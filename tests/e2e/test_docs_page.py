"""The documentation as somebody with a browser sees it: all of it, from our own origin, and to be tried."""

import json
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request, expect, sync_playwright
from ulid import ULID

from infra.local.seed import PASSWORD

ARGUMENTS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]


@pytest.fixture(scope='module')
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    assert path, 'There is no Chromium here; tests/tools.sh installs it'
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


class Visit:
    """The documentation in a tab of its own, with what it asked for and what it complained about."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        page.on('request', self._asked)
        page.on('pageerror', self._broke)
        page.on('console', self._said)
        page.goto(f'{base_url}/docs')
        expect(page.locator('.opblock').first).to_be_visible(timeout=60_000)

    def _asked(self, request: Request) -> None:
        self.requests.append(request)

    def _broke(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ('error', 'warning'):
            self.complaints.append(message.text)

    def sign_in(self, email: str, password: str) -> None:
        self.page.get_by_label('Sign in to try it').fill(email)
        self.page.get_by_label('password').fill(password)
        self.page.get_by_role('button', name='Sign in').click()

    def open(self, operation: str) -> Locator:
        block = self.page.locator(f'#operations-{operation}')
        block.locator('.opblock-summary-control').click()
        return block

    def execute(self, block: Locator) -> tuple[int, Any]:
        """Presses the button, and reads what is then shown: status and body."""
        with self.page.expect_response(lambda answer: '/api/' in answer.url):
            block.get_by_role('button', name='Execute').click()
        shown = block.locator('.live-responses-table .response').first
        body = shown.locator('.highlight-code code').first
        expect(body).to_be_visible()
        return int(shown.locator('.response-col_status').inner_text().split()[0]), json.loads(body.inner_text())


@pytest.fixture
def visit(browser: Browser, market) -> Iterator[Visit]:
    page = browser.new_page(viewport={'width': 1200, 'height': 1000})
    yield Visit(page, market.base_url)
    page.close()


@pytest.fixture
def signed_in(visit: Visit) -> Visit:
    visit.sign_in('buyer@example.com', PASSWORD)
    expect(visit.page.locator('#signed-in')).to_have_text('Signed in as buyer@example.com', timeout=30_000)
    return visit


def test_every_operation_is_shown_below_its_tag(visit, market):
    document = market.http.get('/api/openapi.json').json()
    documented = {
        f'operations-{operation["tags"][0]}-{operation["operationId"]}'
        for path in document['paths'].values()
        for operation in path.values()
    }
    shown = visit.page.locator('.opblock').evaluate_all('blocks => blocks.map(block => block.id)')
    assert set(shown) == documented
    assert len(shown) == len(documented)
    tags = visit.page.locator('.opblock-tag').evaluate_all('tags => tags.map(tag => tag.dataset.tag)')
    assert tags == [tag['name'] for tag in document['tags']]
    assert visit.complaints == []


def test_nothing_comes_from_anywhere_else_but_the_sign_in(signed_in, market):
    hosts = {urlsplit(request.url).netloc for request in signed_in.requests if not request.url.startswith('data:')}
    assert hosts == {urlsplit(market.base_url).netloc, urlsplit(market.config['cognito_url']).netloc}
    assert signed_in.complaints == []


def test_one_who_signed_in_can_try_a_read(signed_in):
    status, body = signed_in.execute(signed_in.open('Users-show_me'))
    assert (status, body['display_name']) == (200, 'Budi Santoso')
    assert signed_in.complaints == []


def test_a_write_can_be_tried_again_and_again(signed_in):
    block = signed_in.open('Users-update_me')
    block.locator('textarea.body-param__text').fill('{"display_name": "Budi Santoso"}')
    first, second = (signed_in.execute(block) for _ in range(2))
    assert [first[0], second[0]] == [200, 200]
    assert second[1]['display_name'] == 'Budi Santoso'
    keys = [request.headers['idempotency-key'] for request in signed_in.requests if request.method == 'PATCH']
    assert len(keys) == len(set(keys)) == 2
    assert signed_in.complaints == []


def test_a_write_is_repeated_under_the_key_that_was_typed(signed_in):
    block, key = signed_in.open('Users-update_me'), str(ULID())
    block.locator('textarea.body-param__text').fill('{"display_name": "Budi Santoso"}')
    block.get_by_placeholder('Idempotency-Key').fill(key)
    first, second = (signed_in.execute(block) for _ in range(2))
    assert first == second
    keys = [request.headers['idempotency-key'] for request in signed_in.requests if request.method == 'PATCH']
    assert keys == [key, key]


def test_one_who_did_not_sign_in_is_told_to(visit):
    status, body = visit.execute(visit.open('Users-show_me'))
    assert (status, body['title']) == (401, 'Sign in first')


def test_a_wrong_password_is_told_and_goes_nowhere_but_to_cognito(visit, market):
    visit.sign_in('buyer@example.com', 'not my password 1')
    expect(visit.page.locator('#signed-in')).to_have_text('Incorrect username or password.', timeout=30_000)
    heard = [request for request in visit.requests if 'not my password' in f'{request.url} {request.post_data}']
    assert [request.url.rstrip('/') for request in heard] == [market.config['cognito_url']]
    assert visit.page.url == f'{market.base_url}/docs'


def test_the_page_takes_no_script_from_within_or_from_elsewhere(visit):
    """What somebody managed to put into it would not run."""
    run = visit.page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.wasRun = true';
        document.body.append(script);
        return Boolean(window.wasRun);
    }""")
    assert not run
    assert 'Content Security Policy' in visit.complaints[-1]
