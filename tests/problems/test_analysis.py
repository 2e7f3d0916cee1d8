"""Rows of problem_analysis from records of studentmodule, and what gives none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from build_inputs import inputs

from edxtasks.config import Engine, Settings
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, MachineError
from edxtasks.messages import Messages
from edxtasks.problems import batches
from edxtasks.problems.analysis import INPUT_COLUMNS, Account, Reason, Record, analyse
from edxtasks.tables.problems import problem_analysis
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey("UnivX", "Bio.1", "2T2015")
HOUR = datetime(2015, 5, 1, 8, 30, tzinfo=UTC)


def record(state: Any, **changes: Any) -> Record:
    """A record whose state is a text, or an object to be written as one."""
    values = {
        "id": 7,
        "module_type": "problem",
        "module_id": "i4x://UnivX/Bio.1/problem/Cells",
        "student_id": 42,
        "state": state if state is None or isinstance(state, str) else json.dumps(state),
        "grade": "1",
        "max_grade": "2",
        "created": HOUR,
        "course_id": COURSE.slash,
    }
    return tuple((values | changes)[name] for name in INPUT_COLUMNS)


def submitted(**changes: Any) -> dict[str, Any]:
    """A state with one right answer."""
    state = {
        "correct_map": {"Cells_2_1": {"correctness": "correct", "npoints": None, "msg": "", "hint": ""}},
        "student_answers": {"Cells_2_1": "9.81"},
        "attempts": 2,
        "done": True,
    }
    return {name: value for name, value in (state | changes).items() if value is not ...}


def row(state: Any, **changes: Any) -> dict[str, Any]:
    found = analyse(record(state, **changes))
    assert isinstance(found, dict), found
    return found


def items(state: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = row(state)["item"]
    return found


def test_a_submission() -> None:
    assert row(submitted()) == {
        "course_id": "UnivX/Bio.1/2T2015",
        "user_id": 42,
        "problem_url_name": "Cells",
        "item": [
            {
                "answer_id": "Cells_2_1",
                "response": '"9.81"',
                "correctness": "correct",
                "correct_bool": True,
                "npoints": None,
                "msg": "",
                "hint": "",
            }
        ],
        "attempts": 2,
        "done": True,
        "grade": 1.0,
        "max_grade": 2.0,
        "created": "2015-05-01T08:30:00+00:00",
    }


def test_all_parts_of_a_problem_in_the_order_of_correct_map() -> None:
    state = submitted(
        correct_map={
            "p_10_1": {
                "correctness": "partially-correct",
                "npoints": 0.5,
                "msg": "<b>half</b>",
                "hint": None,
            },
            "p_2_1": {
                "correctness": "incorrect",
                "npoints": "2",
                "msg": {"html": "é"},
                "hint": "half \ud83d",
            },
            "p_2_2": {"correctness": "Correct"},  # case matters
            "p_3_1": {"correctness": "incomplete", "queuestate": {"key": "k"}, "msg": 5},
            "p_4_1": {},
            "p_5_1": {"correctness": None, "npoints": float("nan")},
        },
        student_answers={"p_2_1": None, "p_10_1": ["choice_0", "choice_2"], "p_3_1": {"file": "é"}, "x": "1"},
    )
    found = [tuple(item.values()) for item in items(state)]
    assert found == [
        ("p_10_1", '["choice_0", "choice_2"]', "partially-correct", False, 0.5, "<b>half</b>", None),
        ("p_2_1", "null", "incorrect", False, 2.0, '{"html": "\\u00e9"}', "half \ufffd"),
        ("p_2_2", '""', "Correct", False, None, None, None),
        ("p_3_1", '{"file": "\\u00e9"}', "incomplete", False, None, "5", None),
        ("p_4_1", '""', None, False, None, None, None),
        ("p_5_1", '""', None, False, None, None, None),
    ]


def test_entries_that_are_no_objects_are_left_out_one_by_one() -> None:
    entries: dict[str, Any] = {
        "a_2_1": [],
        "b_2_1": None,
        "c_2_1": {"correctness": "correct"},
        "d_2_1": "correct",
    }
    assert [item["answer_id"] for item in items(submitted(correct_map=entries))] == ["c_2_1"]


@pytest.mark.parametrize("grade", [None, "", "NULL", "\\N", "nan", "pass"])
def test_a_row_without_a_number_for_the_grade_stays(grade: str | None) -> None:
    found = row(submitted(), grade=grade, max_grade=grade)
    assert (found["grade"], found["max_grade"]) == (None, None)


def test_a_state_without_done_and_attempts_stays() -> None:
    found = row(submitted(done=..., attempts=None), created=None)
    assert (found["done"], found["attempts"], found["created"]) == (None, 0, None)


def test_states_that_are_told_only_on_a_second_look() -> None:
    doubled = json.dumps(json.dumps(submitted()))
    assert row(doubled) == row(submitted())
    backslash = '{"correct_map": {"a_2_1": {}}, "student_answers": {"a_2_1": "\\pi"}}'
    assert items(backslash)[0]["response"] == '"\\\\pi"'


def test_old_and_bare_module_ids() -> None:
    assert row(submitted(), module_id="UnivX/Bio.1/problem/Cells")["problem_url_name"] == "Cells"
    assert row(submitted(), module_id="i4x://U.X/B-1/problem/a:b+c d")["problem_url_name"] == "a:b+c d"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"module_type": "video"}, Reason.OTHER_MODULE),
        ({"module_type": None}, Reason.OTHER_MODULE),
        ({"module_id": "i4x://UnivX/Bio.1/combinedopenended/Cells"}, Reason.OTHER_CATEGORY),
        ({"module_id": "i4x://UnivX/Bio.1/problem/"}, Reason.OTHER_CATEGORY),
        ({"module_id": "some block"}, Reason.OTHER_CATEGORY),
        ({"module_id": None}, Reason.OTHER_CATEGORY),
        ({"student_id": None}, Reason.NO_STUDENT),
        ({"state": None}, Reason.NO_STATE),
        ({"state": " "}, Reason.NO_STATE),
        ({"state": "null"}, Reason.UNREADABLE),
        ({"state": '{"correct_map": '}, Reason.UNREADABLE),
        ({"state": "{}"}, Reason.NO_SUBMISSION),
        ({"state": json.dumps(submitted(correct_map={}))}, Reason.NO_SUBMISSION),  # reset
        ({"state": json.dumps(submitted(correct_map=[1]))}, Reason.NO_SUBMISSION),
        ({"state": json.dumps(submitted(student_answers=...))}, Reason.NO_ANSWERS),
        ({"state": json.dumps(submitted(student_answers=[]))}, Reason.NO_ANSWERS),
        ({"state": json.dumps(submitted(correct_map={"a_2_1": []}))}, Reason.NO_ENTRIES),
    ],
)
def test_what_gives_no_row(changed: dict[str, Any], reason: Reason) -> None:
    assert analyse(record(**({"state": submitted()} | changed))) is reason


# Many


def read(paths: list[Path] | tuple[Path, ...]) -> list[dict[str, Any]]:
    lines = (zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()) for path in paths)
    return [orjson.loads(line) for data in lines for line in data.splitlines()]


def test_batches_are_of_bounded_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "RECORDS_AT_ONCE", 3)
    monkeypatch.setattr(batches, "BYTES_AT_ONCE", 100)
    sizes = [10, 10, 10, 10, 100, 10, 500, None, 10]
    records = [record(None if size is None else "x" * size) for size in sizes]
    assert [len(batch) for batch in batches.batches_of(records)] == [3, 2, 2, 2]


def test_workers_give_the_rows_in_the_order_of_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "RECORDS_AT_ONCE", 50)
    records = [
        record("{" if number % 10 == 5 else submitted(attempts=number), id=number, student_id=number)
        for number in range(500)
    ]
    paths, account = batches.write_rows(iter(records), tmp_path, 2)
    expected = [number for number in range(500) if number % 10 != 5]
    assert [found["user_id"] for found in read(paths)] == expected
    assert account.rows == 450
    assert account.left_out == {Reason.UNREADABLE: 50}
    assert account.examples == {Reason.UNREADABLE: [5, 15, 25]}


def test_an_error_on_the_way_ends_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "RECORDS_AT_ONCE", 1)
    folder = tmp_path / "gone"
    folder.mkdir()

    def records() -> Any:
        for number in range(10):
            if number == 5:
                (folder / batches.path_of(folder, 0).name).unlink()
                folder.rename(tmp_path / "elsewhere")
            yield record(submitted())

    with pytest.raises(MachineError, match="No such file or directory"):
        batches.write_rows(records(), folder, 2)


def build(records: list[Record], base: Path, messages: Messages, workers: int = 1) -> list[dict[str, Any]]:
    settings = Settings(root=base, engine=Engine(workers=workers))
    rows = iter([dict(zip(INPUT_COLUMNS, one, strict=True)) for one in records])
    content = problem_analysis.build(inputs(COURSE, settings, {}, base, messages, {"studentmodule": rows}))
    return read(content.paths) if isinstance(content, JsonLines) else list(content)  # type: ignore[arg-type]


def test_what_is_left_out_is_told_by_row_id(tmp_path: Path) -> None:
    records = [
        record(submitted()),
        record({"position": 3}, module_type="sequential", id=2),
        record("secret answer", id=3),
        record("{", id=4),
        record("[]", id=5),
        record("0", id=6),
        record(submitted(student_answers=...), id=8),
        record(submitted(), student_id=None, id=9),
        record("{}", id=10),
    ]
    messages = Messages()
    assert len(build(records, tmp_path, messages)) == 1
    assert messages.counts["rejects"] == 6
    assert messages.lines == [
        "1 record of studentmodule left out, without a learner's id (id 9)",
        "4 records of studentmodule left out, with a state that is not a JSON object (id 3, 4, 5)",
        "1 record of studentmodule left out, without student_answers (id 8)",
    ]


@pytest.mark.parametrize(("broken", "whole", "fails"), [(2, 18, False), (2, 19, True), (2, 38, False)])
def test_too_many_unreadable_states_fail(tmp_path: Path, broken: int, whole: int, fails: bool) -> None:
    # 2 of 21 are more than one in twenty, 2 of 40 are not; of 20 records any number may be.
    records = [record("{")] * broken + [record({})] * whole + [record({}, module_type="video")] * 50
    if fails:
        with pytest.raises(InputError, match=r"2 of 21 states .* max_bad_fraction = 0\.05 .*\(id 7, 7\)"):
            build(records, tmp_path, Messages())
    else:
        build(records, tmp_path, Messages())


def test_no_submission_at_all_is_told(tmp_path: Path) -> None:
    messages = Messages()
    assert build([record({}), record(None), record(None, module_type="video")], tmp_path, messages) == []
    assert messages.lines == [
        "no submission of a problem in studentmodule: no rows "
        "(1 not of a problem, 1 without a state, 1 opened and not submitted)"
    ]


def test_accounts_add_up_in_order() -> None:
    total, more = Account(), Account()
    for number in range(2):
        total.leave_out(Reason.NO_ANSWERS, number)
    for number in range(2, 6):
        more.leave_out(Reason.NO_ANSWERS, number)
    total.add(more)
    assert (total.left_out[Reason.NO_ANSWERS], total.examples[Reason.NO_ANSWERS]) == (6, [0, 1, 2])
