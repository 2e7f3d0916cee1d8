"""What the labels of a table say of it: its stamp, and what a listing has to know without asking further.

A label's value is at most 63 lower-case letters, digits, `_` and `-`: digests of 40 hex digits and
microseconds fit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from edxtasks.warehouse.base import BuildInfo, TableState, digest

PREFIX = "edxtasks_"
"""How all labels of the product begin."""

STAMP = "edxtasks_stamp"
VERSION = "edxtasks_version"
ROWS = "edxtasks_rows"
FIRST_TIME = "edxtasks_first_time"
LAST_TIME = "edxtasks_last_time"
EVENT_DATES = "edxtasks_event_dates"
SIGNATURE = "edxtasks_signature"
SERIES = "edxtasks_series"
"""Which rows of the table of stamps belong to this table: rebuilt with the table."""

RUN = "edxtasks_run"
"""The build that has begun to change the table, or changed it last."""

BUILT = "edxtasks_built"
"""When the last build was complete, in microseconds: two builds alike have different jobs by it."""

CHECKS = "edxtasks_checks"
"""The digest of the checks that the rows went through."""

OWNER = "edxtasks_owner"
"""The digest of whose table it is: two courses may have the same dataset."""

_VALUE = re.compile(r"[a-z0-9_-]{1,63}")

Labels = Mapping[str, str | None]
"""Labels to be set; None takes one away."""

UNKNOWN: Labels = dict.fromkeys((STAMP, VERSION, ROWS, FIRST_TIME, LAST_TIME, EVENT_DATES, SIGNATURE))
"""What a table says of itself while its rows change."""


@dataclass(frozen=True)
class Listed:
    """A table as a listing tells it: labels, when it was made, the column that partitions it, clustering,
    what it is (`TABLE`, `VIEW`, …)."""

    labels: Mapping[str, str]
    created: str = ""
    partitioned: bool = False
    partition: str | None = None
    clustering: tuple[str, ...] = ()
    type: str = "TABLE"


def ours(listed: Listed) -> bool:
    """Whether the product has built a table, or begun to."""
    return any(key.startswith(PREFIX) for key in listed.labels)


def written(state: TableState) -> dict[str, str | None]:
    """The labels that tell a state."""
    values = {
        STAMP: state.stamp,
        VERSION: state.version if state.version != state.stamp else None,
        ROWS: state.rows,
        FIRST_TIME: state.first_time,
        LAST_TIME: state.last_time,
        EVENT_DATES: state.event_dates or None,
        SIGNATURE: state.signature,
    }
    return {key: None if value is None else str(value) for key, value in values.items()}


def version(label: BuildInfo) -> str:
    """The version that a label gives to a loaded table, in the characters that the value of a label has."""
    if label.version is None:
        return label.stamp
    return label.version if _VALUE.fullmatch(label.version) else digest(label.version)


def read(listed: Listed) -> TableState:
    """The state that labels tell. The version of a table is its stamp unless they say another one.

    Of a table without either, made by somebody else, the moment when it was made stands for the version.
    """
    labels = listed.labels
    stamp = labels.get(STAMP)
    return TableState(
        stamp,
        labels.get(VERSION, stamp or f"created:{listed.created}"),
        int(labels.get(ROWS, 0)),
        partitioned=listed.partitioned,
        first_time=_number(labels.get(FIRST_TIME)),
        last_time=_number(labels.get(LAST_TIME)),
        event_dates=labels.get(EVENT_DATES, ""),
        signature=labels.get(SIGNATURE),
    )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
