"""Policies, and the choice of the run in every layout."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from course_exports import COURSE, TOP, encoded

from edxtasks.content import policy as policies
from edxtasks.content.findings import IDENTITY, POLICY, RUN, Findings
from edxtasks.content.policy import (
    Choice,
    Policy,
    choose,
    choose_run,
    find_grading_policy,
    is_set,
    read_entries,
    value_text,
)
from edxtasks.errors import InputError


def chosen(files: Mapping[str, str | bytes]) -> tuple[Choice, Findings]:
    findings = Findings()
    return choose(encoded(files), COURSE, "export.tar.gz", findings), findings


def policy(run: str, **settings: object) -> str:
    return json.dumps({"sequential/s": {"format": "Lab"}, f"course/{run}": settings})


def test_studio_export() -> None:
    files = {
        "course.xml": TOP,
        "policies/3T2013/policy.json": policy("3T2013", start="2013-09-01"),
        "policies/3T2013/grading_policy.json": "{}",
        "policies/assets.json": "{}",
    }
    choice, findings = chosen(files)
    assert choice.policy.run == "3T2013"
    assert choice.policy_path == "policies/3T2013/policy.json"
    assert choice.policy.text("course/3T2013", "start") == "2013-09-01"
    assert find_grading_policy(encoded(files), choice) == "policies/3T2013/grading_policy.json"
    assert findings.lines() == []


def test_older_studio_export_with_the_literal_run_course() -> None:
    files = {
        "course.xml": '<course url_name="course" org="MITx" course="8.01x"/>',
        "policies/course/policy.json": policy("course"),
        "policies/course/grading_policy.json": "{}",
    }
    choice, findings = chosen(files)
    assert choice.policy.run == "course"
    assert find_grading_policy(encoded(files), choice) == "policies/course/grading_policy.json"
    assert findings.lines() == []


def test_multi_run_xml() -> None:
    files = {
        "course.xml": '<course url_name="1T2012" org="MITx" course="8.01x"/>',
        "roots/1T2012.xml": '<course url_name="1T2012" org="MITx" course="8.01x"/>',
        "roots/3T2013.xml": TOP,
        "policies/1T2012/policy.json": policy("1T2012", start="2012-01-01"),
        "policies/1T2012/grading_policy.json": "{}",
        "policies/3T2013/policy.json": policy("3T2013", start="2013-09-01"),
        "policies/3T2013/grading_policy.json": "{}",
    }
    choice, _ = chosen(files)
    assert (
        choice.policy.run == "3T2013"
    )  # the requested one, not the first in the archive, not that of course.xml
    assert choice.policy.text("course/3T2013", "start") == "2013-09-01"
    assert find_grading_policy(encoded(files), choice) == "policies/3T2013/grading_policy.json"


def test_flat_xml() -> None:
    files = {
        "course.xml": TOP,
        "policies/3T2013.json": policy("3T2013"),
        "policies/grading_policy.json": '{"GRADER": []}',  # no policy file
    }
    choice, findings = chosen(files)
    assert choice.policy.run == "3T2013"
    assert choice.policy_path == "policies/3T2013.json"
    assert find_grading_policy(encoded(files), choice) == "policies/grading_policy.json"
    assert findings.lines() == []


def test_flat_xml_with_the_grading_policy_at_the_course_root() -> None:
    files = {"course.xml": TOP, "policies/3T2013.json": policy("3T2013"), "grading_policy.json": "{}"}
    assert find_grading_policy(encoded(files), chosen(files)[0]) == "grading_policy.json"


def test_the_grading_policy_of_another_run_is_never_taken() -> None:
    files = {
        "course.xml": TOP,
        "policies/1T2012/policy.json": policy("1T2012"),
        "policies/1T2012/grading_policy.json": "{}",
        "policies/3T2013/policy.json": policy("3T2013"),
    }
    assert find_grading_policy(encoded(files), chosen(files)[0]) is None


def test_places_of_the_grading_policy_in_order() -> None:
    files = {
        "course.xml": TOP,
        "policies/other/policy.json": policy("3T2013"),
        "policies/other/grading_policy.json": "1",
        "policies/3T2013/grading_policy.json": "2",
        "policies/grading_policy.json": "3",
        "grading_policy.json": "4",
    }
    found = []
    while (path := find_grading_policy(encoded(files), chosen(files)[0])) is not None:
        found.append(files.pop(path))
    assert found == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("candidates", "top", "run"),
    [
        (["1T2012", "3T2013"], "1T2012", "3T2013"),  # the requested one
        (["course"], None, "course"),  # the only one
        (["1T2012", "1T2012"], "9T2019", "1T2012"),  # named twice, still one
        (["1T2012", "2T2012"], "2T2012", "2T2012"),  # the one of course.xml
        ([], "2T2012", "2T2012"),  # no candidates
        ([], None, "3T2013"),
    ],
)
def test_choice_of_the_run(candidates: list[str], top: str | None, run: str) -> None:
    assert choose_run("3T2013", candidates, top, "x") == run


@pytest.mark.parametrize("top", [None, "9T2019"])
def test_no_choice_is_an_error(top: str | None) -> None:
    with pytest.raises(InputError, match=r"export: cannot choose among runs 1T2012, 2T2012"):
        choose_run("3T2013", ["2T2012", "1T2012"], top, "export")


def test_another_run_than_the_requested_one_is_told() -> None:
    _, findings = chosen({"course.xml": TOP, "policies/1T2012.json": policy("1T2012")})
    assert findings.of(RUN) == ["the export is of the run 1T2012, the course key says 3T2013"]


def test_files_of_assets_and_grading_name_no_run() -> None:
    files = {"policies/grading_policy.json": '{"course/x": {}}', "policies/assets.json": '{"course/y": {}}'}
    choice, _ = chosen(files | {"course.xml": "<course/>", "policies/1T2012.json": policy("1T2012")})
    assert choice.policy.run == "1T2012"


def test_directory_and_key_can_differ() -> None:
    choice, _ = chosen(
        {"course.xml": TOP, "policies/Open_source_cleaning/policy.json": policy("3T2013", start="x")}
    )
    assert choice.policy.run == "3T2013"
    assert choice.policy_path == "policies/Open_source_cleaning/policy.json"


def test_a_stray_copy_does_not_win() -> None:
    stray = {"policies/2013_Summer 2/policy.json": policy("3T2013", start="stray")}
    choice, _ = chosen(
        {"course.xml": TOP, "policies/3T2013/policy.json": policy("3T2013", start="true")} | stray
    )
    assert choice.policy.text("course/3T2013", "start") == "true"


def test_the_flat_file_comes_before_that_of_the_directory() -> None:
    choice, _ = chosen(
        {
            "course.xml": TOP,
            "policies/3T2013/policy.json": policy("3T2013"),
            "policies/3T2013.json": policy("3T2013"),
        }
    )
    assert choice.policy_path == "policies/3T2013.json"


@pytest.mark.parametrize("path", ["policies/3T2013/policy.json", "policies/3T2013.json"])
def test_a_policy_without_a_course_key_is_of_the_run_that_it_is_named_after(path: str) -> None:
    choice, _ = chosen({"course.xml": TOP, path: '{"sequential/s": {"format": "Lab"}}'})
    assert choice.policy.run == "3T2013"
    assert choice.policy.text("sequential/s", "format") == "Lab"


def test_the_run_of_a_root_without_url_name_is_its_file_name() -> None:
    files = {
        "roots/3T2013.xml": "<course><chapter/></course>",
        "roots/1T2012.xml": "<course><chapter/></course>",
    }
    assert chosen(files)[0].policy.run == "3T2013"


def test_no_policy_file_at_all() -> None:
    choice, findings = chosen({"course.xml": '<course url_name="1T2012"/>'})
    assert choice.policy == Policy("1T2012", {})
    assert findings.of(POLICY) == ["there is no policy file of the run 1T2012: going on without one"]


def test_other_organization_or_number_is_told() -> None:
    _, findings = chosen({"course.xml": '<course url_name="3T2013" org="edX" course="8.02"/>'})
    assert findings.of(IDENTITY) == [
        'the export says org="edX", the course key MITx',
        'the export says course="8.02", the course key 8.01x',
    ]


def test_trailing_commas_are_tolerated_and_told() -> None:
    findings = Findings()
    data = b'{"course/r": {"a": "x,}", "b": [1, 2,],\n},}'
    assert read_entries(data, "policies/r.json", findings) == {"course/r": {"a": "x,}", "b": [1, 2]}}
    assert len(findings.of(POLICY)) == 1
    assert "read all the same" in findings.of(POLICY)[0]


@pytest.mark.parametrize("data", [b'{"a": {"b": 1} "c": {}}', b"[1]", b"", b"[" * 100_000, b'"x"'])
def test_a_policy_that_cannot_be_read_is_empty_and_prominent(data: bytes) -> None:
    findings = Findings()
    assert read_entries(data, "policies/r.json", findings) == {}
    (told,) = findings.of(POLICY)
    assert told.startswith("policies/r.json is no")
    assert "GOING ON WITHOUT ANY POLICY" in told


def test_a_text_without_end_is_looked_for_once() -> None:
    # Looked for from each of 400 000 quotes, an end would be looked for in 10^11 places.
    for end in ("", "\\", ","):
        findings = Findings()
        data = '{"course/r": {}, "' + '\\"' * 400_000 + end
        assert read_entries(data.encode(), "policies/r.json", findings) == {}
        assert len(findings.of(POLICY)) == 1


def test_commas_in_texts_stay() -> None:
    data = rb'{"course/r": {"a": ",}", "b": "x\",]", "c": [1, 2, ], },}'
    assert read_entries(data, "policies/r.json", Findings()) == {
        "course/r": {"a": ",}", "b": 'x",]', "c": [1, 2]}
    }


def test_roots_that_are_too_large_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "MOST_MARKUP", 100)
    files = {f"roots/{n}.xml": f"<course>{'<a/>' * 50}</course>" for n in range(2)}
    with pytest.raises(
        InputError, match=r"export\.tar\.gz: the files of roots/ and course\.xml have more than 100 "
    ):
        chosen(files)


def test_runs_are_named_escaped_and_not_all() -> None:
    with pytest.raises(InputError) as error:
        choose_run("3T2013", [f"\x1b[31m{n:03}" for n in range(100)], None, "export")
    assert "\x1b" not in str(error.value)
    assert "\\x1b[31m000, " in str(error.value)
    assert "and 80 more" in str(error.value)


def test_null_is_not_set_and_a_byte_order_mark_is_tolerated() -> None:
    data = '\ufeff{"course/r": {"start": null, "name": "é"}, "checklists": [1]}'.encode()
    assert read_entries(data, "x", Findings()) == {"course/r": {"name": "é"}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (1.5, "1.5"),
        ("é", "é"),
        (["a"], '["a"]'),
        ("\ud800", "\ufffd"),
    ],
)
def test_text_of_values(value: object, text: str) -> None:
    assert value_text(value) == text


def test_what_is_set() -> None:
    assert [is_set(value) for value in (None, "", "null", "None", "false", "0")] == [False] * 3 + [True] * 3
