"""How long time_on_task and its totals take for a large course, and for one more day of it.

    python benchmarks/time_on_task.py [--libraries PYTHON] [--events N] [--days N] [--learners N]

A course is made up as day tables of the tracking log (as in person_course_day.py, with wiki pages). From them
the product builds time_on_task and time_on_task_totals, then both once more after one more day was loaded,
with a memory limit of 4 GB. The baseline, in the same run, is the same numbers written by hand in Polars,
which keeps no books and computes all of it each time. `PYTHON` is the interpreter of an environment of its
own:

    python -m venv /tmp/libraries && /tmp/libraries/bin/pip install polars

Each runs in a process of its own; memory is the most that it ever held (resident). All results are compared.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import person_course_day
from benchmarks.person_course_day import (
    COURSE,
    Watch,
    begin,
    by_hand,
    differences,
    line,
    make_events,
    run,
)

TABLES = ("time_on_task", "time_on_task_totals")
KINDS = ("video", "problem", "forum", "text")
SUMS = (
    "total_time_5",
    "total_time_30",
    *(
        name
        for kind in KINDS
        for name in (f"total_{kind}_time_5", f"total_{kind}_time_30", f"serial_{kind}_time_30")
    ),
)
SHORT, LONG = 300_000_000, 1_800_000_000
"""Time-outs, microseconds."""


def main() -> None:
    parts = {"make": make, "product": product, "polars": with_polars}
    begin(__file__, (__doc__ or ""), "polars", parts, compare)


def compare(options: argparse.Namespace) -> None:
    """Run each part in a process of its own, and print what they took."""
    make_events(options)
    ours = run(options, "product", sys.executable)
    polars = run(options, "polars", options.libraries) if options.libraries else None
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'MB':>8}  times ours")
    for stage in ("all days", "one more day"):
        line(f"product: {stage}", ours[stage], None)
        if polars is not None:
            again = " again" if stage == "one more day" else ""
            line(f"polars: all days{again}", polars[stage], ours[stage])
    print(f"peak of the product over both: {ours['memory']:,} MB")
    if polars is not None:
        told = differences(ours, polars) or "the same rows and sums"
        print(f"peak of polars over both: {polars['memory']:,} MB; {told}")


def make(options: argparse.Namespace) -> dict[str, Any]:
    """Load the day tables; the last one waits beside until all others are built."""
    pages = (f"/courses/{COURSE}/wiki/3.14x/", "textbook.pdf.page.scrolled")
    person_course_day.EVENT_TYPES = (*person_course_day.EVENT_TYPES, *pages)
    return person_course_day.make(options)


# The product


def product(options: argparse.Namespace) -> dict[str, Any]:
    """Build both tables from all days, then from one more."""
    return person_course_day.product(options, product_stage)


def product_stage(context: Any) -> dict[str, Any]:
    from edxtasks.build.build_table import build

    watch = Watch()
    course = context.courses[0]
    for name in TABLES:
        build(context, context.registry[name], course)
    took: dict[str, Any] = watch.took()
    folder = context.warehouse.folder / course.dataset
    sums: dict[str, float] = {}
    for name, files in zip(TABLES, ("time_on_task/*.parquet", "time_on_task_totals.parquet"), strict=True):
        totals = ", ".join(f"sum({column})" for column in SUMS)
        row = context.warehouse.session.connection.execute(
            f"SELECT count(*), {totals} FROM read_parquet('{folder}/{files}')"
        ).fetchone()
        sums |= {f"{name}.{column}": float(value or 0) for column, value in zip(_COLUMNS, row, strict=True)}
    return took | {"sums": sums}


_COLUMNS = ("rows", *SUMS)


# The same by hand


def with_polars(options: argparse.Namespace) -> dict[str, Any]:
    """Both stages in Polars, lazily: all days but the last, and all."""
    return by_hand(options, lambda paths, output: compute(paths, output.parent))


def compute(paths: list[str], folder: Path) -> dict[str, float]:
    """Both tables by hand, written as Parquet; their rows and sums."""
    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    kind, moment = pl.col("event_type"), pl.col("time")
    is_kind = {
        "video": kind.str.contains("[A-Za-z0-9_]_(?:video|transcript)"),
        "problem": kind.str.contains("problem_[A-Za-z0-9_]"),
        "forum": kind.str.starts_with("edx.forum.")
        | kind.str.contains("/discussion/(?:forum|threads|comments)"),
        "text": kind.str.starts_with("textbook.") | kind.str.contains("/wiki/", literal=True),
    }
    any_kind = pl.any_horizontal(*(f"is_{one}" for one in KINDS))

    def before(times: Any) -> Any:
        return times.forward_fill().shift(1).over("username")

    def gap(times: Any, earlier: Any) -> Any:
        return (times - earlier).dt.total_microseconds()

    def of_kind(one: str) -> Any:
        return pl.when(pl.col(f"is_{one}")).then(moment)

    def total(column: str, limit: int) -> Any:
        counted = pl.col(column).filter(pl.col(column) < limit)
        return pl.when(counted.count() > 0).then(counted.sum() / 1e6)

    columns = {"total_time_5": total("gap", SHORT), "total_time_30": total("gap", LONG)}
    for one in KINDS:
        columns[f"total_{one}_time_5"] = total(f"{one}_gap", SHORT)
        columns[f"total_{one}_time_30"] = total(f"{one}_gap", LONG)
        columns[f"serial_{one}_time_30"] = total(f"{one}_serial", LONG)
    daily = (
        pl.scan_parquet(paths)
        .select("username", "time", "event_type")
        .filter(
            (pl.col("username") != "") & kind.is_not_null() & ~kind.str.contains("(?s)/xblock/.*/handler")
        )
        .with_columns(**{f"is_{one}": condition for one, condition in is_kind.items()})
        .sort("username", "time", "event_type")
        .with_columns(gap=moment.diff().over("username").dt.total_microseconds())
        .with_columns(kind_before=before(pl.when(any_kind).then(moment)))
        .with_columns(
            **{f"{one}_gap": gap(of_kind(one), before(of_kind(one))) for one in KINDS},
            **{f"{one}_serial": gap(of_kind(one), pl.col("kind_before")) for one in KINDS},
            date=moment.dt.date(),
        )
        .group_by("date", "username")
        .agg(**columns)
        .filter(pl.col("total_time_30").is_not_null())
        .sort("date", "username")
        .collect()
    )
    totals = daily.group_by("username").agg(pl.col(*SUMS).sum()).sort("username")
    sums = {}
    for name, table in zip(TABLES, (daily, totals), strict=True):
        table.write_parquet(folder / f"{name}_by_hand.parquet", compression="zstd")
        sums[f"{name}.rows"] = float(table.height)
        sums |= {f"{name}.{column}": float(table[column].sum()) for column in SUMS}
    return sums


if __name__ == "__main__":
    main()
