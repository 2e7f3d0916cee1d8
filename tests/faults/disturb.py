"""Runs that are disturbed at points drawn from a seed, and what stands after the next run.

    python tests/faults/disturb.py                        # 200 points, embedded engine
    python tests/faults/disturb.py --engine emulators
    python tests/faults/disturb.py --seed 7 --only 31     # one of them again
    python tests/faults/disturb.py --kinds kill,full --points 20
    python tests/faults/disturb.py --words "split pc_forum"   # another line, sooner done

After each point the same line runs again, undisturbed. Then every file has the same bytes, and every table
the same rows, as where nothing ever happened; nothing is left over, no process lives on, nobody saw a
traceback. A line for each point tells what was done and how it came out; the table at the end counts them.
Exit status 1 where a point came out wrong. Kinds: kill, full (a disk that fills), permissions, network
(emulators alone), times (of files, in the future or the past), jump (of the clock, while a run is at work;
needs a C compiler), flip (one bit of one file).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
sys.path.insert(0, str(Path(__file__).parents[1] / "warehouse"))
sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))
sys.path.insert(0, str(Path(__file__).parent))

from fault_kinds import (
    AMPLE,
    CLOCK,
    UNPRIVILEGED,
    clock_library,
    disk,
    fill,
    flip,
    jump,
    kill,
    resize,
    shift_times,
    take_permissions,
)
from fault_points import EMBEDDED, EMULATORS, Point, point
from fault_runs import Started, of_session, started
from fault_worlds import Embedded, World
from project import Project
from standing import differences, unfinished

WORDS = ("weekly", "logs2gs", "dashboard", "minimum_cell=1")


@dataclass
class Outcome:
    """What came of a point: faults (none: all is well), and what is worth knowing besides.

    `unnoticed`: a bit is another, which only a run that reads the file finds out. Of tables and
    of files for people `doit health` told it, and the run after it made them as they were. Another gzipped
    file has a checksum, which its readers heed.
    """

    unnoticed: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def disturb(one: Point, world: World) -> Outcome:
    """Disturb a run at a point, run again, look at what stands. What came out wrong is kept in the room."""
    outcome = Outcome()
    room = world.room / f"point-{one.number}"
    room.mkdir()
    with ExitStack() as stack:
        place = stack.enter_context(disk()) if one.kind == "full" else room
        project = world.project(one, place / "project")
        _disturbed(one, world, project, room, outcome)
        if outcome.faults and one.kind == "full":
            shutil.copytree(project.folder, room / "project")
    if not outcome.faults:
        shutil.rmtree(room)
    return outcome


def _disturbed(one: Point, world: World, project: Project, room: Path, outcome: Outcome) -> None:
    words = (*(("-n", str(one.processes)) if one.processes > 1 else ()), *world.words)
    flipped = flip(one, project) if one.kind == "flip" else None
    restore: Callable[[], None] | None = None
    if one.kind == "full":
        outcome.notes.append(fill(one, project.folder.parent))
        restore = partial(resize, project.folder.parent, AMPLE)
    elif one.kind == "permissions":
        restore = take_permissions(one, project)
    elif one.kind == "times":
        shift_times(one, project)
    clock = room / "clock"
    more = {"LD_PRELOAD": str(clock_library(room)), CLOCK: str(clock)} if one.kind == "jump" else {}
    before = UNPRIVILEGED if one.kind == "permissions" else ()
    run = started(project, words, room / "disturbed.txt", before, more)
    at_a_moment: dict[str, Callable[[Point, Started], str]] = {
        "kill": kill,
        "network": world.cut,
        "jump": partial(jump, clock=clock),
    }
    if one.kind in at_a_moment:
        outcome.notes.append(at_a_moment[one.kind](one, run) or "too late")
    status = run.end()
    outcome.notes.append(f"status {status}")
    if status is None:
        outcome.faults.append("the disturbed run hung")
    _look_at_text(run, "disturbed", outcome)
    _await_processes(run.process.pid, outcome)
    if restore is not None:
        restore()
    if one.kind != "kill" or (one.signal != "SIGKILL" and one.target != "all"):
        outcome.faults += [f"left by the disturbed run: {name}" for name in unfinished(project.folder)]
    again = started(project, words, room / "again.txt")
    status = again.end()
    _look_at_text(again, "next", outcome)
    if flipped is not None and status != 0 and flipped.name in again.text:
        outcome.notes.append(f"told, not mended: {flipped.relative_to(project.folder)}")
        return
    if status != 0:
        outcome.faults.append(f"the next run ended with status {status}")
    found = differences(world.expected(one), world.standing(project), world.varying)
    itself = set() if flipped is None else {f"different: {name}" for name in world.names_of(project, flipped)}
    if flipped is not None and itself & set(found):
        looked_at = flipped.suffix == ".parquet" or project.folder / "storage" in flipped.parents
        if looked_at or flipped.suffix == ".gz":
            outcome.unnoticed = True
            outcome.notes.append(f"unnoticed by a run that does not read it: {flipped.name}")
        if looked_at:
            found = _examined(project, flipped, words, room, outcome) or differences(
                world.expected(one), world.standing(project), world.varying
            )
        elif flipped.suffix == ".gz":
            found = [line for line in found if line not in itself]
    outcome.faults += found
    outcome.faults += [f"left over: {name}" for name in unfinished(project.folder)]


def _examined(
    project: Project, flipped: Path, words: tuple[str, ...], room: Path, outcome: Outcome
) -> list[str]:
    """Whether `doit health` names a changed file, and the next run ends well (a file for people is removed
    first, as health says); what is wrong with that."""
    health = started(project, ("health",), room / "health.txt")
    health.end()
    if str(flipped) not in health.text:
        return [f"health does not tell of {flipped.name}"]
    if flipped.suffix != ".parquet":
        flipped.unlink()
    healing = started(project, words, room / "healing.txt")
    status = healing.end()
    _look_at_text(healing, "healing", outcome)
    return [] if status == 0 else [f"the run after health ended with status {status}"]


def _look_at_text(run: Started, which: str, outcome: Outcome) -> None:
    for sign in ("Traceback (most recent", "defect of edxtasks"):
        if sign in run.text:
            outcome.faults.append(f"{sign} in the {which} run")


def _await_processes(session: int, outcome: Outcome) -> None:
    end = time.monotonic() + 30
    while alive := of_session(session):
        if time.monotonic() > end:
            outcome.faults.append(f"{len(alive)} processes live on")
            os.killpg(session, signal.SIGKILL)
            return
        time.sleep(0.02)


def main() -> int:
    """Run the points that the command line asks for; 1 where one came out wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first point")
    parser.add_argument("--only", type=int, help="this point alone")
    parser.add_argument("--engine", choices=(EMBEDDED, EMULATORS), default=EMBEDDED)
    parser.add_argument("--kinds", type=lambda text: tuple(text.split(",")), default=())
    parser.add_argument("--words", type=lambda text: tuple(text.split()), default=WORDS)
    parser.add_argument("--keep", type=Path, help="folder for what is left of points that came out wrong")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # disks are unmounted
    numbers = [given.only] if given.only is not None else range(given.first, given.first + given.points)
    room = given.keep or Path(tempfile.mkdtemp(prefix="edxtasks-faults-"))
    room.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    wrong = 0
    if given.engine == EMULATORS:
        from cloud_world import Cloud

        world: World = Cloud(room)
    else:
        world = Embedded(room, given.words)
    for number in numbers:
        one = point(given.seed, number, given.engine, given.kinds)
        print(f"--seed {given.seed} --only {one}", flush=True)
        outcome = disturb(one, world)
        wrong += bool(outcome.faults)
        came_out = "wrong" if outcome.faults else "unnoticed" if outcome.unnoticed else "well"
        counts[f"{one.kind:12} {came_out}"] += 1
        print(f"    {came_out}: {'; '.join(outcome.notes)}", flush=True)
        for fault in outcome.faults[:20]:
            print(f"    - {fault}", flush=True)
    for name, count in sorted(counts.items()):
        print(f"{count:5} {name}")
    if given.keep is None and not wrong:
        shutil.rmtree(room)
    elif wrong:
        print(f"what the {wrong} wrong ones left: {room}")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
