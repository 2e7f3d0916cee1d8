"""From rows and files to what a load job reads."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import zstandard

from edxtasks.warehouse.base import BuildInfo, TableName
from edxtasks.warehouse.bigquery import descriptions, staged_files
from edxtasks.warehouse.bigquery.staged_files import load_error, staged
from edxtasks.warehouse.rows import JsonLines, Row
from edxtasks.warehouse.schema import schema

NAME = TableName("d", "people")
PEOPLE = schema("username STRING -- u\njoined TIMESTAMP -- j\nborn DATE -- b")


def test_rows_become_gzipped_lines(tmp_path: Path) -> None:
    rows = [
        {"username": "é", "joined": datetime(2013, 9, 8, 7, 6, 5, 1, UTC), "born": date(1815, 12, 10)},
        {},
    ]
    [one] = staged(NAME, PEOPLE, iter(rows), "s1", tmp_path)
    assert (one.name, one.stays) == ("s1-0.json.gz", False)
    assert gzip.decompress(one.path.read_bytes()).decode().splitlines() == [
        '{"username":"é","joined":"2013-09-08T07:06:05.000001+00:00","born":"1815-12-10"}',
        "{}",
    ]


def test_a_list_that_is_none_is_left_out(tmp_path: Path) -> None:
    """A load job takes no null for a REPEATED column."""
    columns = schema("n INTEGER\ntags REPEATED STRING\nitem REPEATED RECORD<a INTEGER>")
    rows: list[Row] = [
        {"n": None, "tags": None, "item": [{"a": None}]},
        {"n": 2, "tags": ["x"], "item": None},
    ]
    [one] = staged(NAME, columns, iter(rows), "s1", tmp_path)
    assert gzip.decompress(one.path.read_bytes()).decode().splitlines() == [
        '{"n":null,"item":[{"a":null}]}',
        '{"n":2,"tags":["x"]}',
    ]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        [one] = staged(NAME, PEOPLE, iter([{"username": "ada"}]), "s1", tmp_path / folder)
        made.append(one.path.read_bytes())
    assert made[0] == made[1]


def test_many_rows_are_cut_into_files_at_the_ends_of_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staged_files, "_PART", 40)
    rows = [{"username": f"user{number}"} for number in range(5)]  # lines of 21 bytes: two in a file
    files = list(staged(NAME, PEOPLE, iter(rows), "s1", tmp_path))
    assert [one.name[-9:] for one in files] == ["0.json.gz", "1.json.gz", "2.json.gz"]
    contents = [gzip.decompress(one.path.read_bytes()) for one in files]
    assert [content.count(b"\n") for content in contents] == [2, 2, 1]
    assert b"".join(contents).count(b"user") == 10


def test_what_a_load_job_cannot_read_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged_files, "LARGEST_GZIP", 10)
    lines = b'{"username":"ada"}\n{"username":"bob"}\n'
    (tmp_path / "a.json.zst").write_bytes(zstandard.compress(lines[:19]) + zstandard.compress(lines[19:]))
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "c.json").write_bytes(lines)
    paths = tuple(tmp_path / name for name in ("a.json.zst", "b.json.gz", "c.json"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    files = list(staged(NAME, PEOPLE, JsonLines(paths), "s1", scratch))
    assert [one.name.rpartition("/")[2] for one in files] == ["s1-0-0.json.gz", "s1-1-0.json.gz", "s1-2.json"]
    for one in files[:2]:
        assert one.path not in paths
        assert gzip.decompress(one.path.read_bytes()) == lines
    assert files[2].path == paths[2]


def test_many_refused_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    path.write_text('{"id":"a"}\n{"id":"b"}\n')
    text = "JSON parsing error in row starting at position {}: Could not convert value to integer. Field: id"
    errors = [
        {"reason": "invalid", "location": "gs://b/x", "message": text.format(position)}
        for position in (0, 11)
    ]
    error = load_error(NAME, errors, {"gs://b/x": path})
    assert str(error).startswith(f"{path}, line 1, column id: the value is not an integer (2 such rows).")
    assert load_error(NAME, [{"reason": "notFound", "message": "gs://b/x"}], {"gs://b/x": path}) is None


def test_a_description_says_what_the_stamp_was_made_of() -> None:
    parts = {"recipe": "a", "file users": "b"}
    text = descriptions.described(
        BuildInfo("s", parts=parts, description="People\nof a course"), "SELECT 1", 0.0, 5
    )
    assert descriptions.parts_of(text) == parts
    assert text.startswith("People\nof a course\nBuilt 20") and text.endswith("\n\nSELECT 1")
    assert " s from 5 bytes." in text


def test_a_description_that_would_be_too_long_is_cut_and_never_half_believed() -> None:
    many = {f"person_course of {number}": "d" * 40 for number in range(300)}
    text = descriptions.described(BuildInfo("s", parts=many), "SELECT 1", 0.0)
    assert len(text) <= 16_383 and descriptions.parts_of(text) == {}
    text = descriptions.described(BuildInfo("s", parts={"a": "b"}), "x" * 20_000, 0.0)
    assert len(text) == 16_383 and descriptions.parts_of(text) == {"a": "b"}
    assert descriptions.parts_of("Stamp: {edited by hand") == {}
