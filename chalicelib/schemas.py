"""What all requests and answers have in common."""

from collections.abc import Set
from copy import copy
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints, create_model
from pydantic_core import CoreSchema, PydanticUndefined, core_schema

from chalicelib import ids

# The title of an enum names its component in the OpenAPI document, and so its type in the clients generated from it.
CurrencyCode = Annotated[Literal['USD', 'IDR'], Field(title='CurrencyCode')]
Minor = Annotated[int, Field(description='Whole minor units of the currency: 1050 is $10.50, and 5000000 is Rp 50.000.')]
Amount = Annotated[int, Field(ge=1, le=10**12, description='Whole minor units of the currency, in what can be paid.')]
Language = Annotated[str, StringConstraints(pattern=r'^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$')]
"""A BCP 47 tag of language, and perhaps script and region: en, id, zh-Hant, pt-BR."""
CountryCode = Annotated[str, StringConstraints(pattern=r'^[A-Z]{2}$')]

UserId = Annotated[str, StringConstraints(pattern=ids.pattern('usr'))]
GigId = Annotated[str, StringConstraints(pattern=ids.pattern('gig'))]
FileId = Annotated[str, StringConstraints(pattern=ids.pattern('fil'))]
QuoteId = Annotated[str, StringConstraints(pattern=ids.pattern('quo'))]


class Distinct:
    """Marks a list in which nothing may stand twice."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_each_once, handler(source))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(schema) | {'uniqueItems': True}


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise ValueError('Name each once')
    return values


class Command(BaseModel):
    """A request body: closed, and strict, so that nothing is guessed (no "5" for 5) and nothing is silently dropped."""

    model_config = ConfigDict(extra='forbid', strict=True, str_strip_whitespace=True, defer_build=True, frozen=True)

    def given(self) -> dict[str, Any]:
        """Only the fields that were sent, each whole."""
        return {name: value for name, value in self.model_dump().items() if name in self.model_fields_set}


def examples(*bodies: dict[str, Any]) -> ConfigDict:
    """The `model_config` of a command: bodies as they may be sent, for its readers and for the forms of the documentation."""
    return ConfigDict(json_schema_extra={'examples': list(bodies)})


def partial(
    model: type[Command], name: str, doc: str, *, example: dict[str, Any], without: Set[str] = frozenset()
) -> type[Command]:
    """The same fields, none required and none with a default: for PATCH, where what is left out stays as it is."""
    fields: dict[str, Any] = {}
    for field, info in model.model_fields.items():
        if field not in without:
            optional = copy(info)
            optional.default, optional.default_factory = PydanticUndefined, _left_out
            fields[field] = (info.annotation, optional)
    config = {**examples(example)}
    return create_model(name, __base__=Command, __doc__=doc, __module__=model.__module__, __cls_kwargs__=config, **fields)


def _left_out() -> None:
    """Never read: a field that was left out is not among those that were set."""


class Query(BaseModel):
    """Query parameters: closed; numbers come as text."""

    model_config = ConfigDict(extra='forbid', defer_build=True, frozen=True)


class View(BaseModel):
    """An answer: open, so that a field may be added without breaking those who read it."""

    model_config = ConfigDict(defer_build=True, frozen=True, json_schema_serialization_defaults_required=True)


class ListQuery(Query):
    limit: Annotated[int, Field(ge=1, le=100, description='How many at most.')] = 20
    cursor: Annotated[str | None, Field(min_length=1, max_length=1024, description='The `next_cursor` of the page before.')] = (
        None
    )


class PageView(View):
    next_cursor: Annotated[str | None, Field(description='Send it as `cursor` for what follows; null at the end.')]


class ProblemField(View):
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    pointer: Annotated[str | None, Field(description='JSON pointer into the body.', examples=['#/packages/0/price_minor'])] = (
        None
    )
    parameter: Annotated[str | None, Field(description='Name of the path, query or header parameter.')] = None
    detail: str


class ProblemView(View):
    """RFC 9457."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: Annotated[str, Field(examples=['urn:gigmarket:problem:order-state'], description='Stable: decide on this.')]
    title: str
    status: int | None = None
    detail: Annotated[str, Field(description='For people; its wording may change.')]
    errors: list[ProblemField] = []
