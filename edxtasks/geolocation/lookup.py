"""Where an internet address is: look-ups in a City database in MaxMind's format (MMDB).

GeoLite2-City and GeoIP2-City hold, per network, what `Place` keeps of it. The database is read through
MaxMind's own reader, which maps the file into memory and, with its C extension, looks up some ten thousands
of addresses in a second.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from sys import intern
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from maxminddb import InvalidDatabaseError

from edxtasks.config import Settings
from edxtasks.errors import InputError

if TYPE_CHECKING:
    from geoip2.models import City

HOW_TO_GET = (
    "get GeoLite2-City.mmdb (free, after signing up at https://www.maxmind.com/en/geolite2/signup) or "
    "GeoIP2-City.mmdb (bought) from MaxMind, unpack it, and name the file in the setting geoip_database"
)
"""What a person does who has no database; the end of a message."""

REMEMBERED = 1 << 18
"""Addresses whose place is kept in memory: 262,144 of them take some 100 MB. Of more than these the ones
asked for longest ago are forgotten, and looked up again if they come again."""

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)


class Place(NamedTuple):
    """What the database says of an address; None where it does not say.

    `country` is where the address is used (ISO 3166-1, two letters), not where it was registered; names are
    English; `continent` is MaxMind's (`North America`); `region` and `subdivision` are code (ISO 3166-2,
    without the country) and name of the smallest subdivision; `latitude` and `longitude` are degrees.
    """

    country: str | None
    country_label: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    postal_code: str | None
    continent: str | None
    region: str | None
    subdivision: str | None


class CityDatabase:
    """An open City database. Use it as a context manager, or close it.

    Raises `InputError` for a file that cannot be read, is not an MMDB file, or is one of another kind
    (Country, ASN, …), whose records have no city.
    """

    def __init__(self, path: Path) -> None:
        from geoip2.database import Reader  # every run reads this file, and few look addresses up

        self._path = path
        try:
            self._reader = Reader(path)
        except (InvalidDatabaseError, ValueError) as error:
            raise self._unusable("is not a database in MaxMind's format (MMDB), or is damaged") from error
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror or error}") from error
        about = self._reader.metadata()
        self.kind: str = about.database_type
        """Type of the database by its own account, such as `GeoLite2-City`."""
        self.build_epoch: int = about.build_epoch
        """When MaxMind built it: seconds since 1970-01-01 UTC."""
        self.looked_up = 0
        """How many look-ups the database was asked for; an address that comes again is remembered."""
        self._version = about.ip_version
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._look_up)
        if "City" not in self.kind:
            self.close()
            raise self._unusable(f"holds {self.kind}; a City database is needed")

    def __enter__(self) -> CityDatabase:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and forget the places. Nothing can be looked up afterwards."""
        self._reader.close()
        self._remembered.cache_clear()

    def find(self, address: str | None) -> Place | None:
        """The place of an address; None where there is no record of it.

        There is none for what is blank or no address (`parse_address`), for private addresses, and for
        those the database does not know. IPv4-mapped IPv6 (`::ffff:81.2.69.142`) is looked up as IPv4.
        Raises `InputError` when the database turns out to be damaged.
        """
        return self._remembered(address) if address else None

    def _look_up(self, text: str) -> Place | None:
        from geoip2.errors import AddressNotFoundError

        address = parse_address(text)
        if address is None or address.version > self._version or is_private(address):
            return None
        self.looked_up += 1
        try:
            return _place(self._reader.city(str(address)))
        except AddressNotFoundError:
            return None
        except (InvalidDatabaseError, TypeError, AttributeError, ValueError) as error:
            # The reader checks no types: a record of another form shows itself in any of these.
            raise self._unusable("has a record that cannot be read: it is damaged") from error

    def _unusable(self, fault: str) -> InputError:
        return InputError(f"{self._path} (setting geoip_database) {fault}: {HOW_TO_GET}")


def database_file(settings: Settings) -> Path | None:
    """The City database that the settings name; None when there is no such file.

    Raises `InputError` when something is there that is not a file.
    """
    path = settings.paths.geoip_database
    if path.exists() and not path.is_file():
        raise InputError(f"{path} (setting geoip_database) is not a file: {HOW_TO_GET}")
    return path if path.exists() else None


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a text is, IPv4-mapped IPv6 as IPv4; None when it is none.

    Nothing is mended: blanks around an address, a list with commas, a port, a zone (`fe80::1%eth0`), leading
    zeros and the short forms of IPv4 (`127.1`) make it no address.
    """
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_private(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address has a meaning only inside a network: private, loopback or link-local."""
    return any(address in network for network in _PRIVATE)


def _place(record: City) -> Place:
    location, smallest = record.location, record.subdivisions.most_specific
    return Place(
        country=_shared(record.country.iso_code),
        country_label=_shared(record.country.name),
        city=_shared(record.city.name),
        latitude=_degrees(location.latitude),
        longitude=_degrees(location.longitude),
        postal_code=record.postal.code or None,
        continent=_shared(record.continent.name),
        region=_shared(smallest.iso_code),
        subdivision=_shared(smallest.name),
    )


def _shared(text: str | None) -> str | None:
    """The text, kept once however many places have it; None for an empty one."""
    return intern(text) if text else None


def _degrees(value: float | None) -> float | None:
    return None if value is None else float(value)
