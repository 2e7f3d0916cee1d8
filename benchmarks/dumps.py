"""How fast delivered tables become rows: megabytes of delivered text per second of CPU time.

    python benchmarks/dumps.py [MEGABYTES]

Student states of about 800 bytes, as the export writes them and as the sorted package keeps them. The
baseline, measured in the same run, is the plain loop over records and fields that a script would have: split,
undo the escapes, read numbers and dates, write JSON lines; it checks nothing and knows the form by heart.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import re
import resource
import shutil
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from scratch_folder import scratch_folder

from edxtasks.course import CourseKey
from edxtasks.dumps import waldofy
from edxtasks.dumps.people import gather
from edxtasks.dumps.reader import DeliveredTable, named
from edxtasks.dumps.row_files import write_json_lines
from edxtasks.dumps.values import encode
from edxtasks.messages import Messages
from edxtasks.tables.dumps import user_info_combo
from edxtasks.tables.dumps.studentmodule import DELIVERED

COURSE = CourseKey("UnivX", "3.14x", "1T2024")
HEADER = [field.column for field in DELIVERED.fields]
ESCAPES = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r", "0": ""}


def state(rng: random.Random) -> str:
    """A problem state, or the position in a sequence."""
    if rng.random() < 0.4:
        return json.dumps({"position": rng.randrange(1, 9)})
    parts = range(rng.randrange(1, 10))
    answers = {f"i4x-UnivX-3_14x-problem-p{rng.randrange(400)}_{part}_1": "choice_1\\n" for part in parts}
    result = {"hint": "", "hintmode": None, "correctness": "correct", "msg": "", "npoints": None}
    correct = dict.fromkeys(answers, result)
    return json.dumps({"correct_map": correct, "student_answers": answers, "seed": 1, "attempts": 2})


def write_states(path: Path, size: int) -> None:
    """A delivered table of about `size` bytes."""
    rng = random.Random(7)
    written = number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(HEADER) + "\n")
        while written < size:
            number += 1
            block = f"{rng.randrange(400) * 2654435761:032x}"
            module = f"block-v1:UnivX+3.14x+1T2024+type@problem+block@{block}"
            second = rng.randrange(86400)
            moment = f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} "
            moment += f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            grade = "NULL" if rng.random() < 0.5 else "1"
            values = [number, "problem", module, rng.randrange(1, 3_000_000), encode(state(rng)), grade]
            values += [moment, moment + ".123456", grade, "na", COURSE.opaque]
            written += file.write("\t".join(map(str, values)) + "\n")


def naive(path: Path, target: Path) -> None:
    """The plain loop over records and fields."""
    undo = re.compile(r"\\([\\tnr0])")
    with path.open(encoding="utf-8", newline="\n") as source, gzip.open(target, "wt", 1) as sink:
        header = next(source).rstrip("\n").split("\t")
        for line in source:
            row: dict[str, object] = {}
            for name, field in zip(header, line.rstrip("\n").split("\t"), strict=True):
                if field == "NULL":
                    row[name] = None
                elif name in ("id", "student_id"):
                    row[name] = int(field)
                elif name in ("created", "modified"):
                    row[name] = datetime.fromisoformat(field).isoformat() + "Z"
                else:
                    row[name] = undo.sub(lambda found: ESCAPES[found[1]], field)
            sink.write(json.dumps(row) + "\n")


def load(path: Path, target: Path) -> None:
    """The table studentmodule."""
    fields = DELIVERED.fields
    table = DeliveredTable(path, Messages(), course=COURSE, escaped_breaks=True, max_bad_fraction=0.05)
    write_json_lines(target, named(fields, table.rows(fields, DELIVERED.key)))


def sort(package: Path, base: Path) -> None:
    """waldofy."""
    waldofy.convert(waldofy.plan_package(package, [COURSE], base), COURSE, lambda path: "", Messages())


def write_people(folder: Path, people: int) -> None:
    """Accounts, profiles and enrolments."""
    with (folder / "users.sql").open("w") as users:
        users.write("id\tusername\temail\tpassword\tis_staff\tlast_login\tdate_joined\n")
        for user in range(people):
            users.write(
                f"{user}\tu{user}\tu{user}@example.org\t\t0\t2024-01-01 10:00:00\t2023-01-01 00:00:00\n"
            )
    with (folder / "profiles.sql").open("w") as profiles:
        profiles.write("id\tuser_id\tname\tmeta\tgender\tyear_of_birth\tlevel_of_education\tgoals\tcountry\n")
        for user in range(people):
            profiles.write(f"{user}\t{user}\tName {user}\t\tf\t1990\tb\tto learn\\nmuch\tUS\n")
    with (folder / "enrollment.sql").open("w") as enrollment:
        enrollment.write("id\tcourse_id\tuser_id\tcreated\tis_active\tmode\n")
        for user in range(people):
            enrollment.write(f"{user}\t{COURSE.opaque}\t{user}\t2023-06-01 00:00:00.5\t1\taudit\n")


def combine(folder: Path) -> None:
    """user_info_combo, with its two files."""
    sources: dict[str, Path | None] = {
        name: folder / f"{name}.sql" for name in ("users", "profiles", "enrollment")
    }
    people = gather(COURSE, sources, None, 0.05, Messages())
    user_info_combo.write_rows(people.rows(), folder / "uic.json.gz", folder / "uic.csv.gz")


def seconds(work: Callable[[], None]) -> float:
    """CPU time of `work`."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main(megabytes: int) -> None:
    """Measure and print."""
    with scratch_folder() as folder:
        package = folder / "univx-2024-10-14"
        package.mkdir()
        plain = folder / "studentmodule.sql"
        write_states(plain, megabytes * 1_000_000)
        size = plain.stat().st_size / 1e6
        (package / f"{COURSE.package_prefix}-courseware_studentmodule-prod-analytics.sql").hardlink_to(plain)
        compressed = folder / "gz" / "studentmodule.sql.gz"
        compressed.parent.mkdir()
        with plain.open("rb") as source, gzip.open(compressed, "wb", 1) as file:
            shutil.copyfileobj(source, file)
        sorted_file = folder / COURSE.package_prefix / "2024-10-14" / "studentmodule.csv.gz"
        target = folder / "rows.json.gz"

        print(f"{size:.0f} MB of student states; {'MB/s':>34} {'ratio':>6}")
        baseline = size / seconds(lambda: naive(plain, target))
        print(f"{'plain loop over fields (baseline)':45} {baseline:10.0f} {1:6.1f}")
        for told, work in (
            ("waldofy: .sql to .csv.gz", lambda: sort(package, folder)),
            ("studentmodule from .sql", lambda: load(plain, target)),
            ("studentmodule from .sql.gz", lambda: load(compressed, target)),
            ("studentmodule from .csv.gz", lambda: load(sorted_file, target)),
        ):
            speed = size / seconds(work)
            print(f"{told:45} {speed:10.0f} {speed / baseline:6.1f}")
        with gzip.open(sorted_file, "rt", newline="") as text:
            records = sum(1 for _ in csv.reader(text)) - 1
        print(f"{records} records; most memory so far {peak():.0f} MB")

        people = max(10_000, megabytes * 1000)
        write_people(folder, people)
        print(
            f"user_info_combo: {people / seconds(lambda: combine(folder)):.0f} persons/s, {people} persons, ",
            end="",
        )
        print(f"most memory {peak():.0f} MB")


def peak() -> float:
    """The most memory that this process has held, in megabytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
