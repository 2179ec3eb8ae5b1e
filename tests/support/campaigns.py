"""A campaign in any state, and workers for it."""

from typing import Any

from tests.support.api import Person
from tests.support.market import ok

CAMPAIGN: dict[str, Any] = {
    'title': 'Say which photo is sharper',
    'category': 'data-entry',
    'instructions': 'Look at both photos on the page, and write down which one is sharper.',
    'currency': 'USD',
    'pay_minor': 13,
    'positions': 30,
    'minutes_to_finish': 10,
}
PAY = {'method': 'sandbox_card_ok'}


def draft(buyer: Person, **changes: Any) -> str:
    return str(ok(buyer.post('/campaigns', CAMPAIGN | changes), 201)['id'])


def running(buyer: Person, **changes: Any) -> str:
    campaign = draft(buyer, **changes)
    ok(buyer.post(f'/campaigns/{campaign}/payments', PAY), 201)
    return campaign


def claimed(campaign: str, worker: Person) -> str:
    return str(ok(worker.post(f'/campaigns/{campaign}/tasks'), 201)['id'])


def submitted(campaign: str, worker: Person, **proof: Any) -> str:
    task = claimed(campaign, worker)
    ok(worker.post(f'/campaigns/{campaign}/tasks/{task}/proof', {'text': 'The left one'} | proof))
    return task


def rate(buyer: Person, campaign: str, rating: str, *tasks: str) -> Any:
    why = {} if rating == 'ok' else {'reason': 'Not the sharper one'}
    return buyer.post(
        f'/campaigns/{campaign}/ratings', {'ratings': [{'task_id': task, 'rating': rating} | why for task in tasks]}
    )


def workers(count: int) -> list[Person]:
    made = [Person(f'worker{number}') for number in range(count)]
    for worker in made:
        ok(worker.get('/me'))
    return made
