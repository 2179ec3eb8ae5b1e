"""The verbs of a webhook: receive it, and follow it up."""

from collections.abc import Mapping

from chalicelib import aws, clock, settings, timers
from chalicelib.adjustments import unmatched
from chalicelib.chargebacks import actions as chargebacks
from chalicelib.chargebacks.actions import NotKnownThere
from chalicelib.errors import NotFound
from chalicelib.observe import logger
from chalicelib.orders import store as orders
from chalicelib.payments import actions as payments
from chalicelib.payments import credentials, providers, returns
from chalicelib.payments import store as payment_store
from chalicelib.payments.port import ask_again_at
from chalicelib.payments.store import Payment
from chalicelib.payouts import actions as payouts
from chalicelib.webhooks import store
from chalicelib.webhooks.store import ReceivedNotice

ASKED_FOR_MS = clock.DAY
"""How long a provider is asked about a chargeback that it has told of and does not know."""


def receive(provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Keeps a webhook and has it followed up, once. Raises `Unauthorized` where it is not the provider's."""
    if provider not in providers.TELLING or credentials.find(provider) is None:
        raise NotFound(f'No provider {provider} tells us anything')
    notice = providers.provider(provider).read_notice(headers, body)
    received = store.of(provider, notice, body)
    if not store.add(received):
        logger.info('told again', notice=received.pk)
        return
    logger.info('told', notice=received.pk, kind=notice.kind, our_id=notice.our_id)
    try:
        message = timers.message('read_notice', received.pk, received.sk)
        aws.client('sqs').send_message(QueueUrl=settings.PROVIDER_QUEUE_URL, MessageBody=message)
    except Exception:
        logger.exception('left to the next sweep', notice=received.pk)


def follow_up(pk: str, sk: str) -> None:
    """Asks the provider about what a webhook named. May be done again."""
    received = store.get(pk, sk)
    if not received.is_due('read_notice'):
        return
    try:
        _follow_up(received)
    except NotKnownThere as early:
        if clock.now_ms() < received.received_at + ASKED_FOR_MS:
            logger.info('told before it can be asked about', notice=pk, because=str(early))
            store.postpone(received, ask_again_at(received.received_at))
            return
        logger.warning('what a webhook names never came', notice=pk, because=str(early))
    except NotFound as unknown:
        logger.warning('a webhook names nothing of ours', notice=pk, because=str(unknown))
    store.close(received)


def _follow_up(received: ReceivedNotice) -> None:
    match received.kind:
        case 'payment':
            payments.settle(_payment(received, received.our_id).id, received.ref)
        case 'refund' if (received.our_id or '').startswith('adj_'):
            unmatched.check_told(received.provider, received.our_id or '')
        case 'refund':
            payment = _payment(received, received.payment_id)
            returns.send(payment.order_id, orders.refund_sk(received.our_id or ''), is_told=True)
        case 'payout':
            payouts.check_told(received.provider, received.our_id or '')
        case 'chargeback':
            chargebacks.learn(received.provider, received.ref or '')
        case _:
            logger.info('of no concern to us', notice=received.pk)


def _payment(received: ReceivedNotice, payment_id: str | None) -> Payment:
    """A payment that was made with the provider who speaks of it."""
    payment = payment_store.get(payment_id or '')
    if payment.provider != received.provider:
        raise NotFound(f'{payment_id} was not made with {received.provider}')
    return payment
