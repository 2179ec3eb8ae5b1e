"""How often AWS is asked, in exact numbers; docs/data-model.md has the same for every operation, with what it costs."""

from collections import Counter

import botocore.session
import pytest

from chalicelib import aws
from infra.build.package import OPERATIONS
from tests.support import tokens
from tests.support.api import deliver, sweep
from tests.support.capacity import billed
from tests.support.market import run_timers
from tests.support.operations import bills
from tests.support.requests import promise
from tests.support.resources import messages

REQUESTS = {
    'list_categories': 0,
    'show_gig': 1,
    'list_gigs': 1,
    'show_me': 1,
    'show_order': 1,
    'list_orders': 1,
    'list_statement': 1,
    'list_payouts': 1,
    'show_file': 1,
    'show_balance': 2,
    'draft_gig': 1,
    'announce_file': 1,
    'publish_gig': 2,
    'refund_order': 2,
    'offer_extra': 2,
    'ask_quote': 4,
    'place_order': 2,
    'pay_order': 8,
    'submit_requirements': 2,
    'deliver_order': 2,
    'request_revision': 2,
    'accept_order': 2,
    'cancel_order': 2,
    'release_payment': 3,
    'send_payout': 5,
    'show_job': 1,
    'list_jobs': 2,
    'show_proposal': 1,
    'draft_job': 1,
    'publish_job': 2,
    'place_proposal': 2,
    'award_proposal': 6,
    'accept_award': 2,
    'expire_job': 2,
    'revoke_award': 2,
    'lapse_award': 2,
    'inspect_files': 5,
    'receive_webhook': 3,
    'read_notice': 3,
}


@pytest.mark.proof
@pytest.mark.parametrize(('operation', 'requests'), REQUESTS.items())
def test_an_operation_asks_exactly_so_often(operation, requests):
    assert len(bills()[operation].calls) == requests


@pytest.mark.proof
def test_a_decision_is_one_read_and_one_transaction():
    for operation in ('submit_requirements', 'deliver_order', 'accept_order', 'cancel_order', 'refund_order', 'offer_extra'):
        assert bills()[operation].calls == ['Query', 'TransactWriteItems']


@pytest.mark.proof
def test_nothing_is_ever_asked_but_what_the_archive_has_the_data_of():
    asked = {call for bill in bills().values() for call in bill.calls}
    assert asked | {'CreateBucket'} == set().union(*OPERATIONS.values())  # which the SDK looks up to sign upload forms
    assert 'DescribeTable' not in asked


def test_a_caller_is_looked_up_once_in_a_process(stranger):
    with billed() as first:
        stranger.get('/me')
    with billed() as second:
        stranger.get('/me')
    assert first.calls == ['GetItem', 'TransactWriteItems', 'GetItem']
    assert second.calls == ['GetItem']


def test_a_token_that_is_not_valid_asks_nobody(stranger):
    stranger.token = tokens.sign(tokens.claims('stranger'), tokens.OTHER_KEY)
    with billed() as bill:
        assert stranger.get('/me').status == 401
    assert bill.calls == []


def test_a_request_that_is_not_valid_asks_nobody(buyer):
    assert buyer.id
    with billed() as bill:
        assert buyer.get('/gigs', limit=0).status == 422
    assert bill.calls == []


def test_signing_asks_nobody(market):
    ready = market.file(market.seller, 'delivery')
    with billed() as uploading:
        announced = market.seller.post('/files', promise()).body
    with billed() as downloading:
        shown = market.seller.get(f'/files/{ready}').body
    assert announced['upload']['fields']
    assert shown['download_url']
    assert uploading.calls == ['TransactWriteItems']
    assert downloading.calls == ['BatchGetItem']


def test_a_message_whose_work_is_done_is_one_read(market, clock):
    market.completed()
    clock.shift(15 * 24 * 3600)
    assert sweep() == 1
    [message] = messages('release')
    deliver('release_payments', message)
    with billed() as bill:
        assert deliver('release_payments', message, message) == []
    assert bill.calls == ['Query', 'Query']


def test_a_process_has_one_session_and_one_client_of_each_service(market, clock, monkeypatch):
    sessions, clients = [], Counter()
    make_session, make_client = botocore.session.Session.__init__, botocore.session.Session.create_client

    def counted_session(self, *args, **more):
        sessions.append(self)
        make_session(self, *args, **more)

    def counted_client(self, service, *args, **more):
        clients[service] += 1
        return make_client(self, service, *args, **more)

    monkeypatch.setattr(botocore.session.Session, '__init__', counted_session)
    monkeypatch.setattr(botocore.session.Session, 'create_client', counted_client)
    aws.session.cache_clear()
    aws.client.cache_clear()
    market.product()
    market.completed()
    market.cancelled()
    clock.shift(15 * 24 * 3600)
    run_timers()
    assert sessions == [aws.session()]
    assert clients == {'dynamodb': 1, 's3': 1, 'sqs': 1}
