"""What must hold of every line, whatever it is: for tests of made-up lines and for the fuzzer."""

from __future__ import annotations

import json
from typing import Any

from edxtasks.logs.rows.rephrase import Reject, Rephrased, Rephraser, RephraseRules
from edxtasks.logs.tracklog_schema import TRACKLOG_SCHEMA
from edxtasks.warehouse.schema import Column

REASONS = {"bad_json", "not_object", "no_event_source", "bad_time"}
RULES = [
    RephraseRules(json_text_form=form, module_id_extended=extended)
    for form in ("compact", "predecessor")
    for extended in (True, False)
]
REPHRASERS = [Rephraser(rules) for rules in RULES]
"""One for each of `RULES`: they have seen all lines of all tests."""


def fits(value: Any, column: Column) -> bool:
    """Whether a JSON value loads into a column as it is."""
    match column.type:
        case "STRING":
            return isinstance(value, str)
        case "INTEGER":
            return type(value) is int and -(2**63) <= value < 2**63
        case "FLOAT":
            return type(value) in {int, float} and abs(value) < 1e309
        case "BOOLEAN":
            return isinstance(value, bool)
        case "TIMESTAMP":
            return isinstance(value, str) and len(value) == 32
        case _:
            return isinstance(value, dict) and bool(value) and fit_all(value, column.fields)


def fit_all(record: dict[str, Any], columns: tuple[Column, ...]) -> bool:
    """Whether all members of a record are columns, and fit; a null fits anywhere."""
    named = {column.name: column for column in columns}
    return all(name in named and (v is None or fits(v, named[name])) for name, v in record.items())


def check(line: bytes) -> None:
    """One line through every rephraser."""
    for rephraser in REPHRASERS:
        check_row(rephraser, line, rephraser.line(line))
        rephraser.take_counts()


def check_row(rephraser: Rephraser, line: bytes, result: Rephrased | Reject | None) -> None:
    """What must hold of what a rephraser made of a line."""
    if result is None:
        assert not line.decode(errors="replace").strip().removeprefix("\ufeff").strip()
        return
    if isinstance(result, Reject):
        assert result.reason in REASONS, result
        return
    course, microseconds, text = result
    row = json.loads(text)
    assert b"\n" not in text
    assert fit_all(row, TRACKLOG_SCHEMA.columns)
    assert row.get("course_id") == course
    assert isinstance(microseconds, int)
    json.loads(row["event"])
    if "mongoid" in row:
        assert json.loads(row["mongoid"])
    assert rephraser.line(text) == result
