"""Between the product and an emulator: it keeps what was asked, and does something at a given request."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_OF_A_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "date", "server"}


@dataclass(frozen=True)
class Request:
    """A request: method, address with query, body."""

    method: str
    address: str
    body: bytes


class Relay:
    """Passes requests on to `target`; listens at `url`.

    `watch` sees each request before it is passed on, `seen` after it was answered and before the answer
    goes back.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.asked: list[Request] = []
        self.watch: Callable[[Request], None] = lambda asked: None
        self.seen: Callable[[Request], None] = lambda asked: None

    def answer(self, asked: Request, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body that the target gives."""
        self.asked.append(asked)
        self.watch(asked)
        connection = http.client.HTTPConnection(urlsplit(self.target).netloc)
        try:
            connection.request(asked.method, asked.address, asked.body, headers)
            response = connection.getresponse()
            kept = {key: value for key, value in response.headers.items() if key.lower() not in _OF_A_HOP}
            if "Location" in kept:  # where the pieces of an upload go
                kept["Location"] = kept["Location"].replace(self.target, self.url)
            status, body = response.status, response.read()
        finally:
            connection.close()
        self.seen(asked)
        return status, kept, body


@contextmanager
def relay(target: str) -> Iterator[Relay]:
    """A relay that listens for the block."""
    passing = Relay(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key: value for key, value in self.headers.items() if key.lower() not in _OF_A_HOP}
            status, kept, content = passing.answer(Request(self.command, self.path, body), headers)
            try:
                self.send_response(status)
                for key, value in kept.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # who asked was killed

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, address: Any) -> None:
            """Those who asked may have been killed: that is not an error."""
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, address)

    server = Server(("127.0.0.1", 0), Handler)
    passing.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield passing
    finally:
        server.shutdown()
        server.server_close()
