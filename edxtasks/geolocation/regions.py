"""UN regions by country: the file `geographic_regions_by_country.csv`.

The one that ships with the product is made from the UN standard M49; docs/geolocation.md says how. Its
columns: `cc` (ISO 3166-1, two letters; `NA` is Namibia), `code` (M49, three digits), `name`, `un_region`,
`continent`, `econ_group`, `developing_nation`, `special_region1`.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from edxtasks.config import Settings
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import quantity

SHIPPED = Path(__file__).with_name("geographic_regions_by_country.csv")
"""The file that is read where the setting `geographic_regions` names none."""

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class Region(NamedTuple):
    """A row of the file, without `cc` and `code`; None where a value is empty."""

    name: str | None
    un_region: str | None
    continent: str | None
    econ_group: str | None
    developing_nation: str | None
    special_region1: str | None


_REQUIRED = ("cc", *Region._fields)


def regions_file(settings: Settings) -> Path:
    """The file that the setting `geographic_regions` names, else the one that ships with the product.

    Raises `InputError` when a file is named and missing.
    """
    path = settings.paths.geographic_regions
    if path is None:
        return SHIPPED
    if not path.is_file():
        raise InputError(
            f"{path} (setting geographic_regions) does not exist or is not a file: correct the setting, or "
            "take it away to use the file that ships with the product"
        )
    return path


def read_regions(path: Path, messages: Messages) -> dict[str, Region]:
    """The regions of each country code in a file.

    CSV in UTF-8, a header, columns in any order, others ignored; a file that is not UTF-8 is read as Latin-1,
    which is told. No word of it stands for a missing value, only an empty field does. Rows whose `cc` is not
    two letters are left out, counted as rejects and told. Raises `InputError` for missing columns, and for
    two rows of one country that differ.
    """
    rows = csv.DictReader(io.StringIO(_text(path, messages), newline=""))
    try:
        return _regions(path, rows, messages)
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: cannot be read as CSV: {error}") from error


def _regions(path: Path, rows: csv.DictReader[str], messages: Messages) -> dict[str, Region]:
    header = [name.strip() for name in rows.fieldnames or ()]
    rows.fieldnames = header
    missing = [name for name in _REQUIRED if name not in header]
    if missing:
        raise InputError(
            f"{path}, line 1: expected the columns {', '.join(_REQUIRED)}; there is no {', '.join(missing)}"
        )
    regions: dict[str, Region] = {}
    left_out = 0
    for row in rows:
        country, *values = ((row[name] or "").strip() for name in _REQUIRED)
        country = country.upper()
        if not _COUNTRY.fullmatch(country):
            left_out += 1
            continue
        region = Region(*(value or None for value in values))
        if regions.setdefault(country, region) != region:
            raise InputError(f"{path}, line {rows.line_num}: a second, different row for {country}")
    if left_out:
        messages.count("rejects", left_out)
        messages.add(
            f"{path}: left out {quantity(left_out, 'row')} whose cc is not a two-letter country code"
        )
    return regions


def _text(path: Path, messages: Messages) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        messages.add(f"{path} is not UTF-8: read as Latin-1")
        return content.decode("latin-1")
