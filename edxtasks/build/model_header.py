"""The header of a model: what the comment lines at its top say of the table.

Keys: `command` (which command of the command line makes it), `grain`, `scope` (course, group, warehouse),
`optional` and `borrowed` (inputs that may be absent; all others are required), `partition` (the column of the
date), `lookback` (how far before a date the query looks: `300 seconds`, `30 minutes`, `all`),
`internal: yes`, `files` (files to write from the rows), `settings` (settings whose change makes the table
anew), and what a table says of its place in the product: `sets`, `step`, `excluded by`, `forced by`,
`required when named`, `file form`, `snapshot`, `from files`, `input NAME: from OPTION`, `for each`,
`constants` and `variant` (`variants.py`), `stands with`, `may be empty: yes` (no rows are no finding of `doit
health`, whatever its inputs have; `up to 100 rows`: where one of them has no more), `columns`
(`model_columns.py`).

Lines that begin with no key are the description.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from edxtasks.build import parameters
from edxtasks.build.model_errors import ModelError
from edxtasks.errors import nearest
from edxtasks.table import ALL_EARLIER, Need, Scope, split_list
from edxtasks.warehouse.schema import Schema

KEYS = (
    "command",
    "grain",
    "scope",
    "optional",
    "borrowed",
    "partition",
    "lookback",
    "internal",
    "columns",
    "files",
    "settings",
    "sets",
    "step",
    "excluded by",
    "forced by",
    "required when named",
    "file form",
    "for each",
    "constants",
    "variant",
    "stands with",
    "snapshot",
    "from files",
    "may be empty",
)

_TEXTS = ("grain", "variant", "for each", "file form", "snapshot")
_LISTS = ("sets", "excluded by", "forced by", "stands with")
_FLAGS = ("internal", "required when named", "may be empty")
"""Keys that are fields of a table under the same name, and need no looking at: a text, names, `yes`."""

_HEADER = re.compile(r"--\s*([a-z]+(?: [a-z]+)*|input \S+):\s*(.+)")

_INPUT = "input "
_ON_REQUEST = " (on request)"
_WHEN = " when "

_LOOKBACK = re.compile(r"(\d+|@[a-z]\w*) (seconds?|minutes?|days?)")

_CONSTANT = re.compile(r"([a-z]\w*) (\d{1,9})")

_FROM = re.compile(r"from (.+)")

_FROM_FILES = re.compile(r"(\S+) when ([a-z_]+)")


def empty_up_to(path: Path, header: Mapping[str, str]) -> int:
    """The rows of an input up to which the table may have none: `may be empty: up to 100 rows`."""
    value = header.get("may be empty", "yes")
    found = re.fullmatch(r"up to (\d{1,9}) rows|yes", value)
    if found is None:
        raise ModelError(path, f'"may be empty: {value}": expected yes, or up to N rows')
    return int(found[1] or 0)


class Header(dict[str, str]):
    """What a header says, by key; `lines` are the lines of the keys."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}

    @contextmanager
    def said_by(self, *keys: str) -> Iterator[None]:
        """Let a fault that is found in the block have the line of the first of `keys` that is there."""
        try:
            yield
        except ModelError as error:
            error.line = error.line or next((self.lines[key] for key in keys if key in self.lines), None)
            raise

    def line_with(self, word: str) -> int | None:
        """The line of the first key, or value, in which a word stands."""
        pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
        said = [key for key, value in self.items() if pattern.search(f"{key}: {value}")]
        return self.lines[said[0]] if said else None


def header_of(path: Path, text: str) -> tuple[Header, str]:
    """The keys of a header with what they say, and the description. Raises `ModelError`."""
    header = Header()
    description = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            break
        match = _HEADER.fullmatch(line.strip())
        if match and (match[1] in KEYS or match[1].startswith(_INPUT)):
            header[match[1]] = match[2].strip()
            header.lines[match[1]] = number
        elif match and difflib.get_close_matches(match[1], KEYS, cutoff=0.75):
            hint = nearest(match[1], KEYS)
            raise ModelError(path, f'the header key "{match[1]}" is not known{hint}', number)
        else:
            description.append(line.lstrip("- ").strip())
    return header, " ".join(description).strip()


def lenient_header(text: str | ModelError) -> dict[str, str]:
    """The header of a text that may be anything."""
    if isinstance(text, ModelError):
        return {}
    lines = itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())
    matches = filter(None, (_HEADER.fullmatch(line.strip()) for line in lines))
    return {match[1]: match[2].strip() for match in matches if match[1] in KEYS}


def steps_of(header: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of its command that a table belongs to."""
    return split_list(header.get("step", "").removesuffix(_ON_REQUEST))


def is_on_request(header: Mapping[str, str]) -> bool:
    """Whether a table is made by its command only where one of its steps is named."""
    return header.get("step", "").endswith(_ON_REQUEST)


def scope_of(path: Path, text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        known = ", ".join(one.value for one in Scope)
        raise ModelError(path, f'scope "{text}" is none of {known}') from None


def said_by_name(header: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a table that its header says as they stand."""
    texts = {key: header.get(key, "") for key in _TEXTS}
    lists = {key: split_list(header.get(key, "")) for key in _LISTS}
    flags = {key: header.get(key) == "yes" for key in _FLAGS}
    return {key.replace(" ", "_"): value for key, value in (texts | lists | flags).items()}


def partition_of(path: Path, header: Mapping[str, str], schema: Schema) -> str | None:
    """The column by whose dates a table is kept."""
    column = header.get("partition")
    if column is not None and column not in schema.names:
        raise ModelError(path, f"the partition column {column} is none of its columns")
    if column is not None and schema[column].type not in {"DATE", "TIMESTAMP"}:
        raise ModelError(path, f"the partition column {column} is neither DATE nor TIMESTAMP")
    return column


def files_of(path: Path, header: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """The files that are written from a table, and the setting that asks for them ("": always)."""
    names, when, setting = header.get("files", "").partition(_WHEN)
    files = split_list(names)
    if when and not files:
        raise ModelError(path, f'"files: {header["files"]}": expected "files: FILE when SETTING"')
    if "partition" in header and files:
        raise ModelError(path, "a table by date has no files: they would be written again for every date")
    return files, setting.strip()


def needs_of(path: Path, inputs: Iterable[str], header: Header) -> dict[str, Need]:
    """Which inputs of a model must be there. Raises `ModelError`."""
    needs = dict.fromkeys(inputs, Need.REQUIRED)
    for key, need in (("optional", Need.OPTIONAL), ("borrowed", Need.BORROWED)):
        for name in split_list(header.get(key, "")):
            if name not in needs:
                told = f"the header names {name} as {key}, the query does not read it"
                raise ModelError(path, told, header.lines[key])
            needs[name] = need
    return needs


def replaceable(path: Path, header: Header) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in header.items():
        if key.startswith(_INPUT):
            match = _FROM.fullmatch(value)
            if match is None:
                told = f'"{key}: {value}": expected "{key}: from OPTION"'
                raise ModelError(path, told, header.lines[key])
            yield key.removeprefix(_INPUT), split_list(match[1])


def from_files(path: Path, header: Mapping[str, str]) -> tuple[str, str] | None:
    text = header.get("from files")
    match = _FROM_FILES.fullmatch(text) if text else None
    if text and match is None:
        raise ModelError(path, f'"from files: {text}": expected "from files: FILE when OPTION"')
    return (match[1], match[2]) if match else None


def constants_of(path: Path, text: str) -> dict[str, int]:
    """The numbers that a header names: `NAME VALUE, NAME VALUE`."""
    found: dict[str, int] = {}
    for part in split_list(text):
        match = _CONSTANT.fullmatch(part)
        if match is None:
            raise ModelError(path, f'"constants: {text}": expected "constants: NAME NUMBER, NAME NUMBER"')
        if match[1] in parameters.OF_COURSE or match[1] in parameters.OF_SETTINGS:
            raise ModelError(path, f"constants: @{match[1]} is a parameter of another meaning already")
        if match[1] in found or int(match[2]) in found.values():
            raise ModelError(path, f'"constants: {text}": expected each name and each number once')
        found[match[1]] = int(match[2])
    return found


def lookback_of(
    path: Path, text: str, constants: Mapping[str, int]
) -> tuple[timedelta, tuple[str, timedelta] | None]:
    """A look-back, and where it hangs on a constant, on which and in what unit."""
    if text == "all":
        return ALL_EARLIER, None
    match = _LOOKBACK.fullmatch(text)
    if not match:
        expected = '"N seconds", "N minutes", "N days", "all"; N a number, or @NAME of a constant'
        raise ModelError(path, f'lookback "{text}" is none of {expected}')
    unit = timedelta(**{match[2].rstrip("s") + "s": 1})
    if not match[1].startswith("@"):
        return unit * int(match[1]), None
    name = match[1].removeprefix("@")
    if name not in constants:
        hint = nearest(name, constants)
        raise ModelError(path, f'lookback "{text}": the header names no constant {name}{hint}')
    return unit * constants[name], (name, unit)
