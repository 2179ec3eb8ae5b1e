"""Everything that is deployed, and nothing else: the middleware in its order, the routes, and every event function."""

import gc

gc.disable()  # while all that stays is imported: looking for garbage in it takes a twentieth of a cold start

from collections import ChainMap
from functools import cache
from typing import Any

from chalice import Chalice, Cron, Rate, Response

from chalicelib import observe, queues, timers
from chalicelib.http import CORS, JSON
from chalicelib.late import LateRoutes

PLACES = {
    'users': ('/me', '/users'),
    'gigs': ('/categories', '/gigs'),
    'files': ('/files',),
    'quotes': ('/quotes',),
    'offers': ('/offers',),
    'orders': ('/orders',),
    'jobs': ('/jobs', '/me/jobs', '/me/invitations', '/admin/jobs'),
    'proposals': ('/jobs/{job_id}/proposals', '/me/proposals'),
    'disputes': ('/orders/{order_id}/disputes', '/admin/disputes'),
    'campaigns': ('/campaigns', '/hire-groups', '/me/tasks'),
    'payments': (
        *('/orders/{order_id}/payments', '/orders/{order_id}/extras/{extra_id}/payments', '/orders/{order_id}/tips'),
        *('/campaigns/{campaign_id}/payments', '/campaigns/{campaign_id}/positions', '/me/wallet', '/payments'),
    ),
    'chargebacks': ('/orders/{order_id}/chargebacks', '/payments/{payment_id}/chargebacks', '/admin/chargebacks'),
    'ledger': ('/me/balance', '/me/statement', '/me/statement.csv', '/transactions'),
    'payouts': ('/payouts',),
    'invoices': (
        *('/orders/{order_id}/invoice', '/orders/{order_id}/fee-invoice', '/orders/{order_id}/transactions'),
        '/payouts/{payout_id}/invoice',
    ),
    'reconciliation': ('/admin/reconciliation',),
    'adjustments': ('/admin/adjustments',),
    'webhooks': ('/webhooks',),
    'payments.sandbox': ('/sandbox',),
    'payouts.sandbox': ('/sandbox/payouts',),
}
"""Which slice serves what is at or below a path; the longest path decides. A slice is imported with its first request."""

app = Chalice(app_name='gigmarket', configure_logs=False)
app.register_middleware(observe.requests, 'http')
for kind in ('sqs', 'scheduled'):
    app.register_middleware(observe.events, kind)
ROUTES = LateRoutes(app.register_blueprint, {f'chalicelib.{slice_}.routes': paths for slice_, paths in PLACES.items()})
app.routes = ROUTES  # type: ignore[assignment]  # any mapping will do


@app.route('/openapi.json', cors=CORS)
def openapi_document() -> Response:
    return Response(openapi_json(), headers=dict(JSON))


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_timers(_: Any) -> int:
    return timers.sweep()


@app.on_sqs_message(queue='${ReleaseQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def release_payments(event: Any) -> queues.Batch:
    from chalicelib.orders import events

    return queues.act_on_timers(event.to_dict()['Records'], events.RELEASES)


@app.on_sqs_message(queue='${OrderQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def advance_orders(event: Any) -> queues.Batch:
    from chalicelib.campaigns import events as campaigns
    from chalicelib.disputes import events as disputes
    from chalicelib.jobs import events as jobs
    from chalicelib.offers import events as offers
    from chalicelib.orders import events as orders
    from chalicelib.proposals import events as proposals

    slices = (offers, orders, disputes, jobs, proposals, campaigns)
    return queues.act_on_timers(event.to_dict()['Records'], ChainMap(*(one.TIMERS for one in slices)))


@app.on_sqs_message(queue='${ProviderQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def settle_with_provider(event: Any) -> queues.Batch:
    from chalicelib.adjustments import events as adjustments
    from chalicelib.chargebacks import events as chargebacks
    from chalicelib.payments import events as payments
    from chalicelib.payouts import events as payouts
    from chalicelib.webhooks import events as webhooks

    timed = (one.TIMERS for one in (payments, adjustments, payouts, chargebacks, webhooks))
    told = (one.NOTICES for one in (payouts, chargebacks))
    return queues.act_on_timers(event.to_dict()['Records'], ChainMap(*timed, *told))


@app.on_sqs_message(queue='${UploadQueue.QueueName}', batch_size=5, maximum_concurrency=10)
def inspect_files(event: Any) -> queues.Batch:
    from chalicelib.files import events

    return events.inspect(event.to_dict()['Records'])


@app.schedule(Cron('15', '0', '*', '*', '?', '*'))
def close_days(_: Any) -> int:
    from chalicelib.ledger.days import actions

    return actions.close_days()


@app.schedule(Cron('0', '1', '*', '*', '?', '*'))
def audit_ledger(_: Any) -> int:
    from chalicelib.ledger.days import actions

    return len(actions.audit_ledger().findings)


@app.schedule(Cron('0', '2', '*', '*', '?', '*'))
def reconcile_providers(_: Any) -> int:
    from chalicelib.reconciliation import actions

    return actions.reconcile()


@cache
def openapi_json() -> str:
    from pydantic_core import to_json

    from chalicelib import openapi

    return to_json(openapi.document(operation for routes in ROUTES.all() for operation in routes.operations)).decode()


gc.freeze()
gc.enable()
