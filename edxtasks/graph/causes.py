"""One cause of many tasks is told once, also where it names the course of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from edxtasks.course import CourseKey, base_and_course


@dataclass
class _Cause:
    """A text in the words of any course, with those that were told, and the tasks that they were told of."""

    texts: set[str] = field(default_factory=set)
    tasks: list[str] = field(default_factory=list)


class Causes:
    """Texts, each with the tasks that it was told of. Texts that differ only in the course are the same."""

    def __init__(self) -> None:
        self._causes: dict[str, _Cause] = {}

    def add(self, text: str, task: str) -> str:
        """Note the text of a task. Gives the task that had it first, "" where this is the first."""
        cause = self._causes.setdefault(of_any_course(text, task), _Cause())
        cause.texts.add(text)
        cause.tasks.append(task)
        return cause.tasks[0] if len(cause.tasks) > 1 else ""

    def repeated(self) -> Iterator[tuple[str, list[str]]]:
        """The first task of each text that several have, and the others; once for texts of the same tasks."""
        groups = {tuple(one.tasks): None for one in self._causes.values() if len(one.tasks) > 1}
        for first, *others in groups:
            yield first, others

    def grouped(self) -> Iterator[tuple[str, list[str]]]:
        """Each text, and its tasks. Where it names the course of each, it is that of any course."""
        for text, cause in self._causes.items():
            yield text if len(cause.texts) > 1 else next(iter(cause.texts)), cause.tasks


def of_any_course(text: str, task: str) -> str:
    """A text about a task, with the course of the task as it would be written of any: `ORG/NUMBER/RUN`."""
    course = base_and_course(task)[1]
    if not course:
        return text
    pattern, forms = _spellings(course)
    return pattern.sub(lambda found: forms[found[0]], text)


@cache
def _spellings(course: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """What finds a course in a text in any of its spellings, and what each would be of any course."""
    key, any_course = CourseKey.parse(course), CourseKey("ORG", "NUMBER", "RUN")
    forms = {
        spell(key): spell(any_course)
        for spell in (
            lambda one: one.opaque,
            lambda one: one.slash,
            lambda one: one.logs_dataset,
            lambda one: one.dataset,
            lambda one: one.directory,
            lambda one: one.package_prefix,
            lambda one: f"{one.number}-{one.run}",
        )
    }
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])"), forms
