"""Functions of texts, regular expressions and JSON."""

from __future__ import annotations

import re
import warnings

from edxtasks.printable import printable
from edxtasks.warehouse.dialect.coercion import RefusedError
from edxtasks.warehouse.dialect.expressions import Call
from edxtasks.warehouse.dialect.functions import builder, plain
from edxtasks.warehouse.dialect.types import BOOL, BYTES, INT64, STRING, Value, array, text

plain("STARTS_WITH", [STRING, STRING], BOOL, "starts_with({0}, {1})")
plain("ENDS_WITH", [STRING, STRING], BOOL, "ends_with({0}, {1})")
plain("STRPOS", [STRING, STRING], INT64, "strpos({0}, {1})")
plain("LENGTH", [STRING], INT64, "length({0})")
plain("CHAR_LENGTH", [STRING], INT64, "length({0})")
plain("BYTE_LENGTH", [STRING], INT64, "strlen({0})")
plain("LOWER", [STRING], STRING, "lower({0})")
plain("UPPER", [STRING], STRING, "upper({0})")
plain("TRIM", [STRING], STRING, "bq_trim({0})")
plain("TRIM", [STRING, STRING], STRING, "trim({0}, {1})")
plain("LTRIM", [STRING], STRING, "bq_ltrim({0})")
plain("LTRIM", [STRING, STRING], STRING, "ltrim({0}, {1})")
plain("RTRIM", [STRING], STRING, "bq_rtrim({0})")
plain("RTRIM", [STRING, STRING], STRING, "rtrim({0}, {1})")
plain("REPLACE", [STRING, STRING, STRING], STRING, "replace({0}, {1}, {2})")
plain("SUBSTR", [STRING, INT64], STRING, "bq_substr_rest({0}, {1})")
plain("SUBSTR", [STRING, INT64, INT64], STRING, "bq_substr({0}, {1}, {2})")
plain("SUBSTRING", [STRING, INT64], STRING, "bq_substr_rest({0}, {1})")
plain("SUBSTRING", [STRING, INT64, INT64], STRING, "bq_substr({0}, {1}, {2})")
plain("LEFT", [STRING, INT64], STRING, "bq_left({0}, {1})")
plain("RIGHT", [STRING, INT64], STRING, "bq_right({0}, {1})")
plain("LPAD", [STRING, INT64, STRING], STRING, "bq_lpad({0}, {1}, {2})")
plain("REPEAT", [STRING, INT64], STRING, "bq_repeat({0}, {1})")
plain("RPAD", [STRING, INT64, STRING], STRING, "bq_rpad({0}, {1}, {2})")
plain("REVERSE", [STRING], STRING, "array_to_string(list_reverse(string_split({0}, '')), '')")
plain("INSTR", [STRING, STRING], INT64, "strpos({0}, {1})")
plain("EDIT_DISTANCE", [STRING, STRING], INT64, "bq_edit_distance({0}, {1})")
plain("SPLIT", [STRING], array(STRING), "string_split({0}, ',')")
plain(
    "SPLIT",
    [STRING, STRING],
    array(STRING),
    # An empty text has one piece, also where an empty separator takes a text apart into characters.
    "CASE WHEN {0} = '' AND {1} = '' THEN [''] ELSE string_split({0}, {1}) END",
    version=2,
)
plain("MD5", [STRING], BYTES, "unhex(md5({0}))")
plain("SHA256", [STRING], BYTES, "unhex(sha256({0}))")
plain("TO_HEX", [BYTES], STRING, "lower(hex({0}))")


@builder("CONCAT")
def _concat(call: Call) -> Value:
    if not call.arguments:
        raise RefusedError("CONCAT takes at least one argument")
    pieces = [call.typed(index, STRING) for index in range(len(call.arguments))]
    return Value("(" + " || ".join(pieces) + ")", STRING)


_ESCAPED = re.compile(r"\\.", re.DOTALL)
# A class without an end goes to the end of the pattern: else it would be looked for from each bracket again.
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|[^\]])*+(?:\]|\Z)")
_GROUP = re.compile(r"\((?!\?)|\(\?P?<")


def groups(pattern: str) -> int:
    """The number of capturing groups of an RE2 pattern."""
    return len(_GROUP.findall(_CLASS.sub("", _ESCAPED.sub("", pattern))))


def always_takes_part(pattern: str) -> bool:
    """Whether the one group of an RE2 pattern has a part in every match.

    One that has none (`a(x)?`) gives NULL in GoogleSQL and the empty text in DuckDB.
    """
    bare = _CLASS.sub("x", _ESCAPED.sub("x", pattern))
    holds, chooses, own = (
        [False],
        [False],
        [True],
    )  # by depth: holds the group, has a `|`, is the group itself
    for position, character in enumerate(bare):
        if character == "(":
            group = bool(_GROUP.match(bare, position))
            holds.append(group)
            chooses.append(False)
            own.append(group)
        elif character == "|":
            chooses[-1] = True
        elif character == ")" and len(holds) > 1:
            held, chosen, is_group = holds.pop(), chooses.pop(), own.pop()
            optional = bare[position + 1 : position + 2] in ("?", "*", "{")
            if held and (optional or (chosen and not is_group)):
                return False
            holds[-1] = holds[-1] or held
    return not chooses[0]


def _pattern(call: Call) -> str:
    """The pattern, which must be a literal: its groups decide what comes out."""
    call.take(2)
    pattern = call.literal(1)
    if "\\Q" in pattern or "\\C" in pattern:
        raise RefusedError(f"{call.name}: \\Q and \\C in a pattern are not on the proven list")
    return pattern


@builder("REGEXP_CONTAINS")
def _regexp_contains(call: Call) -> Value:
    pattern = _pattern(call)
    return Value(f"regexp_matches({call.typed(0, STRING)}, {text(pattern)})", BOOL)


@builder("REGEXP_EXTRACT")
def _regexp_extract(call: Call) -> Value:
    pattern = _pattern(call)
    count = groups(pattern)
    if count > 1:
        raise RefusedError("REGEXP_EXTRACT takes a pattern with at most one group: write (?:…)")
    if count and not always_takes_part(pattern):
        raise RefusedError(
            "REGEXP_EXTRACT: a group that may have no part in a match is not on the proven list"
        )
    subject = call.typed(0, STRING)
    return Value(f"bq_regexp_extract({subject}, {text(pattern)}, {count})", STRING)


@builder("REGEXP_EXTRACT_ALL")
def _regexp_extract_all(call: Call) -> Value:
    pattern = _pattern(call)
    count = groups(pattern)
    if count > 1 or (count and not always_takes_part(pattern)):
        raise RefusedError(
            "REGEXP_EXTRACT_ALL takes a pattern with at most one group, which has a part in each match"
        )
    if matches_nothing(pattern):
        raise RefusedError(
            "REGEXP_EXTRACT_ALL with a pattern that matches an empty text is not on the proven list"
        )
    subject = call.typed(0, STRING)
    return Value(f"regexp_extract_all({subject}, {text(pattern)}, {count})", array(STRING))


def matches_nothing(pattern: str) -> bool:
    """Whether a pattern can match an empty text; also if that cannot be told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what future versions of Python may read otherwise
            return re.search(pattern, "") is not None
    except (re.error, OverflowError, RecursionError):
        return True


@builder("REGEXP_REPLACE")
def _regexp_replace(call: Call) -> Value:
    call.take(3)
    pattern, replacement = call.literal(1), call.literal(2)
    if not pattern:
        raise RefusedError("REGEXP_REPLACE with an empty pattern is not on the proven list")
    subject = call.typed(0, STRING)
    return Value(f"regexp_replace({subject}, {text(pattern)}, {text(replacement)}, 'g')", STRING)


_PATH = re.compile(r'\$(\.[A-Za-z_]\w*|\."[^"\\*]+"|\[[0-9]{1,9}\])*\Z', re.ASCII)


def _json_path(call: Call, *counts: int) -> str:
    call.take(*counts)
    path = call.literal(1) if len(call.arguments) == 2 else "$"
    if "EXTRACT" in call.name and '"' in path:
        other = call.name.replace("EXTRACT_SCALAR", "VALUE").replace("EXTRACT_STRING", "VALUE")
        other = other.replace("EXTRACT", "QUERY")
        raise RefusedError(f"{call.name} takes no name in quotes in its path: take {other}")
    if not _PATH.match(path):
        raise RefusedError(
            f"{call.name}: the path {printable(path)} is not on the proven list: "
            'write $.name, $."na-me", $[0]'
        )
    return path


@builder("JSON_VALUE", "JSON_EXTRACT_SCALAR")
def _json_value(call: Call) -> Value:
    path = _json_path(call, 1, 2)
    return Value(f"bq_json_value({call.typed(0, STRING)}, {text(path)})", STRING)


@builder("JSON_QUERY_ARRAY", "JSON_EXTRACT_ARRAY")
def _json_query_array(call: Call) -> Value:
    path = _json_path(call, 1, 2)
    return Value(f"bq_json_query_array({call.typed(0, STRING)}, {text(path)})", array(STRING))


@builder("JSON_VALUE_ARRAY", "JSON_EXTRACT_STRING_ARRAY")
def _json_value_array(call: Call) -> Value:
    path = _json_path(call, 1, 2)
    return Value(f"bq_json_value_array({call.typed(0, STRING)}, {text(path)})", array(STRING))


@builder("JSON_QUERY", "JSON_EXTRACT")
def _json_query(call: Call) -> Value:
    path = _json_path(call, 2)
    return Value(f"bq_json_query({call.typed(0, STRING)}, {text(path)})", STRING)
