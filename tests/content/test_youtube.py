"""The look-up of lengths at YouTube, against a server that speaks the form of its Data API."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from edxtasks.content.videos.durations_cache import read_durations
from edxtasks.content.videos.youtube import YouTube
from edxtasks.messages import Messages
from edxtasks.outages import outages
from edxtasks.tables.video.video_lengths import look_up

KEY = "secret-key-123"
Answer = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Knows durations by id. `statuses` are given first, one a request; `bad` ids spoil their request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.durations: dict[str, str] = {}
        self.statuses: list[int] = []
        self.bad: set[str] = set()
        self.body: bytes | None = None
        self.asked: list[list[str]] = []
        self.queries: list[dict[str, list[str]]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/youtube/v3"

    def answer(self, target: str) -> Answer:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.queries.append(query)
        ids = query["id"][0].split(",")
        self.asked.append(ids)
        if parts.path != "/youtube/v3/videos" or query["part"] != ["contentDetails"]:
            return 404, b""
        if self.statuses:
            return self.statuses.pop(0), b'{"error": {"message": "no"}}'
        if query["key"] != [KEY] or len(ids) > 50 or self.bad & set(ids):
            return 400, b'{"error": {"code": 400}}'
        if self.body is not None:
            return 200, self.body
        items = [
            {"kind": "youtube#video", "id": one, "contentDetails": {"duration": self.durations[one]}}
            for one in ids
            if one in self.durations
        ]
        return 200, json.dumps({"kind": "youtube#videoListResponse", "items": items}).encode()


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, body = self.server.answer(self.path)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@contextmanager
def running() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as one:
        yield one


class Asking:
    """Looks up at a server as the table does; pauses are noted instead of waited."""

    def __init__(self, server: Server, cache: Path) -> None:
        self.server, self.cache = server, cache
        self.pauses: list[float] = []
        self.messages = Messages()

    def __call__(self, *ids: str, again: bool = False, key: str = KEY) -> dict[str, int | None]:
        self.messages = Messages()
        youtube = YouTube(self.server.endpoint, key, self.pauses.append, timeout=60)
        return look_up(youtube, ids, self.cache, self.messages, again=again)


@pytest.fixture
def ask(server: Server, tmp_path: Path) -> Asking:
    return Asking(server, tmp_path / "state" / "youtube_durations.json")


def test_lengths_are_asked_once(ask: Asking, server: Server) -> None:
    server.durations = {"a": "PT1M30S", "b": "P1DT1S", "live": "P0D", "odd": "soon"}
    expected = {"a": 90, "b": 86_401, "live": None, "odd": None, "gone": None}
    assert ask("a", "b", "live", "odd", "gone") == expected
    assert ask.messages.lines == []
    assert ask("a", "gone") == {"a": 90, "gone": None}
    assert len(server.asked) == 1
    assert read_durations(ask.cache) == expected
    server.durations["gone"] = "PT5S"
    assert ask("gone", again=True) == {"gone": 5}
    assert read_durations(ask.cache)["gone"] == 5
    assert KEY not in ask.cache.read_text()


def test_fifty_at_once(ask: Asking, server: Server) -> None:
    ids = [f"v{number}" for number in range(120)]
    server.durations = dict.fromkeys(ids, "PT1S")
    assert ask(*ids) == dict.fromkeys(ids, 1)
    assert [len(one) for one in server.asked] == [50, 50, 20]


def test_one_bad_id_does_not_spoil_the_others(ask: Asking, server: Server) -> None:
    server.durations = dict.fromkeys(["a", "b", "c"], "PT2S")
    server.bad = {"b"}
    assert ask("a", "b", "c") == {"a": 2, "b": None, "c": 2}
    assert server.asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert ask.messages.lines == []


def test_a_key_that_is_not_taken_is_told_once_and_kept_nowhere(ask: Asking, server: Server) -> None:
    server.durations = {"a": "PT1S", "b": "PT1S"}
    assert ask("a", "b", key="other-secret") == {}
    (line,) = ask.messages.lines
    assert "2 of 2" in line and "status 400" in line and "other-secret" not in line
    assert read_durations(ask.cache) == {}
    assert ask("a", "b") == {"a": 1, "b": 1}, "they are asked again"


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_what_is_refused_for_the_moment_is_asked_again(ask: Asking, server: Server, status: int) -> None:
    server.durations = {"a": "PT1S"}
    server.statuses = [status, status, status]
    assert ask("a") == {"a": 1}
    assert ask.pauses == [1, 2, 4]


def test_out_of_quota_is_given_up(ask: Asking, server: Server) -> None:
    server.durations = {f"v{number}": "PT1S" for number in range(60)}
    server.statuses = [403] * 20
    assert ask(*server.durations) == {}
    assert ask.pauses == [1, 2, 4, 8, 16]  # with 32 more it would be above 60 s
    (line,) = ask.messages.lines
    assert "60 of 60" in line and "status 403" in line and "quota" in line
    assert len(server.asked) == 6, "the other ids are not asked"


def test_what_was_answered_before_holds(ask: Asking, server: Server) -> None:
    ids = [f"v{number}" for number in range(60)]
    server.durations = dict.fromkeys(ids, "PT1S")
    first = ask(*ids[:50])
    server.statuses = [404]
    server.bad = set(ids[50:])
    assert ask(*ids) == first
    assert "10 of 60" in ask.messages.lines[0]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"items": 5}', b'{"items": [5]}', b'{"items": [{}]}']
)
def test_an_answer_in_another_form(ask: Asking, server: Server, body: bytes) -> None:
    server.body = body
    assert ask("a") == {}
    assert "not in the form" in ask.messages.lines[0]


def test_ids_that_were_not_asked_do_not_count(ask: Asking, server: Server) -> None:
    server.body = b'{"items": [{"id": "other", "contentDetails": {"duration": "PT1S"}}, {"id": "a"}]}'
    assert ask("a") == {"a": None}


def test_a_redirection_is_not_followed(ask: Asking, server: Server) -> None:
    server.statuses = [302]
    assert ask("a") == {}
    assert "status 302" in ask.messages.lines[0]


def test_nobody_answers(tmp_path: Path) -> None:
    """A server that takes the connection and says nothing, and one that is not there."""

    def told(youtube: YouTube) -> str:
        messages = Messages()
        assert look_up(youtube, ["a"], tmp_path / "cache.json", messages, again=False) == {}
        return messages.lines[0]

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "did not answer within 0.2 s" in told(YouTube(address, KEY, timeout=0.2))
        again = told(YouTube(address, KEY, timeout=60))
        assert "did not answer within 0.2 s; that was a moment ago" in again
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        port = taken.getsockname()[1]
        youtube = YouTube(f"http://127.0.0.1:{port}", KEY, timeout=60)
        absent = told(youtube)
    assert "could not be asked (ConnectionError)" in absent
    assert KEY not in absent and str(port) not in absent
    assert KEY not in repr(youtube)


@contextmanager
def answering(answer: Callable[[socket.socket], object], longest: float) -> Iterator[YouTube]:
    """Somebody who gets a connection to a server and may write to it whatever it likes; `longest` is the
    seconds that an answer may take."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.recv(4096)
                    answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield YouTube(f"http://127.0.0.1:{listening.getsockname()[1]}", KEY, timeout=60, longest=longest)


def trickle(connection: socket.socket) -> None:
    """A byte now and then: each in time, and never all."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.05)


def trickling_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "longest", "told"),
    [
        (trickle, 0.6, "the answer of the server took more than 0.6 s"),
        (trickling_head, 0.6, "the answer of the server took more than 0.6 s"),
        (
            lambda to: to.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"items"'),
            60,
            "could not be asked",
        ),
        (lambda to: to.sendall(b"220 mail.example.org ESMTP\r\n"), 60, "could not be asked"),
        (lambda to: None, 60, "could not be asked (ConnectionError)"),
    ],
    ids=["trickles", "trickling head", "cut off", "another protocol", "hangs up"],
)
def test_answers_that_are_none(
    tmp_path: Path, answer: Callable[[socket.socket], object], longest: float, told: str
) -> None:
    """Each is told once and soon, and what is asked next does not wait for it."""
    with answering(answer, longest) as youtube:
        messages = Messages()
        assert look_up(youtube, ["a", "b"], tmp_path / "cache.json", messages, again=False) == {}
        (line,) = messages.lines
        assert line.startswith("YouTube: the lengths of 2 of 2 videos are not known: ") and told in line
        assert KEY not in line
        look_up(youtube, ["c"], tmp_path / "cache.json", messages, again=False)
        assert messages.lines[1].endswith("; that was a moment ago")
    assert not (tmp_path / "cache.json").exists()


def test_out_of_quota_is_waited_for_once(ask: Asking, server: Server) -> None:
    server.statuses = [429] * 20
    assert ask("a") == {}
    assert ask("b") == {}
    assert len(server.asked) == 6
    assert "status 429" in ask.messages.lines[0]
    outages.forget()  # a minute later
    server.statuses, server.durations = [], {"a": "PT1S", "b": "PT2S"}
    assert ask("a", "b") == {"a": 1, "b": 2}


def test_a_length_that_no_column_holds(ask: Asking, server: Server) -> None:
    server.durations = {"a": "PT99999999999999999999S", "b": f"PT{9 * 400}S", "c": f"PT{'9' * 400}S"}
    assert ask("a", "b", "c") == {"a": None, "b": 3600, "c": None}


def test_a_cache_that_is_damaged_is_none(ask: Asking, server: Server) -> None:
    ask.cache.parent.mkdir()
    ask.cache.write_text('{"a": {"seconds": 5')
    server.durations = {"a": "PT1S"}
    assert ask("a") == {"a": 1}
    ask.cache.write_text('{"a": 7, "b": {"seconds": "x"}, "c": {"seconds": 3}}')
    assert read_durations(ask.cache) == {"c": 3}
