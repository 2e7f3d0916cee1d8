"""Runs that are disturbed at points drawn from a seed, and what stands after the next run.

    python tests/faults/disturb.py                        # 200 points, embedded engine
    python tests/faults/disturb.py --engine emulators
    python tests/faults/disturb.py --seed 7 --only 31     # one of them again
    python tests/faults/disturb.py --kinds kill,full --points 20
    python tests/faults/disturb.py --words "split pc_forum"   # another line, sooner done

After each point the same line runs again, undisturbed. Then every file has the same bytes, and every table
the same rows, as where nothing ever happened; nothing is left over, no process lives on, nobody saw a
traceback. A line for each point tells what was done and how it came out; the table at the end counts them.
A point that comes too late, when its run is over, proves nothing: it is counted on its own, and another one
is drawn. Exit status 1 where a point came out wrong.

Kinds: kill, full (a disk that fills), permissions, network (emulators alone), times (of files, in the future
or the past), jump (of the clock, while a run is at work; needs a C compiler), flip (one bit of one file).
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
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))
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
from fault_runs import Length, Started, of_session, started
from fault_worlds import Embedded, World
from project import REPOSITORY, Project
from standing import differences, unfinished

WORDS = {
    EMBEDDED: ("weekly", "logs2gs", "dashboard", "minimum_cell=1"),
    EMULATORS: (
        *("logs2gs", "logs2bq", "pcday_ip", "pc_forum", "grading_policy"),
        *("person_course", "dashboard", "minimum_cell=1"),
    ),
}

ONLY_A_CACHE = "TRACKING_LOGS/META/INDEX/sketches.json"
"""Not written where a split ends at its very end: killed, or the disk is full. The next one of a new log
makes it again."""

PROMPT = 15.0
"""Seconds in which a run that was sent a signal ends."""


@dataclass
class Outcome:
    """What came of a point: faults (none: all is well), and what is worth knowing besides.

    `void`: it proves nothing, since the run was over before or had not begun, or the disk was never full.
    `told`: a bit is another in a file that the line does not make; the next run refuses it by its name.
    `unnoticed`: a bit is another, which only a run that reads the file finds out. Of tables and of files for
    people `doit health` told it, and the run after it made them as they were. Another gzipped file has a
    checksum, which its readers heed.
    """

    void: bool = False
    told: bool = False
    unnoticed: bool = False
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def word(self) -> str:
        """How it came out."""
        if self.faults:
            return "wrong"
        return next((word for word in ("void", "told", "unnoticed") if getattr(self, word)), "well")


def disturb(one: Point, world: World) -> Outcome:
    """Disturb a run at a point, run again, look at what stands. What came out wrong is kept in the room."""
    outcome = Outcome()
    room = world.room / f"point-{one.number}"
    room.mkdir()
    with ExitStack() as stack:
        place = stack.enter_context(disk()) if one.kind == "full" else room
        project = world.project(one, place / "project")
        _disturbed(one, world, project, room, outcome)
        world.came_out(one, not outcome.faults)
        if outcome.faults and one.kind == "full":
            shutil.copytree(project.folder, room / "project")
    if not outcome.faults:
        shutil.rmtree(room)
    return outcome


def _disturbed(one: Point, world: World, project: Project, room: Path, outcome: Outcome) -> None:
    words = (*(("-n", str(one.processes)) if one.processes > 1 else ()), *world.line(one))
    flipped = flip(one, project) if one.kind == "flip" else None
    restore: Callable[[], None] | None = None
    if one.kind == "full":
        outcome.notes.append(fill(one, project.folder.parent, world.length(one)))
        restore = partial(resize, project.folder.parent, AMPLE)
    elif one.kind == "permissions":
        restore = take_permissions(one, project)
    elif one.kind == "times":
        shift_times(one, project)
    clock = room / "clock"
    more = {"LD_PRELOAD": str(clock_library(room)), CLOCK: str(clock)} if one.kind == "jump" else {}
    before = UNPRIVILEGED if one.kind == "permissions" else ()
    run = started(project, words, room / "disturbed.txt", before, more)
    at_a_moment: dict[str, Callable[[Point, Started, Length], str]] = {
        "kill": kill,
        "network": world.cut,
        "jump": partial(jump, clock=clock),
    }
    if one.kind in at_a_moment:
        done = at_a_moment[one.kind](one, run, world.length(one))
        outcome.void = not done
        outcome.notes.append(done or "too late")
    sent = time.monotonic()
    status = run.end()
    if status == 0 and (one.kind == "full" or (one.kind == "kill" and one.target != "worker")):
        outcome.void = True
        if one.kind == "kill" and time.monotonic() - sent > PROMPT:
            outcome.faults.append("the signal was not heeded")
    outcome.notes.append(f"status {status}")
    if status is None:
        outcome.faults.append("the disturbed run hung")
    if _came_too_early(run):
        outcome.void = True
        outcome.notes.append("too early: no code of ours ran yet")
    else:
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
        outcome.told = True
        outcome.notes.append(f"not mended: {flipped.relative_to(project.folder)}")
        return
    if status != 0:
        outcome.faults.append(f"the next run ended with status {status}")
    found = differences(world.expected(one), world.standing(project), world.varying)
    found = [line for line in found if line != f"missing: {ONLY_A_CACHE}"]
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


def _came_too_early(run: Started) -> bool:
    """Whether Ctrl-C came while Python was importing doit, which says so in its own way."""
    ours = (f'File "{REPOSITORY / "edxtasks"}{os.sep}', '/dodo.py"')
    return run.process.returncode == -signal.SIGINT and not any(one in run.text for one in ours)


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
    parser.add_argument("--points", type=int, default=200, help="how many, without those that prove nothing")
    parser.add_argument("--first", type=int, default=0, help="number of the first point")
    parser.add_argument("--only", type=int, help="this point alone")
    parser.add_argument("--engine", choices=(EMBEDDED, EMULATORS), default=EMBEDDED)
    parser.add_argument("--kinds", type=lambda text: tuple(text.split(",")), default=())
    parser.add_argument("--words", type=lambda text: tuple(text.split()))
    parser.add_argument("--keep", type=Path, help="folder for what is left of points that came out wrong")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # disks are unmounted
    room = given.keep or Path(tempfile.mkdtemp(prefix="edxtasks-faults-"))
    room.mkdir(parents=True, exist_ok=True)
    world = _world(given.engine, room, given.words or WORDS[given.engine])
    counts: Counter[tuple[str, str]] = Counter()
    numbers = count(given.first) if given.only is None else iter([given.only])
    while sum(number for (_, came_out), number in counts.items() if came_out != "void") < given.points:
        one = next(numbers, None)
        if one is None:
            break
        drawn = point(given.seed, one, given.engine, given.kinds)
        counts[drawn.what, _told_point(drawn, world)] += 1
    for (what, came_out), number in sorted(counts.items()):
        print(f"{number:5} {what:14} {came_out}")
    wrong = sum(number for (_, came_out), number in counts.items() if came_out == "wrong")
    if given.keep is None and not wrong:
        shutil.rmtree(room)
    elif wrong:
        print(f"what the {wrong} wrong ones left: {room}")
    return bool(wrong)


def _world(engine: str, room: Path, words: tuple[str, ...]) -> World:
    if engine == EMBEDDED:
        return Embedded(room, words)
    from cloud_world import Cloud  # starts the emulators

    return Cloud(room, words)


def _told_point(one: Point, world: World) -> str:
    """Go through a point and print what came of it; how it came out."""
    print(f"--seed {one.seed} --only {one}", flush=True)
    outcome = disturb(one, world)
    print(f"    {outcome.word}: {'; '.join(outcome.notes)}", flush=True)
    for fault in outcome.faults[:20]:
        print(f"    - {fault}", flush=True)
    return outcome.word


if __name__ == "__main__":
    raise SystemExit(main())
