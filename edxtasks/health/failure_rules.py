"""The rule over tasks that failed when they were last tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from edxtasks.build.last_failures import Failure
from edxtasks.health.findings import PROBLEM, Finding


def failed_tasks(failures: Iterable[tuple[str, Failure]]) -> Iterator[Finding]:
    """Tasks that failed, and have not succeeded since; with each the course that it is of, "" for none."""
    for course, failure in failures:
        told = failure.told if failure.told.endswith(("?", ".")) else f"{failure.told}."
        yield Finding(
            "build_failed",
            PROBLEM,
            f"{failure.task} failed when it was last tried, {told} What was made before stays",
            course=course,
            date=failure.when.date(),
            table=failure.task,
        )
