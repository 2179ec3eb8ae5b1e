"""The OpenAPI 3.1 document, made from the very models and routes that serve the requests."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import IntSchema, ModelSchema, WithDefaultSchema

from chalicelib import documents, errors, ids
from chalicelib.clock import DAY
from chalicelib.http import PROBLEM_TYPE
from chalicelib.idempotency import KEPT_MS, MAX_LENGTH
from chalicelib.operations import Access, Operation
from chalicelib.schemas import ProblemView

VERSION = '1.0.0'
_COMPONENT = '#/components/schemas/'
_Keyed = tuple[type[BaseModel], JsonSchemaMode]

_DESCRIPTION = f"""\
A marketplace for freelance services: sellers list gigs, buyers order them, work is delivered, money is held and released.

* **Sign-in** is Amazon Cognito's: `/config.json` on this origin names the user pool and the client. Send the *access* token as
  `Authorization: Bearer ...`.
* **Money** is in whole minor units of a currency; `exponent` says how many decimals that is. Rupiah have two decimals
  (ISO 4217), and every amount that a person pays or gets is a whole number of rupiah.
* **Writes** take an `Idempotency-Key`. The same request under the same key is done once and answered the same, for
  {KEPT_MS // DAY} days; another request under that key is refused.
* **Lists** come in pages: send a page's `next_cursor` as `cursor`.
* **Errors** are `application/problem+json` (RFC 9457). Decide on `type`; where a field is wrong, `errors` points to it.
* **Times** are RFC 3339 in UTC. Requests are closed (an unknown field is an error); answers are open (new fields may appear).
"""
_MEANINGS = {
    200: 'Done',
    201: 'Made',
    204: 'Done, and nothing to say',
    400: 'The body or the Idempotency-Key is not usable',
    401: 'Not signed in',
    403: 'Not allowed',
    404: 'Not there, or not yours',
    409: 'Not possible as things are',
    413: 'Too large',
    422: 'Not valid, or another request under the same Idempotency-Key',
}
_GATEWAY_PROBLEMS = (
    ('too-many-requests', '429', 'Wait a moment, and repeat it with the same Idempotency-Key'),
    ('refused', '4xx', 'The gateway did not let it through'),
)
"""What is said before a request reaches the app; the words are in infra/stack/functions.yaml."""
_TAGS = {
    'Users': 'One account buys and sells.',
    'Gigs': 'What sellers offer.',
    'Files': 'Uploads go straight to storage, and are checked before they can be used.',
    'Offers': 'What a seller offers to one buyer.',
    'Orders': 'From a quote to completed work.',
    'Jobs': 'What buyers want to have done.',
    'Proposals': 'What sellers propose to buyers who have posted a job.',
    'Campaigns': 'Many small tasks of one kind, prepaid.',
    'Disputes': 'When the two sides of an order disagree.',
    'Payments': 'Paying for an order, for an extra of it, a tip, or into your wallet.',
    'Chargebacks': "When a buyer's bank takes a payment back.",
    'Money': 'Balances, statements and payouts.',
    'Webhooks': 'What payment providers tell.',
    'Administration': 'Keeping the books, for staff.',
    'Sandbox': 'Standing in for a bank, where the sandbox provider is in use.',
}


class _Schemas(GenerateJsonSchema):
    """Without titles, by which some generators name their types, and without the defaults of answers, which say nothing.

    All stays in the order in which it was written, so that examples read as they were meant.
    """

    def model_schema(self, schema: ModelSchema) -> dict[str, Any]:
        made = super().model_schema(schema)
        del made['title']
        if self.mode == 'serialization':
            made.pop('additionalProperties', None)
        return made

    def int_schema(self, schema: IntSchema) -> dict[str, Any]:
        return super().int_schema(schema) | {'format': 'int64'}  # 32 bits end at 21 million rupiah

    def default_schema(self, schema: WithDefaultSchema) -> dict[str, Any]:
        return self.generate_inner(schema['schema']) if self.mode == 'serialization' else super().default_schema(schema)

    def field_title_should_be_set(self, _: Any) -> bool:
        return False

    def sort(self, value: Any, _: str | None = None) -> Any:
        return value


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    listed = list(operations)
    refs, schemas = _components(listed)
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs, schemas)
    made: dict[str, Any] = {
        'openapi': '3.1.0',
        'info': {
            'title': 'Gigmarket',
            'version': VERSION,
            'description': f'{_DESCRIPTION}\n{_problem_table()}',
            'license': {'name': 'Apache 2.0', 'identifier': 'Apache-2.0'},
        },
        'servers': [{'url': '/api', 'description': 'The API, on the origin of this page'}],
        'tags': [{'name': name, 'description': text} for name, text in _TAGS.items()],
        'paths': paths,
        'components': {
            'schemas': schemas,
            'securitySchemes': {
                'accessToken': {
                    'type': 'http',
                    'scheme': 'bearer',
                    'bearerFormat': 'JWT',
                    'description': 'An access token of the Cognito user pool.',
                }
            },
        },
    }
    return _named(made)


def _named(made: dict[str, Any]) -> dict[str, Any]:
    """The document with names that are fit for the types of a client: no Package-Output, and no enum without a component."""
    enums: dict[str, Any] = {}
    named: dict[str, Any] = _renamed(made, enums)
    schemas = {_name(name): schema for name, schema in named['components']['schemas'].items()}
    clashes = [name for name in enums if 'properties' in schemas.get(name, {})]
    assert len(schemas) == len(named['components']['schemas']) and not clashes, 'Two schemas have one name'
    named['components']['schemas'] = dict(sorted((schemas | enums).items()))
    return named


def _renamed(node: Any, enums: dict[str, Any]) -> Any:
    if isinstance(node, str) and node.startswith(_COMPONENT):
        return _name(node)
    if isinstance(node, list):
        return [_renamed(one, enums) for one in node]
    if not isinstance(node, dict):
        return node
    renamed = {key: _renamed(value, enums) for key, value in node.items()}
    if 'enum' in renamed and 'title' in renamed:
        name, enum = renamed.pop('title'), {'type': renamed.pop('type'), 'enum': renamed.pop('enum')}
        assert enums.setdefault(name, enum) == enum, f'Two enums are called {name}'
        renamed['$ref'] = _COMPONENT + name
    return renamed


def _name(component: str) -> str:
    """Of the two schemas of a model that is both sent and shown; pydantic calls them Package-Input and Package-Output."""
    return component.removesuffix('-Input').replace('-Output', 'View')


def _components(operations: list[Operation]) -> tuple[dict[_Keyed, dict[str, Any]], dict[str, Any]]:
    keyed: dict[_Keyed, None] = {(ProblemView, 'serialization'): None}
    for operation in operations:
        if operation.takes:
            keyed[operation.takes, 'validation'] = None
        if operation.answers:
            keyed[operation.answers, 'serialization'] = None
    refs, made = models_json_schema(list(keyed), schema_generator=_Schemas, ref_template=_COMPONENT + '{model}')
    return {(model, mode): dict(ref) for (model, mode), ref in refs.items() if issubclass(model, BaseModel)}, made['$defs']


def _operation(operation: Operation, refs: dict[_Keyed, dict[str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = ' '.join(operation.description.split()).partition('. ')
    made: dict[str, Any] = {
        'operationId': operation.name,
        'summary': summary.removesuffix('.'),
        'tags': [operation.tag],
        'security': _security(operation.access),
        'parameters': list(_parameters(operation)),
        'responses': dict(_responses(operation, refs)),
    }
    if description:
        made['description'] = description
    if operation.takes:
        ref = refs[operation.takes, 'validation']
        content: dict[str, Any] = {'schema': ref}
        if examples := schemas[ref['$ref'].rpartition('/')[2]].get('examples'):
            content['examples'] = {f'example{n}': {'value': value} for n, value in enumerate(examples, start=1)}
        made['requestBody'] = {'required': True, 'content': {'application/json': content}}
    return made


def _security(access: Access) -> list[dict[str, list[str]]]:
    signed_in: dict[str, list[str]] = {'accessToken': []}
    return [{}, signed_in] if access is Access.PUBLIC else [signed_in]


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for name in re.findall(r'{(\w+)}', operation.path):
        yield {'name': name, 'in': 'path', 'required': True, 'schema': {'type': 'string', 'pattern': ids.of_path(name).pattern}}
    if operation.query:
        schema = operation.query.model_json_schema(schema_generator=_Schemas)
        for name, prop in schema['properties'].items():
            parameter = {'name': name, 'in': 'query', 'required': name in schema.get('required', ()), 'schema': _plain(prop)}
            if 'description' in prop:
                parameter['description'] = prop['description']
            yield parameter
    if operation.method != 'GET' and operation.is_keyed:
        yield {
            'name': 'Idempotency-Key',
            'in': 'header',
            'required': True,
            'description': 'New for each new request, and the same whenever you repeat one. A ULID or a UUID will do.',
            'schema': {'type': 'string', 'minLength': 1, 'maxLength': MAX_LENGTH},
            'example': '01JDEXAMPLEKEY0000000000000',
        }


def _plain(prop: dict[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter: it may be left out, but it is never null."""
    kept = {key: value for key, value in prop.items() if key not in ('anyOf', 'description')}
    branch: dict[str, Any] = next((one for one in prop.get('anyOf', ()) if one.get('type') != 'null'), {})
    made = {**branch, **kept}
    if made.get('default', 0) is None:
        del made['default']
    return made


def _responses(operation: Operation, refs: dict[_Keyed, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    success: dict[str, Any] = {'description': _MEANINGS[operation.status]}
    if operation.answers:
        success['content'] = {operation.media_type: {'schema': refs[operation.answers, 'serialization']}}
    elif operation.media_type in _FILES:
        success |= _FILES[operation.media_type]
    yield str(operation.status), success
    problem = {'application/problem+json': {'schema': refs[ProblemView, 'serialization']}}
    for status in sorted(_problems(operation)):
        yield str(status), {'description': _MEANINGS[status], 'content': problem}
    yield 'default', {'description': 'Any other problem', 'content': problem}


_NAMED = {'Content-Disposition': {'description': 'A name to save it under.', 'schema': {'type': 'string'}}}
_NEXT = {'Link': {'description': '`rel="next"`: what follows; not there at the end.', 'schema': {'type': 'string'}}}
_FILES: dict[str, dict[str, Any]] = {
    documents.CSV: {'headers': _NAMED | _NEXT, 'content': {documents.CSV: {'schema': {'type': 'string'}}}},
    documents.PDF: {'headers': _NAMED, 'content': {documents.PDF: {'schema': {'type': 'string', 'format': 'binary'}}}},
}


def _problems(operation: Operation) -> Iterator[int]:
    yield 401
    if operation.access in (Access.STAFF, Access.ADMIN):
        yield 403
    if '{' in operation.path:
        yield 404
    if operation.query:
        yield 422
    if operation.media_type == documents.PDF:
        yield from (403, 409)
    if operation.method != 'GET':
        yield from (400, 409, 422) if operation.is_keyed else (400, 413)


def _problem_table() -> str:
    ours = (
        (problem.type, problem.status, problem.title)
        for problem in vars(errors).values()
        if isinstance(problem, type) and issubclass(problem, errors.Problem)
    )
    rows = (f'| `{PROBLEM_TYPE}{kind}` | {status} | {title} |' for kind, status, title in (*ours, *_GATEWAY_PROBLEMS))
    return '\n'.join(('| `type` | status | meaning |', '|---|---|---|', *rows))
