"""The fake provider itself: a server on 127.0.0.1, what can be done there by others, and what it does wrong on command."""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.support.fake_psp import stripe, xendit
from tests.support.fake_psp.books import Books, Thing

DIALECTS: dict[str, Any] = {'stripe': stripe, 'xendit': xendit}
FEE_BPS = 290
CHARGEBACK_FEE = 1_500
HELD_S = 30


@dataclass(frozen=True)
class Webhook:
    """As it is sent: to `/webhooks/{dialect}`."""

    dialect: str
    body: bytes
    headers: dict[str, str]

    def forged(self, **changes: Any) -> 'Webhook':
        return replace(self, **changes)


class FakePsp:
    def __init__(self, keys: dict[str, str], secrets: dict[str, str]) -> None:
        self.books = Books()
        self.keys, self.secrets = dict(keys), secrets
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._troubles: deque[tuple[str, str]] = deque()
        self._lies: dict[str, dict[str, Any]] = {}
        self._release = threading.Event()
        self._server = _Server(('127.0.0.1', 0), _handler(self))
        self.url = f'http://127.0.0.1:{self._server.server_port}'
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # What it does wrong.

    def misbehave(self, trouble: str, about: str = '', times: int = 1) -> None:
        """At the next requests in which `about` is found: `POST /v1/refunds`.

        `crash` before anything is done, `lose` the answer of what was done, `hang`, answer `garbage`, or be `busy`.
        """
        self._troubles.extend([(trouble, about)] * times)

    def behave(self) -> None:
        self._troubles.clear()

    def lie(self, whose: str, /, **said: Any) -> None:
        """Shows an object with other values than it has: `minor`, `currency`, `our_id`, `status`."""
        self._lies[whose] = said

    def shown(self, thing: Thing) -> Thing:
        return replace(thing, **self._lies.get(thing.our_id, {}))

    def trouble(self, request: str) -> str | None:
        found = next((one for one in self._troubles if one[1] in request), None)
        if found:
            self._troubles.remove(found)
        return found[0] if found else None

    def hang(self) -> None:
        self._release.wait(HELD_S)

    # What others do there.

    def pay(self, our_id: str) -> None:
        """The buyer confirms on the provider's page."""
        payment = self.books.by_our_id(our_id)
        assert payment.status in ('requires_action', 'processing', 'PENDING'), payment
        DIALECTS[payment.dialect].settle_payment(self, payment)

    def refuse(self, our_id: str) -> None:
        payment = self.books.by_our_id(our_id)
        DIALECTS[payment.dialect].fail_payment(self, payment)

    def settle(self, our_id: str, status: str, failure: str | None = None) -> None:
        """A refund or payout that was under way ends, or is reversed after it has ended."""
        thing = self.books.by_our_id(our_id)
        DIALECTS[thing.dialect].settle(self, thing, status, failure)

    def claim_back(self, our_id: str, **about: Any) -> str:
        """The buyer's bank takes a payment back. Returns the provider's id of it."""
        payment = self.books.by_our_id(our_id)
        made = self.books.add(
            'dispute',
            'dp_',
            '',
            (payment.minor, payment.currency),
            'needs_response',
            dialect=payment.dialect,
            payment=payment.ref,
            **about,
        )
        self.books.book(made, 'dispute', -made.minor, CHARGEBACK_FEE)
        self.books.tell(made, 'charge.dispute.created')
        return made.ref

    def rule(self, ref: str, *, is_won: bool) -> None:
        dispute = self.books.things[ref]
        dispute.status = 'won' if is_won else 'lost'
        if is_won:
            self.books.book(dispute, 'dispute_reversal', dispute.minor)
        self.books.tell(dispute, 'charge.dispute.closed')

    # What it tells.

    def webhooks(self, *, seconds_old: int = 0) -> list[Webhook]:
        """All that it has to tell since it was last asked, in the order in which it happened."""
        told, self.books.told = self.books.told, []
        return [self.webhook(thing, event, seconds_old=seconds_old) for thing, event in told]

    def webhook(self, thing: Thing, event: str, *, seconds_old: int = 0, secret: str | None = None) -> Webhook:
        dialect = DIALECTS[thing.dialect]
        body = json.dumps(dialect.event(self, thing, event)).encode()
        return self.signed(thing.dialect, body, seconds_old=seconds_old, secret=secret)

    def signed(self, dialect: str, body: bytes, *, seconds_old: int = 0, secret: str | None = None) -> Webhook:
        sign = DIALECTS[dialect].sign
        headers = sign(body, secret or self.secrets[dialect], int(time.time()) - seconds_old)
        return Webhook(dialect, body, {'Content-Type': 'application/json', **headers})

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        path = urlsplit(target).path
        self.requests.append((method, path, headers))
        dialect = 'stripe' if path.startswith('/v1/') else 'xendit'
        module = DIALECTS[dialect]
        if module.key_of(headers) != self.keys[dialect]:
            return 401, module.problem('INVALID_API_KEY', 'who are you')
        key, asked = headers.get('idempotency-key'), module.read(body)
        if key and method == 'POST' and key in self.books.keys:
            before, said = self.books.keys[key]
            return said if before == [path, asked] else module.KEY_REUSED
        said = module.answer(self, method, target, asked)
        if key and method == 'POST':
            self.books.keys[key] = [path, asked], said
        return said

    def forget_keys(self) -> None:
        """A day passes."""
        self.books.keys.clear()

    def asked(self, method: str, part: str) -> Iterable[str]:
        return [path for said, path, _ in self.requests if said == method and part in path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asks may hang up at any time."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(psp: FakePsp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            trouble = psp.trouble(f'{self.command} {self.path}')
            if trouble == 'crash':
                return self._say(500, {'error': {'type': 'api_error'}})
            if trouble == 'busy':
                return self._say(429, {'error': {'type': 'rate_limit_error'}, 'error_code': 'RATE_LIMIT_EXCEEDED'})
            if trouble == 'hang':
                psp.hang()
                return self._drop()
            status, said = psp.answer(self.command, self.path, headers, body)
            if trouble == 'lose':
                return self._drop()
            return self._say(status, said) if trouble != 'garbage' else self._say(status, None, b'<html>')

        do_GET = do_POST = handle_any  # noqa: N815 - named by http.server

        def _drop(self) -> None:
            self.close_connection = True
            self.connection.close()

        def _say(self, status: int, said: Any, raw: bytes = b'') -> None:
            raw = raw or json.dumps(said).encode()
            self.send_response(status)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
