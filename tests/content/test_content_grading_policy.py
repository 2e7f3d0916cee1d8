"""The table grading_policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from build_inputs import inputs
from course_exports import COURSE, TOP, studio, write_tarball

from edxtasks.config import Settings
from edxtasks.content.findings import GRADING, Findings
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.content import grading_policy
from edxtasks.tables.content.grading_policy import column_name, column_type, read_grading_policy, shape
from edxtasks.warehouse.rows import OwnColumns

HOMEWORK = {"type": "Homework", "weight": 0.4, "min_count": 10, "drop_count": 2, "short_label": "HW"}
EXAM = {"type": "Exam", "weight": 0.6, "min_count": 1, "drop_count": 0, "short_label": "Ex"}


def shaped(*graders: object, cutoffs: object = None) -> tuple[OwnColumns, list[str]]:
    findings = Findings()
    policy = {"GRADER": list(graders), "GRADE_CUTOFFS": {"Pass": 0.6} if cutoffs is None else cutoffs}
    return shape(policy, findings), findings.of(GRADING)


def types(table: OwnColumns) -> dict[str, str]:
    return {column.name: column.type for column in table.schema}


def cells(table: OwnColumns, name: str) -> list[object]:
    return [row[name] for row in table.rows]


def test_a_typical_policy() -> None:
    table, told = shaped(HOMEWORK, EXAM)
    assert types(table) == {
        "assignment_type": "STRING",
        "name": "STRING",
        "fraction_of_overall_grade": "FLOAT",
        "min_count": "INTEGER",
        "drop_count": "INTEGER",
        "short_label": "STRING",
        "overall_cutoff_for_pass": "FLOAT",
    }
    assert [tuple(row.values()) for row in table.rows] == [
        ("Homework", "Homework", 0.4, 10, 2, "HW", 0.6),
        ("Exam", "Exam", 0.6, 1, 0, "Ex", 0.6),
    ]
    assert told == []


def test_column_order() -> None:
    table, _ = shaped(
        {"short_label": "HW", "weight": 0.4, "z": 1, "type": "Homework", "a": 2},
        {"late": 1, "type": "Exam", "weight": 0.6, "b": 3, "a": 4},
        {"b": 5, "type": "Lab", "weight": 0, "c": 6},
        cutoffs={"A": 0.9, "B+": 0.8, "B-": 0.7},
    )
    assert table.schema.names == (
        *("assignment_type", "name", "fraction_of_overall_grade"),
        *("short_label", "z", "a"),  # of the first entry
        *("overall_cutoff_for_a", "overall_cutoff_for_b_", "overall_cutoff_for_b__"),
        *("late", "b", "c"),  # of later ones
    )
    assert cells(table, "a") == [2.0, 4.0, None]
    assert cells(table, "b") == [None, 3.0, 5.0]
    assert cells(table, "overall_cutoff_for_b_") == [0.8] * 3
    assert cells(table, "overall_cutoff_for_b__") == [0.7] * 3


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("a.b c", "a_b_c"),
        ("B+", "B_"),
        ("B-", "B__"),
        ("é/ø%", "____"),
        ("4x", "_4x"),
        ("", "_"),
        ("min_count", "min_count"),
    ],
)
def test_column_names(key: str, name: str) -> None:
    assert column_name(key) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "STRING") for name in ("course_id", "short_label", "hide_average", "name", "category")),
        *(
            (name, "STRING")
            for name in ("show_only_average", "section_type", "assignment_type", "id_count_id")
        ),
        *((name, "INTEGER") for name in ("min_count", "drop_count", "a_count_b")),
        *((name, "FLOAT") for name in ("weight", "overall_cutoff_for_pass", "type", "count", "label")),
    ],
)
def test_column_types(name: str, kind: str) -> None:
    assert column_type(name) == kind


@pytest.mark.parametrize(
    ("key", "values", "kind", "read"),
    [
        ("min_count", [12, "3", " 4 ", 5.0, None, ""], "INTEGER", [12, 3, 4, 5, None, None]),
        ("min_count", [12, "many"], "STRING", ["12", "many"]),
        ("min_count", [1.5], "STRING", ["1.5"]),
        ("min_count", [2**63], "STRING", [str(2**63)]),
        ("min_count", [2**53 + 1], "INTEGER", [2**53 + 1]),
        ("min_count", [True], "STRING", ["true"]),
        ("points", [1, "2.5", "1e1", None], "FLOAT", [1.0, 2.5, 10.0, None]),
        ("points", ["nan"], "STRING", ["nan"]),
        ("points", ["1_0"], "STRING", ["1_0"]),
        ("points", [10**400], "STRING", [str(10**400)]),
        # Real policies have this one, which made the load fail.
        ("score_by_attempt", ["false", 1], "STRING", ["false", "1"]),
        ("score_by_attempt", [False, None], "STRING", ["false", None]),
        (
            "hide_average",
            [True, False, None, "", 3, [1, "a"]],
            "STRING",
            ["true", "false", None, None, "3", '[1, "a"]'],
        ),
        ("extra", [None, ""], "FLOAT", [None, None]),
    ],
)
def test_values(key: str, values: list[object], kind: str, read: list[object]) -> None:
    graders = [{"type": f"T{number}", "weight": 0, key: value} for number, value in enumerate(values)]
    table, _ = shaped(*graders)
    assert types(table)[key] == kind
    assert cells(table, key) == read
    assert [type(value) for value in cells(table, key)] == [type(value) for value in read]


def test_a_name_of_its_own_gives_one_column() -> None:
    table, _ = shaped(HOMEWORK | {"name": "HW 1"}, EXAM | {"name": ""}, EXAM | {"type": "Lab"})
    assert table.schema.names.count("name") == 1
    assert cells(table, "name") == ["HW 1", "Exam", "Lab"]


def test_type_or_weight_missing() -> None:
    table, told = shaped({"weight": 1.0}, {"type": "Exam", "weight": None})
    assert cells(table, "assignment_type") == [None, "Exam"]
    assert cells(table, "name") == [None, "Exam"]
    assert cells(table, "fraction_of_overall_grade") == [1.0, None]
    assert told == ["grader 1 has no type", "grader 2 has no weight"]


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ((0.4, 0.6), None),
        ((0.4, 0.6005), None),
        ((0.4, 0.601), "the weights add up to 1.001, not to 1"),
        ((0.4, 0.599), "the weights add up to 0.999, not to 1"),
        ((40, 60), "the weights add up to 100, not to 1"),
        (("0.4", "0.6"), None),
    ],
)
def test_sum_of_weights(weights: tuple[object, object], told: str | None) -> None:
    table, found = shaped(HOMEWORK | {"weight": weights[0]}, EXAM | {"weight": weights[1]})
    assert found == ([told] if told else [])
    assert cells(table, "fraction_of_overall_grade") == [
        float(str(weight)) for weight in weights
    ]  # not rescaled


def test_two_graders_of_a_type() -> None:
    table, told = shaped(HOMEWORK, EXAM | {"type": "Homework"})
    assert cells(table, "assignment_type") == ["Homework", "Homework"]
    assert told == ['2 graders of the type "Homework": a join on it multiplies rows']


@pytest.mark.parametrize("cutoffs", [{}, [], "x", 0])
def test_no_cutoffs(cutoffs: object) -> None:
    table, told = shaped(HOMEWORK, EXAM, cutoffs=cutoffs)
    assert not [name for name in table.schema.names if name.startswith("overall_cutoff")]
    assert told == ["no cut-offs of grades: the table has no column of them"]


@pytest.mark.parametrize(
    "policy", [{}, {"GRADER": []}, {"GRADER": None}, {"GRADER": {"a": 1}}, {"GRADER": ["x"]}]
)
def test_no_graders_is_skipped(policy: Mapping[str, object]) -> None:
    with pytest.raises(SourceAbsentError, match="no graders"):
        shape({"GRADE_CUTOFFS": {"Pass": 0.6}, **policy}, Findings())


def test_an_entry_that_is_no_object_is_left_out() -> None:
    table, told = shaped("x", HOMEWORK, EXAM)
    assert len(list(table.rows)) == 2
    assert told == ["entry 1 of GRADER is not an object: left out"]


def test_two_keys_of_one_column() -> None:
    table, told = shaped(HOMEWORK | {"a b": 1, "a.b": 2}, EXAM, cutoffs={"Pass": 0.6, "pass": 0.5})
    assert cells(table, "a_b") == [1.0, None]
    assert cells(table, "overall_cutoff_for_pass") == [0.6, 0.6]
    assert told == [
        '"a.b" is left out: there is a column a_b already',
        '"pass" is left out: there is a column overall_cutoff_for_pass already',
    ]


@pytest.mark.parametrize("data", [b"{", b"[]", b"", b'{"GRADER": [{}],}', b"[" * 100_000, b'{"a": "\xff"}'])
def test_what_is_no_policy_is_an_error(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^g\.json is no"):
        read_grading_policy(data, "g.json")


def test_more_than_a_table_can_have() -> None:
    for graders, cutoffs in (
        ([HOMEWORK] * 1001, {}),
        ([HOMEWORK, {f"k{n}": 1 for n in range(998)}], {"Pass": 0.5}),  # with the 3 keys of the first
        ([HOMEWORK], {f"c{n}": 0.5 for n in range(998)}),
    ):
        with pytest.raises(InputError, match="more than 1000 graders, or 1000 keys and cut-offs"):
            shaped(*graders, cutoffs=cutoffs)
    table, _ = shaped(HOMEWORK, {f"k{n}": 1 for n in range(996)}, cutoffs={"Pass": 0.5})
    assert len(table.schema.names) == 1003  # three columns are always there


def test_a_byte_order_mark() -> None:
    assert read_grading_policy(b"\xef\xbb\xbf{}", "g.json") == {}


# From the export.


def site(tmp_path: Path, files: Mapping[str, str | bytes]) -> Settings:
    write_tarball(tmp_path / COURSE.directory / "course.xml.tar.gz", files)
    return Settings(root=tmp_path)


def built(settings: Settings, tmp_path: Path) -> tuple[OwnColumns, Messages]:
    messages = Messages()
    sources = grading_policy.sources(Instance(settings, COURSE))
    return grading_policy.build(inputs(COURSE, settings, sources, tmp_path, messages)), messages


GRADING_POLICY = json.dumps({"GRADER": [HOMEWORK, EXAM], "GRADE_CUTOFFS": {"A": 0.8, "B-": 0.5}})


def test_table_and_csv(tmp_path: Path) -> None:
    settings = site(
        tmp_path, studio("<course/>") | {"policies/3T2013/grading_policy.json": GRADING_POLICY.encode()}
    )
    table, messages = built(settings, tmp_path)
    assert cells(table, "overall_cutoff_for_a") == [0.8, 0.8]
    # The header has the names of the columns.
    assert (tmp_path / COURSE.directory / "grading_policy.csv").read_text() == (
        "assignment_type,name,fraction_of_overall_grade,min_count,drop_count,short_label,overall_cutoff_for_a,"
        "overall_cutoff_for_b__\n"
        "Homework,Homework,0.4,10,2,HW,0.8,0.5\n"
        "Exam,Exam,0.6,1,0,Ex,0.8,0.5\n"
    )
    assert messages.lines == []
    assert grading_policy.OUTPUT_FILES == ("grading_policy.csv",)


def test_the_run_is_chosen_as_for_the_axis(tmp_path: Path) -> None:
    other = json.dumps({"GRADER": [HOMEWORK | {"weight": 1}], "GRADE_CUTOFFS": {"Pass": 0.5}})
    files = {
        "course.xml": TOP,
        "policies/1T2012/policy.json": '{"course/1T2012": {}}',
        "policies/1T2012/grading_policy.json": other,
        "policies/3T2013/policy.json": '{"course/3T2013": {}}',
        "policies/3T2013/grading_policy.json": GRADING_POLICY,
    }
    table, _ = built(site(tmp_path, files), tmp_path)
    assert len(list(table.rows)) == 2


def test_the_columns_always_there_are_in_the_schema(tmp_path: Path) -> None:
    table, _ = shaped(HOMEWORK)
    assert {column for column in table.schema if column.name in grading_policy.SCHEMA.names} == {
        *grading_policy.SCHEMA
    }
    assert all(column.description for column in table.schema)


def test_a_short_label_that_no_grader_has_is_null(tmp_path: Path) -> None:
    table, _ = shaped({"type": "Exam", "weight": 1, "min_count": 1})
    assert table.schema.names[-1] == "short_label"
    assert cells(table, "short_label") == [None]
    table, _ = shaped({"type": "Exam", "weight": 1, "Short_Label": "Ex"})
    assert [name for name in table.schema.names if name.lower() == "short_label"] == ["Short_Label"]


def test_no_grading_policy_of_the_run_is_skipped(tmp_path: Path) -> None:
    settings = site(tmp_path, studio("<course/>"))
    with pytest.raises(SourceAbsentError, match="no grading policy of the run 3T2013"):
        built(settings, tmp_path)


def test_invalid_json_names_file_and_archive(tmp_path: Path) -> None:
    settings = site(tmp_path, studio("<course/>") | {"policies/3T2013/grading_policy.json": b"{"})
    with pytest.raises(
        InputError, match=r"policies/3T2013/grading_policy\.json in .*course\.xml\.tar\.gz is not valid"
    ):
        built(settings, tmp_path)


def test_without_an_export_it_is_skipped(tmp_path: Path) -> None:
    (tmp_path / COURSE.directory).mkdir()
    with pytest.raises(SourceAbsentError, match="no course content"):
        grading_policy.sources(Instance(Settings(root=tmp_path), COURSE))
