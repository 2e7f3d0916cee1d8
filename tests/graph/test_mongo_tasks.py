"""mongo2gs and mongo2user_info as a person runs them: doit in a folder, a MongoDB behind it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doit_process import Ended, doit
from mongo_server import CURSOR_LOST, REFUSED, cursor, listed, nobody_listening, serving, stubs
from project import REPOSITORY
from pymongo import MongoClient

from edxtasks.dumps.mongo2user_info import OUTPUT_FILES
from edxtasks.warehouse.parquet import ParquetWarehouse

COURSE = "MITx/6.00x/1T2013"
DATASET = "MITx__6_00x__1T2013_logs"
WINDOW = ("start_date=2013-01-04", "end_date=2013-01-07")
CONFIGURATION = f"""
course_id_list = ["{COURSE}"]
[paths]
course_sql_base_dir = "SQL"
tracking_logs_directory = "L"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project without data."""
    shutil.copy(REPOSITORY / "dodo.py", tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("mongo")) as uri:
        yield uri


def event(time: str) -> dict[str, Any]:
    return {"course_id": COURSE, "time": time, "event_source": "server", "event_type": "/about", "event": ""}


def insert(server: str, collection: str, *documents: dict[str, Any]) -> None:
    with MongoClient[dict[str, Any]](server) as client:
        client["harvardxdb"][collection].insert_many(list(documents))


def shards(folder: Path) -> dict[str, int]:
    """Number of rows of each shard."""
    found = sorted((folder / "L" / "MITx__6.00x__1T2013").glob("*"))
    return {path.name[9:19]: gzip.decompress(path.read_bytes()).count(b"\n") for path in found}


def loaded(folder: Path) -> dict[str, int]:
    """Number of rows of each day table."""
    states = ParquetWarehouse(folder / "warehouse").states(DATASET)
    return {name: state.rows for name, state in states.items()}


def mongo2gs(folder: Path, uri: str, *words: str, status: int = 0) -> Ended:
    return doit(folder, f"mongo2gs:{COURSE}", *WINDOW, *words, status=status, EDXTASKS_MONGO_URI=uri)


def started(folder: Path, uri: str, *words: str) -> subprocess.Popen[bytes]:
    """doit in a process group of its own, to be killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "doit", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "EDXTASKS_MONGO_URI": uri},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_from_the_database_to_day_tables(folder: Path, server: str) -> None:
    insert(
        server,
        "tracking_log",
        event("2013-01-03T10:00:00.000000+00:00"),
        event("2013-01-04T10:00:00.000000+00:00"),
        event("2013-01-04T11:00:00.000000+00:00"),
        event("2013-01-06T10:00:00.000000+00:00"),
        event("2013-01-07T10:00:00.000000+00:00"),  # end_date is not included
    )
    ended = mongo2gs(folder, server)
    assert shards(folder) == {"2013-01-04": 2, "2013-01-06": 1}
    assert f"built   mongo2gs:{COURSE}: 3 rows, 2 dates" in ended.err
    assert "3 of 3 days have no shard: 2013-01-04 to 2013-01-06" in ended.err
    doit(folder, f"logs2bq:{COURSE}")
    assert loaded(folder) == {"tracklog_20130104": 2, "tracklog_20130106": 1}

    # Again: only the day without documents is asked for, and nothing is written.
    before = {path: path.stat().st_mtime_ns for path in (folder / "L").rglob("*.gz")}
    assert "1 of 3 days have no shard" in mongo2gs(folder, server).err
    assert {path: path.stat().st_mtime_ns for path in (folder / "L").rglob("*.gz")} == before
    fresh = doit(
        folder, "mongo2gs", "start_date=2013-01-04", "end_date=2013-01-05", EDXTASKS_MONGO_URI=server
    )
    assert fresh.out.decode().startswith("0 built, 1 fresh")

    # A late document, and a day that is wanted again.
    insert(server, "tracking_log", event("2013-01-04T12:00:00.000000+00:00"))
    again = ("start_date=2013-01-04", "end_date=2013-01-05", "force_recompute=1")
    doit(folder, "mongo2gs", *again, EDXTASKS_MONGO_URI=server)
    assert "1 changed day" in doit(folder, "logs2bq").err
    assert loaded(folder) == {"tracklog_20130104": 3, "tracklog_20130106": 1}


def test_another_collection_of_another_database(folder: Path, server: str) -> None:
    with MongoClient[dict[str, Any]](server) as client:
        client["mine"]["events"].insert_one(event("2013-01-04T10:00:00.000000+00:00"))
    mongo2gs(folder, server, "dbname=mine", "collection=events")
    assert shards(folder) == {"2013-01-04": 1}
    ended = mongo2gs(folder, server, "dbname=mine", "collection=event", status=1)
    assert "the database mine has no collection event" in ended.err


def test_a_day_that_breaks_off_fails_and_is_fetched_next_time(folder: Path) -> None:
    broken = True

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "find" in command:
            day = command["filter"]["time"]["$gte"][:10]
            return cursor("tracking_log", [event(f"{day}T10:00:00.000000+00:00")], int(day[-2:]))
        if "getMore" in command:
            if broken and command["getMore"] == 5:
                return CURSOR_LOST
            return cursor("tracking_log", [event("2013-01-05T11:00:00.000000+00:00")], 0, "nextBatch")
        return listed("tracking_log") if "listCollections" in command else {"ok": 1.0}

    with stubs() as start:
        server = start(answer)
        uri = f"mongodb://{server.host}/"
        ended = mongo2gs(folder, uri, status=1)
        assert f"2013-01-05: MongoDB at {server.host}: the server lost its place half-way" in ended.err
        assert shards(folder) == {"2013-01-04": 2, "2013-01-06": 2}
        broken = False
        assert "1 of 3 days have no shard" in mongo2gs(folder, uri).err
        assert shards(folder) == {"2013-01-04": 2, "2013-01-05": 2, "2013-01-06": 2}


def test_a_run_that_is_killed_leaves_whole_days(folder: Path) -> None:
    reached = threading.Event()
    go_on = threading.Event()

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "find" in command:
            day = command["filter"]["time"]["$gte"][:10]
            return cursor("tracking_log", [event(f"{day}T10:00:00.000000+00:00")], int(day[-2:]))
        if "getMore" in command:
            if command["getMore"] == 5 and not go_on.is_set():
                reached.set()
                go_on.wait(300)
            return cursor("tracking_log", [event("2013-01-05T11:00:00.000000+00:00")], 0, "nextBatch")
        return listed("tracking_log") if "listCollections" in command else {"ok": 1.0}

    with stubs() as start:
        uri = f"mongodb://{start(answer).host}/"
        process = started(folder, uri, "mongo2gs", *WINDOW)
        assert reached.wait(300)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        go_on.set()
        course = folder / "L" / "MITx__6.00x__1T2013"
        assert [path.name for path in course.glob("tracklog*")] == ["tracklog-2013-01-04.json.gz"]
        mongo2gs(folder, uri)
        assert shards(folder) == {"2013-01-04": 2, "2013-01-05": 2, "2013-01-06": 2}


def test_records_that_are_half_fetched_when_a_run_is_killed(folder: Path) -> None:
    course = folder / "SQL" / "MITx-6.00x-1T2013" / "from_mongodb"
    course.mkdir(parents=True)
    (course / "users.json.gz").write_bytes(b"old")
    reached = threading.Event()
    go_on = threading.Event()

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "find" in command:
            if command["find"] == "auth_user" and not go_on.is_set():
                reached.set()
                go_on.wait(300)
            user = {"_id": 7, "user_id": 7, "course_id": COURSE, "courses": [COURSE]}
            return cursor(command["find"], [user])
        collections = ("student_courseenrollment", "certificates_generatedcertificate", "auth_user")
        return listed(*collections, "auth_userprofile") if "listCollections" in command else {"ok": 1.0}

    with stubs() as start:
        uri = f"mongodb://{start(answer).host}/"
        process = started(folder, uri, f"mongo2user_info:{COURSE}")
        assert reached.wait(300)
        unfinished = sorted(path for path in course.iterdir() if path.name != "users.json.gz")
        # Records of learners, which nobody else may read before they are in their place.
        assert [stat.S_IMODE(path.stat().st_mode) for path in unfinished] == [0o600] * 4
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        go_on.set()
        assert (course / "users.json.gz").read_bytes() == b"old"
        doit(folder, f"mongo2user_info:{COURSE}", EDXTASKS_MONGO_URI=uri)
    assert sorted(path.name for path in course.iterdir()) == sorted(OUTPUT_FILES)
    assert list((folder / "state").rglob("run-*")) == []


@pytest.mark.parametrize(
    "line", [(f"mongo2gs:{COURSE}", *WINDOW), (f"mongo2user_info:{COURSE}",)], ids=["logs", "learners"]
)
def test_faults_name_the_host_and_never_the_password(folder: Path, line: tuple[str, ...]) -> None:
    (folder / "SQL" / "MITx__6.00x__1T2013").mkdir(parents=True)
    with stubs() as start:
        host = start(lambda command: REFUSED).host
        uri = f"mongodb://ann:s3cret@{host}/"
        refused = doit(folder, *line, status=1, EDXTASKS_MONGO_URI=uri)
    assert f"MongoDB at {host}: the server refuses these credentials" in refused.err
    with nobody_listening() as host:
        uri = f"mongodb://ann:s3cret@{host}/?serverSelectionTimeoutMS=200"
        gone = doit(folder, *line, status=1, EDXTASKS_MONGO_URI=uri)
    assert f"MongoDB at {host}: no server answers there" in gone.err
    for ended in (refused, gone):
        assert "s3cret" not in ended.err
        assert b"s3cret" not in ended.out
        assert "Traceback" not in ended.err
    assert shards(folder) == {}
    assert list(folder.rglob("*.json.gz")) == []


def test_without_a_log_directory_the_setting_is_named(folder: Path) -> None:
    (folder / "config" / "edxtasks.toml").write_text(f'course_id_list = ["{COURSE}"]\n')
    assert "tracking_logs_directory" in mongo2gs(folder, "mongodb://127.0.0.1:1/", status=1).err


def test_records_of_learners(folder: Path, server: str) -> None:
    insert(server, "student_courseenrollment", {"_id": 1, "user_id": 7, "course_id": COURSE})
    insert(server, "certificates_generatedcertificate", {"_id": 1, "user_id": 8, "course_id": COURSE})
    insert(server, "auth_user", {"_id": 7, "username": "ann"}, {"_id": 8, "username": "bob"})
    insert(server, "auth_userprofile", {"_id": 1, "user_id": 7, "courses": [COURSE]})
    words = (f"mongo2user_info:{COURSE}", "skip_if_exists=1")
    nowhere = doit(folder, *words, status=1, EDXTASKS_MONGO_URI=server)
    assert f"nowhere to put the records: {COURSE} has no directory" in nowhere.err
    course = folder / "SQL" / "MITx-6.00x-1T2013"
    course.mkdir(parents=True)
    ended = doit(folder, *words, EDXTASKS_MONGO_URI=server)
    assert f"built   mongo2user_info:{COURSE}: 4 files" in ended.err
    users = gzip.decompress((course / "from_mongodb" / "users.json.gz").read_bytes()).splitlines()
    assert [json.loads(line)["username"] for line in users] == ["ann", "bob"]
    assert b"0 built, 1 fresh" in doit(folder, *words, EDXTASKS_MONGO_URI=server).out


def test_no_set_of_tasks_asks_the_database(folder: Path) -> None:
    planned = doit(folder, "plan", "weekly").out.decode()
    assert "mongo" not in planned
