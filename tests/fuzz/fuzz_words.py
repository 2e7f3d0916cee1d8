"""Pieces of which inputs of a kind are made, for mutations."""

from __future__ import annotations

# fmt: off
KEYS = (
    b"course-v1:UnivX+3.14x+1T2016", b"UnivX/3.14x/1T2016", b"block-v1:", b"+type@problem+block@", b"i4x://",
)
ODD = (
    b"\0", b"\xef\xbb\xbf", b"\r", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[31m", b"\\",
    b"\xe2\x80\xa8",
)
"""What is read in more than one way: NUL, byte order marks, CR alone, what is no UTF-8."""

JSON = (
    b'{"', b'":', b'": "', b'", "', b"null", b"NaN", b"-Infinity", b"1e999", b"9" * 20, b"[[", b"\\ud83d",
    *ODD,
)
LOG = (b"\n", b'"event_type": "', b'"context": {', b'"time": "', *JSON, *KEYS)
RAW_LOG = (b"\n", b"\x1f\x8b\x08", b"BZh9", b"\x28\xb5\x2f\xfd", b"\0" * 64, *ODD)
DUMP = (
    b"\t", b"\\t", b"\\N", b"NULL", b"\\\n", b"\\\\", b'"', b'""', b",", b"0000-00-00 00:00:00",
    "Ⱨⱪ".encode(), *ODD, *KEYS,
)
DUMP_TABLES = (b"\n== users.sql\n", b"\n== profiles.sql\n", b"\n== studentmodule.sql\n", *DUMP)
GRADING = (b'"GRADER": [', b'"GRADE_CUTOFFS": {', b'"weight": ', b'"type": "', b'"short_label": "', *JSON)
FORUM = (b'{"$oid": "', b'{"$date": ', b'{"$numberLong": "', *JSON, *KEYS)
STATE = (b"\\\\n", b"\\x", b"true", b'"attempts": ', *JSON)
LISTINGS = (b"course_id,", b",", b'"', b'""', *JSON)
MARKUP = (
    b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"<!--",
    b"<![CDATA[", b"]]>", b"-->", b' url_name="', b' filename="', b"<problem", b"</problem>", b"xmlns:a='b'",
    b"&nbsp;", b' due="', b"<video", b' weight="', *ODD,
)
COURSE = (b"\n== problem/a.xml\n", b"\n== policies/1T2016/policy.json\n", *MARKUP, *JSON)
ARCHIVE = (b"ustar\x0000", b"../", b"PaxHeader", b"course.xml", b"0000644\0", *ODD)
NAMES = (b"%2B", b"%3A", b"/courses/", b"-prod-analytics.sql", b"2016-05-01", b"..", *KEYS, *ODD)
RESULTS = (b",", b'"', b"NA", b"1e+05", b"TRUE", b"2016-05-04", b"\n%%\n", b'{"name": "', b'"type": "', *ODD)
LEARNER = (
    b"hypatia_42", b"7000001", b"hy@alex.example", b"hy%40alex.example", b'"user_id": ', b'\\"user_id\\": ',
    b"user_id=", b'"users": [', "Zoë".encode(), b"Zo\\u00eb", b"Zo%C3%AB", b"Zoe\xcc\x88", b"\\\\", b"%25",
    b"+",
)
ORIGINALS = (*LEARNER, b"\t", b",", b"\\\n", *JSON)
OFFICE_LISTS = (
    b"cc,countryLabel,continent", b"\nDE,", b'"', b"\n%%\n", b'{"format": "edxtasks retired learners 1"',
    b', "check value": "', b', "digests": ["', b', "record": []', b', "shapes": [[1, 2]]', b', "gone": {"',
    b"2026-05-04T10:00+00:00", *JSON, *ODD,
)
CONFIGURATION = (
    b"[paths]\n", b"[warehouse]\n", b' = "', b"'''", b'"""', b"0x", b"[[", b"]]", b" = [", b"{", b"\\u",
    b"inf",
    b"1e400", b"\n%%\n", b'api_key = "', *KEYS, *ODD,
)
QUERY = (
    b"SELECT ", b" FROM tracklog", b" WHERE ", b" AS x, -- STRING: x\n", b"CAST(", b" AS INT64)", b"UNNEST(",
    b"GROUP BY ", b" OVER (PARTITION BY ", b" ORDER BY ", b"STRUCT(", b"CASE WHEN ", b" END", b"ARRAY_AGG(",
    b"r'", b"0x", b"'''", b"JSON_VALUE(", b" UNION ALL ", b"WITH a AS (", b" LIMIT ", b" BETWEEN ", b"/*",
    b"FORMAT_TIMESTAMP(", b"ROUND(", b"DATE '2016-01-01'", b"INTERVAL 1 DAY", b"SAFE_CAST(", b"EXTRACT(",
    b"REGEXP_EXTRACT(", *ODD,
)
MODEL = (b"-- grain: ", b"-- check ", b"-- columns: ", b"-- fact: ", b"-- lookback: ", *QUERY)
# fmt: on
