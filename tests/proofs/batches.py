"""The proofs: every function on the proven list over odd values, and the differences that are known."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from tests.proofs.judging import Batch, Row

INF, NAN = float("inf"), float("nan")

TEXTS = [
    "", "a", "abc", "é", "ÀÉ", " a ", "\ta\n", "\u00a0x\u3000", "a/b/c", "//", "a,b", "é/ü", "ABC", "aBc%_",
    "a\\b", "'q'", "日本語", "😀x", "a\nb", "e\u0301", "\x85z", "\u200bz", "\ufeffz", "ς", "Σ", "a%b", "_", None,
]  # fmt: skip
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 0.30000000000000004, 1.005, 2.675, -2.675, 1.015, 1.25,
    123456789.125, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-5, 1e-7, 0.0001, 5e-324, INF, -INF, NAN, 1 / 3,
    2 / 3, 1e21, 1.2345678901234567, 100.0, 99.995, 0.285, 1.115, 8.345, -8.345, 0.49999999999999994,
    4503599627370497.5, 9007199254740993.0, 3.0000000000000004, None,
]  # fmt: skip
INTEGERS = [0, 1, -1, 2, -2, 3, 7, -7, 10, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63), None]
SMALL = [0, 1, -1, 2, -2, 3, 7, -7, 10, 2**31, 300_000_000, None]


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


MOMENTS = [
    _at(2014, 1, 2, 3, 4, 5, 123456), _at(2014, 1, 2, 3, 4, 5, 120000), _at(2014, 1, 2, 3, 4, 5), _at(2014, 1, 1),
    _at(2013, 12, 31, 23, 59, 59, 999999), _at(1969, 12, 31, 23, 59, 59, 999999), _at(1969, 12, 31, 23, 59, 59),
    _at(1970, 1, 1), _at(2016, 2, 29, 12), _at(2014, 10, 5), _at(2014, 10, 6), _at(2014, 10, 4, 1),
    _at(2014, 10, 11, 0, 0, 0, 1), _at(1582, 10, 10), _at(2012, 12, 30), _at(2011, 1, 1), _at(2014, 3, 9, 7, 30),
    _at(9999, 12, 1, 23, 59, 59, 999999), _at(1000, 2, 1), None,
]  # fmt: skip
DAYS = [
    *(moment and moment.date() for moment in MOMENTS),
    date(2014, 1, 31), date(2014, 3, 31), date(2016, 2, 29), date(2013, 12, 29), date(2013, 12, 30),
]  # fmt: skip

NUMBERS_AS_TEXT = [
    "", "0", "1", "-1", "+5", " 7 ", "\t8\n", "5.0", "1e3", "0x1F", "0X1f", "-0x10", "+0x10", "0x", "007", "1_000",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
    "0xFFFFFFFFFFFFFFFF", "1,000", "--1", "+-1", "- 1", "abc", "true", "TRUE", "False", "t", "yes", " true", "nan",
    "NaN", "inf", "-inf", "+inf", "Infinity", "-infinity", "INF", "1.5", ".5", "5.", "-.5e-3", "1e400", "1e-400",
    "1e", "e5", " 2.5 ", "1.5f", "None", "null", "１", "é", "\u00a05", "5\x0b", None,
]  # fmt: skip
MOMENTS_AS_TEXT = [
    "2014-01-05", "2014-1-5", "14-01-05", "2014/01/05", " 2014-01-05", "2014-01-05 ", "2014-02-29", "2016-02-29",
    "2014-13-01", "2014-00-01", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2014-01-05 10:00:00",
    "2014-01-05T10:00:00", "2014-01-05t10:00:00z", "2014-01-05 10:00:00Z", "2014-01-05 10:00:00 UTC",
    "2014-01-05 10:00:00 utc", "2014-01-05 10:00:00+00", "2014-01-05 10:00:00+00:00", "2014-01-05 10:00:00 +00:00",
    "2014-01-05 10:00:00-05", "2014-01-05 10:00:00-05:30", "2014-01-05 10:00:00+5", "2014-01-05 10:00:00+0530",
    "2014-01-05 10:00:00.5", "2014-01-05 10:00:00.123456", "2014-01-05 10:00:00.1234567",
    "2014-01-05 10:00:00.123456789", "2014-01-05 10:00:00.", "2014-01-05 10:00", "2014-01-05 10",
    "2014-01-05 1:2:3", "2014-01-05 24:00:00", "2014-01-05 23:60:00", "2014-01-05 25:00:00",
    "2014-01-05  10:00:00", "2014-01-05T10:00:00.678901+00:00", "2014-01-05Z", "2014-01-05+00", "2014-01-05 UTC",
    "2014-01-05T", "2014-01-05 10:00:00+15", "2014-01-05 10:00:00+14", "2014-01-05 10:00:00+14:30",
    "2014-01-05 10:00:00 Z", "2014-01-05 10:00:00+00:0", "2014-01-05 10:00:00+1:30", "20140105",
    "2014-01-05+0530", "2014-01-05z", "2014-01-05-5", "2014-01-05+05:30", "2014-01-05 10:00:00+530",
    "2014-01-05 10:00:00.5 +00:00", "2014-01-05 10:00:00.5 UTC", "2014-01-05 10:00:00 +5",
    "1950-01-05 10:00:00.1234569", "2014-01-05 10:00:00.1234567-0330", "2014-01-05\n", "null", "", "5", None,
]  # fmt: skip
WRITTEN = [
    "2014-01-02 03:04:05", "2014-01-02T03:04:05", "2014-1-2 3:4:5", " 2014-01-02 03:04:05", "2014-01-02 03:04:05 ",
    "2014-01-02  03:04:05", "2014-01-02 03:04:05.5", "2014-01-02 03:04:05.123456", "2014-01-02 03:04:05.1234567",
    "2014-01-02 03:04:05.", "2014-01-02 03:04", "2014-01-02", "20140102", "2014-01-02 24:00:00",
    "2014-01-02 03:60:00", "2014-02-29 00:00:00", "0000-01-02 00:00:00", "14-01-02 00:00:00",
    "10000-01-02 00:00:00", "x", "", "2014-01-02T03:04:05.678", "2014-01-02T03:04:05.678Z", "2014-01-02T03:04:05Z",
    "2014-01-02T03:04:05+00:00", "2014-01-02T03:04:05.123456+00:00", "2014-01-02T03:04:05-05:00",
    "2014-01-02T03:04:05+0530", "2014-01-02T03:04:05+05", "2014-01-02 03:04:05UTC", "10/06/2014", "10/6/14",
    "1/2/2014", "2014-10", "2014", "201410", "+2014-01-02", "2014 - 01 - 02", "\t2014-01-02\n", "2014-01-02x",
    "2014-001-02", "2014-13-01", "2014-12-32", "2014-01-02 03:04:05+00", "2014-01-02 03:04:05 +0000",
    "-014-01-02", "2014-01-02 -1:04:05", "2014111", "201411", "2014110", "20141", "99999", "140102", "01/02/68",
    "01/02/69", "1/2/5", "13/01/14", "2014-01-02T03:04:05.1234567Z", "2014-01-02T03:04:05.Z",
    "2014-01-02T03:04:05z", "2014-01-02T03:04:05+14:30", "2014-01-02T03:04:05+1", "2014-01-02T03:04:05+24:00",
    "2014-01-02T03:04:05 Z", "0001-01-01T00:00:00+01:00", "2014-01-02T03:04:05+05:60", "2014-01-02 03:04:05+0000",
    "2014-01-02 03:04:05-1:00", "50%2014", "2014-01-02 03:04:05+00:00", "9999-12-31 23:59:59", None,
]  # fmt: skip
DOCUMENTS = [
    '{"a":1}', '{"a":"x"}', '{"a":null}', '{"a":true}', '{"a":1.5}', '{"a":12345678901234567890}', '{"a":0.1}',
    '{"a":100.0}', '{"a":[1, 2,{"b": 3}]}', '{"a":{"b":"c","d":[]}}', '{"a":{"b":{"c":"deep"}}}',
    '{"a":{"b.c":1},"na-me":"y"}', "[]", "{}", '[1,"x",null]', '"str"', "5", "null", "true", "", "bad", '{"a":',
    '{"a":1,"a":2}', '{"a":"\\u00e9\\n\\"q\\""}', '{"a":"é😀"}', '{ "a" : "sp ace" }', '{"A":1}', '{"a":""}',
    '{"":1}', '{"a":"\\u0000z"}', '{"a":[[1,2],[3]]}', '  {"a":1}  ', '{"a":1,}', '{"b":{"a":1}}', '\ufeff{"a":1}',
    '{"a":1e400}', '{"a":9007199254740993}', '{"a":-5}', '{"a":false,"b":2}', '{"a":"a/b"}', '{"a":"<&>"}',
    '{"a":{"b":"é"},"c":"\\u00e9"}', None,
]  # fmt: skip


def _pairs(values: list[object]) -> list[Row]:
    return [{"x": x, "y": y} for x in values for y in values]


def _random_moments(count: int) -> list[Row]:
    """Pairs of moments, many a whole number of units apart or a microsecond beside it."""
    chance = random.Random(11)
    rows: list[Row] = []
    for _ in range(count):
        start = _at(1970, 1, 1) + timedelta(microseconds=chance.randrange(-(10**15), 2 * 10**15))
        unit = chance.choice([1, 1000, 10**6, 6 * 10**7, 36 * 10**8, 864 * 10**8])
        beside = chance.randrange(-3, 4) * unit + chance.choice([-1, 0, 1])
        rows.append({"x": start, "y": start + timedelta(microseconds=beside)})
    return rows


def _grouped() -> list[Row]:
    """Rows in groups, with NULLs, repeated values and ties; a group of NULLs, one of one row, one with NaN."""
    chance = random.Random(1)
    rows: list[Row] = [
        {
            "g": chance.choice(["a", "b", "c", None, "d"]),
            "i": chance.choice([None, 0, 1, 2, 3, -5, 10**6]),
            "f": chance.choice([None, 0.1, 0.2, 0.3, 1.5, -2.25, 1e10, 1 / 3]),
            "s": chance.choice([None, "x", "y", "é", ""]),
            "t": _at(2014, 1, 1) + timedelta(seconds=chance.randrange(50)),
            "b": chance.choice([None, True, False]),
            "d": date(2014, 1, 1) + timedelta(days=chance.randrange(4)),
        }
        for _ in range(150)
    ]
    rows += [{"g": "nulls"}, {"g": "nulls"}]
    rows.append({"g": "one", "i": 7, "f": 7.5, "s": "z", "b": True, "t": _at(2014, 1, 1), "d": date(2014, 1, 1)})
    return rows


GROUPED_COLUMNS = "g STRING\ni INTEGER\nf FLOAT\ns STRING\nt TIMESTAMP\nb BOOLEAN\nd DATE"
GROUPED = _grouped()
WITH_NAN: list[Row] = [
    *GROUPED, {"g": "nan", "f": NAN}, {"g": "nan", "f": 1.0}, {"g": "nan2", "f": NAN}, {"g": "inf", "f": INF},
]  # fmt: skip
_ORDER = "PARTITION BY g ORDER BY t, n"
FRACTIONS = (0, 0.00001, 0.05, 0.1, 0.2, 0.25, 0.3, 0.333, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 1)

BATCHES = [
    Batch(
        "texts",
        "s STRING",
        [{"s": s} for s in TEXTS],
        [
            "LENGTH(s)", "CHAR_LENGTH(s)", "BYTE_LENGTH(s)", "LOWER(s)", "UPPER(s)", "TRIM(s)", "LTRIM(s)",
            "RTRIM(s)", "TRIM(s, 'a/')", "LTRIM(s, 'a ')", "RTRIM(s, 'c\\n')", "REPLACE(s, 'a', 'bb')",
            "REPLACE(s, '', 'x')", "STRPOS(s, 'b')", "STRPOS(s, '')", "STRPOS(s, '語')", "STARTS_WITH(s, 'a')",
            "ENDS_WITH(s, '')", "ENDS_WITH(s, 'c')", "TO_HEX(MD5(s))", "TO_HEX(SHA256(s))", "CONCAT(s, 'x', s)",
            "s || 'é'", "LEFT(s, 2)", "RIGHT(s, 2)", "LEFT(s, 0)", "REPEAT(s, 2)", "LPAD(s, 3, 'xy')",
            "SPLIT(s, '/')", "SPLIT(s)", "SPLIT(s, '')", "SPLIT(s, '/')[SAFE_OFFSET(1)]",
            "SPLIT(s, '/')[SAFE_OFFSET(-1)]", "SPLIT(s, '/')[SAFE_ORDINAL(1)]", "SPLIT(s, '/')[OFFSET(0)]",
            "ARRAY_LENGTH(SPLIT(s, '/'))", "ARRAY_TO_STRING(SPLIT(s, '/'), '+')",
            "s LIKE 'a%'", "s LIKE '%\\\\%%'", "s LIKE '_'", "s LIKE 'a\\\\\\\\b'", "s NOT LIKE '%b%'",
            "s < 'b'", "s = 'é'", "s IN ('a', 'abc')", "s NOT IN ('a', 'abc')", "s BETWEEN 'a' AND 'b'",
            "NULLIF(s, '')", "COALESCE(s, 'z')", "IFNULL(s, 'z')", "IF(s = 'a', s, NULL)", "GREATEST(s, 'b')",
            "LEAST(s, 'b')", "CASE s WHEN 'a' THEN 1 WHEN 'é' THEN 2 END", "r'a\\b' = s", "'a' 'b' || s",
            "SUBSTRING(s, 2)", "SUBSTRING(s, 2, 1)",
        ],
    ),
    Batch(
        "regular expressions",
        "s STRING",
        [{"s": s} for s in TEXTS],
        [
            "REGEXP_CONTAINS(s, r'a.b')", "REGEXP_CONTAINS(s, r'^[a-z]$')", "REGEXP_CONTAINS(s, r'')",
            "REGEXP_CONTAINS(s, r'\\pL')", "REGEXP_CONTAINS(s, r'(?i)ABC')", "REGEXP_CONTAINS(s, r'(?s)a.b')",
            "REGEXP_CONTAINS(s, r'^.$')", "REGEXP_CONTAINS(s, r'a|é')", "REGEXP_EXTRACT(s, r'(.)/')",
            "REGEXP_EXTRACT(s, r'[a-z]+')", "REGEXP_EXTRACT(s, r'^$')", "REGEXP_EXTRACT(s, r'a(x|b)')",
            "REGEXP_EXTRACT(s, r'(x*)')", "REGEXP_EXTRACT(s, r'[(]?(?:a|b)(.)')",
            "REGEXP_REPLACE(s, r'[a-z]', '<\\\\0>')", "REGEXP_REPLACE(s, r'(.)', r'\\1\\1')",
            "REGEXP_REPLACE(s, r'b*', '-')", "REGEXP_REPLACE(s, r'\\s', '')",
        ],
    ),
    Batch(
        "parts of texts",
        "s STRING\np INTEGER\nk INTEGER",
        [
            {"s": s, "p": p, "k": k}
            for s in ["", "abc", "éüß", "😀x", None]
            for p in (-9, -4, -3, -1, 0, 1, 2, 3, 4, 9, None, -(2**63), 2**63 - 1)
            for k in (0, 1, 2, 9, None, 2**62)
        ],
        ["SUBSTR(s, p)", "SUBSTR(s, p, k)", "LEFT(s, k)", "RIGHT(s, k)"],
    ),
    Batch(
        "floats",
        "x FLOAT",
        [{"x": x} for x in FLOATS],
        [
            "CAST(x AS STRING)", "SAFE_CAST(x AS INT64)", "ROUND(x)", "ROUND(x, 2)", "ROUND(x, 1)", "ROUND(x, 0)",
            "ROUND(x, 3)", "ROUND(x, 6)", "FLOOR(x)", "CEIL(x)", "CEILING(x)", "TRUNC(x)", "ABS(x)", "-x", "x + 1",
            "x / 3", "x - 0.5", "x * 0.1", "SAFE_DIVIDE(1, x)", "SAFE_DIVIDE(x, 0)", "SAFE_DIVIDE(x, x)", "x < 1",
            "x > 1", "1 < x", "x = x", "x != x", "x < x", "x <= 1.5", "x >= -1", "x BETWEEN -1 AND 1",
            "x NOT BETWEEN -1 AND 1", "x IN (1, 2.5)", "x IS NULL", "IS_NAN(x)", "IS_INF(x)", "GREATEST(x, 1)",
            "LEAST(x, 1)", "LEAST(x, 1, -x)", "NULLIF(x, 1)", "NULLIF(x, x)", "x IS DISTINCT FROM 1",
            "IF(x > 1, x, 0)", "COALESCE(x, 1)", "NOT x > 1", "x != 1",
            "CASE x WHEN 1 THEN 'a' WHEN 2.5 THEN 'b' ELSE 'c' END", "CAST(x AS FLOAT64)",
        ],
    ),
    Batch(
        "floats within reach",
        "x FLOAT",
        [{"x": x} for x in FLOATS if x is None or 0 < x < 9e15],
        ["SQRT(x)", "LN(x)", "LOG10(x)", "POW(x, 2)", "POWER(x, 0.5)", "CAST(x AS INT64)", "EXP(-x)", "POW(0.5, x)"],
        closeness=4e-15,
    ),
    Batch(
        "pairs of integers",
        "x INTEGER\ny INTEGER",
        _pairs(list(INTEGERS)),
        [
            "SAFE_DIVIDE(x, y)", "x < y", "x = y", "x <> y", "x IS DISTINCT FROM y", "x IS NOT DISTINCT FROM y",
            "GREATEST(x, y)", "LEAST(x, y)", "NULLIF(x, y)", "SAFE_ADD(x, y)", "SAFE_SUBTRACT(x, y)",
            "SAFE_MULTIPLY(x, y)", "x IN (y, 1)", "x IN UNNEST([y, 1])", "[x, y][SAFE_OFFSET(1)]",
            "ARRAY_LENGTH([x, y])", "STRUCT(x AS x, y AS y).y", "STRUCT(x AS x, 'q' AS y)",
            "(SELECT MAX(z) FROM UNNEST([x, y]) AS z)", "EXISTS(SELECT 1 FROM UNNEST([x, y]) AS z WHERE z > 4)",
            "(SELECT MAX(o) FROM UNNEST([x, y]) AS z WITH OFFSET AS o WHERE z IS NOT NULL)",
        ],
    ),
    Batch(
        "pairs of small integers",
        "x INTEGER\ny INTEGER",
        [row for row in _pairs(list(SMALL)) if row["y"] != 0],
        ["x + y", "x - y", "x * y", "x / y", "DIV(x, y)", "MOD(x, y)"],
    ),
    Batch(
        "integers",
        "x INTEGER",
        [{"x": x} for x in INTEGERS],
        [
            "SIGN(x)", "CAST(x AS STRING)", "CAST(x AS FLOAT64)", "CAST(x AS BOOL)", "x / 2", "x + 1.5", "x * 0.1",
            "DIV(x, 2)", "MOD(x, 3)", "MOD(x, -3)", "MOD(x, -1)", "ROUND(x)", "FLOOR(x)", "x > 1.5", "x = 1.0",
            "x BETWEEN 0 AND 5", "1", "-9223372036854775808", "9223372036854775807", "0x1F",
            "2000000000 + 2000000000", "1.5 + 1", "1e3", "0.1 + 0.2", "IF(x > 0, 1, 2.5)", "COALESCE(x, 0.5)",
            "IFNULL(x, 7)", "CASE WHEN x > 1 THEN 1 WHEN x < 0 THEN -1 END", "IF(x > 1, NULL, x)", "NULL", "'é'",
            "DATE '2014-01-02'", "TRUE", "ARRAY<INT64>[]", "['a', NULL]",
            "ABS(IF(x = -9223372036854775808, 0, x))",
        ],
    ),
    Batch(
        "booleans",
        "x BOOLEAN\ny BOOLEAN",
        _pairs([True, False, None]),
        [
            "x AND y", "x OR y", "NOT x", "x = y", "x < y", "CAST(x AS STRING)", "CAST(x AS INT64)", "x IS TRUE",
            "x IS NOT TRUE", "x IS FALSE", "x IS NULL", "x IS NOT NULL", "IF(x, 1, 0)", "GREATEST(x, y)", "x IN (y)",
            "x IS NOT DISTINCT FROM y", "CASE WHEN x THEN 'a' WHEN y THEN 'b' ELSE 'c' END",
        ],
    ),
    Batch(
        "texts of numbers",
        "s STRING",
        [{"s": s} for s in [*NUMBERS_AS_TEXT, *MOMENTS_AS_TEXT]],
        [f"SAFE_CAST(s AS {kind})" for kind in ("INT64", "FLOAT64", "BOOL", "DATE", "TIMESTAMP", "STRING")],
    ),
    Batch(
        "JSON",
        "j STRING",
        [{"j": j} for j in DOCUMENTS],
        [
            "JSON_VALUE(j, '$.a')", "JSON_EXTRACT_SCALAR(j, '$.a')", "JSON_VALUE(j)", "JSON_VALUE(j, '$')",
            "JSON_VALUE(j, '$.a.b')", "JSON_VALUE(j, '$.a.b.c')", "JSON_VALUE(j, '$.a[0]')", "JSON_VALUE(j, '$[1]')",
            "JSON_VALUE(j, '$.\"na-me\"')", "JSON_VALUE(j, '$.a[2].b')", "JSON_VALUE(j, '$.a.\"b.c\"')",
            "JSON_VALUE(j, '$.A')", "JSON_QUERY(j, '$.a')", "JSON_EXTRACT(j, '$.a')", "JSON_QUERY(j, '$')",
            "JSON_EXTRACT(j, '$.a.b')", "JSON_QUERY(j, '$.a[0]')", "JSON_EXTRACT(j)",
        ],
    ),
    Batch(
        "timestamps",
        "t TIMESTAMP",
        [{"t": t} for t in MOMENTS],
        [
            "DATE(t)", "DATE(t, 'UTC')", "CAST(t AS DATE)", "CAST(t AS STRING)", "STRING(t)", "STRING(t, 'UTC')",
            "UNIX_SECONDS(t)", "UNIX_MILLIS(t)", "UNIX_MICROS(t)", "EXTRACT(DATE FROM t)",
            "EXTRACT(HOUR FROM t AT TIME ZONE 'UTC')",
            *(
                f"EXTRACT({part} FROM t)"
                for part in (
                    "YEAR QUARTER MONTH DAY DAYOFWEEK DAYOFYEAR ISOWEEK ISOYEAR HOUR MINUTE SECOND MILLISECOND "
                    "MICROSECOND"
                ).split()
            ),
            *(
                f"TIMESTAMP_TRUNC(t, {part})"
                for part in (
                    "MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY WEEK WEEK(MONDAY) ISOWEEK MONTH QUARTER YEAR"
                ).split()
            ),
            "TIMESTAMP_TRUNC(t, DAY, 'UTC')",
            *(
                f"TIMESTAMP_ADD(t, INTERVAL {number} {part})"
                for part in "MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY".split()
                for number in (1, -5)
            ),
            "TIMESTAMP_SUB(t, INTERVAL 300 SECOND)",
            *(
                f"FORMAT_TIMESTAMP('{form}', t)"
                for form in (
                    "%Y-%m-%d %H:%M:%S", "%F %T", "%Y%m%d", "%E6S", "%E3S", "%y %j %I %p", "%a %A %b %B", "%D %R",
                    "%Ez %z %Z", "%u %%", "x%dy",
                )
            ),
            "FORMAT_TIMESTAMP('%F', t, 'UTC')", "t < '2014-01-01'", "t = TIMESTAMP '2014-01-02 03:04:05 UTC'",
            "t BETWEEN '1970-01-01' AND '2014-01-01 00:00:00+00'", "TIMESTAMP(DATE(t))", "TIMESTAMP('2014-01-02')",
            "TIMESTAMP(t)", "TIMESTAMP '2014-01-02T03:04:05.5Z'", "TIMESTAMP '2014-01-02 03:04:05-05'",
            "t > TIMESTAMP '2014-01-02 03:04:05+05:30'", "IF(t > '2014-01-01', t, NULL)", "COALESCE(t, '2014-01-01')",
        ],
    ),  # fmt: skip
    Batch(
        "pairs of timestamps",
        "x TIMESTAMP\ny TIMESTAMP",
        [*_pairs(list(MOMENTS)), *_random_moments(1000)],
        [f"TIMESTAMP_DIFF(x, y, {part})" for part in "MICROSECOND MILLISECOND SECOND MINUTE HOUR DAY".split()],
    ),
    Batch(
        "dates",
        "d DATE",
        [{"d": d} for d in DAYS],
        [
            "CAST(d AS STRING)", "CAST(d AS TIMESTAMP)", "TIMESTAMP(d)", "UNIX_DATE(d)", "DATE(d)",
            *(
                f"EXTRACT({part} FROM d)"
                for part in "YEAR QUARTER MONTH DAY DAYOFWEEK DAYOFYEAR ISOWEEK ISOYEAR".split()
            ),
            "d = '2014-01-31'", "d < DATE '2014-01-01'", "d IN ('2014-01-31', '2016-02-29')",
            *(
                f"DATE_TRUNC(d, {part})"
                for part in "DAY WEEK WEEK(SUNDAY) WEEK(MONDAY) ISOWEEK MONTH QUARTER YEAR".split()
            ),
            *(
                f"DATE_{way}(d, INTERVAL {number} {part})"
                for way in ("ADD", "SUB")
                for part in "DAY WEEK MONTH QUARTER YEAR".split()
                for number in (0, 1 if way == "SUB" else -1, 13 if way == "SUB" else -13)
            ),
            *(
                f"FORMAT_DATE('{form}', d)"
                for form in ("%Y-%m-%d", "%F", "%Y%m%d", "%y %j", "%a %A %b %B", "%D", "%u %%")
            ),
            "GENERATE_DATE_ARRAY(DATE_SUB(d, INTERVAL 2 DAY), d)", "DATE_FROM_UNIX_DATE(UNIX_DATE(d) - 1)",
        ],
    ),  # fmt: skip
    Batch(
        "pairs of dates",
        "x DATE\ny DATE",
        _pairs(list(DAYS)),
        [f"DATE_DIFF(x, y, {part})" for part in "DAY WEEK WEEK(SUNDAY) WEEK(MONDAY) ISOWEEK MONTH YEAR".split()],
    ),
    Batch(
        "numbers as times",
        "x INTEGER",
        [{"x": x} for x in (0, 1, -1, 1500, -1500, 1388631845, -62135596800, 253402300799, 253402300800, 2**62, None)],
        ["SAFE.TIMESTAMP_SECONDS(x)", "SAFE.TIMESTAMP_MILLIS(x)", "SAFE.TIMESTAMP_MICROS(x)"],
    ),
    Batch(
        "small numbers as times",
        "x INTEGER",
        [{"x": x} for x in (0, 1, -1, 13, 1500, -1500, None)],
        [
            "TIMESTAMP_SECONDS(x)", "TIMESTAMP_MILLIS(x)", "TIMESTAMP_MICROS(x)", "DATE_FROM_UNIX_DATE(x)",
            "DATE_ADD(DATE '2014-01-31', INTERVAL x DAY)", "DATE_SUB(DATE '2014-01-31', INTERVAL x MONTH)",
            "TIMESTAMP_ADD(TIMESTAMP '2014-01-31', INTERVAL x SECOND)", "DATE(2014 + x, 2, 28)",
        ],
    ),  # fmt: skip
    Batch(
        "texts read as times",
        "s STRING",
        [{"s": s} for s in WRITTEN],
        [
            *(
                f"SAFE.PARSE_TIMESTAMP('{form}', s)"
                for form in (
                    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E6S",
                    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%S%Ez", "%Y-%m-%d", "%Y%m%d",
                    "%m/%d/%Y", "%m/%d/%y", "%Y%m%d%H%M%S", "%H:%M", "%Y-%m-%dT%H:%M:%E*SZ", "%Y-%m-%d %H:%M:%S%z",
                )
            ),
            *(
                f"SAFE.PARSE_DATE('{form}', s)"
                for form in ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%Y-%m", "%Y", "50%%%Y")
            ),
            "PARSE_DATE('%Y-%m-%d', '2014-01-02')", "PARSE_TIMESTAMP('%H:%M', '03:04')",
        ],
    ),  # fmt: skip
    Batch(
        "series",
        "x INTEGER\ny INTEGER\nd DATE\ne DATE",
        [
            {"x": x, "y": y, "d": d, "e": e}
            for x, y in ((0, 10), (5, 0), (None, 1), (1, None), (-3, 3))
            for d, e in ((date(2014, 1, 1), date(2014, 1, 10)), (date(2014, 1, 5), date(2014, 1, 1)), (None, None))
        ],
        [
            "GENERATE_ARRAY(x, y)", "GENERATE_ARRAY(x, y, 2)", "GENERATE_ARRAY(x, y, -1)",
            "GENERATE_DATE_ARRAY(d, e)", "GENERATE_DATE_ARRAY(d, e, INTERVAL 2 DAY)",
            "GENERATE_DATE_ARRAY(d, e, INTERVAL 1 WEEK)", "GENERATE_DATE_ARRAY(d, e, INTERVAL -1 DAY)",
            "ARRAY_LENGTH(GENERATE_DATE_ARRAY(d, e))", "ARRAY_CONCAT([x], [y], [1])",
            "(SELECT SUM(z) FROM UNNEST([x, y, 1]) AS z)",
            "(SELECT STRING_AGG(CAST(z AS STRING), '-' ORDER BY z DESC) FROM UNNEST([x, y, 1]) AS z)",
            "(SELECT ARRAY_AGG(z ORDER BY z) FROM UNNEST([x, y, 1]) AS z)",
            "(SELECT ARRAY_AGG(z IGNORE NULLS ORDER BY z DESC LIMIT 2) FROM UNNEST([x, y]) AS z)",
            "(SELECT z.k FROM UNNEST([STRUCT(x AS k, y AS v)]) AS z)",
            "(SELECT COUNT(*) FROM UNNEST(IF(x > 0, [1], NULL)) AS z)",
        ],
    ),  # fmt: skip
    Batch(
        "aggregates",
        GROUPED_COLUMNS,
        GROUPED,
        [
            "COUNT(*)", "COUNT(i)", "COUNT(DISTINCT i)", "COUNT(DISTINCT s)", "COUNTIF(b)", "COUNTIF(i > 1)",
            "SUM(i)", "SUM(DISTINCT i)", "AVG(i)", "AVG(DISTINCT i)", "MIN(i)", "MAX(i)", "MIN(s)", "MAX(s)",
            "MIN(t)", "MAX(d)", "MIN(b)", "MAX(b)", "LOGICAL_OR(b)", "LOGICAL_AND(b)",
            "STRING_AGG(s ORDER BY n)", "STRING_AGG(s, '-' ORDER BY s DESC, n)",
            "STRING_AGG(DISTINCT s, '-' ORDER BY s)", "STRING_AGG(s, '-' ORDER BY n LIMIT 3)",
            "ARRAY_AGG(i IGNORE NULLS ORDER BY n)", "ARRAY_LENGTH(ARRAY_AGG(i ORDER BY n))",
            "ARRAY_AGG(i ORDER BY n DESC LIMIT 1)[SAFE_OFFSET(0)]",
            "ARRAY_AGG(STRUCT(i AS x, s AS y) ORDER BY n LIMIT 1)[SAFE_OFFSET(0)].y",
            "ARRAY_AGG(DISTINCT s IGNORE NULLS ORDER BY s)", "ARRAY_AGG(f IGNORE NULLS ORDER BY f DESC, n)",
            "MAX(IF(b, i, NULL))", "SUM(IF(b, 1, 0))", "COUNT(DISTINCT IF(b, i, NULL))",
            "SAFE_DIVIDE(SUM(i), COUNT(i))",
        ],
        key="g",
        clause="GROUP BY g",
    ),  # fmt: skip
    Batch(
        "aggregates of floats",
        GROUPED_COLUMNS,
        WITH_NAN,
        [
            "SUM(f)", "AVG(f)", "AVG(DISTINCT f)", "MIN(f)", "MAX(f)", "COUNT(DISTINCT f)", "STDDEV(f)",
            "STDDEV_SAMP(i)", "STDDEV_POP(f)", "VARIANCE(f)", "VAR_SAMP(i)", "VAR_POP(i)",
        ],
        closeness=1e-12,
        key="g",
        clause="WHERE g <> 'inf' GROUP BY g",
    ),
    Batch(
        "correlations",
        GROUPED_COLUMNS,
        GROUPED,
        ["CORR(i, f)", "CORR(f, f)"],
        closeness=1e-12,
        key="g",
        clause="GROUP BY g",
    ),
    Batch(
        "aggregates over nothing",
        GROUPED_COLUMNS,
        GROUPED,
        [
            "SUM(i)", "SUM(f)", "COUNT(*)", "MIN(f)", "LOGICAL_OR(b)", "COUNTIF(b)", "ARRAY_AGG(i ORDER BY n)",
            "STRING_AGG(s ORDER BY n)", "AVG(i)", "STDDEV(f)", "CORR(i, f)",
        ],
        key="COUNT(i)",
        clause="WHERE FALSE",
    ),
    Batch(
        "order of floats",
        GROUPED_COLUMNS,
        WITH_NAN,
        ["ROW_NUMBER() OVER (ORDER BY f, n)", "ROW_NUMBER() OVER (ORDER BY f DESC, n)", "RANK() OVER (ORDER BY f)"],
    ),
    Batch(
        "windows",
        GROUPED_COLUMNS,
        GROUPED,
        [
            f"ROW_NUMBER() OVER ({_ORDER})", "RANK() OVER (PARTITION BY g ORDER BY t)",
            "DENSE_RANK() OVER (PARTITION BY g ORDER BY t DESC)", "PERCENT_RANK() OVER (PARTITION BY g ORDER BY t)",
            "CUME_DIST() OVER (PARTITION BY g ORDER BY t)", f"NTILE(3) OVER ({_ORDER})", f"LAG(i) OVER ({_ORDER})",
            f"LAG(i, 2) OVER ({_ORDER})", f"LAG(i, 2, 0) OVER ({_ORDER})", f"LEAD(t) OVER ({_ORDER})",
            f"LEAD(s, 1, 'none') OVER ({_ORDER})", f"FIRST_VALUE(i) OVER ({_ORDER})",
            f"FIRST_VALUE(i IGNORE NULLS) OVER ({_ORDER})", f"LAST_VALUE(i) OVER ({_ORDER})",
            f"LAST_VALUE(i IGNORE NULLS) OVER ({_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)",
            f"LAST_VALUE(s) OVER ({_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)",
            f"NTH_VALUE(i, 2) OVER ({_ORDER})", f"SUM(i) OVER ({_ORDER})",
            f"SUM(i) OVER ({_ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
            "COUNT(*) OVER (PARTITION BY g)", "COUNT(i) OVER (PARTITION BY g ORDER BY t)",
            "COUNTIF(b) OVER (PARTITION BY g)", "COUNTIF(b) OVER (PARTITION BY g ORDER BY t)",
            "COUNT(DISTINCT i) OVER (PARTITION BY g)", "MIN(f) OVER (PARTITION BY g)",
            "MAX(s) OVER (PARTITION BY g ORDER BY t)", "LOGICAL_OR(b) OVER (PARTITION BY g)",
            "LOGICAL_AND(b) OVER (PARTITION BY g)", "AVG(i) OVER (PARTITION BY g)",
            "PERCENTILE_DISC(i, 0.5) OVER (PARTITION BY g)", "PERCENTILE_DISC(f, 0.5) OVER (PARTITION BY g)",
            "PERCENTILE_DISC(f, 0.9) OVER (PARTITION BY g)", "PERCENTILE_DISC(t, 0.25) OVER (PARTITION BY g)",
            "PERCENTILE_DISC(s, 0.5) OVER (PARTITION BY g)", "PERCENTILE_DISC(i, 0) OVER (PARTITION BY g)",
            "PERCENTILE_DISC(i, 1) OVER (PARTITION BY g)",
            "SUM(i) OVER (PARTITION BY g ORDER BY UNIX_SECONDS(t) RANGE BETWEEN 5 PRECEDING AND CURRENT ROW)",
            "COUNT(*) OVER (PARTITION BY g ORDER BY i RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
            "COUNT(*) OVER (PARTITION BY g ORDER BY i DESC RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING)",
            "MAX(t) OVER w", "ROW_NUMBER() OVER (w ORDER BY t, n)",
        ],
        clause="WINDOW w AS (PARTITION BY g)",
    ),  # fmt: skip
    Batch(
        "windows of floats",
        GROUPED_COLUMNS,
        GROUPED,
        [
            f"SUM(f) OVER ({_ORDER} ROWS UNBOUNDED PRECEDING)",
            f"SUM(f) OVER ({_ORDER} ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)", "SUM(f) OVER (PARTITION BY g)",
            "SUM(f) OVER ()", "AVG(f) OVER (PARTITION BY g)", "STDDEV(f) OVER (PARTITION BY g)",
            "VAR_POP(f) OVER (PARTITION BY g)", "CORR(f, i) OVER (PARTITION BY g)",
            "PERCENTILE_CONT(f, 0.5) OVER (PARTITION BY g)", "PERCENTILE_CONT(i, 0.25) OVER (PARTITION BY g)",
            "PERCENTILE_CONT(f, 0.9) OVER (PARTITION BY g)",
        ],
        closeness=1e-9,
    ),  # fmt: skip
    *(
        Batch(
            f"percentiles of {count}",
            "i INTEGER",
            [{"i": number} for number in range(1, count + 1)],
            [f"PERCENTILE_DISC(i, {fraction}) OVER ()" for fraction in FRACTIONS],
        )
        for count in (1, 2, 3, 4, 5, 10, 20, 100)
    ),
]

ERRORS: list[tuple[str, str, Row]] = [
    ("LEFT(s, -1)", "s STRING", {"s": "a"}),
    ("RIGHT(s, -1)", "s STRING", {"s": "a"}),
    ("SUBSTR(s, 1, -1)", "s STRING", {"s": "a"}),
    ("REPEAT(s, -1)", "s STRING", {"s": "a"}),
    ("LPAD(s, 5, '')", "s STRING", {"s": "a"}),
    ("SPLIT(s, '/')[OFFSET(1)]", "s STRING", {"s": "a"}),
    ("SPLIT(s, '/')[OFFSET(-1)]", "s STRING", {"s": "a"}),
    ("CAST(s AS INT64)", "s STRING", {"s": "5.0"}),
    ("CAST(s AS FLOAT64)", "s STRING", {"s": "x"}),
    ("CAST(s AS BOOL)", "s STRING", {"s": "1"}),
    ("CAST(s AS DATE)", "s STRING", {"s": "2014-02-30"}),
    ("CAST(s AS TIMESTAMP)", "s STRING", {"s": "2014-01-01 25:00:00"}),
    ("PARSE_DATE('%Y-%m-%d', s)", "s STRING", {"s": "x"}),
    ("PARSE_TIMESTAMP('%Y-%m-%d', s)", "s STRING", {"s": "2014"}),
    ("CAST(x AS INT64)", "x FLOAT", {"x": 1e19}),
    ("CAST(x AS INT64)", "x FLOAT", {"x": NAN}),
    ("x / 0", "x FLOAT", {"x": 1.0}),
    ("1 / x", "x FLOAT", {"x": 0.0}),
    ("SQRT(x)", "x FLOAT", {"x": -1.0}),
    ("SQRT(x)", "x FLOAT", {"x": -INF}),
    ("LN(x)", "x FLOAT", {"x": 0.0}),
    ("LN(x)", "x FLOAT", {"x": -1.0}),
    ("LOG10(x)", "x FLOAT", {"x": 0.0}),
    ("EXP(x)", "x FLOAT", {"x": 1e6}),
    ("POW(x, -1)", "x FLOAT", {"x": 0.0}),
    ("POW(x, 0.5)", "x FLOAT", {"x": -1.0}),
    ("x + 1", "x INTEGER", {"x": 2**63 - 1}),
    ("x * 2", "x INTEGER", {"x": 2**62}),
    ("-x", "x INTEGER", {"x": -(2**63)}),
    ("ABS(x)", "x INTEGER", {"x": -(2**63)}),
    ("x / 0", "x INTEGER", {"x": 1}),
    ("DIV(1, x)", "x INTEGER", {"x": 0}),
    ("MOD(1, x)", "x INTEGER", {"x": 0}),
    ("SUM(x)", "x INTEGER", {"x": 2**63 - 1}),
    ("GENERATE_ARRAY(x, 5, 0)", "x INTEGER", {"x": 1}),
    ("TIMESTAMP_SECONDS(x)", "x INTEGER", {"x": 253402300800}),
    ("TIMESTAMP_MICROS(x)", "x INTEGER", {"x": 2**62}),
    ("DATE_FROM_UNIX_DATE(x)", "x INTEGER", {"x": 2932897}),
    ("DATE_ADD(DATE '2014-01-01', INTERVAL x DAY)", "x INTEGER", {"x": 3000000}),
    ("DATE_SUB(DATE '2014-01-01', INTERVAL x YEAR)", "x INTEGER", {"x": 3000}),
    ("DATE(x, 2, 29)", "x INTEGER", {"x": 2014}),
    ("TIMESTAMP_ADD(t, INTERVAL 400 DAY)", "t TIMESTAMP", {"t": _at(9999, 1, 1)}),
    ("(SELECT z FROM UNNEST([x, 1]) AS z)", "x INTEGER", {"x": 1}),
]
"""Expressions that must end with an error on both sides. (SUM is taken over the row twice.)"""

DIFFERENT: list[tuple[str, str, object, object, object, str]] = [
    ("UPPER(x)", "STRING", "straße", "STRASSE", "STRAẞE", "letters whose other case is several letters"),
    ("LOWER(x)", "STRING", "İ", "i̇", "i", "letters whose other case is several letters"),
    ("x * 2", "FLOAT", 1.7e308, None, INF, "an overflow of FLOAT64 is an error on BigQuery, inf here"),
    ("SAFE_CAST(x AS FLOAT64)", "STRING", "0x1p3", 8.0, None, "hexadecimal floats with an exponent"),
    ("SAFE_CAST(x AS TIMESTAMP)", "STRING", "2014-01-05 23:59:60", _at(2014, 1, 6), None, "second 60"),
    (
        "SAFE_CAST(x AS TIMESTAMP)",
        "STRING",
        "2014-01-05 10:00:00 EST",
        _at(2014, 1, 5, 15),
        None,
        "time zones by name other than UTC",
    ),
    ("FORMAT_DATE('%Y', x)", "DATE", date(999, 1, 1), "999", "0999", "years before 1000"),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":1.50}', "1.50", "1.5", "how a number was written in JSON"),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":1e2}', "1e2", "100.0", "how a number was written in JSON"),
    (
        "JSON_VALUE(x, '$.a')",
        "STRING",
        '{"a":123456789.123456789}',
        "123456789.123456789",
        "123456789.12345679",
        "how a number was written in JSON",
    ),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":1} x', "1", None, "JSON with a fault after the value"),
    ("JSON_VALUE(x, '$.a')", "STRING", "{'a':1}", "1", None, "JSON in single quotes"),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":NaN}', None, "NaN", "NaN and Infinity in JSON"),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":"\\ud83d\\ude00"}', "��", "😀", "surrogates written as \\u"),
    ("JSON_VALUE(x, '$.a')", "STRING", '{"a":"tab\there"}', "tab\there", None, "control characters in JSON"),
]
"""What is known to differ: expression over a column `x`, its type, value, GoogleSQL's result (None with an
error for the overflow), DuckDB's, and the words that docs/sql.md has for it."""
