"""A City database of the tests' own, in MaxMind's format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

Write = Callable[..., Path]


def names(english: str | None, **others: str) -> dict[str, str]:
    return ({"en": english} if english is not None else {}) | others


OXFORD: dict[str, Any] = {
    "city": {"geoname_id": 2640729, "names": names("Oxford", de="Oxford (de)")},
    "continent": {"code": "EU", "names": names("Europe", de="Europa")},
    "country": {"iso_code": "GB", "names": names("United Kingdom", de="Vereinigtes Königreich")},
    # the network was registered in France, and serves a base of the United States
    "registered_country": {"iso_code": "FR", "names": names("France")},
    "represented_country": {"iso_code": "US", "names": names("United States"), "type": "military"},
    "location": {"latitude": 51.75, "longitude": -1.25, "time_zone": "Europe/London"},
    "postal": {"code": "OX1"},
    "subdivisions": [
        {"iso_code": "ENG", "names": names("England")},
        {"iso_code": "OXF", "names": names("Oxfordshire", de="Grafschaft Oxford")},
    ],
}
NO_CITY: dict[str, Any] = {
    "continent": {"code": "AS", "names": names("Asia")},
    "country": {"iso_code": "BT", "names": names("Bhutan")},
    "location": {"latitude": 27.5, "longitude": 90.5},
}
WINDHOEK: dict[str, Any] = {
    "city": {"names": names("Windhoek")},
    "continent": {"code": "AF", "names": names("Africa")},
    "country": {"iso_code": "NA", "names": names("Namibia")},
    "location": {"latitude": -22.5, "longitude": 17.0},
}
# A country that is named in no language but German, no continent, a city whose name is empty.
BARE: dict[str, Any] = {
    "city": {"names": names("")},
    "country": {"iso_code": "HT", "names": names(None, de="Haiti")},
}
# A code that no file of UN regions has.
KOSOVO: dict[str, Any] = {"country": {"iso_code": "XK", "names": names("Kosovo")}}
ONLY_REGISTERED: dict[str, Any] = {
    "continent": {"names": names("Europe")},
    "registered_country": {"iso_code": "DE", "names": names("Germany")},
}
TRAITS: dict[str, Any] = {"traits": {"is_anycast": True}}
SEOUL: dict[str, Any] = {
    "city": {"names": names("Seoul")},
    "continent": {"names": names("Asia")},
    "country": {"iso_code": "KR", "names": names("South Korea")},
    "location": {"latitude": 37.5, "longitude": 127.0},
}
NETWORKS: dict[str, Mapping[str, Any]] = {
    "81.2.69.0/24": OXFORD,
    "67.43.156.0/24": NO_CITY,
    "41.63.192.0/20": WINDHOEK,
    "200.4.160.0/24": BARE,
    "46.99.0.0/16": KOSOVO,
    "5.1.0.0/24": ONLY_REGISTERED,
    "5.2.0.0/24": TRAITS,
    "2001:2b8::/32": SEOUL,
    # an office's own database may also hold its private networks
    "10.0.0.0/8": OXFORD,
    "172.16.0.0/12": OXFORD,
    "192.168.0.0/16": OXFORD,
    "127.0.0.0/8": OXFORD,
    "169.254.0.0/16": OXFORD,
    "fd00::/8": SEOUL,
    "fe80::/10": SEOUL,
}


@pytest.fixture
def write_database(tmp_path: Path) -> Write:
    """Writes a database: `write_database(name, networks, kind=..., ip_version=...)` gives its path."""

    def write(
        name: str = "City.mmdb",
        networks: Mapping[str, Any] = NETWORKS,
        kind: str = "GeoLite2-City",
        ip_version: int = 6,
    ) -> Path:
        writer = MMDBWriter(
            ip_version,
            kind,
            languages=["en"],
            description="written by a test",
            ipv4_compatible=ip_version == 6,
        )
        for network, record in networks.items():
            writer.insert_network(IPSet([network]), record)
        path = tmp_path / name
        writer.to_db_file(str(path))
        return path

    return write


@pytest.fixture
def database(write_database: Write) -> Path:
    """The database of `NETWORKS`."""
    return write_database()
