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
table anew), and what a table says of its place in the product: `sets`, `step`, `excluded by`, `forced by`,
`required when named`, `file form`, `snapshot`, `from files`, `input NAME: from OPTION`, `for each`,
`constants` and `variant` (`variants.py`), `stands with`, `may be empty: yes` (no rows are no finding of `doit
health`, whatever its inputs have).
Conditions that its rows keep are lines of their own, `-- check NAME (error): grade <= 1`
(`check_lines.py`), and so is what is said of it after a build (`fact_lines.py`). Each output column says its
BigQuery type and its meaning in its comment; inputs and parameters are read from the parsed query
(docs/adding-a-table.md tells all of them).

A model that gives the columns of another table as they are says `columns: TABLE`, or `columns: TABLE without
NAME, NAME`, and, as a line of its own, `SELECT *`: the columns and their comments are put in its place when
the model is read.

A model that breaks this form, or is not SQL, is told with file and line when its own table is built: all
other tables go on.

With `scope: group` a plain table name means the union of that table over the chosen courses, those that
lack it left out, columns matched by name. A table of the report dataset is `report.NAME`.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib.metadata
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from edxtasks.build import parameters
from edxtasks.build.check_lines import CheckLineError, take_checks
from edxtasks.build.declared import fault_in
from edxtasks.build.fact_lines import FactLineError, numbers_and_inputs, take_facts
from edxtasks.caches import read_cache, write_cache
from edxtasks.errors import UserError, from_machine, nearest
from edxtasks.table import (
    ALL_EARLIER,
    TRACKLOG,
    Facts,
    Need,
    Scope,
    SqlModel,
    Table,
    commands_in,
    name_at,
    split_list,
)
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.schema import GOOGLESQL_TYPES, Column, Schema, column_of

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
_HEADER = re.compile(r"--\s*([a-z]+(?: [a-z]+)*|input \S+):\s*(.+)")
_INPUT = "input "
_LOOKBACK = re.compile(r"(\d+|@[a-z]\w*) (seconds?|minutes?|days?)")
_CONSTANT = re.compile(r"([a-z]\w*) (\d{1,9})")
_WHEN = " when "
_ON_REQUEST = " (on request)"
_FROM = re.compile(r"from (.+)")
_FROM_FILES = re.compile(r"(\S+) when ([a-z_]+)")
_COLUMNS = re.compile(r"(\S+)(?: without (.+))?")
_STAR = re.compile(r"^SELECT \*$", re.MULTILINE)


class ModelError(ValueError):
    """A model file that breaks the form; its text names file, line where there is one, and fault."""

    def __init__(self, path: Path, fault: str, line: int | None = None) -> None:
        super().__init__(f"{path}{f', line {line}' if line else ''}: {fault}")


@dataclass(frozen=True)
class _Analysis:
    """What parsing the SQL of a model tells: kept in a cache, since parsing all models takes a second."""

    inputs: list[str]
    parameters: list[str]
    columns: list[list[str]]
    recipe: str


def read_models(folder: Path, cache: Path | None, declared: Mapping[str, Schema]) -> dict[str, Table]:
    """The tables of all `.sql` files below `folder`, by name; one whose model is wrong has a `fault`.

    `declared` are the columns of tables that are no models. `cache` is a file that spares parsing models
    which did not change; it may vanish at any time.
    """
    known = _read_cache(cache)
    used: dict[str, Any] = {}
    tables: dict[str, Table] = {}
    texts = {path: _text(path) for path in sorted(folder.rglob("*.sql"))}
    version = code_version()

    def analysis_of(path: Path, text: str) -> _Analysis:
        key = f"{hashlib.sha256(text.encode()).hexdigest()}:{version}"
        if key not in known:
            known[key] = _analyse(path, text).__dict__
        used[key] = known[key]
        return _Analysis(**known[key])

    for path in sorted(texts, key=lambda one: "columns" in _lenient_header(texts[one])):
        table = _table_or_fault(path, texts[path], tables, declared, analysis_of)
        if table.name in tables:
            twice = f"{path}: there are two models with the name {table.name}"
            table = _broken(path, texts[path], twice)
        tables[table.name] = table
    if cache is not None and set(used) != set(_read_cache(cache)):
        write_cache(cache, orjson.dumps(used))
    return tables


def with_fault(table: Table, fault: str) -> Table:
    """A table whose task fails with `fault`; nothing is built for its sake."""
    return dataclasses.replace(
        table,
        fault=fault,
        inputs={},
        schema=Schema(()),
        partition=None,
        files=(),
        checks=(),
        facts=None,
        grain="",
    )


def with_place(builder: SqlModel, fault: str, *words: str) -> str:
    """A fault of a model with its file, and the line of the first of `words` that stands in it."""
    if builder.file is None:
        return fault
    # Where columns were put in place of a star, lines are not those of the file.
    known = () if "-- columns:" in builder.sql else words
    lines = (line_with(builder.sql, word) for word in known)
    return str(ModelError(builder.file, fault, next(filter(None, lines), None)))


def line_with(text: str, word: str) -> int | None:
    """The first line of a model on which a word stands outside of comments, counted from 1."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line.partition("--")[0]):
            return number
    return None


def _text(path: Path) -> str | ModelError:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        return ModelError(path, str(from_machine(error)))
    except UnicodeDecodeError as error:
        return ModelError(path, f"expected text in UTF-8, byte {error.start} is none")


def _table_or_fault(
    path: Path,
    text: str | ModelError,
    tables: Mapping[str, Table],
    declared: Mapping[str, Schema],
    analysis_of: Callable[[Path, str], _Analysis],
) -> Table:
    if isinstance(text, ModelError):
        return _broken(path, text, str(text))
    try:
        checks, described = _checks(path, text)
        facts, described = _facts(path, described)
        header, description = _header(path, described)
        schema = None
        if "columns" in header:
            schema = _schema_of(path, header["columns"], tables, declared)
            text = _with_columns(path, text, schema)
        table = _table(path, text, header, description, analysis_of(path, text), schema)
        if facts is not None and table.scope is not Scope.COURSE:
            raise ModelError(path, "facts are told of a table of a course, and this is none")
        return dataclasses.replace(table, checks=checks, facts=facts)
    except ModelError as error:
        return _broken(path, text, str(error))


def _broken(path: Path, text: str | ModelError, fault: str) -> Table:
    """What can still be said of a table whose model is wrong: name, command, scope."""
    header = _lenient_header(text)
    command, scope = header.get("command", ""), header.get("scope", "")
    return with_fault(
        Table(
            name=name_at(path),
            command=command if _are_commands(command) else path.stem,
            schema=Schema(()),
            builder=SqlModel("", "", file=path),
            scope=Scope(scope) if scope in {one.value for one in Scope} else Scope.COURSE,
        ),
        fault,
    )


def _are_commands(text: str) -> bool:
    try:
        return bool(commands_in(text))
    except ValueError:
        return False


def _lenient_header(text: str | ModelError) -> dict[str, str]:
    """The header of a text that may be anything."""
    if isinstance(text, ModelError):
        return {}
    lines = itertools.takewhile(lambda line: line.startswith("--"), text.splitlines())
    matches = filter(None, (_HEADER.fullmatch(line.strip()) for line in lines))
    return {match[1]: match[2].strip() for match in matches if match[1] in _KEYS}


def _schema_of(path: Path, text: str, tables: Mapping[str, Table], declared: Mapping[str, Schema]) -> Schema:
    """The columns that a header names: `TABLE`, or `TABLE without NAME, NAME`."""
    match = _COLUMNS.fullmatch(text)
    if match is None:
        raise ModelError(
            path, f'"columns: {text}": expected "columns: TABLE" or "columns: TABLE without NAME"'
        )
    source, without = match[1], split_list(match[2] or "")
    if source in tables and tables[source].fault:
        raise ModelError(
            path, f"its columns are those of {source}, whose model is wrong: {tables[source].fault}"
        )
    schema = tables[source].schema if source in tables else declared.get(source)
    if schema is None:
        raise ModelError(path, f"columns: {source} is not a table whose columns are known")
    for name in without:
        if name not in schema.names:
            raise ModelError(path, f"columns: {source} has no column {name}{nearest(name, schema.names)}")
    return Schema(tuple(column for column in schema if column.name not in without))


def _with_columns(path: Path, text: str, schema: Schema) -> str:
    """The text of a model with these columns in place of its `SELECT *`."""
    if len(_STAR.findall(text)) != 1:
        raise ModelError(path, 'a model with "columns:" has one line "SELECT *", at the left margin')
    last = schema.columns[-1]
    lines = [
        f"  {one.name}{',' if one is not last else ''} -- {one.written_type}: {one.description}"
        for one in schema
    ]
    return _STAR.sub(lambda match: "\n".join(["SELECT", *lines]), text)


def _read_cache(cache: Path | None) -> dict[str, Any]:
    form = read_cache(cache) if cache else None
    return form if isinstance(form, dict) else {}


def code_version() -> str:
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
        facts, _ = take_facts(text)
        if facts is not None:
            numbers_and_inputs(facts)
    except (ValueError, UserError) as error:
        raise ModelError(path, str(error)) from error
    rewrites = sorted(dialect.rewrite_versions(tree).items())
    recipe = digest(dialect.token_digest(text), *(f"{name}={version}" for name, version in rewrites))
    return _Analysis(dialect.inputs(tree), dialect.parameters(tree), columns, recipe)


def _table(
    path: Path,
    text: str,
    header: Mapping[str, str],
    description: str,
    analysis: _Analysis,
    schema: Schema | None,
) -> Table:
    if "command" not in header:
        raise ModelError(path, 'the header does not say "-- command: NAME"')
    if schema is None:
        schema = Schema(tuple(_column(path, text, name, comment) for name, comment in analysis.columns))
    partition = header.get("partition")
    if partition is not None and partition not in schema.names:
        raise ModelError(path, f"the partition column {partition} is none of its columns")
    if partition is not None and schema[partition].type not in {"DATE", "TIMESTAMP"}:
        raise ModelError(path, f"the partition column {partition} is neither DATE nor TIMESTAMP")
    constants = _constants(path, header.get("constants", ""))
    lookback, lookback_by = _lookback(path, header.get("lookback", "0 seconds"), constants)
    if lookback == ALL_EARLIER and TRACKLOG in analysis.inputs:
        raise ModelError(
            path,
            "a query that looks back over all dates would read every log day for each date that changes. "
            "Keep the events that it needs in an internal table by date, and read that",
        )
    names, when, setting = header.get("files", "").partition(_WHEN)
    files = split_list(names)
    if when and not files:
        raise ModelError(path, f'"files: {header["files"]}": expected "files: FILE when SETTING"')
    if partition is not None and files:
        raise ModelError(path, "a table by date has no files: they would be written again for every date")
    scope = _scope(path, header.get("scope", "course"))
    for name in analysis.parameters:
        if name not in constants and (fault := parameters.complaint(name, scope)):
            raise ModelError(path, fault, line_with(text, f"@{name}"))
    table = Table(
        name=name_at(path),
        command=header["command"],
        schema=schema,
        builder=SqlModel(
            text,
            digest(analysis.recipe, schema.digest()),
            tuple(analysis.parameters),
            split_list(header.get("settings", "")),
            path,
        ),
        description=description,
        scope=scope,
        grain=header.get("grain", ""),
        inputs=_needs(path, analysis.inputs, header),
        partition=partition,
        lookback=lookback,
        lookback_by=lookback_by,
        constants=constants,
        variant=header.get("variant", ""),
        internal=header.get("internal") == "yes",
        for_each=header.get("for each", ""),
        files=files,
        files_when=setting.strip(),
        file_form=header.get("file form", ""),
        snapshot=header.get("snapshot", ""),
        sets=split_list(header.get("sets", "")),
        steps=split_list(header.get("step", "").removesuffix(_ON_REQUEST)),
        on_request=header.get("step", "").endswith(_ON_REQUEST),
        excluded_by=split_list(header.get("excluded by", "")),
        forced_by=split_list(header.get("forced by", "")),
        stands_with=split_list(header.get("stands with", "")),
        required_when_named=header.get("required when named") == "yes",
        may_be_empty=header.get("may be empty") == "yes",
        replaceable=dict(_replaceable(path, header)),
        from_files=_from_files(path, header),
    )
    if fault := fault_in(table):
        raise ModelError(path, fault)
    return table


def _replaceable(path: Path, header: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in header.items():
        if key.startswith(_INPUT):
            match = _FROM.fullmatch(value)
            if match is None:
                raise ModelError(path, f'"{key}: {value}": expected "{key}: from OPTION"')
            yield key.removeprefix(_INPUT), split_list(match[1])


def _from_files(path: Path, header: Mapping[str, str]) -> tuple[str, str] | None:
    text = header.get("from files")
    match = _FROM_FILES.fullmatch(text) if text else None
    if text and match is None:
        raise ModelError(path, f'"from files: {text}": expected "from files: FILE when OPTION"')
    return (match[1], match[2]) if match else None


def _header(path: Path, text: str) -> tuple[dict[str, str], str]:
    header: dict[str, str] = {}
    description = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            break
        match = _HEADER.fullmatch(line.strip())
        if match and (match[1] in _KEYS or match[1].startswith(_INPUT)):
            header[match[1]] = match[2].strip()
        elif match and difflib.get_close_matches(match[1], _KEYS, cutoff=0.75):
            hint = nearest(match[1], _KEYS)
            raise ModelError(path, f'the header key "{match[1]}" is not known{hint}', number)
        else:
            description.append(line.lstrip("- ").strip())
    return header, " ".join(description).strip()


def _checks(path: Path, text: str) -> tuple[tuple[Check, ...], str]:
    try:
        return take_checks(text)
    except CheckLineError as error:
        raise ModelError(path, str(error), error.line) from None


def _facts(path: Path, text: str) -> tuple[Facts | None, str]:
    try:
        return take_facts(text)
    except FactLineError as error:
        raise ModelError(path, str(error), error.line) from None


def _needs(path: Path, inputs: Iterable[str], header: Mapping[str, str]) -> dict[str, Need]:
    needs = dict.fromkeys(inputs, Need.REQUIRED)
    for key, need in (("optional", Need.OPTIONAL), ("borrowed", Need.BORROWED)):
        for name in split_list(header.get(key, "")):
            if name not in needs:
                raise ModelError(path, f"the header names {name} as {key}, the query does not read it")
            needs[name] = need
    return needs


def _scope(path: Path, text: str) -> Scope:
    try:
        return Scope(text)
    except ValueError:
        known = ", ".join(one.value for one in Scope)
        raise ModelError(path, f'scope "{text}" is none of {known}') from None


def _constants(path: Path, text: str) -> dict[str, int]:
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


def _lookback(
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


def _column(path: Path, text: str, name: str, comment: str) -> Column:
    kind, _, description = comment.partition(":")
    try:
        if not description.strip():
            raise ValueError("it has no meaning")
        return column_of(name, kind.strip(), description.strip())
    except ValueError as error:
        known = f"{', '.join(GOOGLESQL_TYPES)}, RECORD<name TYPE, …>, or REPEATED and one of these"
        raise ModelError(
            path,
            f'the comment of column {name} is "{comment}"; expected "TYPE: meaning" with TYPE one of {known} '
            f"({error})",
            _line_of_comment(text, comment),
        ) from None


def _line_of_comment(text: str, comment: str) -> int | None:
    first = comment.partition("\n")[0].strip()
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if first and line.rstrip().endswith(f"-- {first}")), None)
