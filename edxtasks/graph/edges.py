"""The graph as a list: what is made from what, for the whole registry, whatever the courses.

Names are those of `steps/made.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TextIO

from edxtasks.build.table_metadata import files_of, with_course
from edxtasks.config import OPTIONS, SETTINGS
from edxtasks.graph.task_files import read_tasks
from edxtasks.steps.made import DAY_TABLES, Made
from edxtasks.table import TRACKLOG, Need, PythonModel, SqlModel, Table

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


def edges(registry: Mapping[str, Table]) -> list[Edge]:
    """All edges, in a fixed order. A table with a fault has none but that from nothing."""
    found = [
        edge
        for task in read_tasks(registry).values()
        for made in (task.made(registry) if task.made is not None else ())
        for edge in _edges(task.name, made)
    ]
    by_tasks = {edge.output for edge in found}
    for table in registry.values():
        if not table.external or table.task not in by_tasks:
            found += _edges("" if table.external else table.task, _of_table(table, registry))
    return sorted(found, key=lambda edge: (edge.output, edge.input))


def _edges(task: str, made: Made) -> list[Edge]:
    if not made.inputs:
        return [Edge(output, "", "", task, made.scope) for output in made.outputs]
    return [
        Edge(output, name, (need if need is Need.REQUIRED else Need.OPTIONAL).value, task, made.scope)
        for output in made.outputs
        for name, need in made.inputs.items()
    ]


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


def _of_table(table: Table, registry: Mapping[str, Table]) -> Made:
    inputs: dict[str, Need] = {}
    for name, need in table.inputs.items():
        inputs[DAY_TABLES if name == TRACKLOG else name_of(registry[name])] = need
    for named_by in table.replaceable.values():
        inputs |= dict.fromkeys(_settings(named_by), Need.OPTIONAL)
    if table.from_files is not None:
        inputs[f"file:{table.from_files[0]}"] = Need.OPTIONAL
    builder = table.builder
    if isinstance(builder, PythonModel):
        inputs |= {with_course(name): need for name, need in builder.reads.items()}
        inputs |= dict.fromkeys(_settings(builder.settings), Need.OPTIONAL)
    elif isinstance(builder, SqlModel):
        inputs |= dict.fromkeys(_settings((*builder.parameters, *builder.settings)), Need.OPTIONAL)
    inputs |= dict.fromkeys(_settings((table.snapshot, table.variant)), Need.OPTIONAL)
    return Made(table.scope.value, [name_of(table), *files_of(table)], inputs)


def _settings(names: Iterable[str]) -> list[str]:
    """Those of the names that are settings or options; others are facts of the run (its course)."""
    plain = {name for _, name in SETTINGS} | set(OPTIONS)
    return [f"setting:{name}" for name in names if name in plain]


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
            style = "" if one.need == Need.REQUIRED.value else " [style=dashed]"
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
        arrow = "-->" if one.need == Need.REQUIRED.value else "-.->"
        out.write(
            f"  {node(one.input)} {arrow} {node(one.output)}\n" if one.input else f"  {node(one.output)}\n"
        )


def _without_repeats(found: Iterable[Edge]) -> list[Edge]:
    """One edge of several tasks that make the same output from the same input."""
    return list({(one.output, one.input): one for one in found}.values())


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
