"""The description of a table on BigQuery: what it is, who built it when, what its stamp was made of."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from edxtasks.warehouse.base import BuildInfo, user_name
from edxtasks.warehouse.bigquery.sql import LONGEST_DESCRIPTION

_BUILT = "Built "
_STAMP = "Stamp: "
_CHECKS = "Checks: "


def described(label: BuildInfo, about: str, began: float, processed: int | None = None) -> str:
    """The description of a table that is built from `about`, its SQL or its files.

    `began` is the monotonic time of the beginning. `processed`, the bytes that were read, is given when the
    build is done. What is too long is cut, `about` first.
    """
    built = f"{_BUILT}{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC by {user_name()}"
    if processed is not None:
        built += f" in {time.monotonic() - began:.1f} s from {processed:,} bytes"
    lines = [line for line in (label.description[: LONGEST_DESCRIPTION // 2], f"{built}.") if line]
    parts = _parts(label)
    if label.parts and sum(map(len, lines)) + len(parts) < LONGEST_DESCRIPTION - 10:
        lines.append(parts)
    return "\n".join([*lines, "", about])[:LONGEST_DESCRIPTION].rstrip()


def adopted(description: str, label: BuildInfo) -> str:
    """The description of a table that others have made, with what its stamp is made of behind it."""
    now = f"Adopted {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC by {user_name()}."
    added = f"\n{now}\n{_parts(label)}"
    longest = LONGEST_DESCRIPTION - len(added)
    return f"{description[:longest]}{added}" if longest > 0 else description


def _parts(label: BuildInfo) -> str:
    return f"{_STAMP}{orjson.dumps(dict(label.parts), option=orjson.OPT_SORT_KEYS).decode()}"


def reworded(description: str, words: str) -> str:
    """A description of `described` with other words in place of what the label said."""
    found = re.search(rf"^{_BUILT}", description, re.MULTILINE)
    rest = description[found.start() :] if found else ""
    return f"{words[: LONGEST_DESCRIPTION // 2]}\n{rest}"[:LONGEST_DESCRIPTION].rstrip()


def with_checks(description: str, results: Sequence[Mapping[str, Any]]) -> str:
    """A description of `described` that also says what checks found; left as it is where it gets too long."""
    lines = [line for line in description.splitlines() if not line.startswith(_CHECKS)]
    place = next((number for number, line in enumerate(lines) if line.startswith(_BUILT)), len(lines) - 1)
    told = orjson.dumps(list(results)).decode()
    text = "\n".join([*lines[: place + 1], f"{_CHECKS}{told}", *lines[place + 1 :]])
    return text[:LONGEST_DESCRIPTION].rstrip() if len(told) < LONGEST_DESCRIPTION // 4 else description


def checks_in(description: str) -> Sequence[Mapping[str, Any]]:
    """What checks found, as a description says; () where it does not."""
    for line in description.splitlines():
        if line.startswith(_CHECKS):
            try:
                found = orjson.loads(line.removeprefix(_CHECKS))
            except orjson.JSONDecodeError:
                return ()  # edited by somebody: it only explains
            return found if isinstance(found, list) else ()
    return ()


def parts_of(description: str) -> Mapping[str, str]:
    """What the stamp of a table was made of, as its description says; {} where it does not."""
    for line in description.splitlines():
        if line.startswith(_STAMP):
            try:
                parts = orjson.loads(line.removeprefix(_STAMP))
            except orjson.JSONDecodeError:
                return {}  # edited by somebody: it only explains
            return parts if isinstance(parts, dict) else {}
    return {}
