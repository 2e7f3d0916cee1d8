"""Which of their courses are published of learners, so that at least k have the same set of courses.

The set of the courses that somebody took is known to friends, employers, and whoever reads a profile; with a
dozen courses it alone singles out most who took more than three. A set that fewer than k learners have loses
courses until it is one that k have. A row that is lost costs more than any value: rows are lost of those who
take many courses, and they complete more of them than others do.

Sets are bits of an integer: bit n is course n.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping


def courses_in(courses: int) -> Iterator[int]:
    """The numbers of the courses of a set, in ascending order."""
    while courses:
        lowest = courses & -courses
        yield lowest.bit_length() - 1
        courses ^= lowest


def published_sets(learners: Mapping[int, int], k: int) -> dict[int, int]:
    """For each set of courses the part of it that is published; 0 where none is.

    `learners`: how many have a set. Of those that get the same part there are at least k. The larger sets
    come first. A set that fewer than k have loses one course: the one without which it is what most have,
    they together at least k; where no such one is, the course that fewest take.
    """
    takers = _takers(learners)
    size = Counter(dict(learners))
    waiting: dict[int, set[int]] = defaultdict(set)
    for courses in learners:
        waiting[courses.bit_count()].add(courses)
    smaller: dict[int, int] = {}
    for number in range(max(waiting, default=0), 0, -1):
        for courses in sorted(waiting.pop(number, ())):
            if size[courses] >= k:
                continue
            rest = _without_one(courses, size, takers, k)
            smaller[courses] = rest
            size[rest] += size.pop(courses)
            waiting[rest.bit_count()].add(rest)
    return {courses: _end(courses, smaller) for courses in learners}


def _takers(learners: Mapping[int, int]) -> Counter[int]:
    """How many learners each course has."""
    takers: Counter[int] = Counter()
    for courses, number in learners.items():
        for course in courses_in(courses):
            takers[course] += number
    return takers


def _without_one(courses: int, size: Mapping[int, int], takers: Mapping[int, int], k: int) -> int:
    """A set without one of its courses."""
    own = size[courses]

    def worth(course: int) -> tuple[int, int, int]:
        together = size.get(courses ^ (1 << course), 0) + own
        return (together if together >= k else 0, -takers[course], course)

    return courses ^ (1 << max(courses_in(courses), key=worth))


def _end(courses: int, smaller: Mapping[int, int]) -> int:
    while courses in smaller:
        courses = smaller[courses]
    return courses
