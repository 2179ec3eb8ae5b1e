"""docs/data-model.md says what every operation costs, and this says whether it is true."""

from pathlib import Path

from infra.build import template
from tests.support import resources
from tests.support.api import tick
from tests.support.operations import bills, table

DOCUMENT = Path(__file__).parent.parent / 'docs' / 'data-model.md'
START, END = '<!-- costs: written by `make data-model` -->', '<!-- end of costs -->'


def test_the_document_says_what_every_operation_costs():
    said = DOCUMENT.read_text().partition(START)[2].partition(END)[0].strip()
    assert said == table(), 'write it with `make data-model`'


def test_the_costs_that_were_promised():
    requests = {name: len(bill.calls) for name, bill in bills().items()}
    assert (requests['show_gig'], requests['list_gigs'], requests['place_order']) == (1, 1, 2)
    assert requests['announce_file'] == 1, 'signing a form asks nobody'
    assert requests['show_file'] == 1, 'and neither does signing a link'


def test_every_index_of_the_template_is_in_the_document():
    for name in resources.TABLES:
        for index in template.assemble()['Resources'][name]['Properties'].get('GlobalSecondaryIndexes', []):
            assert f'`{index["IndexName"]}`' in DOCUMENT.read_text()


def test_every_kind_of_row_is_in_the_document(market, clock):
    market.cancelled()
    market.completed()
    market.offered()
    clock.shift(24 * 3600)
    tick('close_days')
    tick('reconcile_providers')
    kinds = {row.get('row', 'balance') for name in resources.TABLES.values() for row in resources.rows(name)}
    assert {'order', 'refund', 'delivery', 'journal', 'balance', 'close', 'seal'} < kinds
    assert [kind for kind in kinds if f'| {kind} |' not in DOCUMENT.read_text()] == []
