"""Checks in the header of a model: a line each, and lines that go on with one.

-- check grade_in_range (error): grade BETWEEN 0 AND 1
-- check usernames_known (warning, share 0.99):
--     username IN (SELECT username FROM user_info_combo WHERE username IS NOT NULL)
-- check one_row_per_username (warning, table):
--     (SELECT COUNT(*) FROM people) = (SELECT COUNT(DISTINCT username) FROM people)
"""

from __future__ import annotations

import re

from edxtasks.build.model_errors import GOES_ON, HeaderLineError
from edxtasks.warehouse.checks import Check

_BEGINS = re.compile(r"--\s*checks?\b[^:]*:", re.IGNORECASE)
_CHECK = re.compile(r"--\s*check\s+([a-z]\w*)\s*\(([^)]*)\)\s*:(.*)", re.ASCII)
_SHARE = re.compile(r"share (0\.[0-9]+|1)")
_FORM = "-- check NAME (error): CONDITION, or (warning), each also with: , share 0.99 or: , table"


def take_checks(text: str) -> tuple[tuple[Check, ...], str]:
    """The checks of a header, and the header's lines without them (as many lines, empty comments instead).

    Raises `HeaderLineError`.
    """
    found: list[tuple[int, str, str, list[str]]] = []
    rest: list[str] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            break
        more = GOES_ON.fullmatch(line.rstrip()) if goes_on else None
        begins = _BEGINS.match(line) is not None
        if more:
            found[-1][3].append(more[1])
        elif begins:
            match = _CHECK.fullmatch(line.rstrip())
            if match is None:
                raise HeaderLineError(f"expected {_FORM}", number)
            found.append((number, match[1], match[2], [match[3].strip()]))
        goes_on = more is not None or begins
        rest.append("--" if goes_on else line)
    checks = tuple(_check(*one) for one in found)
    names = [one.name for one in checks]
    for one in checks:
        if names.count(one.name) > 1:
            raise HeaderLineError(f"there are two checks with the name {one.name}", one.line or 0)
    return checks, "\n".join(rest)


def _check(line: int, name: str, level: str, condition: list[str]) -> Check:
    level, *options = [part.strip() for part in level.split(",")]
    shares = [match for match in map(_SHARE.fullmatch, options) if match]
    known = len(shares) + options.count("table") == len(options) <= 1
    if level not in {"error", "warning"} or not known:
        raise HeaderLineError(f"expected {_FORM}", line)
    text = "\n".join(filter(None, condition))
    if not text:
        raise HeaderLineError(f"check {name} has no condition", line)
    share = float(shares[0][1]) if shares else 1.0
    return Check(name, text, level == "error", share, "table" in options, line)
