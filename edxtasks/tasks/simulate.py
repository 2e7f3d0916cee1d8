"""`simulate`: the simulated campus, in the folder `root` of the configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.config import Settings, known_courses
from edxtasks.machine import cores
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.steps.step import Step
from edxtasks.steps.task import Task, TaskOfRun
from edxtasks.workers import Job, Progress

if TYPE_CHECKING:  # every run reads this file, and few simulate
    from edxtasks.simulate.campus import CampusSize

DEFAULT_SIZE = "demo"
DEFAULT_SEED = 1


class SimulateStep(Step):
    """What edX would deliver about a campus, written into the folder `root` of the configuration."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        options = of.run.context.settings.options
        self._seed = DEFAULT_SEED if options.seed is None else options.seed
        self._size_text = options.size or DEFAULT_SIZE
        self._days = options.days

    @property
    def _size(self) -> CampusSize:
        from edxtasks.simulate.campus import CampusSize

        size = CampusSize.parse(self._size_text)
        return size if self._days is None else replace(size, days=self._days)

    @property
    def _folder(self) -> Path:
        return self.run.context.settings.root

    def check(self) -> tuple[Status, str]:
        from edxtasks.simulate.campus import Campus

        wanted = Campus(self._size, self._seed).describe()
        try:
            found = orjson.loads((self._folder / "ledger" / "campus.json").read_bytes())
        except FileNotFoundError:
            return Status.STALE, f"{self._folder} holds no simulated campus"
        except orjson.JSONDecodeError:
            return Status.STALE, f"the description of the campus in {self._folder} is damaged"
        changed = [name for name, value in wanted.items() if found.get(name) != value]
        if changed or not found.get("complete"):
            return Status.STALE, f"{', '.join(changed) or 'completeness'} differs"
        return Status.FRESH, ""

    def job(self) -> Job:
        reads = ConfiguredReads.of(self.run.context.settings)
        return Job(simulate_campus, (self._folder, self._size, self._seed, cores(), reads))


@dataclass(frozen=True)
class ConfiguredReads:
    """What the configuration reads of a campus: its package, the date of its sorted dumps, its courses."""

    dump_dir: Path | None
    date_dir: str | None
    courses: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> ConfiguredReads:
        """What these settings read."""
        date = None if settings.latest_sql_dir else settings.paths.course_sql_date_dir
        courses = tuple(str(course) for course in known_courses(settings))
        return cls(settings.paths.dump_dir, date, courses)

    def changes(self, folder: Path, package: str, courses: Sequence[str]) -> list[str]:
        """The settings to change so that all of a campus in `folder` is read, and nothing else; each with
        its value as TOML."""
        changes = []
        if self.dump_dir is None or self.dump_dir.resolve() != (folder / package).resolve():
            changes.append(f'dump_dir = "{package}"')
        date = "-".join(package.split("-")[-3:])
        if self.date_dir is not None and self.date_dir != date:
            changes.append(f'course_sql_date_dir = "{date}"')
        if set(self.courses) != set(courses):
            changes.append(f"course_id_list = {json.dumps(list(courses), ensure_ascii=False)}")
        return changes


def simulate_campus(
    progress: Progress, folder: Path, size: CampusSize, seed: int, workers: int, reads: ConfiguredReads
) -> Built:
    """Write a simulated campus. A warning tells what the configuration must say so that it is read."""
    from edxtasks.simulate.simulation import simulate

    simulate(folder, size, seed, workers, lambda done, of: progress(done, of, "parts"))
    description = orjson.loads((folder / "ledger" / "campus.json").read_bytes())
    messages = Messages()
    messages.note(
        f"{quantity(len(description['courses']), 'course')}, logs to {description['last_day']}, in {folder}"
    )
    courses = [course["course_id"] for course in description["courses"]]
    if changes := reads.changes(folder, description["package"], courses):
        messages.add(f"the configuration reads another campus. To read this one, set {' and '.join(changes)}")
    return Built(description["lines"], messages=messages, unit="log lines")


TASK = Task(
    text="write a simulated campus into the folder `root`: raw logs, dump, course exports",
    step=SimulateStep,
    once=True,
    options=("days", "seed", "size"),
    redone=False,  # the same seed gives the same campus
)
