"""Choosing courses: which ones a run works on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from edxtasks.config.load_settings import DEFAULT_FILE
from edxtasks.config.settings import Settings
from edxtasks.course import CourseKey, InvalidCourseKeyError, canonical, parse_all, shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.messages import Messages
from edxtasks.printable import SHOWN_COURSES, listed

WithoutTable = Callable[[list[CourseKey], str], list[CourseKey]]
"""Given courses and the name of a table: those whose dataset has no such table, order kept."""


def chosen_courses(
    settings: Settings,
    named: Sequence[str] = (),
    *,
    without_table: WithoutTable | None = None,
    fall_back: bool = True,
    messages: Messages | None = None,
) -> list[CourseKey]:
    """The courses of this run, in order, doubles removed.

    The first of these that is given: `clist_from_missing_table` with `clist`, `clist`, `year2`, the
    courses `named` together with those of the option `courses`, and (with `fall_back`, which a command
    that prints or deletes does not want) the setting `course_id_list`. `messages` hears of named courses
    that a list overrules, of doubles, and of an empty list, which gives no course and is not a fault.

    Raises `SettingsError` when nothing names a course or a list is unknown, and `UserError` naming every
    text that is not a course key, or two courses that share a dataset name.
    """
    say = messages.add if messages is not None else (lambda line: None)
    texts, origin = _texts(settings, named, fall_back)
    overruled = [*named, *(settings.options.courses or ())]
    if overruled and origin != _NAMED:
        say(f"{origin} chooses the courses; not used: {listed(overruled, SHOWN_COURSES)}")
    try:
        courses = parse_all(texts)
    except InvalidCourseKeyError as error:
        raise error if origin == _NAMED else InvalidCourseKeyError(f"{origin}: {error}") from None
    counts = Counter(map(canonical, texts))
    doubles = [text for text, number in counts.items() if number > 1]
    if doubles:
        say(f"named more than once, used once: {listed(doubles, SHOWN_COURSES)}")
    if not courses:
        say(f"{origin} is empty: no course to work on")
    table = settings.options.clist_from_missing_table
    if table is None:
        return courses
    if without_table is None:
        raise SettingsError("clist_from_missing_table cannot be used with this command")
    return without_table(courses, table)


def written_courses(settings: Settings, named: Sequence[str] = ()) -> tuple[str, ...]:
    """The texts that `chosen_courses` reads, as they are written, doubles and all."""
    return _texts(settings, named, fall_back=False)[0]


_NAMED = "courses="


def _texts(settings: Settings, named: Sequence[str], fall_back: bool) -> tuple[tuple[str, ...], str]:
    options = settings.options
    if options.clist_from_missing_table is not None and options.clist is None:
        raise SettingsError("clist_from_missing_table needs a list to choose from: clist=NAME")
    if options.clist is not None:
        if options.clist not in settings.courses:
            lists = (
                listed(settings.courses, SHOWN_COURSES) or "none; the configuration has no table [courses]"
            )
            hint = nearest(options.clist, settings.courses)
            raise SettingsError(f'there is no course list "{shorten(options.clist)}"{hint} (lists: {lists})')
        return settings.courses[options.clist], f"clist={options.clist}"
    if options.year2:
        if settings.course_id_list is None:
            raise SettingsError("year2 means the courses of the setting course_id_list, which is not set")
        return settings.course_id_list, "year2"
    if named or options.courses is not None:
        return (*named, *(options.courses or ())), _NAMED
    if not fall_back:
        raise SettingsError(
            "no course is named: name courses (ORG/NUMBER/RUN), or a list (clist=NAME, year2=1)"
        )
    if settings.course_id_list is None:
        absent = "" if settings.config_file else f", which does not exist: expected {DEFAULT_FILE}"
        raise SettingsError(
            "no course is named: name courses (TASK:COURSE or courses=A,B), a list (clist=NAME), "
            f"or set course_id_list in the configuration{absent}"
        )
    return settings.course_id_list, "course_id_list"


def known_courses(settings: Settings, messages: Messages | None = None) -> list[CourseKey]:
    """Every course of `course_id_list` and of all lists, in that order, each once.

    A text that is not a course key is left out, and `messages` names it: a list that this run does not use
    must not stop it.
    """
    texts = dict.fromkeys(
        [*(settings.course_id_list or ()), *(t for ts in settings.courses.values() for t in ts)]
    )
    keys = {text: CourseKey.find(text) for text in texts}
    invalid = [text for text, key in keys.items() if key is None]
    if invalid and messages is not None:
        messages.add(f"in the course lists, but not course keys: {listed(invalid, SHOWN_COURSES)}")
    return list(dict.fromkeys(key for key in keys.values() if key is not None))
