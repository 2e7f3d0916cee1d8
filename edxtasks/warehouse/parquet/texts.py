"""Rows as lines of CSV or JSON, spelt by DuckDB: letter by letter what `build/exports.py` makes of them row
by row, in a fifth of the time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import orjson

from edxtasks.csv_text import EMPTY_RECORD, NEEDS_QUOTES, CsvForm, TextForm
from edxtasks.warehouse.duckdb_sql import literal, quoted_name
from edxtasks.warehouse.schema import Column, Schema

_ENDLESS_TIME = {"infinity": "9999-12-31 23:59:59.999999", "-infinity": "0001-01-01 00:00:00"}
_ENDLESS_DAY = {"infinity": "9999-12-31", "-infinity": "0001-01-01"}
"""What Python makes of DuckDB's times without end."""
_BACKSLASH = "\\\\"
"""A backslash in a JSON string."""


def line(schema: Schema, form: TextForm) -> str:
    """DuckDB SQL: the line of a row, without its end. No column is nested."""
    if isinstance(form, CsvForm):
        text = _joined([_csv_field(column, form) for column in schema], ",")
        return f"coalesce(nullif({text}, ''), {literal(EMPTY_RECORD)})" if len(schema.names) == 1 else text
    pieces: list[str] = []
    for column in schema:
        start = f"{',' if pieces else '{'}{orjson.dumps(column.name).decode()}:"
        pieces += [literal(start), f"coalesce({_json_value(column)}, 'null')"]
    return f"concat({', '.join(pieces)}, '}}')"


def _joined(values: list[str], sign: str) -> str:
    """Texts with a sign between; NULL is empty."""
    return "concat(" + f", {literal(sign)}, ".join(values) + ")"


def _csv_field(column: Column, form: CsvForm) -> str:
    name = quoted_name(column.name)
    if column.type == "STRING":
        quoted = f"""concat('"', replace({name}, '"', '""'), '"')"""
        return f"CASE WHEN regexp_matches({name}, {literal(NEEDS_QUOTES)}) THEN {quoted} ELSE {name} END"
    if column.type == "BOOLEAN":
        return _boolean(name, form.true, form.false)
    if column.type == "TIMESTAMP":
        return f"{_time(name)} || {literal(form.zone)}" if form.zone else _time(name)
    return _PLAIN[column.type](name)


def _json_value(column: Column) -> str:
    name = quoted_name(column.name)
    if column.type == "STRING":
        return _json_text(name)
    if column.type == "BOOLEAN":
        return _boolean(name, "true", "false")
    if column.type == "FLOAT":
        return _json_float(name)
    if column.type == "TIMESTAMP":
        return f"""'"' || {_time(name)} || '"'"""
    plain = _PLAIN[column.type](name)
    return f"""'"' || {plain} || '"'""" if column.type == "DATE" else plain


def _text(name: str) -> str:
    return f"CAST({name} AS VARCHAR)"


def _boolean(name: str, true: str, false: str) -> str:
    return f"CASE {name} WHEN TRUE THEN {literal(true)} WHEN FALSE THEN {literal(false)} END"


def _float(name: str) -> str:
    """The shortest text that reads back the same; without the sign that DuckDB gives to some that are no
    number."""
    return f"CASE WHEN isnan({name}) THEN 'nan' ELSE {_text(name)} END"


def _json_float(name: str) -> str:
    """As orjson writes it: exponents without leading zeros, and none down to 0.00001."""
    text = _text(name)
    sign, digits = f"CASE WHEN {name} < 0 THEN '-' ELSE '' END", f"translate({text}, '-.', '')"
    return (
        f"CASE WHEN {name} = 0 OR abs({name}) BETWEEN 0.0001 AND {sys.float_info.max!r} THEN {text} "
        f"WHEN NOT isfinite({name}) THEN 'null' "
        f"WHEN ends_with({text}, 'e-05') THEN concat({sign}, '0.0000', replace({digits}, 'e05', '')) "
        f"ELSE replace({text}, 'e-0', 'e-') END"
    )


def _json_text(name: str) -> str:
    """As orjson writes it: the letters of a control character's number are small."""
    text = f"CAST(to_json({name}) AS VARCHAR)"
    small = f"replace({text}, '{_BACKSLASH}', chr(1))"  # no control character is left in JSON
    for code in range(0x20):
        if f"{code:x}" != f"{code:X}":
            small = f"replace({small}, '\\u{code:04X}', '\\u{code:04x}')"
    return (
        f"CASE WHEN contains({text}, '\\u00') THEN replace({small}, chr(1), '{_BACKSLASH}') ELSE {text} END"
    )


def _time(name: str) -> str:
    """`YYYY-MM-DD HH:MM:SS[.ffffff]` in UTC."""
    text = f"CAST(make_timestamp(epoch_us({name})) AS VARCHAR)"
    as_it_is = f"epoch_us({name}) % 1000000 = 0 OR epoch_us({name}) % 10 != 0"
    whole = f"CASE WHEN {as_it_is} THEN {text} ELSE rpad({text}, 26, '0') END"
    return _with_ends(name, whole, _ENDLESS_TIME)


def _date(name: str) -> str:
    return _with_ends(name, _text(name), _ENDLESS_DAY)


def _with_ends(name: str, text: str, ends: Mapping[str, str]) -> str:
    high, low = (literal(ends[one]) for one in ("infinity", "-infinity"))
    endless = f"CASE WHEN {_text(name)} = 'infinity' THEN {high} ELSE {low} END"
    return f"CASE WHEN isinf({name}) THEN {endless} ELSE {text} END"


_PLAIN: Mapping[str, Callable[[str], str]] = {"INTEGER": _text, "FLOAT": _float, "DATE": _date}
