"""`simulate`: the simulated campus, in the folder `root` of the configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from edxtasks.build.building import Built
from edxtasks.build.freshness import Status
from edxtasks.messages import Messages
from edxtasks.steps.resource_limits import cores
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
        return Job(simulate_campus, (self._folder, self._size, self._seed, cores()))


def simulate_campus(progress: Progress, folder: Path, size: CampusSize, seed: int, workers: int) -> Built:
    """Write a simulated campus."""
    from edxtasks.simulate.simulation import simulate

    simulate(folder, size, seed, workers, lambda done, of: progress(done, of, "days and courses"))
    description = orjson.loads((folder / "ledger" / "campus.json").read_bytes())
    messages = Messages()
    messages.note(f"{len(description['courses'])} courses, logs to {description['last_day']}, in {folder}")
    return Built(description["lines"], messages=messages, unit="log lines")


TASK = Task(
    text="write a simulated campus into the folder `root`: raw logs, dump, course exports",
    step=SimulateStep,
    once=True,
    options=("days", "seed", "size"),
    redone=False,  # the same seed gives the same campus
)
