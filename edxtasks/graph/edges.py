"""The graph as a list: what is made from what, for the whole registry, whatever the courses.

Names: a table of a course is plain, that of another dataset `report:NAME`, `courses.NAME`, `geocode.NAME`;
`file:NAME` is a file of the dump, of the logs or beside them, `gs:NAME` one in the storage, `setting:NAME` a
setting, or the file that it names (`setting:mongo` the database of the section). What has many names stands
there once: `tracklog_YYYYMMDD`, `<source>`, `*`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from edxtasks.build.research import FORUM
from edxtasks.build.research import TABLES as RESEARCH_TABLES
from edxtasks.config import OPTIONS, SETTINGS
from edxtasks.content.course_image import NAME as COURSE_IMAGE
from edxtasks.dumps.from_mongodb import FOLDER as FROM_MONGODB
from edxtasks.dumps.package import SHORT_NAMES
from edxtasks.graph import tasks
from edxtasks.table import TRACKLOG, Need, PythonModel, Scope, SqlModel, Table

DAY_TABLES = f"{TRACKLOG}_YYYYMMDD"
"""All day tables of a course."""
HEADER = ("output", "input", "need", "task", "scope")


@dataclass(frozen=True)
class Edge:
    """One thing and one that it is made from.

    `need` is `required` or `optional`; "" where something is made from nothing, and `task` too where nothing
    here makes it. `scope` is what there is one of the output for: course, group, warehouse, package, file,
    day.
    """

    output: str
    input: str
    need: str
    task: str
    scope: str


@dataclass(frozen=True)
class _Maker:
    task: str
    scope: str
    outputs: Sequence[str]
    inputs: Mapping[str, Need] = field(default_factory=dict)

    def edges(self) -> list[Edge]:
        if not self.inputs:
            return [Edge(output, "", "", self.task, self.scope) for output in self.outputs]
        return [
            Edge(
                output, name, _REQUIRED.value if need is _REQUIRED else _OPTIONAL.value, self.task, self.scope
            )
            for output in self.outputs
            for name, need in self.inputs.items()
        ]


_SHARD = "file:tracklog-DATE.json.gz"
_STORED_SHARD = "gs:DAILY/tracklog-DATE.json.gz"
_PARTS = "file:PARTS/*"
_OF_RAW_LOG = (_PARTS, "file:META/<source>.json", "file:REJECTS/<source>.jsonl.gz")
_DUMP_FILES = (
    *(f"{name}.csv" for name in SHORT_NAMES.values()),
    "user_id_map.csv",
    "forum.mongo",
    "course.xml.tar.gz",
    "grades_persistentcoursegrade.csv",
    "grades_persistentsubsectiongrade.csv",
    "user_api_usercoursetag.csv",
    "course_structure.json",
)
"""The files of a package that a table is made from; `waldofy` sorts all others too."""
_REQUIRED, _OPTIONAL = Need.REQUIRED, Need.OPTIONAL


def edges(registry: Mapping[str, Table]) -> list[Edge]:
    """All edges, in a fixed order. A table with a fault has none but that from nothing."""
    makers = [*_steps(registry), *(_of_table(table, registry) for table in registry.values())]
    return sorted(
        (edge for maker in makers for edge in maker.edges()), key=lambda edge: (edge.output, edge.input)
    )


def upstream_of(all_edges: Iterable[Edge], outputs: Collection[str]) -> list[Edge]:
    """The edges of these outputs and of all that they are made from."""
    by_output: dict[str, list[Edge]] = {}
    for edge in all_edges:
        by_output.setdefault(edge.output, []).append(edge)
    found: dict[str, None] = {}
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name in by_output and name not in found:
            found[name] = None
            waiting += [edge.input for edge in by_output[name]]
    return [edge for output in sorted(found) for edge in by_output[output]]


def name_of(table: Table) -> str:
    """A table as the graph names it."""
    return table.task


# Tables


def _of_table(table: Table, registry: Mapping[str, Table]) -> _Maker:
    inputs: dict[str, Need] = {}
    for name, need in table.inputs.items():
        inputs[DAY_TABLES if name == TRACKLOG else name_of(registry[name])] = need
    for named_by in table.replaceable.values():
        inputs |= dict.fromkeys(_settings(named_by), _OPTIONAL)
    if table.from_files is not None:
        inputs[f"file:{table.from_files[0]}"] = _OPTIONAL
    builder = table.builder
    if isinstance(builder, PythonModel):
        inputs |= {_with_course(name): need for name, need in builder.reads.items()}
        inputs |= dict.fromkeys(_settings(builder.settings), _OPTIONAL)
    elif isinstance(builder, SqlModel):
        inputs |= dict.fromkeys(_settings((*builder.parameters, *builder.settings)), _OPTIONAL)
    if table.snapshot:
        inputs |= dict.fromkeys(_settings((table.snapshot,)), _OPTIONAL)
    task = "" if table.external else table.task
    return _Maker(task, table.scope.value, [name_of(table), *_files(table)], inputs)


def _files(table: Table) -> list[str]:
    place = "file" if table.scope is Scope.COURSE else "gs"
    files = [f"{place}:{name}" for name in table.files]
    if isinstance(table.builder, PythonModel):
        files += [f"file:{_with_course(name)}" for name in table.builder.outputs]
        files += [f"gs:{_with_course(name)}" for name in table.builder.published_outputs]
        files += [f"gs:{stem}.csv" for stem in table.builder.published.values()]
    return [_with_course(name) for name in files]


def _with_course(name: str) -> str:
    return name.replace("{course}", "COURSE")


def _settings(names: Iterable[str]) -> list[str]:
    """Those of the names that are settings or options; others are facts of the run (its course)."""
    plain = {name for _, name in SETTINGS} | set(OPTIONS)
    return [f"setting:{name}" for name in names if name in plain]


# Steps that make no table of the registry


def _steps(registry: Mapping[str, Table]) -> list[_Maker]:
    dump = [f"file:{name}" for name in _DUMP_FILES]
    tables = [table for table in registry.values() if table.scope is Scope.COURSE]
    beside = [name for table in tables for name in _files(table) if name.startswith("file:")]
    kept = [
        name for name in (*dump, *beside) if name.endswith((".csv", ".csv.gz", ".json", ".json.gz", ".mongo"))
    ]
    mongo = {"setting:mongo": _REQUIRED}
    research = dict.fromkeys((*RESEARCH_TABLES, f"file:{FORUM}"), _OPTIONAL)
    image = {f"file:{COURSE_IMAGE}": _REQUIRED, "setting:publish_course_images": _OPTIONAL}
    raw = {"setting:tlfn": _REQUIRED, "setting:dynamic_tracking_logs_rephrasing_config_fn": _OPTIONAL}
    either = {_STORED_SHARD: _OPTIONAL, _SHARD: _OPTIONAL}
    return [
        _Maker(tasks.SPLIT, "file", _OF_RAW_LOG, raw),
        _Maker(tasks.SPLIT, "day", (_SHARD,), {_PARTS: _REQUIRED}),
        _Maker(tasks.MONGO2GS, "day", (_SHARD, _STORED_SHARD), mongo),
        _Maker(tasks.LOGS2GS, "day", (_STORED_SHARD,), {_SHARD: _REQUIRED}),
        _Maker(tasks.LOGS2BQ, "day", (DAY_TABLES,), either),
        _Maker(tasks.WALDOFY, "package", dump, {"setting:dump_dir": _REQUIRED}),
        _Maker(tasks.MONGO2USER_INFO, "course", (f"file:{FROM_MONGODB}/*.json.gz",), mongo),
        _Maker(tasks.MIRROR, "course", ("gs:<dump_files>",), dict.fromkeys(kept, _OPTIONAL)),
        _Maker(tasks.MIRROR, "course", (f"gs:{COURSE_IMAGE}",), image),
        _Maker(tasks.RESEARCH, "course", ("gs:latest/<table>.csv.gz",), research),
    ]


# Forms


def write_csv(found: Iterable[Edge], out: TextIO) -> None:
    """A line an edge, with a header; lines end in LF."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((one.output, one.input, one.need, one.task, one.scope) for one in found)


def write_dot(found: Iterable[Edge], out: TextIO) -> None:
    """A digraph for Graphviz, from inputs to outputs; optional ones dashed."""
    out.write("digraph edxtasks {\n  rankdir=LR;\n  node [shape=box];\n")
    for one in _without_repeats(found):
        if not one.input:
            out.write(f"  {_quoted(one.output)};\n")
        else:
            style = "" if one.need == _REQUIRED.value else " [style=dashed]"
            out.write(f"  {_quoted(one.input)} -> {_quoted(one.output)}{style};\n")
    out.write("}\n")


def write_mermaid(found: Iterable[Edge], out: TextIO) -> None:
    """A flowchart for pages in Markdown, from inputs to outputs; optional ones dotted."""
    numbers: dict[str, str] = {}

    def node(name: str) -> str:
        known = name in numbers
        number = numbers.setdefault(name, f"n{len(numbers)}")
        return number if known else f'{number}["{name}"]'

    out.write("flowchart LR\n")
    for one in _without_repeats(found):
        arrow = "-->" if one.need == _REQUIRED.value else "-.->"
        out.write(
            f"  {node(one.input)} {arrow} {node(one.output)}\n" if one.input else f"  {node(one.output)}\n"
        )


def _without_repeats(found: Iterable[Edge]) -> list[Edge]:
    """One edge of several tasks that make the same output from the same input."""
    return list({(one.output, one.input): one for one in found}.values())


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
