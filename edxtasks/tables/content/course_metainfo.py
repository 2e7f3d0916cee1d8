"""The table `course_metainfo`: what a course consists of and how long it ran, a row per key.

Made from the bundle, the course's row of the listings file, the use of its modules (`stats_module_usage`)
and, where there is one, `course_metainfo_overrides.csv` (columns course_id, key, value) in the dated
directory. `course_metainfo.csv` is written beside.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from edxtasks.content.archive import read_archive
from edxtasks.content.bundle import Bundle, bundle_name, load_bundle, make_bundle
from edxtasks.content.dates import parse_listed_date
from edxtasks.content.files_beside_tables import csv_bytes, write_beside
from edxtasks.content.findings import LISTINGS, OVERRIDES, TIME, USAGE, Findings
from edxtasks.content.listings_file import LAUNCH, WRAP, Listing, find_listing, make_key, read_listings
from edxtasks.content.markup import decode
from edxtasks.content.place import content_directory, content_file
from edxtasks.content.statistics import Length, Statistics, length, statistics, usage_by_module
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.printable import printable, printable_path
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

OUTPUT_FILES = ("course_metainfo.csv",)
"""Files written into the dated directory."""

OVERRIDES_FILE = "course_metainfo_overrides.csv"

SCHEMA = schema("""
    course_id STRING -- course key, slash form
    key STRING -- what is told: listings_…, count_…, problem_stat_…, nweeks, …
    value STRING -- its value as text
""")


def sources(of: Instance) -> dict[str, Path | None]:
    """`content`: the course export, a mended bundle before it, the bundle where the export is gone;
    `listings`; `overrides`: may be absent.

    Raises `SourceAbsentError` when there is no content or no listings file, and what
    `edxtasks.directories.sql_directory` raises.
    """
    listings = of.settings.paths.listings
    if listings is None or not listings.is_file():
        where = f"{listings} does not exist" if listings else "the setting listings is not set"
        raise SourceAbsentError(f"no listing: {where}")
    content = content_file(of.course, of.settings)
    overrides = content_directory(of.course, of.settings) / OVERRIDES_FILE
    return {"content": content, "listings": listings, "overrides": overrides if overrides.is_file() else None}


def build(inputs: BuildInputs) -> Content:
    """The rows of the table; `course_metainfo.csv` is written into the dated directory.

    Raises `SourceAbsentError` when the listings file has no row of the course, and `InputError` when a file
    cannot be read.
    """
    course, messages = inputs.course, inputs.messages
    content_path, listings_path = inputs.file("content"), inputs.file("listings")
    findings = Findings()
    listing = find_listing(read_listings(listings_path, findings), course, findings)
    if listing is None:
        raise SourceAbsentError(f"no listing: {listings_path} has no row of {course}")
    usage_rows = list(inputs.rows("stats_module_usage") or ())
    if not usage_rows:
        findings.add(USAGE, "stats_module_usage is empty or absent: no content is excluded")
    bundle, name = _bundle(content_path, course)
    counted = statistics(bundle, usage_by_module(usage_rows))
    values = metainfo(course, listing, counted, name, listings_path.name, findings)
    overrides = inputs.files.get("overrides")
    if overrides is not None:
        override(values, read_overrides(overrides), course, findings)
    findings.tell(messages)
    rows: list[Row] = [
        {"course_id": str(course), "key": key, "value": value} for key, value in values.items()
    ]
    table = csv_bytes(SCHEMA.names, [[row[name] for name in SCHEMA.names] for row in rows])
    write_beside(
        content_directory(course, inputs.settings), inputs.scratch, {OUTPUT_FILES[0]: table}, messages
    )
    return rows


def metainfo(
    course: CourseKey,
    listing: Listing,
    counted: Statistics,
    bundle: str,
    listings: str,
    findings: Findings,
) -> dict[str, str | None]:
    """Keys and values, in their order; `bundle` and `listings` are the names of the files that were used."""
    ran = _length(listing, counted, findings)
    values: dict[str, str | None] = {"course_id": str(course), "course_length_days": _text(ran.days)}
    for column, value in listing.items():
        key = f"listings_{make_key(column)}"
        if key in values:
            findings.add(LISTINGS, f'column "{column}" is left out: another one gives {key}')
        else:
            values[key] = value
    values |= {
        "nweeks": _text(ran.weeks),
        "nqual_per_week": _text(ran.qualitative_per_week),
        "nquant_per_week": _text(ran.quantitative_per_week),
        "total_assessments_per_week": _text(ran.assessments_per_week),
        "filename_xbundle": bundle,
        "filename_listings": listings,
    }
    for prefix, counts in (
        ("count_", counted.counts),
        ("problem_stat_", counted.problems),
        ("nexcluded_sub_20_", counted.excluded),
    ):
        values |= {f"{prefix}{name}": str(number) for name, number in sorted(counts.items()) if number}
    return values


def read_overrides(path: Path) -> list[tuple[str, str, str | None]]:
    """Course, key and value of each row of an overrides file.

    Raises `InputError` naming file and line when columns are missing, or it is not CSV.
    """
    reader = csv.DictReader(io.StringIO(decode(path.read_bytes()), newline=""))
    where, expected = printable_path(path), f"expected {', '.join(SCHEMA.names)}"
    rows = []
    try:
        missing = [name for name in SCHEMA.names if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{where} has no column {', '.join(missing)}: {expected}.")
        for row in reader:
            if not row["key"] or row["value"] is None:
                raise InputError(f"{where} line {reader.line_num}: {expected}.")
            rows.append((row["course_id"] or "", row["key"].strip(), row["value"] or None))
    except csv.Error:
        raise InputError(f"{where} line {reader.line_num}: expected standard CSV with {expected}.") from None
    return rows


def override(
    values: dict[str, str | None],
    overrides: Iterable[tuple[str, str, str | None]],
    course: CourseKey,
    findings: Findings,
) -> None:
    """Replace values by those of the overrides, and add new keys at the end."""
    for course_id, key, value in overrides:
        if CourseKey.find(course_id) == course:
            values[key] = value
        else:
            other = CourseKey.find(course_id)
            named = f"the course {printable(other)}" if other is not None else "no course"
            findings.add(OVERRIDES, f"ERROR: a row for {named} in the file of {course}: ignored")


def _bundle(path: Path, course: CourseKey) -> tuple[Bundle, str]:
    """The bundle that a file holds or that is made from it, and the name of its file."""
    if path.name.startswith("xbundle_"):
        return load_bundle(path, course, str(path)), path.name
    # What is amiss in the export is told with course_axis.
    amiss = Findings()
    return make_bundle(read_archive(path, amiss), course, str(path), amiss), bundle_name(course)


def _length(listing: Listing, counted: Statistics, findings: Findings) -> Length:
    launch, wrap = (_date(listing, column, findings) for column in (LAUNCH, WRAP))
    ran = length(launch, wrap, counted)
    if ran.days is not None and ran.days <= 0:
        findings.add(TIME, f'"{WRAP}" is not after "{LAUNCH}": nothing per week')
    return ran


def _date(listing: Listing, column: str, findings: Findings) -> date | None:
    text = listing.get(column) or ""
    try:
        found = parse_listed_date(text)
    except ValueError:
        found = None
    if found is None:
        # The text is not shown: where columns are shifted it may be anything, an instructor's name too.
        findings.add(TIME, f'"{column}" of the listings file is not a date: no length of the course')
    return found


def _text(value: float | None) -> str | None:
    return None if value is None else str(value)


TABLE = Table(
    command="analyze_content, analyze_course",
    grain="key",
    schema=SCHEMA,
    inputs={"stats_module_usage": Need.OPTIONAL},
    builder=PythonModel(
        version=2,
        build=build,
        sources=sources,
        reads={
            "file:course.xml.tar.gz": Need.REQUIRED,
            "setting:course_axis_pin_dates": Need.OPTIONAL,
            "setting:listings": Need.REQUIRED,
            "file:xbundle_{course}.xml": Need.OPTIONAL,
            "file:course_metainfo_overrides.csv": Need.OPTIONAL,
        },
        outputs=OUTPUT_FILES,
    ),
)
