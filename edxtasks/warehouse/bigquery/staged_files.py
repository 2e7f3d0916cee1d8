"""From rows and files of a builder to files that a load job can read, and from its errors back to them.

BigQuery reads JSON lines plain or gzipped, a gzipped file of at most 4 GB; what is something else is
written again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from edxtasks.compression import GzipWriter, opened
from edxtasks.errors import InputError
from edxtasks.files import writing
from edxtasks.warehouse.base import Loadable, TableName
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Schema

LARGEST_GZIP = 4_000_000_000
"""Bytes of a gzipped file that a load job takes, at most."""

_PART = 1 << 30
"""Bytes of rows, before compression, in one file that is written here."""

_PIECE = 1 << 22
_POSITION = re.compile(r"position:? (\d+)")
_FIELD = re.compile(r"[Ff]ield:? '?(\w+(?:\.\w+)*)'?")
_FAULTS = (
    (r"No such field", "the table has no such column"),
    (r"Could not convert (?:value|non-string JSON value) to (\w+)", "the value is not {0}"),
    (r"Could not parse .* as ([A-Z]\w+)", "the value is not {0}"),
    (r"Array specified for non-repeated field", "there is an array where one value was expected"),
    (
        r"record|Record|JSON object specified",
        "the value is an object where none fits, or the other way round",
    ),
    (r"Parser terminated|Unexpected|Unable to parse|Syntax|syntax", "the line is not a JSON object"),
)
"""What BigQuery says of a refused row, and what of it may be repeated: the rest holds the value."""

_LOG_DAY = re.compile(r"tracklog_\d{8}")


@dataclass(frozen=True)
class Staged:
    """A file to be loaded, its name in the bucket, and whether it is to stay there."""

    path: Path
    name: str
    stays: bool


def staged(
    name: TableName, schema: Schema, content: Loadable, beginning: str, scratch: Path
) -> Iterator[Staged]:
    """The files of a content that BigQuery can load; those that have to be written are, into `scratch`. The
    names of what does not stay in the bucket begin with `beginning`."""
    if isinstance(content, ParquetFiles):
        for number, path in enumerate(content.paths):
            yield Staged(path, f"{beginning}-{number}.parquet", stays=False)
    elif isinstance(content, JsonLines):
        for number, path in enumerate(content.paths):
            if path.suffix == ".zst" or (path.suffix == ".gz" and path.stat().st_size > LARGEST_GZIP):
                with opened(path) as lines:
                    for part, made in enumerate(_parts(lines, scratch / f"{number}")):
                        yield Staged(made, f"{beginning}-{number}-{part}.json.gz", stays=False)
            elif name.dataset.endswith("_logs") and _LOG_DAY.fullmatch(name.table):
                # Where `logs2gs` keeps the shards of a course: they are sent once.
                yield Staged(path, f"{path.parent.name}/DAILY/{path.name}", stays=True)
            else:
                yield Staged(path, f"{beginning}-{number}{''.join(path.suffixes[-2:])}", stays=False)
    else:
        for part, made in enumerate(_parts(_lines(schema, content), scratch / "rows")):
            yield Staged(made, f"{beginning}-{part}.json.gz", stays=False)


def _lines(schema: Schema, rows: Iterable[Row]) -> Iterator[bytes]:
    known = set(schema.names)
    lists = [column.name for column in schema if column.repeated]
    for row in rows:
        if not row.keys() <= known:
            raise ValueError(f"columns that the table does not have: {sorted(row.keys() - known)}")
        if any(name in row and row[name] is None for name in lists):  # a load job takes no null for a list
            row = {name: value for name, value in row.items() if value is not None or name not in lists}
        yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _parts(lines: Iterable[bytes], beginning: Path) -> Iterator[Path]:
    """Gzipped files of lines, one at least; the same lines give the same bytes."""
    number = 0
    waiting = iter(lines)
    line = next(waiting, None)
    while line is not None or number == 0:
        path = beginning.with_name(f"{beginning.name}-{number}.json.gz")
        with writing(path) as file, GzipWriter(file, 5) as packed:
            size = 0
            while line is not None and size < _PART:
                packed.write(line)
                size += len(line)
                line = next(waiting, None)
        yield path
        number += 1


def load_error(
    name: TableName, errors: Sequence[Mapping[str, Any]], files: Mapping[str, Path]
) -> InputError | None:
    """The error of refused rows: file, line and column of the first one. None when no row is to blame.

    `files` are the local files by their address in the bucket. Values are not shown, they may be personal.
    """
    told = []
    for one in errors:
        message = one.get("message", "")
        if one.get("reason") != "invalid":
            continue
        uri = next((uri for uri in files if uri == one.get("location") or uri in message), None)
        if uri is None:
            continue
        position, field = _POSITION.search(message), _FIELD.search(message)
        if position is None and field is None:
            continue
        place = str(files[uri])
        if position is not None:
            place += f", line {_line_at(files[uri], int(position[1]))}"
        if field is not None:
            place += f", column {field[1]}"
        told.append(f"{place}: {_fault(message)}")
    if not told:
        if not any(one.get("reason") == "invalid" for one in errors):
            return None
        paths = sorted(map(str, set(files.values())))
        return InputError(
            f"{', '.join(paths[:3])}: BigQuery refused a row or file for {name} and does not say which; "
            "expected complete files of rows that fit the columns of the table. Rebuild them"
        )
    told = list(dict.fromkeys(told))
    more = f" ({len(told)} such rows)" if len(told) > 1 else ""
    return InputError(
        f"{told[0]}{more}. BigQuery refused the row for {name}; it is not shown, it may be personal. "
        "Mend or remove the line"
    )


def _line_at(path: Path, position: int) -> int:
    """The number of the line that a byte of the content is in."""
    line = 1
    with opened(path) as content:
        while position > 0 and (piece := content.read(min(position, _PIECE))):
            line += piece.count(b"\n")
            position -= len(piece)
    return line


def _fault(message: str) -> str:
    """What is wrong, in words that hold no value."""
    for pattern, words in _FAULTS:
        match = re.search(pattern, message)
        if match:
            return words.format(*map(_with_article, match.groups()))
    return "the row does not fit the columns"


def _with_article(kind: str) -> str:
    return f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"
