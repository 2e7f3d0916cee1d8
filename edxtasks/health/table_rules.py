"""Rules over tables: empty ones, failed checks, damaged files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edxtasks.health.findings import NOTE, PROBLEM, Finding
from edxtasks.printable import number, printable, quantity


@dataclass(frozen=True)
class TableFacts:
    """A table as it stands: its task, the course ("" for none), its rows, those of its required inputs by
    name (None: not known), whether it may be empty, or may be where an input has at most so many rows, the
    results of its checks, why it cannot be read ("" where it can), what is wrong
    with the note beside it; `verified`: whether there were checksums of its bytes to compare them with."""

    task: str
    course: str
    rows: int
    inputs: Mapping[str, int | None] = field(default_factory=dict)
    may_be_empty: bool = False
    empty_up_to: int = 0
    checks: Sequence[Mapping[str, Any]] = ()
    fault: str = ""
    note: str = ""
    verified: bool = True


def empty_table(table: TableFacts) -> Iterator[Finding]:
    """A table without rows, although everything that it needs has some, or more than few."""
    if table.rows or table.fault or table.may_be_empty or not table.inputs:
        return
    if all(rows is not None and rows > table.empty_up_to for rows in table.inputs.values()):
        yield Finding(
            "table_empty",
            PROBLEM,
            f"{table.task} has no rows, though {', '.join(map(printable, table.inputs))} has. Look at its "
            f"inputs, then build it again (doit forget, doit {table.task})",
            course=table.course,
            table=table.task,
            number=0,
            expected=1,
        )


def damaged_table(table: TableFacts) -> Iterator[Finding]:
    """A table, or a part of it, that cannot be read."""
    if table.fault:
        yield Finding(
            "table_damaged",
            PROBLEM,
            f"{table.task} cannot be read: {printable(table.fault, 400)}. The next "
            f"run rebuilds it: doit {table.task}",
            course=table.course,
            table=table.task,
        )


def damaged_note(table: TableFacts) -> Iterator[Finding]:
    """A damaged note beside a table."""
    if table.note:
        yield Finding(
            "note_damaged",
            NOTE,
            f"{table.task}: {printable(table.note, 600)}",
            course=table.course,
            table=table.task,
        )


def changed_files(files: Sequence[tuple[str, str]], course: str) -> Iterator[Finding]:
    """Files written from tables whose bytes are others now; each with its table."""
    for file, table in files:
        yield Finding(
            "file_changed",
            PROBLEM,
            f"{file} is not as it was written from {table}: a disk changed it, or somebody did. Remove it "
            "or move it away; the next run writes it again",
            course=course,
            file=file,
            table=table,
        )


def unverified_tables(tables: Sequence[TableFacts]) -> Iterator[Finding]:
    """How many tables of a course, or over courses, hold no checksum: an earlier version built them."""
    unverified = [table for table in tables if not table.verified]
    if unverified:
        yield Finding(
            "table_unverified",
            NOTE,
            f"{number(len(unverified))} of {quantity(len(tables), 'table holds', 'tables hold')} no "
            "checksum, so that bytes that a disk has changed would not be noticed: an earlier version built "
            "them. A rebuilt table has one",
            course=tables[0].course,
            number=len(unverified),
            expected=0,
        )


def failed_checks(table: TableFacts) -> Iterator[Finding]:
    """Checks that the rows of a table broke when it was built: of its errors a problem, of its warnings a
    note."""
    for result in table.checks:
        if not result.get("fails"):
            continue
        rows, broken = int(result.get("rows", 0)), int(result.get("broken", 0))
        share = float(result.get("share", 1.0))
        yield Finding(
            "check_failed",
            PROBLEM if result.get("level") == "error" else NOTE,
            f"{table.task}: check {printable(result.get('name'))}: {number(broken)} of "
            f"{quantity(rows, 'row')} "
            f"break {printable(result.get('condition'), 200)}",
            course=table.course,
            table=table.task,
            number=broken,
            expected=round((1 - share) * rows, 6),
        )
