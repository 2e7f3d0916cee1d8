"""How fast raw logs are split, against simpler programs over the same lines in the same run.

    python benchmarks/split.py [LINES …] [--rounds N] [--slow | --no-slow] [--cache FOLDER] [--write]

A raw log of so many LINES (200 000 unless said otherwise) is a day of a simulated campus (`day_log.py`). The
product splits it with one and with two workers, and its two halves, as two servers of that day would leave
them, side by side. Beside it run

- the *floor*: one process that inflates, parses and serializes each line with the same libraries and deflates
  the result, and does nothing else;
- `zcat | wc -l`;
- the *plain* way, a split with the standard library alone (json, gzip level 9, a walk over the dictionary for
  each step);
- `simeon split`, which is installed from PyPI into an environment of its own.

The last two are slow; they run once, and with more than a million lines only when `--slow` asks for them. Of
all others the best of so many rounds counts (3); with more than a million lines there is one round. Logs and
the environment are kept in FOLDER (by default `edxtasks-benchmarks` in the folder for temporary files).
`--write` puts the figures into README.md here.

Each program runs as a process of its own. CPU seconds are those of the process and its children, start and
imports included; peak memory is the resident memory of the largest of them.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

DEFAULT_LINES = 200_000
FEW_LINES = 1_000_000
"""With more, what is slow is left out, and there is one round."""
EDX2BIGQUERY = (6_500, 7.3)
"""Lines and MB a CPU second of edx2bigquery, measured once, on a core as that of the figures in README.md."""
TOLD = "told.json"
BEGIN, END = "<!-- figures of split.py -->\n", "<!-- end of figures -->\n"

Splitter = Callable[[Sequence[Path], Path], None]


# The programs ---------------------------------------------------------------------------------------------


def product(logs: Sequence[Path], folder: Path, workers: int) -> None:
    """Split as `doit split` does: one log is shared by all workers, of several each worker takes one. Leaves
    the digests of all shards, and the peaks of the process and of its largest worker in MB."""
    import resource

    from edxtasks.logs.shards import shards
    from edxtasks.logs.split import SplitOptions, split

    options = SplitOptions(folder, workers=workers, shared_above=1 if len(logs) == 1 else sys.maxsize)
    result = split(list(logs), options)
    assert result.ok, result
    peaks = [
        resource.getrusage(who).ru_maxrss >> 10 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    buckets = sorted(path.stem for path in (folder / "META" / "SHARDS").glob("*.json"))
    digests = {
        f"{bucket} {shard.day}": shard.digest for bucket in buckets for shard in shards(folder, bucket)
    }
    (folder / TOLD).write_text(json.dumps({"peaks": peaks, "shards": digests}))


def floor(logs: Sequence[Path], folder: Path) -> None:
    """Inflate, parse, serialize, deflate: less than this no program can do that changes lines."""
    import orjson
    from isal import igzip

    with igzip.open(folder / "all.json.gz", "wb", compresslevel=1) as out:  # type: ignore[no-untyped-call]
        for line in _lines(logs, igzip.open):
            if line.startswith(b"{"):
                try:
                    out.write(orjson.dumps(orjson.loads(line)) + b"\n")
                except orjson.JSONDecodeError:
                    continue  # lines that are damaged on purpose


def plain(logs: Sequence[Path], folder: Path) -> None:
    """The same split in its main lines with the standard library: course, day, types, one file a shard."""
    shards: dict[tuple[str, str], gzip.GzipFile] = {}
    for line in _lines(logs, gzip.open):
        try:
            record = json.loads(line)
        except ValueError:
            continue  # lines that are damaged on purpose
        if not isinstance(record, dict):
            continue
        context = record.get("context")
        course = (context.get("course_id") if isinstance(context, dict) else "") or "UNKNOWN"
        event = record.get("event")
        if isinstance(event, str):
            try:
                event = json.loads(event)
            except ValueError:
                event = str(event)
        record["event"] = json.dumps(event)
        if isinstance(event, dict):
            record["event_struct"] = {k: json.dumps(v) for k, v in event.items() if v is not None}
        if isinstance(context, dict):
            record["context"] = {k: v for k, v in context.items() if v not in (None, "")}
        record = {k: v for k, v in record.items() if v is not None}
        shard = (course.replace("/", "__").replace(":", "_"), str(record.get("time"))[:10])
        if shard not in shards:
            shards[shard] = gzip.GzipFile(folder / f"{'-'.join(shard)}.json.gz", "wb", 9)
        shards[shard].write(json.dumps(record).encode() + b"\n")
    for file in shards.values():
        file.close()


def _lines(logs: Sequence[Path], opened: Callable[[Path], Iterator[bytes]]) -> Iterator[bytes]:
    for log in logs:
        yield from opened(log)


PROGRAMS: dict[str, Splitter] = {
    "product 1": lambda logs, folder: product(logs, folder, 1),
    "product 2": lambda logs, folder: product(logs, folder, 2),
    "floor": floor,
    "plain": plain,
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


# Measuring ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Logs:
    """A raw log of a day, and its first and second half as two raw logs; lines, bytes of its lines."""

    whole: Path
    halves: tuple[Path, Path]
    lines: int
    size: int


def logs_of(cache: Path, lines: int) -> Logs:
    """The raw logs of so many lines, made where they are missing.

    By another process: what a process needs at most is handed down to those that it starts, so this one has
    to stay small.
    """
    command = [sys.executable, str(Path(__file__).with_name("day_log.py")), str(lines), str(cache)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    first, second = map(Path, told["halves"])
    return Logs(Path(told["whole"]), (first, second), lines, told["size"])


@dataclass(frozen=True)
class Taken:
    """What a program took: CPU and wall seconds, MB of its largest process; what the product told."""

    cpu: float
    wall: float
    peak: int
    peaks: tuple[int, int] = (0, 0)
    shards: dict[str, str] = field(default_factory=dict)


def measured(*commands: Sequence[str | Path]) -> Taken:
    """Run programs side by side and say what they took together."""
    began = time.monotonic()
    cpu = 0.0
    peak = 0
    with tempfile.TemporaryFile() as said:
        processes = [subprocess.Popen(command, stdout=said, stderr=said) for command in commands]
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


def program(name: str, logs: Sequence[Path]) -> Taken:
    """Run one of `PROGRAMS` over logs."""
    with tempfile.TemporaryDirectory() as folder:
        taken = measured(_command(name, folder, logs))
        told = Path(folder) / "told.json"
        if not told.exists():
            return taken
        form = json.loads(told.read_bytes())
        return Taken(taken.cpu, taken.wall, taken.peak, tuple(form["peaks"]), form["shards"])


def _command(name: str, folder: str, logs: Sequence[Path]) -> list[str]:
    return [sys.executable, __file__, "--run", name, folder, *map(str, logs)]


def floors_side_by_side(logs: Sequence[Path]) -> Taken:
    """Run the floor over each log, all at once: the most that the machine gives to programs side by side."""
    with contextlib.ExitStack() as folders:
        commands = [
            _command("floor", folders.enter_context(tempfile.TemporaryDirectory()), [log]) for log in logs
        ]
        return measured(*commands)


def zcat(logs: Logs) -> Taken:
    """Inflate and count lines."""
    return measured(["sh", "-c", 'zcat "$1" | wc -l', "sh", logs.whole])


def split_by_simeon(found: Path, logs: Logs) -> Taken:
    """All courses, days by the time of the event, as the product does; without settings of the user."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--file-type", "log", "--no-courses", "--dynamic-date", "--destination", folder)
        taken = measured(["env", f"HOME={folder}", found, "split", *options, logs.whole])
        assert any(Path(folder).rglob("tracklog-*.json.gz")), "simeon wrote no shard"
        return taken


@dataclass
class Figures:
    """All rounds over the logs of a day, by program."""

    logs: Logs
    rounds: dict[str, list[Taken]] = field(default_factory=dict)

    def add(self, name: str, taken: Taken) -> None:
        """Another round; all rounds of the product have to give the same lines to the same shards."""
        self.rounds.setdefault(name, []).append(taken)
        first = self.rounds["one log, one worker"][0]
        assert not taken.shards or taken.shards == first.shards, f"{name}: other shards"

    def cpu(self, name: str) -> float:
        """CPU seconds of the best round."""
        return min(taken.cpu for taken in self.rounds[name])

    def wall(self, name: str) -> float:
        """Wall seconds of the best round."""
        return min(taken.wall for taken in self.rounds[name])

    def peak(self, name: str) -> int:
        """MB of the largest process of any round."""
        return max(taken.peak for taken in self.rounds[name])

    def gain(self, one: str, two: str) -> float:
        """How many times as fast the second is, by the best rounds."""
        return self.wall(one) / self.wall(two)


def measure(logs: Logs, rounds: int, slow: tuple[Path, str] | None) -> Figures:
    """Run everything over the logs of a day; `slow` is where simeon is, None to leave out what is slow."""
    figures = Figures(logs)
    for _ in range(rounds):
        figures.add("one log, one worker", program("product 1", [logs.whole]))
        figures.add("floor", program("floor", [logs.whole]))
        figures.add("one log, two workers", program("product 2", [logs.whole]))
        figures.add("two logs, one worker", program("product 1", logs.halves))
        figures.add("two logs, two workers", program("product 2", logs.halves))
        figures.add("floors side by side", floors_side_by_side(logs.halves))
        figures.add("zcat", zcat(logs))
    if slow is not None:
        figures.add("plain", program("plain", [logs.whole]))
        figures.add("simeon", split_by_simeon(slow[0], logs))
    return figures


# Telling --------------------------------------------------------------------------------------------------

TITLES = {
    "one log, one worker": "product, one worker",
    "one log, two workers": "product, two workers share the log",
    "two logs, one worker": "product, two halves, one worker",
    "two logs, two workers": "product, two halves side by side, two workers",
    "floor": "floor",
    "plain": "standard library",
    "simeon": "`simeon split` {version}",
    "zcat": "`zcat \\| wc -l`",
}


def table(figures: Figures, version: str) -> Iterator[str]:
    """What was measured over the logs of one size, in Markdown."""
    lines, size = figures.logs.lines, figures.logs.size
    compressed = figures.logs.whole.stat().st_size
    yield f"{lines:,} lines of {size / lines:.0f} bytes, {compressed / 1e6:,.0f} MB of gzip:"
    yield ""
    yield "| | CPU s | lines/CPU s | MB/CPU s | CPU against the product | wall s | peak MB |"
    yield "|---|---|---|---|---|---|---|"
    base = figures.cpu("one log, one worker")
    for name, title in TITLES.items():
        if name in figures.rounds:
            cpu = figures.cpu(name)
            rates = f"{lines / cpu:,.0f} | {size / 1e6 / cpu:.1f} | {cpu / base:.2f}"
            rest = f"{figures.wall(name):.2f} | {figures.peak(name):,}"
            yield f"| {title.format(version=version)} | {cpu:.2f} | {rates} | {rest} |"
    old = EDX2BIGQUERY
    yield f"| edx2bigquery, measured once | | {old[0]:,} | {old[1]} | {lines / old[0] / base:.1f} | | |"
    yield ""
    shared = figures.gain("one log, one worker", "one log, two workers")
    halves = figures.gain("two logs, one worker", "two logs, two workers")
    machine = figures.gain("floor", "floors side by side")
    yield (
        f"Two workers are {shared:.2f} times as fast as one with one log, {halves:.2f} times with its halves "
        "side by side. Two floors side by side, which is what the machine gave, are "
        f"{machine:.2f} times as fast as one."
    )
    yield ""


def memory(all_figures: Sequence[Figures]) -> Iterator[str]:
    """Peak memory of each process of the product, by size, in Markdown."""
    yield "Peak MB of a process of the product:"
    yield ""
    yield "| lines | one worker | two workers: main process | two workers: the larger worker |"
    yield "|---|---|---|---|"
    for figures in all_figures:
        alone = max(taken.peaks[0] for taken in figures.rounds["one log, one worker"])
        main, worker = (max(t.peaks[at] for t in figures.rounds["one log, two workers"]) for at in (0, 1))
        yield f"| {figures.logs.lines:,} | {alone:,} | {main:,} | {worker:,} |"
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
    parser.add_argument("lines", nargs="*", type=int, default=[DEFAULT_LINES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow", action=argparse.BooleanOptionalAction)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "edxtasks-benchmarks")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    all_figures = []
    version = ""
    now = f"{datetime.now(UTC):%d %B %Y}".lstrip("0")
    said = [f"{now}; {os.cpu_count()} cores; Python {platform.python_version()}.", ""]
    for lines in chosen.lines:
        slow = None
        rounds = chosen.rounds if lines <= FEW_LINES else 1
        if lines <= FEW_LINES if chosen.slow is None else chosen.slow:
            slow = simeon(chosen.cache)
            version = slow[1]
        figures = measure(logs_of(chosen.cache, lines), rounds, slow)
        all_figures.append(figures)
        said += table(figures, version)
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
