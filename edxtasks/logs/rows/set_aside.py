"""The column `mongoid`: what has no column, as a JSON object that holds it under the path it had."""

from __future__ import annotations

from typing import Any

from edxtasks.logs.rows.json_text import DEEPEST_SET_ASIDE, parse_embedded

CONTAINERS = frozenset({"context", "event_struct", "state", "answer", "rubric", "module"})
"""Names under which records are set aside that others may be joined with."""
OLD_MONGOID = "old_mongoid"
"""Where a MongoDB id is kept."""


def delivered_mongoid(record: dict[str, Any], exactly: bool) -> dict[str, Any]:
    """What a record brings along in `mongoid` and MongoDB's `_id`, as the start of its new `mongoid`.

    A `mongoid` that is an object, or the JSON text of one, is taken over; any other becomes
    `old_mongoid` in it. `_id` becomes `old_mongoid` too, and goes before: `{"$oid": x}` as x, another form
    as it is. `exactly`: integers of any size are kept.
    """
    held: dict[str, Any] = {}
    mongoid = record.get("mongoid")
    if isinstance(mongoid, str):
        inside = parse_embedded(mongoid, exactly, DEEPEST_SET_ASIDE)
        if isinstance(inside, dict):
            mongoid = inside
    if isinstance(mongoid, dict):
        held.update(mongoid)
    elif mongoid not in (None, ""):
        held[OLD_MONGOID] = mongoid
    identity = record.get("_id")
    if isinstance(identity, dict) and "$oid" in identity:
        identity = identity["$oid"]
    if identity is not None:
        held[OLD_MONGOID] = identity
    return held


def set_aside(held: dict[str, Any], rest: dict[str, Any]) -> None:
    """Add `rest` to `held`, records inside joined key by key.

    Where one has a record and the other something else under the same name, the members of the record
    go under dotted names, `context.label`.
    """
    for key, value in rest.items():
        old = held.get(key)
        if key not in CONTAINERS or old is None:
            held[key] = value
        elif isinstance(old, dict) and isinstance(value, dict):
            set_aside(old, value)
        elif isinstance(value, dict):
            set_aside(held, _dotted(key, value))
        else:
            held[key] = value
            if isinstance(old, dict):
                set_aside(held, _dotted(key, old))


def _dotted(key: str, record: Any) -> dict[str, Any]:
    return {f"{key}.{name}": member for name, member in record.items()}
