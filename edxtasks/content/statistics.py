"""Counts of what a course consists of, from its bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from edxtasks.content.bundle import Bundle
from edxtasks.content.policy import is_set

LEAST_USE = 20
"""Content with a record in studentmodule and fewer than this was never shown to the class."""

_IGNORED = """
    html p div iframe ol li ul blockquote h1 em b h2 h3 body span strong a sub strike table td tr s
    tbody sup i pre policy metadata br grading_policy center wiki course font tt it dl startouttext
    endouttext h4 head source dt hr u style dd script th small text title
"""
IGNORED = frozenset(_IGNORED.split())
"""Tags that are not counted: HTML, and what is no content."""

QUALITATIVE = (
    "openassessment",
    "optionresponse",
    "multiplechoiceresponse",
    "choiceresponse",
    "word_cloud",
    "combinedopenended",
    "stringresponse",
    "textannotation",
    "openended",
    "lti",
)
QUANTITATIVE = (
    "formularesponse",
    "numericalresponse",
    "customresponse",
    "symbolicresponse",
    "coderesponse",
    "imageresponse",
)

_INHERITED = ("due", "graded", "format", "showanswer", "start")
_SETTING_TAGS = frozenset({"course", "chapter", "sequential", "problem", "problemset"})
_DEFAULT_SHOWANSWER = "finished"

Usage = Mapping[tuple[str, str], int]
"""Records in studentmodule by (module type, url_name)."""


@dataclass
class Statistics:
    """Elements by tag, statistics of problems by name, excluded content by tag."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)

    @property
    def qualitative(self) -> int:
        """Assessments with answers in words or by choice."""
        return sum(self.counts[tag] for tag in QUALITATIVE)

    @property
    def quantitative(self) -> int:
        """Assessments with answers that are computed or checked by code."""
        return sum(self.counts[tag] for tag in QUANTITATIVE)


@dataclass(frozen=True)
class Length:
    """How long a course ran and how much it asks per week; None where that cannot be told."""

    days: int | None = None
    weeks: float | None = None
    qualitative_per_week: float | None = None
    quantitative_per_week: float | None = None
    assessments_per_week: float | None = None


def usage_by_module(rows: Iterable[Mapping[str, object]]) -> dict[tuple[str, str], int]:
    """The use of modules from rows of `stats_module_usage` (module_id, ncount).

    The key is the last two parts of the module id; ids with the same key are added up.
    """
    usage: Counter[tuple[str, str]] = Counter()
    for row in rows:
        parts = str(row.get("module_id") or "").split("/")
        count = row.get("ncount")
        if len(parts) >= 2 and isinstance(count, int):
            usage[parts[-2], parts[-1]] += count
    return dict(usage)


def statistics(bundle: Bundle, usage: Usage) -> Statistics:
    """The counts of a course.

    Elements with a record of use and fewer than `LEAST_USE` are excluded with all that is in them; what has
    no record counts.
    """
    result = Statistics()
    course = {name: bundle.policy.text(bundle.policy.course_key, name) for name in _INHERITED}
    settings = {name: value for name, value in course.items() if is_set(value)}
    random = _with_random_script(bundle.tree)
    waiting = [(bundle.tree, settings)]
    while waiting:
        element, settings = waiting.pop()
        tag = str(element.tag)
        if tag in _SETTING_TAGS:
            own = {name: element.get(name) for name in _INHERITED}
            settings = settings | {name: value for name, value in own.items() if is_set(value)}
        if tag.lower() not in IGNORED:
            result.counts[tag.lower()] += 1
        if tag == "problem":
            _count_problem(element in random, settings, result.problems)
        for child in reversed(element):
            if not isinstance(child.tag, str):
                continue
            url_name = child.get("url_name") or child.get("url_name_orig")
            if url_name and usage.get((child.tag, url_name), LEAST_USE) < LEAST_USE:
                result.excluded[child.tag] += 1
            else:
                waiting.append((child, settings))
    return result


def length(launch: date | None, wrap: date | None, counted: Statistics) -> Length:
    """Days, weeks, and assessments per week of a course between two dates.

    Without both dates all is None; with a wrap date not after the launch, what is per week.
    """
    if launch is None or wrap is None:
        return Length()
    days = (wrap - launch).days
    weeks = days / 7.0
    if days <= 0:
        return Length(days, weeks)
    qualitative, quantitative = counted.qualitative / weeks, counted.quantitative / weeks
    return Length(days, weeks, qualitative, quantitative, qualitative + quantitative)


def _with_random_script(tree: etree._Element) -> set[etree._Element]:
    """The problems with a script in them that uses random numbers."""
    return {
        problem
        for script in tree.iter("script")
        if "random." in "".join(map(str, script.itertext()))
        for problem in script.iterancestors("problem")
    }


def _count_problem(random: bool, settings: Mapping[str, str], problems: Counter[str]) -> None:
    showanswer = settings.get("showanswer")
    names = [("n_capa_problems", "n_capa_problems_graded", True)]
    shown = showanswer or _DEFAULT_SHOWANSWER
    names.append((f"n_showanswer_{shown}", f"n_graded_showanswer_{shown}", True))
    # The predecessor's spelling, which had only problems without a setting.
    default = f"n_shownanswer_{_DEFAULT_SHOWANSWER}", f"n_graded_shownanswer_{_DEFAULT_SHOWANSWER}"
    names.append((*default, showanswer is None))
    names.append(("n_random_script", "n_graded_random_script", random))
    graded = settings.get("graded", "").lower() == "true"
    for every, of_graded, applies in names:
        if applies:
            problems[every] += 1
            problems[of_graded] += graded
