"""`event_struct`: the members of an event that have columns."""

from __future__ import annotations

from typing import Any

from edxtasks.logs.rows.conform import Conformer
from edxtasks.logs.rows.row_levels import EVENT_STRUCT, UNLISTED_MEMBERS


def take_event_struct(
    event: dict[str, Any], listed: bool, conformer: Conformer, exactly: bool
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The `event_struct` of an event, and what of it has no column; None for either where there is nothing.

    `listed`: whether all members of events of this type have columns (`row_levels.is_listed`); then `event`
    itself is made the struct. Of others only some have, and no rest is told. `exactly`: as
    `Conformer.conform`.
    """
    if listed:
        shape = EVENT_STRUCT.shape(event)
        rest = None if shape.idle and not exactly else conformer.conform(event, shape, exactly)
        return event or None, rest
    if "POST" not in event and "GET" not in event and "query" not in event:
        return None, None
    members = {name: event[name] for name in UNLISTED_MEMBERS if name in event}
    conformer.conform(members, EVENT_STRUCT.shape(members), exactly)
    return members or None, None
