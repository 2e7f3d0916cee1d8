"""What a nightly run costs beside its rows: many courses, one more day of logs.

    python benchmarks/nightly.py [COURSES] [DAYS] [--learners N] [--weeks N] [--tree FOLDER …] [--rounds N]
                                 [--keep FOLDER] [-n N …]

20 courses of 20 learners, 2 weeks of content and 6 days, by default, of the simulated campus. `doit weekly
-n 1` builds all DAYS but the last from nothing; then the logs of the last day come, and it runs again; then
it runs with nothing to do. Told of each: CPU seconds of the command with its workers, tasks built, CPU
milliseconds a task, files of the warehouse that were written; what the day more cost in hundredths of all
the days before; and of the run with nothing to do its seconds and its peak memory.

`--tree` names a checkout; several, and they run in turn on copies of the same folder, round after round:
figures are medians, and ratios are between runs that had the same neighbours. `-n 1 2` runs each with one
task at a time and with two, and tells how many times as fast the second is by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from edxtasks.simulate import CampusSize, simulate

REPOSITORY = Path(__file__).resolve().parents[1]
ASIDE = "later"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""That of the commands: they keep compiled modules, as an installed product does."""


@dataclass(frozen=True)
class Figures:
    """A run: CPU seconds of all its processes, tasks built, files written, peak MB of the largest process."""

    cpu: float
    wall: float
    tasks: int
    files: int
    peak: int

    def __str__(self) -> str:
        each = f", {self.cpu / self.tasks * 1000:.1f} ms a task" if self.tasks else ""
        return (
            f"{self.cpu:.2f} CPU s, {self.wall:.2f} s, {self.tasks} built{each}, {self.files} files, "
            f"{self.peak} MB"
        )


def campus(folder: Path, courses: int, days: int, learners: int, weeks: int = 2) -> None:
    """A project folder with a simulated campus; the logs of its last day are kept aside."""
    size = CampusSize.parse(f"tiny,courses={courses},days={days},learners={learners},weeks={weeks}")
    simulate(folder, size, workers=os.cpu_count() or 1)
    description = json.loads((folder / "ledger" / "campus.json").read_text())
    (folder / ASIDE).mkdir()
    for log in (folder / "DAILY").iterdir():
        if description["last_day"].replace("-", "") in log.name.replace("-", ""):
            log.rename(folder / ASIDE / log.name)
    assert any((folder / ASIDE).iterdir()), "no log of the last day"
    (folder / "config").mkdir()
    names = json.dumps([course["course_id"] for course in description["courses"]])
    (folder / "config" / "edxtasks.toml").write_text(
        # Lines that are no events are planted for each course, most of them on one day.
        f"course_id_list = {names}\nmax_reject_fraction = 0.5\n[paths]\n"
        f'dump_dir = "{description["package"]}"\n'
        f'course_sql_base_dir = "SQL"\ncourse_sql_date_dir = "{description["package"][-10:]}"\n'
        'tracking_logs_directory = "TRACKING_LOGS"\ntlfn = "DAILY/*.log.gz"\n'
    )


@dataclass(frozen=True)
class Ended:
    """A command of doit: what it printed, CPU and wall seconds, peak MB of the largest process."""

    told: str
    cpu: float
    wall: float
    peak: int


def doit(folder: Path, tree: Path, *words: str) -> Ended:
    """A command of doit in a project folder, with the product of a checkout."""
    shutil.copy(tree / "dodo.py", folder)
    wall = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "doit", *words],
        cwd=folder,
        env=ENVIRONMENT | {"PYTHONPATH": str(tree)},
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, told
    return Ended(told, used.ru_utime + used.ru_stime, time.monotonic() - wall, used.ru_maxrss >> 10)


def run(folder: Path, tree: Path, command: str, at_once: int) -> Figures:
    """A run of so many tasks at once, and what it built and wrote."""
    began = time.time_ns()
    ended = doit(folder, tree, "-n", str(at_once), command)
    built = re.search(r"^([\d\s]+) built", ended.told, re.MULTILINE)
    files = sum(one.stat().st_mtime_ns >= began for one in (folder / "warehouse").rglob("*") if one.is_file())
    tasks = int(re.sub(r"\s", "", built[1])) if built else 0
    figures = Figures(ended.cpu, ended.wall, tasks, files, ended.peak)
    print(f"{tree}, -n {at_once}: {figures}", file=sys.stderr, flush=True)  # a run may take an hour
    return figures


def round_of(start: Path, tree: Path, command: str, at_once: int) -> tuple[Figures, Figures, Figures]:
    """All days but the last; the last; nothing."""
    folder = start.parent / "run"
    shutil.copytree(start, folder)
    try:
        days = run(folder, tree, command, at_once)
        for log in (folder / ASIDE).iterdir():
            log.rename(folder / "DAILY" / log.name)
        return days, run(folder, tree, command, at_once), run(folder, tree, command, at_once)
    finally:
        shutil.rmtree(folder)


def middle(figures: list[Figures]) -> Figures:
    """The median of each figure."""
    return Figures(*(median(values) for values in zip(*(vars(one).values() for one in figures), strict=True)))


def main() -> None:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("courses", nargs="?", type=int, default=20)
    parser.add_argument("days", nargs="?", type=int, default=6)
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument("--weeks", type=int, default=2)
    parser.add_argument("--command", default="weekly")
    parser.add_argument("--tree", type=Path, nargs="+", default=[REPOSITORY])
    parser.add_argument("-n", type=int, nargs="+", default=[1], dest="at_once")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="the campus is made here, or taken from here")
    asked = parser.parse_args()
    with scratch_folder() as temporary:
        start = asked.keep or temporary / "campus"
        if not start.exists():
            campus(start, asked.courses, asked.days, asked.learners, asked.weeks)
        kinds = [(tree, at_once) for tree in asked.tree for at_once in asked.at_once]
        rounds = [
            [round_of(start, tree.resolve(), asked.command, at_once) for tree, at_once in kinds]
            for _ in range(asked.rounds)
        ]
    for number, (tree, at_once) in enumerate(kinds):
        parts = [middle([one[number][part] for one in rounds]) for part in range(3)]
        print(f"{tree}, -n {at_once}")
        for words, figures in zip(
            (f"{asked.days - 1} days", "one day more", "nothing to do"), parts, strict=True
        ):
            print(f"  {words}: {figures}")
        share = median(one[number][1].cpu / one[number][0].cpu for one in rounds)
        print(f"  one day more / {asked.days - 1} days: {share:.0%}")
        if number:
            for part, words in enumerate((f"{asked.days - 1} days", "one day more")):
                cpu = median(one[number][part].cpu / one[0][part].cpu for one in rounds)
                wall = median(one[0][part].wall / one[number][part].wall for one in rounds)
                print(f"  {words}, against the first: {cpu:.2f} of the CPU time, {wall:.2f} times as fast")


if __name__ == "__main__":
    main()
