"""The staff list and the course listings in the bucket: copied when loaded, and again when they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.build.building import build
from edxtasks.build.context import Context
from edxtasks.build.freshness import Standing, check
from edxtasks.build.registry import read_registry
from edxtasks.config import Paths, Settings, Storage, Warehouse
from edxtasks.digests import Digests
from edxtasks.storage import LocalStorage
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
    made = Context(settings, read_registry(None), ParquetWarehouse(tmp_path / "w"), Digests())
    made.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
    return made


def test_the_file_follows_the_table(context: Context) -> None:
    staff, bucket = context.registry["courses.staff"], context.settings.root / "bucket"
    done = build(context, staff, None)
    assert (bucket / "courses" / "staff.csv").read_text() == STAFF
    assert any(line.startswith("published: ") for line in done.notes.lines)
    assert check(context, staff, None).standing is Standing.FRESH

    # The copy is gone, or was overwritten by somebody: it comes back, and the table is not loaded for it.
    (bucket / "courses" / "staff.csv").unlink()
    verdict = check(context, staff, None)
    assert (verdict.standing, verdict.files_only) == (Standing.STALE, True)
    build(context, staff, None)
    assert (bucket / "courses" / "staff.csv").read_text() == STAFF

    # A new file is loaded and copied.
    (context.settings.root / "people.csv").write_text(STAFF + "X/Y/Z,bob,Bob,TA\n")
    assert not check(context, staff, None).files_only
    assert build(context, staff, None).rows == 2
    assert (bucket / "courses" / "staff.csv").read_text().endswith("bob,Bob,TA\n")
    assert check(context, staff, None).standing is Standing.FRESH


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
        context = Context(settings, read_registry(None), warehouse, Digests())
        context.__dict__["storage"] = LocalStorage(tmp_path / "bucket")
        assert build(context, context.registry["courses.staff"], None).rows == 1
        assert check(context, context.registry["courses.staff"], None).standing is Standing.FRESH
    assert not (tmp_path / "bucket").exists()
