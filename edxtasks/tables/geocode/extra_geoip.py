"""The table `geocode.extra_geoip`: places of the addresses that had no country in a combined person_course.

Addresses without a country are listed with their numbers of rows (`<table>_ip_no_cc`), looked up, and those
found are added to the table or replace their row; all other rows stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from edxtasks.errors import SourceAbsentError
from edxtasks.geolocation.lookup import HOW_TO_GET, CityDatabase, Place, database_file
from edxtasks.messages import Messages
from edxtasks.printable import quantity
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Scope, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
ip STRING -- address, unique
city STRING -- city, English name
countryLabel STRING -- country, English name
country STRING -- country of the address, two letters (ISO 3166-1)
postalCode STRING -- postal code
continent STRING -- continent, English name; North and South America are two
subdivision STRING -- smallest subdivision of the country: English name
region STRING -- smallest subdivision of the country: code (ISO 3166-2, without the country)
latitude FLOAT -- degrees north
longitude FLOAT -- degrees east
""")

_NAME = "geocode.extra_geoip"
_ADDRESSES = "report.person_course_latest_ip_no_cc"


def sources(of: Instance) -> dict[str, Path | None]:
    """The City database. Raises `SourceAbsentError` when there is none, `InputError` when it is not a
    file."""
    database = database_file(of.settings)
    if database is None:
        raise SourceAbsentError(
            f"there is no City database at {of.settings.paths.geoip_database}; {HOW_TO_GET}"
        )
    return {"geoip_database": database}


def build_extra(
    existing: Iterable[Row] | None, addresses: Iterable[object], database: CityDatabase
) -> Iterator[Row]:
    """The rows of `extra_geoip` after looking up the addresses of `<table>_ip_no_cc`.

    `existing` are the rows of the table as it stands, None while there is none; `addresses` is the column
    `ip` of the list. A row whose address is in the list and found is replaced in its place, any other is kept
    (the first, where an address has several); then come the new ones, by address. Every address is looked up
    once, whichever build of the database its row came from: the same build gives the same row again, so what
    comes out is what it would be if only rows from another build were refreshed. Memory: the addresses.
    """
    waiting = {address for address in addresses if isinstance(address, str) and address}
    seen: set[object] = set()
    for row in existing or ():
        address = row["ip"]
        if address in seen:
            continue
        seen.add(address)
        place = database.find(address) if isinstance(address, str) and address in waiting else None
        yield {name: row.get(name) for name in SCHEMA.names} if place is None else _row(str(address), place)
    for address in sorted(waiting - seen):
        place = database.find(address)
        if place is not None:
            yield _row(address, place)


def _row(address: str, place: Place) -> Row:
    return {
        "ip": address,
        "city": place.city,
        "countryLabel": place.country_label,
        "country": place.country,
        "postalCode": place.postal_code,
        "continent": place.continent,
        "subdivision": place.subdivision,
        "region": place.region,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def build(inputs: BuildInputs) -> Content:
    """The rows that the table has, and the places of the addresses that were listed."""
    return _places(
        inputs.rows(_NAME), inputs.rows(_ADDRESSES), inputs.file("geoip_database"), inputs.messages
    )


def _places(
    existing: Iterator[Row] | None, addresses: Iterator[Row] | None, path: Path, messages: Messages
) -> Iterator[Row]:
    listed = {row["ip"] for row in addresses or ()} - {None, ""}
    found = 0
    with CityDatabase(path) as database:
        for row in build_extra(existing, listed, database):
            found += row["ip"] in listed
            yield row
    messages.note(
        f"{quantity(len(listed), 'address', 'addresses')} without a country, {found} of them known "
        f"to {path.name}"
    )


TABLE = Table(
    command="makegeoip",
    required_when_named=True,
    scope=Scope.WAREHOUSE,
    grain="ip",
    schema=SCHEMA,
    inputs={_ADDRESSES: Need.REQUIRED},
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"setting:geoip_database": Need.REQUIRED},
        accumulates=True,
    ),
)
