"""Who takes a course, and what each of them will do in it: decided in advance, looked up when needed.

A learner's fate (days of study, units of each day, attempts and score of each problem) is a function of
the campus' seed, so logs, dumps and ledger agree without any of them being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edxtasks.simulate import people
from edxtasks.simulate.chance import days_with, fraction, mix
from edxtasks.simulate.clock import DAY, HOUR, SECOND
from edxtasks.simulate.courses import Course, Problem, Unit

FIXED_ROLES = (
    "instructor", "beta_tester", "community_ta", "probe", "master", "harvester",
    "verified", "certified", "writer", "watcher", "browser", "vanished", "unenrolled",
)  # fmt: skip
"""What the first learners of every course are; in every second one the vanished account is a retired one."""

_ROLE_CHANCES = (
    ("registered", 0.29), ("browser", 0.64), ("watcher", 0.80), ("certified", 0.89), ("verified", 0.93),
    ("writer", 0.96), ("unenrolled", 0.992), ("vanished", 1.0),
)  # fmt: skip


@dataclass(frozen=True)
class Habit:
    """How a kind of learner behaves.

    `days`: chance to study on a day; `coverage`: least and greatest share of the course gone through;
    `tries`: share of problems met that are tried; `skill`: chance that a submission is right;
    `watches`: share of videos met that are played; `reads`, `posts`: chance a day to read, to write in the
    forum.
    """

    days: float
    coverage: tuple[float, float]
    tries: float
    skill: float
    watches: float
    reads: float
    posts: float


HABITS = {
    "instructor": Habit(0.25, (0.1, 0.2), 0.2, 0.95, 0.2, 0.6, 0.4),
    "beta_tester": Habit(0.15, (0.2, 0.4), 0.6, 0.8, 0.3, 0.0, 0.0),
    "community_ta": Habit(0.5, (1.0, 1.0), 0.9, 0.85, 0.5, 0.9, 0.8),
    "probe": Habit(0.0, (0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0),
    "master": Habit(0.4, (1.0, 1.0), 1.0, 1.0, 0.0, 0.0, 0.0),
    "harvester": Habit(0.4, (1.0, 1.0), 1.0, 0.0, 0.0, 0.0, 0.0),
    "registered": Habit(0.0, (0.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0),
    "browser": Habit(0.08, (0.02, 0.12), 0.3, 0.5, 0.4, 0.1, 0.0),
    "watcher": Habit(0.3, (0.3, 0.9), 0.15, 0.6, 0.95, 0.1, 0.0),
    "certified": Habit(0.5, (1.0, 1.0), 0.93, 0.8, 0.7, 0.25, 0.05),
    "verified": Habit(0.6, (1.0, 1.0), 0.98, 0.9, 0.8, 0.3, 0.05),
    "writer": Habit(0.5, (0.3, 0.6), 0.5, 0.6, 0.5, 0.9, 0.9),
    "unenrolled": Habit(0.15, (0.05, 0.2), 0.4, 0.5, 0.5, 0.1, 0.0),
    "retired": Habit(0.2, (0.2, 0.4), 0.4, 0.6, 0.5, 0.1, 0.0),
    "vanished": Habit(0.3, (0.3, 0.5), 0.5, 0.6, 0.5, 0.1, 0.0),
}


@dataclass(slots=True)
class Learner:
    """A person in a course.

    Times are microseconds; 0 where the thing never happened. `study` has a bit for each day of study,
    `busy` one for each day with anything in the logs. `pair` is the common seed of two accounts that share
    answers, 0 for all others.
    """

    index: int
    person: int
    slot: int
    username: str
    user_id: int
    kind: str
    seed: int
    study: int
    busy: int
    enrolled: int
    upgraded: int
    dropped: int
    coverage: float
    pair: int

    @property
    def habit(self) -> Habit:
        """How this kind of learner behaves."""
        return HABITS[self.kind]

    @property
    def mode(self) -> str:
        """Enrolment mode at the end of the period."""
        return "verified" if self.upgraded else self.first_mode

    @property
    def first_mode(self) -> str:
        """Enrolment mode at enrolment."""
        return "honor" if self.index % 3 or self.pair else "audit"

    @property
    def course_role(self) -> str | None:
        """Role in the course team, in edX's words."""
        return {"instructor": "instructor", "beta_tester": "beta_testers"}.get(self.kind)

    @property
    def forum_roles(self) -> tuple[str, ...]:
        """Roles in the forum, in edX's words."""
        if self.kind == "vanished":
            return ()
        more = {"instructor": ("Administrator", "Moderator"), "community_ta": ("Community TA",)}
        return ("Student", *more.get(self.kind, ()))


def roster(campus_seed: int, course: Course, size: int, courses: int, first: int, days: int) -> list[Learner]:
    """All learners of `course`: `size` of them, the first ones with fixed roles.

    Two of the fixed ones are the same persons in all courses; the others come from a population of
    the whole campus, of which a good part takes several courses.
    """
    population = max(size, (size * courses * 3) // 5) | 1
    stride = 1 + 2 * (course.number % 3)
    while population % stride == 0 and stride > 1:
        population += 2
    learners = []
    for index in range(size):
        slot = index if index < len(FIXED_ROLES) else -1
        if slot in (6, 7):
            person = slot
        elif slot >= 0:
            person = course.number * len(FIXED_ROLES) + slot
        else:
            place = (course.number * size // 2 + (index - len(FIXED_ROLES)) * stride) % population
            person = courses * len(FIXED_ROLES) + place
        learners.append(_learner(campus_seed, course, index, slot, person, first, days))
    _pair(course, learners, days)
    return learners


def _kind(course: Course, slot: int, person: int, seed: int) -> str:
    """What the learner is. A retired account is one in all courses: it hangs on the person."""
    if slot >= 0:
        return FIXED_ROLES[slot] if slot != 11 or course.number % 2 == 0 else "retired"
    if person % 97 == 5:
        return "retired"
    chance = fraction(seed, 22)
    return next(kind for kind, upto in _ROLE_CHANCES if chance < upto)


def _learner(
    campus_seed: int, course: Course, index: int, slot: int, person: int, first: int, days: int
) -> Learner:
    seed = mix(course.seed, 21, index)
    kind = _kind(course, slot, person, seed)
    within = kind in {"writer", "browser"} or (slot < 0 and index % 4 == 1)
    latest = max(days - 3, 1)
    day = int(fraction(seed, 23) * latest) if within else -1 - int(fraction(seed, 23) * 30)
    if slot in (8, 10):
        day = 0
    enrolled = first + day * DAY + int((7 + 3 * fraction(seed, 24)) * HOUR)
    habit = HABITS[kind]
    start = max(day, 0)
    study = days_with(habit.days, start, days, seed, 25)
    if not study and habit.days:
        study = 1 << min(start + 1, days - 1)
    busy = 1 << day if day >= 0 else 0
    upgraded = dropped = 0
    noon = int((11 + 5 * fraction(seed, 26)) * HOUR)
    if kind == "verified":
        when = start + (days - start) // 4
        upgraded = first + when * DAY + noon
        busy |= 1 << when
    elif kind == "unenrolled":
        when = days - 1 - int(fraction(seed, 27) * (days - start) / 2)
        dropped = first + when * DAY + noon
        busy |= 1 << when
        study &= (1 << when) - 1
    elif kind == "probe":
        busy |= 0b110
    busy |= study
    low, high = habit.coverage
    return Learner(
        index=index,
        person=person,
        slot=slot,
        username=people.username(campus_seed, person, slot),
        user_id=people.user_id(person),
        kind=kind,
        seed=seed,
        study=study,
        busy=busy,
        enrolled=enrolled - enrolled % SECOND,
        upgraded=upgraded - upgraded % SECOND,
        dropped=dropped - dropped % SECOND,
        coverage=low + (high - low) * fraction(seed, 28),
        pair=0,
    )


def _pair(course: Course, learners: list[Learner], days: int) -> None:
    """Ties each master to the harvester after it: same days, same address, one seed for both."""
    pairs = [4]
    pairs += [i for i in range(len(FIXED_ROLES), len(learners) - 1) if i % 100 == 50]
    for index in pairs:
        master, harvester = learners[index], learners[index + 1]
        if "retired" in {master.kind, harvester.kind}:
            continue
        pair = mix(course.seed, 31, index)
        study = days_with(HABITS["master"].days, 0, days, pair, 32) or 1 << (days // 2)
        for learner, kind in ((master, "master"), (harvester, "harvester")):
            learner.kind = kind
            learner.pair = pair
            learner.coverage = 1.0
            learner.study = learner.busy = study
            learner.enrolled = min(learner.enrolled, course.start + 7 * DAY + 9 * HOUR)
            learner.upgraded = learner.dropped = 0


@dataclass(slots=True, frozen=True)
class Outcome:
    """What becomes of a problem that a learner tries: submissions, right responses of the last one."""

    attempts: int
    correct: tuple[bool, ...]
    shows_answer: bool

    @property
    def points(self) -> int:
        """Right responses of the last submission."""
        return sum(self.correct)


def outcome(learner: Learner, problem: Problem) -> Outcome | None:
    """What becomes of `problem` when the learner meets it; None: opened, never submitted."""
    habit = HABITS[learner.kind]
    chance = mix(learner.seed, 41, problem.number)
    if (chance & 1023) / 1024 >= habit.tries:
        return None
    most = problem.max_attempts or 4
    responses = len(problem.responses)
    if learner.kind == "master":
        return Outcome(1, (True,) * responses, False)
    if learner.kind == "harvester":
        return Outcome(1 + (chance >> 10) % min(most, 2), (False,) * responses, True)
    draws = chance >> 16
    attempts = 1
    while attempts < most and ((draws >> (attempts * 7)) & 127) / 128 >= habit.skill:
        attempts += 1
    if attempts < most or ((draws >> (attempts * 7)) & 127) / 128 < habit.skill:
        return Outcome(attempts, (True,) * responses, chance % 29 == 0)
    right = tuple((mix(chance, r) & 127) / 128 < habit.skill / 2 for r in range(responses))
    return Outcome(attempts, right, not all(right) and chance % 3 != 0)


def units_of_day(learner: Learner, course: Course, day: int) -> tuple[Unit, ...]:
    """The units that the learner goes through on a day of study."""
    total = learner.study.bit_count()
    if not total or not (learner.study >> day) & 1:
        return ()
    before = (learner.study & ((1 << day) - 1)).bit_count()
    reach = max(1, round(len(course.units) * learner.coverage))
    return course.units[before * reach // total : (before + 1) * reach // total]


def days_of_study(learner: Learner) -> Iterator[int]:
    """The days of study, counted from the start of the period."""
    days = learner.study
    day = 0
    while days:
        if days & 1:
            yield day
        days >>= 1
        day += 1


def on_the_move(learner: Learner, day: int) -> bool:
    """True where the learner spends a day of study with the mobile app, watching videos alone."""
    return learner.kind in {"watcher", "retired"} and mix(learner.seed, 65, day) % 3 == 0


def units_met(learner: Learner, course: Course) -> Iterator[tuple[int, Unit]]:
    """Every unit that the learner goes through in the period, with its day."""
    for day in days_of_study(learner):
        for unit in units_of_day(learner, course, day):
            yield day, unit
