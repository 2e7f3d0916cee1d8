"""What the name of a raw log says: its day, and its site."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from edxtasks.logs.layout import EDGE
from edxtasks.logs.rows.event_time import END_YEAR, FIRST_YEAR

_NAME_DATE = re.compile(r"(?<!\d)(?:(\d{4})-(\d\d)-(\d\d)|(\d{4})(\d\d)(\d\d))(?!\d)", re.ASCII)


def is_edge(path: Path) -> bool:
    """Whether a raw log is of an edge site: its name has the word `edge` between dashes."""
    return EDGE.lower() in path.name.split("-")


def date_in_name(path: Path) -> date | None:
    """The first date in the base name of a raw log, `YYYY-MM-DD` or `YYYYMMDD`, of the years 1970 to 2099."""
    for match in _NAME_DATE.finditer(path.name):
        year, month, day = (int(text) for text in match.groups() if text)
        if not FIRST_YEAR <= year < END_YEAR:
            continue
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None
