"""What words ask for: the same tables in all forms, and what a run takes as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.only_step import in_order, of_steps
from edxtasks.build.registry import commands
from edxtasks.config import Options
from edxtasks.errors import SettingsError
from edxtasks.graph.arguments import Arguments
from edxtasks.graph.load import make_graph
from edxtasks.graph.selection import Selection
from edxtasks.table import Need, Scope

REGISTRY = product_registry()
COURSE = "OrgX/Ab.1/2T2020"
ENROLMENT = {"enrollment_events", "person_enrollment_verified"}
COMBINED = {"report.person_course_latest", "report.person_course_viewed", "report.person_course_idv"}
MODAL = {"courses.global_modal_ip", "courses.global_modal_lang"}
SHARED = {*MODAL, "courses.uname_ip_groups"}


def asked(*words: str, courses_named: bool = False, **options: object) -> Selection:
    given = Options(**options)  # type: ignore[arg-type]
    steps = of_steps(REGISTRY, commands(REGISTRY), given, words)
    return Selection(REGISTRY, steps, words, given, courses_named)


def test_tables_that_a_named_task_needs_are_targets() -> None:
    """What is optional may be absent; what is borrowed is not made on the task's account."""
    needs = {
        "page": {
            "enrollment_events": Need.REQUIRED,
            "grading_policy": Need.OPTIONAL,
            "item_irt_grm": Need.BORROWED,
            "another_task": Need.REQUIRED,
        }
    }
    steps = of_steps(REGISTRY, commands(REGISTRY), Options(), [])
    found = Selection(REGISTRY, steps, [f"page:{COURSE}"], Options(), needs=needs)
    assert found.targets == {"enrollment_events", "grading_policy", "tracklog"}
    assert found.needed == {"enrollment_events"}
    assert Selection(REGISTRY, steps, ["other"], Options(), needs=needs).targets == set()


@pytest.mark.parametrize(
    ("word", "tables"),
    [
        # The name of a command and a table is the command, with a course and without.
        ("enrollment_events", ENROLMENT),
        (f"enrollment_events:{COURSE}", ENROLMENT),
        ("enrollment_events:course-v1:OrgX+Ab.1+2T2020", ENROLMENT),
        ("grades", {"grading_policy"}),
        (f"grades:{COURSE}", {"grading_policy"}),
        # The name of a table that is not a command is the table.
        ("person_enrollment_verified", {"person_enrollment_verified"}),
        (f"person_enrollment_verified:{COURSE}", {"person_enrollment_verified"}),
        ("combinepc", COMBINED),
        (f"combinepc:{COURSE}", set()),
        ("report:person_course_idv", {"report.person_course_idv"}),
        (
            "report:person_course_*",
            {
                *COMBINED,
                "report.person_course_latest_ip_no_cc",
                "report.person_course_day_allcourses",
                "report.person_course_deidentified",
            },
        ),
        ("courses.global_modal_*", MODAL),
        (f"enrollment_ev*:{COURSE}", ENROLMENT),
        ("enrollment_events:*", ENROLMENT),
        ("nothing", set()),
    ],
)
def test_the_tables_of_a_word(word: str, tables: set[str]) -> None:
    found = asked(word).tables_of(word)
    assert set(found) == tables
    assert len(found) == len(tables)


@pytest.mark.parametrize(
    ("words", "named", "status"),
    [
        (("report",), True, SHARED),
        (("weekly",), True, SHARED),
        ((), True, SHARED),
        (("report",), False, set()),
        (("courses.global_modal_ip",), True, SHARED - {"courses.global_modal_ip"}),
        (("courses.*",), True, set()),
    ],
)
def test_tables_that_all_courses_read_are_made_anew_for_lists_only(
    words: tuple[str, ...], named: bool, status: set[str]
) -> None:
    assert asked(*words, courses_named=named).as_they_stand == status


@pytest.mark.parametrize(
    ("words", "forced"),
    [
        (["daily_logs"], {"split", f"logs2gs:{COURSE}", f"logs2bq:{COURSE}"}),
        ([f"daily_logs:{COURSE}"], {"split", f"logs2gs:{COURSE}", f"logs2bq:{COURSE}"}),
        (
            ["sql2bq"],
            {f"user_info_combo:{COURSE}", f"studentmodule:{COURSE}", f"mirror:{COURSE}"},
        ),
        (
            ["enrollment_events"],
            {f"enrollment_events.table:{COURSE}", f"person_enrollment_verified:{COURSE}"},
        ),
        (
            [f"enrollment_events:{COURSE}"],
            {f"enrollment_events.table:{COURSE}", f"person_enrollment_verified:{COURSE}"},
        ),
        ([f"courses={COURSE}", "courses.global_modal_ip"], {"courses.global_modal_ip"}),
        # The option chooses more tables, and forces none; for a course it forces that course.
        (["analyze_content"], set()),
        (["analyze_course", "load_forum"], {f"forum:{COURSE}"}),
        (
            [f"analyze_content:{COURSE}"],
            {
                f"{name}:{COURSE}"
                for name in ("stats_module_usage", "course_metainfo", "course_listing_and_metainfo")
            },
        ),
        (["report:course_summary_stats"], {"report:course_summary_stats"}),
    ],
)
def test_what_is_made_anew_is_what_the_words_make(tmp_path: Path, words: list[str], forced: set[str]) -> None:
    graph = graph_of(tmp_path, *words)
    assert graph.run.forced == forced


def test_what_is_taken_as_it_stands_is_not_forced(tmp_path: Path) -> None:
    by_name = graph_of(tmp_path, "report", f"courses={COURSE}").run.forced
    by_list = graph_of(tmp_path, "report", "clist=all").run.forced
    assert by_list - by_name == MODAL
    assert by_name == {f"report:{name}".replace("_ORG", "_OrgX") for name in by_name_tables()}


def by_name_tables() -> set[str]:
    return {name.removeprefix("report.") for name in asked("report").tables if name.startswith("report.")}


def graph_of(folder: Path, *words: str):  # type: ignore[no-untyped-def]
    from edxtasks.config import load_settings

    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "edxtasks.toml").write_text(
        f'course_id_list = ["{COURSE}"]\n[courses]\nall = ["{COURSE}"]\n'
    )
    parsed = Arguments.of([*words, "force_recompute=1"])
    return make_graph(load_settings(folder, parsed.variables, {}), parsed)


def test_a_task_may_be_named_by_the_file_that_it_makes(tmp_path: Path) -> None:
    file = f"{tmp_path}/warehouse/OrgX__Ab_1__2T2020/grading_policy.parquet"
    made = {
        task["basename"]: task for task in graph_of(tmp_path, file).tasks() if file in task.get("targets", ())
    }
    assert list(made) == ["grading_policy"]
    # Nobody asks for files here, and to say where they are takes time.
    assert not any(task.get("targets") for task in graph_of(tmp_path, "grading_policy").tasks())


def test_the_tables_of_a_command_are_in_the_same_sets() -> None:
    """A set, or an option that leaves tables out, is of a command as people see it."""
    for name, tables in commands(REGISTRY).items():
        of_a_course = [REGISTRY[one] for one in tables if REGISTRY[one].scope is Scope.COURSE]
        if name not in {"sql2bq", "analyze_course"}:  # they stand for tables of other commands too
            assert len({table.sets for table in of_a_course}) <= 1, name


def test_steps_of_report_that_are_left_out_are_taken_as_they_stand() -> None:
    steps = in_order(REGISTRY[name] for name in commands(REGISTRY)["report"])
    behind = asked("report", nskip=len(steps) - 1)
    assert behind.tables == {"report.overall_stats"}
    assert "report.broad_stats_by_course" in behind.as_they_stand
    # What the steps behind are made from is built as always.
    assert "person_course" not in behind.as_they_stand
    alone = asked("report", only_step=("overall_stats", "2"))
    assert alone.tables == {"report.overall_stats", "report.broad_stats_by_course"}
    assert alone.as_they_stand == set(REGISTRY) - alone.tables
    assert alone.demanded == alone.tables
    # Other words of the line are not held back.
    both = asked("report", "person_course", only_step=("multi_registrations",))
    assert not {"person_course", "pc_forum", "user_info_combo"} & both.as_they_stand
    assert "time_on_task" in both.as_they_stand
    # Inputs of steps that are in no order are built as always.
    assert asked("ip_sybils", only_step=("1",)).as_they_stand == set()


def test_one_step_makes_what_it_is_made_of() -> None:
    assert asked("report", only_step=("explored_median_stats_by_course",)).tables == {
        "report.median_stats_by_course",
        "report.explored_median_stats_by_course",
    }
    hours = {
        "report.time_on_task_hours_by_course",
        "report.time_on_task_stats_by_course",
        "report.time_on_task_serial_stats_by_course",
    }
    assert asked("report", only_step=("time_on_task_stats_by_course",)).tables == hours


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            f"report:{COURSE}",
            f"report is made over all chosen courses, not for one of them: doit report courses={COURSE}",
        ),
        ("combinepc:course-v1:OrgX+Ab.1+2T2020", f"doit combinepc courses={COURSE}"),
        (f"report:overall_stats:{COURSE}", f"doit report:overall_stats courses={COURSE}"),
        (f"courses.global_modal_ip:{COURSE}", f"doit courses.global_modal_ip courses={COURSE}"),
        ("report.overall_stats", "tables of reports are typed with a colon: report:overall_stats"),
    ],
)
def test_other_forms_are_refused_with_what_to_type(tmp_path: Path, word: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        graph_of(tmp_path, word)


def test_each_task_has_one_line_of_names_that_can_be_typed(tmp_path: Path) -> None:
    tasks = list(graph_of(tmp_path, "report").tasks())
    lines = {task["basename"]: task["doc"] for task in tasks if "doc" in task}
    assert lines["makegeoip"] == "make report:person_course_latest_ip_no_cc, geocode.extra_geoip"
    assert not [line for line in lines.values() if "report." in line or "\n" in line]
    assert "report:median_stats_by_course" not in lines["report"], "a part of other tables"


@pytest.mark.parametrize(
    ("words", "remarks"),
    [
        (["person_course", "report", "output_dataset_id=mine"], []),
        (["weekly", "output_dataset_id=mine"], []),
        (["analyze_idv", "output_dataset_id=mine"], []),
        (["person_course"], []),
        (["person_course", "nskip=1"], ["nskip=1 has no effect: person_course has no numbered steps"]),
    ],
)
def test_options_that_mean_nothing_are_told(tmp_path: Path, words: list[str], remarks: list[str]) -> None:
    assert graph_of(tmp_path, *words).remarks == remarks
