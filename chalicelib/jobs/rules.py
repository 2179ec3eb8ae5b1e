"""What a job must be to be published, and its edits and answers to fit. Pure: it says all that is wrong at once."""

import zlib
from collections.abc import Iterator
from typing import Any

from chalicelib.errors import FieldError
from chalicelib.gigs.categories import SLUGS
from chalicelib.money import is_whole, whole_amounts
from chalicelib.policy import Policy

MIN_DESCRIPTION = 50
KEPT_ONCE_PUBLISHED = ('kind', 'currency', 'category', 'language', 'questions')
"""What proposals rest on."""
KEPT_WHILE_AWARDED = ('title', 'description', 'attachments')
"""What a seller who was awarded the job is about to agree to."""


def wrong_with_draft(job: dict[str, Any], policy: Policy) -> list[FieldError]:
    """What no job may have, finished or not."""
    return [*_category(job), *_budget(job, policy), *_questions(job)]


def wrong_with_listing(job: dict[str, Any], policy: Policy) -> list[FieldError]:
    """What stands between a draft and its publication."""
    return [*wrong_with_draft(job, policy), *_completeness(job)]


def wrong_with_edit(before: dict[str, Any], after: dict[str, Any], *, hired: int, awards: int) -> list[FieldError]:
    """What cannot be changed once a job is open, with so many sellers hired and so many awards that wait for an answer."""
    changed = {part for part in before if before[part] != after[part]}
    wrong = [
        _wrong(part, 'It stays as it was published; close this job and post another')
        for part in KEPT_ONCE_PUBLISHED
        if part in changed
    ]
    if awards:
        wrong += [_wrong(part, 'A seller is about to agree to it') for part in KEPT_WHILE_AWARDED if part in changed]
    least = hired + max(1, awards)
    if after['hires'] < least:
        wrong.append(_wrong('hires', f'{hired} are hired and {awards} awarded: an open job wants {least} or more'))
    return wrong


def needs_review(job_id: str, policy: Policy) -> bool:
    """Whether support looks at it first. Of one job the answer is always the same."""
    if policy.job_moderation == 'sampled':
        return zlib.crc32(job_id.encode()) % 10_000 < policy.job_sample_bps
    return policy.job_moderation == 'all'


def wrong_with_answers(answers: list[dict[str, Any]], questions: list[dict[str, Any]]) -> list[FieldError]:
    """Everything about the answers of a proposal that does not fit the questions of its job."""
    asked = {question['id'] for question in questions}
    wrong: list[FieldError] = []
    answered: set[str] = set()
    for n, answer in enumerate(answers):
        question_id = answer['question_id']
        if question_id not in asked:
            names = ', '.join(question['id'] for question in questions) or 'nothing'
            wrong.append(_wrong(f'answers/{n}/question_id', f'This job asks for {names}'))
        elif question_id in answered:
            wrong.append(_wrong(f'answers/{n}/question_id', 'Answer each question once'))
        answered.add(question_id)
    missing = [question['id'] for question in questions if question['mandatory'] and question['id'] not in answered]
    if missing:
        wrong.append(_wrong('answers', f'These have to be answered too: {", ".join(missing)}'))
    return wrong


def _category(job: dict[str, Any]) -> Iterator[FieldError]:
    if job['category'] not in SLUGS:
        yield _wrong('category', 'Choose a second-level slug of GET /categories')


def _budget(job: dict[str, Any], policy: Policy) -> Iterator[FieldError]:
    if job['budget'] is None:
        return
    currency, budget = job['currency'], job['budget']
    lowest, highest = policy.min_price_minor[currency], policy.max_price_minor[currency]
    for name in ('min_minor', 'max_minor'):
        if not lowest <= budget[name] <= highest:
            yield _wrong(f'budget/{name}', f'Work costs {lowest} to {highest} minor units of {currency}')
        elif not is_whole(budget[name], currency):
            yield _wrong(f'budget/{name}', whole_amounts(currency))
    if budget['min_minor'] > budget['max_minor']:
        yield _wrong('budget/min_minor', 'A budget begins with the smaller of its two amounts')


def _questions(job: dict[str, Any]) -> Iterator[FieldError]:
    seen = set()
    for n, question in enumerate(job['questions']):
        if question['id'] in seen:
            yield _wrong(f'questions/{n}/id', f'"{question["id"]}" is there twice; each id is used once')
        seen.add(question['id'])


def _completeness(job: dict[str, Any]) -> Iterator[FieldError]:
    if job['kind'] == 'hourly':
        yield _wrong('kind', 'Work by the hour cannot be hired here yet; publish it as fixed')
    if len(job['description']) < MIN_DESCRIPTION:
        yield _wrong('description', f'Describe it in {MIN_DESCRIPTION} characters or more')
    if not job['skills']:
        yield _wrong('skills', 'Name 1 to 15 skills')
    if job['budget'] is None:
        yield _wrong('budget', 'Say between which amounts it may cost')


def _wrong(where: str, detail: str) -> FieldError:
    return {'pointer': f'#/{where}', 'detail': detail}
