"""A learner at Google: tables of BigQuery, files of a bucket with all versions, and what is kept of both.

Against a fake of the documented API, which has what emulators lack.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, fake_google

from edxtasks.retired import Learner, Retired
from edxtasks.retirement.cloud_places import BucketFiles, CloudTables
from edxtasks.retirement.looking import Looker
from edxtasks.retirement.removed import Made, Removed
from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.parquet import ParquetWarehouse

WHO = Learner("ann", 12, ("ann@x.org",))
ANN = Retired(b"fedcba9876543210fedcba9876543210").with_learners([WHO])
PATIENCE = Patience(initial=0.01, maximum=0.02, deadline=0.5)
OURS = {"edxtasks_stamp": "5" * 40}
COLUMNS = [("username", "STRING"), ("user_id", "INTEGER"), ("note", "STRING"), ("n", "INTEGER")]
OF_ANN: list[str | None] = ["ann", "12", None, "1"]
OF_OTHERS: list[list[str | None]] = [["ann.b", "120", "12 x annabel", "12"], ["bea", "13", None, "12"]]
MENTION: list[str | None] = ["bea", "13", "see ann", "1"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    with fake_google() as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield google


class Notes(dict[str, datetime]):
    """What goes by itself, in days from now."""

    def days(self) -> dict[str, int]:
        now = datetime.now(UTC)
        return {what: round((when - now) / timedelta(days=1)) for what, when in self.items()}


def swept_tables(fake: FakeGoogle, folder: Path, *, remove: bool) -> tuple[Removed, Notes]:
    service = Service("p", endpoint=fake.url, patience=PATIENCE)
    warehouse = BigQueryWarehouse(service, None, folder / "locks")
    removed, notes = Removed(), Notes()
    made = Made({"person_course", "forum", "frozen"}, ())
    CloudTables(warehouse, ANN, made, notes.__setitem__, remove).sweep(removed)
    return removed, notes


def put(fake: FakeGoogle, dataset: str, name: str, *rows: list[str | None], **more: object) -> None:
    fake.put_rows(dataset, name, COLUMNS, rows)
    fake.tables[dataset, name] |= {"labels": OURS, **more}


def test_tables_that_hold_a_learner_go_and_the_rest_is_told(fake: FakeGoogle, tmp_path: Path) -> None:
    put(fake, "c", "person_course", OF_ANN, *OF_OTHERS)
    put(fake, "c", "forum", *OF_OTHERS)
    put(fake, "c_logs", "tracklog_20140203", MENTION)
    put(fake, "c", "_edxtasks_aside_person_course", OF_ANN)
    put(fake, "c", "frozen", OF_ANN, labels={"edxtasks_stamp": "snapshot"})
    put(fake, "c", "of_somebody", OF_ANN, labels={})
    put(fake, "office", "name-with-hyphen", MENTION, labels={}, streamingBuffer={"estimatedRows": "1"})
    kept_until = datetime.now(UTC) + timedelta(days=30)
    moment = str(int(kept_until.timestamp() * 1000))
    put(fake, "c", "snap", OF_ANN, type="SNAPSHOT", expirationTime=moment)
    put(fake, "c", "view", OF_ANN, type="VIEW")
    put(fake, "c", "files", OF_ANN, type="EXTERNAL")
    fake.told_of_datasets["c_logs"] = {"maxTimeTravelHours": "48"}
    looked, notes = swept_tables(fake, tmp_path, remove=False)
    assert len(looked.left) == 8 and not looked.tables and not notes
    assert len(fake.tables) == 10
    removed, notes = swept_tables(fake, tmp_path, remove=True)
    assert removed.tables == [
        "c._edxtasks_aside_person_course", "c.person_course", "c_logs.tracklog_20140203"
    ]  # fmt: skip
    assert {table for _, table in fake.tables} == {
        "forum", "frozen", "of_somebody", "name-with-hyphen", "snap", "view", "files"
    }  # fmt: skip
    left = "\n".join(f"{what}, {reason}" for what, reason in removed.left.items())
    assert f"c.snap, a snapshot, kept until {kept_until:%Y-%m-%d}" in left
    assert "c.frozen, which no run makes again" in left and "c.of_somebody, which no run makes" in left
    assert "office.name-with-hyphen" in left and "90 minutes after they came" in left
    assert "c.files, its rows lie elsewhere" in left and "view" not in left
    assert notes.days() == {
        "results of queries that BigQuery keeps, p": 1,
        "history (time travel) of the dataset c": 7,
        "fail-safe of the dataset c, for Google alone": 14,
        "history (time travel) of the dataset c_logs": 2,
        "fail-safe of the dataset c_logs, for Google alone": 9,
    }
    # Neither names nor numbers are sent: BigQuery keeps the texts of queries for half a year.
    assert not fake.sent("POST", "/jobs") and not fake.sent("POST", "/queries")


def test_tables_again(fake: FakeGoogle, tmp_path: Path) -> None:
    put(fake, "c", "person_course", OF_ANN)
    swept_tables(fake, tmp_path, remove=True)
    removed, notes = swept_tables(fake, tmp_path, remove=True)
    assert removed == Removed() and not notes


def test_what_is_clean_by_the_look_afterwards_is_not_left() -> None:
    removed = Removed(left={"a": "no run makes it again", "b": "of the office"})
    looked = Removed(left={"a": "a table", "c": "a table"})
    assert removed.left_after(looked) == {"a": "no run makes it again", "c": "a table"}


# Buckets

CSV = b"username,grade\nann,1\nann.b,0.5\n"
KEPT = b"username,grade\nann.b,0.5\n"


def swept_files(folder: Path, *, remove: bool) -> tuple[Removed, Notes]:
    storage = GcsStorage("gs://b/campus", patience=PATIENCE)
    looker = Looker(ParquetWarehouse(folder / "warehouse"), ANN, [WHO])
    removed, notes = Removed(), Notes()
    (folder / "fetched").mkdir(exist_ok=True)
    BucketFiles(storage, ANN, looker, folder / "fetched", notes.__setitem__, remove).sweep(removed)
    assert not list((folder / "fetched").rglob("*.*"))
    return removed, notes


def test_files_of_a_bucket_and_their_versions(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.bucket = {
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": "864000"},
    }
    for name, content in {
        "campus/C/person_course.csv.gz": gzip.compress(CSV),
        "campus/C/page.html": b"<p>by ann</p>",
        "campus/C/DAILY/tracklog-2014-02-03.json.gz": gzip.compress(b'{"username":"ann"}\n'),
        "campus/C/other.csv": KEPT,
        "elsewhere/x.csv": CSV,
    }.items():
        fake.store(name, content)
    old = fake.store("campus/C/gone.html", b"ann@x.org")
    fake.older["campus/C/gone.html", old["generation"]] = (
        {**old, "timeDeleted": old["updated"]},
        b"ann@x.org",
    )
    del fake.objects["campus/C/gone.html"], fake.contents["campus/C/gone.html"]
    looked, _ = swept_files(tmp_path, remove=False)
    assert len(looked.left) == 4
    removed, notes = swept_files(tmp_path, remove=True)
    assert removed.left == {} and len(removed.files) == 4
    assert "gs://b/campus/C/gone.html, an older version" in removed.files
    assert fake.older == {}
    assert set(fake.contents) == {"campus/C/person_course.csv.gz", "campus/C/other.csv", "elsewhere/x.csv"}
    assert gzip.decompress(fake.contents["campus/C/person_course.csv.gz"]) == KEPT
    assert notes.days() == {"what was deleted from gs://b/campus, soft delete": 10}
    again, notes = swept_files(tmp_path, remove=True)
    assert again == Removed() and not notes


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"temporaryHold": True}, "under a hold: release it first"),
        ({"eventBasedHold": True}, "under a hold"),
        ({"retentionExpirationTime": "2099-02-03T04:05:06Z"}, "kept by retention until 2099-02-03 04:05 UTC"),
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.html"])
def test_what_a_bucket_has_to_keep_is_left_and_told(
    body: dict[str, object], told: str, name: str, fake: FakeGoogle, tmp_path: Path
) -> None:
    fake.store(f"campus/{name}", CSV).update(body)
    removed, _ = swept_files(tmp_path, remove=True)
    assert len(removed.left) == 1 and told in removed.left[f"gs://b/campus/{name}"] and not removed.files
    assert fake.contents[f"campus/{name}"] == CSV
    looked, _ = swept_files(tmp_path, remove=False)
    assert told in looked.left[f"gs://b/campus/{name}"]


@pytest.mark.parametrize(("policy", "days"), [({}, 7), ({"retentionDurationSeconds": "0"}, None)])
def test_soft_delete_of_a_bucket(
    policy: dict[str, str], days: int | None, fake: FakeGoogle, tmp_path: Path
) -> None:
    fake.bucket = {"softDeletePolicy": policy} if policy else {}
    fake.store("campus/x.html", b"ann")
    _, notes = swept_files(tmp_path, remove=True)
    assert list(notes.days().values()) == ([] if days is None else [days])


def test_an_account_that_may_not_ask_for_the_bucket(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.store("campus/x.html", b"ann")
    fake.fail("GET", "^/storage/v1/b/b$", 403, reason="forbidden", times=9)
    _, notes = swept_files(tmp_path, remove=True)
    assert notes.days() == {
        "what was deleted from gs://b/campus, soft delete (as usual: the account may not ask)": 7
    }
