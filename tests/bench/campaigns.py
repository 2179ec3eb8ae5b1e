"""What one position of a campaign costs, by the size of the campaign. Usage: python -m tests.bench.campaigns TARGET

Twenty positions are played from claim to payment, with all but the last two of every lane taken: what it costs does not rest
on how many were played before, but on what is read and written for one. The campaign's own cost is shared by its positions.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import standing

SIZES = (100, 1_000, 10_000)
PLAYED = 20


def measure() -> list[dict[str, float]]:
    from chalicelib import aws, settings
    from chalicelib.campaigns import rules
    from chalicelib.users import actions as users
    from tests.support import campaigns, resources
    from tests.support.api import Person
    from tests.support.capacity import Bill, billed

    def bill_of(act: Callable[[], Any]) -> tuple[Bill, Any]:
        with billed() as bill:
            answer = act()
        return bill, answer

    found = []
    for size in SIZES:
        resources.clear()
        users.identify.cache_clear()
        buyer = Person('buyer')
        assert buyer.id
        workers = campaigns.workers(PLAYED)
        made, campaign = bill_of(lambda size=size, buyer=buyer: campaigns.running(buyer, positions=size))
        lanes = rules.lanes_for(size)
        for lane in range(lanes):
            aws.client('dynamodb').update_item(
                TableName=settings.MARKET_TABLE,
                Key={'pk': {'S': f'CAMPAIGN#{campaign}'}, 'sk': {'S': f'CAMPAIGN#LANE#{lane:02d}'}},
                UpdateExpression='SET taken = :t',
                ExpressionAttributeValues={':t': {'N': str(rules.size(lane, lanes, size) - 2)}},
            )
        played = [bill_of(lambda worker=worker, on=campaign: campaigns.submitted(on, worker)) for worker in workers]
        bills, tasks = [bill for bill, _ in played], [task for _, task in played]
        rated, _ = bill_of(lambda buyer=buyer, on=campaign, tasks=tasks: campaigns.rate(buyer, on, 'ok', *tasks))
        per_position = {
            'requests': sum(len(bill.calls) for bill in (*bills, rated)) / PLAYED + len(made.calls) / size,
            'read_units': sum(bill.read_units for bill in (*bills, rated)) / PLAYED + made.read_units / size,
            'write_units': sum(bill.write_units for bill in (*bills, rated)) / PLAYED + made.write_units / size,
        }
        found.append({'size': size, 'of_the_campaign': made.write_units, **per_position})
    return found


if __name__ == '__main__':
    with standing.aws():
        Path(sys.argv[1]).write_text(json.dumps(measure()))
