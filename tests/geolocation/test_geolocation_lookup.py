"""Look-ups in a City database: what is taken of a record, what has none, files that are no such database."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable
from pathlib import Path

import maxminddb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.config import Paths, Settings
from edxtasks.errors import InputError
from edxtasks.geolocation import lookup
from edxtasks.geolocation.lookup import CityDatabase, Place, database_file, parse_address

OXFORD = Place("GB", "United Kingdom", "Oxford", 51.75, -1.25, "OX1", "Europe", "OXF", "Oxfordshire")
SEOUL = Place("KR", "South Korea", "Seoul", 37.5, 127.0, None, "Asia", None, None)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        # the country is the one of use, not the registered FR nor the represented US; of two subdivisions
        # the last, smaller one; English names
        ("81.2.69.142", OXFORD),
        ("::ffff:81.2.69.142", OXFORD),
        ("::FFFF:5102:458e", OXFORD),  # the same address: 0x51 = 81, 0x02, 0x45 = 69, 0x8e = 142
        ("2001:2b8::1", SEOUL),
        ("2001:02B8:0000:0000:0000:0000:0000:0001", SEOUL),
        ("67.43.156.1", Place("BT", "Bhutan", None, 27.5, 90.5, None, "Asia", None, None)),
        ("41.63.200.1", Place("NA", "Namibia", "Windhoek", -22.5, 17.0, None, "Africa", None, None)),
        # no English name, no continent, an empty city name
        ("200.4.160.9", Place("HT", None, None, None, None, None, None, None, None)),
        # a registered country is not a country
        ("5.1.0.1", Place(None, None, None, None, None, None, "Europe", None, None)),
        # a record that says nothing of the place is a record
        ("5.2.0.1", Place(None, None, None, None, None, None, None, None, None)),
    ],
)
def test_a_record(database: Path, address: str, place: Place) -> None:
    with CityDatabase(database) as cities:
        assert cities.find(address) == place


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        " ",
        " 81.2.69.142",
        "81.2.69.142 ",
        "81.2.69.142\n",
        "81.2.69.142,67.43.156.1",
        "81.2.69.142, 67.43.156.1",
        "81.2.69",
        "81.2.17806",  # the short form of 81.2.69.142 that C libraries take
        "1359103374",  # the same as one number: 81·2^24 + 2·2^16 + 69·2^8 + 142
        "0x51.2.69.142",
        "081.2.69.142",
        "81.2.69.256",
        "81.2.69.142:443",
        "81.2.69.142/32",
        "[2001:2b8::1]",
        "2001:2b8::1%eth0",
        "٨١.2.69.142",
        "-",
        "unknown",
        "localhost",
        # private, also as IPv4-mapped IPv6
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "127.0.0.1",
        "169.254.1.1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.1.2.3",
        # no network of the database
        "8.8.8.8",
        "172.32.0.1",
        "2001:2b9::1",
    ],
)
def test_no_record(database: Path, address: str | None) -> None:
    with CityDatabase(database) as cities:
        assert cities.find(address) is None


def test_each_address_is_looked_up_once(database: Path) -> None:
    with CityDatabase(database) as cities:
        for address in [
            "81.2.69.142",
            "8.8.8.8",
            "81.2.69.142",
            "8.8.8.8",
            "81.2.69.143",
            "10.0.0.1",
            "x",
            "",
        ] * 3:
            cities.find(address)
        # 81.2.69.142, 8.8.8.8, 81.2.69.143; private and malformed ones need no look-up
        assert cities.looked_up == 3


def test_memory_is_bounded(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "REMEMBERED", 2)
    with CityDatabase(database) as cities:
        for last in (1, 2, 1, 3, 1, 2):
            assert cities.find(f"81.2.69.{last}") == OXFORD
        # 1 and 2 are looked up and 1 is remembered; 3 pushes 2 out, which is looked up again at the end
        assert cities.looked_up == 4


def test_what_the_database_says_of_itself(database: Path) -> None:
    with CityDatabase(database) as cities:
        assert cities.kind == "GeoLite2-City"
        assert abs(cities.build_epoch - time.time()) < 3600  # the tests' writer puts the time of writing


def test_an_ipv4_database_knows_no_ipv6(write_database: Callable[..., Path]) -> None:
    record = {"country": {"iso_code": "SE"}}
    path = write_database(networks={"89.160.20.0/24": record}, ip_version=4)
    with CityDatabase(path) as cities:
        found = cities.find("89.160.20.1")
        assert found is not None and found.country == "SE"
        assert cities.find("::ffff:89.160.20.1") == found
        assert cities.find("2001:2b8::1") is None


@pytest.mark.parametrize("kind", ["GeoIP2-City", "GeoLite2-City", "DBIP-City-Lite"])
def test_city_databases_of_other_names(write_database: Callable[..., Path], kind: str) -> None:
    with CityDatabase(write_database(kind=kind)) as cities:
        assert cities.find("81.2.69.142") == OXFORD


@pytest.mark.parametrize("kind", ["GeoLite2-Country", "GeoLite2-ASN"])
def test_another_kind_of_database(write_database: Callable[..., Path], kind: str) -> None:
    path = write_database(kind=kind)
    message = f"{re.escape(str(path))} .setting geoip_database. holds {kind}; a City database is needed: get "
    with pytest.raises(InputError, match=message):
        CityDatabase(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"ip,country\n81.2.69.142,GB\n", b"\x1f\x8b\x08\x00" + b"\x00" * 200, b"\xab\xcd\xefMaxMind.com"],
    ids=["empty", "text", "still packed", "only the marker"],
)
def test_no_database_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "GeoLite2-City.mmdb"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"GeoLite2-City\.mmdb .*is not a database in MaxMind's format.*unpack it"
    ):
        CityDatabase(path)


def test_a_file_cut_short(database: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mmdb"
    cut.write_bytes(database.read_bytes()[:-200])  # the description of the database stands at its end
    with pytest.raises(InputError, match=r"cut\.mmdb .*is not a database in MaxMind's format .*damaged"):
        CityDatabase(cut)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: No such file"):
        CityDatabase(tmp_path / "none.mmdb")


@pytest.mark.parametrize(
    "record",
    [
        "London",
        ["London"],
        {"country": "GB"},
        {"location": {"latitude": "north"}},
        {"subdivisions": {"iso_code": "ENG"}},
    ],
)
def test_records_of_another_form(write_database: Callable[..., Path], record: object) -> None:
    path = write_database(networks={"81.2.69.0/24": record})
    with (
        CityDatabase(path) as cities,
        pytest.raises(InputError, match="record that cannot be read") as caught,
    ):
        cities.find("81.2.69.142")
    assert "81.2.69" not in str(caught.value)  # addresses are personal data


def test_the_reader_is_the_one_in_c(database: Path) -> None:
    """The reader in pure Python is about ten times slower."""
    reader = maxminddb.open_database(database)
    assert type(reader).__module__ == "maxminddb.extension"
    reader.close()


def test_the_file_that_the_settings_name(tmp_path: Path, database: Path) -> None:
    def named(path: Path) -> Settings:
        return Settings(root=tmp_path, paths=Paths(geoip_database=path))

    assert database_file(named(database)) == database
    assert database_file(named(tmp_path / "GeoIP2-City.mmdb")) is None
    with pytest.raises(InputError, match="is not a file"):
        database_file(named(tmp_path))


@given(st.ip_addresses())
def test_every_address_is_read_as_it_is(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    assert parse_address(str(address)) == (mapped or address)
    assert parse_address(f" {address}") is None
    assert parse_address(f"{address},{address}") is None
    if address.version == 4:
        assert parse_address(f"::ffff:{address}") == address


@settings(max_examples=200)
@given(st.text(alphabet=st.one_of(st.sampled_from("0123456789abcdef.:%,/ "), st.characters()), max_size=50))
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_address(text)
    if address is not None:
        assert set(text) <= set("0123456789abcdefABCDEF.:")
