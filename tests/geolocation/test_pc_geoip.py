"""The table `pc_geoip`, from a written database and files of regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from build_inputs import inputs

from edxtasks.config import Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.geolocation.regions import SHIPPED
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.person import pc_geoip
from edxtasks.warehouse.rows import Row

COURSE = CourseKey("MITx", "2.03x", "3T2013")
LEARNERS = {
    "oxford": "81.2.69.142",
    "Oxford": "::ffff:81.2.69.7",
    "bhutan": "67.43.156.1",
    "windhoek": "41.63.200.1",
    "haiti": "200.4.160.9",
    "kosovo": "46.99.1.1",
    "nowhere": "5.2.0.1",
    "private": "10.1.2.3",
    "unknown": "8.8.8.8",
    "list": "81.2.69.142, 67.43.156.1",
    "blank": " 81.2.69.142",
    "none": None,
    "empty": "",
}


def build(
    settings: Settings, learners: dict[str, str | None] | None, messages: Messages
) -> list[dict[str, Any]]:
    sources = pc_geoip.sources(Instance(settings, COURSE))
    rows: Iterator[Row] | None = None
    if learners is not None:
        rows = iter([{"username": name, "modal_ip": ip, "source": "course"} for name, ip in learners.items()])
    content = pc_geoip.build(
        inputs(COURSE, settings, sources, settings.root, messages, {"pc_modal_ip": rows})
    )
    assert isinstance(content, Iterator | list)
    return [dict(row) for row in content]


def configured(tmp_path: Path, database: Path, regions: Path | None = None) -> Settings:
    return Settings(root=tmp_path, paths=Paths(geoip_database=database, geographic_regions=regions))


def test_columns() -> None:
    assert [(column.name, column.type) for column in pc_geoip.SCHEMA] == [
        ("username", "STRING"),
        ("country", "STRING"),
        ("city", "STRING"),
        ("countryLabel", "STRING"),
        ("latitude", "FLOAT"),
        ("longitude", "FLOAT"),
        ("region_code", "STRING"),
        ("subdivision", "STRING"),
        ("postalCode", "STRING"),
        ("continent", "STRING"),
        ("un_region", "STRING"),
        ("econ_group", "STRING"),
        ("developing_nation", "STRING"),
        ("special_region1", "STRING"),
    ]
    assert all(column.description for column in pc_geoip.SCHEMA)


def test_rows(tmp_path: Path, database: Path) -> None:
    messages = Messages()
    rows = build(configured(tmp_path, database), LEARNERS, messages)
    assert all(tuple(row) == tuple(rows[0]) and set(row) == set(pc_geoip.SCHEMA.names) for row in rows)
    found = {row.pop("username"): tuple(row[name] for name in pc_geoip.SCHEMA.names[1:]) for row in rows}
    developing = "Developing_Nations"
    oxford = (
        *("GB", "Oxford", "United Kingdom", 51.75, -1.25, "OXF", "Oxfordshire", "OX1", "Europe"),
        *("Europe", "Developed regions", None, None),
    )
    assert found == {
        "oxford": oxford,
        "Oxford": oxford,
        # without a city, kept
        "bhutan": (
            *("BT", None, "Bhutan", 27.5, 90.5, None, None, None, "Asia"),
            *("Asia", developing, None, None),
        ),
        "windhoek": (
            *("NA", "Windhoek", "Namibia", -22.5, 17.0, None, None, None, "Africa"),
            *("Africa", developing, None, "Sub-Saharan-Africa"),
        ),
        # name and continent of the country from the regions
        "haiti": (
            *("HT", None, "Haiti", None, None, None, None, None, "North America"),
            *("Americas", developing, "Least developed countries", "Latin America and the Caribbean"),
        ),
        # a country that the regions do not know
        "kosovo": ("XK", None, "Kosovo", *[None] * 10),
        # a record without a country
        "nowhere": (*[None] * 13,),
    }
    # 11 learners have an address, 7 of them a place; the list and the one with a blank are malformed
    assert messages.counts == {"addresses": 11, "places": 7, "malformed addresses": 2}
    assert len(messages.lines) == 1 and "2 malformed addresses" in messages.lines[0]


def test_own_regions_never_overwrite(tmp_path: Path, database: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "cc,code,name,un_region,continent,econ_group,developing_nation,special_region1\n"
        "GB,826,Albion,Isles,Atlantis,,,\n"
        "NA,516,South West,Deserts,Gondwana,rich,no,\n"
        "HT,332,Hispaniola,,Antilles,,,\n"
    )
    learners = {name: LEARNERS[name] for name in ("oxford", "windhoek", "haiti", "bhutan")}
    rows = build(configured(tmp_path, database, own), learners, Messages())
    wanted = ("countryLabel", "continent", "un_region", "econ_group", "developing_nation", "special_region1")
    assert {row["username"]: tuple(row[name] for name in wanted) for row in rows} == {
        "oxford": ("United Kingdom", "Europe", "Isles", None, None, None),
        "windhoek": ("Namibia", "Africa", "Deserts", "rich", "no", None),
        "haiti": ("Hispaniola", "Antilles", None, None, None, None),
        "bhutan": ("Bhutan", "Asia", None, None, None, None),
    }


def test_without_a_database(tmp_path: Path) -> None:
    messages = Messages()
    settings = Settings(root=tmp_path)
    assert pc_geoip.sources(Instance(settings, COURSE)) == {
        "geoip_database": None,
        "geographic_regions": SHIPPED,
    }
    assert build(settings, LEARNERS, messages) == []
    assert len(messages.lines) == 1
    assert messages.lines[0].startswith(f"no City database at {tmp_path}/GeoIP2-City.mmdb: ")
    assert "https://www.maxmind.com/" in messages.lines[0] and "geoip_database" in messages.lines[0]


def test_without_modal_addresses(tmp_path: Path, database: Path) -> None:
    assert build(configured(tmp_path, database), None, Messages()) == []


def test_sources(tmp_path: Path, database: Path) -> None:
    own = tmp_path / "own.csv"
    with pytest.raises(InputError, match="geographic_regions"):
        pc_geoip.sources(Instance(configured(tmp_path, database, own), COURSE))
    own.write_text("cc\n")
    assert pc_geoip.sources(Instance(configured(tmp_path, database, own), COURSE)) == {
        "geoip_database": database,
        "geographic_regions": own,
    }


def test_a_wrong_file(tmp_path: Path, write_database: Callable[..., Path]) -> None:
    country = write_database("Country.mmdb", kind="GeoLite2-Country")
    with pytest.raises(InputError, match=r"Country\.mmdb .*holds GeoLite2-Country"):
        build(configured(tmp_path, country), LEARNERS, Messages())


def test_rows_are_streamed(tmp_path: Path, database: Path) -> None:
    """The table is not read to its end before the first row comes."""
    settings = configured(tmp_path, database)

    def learners() -> Iterator[Row]:
        yield {"username": "first", "modal_ip": "81.2.69.142"}
        raise AssertionError("read on")

    sources = pc_geoip.sources(Instance(settings, COURSE))
    content = pc_geoip.build(
        inputs(COURSE, settings, sources, tmp_path, Messages(), {"pc_modal_ip": learners()})
    )
    assert isinstance(content, Iterator)
    assert next(content)["username"] == "first"
    with pytest.raises(AssertionError, match="read on"):
        next(content)
