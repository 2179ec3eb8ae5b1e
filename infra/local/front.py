"""One stable local address for the deployed distribution, whatever resolves *.localhost or not.

Rewrites the Host header and nothing else. Usage: python -m infra.local.front EMULATOR_PORT DOMAIN PORT
"""

import http.client
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOP_BY_HOP = {'connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host'}


class Front(BaseHTTPRequestHandler):
    emulator_port: int
    domain: str
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True  # otherwise every answer waits 40 ms for a delayed acknowledgement
    wbufsize = -1

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        upstream = http.client.HTTPConnection('127.0.0.1', self.emulator_port, timeout=35)
        try:
            upstream.request(self.command, self.path, body or None, headers | {'Host': self.domain})
            answer = upstream.getresponse()
            self._answer(answer.status, answer.getheaders(), answer.read())
        except OSError as error:
            text = f'The local stack does not answer: {error}\n'.encode()
            self._answer(502, [('Content-Type', 'text/plain')], text)
        finally:
            upstream.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815 - http.server's names

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == '__main__':
    Front.emulator_port, Front.domain = int(sys.argv[1]), sys.argv[2].replace('.net', '.localhost')
    ThreadingHTTPServer(('127.0.0.1', int(sys.argv[3])), Front).serve_forever()
