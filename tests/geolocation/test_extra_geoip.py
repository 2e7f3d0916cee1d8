"""`makegeoip`: addresses without a country, and the table of the places found for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edxtasks.config import Paths, Settings
from edxtasks.errors import SourceAbsentError
from edxtasks.geolocation.lookup import CityDatabase
from edxtasks.table import Instance
from edxtasks.tables.geocode.extra_geoip import (
    SCHEMA,
    build_extra,
    sources,
)
from edxtasks.warehouse.rows import Row

OXFORD = {
    "ip": "81.2.69.142",
    "city": "Oxford",
    "countryLabel": "United Kingdom",
    "country": "GB",
    "postalCode": "OX1",
    "continent": "Europe",
    "subdivision": "Oxfordshire",
    "region": "OXF",
    "latitude": 51.75,
    "longitude": -1.25,
}


def row(address: str, city: str, **more: object) -> dict[str, Any]:
    return dict.fromkeys(SCHEMA.names) | {"ip": address, "city": city} | more


def bhutan(address: str) -> dict[str, Any]:
    place = {
        "country": "BT",
        "countryLabel": "Bhutan",
        "continent": "Asia",
        "latitude": 27.5,
        "longitude": 90.5,
    }
    return dict.fromkeys(SCHEMA.names) | {"ip": address} | place


def test_columns() -> None:
    assert SCHEMA.names == (
        *("ip", "city", "countryLabel", "country", "postalCode", "continent", "subdivision", "region"),
        *("latitude", "longitude"),
    )
    assert {column.type for column in SCHEMA.columns[:8]} == {"STRING"}
    assert [column.type for column in SCHEMA.columns[8:]] == ["FLOAT", "FLOAT"]


def test_a_first_table(database: Path) -> None:
    addresses = ["81.2.69.142", None, "", "8.8.8.8", "67.43.156.9", "x,y", "67.43.156.1", "10.0.0.1"]
    with CityDatabase(database) as cities:
        rows = list(build_extra(None, addresses, cities))
        assert rows == [bhutan("67.43.156.1"), bhutan("67.43.156.9"), OXFORD]
        assert all(tuple(one) == SCHEMA.names for one in rows)


def test_found_rows_are_added_or_replaced_and_others_kept(database: Path) -> None:
    existing = [
        row("81.2.69.142", "Old Oxford", country="XX", postalCode="OX0"),  # in the list, found
        row("41.63.200.1", "Old Windhoek"),  # found if it were in the list
        row("8.8.8.8", "Mountain View"),  # in the list, not found
        row("41.63.200.1", "a second row of this address"),
        row("81.2.69.142", "a second row of that address"),
    ]
    addresses = ["8.8.8.8", "81.2.69.142", "67.43.156.1", "81.2.69.142"]
    with CityDatabase(database) as cities:
        rows = list(build_extra(iter(existing), iter(addresses), cities))
        assert rows == [
            OXFORD,
            row("41.63.200.1", "Old Windhoek"),
            row("8.8.8.8", "Mountain View"),
            bhutan("67.43.156.1"),
        ]
        # the same build again changes nothing
        assert list(build_extra(rows, addresses, cities)) == rows


def test_a_newer_database_refreshes(database: Path, write_database: Callable[..., Path]) -> None:
    with CityDatabase(database) as cities:
        rows = list(build_extra(None, ["81.2.69.142", "67.43.156.1"], cities))
    moved = {"city": {"names": {"en": "Moved"}}, "country": {"iso_code": "SE"}}
    with CityDatabase(write_database("newer.mmdb", {"81.2.69.0/24": moved})) as cities:
        # the address that the newer one does not know keeps its row
        assert list(build_extra(rows, ["81.2.69.142", "67.43.156.1"], cities)) == [
            bhutan("67.43.156.1"),
            row("81.2.69.142", "Moved", country="SE"),
        ]


def test_only_the_listed_columns(database: Path) -> None:
    """A table filled elsewhere may lack columns or have others."""
    existing: list[Row] = [{"ip": "8.8.8.8", "city": "Mountain View", "isp": "x"}]
    with CityDatabase(database) as cities:
        assert list(build_extra(existing, [], cities)) == [row("8.8.8.8", "Mountain View")]


def test_sources(tmp_path: Path, database: Path) -> None:
    assert sources(Instance(Settings(root=tmp_path, paths=Paths(geoip_database=database)))) == {
        "geoip_database": database
    }
    with pytest.raises(SourceAbsentError, match=r"GeoIP2-City\.mmdb; get GeoLite2-City\.mmdb"):
        sources(Instance(Settings(root=tmp_path)))
