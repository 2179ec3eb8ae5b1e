"""What happens to files when nobody is on the line."""

import json
from typing import Any
from urllib.parse import unquote_plus

from chalicelib import queues
from chalicelib.files import actions


def inspect(records: list[dict[str, Any]]) -> queues.Batch:
    return queues.each(records, _inspect)


def _inspect(record: dict[str, Any]) -> None:
    try:
        arrivals = json.loads(record['body']).get('Records', ())  # S3's test message has none
        keys = [unquote_plus(arrival['s3']['object']['key']) for arrival in arrivals]
    except (AttributeError, KeyError, TypeError, ValueError):
        queues.put_aside(record)
        return
    for key in keys:
        actions.inspect(key)
