"""The edge as clients meet it: who is let in, how errors look wherever they are made, and what comes with every answer."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ulid import ULID

from infra.build import openapi
from tests.e2e.people import PASSWORD

BY_THE_GATEWAY = 'Send an access token of this marketplace as "Authorization: Bearer ..."'
BY_THE_APP = 'This access token is not valid here, or no longer; sign in again'
ELSEWHERE = 'https://shop.example'


@pytest.fixture(scope='module')
def http(market) -> httpx.Client:
    return market.http


@pytest.fixture(scope='module')
def direct(stack, outputs):
    """The API at its own address, without CloudFront in front of it."""
    base_url = f'{stack.addresses.emulator}/_aws/execute-api/{outputs["RestAPIId"]}/api'
    with httpx.Client(base_url=base_url, timeout=30) as client:
        yield client


@pytest.fixture(scope='module')
def ana(people):
    return people.join('ana')


@pytest.fixture(scope='module')
def tokens(ana, sdk, outputs) -> Iterator[dict[str, str]]:
    """Whatever somebody might try as an access token."""
    idp = sdk('cognito-idp')

    def sign_in(client_id: str, email: str = ana.email) -> dict[str, str]:
        answer = idp.initiate_auth(
            ClientId=client_id, AuthFlow='USER_PASSWORD_AUTH', AuthParameters={'USERNAME': email, 'PASSWORD': PASSWORD}
        )
        found: dict[str, str] = answer['AuthenticationResult']
        return found

    def client_of(pool_id: str, **more: Any) -> str:
        made = idp.create_user_pool_client(
            UserPoolId=pool_id, ClientName=str(ULID()), ExplicitAuthFlows=['ALLOW_USER_PASSWORD_AUTH'], **more
        )
        return str(made['UserPoolClient']['ClientId'])

    other_pool = idp.create_user_pool(PoolName='other')['UserPool']['Id']
    idp.admin_create_user(UserPoolId=other_pool, Username=ana.email, MessageAction='SUPPRESS')
    idp.admin_set_user_password(UserPoolId=other_pool, Username=ana.email, Password=PASSWORD, Permanent=True)
    short = client_of(outputs['UserPoolId'], AccessTokenValidity=1, TokenValidityUnits={'AccessToken': 'seconds'})
    expired = sign_in(short)['AccessToken']
    own = sign_in(outputs['ClientId'])
    header, claims, signature = own['AccessToken'].split('.')
    time.sleep(2)
    yield {
        'garbage': 'garbage',
        'id token': own['IdToken'],
        'expired': expired,
        'of another pool': sign_in(client_of(other_pool))['AccessToken'],
        'of another client': sign_in(client_of(outputs['UserPoolId']))['AccessToken'],
        'other signature': f'{header}.{claims}.{signature[:-8]}AAAAAAAA',
        'other claims': f'{header}.{rewritten(claims, **{"cognito:groups": ["admin"]})}.{signature}',
        'unsigned': f'{rewritten(header, alg="none")}.{claims}.',
        'symmetric': f'{rewritten(header, alg="HS256")}.{claims}.{signature}',
    }
    idp.delete_user_pool(UserPoolId=other_pool)


def rewritten(part: str, **changes: Any) -> str:
    content = json.loads(base64.urlsafe_b64decode(part + '=' * (-len(part) % 4)))
    return base64.urlsafe_b64encode(json.dumps(content | changes).encode()).decode().rstrip('=')


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status, and the stable part of the type; everything else must be as RFC 9457 and our own clients want it."""
    assert answer.headers['content-type'] == 'application/problem+json', answer.text
    body = answer.json()
    assert set(body) >= {'type', 'title', 'detail', 'errors'}
    assert body.get('status', answer.status_code) == answer.status_code
    prefix, _, kind = body['type'].rpartition(':')
    assert prefix == 'urn:gigmarket:problem'
    return answer.status_code, kind


FORGED = ['garbage', 'id token', 'expired', 'of another pool', 'other signature', 'other claims', 'unsigned', 'symmetric']


@pytest.mark.parametrize('kind', FORGED)
def test_the_gateway_lets_nothing_in_but_an_access_token(http, tokens, kind):
    answer = http.get('/api/me', headers={'Authorization': f'Bearer {tokens[kind]}'})
    assert problem(answer) == (401, 'unauthorized')
    assert answer.json()['detail'] == BY_THE_GATEWAY


def test_the_gateway_lets_nobody_in_without_a_token(http):
    answer = http.get('/api/me')
    assert (problem(answer), answer.json()['detail']) == ((401, 'unauthorized'), BY_THE_GATEWAY)
    assert answer.headers['WWW-Authenticate'] == 'Bearer'


@pytest.mark.parametrize('kind', [*FORGED, 'of another client'])
def test_the_app_verifies_tokens_itself_where_the_gateway_does_not(http, tokens, kind):
    answer = http.get('/api/gigs', headers={'Authorization': f'Bearer {tokens[kind]}'})
    assert (problem(answer), answer.json()['detail']) == ((401, 'unauthorized'), BY_THE_APP)


def test_the_app_refuses_a_token_of_another_client_that_the_gateway_let_in(http, tokens):
    answer = http.get('/api/me', headers={'Authorization': f'Bearer {tokens["of another client"]}'})
    assert (problem(answer), answer.json()['detail']) == ((401, 'unauthorized'), BY_THE_APP)


@pytest.mark.parametrize('client', ['http', 'direct'])
@pytest.mark.parametrize(
    ('method', 'path', 'expected'),
    [
        ('GET', '/nothing', (404, 'not-found')),
        ('GET', '/', (404, 'not-found')),
        ('DELETE', '/me', (404, 'not-found')),
        ('PUT', '/gigs', (404, 'not-found')),
        ('GET', '/me', (401, 'unauthorized')),
        ('POST', '/orders', (401, 'unauthorized')),
    ],
)
def test_what_the_gateway_refuses_is_a_problem_that_any_origin_can_read(request, client, method, path, expected):
    prefix = '/api' if client == 'http' else ''
    answer = request.getfixturevalue(client).request(method, prefix + path, headers={'Origin': ELSEWHERE})
    assert problem(answer) == expected
    assert answer.headers['access-control-allow-origin'] == '*'


@pytest.mark.parametrize(
    ('method', 'path', 'sent', 'expected'),
    [
        ('GET', '/gigs/gig_nothing', {}, (404, 'not-found')),
        ('GET', '/gigs/%2e%2e', {}, (404, 'not-found')),
        ('GET', '/gigs?limit=0', {}, (422, 'invalid')),
        ('GET', '/gigs?cursor=x', {}, (422, 'invalid')),
        ('GET', '/gigs?unknown=1', {}, (422, 'invalid')),
        ('PATCH', '/me', {'content': b'{'}, (400, 'malformed-body')),
        ('PATCH', '/me', {'content': b'{"display_name": NaN}'}, (400, 'malformed-body')),
        ('PATCH', '/me', {'content': b'\xff'}, (400, 'malformed-body')),
        ('PATCH', '/me', {'json': {'level': 'top_rated'}}, (422, 'invalid')),
        ('PATCH', '/me', {'json': {'display_name': 5}}, (422, 'invalid')),
        ('PATCH', '/me', {'json': {}, 'headers': {'Content-Type': 'text/plain'}}, (415, 'unsupported-media-type')),
        ('PATCH', '/me', {'json': {}, 'headers': {'Idempotency-Key': ''}}, (400, 'idempotency-key-missing')),
        ('PATCH', '/me', {'json': {'bio': 'x' * 256 * 1024}}, (413, 'body-too-large')),
        ('PUT', '/users/usr_nobody/level', {'json': {'level': 'top_rated'}}, (403, 'forbidden')),
        ('POST', '/orders', {'json': {'quote_id': f'quo_{ULID()}'}}, (404, 'not-found')),
    ],
)
def test_what_the_app_refuses_is_a_problem_that_any_origin_can_read(ana, method, path, sent, expected):
    defaults = {
        'Authorization': f'Bearer {ana.token}',
        'Idempotency-Key': str(ULID()),
        'Content-Type': 'application/json',
        'Origin': ELSEWHERE,
    }
    answer = ana.http.request(method, f'/api{path}', **sent | {'headers': defaults | sent.get('headers', {})})
    assert problem(answer) == expected
    assert answer.headers['access-control-allow-origin'] == '*'


def test_what_breaks_is_a_problem_too(people, row_of):
    deal = people.deal()
    order = deal.placed()
    row_of(order['id']).write('terms', 'this is not JSON')
    answer = deal.buyer.http.get(f'/api/orders/{order["id"]}', headers={'Authorization': f'Bearer {deal.buyer.token}'})
    assert problem(answer) == (500, 'internal-error')
    assert 'JSON' not in answer.text


@pytest.mark.parametrize(
    ('method', 'path'), [('PATCH', '/me'), ('POST', '/orders'), ('PUT', '/users/usr_1/level'), ('GET', '/gigs')]
)
def test_another_origin_may_ask_before_it_sends(http, method, path):
    answer = http.options(
        f'/api{path}',
        headers={
            'Origin': ELSEWHERE,
            'Access-Control-Request-Method': method,
            'Access-Control-Request-Headers': 'authorization,content-type,idempotency-key',
        },
    )
    assert answer.status_code == 200
    assert answer.headers['access-control-allow-origin'] == '*'
    assert method in answer.headers['access-control-allow-methods']
    allowed = answer.headers['access-control-allow-headers'].lower().replace(' ', '').split(',')
    assert set(allowed) >= {'authorization', 'content-type', 'idempotency-key'}
    assert 'access-control-allow-credentials' not in answer.headers


@pytest.mark.parametrize('path', ['/', '/docs', '/docs.js', '/assets/swagger-ui.css', '/api/gigs', '/api/me', '/api/nothing'])
def test_every_answer_is_kept_out_of_frames_and_in_its_type(http, path):
    headers = http.get(path).headers
    assert headers['x-content-type-options'] == 'nosniff'
    assert headers['x-frame-options'] == 'DENY'
    assert headers['referrer-policy'] == 'no-referrer'
    assert headers['strict-transport-security'].startswith('max-age=63072000')


@pytest.mark.parametrize(
    ('path', 'content_type'),
    [
        ('/', 'text/html; charset=utf-8'),
        ('/docs', 'text/html; charset=utf-8'),
        ('/docs.js', 'text/javascript; charset=utf-8'),
        ('/assets/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'),
        ('/config.json', 'application/json'),
        ('/api/openapi.json', 'application/json'),
    ],
)
def test_pages_have_their_types_and_are_not_kept_for_long(http, path, content_type):
    answer = http.get(path)
    assert (answer.status_code, answer.headers['content-type']) == (200, content_type)
    assert answer.headers['cache-control'] == ('no-store' if path.startswith('/api/') else 'public, max-age=60')


def test_a_page_that_is_not_there_is_not_another_page(http):
    answer = http.get('/nothing')
    assert answer.status_code in (403, 404)
    assert 'Gigmarket' not in answer.text


def test_the_deployed_api_says_of_itself_what_is_committed(http):
    assert http.get('/api/openapi.json').json() == json.loads(openapi.PATH.read_text())
