"""A visit: one stay of a learner on the site."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from edxtasks.simulate.courses import Course, Unit
from edxtasks.simulate.events import Session
from edxtasks.simulate.forum import Forum, Post
from edxtasks.simulate.learners import Learner


@dataclass(slots=True)
class Visit:
    """One stay on the site. `late` is the number of days after which its events are delivered."""

    start: int
    act: Callable[[Session, Visit, Random], None]
    learner: Learner
    course: Course
    forum: Forum
    seed: int
    day: int
    units: tuple[Unit, ...] = ()
    post: Post | None = None
    late: int = 0
