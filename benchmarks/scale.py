"""What a campus of many courses costs a week, from measured unit costs: the tables of docs/scale.md.

    python benchmarks/scale.py [--courses N] [--years N] [--log-gb GB] [--dump-gb GB] [--lines-shrink N]
                               [--active-days SHARE] [--price DOLLARS] … [--write]

Nothing is measured here. Each cost names where its figure comes from; what an office knows better, it puts in
itself. `--write` puts the tables for the default office into docs/scale.md; a test holds the page to them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- tables of scale.py -->\n", "<!-- end of tables -->\n"
TIB = 2.0**40
WEEKS = 52

# Unit costs, CPU seconds of one core. benchmarks/README.md has the runs.
SPLIT_LINE = 23.5e-6
"""split.py, `campus`, one worker, 30 November 2026, machine busy."""
LINE_BYTES = 1062
"""rephrase.py, `mixed`: bytes of a raw line of the simulated campus."""
ROW_BYTES = 1154
"""load.py, large days: 120 MB of rephrased lines for 104,000 rows."""
LOAD_BYTE = 5.71 / (8 * 120e6)
"""load.py, large days, one thread."""
LOAD_DAY = 11.71 / 1800
"""load.py, small days, one thread: of a day table, whatever is in it."""
EVENT_TABLES = (8.6 + 16.0) / 10e6
"""person_course_day.py and time_on_task.py: an event through the two largest families of tables by date."""
DUMP_BYTE = 1 / 125e6 + 1 / 91e6
"""dumps.py: a byte of `.sql` sorted by waldofy, and read as `studentmodule`."""
STATE_RECORD_BYTES = 200e6 / 265_000
STATE_RECORD = 33.3 / 2e6
"""problem_analysis.py: a record of `studentmodule`, read, parsed and loaded."""
REPORT_COURSE = 223 / 500
"""report.py: all 17 tables of `report` over 500 courses; wall time of a busy machine, so at most this."""
PAGE_COURSE = 3.0
"""pages.py: the page of a large course."""
COURSE_FIRST = (252.45 - 2.74) / 100
"""A tiny course and all its tables from nothing, rows hardly counting: `doit weekly -n 1` over 100 courses
of 20 learners and 30 days of logs, less the run with nothing to do. Its share of `report` is in it.
From `nightly.py 100 31 -n 1`."""
COURSE_NIGHT = (71.91 - 2.74) / 100
"""The same courses with a day of logs more: tables by date, and what reads them."""
DAYS_A_WEEK = 7

# Tables of a course, counted in the registry (a test compares).
TABLES_OF_A_COURSE = 94
READERS_OF_LOG_DAYS = 17
TABLES_FROM_FILES = 20
TABLES_BY_DATE = 22
WHOLE_QUERIES = 50
WHOLE_QUERIES_BEHIND_LOGS = 34
INPUTS_OF_WHOLE_QUERIES = 124
INPUTS_BEHIND_LOGS = 94

# What edxtasks keeps to, and what BigQuery allows: docs/bigquery.md, "Limits of BigQuery".
DAYS_IN_QUERY = 200
BATCH = 250
LOADS_SIDE_BY_SIDE, LOAD_JOB_SECONDS = 8, 7
LEAST_BILLED = 10 * 2**20


@dataclass(frozen=True)
class Office:
    """What an office puts in.

    `log_gb` are 10^9 bytes of raw lines a year as delivered. `lines_shrink` says how many bytes of lines one
    delivered byte holds: 1 for plain text, some 10 for gzip (look: `zcat LOG | wc -c`). `active_days` is the
    share of days on which a course has any line at all, `state_share` that of `studentmodule` in the dump,
    `price` dollars for 2^40 bytes that queries read. `query_seconds` is how long BigQuery takes for a small
    query, and `at_once` how many tasks run side by side (`-n`).
    """

    courses: int = 500
    years: int = 5
    log_gb: float = 300
    dump_gb: float = 50
    lines_shrink: float = 1
    active_days: float = 1
    state_share: float = 0.8
    price: float = 6.25
    query_seconds: float = 5
    at_once: int = 4

    @property
    def lines_a_week(self) -> float:
        """Raw lines of a week."""
        return self.log_gb * 1e9 * self.lines_shrink / LINE_BYTES / WEEKS

    @property
    def day_tables_a_week(self) -> float:
        """Log days of all courses that a week changes."""
        return self.courses * DAYS_A_WEEK * self.active_days

    @property
    def states(self) -> float:
        """Records of `studentmodule` in one dump."""
        return self.dump_gb * 1e9 * self.state_share / STATE_RECORD_BYTES


def machine_week(office: Office) -> list[tuple[str, float]]:
    """Steps of a week on one machine, with CPU seconds."""
    rows = office.lines_a_week
    return [
        ("`split`: lines to shards", rows * SPLIT_LINE),
        (
            "`logs2bq`: shards to day tables",
            rows * ROW_BYTES * LOAD_BYTE + office.day_tables_a_week * LOAD_DAY,
        ),
        ("tables by date, the events themselves", rows * EVENT_TABLES),
        (
            "tables behind the logs each night, beside their rows",
            office.day_tables_a_week * COURSE_NIGHT,
        ),
        ("`waldofy` and the tables of the dump", office.dump_gb * 1e9 * DUMP_BYTE),
        ("problems: states parsed", office.states * STATE_RECORD),
        ("all tables once for a new dump, beside their rows", office.courses * COURSE_FIRST),
        ("`report`", office.courses * REPORT_COURSE),
        ("pages of the courses", office.courses * PAGE_COURSE),
    ]


def machine_first(office: Office) -> list[tuple[str, float]]:
    """The first build of all years on one machine, what grows with them, with CPU seconds."""
    lines = office.lines_a_week * WEEKS * office.years
    days = office.courses * 365 * office.years * office.active_days
    return [
        ("`split`: lines to shards", lines * SPLIT_LINE),
        ("`logs2bq`: shards to day tables", lines * ROW_BYTES * LOAD_BYTE + days * LOAD_DAY),
        ("tables by date, the events themselves", lines * EVENT_TABLES),
    ]


def night_queries(office: Office) -> float:
    """Queries of a night: tables by date of each course that has lines, and what reads them. On BigQuery
    these are built again also when an input comes out as it was."""
    return office.courses * office.active_days * (TABLES_BY_DATE + WHOLE_QUERIES_BEHIND_LOGS)


def bigquery_week(office: Office) -> list[tuple[str, str]]:
    """A week on BigQuery: what is free, what is billed, and for how much."""
    jobs = office.day_tables_a_week + office.courses * TABLES_FROM_FILES
    queries = night_queries(office) * DAYS_A_WEEK + office.courses * (
        WHOLE_QUERIES - WHOLE_QUERIES_BEHIND_LOGS
    )
    day_bytes = office.lines_a_week * ROW_BYTES / office.day_tables_a_week
    readings = office.day_tables_a_week * READERS_OF_LOG_DAYS
    inputs = office.day_tables_a_week * INPUTS_BEHIND_LOGS + office.courses * (
        INPUTS_OF_WHOLE_QUERIES - INPUTS_BEHIND_LOGS
    )
    return [
        ("load jobs (free)", _number(jobs)),
        (
            f"these, {LOADS_SIDE_BY_SIDE} at once of {LOAD_JOB_SECONDS} s",
            _hours(jobs * LOAD_JOB_SECONDS / LOADS_SIDE_BY_SIDE),
        ),
        ("queries: tables behind the logs each night, others once", _number(queries)),
        (
            f"these, {office.at_once} at once of {office.query_seconds:g} s (assumed)",
            _hours(queries * office.query_seconds / office.at_once),
        ),
        (
            f"those of one night, {office.at_once} at once",
            _hours(night_queries(office) * office.query_seconds / office.at_once),
        ),
        ("a day table, on the mean, as lines", f"{day_bytes / 1e6:.1f} MB"),
        ("billed for log days, 10 MiB for each reading", _billed(readings * LEAST_BILLED, office.price)),
        (
            "the same, if all columns were read",
            _billed(readings * max(day_bytes, LEAST_BILLED), office.price),
        ),
        (
            "billed for whole tables, 10 MiB for each input, at the least",
            _billed(inputs * LEAST_BILLED, office.price),
        ),
    ]


@dataclass(frozen=True)
class Limit:
    """A limit of BigQuery: how many it allows, how many a campus uses, and what the use grows with:
    `courses`, `years`, or nothing, where edxtasks cuts its work so that it stays below."""

    what: str
    allowed: int
    used: float
    grows_with: str = ""

    def reached(self, office: Office) -> str:
        """The size at which the limit is met, all else as it is in this office."""
        if not self.grows_with:
            return "does not grow"
        return f"{_number(getattr(office, self.grows_with) * self.allowed / self.used)} {self.grows_with}"


def bigquery_limits(office: Office) -> list[Limit]:
    """The limits of docs/bigquery.md that size brings nearer."""
    days = office.years * 365
    loads = office.day_tables_a_week + office.courses * TABLES_FROM_FILES
    fastest = 86_400 / LOAD_JOB_SECONDS * LOADS_SIDE_BY_SIDE
    first = min(office.courses * days * office.active_days, fastest)
    return [
        Limit("tables in one query: log days", 1000, min(days, DAYS_IN_QUERY)),
        Limit("tables in one query: courses of a report", 1000, min(office.courses, BATCH)),
        Limit("text of a query, characters", 1_048_576, 900_000),
        Limit("load jobs of a project a day: all of a week in one", 100_000, loads, "courses"),
        Limit("load jobs of a project a day: first load", 100_000, first),
        Limit("load jobs of one table a day", 1500, 1),
        Limit("partitions of a table", 10_000, days, "years"),
        Limit("partitions changed by one statement", 4000, min(days, 2000)),
        Limit("changes of partitions of a table a day: all dates anew", 11_000, 2 * days, "years"),
        Limit("changes of a table a day: all dates anew", 1500, -(-days // DAYS_IN_QUERY), "years"),
        Limit("labels of a table", 64, 9),
        Limit("tables changed by one transaction", 100, 2),
    ]


def first_load_days(office: Office) -> float:
    """Days that the first load of all log days takes, eight load jobs at once."""
    first = office.courses * office.years * 365 * office.active_days
    return first * LOAD_JOB_SECONDS / LOADS_SIDE_BY_SIDE / 86_400


def tables(office: Office) -> str:
    """The tables of the page, as Markdown."""
    many = replace(office, lines_shrink=10 * office.lines_shrink)
    pairs = list(zip(machine_week(office), machine_week(many), strict=True))
    one_all, ten_all = (sum(seconds for _, seconds in machine_week(each)) for each in (office, many))
    heads = f"{office.lines_shrink:g} byte of lines a byte of log | {many.lines_shrink:g}"
    lines = [
        f"For {_number(office.courses)} courses, {office.years} years, {office.log_gb:g} GB of logs a year, "
        f"dumps of {office.dump_gb:g} GB a week.",
        "",
        f"| a week on one machine, CPU time of one core | {heads} |",
        "|---|---|---|",
        *(f"| {step} | {_hours(one)} | {_hours(ten)} |" for (step, one), (_, ten) in pairs),
        f"| all | {_hours(one_all)} | {_hours(ten_all)} |",
        "",
        f"| the first build of {office.years} years on one machine, CPU time of one core | {heads} |",
        "|---|---|---|",
        *(
            f"| {step} | {_hours(one)} | {_hours(ten)} |"
            for (step, one), (_, ten) in zip(machine_first(office), machine_first(many), strict=True)
        ),
        "",
        f"| a week on BigQuery | {heads} |",
        "|---|---|---|",
        *(
            f"| {what} | {one} | {ten} |"
            for (what, one), (_, ten) in zip(bigquery_week(office), bigquery_week(many), strict=True)
        ),
        "",
        "| limit of BigQuery | allowed | used | of it | reached at |",
        "|---|---|---|---|---|",
        *(
            f"| {limit.what} | {_number(limit.allowed)} | {_number(limit.used)} "
            f"| {limit.used / limit.allowed:.1%} | {limit.reached(office)} |"
            for limit in bigquery_limits(office)
        ),
        "",
        f"The first load of all log days takes {first_load_days(office):.1f} days.",
    ]
    return "\n".join(lines) + "\n"


def page_with(text: str, found: str) -> str:
    """A page in which the tables stand between their marks. Raises `ValueError` when it has no marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no lines {BEGIN.strip()} and {END.strip()}")
    return before + begin + found + end + after


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _hours(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _billed(read: float, price: float) -> str:
    return f"{read / TIB:.2f} TiB, {read / TIB * price:.2f} dollars"


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables, or put them into the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for one in fields(Office):
        kind = int if one.name in {"courses", "years", "at_once"} else float
        parser.add_argument("--" + one.name.replace("_", "-"), type=kind, default=one.default)
    parser.add_argument("--write", action="store_true", help="into docs/scale.md, for the default office")
    asked = vars(parser.parse_args(words))
    if asked.pop("write"):
        PAGE.write_text(page_with(PAGE.read_text(), tables(Office())))
    else:
        print(tables(Office(**asked)), end="")


if __name__ == "__main__":
    main()
