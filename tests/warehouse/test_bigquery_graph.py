"""The graph on BigQuery: `weekly` of a campus on emulators, from raw data to the reports.

Every table has the rows that the embedded engine gives it.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))

from project import Outcome, Project
from relay import Relay, relay
from rows_as_text import rows_as_text
from servers import BUCKET, running
from test_retire import learner

from edxtasks.course import CourseKey
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import TableName
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.parquet import ParquetWarehouse

PROJECT = "campus-of-its-own"
"""Other tests use the same emulators: their datasets are in another project."""


@pytest.fixture(scope="module")
def passing() -> Iterator[Relay]:
    """What stands before the emulator of BigQuery; both emulators are told to the project."""
    with pytest.MonkeyPatch.context() as patch, relay(running().bigquery) as passing:
        patch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        yield passing


@pytest.fixture(scope="module")
def project(tiny_campus: Path, tmp_path_factory: pytest.TempPathFactory, passing: Relay) -> Project:
    """A project on the tiny campus whose engine is BigQuery."""
    project = Project.create(tmp_path_factory.mktemp("cloud") / "project", tiny_campus)
    file = project.folder / "config" / "edxtasks.toml"
    file.write_text(
        file.read_text()
        + f'[warehouse]\nengine = "bigquery"\nproject_id = "{PROJECT}"\napi_endpoint = "{passing.url}"\n'
        + f'[storage]\ngs_bucket = "gs://{BUCKET}/graph"\n'
    )
    return project


@pytest.fixture(scope="module")
def estimated_before(project: Project) -> str:
    """What `estimate` said when nothing was built."""
    return project.doit("estimate").out


@pytest.fixture(scope="module")
def first(project: Project, estimated_before: str) -> Outcome:
    """The first run of `weekly`."""
    return project.doit("weekly")


@pytest.fixture(scope="module")
def pages(first: Outcome, project: Project) -> Outcome:
    """The run that makes the pages, and the tables that only they read."""
    return project.doit("dashboard", "minimum_cell=1")


@pytest.fixture
def cloud(project: Project) -> BigQueryWarehouse:
    """The tables on BigQuery as they are now."""
    return BigQueryWarehouse(Service(PROJECT, endpoint=running().bigquery), None, project.folder)


def test_weekly_makes_what_the_embedded_engine_makes(
    first: Outcome, cloud: BigQueryWarehouse, built_once: Project
) -> None:
    assert not first.failed
    local = ParquetWarehouse(built_once.warehouse)
    assert len(local.datasets()) == 6  # of two courses and their logs, of the reports, `courses`
    assert cloud.datasets() == local.datasets()
    _compare(cloud, local)
    stored = GcsStorage(f"gs://{BUCKET}/graph", PROJECT).list()
    assert not [name for name in stored if name.startswith("_edxtasks/")]


def test_a_second_run_builds_nothing_and_lists_each_dataset_once(
    first: Outcome, project: Project, passing: Relay
) -> None:
    passing.asked.clear()
    again = project.doit("weekly")
    assert not again.built and not again.failed
    listings: Counter[str] = Counter()
    reads: Counter[str] = Counter()
    others = []
    for one in passing.asked:
        listed = re.search(r"/datasets/(\w+)/tables\?", one.address)
        read = re.search(rb"FROM `\w+\.(\w+)\._edxtasks_stamps`", one.body)
        if listed and one.method == "GET":
            assert "maxResults=1000" in one.address
            listings[listed[1]] += 1
        elif read:
            reads[read[1].decode()] += 1
        elif "/queries/" not in one.address:  # the rows of those reads
            others.append(one)
    assert others == []
    assert len(listings) == 6 and set(listings.values()) == {1}
    assert set(reads.values()) <= {1}


def test_health_finds_what_it_finds_on_the_embedded_engine(
    first: Outcome, project: Project, built_once: Project, tmp_path: Path
) -> None:
    here = built_once.copy(tmp_path / "local").doit("health", "--format=json", status=1)
    there = project.doit("health", "--format=json", status=1)
    assert '"learners_unknown"' in here.out
    assert there.out == here.out


def test_an_estimate_before_the_first_run_knows_nothing(estimated_before: str, project: Project) -> None:
    course = project.courses[0]
    assert f"will run  person_day:{course}: " not in estimated_before  # a command is not a table
    assert re.search(
        rf"^will run  pcday_ip_counts:{course}: unknown until logs2bq is built$", estimated_before, re.M
    )
    # What no input of will be there for (as many as the product does not make yet) reads nothing.
    assert re.search(
        r"^total: at most 0 bytes, \$0\.00 for \d+ tasks; \d+ tasks unknown until", estimated_before, re.M
    )


def test_an_estimate_tells_bytes_and_dollars(first: Outcome, project: Project, passing: Relay) -> None:
    course = project.courses[0]
    passing.asked.clear()
    out = project.doit("estimate", f"pc_forum:{course}", "force_recompute=1").out
    assert re.search(rf"^will run  pc_forum:{course}: at most [\d.]+ \w+, \$0\.01$", out, re.M), out
    assert re.search(r"^total: at most [\d.]+ \w+, \$0\.01 for 1 task$", out, re.M), out
    jobs = [one for one in passing.asked if one.method == "POST" and "/jobs?" in one.address]
    assert [b'"dryRun": true' in one.body for one in jobs if b"_edxtasks_stamps" not in one.body] == [True]


def test_info_names_no_file_as_the_place_of_a_table(first: Outcome, project: Project) -> None:
    """The tables of a service are kept in no file of this machine; what is written from them is."""
    out = project.doit("info", f"person_course:{project.courses[0]}").out
    assert "kept in" not in out
    [written] = [line for line in out.splitlines() if line.startswith("  files written")]
    assert written.count("person_course.") == 2


def test_pages_are_those_of_the_embedded_engine(
    pages: Outcome, project: Project, with_pages: Project, tmp_path: Path
) -> None:
    assert "dashboard:campus" in pages.built
    assert project.doit("dashboard", "minimum_cell=1").built == set()
    storage = GcsStorage(f"gs://{BUCKET}/graph", PROJECT)
    folders = [CourseKey.parse(course).directory for course in project.courses]
    for folder in [*folders, "course_report_MITx"]:
        storage.get(f"{folder}/dashboard.html", tmp_path / folder)
        local = with_pages.folder / "storage" / folder / "dashboard.html"
        assert (tmp_path / folder).read_text() == local.read_text()


def test_the_catalog_is_that_of_the_embedded_engine(
    pages: Outcome, project: Project, with_pages: Project, tmp_path: Path
) -> None:
    assert project.doit("docs").built == {"docs"}
    assert project.doit("docs").built == set()
    GcsStorage(f"gs://{BUCKET}/graph", PROJECT).get("catalog/catalog.html", tmp_path / "catalog.html")
    there = (tmp_path / "catalog.html").read_text()
    here = (with_pages.folder / "storage" / "catalog" / "catalog.html").read_text()
    times = r"\d{4}-\d\d-\d\d( \d\d:\d\d)?( to \d{4}-\d\d-\d\d \d\d:\d\d)?( UTC)?"  # of builds
    assert re.sub(times, "", there) == re.sub(times, "", here)


def test_tables_of_others_are_adopted_and_then_fresh(
    first: Outcome, project: Project, cloud: BigQueryWarehouse, built_once: Project
) -> None:
    """Labels and stamps gone, the tables are as if the predecessor had made them."""
    client = Service(PROJECT, endpoint=running().bigquery)
    for dataset in cloud.datasets():
        cloud.drop(TableName(dataset, "person_hours"))  # made for the pages; no set has it
        cloud.refresh(dataset)
        for table in cloud.states(dataset):
            found = client.get(TableName(dataset, table))
            client.relabel(found, dict.fromkeys(found.labels))
        client.drop(TableName(dataset, "_edxtasks_stamps"))
    course = CourseKey.parse(project.courses[0])
    # Two of them are not what the product would have made: a log day lacks rows, a table has a column more.
    day = TableName(course.logs_dataset, max(cloud.states(course.logs_dataset)))
    other = TableName(course.dataset, "pc_nchapters")
    for name, columns in ((day, "*"), (other, "*, 1 AS more")):
        table = f"`{PROJECT}.{name}`"
        client.client.query(
            f"CREATE OR REPLACE TABLE {table} AS SELECT {columns} FROM {table} LIMIT 2"
        ).result()
    out = project.doit("adopt").out
    left = dict(re.findall(r"^left    (\S+)(?: tracklog_\d+)?: (.*)$", out, re.M))
    lines = r"it has 2 rows, its shard \d+: it is loaded again"
    assert re.fullmatch(lines, left[f"logs2bq:{course}"])
    assert left[f"pc_nchapters:{course}"] == "it has a column more too many"
    assert left[f"person_course_base:{course}"] == f"pc_nchapters:{course} will be built before it"
    assert f"adopted person_course_base:{project.courses[1]}: 13 rows" in out  # hangs on neither
    tables = sum(len(cloud.states(dataset)) for dataset in cloud.datasets())
    counts = f"{tables - len(left)} tables adopted, {len(left)} to be built again, 0 to be built"
    assert out.splitlines()[-1] == counts
    # A few of those that are left are built, which makes them what they were; all else is found fresh.
    again = project.doit(f"pcday_ip:{course}", f"pc_nchapters:{course}")
    assert again.built == {f"{task}:{course}" for task in ("logs2bq", "pcday_ip_counts", "pc_nchapters")}
    planned = re.findall(r"^(?:will|may) run {2,}(\S+): ", project.doit("plan", "weekly").out, re.M)
    assert set(planned) == set(left) - again.built
    cloud.refresh_all()
    for name in (day, other, TableName(course.dataset, "pcday_ip_counts")):
        assert cloud.states(name.dataset)[name.table].stamp is not None
        _compare_rows(cloud, ParquetWarehouse(built_once.warehouse), name)
    # What waited for them can be adopted now.
    last = project.doit("adopt").out.splitlines()[-1]
    assert last == f"{len(set(planned))} tables adopted, 0 to be built again, 0 to be built"
    assert project.doit("weekly").built == set()


def test_a_learner_who_is_retired_is_in_no_table_and_no_file(
    first: Outcome, project: Project, cloud: BigQueryWarehouse, tmp_path: Path
) -> None:
    """Last of all: it takes tables away. Every cell and every file is looked through here once more."""
    key = tmp_path / "key"
    key.write_text("00112233445566778899aabbccddeeff" * 2)
    key.chmod(0o600)
    file = project.folder / "config" / "edxtasks.toml"
    file.write_text(file.read_text().replace("[paths]\n", f'[paths]\nretire_key_file = "{key}"\n'))
    name, number, address = learner(project)
    before = _about(cloud, tmp_path, name, number, address)
    outcome = project.doit("retire", name)
    assert "nothing is left" in outcome.out
    assert _about(cloud, tmp_path, name, number, address) == set()
    gone = dict(re.findall(r"^gone on (\d{4}-\d\d-\d\d) .* UTC: (.*)$", outcome.out, re.M))
    assert any(what.startswith("fail-safe of the dataset ") for what in gone.values())
    assert {f"removed table {table}" for table in before if not table.startswith("gs://")} <= {
        *outcome.out.splitlines()
    }
    again = project.doit("retire", name)
    assert "removed table" not in again.out and "changed or removed" not in again.out
    assert re.findall(r"^gone on .*$", again.out, re.M) == re.findall(r"^gone on .*$", outcome.out, re.M)


def _about(cloud: BigQueryWarehouse, folder: Path, name: str, number: int, address: str) -> set[str]:
    """The tables and stored files in which the name or address stands, or the number as a user id."""
    found = set()
    service = Service(PROJECT, endpoint=running().bigquery)
    words = re.compile(rf"(?<![\w-])({re.escape(name)}|{re.escape(address)})(?![\w-])")
    for dataset in service.datasets():
        for table in service.tables(dataset):
            for row in service.client.list_rows(f"{PROJECT}.{dataset}.{table}"):
                if words.search(repr(row.values())) or row.get("user_id") == number:
                    found.add(f"{dataset}.{table}")
    storage = GcsStorage(f"gs://{BUCKET}/graph", PROJECT)
    for stored in storage.list():
        storage.get(stored, folder / "stored")
        content = (folder / "stored").read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        if words.search(content.decode("utf-8", "replace")):
            found.add(f"gs://{stored}")
    return found


def _compare(cloud: BigQueryWarehouse, local: ParquetWarehouse) -> None:
    """Both have the same tables with the same rows, and all are stamped."""
    for dataset in local.datasets():
        there, here = cloud.states(dataset), local.states(dataset)
        assert set(there) == set(here)
        for table, state in there.items():
            assert state.stamp is not None
            assert state.partitioned == here[table].partitioned, table
            assert state.rows == here[table].rows, table
            _compare_rows(cloud, local, TableName(dataset, table))


def _compare_rows(cloud: BigQueryWarehouse, local: ParquetWarehouse, name: TableName) -> None:
    columns = local.schema(name).names
    assert rows_as_text(cloud, name, columns) == rows_as_text(local, name, columns), name
