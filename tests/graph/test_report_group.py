"""Tables over all chosen courses: combinepc, report, and what waits for them."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from project import Project

from edxtasks.course import CourseKey
from edxtasks.simulate.ledger import Ledger

REPORTS = "course_report_MITx"
NOBODY = "MITx/9.99x/1T2014"
"""A course of which there is nothing."""


def rows(project: Project, table: str) -> list[dict[str, Any]]:
    """The rows of a table `dataset/name` in the order in which they are stored."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute("SELECT * FROM read_parquet(?)", [f"{project.warehouse}/{table}.parquet"])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def of_course(project: Project, course: str) -> list[dict[str, Any]]:
    return rows(project, f"{CourseKey.parse(course).dataset}/person_course")


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_combined_table_holds_the_courses_one_after_the_other(built_once: Project) -> None:
    combined = rows(built_once, f"{REPORTS}/person_course_latest")
    assert combined == [row for course in built_once.courses for row in of_course(built_once, course)]
    assert len(combined[0]) == 82
    viewed = rows(built_once, f"{REPORTS}/person_course_viewed")
    assert viewed == [row for row in combined if row["viewed"]]
    verified = rows(built_once, f"{REPORTS}/person_course_idv")
    assert verified == [row for row in combined if row["verified_enroll_time"] is not None]
    assert 0 < len(verified) < len(viewed) < len(combined)


def test_combined_tables_are_files_too(built_once: Project) -> None:
    combined = rows(built_once, f"{REPORTS}/person_course_latest")
    path = built_once.folder / "storage" / REPORTS / "person_course_latest.csv"
    with path.open(newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    assert [record["user_id"] for record in records] == [str(row["user_id"]) for row in combined]
    for record, row in zip(records, combined, strict=True):
        assert list(record) == list(row)
        assert record["viewed"] == str(row["viewed"])
        first = row["first_event"]
        assert record["first_event"] == (str(first.replace(tzinfo=None)) if first is not None else "")


def test_addresses_are_tables_and_no_files(built_once: Project) -> None:
    for table in ("email_addresses", "email_addresses_MITx"):
        assert sum(row["ncourses"] for row in rows(built_once, f"{REPORTS}/{table}")) == sum(
            row["username"] is not None
            for course in built_once.courses
            for row in rows(built_once, f"{CourseKey.parse(course).dataset}/user_info_combo")
        )
    assert not list((built_once.folder / "storage").rglob("*email*"))
    planned = built_once.doit("plan", "report:email_addresses_MITx", "export_personal_data=1").out
    assert "report:email_addresses_MITx: email_addresses_MITx.csv is gone from" in planned


def test_one_address_a_learner_over_all_courses(built_once: Project, tiny_campus: Path) -> None:
    used: dict[str, Counter[str]] = defaultdict(Counter)
    last: dict[tuple[str, str], str] = {}
    for course in built_once.courses:
        for day in Ledger(tiny_campus / "ledger").person_days(course):
            for ip, number in day["ips"].items():
                if ip:
                    used[day["username"]][ip] += number
                    key = (day["username"], ip)
                    last[key] = max(last.get(key, ""), day["date"])
    expected = {}
    for username, addresses in used.items():
        # Of most events; of these the one used last; of these the least text: the last of a sort by three.
        best = max(addresses.values())
        latest = max(last[username, ip] for ip, number in addresses.items() if number == best)
        chosen = min(ip for ip, n in addresses.items() if n == best and last[username, ip] == latest)
        expected[username] = (chosen, best, len(addresses))
    found = {
        row["username"]: (row["modal_ip"], row["ip_count"], row["n_different_ip"])
        for row in rows(built_once, "courses/global_modal_ip")
    }
    assert found == expected


def test_one_run_fills_addresses_over_all_courses_into_each(
    built_once: Project, tiny_campus: Path, tmp_path: Path
) -> None:
    project = Project.create(tmp_path / "project", tiny_campus)
    # On its own person_course does without: nothing over courses is built on its account.
    outcome = project.doit("person_course")
    assert not any(task.startswith(("courses.", "report:")) for task in outcome.built)
    course = CourseKey.parse(project.courses[0])
    assert all(row["global_modal_ip"] is None for row in rows(project, f"{course.dataset}/pc_modal_ip"))
    # Where a run makes both, the addresses over all courses come first, whatever the number of processes.
    project.doit("-n", "2", "weekly")
    located = rows(project, f"{course.dataset}/pc_modal_ip")
    assert sum(row["global_modal_ip"] is not None for row in located) == sum(
        row["course_modal_ip"] is not None for row in located
    )
    assert project.doit("weekly").built == set()
    # Another way through the tasks, and the same bytes in every file.
    assert bytes_below(project.folder / "storage") == bytes_below(built_once.folder / "storage")


def test_a_run_of_one_course_makes_no_table_over_courses(built: Project) -> None:
    built.doit("forget", "courses.global_modal_ip", "report:person_course_latest")
    assert built.doit(f"weekly:{built.courses[0]}").built == set()


def test_the_order_of_the_courses_is_that_of_the_list(built: Project) -> None:
    first, second = built.courses
    outcome = built.doit("combinepc", f"courses={second},{first}")
    tables = ("person_course_latest", "person_course_viewed", "person_course_idv")
    assert outcome.built == {f"report:{table}" for table in tables}
    assert "courses changed" in outcome.err
    for table in tables[:2]:
        found = [row["course_id"] for row in rows(built, f"{REPORTS}/{table}")]
        assert list(dict.fromkeys(found)) == [second, first]


def list_nobody(built: Project) -> None:
    """Let the configuration name a course of which there is nothing."""
    built.configure(course_id_list=json.dumps([*built.courses, NOBODY]))


def test_a_course_of_which_there_is_nothing_is_told_and_left_out(built: Project) -> None:
    course = built.courses[0]
    assert f"{NOBODY} is in no course list" in built.doit("combinepc", f"courses={NOBODY}", status=3).err
    list_nobody(built)
    outcome = built.doit("combinepc", f"courses={course},{NOBODY}")
    assert outcome.err.count(f"there is no dump, no shard and no table of {NOBODY}") == 1
    assert f"no person_course, and so left out: {NOBODY}" in outcome.err
    assert rows(built, f"{REPORTS}/person_course_latest") == of_course(built, course)
    # Nothing is built upstream, no tables of zero rows either.
    assert not any(task.endswith(NOBODY) for task in outcome.built)
    assert not (built.warehouse / CourseKey.parse(NOBODY).dataset).exists()


def test_a_course_without_its_dump_is_read_as_it_stands(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    before = rows(built, f"{REPORTS}/person_course_latest")
    home = built.folder / "SQL" / course.package_prefix
    next(home.iterdir()).rename(home / "2014-01-01")
    config = built.folder / "config" / "edxtasks.toml"
    config.write_text(re.sub("^dump_dir.*$", "", config.read_text(), flags=re.MULTILINE))
    built.doit("forget", "report:person_course_latest")
    outcome = built.doit("combinepc")
    assert f"user_info_combo:{course}" in outcome.skipped
    assert f"{course} has no directory" in outcome.err
    assert "set aside" not in outcome.err
    assert rows(built, f"{REPORTS}/person_course_latest") == before
    # A run that asks for tables of the course fails for it.
    assert built.doit("make_uic", status=2).failed == {f"user_info_combo:{course}"}


def test_addresses_over_all_courses_do_not_follow_courses_that_somebody_names(built: Project) -> None:
    course = built.courses[0]
    before = rows(built, "courses/global_modal_ip")
    outcome = built.doit("report", f"courses={course}")
    assert not any(task.startswith("courses.") for task in outcome.built)
    assert rows(built, "courses/global_modal_ip") == before
    # By a list, or where it is named itself, it is rebuilt.
    assert "courses.global_modal_ip" in built.doit("report", "clist=first").built
    assert rows(built, "courses/global_modal_ip") != before
    built.doit("courses.global_modal_ip", f"courses={','.join(built.courses)}")
    assert rows(built, "courses/global_modal_ip") == before


def test_without_any_table_combinepc_fails_and_weekly_does_not(built: Project) -> None:
    list_nobody(built)
    outcome = built.doit("combinepc", f"courses={NOBODY}", status=None)
    assert outcome.status != 0
    assert "no chosen course has a table person_course" in outcome.err
    outcome = built.doit("weekly", f"courses={NOBODY}", "tlfn=DAILY/none*.gz", status=None)
    assert not any(task.startswith("report:") for task in outcome.failed)


def test_an_empty_course_list_is_an_error_for_combinepc(built: Project) -> None:
    built.configure(course_id_list="[]")
    outcome = built.doit("combinepc", status=None)
    assert outcome.status != 0
    assert "no course is chosen" in outcome.err
    assert built.doit("weekly").built == set()


def test_a_course_that_fails_does_not_hold_up_the_others(built: Project) -> None:
    broken = CourseKey.parse(built.courses[0])
    package = next(built.folder.glob("mitx-2014-*"))
    source = package / f"{broken.package_prefix}-auth_user-prod-analytics.sql"
    source.write_bytes(source.read_bytes().replace(b"id\tusername", b"uid\tnickname", 1))
    before = rows(built, f"{REPORTS}/person_course_latest")
    built.doit("forget", "report:person_course_latest")
    outcome = built.doit("weekly", status=None)
    assert outcome.status != 0
    assert "report:person_course_latest" in outcome.built
    assert rows(built, f"{REPORTS}/person_course_latest") == before


def test_files_come_back_without_their_table_being_made_anew(built: Project) -> None:
    course = CourseKey.parse(built.courses[0])
    table = built.warehouse / course.dataset / "person_course.parquet"
    storage = built.folder / "storage"
    beside = next((built.folder / "SQL" / course.package_prefix).iterdir()) / "person_course.csv.gz"
    files = bytes_below(storage)
    made = table.stat().st_mtime_ns
    content = beside.read_bytes()
    assert files[f"{course.directory}/person_course.csv.gz"] == content
    beside.unlink()
    (storage / REPORTS / "person_course_idv.csv").unlink()
    outcome = built.doit("weekly")
    assert outcome.built == {f"person_course:{course}", "report:person_course_idv"}
    assert "person_course.csv.gz is gone from" in outcome.err
    assert table.stat().st_mtime_ns == made
    assert beside.read_bytes() == content
    assert bytes_below(storage) == files
    assert built.doit("weekly").built == set()


def test_a_build_tells_what_it_found_in_the_description(built_once: Project) -> None:
    from edxtasks.warehouse.base import TableName
    from edxtasks.warehouse.parquet import ParquetWarehouse

    warehouse = ParquetWarehouse(built_once.warehouse)
    course = CourseKey.parse(built_once.courses[0])
    info = warehouse.info(TableName(course.dataset, "person_course"))
    assert info is not None
    assert f"Course: {course}" in info.description
    assert "Chapters: 4" in info.description
    assert "Start: 2012-09-05. End: none" in info.description
    assert f"SQL directory: {built_once.folder}/SQL/{course.package_prefix}/" in info.description
    info = warehouse.info(TableName(REPORTS, "person_course_latest"))
    assert info is not None
    assert f"Courses: {', '.join(built_once.courses)}" in info.description
    assert str(built_once.folder / "storage" / REPORTS / "person_course_latest.csv") in info.description


def test_a_snapshot_is_kept_only_where_it_is_wanted(built: Project) -> None:
    built.configure(keep_person_course_snapshots="true")
    assert built.doit("combinepc").built == {"report:person_course_latest"}
    [copy] = (built.warehouse / REPORTS).glob("person_course_MITx_????_??_??_??????.parquet")
    assert rows(built, f"{REPORTS}/{copy.stem}") == rows(built, f"{REPORTS}/person_course_latest")
    storage = built.folder / "storage" / REPORTS
    [file] = storage.glob("person_course_MITx_????-??-??-??????.csv")
    assert file.read_bytes() == (storage / "person_course_latest.csv").read_bytes()
    assert built.doit("combinepc").built == set()


def test_the_combined_table_from_files(built: Project) -> None:
    first, second = map(CourseKey.parse, built.courses)
    before = rows(built, f"{REPORTS}/person_course_latest")
    for course in (first, second):
        shutil.rmtree(built.warehouse / course.dataset)
    outcome = built.doit("combinepc", "from_files=1")
    assert not any(task.startswith("person_course") for task in outcome.built)
    # In CSV an empty text and NULL are the same.
    expected = [{name: None if value == "" else value for name, value in row.items()} for row in before]
    assert rows(built, f"{REPORTS}/person_course_latest") == expected
    next((built.folder / "SQL" / first.package_prefix).glob("*/person_course.csv.gz")).unlink()
    outcome = built.doit("combinepc", "from_files=1")
    assert f"no person_course.csv.gz, and so left out: {first}" in outcome.err
    for path in (built.folder / "SQL" / second.package_prefix).glob("*/person_course.csv.gz"):
        path.unlink()
    outcome = built.doit("combinepc", "from_files=1", status=None)
    assert outcome.status != 0
    assert "no chosen course has a file person_course.csv.gz" in outcome.err


@pytest.mark.parametrize(
    ("word", "dataset"),
    [("output_dataset_id=mine", "mine"), ("org=HarvardX", "course_report_HarvardX")],
)
def test_another_dataset_may_be_named(built: Project, word: str, dataset: str) -> None:
    built.doit("-s", "report:person_course_latest", word)
    assert rows(built, f"{dataset}/person_course_latest") == rows(built, f"{REPORTS}/person_course_latest")
    folder = REPORTS if dataset == "mine" else dataset
    assert (built.folder / "storage" / folder / "person_course_latest.csv").is_file()


def test_reports_say_what_the_courses_hold(built_once: Project) -> None:
    people = [row for course in built_once.courses for row in of_course(built_once, course)]
    students = [row for row in people if row["forumRoles_isStudent"] in (1, None)]
    assert 0 < len(students) <= len(people)
    broad = {row["course_id"]: row for row in rows(built_once, f"{REPORTS}/broad_stats_by_course")}
    assert list(broad) == sorted(built_once.courses)
    for course, row in broad.items():
        own = [one for one in students if one["course_id"] == course]
        assert row["registered_sum"] == len(own)
        assert row["viewed_sum"] == sum(bool(one["viewed"]) for one in own)
        assert row["nevents_sum"] == sum(one["nevents"] or 0 for one in own)
        [typical] = [
            one
            for one in rows(built_once, f"{REPORTS}/viewed_median_stats_by_course")
            if one["course_id"] == course
        ]
        grades = sorted(one["grade"] for one in own if one["viewed"] and one["grade"] is not None)
        assert typical["grade_median"] == grades[(len(grades) - 1) // 2]
    registrations = Counter(row["user_id"] for row in people)
    found = rows(built_once, f"{REPORTS}/multi_registrations")
    assert {row["user_id"]: row["n_courses_registered"] for row in found} == registrations
    [overall] = rows(built_once, f"{REPORTS}/overall_stats")
    assert overall["total_registered"] == len(students)
    assert overall["multi_course_registrations"] == len(people)


def test_every_report_is_a_file_in_the_form_of_reports(built_once: Project) -> None:
    folder = built_once.folder / "storage" / REPORTS
    tables = {path.stem for path in (built_once.warehouse / REPORTS).glob("*.parquet")}
    assert tables - {path.stem for path in folder.glob("*.csv")} == {
        "email_addresses",
        "email_addresses_MITx",
        "median_stats_by_course",
        "time_on_task_hours_by_course",
    }
    with (folder / "broad_stats_by_course.csv").open(newline="", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})? UTC", record["min_start_time"])


def test_summaries_are_chosen_by_an_option_that_forces_nothing(built: Project) -> None:
    outcome = built.doit("analyze_content", "force_recompute=1", "listings=listings.csv")
    made = {f"report:{name}" for name in ("course_metainfo", "course_summary_stats", "nregistered_by_wrap")}
    assert made <= outcome.built
    # Nothing was forced: what weekly had made stands.
    assert not {"report:broad_stats_by_course", f"person_course:{built.courses[0]}"} & outcome.built
    folder = built.folder / "storage" / REPORTS
    lines = (folder / f"{REPORTS}__course_summary_stats.json").read_text().splitlines()
    summaries = {one["course_id"]: one for one in map(json.loads, lines)}
    assert set(summaries) == set(built.courses)
    for course, summary in summaries.items():
        assert len(summary) == 427
        assert summary["listings_Course_Launch"]
        assert summary["cbr_course_id"] == summary["msbc_viewed_course_id"] == course
        assert summary["nexcluded_sub_20_chapter"] > 0
        assert summary["ToT_sum_total_hours"] > 0
        assert summary["nregistered_by_wrap"] >= summary["registered_sum"]
    assert (folder / "course_content.csv").read_text().startswith("course_id,nquant_per_week,total_")
    assert built.doit("analyze_content", "force_recompute=1", "listings=listings.csv").built == set()


def test_a_step_alone_needs_what_it_reads(built: Project) -> None:
    list_nobody(built)
    outcome = built.doit("report", "only_step=2", f"courses={NOBODY}", status=None)
    assert outcome.status != 0
    assert "no chosen course has a table person_course: make it first" in outcome.err
    built.doit("forget", "report:broad_stats_by_course", "report:overall_stats")
    assert built.doit("report", "only_step=overall_stats").built == {"report:overall_stats"}
