"""`doit compare TABLE OTHER`: a table of ours with one of an old project."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edxtasks.build.comparison_sides import LONGEST_RECORDS, Ours, Sides, key_of, ours, shown_columns
from edxtasks.build.registry import read_registry
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, SourceAbsentError, UserError, from_machine
from edxtasks.printable import listed, number, printable, printable_message, quantity, say
from edxtasks.scratch import scratch_of
from edxtasks.steps.resource_limits import share
from edxtasks.table import Table
from edxtasks.warehouse import open_warehouse

if TYPE_CHECKING:
    from edxtasks.warehouse.comparison import Comparison

EQUAL, DIFFERENT, NOT_COMPARED = 0, 1, 2
"""Exit statuses."""
_MOST_EXAMPLES = 1000


class Compare(DataCommand):
    """Compare a table with one of an old project, row by row."""

    name = "compare"
    doc_purpose = "compare a table with one of an old project"
    doc_usage = "TABLE OTHER"
    doc_description = (
        "TABLE is NAME:COURSE, report:NAME or DATASET.TABLE. OTHER is a CSV file (plain or .gz), a Parquet "
        "file, a pattern of such in quotes, or a table: PROJECT:DATASET.TABLE of BigQuery, DATASET.TABLE "
        "of this warehouse. Exit status: 0 equal, 1 different, 2 not compared."
    )
    takes_words = 2
    heeds = ("org", "dataset_latest")
    joins = "key"
    cmd_options = (
        {
            "name": "key",
            "long": "key",
            "type": str,
            "default": "",
            "help": "columns that tell rows apart, A,B (default: those of the table's documentation)",
        },
        {
            "name": "tolerance",
            "long": "tolerance",
            "type": str,
            "default": "",
            "help": "numbers with a point may differ by this part of the larger one, or by this "
            "(default: by 1e-9 of the larger one, or by 1e-6)",
        },
        {
            "name": "examples",
            "long": "examples",
            "type": int,
            "default": 5,
            "help": "most examples of each kind",
        },
    )

    def perform(self, request: Request) -> int:
        """Print what was found."""
        import duckdb

        try:
            return _compared(request)
        except (UserError, SourceAbsentError) as error:
            say(f"ERROR: {error}")
        except (OSError, MemoryError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            say(f"ERROR: {from_machine(error)}")
        except duckdb.Error as error:
            say(f"ERROR: {_unreadable(error)}")
        return NOT_COMPARED


def _compared(request: Request) -> int:
    import duckdb

    settings, options = request.settings, request.options
    if len(request.words) != 2:
        raise SettingsError("compare takes a table and what it is compared with: doit compare TABLE OTHER")
    if not 0 <= options["examples"] <= _MOST_EXAMPLES:
        raise SettingsError(f"--examples: expected a number from 0 to {_MOST_EXAMPLES}")
    tolerance = _tolerance(options["tolerance"])
    table = ours(request.words[0], read_registry(settings.engine.state), settings)
    try:
        found = _look(request, table, tolerance, LONGEST_RECORDS[0])
    except duckdb.Error as error:
        if "line size" not in str(error):
            raise
        found = _look(request, table, tolerance, LONGEST_RECORDS[1])
    for line in _report(*found, request.words, table.declared):
        print(printable_message(line))
    return EQUAL if found[0].same else DIFFERENT


def _look(
    request: Request, table: Ours, tolerance: tuple[float, float] | None, longest: int
) -> tuple[Comparison, tuple[str, ...] | None, bool]:
    """What is found, the key, and whether the other side is text."""
    from edxtasks.warehouse.comparison import Plan, compare
    from edxtasks.warehouse.duckdb_session import Session

    settings, options = request.settings, request.options
    with scratch_of(settings) as scratch, scratch.folder() as folder:
        session = Session(share(settings, 1), scratch)
        # Rows come in any order; to keep that of a file takes memory.
        session.connection.execute("SET preserve_insertion_order = false")
        try:
            sides = Sides(settings, open_warehouse(settings, None, scratch), session, folder, longest)
            here = sides.of_ours(table.name)
            there = sides.of_theirs(request.words[1], Path.cwd())
            key = key_of(here.schema, table.declared, options["key"])
            names = {name.lower() for name in there.schema.names}
            lacking = [name for name in key or () if name.lower() not in names]
            if lacking:
                raise UserError(
                    f"{printable(request.words[1])} has no column {lacking[0]}, which tells rows apart: name "
                    "others with --key=A,B"
                )
            shown = shown_columns(here.schema, key)
            plan = Plan(key, shown, options["examples"], *((tolerance,) if tolerance is not None else ()))
            return compare(session, here, there, plan), key, there.is_text
        finally:
            session.close()


def _tolerance(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not (math.isfinite(value) and value >= 0):
        raise SettingsError(f'--tolerance: expected a number such as 1e-9, found "{shorten(text)}"')
    return value, value


def _unreadable(error: Any) -> str:
    """DuckDB's refusal without values of records."""
    from edxtasks.warehouse.refusals import machine_fault

    fault = machine_fault(error)
    return (
        str(fault)
        if fault is not None
        else (
            f"one of both cannot be read as a table ({type(error).__name__}): expected CSV in UTF-8 with a "
            "header and commas, or whole Parquet files. Export it again"
        )
    )


def _report(
    found: Comparison,
    key: tuple[str, ...] | None,
    is_text: bool,
    words: tuple[str, ...],
    declared: Table | None,
) -> Iterator[str]:
    yield f"here       {printable(words[0], None)}: {quantity(found.here, 'row')}"
    yield f"there      {printable(words[1], None)}: {quantity(found.there, 'row')}"
    if key is None:
        told = f" ({declared.grain})" if declared is not None and declared.grain else ""
        yield f"key        none{told}: rows are compared whole, numbers with a point to nine digits"
    else:
        yield f"key        {', '.join(key) or 'none: one row'}"
    yield f"equal      {number(found.equal)}"
    if key is not None:
        yield f"changed    {number(found.changed)}"
    yield f"only here  {number(found.only_here)}"
    yield f"only there {number(found.only_there)}"
    for name, count in (("here", found.repeated_here), ("there", found.repeated_there)):
        if count:
            yield (
                f"note: {quantity(count, 'row')} {name} with a repeated key: compared in the "
                "order of their content"
            )
    if found.columns_here:
        yield f"columns only here:  {listed(found.columns_here, 1000)}"
    if found.columns_there:
        yield f"columns only there: {listed(found.columns_there, 1000)}"
    if is_text:
        yield "note: the text there knows no NULL: NULL and empty text count as equal"
    for name, (kind, other) in found.types.items():
        yield f"note: {name} is {kind} here and {other} there: compared as {kind}"
    for name, counts in found.columns.items():
        if counts.respelt:
            yield f"note: {name}: {quantity(counts.respelt, 'equal value')} written otherwise there"
    names = list(found.columns)
    for name, counts in found.columns.items():
        if counts.changed and key is not None:
            parts = [
                f"{number(count)} {what}"
                for count, what in (
                    (counts.null_there, "without a value there"),
                    (counts.null_here, "without a value here"),
                    (counts.unreadable, "that cannot be read there"),
                )
                if count
            ]
            yield f"changed {name}: {number(counts.changed)}" + (f" ({', '.join(parts)})" if parts else "")
    for kind, rows in found.examples.items():
        for row in rows:
            yield f"{kind.replace('_', ' ')}: {_row(row)}" + _columns(kind, row, names)
    yield "equal" if found.same else "different"


def _row(row: Mapping[str, Any]) -> str:
    from edxtasks.warehouse.comparison import DIFFERING

    return ", ".join(f"{name}={printable(value)}" for name, value in row.items() if name != DIFFERING)


def _columns(kind: str, row: Mapping[str, Any], names: list[str]) -> str:
    from edxtasks.warehouse.comparison import DIFFERING

    return f" ({', '.join(names[one] for one in row[DIFFERING])})" if kind == "changed" else ""
