"""Files that the API answers, through the gateway: bytes stay bytes, whatever the client says it accepts."""

import csv
import io
import json
from typing import Any

import pytest
from pypdf import PdfReader


@pytest.fixture(scope='module')
def deal(people):
    return people.deal()


@pytest.fixture(scope='module')
def order(deal):
    return deal.completed()


def fetch(person: Any, path: str, **headers: str) -> Any:
    return person.http.get(f'/api{path}', headers={'Authorization': f'Bearer {person.token}'} | headers)


@pytest.mark.parametrize('accept', ['*/*', 'application/pdf', 'text/html,application/xhtml+xml', 'application/json'])
def test_an_invoice_arrives_as_the_pdf_that_it_is(deal, order, accept):
    answer = fetch(deal.buyer, f'/orders/{order["id"]}/invoice', Accept=accept)
    assert (answer.status_code, answer.headers['content-type']) == (200, 'application/pdf')
    assert order['id'] in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert answer.headers['content-disposition'].startswith('attachment; filename="INV-')


def test_the_seller_gets_the_invoice_of_the_commission(deal, order):
    text = PdfReader(io.BytesIO(fetch(deal.seller, f'/orders/{order["id"]}/fee-invoice').content)).pages[0].extract_text()
    assert order['id'] in text


def test_a_statement_arrives_as_csv_and_leads_on(deal, order):
    answer = fetch(deal.seller, '/me/statement.csv?limit=1')
    (line,) = csv.DictReader(io.StringIO(answer.text, newline=''))
    assert line['transaction'] == f'complete:{order["id"]}'
    following = answer.headers['link'].partition('>')[0].removeprefix('<')
    assert answer.headers['access-control-expose-headers'] == 'Content-Disposition,Link'
    assert fetch(deal.seller, f'/me/statement.csv{following}').status_code == 200


def test_a_line_leads_to_its_transaction(deal, order):
    whole = deal.seller.get(f'/transactions/complete:{order["id"]}')
    assert sum(line['amount_minor'] for line in whole['lines']) == 0
    assert {line['whose'] for line in whole['lines']} == {'yours', 'other_side', 'platform'}


def test_json_is_json_as_ever_and_so_is_what_is_wrong(deal, order):
    assert fetch(deal.buyer, '/me', Accept='application/pdf').json()['id']
    refused = fetch(deal.seller, f'/orders/{order["id"]}/invoice', Accept='application/pdf')
    assert (refused.status_code, json.loads(refused.text)['type']) == (403, 'urn:gigmarket:problem:forbidden')
    assert deal.buyer.patch('/me', {'headline': 'Señor ☕'})['headline'] == 'Señor ☕'
