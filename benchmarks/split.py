"""How fast raw logs are split, against simpler programs over the same file in the same run.

    python benchmarks/split.py [LINES]

A day of a simulated campus of 60 courses, cut to LINES (200 000 unless said otherwise), is split by the
product with one and with two workers. Beside it run: the *floor*, one process that inflates, parses and
serializes each line with the same libraries and deflates the result, and does nothing else; `zcat | wc -l`;
and the *plain* way, a split with the standard library alone (json, gzip level 9, a walk over the dictionary
for each step). Each runs as a process of its own; CPU seconds are those of the process and its children.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LINES = 200_000


@dataclass(frozen=True)
class Taken:
    """What a program took: CPU and wall seconds."""

    cpu: float
    wall: float


def product(log: Path, folder: Path, workers: int) -> None:
    """Split as `doit split` does."""
    from edxtasks.logs.split import SplitOptions, split

    result = split([log], SplitOptions(folder, workers=workers, shared_above=1))
    assert result.ok, result


def floor(log: Path, folder: Path) -> None:
    """Inflate, parse, serialize, deflate: less than this no program can do that changes lines."""
    import orjson
    from isal import igzip

    deflated = igzip.open(folder / "all.json.gz", "wb", compresslevel=1)  # type: ignore[no-untyped-call]
    with igzip.open(log) as lines, deflated as out:  # type: ignore[no-untyped-call]
        for line in lines:
            if line.startswith(b"{"):
                try:
                    out.write(orjson.dumps(orjson.loads(line)) + b"\n")
                except orjson.JSONDecodeError:
                    continue  # lines that are damaged on purpose


def plain(log: Path, folder: Path) -> None:
    """The same split in its main lines with the standard library: course, day, types, one file a shard."""
    shards: dict[tuple[str, str], gzip.GzipFile] = {}
    with gzip.open(log) as lines:
        for line in lines:
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


def measured(*command: str) -> Taken:
    """Run a program and say what it took."""
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Taken(usage.ru_utime + usage.ru_stime, time.monotonic() - began)


def day_of_logs(folder: Path, lines: int) -> Path:
    """A raw log of so many lines, from days of a simulated campus."""
    from edxtasks.simulate import simulate

    simulate(folder / "campus", "large,courses=60,learners=300,days=4,servers=1")
    days = sorted((folder / "campus" / "DAILY").glob("mitx-edx-events-*"))
    log = folder / "mitx-edx-events-2014-10-02.log.gz"
    with gzip.open(log, "wb", 6) as out:
        kept = itertools.chain.from_iterable(map(gzip.open, days))
        out.writelines(itertools.islice(kept, lines))
    shutil.rmtree(folder / "campus")
    return log


def main(lines: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        log = day_of_logs(folder, lines)
        with gzip.open(log) as text:
            number = size = 0
            for line in text:
                number, size = number + 1, size + len(line)
        taken = {}
        for name in ("product 1", "product 2", "floor", "plain"):
            target = folder / name.replace(" ", "")
            target.mkdir()
            taken[name] = measured(sys.executable, __file__, "--run", name, str(log), str(target))
        taken["zcat | wc -l"] = measured("sh", "-c", f"zcat {log} | wc -l > /dev/null")
    print(f"{number} lines, {size / 1e6:.0f} MB, {size / number:.0f} bytes a line")
    print(f"{'':14}{'CPU s':>8}{'wall s':>8}{'lines/CPU s':>13}{'MB/CPU s':>10}{'of product':>12}")
    base = taken["product 1"].cpu
    for name, one in taken.items():
        rates = f"{number / one.cpu:>13,.0f}{size / 1e6 / one.cpu:>10.1f}{base / one.cpu:>12.2f}"
        print(f"{name:14}{one.cpu:>8.2f}{one.wall:>8.2f}{rates}")
    print(f"two workers: {taken['product 1'].wall / taken['product 2'].wall:.2f} times as fast as one")


def run(name: str, log: Path, folder: Path) -> None:
    if name.startswith("product"):
        product(log, folder, int(name.split()[1]))
    else:
        {"floor": floor, "plain": plain}[name](log, folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_LINES)
