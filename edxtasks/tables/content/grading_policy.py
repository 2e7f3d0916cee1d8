"""The table `grading_policy`: assignment types with their weights, and the cut-offs of grades.

Its columns depend on the data: some are always there (`SCHEMA`), the others come from the keys and cut-offs
of the policy. Beside the table stands `grading_policy.csv` with the same columns.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from edxtasks.content.archive import policy_member, read_archive
from edxtasks.content.files_beside_tables import csv_bytes, write_beside
from edxtasks.content.findings import GRADING, Findings
from edxtasks.content.place import tarball
from edxtasks.content.policy import choose, find_grading_policy, value_text
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.printable import printable, printable_path
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import OwnColumns
from edxtasks.warehouse.schema import Column, Schema, schema

OUTPUT_FILES = ("grading_policy.csv",)
"""Files written into the dated directory."""

SCHEMA = schema("""
    assignment_type STRING -- kind of assignment, joins with course_axis.gformat
    name STRING -- name of the entry, else its assignment type
    fraction_of_overall_grade FLOAT -- weight, as written (usually of 1)
    short_label STRING -- short name
""")
"""The columns that are always there; `short_label` stands where the graders have it, else last."""

MOST_GRADERS = 1_000
MOST_COLUMNS = 1_000

CUTOFF = "overall_cutoff_for_"
_KNOWN = {
    "min_count": "number of assignments of the type",
    "drop_count": "number of lowest scores that are dropped",
}
_TEXT_COLUMNS = frozenset({"name", "category", "show_only_average", "section_type", "assignment_type"})
_TOLERANCE = 0.001


def sources(of: Instance) -> dict[str, Path | None]:
    """`tarball`: the course export, from the pinned dump if there is a pin.

    Raises `SourceAbsentError` when there is none, and what `edxtasks.directories.sql_directory` raises.
    """
    return {"tarball": tarball(of.course, of.settings)}


def build(inputs: BuildInputs) -> OwnColumns:
    """The rows of the table and their schema; `grading_policy.csv` is written beside the export.

    Raises `SourceAbsentError` when the run has no grading policy, or that no graders, and `InputError` when
    it cannot be read.
    """
    course, messages = inputs.course, inputs.messages
    path = inputs.file("tarball")
    findings = Findings()
    files = read_archive(path, findings, policy_member)
    choice = choose(files, course, str(path), findings)
    found = find_grading_policy(files, choice)
    if found is None:
        raise SourceAbsentError(
            f"no grading policy of the run {printable(choice.policy.run)} in {printable_path(path)}"
        )
    result = shape(
        read_grading_policy(files[found], f"{printable(found)} in {printable_path(path)}"), findings
    )
    findings.tell(messages)
    names = result.schema.names
    table = csv_bytes(names, [[row[name] for name in names] for row in result.rows])
    write_beside(path.parent, inputs.scratch, {OUTPUT_FILES[0]: table}, messages)
    return result


def read_grading_policy(data: bytes, name: str) -> Mapping[str, object]:
    """The object in a grading policy file. Raises `InputError` naming the file when it is not a JSON
    object."""
    try:
        form = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8 (byte {error.start}).") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not valid JSON: {error}.") from error
    if not isinstance(form, dict):
        raise InputError(f"{name} is not a JSON object.")
    return form


def shape(policy: Mapping[str, object], findings: Findings) -> OwnColumns:
    """The table of a grading policy: a row per grader, in the order of the file.

    Columns: `SCHEMA`; the other keys of the first grader; a column per cut-off, its value on every row; the
    keys that only later graders have. Raises `SourceAbsentError` when there are no graders, `InputError` when
    there are more than `MOST_GRADERS`, or more than `MOST_COLUMNS` keys and cut-offs.
    """
    graders = _graders(policy, findings)
    if not graders:
        raise SourceAbsentError("no graders in the grading policy")
    cutoffs = policy.get("GRADE_CUTOFFS")
    if not isinstance(cutoffs, dict) or not cutoffs:
        findings.add(GRADING, "no cut-offs of grades: the table has no column of them")
        cutoffs = {}
    _warn(graders, findings)
    own = {"type", "name", "weight"}
    first = {key: None for key in graders[0] if key not in own}
    later = {key: None for grader in graders[1:] for key in grader if key not in own and key not in first}
    if len(graders) > MOST_GRADERS or len(first) + len(cutoffs) + len(later) > MOST_COLUMNS:
        raise InputError(
            f"the grading policy has more than {MOST_GRADERS} graders, or {MOST_COLUMNS} keys and cut-offs: "
            "expected one entry for each assignment type."
        )
    candidates = [
        *((key, key, [grader.get(key) for grader in graders]) for key in first),
        *((key, f"{CUTOFF}{key.lower()}", [value] * len(graders)) for key, value in cutoffs.items()),
        *((key, key, [grader.get(key) for grader in graders]) for key in later),
    ]
    cells: dict[str, list[object]] = {
        "assignment_type": [grader.get("type") for grader in graders],
        "name": [_given(grader.get("name"), grader.get("type")) for grader in graders],
        "fraction_of_overall_grade": [grader.get("weight") for grader in graders],
    }
    for key, wanted, values in candidates:
        name = column_name(wanted)
        taken = next((other for other in cells if other.lower() == name.lower()), None)
        if taken is None:
            cells[name] = values
        else:
            findings.add(GRADING, f'"{key}" is left out: there is a column {taken} already')
    if "short_label" not in map(str.lower, cells):
        cells["short_label"] = [None] * len(graders)
    columns = []
    for name in cells:
        kind, cells[name] = typed(name, cells[name])
        columns.append(Column(name, kind, _meaning(name)))
    rows = tuple(dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True))
    return OwnColumns(Schema(tuple(columns)), rows)


def column_name(key: str) -> str:
    """The column of a key: letters, digits and `_`. `-` becomes `__`, so that `B+` and `B-` stay apart."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", key.replace("-", "__"))
    return name if name and not name[0].isdigit() else f"_{name}"


def column_type(name: str) -> str:
    """The type of a column, by its name."""
    if name in _TEXT_COLUMNS or any(part in name for part in ("_id", "_label", "hide_")):
        return "STRING"
    return "INTEGER" if "_count" in name else "FLOAT"


def typed(name: str, values: Sequence[object]) -> tuple[str, list[object]]:
    """The type of a column and its values in it.

    The type goes by the name of the column; it is STRING where a value cannot be read as that type. Empty
    values are None.
    """
    kind = column_type(name)
    present = [None if _is_empty(value) else value for value in values]
    if kind != "STRING":
        numbers = [None if value is None else _number(value, kind) for value in present]
        if all(number is not None or value is None for number, value in zip(numbers, present, strict=True)):
            return kind, list(numbers)
    return "STRING", [None if value is None else value_text(value) for value in present]


def _number(value: object, kind: str) -> int | float | None:
    """A value as a number of a type, None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
        if not math.isfinite(number) or "_" in str(value):
            return None
    except (ValueError, OverflowError):
        return None
    if kind == "FLOAT":
        return number
    try:
        whole = int(value)  # not by way of a float, in which a long one would lose its last digits
    except ValueError:
        whole = int(number)
    return whole if float(whole) == number and abs(whole) < 1 << 63 else None


def _graders(policy: Mapping[str, object], findings: Findings) -> list[dict[str, object]]:
    listed = policy.get("GRADER")
    if not isinstance(listed, list):
        return []
    for number, grader in enumerate(listed, 1):
        if not isinstance(grader, dict):
            findings.add(GRADING, f"entry {number} of GRADER is not an object: left out")
    return [grader for grader in listed if isinstance(grader, dict)]


def _warn(graders: Sequence[Mapping[str, object]], findings: Findings) -> None:
    for number, grader in enumerate(graders, 1):
        for key in ("type", "weight"):
            if _is_empty(grader.get(key)):
                findings.add(GRADING, f"grader {number} has no {key}")
    weights = [_number(grader.get("weight"), "FLOAT") or 0.0 for grader in graders]
    total = math.fsum(weights)
    if round(abs(total - 1), 9) >= _TOLERANCE:
        findings.add(GRADING, f"the weights add up to {total:g}, not to 1")
    types = Counter(value_text(grader["type"]) for grader in graders if not _is_empty(grader.get("type")))
    for name, times in types.items():
        if times > 1:
            findings.add(GRADING, f'{times} graders of the type "{name}": a join on it multiplies rows')


def _given(value: object, default: object) -> object:
    return default if _is_empty(value) else value


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _meaning(name: str) -> str:
    if name.startswith(CUTOFF):
        return f"least overall grade for {name.removeprefix(CUTOFF)}, the same on every row"
    if name in SCHEMA.names:
        return SCHEMA[name].description
    return _KNOWN.get(name, "as in the grading policy")


TABLE = Table(
    command="grading_policy, grades",
    sets=("doall",),
    grain="grader (file order)",
    schema=SCHEMA,
    builder=PythonModel(
        version=2,
        build=build,
        sources=sources,
        reads={"file:course.xml.tar.gz": Need.REQUIRED, "setting:course_axis_pin_dates": Need.OPTIONAL},
        outputs=OUTPUT_FILES,
        own_columns=True,
    ),
)
