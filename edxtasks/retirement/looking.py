"""Whether a file is about a retired learner, whatever it is: a table, a shard, CSV, a page, a cache."""

from __future__ import annotations

import csv
import gzip
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import orjson

from edxtasks.retired import Learner, Retired, is_about, of_row, record_cleaner
from edxtasks.retirement.csv_files import csv_content
from edxtasks.warehouse.duckdb_sql import literal, read_parquet
from edxtasks.warehouse.parquet import ParquetWarehouse

_GZIP = b"\x1f\x8b"
_LOG_DAY = "tracklog_"
_LONGEST_PIECE = 16 * 1024 * 1024


class Looker:
    """Looks into files for learners. Where all that they are told by is known, DuckDB looks for it first;
    else every row is asked here: of who was retired before, the user id may stand in the list alone."""

    def __init__(self, warehouse: ParquetWarehouse, retired: Retired, learners: Sequence[Learner]) -> None:
        self._warehouse = warehouse
        self._retired = retired
        self._learners = learners
        known = all(one.user_id is not None and one.shape() is None for one in learners)
        values = {value for one in learners for value in one.sought()}
        # Wherever they stand in a text: what goes before may be an escape, which Python sorts out.
        self._pattern = f"(?i){'|'.join(sorted(map(_pattern, values)))}" if known else ""

    def of_site(self, edge: bool) -> Looker:
        """The same for files of an edge site, which has user numbers of its own, or of the main one."""
        return Looker(self._warehouse, self._retired.of_site(edge), self._learners)

    def is_about(self, path: Path) -> bool:
        """Whether a file has a row, record or word of a retired learner."""
        if path.suffix == ".parquet":
            return self._parquet(path)
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        try:
            with cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb") as content:
                if path.name.removesuffix(".gz").endswith(".csv"):
                    return self._csv(content, csv_content(path.name))
                if path.name.startswith("tracklog-") or "PARTS" in path.parts:
                    return any(of_row(line, self._retired)[0] is not line for line in _rows(content))
                return any(self._text(line) for line in _pieces(content))
        except (EOFError, gzip.BadGzipFile, UnicodeDecodeError, csv.Error):
            return self._text(path.read_bytes())

    def _parquet(self, path: Path) -> bool:
        rows_of = f"SELECT to_json(t)::VARCHAR AS row FROM ({read_parquet([path])}) AS t"
        sql = f"SELECT row FROM ({rows_of})"
        sql += f" WHERE regexp_matches(row, {literal(self._pattern)})" if self._pattern else ""
        found = self._warehouse.session.cursor().execute(sql)
        of_log = any(part.startswith(_LOG_DAY) for part in path.parts[-2:])
        table = path.parent.name if path.name.startswith("month=") else path.stem
        while rows := found.fetchmany(1000):
            for (row,) in rows:
                text = row.encode("utf-8", "surrogatepass")
                if of_log and of_row(text, self._retired)[0] is not text:
                    return True
                if not of_log and is_about(orjson.loads(text), self._retired, table):
                    return True
        return False

    def _csv(self, content: IO[bytes], name: str) -> bool:
        csv.field_size_limit(sys.maxsize)
        lines = (line.decode("utf-8-sig") for line in content)
        records = csv.reader(lines)
        header = next(records, [])
        clean = record_cleaner(name, header, self._retired)
        return any(kept is None or count for kept, count in map(clean, records))

    def _text(self, text: bytes) -> bool:
        if text[:1] == b"{":
            try:
                return is_about(orjson.loads(text), self._retired)
            except orjson.JSONDecodeError:
                pass
        return self._retired.blanked(text)[1] > 0


def _pattern(value: str) -> str:
    """A regular expression for a value, the signs of which that may be escaped in any form."""
    at = r"(?:@|%(?:25)*40|\\+u0040)"
    plus = r"(?:\+|%(?:25)*2b|\\+u002b)"
    return "".join(at if sign == "@" else plus if sign == "+" else re.escape(sign) for sign in value)


def _rows(content: IO[bytes]) -> Iterator[bytes]:
    for line in content:
        yield line.rstrip(b"\n")


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    while piece := content.readline(_LONGEST_PIECE):
        yield piece
