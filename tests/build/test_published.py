"""Files that are published with a table: those of the office, and those that a builder writes."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "content"))

from course_exports import write_tarball
from product_registry import product_registry

from edxtasks.build.build_table import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Status, check
from edxtasks.config import Options, Paths, Settings, Storage, Warehouse
from edxtasks.course import CourseKey
from edxtasks.digests import Digests
from edxtasks.errors import InputError
from edxtasks.storage import LocalStorage
from edxtasks.tasks import mirror
from edxtasks.warehouse.parquet import ParquetWarehouse

STAFF = "course_id,username,name,role\nX/Y/Z,ann,Ann,TA\n"


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """BigQuery by its settings; a folder holds the tables, and another one stands for the bucket."""
    (tmp_path / "people.csv").write_text(STAFF)
    settings = Settings(
        root=tmp_path,
        paths=Paths(staff=tmp_path / "people.csv", listings=tmp_path / "list.json"),
        warehouse=Warehouse(engine="bigquery"),
        storage=Storage(gs_bucket="gs://bucket"),
    )
    made = Context(settings, product_registry(), ParquetWarehouse(tmp_path / "w"), Digests())
    made.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
    return made


def test_the_file_follows_the_table(context: Context) -> None:
    staff, bucket = context.registry["courses.staff"], context.settings.root / "bucket"
    done = build(context, staff, None)
    assert (bucket / "courses" / "staff.csv").read_text() == STAFF
    assert any(line.startswith("published: ") for line in done.messages.lines)
    assert check(context, staff, None).status is Status.FRESH

    # The copy is gone, or was overwritten by somebody: it comes back, and the table is not loaded for it.
    (bucket / "courses" / "staff.csv").unlink()
    verdict = check(context, staff, None)
    assert (verdict.status, verdict.files_only) == (Status.STALE, True)
    build(context, staff, None)
    assert (bucket / "courses" / "staff.csv").read_text() == STAFF

    # A new file is loaded and copied.
    (context.settings.root / "people.csv").write_text(STAFF + "X/Y/Z,bob,Bob,TA\n")
    assert not check(context, staff, None).files_only
    assert build(context, staff, None).rows == 2
    assert (bucket / "courses" / "staff.csv").read_text().endswith("bob,Bob,TA\n")
    assert check(context, staff, None).status is Status.FRESH


def test_a_file_of_json_lines_is_not_called_csv(context: Context) -> None:
    row = '"Institution": "X", "Semester": "F", "New or Rerun": "New", "Course Number": "1", '
    row += '"Short Title": "", '
    row += (
        '"Title": "T", "Instructors": "", "Registration Open": "", "Course Launch": "", "Course Wrap": "", '
    )
    (context.settings.root / "list.json").write_text(f'{{{row}"course_id": "X/Y/Z"}}\n')
    build(context, context.registry["courses.listings"], None)
    names = [name for name in context.storage.list("courses/") if "_edxtasks" not in name]
    assert names == ["courses/listings.json"]


def test_the_embedded_engine_and_a_project_without_bucket_publish_nothing(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(STAFF)
    for engine in ("duckdb", "bigquery"):
        settings = Settings(
            root=tmp_path, paths=Paths(staff=tmp_path / "people.csv"), warehouse=Warehouse(engine=engine)
        )
        warehouse = ParquetWarehouse(tmp_path / engine)
        context = Context(settings, product_registry(), warehouse, Digests())
        context.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
        assert build(context, context.registry["courses.staff"], None).rows == 1
        assert check(context, context.registry["courses.staff"], None).status is Status.FRESH
    assert not (tmp_path / "bucket").exists()


COURSE = CourseKey.parse("UnivX/Ab.1/2T2020")
AXIS_FILES = ["course_axis.json", "xbundle_UnivX__Ab.1__2T2020.xml"]
EXPORT = {
    "course.xml": '<course url_name="2T2020" org="UnivX" course="Ab.1"/>',
    "course/2T2020.xml": '<course display_name="A"><chapter url_name="c"/></course>',
    "chapter/c.xml": '<chapter><html url_name="h"/></chapter>',
    "html/h.xml": "<html><p>first</p></html>",
}


def with_course(folder: Path, engine: str, latest: bool = False) -> Context:
    """A course with its export; a folder stands for the storage of either engine."""
    settings = Settings(
        root=folder,
        paths=Paths(course_sql_base_dir=folder / "SQL", course_sql_date_dir="2020-09-06"),
        warehouse=Warehouse(engine=engine),
        storage=Storage(gs_bucket="gs://bucket"),
        options=Options(dataset_latest=latest),
    )
    made = Context(settings, product_registry(), ParquetWarehouse(folder / "w"), Digests(), (COURSE,))
    made.__dict__["storage"] = LocalStorage(folder / "bucket")
    return made


def export(folder: Path, **changed: str) -> Path:
    files = EXPORT | {name.replace("_", "/") + ".xml": text for name, text in changed.items()}
    path = folder / "SQL" / COURSE.directory / "2020-09-06" / "course.tar.gz"
    return write_tarball(path, files)


def contents(folder: Path) -> dict[Path, bytes]:
    """What was made of the export."""
    paths = (path for part in ("SQL", "w", "bucket") for path in (folder / part).rglob("*"))
    return {path: path.read_bytes() for path in paths if path.is_file() and path.name != "course.tar.gz"}


def copies(context: Context) -> list[str]:
    return [name for name in context.storage.list() if "_edxtasks" not in name]


@pytest.mark.parametrize("engine", ["duckdb", "bigquery"])
@pytest.mark.parametrize("latest", [False, True])
def test_axis_and_bundle_are_published(tmp_path: Path, engine: str, latest: bool) -> None:
    context = with_course(tmp_path, engine, latest)
    axis, place = context.registry["course_axis"], export(tmp_path).parent
    folder = COURSE.directory + ("/latest" if latest else "")
    assert build(context, axis, COURSE).rows == 3
    assert copies(context) == [f"{folder}/{name}" for name in AXIS_FILES]
    bucket = tmp_path / "bucket" / folder
    for name in AXIS_FILES:
        assert (bucket / name).read_bytes() == (place / name).read_bytes()
    assert check(context, axis, COURSE).status is Status.FRESH

    # A copy that is gone comes back.
    (bucket / AXIS_FILES[1]).unlink()
    verdict = check(context, axis, COURSE)
    assert verdict.status is Status.STALE
    assert verdict.reason.startswith(f"{AXIS_FILES[1]} is not in ")
    build(context, axis, COURSE)
    assert check(context, axis, COURSE).status is Status.FRESH

    # Another export with the same rows: the table keeps its version, the bundle is another.
    state = context.state(axis, COURSE)
    later = export(tmp_path, html_h="<html><p>second</p></html>")
    os.utime(later, (4e9, 4e9))  # as large as the first, perhaps within one tick of the clock
    build(context, axis, COURSE)
    now = context.state(axis, COURSE)
    assert state is not None
    assert now is not None
    assert now.version == state.version
    assert b"second" in (bucket / AXIS_FILES[1]).read_bytes()
    assert check(context, axis, COURSE).status is Status.FRESH


def test_an_axis_without_rows_publishes_nothing(tmp_path: Path) -> None:
    context = with_course(tmp_path, "duckdb")
    axis = context.registry["course_axis"]
    export(tmp_path)
    build(context, axis, COURSE)
    before = contents(tmp_path)
    export(tmp_path, course_2T2020="<course><shortname/></course>")
    with pytest.raises(InputError, match=r"found no module in it: none of its 1 element \(shortname\)"):
        build(context, axis, COURSE)
    assert contents(tmp_path) == before


def test_a_dump_that_cannot_be_written_to_is_published_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = with_course(tmp_path, "duckdb")
    place = export(tmp_path).parent
    # Permissions do not bind the administrator, under whom tests may run.
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != place)
    messages = build(context, context.registry["course_axis"], COURSE).messages
    assert any(
        line.startswith(f"{place} is not writable; not kept: course_axis.json") for line in messages.lines
    )
    assert [path.name for path in place.iterdir()] == ["course.tar.gz"]
    assert copies(context) == [f"{COURSE.directory}/{name}" for name in AXIS_FILES]
    assert check(context, context.registry["course_axis"], COURSE).status is Status.FRESH


def test_without_a_bucket_the_axis_is_built_and_not_published(tmp_path: Path) -> None:
    context = with_course(tmp_path, "bigquery")
    context.settings = replace(context.settings, storage=Storage())
    export(tmp_path)
    assert build(context, context.registry["course_axis"], COURSE).rows == 3
    assert copies(context) == []
    assert check(context, context.registry["course_axis"], COURSE).status is Status.FRESH


def test_the_mirror_leaves_published_files_to_the_axis(tmp_path: Path) -> None:
    context = with_course(tmp_path, "duckdb")
    export(tmp_path)
    build(context, context.registry["course_axis"], COURSE)
    names = {name.rpartition("/")[2] for name in mirror.look(context, COURSE).files}
    assert names == {"course_axis.csv.gz", "axis_UnivX__Ab.1__2T2020.csv"}
