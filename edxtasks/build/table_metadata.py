"""What a table says of itself, in words for people: the same on every page and in every command."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from edxtasks.config import OPTIONS, SETTINGS
from edxtasks.table import Need, PythonModel, Scope, SqlModel, Table

_PACKAGE = Path(__file__).parents[1]

SCOPES: Mapping[Scope, str] = {
    Scope.COURSE: "one for each course",
    Scope.GROUP: "one over the chosen courses",
    Scope.WAREHOUSE: "one for the warehouse",
}
NEEDS: Mapping[Need, str] = {
    Need.REQUIRED: "required",
    Need.OPTIONAL: "if there",
    Need.BORROWED: "as it stands",
}

_MEANINGS = {entry.name: entry.what for entry in (*SETTINGS.values(), *OPTIONS.values())}
_SETTING = "setting:"


@dataclass(frozen=True)
class SettingOf:
    """A setting or option that makes a difference to a table: its name, which difference, what it means."""

    name: str
    role: str
    meaning: str


def settings_of(table: Table) -> list[SettingOf]:
    """The settings and options that make a difference to a table, each once, in a fixed order."""
    found: dict[str, str] = {}
    for name, role in _roles(table):
        if name in _MEANINGS:
            found.setdefault(name, role)
    return [SettingOf(name, role, _MEANINGS[name]) for name, role in found.items()]


def _roles(table: Table) -> Iterator[tuple[str, str]]:
    builder = table.builder
    if isinstance(builder, SqlModel):
        yield from ((name, "changes its rows") for name in (*builder.settings, *builder.parameters))
    elif isinstance(builder, PythonModel):
        yield from ((name, "changes its rows") for name in builder.settings)
        for name in builder.reads:
            if name.startswith(_SETTING):
                yield name.removeprefix(_SETTING), "names a file that it is made from"
    for source, options in table.replaceable.items():
        yield from ((name, f"names another table in place of {source}") for name in options)
    if table.from_files is not None:
        yield table.from_files[1], f"makes it from {table.from_files[0]}"
    yield table.variant, "makes it once more under another name"
    yield table.snapshot, "keeps a copy of each build"
    yield table.files_when, "without it no file is written"
    yield from ((name, "leaves it out") for name in table.excluded_by)
    yield from ((name, "rebuilds it") for name in table.forced_by)
    yield from ((name, "takes it as it stands") for name in table.stands_with)
    if any(".csv" in name for name in table.files):
        yield "csv_bom", "changes the form of its files"


def files_read(table: Table) -> dict[str, Need]:
    """The files that a table is made from, as the graph names them without `file:`, and how it needs each."""
    builder = table.builder
    reads = builder.reads if isinstance(builder, PythonModel) else {}
    return {
        with_course(name.partition(":")[2]): need
        for name, need in reads.items()
        if not name.startswith(_SETTING)
    }


def defined_in(table: Table) -> str:
    """The file that declares a table, below the folder of the package; "" where there is none."""
    builder = table.builder
    path: Path | None = None
    if isinstance(builder, SqlModel):
        path = builder.file
    elif isinstance(builder, PythonModel):
        path = Path(inspect.getfile(inspect.unwrap(builder.build)))
    if path is None or not path.is_relative_to(_PACKAGE):
        return ""
    return path.relative_to(_PACKAGE.parent).as_posix()


def files_of(table: Table) -> list[str]:
    """The files that are written with a table: `file:NAME` beside those of the dump, `gs:NAME` stored."""
    place = "file" if table.scope is Scope.COURSE else "gs"
    files = [f"{place}:{name}" for name in table.files]
    if isinstance(table.builder, PythonModel):
        files += [f"file:{with_course(name)}" for name in table.builder.outputs]
        files += [f"gs:{with_course(name)}" for name in table.builder.published_outputs]
        files += [f"gs:{stem}.csv" for stem in table.builder.published.values()]
    return [with_course(name) for name in files]


def with_course(name: str) -> str:
    """A name that holds the course, for any course."""
    return name.replace("{course}", "COURSE")
