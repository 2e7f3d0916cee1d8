"""mongo2user_info: records of a course fetched from a MongoDB, through the real driver."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bson import Int64, ObjectId
from mongo_server import CURSOR_LOST, REFUSED, Answer, Stub, cursor, listed, nobody_listening, serving, stubs
from pymongo import MongoClient

from edxtasks.config import Mongo, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.dumps import mongo2user_info
from edxtasks.dumps.mongo2user_info import OUTPUT_FILES, fetch
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.mongodb import NoServerError, ServerFaultError
from edxtasks.retired import Learner, Retired

COURSE = CourseKey("MITx", "6.00x", "1T2014")
OTHER = "MITx/6.00x/2T2014"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("mongo")) as uri:
        yield uri


COLLECTIONS: dict[str, list[dict[str, Any]]] = {
    "student_courseenrollment": [
        {
            "_id": 1,
            "user_id": 12,
            "course_id": str(COURSE),
            "created": datetime(2012, 3, 1, tzinfo=UTC),
            "is_active": 1,
        },
        {"_id": 2, "user_id": Int64(10), "course_id": COURSE.opaque, "created": "2012-03-02 00:00:00"},
        {"_id": 3, "user_id": 11, "course_id": OTHER},
    ],
    "certificates_generatedcertificate": [
        {"_id": 1, "user_id": 12, "course_id": str(COURSE), "grade": "0.9", "name": "Cy", "secret": "S3CRET"},
        {"_id": 2, "user_id": 5, "course_id": str(COURSE), "grade": "0.8"},
        {"_id": 3, "user_id": 6, "course_id": OTHER},
    ],
    "auth_user": [
        {"_id": 5, "username": "eve"},
        {"_id": 6, "username": "fay"},
        {"_id": 10, "username": "ann", "date_joined": datetime(2012, 1, 1, 0, 0, 0, 5000, tzinfo=UTC)},
        {"_id": 11, "username": "bob"},
        # As edX delivered it before 2015: the hash of the password, first and last name, what is obsolete.
        {
            "_id": 12,
            "username": "cy — ü",
            "email": "cy@example.org",
            "password": "pbkdf2_sha256$10000$S3CRET",
            "first_name": "S3CRET",
            "last_name": "S3CRET",
            "is_staff": 0,
            "is_superuser": 0,
        },
    ],
    "auth_userprofile": [
        {"_id": ObjectId("52c4a0000000000000000001"), "user_id": 10, "name": "Ann", "courses": [str(COURSE)]},
        {"_id": 2, "user_id": 11, "name": "Bob", "courses": [OTHER]},
        {"_id": 3, "user_id": 12, "name": "Cy", "courses": [OTHER, COURSE.opaque], "bio": "S3CRET"},
        {"_id": 4, "user_id": 5, "name": "Eve", "courses": [OTHER]},
    ],
}


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """A database with the four collections; gives its name."""
    name = "harvardxdb"
    with MongoClient[dict[str, Any]](server) as client:
        for collection, documents in COLLECTIONS.items():
            client[name][collection].insert_many([dict(document) for document in documents])
    yield name


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).split(b"\n") if line]


def test_the_four_files(server: str, database: str, tmp_path: Path) -> None:
    (tmp_path / "MITx-6.00x-1T2014").mkdir()
    settings = Settings(
        root=tmp_path, paths=Paths(course_sql_base_dir=tmp_path), mongo=Mongo(uri=server, dbname=database)
    )
    messages = Messages()
    paths = mongo2user_info.mongo2user_info(COURSE, settings, messages)
    folder = tmp_path / "MITx-6.00x-1T2014" / "from_mongodb"
    assert paths == tuple(folder / name for name in OUTPUT_FILES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(OUTPUT_FILES)
    # The course under either form of its key. Relaxed extended JSON: numbers plain, dates as ISO text.
    assert lines(folder / "enrollment.json.gz") == [
        {
            "_id": 1,
            "user_id": 12,
            "course_id": "MITx/6.00x/1T2014",
            "created": {"$date": "2012-03-01T00:00:00Z"},
            "is_active": 1,
        },
        {"_id": 2, "user_id": 10, "course_id": COURSE.opaque, "created": "2012-03-02 00:00:00"},
    ]
    assert [row["user_id"] for row in lines(folder / "certificates.json.gz")] == [12, 5]
    # Enrolled first, in the order of their enrolments, then who has a certificate only; each once.
    assert [row["_id"] for row in lines(folder / "users.json.gz")] == [12, 10, 5]
    # Only what is read: no password, not even a hash of one.
    assert lines(folder / "users.json.gz")[0] == {
        "_id": 12,
        "username": "cy — ü",
        "email": "cy@example.org",
        "is_staff": 0,
    }
    for path in paths:
        assert b"S3CRET" not in gzip.decompress(path.read_bytes())
    assert lines(folder / "certificates.json.gz")[0] == {
        "_id": 1,
        "user_id": 12,
        "course_id": str(COURSE),
        "grade": "0.9",
        "name": "Cy",
    }
    assert lines(folder / "users.json.gz")[1]["date_joined"] == {"$date": "2012-01-01T00:00:00.005Z"}
    profiles = lines(folder / "profiles.json.gz")
    assert sorted(row["name"] for row in profiles[:2]) == ["Ann", "Cy"]
    assert [row["name"] for row in profiles[2:]] == ["Eve"]
    assert {"$oid": "52c4a0000000000000000001"} in [row["_id"] for row in profiles]
    assert messages.lines == [
        "enrollment.json.gz: 2 documents, certificates.json.gz: 2 documents, users.json.gz: 3 documents, "
        "profiles.json.gz: 3 documents"
    ]


def test_many_users_come_in_batches(
    server: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = list(range(1000, 1050))
    with MongoClient[dict[str, Any]](server) as client:
        client[database]["student_courseenrollment"].insert_many(
            [{"_id": user, "user_id": user, "course_id": str(COURSE)} for user in reversed(users)]
        )
        client[database]["auth_user"].insert_many([{"_id": user} for user in users])
    monkeypatch.setattr(mongo2user_info, "_USERS_AT_A_TIME", 7)
    fetch(COURSE, Mongo(server, database), tmp_path, Messages())
    enrolled = [row["user_id"] for row in lines(tmp_path / "enrollment.json.gz")]
    assert [row["_id"] for row in lines(tmp_path / "users.json.gz")] == [*enrolled, 5]
    assert len(enrolled) == 52


def old_files(folder: Path) -> Callable[[], None]:
    """Four old files; what is given checks that they are still there, and nothing else."""
    for name in OUTPUT_FILES:
        (folder / name).write_bytes(b"old " + name.encode())

    def check() -> None:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            name: b"old " + name.encode() for name in OUTPUT_FILES
        }

    return check


def test_a_missing_collection_is_named(server: str, tmp_path: Path) -> None:
    check = old_files(tmp_path)
    with pytest.raises(InputError, match="the database nothing has no collection student_courseenrollment, "):
        fetch(COURSE, Mongo(server, "nothing"), tmp_path, Messages())
    check()


def test_no_server(tmp_path: Path) -> None:
    check = old_files(tmp_path)
    with nobody_listening() as host:
        uri = f"mongodb://ann:pa%24%24word@{host}/?serverSelectionTimeoutMS=200"
        with pytest.raises(NoServerError, match=f"MongoDB at {host}: no server answers there") as caught:
            fetch(COURSE, Mongo(uri, "db"), tmp_path, Messages())
    assert "pa%24%24word" not in str(caught.value)
    assert "ann" not in str(caught.value)
    check()


@pytest.mark.parametrize(
    "uri",
    [
        "http://ann:secret@host",
        "mongodb://ann:secret@host:port",
        "mongodb://",
    ],
)
def test_an_address_that_is_none(tmp_path: Path, uri: str) -> None:
    with pytest.raises(InputError, match=r"mongo\.uri cannot be used") as caught:
        fetch(COURSE, Mongo(uri, "db"), tmp_path, Messages())
    assert "secret" not in str(caught.value)


# Faults that a healthy server does not show: a stub of the wire protocol

StartStub = Callable[[Answer], Stub]


@pytest.fixture
def stub() -> Iterator[StartStub]:
    with stubs() as start:
        yield start


def test_wrong_credentials(stub: StartStub, tmp_path: Path) -> None:
    check = old_files(tmp_path)
    server = stub(lambda command: REFUSED)
    uri = f"mongodb://ann:s3cret@{server.host}/"
    with pytest.raises(InputError) as caught:
        fetch(COURSE, Mongo(uri, "db"), tmp_path, Messages())
    assert str(caught.value).startswith(f"MongoDB at {server.host}: the server refuses these credentials")
    assert "s3cret" not in str(caught.value)
    check()


def test_another_refusal_keeps_the_secret(stub: StartStub, tmp_path: Path) -> None:
    server = stub(
        lambda command: {"ok": 0.0, "code": 2, "codeName": "BadValue", "errmsg": "bad value s3cret"}
    )
    uri = f"mongodb://{server.host}/?authSource=s3cret"
    with pytest.raises(InputError, match="the server refused a request: BadValue \\(code 2\\)") as caught:
        fetch(COURSE, Mongo(uri, "db"), tmp_path, Messages())
    assert "s3cret" not in str(caught.value)  # nor anything else that the server says of what was asked


def paging(lost: dict[str, Any] | None) -> Answer:
    """Enrolments in two pages; asked for the second one, the server gives `lost`."""

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "listCollections" in command:
            return listed(*COLLECTIONS)
        if "find" in command:
            collection = command["find"]
            assert command["projection"].keys() == set(mongo2user_info.FIELDS[collection])
            if collection == "student_courseenrollment":
                return cursor(collection, [{"_id": 1, "user_id": 7, "course_id": str(COURSE)}], 77)
            if collection == "auth_user":
                return cursor(collection, [{"_id": user} for user in command["filter"]["_id"]["$in"]])
            return cursor(collection, [])
        if "getMore" in command:
            return lost
        return {"ok": 1.0}

    return answer


def test_pages_of_a_cursor(stub: StartStub, tmp_path: Path) -> None:
    second = cursor(
        "student_courseenrollment", [{"_id": 2, "user_id": 8, "course_id": str(COURSE)}], 0, "nextBatch"
    )
    server = stub(paging(second))
    fetch(COURSE, Mongo(f"mongodb://{server.host}/", "db"), tmp_path, Messages())
    assert [row["_id"] for row in lines(tmp_path / "users.json.gz")] == [7, 8]


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (CURSOR_LOST, "half-way"),
        (None, "the connection broke off"),
    ],
)
def test_a_cursor_lost_half_way(
    stub: StartStub, tmp_path: Path, lost: dict[str, Any] | None, told: str
) -> None:
    check = old_files(tmp_path)
    server = stub(paging(lost))
    with pytest.raises(InputError, match=f"MongoDB at {server.host}: .*{told}"):
        fetch(COURSE, Mongo(f"mongodb://{server.host}/", "db"), tmp_path, Messages())
    check()


def test_no_folder_is_left_where_there_are_no_records(stub: StartStub, tmp_path: Path) -> None:
    folder = tmp_path / "from_mongodb"
    with pytest.raises(ServerFaultError):
        fetch(COURSE, Mongo(f"mongodb://{stub(paging(None)).host}/", "db"), folder, Messages())
    with nobody_listening() as host, pytest.raises(NoServerError):
        fetch(COURSE, Mongo(f"mongodb://{host}/?serverSelectionTimeoutMS=200", "db"), folder, Messages())
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_in_time(stub: StartStub, tmp_path: Path) -> None:
    check = old_files(tmp_path)

    ended = threading.Event()

    def slow(command: dict[str, Any]) -> dict[str, Any] | None:
        if "find" in command:
            ended.wait(300)
        return paging(None)(command)

    server = stub(slow)
    uri = f"mongodb://{server.host}/?socketTimeoutMS=1000&retryReads=false"
    with pytest.raises(NoServerError, match=r"no server answers there .*a request had no answer in time"):
        fetch(COURSE, Mongo(uri, "db"), tmp_path, Messages())
    ended.set()
    check()


def test_records_of_a_retired_learner_stay_there(server: str, database: str, tmp_path: Path) -> None:
    """By the user id, which is a long in one collection; by the address where the account has another id."""
    retired = Retired(b"fedcba9876543210fedcba9876543210").with_learners(
        [Learner("ann", 10), Learner("cyd", 99, ("cy@example.org",))]
    )
    fetch(COURSE, Mongo(uri=server, dbname=database), tmp_path / "m", Messages(), retired)
    assert [one["user_id"] for one in lines(tmp_path / "m" / "enrollment.json.gz")] == [12]
    assert [one["_id"] for one in lines(tmp_path / "m" / "users.json.gz")] == [5]
    assert [one["user_id"] for one in lines(tmp_path / "m" / "profiles.json.gz")] == [12, 5]
