"""Shards made of documents of a MongoDB: which documents, which rows, and what a fault leaves."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from bson import Int64
from mongo_server import CURSOR_LOST, REFUSED, Answer, Stub, cursor, listed, nobody_listening, serving, stubs
from pymongo import MongoClient

from edxtasks.config import Mongo, Options, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.logs.layout import Layout
from edxtasks.logs.mongo_days import MongoLogs, fetch_days, unfinished, window
from edxtasks.logs.shards import shards
from edxtasks.logs.split import SplitOptions, split
from edxtasks.logs.stored import StoredShards
from edxtasks.messages import Messages
from edxtasks.mongodb import NoServerError
from edxtasks.outages import outages
from edxtasks.retired import Learner, Retired
from edxtasks.storage import LocalStorage

COURSE = CourseKey("MITx", "6.00x", "1T2013")
OTHER = CourseKey("MITx", "8.02x", "1T2013")
DAYS = [date(2013, 1, number) for number in (4, 5, 6, 7)]


def event(time: str, course: str = COURSE.slash, **members: Any) -> dict[str, Any]:
    return {
        "course_id": course,
        "time": time,
        "username": "ann",
        "event_source": "server",
        "event_type": "/about",
        "event": {"GET": {}},
        **members,
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("mongo")) as uri:
        yield uri


@pytest.fixture
def logs(server: str, tmp_path: Path, request: pytest.FixtureRequest) -> MongoLogs:
    """A collection of its own for each test, in a log directory of its own."""
    return MongoLogs(Mongo(server, "logs"), SplitOptions(tmp_path / "L"), request.node.name)


def insert(logs: MongoLogs, *documents: dict[str, Any]) -> None:
    with MongoClient[dict[str, Any]](logs.mongo.uri) as client:
        client[logs.mongo.dbname][logs.collection].insert_many(list(documents))


def rows(directory: Path, day: str) -> list[dict[str, Any]]:
    path = directory / COURSE.directory / f"tracklog-{day}.json.gz"
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def files(directory: Path) -> dict[str, bytes]:
    """What is in the folder of the course, by name."""
    folder = directory / COURSE.directory
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


def test_a_shard_for_each_day_with_documents(logs: MongoLogs) -> None:
    insert(
        logs,
        event("2013-01-03T23:59:59.999999+00:00", n="before"),
        # Times are compared as text: this one comes before 2013-01-04T00:00:00.000000, so it is of the 3rd.
        event("2013-01-04T00:00:00+00:00", n="midnight"),
        event("2013-01-04T00:00:00.000000+00:00", n="first"),
        event("2013-01-04T23:59:59.999999+00:00", n="last"),
        event("2013-01-04T12:00:00.5+00:00", "MITx/6.00x/2T2013", n="another course"),
        event("2013-01-06T10:00:00.250000+00:00", COURSE.opaque, event_js={}, n="opaque"),
        event("2013-01-07T00:00:00.000000+00:00", n="after"),
    )
    messages = Messages()
    directory = logs.options.directory
    assert fetch_days(COURSE, DAYS[:3], logs, None, messages) == (3, 2)
    assert sorted(files(directory)) == ["tracklog-2013-01-04.json.gz", "tracklog-2013-01-06.json.gz"]
    first, last = rows(directory, "2013-01-04")
    assert (first["time"], last["time"]) == (
        "2013-01-04T00:00:00.000000+00:00",
        "2013-01-04T23:59:59.999999+00:00",
    )
    # The id of the document and keys without a column are set aside.
    aside = json.loads(first["mongoid"])
    assert aside["n"] == "first"
    assert set(aside) == {"n", "old_mongoid"}
    assert first["event_struct"] == {"GET": "{}"}
    (only,) = rows(directory, "2013-01-06")
    assert only["course_id"] == "MITx/6.00x/1T2013"
    assert "event_js" not in only
    assert messages.lines == ["1 day without documents"]
    assert unfinished(COURSE, DAYS, directory, None) == [date(2013, 1, 5), date(2013, 1, 7)]


def test_such_shards_are_taken_over(logs: MongoLogs) -> None:
    insert(logs, event("2013-01-04T10:00:00.000000+00:00"), event("2013-01-04T09:00:00.000000+00:00"))
    fetch_days(COURSE, DAYS, logs, None, Messages())
    (shard,) = shards(logs.options.directory, COURSE)
    # 2013-01-04 is day 15709 since 1970: 30 + 5 leap days from 43 years of 365, and 3 days.
    midnight = (43 * 365 + 11 + 3) * 86_400_000_000
    assert shard.day == date(2013, 1, 4)
    assert (shard.rows, shard.min_time_us, shard.max_time_us) == (
        2,
        midnight + 9 * 3_600_000_000,
        midnight + 10 * 3_600_000_000,
    )


def test_documents_that_make_no_row_are_kept_and_counted(logs: MongoLogs) -> None:
    insert(logs, event("2013-01-04T10:00:00.000000+00:00"), event("2013-01-04Tsoon"))
    messages = Messages()
    assert fetch_days(COURSE, DAYS[:1], logs, None, messages) == (1, 1)
    rejects = Layout(logs.options.directory).rejects_of("mongo2gs-MITx__6.00x__1T2013-2013-01-04")
    (reject,) = [json.loads(line) for line in gzip.decompress(rejects.read_bytes()).splitlines()]
    assert (reject["line"], reject["reason"]) == (2, "bad_time")
    assert json.loads(reject["text"])["time"] == "2013-01-04Tsoon"
    assert messages.counts["rejects"] == 1
    assert messages.lines == [f"2013-01-04: 1 documents rejected (bad_time: 1): {rejects}"]


def test_too_many_rejects_fail_the_day(logs: MongoLogs) -> None:
    # 60 of 1 001 are more than the 5 % that are allowed of more than 1 000.
    insert(logs, *(event(f"2013-01-04Tsoon{number:03}") for number in range(60)))
    insert(logs, *(event(f"2013-01-04T10:00:00.{number:06}+00:00") for number in range(941)))
    insert(logs, event("2013-01-05T10:00:00.000000+00:00"))
    with pytest.raises(InputError, match="2013-01-04: 60 of 1001 documents were rejected"):
        fetch_days(COURSE, DAYS, logs, None, Messages())
    assert list(files(logs.options.directory)) == ["tracklog-2013-01-05.json.gz"]


def test_a_shard_that_is_there_is_left_alone_unless_it_is_wanted_again(logs: MongoLogs) -> None:
    directory = logs.options.directory
    insert(logs, event("2013-01-04T10:00:00.000000+00:00"), event("2013-01-05T10:00:00.000000+00:00"))
    fetch_days(COURSE, DAYS, logs, None, Messages())
    before = files(directory)
    (old,) = [shard for shard in shards(directory, COURSE) if shard.day.day == 4]
    insert(logs, event("2013-01-04T11:00:00.000000+00:00"))
    assert fetch_days(COURSE, DAYS, logs, None, Messages()) == (0, 0)
    assert files(directory) == before
    assert fetch_days(COURSE, DAYS[:1], logs, None, Messages(), again=True) == (2, 1)
    (new,) = [shard for shard in shards(directory, COURSE) if shard.day.day == 4]
    assert (old.rows, new.rows) == (1, 2)
    assert old.digest != new.digest
    # What is no more in the database goes.
    with MongoClient[dict[str, Any]](logs.mongo.uri) as client:
        client[logs.mongo.dbname][logs.collection].delete_many({"time": {"$lt": "2013-01-05"}})
    messages = Messages()
    fetch_days(COURSE, DAYS[:1], logs, None, messages, again=True)
    assert list(files(directory)) == ["tracklog-2013-01-05.json.gz"]
    assert messages.lines[0] == "2013-01-04: no documents any more, its shard was removed"
    assert [shard.day.day for shard in shards(directory, COURSE)] == [5]


def test_a_day_of_split_logs_is_not_fetched_too(logs: MongoLogs, tmp_path: Path) -> None:
    directory = logs.options.directory
    insert(logs, event("2013-01-04T10:00:00.000000+00:00"))
    fetch_days(COURSE, DAYS, logs, None, Messages())
    raw = tmp_path / "tracking.log"
    raw.write_text("".join(json.dumps(event(f"2013-01-0{n}T12:00:00.000000+00:00")) + "\n" for n in (4, 5)))
    split([raw], logs.options)
    # The split log adds to what came from the database.
    assert [row["time"][11:13] for row in rows(directory, "2013-01-04")] == ["10", "12"]
    before = files(directory)
    with pytest.raises(InputError) as caught:
        fetch_days(COURSE, DAYS[:2], logs, None, Messages(), again=True)
    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["2013-01-04", "2013-01-05"]
    assert files(directory) == before


def test_the_window_of_days() -> None:
    today = date(2014, 3, 2)

    def days(default_end: date | None = None, **options: Any) -> tuple[date, date, int]:
        found = window(Settings(default_end_date=default_end, options=Options(**options)), today)
        return found[0], found[-1], len(found)

    # From the first day up to, but not including, the last one. September 5 to January 1: 26 + 31 + 30 + 31.
    assert days(date(2013, 1, 1)) == (date(2012, 9, 5), date(2012, 12, 31), 118)
    assert days(start_date=date(2014, 2, 27)) == (date(2014, 2, 27), date(2014, 3, 1), 3)
    both = days(date(2013, 1, 1), start_date=date(2013, 1, 4), end_date=date(2013, 1, 6))
    assert both == (date(2013, 1, 4), date(2013, 1, 5), 2)
    same = Settings(options=Options(start_date=today, end_date=today))
    assert window(same, today) == []


def test_settings_and_options(tmp_path: Path) -> None:
    settings = Settings(
        root=tmp_path,
        paths=Paths(tracking_logs_directory=Path("L")),
        mongo_keep_local=7,
        max_reject_fraction=0.5,
    )
    logs = MongoLogs.from_settings(settings)
    assert (logs.collection, logs.keep_local) == ("tracking_log", 7)
    assert (logs.options.directory, logs.options.max_reject_fraction) == (tmp_path / "L", 0.5)


# Copies in storage


def test_shards_are_copied_and_only_the_newest_stay(logs: MongoLogs, tmp_path: Path) -> None:
    directory = logs.options.directory
    logs = MongoLogs(logs.mongo, logs.options, logs.collection, keep_local=2)
    insert(logs, *(event(f"{day}T10:00:00.000000+00:00") for day in DAYS))
    storage = LocalStorage(tmp_path / "bucket")
    messages = Messages()
    stored = StoredShards(storage, directory, COURSE)
    assert fetch_days(COURSE, DAYS, logs, stored, messages) == (4, 4)
    names = [f"MITx__6.00x__1T2013/DAILY/tracklog-{day}.json.gz" for day in DAYS]
    assert storage.list() == names
    assert sorted(files(directory)) == ["tracklog-2013-01-06.json.gz", "tracklog-2013-01-07.json.gz"]
    assert messages.lines == [
        f"4 shards copied to {tmp_path / 'bucket'}",
        "2 local copies removed (mongo_keep_local)",
    ]
    again = StoredShards(storage, directory, COURSE)
    assert unfinished(COURSE, DAYS, directory, again) == []
    # What the copies hold is known without fetching them.
    digests = {shard.day: shard.digest for shard in shards(directory, COURSE)}
    assert again.digest(DAYS[3]) == digests[DAYS[3]]
    assert again.digest(DAYS[0]) is not None


def test_a_copy_that_is_another_one_keeps_the_local_shard(logs: MongoLogs, tmp_path: Path) -> None:
    directory = logs.options.directory
    logs = MongoLogs(logs.mongo, logs.options, logs.collection, keep_local=0)
    insert(logs, *(event(f"{day}T10:00:00.000000+00:00") for day in DAYS[:2]))
    fetch_days(COURSE, DAYS[:1], logs, None, Messages())
    other = tmp_path / "other"
    other.write_bytes(b"other")
    storage = LocalStorage(tmp_path / "bucket")
    storage.put(other, "MITx__6.00x__1T2013/DAILY/tracklog-2013-01-04.json.gz")
    stored = StoredShards(storage, directory, COURSE)
    assert unfinished(COURSE, DAYS[:2], directory, stored) == DAYS[1:2]
    fetch_days(COURSE, DAYS[1:2], logs, stored, Messages())
    assert list(files(directory)) == ["tracklog-2013-01-04.json.gz"]


def test_a_shard_of_split_logs_is_never_removed(logs: MongoLogs, tmp_path: Path) -> None:
    directory = logs.options.directory
    logs = MongoLogs(logs.mongo, logs.options, logs.collection, keep_local=0)
    raw = tmp_path / "tracking.log"
    raw.write_text(json.dumps(event("2013-01-04T12:00:00.000000+00:00")) + "\n")
    split([raw], logs.options)
    insert(logs, event("2013-01-04T10:00:00.000000+00:00"), event("2013-01-05T10:00:00.000000+00:00"))
    stored = StoredShards(LocalStorage(tmp_path / "bucket"), directory, COURSE)
    assert fetch_days(COURSE, DAYS, logs, stored, Messages()) == (1, 1)
    assert stored.days() == set(DAYS[:2])
    assert list(files(directory)) == ["tracklog-2013-01-04.json.gz"]


# Faults


StartStub = Callable[[Answer], Stub]


@pytest.fixture
def stub() -> Iterator[StartStub]:
    with stubs() as start:
        yield start


def paged(second: dict[str, Any] | None, lost_day: str) -> Answer:
    """Each day in two pages of one document; the second one of `lost_day` is `second`."""

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "listCollections" in command:
            return listed("tracking_log")
        if "find" in command:
            assert command["filter"]["course_id"] == {"$in": [COURSE.slash, COURSE.opaque]}
            day = command["filter"]["time"]["$gte"][:10]
            number = int(day[-2:])
            return cursor("tracking_log", [event(f"{day}T10:00:00.000000+00:00")], number)
        if "getMore" in command:
            day = f"2013-01-{command['getMore']:02}"
            if day == lost_day:
                return second
            return cursor("tracking_log", [event(f"{day}T11:00:00.000000+00:00")], 0, "nextBatch")
        return {"ok": 1.0}

    return answer


def stubbed(server: Stub, tmp_path: Path) -> MongoLogs:
    return MongoLogs(Mongo(f"mongodb://{server.host}/", "db"), SplitOptions(tmp_path / "L"))


def test_all_pages_of_a_cursor(stub: StartStub, tmp_path: Path) -> None:
    logs = stubbed(stub(paged(None, "never")), tmp_path)
    assert fetch_days(COURSE, DAYS[:2], logs, None, Messages()) == (4, 2)
    assert [row["time"][11:13] for row in rows(tmp_path / "L", "2013-01-05")] == ["10", "11"]


@pytest.mark.parametrize(
    ("second", "told"),
    [(CURSOR_LOST, "the server lost its place half-way"), (None, "the connection broke off")],
)
def test_a_cursor_that_breaks_off_fails_its_day_alone(
    stub: StartStub, tmp_path: Path, second: dict[str, Any] | None, told: str
) -> None:
    server = stub(paged(second, "2013-01-05"))
    logs = stubbed(server, tmp_path)
    with pytest.raises(InputError, match=f"^2013-01-05: MongoDB at {server.host}: {told}") as caught:
        fetch_days(COURSE, DAYS[:3], logs, None, Messages())
    assert "\n" not in str(caught.value)
    assert sorted(files(tmp_path / "L")) == ["tracklog-2013-01-04.json.gz", "tracklog-2013-01-06.json.gz"]
    whole = stubbed(stub(paged(None, "never")), tmp_path)
    left = unfinished(COURSE, DAYS[:3], tmp_path / "L", None)
    assert left == [date(2013, 1, 5)]
    assert fetch_days(COURSE, left, whole, None, Messages()) == (2, 1)


def test_a_server_that_goes_away_ends_the_work(stub: StartStub, tmp_path: Path) -> None:
    whole = paged(None, "never")

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "find" in command and command["filter"]["time"]["$gte"].startswith("2013-01-05"):
            going.shutdown()
            going.server_close()
            return None
        return whole(command)

    going = stub(answer)
    uri = f"mongodb://{going.host}/?serverSelectionTimeoutMS=1000"
    logs = MongoLogs(Mongo(uri, "db"), SplitOptions(tmp_path / "L"))
    with pytest.raises(NoServerError) as caught:
        fetch_days(COURSE, DAYS, logs, None, Messages())
    broken, gone = str(caught.value).splitlines()
    assert broken.startswith(f"2013-01-05: MongoDB at {going.host}: the connection broke off")
    assert gone.startswith(f"2013-01-06: MongoDB at {going.host}: no server answers there")
    assert list(files(tmp_path / "L")) == ["tracklog-2013-01-04.json.gz"]


def test_a_server_that_falls_silent_ends_the_work(stub: StartStub, tmp_path: Path) -> None:
    """A day alone waits for it, and no other task."""
    whole, asked = paged(None, "never"), []
    ended = threading.Event()

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "getMore" in command:
            asked.append(command)
            if len(asked) == 2:
                ended.wait(300)
        return whole(command)

    server = stub(answer)
    mongo = Mongo(f"mongodb://{server.host}/?socketTimeoutMS=1000", "db")
    logs = MongoLogs(mongo, SplitOptions(tmp_path / "L"))
    silent = rf"^2013-01-05: MongoDB at {server.host}: no server answers there .*no answer in time[^\n]*$"
    with pytest.raises(NoServerError, match=silent):
        fetch_days(COURSE, DAYS, logs, None, Messages())
    assert len(asked) == 2
    assert list(files(tmp_path / "L")) == ["tracklog-2013-01-04.json.gz"]
    with pytest.raises(NoServerError, match="no server answers there since"):
        fetch_days(OTHER, DAYS, logs, None, Messages())
    assert len(asked) == 2, "it is not asked again so soon"
    ended.set()
    outages.forget()  # a minute later
    left = unfinished(COURSE, DAYS, tmp_path / "L", None)
    assert fetch_days(COURSE, left, logs, None, Messages()) == (2 * len(left), len(left))


def test_a_server_that_fails_each_day_is_not_asked_for_all(stub: StartStub, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(next(iter(command)))
        if "find" in command:
            return {"ok": 0.0, "code": 50, "codeName": "MaxTimeMSExpired", "errmsg": "s3cret"}
        return listed("tracking_log") if "listCollections" in command else {"ok": 1.0}

    days = [date(2013, 1, day) for day in range(1, 20)]
    with pytest.raises(InputError) as caught:
        fetch_days(COURSE, days, stubbed(stub(answer), tmp_path), None, Messages())
    *told, last = str(caught.value).splitlines()
    assert [line[:10] for line in told] == ["2013-01-01", "2013-01-02", "2013-01-03"]
    assert last == "16 days after it not asked for"
    assert asked.count("find") == 3
    assert "s3cret" not in str(caught.value)


def test_wrong_credentials(stub: StartStub, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        asked.append(next(iter(command)))
        return listed("tracking_log") if "listCollections" in command else REFUSED

    server = stub(answer)
    logs = MongoLogs(Mongo(f"mongodb://ann:s3cret@{server.host}/", "db"), SplitOptions(tmp_path / "L"))
    with pytest.raises(InputError) as caught:
        fetch_days(COURSE, DAYS, logs, None, Messages())
    assert f"MongoDB at {server.host}: the server refuses these credentials" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    # Where the database may be listed but not read, the first day tells enough.
    with pytest.raises(InputError, match=r"^2013-01-04: .*refuses these credentials[^\n]*$"):
        fetch_days(COURSE, DAYS, stubbed(server, tmp_path), None, Messages())
    assert asked.count("find") == 1
    assert files(tmp_path / "L") == {}


def test_no_server(tmp_path: Path) -> None:
    with nobody_listening() as host:
        uri = f"mongodb://ann:s3cret@{host}/?serverSelectionTimeoutMS=200"
        logs = MongoLogs(Mongo(uri, "db"), SplitOptions(tmp_path / "L"))
        with pytest.raises(NoServerError, match=f"MongoDB at {host}: no server answers") as caught:
            fetch_days(COURSE, DAYS, logs, None, Messages())
    assert "s3cret" not in str(caught.value)
    assert files(tmp_path / "L") == {}


def test_a_missing_collection_is_named(logs: MongoLogs) -> None:
    with pytest.raises(InputError, match=f"the database logs has no collection {logs.collection}"):
        fetch_days(COURSE, DAYS, logs, None, Messages())


def test_damaged_documents_are_rows_all_the_same(stub: StartStub, tmp_path: Path) -> None:
    """Numbers beyond what JSON holds, dates as the database keeps them, and text that is not UTF-8."""
    odd = event("2013-01-04T10:00:00.000000+00:00", session=Int64(2**62), page="p", event_type=float("nan"))

    def answer(command: dict[str, Any]) -> dict[str, Any] | None:
        if "listCollections" in command:
            return listed("tracking_log")
        return cursor("tracking_log", [odd]) if "find" in command else {"ok": 1.0}

    logs = stubbed(stub(answer), tmp_path)
    assert fetch_days(COURSE, DAYS[:1], logs, None, Messages()) == (1, 1)
    (row,) = rows(tmp_path / "L", "2013-01-04")
    assert row["session"] == str(2**62)


def test_rows_of_a_retired_learner_stay_there(logs: MongoLogs) -> None:
    insert(
        logs,
        event("2013-01-04T09:00:00.000000+00:00"),
        event("2013-01-04T10:00:00.000000+00:00", username="bea", context={"user_id": 7}),
        event("2013-01-04T11:00:00.000000+00:00", username="bea", page="/u/ann"),
        event("no time", n="of ann"),
    )
    retired = Retired(b"fedcba9876543210fedcba9876543210").with_learners([Learner("ann", 7)])
    options = replace(logs.options, retired=retired)
    assert fetch_days(COURSE, DAYS, replace(logs, options=options), None, Messages()) == (1, 1)
    [row] = rows(logs.options.directory, "2013-01-04")
    assert (row["username"], row["page"]) == ("bea", "/u/***")
