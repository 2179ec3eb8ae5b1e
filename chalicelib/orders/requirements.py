"""Requirements: what the seller has to know before the clock starts."""

from typing import Any

from chalicelib.auth import Caller
from chalicelib.db import Transaction
from chalicelib.errors import FieldError, Invalid
from chalicelib.files import store as files
from chalicelib.orders import lifecycle, store
from chalicelib.orders.lifecycle import OrderState
from chalicelib.orders.rows import Order

MAX_FILES = 30
"""Each is two writes of a transaction that has a hundred."""


def submit(tx: Transaction, caller: Caller, order_id: str, answers: list[dict[str, Any]]) -> Order:
    """Answers the gig's questions; the delivery time runs from here."""
    order, actor = store.load_for(order_id, caller)
    lifecycle.decide('submit_requirements', actor, order.facts())
    if wrong := wrong_with(answers, order.terms['requirements']):
        raise Invalid.of(wrong)
    for n, answer in enumerate(answers):
        for m, file_id in enumerate(answer.get('file_ids', ())):
            pointer = f'#/answers/{n}/file_ids/{m}'
            files.require(tx, file_id, owner_id=order.buyer_id, purpose='requirement', pointer=pointer)
            files.grant(tx, file_id, order.seller_id, order.id)
    order.answers = answers
    order.start_clock()
    order.enter(OrderState.IN_PROGRESS)
    store.save(tx, order)
    store.note(tx, order, 'RequirementsSubmitted', actor)
    return order


def wrong_with(answers: list[dict[str, Any]], questions: list[dict[str, Any]]) -> list[FieldError]:
    """Everything that does not fit the questions. Pure."""
    by_id = {question['id']: question for question in questions}
    wrong: list[FieldError] = []
    answered: set[str] = set()
    named_files: list[str] = []
    for n, answer in enumerate(answers):
        question = by_id.get(answer['requirement_id'])
        if question is None:
            wrong.append(_at(n, 'requirement_id', f'This order asks for {", ".join(by_id)}'))
        elif answer['requirement_id'] in answered:
            wrong.append(_at(n, 'requirement_id', 'Answer each requirement once'))
        elif answer['kind'] != question['kind']:
            wrong.append(_at(n, 'kind', f'This requirement takes an answer of kind {question["kind"]}'))
        elif answer['kind'] == 'multiple_choice':
            wrong += _wrong_with_choice(n, answer['choices'], question)
        answered.add(answer['requirement_id'])
        named_files += answer.get('file_ids', ())
    if len(named_files) > MAX_FILES or len(set(named_files)) != len(named_files):
        wrong.append({'pointer': '#/answers', 'detail': f'Name {MAX_FILES} files at most in all answers, each once'})
    missing = [question['id'] for question in questions if question['mandatory'] and question['id'] not in answered]
    if missing:
        wrong.append({'pointer': '#/answers', 'detail': f'These have to be answered too: {", ".join(missing)}'})
    return wrong


def _wrong_with_choice(n: int, choices: list[str], question: dict[str, Any]) -> list[FieldError]:
    if set(choices) - set(question['options']):
        return [_at(n, 'choices', f'Choose from {", ".join(question["options"])}')]
    if len(choices) > 1 and not question['allow_several']:
        return [_at(n, 'choices', 'Choose one')]
    return []


def _at(n: int, field: str, detail: str) -> FieldError:
    return {'pointer': f'#/answers/{n}/{field}', 'detail': detail}
