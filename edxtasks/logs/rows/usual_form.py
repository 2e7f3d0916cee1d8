"""The form that nearly all lines of a log have, as types that msgspec parses and checks a line by.

The types are made from the columns of the table and their order in a row. A line is usual when its record and
its context have no other fields than `UsualRecord` and `UsualContext`, of these types, and those that were
learnt: fields without a column that came often enough in lines of this log. What is learnt decides how fast a
line becomes a row, never what the row is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct
from msgspec.json import Decoder
from orjson import JSONDecodeError, loads

from edxtasks.logs.rows.conform import RETIRED, Level
from edxtasks.logs.rows.row_levels import (
    AGENT_OF_CONTEXT,
    AGENT_OF_MODULE,
    CONTEXT,
    ORDER_CONTEXT,
    ORDER_TOP,
    TOP,
)
from edxtasks.logs.rows.set_aside import CONTAINERS, OLD_MONGOID
from edxtasks.logs.tracklog_schema import CONTEXT_SCHEMA, MODULE_SCHEMA, TRACKLOG_SCHEMA
from edxtasks.warehouse.schema import Schema

GREATEST_EXACT = 2**53 - 1
"""Beyond it, whole numbers are looked at one by one."""

_OBJECTS = ("application", "client", "asides")
"""Fields for `agent` that are objects."""
_OF_MONGODB = ("vname", "datafn")
"""Columns of records that were kept in MongoDB, which are not usual."""
Made = Annotated[str, Meta(pattern="(?!)")]
"""A text that no line may bring along, since nothing matches the pattern: it is made of others."""
WholeNumber = Annotated[int, Meta(ge=-GREATEST_EXACT, le=GREATEST_EXACT)]
Aside = str | None | UnsetType
"""A text that has no column and is set aside in `mongoid`."""


_TYPES: Mapping[str, Any] = {
    "STRING": str | None,
    "INTEGER": WholeNumber | str | None,  # an empty text becomes null
}
_REQUIRED = {"time": str, "event_source": str, "event_type": str, "course_id": str, "path": str}
_OPTIONS: Mapping[str, Any] = {
    "kw_only": True,
    "forbid_unknown_fields": True,
    "omit_defaults": True,
    "gc": False,
}


def _columns(schema: Schema, names: Iterable[str]) -> list[Any]:
    """Fields of a struct for columns that a line brings along, in this order."""
    return [
        (name, _REQUIRED[name]) if name in _REQUIRED else (name, _TYPES[schema[name].type], None)
        for name in names
    ]


def _aside(names: Iterable[str], kind: Any = Aside) -> list[Any]:
    """Fields of a struct for what has no column."""
    return [(name, kind, UNSET) for name in names]


UsualModule: Any = defstruct(
    "UsualModule",
    [*_columns(MODULE_SCHEMA, MODULE_SCHEMA.names), *_aside(AGENT_OF_MODULE, str | UnsetType)],
    **_OPTIONS,
)
"""`context.module`."""

_OF_CONTEXT = {
    "course_user_tags": ("course_user_tags", dict[str, str] | str | UnsetType, UNSET),
    "module": ("module", UsualModule | None, None),
}
UsualContext: Any = defstruct(
    "UsualContext",
    [
        *(_OF_CONTEXT.get(name) or _columns(CONTEXT_SCHEMA, [name])[0] for name in ORDER_CONTEXT),
        *_aside(["enterprise_uuid"]),
        ("agent", Made | None, None),
    ],
    **_OPTIONS,
)
"""`context`, as a line brings it, then as the row has it."""

ContextWithAgent: Any = defstruct(
    "ContextWithAgent",
    [
        *(
            (name, (dict[str, Any] | str if name in _OBJECTS else str) | UnsetType, UNSET)
            for name in AGENT_OF_CONTEXT
        ),
        ("agent", str | None, None),
    ],
    bases=(UsualContext,),
    **_OPTIONS,
)
"""`context` of events of the mobile apps, and of some of problems: more of it goes into `agent`."""

UsualRecord: Any = defstruct(
    "UsualRecord",
    [
        *_columns(TRACKLOG_SCHEMA, (name for name in ORDER_TOP if name not in _OF_MONGODB)),
        *_aside(["referer", "accept_language"]),
        ("course_id", Made | None, None),
        ("module_id", Made | None, None),
        ("context", UsualContext),
        ("mongoid", Made | None, None),
        ("event_struct", Raw | None, None),
        ("event", str | dict[str, Any] | None, ""),
    ],
    **_OPTIONS,
)
"""A record, as a line brings it, then as the row has it. A row has its columns in this order."""

RecordWithAgent: Any = defstruct(
    "RecordWithAgent", [("context", ContextWithAgent)], bases=(UsualRecord,), **_OPTIONS
)
"""A record with such a context."""

MOST_LEARNT = 16
"""Most fields that are learnt of the record, and of its context."""
LONGEST_LEARNT = 100
"""Most characters of the name of such a field."""
STUDIED, LEAST_STUDIED = 8, 512
"""One of so many lines that are not usual is looked at for fields to learn: at first, and when nothing was
found for long."""
WINDOW = 32
"""Lines looked at, after which it is decided."""
OFTEN = 4
"""In how many of these a field must be."""
LEAST_SHARE = 1 / 50
"""In what share of all lines a field must be: every line pays for a learnt field, those that have it gain."""


class Extra(NamedTuple):
    """A learnt field: the attribute that has it, its name in a record, and whether it counts as unknown."""

    attribute: str
    key: str
    unknown: bool


@dataclass(frozen=True, slots=True)
class Form:
    """The usual form, with what was learnt.

    `read` parses a line, `read_with_agent` one that has more of the fields that go into `context.agent`; both
    raise `msgspec.MsgspecError` or `RecursionError` on other lines. `extras` are the learnt fields of the
    record in the order in which they are set aside; `context` are all fields of the context that are set
    aside, if any is learnt.
    """

    read: Callable[[bytes], Any]
    read_with_agent: Callable[[bytes], Any]
    extras: tuple[Extra, ...] = ()
    context: tuple[Extra, ...] = ()


USUAL = Form(Decoder(UsualRecord).decode, Decoder(RecordWithAgent).decode)


def form_with(extras: Iterable[str], context: Iterable[str]) -> Form:
    """The usual form with more fields in the record and in its context; see `is_learnable`."""
    of_record = _in_order(TOP, extras)
    of_context = _in_order(CONTEXT, context)
    contexts = [_extended(base, of_context, []) for base in (UsualContext, ContextWithAgent)]
    records = [_extended(UsualRecord, of_record, [("context", each)]) for each in contexts]
    enterprise = Extra("enterprise_uuid", "enterprise_uuid", False)
    aside = (
        sorted([*of_context, enterprise], key=lambda extra: CONTEXT.place(extra.key)) if of_context else []
    )
    return Form(
        Decoder(records[0]).decode,
        Decoder(records[1]).decode,
        tuple(of_record),
        tuple(aside),
    )


def is_learnable(level: Level, key: str) -> bool:
    """Whether a field of the record (`TOP`) or its context (`CONTEXT`) is one that is always set aside as it
    is, whatever else the record has, and that can be a field of a struct."""
    kind = level.kinds.get(key)
    if kind is None:
        aside = not level.names_a_column(key) and key not in CONTAINERS and key != OLD_MONGOID
    else:
        aside = kind is RETIRED
    return (
        aside
        and len(key) <= LONGEST_LEARNT
        and key.isprintable()
        and '"' not in key
        and "\\" not in key
        and key not in _NAMES[level.path]
    )


class Learner:
    """Notices which fields lines have often beyond the usual form. `form` is the form so far."""

    def __init__(self) -> None:
        self.form = USUAL
        self._learnt: dict[str, list[str]] = {TOP.path: [], CONTEXT.path: []}
        self._met: Counter[tuple[str, str]] = Counter()
        self._every = STUDIED
        self._lines = 0
        self._unusual = 0
        self._studied = 0

    def count(self, lines: int) -> None:
        """Take in that so many lines come, whatever their form."""
        self._lines += lines

    def study(self, line: bytes) -> None:
        """Take in a line that is not of the form; most are not looked at."""
        self._unusual += 1
        if self._unusual < self._every:
            return
        self._unusual = 0
        try:
            record = loads(line)
        except JSONDecodeError:
            record = None
        if isinstance(record, dict):
            for level, inner in ((TOP, record), (CONTEXT, record.get("context"))):
                if isinstance(inner, dict) and len(inner) <= LONGEST_LEARNT:
                    self._met.update((level.path, key) for key in inner if is_learnable(level, key))
        self._studied += 1
        if self._studied % WINDOW == 0:
            self._learn()

    def _learn(self) -> None:
        before = {path: list(keys) for path, keys in self._learnt.items()}
        least = max(OFTEN, LEAST_SHARE * self._lines / self._every)
        for (path, key), lines in self._met.most_common():
            if lines < least:
                break
            learnt = self._learnt[path]
            if key not in learnt and len(learnt) < MOST_LEARNT:
                learnt.append(key)
        self._met.clear()
        self._lines = 0
        if self._learnt == before:
            self._every = min(2 * self._every, LEAST_STUDIED)
        else:
            self._every = STUDIED
            self.form = form_with(self._learnt[TOP.path], self._learnt[CONTEXT.path])


def _in_order(level: Level, keys: Iterable[str]) -> list[Extra]:
    return [
        Extra(f"learnt_{number}", key, key not in level.kinds)
        for number, key in enumerate(sorted(keys, key=level.place))
    ]


def _extended(base: type[Struct], extras: list[Extra], others: list[tuple[str, Any]]) -> Any:
    return defstruct(
        base.__name__,
        [*others, *((extra.attribute, Any, UNSET) for extra in extras)],
        bases=(base,),
        rename={extra.attribute: extra.key for extra in extras},
        **_OPTIONS,
    )


_NAMES = {
    TOP.path: frozenset(UsualRecord.__struct_fields__),
    CONTEXT.path: frozenset(ContextWithAgent.__struct_fields__),
}
