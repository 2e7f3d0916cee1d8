"""The form that nearly all lines of a log have, as types that msgspec parses and checks a line by.

A line is usual when its record and its context have no other fields than `UsualRecord` and `UsualContext`
name, of these types, and those that were learnt: fields without a column that came often enough in lines of
this log. What is learnt decides how fast a line becomes a row, never what the row is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, defstruct
from msgspec.json import Decoder
from orjson import JSONDecodeError, loads

from edxtasks.logs.rows.conform import RETIRED, Level
from edxtasks.logs.rows.row_levels import CONTEXT, TOP
from edxtasks.logs.rows.set_aside import CONTAINERS, OLD_MONGOID

GREATEST_EXACT = 2**53 - 1
"""Beyond it, whole numbers are looked at one by one."""

Made = Annotated[str, Meta(pattern="(?!)")]
"""A text that no line may bring along, since nothing matches the pattern: it is made of others."""
WholeNumber = Annotated[int, Meta(ge=-GREATEST_EXACT, le=GREATEST_EXACT)]
Aside = str | None | UnsetType
"""A text that has no column and is set aside in `mongoid`."""


class UsualModule(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context.module`."""

    display_name: str | None = None
    usage_key: str | UnsetType = UNSET
    original_usage_version: str | UnsetType = UNSET
    original_usage_key: str | UnsetType = UNSET


class UsualContext(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context`, as a line brings it, then as the row has it."""

    course_id: str
    user_id: WholeNumber | str | None = None
    org_id: str | None = None
    username: str | None = None
    ip: str | None = None
    host: str | None = None
    session: str | None = None
    path: str
    course_user_tags: dict[str, str] | str | UnsetType = UNSET
    module: UsualModule | None = None
    enterprise_uuid: Aside = UNSET
    agent: Made | None = None


class ContextWithAgent(UsualContext, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context` of events of the mobile apps, and of some of problems: more of it goes into `agent`."""

    application: dict[str, Any] | str | UnsetType = UNSET
    client: dict[str, Any] | str | UnsetType = UNSET
    received_at: str | UnsetType = UNSET
    component: str | UnsetType = UNSET
    open_in_browser_url: str | UnsetType = UNSET
    asides: dict[str, Any] | str | UnsetType = UNSET
    agent: str | None = None


class UsualRecord(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A record, as a line brings it, then as the row has it. A row has its columns in this order."""

    time: str
    username: str | None = None
    ip: str | None = None
    event_source: str
    event_type: str
    agent: str | None = None
    page: str | None = None
    host: str | None = None
    name: str | None = None
    session: str | None = None
    referer: Aside = UNSET
    accept_language: Aside = UNSET
    course_id: Made | None = None
    module_id: Made | None = None
    context: UsualContext
    mongoid: Made | None = None
    event_struct: Raw | None = None
    event: str | dict[str, Any] | None = ""


class RecordWithAgent(UsualRecord, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A record with such a context."""

    context: ContextWithAgent


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

    read: Callable[[bytes], UsualRecord]
    read_with_agent: Callable[[bytes], UsualRecord]
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
        self._unusual = 0
        self._studied = 0

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
        for (path, key), lines in self._met.most_common():
            if lines < OFTEN:
                break
            learnt = self._learnt[path]
            if key not in learnt and len(learnt) < MOST_LEARNT:
                learnt.append(key)
        self._met.clear()
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
        kw_only=True,
        forbid_unknown_fields=True,
        omit_defaults=True,
        gc=False,
    )


_NAMES = {
    TOP.path: frozenset(UsualRecord.__struct_fields__),
    CONTEXT.path: frozenset(ContextWithAgent.__struct_fields__),
}
