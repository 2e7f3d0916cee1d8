"""Lines in the usual form, which nearly all lines of a log have, made rows as fast as Python can.

Such a line is parsed, checked and brought into the form of its columns in one go by msgspec (`usual_form`),
and most of its row needs no more work. Every other line is for `any_line`, which would make the same row of a
usual line, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from msgspec import UNSET, MsgspecError, Raw, ValidationError
from msgspec.json import Encoder
from orjson import OPT_STRICT_INTEGER, JSONEncodeError, dumps

from edxtasks.logs.rows.conform import EXPONENT, Conformer, Level
from edxtasks.logs.rows.event_course import COURSES, course_without_key
from edxtasks.logs.rows.event_struct import take_event_struct
from edxtasks.logs.rows.event_time import (
    UTC_OFFSET,
    WRITTEN_MINUTES,
    WRITTEN_SECONDS,
    read_time,
)
from edxtasks.logs.rows.json_text import DEEPEST_SET_ASIDE, TextForm, compact, escaped, parse_embedded
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rows.remembered import MOST, Memo
from edxtasks.logs.rows.row_levels import AGENT_OF_CONTEXT, AGENT_OF_MODULE, CONTEXT, EVENT_STRUCT, TOP
from edxtasks.logs.rows.usual_form import (
    USUAL,
    Extra,
    Learner,
)

SHORT = 48
"""Most characters of an event, delivered as text, that is remembered: many requests bring few fields."""

ShortEvent = tuple[Any, str, Raw | None, dict[str, Any] | None]

NOT_USUAL = (MsgspecError, JSONEncodeError, RecursionError, UnicodeError)
"""What `UsualLines.row` raises on a line that is not usual."""


Unknown = tuple[Level, tuple[str, ...]]
"""Keys of one record that have no column."""


class NotFastPathError(MsgspecError):
    """A line is not in the usual form."""


_AGENT_OF_MODULE = [(name, f"module.{name}") for name in AGENT_OF_MODULE]
_write_into = Encoder().encode_into
_known_shape = EVENT_STRUCT.shapes.get


class UsualLines:
    """Makes rows of usual lines.

    `text` writes the JSON text of columns. `conformer` notes what it meets in events, and keeps it until the
    caller forgets it. `unknown` counts the records that had keys without a column, beside those that the
    conformer notes.
    """

    def __init__(self, conformer: Conformer, module_ids: ModuleIds, text: TextForm) -> None:
        self._conformer = conformer
        self._text = text
        self._plain_agent = text({"oldagent": ""})
        self._derive = module_ids.derive
        self._types = module_ids.event_types
        self._known_type = self._types.known.get  # a fifth of all types hold an id, and are not remembered
        self._handlers = module_ids.handlers
        self._agents = Memo(lambda key: text({"oldagent": "", "module.usage_key": key}))
        self._buffer = bytearray()  # one that has grown already; each row is written over it from its begin
        self._short_events: tuple[dict[str, ShortEvent], ...] = ({}, {})  # of types not listed, and listed
        self._is_compact = text is compact
        self._learner = Learner()
        self._form = USUAL
        self._read = USUAL.read
        self._extras = self._context_extras = USUAL.extras
        self.unknown: Counter[Unknown] = Counter()

    def row(self, line: bytes) -> tuple[str | None, int, bytes]:
        """The row of a line: course as ORG/NUMBER/RUN or None, time in microseconds since 1970 UTC, and the
        row as JSON without newline. Raises one of `NOT_USUAL` when the line is not usual."""
        # This is done for every line and is most of what splitting costs: what is remembered is asked for
        # here, and calls are few.
        with_agent = False
        try:
            record = self._read(line)
        except ValidationError as error:
            if "`$.context" not in str(error):
                raise
            record = self._form.read_with_agent(line)
            with_agent = True
        context = record.context
        try:
            course = COURSES.known[context.course_id]
        except KeyError:
            course = COURSES.learn(context.course_id)
        if course is None and context.course_id:
            raise NotFastPathError
        time = record.time
        fraction = time[20:26]
        try:  # as `written_microseconds`
            if time[26:] != UTC_OFFSET or not (fraction.isascii() and fraction.isdigit()):
                raise KeyError
            microseconds = WRITTEN_MINUTES[time[:17]] + WRITTEN_SECONDS[time[17:20]] + int(fraction)
        except KeyError:
            moment = read_time(time)
            if moment is None:
                raise NotFastPathError from None
            microseconds, record.time = moment
        event_type = record.event_type
        module_id: str | None
        kind: Any = self._known_type(event_type)
        if kind is None and (found := self._handlers.find(event_type)) is not None:
            listed, module_id = found[0].listed, found[1]
        else:
            if kind is None:
                kind = self._types.learn(event_type)
            listed, module_id = kind.listed, kind.handler

        raw = record.event
        event: Any = raw
        struct: Raw | None = None
        aside = encoded = None
        members = False
        if raw.__class__ is str and len(raw) <= SHORT:
            try:
                event, text, struct, aside = self._short_events[listed][raw]
            except KeyError:
                event, text, struct, aside = self._learn_short(raw, listed)
        else:
            if raw.__class__ is str:
                event = parse_embedded(raw, False)
            if self._is_compact:
                encoded = dumps(event, None, OPT_STRICT_INTEGER)
                text = encoded.decode()
            else:
                text = self._text(event)
            if text != raw and EXPONENT in text and event.__class__ is not str:
                self._conformer.note_exponent()
            members = event.__class__ is dict
        browser = record.event_source == "browser"
        page = record.page or ""
        if course is None:
            course = course_without_key(browser, event_type, page, context.path, event)
        module = context.module
        if module_id is None:
            usage_key = "" if module is None else module.usage_key or ""
            module_id = self._derive(kind, browser, page, context.path, course, raw, event, usage_key)
        if members:
            if listed:
                shape = _known_shape((*event, *map(type, event.values()))) or EVENT_STRUCT.learn(event)
                if not shape.idle:
                    aside = self._conformer.conform(event, shape, False)
                    encoded = None
                if event:
                    struct = Raw(encoded or dumps(event, None, OPT_STRICT_INTEGER))
            else:
                struct = self._unlisted_struct(event)

        keys: tuple[str, ...] = ()
        context_keys: tuple[str, ...] = ()
        rest: dict[str, Any] = {}
        if (referer := record.referer) is not UNSET:
            rest["referer"] = referer
            record.referer = UNSET
        if (language := record.accept_language) is not UNSET:
            rest["accept_language"] = language
            record.accept_language = UNSET
        if self._extras:
            keys = _take_extras(record, self._extras, rest)
        if aside is not None:
            rest["event_struct"] = aside
        if self._context_extras:
            context_rest: dict[str, Any] = {}
            context_keys = _take_extras(context, self._context_extras, context_rest)
            if context_rest:
                rest["context"] = context_rest
        elif context.enterprise_uuid is not UNSET:
            rest["context"] = {"enterprise_uuid": context.enterprise_uuid}
            context.enterprise_uuid = UNSET
        if rest:
            if self._is_compact:
                record.mongoid = dumps(rest).decode()
            elif len(rest) == 2 and referer.__class__ is language.__class__ is str:  # nearly all of them
                record.mongoid = f'{{"referer": {escaped(referer)}, "accept_language": {escaped(language)}}}'
            else:
                record.mongoid = self._text(rest, DEEPEST_SET_ASIDE)
        if with_agent:
            self._take_agent(context)
        else:
            context.agent = self._plain_agent
        if context.user_id.__class__ is str:
            if context.user_id:
                raise NotFastPathError
            context.user_id = None
        if module is not None:
            self._take_module(context, module)
        if context.course_user_tags.__class__ is dict:
            context.course_user_tags = self._text(context.course_user_tags)
        username = record.username
        if username and (name := username.strip()) is not username:
            record.username = name
        record.course_id = course
        record.module_id = module_id
        record.event_struct = struct
        record.event = text
        _write_into(record, self._buffer)
        if keys:
            self._count(TOP, keys)
        if context_keys:
            self._count(CONTEXT, context_keys)
        return course, microseconds, bytes(self._buffer)

    def count(self, lines: int) -> None:
        """Take in that so many lines come: a field is worth learning that many of all lines have."""
        self._learner.count(lines)

    def learn_from(self, line: bytes) -> None:
        """Take in a line that is not usual, so that lines like it may be usual later."""
        self._learner.study(line)
        if self._form is not self._learner.form:
            self._form = self._learner.form
            self._read = self._form.read
            self._extras, self._context_extras = self._form.extras, self._form.context

    def _count(self, level: Level, keys: tuple[str, ...]) -> None:
        """Count the keys without a column of one record."""
        if self._conformer.noticed:  # the row may still be made again
            self._conformer.unknown.append((level, keys))
        else:
            self.unknown[level, keys] += 1

    def _take_agent(self, context: Any) -> None:
        delivered = context.agent or ""
        if '"oldagent"' in delivered:
            raise NotFastPathError  # perhaps a row that is rephrased again
        agent: dict[str, Any] = {"oldagent": delivered}
        for name in AGENT_OF_CONTEXT:
            value = getattr(context, name)
            if value is not UNSET:
                agent[name] = value
                setattr(context, name, UNSET)
        if context.module is not None:
            agent |= _agent_of_module(context.module)
        context.agent = self._conformer.noted_text(agent)

    def _take_module(self, context: Any, module: Any) -> None:
        if module.original_usage_key is not UNSET or module.original_usage_version is not UNSET:
            context.agent = self._text({"oldagent": "", **_agent_of_module(module)})
        elif module.usage_key is not UNSET:
            context.agent = self._agents(module.usage_key)
            module.usage_key = UNSET
        if module.display_name is None:
            context.module = None

    def _learn_short(self, raw: str, listed: bool) -> ShortEvent:
        """Of the event in a short text: what it holds, its JSON text, its `event_struct`, and what of it is
        set aside, for event types that are listed or not."""
        event = parse_embedded(raw, False)
        text = self._text(event)
        struct = aside = None
        if event.__class__ is dict:
            members, aside = take_event_struct(parse_embedded(raw, False), listed, self._conformer, False)
            if members is not None:
                struct = Raw(dumps(members, None, OPT_STRICT_INTEGER))
        learnt = event, text, struct, aside
        if EXPONENT in text and event.__class__ is not str and text != raw:
            self._conformer.note_exponent()
        if not self._conformer.noticed:  # else it is to be noticed each time
            known = self._short_events[listed]
            if len(known) >= MOST:
                known.clear()
            known[raw] = learnt
        return learnt

    def _unlisted_struct(self, event: dict[str, Any]) -> Raw | None:
        """The `event_struct` of an event of a type that is not listed."""
        members, _ = take_event_struct(event, False, self._conformer, False)
        return None if members is None else Raw(dumps(members, None, OPT_STRICT_INTEGER))


def _take_extras(record: Any, extras: tuple[Extra, ...], into: dict[str, Any]) -> tuple[str, ...]:
    """Take out of a record the fields that are set aside. Gives the keys of those without a column."""
    keys: tuple[str, ...] = ()
    for attribute, key, is_unknown in extras:
        value = getattr(record, attribute)
        if value is not UNSET:
            into[key] = value
            setattr(record, attribute, UNSET)
            if is_unknown:
                keys += (key,)
    return keys


def _agent_of_module(module: Any) -> dict[str, Any]:
    """Take out of a module what goes into `context.agent`."""
    taken: dict[str, Any] = {}
    for name, full in _AGENT_OF_MODULE:
        value = getattr(module, name)
        if value is not UNSET:
            taken[full] = value
            setattr(module, name, UNSET)
    return taken
