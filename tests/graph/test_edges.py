"""`doit graph`: its edges are those of a list that was written down without the code.

`dependencies.csv` holds the list, `dependencies_on_purpose.csv` where the product differs from it and why:

- `part`: a table that the list does not know, part of those that read it: its inputs count as theirs
- `new`: an output that the list does not know
- `added`, `removed`, `need`, `scope`: an edge that is here alone, there alone, or of another kind (`value`)
"""

from __future__ import annotations

import csv
import io
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from doit_process import doit
from product_registry import product_registry
from project import Project

from edxtasks.config import SETTINGS, load_settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.graph.edges import Edge, edges, upstream_of, write_csv, write_dot, write_mermaid
from edxtasks.graph.task_files import read_tasks
from edxtasks.graph.tasks import task_kinds
from edxtasks.table import Instance, Need, PythonModel, Scope, Table

HERE = Path(__file__).parent
REGISTRY = product_registry()
OURS = edges(REGISTRY)

Kinds = dict[tuple[str, str], set[tuple[str, str]]]
"""By output and input the need and scope of each edge between them."""


def rows_of(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="") as file:
        return list(csv.DictReader(file))


PURPOSES = rows_of("dependencies_on_purpose.csv")
LISTED: Kinds = {}
for row in rows_of("dependencies.csv"):
    LISTED.setdefault((row["output"], row["input"]), set()).add((row["need"], row["scope"]))


def fits(patterns: str, name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split(";"))


def purposes(kind: str, output: str, source: str = "") -> list[dict[str, str]]:
    """The lines of a kind that are about an output, or an edge."""
    return [
        one
        for one in PURPOSES
        if one["kind"] == kind
        and fits(one["output"], output)
        and (not one["input"] or fits(one["input"], source))
    ]


def without_parts(found: list[Edge]) -> Kinds:
    """The edges of all outputs that are no part of others; through a part to what it is made from."""
    inputs: dict[str, dict[str, str]] = {}
    for edge in found:
        inputs.setdefault(edge.output, {})[edge.input] = edge.need
    kinds: Kinds = {}

    def through(name: str, need: str) -> list[tuple[str, str]]:
        if not purposes("part", name):
            return [(name, need)]
        return [
            pair
            for source, other in inputs[name].items()
            for pair in through(source, "required" if need == other == "required" else "optional")
        ]

    for edge in found:
        if not purposes("part", edge.output) and edge.input:
            for name, need in through(edge.input, edge.need):
                kinds.setdefault((edge.output, name), set()).add((need, edge.scope))
    # Needed in one way and useful in another is needed.
    return {
        key: {one for one in some if one[0] == "required" or ("required", one[1]) not in some}
        for key, some in kinds.items()
    }


HAD = without_parts(OURS)
MADE = {edge.output for edge in OURS}


def test_every_output_of_the_list_is_made() -> None:
    """Told apart from wrong edges."""
    missing = {output for output, _ in LISTED} - MADE
    assert [one for one in sorted(missing) if not purposes("removed", one)] == []


def test_every_output_here_is_in_the_list() -> None:
    unknown = MADE - {output for output, _ in LISTED}
    known = ("part", "new", "added", "removed")
    assert [one for one in sorted(unknown) if not any(purposes(kind, one) for kind in known)] == []


def test_edge_for_edge() -> None:
    """What is in the list is here, and nothing else; but for what is said to differ."""
    listed = {key: kinds for key, kinds in LISTED.items() if key[0] in MADE}
    lacking = [key for key in sorted(listed.keys() - HAD.keys()) if not purposes("removed", *key)]
    more = [
        key
        for key in sorted(HAD.keys() - listed.keys())
        if not purposes("added", *key) and not purposes("new", key[0])
    ]
    assert (lacking, more) == ([], [])


def test_needs_and_scopes() -> None:
    different = {}
    for key in LISTED.keys() & HAD.keys():
        expected = {
            (
                next((one["value"] for one in purposes("need", *key)), need),
                next((one["value"] for one in purposes("scope", *key)), scope),
            )
            for need, scope in LISTED[key]
        }
        if HAD[key] != expected:
            different[key] = (HAD[key], expected)
    assert different == {}


def test_nothing_differs_on_purpose_that_does_not_differ() -> None:
    """A line whose reason has gone must go too."""

    def is_of_use(one: dict[str, str]) -> bool:
        def fit(keys: set[tuple[str, str]]) -> bool:
            return any(
                fits(one["output"], output) and (not one["input"] or fits(one["input"], source))
                for output, source in keys
            )

        match one["kind"]:
            case "part":
                return any(fits(one["output"], output) for output in MADE)
            case "new":
                return any(fits(one["output"], output) for output in MADE - {key[0] for key in LISTED})
            case "added":
                return fit(set(HAD) - set(LISTED))
            case "removed":
                return fit(set(LISTED) - set(HAD))
            case kind:
                return kind in {"need", "scope"} and fit(set(LISTED) & set(HAD))

    assert [one for one in PURPOSES if not is_of_use(one)] == []
    assert all(one["reason"] for one in PURPOSES)


def test_the_files_of_a_table_are_made_with_it() -> None:
    for table in REGISTRY.values():
        with_it = {edge.input for edge in OURS if edge.output == table.task}
        for name in table.files:
            place = "file" if table.scope is Scope.COURSE else "gs"
            assert {edge.input for edge in OURS if edge.output == f"{place}:{name}"} == with_it


def test_tasks_can_be_typed() -> None:
    kinds = task_kinds(REGISTRY, read_tasks(REGISTRY))
    known = {*kinds.per_course, *kinds.over_courses, *kinds.others}
    assert {edge.task for edge in OURS} - known == {""}  # of tables that nothing here makes
    assert {edge.scope for edge in OURS} == {"course", "group", "warehouse", "package", "file", "day"}


# What a builder reads


def file_tables() -> list[Table]:
    return [
        table
        for table in REGISTRY.values()
        if isinstance(table.builder, PythonModel) and table.builder.sources is not None
    ]


@pytest.mark.parametrize("table", file_tables(), ids=lambda table: table.name)
def test_what_is_read_is_what_is_told(built_once: Project, table: Table) -> None:
    """Each file that a builder gets is among those that its table names."""
    settings = load_settings(built_once.folder, {}, {})
    builder = table.builder
    assert isinstance(builder, PythonModel)
    assert builder.sources is not None
    course = CourseKey.parse(built_once.courses[0])
    try:
        found = builder.sources(Instance(settings, course, (course,)))
    except (SourceAbsentError, InputError):
        found = {}  # the campus has no such file
    stems = {stem(name.removeprefix("file:")) for name in builder.reads if name.startswith("file:")}
    settable = {name.removeprefix("setting:") for name in builder.reads if name.startswith("setting:")}
    assert stems or settable
    for label, path in found.items():
        if path is not None:
            assert stem(path.name) in stems or label in settable, label
    assert all(("", name) in SETTINGS or ("paths", name) in SETTINGS for name in settable)


def stem(name: str) -> str:
    name = name.rpartition("/")[2].replace("-prod-analytics", "")
    return re.sub(r"\.(csv|sql|json|mongo|tar)?(\.gz)?$", "", name)


# Forms

SMALL = [
    Edge("pets", "file:a.csv", "required", "pets", "course"),
    Edge("pets", 'setting:"x"', "optional", "pets", "course"),
    Edge("alone", "", "", "alone", "warehouse"),
]


def test_csv() -> None:
    out = io.StringIO()
    write_csv(SMALL, out)
    assert out.getvalue() == (
        "output,input,need,task,scope\n"
        "pets,file:a.csv,required,pets,course\n"
        'pets,"setting:""x""",optional,pets,course\n'
        "alone,,,alone,warehouse\n"
    )


def test_dot() -> None:
    out = io.StringIO()
    write_dot(SMALL, out)
    assert out.getvalue() == (
        "digraph edxtasks {\n  rankdir=LR;\n  node [shape=box];\n"
        '  "file:a.csv" -> "pets";\n'
        '  "setting:\\"x\\"" -> "pets" [style=dashed];\n'
        '  "alone";\n}\n'
    )


def test_mermaid() -> None:
    out = io.StringIO()
    write_mermaid([SMALL[0], SMALL[2]], out)
    assert out.getvalue() == 'flowchart LR\n  n0["file:a.csv"] --> n1["pets"]\n  n2["alone"]\n'


def test_what_is_upstream() -> None:
    chain = [Edge(a, b, "required", a, "course") for a, b in (("c", "b"), ("b", "a"), ("x", "b"))]
    assert [(one.output, one.input) for one in upstream_of(chain, ["c"])] == [("b", "a"), ("c", "b")]


def test_borrowed_inputs_are_optional() -> None:
    assert REGISTRY["idv_analysis"].inputs["report.person_course_viewed"] is Need.BORROWED
    borrowed = next(
        one for one in OURS if (one.output, one.input) == ("idv_analysis", "report:person_course_viewed")
    )
    assert borrowed.need == "optional"


# The command


def test_the_command_in_an_empty_folder(tmp_path: Path) -> None:
    ended = doit(tmp_path, "graph", "pc_forum", "forum")
    assert ended.out.decode() == (
        "output,input,need,task,scope\n"
        "file:forum.mongo,setting:dump_dir,required,waldofy,package\n"
        "forum,file:forum.mongo,required,forum,course\n"
        "pc_forum,forum,optional,pc_forum,course\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_words_that_it_does_not_know(tmp_path: Path) -> None:
    ended = doit(tmp_path, "graph", "persn_course", status=3)
    assert (
        'ERROR: "persn_course" is not a table or file that is made; did you mean "person_course"?'
        in ended.err
    )
    ended = doit(tmp_path, "graph", "--format=svg", status=3)
    assert "ERROR: --format=svg: expected one of csv, dot, mermaid" in ended.err
