import json

import pytest

from tests.support.market import ok

QUESTIONS = [
    {'kind': 'free_text', 'id': 'brief', 'question': 'What do you sell?'},
    {'kind': 'multiple_choice', 'id': 'style', 'question': 'Which style?', 'options': ['A', 'B', 'C']},
    {'kind': 'multiple_choice', 'id': 'formats', 'question': 'Formats?', 'options': ['PNG', 'SVG'], 'allow_several': True},
    {'kind': 'file', 'id': 'sketch', 'question': 'A sketch?', 'mandatory': False},
]
BRIEF = {'kind': 'free_text', 'requirement_id': 'brief', 'text': 'Coffee'}
STYLE = {'kind': 'multiple_choice', 'requirement_id': 'style', 'choices': ['A']}
FORMATS = {'kind': 'multiple_choice', 'requirement_id': 'formats', 'choices': ['PNG', 'SVG']}
ALL = [BRIEF, STYLE, FORMATS]


@pytest.fixture
def order(market):
    return market.paid(market.gig(requirements=QUESTIONS))


def submit(person, order, answers):
    return person.post(f'/orders/{order["id"]}/requirements', {'answers': answers})


def test_the_clock_starts_when_the_seller_knows_what_to_do(order, buyer, seller, clock):
    clock.shift(3600)
    started = ok(submit(buyer, order, ALL))
    assert started['state'] == 'in_progress'
    assert started['delivery_due_at'] == '2026-11-27T09:00:00Z'
    assert ok(seller.get(f'/orders/{order["id"]}'))['answers'] == ALL
    assert [question['id'] for question in started['requirements']] == ['brief', 'style', 'formats', 'sketch']


@pytest.mark.parametrize(
    ('answers', 'pointers'),
    [
        ([], ['#/answers']),
        ([BRIEF, STYLE], ['#/answers']),
        ([BRIEF, BRIEF, STYLE, FORMATS], ['#/answers/1/requirement_id']),
        ([*ALL, BRIEF | {'requirement_id': 'other'}], ['#/answers/3/requirement_id']),
        ([BRIEF | {'requirement_id': 'style'}, FORMATS], ['#/answers/0/kind', '#/answers']),
        ([BRIEF, STYLE | {'choices': ['D']}, FORMATS], ['#/answers/1/choices']),
        ([BRIEF, STYLE | {'choices': ['A', 'B']}, FORMATS], ['#/answers/1/choices']),
        ([BRIEF | {'text': ''}, STYLE, FORMATS], ['#/answers/0/text']),
        ([BRIEF, STYLE | {'choices': []}, FORMATS], ['#/answers/1/choices']),
        ([BRIEF, STYLE | {'choices': ['A', 'A']}, FORMATS], ['#/answers/1/choices']),
        ([{'kind': 'essay', 'requirement_id': 'brief'}], ['#/answers/0']),
    ],
)
def test_answers_fit_the_questions(order, buyer, answers, pointers):
    answer = submit(buyer, order, answers)
    assert (answer.status, answer.pointers) == (422, pointers)


def test_only_ready_files_of_the_buyer_are_handed_over(order, market, buyer, seller):
    good = market.file(buyer, 'requirement')
    for wrong in (market.file(seller, 'requirement'), market.file(buyer, 'delivery'), 'fil_01ARZ3NDEKTSV4RRFFQ69G5FAV'):
        sketch = {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': [good, wrong]}
        answer = submit(buyer, order, [*ALL, sketch])
        assert (answer.status, answer.pointers) == (409, ['#/answers/3/file_ids/1'])
    assert seller.get(f'/files/{good}').status == 404, 'nothing is half done'


def test_the_same_file_is_named_once(order, market, buyer):
    good = market.file(buyer, 'requirement')
    sketch = {'kind': 'file', 'requirement_id': 'sketch', 'file_ids': [good, good]}
    assert submit(buyer, order, [*ALL, sketch]).pointers == ['#/answers/3/file_ids']


def test_the_longest_answers_in_the_widest_script_fit(market, buyer):
    questions = [{'kind': 'free_text', 'id': f'q{n}', 'question': '\U0001f58b' * 400} for n in range(15)]
    order = market.paid(market.gig(requirements=questions))
    answers = [{'kind': 'free_text', 'requirement_id': f'q{n}', 'text': '\U0001f58b' * 2_500} for n in range(15)]
    unescaped = json.dumps({'answers': answers}, ensure_ascii=False).encode()
    answered = ok(buyer.post(f'/orders/{order["id"]}/requirements', unescaped))
    assert (answered['state'], answered['answers']) == ('in_progress', answers)
