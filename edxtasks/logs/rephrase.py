"""From one line of a raw tracking log to one row of the table, as JSON.

The rules are told in docs/tracking-log-rows.md. Nothing in an event is lost: what has no column is set
aside in `mongoid`. A row that is rephrased again comes out unchanged.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

from orjson import OPT_STRICT_INTEGER, JSONDecodeError, JSONEncodeError, dumps, loads

from edxtasks.logs.conform import EXPONENT, Conformer
from edxtasks.logs.event_course import COURSES, course_without_key
from edxtasks.logs.event_time import read_time
from edxtasks.logs.json_text import (
    NotJson,
    TooDeep,
    compact,
    may_hold_long_integer,
    parse_embedded,
    predecessor,
)
from edxtasks.logs.line import Reject, object_with_long_integers, read_unusual_line
from edxtasks.logs.module_id import ModuleIds
from edxtasks.logs.remembered import MOST
from edxtasks.logs.row_levels import (
    AGENT_OF_MODULE,
    CONTEXT,
    EVENT_STRUCT,
    TOP,
    UNLISTED_MEMBERS,
)
from edxtasks.logs.set_aside import delivered_mongoid, set_aside

__all__ = [
    "RULES_VERSION",
    "LineCounts",
    "Reject",
    "RephraseRules",
    "Rephrased",
    "Rephraser",
    "StreamCounts",
    "rephrase_stream",
]

RULES_VERSION = 1
"""Raised when the same line makes another row."""

TEXT_FORMS: dict[str, Callable[[Any], str]] = {"compact": compact, "predecessor": predecessor}

LONGEST_NAME = 120
"""Most characters of a key's full name in the counts."""

SHORT = 64
"""Most characters of an event, delivered as text, that is remembered: many requests bring few fields."""

# What the inner loop asks first.
_of_record = itemgetter(*TOP.picked)
_of_context = itemgetter(*CONTEXT.picked)
_TOP_SHAPES = TOP.shapes
_CONTEXT_SHAPES = CONTEXT.shapes
_EVENT_SHAPES = EVENT_STRUCT.shapes
_known_course: Callable[[Any], str | None] = COURSES.known.get
_WHOLE_NUMBERS_OF_53_BITS = OPT_STRICT_INTEGER

_MISSING = object()
_NOT_OBJECT = Reject("not_object")
_AGENT_OF_MODULE = [(name, f"module.{name}") for name in AGENT_OF_MODULE]
_UNLISTED_MEMBERS = frozenset(UNLISTED_MEMBERS)

Rephrased = tuple[str | None, int, bytes]
"""Course as ORG/NUMBER/RUN or None, time in microseconds since 1970 UTC, the row as JSON without newline."""


@dataclass(frozen=True)
class RephraseRules:
    """The settings that rows depend on.

    `json_text_form`: `compact` or `predecessor`, the form of JSON text inside columns.
    `module_id_extended`: whether events get a module id that edx2bigquery gave none.
    `retired_keys`: paths of keys that are known to have no column, such as `("event_struct", "wiki")`;
    they are set aside as all unknown keys are, but not counted as unknown.
    """

    json_text_form: str = "compact"
    module_id_extended: bool = True
    retired_keys: tuple[tuple[str, ...], ...] = ()


@dataclass
class LineCounts:
    """What was noticed in lines.

    `bad_utf8`: lines with bytes that are no UTF-8; by full name (`event_struct.grade`), the keys that
    have no column and the values that are not of their column's type.
    """

    bad_utf8: int = 0
    unknown_keys: Counter[str] = field(default_factory=Counter)
    wrong_types: Counter[str] = field(default_factory=Counter)


class Rephraser:
    """Makes rows of lines. One per process: it remembers what repeats from line to line."""

    def __init__(self, rules: RephraseRules) -> None:
        self._text = TEXT_FORMS[rules.json_text_form]
        self._quick = self._text is compact
        self._conformer = Conformer(self._text)
        self._module_ids = ModuleIds(rules.module_id_extended)
        self._known_types = self._module_ids.event_types.known
        self._short_events: dict[str, tuple[Any, str, dict[str, Any] | None]] = {}
        self._expected = frozenset(".".join(path) for path in rules.retired_keys)
        self._plain_agent = self._text({"oldagent": ""})
        self._counts = LineCounts()
        self._unknown: Counter[tuple[str, ...]] = Counter()

    def line(self, line: bytes) -> Rephrased | Reject | None:
        """The row of a line (with or without its newline), the reason why there is none, or None for a
        blank line. Never raises."""
        result: Rephrased | Reject | None
        try:
            record = loads(line)
            result = self._row(record, self._quick, False) if record.__class__ is dict else _NOT_OBJECT
        except JSONDecodeError:
            result = self._unusual(line)
        except JSONEncodeError:  # a whole number of more than 53 bits, or nested very deep
            result = self._exactly(line)
        except Exception as error:  # noqa: BLE001 -- no line may end a file; a defect is told and counted
            result = _refusal(error)
        return self._noted(line, result) if self._conformer.noticed else result

    def take_counts(self) -> LineCounts:
        """What was noticed since the last call, in lines that made a row (`bad_utf8`: in all lines)."""
        counts, self._counts = self._counts, LineCounts()
        for names, lines in self._unknown.items():
            for name in names:
                if name not in self._expected:
                    counts.unknown_keys[name[:LONGEST_NAME]] += lines
        self._unknown.clear()
        return counts

    def _unusual(self, line: bytes) -> Rephrased | Reject | None:
        """The row of a line that the fast parser refuses as it stands."""
        try:
            unusual = read_unusual_line(line)
            self._counts.bad_utf8 += unusual.bad_utf8
            if not isinstance(unusual.content, dict):
                return unusual.content
            return self._row(unusual.content, self._quick, False)
        except JSONEncodeError:
            return self._exactly(line)
        except Exception as error:  # noqa: BLE001 -- as above
            return _refusal(error)

    def _exactly(self, line: bytes) -> Rephrased | Reject:
        """The row of a line with integers of any size."""
        self._conformer.forget()
        try:
            return self._row(object_with_long_integers(line), False, True)
        except Exception as error:  # noqa: BLE001 -- as above
            return _refusal(error)

    def _noted(self, line: bytes, result: Rephrased | Reject | None) -> Rephrased | Reject | None:
        """The row of a line in which something was noticed, which is counted."""
        conformer = self._conformer
        # The fast parser makes floats of integers beyond 64 bits; those are written with an exponent.
        if conformer.exponent and may_hold_long_integer(line):
            result = self._exactly(line)
        if result.__class__ is tuple:
            for names in conformer.unknown:
                self._unknown[names] += 1
            self._counts.wrong_types.update(conformer.wrong)
        conformer.forget()
        return result

    def _row(self, record: dict[str, Any], quick: bool, exactly: bool) -> Rephrased | Reject:
        """The row of a parsed line, whose objects become those of the row.

        `quick`: as `Conformer.quick`, and `orjson.JSONEncodeError` tells too that there is a whole number of
        more than 53 bits. `exactly`: JSON text inside is read with integers of any size.
        """
        # This is done for every line and is most of what splitting costs. So what the shape of the record
        # tells is not looked at again, what is remembered is asked for here, and calls are few.
        conformer = self._conformer
        conformer.quick = quick
        context = record.pop("context", _MISSING)
        raw = record.pop("event", "")
        row = {"time": None} | record
        try:
            shape = _TOP_SHAPES[(*row, *map(type, row.values()))]
        except KeyError:
            shape = TOP.learn(row)
        rest = None
        if shape.complete:
            event_type, source, page, time = _of_record(row)
            if not (quick and shape.idle):
                rest = conformer.conform(row, shape)
            if page is None:
                page = ""
        else:
            rest = conformer.conform(row, shape)
            event_type, source, page = row.get("event_type", ""), row.get("event_source"), row.get("page", "")
            time = row["time"]
        browser = source == "browser"
        try:
            kind = self._known_types[event_type]
        except KeyError:
            kind = self._module_ids.event_types.learn(event_type)

        context_rest = key = None
        written_before = False
        path = ""
        has_context = context.__class__ is dict
        if has_context:
            try:
                inner = _CONTEXT_SHAPES[(*context, *map(type, context.values()))]
            except KeyError:
                inner = CONTEXT.learn(context)
            agent = self._plain_agent
            if inner.marks:
                agent, written_before = self._agent(context, inner.marks, exactly)
            if inner.complete:
                key, path = _of_context(context)
                if not (quick and inner.idle):
                    context_rest = conformer.conform(context, inner)
            else:
                delivered = context.get("course_id")
                context_rest = conformer.conform(context, inner)
                key, path = context.get("course_id"), context.get("path", "")
                if key is not delivered and delivered is not None:
                    key = None  # it was no string, and names no course
            context["agent"] = agent
        elif context is not _MISSING and context is not None and context != "":
            conformer.note_wrong("context")
            conformer.values_aside = True
            rest = rest or {}
            rest["context"] = context

        module_id = held = course_key = None
        if shape.marks:
            rest = rest or {}
            course_key = row.pop("course_id", None)
            module_id = row.pop("module_id", None)
            if _is_blank(module_id):
                module_id = None
            if "mongoid" in record or "_id" in record:
                held = delivered_mongoid(record, exactly)
            key = self._course_key(record, course_key, held or {}, rest) or key

        event_struct = None
        if raw.__class__ is str and len(raw) <= SHORT and quick and not kind.listed and not shape.marks:
            try:
                event, event_text, event_struct = self._short_events[raw]
            except KeyError:
                event, event_text, event_struct = self._learn_event(raw)
        else:
            event = raw
            if raw.__class__ is str and not (shape.marks and "event_js" in record):
                event = parse_embedded(raw, exactly)
            event_text = dumps(event).decode() if quick else self._text(event)
            if event.__class__ is not str and event_text != raw and EXPONENT in event_text:
                conformer.note_exponent()
            if event.__class__ is dict and not kind.listed:
                event_struct = self._request(event)

        course = _known_course(key)
        if course is None:
            if key is None or _is_blank(key):
                course = course_without_key(browser, event_type, page, path, event)
            else:
                course = COURSES(key)
                if course is None and key == course_key:
                    rest = {**(rest or {}), "course_id": key}
            if course is None and source is None:
                return Reject("no_event_source")
        moment = read_time(time)
        if moment is None:
            return Reject("bad_time")
        microseconds, row["time"] = moment

        looks_delivered = False
        if module_id is None:
            derive = self._module_ids.derive
            if has_context:
                if not written_before:
                    # Most requests are for a handler, whose rule goes before all others.
                    module_id = kind.handler or derive(kind, browser, page, path, course, raw, event)
            else:
                if not _has_null_marks(record, context):
                    module_id = derive(kind, browser, page, path, course, raw, event)
                if module_id is None:
                    module_of_text = derive(kind, browser, page, path, course, event_text, event)
                    looks_delivered = module_of_text is not None

        if event.__class__ is dict and kind.listed:
            event_struct = event
            try:
                inner = _EVENT_SHAPES[(*event, *map(type, event.values()))]
            except KeyError:
                inner = EVENT_STRUCT.learn(event)
            if not (quick and inner.idle):
                event_rest = conformer.conform(event, inner)
                if event_rest is not None:
                    rest = rest or {}
                    rest["event_struct"] = event_rest
        if context_rest is not None:
            rest = rest or {}
            rest["context"] = context_rest
        if held is not None:
            conformer.values_aside = True
            set_aside(held, rest or {})
            rest = held

        if course is not None:
            row["course_id"] = course
        if module_id is not None:
            row["module_id"] = module_id
        if has_context:
            row["context"] = context
        elif looks_delivered:
            row["module_id"] = row["context"] = None
        if rest:
            if quick and not conformer.values_aside:
                row["mongoid"] = dumps(rest).decode()
            else:
                conformer.values_aside = False
                if rest.get("old_mongoid", "") is None:
                    del rest["old_mongoid"]
                if rest:
                    row["mongoid"] = conformer.noted_text(rest)
        if event_struct:
            row["event_struct"] = event_struct
        row["event"] = event_text
        return course, microseconds, dumps(row, None, _WHOLE_NUMBERS_OF_53_BITS if quick else None)

    def _learn_event(self, raw: str) -> tuple[Any, str, dict[str, Any] | None]:
        """The event in a short text, its JSON text, and its `event_struct`, for event types not listed."""
        event = parse_embedded(raw, False)
        text = self._text(event)
        learnt = event, text, self._request(event) if event.__class__ is dict else None
        if EXPONENT in text:
            self._conformer.note_exponent()
        else:
            if len(self._short_events) >= MOST:
                self._short_events.clear()
            self._short_events[raw] = learnt
        return learnt

    def _request(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """The `event_struct` of an event whose type is not listed."""
        if "POST" not in event and "GET" not in event and "query" not in event:
            return None
        members = {name: event[name] for name in UNLISTED_MEMBERS if name in event}
        self._conformer.conform(members, EVENT_STRUCT.shape(members))
        return members

    def _agent(self, context: dict[str, Any], fields: tuple[str, ...], exactly: bool) -> tuple[str, bool]:
        """The column `context.agent`, and whether the context is one of a row written before.

        `fields` are those of the context that belong into it.
        """
        agent = context.get("agent")
        added = {}
        for name in fields:
            if name == "module":
                module = context["module"]
                if module.__class__ is dict:
                    for inside, full in _AGENT_OF_MODULE:
                        if inside in module:
                            added[full] = module[inside]
            elif name != "agent":
                added[name] = context[name]
        if agent.__class__ is str and '"oldagent"' in agent:
            before = parse_embedded(agent, exactly)
            if isinstance(before, dict) and "oldagent" in before:
                return self._conformer.noted_text({**before, **added}) if added else agent, True
        return self._conformer.noted_text({"oldagent": agent or "", **added}), False

    def _course_key(
        self, record: dict[str, Any], typed: str | None, held: dict[str, Any], rest: dict[str, Any]
    ) -> str | None:
        """The non-blank course id that the record itself names, or named before it was made a row.

        A course id that is no string (`typed` is its text) names no course and is set aside.
        """
        if typed is not None and not isinstance(record.get("course_id", typed), str):
            self._conformer.note_wrong("course_id")
            rest["course_id"] = record["course_id"]
            return None
        if _is_blank(typed):
            typed = held.get("course_id")
        return None if _is_blank(typed) else typed


@dataclass
class StreamCounts:
    """What became of the lines of a stream: lines = blank + rows + rejects (by reason)."""

    lines: int = 0
    blank: int = 0
    rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    noticed: LineCounts = field(default_factory=LineCounts)


def rephrase_stream(
    lines: Iterable[bytes],
    rules: RephraseRules,
    write: Callable[[bytes], object],
    reject: Callable[[int, Reject, bytes], object],
) -> StreamCounts:
    """Rephrase lines one by one: `write` gets each row with its newline, `reject` each line that makes
    none, with its number (from 1) and why. It goes on to the last line, whatever they hold."""
    rephraser = Rephraser(rules)
    counts = StreamCounts()
    for number, line in enumerate(lines, start=1):
        counts.lines = number
        result = rephraser.line(line)
        if result is None:
            counts.blank += 1
        elif isinstance(result, Reject):
            counts.rejects[result.reason] += 1
            reject(number, result, line)
        else:
            counts.rows += 1
            write(result[2] + b"\n")
    counts.noticed = rephraser.take_counts()
    return counts


def _has_null_marks(record: dict[str, Any], context: object) -> bool:
    """Whether a record is a row written before, without context, in whose event no component was found.

    Without a context nothing else tells a row from a record, and the event of a row is text, in which
    other rules look for components. Where they would find one, the row has both columns as null, which
    tables do not show.
    """
    return context is None and "module_id" in record and record["module_id"] is None


def _is_blank(text: Any) -> bool:
    """Whether there is no text: none at all, white space alone, or a value that is no string."""
    return not isinstance(text, str) or not text or text.isspace()


def _refusal(error: Exception) -> Reject:
    """The reject that an exception means; a defect's names its place."""
    if isinstance(error, NotJson | TooDeep):
        return Reject("bad_json")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"
    return Reject("internal", text[:300])
