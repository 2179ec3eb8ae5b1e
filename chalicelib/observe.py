"""One structured line for every request and every event, and the few metrics that AWS does not keep by itself.

Lines carry opaque ids only: no names, no addresses, no bodies.
"""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import settings

logger = Logger(service='gigmarket')
metrics = Metrics(namespace=f'Gigmarket/{settings.STAGE}', service='gigmarket')


def requests(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Chalice middleware around every HTTP request."""
    started = time.perf_counter()
    response = get_response(request)
    elapsed_ms = round((time.perf_counter() - started) * 1000, 2)
    about = request.context
    logger.info(
        'request',
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=elapsed_ms,
        request_id=about.get('requestId'),
    )
    logger.remove_keys(['user_id'])
    metrics.add_metric('Latency', MetricUnit.Milliseconds, elapsed_ms)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        metrics.add_metric('Failures', MetricUnit.Count, 1)
    metrics.flush_metrics()
    return response


def events(event: Any, get_response: Callable[[Any], Any]) -> Any:
    """Chalice middleware around every invocation that is not an HTTP request."""
    started = time.perf_counter()
    result = get_response(event)
    logger.info(
        'event',
        function=getattr(event.context, 'function_name', None),
        records=len(event.to_dict().get('Records', ())),
        failed=len(result['batchItemFailures']) if isinstance(result, dict) else 0,
        ms=round((time.perf_counter() - started) * 1000, 2),
    )
    return result
