"""What the API says of itself: the whole of it, fit for generators, and true."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import app as deployed
from chalicelib.operations import Operation
from chalicelib.schemas import ListQuery
from infra.build import openapi
from tests.support import campaigns
from tests.support.board import Board
from tests.support.market import ok
from tests.support.requests import claimed_top_up

DOCUMENT = json.loads(deployed.openapi_json())
OPERATIONS = [operation for routes in deployed.ROUTES.all() for operation in routes.operations]
WRITES = [operation for operation in OPERATIONS if operation.method != 'GET' and operation.is_keyed]
BODIES = [operation for operation in OPERATIONS if operation.takes]
HTTP_METHODS = {'get', 'put', 'post', 'patch', 'delete'}


def names(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize('operation', operations, ids=lambda operation: operation.name)


def said_of(operation: Operation) -> dict[str, Any]:
    return dict(DOCUMENT['paths'][operation.path][operation.method.lower()])


def parameters(operation: Operation, place: str) -> dict[str, dict[str, Any]]:
    return {found['name']: found for found in said_of(operation)['parameters'] if found['in'] == place}


def resolve(ref: str) -> Any:
    found = DOCUMENT
    for part in ref.removeprefix('#/').split('/'):
        found = found[part]
    return found


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in it."""
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(child)


def reachable(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in it and in what it refers to."""
    waiting, seen = [node], set()
    while waiting:
        for found in nodes(waiting.pop()):
            yield found
            if found.get('$ref', '') not in seen | {''}:
                seen.add(found['$ref'])
                waiting.append(resolve(found['$ref']))


def sent() -> Iterator[dict[str, Any]]:
    for operation in BODIES:
        yield from reachable(said_of(operation)['requestBody']['content']['application/json']['schema'])


def answered() -> Iterator[dict[str, Any]]:
    for operation in OPERATIONS:
        yield from reachable(said_of(operation)['responses'])


def objects(found: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [node for node in found if node.get('type') == 'object' and 'properties' in node]


@pytest.mark.no_aws
def test_the_committed_document_is_what_the_routes_say_today():
    assert openapi.PATH.read_text() == openapi.text(), 'docs/openapi.json is out of date: run `make openapi` and commit it'


@pytest.mark.no_aws
def test_the_document_is_valid_openapi_3_1():
    assert DOCUMENT['openapi'].startswith('3.1.')
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


@pytest.mark.no_aws
def test_every_route_is_documented_and_every_documented_operation_is_a_route():
    served = {
        (method.lower(), path, entry.view_function.__name__)
        for path, methods in deployed.app.routes.items()
        for method, entry in methods.items()
        if path != '/openapi.json'
    }
    documented = {
        (method, path, said['operationId'])
        for path, methods in DOCUMENT['paths'].items()
        for method, said in methods.items()
        if method in HTTP_METHODS
    }
    assert documented == served


@pytest.mark.no_aws
def test_operation_ids_are_unique():
    operation_ids = [said_of(operation)['operationId'] for operation in OPERATIONS]
    assert len(set(operation_ids)) == len(operation_ids)


@pytest.mark.no_aws
def test_every_reference_leads_somewhere():
    assert all(resolve(node['$ref']) for node in nodes(DOCUMENT) if '$ref' in node)


@pytest.mark.no_aws
def test_every_component_is_used():
    used = {node['$ref'] for node in reachable(DOCUMENT['paths']) if '$ref' in node}
    assert used == {f'#/components/schemas/{name}' for name in DOCUMENT['components']['schemas']}


@pytest.mark.no_aws
def test_requests_are_closed():
    found = objects(sent())
    assert len(found) > len(BODIES)
    assert [node for node in found if node.get('additionalProperties') is not False] == []


@pytest.mark.no_aws
def test_answers_are_open():
    found = objects(answered())
    assert len(found) > len(OPERATIONS)
    assert [node for node in found if node.get('additionalProperties') is False] == []


@pytest.mark.no_aws
def test_answers_have_all_their_fields_always():
    problems = [resolve(f'#/components/schemas/{name}') for name in ('ProblemView', 'ProblemField')]
    for node in objects(answered()):
        assert node in problems or set(node['required']) == node['properties'].keys()


@pytest.mark.no_aws
def test_every_union_of_objects_says_which_of_them_it_is():
    unions = [
        (node, branches)
        for node in nodes(DOCUMENT)
        for branches in [node.get('oneOf') or node.get('anyOf') or []]
        if sum('properties' in resolve(branch['$ref']) for branch in branches if '$ref' in branch) > 1
    ]
    assert unions
    for node, branches in unions:
        by, mapping = node['discriminator']['propertyName'], node['discriminator']['mapping']
        assert sorted(mapping.values()) == sorted(branch['$ref'] for branch in branches)
        for value, ref in mapping.items():
            assert resolve(ref)['properties'][by]['const'] == value
            assert by in resolve(ref)['required']


@pytest.mark.no_aws
def test_every_enum_is_a_component_for_generators_to_name_its_type():
    assert [node for node in nodes(DOCUMENT['paths']) if 'enum' in node] == []
    for schema in DOCUMENT['components']['schemas'].values():
        assert [node for node in nodes(schema.get('properties', {})) if 'enum' in node] == []


@pytest.mark.no_aws
def test_component_names_are_names_in_every_language():
    assert [name for name in DOCUMENT['components']['schemas'] if not (name.isidentifier() and name.isascii())] == []


@pytest.mark.no_aws
@names(WRITES)
def test_every_write_needs_an_idempotency_key_of_any_format(operation):
    header = parameters(operation, 'header')['Idempotency-Key']
    assert header['required'] is True
    assert header['schema']['type'] == 'string'
    assert not {'format', 'pattern', 'enum'} & header['schema'].keys()


@pytest.mark.no_aws
@names([operation for operation in OPERATIONS if operation.method == 'GET'])
def test_no_read_takes_an_idempotency_key_or_a_body(operation):
    assert parameters(operation, 'header') == {}
    assert 'requestBody' not in said_of(operation)


@pytest.mark.no_aws
@names(BODIES)
def test_every_body_has_examples_that_its_own_model_takes(operation):
    content = said_of(operation)['requestBody']['content']['application/json']
    assert content['examples']
    for example in content['examples'].values():
        assert operation.takes.model_validate_json(json.dumps(example['value'])).model_fields_set == example['value'].keys()


@pytest.mark.no_aws
@names([operation for operation in OPERATIONS if operation.answers and 'next_cursor' in operation.answers.model_fields])
def test_every_list_is_read_in_pages(operation):
    assert issubclass(operation.query, ListQuery)
    query = parameters(operation, 'query')
    assert query['limit']['schema'] == {'type': 'integer', 'format': 'int64', 'minimum': 1, 'maximum': 100, 'default': 20}
    assert query['cursor']['schema']['type'] == 'string'
    assert not any(parameter['required'] for parameter in query.values())


@pytest.mark.no_aws
@names(OPERATIONS)
def test_every_operation_says_what_it_does_who_may_do_it_and_how_it_fails(operation):
    said = said_of(operation)
    assert said['operationId'] == operation.name
    assert 0 < len(said['summary']) <= 80
    assert said['tags'] == [operation.tag]
    assert said['security']
    problems = {status: answer for status, answer in said['responses'].items() if not status.startswith('2')}
    assert {'401', 'default'} <= problems.keys()
    for answer in problems.values():
        assert answer['content'] == {'application/problem+json': {'schema': {'$ref': '#/components/schemas/ProblemView'}}}


@pytest.mark.no_aws
def test_every_tag_is_explained():
    assert {operation.tag for operation in OPERATIONS} == {tag['name'] for tag in DOCUMENT['tags']}


def test_the_document_is_served_to_everybody(nobody):
    assert ok(nobody.get('/openapi.json')) == DOCUMENT


def test_the_example_of_a_gig_can_be_published_as_it_is(seller):
    example = DOCUMENT['components']['schemas']['WriteGig']['examples'][0]
    gig = ok(seller.post('/gigs', example), 201)
    assert ok(seller.post(f'/gigs/{gig["id"]}/publish'))['status'] == 'active'


def test_what_is_answered_is_what_the_document_promises(market, buyer, seller, support, admin):
    order = market.completed()
    market.disputed(market.delivered())
    market.charged(order)
    market.cancelled()
    ids = {'order_id': order['id'], 'gig_id': order['gig_id'], 'payment_id': order['payment_id'], 'user_id': seller.id}
    ids['chargeback_id'] = ok(seller.get(f'/orders/{order["id"]}/chargebacks'))['items'][0]['id']
    ids |= {'file_id': market.file(seller, 'delivery'), 'txid': f'complete:{order["id"]}'}
    ids['offer_id'] = market.offered()['id']
    ids['payout_id'] = market.paid_out()['id']
    top_up_id, claimed_id = claimed_top_up(market)
    attachment = market.file(buyer, 'attachment')
    proposal = Board(buyer, seller).proposal(Board(buyer, seller).job(attachments=[attachment]))
    ids |= {'job_id': proposal['job_id'], 'proposal_id': proposal['id']}
    special = {'show_job_attachment': {'file_id': attachment}}
    ids['campaign_id'] = campaigns.running(buyer)
    campaigns.submitted(ids['campaign_id'], seller)
    for operation in OPERATIONS:
        if operation.method == 'GET':
            of_top_up = {'payment_id': top_up_id, 'chargeback_id': claimed_id} if 'top_up' in operation.name else {}
            about = ids | of_top_up | special.get(operation.name, {})
            answers = [person.get(operation.path.format(**about)) for person in (buyer, seller, support, admin)]
            assert 200 in [answer.status for answer in answers], answers
            for answer in answers:
                ((media_type, content),) = said_of(operation)['responses'][str(answer.status)]['content'].items()
                assert answer.headers['content-type'].startswith(media_type)
                if media_type.endswith('json'):
                    Draft202012Validator(content['schema'] | {'components': DOCUMENT['components']}).validate(answer.body)
