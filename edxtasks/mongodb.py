"""An office's MongoDB: a database opened for reading, and its faults told to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from edxtasks.config import Mongo
from edxtasks.errors import InputError
from edxtasks.printable import printable

if TYPE_CHECKING:
    from pymongo.database import Database
    from pymongo.errors import OperationFailure

Document = dict[str, Any]

_SECONDS = {"serverSelectionTimeoutMS": 15, "connectTimeoutMS": 15, "socketTimeoutMS": 600}
_UNAUTHORIZED = (13, 18)
"""Codes of the server for a user who is not allowed, or not who he says he is."""


class ServerRefusesError(InputError):
    """No server answers, or it does not let us in: whatever is asked next will fail too."""


@contextmanager
def opened(mongo: Mongo, collections: Sequence[str] = ()) -> Iterator[Database[Document]]:
    """The database of the settings `[mongo]`, closed when the block ends.

    What goes wrong in the block is raised as `told` says. Raises `InputError` when one of `collections` is
    not there, or the address cannot be used.
    """
    # Imported here: the rest of the product needs no MongoDB driver.
    from pymongo import MongoClient
    from pymongo.errors import ConfigurationError

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
        missing = [name for name in collections if name not in present]
        if missing:
            raise InputError(
                f"{_server(mongo)}: the database {mongo.dbname} has no collection {', '.join(missing)}; "
                "is dbname right?"
            )
        yield database


@contextmanager
def told(mongo: Mongo) -> Iterator[None]:
    """Raise what the driver raises in the block as `InputError` that names the host, never a password.

    `ServerRefusesError` when no server answers or it refuses the credentials.
    """
    from bson.errors import BSONError
    from pymongo.errors import (
        AutoReconnect,
        CursorNotFound,
        OperationFailure,
        PyMongoError,
        ServerSelectionTimeoutError,
    )

    server = _server(mongo)
    try:
        yield
    except ServerSelectionTimeoutError:
        raise ServerRefusesError(
            f"{server}: no server answers there; is it running, and is mongo.uri right?"
        ) from None
    except CursorNotFound:
        raise InputError(f"{server}: the server lost its place half-way; run it again") from None
    except OperationFailure as error:
        if error.code in _UNAUTHORIZED:
            raise ServerRefusesError(
                f"{server}: the server refuses these credentials for the database {mongo.dbname}; they stand "
                "in the environment variable EDXTASKS_MONGO_URI or in mongo.uri"
            ) from None
        # Its own words are not shown: they may quote what was asked for, and documents.
        raise InputError(f"{server}: the server refused a request: {_name_of(error)}") from None
    except AutoReconnect:
        raise InputError(f"{server}: the connection broke off or timed out; run it again") from None
    except (PyMongoError, BSONError) as error:
        raise InputError(
            f"{server}: what it sent cannot be read ({type(error).__name__}); is it MongoDB, and is the "
            "database whole?"
        ) from None


def extended_json(document: Document) -> bytes:
    """A document as a line of MongoDB's relaxed extended JSON, with its newline."""
    from bson.json_util import RELAXED_JSON_OPTIONS, dumps

    return dumps(document, json_options=RELAXED_JSON_OPTIONS, ensure_ascii=False).encode() + b"\n"


def _server(mongo: Mongo) -> str:
    return f"MongoDB at {mongo.hosts}"


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
