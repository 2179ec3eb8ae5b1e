"""The OpenAPI 3.1 document, made from the very models and routes that serve the requests."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core.core_schema import ModelSchema

from chalicelib import errors, ids
from chalicelib.clock import DAY
from chalicelib.http import PROBLEM_TYPE, Access, Operation
from chalicelib.idempotency import KEPT_MS, MAX_LENGTH
from chalicelib.schemas import ProblemView

VERSION = '1.0.0'
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
_TAGS = {
    'Users': 'One account buys and sells.',
    'Gigs': 'What sellers offer.',
    'Files': 'Uploads go straight to storage, and are checked before they can be used.',
    'Orders': 'From a quote to completed work.',
    'Payments': 'Paying for an order.',
    'Money': 'Balances, statements and payouts.',
    'Sandbox': 'Standing in for a bank, where the sandbox provider is in use.',
}


class _Schemas(GenerateJsonSchema):
    def model_schema(self, schema: ModelSchema) -> dict[str, Any]:
        made = super().model_schema(schema)
        if self.mode == 'serialization':
            made.pop('additionalProperties', None)
        return made


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    listed = list(operations)
    refs, schemas = _components(listed)
    paths: dict[str, dict[str, Any]] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs, schemas)
    return {
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


def _components(operations: list[Operation]) -> tuple[dict[_Keyed, dict[str, Any]], dict[str, Any]]:
    keyed: dict[_Keyed, None] = {(ProblemView, 'serialization'): None}
    for operation in operations:
        if operation.takes:
            keyed[operation.takes, 'validation'] = None
        if operation.answers:
            keyed[operation.answers, 'serialization'] = None
    refs, made = models_json_schema(list(keyed), schema_generator=_Schemas, ref_template='#/components/schemas/{model}')
    return {(model, mode): dict(ref) for (model, mode), ref in refs.items() if issubclass(model, BaseModel)}, made['$defs']


def _operation(operation: Operation, refs: dict[_Keyed, dict[str, Any]], schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, description = cleandoc(operation.description).partition('\n\n')
    made: dict[str, Any] = {
        'operationId': operation.name,
        'summary': ' '.join(summary.split()),
        'tags': [operation.tag],
        'security': _security(operation.access),
        'parameters': list(_parameters(operation)),
        'responses': dict(_responses(operation, refs)),
    }
    if description:
        made['description'] = ' '.join(description.split())
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
        yield {'name': name, 'in': 'path', 'required': True, 'schema': {'type': 'string', 'pattern': ids.PATTERN.pattern}}
    if operation.query:
        schema = operation.query.model_json_schema()
        for name, prop in schema['properties'].items():
            parameter = {'name': name, 'in': 'query', 'required': name in schema.get('required', ()), 'schema': _plain(prop)}
            if 'description' in prop:
                parameter['description'] = prop['description']
            yield parameter
    if operation.method != 'GET':
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
    kept = {key: value for key, value in prop.items() if key not in ('title', 'anyOf', 'description')}
    branch: dict[str, Any] = next((one for one in prop.get('anyOf', ()) if one.get('type') != 'null'), {})
    made = {**branch, **kept}
    if made.get('default', 0) is None:
        del made['default']
    return made


def _responses(operation: Operation, refs: dict[_Keyed, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    success: dict[str, Any] = {'description': HTTPStatus(operation.status).phrase}
    if operation.answers:
        success['content'] = {'application/json': {'schema': refs[operation.answers, 'serialization']}}
    yield str(operation.status), success
    problem = {'application/problem+json': {'schema': refs[ProblemView, 'serialization']}}
    for status in sorted(_problems(operation)):
        yield str(status), {'description': HTTPStatus(status).phrase, 'content': problem}
    yield 'default', {'description': 'Any other problem', 'content': problem}


def _problems(operation: Operation) -> Iterator[int]:
    yield 401
    if operation.access in (Access.STAFF, Access.ADMIN):
        yield 403
    if '{' in operation.path:
        yield 404
    if operation.query:
        yield 422
    if operation.method != 'GET':
        yield from (400, 409, 422)


def _problem_table() -> str:
    rows = (
        f'| `{PROBLEM_TYPE}{problem.type}` | {problem.status} | {problem.title} |'
        for problem in vars(errors).values()
        if isinstance(problem, type) and issubclass(problem, errors.Problem)
    )
    return '\n'.join(('| `type` | status | meaning |', '|---|---|---|', *rows))
