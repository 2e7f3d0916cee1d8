"""The tables of `makegeoip`: the addresses without a country of a combined person_course, and their places.

They are made from the combined table of the chosen courses, unless the run names another one: then that one
is taken as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edxtasks.build.context import usual_report_dataset
from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.errors import SettingsError
from edxtasks.geolocation import extra_geoip
from edxtasks.geolocation.lookup import CityDatabase
from edxtasks.notes import Notes
from edxtasks.table import AwaitedFrom, ComputedFrom, Need, Scope, SelectedBy, Table
from edxtasks.warehouse.base import TableName, digest
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

COMMAND = "makegeoip"
COMBINED = "report.person_course_latest"
ADDRESSES = f"{COMBINED}_ip_no_cc"
PLACES = "geocode.extra_geoip"

_READ = schema("""
ip STRING -- address of most events
cc_by_ip STRING -- its country
""")


def _build(
    course: CourseKey,
    settings: Settings,
    sources: dict[str, Path | None],
    tables: Mapping[str, Iterator[Row] | None],
    scratch: Path,
    notes: Notes,
) -> Content:
    """The rows of `extra_geoip`: those that it has, and the places of the addresses that were listed."""
    database = sources["geoip_database"]
    [addresses] = [rows for name, rows in tables.items() if name != PLACES]
    assert database is not None and addresses is not None
    return _places(tables[PLACES], addresses, database, notes)


def _places(
    existing: Iterator[Row] | None, addresses: Iterator[Row], path: Path, notes: Notes
) -> Iterator[Row]:
    listed = {row["ip"] for row in addresses} - {None, ""}
    found = 0
    with CityDatabase(path) as database:
        for row in extra_geoip.build_extra(existing, listed, database):
            found += row["ip"] in listed
            yield row
    notes.say(f"{len(listed)} addresses without a country, {found} of them known to {path.name}")


TABLE = Table(
    PLACES,
    COMMAND,
    extra_geoip.SCHEMA,
    ComputedFrom(
        _build, extra_geoip.VERSION, lambda course, settings: extra_geoip.sources(settings), accumulates=True
    ),
    "Places of the addresses that had no country in a combined person_course.",
    scope=Scope.WAREHOUSE,
    grain="ip",
    inputs={ADDRESSES: Need.REQUIRED},
)
"""`geocode.extra_geoip`, from the combined table of the chosen courses."""


def other_input(settings: Settings, courses: tuple[CourseKey, ...]) -> TableName | None:
    """The table that the run names for `makegeoip`, None for the combined one of the chosen courses.

    It is named by `table=DATASET.TABLE`, or by the setting `org` where the chosen courses are of another
    organization and nothing on the line names their report dataset.
    """
    options = settings.options
    if options.table is not None:
        return _table_name(options.table)
    named = options.org or options.output_dataset_id or options.dataset_latest
    if settings.org is None or named or not courses or courses[0].org == settings.org:
        return None
    return TableName(usual_report_dataset(settings.org), "person_course_latest")


def _table_name(text: str) -> TableName | None:
    dataset, _, table = text.partition(".")
    try:
        return TableName(dataset, table)
    except ValueError:
        return None


def refuse_odd_table(settings: Settings) -> None:
    """Raise `SettingsError` where `table=` names no table that `makegeoip` could take."""
    text = settings.options.table
    if text is not None and _table_name(text) is None:
        raise SettingsError(f"table={text}: {COMMAND} takes a table with its dataset, DATASET.TABLE")


def with_other_input(registry: Mapping[str, Table], name: TableName) -> dict[str, Table]:
    """A registry in which `makegeoip` reads another table, as it stands."""
    model = registry[ADDRESSES]
    if model.fault:
        return dict(registry)
    assert isinstance(model.made, SelectedBy) and model.made.sql.count(f"FROM {COMBINED}\n") == 1
    sql = model.made.sql.replace(f"FROM {COMBINED}\n", f"FROM `{name.dataset}`.`{name.table}`\n")
    addresses = replace(
        model,
        name=f"{name}_ip_no_cc",
        scope=Scope.WAREHOUSE,
        made=SelectedBy(sql, digest(model.made.recipe, str(name))),
        inputs={str(name): Need.REQUIRED},
    )
    given = registry.get(str(name)) or Table(
        str(name), command="", schema=_READ, made=AwaitedFrom(), scope=Scope.WAREHOUSE
    )
    others = {one: table for one, table in registry.items() if one not in {ADDRESSES, PLACES, given.name}}
    places = replace(registry[PLACES], inputs={addresses.name: Need.REQUIRED})
    return {**others, given.name: given, addresses.name: addresses, PLACES: places}
