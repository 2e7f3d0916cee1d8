"""A run with nothing to do, and what is asked of one course, in an office of very many courses.

    python -m benchmarks.many_courses [COURSES …] [--keep FOLDER] [--tree FOLDER …] [--rounds N]

100, 500 and 2,000 courses by default. One course of the simulated campus is built by `doit weekly`; the
others have copies of its dump, its shards and its tables under keys of their own. A copied table gets the
stamp that a build of the copy would give it, worked out by the check itself, in the place of the old one in
the footer; its rows are those of the first course, also where they name it. So nothing is left to do, as
`doit weekly` then finds by looking at every table. A project that is kept is for the version that made it:
what another one builds anew over the courses fails, since the copies have the rows of one course.

Told of each number of courses: tasks, CPU seconds, wall seconds and peak memory of `doit weekly` that finds
everything fresh, of `doit plan` and `doit list` of one course among them, and what a course more costs. The
first run after the copies, which reads all footers and digests, is told too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from benchmarks.nightly import ASIDE, campus, doit
from edxtasks.build.context import Context
from edxtasks.build.freshness import check
from edxtasks.config import load_settings
from edxtasks.course import CourseKey
from edxtasks.graph.arguments import Arguments
from edxtasks.graph.load import make_graph
from edxtasks.table import Scope, Table

REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Figures:
    """A command: CPU and wall seconds, peak MB, and what it says of its tasks."""

    cpu: float
    wall: float
    peak: int
    told: str

    def __str__(self) -> str:
        return f"{self.cpu:6.2f} CPU s {self.wall:6.2f} s {self.peak:5} MB  {self.told}"


def measured(folder: Path, tree: Path, *words: str) -> Figures:
    """A command of doit in a project folder, with the product of a checkout."""
    ended = doit(folder, tree, *words)
    counts = ", ".join(
        re.findall(r"^([\d\s]+ (?:built|fresh|up to date|skipped)[^\n]{0,60})", ended.told, re.MULTILINE)
    )
    return Figures(ended.cpu, ended.wall, ended.peak, counts or f"{len(ended.told)} B")


def copy_course(folder: Path, first: CourseKey, other: CourseKey) -> None:
    """Everything of a course under another key: dump, shards, tables, stored files; sources are linked."""
    names = {first.directory: other.directory, first.package_prefix: other.package_prefix}

    def renamed(name: str) -> str:
        for old, new in names.items():
            name = name.replace(old, new)
        return name

    for place in ("SQL", "TRACKING_LOGS", "storage"):
        for source in [path for name in names for path in (folder / place).glob(name)]:
            for path in source.rglob("*"):
                target = folder / place / renamed(str(path.relative_to(folder / place)))
                if path.is_file():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    os.link(path, target)
    shards = folder / "TRACKING_LOGS" / "META" / "SHARDS"
    listed = (shards / f"{first.directory}.json").read_text()
    (shards / f"{other.directory}.json").write_text(listed.replace(first.directory, other.directory))
    for old, new in ((first.dataset, other.dataset), (first.logs_dataset, other.logs_dataset)):
        target = folder / "warehouse" / new
        shutil.copytree(
            folder / "warehouse" / old,
            target,
            ignore=shutil.ignore_patterns("*.lock", "states.json", "aside"),
        )
        owner = target / "_edxtasks" / "owner.json"
        if owner.exists():
            owner.write_text(owner.read_text().replace(str(first), str(other)))


def stamped(context: Context, table: Table, course: CourseKey | None) -> None:
    """Give a copied table the stamps that a build would give it now. What a build would read of it, its
    version, does not change by that."""
    name = context.name(table, course)
    state = context.state(table, course)
    if state is None:
        return
    verdict = check(context, table, course, quick=False)
    new = {state.stamp or "": verdict.stamp}
    known = context.warehouse.dates(name)
    new |= {known[day].stamp or "": stamp for day, stamp in (verdict.pending or {}).items() if day in known}
    new = {old: stamp for old, stamp in new.items() if old and old != stamp}
    if not new:
        return
    place = context.settings.warehouse.path / name.dataset
    for path in [place / f"{name.table}.parquet", *(place / name.table).glob("month=*.parquet")]:
        if path.exists():
            content = path.read_bytes()
            for old, stamp in new.items():
                content = content.replace(old.encode(), stamp.encode())
            path.write_bytes(content)
    if course is not None:
        records = context.settings.root / "storage" / course.directory / "_edxtasks"
        for old, stamp in new.items():
            for path in records.glob(f"{table.name}.{old}.json"):
                path.rename(path.with_name(f"{table.name}.{stamp}.json"))


def configure(folder: Path, courses: list[CourseKey]) -> None:
    """Let the project have these courses."""
    path = folder / "config" / "edxtasks.toml"
    rest = path.read_text().partition("\n")[2]
    path.write_text(f"course_id_list = {json.dumps([str(one) for one in courses])}\n{rest}")


def grow(folder: Path, courses: list[CourseKey], number: int) -> list[CourseKey]:
    """Copy the first course until there are so many courses, all of whose tables are fresh."""
    new = [CourseKey.parse(f"MITx/9{one:04}x/3T2013") for one in range(len(courses), number)]
    for course in new:
        copy_course(folder, courses[0], course)
    configure(folder, [*courses, *new])
    context = make_graph(load_settings(folder, {}, {}), Arguments.of(["weekly"])).run.context
    tables = [table for table in context.registry.values() if not table.external]
    for course in new:
        for table in tables:
            if table.scope is Scope.COURSE:
                stamped(context, table, course)
    for table in tables:
        if table.scope is not Scope.COURSE:
            stamped(context, table, None)
    return [*courses, *new]


def main() -> None:
    """Make the courses, and tell what each command takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("courses", nargs="*", type=int, default=[100, 500, 2000])
    parser.add_argument("--tree", type=Path, nargs="+", default=[REPOSITORY])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="the project is made here, and stays")
    asked = parser.parse_args()
    with scratch_folder() as temporary:
        folder = (asked.keep or temporary / "office").resolve()
        if not folder.exists():
            campus(folder, 1, 4, 20)
            for log in (folder / ASIDE).iterdir():
                log.rename(folder / "DAILY" / log.name)
            print(f"built: {measured(folder, REPOSITORY, '-n', '1', 'weekly')}", flush=True)
        listed = json.loads(
            (folder / "config" / "edxtasks.toml").read_text().partition("=")[2].partition("\n")[0]
        )
        courses = [CourseKey.parse(one) for one in listed]
        for number in asked.courses:
            if number > len(courses):
                courses = grow(folder, courses, number)
                print(f"{number} courses\n  first: {measured(folder, REPOSITORY, 'weekly')}", flush=True)
            one = courses[-1]
            for tree in asked.tree:
                for words in (
                    ("weekly",),
                    ("plan", f"weekly:{one}"),
                    ("list", f"weekly:{one}"),
                    ("plan", f"person_course:{one}"),
                ):
                    rounds = [measured(folder, tree.resolve(), *words) for _ in range(asked.rounds)]
                    middle = sorted(rounds, key=lambda each: each.cpu)[len(rounds) // 2]
                    print(f"  {' '.join(words):36} {middle}", flush=True)


if __name__ == "__main__":
    main()
