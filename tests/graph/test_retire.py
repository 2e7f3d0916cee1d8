"""A learner who asked to be forgotten, in a built campus: out of every file, and back with no run."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from project import Project

KEY = "00112233445566778899aabbccddeeff" * 2
PLACES = ("warehouse", "storage", "state", "SQL", "TRACKING_LOGS")


def learner(project: Project) -> tuple[str, int, str]:
    """User name, id and address of the learner with the most events."""
    shards = project.folder / "TRACKING_LOGS" / "*__*" / "tracklog-*.json.gz"
    found = (
        duckdb.connect()
        .execute(
            f"SELECT username FROM read_json('{shards}', columns={{'username': 'VARCHAR'}}) "
            "WHERE username <> '' GROUP BY ALL ORDER BY count(*) DESC, username LIMIT 1"
        )
        .fetchall()[0]
    )
    for path in sorted((project.folder / "SQL").rglob("users.csv.gz")):
        with gzip.open(path, "rt") as file:
            for record in csv.DictReader(file):
                if record["username"] == found[0]:
                    return found[0], int(record["id"]), record["email"]
    raise AssertionError("no account")


def with_key(project: Project) -> Project:
    key = project.folder.parent / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    with (project.folder / "config" / "edxtasks.toml").open("a") as file:
        file.write(f'retire_key_file = "{key}"\n')
    return project


def places_of(project: Project, name: str, number: int, address: str, places: Sequence[str]) -> set[str]:
    """The files, tables too, in which the name or address stands, or a table has the number as `user_id`."""
    found = set()
    for place in places:
        for path in sorted(p for p in (project.folder / place).rglob("*") if p.is_file()):
            text = path.read_bytes()
            if path.suffix == ".parquet":
                rows = (
                    duckdb.connect()
                    .execute(f"SELECT to_json(t)::VARCHAR FROM read_parquet('{path}') t")
                    .fetchall()
                )
                text = "\n".join(row for (row,) in rows).encode()
                if f'"user_id":{number},'.encode() in text:
                    found.add(str(path.relative_to(project.folder)))
            text = gzip.decompress(text) if text[:2] == b"\x1f\x8b" else text
            if name.encode() in text or address.encode() in text:
                found.add(str(path.relative_to(project.folder)))
    return found


def people(project: Project, without: str) -> dict[str, list[str]]:
    """The rows of `person_course` of everybody else, by course."""
    return {
        path.parent.name: [
            row
            for (row,) in duckdb.execute(
                f"SELECT to_json(t)::VARCHAR FROM read_parquet('{path}') t "
                f"WHERE username IS DISTINCT FROM '{without}' ORDER BY 1"
            ).fetchall()
        ]
        for path in sorted(project.warehouse.glob("*/person_course.parquet"))
    }


def killed(project: Project, *words: str) -> None:
    """A run that is killed when it has removed the first table."""
    tables = list(project.warehouse.rglob("*.parquet"))
    process = project.start(*words)
    while process.poll() is None and all(path.exists() for path in tables):
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_learner_disappears_and_stays_away(built: Project) -> None:
    project = with_key(built)
    name, number, address = learner(project)
    package = json.loads((project.folder / "ledger" / "campus.json").read_text())["package"]

    def places(*more: str) -> set[str]:
        return places_of(project, name, number, address, [*PLACES, *more])

    before, others = set(project.tables()), people(project, name)
    kinds = {place.split("/")[0] for place in places("DAILY", package)}
    assert {"warehouse", "SQL", "TRACKING_LOGS", "DAILY", package} <= kinds
    killed(project, "retire", name)
    outcome = project.doit("retire", name)
    assert places() == set()
    assert "nothing is left" in outcome.out
    told = outcome.out + outcome.err + (project.folder / "retired.json").read_text()
    assert name not in told and address not in told and str(number) not in told.split()
    assert "original: " in outcome.out
    # The next runs make the tables again, of what is left; the deliveries, read again, bring nobody back.
    assert project.doit("waldofy", "split", "force_recompute=1").built >= {"split"}
    project.doit("weekly")
    assert places() == set()
    assert "nothing is left" in project.doit("retire", "--check", name).out
    tables = project.tables()
    assert {table for table in before if table not in tables} == set()
    assert people(project, name) == others
    # Without the learner the deliveries give the same tables. A file of the office lies among ours.
    course = next(path for path in sorted((project.folder / "SQL").iterdir()) if path.name != "META")
    (course / "report.csv").write_text(f"Username,Grade\n{name},1\nsomebody-else,1\n")
    assert "nothing is left" in project.doit("retire", "--originals", name).out
    assert places("DAILY", package) == set()
    assert (course / "report.csv").read_text() == "Username,Grade\nsomebody-else,1\n"
    project.doit("weekly")
    assert project.tables() == tables


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "retire needs learners"),
        (("ann:x",), "word 1 is neither a user name, nor NAME:ID, nor :ID"),
        (("ann", "--check", "--originals"), "--check changes nothing, --originals does"),
        (("ann",), "there is no key for retired learners (setting retire_key_file)"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "edxtasks.toml").write_text("")
    outcome = Project(tmp_path).doit("retire", *words, status=None)
    assert outcome.status == 3
    assert told in outcome.err
    assert "ann" not in outcome.err
    assert not (tmp_path / "retired.json").exists()
