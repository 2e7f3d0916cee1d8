"""Lines in any form: a parsed record made a row, whatever it has and lacks.

The rules are told in docs/tracking-log-rows.md.
"""

from __future__ import annotations

from typing import Any

from orjson import OPT_STRICT_INTEGER, dumps

from edxtasks.logs.rows.conform import EXPONENT, Conformer
from edxtasks.logs.rows.event_course import COURSES, course_without_key
from edxtasks.logs.rows.event_struct import take_event_struct
from edxtasks.logs.rows.event_time import read_time
from edxtasks.logs.rows.json_text import DEEPEST_SET_ASIDE, TextForm, parse_embedded
from edxtasks.logs.rows.line import Reject
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rows.row_levels import AGENT_OF_MODULE, CONTEXT, TOP
from edxtasks.logs.rows.set_aside import OLD_MONGOID, delivered_mongoid, set_aside

_MISSING = object()
_WHOLE_NUMBERS_OF_53_BITS = OPT_STRICT_INTEGER
_AGENT_OF_MODULE = [(name, f"module.{name}") for name in AGENT_OF_MODULE]


class AnyLines:
    """Makes rows of records.

    `text` writes the JSON text of columns. `conformer` notes what it meets, and keeps it until the caller
    forgets it.
    """

    def __init__(self, conformer: Conformer, module_ids: ModuleIds, text: TextForm) -> None:
        self._conformer = conformer
        self._module_ids = module_ids
        self._text = text

    def row(self, record: dict[str, Any], exactly: bool) -> tuple[str | None, int, bytes] | Reject:
        """The row of a record, whose objects become those of the row: course as ORG/NUMBER/RUN or None, time
        in microseconds since 1970 UTC, and the row as JSON without newline.

        `exactly`: whole numbers may have more than 53 bits, and JSON text inside is read with integers of any
        size. Without it `orjson.JSONEncodeError` tells that there is such a number, in this record.
        """
        conformer = self._conformer
        context = record.pop("context", _MISSING)
        raw = record.pop("event", "")
        if "time" not in record:
            record["time"] = None
        shape = TOP.shape(record)
        row, top_rest = conformer.conform_in_order(record, shape, exactly)
        rest = top_rest or {}
        if username := row.get("username"):
            row["username"] = username.strip()
        event_type, source, page = row.get("event_type", ""), row.get("event_source"), row.get("page", "")
        browser = source == "browser"
        kind = self._module_ids.event_types(event_type)

        context_rest = key = None
        written_before = False
        path = usage_key = ""
        has_context = isinstance(context, dict)
        if has_context:
            inner = CONTEXT.shape(context)
            if "module" in inner.marks:
                usage_key = _usage_key(context["module"])
            agent, written_before = self._agent(context, inner.marks, exactly)
            delivered = context.get("course_id")
            context, context_rest = conformer.conform_in_order(context, inner, exactly)
            key, path = context.get("course_id"), context.get("path", "")
            if key is not delivered and delivered is not None:
                key = None  # it was no string, and names no course
            context["agent"] = agent
        elif context is not _MISSING and context is not None and context != "":
            conformer.note_wrong("context")
            rest["context"] = context

        module_id = held = course_key = None
        if shape.marks:
            course_key = row.pop("course_id", None)
            module_id = row.pop("module_id", None)
            if _is_blank(module_id):
                module_id = None
            if "mongoid" in record or "_id" in record:
                held = delivered_mongoid(record, exactly)
            key = self._course_key(record, course_key, held or {}, rest) or key

        event = raw
        if isinstance(raw, str) and "event_js" not in record:
            event = parse_embedded(raw, exactly)
        event_text = self._text(event)
        if not isinstance(event, str) and event_text != raw and EXPONENT in event_text:
            conformer.note_exponent()

        course = None if key is None else COURSES(key)
        if course is None:
            if _is_blank(key):
                course = course_without_key(browser, event_type, page, path, event)
            elif key == course_key:
                rest["course_id"] = key
            if course is None and source is None:
                return Reject("no_event_source")
        moment = read_time(row["time"])
        if moment is None:
            return Reject("bad_time")
        microseconds, row["time"] = moment

        looks_delivered = False
        if module_id is None:
            derive = self._module_ids.derive
            if has_context:
                if not written_before:
                    module_id = derive(kind, browser, page, path, course, raw, event, usage_key)
            else:
                if not _has_null_marks(record, context):
                    module_id = derive(kind, browser, page, path, course, raw, event, "")
                if module_id is None:
                    module_of_text = derive(kind, browser, page, path, course, event_text, event, "")
                    looks_delivered = module_of_text is not None

        event_struct = None
        if isinstance(event, dict):
            event_struct, event_rest = take_event_struct(event, kind.listed, conformer, exactly)
            if event_rest is not None:
                rest["event_struct"] = event_rest
        if context_rest is not None:
            rest["context"] = context_rest
        if held is not None:
            set_aside(held, rest)
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
            if rest.get(OLD_MONGOID, "") is None:
                del rest[OLD_MONGOID]
            if rest:
                row["mongoid"] = conformer.noted_text(rest, DEEPEST_SET_ASIDE)
        if event_struct is not None:
            row["event_struct"] = event_struct
        row["event"] = event_text
        return course, microseconds, dumps(row, None, None if exactly else _WHOLE_NUMBERS_OF_53_BITS)

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

        A course id that is not a string (`typed` is its text) names no course and is set aside.
        """
        if typed is not None and not isinstance(record.get("course_id", typed), str):
            self._conformer.note_wrong("course_id")
            rest["course_id"] = record["course_id"]
            return None
        if _is_blank(typed):
            typed = held.get("course_id")
        return None if _is_blank(typed) else typed


def _has_null_marks(record: dict[str, Any], context: object) -> bool:
    """Whether a record is a row written before, without context, in whose event no component was found.

    Without a context nothing else tells a row from a record, and the event of a row is text, in which
    other rules look for components. Where they would find one, the row has both columns as null, which
    tables do not show.
    """
    return context is None and "module_id" in record and record["module_id"] is None


def _usage_key(module: Any) -> str:
    key = module.get("usage_key") if isinstance(module, dict) else None
    return key if isinstance(key, str) else ""


def _is_blank(text: Any) -> bool:
    """Whether there is no text: none at all, white space alone, or a value that is not a string."""
    return not isinstance(text, str) or not text or text.isspace()
