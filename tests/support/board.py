"""A buyer who posts jobs, sellers who propose, and the shortest way to a job or a proposal in any state."""

import copy
from typing import Any

from tests.support.api import Person
from tests.support.market import Market, ok

HOUR = 3600
DAY = 24 * HOUR
JOB: dict[str, Any] = {
    'title': 'Photos of forty ceramics',
    'category': 'product-images',
    'language': 'en',
    'currency': 'USD',
    'description': 'Forty bowls and cups, each from two sides on white, cut out, as PNG of 2,000 pixels.',
    'skills': ['product photography'],
    'budget': {'min_minor': 20_000, 'max_minor': 40_000},
    'questions': [
        {'id': 'light', 'question': 'How do you light glazed ceramics?'},
        {'id': 'more', 'question': 'What else should we know?', 'mandatory': False},
    ],
}
PROPOSAL: dict[str, Any] = {
    'price_minor': 30_000,
    'delivery_days': 10,
    'revisions': 1,
    'cover_letter': 'I photograph ceramics every week.',
    'answers': [{'question_id': 'light', 'text': 'From two sides, through cloth'}],
}
INVITATION = {'message': 'We like your photos of glass'}


class Board:
    def __init__(self, buyer: Person, seller: Person) -> None:
        self.buyer, self.seller, self.market = buyer, seller, Market(buyer, seller)

    def draft(self, **changes: Any) -> dict[str, Any]:
        return dict(ok(self.buyer.post('/jobs', copy.deepcopy(JOB) | changes), 201))

    def job(self, **changes: Any) -> dict[str, Any]:
        """An open job."""
        return dict(ok(self.buyer.post(f'/jobs/{self.draft(**changes)["id"]}/publish')))

    def invite(self, job: dict[str, Any], seller: Person | None = None) -> dict[str, Any]:
        wanted = INVITATION | {'seller_id': (seller or self.seller).id}
        return dict(ok(self.buyer.post(f'/jobs/{job["id"]}/invitations', wanted), 201))

    def proposal(self, job: dict[str, Any] | None = None, seller: Person | None = None, **changes: Any) -> dict[str, Any]:
        job = job or self.job()
        placed = (seller or self.seller).post(f'/jobs/{job["id"]}/proposals', copy.deepcopy(PROPOSAL) | changes)
        return dict(ok(placed, 201))

    def awarded(self, job: dict[str, Any] | None = None, seller: Person | None = None) -> dict[str, Any]:
        proposal = self.proposal(job, seller)
        return dict(ok(self.buyer.post(f'{path(proposal)}/award', {'edition': proposal['edition']})))

    def hired(self, job: dict[str, Any] | None = None, seller: Person | None = None) -> dict[str, Any]:
        proposal = self.awarded(job, seller)
        return dict(ok((seller or self.seller).post(f'{path(proposal)}/award/accept')))

    def seen(self, thing: dict[str, Any]) -> dict[str, Any]:
        """A job or a proposal as its buyer sees it now."""
        return dict(ok(self.buyer.get(path(thing))))


def path(thing: dict[str, Any]) -> str:
    """Of a job or of a proposal."""
    return f'/jobs/{thing["job_id"]}/proposals/{thing["id"]}' if 'job_id' in thing else f'/jobs/{thing["id"]}'


def names(person: Person, thing: dict[str, Any]) -> list[str]:
    """What happened to it, by the log that this person sees."""
    return [event['name'] for event in ok(person.get(f'{path(thing)}/events', limit=100))['items']]
