"""Made-up input rows for models, few or millions, made by DuckDB from numbers: the same rows every time.

Texts come from the cases of the models, so that the names which a model looks for occur; what tells rows of
an input apart is unique in them, as it is in real tables; all else is drawn by hash, with ties and NULLs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_cases import cases, input_schema, models, queries, registry
from sqlglot import exp

from edxtasks.table import TRACKLOG, SqlModel
from edxtasks.warehouse import dialect
from edxtasks.warehouse.duckdb_sql import literal, quoted
from edxtasks.warehouse.schema import Column, Schema

KEYS: Mapping[str, tuple[str, ...]] = {
    "courses.cameo_master": (),
    "cameo_cutoff_time": (),
    TRACKLOG: (),
    "course_facts": (),
    "courses.global_modal_ip": ("username",),
    "enrollday_all": (),
    "enrollment_events": (),
    "forum": (),
    "forum_events": (),
    "ora_events": (),
    "ora_events_day": (),
    "person_course_video_watched": ("user_id",),
    "grading_policy": (),
    "person_item": ("user_id", "item_nid"),
    "problem_analysis": ("user_id", "problem_url_name"),
    "problem_check": (),
    "problem_grades": ("user_id", "module_id"),
    "show_answer": (),
    "show_answer_stats_by_course": ("course_id",),
    "stats_problem_check_show_answer_ip": (),
    "video_stats": ("index_video", "video_id"),
    "video_stats_day": ("date", "username", "video_id"),
}
"""What tells rows apart in inputs whose grain names no columns; () where rows may be equal."""

ROWS_AT_MOST: Mapping[str, int] = {
    "cameo_cutoff_time": 1,
    "course_facts": 1,
    "course_axis": 300,
    "course_item": 200,
    "course_problem": 2000,
    "courses.uname_ip_groups": 40_000,
    "forum_posts": 300,
    "item_irt_grm": 300,
    "report.broad_stats_by_course": 1000,
    "report.median_stats_by_course": 2000,
    "report.person_course_latest": 250_000,
    "report.time_on_task_hours_by_course": 3000,
    "show_answer_stats_by_course": 1000,
}
"""Inputs that are small in every course: more rows would only multiply joins."""

LOOSE_THRESHOLDS: Mapping[str, int | float] = {
    "min_item_responses": 1,
    "sybil_max_group": 1_000_000_000,
    "sybil_max_percent_correct": 500.0,
    "sybil_min_show_answer": 5,
    "fingerprint_min_pairs": 1,
    "fingerprint_min_corr": -1.0,
}
"""Settings with which made-up rows, that are few and alike, give rows."""

_FIRST_EVENING = "TIMESTAMPTZ '2013-02-27 23:55:00+00'"
_FIRST_DATE = "DATE '2013-02-27'"
_PLACE_IN_LIST = re.compile(r"\.[0-9]+\.")
_LEARNER_NUMBERS = {"user_id", "student_id", "author_id", "master_id", "harvester_id"}
_USERNAMES = {"username", "master_candidate", "harvester_candidate"}


@dataclass(frozen=True)
class Sizes:
    """How many rows an input has, how many learners are in them, and where the draw starts."""

    rows: int
    learners: int
    seed: int = 0


def made_up(name: str, sizes: Sizes, reader: str = "") -> str:
    """DuckDB SQL of the made-up rows of an input, with the columns of `columns_read`.

    Half of the drawn texts are those of the cases of the model `reader`, so that it finds what it looks for.
    """
    schema = columns_read(name)
    keys = _key_numbers(name, sizes)
    if list(keys) == ["user_id"]:  # one account, one name
        keys["username"] = keys["user_id"]
    texts = _texts_for(reader)
    items = [
        f"{value} AS {quoted(column.name)}"
        for column in schema
        for value in [
            _key(column, name, keys[column.name])
            if column.name in keys
            else _drawn(column, name, sizes, texts)
        ]
    ]
    rows = min(sizes.rows, ROWS_AT_MOST.get(name, sizes.rows))
    return f"SELECT {', '.join(items)} FROM range({rows}) AS numbers(i)"


@functools.cache
def columns_read(name: str) -> Schema:
    """The columns of an input that any model names, and the members of RECORDs that any names.

    Of an input that no model reads, all.
    """
    named: set[str] = set()
    for table in (*models(), *queries()):
        assert isinstance(table.builder, SqlModel)
        if name in table.inputs:
            named |= {node.name.lower() for node in dialect.parse(table.builder.sql).find_all(exp.Identifier)}
    return Schema(
        tuple(_only(column, named) for column in input_schema(name) if column.name.lower() in named)
    )


def _only(column: Column, named: set[str]) -> Column:
    fields = tuple(_only(field, named) for field in column.fields if field.name.lower() in named)
    return replace(column, fields=fields)


def _key_numbers(name: str, sizes: Sizes) -> dict[str, str]:
    """For each column that tells rows apart, the number that its value is made of; of the last there are as
    many as it takes."""
    schema = input_schema(name)
    keys = _keys(name)
    numbers = {}
    divisor = 1
    for column in keys[:-1]:
        texts = _texts()[f"{name}.{column}"]
        if column in _USERNAMES | _LEARNER_NUMBERS:
            radix = sizes.learners
        else:
            radix = len(texts) if texts and schema[column].type == "STRING" else 7
        numbers[column] = f"(i // {divisor} % {radix})"
        divisor *= radix
    return numbers | dict.fromkeys(keys[-1:], f"(i // {divisor})")


def _keys(name: str) -> tuple[str, ...]:
    grain = tuple(registry()[name].grain.split(", ")) if name in registry() else ()
    if grain and all(column in input_schema(name).names for column in grain):
        return grain
    if name not in KEYS:
        raise KeyError(f"say in {__name__}.KEYS what tells rows of {name} apart")
    return KEYS[name]


def _key(column: Column, path: str, number: str) -> str:
    """The value of a column that tells rows apart, of a number."""
    if column.name in _USERNAMES:
        return f"'u' || {number}"
    if column.type == "STRING":
        texts = _texts()[f"{path}.{column.name}"]
        rest = f"{literal(column.name)} || {number}"
        return f"coalesce({_list(texts)}[1 + {number}], {rest})" if texts else rest
    if column.type == "DATE":
        return f"{_FIRST_DATE} + CAST({number} AS INTEGER)"
    if column.type == "TIMESTAMP":
        # On five dates; 86,400 is a multiple of five, so that no two numbers give one time.
        return f"{_FIRST_EVENING} + to_seconds({number}) + to_days(CAST({number} % 5 AS INTEGER))"
    return f"CAST({number} AS {column.duckdb_type})"


def _list(texts: list[str]) -> str:
    return f"[{', '.join(map(literal, texts))}]"


def _drawn(column: Column, path: str, sizes: Sizes, texts: _Texts) -> str:
    """A value drawn by hash: one in thirteen is NULL."""
    if column.repeated:
        one = replace(column, mode="NULLABLE")
        items = (
            f"coalesce({_drawn(one, f'{path}.{place}', sizes, texts)}, {_none(one)})" for place in range(3)
        )
        length = f"hash(i, {literal(path)}, {literal(column.name)}, {sizes.seed}) % 4"
        return f"list_slice([{', '.join(items)}], 1, CAST({length} AS BIGINT))"
    path = f"{path}.{column.name}"
    if column.type == "RECORD":
        members = (f"{quoted(f.name)} := {_drawn(f, path, sizes, texts)}" for f in column.fields)
        return f"struct_pack({', '.join(members)})"
    draw = f"CAST(hash(i, {literal(path)}, {sizes.seed}) >> 1 AS BIGINT)"
    return f"CASE WHEN hash({draw}, 0) % 13 > 0 THEN {_value(column, path, draw, sizes, texts)} END"


def _none(column: Column) -> str:
    """A value of a column whose values are never NULL."""
    kinds = {"STRING": "''", "BOOLEAN": "false", "DATE": _FIRST_DATE, "TIMESTAMP": _FIRST_EVENING}
    return f"CAST({kinds.get(column.type, '0')} AS {column.duckdb_type})" if not column.fields else "NULL"


def _value(column: Column, path: str, draw: str, sizes: Sizes, texts: _Texts) -> str:
    if column.name in _USERNAMES:
        return f"'u' || ({draw} % {sizes.learners})"
    if column.name in _LEARNER_NUMBERS:
        return f"{draw} % {sizes.learners}"
    if column.type == "STRING":
        among = texts[_PLACE_IN_LIST.sub(".", path)] or ["a", "b", ""]
        return f"{_list(among)}[1 + {draw} % {len(among)}]"
    if column.type == "INTEGER":
        return f"{draw} % 20"
    if column.type == "FLOAT":
        return f"CAST({draw} % 1000003 AS DOUBLE) / 997"
    if column.type == "BOOLEAN":
        # The last bits of the hashes of one row go together: two columns would always, or never, be equal.
        return f"hash({draw}, 1) % 2 = 0"
    if column.type == "DATE":
        return f"{_FIRST_DATE} + CAST({draw} % 5 AS INTEGER)"
    # Ten minutes around three midnights, one at the end of a month; many times are whole tens of seconds.
    fraction = f"CASE WHEN {draw} % 5 < 2 THEN 0 ELSE {draw} % 1000000 END"
    return (
        f"{_FIRST_EVENING} + to_days(CAST({draw} % 3 AS INTEGER)) + to_seconds(10 * ({draw} // 3 % 60))"
        f" + to_microseconds({fraction})"
    )


class _Texts(dict[str, list[str]]):
    def __missing__(self, path: str) -> list[str]:
        return []


@functools.cache
def _texts_for(reader: str) -> _Texts:
    """The texts of all cases, and those of the cases of one model as often again as all together."""
    everywhere, own = _texts(), _texts(reader)
    return _Texts(
        {
            path: texts + own[path] * (len(texts) // len(own[path])) if path in own else texts
            for path, texts in everywhere.items()
        }
    )


@functools.cache
def _texts(reader: str = "") -> _Texts:
    """The texts that the cases of all models, or those of one, have in each column of each input."""
    found: dict[str, set[str]] = {}

    def note(path: str, value: object) -> None:
        if isinstance(value, str):
            found.setdefault(path, set()).add(value)
        elif isinstance(value, Mapping):
            for name, member in value.items():
                note(f"{path}.{name}", member)
        elif isinstance(value, list):
            for item in value:
                note(path, item)

    for case in cases():
        if reader and case.table.name != reader:
            continue
        for name, rows in case.inputs.items():
            for row in rows:
                note(name, row)
    return _Texts({path: sorted(texts) for path, texts in found.items()})
