"""How fast raw logs are split, against simpler programs over the same lines in the same run.

    python benchmarks/split.py [LINES] [--rounds N] [--logs NAME …] [--no-simeon] [--cache FOLDER] [--write]

Raw logs of so many LINES (200 000 unless said otherwise) are of a day of a simulated campus (`day_log.py`):

- `campus`: the day as it is;
- `distinct`: the same with ids, persons and sessions that no other line has, so that nothing repeats;
- `new field`: the same with a field in each line that no column is for;
- `predecessor`: the day as it is, rows with `json_text_form = "predecessor"`;
- `large`: a day of five times as many lines, for the product and the floor alone: what does not grow with a
  log, such as the start of processes, is a small part of it.

Over each of them, in turn, run

- the product, one worker: `split` in one process;
- the whole command `doit split`, one worker;
- the product, two workers that share the log;
- the *floor*: one process that inflates, parses and serializes each line with the same libraries and deflates
  the result, and does nothing else;
- `zcat | wc -l`;
- `simeon split`, installed from PyPI into an environment of its own, over the first 20 000 lines, once.

Of `campus` also its two halves, as two servers would leave them, which have to be joined; and two floors side
by side, which tell what the machine gives to two processes. Each program runs as a process of its own. CPU
seconds are those of the process and its children, start and imports included; peak memory is the resident
memory of the largest of them. All programs run N rounds (3) in turn, so that other work on the machine slows
all of them down alike: seconds are medians, and ratios are medians of the ratios of each round.

Logs, the environment and compiled modules (an installed product has them: no start compiles any) are
kept in FOLDER (by default `edxtasks-benchmarks` in the folder for temporary files). `--write` puts the
figures into README.md here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

DEFAULT_LINES = 200_000
LOGS = ("campus", "distinct", "new field", "predecessor", "large")
TOLD = "told.json"
BEGIN, END = "<!-- figures of split.py -->\n", "<!-- end of figures -->\n"


# The programs ---------------------------------------------------------------------------------------------


def product(logs: Sequence[Path], folder: Path, workers: int, form: str) -> None:
    """Split as `doit split` does: one log is shared by all workers, of several each worker takes one. Leaves
    the digests of all shards; peaks of the process and of its largest worker in MB; CPU seconds of both."""
    import resource

    from edxtasks.logs.rows.rephrase import RephraseRules
    from edxtasks.logs.split import SplitOptions, split

    rules = RephraseRules(json_text_form=form)
    options = SplitOptions(folder, rules, workers, shared_above=1 if len(logs) == 1 else sys.maxsize)
    result = split(list(logs), options)
    assert result.ok, result
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    peaks = [usage.ru_maxrss >> 10 for usage in usages]
    cpus = [usage.ru_utime + usage.ru_stime for usage in usages]
    (folder / TOLD).write_text(json.dumps({"peaks": peaks, "cpus": cpus}))


def floor(logs: Sequence[Path], folder: Path) -> None:
    """Inflate, parse, serialize, deflate: less than this no program can do that changes lines."""
    import orjson
    from isal import igzip

    with igzip.open(folder / "all.json.gz", "wb", compresslevel=1) as out:  # type: ignore[no-untyped-call]
        for log in logs:
            for line in igzip.open(log):  # type: ignore[no-untyped-call]
                if line.startswith(b"{"):
                    try:
                        out.write(orjson.dumps(orjson.loads(line)) + b"\n")
                    except orjson.JSONDecodeError:
                        continue  # lines that are damaged on purpose


PROGRAMS: dict[str, Callable[[Sequence[Path], Path], None]] = {
    "compact 1": lambda logs, folder: product(logs, folder, 1, "compact"),
    "compact 2": lambda logs, folder: product(logs, folder, 2, "compact"),
    "predecessor 1": lambda logs, folder: product(logs, folder, 1, "predecessor"),
    "predecessor 2": lambda logs, folder: product(logs, folder, 2, "predecessor"),
    "floor": floor,
}


def simeon(cache: Path) -> tuple[Path, str]:
    """The program of `simeon`, in an environment of its own that is made where it is missing; its version."""
    folder = cache / "simeon"
    python, program = folder / "bin" / "python", folder / "bin" / "simeon"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "simeon"], check=True)
    asked = "import importlib.metadata as m; print(m.version('simeon'))"
    version = subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout
    return program, version.strip()


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Of all programs: what installing a package would compile is compiled once, and kept."""


# Measuring ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RawLog:
    """A raw log: its lines, and their bytes."""

    path: Path
    lines: int
    size: int


def raw_logs(cache: Path, lines: int) -> dict[str, RawLog]:
    """The raw logs of so many lines, made where they are missing.

    By another process: what a process needs at most is handed down to those that it starts, so this one has
    to stay small.
    """
    command = [sys.executable, str(Path(__file__).with_name("day_log.py")), str(lines), str(cache)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {name: RawLog(Path(one["path"]), one["lines"], one["size"]) for name, one in told.items()}


@dataclass(frozen=True)
class Taken:
    """What a program took: CPU and wall seconds, MB of its largest process; what the product told."""

    cpu: float
    wall: float
    peak: int
    peaks: tuple[int, int] = (0, 0)
    cpus: tuple[float, float] = (0, 0)
    shards: dict[str, str] = field(default_factory=dict)


def measured(*commands: Sequence[str | Path], folder: Path | None = None) -> Taken:
    """Run programs side by side and say what they took together."""
    began = time.monotonic()
    cpu = 0.0
    peak = 0
    with tempfile.TemporaryFile() as said:
        processes = [
            subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=said, stderr=said)
            for command in commands
        ]
        for process in processes:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss >> 10)
        wall = time.monotonic() - began
        if any(process.returncode for process in processes):
            said.seek(0)
            raise SystemExit(f"{commands} failed:\n{said.read().decode()}")
    return Taken(cpu, wall, peak)


def program(name: str, *logs: RawLog) -> Taken:
    """Run one of `PROGRAMS` over logs."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        taken = measured(_command(name, folder, logs))
        if not (folder / TOLD).exists():
            return taken
        told = json.loads((folder / TOLD).read_bytes())
        peaks, cpus = tuple(told["peaks"]), tuple(told["cpus"])
        return Taken(taken.cpu, taken.wall, taken.peak, peaks, cpus, shards_of(folder))


def _command(name: str, folder: Path, logs: Sequence[RawLog]) -> list[str]:
    return [sys.executable, __file__, "--run", name, str(folder), *(str(log.path) for log in logs)]


def shards_of(folder: Path) -> dict[str, str]:
    """The digests of the lines of all shards in a log directory, as its lists tell them."""
    lists = (json.loads(path.read_bytes()) for path in (folder / "META" / "SHARDS").rglob("*.json"))
    return {f"{one['bucket']} {shard['day']}": shard["digest"] for one in lists for shard in one["shards"]}


def floors_side_by_side(*logs: RawLog) -> Taken:
    """Run the floor over each log, all at once: the most that the machine gives to programs side by side."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in logs]
        return measured(
            *(_command("floor", folder, [log]) for folder, log in zip(folders, logs, strict=True))
        )


def project(folder: Path, form: str) -> None:
    """A project in which `doit split` puts shards into the folder `L`. It has run before: the first run
    has to parse the models of all tables."""
    shutil.copy(Path(__file__).parents[1] / "dodo.py", folder)
    (folder / "config").mkdir()
    lines = (
        'course_id_list = ["MITx/2.03x/3T2013"]',
        f'json_text_form = "{form}"',
        '[paths]\ntracking_logs_directory = "L"',
        "[engine]\nworkers = 1\n",
    )
    (folder / "config" / "edxtasks.toml").write_text("\n".join(lines))
    measured(*_doit_split(log_of_one_line(folder, -1)), folder=folder)
    shutil.rmtree(folder / "L")


def whole_command(form: str, log: RawLog) -> Taken:
    """`doit split`, in a project of its own."""
    with tempfile.TemporaryDirectory() as folder:
        project(Path(folder), form)
        taken = measured(*_doit_split(log), folder=Path(folder))
        return Taken(taken.cpu, taken.wall, taken.peak, shards=shards_of(Path(folder) / "L"))


def fixed_cost(rounds: int) -> tuple[float, float]:
    """CPU seconds of `doit split` over a log of one line, and when there is nothing to do."""
    first, again = [], []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        project(folder, "compact")
        for number in range(rounds):
            log = log_of_one_line(folder, number)
            first.append(measured(*_doit_split(log), folder=folder).cpu)
            again.append(measured(*_doit_split(log), folder=folder).cpu)
    return median(first), median(again)


def log_of_one_line(folder: Path, number: int) -> RawLog:
    """A log of a line that is in no other one."""
    line = {"time": "2014-10-13T00:00:00.000000+00:00", "event_source": "server", "name": number}
    path = folder / f"tracking-{number}.log"
    path.write_text(json.dumps(line) + "\n")
    return RawLog(path, 1, path.stat().st_size)


def _doit_split(log: RawLog) -> list[list[str]]:
    return [[sys.executable, "-m", "doit", "split", str(log.path)]]


def zcat(log: RawLog) -> Taken:
    """Inflate and count lines."""
    return measured(["sh", "-c", 'zcat "$1" | wc -l', "sh", log.path])


def split_by_simeon(found: Path, log: RawLog) -> Taken:
    """All courses, days by the time of the event, as the product does; without settings of the user."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--file-type", "log", "--no-courses", "--dynamic-date", "--destination", folder)
        taken = measured(["env", f"HOME={folder}", found, "split", *options, log.path])
        assert any(Path(folder).rglob("tracklog-*.json.gz")), "simeon wrote no shard"
        return taken


@dataclass
class Figures:
    """All rounds over one log, by program."""

    name: str
    log: RawLog
    rounds: dict[str, list[Taken]] = field(default_factory=dict)

    def add(self, program: str, taken: Taken) -> None:
        """Another round; all rounds of the product have to give the same lines to the same shards."""
        self.rounds.setdefault(program, []).append(taken)
        first = self.rounds["product"][0]
        assert not taken.shards or taken.shards == first.shards, f"{program}: other shards"

    def cpu(self, program: str) -> float:
        """CPU seconds, the median."""
        return median(taken.cpu for taken in self.rounds[program])

    def wall(self, program: str) -> float:
        """Wall seconds, the median."""
        return median(taken.wall for taken in self.rounds[program])

    def peak(self, program: str) -> int:
        """MB of the largest process of any round."""
        return max(taken.peak for taken in self.rounds[program])

    def share(self, program: str) -> float:
        """CPU seconds of the floor against those of a program: the median of the rounds."""
        pairs = zip(self.rounds["floor"], self.rounds[program], strict=False)
        return median(floor.cpu / taken.cpu for floor, taken in pairs)

    def gain(self, one: str, two: str) -> float:
        """How many times as fast the second is by the clock: the median of the rounds."""
        return median(a.wall / b.wall for a, b in zip(self.rounds[one], self.rounds[two], strict=True))

    def gain_on_idle_cores(self, one: str, two: str) -> float:
        """The CPU seconds of one process against those of the busier one of two: how many times as fast two
        are where nothing else wants a core, and neither waits for the other."""
        pairs = zip(self.rounds[one], self.rounds[two], strict=True)
        return median(a.cpu / max(b.cpus) for a, b in pairs)


def measure(name: str, logs: dict[str, RawLog], rounds: int) -> Figures:
    """Run in turn what is to run over one log."""
    log = logs.get(name, logs["campus"])
    form = "predecessor" if name == "predecessor" else "compact"
    halves = logs["first half"], logs["second half"]
    figures = Figures(name, log)
    for _ in range(rounds):
        figures.add("product", program(f"{form} 1", log))
        figures.add("floor", program("floor", log))
        figures.add("two workers", program(f"{form} 2", log))
        if name == "large":
            continue
        figures.add("doit split", whole_command(form, log))
        if name == "campus":
            figures.add("halves", program("compact 1", *halves))
            figures.add("halves, two workers", program("compact 2", *halves))
            figures.add("floors side by side", floors_side_by_side(*halves))
        figures.add("zcat", zcat(log))
    return figures


# Telling --------------------------------------------------------------------------------------------------

TITLES = {
    "product": "product, one worker",
    "doit split": "`doit split`, one worker",
    "two workers": "product, two workers share the log",
    "halves": "product, two halves, one worker",
    "halves, two workers": "product, two halves side by side, two workers",
    "floor": "floor",
    "zcat": "`zcat \\| wc -l`",
}


def python() -> str:
    """Which Python this is. A loop tells how fast its interpreter is: built without optimizations it takes a
    third longer, and a distribution takes out of `sysconfig` how it built it."""
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        built = "built with optimizations"
    elif sys.base_prefix == "/usr":
        built = "the system's, built as the distribution does"
    else:
        built = "built without optimizations"
    loop = min(timeit.repeat("for number in range(10_000_000): total += number", "total = 0", number=1))
    return f"Python {platform.python_version()}, {built} (ten million additions in {loop:.2f} s)"


def table(figures: Figures) -> Iterator[str]:
    """What was measured over one log, in Markdown."""
    log = figures.log
    compressed = log.path.stat().st_size
    yield (
        f"`{figures.name}`, {log.lines:,} lines of {log.size / log.lines:.0f} bytes, "
        f"{compressed / 1e6:,.0f} MB of gzip:"
    )
    yield ""
    yield "| | CPU s | µs a line | lines/CPU s | MB/CPU s | of the floor | wall s | peak MB |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, title in TITLES.items():
        if name in figures.rounds:
            cpu = figures.cpu(name)
            rates = f"{cpu / log.lines * 1e6:.1f} | {log.lines / cpu:,.0f} | {log.size / 1e6 / cpu:.1f}"
            rest = f"{figures.share(name):.0%} | {figures.wall(name):.2f} | {figures.peak(name):,}"
            yield f"| {title} | {cpu:.2f} | {rates} | {rest} |"
    yield ""
    by_clock = figures.gain("product", "two workers")
    by_cpu = figures.gain_on_idle_cores("product", "two workers")
    told = (
        f"Two workers are {by_clock:.2f} times as fast as one by the clock, {by_cpu:.2f} times by the CPU "
        "seconds of the busier one"
    )
    if figures.name == "campus":
        told += (
            f", {figures.gain('halves', 'halves, two workers'):.2f} times by the clock with halves side by "
            "side. Two floors side by side, which is what the machine gave, are "
            f"{figures.gain('floor', 'floors side by side'):.2f} times as fast as one"
        )
    yield f"{told}."
    yield ""


def memory(all_figures: Sequence[Figures]) -> Iterator[str]:
    """Peak memory of each process of the product, in Markdown."""
    yield "Peak MB of a process of the product:"
    yield ""
    yield "| | one worker | two workers: main process | two workers: the larger worker |"
    yield "|---|---|---|---|"
    for figures in all_figures:
        alone = max(taken.peaks[0] for taken in figures.rounds["product"])
        main, worker = (max(taken.peaks[at] for taken in figures.rounds["two workers"]) for at in (0, 1))
        yield f"| `{figures.name}` | {alone:,} | {main:,} | {worker:,} |"
    yield ""


def against_simeon(cache: Path, logs: dict[str, RawLog]) -> Iterator[str]:
    """The product and `simeon split` over a few lines."""
    found, version = simeon(cache)
    few = logs["few"]
    ours = median(program("compact 1", few).cpu for _ in range(3))
    floors = median(program("floor", few).cpu for _ in range(3))
    theirs = split_by_simeon(found, few).cpu
    yield (
        f"Of the first {few.lines:,} lines of `campus`: `simeon split` {version} {theirs:.2f} CPU s, the "
        f"product {ours:.2f} ({theirs / ours:.1f} times less), the floor {floors:.2f} "
        f"({theirs / floors:.0f} times less), each with its start."
    )
    yield ""


def write(text: str) -> None:
    """Put the figures into README.md, in place of those that stand there."""
    readme = Path(__file__).with_name("README.md")
    before, _, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, "README.md has no place for the figures"
    readme.write_text(before + BEGIN + text + END + after)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("lines", nargs="?", type=int, default=DEFAULT_LINES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--logs", nargs="+", choices=LOGS, default=LOGS)
    parser.add_argument("--simeon", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "edxtasks-benchmarks")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(chosen.cache / "compiled")
    logs = raw_logs(chosen.cache, chosen.lines)
    now = f"{datetime.now(UTC):%d %B %Y}".lstrip("0")
    load = os.getloadavg()[1]
    said = [
        f"{now}; {os.cpu_count()} cores, load {load:.1f} before it began; "
        f"{python()}; rounds: {chosen.rounds}.",
        "",
    ]
    program("compact 2", logs["few"])  # compiles what is not compiled yet
    all_figures = [measure(name, logs, chosen.rounds) for name in chosen.logs]
    for figures in all_figures:
        said += table(figures)
    first, again = fixed_cost(chosen.rounds)
    said += [
        f"`doit split` of a log of one line takes {first:.2f} CPU s, and {again:.2f} when nothing is to do.",
        "",
    ]
    if chosen.simeon:
        said += against_simeon(chosen.cache, logs)
    said += memory(all_figures)
    text = "\n".join(said)
    print(text)
    if chosen.write:
        write(text)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        PROGRAMS[sys.argv[2]](list(map(Path, sys.argv[4:])), Path(sys.argv[3]))
    else:
        main()
