"""The component that an event is about: `module_id`, in the form `ORG/NUMBER/TYPE/ID`.

It joins with `course_axis.module_id` and, after `i4x://`, with `studentmodule.module_id`. How ids are
written in events is told in `usage_keys`. The rules are the table `RULES` of `module_id_rules`, the
first that gives a value wins; docs/tracking-log-rows.md tells them in words.
"""

from __future__ import annotations

from typing import Any

from edxtasks.logs.rows.module_id_rules import (
    BROWSER,
    ID,
    ID_BLOCK,
    ID_I4X,
    INPUT,
    INPUT_LIST,
    ODD_ID,
    PAGE_CLOSE,
    PROBLEM,
    PROBLEM_GRADED,
    PROBLEM_ID,
    RULES,
    TEXT,
    TYPES_WITHOUT_MODULE,
    USAGE_KEY,
    VIDEO,
    VIDEO_TYPES,
    WITHOUT_MODULE,
    Event,
    EventType,
    Rule,
    org_number,
    stop,
)
from edxtasks.logs.rows.module_links import BLOCK, QUOTED, HandlerForms, Links, read_links
from edxtasks.logs.rows.remembered import Memo
from edxtasks.logs.rows.row_levels import is_listed
from edxtasks.logs.rows.usage_keys import block_key_form

_OF_PATH = BLOCK | QUOTED


class ModuleIds:
    """Derives module ids. `extended` off leaves out what edx2bigquery gave no module id to."""

    def __init__(self, extended: bool) -> None:
        self.extended = extended
        self.event_types = Memo(self._read_type)
        self.handlers = HandlerForms(extended)
        self._links = Memo(self._read_links)
        self._known_links = self._links.known.get
        self._block_keys = Memo(block_key_form)
        self._videos = Memo(_videos_of)
        self._rules = _RulesByNeed()
        self._event = Event()

    def derive(
        self,
        kind: EventType,
        browser: bool,
        page: str,
        path: str,
        course: str | None,
        raw: Any,
        event: Any,
        usage_key: str,
    ) -> str | None:
        """The module id of an event, or None.

        `kind` is what `event_types` has of its event type, `raw` the value of `event` as it was logged,
        `event` the same parsed, `path` is `context.path`, `usage_key` is `context.module.usage_key`, `course`
        the course of the event as `ORG/NUMBER/RUN`; texts that are missing are empty.
        """
        if kind.handler is not None:  # rule 1, which goes before all others
            return kind.handler
        path_links = kind.links if path == kind.name else self._known_links(path)
        if path_links is None:
            found = self.handlers.find(path)
            if found is not None:
                return found[1]
            path_links = self._links.learn(path)
        if path_links.handler is not None:
            return path_links.handler
        has = kind.has
        if browser:
            has |= BROWSER
        has |= path_links.has & _OF_PATH
        is_text = raw.__class__ is str
        identifier = ""
        if event.__class__ is dict:
            if "id" in event:
                is_text = False
                identifier = event["id"]
                if identifier.__class__ is str:
                    if not has & BLOCK:
                        module = self._of_plain_id(identifier, course, has)
                        if module is not None:
                            return module
                    identifier = identifier.strip()
                    has |= ID
                    if "block-v1:" in identifier:
                        has |= ID_BLOCK
                    if "i4x" in identifier:
                        has |= ID_I4X
                else:
                    has |= ODD_ID
            if "problem_id" in event or "problem" in event:
                has |= PROBLEM_ID
        if is_text:
            has |= TEXT
        if usage_key:
            has |= USAGE_KEY
        answers = event if self.extended else raw
        if answers.__class__ is str:
            if answers.startswith("input_"):
                has |= INPUT
        elif answers.__class__ is list and _starts_with_input(answers):
            has |= INPUT_LIST
        rules = self._rules[has]
        if not rules:
            return None
        this = self._event
        this.kind = kind
        this.path_links = path_links
        this.page = page
        this.course = course
        this.raw = raw
        this.event = event
        this.identifier = identifier
        this.usage_key = usage_key
        this.answers = answers
        for rule in rules:
            module = rule(this, self.extended)
            if module is not None:
                return module
        return None

    def _of_plain_id(self, identifier: str, course: str | None, has: int) -> str | None:
        """What rules 5 to 7 give for an id of ASCII letters and digits, or a block key that ends with one:
        nearly all are (and bytes tell it in a third of the time). None: they are to be asked."""
        if identifier.encode().isalnum():  # no key, and no HTML id
            if has & VIDEO and self.extended and course is not None:
                try:
                    return self._videos.known[course] + identifier
                except KeyError:
                    return self._videos.learn(course) + identifier
            return None
        key, _, name = identifier.rpartition("@")
        if name.encode().isalnum() and key:
            try:
                form = self._block_keys.known[key]
            except KeyError:
                form = self._block_keys.learn(key)
            if form is not None:
                return form + name
        return None

    def _read_type(self, event_type: str) -> EventType:
        links = read_links(event_type, self.extended)
        has = links.has
        if "problem" in event_type:
            has |= PROBLEM
        if event_type == "problem_graded":
            has |= PROBLEM_GRADED
        if event_type in VIDEO_TYPES or event_type.startswith("edx.video."):
            has |= VIDEO
        if event_type == "page_close":
            has |= PAGE_CLOSE
        if event_type in TYPES_WITHOUT_MODULE:
            has |= WITHOUT_MODULE
        return EventType(event_type, is_listed(event_type), has, links, links.handler)

    def _read_links(self, path: str) -> Links:
        return read_links(path, self.extended)


class _RulesByNeed(dict[int, tuple[Rule, ...]]):
    """The rules to try on an event by what it has, worked out once."""

    def __missing__(self, has: int) -> tuple[Rule, ...]:
        rules = self[has] = _rules_for(has)
        return rules


def _rules_for(has: int) -> tuple[Rule, ...]:
    """The rules to try on an event that has `has`, in order."""
    rules: list[Rule] = []
    for _, needs, rule in RULES:
        if any(has & need == need for need in needs):
            if rule is stop:
                break
            rules.append(rule)
    return tuple(rules)


def _starts_with_input(answers: list[Any]) -> bool:
    return bool(answers) and isinstance(answers[0], str) and answers[0].startswith("input_")


def _videos_of(course: str) -> str:
    """What module ids of the course's videos begin with."""
    return f"{org_number(course)}/video/"
