"""Servers that speak MongoDB's wire protocol: a real one in a process of its own, and a stub for faults."""

from __future__ import annotations

import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bson
from bson import Int64
from pymongo import MongoClient
from pymongo.errors import PyMongoError

Document = dict[str, Any]
Answer = Callable[[Document], Document | None]
"""What a stub says to a command; None closes the connection."""


@contextmanager
def nobody_listening() -> Iterator[str]:
    """Host and port where nobody listens, and nobody else can: the port is taken for the block."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def _free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A server with its files in `folder`; gives its address.

    It keeps the databases of one server in one place: hence a server a test.
    """
    deadline = time.monotonic() + 300
    while True:
        process, uri = _started(folder, _free_port())
        try:
            if _answers(uri, process, deadline):
                yield uri
                return
        finally:
            process.terminate()
            process.wait()


def _started(folder: Path, port: int) -> tuple[subprocess.Popen[bytes], str]:
    """A server that begins to listen at a port, if nobody else has taken it meanwhile; its address."""
    command = [
        *(str(Path(sys.executable).with_name("nx-27017")), "--db", str(folder / "mongo.db")),
        *("--port", str(port), "--log-file", str(folder / "log"), "--pid-file", str(folder / "pid")),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, f"mongodb://127.0.0.1:{port}"


def _answers(uri: str, process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Wait until a server answers; False where it has ended, since somebody else has its port."""
    while process.poll() is None:
        try:
            with MongoClient[Document](uri, serverSelectionTimeoutMS=500) as client:
                client.admin.command("ping")
            return process.poll() is None
        except PyMongoError:
            if time.monotonic() > deadline:
                raise
    assert time.monotonic() < deadline, f"{process.args!r}: ended with status {process.returncode}"
    return False


class Stub(socketserver.ThreadingTCPServer):
    """Answers each command with what `answer` gives."""

    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), _Wire)
        self.answer = answer

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def stubs() -> Iterator[Callable[[Answer], Stub]]:
    """A function that starts a stub; all of them end with the block."""
    started: list[Stub] = []

    def start(answer: Answer) -> Stub:
        server = Stub(answer)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        started.append(server)
        return server

    try:
        yield start
    finally:
        for server in started:
            server.shutdown()
            server.server_close()


def cursor(
    collection: str, documents: list[Document], number: int = 0, batch: str = "firstBatch"
) -> Document:
    """The answer to `find` (with `nextBatch`: to `getMore`): documents, and the number of the open cursor."""
    return {"ok": 1.0, "cursor": {"id": Int64(number), "ns": f"db.{collection}", batch: documents}}


def listed(*collections: str) -> Document:
    """The answer to `listCollections`."""
    return cursor("$cmd.listCollections", [{"name": name, "type": "collection"} for name in collections])


REFUSED: Document = {"ok": 0.0, "code": 18, "errmsg": "no: s3cret", "codeName": "AuthenticationFailed"}
CURSOR_LOST: Document = {
    "ok": 0.0,
    "code": 43,
    "errmsg": "cursor id 77 not found",
    "codeName": "CursorNotFound",
}

_HELLO = {
    "ok": 1.0,
    "ismaster": True,
    "isWritablePrimary": True,
    "helloOk": True,
    "minWireVersion": 0,
    "maxWireVersion": 21,
    "maxBsonObjectSize": 16777216,
    "maxMessageSizeBytes": 48000000,
    "maxWriteBatchSize": 100000,
    "saslSupportedMechs": ["SCRAM-SHA-256"],
}


class _Wire(socketserver.StreamRequestHandler):
    """Reads OP_QUERY (the first hello) and OP_MSG, and writes OP_REPLY and OP_MSG."""

    def handle(self) -> None:
        assert isinstance(self.server, Stub)
        while len(header := self.rfile.read(16)) == 16:
            length, request, _, opcode = struct.unpack("<iiii", header)
            body = self.rfile.read(length - 16)
            if opcode == 2004:
                start = body.index(b"\0", 4) + 1 + 8
            else:
                assert opcode == 2013
                start = 5
            size = struct.unpack_from("<i", body, start)[0]
            command = bson.decode(body[start : start + size])
            name = next(iter(command)).lower()
            answer = _HELLO if name in ("hello", "ismaster") else self.server.answer(command)
            if answer is None:
                return
            document = bson.encode(answer)
            if opcode == 2004:
                reply = struct.pack("<iqii", 8, 0, 0, 1) + document
            else:
                reply = struct.pack("<iB", 0, 0) + document
            kind = 1 if opcode == 2004 else 2013
            self.wfile.write(struct.pack("<iiii", 16 + len(reply), 1, request, kind) + reply)
