"""Faults of an office's MongoDB, told to people: it is none, breaks off, falls silent, sends nonsense."""

from __future__ import annotations

import pickle
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mongo_server import cursor, listed, nobody_listening, stubs

from edxtasks.config import Mongo
from edxtasks.errors import UserError
from edxtasks.mongodb import NoServerError, ServerFaultError, extended_json, opened, told
from edxtasks.outages import outages

PAGE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 20\r\n\r\n<html>s3cret</html>\r\n"


def records(uri: str) -> list[bytes]:
    """All documents of a collection."""
    mongo = Mongo(uri, "db")
    with opened(mongo, ["records"]) as database:
        return [extended_json(document) for document in database["records"].find()]


@contextmanager
def speaking(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that is no MongoDB; gives its host."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            answer(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def page(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(PAGE)


def silence(connection: socket.socket) -> None:
    while connection.recv(1000):
        pass


@pytest.mark.parametrize(
    ("answer", "milliseconds", "reason"),
    [
        (page, 60_000, "what answers there is not MongoDB"),
        (silence, 150, "no answer in time"),
        (
            lambda connection: connection.recv(1000),
            60_000,
            "(what answers there is not MongoDB|Connection reset by peer)",
        ),
    ],
    ids=["a page", "silent", "hangs up"],
)
def test_what_answers_is_no_mongodb(
    answer: Callable[[socket.socket], object], milliseconds: int, reason: str
) -> None:
    with speaking(answer) as host:
        uri = f"mongodb://ann:s3cret@{host}/?serverSelectionTimeoutMS=1000&connectTimeoutMS={milliseconds}"
        with pytest.raises(NoServerError) as caught:
            records(uri)
    assert caught.match(
        rf"^MongoDB at {host}: no server answers there since [-\d: ]+ UTC \({reason}\); is it"
    )
    assert "s3cret" not in str(caught.value)


def test_one_task_alone_waits_for_a_server_that_is_gone() -> None:
    with nobody_listening() as host:
        with pytest.raises(NoServerError, match=r"\(Connection refused\)") as first:
            records(f"mongodb://{host}/?serverSelectionTimeoutMS=1000")
        in_another_process: NoServerError = pickle.loads(pickle.dumps(first.value))
        assert str(in_another_process) == str(first.value)
        outages.forget()
        outages.learn(in_another_process.outage)
        with pytest.raises(NoServerError, match="no server answers there since"):
            records(f"mongodb://{host}/")  # which would wait for 15 seconds


@pytest.mark.parametrize(
    "found",
    [
        {"ok": 1.0},
        {"ok": 1.0, "cursor": "s3cret"},
        {"ok": 1.0, "cursor": {"id": 0, "ns": "db.records"}},
        {"ok": 1.0, "cursor": {"id": 0, "ns": "db.records", "firstBatch": ["s3cret", 5]}},
    ],
    ids=["no cursor", "a text", "no documents", "texts"],
)
def test_an_answer_in_another_form(found: dict[str, Any]) -> None:
    with stubs() as start:
        server = start(lambda command: found if "find" in command else listed("records"))
        with pytest.raises(ServerFaultError) as caught:
            records(f"mongodb://{server.host}/")
    assert str(caught.value).startswith(f"MongoDB at {server.host}: what it sent cannot be read (")
    assert "s3cret" not in str(caught.value)


def test_a_list_of_collections_in_another_form() -> None:
    with stubs() as start:
        server = start(lambda command: cursor("$cmd.listCollections", [{"s3cret": 5}]))
        with pytest.raises(ServerFaultError, match="what it sent cannot be read"):
            records(f"mongodb://{server.host}/")


@pytest.mark.parametrize("error", [KeyError("x"), OSError(28, "No space left"), UserError("its own")])
def test_what_the_driver_has_not_raised_stays_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, told(Mongo()):
        raise error
    assert caught.value is error
