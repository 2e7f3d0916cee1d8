"""A term of an office, day by day, and after each k-th day the same from scratch: nothing may differ.

    python tests/soak/soak.py                                   # 100 days, 10 courses
    python tests/soak/soak.py --days 30 --courses 3 --every 5
    python tests/soak/soak.py --room /big/soak                  # broken off? The same line goes on

Each day raw logs come, each week a package; some are late, cut, delivered again, changed, copied, moved,
compressed anew, withdrawn (`term.py`). Then `doit weekly` runs, on some days `nightly` as well. Compared
are all tables by their rows, all shards, the files for people and the sorted dump with what one run makes in
an empty folder of what should count. A line for each day tells how the run ended, its memory, and what
differs; the table at the end tells what has grown beyond what a rebuild has. Exit status 1 where anything
differed, a run ended otherwise than it should, or left something.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
sys.path.insert(0, str(Path(__file__).parents[1] / "logs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))
sys.path.insert(0, str(Path(__file__).parent))

from comparison import found_differences, grown, sizes
from office import Office
from project import REPOSITORY
from standing import unfinished
from term import State, Term, counted_fates

JOINS = 0.4
"""The last course is put onto the list of courses when so much of the term is over."""


@dataclass
class Day:
    """How a day went. Memory is that of the largest process of its runs, in MiB."""

    number: int
    words: list[str]
    status: int
    seconds: float
    memory: int
    sizes: Mapping[str, Any]
    faults: list[str] = field(default_factory=list)
    rebuilt: Mapping[str, Any] = field(default_factory=dict)
    rebuilt_memory: int = 0


@dataclass(frozen=True)
class Ended:
    """How a run of doit ended."""

    status: int
    seconds: float
    memory: int
    text: str


class Soak:
    """A term in a folder: `office` is the project that lives through it, `rebuilt` the newest rebuild."""

    def __init__(
        self, room: Path, days: int, courses: int, seed: int, every: int = 1, words: Sequence[str] = ()
    ) -> None:
        self.room = room
        self.every = every
        self.words = list(words) or ["weekly"]
        self.term = Term(seed, days)
        self.office = Office(room, courses, days, seed)
        self.project = room / "office"
        self.chance = seed
        self.diary = room / "diary.jsonl"

    def live(self) -> list[Day]:
        """Live through the days that the diary does not tell of yet; gives all days."""
        done = [Day(**json.loads(line)) for line in self._diary_lines()]
        if not self.project.is_dir():
            self._begin(self.project)
        waiting = False
        for number, actions, state in self.term.states():
            if number < len(done):
                waiting = not done[number].rebuilt and (waiting or self._is_due(number))
                continue
            forget = self.office.apply(actions, self.project)
            day = self._run(number, forget, state)
            waiting = waiting or self._is_due(number)
            if waiting and state.comparable:
                self._compare(day, state)
                waiting = False
            with self.diary.open("a") as file:
                file.write(json.dumps(asdict(day)) + "\n")
            done.append(day)
            _tell(day, self.office.date(number))
        return done

    def _diary_lines(self) -> list[str]:
        return self.diary.read_text().splitlines() if self.diary.is_file() else []

    def _is_due(self, number: int) -> bool:
        return (number + 1) % self.every == 0 or number + 1 == self.term.days

    def _begin(self, folder: Path) -> None:
        making = folder.with_name(folder.name + ".new")
        shutil.rmtree(making, ignore_errors=True)
        (making / "config").mkdir(parents=True)
        shutil.copy(REPOSITORY / "dodo.py", making)
        self.office.lists(making)
        making.rename(folder)

    def _configure(self, folder: Path, number: int) -> None:
        keys = self.office.keys
        if len(keys) > 1 and number < JOINS * self.term.days:
            keys = keys[:-1]
        lines = [
            f"course_id_list = {json.dumps(keys)}",
            "latest_sql_dir = true",
            "[paths]",
            'course_sql_base_dir = "SQL"',
            'tracking_logs_directory = "TRACKING_LOGS"',
            'tlfn = "DAILY/*/*.log*"',
            'listings = "listings.csv"',
            'staff = "staff.csv"',
        ]
        (folder / "config" / "edxtasks.toml").write_text("\n".join(lines) + "\n")

    def _run(self, number: int, forget: Sequence[str], state: State) -> Day:
        self._configure(self.project, number)
        newest = state.newest
        package = [] if newest is None else [f"dump_dir={self.office.package_name(newest.date)}"]
        chance = Random(f"{self.chance} runs {number}")
        lines = [["split", f"forget={key}"] for key in forget]
        if self.words == ["weekly"] and chance.random() < 0.2:
            lines.append(["daily_logs", "nightly", *package])
        lines.append([*self.words, *package])
        faults: list[str] = []
        ended = []
        for words in lines:
            run = _doit(self.project, words, self.room / "run.txt")
            ended.append(run)
            faults += _looked_through(run, words, state.failing if words[0] != "split" else [])
        faults += [f"left over: {name}" for name in unfinished(self.project)]
        return Day(
            number,
            [" ".join(words) for words in lines],
            ended[-1].status,
            round(sum(run.seconds for run in ended), 1),
            max(run.memory for run in ended),
            sizes(self.project),
            faults,
        )

    def _compare(self, day: Day, state: State) -> None:
        """Make the same from scratch, and note what differs."""
        folder = self.room / "rebuilt"
        shutil.rmtree(folder, ignore_errors=True)
        self._begin(folder)
        self.office.counted(state, folder)
        words = [*self.words]
        date = "none"
        if state.counted_packages:
            newest = state.counted_packages[max(state.counted_packages)]
            self.office.package(newest, folder)
            date = self.office.date(newest.date)
            words.append(f"dump_dir={self.office.package_name(newest.date)}")
        self._configure(folder, day.number)
        run = _doit(folder, words, self.room / "rebuild.txt")
        day.faults += [f"rebuild: {fault}" for fault in _looked_through(run, words, [])]
        day.faults += found_differences(folder, self.project, date)
        day.rebuilt, day.rebuilt_memory = sizes(folder), run.memory
        day.faults += [f"grown: {fault}" for fault in grown(day.sizes, day.rebuilt)]
        if day.memory > 1.25 * run.memory + 32:
            day.faults.append(f"grown: {day.memory} MiB, a rebuild takes {run.memory}")
        if day.faults:
            kept = self.room / f"wrong-{day.number}"
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            shutil.copytree(self.project, kept / "office")
            shutil.copytree(folder, kept / "rebuilt")


def _doit(folder: Path, words: Sequence[str], log: Path) -> Ended:
    """Run doit; its memory is that of the largest of its processes."""
    began = time.monotonic()
    with log.open("wb") as file:
        process = os.posix_spawn(
            "/usr/bin/env",
            ["env", "-C", str(folder), sys.executable, "-m", "doit", *words],
            os.environ | {"PYTHONPATH": str(REPOSITORY)},
            file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)],
        )
        _, ending, usage = os.wait4(process, 0)
    seconds = time.monotonic() - began
    text = log.read_text(errors="replace")
    return Ended(os.waitstatus_to_exitcode(ending), seconds, usage.ru_maxrss // 1024, text)


def _looked_through(run: Ended, words: Sequence[str], failing: Sequence[str]) -> list[str]:
    """What is wrong with the end of a run, where so much had to fail."""
    faults = [sign for sign in ("Traceback (most recent", "defect of edxtasks") if sign in run.text]
    expected = {1, 2} if failing else {0}
    if run.status not in expected:
        faults.append(f"status {run.status} of {' '.join(words)}\n{run.text[-3000:]}")
    return faults


def _tell(day: Day, date: str) -> None:
    compared = f"compared, rebuild {day.rebuilt_memory} MiB" if day.rebuilt else "not compared"
    print(
        f"day {day.number + 1:3} {date}  status {day.status}  {day.seconds:6.1f} s  {day.memory:5} MiB  "
        f"{compared}  {len(day.faults)} faults",
        flush=True,
    )
    for fault in day.faults[:30]:
        print(f"    - {fault}", flush=True)


def growth(days: Sequence[Day]) -> list[str]:
    """For each area files and MB of the first and the last comparison, and what the rebuild has."""
    compared = [day for day in days if day.rebuilt]
    if not compared:
        return []
    first, last = compared[0], compared[-1]
    lines = [f"{'':22}{'day ' + str(first.number + 1):>18}{'day ' + str(last.number + 1):>18}{'rebuilt':>18}"]
    for area in dict.fromkeys([*last.sizes, *last.rebuilt]):
        columns = [part.get(area, [0, 0]) for part in (first.sizes, last.sizes, last.rebuilt)]
        texts = [f"{files:7} {amount / 2**20:7.1f} MB" for files, amount in columns]
        lines.append(f"{area:22}" + "".join(f"{text:>18}" for text in texts))
    return lines


def main() -> int:
    """Live through the term that the command line asks for; 1 where something came out wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--courses", type=int, default=10)
    parser.add_argument("--every", type=int, default=1, help="compare after each so-many-th day")
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--words", type=lambda text: text.split(), default=[], help="instead of weekly")
    parser.add_argument("--room", type=Path, help="folder to live in, and to go on in")
    given = parser.parse_args()
    room = given.room or Path(tempfile.mkdtemp(prefix="edxtasks-soak-"))
    room.mkdir(parents=True, exist_ok=True)
    print(f"in {room}", flush=True)
    soak = Soak(room, given.days, given.courses, given.seed, given.every, given.words)
    for kind, count in counted_fates(soak.term).items():
        print(f"{count:5} {kind}")
    days = soak.live()
    wrong = sum(bool(day.faults) for day in days)
    print(f"{len(days)} days, {sum(bool(day.rebuilt) for day in days)} compared, {wrong} with faults")
    print("\n".join(growth(days)))
    if not wrong and given.room is None:
        shutil.rmtree(room)
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
