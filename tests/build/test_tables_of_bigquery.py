"""Tables on BigQuery: which of others are taken over, what a build would read, loads side by side.

Against a fake of its API.
"""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))
sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))

from google_fake import FakeGoogle, Plan, fake_google
from product_registry import product_registry
from split_site import Site, event

from edxtasks.build.adoption import NotAdoptedError, adopt_log_days, adopt_table
from edxtasks.build.context import Context
from edxtasks.build.estimates import estimate
from edxtasks.build.freshness import Status, check
from edxtasks.build.log_days import TRACKLOG_SCHEMA, check_log_days, load_log_days
from edxtasks.config import Options, Paths, Settings, Storage, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import QuotaError, UserError
from edxtasks.logs.shards import shards
from edxtasks.storage import LocalStorage
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.bigquery.schemas import fields
from edxtasks.warehouse.schema import Schema

COURSE = CourseKey("UnivX", "A", "1")
LOGS = COURSE.logs_dataset
REGISTRY = product_registry()


@pytest.fixture
def fake() -> Iterator[FakeGoogle]:
    """The service with the datasets of a course."""
    with fake_google() as google:
        google.datasets |= {COURSE.dataset, LOGS}
        yield google


@pytest.fixture
def context(fake: FakeGoogle, tmp_path: Path) -> Context:
    """A run on a log directory with shards of the 17th, a row, and the 18th, two."""
    site = Site(tmp_path)
    site.log("a.log", event("ann") + event("bob", day="2014-10-18") + event("cy", day="2014-10-18"))
    site.split()
    settings = Settings(
        root=tmp_path,
        paths=Paths(tracking_logs_directory=site.directory),
        warehouse=Warehouse(engine="bigquery", project_id="p"),
    )
    warehouse = BigQueryWarehouse(Service("p", endpoint=fake.url), None, tmp_path, loads_at_once=2)
    found = Context(settings, REGISTRY, warehouse, Digests(), (COURSE,))
    found.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
    return found


def put(fake: FakeGoogle, dataset: str, table: str, schema: Schema, rows: int) -> None:
    form = {"fields": [one.to_api_repr() for one in fields(schema)]}
    fake.put(dataset, table, {"schema": form, "numRows": str(rows)})


def put_day(fake: FakeGoogle, table: str, rows: int, times: list[int | None]) -> None:
    put(fake, LOGS, table, TRACKLOG_SCHEMA, rows)
    fake.answers.append((f"`p.{LOGS}.{table}`", [times]))


def adopting(context: Context) -> Any:
    return context.warehouse


def test_days_are_compared_with_their_shards(fake: FakeGoogle, context: Context) -> None:
    of_17, of_18 = shards(context.settings.paths.tracking_logs_directory, COURSE)  # type: ignore[arg-type]
    assert (of_17.rows, of_18.rows) == (1, 2)
    put_day(fake, "tracklog_20141016", 1, [1, 1])
    put_day(fake, "tracklog_20141017", 1, [of_17.min_time_us, of_17.max_time_us])
    put_day(fake, "tracklog_20141018", 3, [of_18.min_time_us, of_18.max_time_us])
    adopted, left = adopt_log_days(context, adopting(context), COURSE)
    assert adopted == {"tracklog_20141017": 1}
    assert left == {
        "tracklog_20141016": "it has no shard, where other days of the course have: it stays as it is",
        "tracklog_20141018": "it has 3 rows, its shard 2: it is loaded again",
    }
    verdict = check_log_days(context, COURSE)
    assert list(verdict.load) == ["tracklog_20141018"]
    state = context.log_days(COURSE)["tracklog_20141017"]
    assert (state.first_time, state.last_time) == (of_17.min_time_us, of_17.max_time_us)


def test_a_day_of_other_times_is_loaded_again(fake: FakeGoogle, context: Context) -> None:
    put_day(fake, "tracklog_20141017", 1, [1, 2])
    _, left = adopt_log_days(context, adopting(context), COURSE)
    told = "its first or last time is not that of its shard: it is loaded again"
    assert left == {"tracklog_20141017": told}


def test_days_without_any_shard_are_taken_as_they_stand(fake: FakeGoogle, context: Context) -> None:
    other = CourseKey("UnivX", "B", "1")
    fake.datasets.add(other.logs_dataset)
    put(fake, other.logs_dataset, "tracklog_20141017", TRACKLOG_SCHEMA, 7)
    fake.answers.append(("tracklog_20141017", [[5, 9]]))
    assert adopt_log_days(context, adopting(context), other) == ({"tracklog_20141017": 7}, {})
    state = context.log_days(other)["tracklog_20141017"]
    assert state.stamp is not None
    assert (state.rows, state.first_time, state.last_time) == (7, 5, 9)


def test_a_day_with_an_event_of_a_wrong_clock_notes_its_dates(fake: FakeGoogle, context: Context) -> None:
    other = CourseKey("UnivX", "B", "1")
    fake.datasets.add(other.logs_dataset)
    put(fake, other.logs_dataset, "tracklog_20141017", TRACKLOG_SCHEMA, 7)
    of_1970, of_2014 = 5, 16_360 * 86_400_000_000  # 2014-10-17, the 735 523rd day since 0001-01-01
    fake.answers.append(("UNIX_MICROS", [[of_1970, of_2014]]))
    fake.answers.append(("COUNT(*)", [["1970-01-01", 1], ["2014-10-17", 5], [None, 1]]))
    adopt_log_days(context, adopting(context), other)
    assert context.log_days(other)["tracklog_20141017"].event_dates == "719163_735523"


def test_a_table_with_rows_of_other_dates_is_left(fake: FakeGoogle, context: Context) -> None:
    of_17, of_18 = shards(context.settings.paths.tracking_logs_directory, COURSE)  # type: ignore[arg-type]
    put_day(fake, "tracklog_20141017", 1, [of_17.min_time_us, of_17.max_time_us])
    put_day(fake, "tracklog_20141018", 2, [of_18.min_time_us, of_18.max_time_us])
    adopt_log_days(context, adopting(context), COURSE)
    table = REGISTRY["pcday_ip_counts"]
    put(fake, COURSE.dataset, table.name, table.schema, 3)
    context.warehouse.refresh_all()
    counted = f"COUNT(*) FROM `p.{COURSE.dataset}.pcday_ip_counts`"
    fake.answers.append((counted, [["2014-10-17", 1], ["2014-10-19", 2]]))
    with pytest.raises(NotAdoptedError, match=r"^it has rows of dates that it would not have: 2014-10-19$"):
        adopt_table(context, adopting(context), table, COURSE)
    assert fake.labels(COURSE.dataset, table.name) == {}
    fake.answers.append((counted, [["2014-10-17", 1], ["2014-10-18", 2]]))
    adopt_table(context, adopting(context), table, COURSE)
    [script] = [one["query"] for one in fake.inserted() if "INSERT INTO" in one["query"]["query"]]
    days = next(one for one in script["queryParameters"] if one["name"] == "edxtasks_days")
    assert [one["value"] for one in days["parameterValue"]["arrayValues"]] == [
        date(2014, 10, 17).isoformat(),
        date(2014, 10, 18).isoformat(),
    ]


def test_a_table_of_the_predecessor_with_a_date_as_text_is_left_and_rebuilt(
    fake: FakeGoogle, context: Context
) -> None:
    of_17, of_18 = shards(context.settings.paths.tracking_logs_directory, COURSE)  # type: ignore[arg-type]
    put_day(fake, "tracklog_20141017", 1, [of_17.min_time_us, of_17.max_time_us])
    put_day(fake, "tracklog_20141018", 2, [of_18.min_time_us, of_18.max_time_us])
    adopt_log_days(context, adopting(context), COURSE)
    table = REGISTRY["video_stats_day"]
    theirs = Schema(
        tuple(
            dataclasses.replace(one, type="STRING" if one.name == "date" else one.type)
            for one in table.schema
        )
    )
    put(fake, COURSE.dataset, table.name, theirs, 3)
    context.warehouse.refresh_all()
    with pytest.raises(NotAdoptedError, match="date is STRING, not DATE"):
        adopt_table(context, adopting(context), table, COURSE)
    verdict = check(context, table, COURSE)
    assert (verdict.status, sorted(verdict.pending or ())) == (
        Status.STALE,
        [date(2014, 10, 17), date(2014, 10, 18)],
    )


def test_an_estimate_counts_bytes_and_the_least_that_is_billed(fake: FakeGoogle, context: Context) -> None:
    of_17, of_18 = shards(context.settings.paths.tracking_logs_directory, COURSE)  # type: ignore[arg-type]
    put_day(fake, "tracklog_20141017", 1, [of_17.min_time_us, of_17.max_time_us])
    put_day(fake, "tracklog_20141018", 2, [of_18.min_time_us, of_18.max_time_us])
    adopt_log_days(context, adopting(context), COURSE)
    jobs = len(fake.inserted())
    told = estimate(context, adopting(context), REGISTRY["pcday_ip_counts"], COURSE, every_date=False)
    # The fake says 4,096 bytes for each query; this is one, over two day tables.
    assert (told.bytes, told.largest) == (4096, 4096)
    assert told.billed == 4096 + 2 * 10_485_760
    assert told.dollars(2.0**40) == told.billed  # at a dollar a byte
    assert [one.get("dryRun") for one in fake.inserted()[jobs:]] == [True]


class Waiting(BigQueryWarehouse):
    """Loads only when two loads are under way."""

    both = threading.Barrier(2)

    def load(self, *given: Any) -> Any:
        self.both.wait(timeout=300)
        return super().load(*given)


def load_two_at_once(
    kind: type[BigQueryWarehouse],
    fake: FakeGoogle,
    context: Context,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Give the run a warehouse that loads two tables side by side."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake.url)
    bucket = GcsStorage("gs://b", "p")
    context.warehouse = kind(Service("p", endpoint=fake.url), lambda: bucket, folder, loads_at_once=2)


def test_log_days_are_loaded_side_by_side(
    fake: FakeGoogle, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_two_at_once(Waiting, fake, context, tmp_path, monkeypatch)
    fake.plans += [Plan(match="tracklog_20141017", rows=1), Plan(match="tracklog_20141018", rows=2)]
    told: list[tuple[int, int]] = []
    assert load_log_days(context, COURSE, progress=lambda done, of: told.append((done, of)))[:2] == (3, 2)
    assert told == [(1, 2), (2, 2)]
    assert {name: state.rows for name, state in context.log_days(COURSE).items()} == {
        "tracklog_20141017": 1,
        "tracklog_20141018": 2,
    }


def test_a_day_that_fails_leaves_the_others(
    fake: FakeGoogle, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_two_at_once(BigQueryWarehouse, fake, context, tmp_path, monkeypatch)
    # A row less than the shard has was loaded: the day keeps no stamp.
    fake.plans += [Plan(match="tracklog_20141017", rows=0), Plan(match="tracklog_20141018", rows=2)]
    with pytest.raises(UserError, match="tracklog_20141017: 1 row was expected, BigQuery loaded 0"):
        load_log_days(context, COURSE)
    assert list(check_log_days(context, COURSE).load) == ["tracklog_20141017"]


def test_a_quota_that_is_used_up_ends_the_loading_and_a_later_run_goes_on(
    fake: FakeGoogle, context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load jobs of a day are counted: once they are used up, each further one would be asked for in vain."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake.url)
    bucket = GcsStorage("gs://b", "p")
    context.warehouse = BigQueryWarehouse(Service("p", endpoint=fake.url), lambda: bucket, tmp_path)
    message = "Quota exceeded: Your project exceeded quota for imports per project."
    fake.plans.append(Plan(match="tracklog_20141017", error={"reason": "quotaExceeded", "message": message}))
    with pytest.raises(QuotaError, match=r"imports per project\..* 2 days are left for a later run$"):
        load_log_days(context, COURSE)
    assert len(fake.inserted()) == 1
    fake.plans += [Plan(match="tracklog_20141017", rows=1), Plan(match="tracklog_20141018", rows=2)]
    fake.told_of_datasets[LOGS] = {"defaultTableExpirationMs": str(86_400_000)}
    context.warehouse = BigQueryWarehouse(Service("p", endpoint=fake.url), lambda: bucket, tmp_path)
    rows, days, messages = load_log_days(context, COURSE)
    assert (rows, days) == (3, 2)
    assert [line for line in messages.lines if "expire after 1 day" in line]


@pytest.mark.parametrize(("bucket", "where"), [(None, "gs://usual"), ("gs://other", "gs://other")])
def test_files_of_reports_go_to_the_bucket_that_the_run_names(
    context: Context, fake: FakeGoogle, monkeypatch: pytest.MonkeyPatch, bucket: str | None, where: str
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake.url)
    settings = dataclasses.replace(
        context.settings, storage=Storage(gs_bucket="gs://usual"), options=Options(output_bucket=bucket)
    )
    run = Context(settings, REGISTRY, context.warehouse, Digests(), (COURSE,))
    assert (run.report_storage.where, run.storage.where) == (where, "gs://usual")
