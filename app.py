"""Everything that is deployed, and nothing else: the middleware in its order, the routes, and every event function."""

import gc

gc.disable()  # while all that stays is imported: looking for garbage in it takes a twentieth of a cold start

from functools import cache
from typing import Any

from chalice import Chalice, Cron, Rate, Response
from pydantic_core import to_json

from chalicelib import observe, openapi, queues, timers
from chalicelib.adjustments import events as adjustment_events
from chalicelib.adjustments.routes import routes as adjustment_routes
from chalicelib.campaigns import events as campaign_events
from chalicelib.campaigns.routes import routes as campaign_routes
from chalicelib.chargebacks import events as chargeback_events
from chalicelib.chargebacks.routes import routes as chargeback_routes
from chalicelib.disputes import events as dispute_events
from chalicelib.disputes.routes import routes as dispute_routes
from chalicelib.files import events as file_events
from chalicelib.files.routes import routes as file_routes
from chalicelib.gigs.routes import routes as gig_routes
from chalicelib.http import CORS, JSON
from chalicelib.invoices.routes import routes as invoice_routes
from chalicelib.jobs import events as job_events
from chalicelib.jobs.routes import routes as job_routes
from chalicelib.ledger.days import actions as days
from chalicelib.ledger.routes import routes as ledger_routes
from chalicelib.offers import events as offer_events
from chalicelib.offers.routes import routes as offer_routes
from chalicelib.orders import events as order_events
from chalicelib.orders.routes import routes as order_routes
from chalicelib.payments import events as payment_events
from chalicelib.payments.routes import routes as payment_routes
from chalicelib.payments.sandbox.routes import routes as sandbox_routes
from chalicelib.payouts import events as payout_events
from chalicelib.payouts.routes import routes as payout_routes
from chalicelib.payouts.routes import sandbox_routes as sandbox_payout_routes
from chalicelib.proposals import events as proposal_events
from chalicelib.proposals.routes import routes as proposal_routes
from chalicelib.quotes.routes import routes as quote_routes
from chalicelib.reconciliation import actions as reconciliation
from chalicelib.reconciliation.routes import routes as reconciliation_routes
from chalicelib.users.routes import routes as user_routes
from chalicelib.webhooks import events as webhook_events
from chalicelib.webhooks.routes import routes as webhook_routes

ROUTES = (
    user_routes,
    gig_routes,
    file_routes,
    quote_routes,
    offer_routes,
    order_routes,
    job_routes,
    proposal_routes,
    dispute_routes,
    campaign_routes,
    payment_routes,
    chargeback_routes,
    ledger_routes,
    payout_routes,
    invoice_routes,
    reconciliation_routes,
    adjustment_routes,
    webhook_routes,
    sandbox_routes,
    sandbox_payout_routes,
)

ORDER_EVENTS = {
    **offer_events.TIMERS,
    **order_events.TIMERS,
    **dispute_events.TIMERS,
    **job_events.TIMERS,
    **proposal_events.TIMERS,
    **campaign_events.TIMERS,
}
PROVIDER_EVENTS = {
    **payment_events.TIMERS,
    **adjustment_events.TIMERS,
    **payout_events.TIMERS,
    **payout_events.NOTICES,
    **chargeback_events.TIMERS,
    **chargeback_events.NOTICES,
    **webhook_events.TIMERS,
}

app = Chalice(app_name='gigmarket', configure_logs=False)
app.register_middleware(observe.requests, 'http')
for kind in ('sqs', 'scheduled'):
    app.register_middleware(observe.events, kind)
for routes in ROUTES:
    app.register_blueprint(routes)


@app.route('/openapi.json', cors=CORS)
def openapi_document() -> Response:
    return Response(openapi_json(), headers=dict(JSON))


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_timers(_: Any) -> int:
    return timers.sweep()


@app.on_sqs_message(queue='${ReleaseQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def release_payments(event: Any) -> queues.Batch:
    return queues.act_on_timers(event.to_dict()['Records'], order_events.RELEASES)


@app.on_sqs_message(queue='${OrderQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def advance_orders(event: Any) -> queues.Batch:
    return queues.act_on_timers(event.to_dict()['Records'], ORDER_EVENTS)


@app.on_sqs_message(queue='${ProviderQueue.QueueName}', batch_size=10, maximum_concurrency=10)
def settle_with_provider(event: Any) -> queues.Batch:
    return queues.act_on_timers(event.to_dict()['Records'], PROVIDER_EVENTS)


@app.on_sqs_message(queue='${UploadQueue.QueueName}', batch_size=5, maximum_concurrency=10)
def inspect_files(event: Any) -> queues.Batch:
    return file_events.inspect(event.to_dict()['Records'])


@app.schedule(Cron('15', '0', '*', '*', '?', '*'))
def close_days(_: Any) -> int:
    return days.close_days()


@app.schedule(Cron('0', '1', '*', '*', '?', '*'))
def audit_ledger(_: Any) -> int:
    return len(days.audit_ledger().findings)


@app.schedule(Cron('0', '2', '*', '*', '?', '*'))
def reconcile_providers(_: Any) -> int:
    return reconciliation.reconcile()


@cache
def openapi_json() -> str:
    return to_json(openapi.document(operation for routes in ROUTES for operation in routes.operations)).decode()


gc.freeze()
gc.enable()
