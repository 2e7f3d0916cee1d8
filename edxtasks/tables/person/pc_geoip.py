"""The table `pc_geoip`: where each learner is, by the address that `pc_modal_ip` chose.

One row per username whose address has a record in the City database. What the database leaves empty and the
UN regions file knows of the country is filled from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from edxtasks.geolocation.lookup import HOW_TO_GET, CityDatabase, Place, database_file, parse_address
from edxtasks.geolocation.regions import Region, read_regions, regions_file
from edxtasks.messages import Messages
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
username STRING -- learner, unique
country STRING -- country of the address, two letters (ISO 3166-1)
city STRING -- city, English name
countryLabel STRING -- country, English name
latitude FLOAT -- degrees north
longitude FLOAT -- degrees east
region_code STRING -- smallest subdivision of the country: code (ISO 3166-2, without the country)
subdivision STRING -- smallest subdivision of the country: English name
postalCode STRING -- postal code
continent STRING -- continent, English name; North and South America are two
un_region STRING -- UN major region: Africa, Americas, Asia, Europe, Oceania
econ_group STRING -- UN economic group: Developed regions, Developing_Nations
developing_nation STRING -- Least developed countries, or NULL
special_region1 STRING -- Latin America and the Caribbean, Sub-Saharan-Africa, or NULL
""")

_NOWHERE = Region(None, None, None, None, None, None)


def sources(of: Instance) -> dict[str, Path | None]:
    """The City database, None where there is none, and the UN regions file.

    Raises `InputError` when the regions file is named in the settings and missing.
    """
    return {"geoip_database": database_file(of.settings), "geographic_regions": regions_file(of.settings)}


def build(inputs: BuildInputs) -> Content:
    """A row per username of the table `pc_modal_ip` whose address is found; without a database, none.

    Raises `InputError` for a file that is not a City database, or a regions file that cannot be used.
    """
    database, settings, messages = inputs.files["geoip_database"], inputs.settings, inputs.messages
    if database is None:
        where = settings.paths.geoip_database
        messages.add(f"no City database at {where}: countries and places stay NULL; {HOW_TO_GET}")
        return []
    regions = read_regions(inputs.file("geographic_regions"), messages)
    return located_rows(inputs.rows("pc_modal_ip") or iter(()), database, regions, messages)


def located_rows(
    rows: Iterator[Row], database: Path, regions: Mapping[str, Region], messages: Messages
) -> Iterator[Row]:
    """The rows of `pc_geoip` for rows with `username` and `modal_ip`, in their order.

    Counted at the end: `addresses`, the rows that have one; `places`, those found; `malformed addresses`,
    those that are no address (a list with commas, blanks around it). Raises `InputError` for a file that is
    no City database.
    """
    malformed = 0
    with CityDatabase(database) as cities:
        for row in rows:
            username, address = row["username"], row["modal_ip"]
            if not isinstance(address, str) or not address:
                continue
            messages.count("addresses")
            place = cities.find(address)
            if place is not None:
                messages.count("places")
                yield {"username": username, **described(place, regions)}
            elif parse_address(address) is None:
                malformed += 1
    if malformed:
        messages.count("malformed addresses", malformed)
        messages.add(
            f"no place for {malformed} malformed addresses (a list of several, blanks around it, no address)"
        )


def described(place: Place, regions: Mapping[str, Region]) -> dict[str, object]:
    """The columns of `pc_geoip` but `username`. The regions fill what is empty, and overwrite nothing."""
    region = regions.get(place.country, _NOWHERE) if place.country is not None else _NOWHERE
    return {
        "country": place.country,
        "city": place.city,
        "countryLabel": place.country_label or region.name,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "region_code": place.region,
        "subdivision": place.subdivision,
        "postalCode": place.postal_code,
        "continent": place.continent or region.continent,
        "un_region": region.un_region,
        "econ_group": region.econ_group,
        "developing_nation": region.developing_nation,
        "special_region1": region.special_region1,
    }


TABLE = Table(
    command="person_course",
    sets=("doall",),
    excluded_by=("skip_geoip",),
    forced_by=("just_do_geoip",),
    grain="username",
    schema=SCHEMA,
    inputs={"pc_modal_ip": Need.REQUIRED},
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={"setting:geoip_database": Need.OPTIONAL, "setting:geographic_regions": Need.REQUIRED},
    ),
)
