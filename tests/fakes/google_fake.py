"""A small fake of the documented APIs of BigQuery and Cloud Storage, over HTTP.

It computes no query. It keeps tables, jobs and objects, answers as the documentation says, and plays what
is hard to have from an emulator: repeated job ids (409), preconditions (412), rate limits, quotas, faults
of servers, slow jobs, rows that are refused, expired tokens. Every request is kept, so that a test can look
at what was sent.
"""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fake_bigquery import FakeBigQuery, Plan
from fake_service import Answer, Request
from fake_storage import FakeStorage

__all__ = ["FakeGoogle", "Plan", "fake_google"]


class FakeGoogle(FakeBigQuery, FakeStorage):
    """Both services behind one address, `url`."""

    def __init__(self) -> None:
        super().__init__()
        self.token: str | None = None
        """The only access token that is taken; None: nobody is asked for one."""
        self.refreshed: str | None = None
        """The access token that a refresh gives; None: the refresh is refused."""

    def handle(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        """The answer to a request: status, body (JSON or bytes), headers."""
        with self.lock:
            self.requests.append(request)
            try:
                for beginning in [one for one in self.before if request.path.startswith(one)]:
                    self.before.pop(beginning)()
                fault = self.fault(request)
                if fault is not None and not fault.after:
                    raise Answer(fault.status, fault.reason, fault.message, fault.location)
                told = request.headers.get("authorization")
                if (
                    self.token not in {None, (told or "").removeprefix("Bearer ")}
                    and request.path != "/token"
                ):
                    raise Answer(401, "authError", "Invalid Credentials")
                answer = self._answer(request)
                if fault is not None:
                    raise Answer(fault.status, fault.reason, fault.message, fault.location)
                return answer
            except Answer as error:
                return error.status, error.body, {}
            except Exception as defect:  # noqa: BLE001 - or the client would try again and again
                text = "".join(traceback.format_exception(defect))
                return 400, Answer(400, "fakeDefect", text).body, {}

    def _answer(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        if request.path == "/token":
            if self.refreshed is None:
                return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, {}
            return 200, {"access_token": self.refreshed, "expires_in": 3600, "token_type": "Bearer"}, {}
        if request.path.startswith(("/storage/", "/upload/", "/download/")):
            return self.answer_storage(request)
        return 200, self.answer_bigquery(request), {}


@contextmanager
def fake_google() -> Iterator[FakeGoogle]:
    """A fake that listens at `url` for the block."""
    fake = FakeGoogle()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

        def _serve(self) -> None:
            address = urlsplit(self.path)
            content = self._content()
            headers = {key.lower(): value for key, value in self.headers.items()}
            kind = headers.get("content-type", "")
            body = json.loads(content) if kind.startswith("application/json") and content else {}
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            told = body if isinstance(body, dict) else {}
            request = Request(self.command, address.path, query, told, headers, content)
            status, answer, more = fake.handle(request)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for key, value in more.items():
                self.send_header(key, value)
            if not isinstance(answer, bytes):
                self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _content(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
