"""The words of the command line, as far as they decide which tasks there are.

doit makes its tasks before it looks at what is asked; here the words are read first, so that tasks are made
only for the courses of this run, and a word that names nothing is an error that names the nearest thing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass

from edxtasks.config import Settings, WithoutTable, chosen_courses, known_courses
from edxtasks.course import CourseKey, is_key, shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.table import REPORT

ABOUT_WEEKLY = frozenset({"adopt", "estimate", "plan", "run"})
"""Commands that take the tasks of a run, and where none is named `weekly`."""


_CHOOSING = {"clist", "courses", "year2"}
_TAKES_COURSES = "list"
"""The command of doit's behind which a course stands by itself."""


@dataclass(frozen=True)
class Arguments:
    """The command line in parts: variables (`name=value`), and words that may name tasks.

    Courses behind `list` choose the courses, as `courses=A,B` does.
    """

    variables: dict[str, str]
    words: tuple[str, ...]

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Arguments:
        """Read the arguments of doit, as doit itself does: any word with `=` but no dash is a variable."""
        variables = {}
        words = []
        for argument in arguments:
            if argument.startswith("-") or not argument:
                continue
            name, equals, value = argument.partition("=")
            if equals:
                variables[name] = value
            else:
                words.append(argument)
        if words[:1] == [_TAKES_COURSES]:
            courses = [word for word in words if is_key(word)]
            if courses and not _CHOOSING & set(variables):
                variables["courses"] = ",".join(courses)
                words = [word for word in words if word not in courses]
        return cls(variables, tuple(words))

    @property
    def targets(self) -> tuple[str, ...]:
        """The words without the name of a command that is about `weekly` where no task is named."""
        return self.words[1:] if self.words[:1] and self.words[0] in ABOUT_WEEKLY else self.words

    def after(self, word: str) -> list[str]:
        """The words behind a word: all of them, where it is there."""
        return list(self.words[self.words.index(word) + 1 :]) if word in self.words else []


def base_of(word: str, names: Container[str]) -> tuple[str, str]:
    """The task that a word names, and what stands behind the colon after it, "" for nothing.

    A name of a task may hold colons itself: the longest of `names` that the word begins with is meant, and
    where there is none what stands before its first colon.
    """
    parts = word.split(":")
    for end in range(len(parts), 0, -1):
        base = ":".join(parts[:end])
        if base in names:
            return base, ":".join(parts[end:])
    return parts[0], ":".join(parts[1:])


@dataclass(frozen=True)
class Choice:
    """The courses of a run: `courses` in all, and for each that is spelled otherwise than `ORG/NUMBER/RUN`
    on the command line, the spelling (`spellings`: task name with that spelling → course).

    `named`: they are not a list as it stands in the configuration. A person named them one by one
    (`TASK:COURSE`, `courses=`), or a part of a list was taken (`clist_from_missing_table`)."""

    courses: tuple[CourseKey, ...]
    spellings: dict[str, CourseKey]
    named: bool = False


@dataclass(frozen=True)
class TaskKinds:
    """Names of tasks: with a sub-task a course, over all chosen courses, and without courses."""

    per_course: Collection[str]
    over_courses: Collection[str]
    others: Collection[str]


def choose(
    words: Arguments,
    settings: Settings,
    kinds: TaskKinds,
    exists: Callable[[CourseKey], bool],
    messages: Messages,
    without_table: WithoutTable | None = None,
) -> Choice:
    """The courses of this run.

    `exists` says whether anything of a course that no list names is there, `without_table` which courses lack
    a table (for `clist_from_missing_table`). Raises `SettingsError` for a
    sub-task of a course that nobody chose, or of a task over courses, and where no course is named at all
    though one is needed.
    """
    per_course, others = set(kinds.per_course), set(kinds.others)
    over_all = per_course | set(kinds.over_courses)
    _refuse_other_forms(words, kinds)
    named: dict[str, CourseKey] = {}
    for word in words.words:
        task, course = base_of(word, per_course)
        if course and task in per_course and word not in others | over_all and "*" not in course:
            named[word] = _key(word, course, settings)
    whole = [word for word in words.words if word in over_all or "*" in word]
    options = settings.options
    selected = options.clist is not None or options.year2 or options.courses is not None
    only_subtasks = bool(named) and not whole
    if only_subtasks and not selected:
        _refuse_strangers(named, settings, exists)
        courses = tuple(dict.fromkeys(named.values()))
    elif not named and not whole and words.words and all(word in others for word in words.words):
        courses = ()
    else:
        courses = tuple(chosen_courses(settings, without_table=without_table, messages=messages))
        for word, key in named.items():
            if key not in courses:
                hint = nearest(key.slash, [one.slash for one in courses])
                chosen = quantity(len(courses), "other course is", "other courses are")
                raise SettingsError(f"{word}: {key} is not chosen here, {chosen}{hint}")
        if options.courses is not None and options.clist is None and not options.year2:
            _refuse_strangers({f"courses={key}": key for key in courses}, settings, exists)
        if only_subtasks:
            courses = tuple(key for key in courses if key in set(named.values()))
    spellings = {word: key for word, key in named.items() if base_of(word, per_course)[1] != key.slash}
    typed = options.courses is not None and options.clist is None and not options.year2
    part = options.clist_from_missing_table is not None
    return Choice(courses, spellings, named=only_subtasks or typed or part)


def _refuse_other_forms(words: Arguments, kinds: TaskKinds) -> None:
    """Raise `SettingsError` for a task over courses with one course behind it, and for a table of a report as
    a query writes it, with what to type instead."""
    over = set(kinds.over_courses)
    for word in words.words:
        for place in reversed([place for place, sign in enumerate(word) if sign == ":"]):
            task, course = word[:place], CourseKey.find(word[place + 1 :])
            if task in over - set(kinds.per_course) and course is not None:
                raise SettingsError(
                    f"{shorten(word)}: {task} is made over all chosen courses, not for one of them: "
                    f"doit {task} courses={course}"
                )
        typed = word.replace(f"{REPORT}.", f"{REPORT}:", 1)
        if word.startswith(f"{REPORT}.") and typed in over:
            raise SettingsError(f"{word}: tables of reports are typed with a colon: {typed}")


def _key(word: str, text: str, settings: Settings) -> CourseKey:
    key = CourseKey.find(text)
    if key is None:
        hint = nearest(text, [one.slash for one in known_courses(settings)])
        raise SettingsError(
            f'{shorten(word)}: "{shorten(text)}" is not a course key (ORG/NUMBER/RUN or '
            f"course-v1:ORG+NUMBER+RUN){hint}"
        )
    return key


def _refuse_strangers(
    named: dict[str, CourseKey], settings: Settings, exists: Callable[[CourseKey], bool]
) -> None:
    known = known_courses(settings)
    for word, key in named.items():
        if known and key not in known and not exists(key):
            hint = nearest(key.slash, [one.slash for one in known])
            raise SettingsError(f"{word}: {key} is in no course list, and has no files or tables{hint}")
