"""The edge: what a request must be, and how a problem looks."""

import base64
import json
from typing import Any

import pytest

import app as deployed
from chalicelib.ledger import exports
from tests.faults.injector import faults
from tests.support.market import GIG, ok


def assert_problem(answer, status, kind):
    assert (answer.status, answer.problem) == (status, kind), answer
    body = answer.body
    assert body.keys() == {'type', 'title', 'status', 'detail', 'errors'}
    assert body['status'] == status
    assert body['detail']
    assert answer.headers['access-control-allow-origin'] == '*'


def gateway_event(method: str, path: str, person: Any, query: Any = None, **headers: str) -> dict[str, Any]:
    """A request as API Gateway hands it to the function."""
    sent = {'Authorization': f'Bearer {person.token}'} | headers
    return {
        'httpMethod': method,
        'path': path,
        'headers': sent,
        'multiValueQueryStringParameters': {name: [value] for name, value in query.items()} if query else None,
        'pathParameters': None,
        'stageVariables': None,
        'requestContext': {'httpMethod': method, 'resourcePath': path, 'path': f'/api{path}', 'requestId': 'r'},
        'body': None,
        'isBase64Encoded': False,
    }


def test_a_body_that_is_not_json(seller):
    for raw in (b'', b'{', b'{"a": NaN}', b'\xff\xfe', b'[' * 100_000):
        assert_problem(seller.post('/gigs', raw), 400, 'malformed-body')


@pytest.mark.parametrize('body', [b'[]', b'1', b'null', b'"text"'])
def test_json_that_is_not_an_object(seller, body):
    assert_problem(seller.post('/gigs', body), 422, 'invalid')


def test_a_body_of_another_type(seller):
    answer = seller.post('/gigs', GIG, headers={'Content-Type': 'text/plain'})
    assert_problem(answer, 415, 'unsupported-media-type')


def test_a_body_that_is_too_large(seller):
    answer = seller.post('/gigs', b'"' + b'x' * 256 * 1024 + b'"')
    assert_problem(answer, 413, 'body-too-large')


def test_a_wrong_field_is_pointed_to(seller):
    draft = json.loads(json.dumps(GIG))
    draft['packages'][0]['price_minor'] = '5'
    draft['extras'][2]['additional_days'] = -1
    draft['requirements'][0]['mandatory'] = 'yes'
    draft['surprise'] = 1
    del draft['title']
    answer = seller.post('/gigs', draft)
    assert_problem(answer, 422, 'invalid')
    assert set(answer.pointers) == {
        '#/title',
        '#/packages/0/price_minor',
        '#/extras/2/additional_days',
        '#/requirements/0/mandatory',
        '#/surprise',
    }


@pytest.mark.parametrize(
    'text',
    [
        'a\0b',
        'a\x07',
        '\x85',
        'gpj.\u202egnp',
        '\u200b',
        '\u200b \u2060',
        '\ufeff',
        '\ufe0f',
        '\u0301',
        '\u3164\u3164',
        '\u2800',
    ],
    ids=ascii,
)
def test_text_that_nobody_could_read_is_refused_where_it_stands(seller, text):
    faq = [{'question': 'Why?', 'answer': 'Because'}, {'question': text, 'answer': 'So'}]
    answer = seller.post('/gigs', GIG | {'faq': faq})
    assert_problem(answer, 422, 'invalid')
    assert answer.pointers == ['#/faq/1/question']


@pytest.mark.parametrize(
    'text',
    [
        'Line\nby\tline\r\n',
        '\U0001f468\u200d\U0001f469\u200d\U0001f467',
        '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
        '\u2067\u05e9\u05dc\u05d5\u05dd\u2069',
        'e\u0301',
        '!',
        '\U0001fa77',
        '\ue000',
        'One page\x0cand another',
    ],
    ids=ascii,
)
def test_text_of_any_language_is_taken_as_it_is(seller, text):
    draft = ok(seller.post('/gigs', GIG | {'title': f'I {text}'}), 201)
    assert draft['title'] == f'I {text}'.strip()


def test_what_is_wrong_is_told_in_few_words_however_much_it_is(seller):
    body = json.dumps({'k' * 20_000: ['\x7f'] * 5_000, 'tags': ['\x7f'] * 40_000}, ensure_ascii=False).encode()
    answer = seller.post('/gigs', body)
    assert_problem(answer, 422, 'invalid')
    assert len(answer.raw) < 30_000


def test_a_table_that_is_overloaded_is_told_and_nothing_is_counted_as_broken(market):
    order = market.placed()
    with faults({1: 'throttled'}):
        assert_problem(market.buyer.get(f'/orders/{order["id"]}'), 503, 'unavailable')


def test_an_ignored_body_is_a_part_of_the_request_all_the_same(market, seller):
    path = f'/gigs/{market.gig()["id"]}/pause'
    ok(seller.post(path, key='one'))
    ok(seller.post(path, key='one'))
    assert seller.post(path, {'for': 'a while'}, key='one').problem == 'idempotency-key-reused'


def test_who_is_not_signed_in_is_told_how(nobody):
    answer = nobody.get('/me')
    assert (answer.status, answer.headers['www-authenticate']) == (401, 'Bearer')


def test_an_error_of_ours_is_counted(buyer, monkeypatch, capsys):
    from chalicelib.gigs.schemas import CategoryTree

    def broken():
        raise ZeroDivisionError

    buyer.get('/categories')
    assert 'Failures' not in capsys.readouterr().out
    monkeypatch.setattr(CategoryTree, 'whole', broken)
    assert_problem(buyer.get('/categories'), 500, 'internal-error')
    assert '"Failures":[1.0]' in capsys.readouterr().out


def test_a_parameter_that_there_is_not_is_told_wherever_it_is_asked(buyer):
    for path in ('/me', '/categories', '/gigs'):
        answer = buyer.get(path, sort='price')
        assert_problem(answer, 422, 'invalid')
        assert answer.pointers == ['sort']


def test_an_unknown_branch_of_a_union_says_which_there_are(seller):
    answer = seller.post('/gigs', GIG | {'extras': [{'kind': 'bribe', 'id': 'x', 'price_minor': 1}]})
    assert answer.pointers == ['#/extras/0']
    for kind in ('fast_delivery', 'extra_revisions', 'custom'):
        assert kind in answer.body['errors'][0]['detail']


def test_a_wrong_parameter_is_named(nobody):
    for query, parameter in (
        ({'limit': 0}, 'limit'),
        ({'limit': 101}, 'limit'),
        ({'limit': 'many'}, 'limit'),
        ({'cursor': ''}, 'cursor'),
        ({'colour': 'red'}, 'colour'),
        ({'seller_id': 'someone'}, 'seller_id'),
    ):
        answer = nobody.get('/gigs', **query)
        assert_problem(answer, 422, 'invalid')
        assert answer.pointers == [parameter]


@pytest.mark.parametrize(
    'gig_id', ['x', 'gig_', 'gig_01ARZ3NDEKTSV4RRFFQ69G5FA', 'x' * 3000, 'gig_01arz3ndektsv4rrffq69g5fav', '%00']
)
def test_a_path_that_names_nothing(nobody, gig_id):
    assert_problem(nobody.get(f'/gigs/{gig_id}'), 404, 'not-found')


@pytest.mark.parametrize('key', ['', ' ', '""', 'x' * 256, 'tab\there', 'null\0'])
def test_a_write_needs_a_usable_key(seller, key):
    answer = seller.post('/gigs', GIG, key=key)
    assert_problem(answer, 400, 'idempotency-key-missing')
    assert answer.pointers == ['Idempotency-Key']


def test_what_breaks_on_our_side_is_a_problem_too(nobody, monkeypatch):
    from chalicelib.gigs import store

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(store, 'newest', broken)
    answer = nobody.get('/gigs')
    assert_problem(answer, 500, 'internal-error')
    assert 'ZeroDivision' not in answer.raw.decode()


def test_answers_are_not_cached(nobody, seller):
    assert nobody.get('/gigs').headers['cache-control'] == 'no-store'


def test_text_of_any_language_goes_through_as_it_came(seller, nobody):
    gig = ok(seller.post('/gigs', GIG | {'title': '  Saya akan mendesain logo — 日本語 🎨  '}), 201)
    assert gig['title'] == 'Saya akan mendesain logo — 日本語 🎨'


@pytest.mark.parametrize('accept', [None, '*/*', 'text/csv', 'text/html,application/xhtml+xml;q=0.9', 'application/json'])
def test_a_document_is_bytes_in_base64_for_the_gateway_whatever_is_accepted(buyer, accept):
    event = gateway_event('GET', '/me/statement.csv', buyer, **({'Accept': accept} if accept else {}))
    answer = deployed.app(event, None)
    assert (answer['statusCode'], answer['isBase64Encoded']) == (200, True)
    assert base64.b64decode(answer['body']) == (','.join(exports.COLUMNS) + '\r\n').encode()
    assert answer['headers']['Access-Control-Expose-Headers'] == 'Content-Disposition,Link'


def test_json_and_problems_are_text_as_ever(buyer):
    for path, query in (('/me', None), ('/me/statement.csv', {'limit': '0'}), ('/nothing', None)):
        answer = deployed.app(gateway_event('GET', path, buyer, query, Accept='*/*'), None)
        assert not answer.get('isBase64Encoded')
        assert json.loads(answer['body'])


def test_a_body_may_come_in_base64(buyer):
    event = gateway_event('PATCH', '/me', buyer, **{'Content-Type': 'application/json', 'Idempotency-Key': 'k'})
    event |= {'body': base64.b64encode('{"headline": "Señor ☕"}'.encode()).decode(), 'isBase64Encoded': True}
    answer = deployed.app(event, None)
    assert json.loads(answer['body'])['headline'] == 'Señor ☕'
