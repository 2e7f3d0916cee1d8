"""An office's MongoDB: a database opened for reading, and its faults told to people."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from edxtasks.config import Mongo
from edxtasks.errors import InputError
from edxtasks.outages import Outage, UnreachableError, outages
from edxtasks.printable import printable

if TYPE_CHECKING:
    from pymongo.database import Database
    from pymongo.errors import OperationFailure

Document = dict[str, Any]

_SECONDS = {"serverSelectionTimeoutMS": 15, "connectTimeoutMS": 15, "socketTimeoutMS": 300}
"""How long is waited for a server, a connection, an answer, unless `mongo.uri` says so. The driver asks once
more what only reads, so that a server that falls silent is given up after twice the last."""
_UNAUTHORIZED = (13, 18)
"""Codes of the server for a user who is not allowed, or not who he says he is."""
_DRIVER = ("pymongo", "bson")
_ERRNO = re.compile(r"\[Errno -?\d+\] ([A-Za-z ]+)")


class ServerFaultError(InputError):
    """The server refused a request, broke off, or sent what is no answer; the next request may do better."""


class ServerRefusesError(ServerFaultError):
    """The server does not let us in, or its address cannot be used: whatever is asked next will fail too."""


class NoServerError(UnreachableError):
    """No server answers. `text` tells it among other faults."""

    def __init__(self, outage: Outage, text: str = "") -> None:
        super().__init__(outage)
        self.text = text or (
            f"{outage.service}: no server answers there since {outage.since} ({outage.reason}); is it "
            "running, and is mongo.uri right?"
        )
        self.args = (self.text,)

    def __reduce__(self) -> tuple[type[NoServerError], tuple[Outage, str]]:  # type: ignore[override]
        return type(self), (self.outage, self.text)


@contextmanager
def opened(mongo: Mongo, collections: Sequence[str] = ()) -> Iterator[Database[Document]]:
    """The database of the settings `[mongo]`, closed when the block ends.

    What goes wrong in the block is raised as `told` says. Raises `InputError` when one of `collections` is
    not there, or the address cannot be used; `NoServerError`, at once, where nobody answered a moment ago.
    """
    # Imported here: the rest of the product needs no MongoDB driver.
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError

    try:
        outages.refuse(_server(mongo))
    except UnreachableError as error:
        raise NoServerError(error.outage) from None
    # Damaged text and impossible dates of single documents must not end the whole.
    options: dict[str, Any] = {
        "unicode_decode_error_handler": "replace",
        "datetime_conversion": "DATETIME_AUTO",
    }
    given = mongo.uri.lower()
    options |= {name: 1000 * seconds for name, seconds in _SECONDS.items() if name.lower() not in given}
    try:
        client: MongoClient[Document] = MongoClient(mongo.uri, **options)
    except (ConfigurationError, ValueError) as error:
        raise ServerRefusesError(
            f"{_server(mongo)}: mongo.uri cannot be used: {_without_secret(error, mongo.uri)}"
        ) from None
    with told(mongo), client:
        database = client[mongo.dbname]
        present = set(database.list_collection_names()) if collections else set()
        outages.answered(_server(mongo))
        missing = [name for name in collections if name not in present]
        if missing:
            raise InputError(
                f"{_server(mongo)}: the database {mongo.dbname} has no collection {', '.join(missing)}; "
                "is dbname right?"
            )
        yield database


@contextmanager
def told(mongo: Mongo) -> Iterator[None]:
    """Raise what the driver raises in the block as an error that names the host, never a password.

    `NoServerError` when no server answers, or not in time, `ServerRefusesError` when it refuses the
    credentials, `ServerFaultError` for all else.
    """
    from pymongo.errors import (
        AutoReconnect,
        CursorNotFound,
        NetworkTimeout,
        OperationFailure,
        ServerSelectionTimeoutError,
    )

    server = _server(mongo)
    try:
        yield
    except ServerSelectionTimeoutError as error:
        raise _no_server(server, _reason(str(error))) from None
    except NetworkTimeout:
        raise _no_server(server, "a request had no answer in time") from None
    except CursorNotFound:
        raise ServerFaultError(f"{server}: the server lost its place half-way; run it again") from None
    except OperationFailure as error:
        if error.code in _UNAUTHORIZED:
            raise ServerRefusesError(
                f"{server}: the server refuses these credentials for the database {mongo.dbname}; they stand "
                "in the environment variable EDXTASKS_MONGO_URI or in mongo.uri"
            ) from None
        # Its own words are not shown: they may quote what was asked for, and documents.
        raise ServerFaultError(f"{server}: the server refused a request: {_name_of(error)}") from None
    except AutoReconnect:
        raise ServerFaultError(f"{server}: the connection broke off; run it again") from None
    except Exception as error:
        if isinstance(error, OSError | MemoryError) or not _is_of_driver(error):
            raise
        raise ServerFaultError(
            f"{server}: what it sent cannot be read ({type(error).__name__}); is it MongoDB, and is the "
            "database whole?"
        ) from None


def extended_json(document: Document) -> bytes:
    """A document as a line of MongoDB's relaxed extended JSON, with its newline. Raises `InvalidBSON`, which
    `told` tells, for what is no document."""
    from bson.errors import InvalidBSON
    from bson.json_util import RELAXED_JSON_OPTIONS, dumps

    if not isinstance(document, Mapping):
        raise InvalidBSON("no document")
    return dumps(document, json_options=RELAXED_JSON_OPTIONS, ensure_ascii=False).encode() + b"\n"


def _server(mongo: Mongo) -> str:
    return f"MongoDB at {mongo.hosts}"


def _no_server(server: str, reason: str) -> NoServerError:
    """The error for a server that does not answer. It is noted: other tasks do not wait for it too."""
    return NoServerError(outages.give_up(server, reason))


def _reason(text: str) -> str:
    """Why the driver found no server, in a few words."""
    if found := _ERRNO.search(text):
        return found[1].strip()
    return "no answer in time" if "timed out" in text else "what answers there is not MongoDB"


def _is_of_driver(error: Exception) -> bool:
    """Whether the driver raised it, which meets an answer in another form with errors of all kinds."""
    names = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    raised = type(error).__module__
    return any(name.partition(".")[0] in _DRIVER for name in (raised, *names))


def _name_of(error: OperationFailure) -> str:
    """Name and number of a refusal, as MongoDB's list of error codes has them."""
    name = (error.details or {}).get("codeName")
    return f"{printable(name)} (code {error.code})" if name else f"error code {error.code}"


def _without_secret(error: Exception, uri: str) -> str:
    """The first line of an error's text, with what stands before the host in `uri` taken out."""
    text = str(error).partition("\n")[0]
    login = uri.rpartition("@")[0].rpartition("://")[2]
    _, _, password = login.partition(":")
    for secret in (uri, login, password, unquote(password)):
        text = text.replace(secret, "…") if secret else text
    return printable(text, 300)
