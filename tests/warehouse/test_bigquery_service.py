"""What BigQuery promises and emulators lack: job ids, preconditions, limits, faults, conflicts.

Against a fake of the documented API, which keeps what it was sent.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google.oauth2.credentials import Credentials
from google_fake import FakeGoogle, Plan, fake_google

from edxtasks.config import Options, Settings, Storage
from edxtasks.config import Warehouse as Place
from edxtasks.errors import InputError, SettingsError, UserError
from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import BuildInfo, Dates, LogDays, Query, TableName, Tables
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.bigquery.sent import Sent, domain_of
from edxtasks.warehouse.bigquery.staged_files import Staged
from edxtasks.warehouse.checks import Check, CheckFailedError, TableChecks
from edxtasks.warehouse.rows import JsonLines, ParquetFiles
from edxtasks.warehouse.schema import Column, Schema, schema

PEOPLE = schema("username STRING -- who it is\nid INTEGER -- number")
NAME = TableName("MITx__2_03x__3T2013", "people")
NAMES = TableName(NAME.dataset, "names")
DAILY = TableName(NAME.dataset, "daily")
DAILY_SCHEMA = schema("date DATE -- the day\nn INTEGER -- events")
D1, D2 = date(2013, 9, 1), date(2013, 9, 2)
PATIENCE = Patience(initial=0.01, maximum=0.02, deadline=300, jobs=3)
BRIEF = replace(PATIENCE, deadline=0.5)
"""For faults that stay: with faults that pass, a busy machine could take as long."""

QUERY = Query(
    "SELECT username, -- STRING: who\nFROM people WHERE username != @word",
    {"people": Tables((NAME,), PEOPLE)},
    {"word": "x"},
    schema('username STRING -- who\\ "it" is'),
)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """Both services; the dataset of the course is there."""
    with fake_google() as google:
        google.datasets.add(NAME.dataset)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield google


@pytest.fixture
def warehouse(fake: FakeGoogle, tmp_path: Path) -> BigQueryWarehouse:
    """A warehouse on the fake."""
    return _open(fake, tmp_path)


def _open(fake: FakeGoogle, folder: Path, **more: Any) -> BigQueryWarehouse:
    rows, patience = more.pop("max_bad_rows", 0), more.pop("patience", PATIENCE)
    service = Service("p", endpoint=fake.url, patience=patience, **more)
    bucket = GcsStorage("gs://b", "p", patience=patience)
    return BigQueryWarehouse(service, lambda: bucket, folder / "locks", max_bad_rows=rows)


def _load(warehouse: BigQueryWarehouse, stamp: str = "s1") -> Any:
    return warehouse.load(NAME, PEOPLE, iter([{"username": "ada", "id": 1}]), BuildInfo(stamp))


def _folder(root: Path) -> str:
    """Where the files of a load lie on their way."""
    return f"_edxtasks/{NAME.dataset}/people/{domain_of(root / 'locks')}"


def _error(reason: str, message: str, location: str = "") -> dict[str, str]:
    return {"reason": reason, "message": message, "location": location}


class TestQueries:
    """A table made by a query."""

    def test_one_statement_carries_labels_and_descriptions(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        label = BuildInfo("s1", description='The "names"', parts={"recipe": "r1"})
        fake.plans.append(Plan(rows=7))
        state = warehouse.create(NAMES, QUERY, label)
        [config] = fake.inserted()
        sql = config["query"]["query"]
        assert sql.startswith("CREATE OR REPLACE TABLE `p.MITx__2_03x__3T2013.names` (\n")
        assert '`username` STRING OPTIONS (description = "who\\\\ \\"it\\" is")' in sql
        assert "CLUSTER BY `username`\n" in sql
        assert '("edxtasks_stamp", "s1")' in sql
        assert sql.endswith(
            "AS\nSELECT username, -- STRING: who\n"
            "FROM `p.MITx__2_03x__3T2013.people` AS `people` WHERE username != @word"
        )
        assert config["query"]["queryParameters"] == [
            {"name": "word", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "x"}}
        ]
        table = fake.tables[NAME.dataset, "names"]
        assert table["description"].startswith('The "names"\nBuilt ')
        assert "from 2,048 bytes" in table["description"]
        assert table["description"].endswith(QUERY.sql)
        assert warehouse.parts(NAMES) == {"recipe": "r1"}
        assert (state.stamp, state.version, state.rows) == ("s1", "s1", 7)
        assert warehouse.states(NAME.dataset)["names"] == state

    def test_a_rerun_finds_the_job_that_is_still_running(self, fake: FakeGoogle, tmp_path: Path) -> None:
        fake.plans.append(Plan(polls=3))
        fake.fail("GET", "/jobs/", 500, times=1_000_000)  # the first run loses sight of its job
        with pytest.raises(UserError, match=r"building .*names: Google's servers failed"):
            _open(fake, tmp_path, patience=BRIEF).create(NAMES, QUERY, BuildInfo("s1"))
        fake.faults.clear()
        [job_id] = fake.jobs
        assert fake.jobs[job_id]["status"]["state"] == "RUNNING"
        _open(fake, tmp_path).create(NAMES, QUERY, BuildInfo("s1"))
        assert list(fake.jobs) == [job_id]
        assert fake.job_ids() == [job_id, job_id]
        assert fake.labels(NAME.dataset, "names")["edxtasks_stamp"] == "s1"

    def test_a_rerun_takes_the_job_that_came_to_its_end_meanwhile(
        self, fake: FakeGoogle, tmp_path: Path
    ) -> None:
        fake.plans.append(Plan(polls=3))
        fake.fail("GET", "/jobs/", 500, times=1_000_000)
        with pytest.raises(UserError):
            _open(fake, tmp_path, patience=BRIEF).create(NAMES, QUERY, BuildInfo("s1"))
        fake.faults.clear()
        again = _open(fake, tmp_path)
        assert dict(again.states(NAME.dataset)) == {}
        fake.finish(next(iter(fake.jobs)))
        again.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(fake.jobs) == 1

    def test_a_lost_answer_starts_no_second_job(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.fail("POST", "/jobs$", 503, reason="backendError", after=True)
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(fake.jobs) == 1
        assert len(fake.sent("POST", "/jobs$")) == 2

    def test_a_job_of_before_that_was_overwritten_is_not_taken_for_done(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        for stamp in ("s1", "s2", "s1"):
            warehouse.create(NAMES, QUERY, BuildInfo(stamp))
            assert fake.labels(NAME.dataset, "names")["edxtasks_stamp"] == stamp
        assert len(fake.jobs) == 3

    def test_a_table_that_was_deleted_by_hand_is_built_again(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        del fake.tables[NAME.dataset, "names"]
        warehouse.refresh_all()
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert warehouse.states(NAME.dataset)["names"].stamp == "s1"
        first, again, second = fake.job_ids()
        assert first == again and first.endswith("_0") and second == f"{first[:-1]}1"

    def test_a_failed_job_is_begun_again_under_another_id(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.plans += [
            Plan(error=_error("backendError", "try again")),
            Plan(error=_error("jobRateLimitExceeded", "slower")),
        ]
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert [job_id[-2:] for job_id in fake.job_ids()] == ["_0", "_1", "_2"]
        assert fake.labels(NAME.dataset, "names")["edxtasks_stamp"] == "s1"

    def test_a_fault_that_stays_is_told(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.plans += [Plan(error=_error("backendError", "try again")) for _ in range(9)]
        with pytest.raises(UserError, match=r"Google's servers failed again and again \(backendError\)"):
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(fake.jobs) == 1 + PATIENCE.jobs
        assert (NAME.dataset, "names") not in fake.tables

    def test_a_rate_limit_of_requests_is_waited_for(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.fail("POST", "/jobs$", 403, reason="rateLimitExceeded", times=2)
        fake.fail("PATCH", "/tables/names", 429, reason="rateLimitExceeded")
        fake.fail("GET", "/tables/names", 502)
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(set(fake.job_ids())) == 1

    def test_a_quota_is_named_and_not_waited_for(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        message = "Quota exceeded: Your project exceeded quota for free query bytes scanned."
        fake.plans.append(Plan(error=_error("quotaExceeded", message, "unbilled.analysis")))
        with pytest.raises(
            UserError, match=r"a quota is used up \(unbilled.analysis\): .* query bytes scanned"
        ):
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        fake.fail(
            "POST", "/jobs$", 403, reason="quotaExceeded", message="imports per project", location="x.y"
        )
        with pytest.raises(UserError, match=r"a quota is used up \(x.y\): imports per project"):
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(fake.jobs) == 1

    def test_a_slow_job_is_waited_for(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.plans.append(Plan(polls=4))
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert len(fake.sent("GET", "/jobs/")) >= 4

    def test_a_query_that_is_refused_is_a_defect_and_shows_no_value(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.plans.append(Plan(error=_error("invalidQuery", "Bad int64 value: ada@example.org at [3:4]")))
        with pytest.raises(RuntimeError) as caught:
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert "ada@" not in str(caught.value) and "[3:4]" in str(caught.value)

    def test_the_limit_of_bytes_is_sent_and_told(self, fake: FakeGoogle, tmp_path: Path) -> None:
        warehouse = _open(fake, tmp_path, maximum_bytes_billed=1_000)
        message = "Query exceeded limit for bytes billed: 1000. 10485760 or higher required."
        fake.plans.append(Plan(error=_error("bytesBilledLimitExceeded", message)))
        with pytest.raises(UserError, match=r"10485760 or higher required. .*maximum_bytes_billed"):
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert fake.inserted()[0]["query"]["maximumBytesBilled"] == "1000"

    def test_the_limit_is_a_setting_and_no_matter_for_estimates(
        self, fake: FakeGoogle, tmp_path: Path
    ) -> None:
        place = Place(
            engine="bigquery",
            project_id="p",
            api_endpoint=fake.url,
            maximum_bytes_billed=1000,
            parallel_loads=3,
        )
        opened = open_warehouse(Settings(root=tmp_path, warehouse=place))
        assert isinstance(opened, BigQueryWarehouse) and opened.loads_at_once == 3
        opened.estimate(QUERY)
        opened.create(NAMES, QUERY, BuildInfo("s1"))
        asked, made = fake.inserted()
        assert "maximumBytesBilled" not in asked["query"]
        assert made["query"]["maximumBytesBilled"] == "1000"

    def test_an_estimate_runs_nothing(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        assert warehouse.estimate(QUERY) == 4096
        assert fake.jobs == {}
        assert fake.inserted()[0]["dryRun"] is True

    def test_a_table_of_other_clustering_is_replaced_from_beside(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.put(NAME.dataset, "names", {"clustering": {"fields": ["grade"]}, "numRows": "5"})
        fake.plans.append(Plan(rows=7))
        warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert set(fake.tables) == {(NAME.dataset, "names")}
        table = fake.tables[NAME.dataset, "names"]
        assert (table["clustering"], table["numRows"]) == ({"fields": ["username"]}, "7")
        assert warehouse.states(NAME.dataset)["names"].stamp == "s1"

    def test_a_table_of_other_clustering_stays_when_the_query_fails(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.put(NAME.dataset, "names", {"clustering": {"fields": ["grade"]}, "numRows": "5"})
        fake.plans.append(Plan(error=_error("resourcesExceeded", "too much")))
        with pytest.raises(UserError, match="needs more than BigQuery gives"):
            warehouse.create(NAMES, QUERY, BuildInfo("s1"))
        assert fake.tables[NAME.dataset, "names"]["numRows"] == "5"


class TestLoads:
    """A table loaded from files."""

    def test_the_road_of_a_load(self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path) -> None:
        fake.plans.append(Plan(rows=1))
        state = _load(warehouse)
        [config] = fake.inserted()
        load = config["load"]
        assert load["schema"]["fields"][0]["description"] == "who it is"
        assert [(f["name"], f["type"]) for f in load["schema"]["fields"]] == [
            ("username", "STRING"),
            ("id", "INTEGER"),
        ]
        assert load["writeDisposition"] == "WRITE_TRUNCATE"
        assert load["sourceFormat"] == "NEWLINE_DELIMITED_JSON"
        [uri] = load["sourceUris"]
        assert uri == f"gs://b/{_folder(tmp_path)}/s1-0.json.gz"
        assert fake.objects == {}  # what was only made for the load does not stay
        assert (state.stamp, state.rows) == ("s1", 1)
        assert warehouse.states(NAME.dataset)["people"] == state

    def test_lists_in_parquet_files_are_read_as_lists(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path
    ) -> None:
        """Without this option the service makes a record of a record of a list."""
        columns = schema("n INTEGER\ntags REPEATED STRING")
        path = tmp_path / "lists.parquet"
        path.write_bytes(b"PAR1")
        fake.plans.append(Plan(rows=1))
        warehouse.load(NAME, columns, ParquetFiles((path,)), BuildInfo("s1"))
        [config] = fake.inserted()
        assert [field.get("mode") for field in config["load"]["schema"]["fields"]] == ["NULLABLE", "REPEATED"]
        assert config["load"]["parquetOptions"] == {"enableListInference": True}

    def test_the_stamp_goes_before_the_load_and_comes_after_it(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        _load(warehouse, "s1")
        fake.requests.clear()
        _load(warehouse, "s2")
        steps = [
            (one.method, one.body.get("labels", {}).get("edxtasks_stamp", "-"))
            for one in fake.requests
            if one.method == "PATCH" or one.path.endswith("/jobs")
        ]
        assert steps == [("PATCH", None), ("POST", "-"), ("PATCH", "s2")]

    def test_killed_between_load_and_label_the_table_is_stale_and_the_load_is_not_repeated(
        self, fake: FakeGoogle, tmp_path: Path
    ) -> None:
        _load(_open(fake, tmp_path), "s1")
        fake.plans.append(Plan(rows=1))
        fake.fail("GET", "/jobs/", 500, times=1_000_000)
        fake.plans[0].polls = 1
        with pytest.raises(UserError):
            _load(_open(fake, tmp_path, patience=BRIEF), "s2")
        fake.faults.clear()
        second = list(fake.jobs)[1]
        fake.finish(second)
        again = _open(fake, tmp_path)
        assert again.states(NAME.dataset)["people"].stamp is None
        _load(again, "s2")
        assert len(fake.jobs) == 2
        assert fake.labels(NAME.dataset, "people")["edxtasks_stamp"] == "s2"

    def test_killed_in_a_first_load_it_is_not_repeated(self, fake: FakeGoogle, tmp_path: Path) -> None:
        fake.plans.append(Plan(rows=1, polls=1))
        fake.fail("GET", "/jobs/", 500, times=1_000_000)
        with pytest.raises(UserError):
            _load(_open(fake, tmp_path, patience=BRIEF))
        fake.faults.clear()
        fake.finish(next(iter(fake.jobs)))
        _load(_open(fake, tmp_path))
        assert len(fake.jobs) == 1
        assert fake.labels(NAME.dataset, "people")["edxtasks_stamp"] == "s1"

    def test_another_stamp_loaded_after_a_kill_is_not_taken_for_the_first(
        self, fake: FakeGoogle, tmp_path: Path
    ) -> None:
        """s1 is loaded and its run killed before the label; s2 is loaded, killed too; then s1 again."""
        for stamp in ("s1", "s2"):
            fake.plans.append(Plan(rows=1, polls=1))
            fake.fail("GET", "/jobs/", 500, times=1_000_000)
            with pytest.raises(UserError):
                _load(_open(fake, tmp_path, patience=BRIEF), stamp)
            fake.faults.clear()
            fake.finish(list(fake.jobs)[-1])
        _load(_open(fake, tmp_path), "s1")
        assert len(fake.jobs) == 3  # the rows of s2 stood in the table

    def test_a_failed_load_leaves_the_table_as_it_was(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        before = _load(warehouse, "s1")
        fake.plans.append(Plan(error=_error("notFound", "Not found: URI gs://b/x")))
        with pytest.raises(UserError, match="not found: Not found: URI"):
            _load(warehouse, "s2")
        warehouse.refresh_all()
        assert warehouse.states(NAME.dataset)["people"] == before

    def test_a_refused_row_is_named_by_file_line_and_column(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path
    ) -> None:
        path = tmp_path / "people.json.gz"
        lines = [b'{"username":"ada","id":1}\n', b'{"username":"eve","id":"secret"}\n']
        path.write_bytes(gzip.compress(b"".join(lines)))
        uri = f"gs://b/{_folder(tmp_path)}/s1-0.json.gz"
        summary = _error(
            "invalid",
            "Error while reading data, error message: JSON table encountered too many errors, giving up. "
            f"Rows: 2; errors: 1. Please look into the errors[] collection for more details. File: {uri}",
            uri,
        )
        row = _error(
            "invalid",
            "Error while reading data, error message: JSON parsing error in row starting at position "
            f"{len(lines[0])}: Could not convert value to integer. Field: id; Value: secret File: {uri}",
        )
        fake.plans.append(Plan(error=summary, errors=[summary, row]))
        with pytest.raises(InputError) as caught:
            warehouse.load(NAME, PEOPLE, JsonLines((path,)), BuildInfo("s1"))
        assert str(caught.value).startswith(f"{path}, line 2, column id: the value is not an integer.")
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("message", "told"),
        [
            ("No such field: nickname.", "column nickname: the table has no such column"),
            (
                "Could not parse 'secret' as TIMESTAMP for field time (position 0) starting at location 0",
                "column time: the value is not a TIMESTAMP",
            ),
            ("Parser terminated before end of string", "line 1: the line is not a JSON object"),
            ("something new: secret", "line 1: the row does not fit the columns"),
        ],
    )
    def test_faults_of_rows_in_words(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path, message: str, told: str
    ) -> None:
        uri = f"gs://b/{_folder(tmp_path)}/s1-0.json.gz"
        text = "Error while reading data, error message: JSON parsing error in row starting at position 0: "
        fake.plans.append(Plan(error=_error("invalid", text + message, uri)))
        with pytest.raises(InputError) as caught:
            _load(warehouse)
        assert told in str(caught.value) and "secret" not in str(caught.value)
        assert fake.objects == {}

    def test_what_killed_runs_have_sent_goes_and_that_of_other_machines_stays(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path
    ) -> None:
        left = f"{_folder(tmp_path)}/s0-0.json.gz"
        another = f"_edxtasks/{NAME.dataset}/people/{domain_of(tmp_path / 'elsewhere')}/s1-0.json.gz"
        for name in (left, another):
            fake.store(name, b"of another run")
        fake.plans.append(Plan(rows=1))
        _load(warehouse)
        assert list(fake.objects) == [another]

    def test_a_file_that_somebody_removed_is_told(self, fake: FakeGoogle, tmp_path: Path) -> None:
        sent = Sent(GcsStorage("gs://b", "p", patience=PATIENCE), NAME, "d", "s1")
        (tmp_path / "rows").write_bytes(b"rows")
        sent.send(Staged(tmp_path / "rows", f"{sent.beginning}-0", stays=False))
        assert sent.gone() is None
        fake.objects.clear()
        assert "s1-0 was sent, and somebody removed it before" in str(sent.gone())

    def test_rows_that_are_missing_are_told(self, fake: FakeGoogle, tmp_path: Path) -> None:
        path = tmp_path / "people.json"
        path.write_text('{"username":"ada"}\n')
        label = BuildInfo("s1", rows=3, version="v1")
        fake.plans.append(Plan(rows=2))
        with pytest.raises(UserError, match="3 rows were expected, BigQuery loaded 2"):
            _open(fake, tmp_path).load(NAME, PEOPLE, JsonLines((path,)), label)
        assert "edxtasks_stamp" not in fake.labels(NAME.dataset, "people")
        fake.plans.append(Plan(rows=2))
        lenient = _open(fake, tmp_path, max_bad_rows=1)
        assert lenient.load(NAME, PEOPLE, JsonLines((path,)), label).rows == 2
        assert fake.inserted()[-1]["load"]["maxBadRecords"] == 1

    def test_a_log_day_goes_where_shards_are_kept_and_stays(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse, tmp_path: Path
    ) -> None:
        path = tmp_path / "MITx__2.03x__3T2013" / "tracklog-2013-09-01.json.gz"
        path.parent.mkdir()
        path.write_bytes(gzip.compress(b'{"username":"ada"}\n'))
        name = TableName("MITx__2_03x__3T2013_logs", "tracklog_20130901")
        fake.plans.append(Plan(rows=1))
        label = BuildInfo("s1", "v1", 1, -5, 1_378_000_000_000_000)
        warehouse.load(name, PEOPLE, JsonLines((path,)), label)
        assert list(fake.objects) == ["MITx__2.03x__3T2013/DAILY/tracklog-2013-09-01.json.gz"]
        state = warehouse.states(name.dataset)[name.table]
        assert (state.version, state.first_time, state.last_time) == ("v1", -5, 1_378_000_000_000_000)
        fake.requests.clear()
        warehouse.load(name, PEOPLE, JsonLines((path,)), BuildInfo("s2"))
        assert fake.sent("POST", "/upload/") == []  # the same content is there

    def test_a_version_that_is_no_label_becomes_one(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        state = warehouse.load(NAME, PEOPLE, iter([]), BuildInfo("s1", version="12:345"))
        assert len(state.version) == 40
        assert warehouse.states(NAME.dataset)["people"].version == state.version

    def test_two_runs_at_once_end_without_a_stamp(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        _load(warehouse, "s1")

        def other() -> None:
            fake.tables[NAME.dataset, "people"]["labels"] |= {"edxtasks_run": "other", "edxtasks_stamp": "s9"}

        fake.plans.append(Plan(rows=1, then=other))
        with pytest.raises(UserError, match="another run has built the table at the same time"):
            _load(warehouse, "s2")
        assert "edxtasks_stamp" not in fake.labels(NAME.dataset, "people")

    def test_a_label_that_somebody_changed_in_between_is_not_overwritten(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        _load(warehouse, "s1")
        fake.fail("PATCH", "/tables/people", 412, reason="conditionNotMet", message="Precondition Failed")
        with pytest.raises(UserError, match="somebody else changed the table at the same moment"):
            warehouse.forget(NAME)
        fake.fail("PATCH", "/tables/people", 412, reason="conditionNotMet", after=True)
        assert warehouse.forget(NAME) is True  # refused the second time, since the first had arrived

    def test_without_a_bucket_nothing_is_loaded(self, fake: FakeGoogle, tmp_path: Path) -> None:
        warehouse = BigQueryWarehouse(Service("p", endpoint=fake.url), None, tmp_path)
        with pytest.raises(SettingsError, match="gs_bucket"):
            _load(warehouse)


class TestChecks:
    """Rows are counted before they replace a table."""

    COUNTED = "GROUP BY `username`"

    def test_a_table_is_built_beside_counted_and_put_in_its_place(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        _load(warehouse)
        fake.answers.append((self.COUNTED, [[2, 3]]))
        checks = TableChecks("names", ("username",))
        for _ in range(2):  # a second try with the same stamp is built and counted again
            with pytest.raises(CheckFailedError, match=r"several for 2 of them: 5 rows"):
                warehouse.create(NAMES, QUERY, BuildInfo("s1"), checks)
            assert sorted(name for _, name in fake.tables) == ["people"]
        fake.answers.append((self.COUNTED, [[0, 0]]))
        assert warehouse.create(NAMES, QUERY, BuildInfo("s1"), checks).stamp == "s1"
        assert sorted(name for _, name in fake.tables) == ["names", "people"]
        texts = [one["query"]["query"] for one in fake.inserted() if "query" in one]
        asked = [text for text in texts if self.COUNTED in text]
        assert len(asked) == 3
        assert "FROM `p.MITx__2_03x__3T2013._edxtasks_new_names` AS edxtasks_rows" in asked[-1]

    def test_a_script_counts_before_its_transaction_and_fails(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        """BigQuery says what ERROR was given, and where it stands in the script."""
        query = Query("SELECT date, n FROM days", {"days": Tables((NAME,), DAILY_SCHEMA)}, {}, DAILY_SCHEMA)
        low = Check("low", "n < @most", error=True)
        checks = TableChecks("daily", ("date",), (low, Check("told", "n > 0")), {}, {"most": 5})
        work = [Dates(query, {D1: "a"})]
        fake.plans.append(
            Plan(error=_error("invalidQuery", "Query error: edxtasks check failed: 1:7,3,0 at [9:1]"))
        )
        with pytest.raises(
            CheckFailedError, match="daily: check low: broken by 3 of 7 rows; expected: n < @most"
        ):
            warehouse.create_dates(DAILY, DAILY_SCHEMA, "date", work, [], BuildInfo("s"), checks)
        script = fake.inserted()[-1]["query"]
        before, _, _ = script["query"].partition("BEGIN TRANSACTION;")
        assert before.count("SELECT IF(") == 2
        assert "FROM edxtasks_fresh AS edxtasks_rows" in before
        assert "n < @most" in before
        assert "most" in [one["name"] for one in script["queryParameters"]]


class TestDates:
    """Tables by date."""

    def _build(self, warehouse: BigQueryWarehouse, stamps: dict[date, str] | None) -> Any:
        low, high = 0, 1 << 62
        tables = ("tracklog_20130901", "tracklog_20130902")
        query = Query(
            "SELECT date, -- DATE: the day\nn, -- INTEGER: events\nFROM tracklog",
            {"tracklog": LogDays("MITx__2_03x__3T2013_logs", tables, DAILY_SCHEMA, low, high)},
            {},
            DAILY_SCHEMA,
        )
        return warehouse.create_dates(
            DAILY, DAILY_SCHEMA, "date", [Dates(query, stamps)], [], BuildInfo("recipe")
        )

    def test_data_and_stamps_change_in_one_transaction(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        self._build(warehouse, {D1: "a1", D2: "a2"})
        table = fake.tables[NAME.dataset, "daily"]
        assert table["timePartitioning"]["field"] == "date"
        assert table["schema"]["fields"][0]["description"] == "the day"
        script = fake.inserted()[0]["query"]
        before, _, transaction = script["query"].partition("BEGIN TRANSACTION;\n")
        assert before.startswith("CREATE OR REPLACE TEMP TABLE edxtasks_fresh AS SELECT `date`, `n` FROM (\n")
        assert "FROM `p.MITx__2_03x__3T2013_logs.tracklog_2013090*`" in before
        assert [
            line.split(" ")[0]
            for line in transaction.splitlines()
            if line[:6] in {"DELETE", "INSERT", "COMMIT"}
        ] == [
            "DELETE",
            "INSERT",
            "INSERT",
            "COMMIT",
        ]
        assert "INSERT INTO `p.MITx__2_03x__3T2013._edxtasks_stamps`" in transaction
        values = {one["name"]: one["parameterValue"]["arrayValues"] for one in script["queryParameters"]}
        assert values == {
            "edxtasks_days": [{"value": "2013-09-01"}, {"value": "2013-09-02"}],
            "edxtasks_stamps": [{"value": "a1"}, {"value": "a2"}],
        }

    def test_the_stamps_of_another_series_do_not_hold(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        self._build(warehouse, {D1: "a1"})
        series = fake.labels(NAME.dataset, "daily")["edxtasks_series"]
        rows = [
            ["daily", series, "2013-09-01", "a1", "a1", 4],
            ["daily", "older", "2013-09-02", "a2", "a2", 4],
            ["weekly", series, "2013-09-03", "a3", "a3", 4],
        ]
        fake.answers.append(("_edxtasks_stamps", rows))
        warehouse.refresh_all()
        dates = warehouse.dates(DAILY)
        assert [(day, one.stamp, one.version, one.rows) for day, one in dates.items()] == [
            (D1, "a1", "a1", 4)
        ]

    def test_a_cancelled_transaction_is_run_again(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        message = "Transaction is aborted due to concurrent update against table p:d.daily. Transaction ID: 1"
        fake.plans.append(Plan(match="BEGIN TRANSACTION", error=_error("invalidQuery", message)))
        assert self._build(warehouse, {D1: "a1"}).stamp == "recipe"
        scripts = [one for one in fake.jobs.values() if "BEGIN TRANSACTION" in json.dumps(one)]
        assert [one["jobReference"]["jobId"][-2:] for one in scripts] == ["_0", "_1"]

    def test_a_build_that_is_broken_off_leaves_no_stamp_and_the_dates_tell_the_version(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        first = self._build(warehouse, {D1: "a1"})
        series = fake.labels(NAME.dataset, "daily")["edxtasks_series"]
        fake.answers.append(("_edxtasks_stamps", [["daily", series, "2013-09-01", "b1", "b1", 4]]))
        fake.plans.append(Plan(match="BEGIN TRANSACTION", error=_error("resourcesExceeded", "too much")))
        warehouse.refresh_all()
        with pytest.raises(UserError, match="needs more than BigQuery gives"):
            self._build(warehouse, {D1: "b1"})
        warehouse.refresh_all()
        state = warehouse.states(NAME.dataset)["daily"]
        assert (state.stamp, state.rows, state.partitioned) == (None, 4, True)
        assert state.version != first.version

    def test_a_table_of_the_predecessor_is_replaced_by_a_partitioned_one(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.put(NAME.dataset, "daily", {"numRows": "5"})
        self._build(warehouse, {D1: "a1"})
        assert sorted(table for _, table in fake.tables) == ["_edxtasks_stamps", "daily"]
        assert fake.tables[NAME.dataset, "daily"]["timePartitioning"]["field"] == "date"
        assert warehouse.states(NAME.dataset)["daily"].stamp == "recipe"

    def test_stamps_are_compacted_when_most_of_them_hold_no_longer(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        self._build(warehouse, {D1: "a1"})
        series = fake.labels(NAME.dataset, "daily")["edxtasks_series"]
        holds = [["daily", series, f"2013-09-{day:02}", "a1", "a1", 4] for day in range(1, 11)]
        gone = [["daily", "older", f"2013-09-{day:02}", "a1", "a1", 4] for day in range(1, 11)]
        fake.answers.append(("_edxtasks_stamps", holds + gone))
        for rows, times in ((100_000, 0), (100_020, 0), (100_021, 1)):
            fake.tables[NAME.dataset, "_edxtasks_stamps"]["numRows"] = str(rows)
            fake.requests.clear()
            warehouse.refresh_all()
            self._build(warehouse, {D1: f"b{rows}"})
            queries = [one["query"] for one in fake.inserted()]
            found = [one for one in queries if one["query"].startswith("DELETE FROM `p.MITx")]
            assert len(found) == times
        assert found[0]["queryParameters"][0]["parameterValue"]["arrayValues"] == [{"value": series}]
        compacting, changing = (
            [n for n, one in enumerate(queries) if text in one["query"]]
            for text in ("DELETE FROM `p.MITx__2_03x__3T2013._edx", "BEGIN")
        )
        assert compacting < changing  # if it fails, nothing has changed yet

    def test_private_tables_are_no_tables(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.put(NAME.dataset, "_edxtasks_new_daily", {})
        self._build(warehouse, {D1: "a1"})
        assert list(warehouse.states(NAME.dataset)) == ["daily"]


class TestListings:
    """What is known without asking for each table."""

    def test_rows_that_a_broken_run_did_not_note_are_asked_for(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.put(NAME.dataset, "people", {"labels": {"edxtasks_stamp": "s"}, "numRows": "42"})
        assert warehouse.states(NAME.dataset)["people"].rows == 42

    def test_a_listing_takes_a_request_for_a_thousand_tables(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        for number in range(2_100):
            labels = {"edxtasks_stamp": f"s{number}", "edxtasks_rows": "5"}
            fake.put(NAME.dataset, f"tracklog_{number}", {"labels": labels})
        fake.requests.clear()
        states = warehouse.states(NAME.dataset)
        assert len(states) == 2_100 and states["tracklog_7"].stamp == "s7"
        assert len(fake.requests) == 3
        warehouse.states(NAME.dataset)
        assert len(fake.requests) == 3

    def test_a_table_of_somebody_else_has_a_version_that_a_new_one_has_not(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        found = []
        for created in ("1378000000000", "1378000000001"):
            fake.put(NAME.dataset, "roles", {"creationTime": created})
            warehouse.refresh_all()
            found.append(warehouse.states(NAME.dataset)["roles"])
        assert [one.stamp for one in found] == [None, None]
        assert found[0].version != found[1].version

    def test_datasets_are_made_once_and_under_races(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fake.datasets.clear()
        fake.fail("POST", "/datasets$", 500, after=True)  # it was made, the answer was lost: then 409
        _load(warehouse)
        assert fake.datasets == {NAME.dataset}


class TestAdoption:
    """Tables that others have made."""

    def test_a_table_gets_a_stamp_without_being_rebuilt(
        self, fake: FakeGoogle, warehouse: BigQueryWarehouse
    ) -> None:
        fields = [{"name": "username", "type": "STRING"}, {"name": "t", "type": "DATETIME"}]
        fake.put(NAME.dataset, "people", {"numRows": "42", "schema": {"fields": fields}})
        fake.put(NAME.dataset, "own", {"labels": {"edxtasks_stamp": "s"}})
        fake.put(NAME.dataset, "begun", {"labels": {"edxtasks_run": "k"}})
        fake.put(NAME.dataset, "forgotten", {"labels": {"edxtasks_version": "v"}})
        assert warehouse.unstamped(NAME.dataset) == ["people"]
        state = warehouse.adopt(NAME, BuildInfo("s1", parts={"recipe": "r"}))
        assert warehouse.parts(NAME) == {"recipe": "r"}
        assert warehouse.unstamped(NAME.dataset) == []
        assert (state.stamp, state.rows) == ("s1", 42)
        assert warehouse.states(NAME.dataset)["people"] == state
        assert fake.jobs == {}

    def test_columns_that_do_not_fit_are_told(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        member = {"name": "a", "type": "FLOAT"}
        fields = [
            {"name": "more", "type": "STRING"},
            {"name": "many", "type": "STRING", "mode": "REPEATED"},
            {"name": "t", "type": "DATETIME"},
            {"name": "held", "type": "RECORD", "fields": [member]},
            {"name": "n", "type": "INT64"},
        ]
        fake.put(NAME.dataset, "people", {"schema": {"fields": fields}})
        flat = schema("n INTEGER -- a\nt STRING -- b\nmany STRING -- c")
        held = Column("held", "RECORD", "d", (Column("a", "INTEGER", "e"),))
        wanted = Schema((*flat, held, Column("id", "INTEGER", "f")))
        told = warehouse.differences(NAME, wanted, more_columns=True)
        assert told == [
            "t is DATETIME, not STRING",
            "many is ARRAY<STRING>, not STRING",
            "held is STRUCT<a FLOAT64>, not STRUCT<a INT64>",
            "it has no column id",
        ]
        assert warehouse.differences(NAME, wanted) == [*told, "it has a column more too many"]

    def test_a_view_is_no_table(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.put(NAME.dataset, "people", {"type": "MATERIALIZED_VIEW"})
        assert warehouse.differences(NAME, PEOPLE) == ["it is not a table but a materialized view"]

    def test_a_log_day_gets_its_times(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.put(NAME.dataset, "people", {})
        fake.answers.append(("UNIX_MICROS(MIN(`time`))", [[1_378_000_000_000_000, 1_378_000_000_000_009]]))
        assert warehouse.times(NAME) == (1_378_000_000_000_000, 1_378_000_000_000_009)

    def test_dates_get_their_stamps(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fields = [{"name": "date", "type": "DATE"}]
        fake.put(
            NAME.dataset,
            "daily",
            {"schema": {"fields": fields}, "timePartitioning": {"type": "DAY", "field": "date"}},
        )
        warehouse.adopt(DAILY, BuildInfo("recipe"), "date", {D1: "a1"})
        [config] = fake.inserted()[:1]
        assert "DELETE" not in config["query"]["query"]
        assert "FROM `p.MITx__2_03x__3T2013.daily` GROUP BY 1" in config["query"]["query"]
        assert warehouse.states(NAME.dataset)["daily"].stamp == "recipe"

    def test_what_is_not_there_cannot_be_adopted(self, warehouse: BigQueryWarehouse) -> None:
        with pytest.raises(UserError, match="people does not exist"):
            warehouse.adopt(NAME, BuildInfo("s1"))


class TestCredentials:
    """Signing in."""

    def _signed_in(self, fake: FakeGoogle) -> Any:
        return Credentials(  # type: ignore[no-untyped-call]
            "old",
            refresh_token="r",
            token_uri=f"{fake.url}/token",
            client_id="c",
            client_secret="s",
            expiry=datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1),
        )

    def test_a_token_that_expires_on_the_way_is_renewed(self, fake: FakeGoogle) -> None:
        fake.token = fake.refreshed = "new"
        service = Service("p", endpoint=fake.url, patience=PATIENCE, signed_in=self._signed_in(fake))
        assert service.datasets() == [NAME.dataset]
        assert len(fake.sent("POST", "/token")) == 1

    def test_a_token_that_was_withdrawn_is_told(self, fake: FakeGoogle) -> None:
        fake.token = "new"
        service = Service("p", endpoint=fake.url, patience=PATIENCE, signed_in=self._signed_in(fake))
        with pytest.raises(
            UserError, match=r"Google refused the credentials.*gcloud auth application-default"
        ):
            service.datasets()

    def test_no_credentials_are_told(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
        with pytest.raises(UserError, match="no Google credentials were found"):
            Service("p")

    def test_a_key_file_that_cannot_be_used_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "key.json"
        with pytest.raises(SettingsError, match="does not exist"):
            Service("p", key_file=path)
        path.write_text('{"private_key": "hush"}')
        with pytest.raises(SettingsError, match="is not a service-account file") as caught:
            Service("p", key_file=path)
        assert "hush" not in str(caught.value)

    def test_access_that_is_denied_is_told(self, fake: FakeGoogle, warehouse: BigQueryWarehouse) -> None:
        fake.fail("GET", "/datasets", 403, reason="accessDenied", message="Access Denied: Project p")
        with pytest.raises(UserError, match=r"not allowed \(accessDenied\): Access Denied: Project p"):
            warehouse.datasets()

    def test_a_server_that_cannot_be_reached_is_told(self, tmp_path: Path) -> None:
        warehouse = BigQueryWarehouse(
            Service("p", endpoint="http://127.0.0.1:9", patience=BRIEF), None, tmp_path
        )
        with pytest.raises(UserError, match=r"^BigQuery at http://127.0.0.1:9 has not answered since "):
            warehouse.states("d")


def test_the_settings_name_the_warehouse(fake: FakeGoogle, tmp_path: Path) -> None:
    settings = Settings(
        root=tmp_path,
        warehouse=Place(engine="bigquery", project_id="p", api_endpoint=fake.url),
        storage=Storage(gs_bucket="gs://b/folder"),
        days_per_query=50,
        max_bad_rows=2,
    )
    warehouse = open_warehouse(settings)
    assert isinstance(warehouse, BigQueryWarehouse)
    assert (warehouse.where, warehouse.days_in_query) == ("BigQuery project p", 50)
    warehouse.load(NAME, PEOPLE, iter([]), BuildInfo("s1"))
    load = fake.inserted()[0]["load"]
    there = f"_edxtasks/{NAME.dataset}/people/{domain_of(tmp_path / 'state' / 'locks')}"
    assert load["sourceUris"] == [f"gs://b/folder/{there}/s1-0.json.gz"]
    assert load["maxBadRecords"] == 2
    with warehouse.lock(NAME):
        assert (tmp_path / "state" / "locks").is_dir()
    with pytest.raises(SettingsError, match="project_id"):
        open_warehouse(Settings(root=tmp_path, warehouse=Place(engine="bigquery")))


@pytest.mark.parametrize(
    ("dataset", "report_dataset", "project"),
    [
        ("course_report_MITx", None, "q"),
        ("course_report_latest", None, "q"),
        ("mine", "mine", "q"),
        ("course_report_MITx", "mine", "p"),
        ("courses", None, "p"),
    ],
)
def test_reports_go_to_the_project_that_the_run_names(
    fake: FakeGoogle, tmp_path: Path, dataset: str, report_dataset: str | None, project: str
) -> None:
    """Their tables, locks and jobs: jobs run, and are paid for, where all others are."""
    options = Options(output_project_id="q", output_dataset_id=report_dataset)
    place = Place(engine="bigquery", project_id="p", api_endpoint=fake.url)
    warehouse = open_warehouse(Settings(root=tmp_path, warehouse=place, options=options))
    made = TableName(dataset, "names")
    warehouse.create(made, QUERY, BuildInfo("s1"))
    sql = fake.inserted()[0]["query"]["query"]
    assert sql.startswith(f"CREATE OR REPLACE TABLE `{project}.{dataset}.names` (")
    assert "FROM `p.MITx__2_03x__3T2013.people`" in sql
    assert {one.path.split("/")[4] for one in fake.sent("POST", "/jobs$")} == {"p"}
    of_the_table = [one.path.split("/")[4] for one in fake.requests if f"/datasets/{dataset}" in one.path]
    assert of_the_table and set(of_the_table) == {project}
    assert fake.labels(dataset, "names")["edxtasks_stamp"] == "s1"
    elsewhere = open_warehouse(Settings(root=tmp_path, warehouse=place))
    del fake.tables[dataset, "names"]
    elsewhere.create(made, QUERY, BuildInfo("s1"))
    first, second = fake.job_ids()[0], fake.job_ids()[-1]
    assert (first.rpartition("_")[0] == second.rpartition("_")[0]) is (project == "p")
