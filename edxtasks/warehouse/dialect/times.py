"""Functions of dates and timestamps. The time zone is UTC throughout."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError, fit, literal_of
from edxtasks.warehouse.dialect.expressions import Call
from edxtasks.warehouse.dialect.functions import builder, plain
from edxtasks.warehouse.dialect.types import DATE, INT64, PARAMETER, STRING, TIMESTAMP, Value, array

MICROSECONDS = {
    "MICROSECOND": 1,
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}

plain("UNIX_MICROS", [TIMESTAMP], INT64, "epoch_us({0})")
plain("UNIX_MILLIS", [TIMESTAMP], INT64, "bq_floor_div(epoch_us({0}), 1000)")
plain("UNIX_SECONDS", [TIMESTAMP], INT64, "bq_floor_div(epoch_us({0}), 1000000)")
plain("UNIX_DATE", [DATE], INT64, "CAST({0} - DATE '1970-01-01' AS BIGINT)")
plain("DATE_FROM_UNIX_DATE", [INT64], DATE, "bq_date_in_range(DATE '1970-01-01' + CAST({0} AS INTEGER))")


@builder("TIMESTAMP_SECONDS", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS", safe=True)
def _timestamp_of_number(call: Call) -> Value:
    call.take(1)
    factor = {"TIMESTAMP_SECONDS": 1_000_000, "TIMESTAMP_MILLIS": 1_000, "TIMESTAMP_MICROS": 1}[call.name]
    macro = "bq_safe_of_micros" if call.safe else "bq_of_micros"
    return Value(f"{macro}(CAST({call.typed(0, INT64)} AS HUGEINT) * {factor})", TIMESTAMP)


plain("LAST_DAY", [DATE], DATE, "last_day({0})")


def part(node: exp.Expression, name: str) -> str:
    """The name of a date part: `DAY`, `WEEK`, `WEEK(MONDAY)`."""
    if isinstance(node, exp.Anonymous) and node.name.upper() == "WEEK" and len(node.expressions) == 1:
        return f"WEEK({node.expressions[0].name.upper()})"
    if isinstance(node, exp.Var) or (isinstance(node, exp.Column) and len(node.parts) == 1):
        return node.name.upper()
    raise RefusedError(f"{name}: a date part was expected, such as DAY")


def interval(call: Call, index: int, units: Mapping[str, object]) -> tuple[str, str]:
    """Number (DuckDB text, INT64) and unit of an argument `INTERVAL n UNIT`."""
    node = call.arguments[index]
    if not isinstance(node, exp.Interval) or node.args.get("unit") is None:
        raise RefusedError(f"{call.name} takes INTERVAL n UNIT")
    unit = node.args["unit"].name.upper()
    if unit not in units:
        raise RefusedError(f"{call.name}: {unit} is not on the proven list; see docs/sql.md")
    this = node.this
    if isinstance(this, exp.Literal):
        if not re.fullmatch(r"-?[0-9]+", this.name):
            raise RefusedError(f"{call.name}: an interval takes an integer")
        return f"CAST({this.name} AS BIGINT)", unit
    return call.place.typed(this, INT64), unit


def only_utc(call: Call, index: int) -> None:
    """Refuse a time zone argument that is not the literal 'UTC'."""
    if len(call.arguments) > index and literal_of(call.arguments[index]) != "UTC":
        raise RefusedError(f"{call.name}: the only time zone on the proven list is 'UTC'")


@builder("TIMESTAMP_DIFF")
def _timestamp_diff(call: Call) -> Value:
    call.take(3)
    unit = part(call.arguments[2], call.name)
    if unit not in MICROSECONDS:
        raise RefusedError(f"TIMESTAMP_DIFF: {unit} is not on the proven list; see docs/sql.md")
    a, b = call.typed(0, TIMESTAMP), call.typed(1, TIMESTAMP)
    return Value(f"bq_micros_diff({a}, {b}, {MICROSECONDS[unit]})", INT64)


@builder("TIMESTAMP_ADD", "TIMESTAMP_SUB")
def _timestamp_add(call: Call) -> Value:
    call.take(2)
    number, unit = interval(call, 1, MICROSECONDS)
    sign = "+" if call.name == "TIMESTAMP_ADD" else "-"
    moment = call.typed(0, TIMESTAMP)
    return Value(f"bq_of_micros(epoch_us({moment}) {sign} {number} * {MICROSECONDS[unit]})", TIMESTAMP)


_TRUNCATED = {
    "DAY": "day",
    "ISOWEEK": "week",
    "WEEK(MONDAY)": "week",
    "MONTH": "month",
    "QUARTER": "quarter",
    "YEAR": "year",
}


def _truncated(day: str, unit: str, name: str) -> str:
    """A DATE in DuckDB, truncated."""
    if unit in ("WEEK", "WEEK(SUNDAY)"):
        return f"bq_date_in_range(bq_sunday({day}))"
    if unit == "DAY":
        return day
    if unit not in _TRUNCATED:
        raise RefusedError(f"{name}: {unit} is not on the proven list; see docs/sql.md")
    return f"CAST(date_trunc('{_TRUNCATED[unit]}', {day}) AS DATE)"


@builder("DATE_TRUNC")
def _date_trunc(call: Call) -> Value:
    call.take(2)
    return Value(_truncated(call.typed(0, DATE), part(call.arguments[1], call.name), call.name), DATE)


@builder("TIMESTAMP_TRUNC")
def _timestamp_trunc(call: Call) -> Value:
    call.take(2, 3)
    only_utc(call, 2)
    unit = part(call.arguments[1], call.name)
    moment = call.typed(0, TIMESTAMP)
    if unit in MICROSECONDS:
        return Value(f"bq_truncate({moment}, {MICROSECONDS[unit]})", TIMESTAMP)
    day = _truncated(f"bq_date({moment})", unit, call.name)
    return Value(f"bq_utc(CAST({day} AS TIMESTAMP))", TIMESTAMP)


_CALENDAR = {"DAY": "days", "WEEK": "weeks", "MONTH": "months", "QUARTER": "quarters", "YEAR": "years"}


@builder("DATE_ADD", "DATE_SUB")
def _date_add(call: Call) -> Value:
    call.take(2)
    number, unit = interval(call, 1, _CALENDAR)
    sign = "+" if call.name == "DATE_ADD" else "-"
    day = call.typed(0, DATE)
    if unit in ("DAY", "WEEK"):
        days = number if unit == "DAY" else f"{number} * 7"
        return Value(f"bq_date_in_range({day} {sign} CAST({days} AS INTEGER))", DATE)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    span = f"to_months(CAST({number} * {months} AS INTEGER))"
    return Value(f"bq_date_in_range(CAST({day} {sign} {span} AS DATE))", DATE)


_DIFFERENCES = {
    "DAY": "CAST({0} - {1} AS BIGINT)",
    "WEEK": "(CAST(bq_sunday({0}) - bq_sunday({1}) AS BIGINT) // 7)",
    "WEEK(SUNDAY)": "(CAST(bq_sunday({0}) - bq_sunday({1}) AS BIGINT) // 7)",
    "WEEK(MONDAY)": "(CAST(bq_monday({0}) - bq_monday({1}) AS BIGINT) // 7)",
    "ISOWEEK": "(CAST(bq_monday({0}) - bq_monday({1}) AS BIGINT) // 7)",
    "MONTH": "bq_months_between({0}, {1})",
    "QUARTER": (
        "((date_part('year', {0}) - date_part('year', {1})) * 4 + "
        "date_part('quarter', {0}) - date_part('quarter', {1}))"
    ),
    "YEAR": "(date_part('year', {0}) - date_part('year', {1}))",
}


@builder("DATE_DIFF")
def _date_diff(call: Call) -> Value:
    call.take(3)
    unit = part(call.arguments[2], call.name)
    if unit not in _DIFFERENCES:
        raise RefusedError(f"DATE_DIFF: {unit} is not on the proven list; see docs/sql.md")
    return Value(_DIFFERENCES[unit].format(call.typed(0, DATE), call.typed(1, DATE)), INT64)


def _moment(call: Call, index: int) -> tuple[str, str]:
    """A DATE or TIMESTAMP argument: DuckDB text without zone (DATE or TIMESTAMP), GoogleSQL type."""
    value = call.value(index)
    if value.type == TIMESTAMP:
        return f"bq_plain({value.sql})", "TIMESTAMP"
    if value.type == PARAMETER:
        raise RefusedError(f"{call.name}: the type of the parameter decides; write CAST(@name AS type)")
    return fit(value, DATE), "DATE"


_PARTS = {
    "YEAR": "date_part('year', {0})",
    "QUARTER": "date_part('quarter', {0})",
    "MONTH": "date_part('month', {0})",
    "DAY": "date_part('day', {0})",
    "DAYOFYEAR": "date_part('doy', {0})",
    "DAYOFWEEK": "(date_part('dow', {0}) + 1)",
    "ISOWEEK": "date_part('week', {0})",
    "ISOYEAR": "date_part('isoyear', {0})",
    "WEEK": "((date_part('doy', {0}) + 6 - date_part('dow', {0})) // 7)",
}
_TIME_PARTS = {
    "HOUR": "date_part('hour', {0})",
    "MINUTE": "date_part('minute', {0})",
    "SECOND": "CAST(date_part('second', {0}) AS BIGINT)",
    "MILLISECOND": "(date_part('millisecond', {0}) % 1000)",
    "MICROSECOND": "(date_part('microsecond', {0}) % 1000000)",
}


@builder("EXTRACT")
def _extract(call: Call) -> Value:
    unit = part(call.arguments[0], call.name)
    if isinstance(call.arguments[1], exp.AtTimeZone):
        if literal_of(call.arguments[1].args["zone"]) != "UTC":
            raise RefusedError("EXTRACT: the only time zone on the proven list is 'UTC'")
        call = Call(call.name, [call.arguments[0], call.arguments[1].this], call.place, call.node)
        call.typed(1, TIMESTAMP)
    moment, kind = _moment(call, 1)
    if unit == "DATE" and kind == "TIMESTAMP":
        return Value(f"CAST({moment} AS DATE)", DATE)
    template = _PARTS.get(unit) or (_TIME_PARTS.get(unit) if kind == "TIMESTAMP" else None)
    if template is None:
        raise RefusedError(f"EXTRACT({unit} FROM {kind}) is not on the proven list; see docs/sql.md")
    return Value(template.format(moment), INT64)


@builder("DATE")
def _date(call: Call) -> Value:
    call.take(1, 2, 3)
    if len(call.arguments) == 3:
        year, month, day = (call.typed(index, INT64) for index in range(3))
        return Value(f"bq_date_in_range(make_date({year}, {month}, {day}))", DATE)
    only_utc(call, 1)
    value = call.value(0)
    if value.type == DATE and len(call.arguments) == 1:
        return value
    return Value(f"bq_date({fit(value, TIMESTAMP)})", DATE)


@builder("TIMESTAMP")
def _timestamp(call: Call) -> Value:
    call.take(1, 2)
    only_utc(call, 1)
    value = call.value(0)
    if value.type == DATE:
        return Value(f"bq_utc(CAST({value.sql} AS TIMESTAMP))", TIMESTAMP)
    if value.type == STRING and len(call.arguments) == 1:
        return Value(f"bq_strict({value.sql}, bq_text_timestamp({value.sql}))", TIMESTAMP)
    if len(call.arguments) == 2:
        raise RefusedError("TIMESTAMP takes one argument: the time zone is UTC")
    return Value(fit(value, TIMESTAMP), TIMESTAMP)


@builder("STRING")
def _string(call: Call) -> Value:
    call.take(1, 2)
    only_utc(call, 1)
    return Value(f"bq_timestamp_text({call.typed(0, TIMESTAMP)})", STRING)


@builder("GENERATE_DATE_ARRAY")
def _generate_dates(call: Call) -> Value:
    call.take(2, 3)
    step = "CAST(1 AS BIGINT)"
    if len(call.arguments) == 3:
        step, unit = interval(call, 2, {"DAY": 1, "WEEK": 7})
        step = f"({step} * 7)" if unit == "WEEK" else step
    return Value(f"bq_dates({call.typed(0, DATE)}, {call.typed(1, DATE)}, {step})", array(DATE))
