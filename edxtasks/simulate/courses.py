"""The courses of the campus: their keys, and what stands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from edxtasks.course import CourseKey
from edxtasks.simulate.chance import hexadecimal, mix
from edxtasks.simulate.clock import DAY, HOUR

DEMO_KEYS = ("MITx/2.03x/3T2013", "MITx/6.00.1x/3T2014", "MITx/6.00.2-x/3T2014", "MITx/CTL.SC1x/2T2014")
"""The first courses of every campus; the first of them has old slash keys, as has every fifth after it."""

SOLUTIONS: dict[str, tuple[object, object]] = {
    "multiplechoiceresponse": ("choice_2", "choice_0"),
    "choiceresponse": (["choice_0", "choice_2"], ["choice_1"]),
    "numericalresponse": ("9.81", "9,81"),
    "optionresponse": ("left", "right"),
    "stringresponse": ("entropy", 'en"thalpy\\'),
    "formularesponse": ("m*c^2", "m*c"),
    "customresponse": ("(1, 2)", "é(2, 1)"),
}
"""Kind of response -> (a right answer, a wrong one), as the learner's browser sends them."""

_PROBLEM_KINDS: tuple[tuple[str, ...], ...] = (
    ("multiplechoiceresponse",),
    ("numericalresponse",),
    ("choiceresponse",),
    ("numericalresponse", "numericalresponse"),
    ("optionresponse",),
    ("stringresponse",),
    ("multiplechoiceresponse", "numericalresponse"),
    ("formularesponse",),
    ("customresponse",),
)


@dataclass(frozen=True)
class Problem:
    """A capa problem. `number` counts the problems of the course from 0; `grading` is the assignment type."""

    url_name: str
    name: str
    number: int
    responses: tuple[str, ...]
    grading: str | None
    weight: float | None
    max_attempts: int | None
    has_solution: bool
    has_image: bool

    category = "problem"

    @property
    def points(self) -> int:
        """Points of a perfect submission, before weighting: one a response."""
        return len(self.responses)


@dataclass(frozen=True)
class Video:
    """A video; `seconds` is its length, `languages` its transcripts."""

    url_name: str
    name: str
    number: int
    youtube: str
    seconds: int
    languages: tuple[str, ...]

    category = "video"


@dataclass(frozen=True)
class Page:
    """A text (html), discussion or open-response block, which has no parts that matter here."""

    category: str
    url_name: str
    name: str
    number: int


Block = Problem | Video | Page


@dataclass(frozen=True)
class Unit:
    """A vertical: what a learner sees at once. `position` counts from 1 within the sequential."""

    url_name: str
    name: str
    blocks: tuple[Block, ...]
    position: int
    chapter: str
    sequential: str
    tail: str
    units_beside: int


@dataclass(frozen=True)
class Sequential:
    """A sequence of units; `grading` is the assignment type, None where it is not graded."""

    url_name: str
    name: str
    grading: str | None
    due: int | None
    hidden: bool
    units: tuple[Unit, ...]


@dataclass(frozen=True)
class Chapter:
    """A chapter."""

    url_name: str
    name: str
    start: int
    sequentials: tuple[Sequential, ...]


@dataclass(frozen=True)
class Course:
    """A course run with all its content. `opaque` tells the form of its keys in logs and dumps."""

    number: int
    key: CourseKey
    opaque: bool
    name: str
    start: int
    end: int
    seed: int
    chapters: tuple[Chapter, ...] = field(repr=False)

    @cached_property
    def id(self) -> str:
        """The course key as the course's own logs and dumps spell it."""
        return self.key.opaque if self.opaque else self.key.slash

    @cached_property
    def base(self) -> str:
        """`/courses/KEY/`, how paths of the course start."""
        return f"/courses/{self.id}/"

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What learners work through, in course order; hidden parts are left out."""
        return tuple(
            unit
            for chapter in self.chapters
            for sequential in chapter.sequentials
            if not sequential.hidden
            for unit in sequential.units
        )

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that learners see, by `number`."""
        return tuple(b for unit in self.units for b in unit.blocks if isinstance(b, Problem))

    @cached_property
    def videos(self) -> tuple[Video, ...]:
        """The videos that learners see, by `number`."""
        return tuple(b for unit in self.units for b in unit.blocks if isinstance(b, Video))

    def usage_key(self, category: str, url_name: str) -> str:
        """The key of a block: `block-v1:…` in courses with opaque keys, else `i4x://…`."""
        key = self.key
        if self.opaque:
            return f"block-v1:{key.org}+{key.number}+{key.run}+type@{category}+block@{url_name}"
        return f"i4x://{key.org}/{key.number}/{category}/{url_name}"

    def html_id(self, category: str, url_name: str) -> str:
        """The id of a block in web pages: the bare name, or `i4x-…` with odd characters replaced by `_`."""
        if self.opaque:
            return url_name
        text = f"i4x-{self.key.org}-{self.key.number}-{category}-{url_name}"
        return re.sub(r"[^\w-]", "_", text)

    def handler(self, category: str, url_name: str, tail: str) -> str:
        """The path below `base` of a call of a block's handler."""
        if self.opaque:
            return f"xblock/{self.usage_key(category, url_name)}/handler/{tail}"
        quoted = self.usage_key(category, url_name).replace("/", ";_")
        return f"xblock/{quoted}/handler/{tail}"

    def answer_id(self, problem: Problem, response: int) -> str:
        """edX's id of a response field; responses count from 0 here, from 2 there."""
        return f"{self.html_id('problem', problem.url_name)}_{response + 2}_1"


def course_key(number: int) -> CourseKey:
    """The key of course `number` of a campus."""
    if number < len(DEMO_KEYS):
        return CourseKey.parse(DEMO_KEYS[number])
    return CourseKey("MITx", f"{1 + number % 24}.{number:02d}x", f"{1 + number % 3}T2014")


def build_course(seed: int, number: int, weeks: int, first: int, days: int) -> Course:
    """Course `number`: an overview, `weeks` weeks of lectures and homework, and a final exam.

    `first` is the start of the simulated period (microseconds), `days` its length.
    """
    key = course_key(number)
    opaque = number % 5 != 0
    builder = _Builder(mix(seed, 1, number), opaque)
    start = first - 14 * DAY
    chapters = [builder.overview(start)]
    for week in range(1, weeks + 1):
        due = first + (days * DAY * week) // weeks + 12 * HOUR
        chapters.append(builder.week(week, start + week * DAY, due))
    chapters.append(builder.exam(start + weeks * DAY, first + days * DAY))
    return Course(
        number=number,
        key=key,
        opaque=opaque,
        name=f"Simulated Course {number + 1}: “{key.number}”",
        start=start,
        end=first + days * DAY,
        seed=builder.seed,
        chapters=tuple(chapters),
    )


class _Builder:
    """Makes the blocks of one course, and counts them."""

    def __init__(self, seed: int, opaque: bool) -> None:
        self.seed = seed
        self.opaque = opaque
        self.blocks = 0
        self.problems = 0
        self.videos = 0

    def url_name(self, plain: str) -> str:
        """The name of the next block: 32 hexadecimal digits in opaque courses, else `plain`."""
        self.blocks += 1
        return hexadecimal(32, self.seed, 2, self.blocks) if self.opaque else plain

    def overview(self, start: int) -> Chapter:
        chapter = self.url_name("Overview")
        welcome = [
            [self.page("html", "Welcome"), self.video("Introduction")],
            [self.problem("Entrance_Survey", None), self.page("discussion", "Introduce yourself")],
        ]
        sequentials = (self.sequential(chapter, "Welcome", None, None, welcome),)
        return Chapter(chapter, "Overview", start, sequentials)

    def week(self, week: int, start: int, due: int) -> Chapter:
        chapter = self.url_name(f"Week_{week}")
        lectures = []
        for part in "ab":
            blocks: list[list[Block]] = [[self.page("html", f"Reading {week}{part}")]]
            for step in (1, 2):
                name = f"W{week}{part}{step}"
                blocks.append([self.video(name)])
                blocks.append([self.problem(f"{name}_Exercise", "Lecture Exercise")])
            lectures.append(
                self.sequential(chapter, f"Lecture {week}{part}", "Lecture Exercise", due, blocks)
            )
        work: list[list[Block]] = [[self.problem(f"HW{week}_Problem_{n}", "Homework")] for n in range(1, 5)]
        if week == 1:
            work.append([self.page("openassessment", "Essay"), self.page("discussion", "Homework 1")])
        homework = self.sequential(chapter, f"Homework {week}", "Homework", due, work)
        sequentials = [*lectures, homework]
        if week == 2:
            secret: list[list[Block]] = [[self.page("html", "Notes for staff"), self.video("Rehearsal")]]
            sequentials.append(self.sequential(chapter, "Staff room", None, None, secret, hidden=True))
        return Chapter(chapter, f"Week {week}", start, tuple(sequentials))

    def exam(self, start: int, due: int) -> Chapter:
        chapter = self.url_name("Final_Exam")
        blocks: list[list[Block]] = [[self.problem(f"Final_Problem_{n}", "Final Exam")] for n in range(1, 7)]
        return Chapter(
            chapter, "Final Exam", start, (self.sequential(chapter, "Final", "Final Exam", due, blocks),)
        )

    def sequential(
        self,
        chapter: str,
        name: str,
        grading: str | None,
        due: int | None,
        contents: list[list[Block]],
        hidden: bool = False,
    ) -> Sequential:
        url_name = self.url_name(name.replace(" ", "_"))
        units = tuple(
            Unit(
                url_name=self.url_name(f"{name.replace(' ', '_')}_Unit_{position}"),
                name=blocks[0].name,
                blocks=tuple(blocks),
                position=position,
                chapter=chapter,
                sequential=url_name,
                tail=f"courseware/{chapter}/{url_name}/",
                units_beside=len(contents),
            )
            for position, blocks in enumerate(contents, 1)
        )
        return Sequential(url_name, name, grading, due, hidden, units)

    def page(self, category: str, name: str) -> Block:
        return Page(category, self.url_name(re.sub(r"\W", "_", f"{category}_{name}")), name, self.blocks)

    def video(self, name: str) -> Block:
        number = self.videos
        self.videos += 1
        chance = mix(self.seed, 3, number)
        return Video(
            url_name=self.url_name(f"Video-{name}"),
            name=f"Video {name}",
            number=number,
            youtube=hexadecimal(11, self.seed, 4, number),
            seconds=150 + chance % 450,
            languages=("en", "es", "zh") if number % 3 == 0 else ("en",),
        )

    def problem(self, name: str, grading: str | None) -> Block:
        number = self.problems
        self.problems += 1
        return Problem(
            url_name=self.url_name(name),
            name=name.replace("_", " "),
            number=number,
            responses=_PROBLEM_KINDS[number % len(_PROBLEM_KINDS)],
            grading=grading,
            weight=(None, 1.0, 2.0)[number % 3],
            max_attempts=None if grading is None else (3, 4, None)[number % 3],
            has_solution=number % 2 == 0,
            has_image=number % 5 == 0,
        )
