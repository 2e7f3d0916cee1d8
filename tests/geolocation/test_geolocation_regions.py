"""The file of UN regions: the one that ships, against the numbers of the standard; files of other people."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
import pytz

from edxtasks.config import Paths, Settings
from edxtasks.errors import InputError
from edxtasks.geolocation.regions import SHIPPED, Region, read_regions, regions_file
from edxtasks.messages import Messages

LATIN_AMERICA = "Latin America and the Caribbean"
SUB_SAHARAN = "Sub-Saharan-Africa"
DEVELOPED, DEVELOPING = "Developed regions", "Developing_Nations"
HEADER = "cc,code,name,un_region,continent,econ_group,developing_nation,special_region1\n"

# The United Nations' list of the least developed countries since the graduation of Sao Tome and Principe
# (13 December 2024): 44 countries, 32 of Africa, 8 of Asia, 3 of Oceania, and Haiti.
LEAST_DEVELOPED = {
    *("AO", "BF", "BI", "BJ", "CD", "CF", "DJ", "ER", "ET", "GM", "GN", "GW", "KM", "LR", "LS", "MG"),
    *("ML", "MR", "MW", "MZ", "NE", "RW", "SD", "SL", "SN", "SO", "SS", "TD", "TG", "TZ", "UG", "ZM"),
    *("AF", "BD", "KH", "LA", "MM", "NP", "TL", "YE"),
    *("KI", "SB", "TV"),
    "HT",
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Region]:
    messages = Messages()
    regions = read_regions(SHIPPED, messages)
    assert (messages.lines, dict(messages.counts)) == ([], {})
    return regions


def test_all_countries_of_iso_3166(shipped: dict[str, Region]) -> None:
    # the time zone database ships the list of ISO 3166-1: 249 codes
    assert set(shipped) == set(pytz.country_names)
    assert len(shipped) == 249


def test_codes_and_names() -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        assert file.readline() == HEADER
        file.seek(0)
        rows = list(csv.DictReader(file))
    assert [row["cc"] for row in rows] == sorted({row["cc"] for row in rows})
    assert all(len(row["code"]) == 3 and row["code"].isdecimal() for row in rows)
    assert len({row["code"] for row in rows}) == len({row["name"] for row in rows}) == 249
    assert all(row["name"] and None not in row and None not in row.values() for row in rows)
    numbers = {row["cc"]: row["code"] for row in rows}
    assert {cc: numbers[cc] for cc in ("AF", "NA", "GB", "US", "ZW", "AQ")} == {
        "AF": "004",
        "NA": "516",
        "GB": "826",
        "US": "840",
        "ZW": "716",
        "AQ": "010",
    }


def test_numbers_of_countries_per_region(shipped: dict[str, Region]) -> None:
    # M49 (December 2021) counts 60 in Africa, 53 of them Sub-Saharan, 57 in the Americas, 5 of them Northern,
    # 50 in Asia, 52 in Europe, 29 in Oceania, and Antarctica in none. Here Europe lacks Sark, which has no
    # ISO code, and Asia has Taiwan as well.
    assert Counter(region.un_region for region in shipped.values()) == {
        "Africa": 60,
        "Americas": 57,
        "Asia": 51,
        "Europe": 51,
        "Oceania": 29,
        None: 1,
    }
    assert Counter(region.special_region1 for region in shipped.values()) == {
        SUB_SAHARAN: 53,
        LATIN_AMERICA: 57 - 5,
        None: 249 - 53 - 52,
    }
    # Developed: Europe (51), Northern America (5), Australia and New Zealand with their islands (6), and
    # Cyprus, Israel and Japan
    assert Counter(region.econ_group for region in shipped.values()) == {
        DEVELOPED: 51 + 5 + 6 + 3,
        DEVELOPING: 249 - 65 - 1,
        None: 1,
    }


def test_continents(shipped: dict[str, Region]) -> None:
    assert {region.continent for region in shipped.values()} == {
        "Africa",
        "Antarctica",
        "Asia",
        "Europe",
        "North America",
        "Oceania",
        "South America",
    }
    antarctic = {country for country, region in shipped.items() if region.continent == "Antarctica"}
    assert antarctic == {"AQ", "BV", "GS", "HM", "TF"}
    south_american = {country for country, region in shipped.items() if region.continent == "South America"}
    assert south_american == {
        *("AR", "BO", "BR", "CL", "CO", "EC", "FK"),
        *("GF", "GY", "PE", "PY", "SR", "UY", "VE"),
    }
    # Where MaxMind and the United Nations part a country off differently, the continent is MaxMind's.
    differ = {
        country
        for country, region in shipped.items()
        if region.continent not in (region.un_region, "Antarctica") and region.un_region != "Americas"
    }
    assert differ == {"CC", "CY", "IO", "TL"}


def test_least_developed_countries(shipped: dict[str, Region]) -> None:
    found = {cc for cc, region in shipped.items() if region.developing_nation == "Least developed countries"}
    assert found == LEAST_DEVELOPED and len(found) == 44
    assert {shipped[cc].developing_nation for cc in set(shipped) - found} == {None}
    assert {shipped[cc].econ_group for cc in found} == {DEVELOPING}


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("NA", Region("Namibia", "Africa", "Africa", DEVELOPING, None, SUB_SAHARAN)),
        ("SD", Region("Sudan", "Africa", "Africa", DEVELOPING, "Least developed countries", None)),
        ("ZA", Region("South Africa", "Africa", "Africa", DEVELOPING, None, SUB_SAHARAN)),
        ("US", Region("United States of America", "Americas", "North America", DEVELOPED, None, None)),
        ("MX", Region("Mexico", "Americas", "North America", DEVELOPING, None, LATIN_AMERICA)),
        ("BR", Region("Brazil", "Americas", "South America", DEVELOPING, None, LATIN_AMERICA)),
        ("JP", Region("Japan", "Asia", "Asia", DEVELOPED, None, None)),
        ("KR", Region("Republic of Korea", "Asia", "Asia", DEVELOPING, None, None)),
        ("CY", Region("Cyprus", "Asia", "Europe", DEVELOPED, None, None)),
        ("TW", Region("Taiwan", "Asia", "Asia", DEVELOPING, None, None)),
        ("RU", Region("Russian Federation", "Europe", "Europe", DEVELOPED, None, None)),
        ("AX", Region("Åland Islands", "Europe", "Europe", DEVELOPED, None, None)),
        ("NZ", Region("New Zealand", "Oceania", "Oceania", DEVELOPED, None, None)),
        ("FJ", Region("Fiji", "Oceania", "Oceania", DEVELOPING, None, None)),
        ("AQ", Region("Antarctica", None, "Antarctica", None, None, None)),
    ],
)
def test_known_countries(shipped: dict[str, Region], country: str, region: Region) -> None:
    assert shipped[country] == region


def read(tmp_path: Path, content: bytes | str) -> tuple[dict[str, Region], Messages]:
    path = tmp_path / "regions.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    messages = Messages()
    return read_regions(path, messages), messages


def test_columns_in_any_order_with_a_byte_order_mark(tmp_path: Path) -> None:
    content = (
        "\ufeffname , cc,extra,un_region,continent,econ_group,special_region1,developing_nation\r\n"
        '"Bolivia, the Andes", bo ,1,Americas,South America,NULL,NA,\r\n'
        "\r\n"
        "Namibia,NA,2,Africa\r\n"
    )
    regions, messages = read(tmp_path, content)
    assert regions == {
        "BO": Region("Bolivia, the Andes", "Americas", "South America", "NULL", None, "NA"),
        "NA": Region("Namibia", "Africa", None, None, None, None),
    }
    assert messages.lines == []


def test_rows_without_a_country_code_are_counted(tmp_path: Path) -> None:
    rows = ",,World,,,,,\nGBR,826,United Kingdom,Europe,,,,\nG1,1,x,y,,,,\nSE,752,Sweden,Europe,Europe,,,\n"
    regions, messages = read(tmp_path, HEADER + rows)
    assert set(regions) == {"SE"}
    assert messages.counts == {"rejects": 3}
    assert messages.lines == [
        f"{tmp_path}/regions.csv: left out 3 rows whose cc is not a two-letter country code"
    ]


def test_a_file_in_latin_1(tmp_path: Path) -> None:
    regions, messages = read(tmp_path, (HEADER + "RE,638,Réunion,Africa,,,,\n").encode("latin-1"))
    assert regions["RE"].name == "Réunion"
    assert messages.lines == [f"{tmp_path}/regions.csv is not UTF-8: read as Latin-1"]


def test_two_rows_of_a_country(tmp_path: Path) -> None:
    same = "SE,752,Sweden,Europe,Europe,,,\n"
    assert set(read(tmp_path, HEADER + same + same)[0]) == {"SE"}
    with pytest.raises(InputError, match=r"regions\.csv, line 3: a second, different row for SE"):
        read(tmp_path, HEADER + same + "se,752,Sweden,Asia,Europe,,,\n")


@pytest.mark.parametrize(
    ("content", "absent"),
    [
        ("", "cc, name, un_region, continent, econ_group, developing_nation, special_region1"),
        (HEADER.replace("continent", "Continent"), "continent"),
        (HEADER.replace(",", ";"), "cc, name, un_region"),
    ],
)
def test_missing_columns(tmp_path: Path, content: str, absent: str) -> None:
    with pytest.raises(
        InputError, match=rf"regions\.csv, line 1: expected the columns .*; there is no {absent}"
    ):
        read(tmp_path, content)


def test_a_field_without_end(tmp_path: Path) -> None:
    # The limit belongs to the whole process, and readers of dumps raise it.
    before = csv.field_size_limit(131_072)
    try:
        with pytest.raises(InputError, match=r"regions\.csv, line \d+: cannot be read as CSV: field larger"):
            read(tmp_path, HEADER + 'SE,752,"' + "Sweden\n" * 30_000)
    finally:
        csv.field_size_limit(before)


def test_the_file_that_the_settings_name(tmp_path: Path) -> None:
    assert regions_file(Settings(root=tmp_path)) == SHIPPED
    own = tmp_path / "own.csv"
    named = Settings(root=tmp_path, paths=Paths(geographic_regions=own))
    with pytest.raises(InputError, match=r"own\.csv \(setting geographic_regions\) does not exist"):
        regions_file(named)
    own.write_text(HEADER)
    assert regions_file(named) == own
