"""Values as others write them, as values of a column: text of an export, or a column of another type.

The same value is written `true`, `True`, `TRUE` or `1`; `2014-10-14 10:00:00`, `…UTC`, `…T10:00:00Z` or
seconds since 1970; `3` or `3.0`. Everything here is DuckDB SQL over one expression.
"""

from __future__ import annotations

from edxtasks.warehouse.schema import Column

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}.*"


def is_nested(column: Column) -> bool:
    """Whether a column holds records or lists: they are compared as JSON."""
    return column.repeated or column.type == "RECORD"


def as_text(value: str) -> str:
    """A value of any type as text."""
    return f"CAST({value} AS VARCHAR)"


def as_json(value: str) -> str:
    """A record or list as compact JSON."""
    return f"CAST(to_json({value}) AS VARCHAR)"


def text_as_json(text: str) -> str:
    """JSON as somebody wrote it as compact JSON; what is none stays."""
    return f"CASE WHEN json_valid({text}) THEN CAST(json({text}) AS VARCHAR) ELSE {text} END"


def read(text: str, kind: str) -> str:
    """The value of a type (of the schema) that a text says, NULL where it says none."""
    trimmed = f"trim({text})"
    if kind == "BOOLEAN":
        return (
            f"CASE WHEN lower({trimmed}) IN ('true', 't', '1', '1.0') THEN TRUE "
            f"WHEN lower({trimmed}) IN ('false', 'f', '0', '0.0') THEN FALSE END"
        )
    if kind == "INTEGER":
        flags = f"CASE lower({trimmed}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
        # By way of a double only where there is a point or exponent: it has 53 bits.
        whole = f"TRY_CAST({trimmed} AS DOUBLE)"
        rounded = (
            f"CASE WHEN regexp_full_match({trimmed}, '{_NUMBER}') AND {whole} = round({whole}) "
            f"THEN TRY_CAST({whole} AS BIGINT) END"
        )
        return (
            f"CASE WHEN regexp_full_match({trimmed}, '[+-]?[0-9]+') THEN TRY_CAST({trimmed} AS BIGINT) "
            f"ELSE coalesce({flags}, {rounded}) END"
        )
    if kind == "FLOAT":
        return f"TRY_CAST({trimmed} AS DOUBLE)"
    if kind == "TIMESTAMP":
        return (
            f"CASE WHEN regexp_full_match({trimmed}, '{_NUMBER}') "
            f"THEN make_timestamptz(TRY_CAST(round(TRY_CAST({trimmed} AS DOUBLE) * 1000000) AS BIGINT)) "
            f"ELSE TRY_CAST({trimmed} AS TIMESTAMPTZ) END"
        )
    if kind == "DATE":
        return f"TRY_CAST({trimmed} AS DATE)"
    return text


def written(value: str, kind: str) -> str:
    """A value of a type as our exports write it; NULL where a difference of spelling says nothing (FLOAT)."""
    if kind == "FLOAT":
        return "NULL"
    if kind == "TIMESTAMP":
        plain = f"strftime({value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%f')"
        return f"replace({plain}, '.000000', '')"
    return as_text(value)


def same_text(one: str, other: str) -> str:
    """Whether two texts that are not equal mean the same flag or the same moment."""
    return (
        f"(lower({one}) IN ('true', 'false') AND lower({one}) = lower({other})) OR "
        f"(regexp_full_match({one}, '{_MOMENT}') AND regexp_full_match({other}, '{_MOMENT}') "
        f"AND TRY_CAST({one} AS TIMESTAMPTZ) = TRY_CAST({other} AS TIMESTAMPTZ))"
    )


def same_float(one: str, other: str, tolerance: tuple[float, float]) -> str:
    """Whether two FLOATs are equal within a relative and an absolute tolerance; NaN and infinities only as
    themselves."""
    relative, absolute = tolerance
    difference = f"abs({one} - {other})"
    return (
        f"CASE WHEN isfinite({one}) AND isfinite({other}) THEN {difference} <= {absolute!r} "
        f"OR {difference} <= {relative!r} * greatest(abs({one}), abs({other})) ELSE {one} = {other} END"
    )
