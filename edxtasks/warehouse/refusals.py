"""What DuckDB refuses, as errors for people: without values, which may be personal."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from edxtasks.errors import InputError, MachineError, MemoryRanOutError, from_machine
from edxtasks.printable import listed_paths, printable_path

_LINE = re.compile(r'", .*?line (?P<line>\d+)', re.DOTALL)
_NOTHING = re.compile(r"\S+: a NULL among the values of a REPEATED column")
_FILE = re.compile(r'file \\*"(?P<file>[^"\\]*)')
_PATHS = re.compile(r"[\"']([^\"']+)[\"']")
_USED = re.compile(r"\(([^()]* used)\)")

_REASONS = {
    os.strerror(number): number
    for number in (
        errno.EACCES,
        errno.EPERM,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EROFS,
        errno.EIO,
        errno.ESTALE,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENAMETOOLONG,
        errno.ENOMEM,
    )
}
"""The operating system's reasons, as DuckDB repeats them in its messages."""


def machine_fault(error: duckdb.Error) -> MachineError | None:
    """What the machine refused to DuckDB; None where it is something else."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        if "max_temp_directory_size" in text:
            return MemoryRanOutError(
                "memory ran out, and there was not enough free space in the folder of the setting state for "
                "what did not fit: free some space there, or set another state or memory_limit under [engine]"
            )
        used = _USED.search(text)
        return MemoryRanOutError(
            f"memory ran out{f' ({used[1]})' if used else ''}: set a higher memory_limit under [engine] "
            '(for example "4GB"), or run fewer tasks at once (doit -n)'
        )
    if isinstance(error, duckdb.IOException):
        for reason, number in _REASONS.items():
            if reason in text:
                file = _FILE.search(text)
                return from_machine(OSError(number, reason, file["file"] if file else None))
    return None


OF_THE_QUERY = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
"""What DuckDB raises before it has read a row."""

_PLACE_IN_QUERY = "\n\nLINE "


def of_a_query(error: duckdb.Error) -> str:
    """What DuckDB has against a query that a person wrote, for that person.

    Once rows were read, what follows the first quote, colon or digit may be a value and is not shown, but for
    the line of the query and the file of a table.
    """
    fault = machine_fault(error)
    if fault is not None:
        return str(fault)
    text = str(error)
    if isinstance(error, OF_THE_QUERY):
        return text
    told, place, line = text.rpartition(_PLACE_IN_QUERY)
    told = told if place else text
    kind, _, what = told.partition(": ")
    words = re.split(r"[:;\"'`]|\b\d", what, maxsplit=1)[0].strip()
    files = [one for one in _PATHS.findall(told) if Path(one).is_file()]
    where = f" (file {listed_paths(map(Path, files))})" if files else ""
    hidden = "" if words == what.strip() or files else " … (what follows is not shown, it may be personal)"
    return f"{kind}: {words}{where}{hidden}{place}{line}"


def is_too_long(error: duckdb.Error) -> bool:
    """Whether DuckDB's JSON reader met a line longer than it was told to take."""
    return "maximum_object_size" in str(error)


def refusal(error: duckdb.Error, paths: Sequence[Path]) -> Exception:
    """DuckDB's refusal of a line or file of `paths`."""
    fault = machine_fault(error)
    if fault is not None:
        return fault
    nothing = _NOTHING.search(str(error))
    if nothing:
        return InputError(f"{listed_paths(paths)}: {nothing[0]}. Mend or remove the line.")
    place = _place(str(error), paths)
    if place:
        return InputError(
            f"{place}: expected a JSON object that fits the columns of the "
            "table, found one that does not (it is not shown: it may be personal). Mend or remove the line."
        )
    if isinstance(error, duckdb.InvalidInputException | duckdb.IOException | duckdb.ConversionException):
        return InputError(
            f"{listed_paths(paths)}: expected complete files of JSON lines that fit the columns "
            f"of the table; the reader gave up ({type(error).__name__}). Rebuild the files."
        )
    return error


def _place(text: str, paths: Sequence[Path]) -> str:
    """The file of `paths`, and the line in it, that a message of DuckDB names; "" where it names none."""
    for path in paths:
        _, _, rest = text.partition(f'in file "{path}')
        match = _LINE.match(rest)
        if match:
            return f"{printable_path(path)}, line {match['line']}"
    return ""
