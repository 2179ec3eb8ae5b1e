from collections.abc import Mapping

from chalicelib.http import Routes
from chalicelib.webhooks import actions
from chalicelib.webhooks.schemas import Received

routes = Routes(__name__, tag='Webhooks')


@routes.receive('/webhooks/{provider}', answers=Received)
def receive_webhook(headers: Mapping[str, str], body: bytes, provider: str) -> Received:
    """Tell what has happened at a payment provider. For the provider itself: signed, or with its token, and never believed."""
    actions.receive(provider, headers, body)
    return Received()
