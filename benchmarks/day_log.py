"""Makes a raw log of a day of a simulated campus, for `split.py`.

    python benchmarks/day_log.py LINES FOLDER

The campus has 60 courses, as many learners as leave so many LINES, and the usual mix of events. Made are the
log of the day, and its two halves, as two servers would leave them. What is in FOLDER already is not made
again. Prints, as JSON, where they are, and the bytes of their lines.
"""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import sys
import tempfile
from pathlib import Path

from edxtasks.simulate.campus import FORM, Campus, CampusSize
from edxtasks.simulate.logs import simulate_day

COURSES = 60
DAY = 12
"""The simulated day, counted from 0: late enough for all that comes days after its event."""
LINES_A_LEARNER = 370
"""Lines of that day, rounded down, for one learner more in each of the courses."""
LEAST_LEARNERS = 13
LOG = "mitx-edx-events-2014-10-13.log.gz"
SECOND_LOG = f"prod-edx-002-{LOG}"
"""The log of a second server."""


def make(lines: int, folder: Path) -> dict[str, object]:
    """The logs of so many lines, compressed as usual (gzip, level 6)."""
    whole, first, second = (folder / name for name in (LOG, f"halves/{LOG}", f"halves/{SECOND_LOG}"))
    told = folder / "told.json"
    if not told.exists():
        first.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch, contextlib.ExitStack() as files:
            day = files.enter_context(gzip.open(simulated_day(Path(scratch), lines)))
            out = [files.enter_context(gzip.open(path, "wb", 6)) for path in (whole, first, second)]
            size = number = 0
            for number, line in enumerate(itertools.islice(day, lines), 1):
                out[0].write(line)
                out[1 if number <= lines // 2 else 2].write(line)
                size += len(line)
        assert number == lines, f"the simulated day has {number} lines only"
        told.write_text(json.dumps({"size": size}))
    return {"whole": str(whole), "halves": [str(first), str(second)], **json.loads(told.read_bytes())}


def simulated_day(folder: Path, lines: int) -> Path:
    """The log of a day with at least so many lines."""
    learners = max(LEAST_LEARNERS, -(-lines // LINES_A_LEARNER))
    campus = Campus(
        CampusSize.parse(f"large,courses={COURSES},learners={learners},days=30,servers=1"), seed=1
    )
    for place in ("DAILY", "ledger/person_days", "ledger/course_days", "ledger/enrollments", "ledger/files"):
        (folder / place).mkdir(parents=True)
    simulate_day(campus, folder, DAY)
    return folder / "DAILY" / LOG


if __name__ == "__main__":
    wanted = int(sys.argv[1])
    print(json.dumps(make(wanted, Path(sys.argv[2]) / f"day-{FORM}-{wanted}")))
