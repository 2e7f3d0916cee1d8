"""Lines in the usual form, which nearly all lines of a log have, made rows as fast as Python can.

A line is usual when its record and its context have no other fields than `UsualRecord` and `UsualContext`
name, of these types. Such a line is parsed, checked and brought into the form of its columns in one go by
msgspec, and most of its row needs no more work. Every other line is for `any_line`; of a usual line it makes
the same row, but for the order of members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import UNSET, Meta, MsgspecError, Raw, Struct, UnsetType, ValidationError
from msgspec.json import Decoder, Encoder
from orjson import OPT_STRICT_INTEGER, JSONEncodeError, dumps

from edxtasks.logs.rows.conform import EXPONENT, Conformer
from edxtasks.logs.rows.event_course import COURSES, course_without_key
from edxtasks.logs.rows.event_struct import take_event_struct
from edxtasks.logs.rows.event_time import read_time
from edxtasks.logs.rows.json_text import parse_embedded
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rows.remembered import MOST, Remembered
from edxtasks.logs.rows.row_levels import AGENT_OF_CONTEXT

SHORT = 64
"""Most characters of an event, delivered as text, that is remembered: many requests bring few fields."""

GREATEST_EXACT = 2**53 - 1
"""Beyond it, whole numbers are looked at one by one."""

Made = Annotated[str, Meta(pattern="(?!)")]
"""A text that no line may bring along, since nothing matches the pattern: it is made of others."""
WholeNumber = Annotated[int, Meta(ge=-GREATEST_EXACT, le=GREATEST_EXACT)]
Aside = str | UnsetType
"""A text that has no column and is set aside in `mongoid`."""

NOT_USUAL = (MsgspecError, JSONEncodeError, RecursionError, UnicodeError)
"""What `UsualLines.row` raises on a line that is not usual."""


class NotUsual(MsgspecError):
    """A line is not in the usual form."""


class UsualModule(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context.module`."""

    display_name: str | None = None
    usage_key: Aside = UNSET


class UsualContext(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context`, as a line brings it, then as the row has it."""

    course_id: str
    user_id: WholeNumber | str | None = None
    org_id: str | None = None
    path: str
    course_user_tags: dict[str, str] | str | UnsetType = UNSET
    module: UsualModule | None = None
    enterprise_uuid: Aside = UNSET
    agent: Made | None = None


class ContextWithAgent(UsualContext, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """`context` of events of the mobile apps, and of some of problems: more of it goes into `agent`."""

    application: dict[str, Any] | str | UnsetType = UNSET
    client: dict[str, Any] | str | UnsetType = UNSET
    received_at: Aside = UNSET
    component: Aside = UNSET
    open_in_browser_url: Aside = UNSET
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


_read = Decoder(UsualRecord).decode
_read_with_agent = Decoder(RecordWithAgent).decode
_write_into = Encoder().encode_into


class UsualLines:
    """Makes rows of usual lines.

    `text` writes the JSON text of columns. `conformer` notes what it meets in events, and keeps it until the
    caller forgets it.
    """

    def __init__(self, conformer: Conformer, module_ids: ModuleIds, text: Callable[[Any], str]) -> None:
        self._conformer = conformer
        self._text = text
        self._plain_agent = text({"oldagent": ""})
        self._derive = module_ids.derive
        self._types = module_ids.event_types
        self._agents = Remembered(lambda key: text({"oldagent": "", "module.usage_key": key}))
        self._buffer = bytearray()  # one that has grown already
        self._short_events: dict[str, tuple[Any, str, Raw | None]] = {}

    def row(self, line: bytes) -> tuple[str | None, int, bytes]:
        """The row of a line: course as ORG/NUMBER/RUN or None, time in microseconds since 1970 UTC, and the
        row as JSON without newline. Raises one of `NOT_USUAL` when the line is not usual."""
        # This is done for every line and is most of what splitting costs: what is remembered is asked for
        # here, and calls are few.
        try:
            record = _read(line)
        except ValidationError as error:
            if "`$.context" not in str(error):
                raise
            record = _read_with_agent(line)
        context = record.context
        try:
            course = COURSES.known[context.course_id]
        except KeyError:
            course = COURSES.learn(context.course_id)
        moment = read_time(record.time)
        if moment is None or (course is None and context.course_id):
            raise NotUsual
        try:
            kind = self._types.known[record.event_type]
        except KeyError:
            kind = self._types.learn(record.event_type)

        event = raw = record.event
        struct: Raw | None = None
        aside = None
        if isinstance(raw, str) and len(raw) <= SHORT and not kind.listed:
            try:
                event, text, struct = self._short_events[raw]
            except KeyError:
                event, text, struct = self._learn_short(raw)
            members = None
        else:
            if isinstance(raw, str):
                event = parse_embedded(raw, False)
            text = self._text(event)
            if not isinstance(event, str) and text != raw and EXPONENT in text:
                self._conformer.note_exponent()
            members = event if isinstance(event, dict) else None
        browser = record.event_source == "browser"
        page = record.page or ""
        if course is None:
            course = course_without_key(browser, record.event_type, page, context.path, event)
        module_id = kind.handler or self._derive(kind, browser, page, context.path, course, raw, event)
        if members is not None:
            members, aside = take_event_struct(members, kind.listed, self._conformer)
            if members is not None:
                struct = Raw(dumps(members, None, OPT_STRICT_INTEGER))

        rest: dict[str, Any] = {}
        if record.referer is not UNSET:
            rest["referer"] = record.referer
            record.referer = UNSET
        if record.accept_language is not UNSET:
            rest["accept_language"] = record.accept_language
            record.accept_language = UNSET
        if aside is not None:
            rest["event_struct"] = aside
        if context.enterprise_uuid is not UNSET:
            rest["context"] = {"enterprise_uuid": context.enterprise_uuid}
            context.enterprise_uuid = UNSET
        if rest:
            record.mongoid = self._text(rest)
        if isinstance(context, ContextWithAgent):
            self._take_agent(context)
        else:
            context.agent = self._plain_agent
        if context.user_id.__class__ is str:
            if context.user_id:
                raise NotUsual
            context.user_id = None
        if context.module is not None:
            self._take_module(context, context.module)
        if isinstance(context.course_user_tags, dict):
            context.course_user_tags = self._text(context.course_user_tags)
        microseconds, record.time = moment
        record.course_id = course
        record.module_id = module_id
        record.event_struct = struct
        record.event = text
        _write_into(record, self._buffer)
        return course, microseconds, bytes(self._buffer)

    def _take_agent(self, context: ContextWithAgent) -> None:
        delivered = context.agent or ""
        if '"oldagent"' in delivered:
            raise NotUsual  # perhaps a row that is rephrased again
        agent: dict[str, Any] = {"oldagent": delivered}
        for name in AGENT_OF_CONTEXT:
            value = getattr(context, name)
            if value is not UNSET:
                agent[name] = value
                setattr(context, name, UNSET)
        if context.module is not None and context.module.usage_key is not UNSET:
            agent["module.usage_key"] = context.module.usage_key
            context.module.usage_key = UNSET
        context.agent = self._conformer.noted_text(agent)

    def _take_module(self, context: UsualContext, module: UsualModule) -> None:
        if module.usage_key is not UNSET:
            context.agent = self._agents(module.usage_key)
            module.usage_key = UNSET
        if module.display_name is None:
            context.module = None

    def _learn_short(self, raw: str) -> tuple[Any, str, Raw | None]:
        """The event in a short text, its JSON text, and its `event_struct`, for event types not listed."""
        event = parse_embedded(raw, False)
        text = self._text(event)
        struct = None
        if isinstance(event, dict):
            members, _ = take_event_struct(event, False, self._conformer)
            if members is not None:
                struct = Raw(dumps(members, None, OPT_STRICT_INTEGER))
        learnt = event, text, struct
        if EXPONENT in text:
            self._conformer.note_exponent()
        if not self._conformer.noticed:  # else it is to be noticed each time
            if len(self._short_events) >= MOST:
                self._short_events.clear()
            self._short_events[raw] = learnt
        return learnt
