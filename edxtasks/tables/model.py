"""A model: a derived table that is one file of GoogleSQL with a short header.

    -- What the table is, in a line or more.
    -- command: person_course
    -- grain: username
    -- optional: studentmodule, forum
    -- partition: date
    -- lookback: 300 seconds
    SELECT
      username, -- STRING: the learner
      COUNT(*) AS nevents, -- INTEGER: number of events
    FROM …

Header keys: `command` (which command of the command line makes it), `grain`, `scope` (course, group,
warehouse), `optional` and `borrowed` (inputs that may be absent; all others are required), `partition`
(the column of the date), `lookback` (how far before a date the query looks: `300 seconds`, `30 minutes`,
`all`), `internal: yes`, `files` (files to write from the rows), `settings` (settings whose change makes the
table anew). Each output column says its BigQuery type and its meaning in its comment; inputs and parameters
are read from the parsed query (docs/adding-a-table.md).

A model that gives the columns of another table as they are says `columns: TABLE` and, as a line of its own,
`SELECT *`: the columns and their comments are put in its place when the model is read.

With `scope: group` a plain table name means the union of that table over the chosen courses, those that
lack it left out, columns matched by name. A table of the report dataset is `report.NAME`.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.metadata
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from edxtasks.errors import UserError, nearest
from edxtasks.files import write_atomically
from edxtasks.tables.declaration import ALL_EARLIER, REPORT, TRACKLOG, Need, Scope, SelectedBy, Table
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.schema import GOOGLESQL_TYPES, Column, Schema

_KEYS = (
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
)
_HEADER = re.compile(r"--\s*([a-z]+):\s*(.+)")
_LOOKBACK = re.compile(r"(\d+) (seconds?|minutes?|days?)")
_STAR = re.compile(r"^SELECT \*$", re.MULTILINE)


class ModelError(ValueError):
    """A model file that breaks the form; names file and fault."""


@dataclass(frozen=True)
class _Analysis:
    """What parsing the SQL of a model tells: kept in a cache, since parsing all models takes a second."""

    inputs: list[str]
    parameters: list[str]
    columns: list[list[str]]
    recipe: str


def read_models(folder: Path, cache: Path | None, declared: Mapping[str, Schema]) -> dict[str, Table]:
    """The tables of all `.sql` files below `folder`, by name.

    `declared` are the columns of tables that are no models. `cache` is a file that spares parsing models
    which did not change; it may vanish at any time.
    """
    known = _read_cache(cache)
    used: dict[str, Any] = {}
    tables: dict[str, Table] = {}
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.sql"))}
    headers = {path: _header(path, text)[0] for path, text in texts.items()}
    code_version = _code_version()
    for path in sorted(texts, key=lambda one: "columns" in headers[one]):
        text, schema = texts[path], None
        if "columns" in headers[path]:
            schema = _schema_of(path, headers[path]["columns"], tables, declared)
            text = _with_columns(path, text, schema)
        key = f"{hashlib.sha256(text.encode()).hexdigest()}:{code_version}"
        if key not in known:
            known[key] = _analyse(path, text).__dict__
        used[key] = known[key]
        table = _table(path, text, _Analysis(**known[key]), schema)
        if table.name in tables:
            raise ModelError(f"{path}: there are two models with the name {table.name}")
        tables[table.name] = table
    if cache is not None and set(used) != set(_read_cache(cache)):
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cache, orjson.dumps(used))
    return tables


def _schema_of(
    path: Path, source: str, tables: Mapping[str, Table], declared: Mapping[str, Schema]
) -> Schema:
    schema = tables[source].schema if source in tables else declared.get(source)
    if schema is None:
        raise ModelError(f"{path}: columns: {source} is no table whose columns are known")
    return schema


def _with_columns(path: Path, text: str, schema: Schema) -> str:
    """The text of a model with these columns in place of its `SELECT *`."""
    if len(_STAR.findall(text)) != 1:
        raise ModelError(f'{path}: a model with "columns:" has one line "SELECT *", at the left margin')
    last = schema.columns[-1]
    lines = [
        f"  {one.name}{',' if one is not last else ''} -- {one.type}: {one.description}" for one in schema
    ]
    return _STAR.sub(lambda match: "\n".join(["SELECT", *lines]), text)


def _read_cache(cache: Path | None) -> dict[str, Any]:
    try:
        form = orjson.loads(cache.read_bytes()) if cache else {}
    except (OSError, orjson.JSONDecodeError):
        return {}  # only a cache
    return form if isinstance(form, dict) else {}


def _code_version() -> str:
    """Changes whenever the same text could be understood differently: parser and rewrites."""
    rewrites = sorted((Path(__file__).parents[1] / "warehouse").rglob("dialect*/*.py"))
    rewrites += sorted((Path(__file__).parents[1] / "warehouse").glob("dialect*.py"))
    marks = [f"{path.name}:{path.stat().st_mtime_ns}:{path.stat().st_size}" for path in rewrites]
    return digest(importlib.metadata.version("sqlglot"), *marks)[:16]


def _analyse(path: Path, text: str) -> _Analysis:
    from edxtasks.warehouse import dialect

    try:
        tree = dialect.parse(text)
        columns = [list(column) for column in dialect.columns(tree)]
    except (ValueError, UserError) as error:
        raise ModelError(f"{path}: {error}") from error
    rewrites = sorted(dialect.rewrite_versions(tree).items())
    recipe = digest(dialect.token_digest(text), *(f"{name}={version}" for name, version in rewrites))
    return _Analysis(dialect.inputs(tree), dialect.parameters(tree), columns, recipe)


def _table(path: Path, text: str, analysis: _Analysis, schema: Schema | None) -> Table:
    header, description = _header(path, text)
    if "command" not in header:
        raise ModelError(f'{path}: the header does not say "-- command: NAME"')
    if schema is None:
        schema = Schema(tuple(_column(path, name, comment) for name, comment in analysis.columns))
    partition = header.get("partition")
    if partition is not None and schema[partition].type not in {"DATE", "TIMESTAMP"}:
        raise ModelError(f"{path}: the partition column {partition} is neither DATE nor TIMESTAMP")
    lookback = _lookback(path, header.get("lookback", "0 seconds"))
    if lookback == ALL_EARLIER and TRACKLOG in analysis.inputs:
        raise ModelError(
            f"{path}: a query that looks back over all dates would read every log day for each date that "
            "changes. Keep the events that it needs in an internal table by date, and read that"
        )
    files = _list(header.get("files", ""))
    if partition is not None and files:
        raise ModelError(f"{path}: a table by date has no files: they would be written anew for every date")
    return Table(
        name=_name(path),
        command=header["command"],
        schema=schema,
        made=SelectedBy(
            text,
            digest(analysis.recipe, schema.digest()),
            tuple(analysis.parameters),
            _list(header.get("settings", "")),
        ),
        description=description,
        scope=_scope(path, header.get("scope", "course")),
        grain=header.get("grain", ""),
        inputs=_needs(path, analysis.inputs, header),
        partition=partition,
        lookback=lookback,
        internal=header.get("internal") == "yes",
        files=files,
    )


def _name(path: Path) -> str:
    """Tables of the datasets `courses`, `geocode` and of reports stand in folders of that name."""
    folder = path.parent.name
    return f"{folder}.{path.stem}" if folder in {"courses", "geocode", REPORT} else path.stem


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _header(path: Path, text: str) -> tuple[dict[str, str], str]:
    header: dict[str, str] = {}
    description = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        match = _HEADER.fullmatch(line.strip())
        if match and match[1] in _KEYS:
            header[match[1]] = match[2].strip()
        elif match and difflib.get_close_matches(match[1], _KEYS, cutoff=0.75):
            raise ModelError(f'{path}: the header key "{match[1]}" is not known{nearest(match[1], _KEYS)}')
        else:
            description.append(line.lstrip("- ").strip())
    return header, " ".join(description).strip()


def _needs(path: Path, inputs: Iterable[str], header: Mapping[str, str]) -> dict[str, Need]:
    needs = dict.fromkeys(inputs, Need.REQUIRED)
    for key, need in (("optional", Need.OPTIONAL), ("borrowed", Need.BORROWED)):
        for name in _list(header.get(key, "")):
            if name not in needs:
                raise ModelError(f"{path}: the header names {name} as {key}, the query does not read it")
            needs[name] = need
    return needs


def _scope(path: Path, text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        raise ModelError(f'{path}: scope "{text}" is none of {", ".join(s.value for s in Scope)}') from None


def _lookback(path: Path, text: str) -> timedelta:
    if text == "all":
        return ALL_EARLIER
    match = _LOOKBACK.fullmatch(text)
    if not match:
        raise ModelError(f'{path}: lookback "{text}" is none of "N seconds", "N minutes", "N days", "all"')
    return timedelta(**{match[2].rstrip("s") + "s": int(match[1])})


def _column(path: Path, name: str, comment: str) -> Column:
    kind, _, description = comment.partition(":")
    if kind.strip() not in GOOGLESQL_TYPES or not description.strip():
        raise ModelError(
            f'{path}: the comment of column {name} is "{comment}"; expected "TYPE: meaning" with TYPE one of '
            + ", ".join(GOOGLESQL_TYPES)
        )
    return Column(name, kind.strip(), description.strip())
