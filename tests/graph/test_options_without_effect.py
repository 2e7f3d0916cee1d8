"""A setting or option that nothing of a run heeds is refused, and so is a step that no named command has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doit.exceptions import InvalidDodoFile

from edxtasks.graph.load import load_namespace

COURSE = "MITx/2.03x/3T2013"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a course, and nothing of it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config").mkdir()
    (folder / "config" / "edxtasks.toml").write_text(f'course_id_list = ["{COURSE}"]\n')
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["report", "nskip=30"], "nskip=30 leaves nothing to do: the steps of report are show_answer_stats"),
        (["time_task", "time_on_task_config=timeout_long:40"], "other timeouts need a table of their own"),
        (["ip_sybils", "only_step=9"], "the steps of ip_sybils are 1, 2, 3, 4, 5"),
        (["person_course", "extparam=x"], "extparam is for external:R_mirt: what is asked for does nothing"),
        (["external:ppwide", "skiprun=1"], "skiprun is for external:R_mirt: what is asked for does nothing"),
        (["doall", "seed=2"], "seed is for simulate: what is asked for does nothing with it"),
        (["weekly", "collection=x"], "collection is for mongo2gs: what is asked for does nothing with it"),
        (["person_course", "only_step=1"], "only_step=1: person_course has no steps"),
        (["weekly", "minimum_cell=20"], "minimum_cell is for dashboard, deidentify: what is asked for does"),
        (["minimum_cell=20"], "minimum_cell is for dashboard, deidentify: what is asked for does nothing"),
        (["plan", "weekly", "minimum-cell=20"], "minimum_cell is for dashboard, deidentify: what is asked"),
        (["axis2bq", "max_reject_fraction=0.5"], "max_reject_fraction is for split, mongo2gs: what is asked"),
        (["person_course", "output_dataset_id=x"], "output_dataset_id is for dashboard, docs, external:R_mi"),
        (
            ["ip_sybils", "listings=x.csv"],
            "listings is for health, retire, analyze_content, make_cinfo, stats_ip_",
        ),
        (["staff2bq", "dbname=x"], "dbname is for mongo2gs, mongo2user_info: what is asked for does nothing"),
        (
            ["split", "skip_geoip=1"],
            "skip_geoip is for person_course: what is asked for does nothing with it",
        ),
        (["nightly", "subsection=1"], "subsection is for grades_persistent: what is asked for does nothing"),
        (["problem_check", "table=a.b"], "table is for ip_sybils, makegeoip: what is asked for does nothing"),
        (["nightly", "skip_log_loading=1"], "skip_log_loading is for doall, weekly: what is asked for does"),
        (["axis2bq", "not_before=2014-01-01"], "not_before is for logs2gs, logs2bq: what is asked for does"),
        (["make_uic", "end_date=2014-01-01"], "end_date is for mongo2gs, "),
    ],
)
def test_what_would_do_nothing_is_refused(folder: Path, words: list[str], said: str) -> None:
    with pytest.raises(InvalidDodoFile, match=said):
        load_namespace(folder, words, {})


def namespace_of(folder: Path, words: list[str]) -> dict[str, Any]:
    """What a line makes of a project; nothing is shown of it any more."""
    namespace = load_namespace(folder, words, {})
    namespace["EDXTASKS_SCREEN"].stop()
    return namespace


@pytest.mark.parametrize(
    "line",
    [
        "weekly max_reject_fraction=0.5 dump_dir=D tlfn=*.log skip_geoip=1 end_date=2014-01-01 csv_bom=1",
        f"person_course:{COURSE} logs_dir=L default_end_date=2014-01-01 skip_geoip=1 course_base_dir=D",
        "person_course just_do_geoip=1 geoip_database=x.mmdb start_date=2014-01-01 not_before=2014-01-01",
        "combinepc from_files=1 csv_bom=1 keep_person_course_snapshots=1 org=MITx output_dataset_id=x",
        "ip_sybils table=a.b sybil_max_group=5",
        "grades_persistent subsection=1 max_bad_fraction=0.2",
        "time_task time_on_task_config=timeout_long:40,time_on_task_table_name:mine",
        "ip_sybils only_step=3,5 listings=courses.listings cameo_master=courses.mine",
        "time_asset just_do_totals=1",
        "plan weekly maximum_parallel_processes=2",
        "doall skip_log_loading=1 max_bad_fraction=0.2 maximum_parallel_processes=2",
        "mongo2gs collection=c dbname=d end_date=2014-01-01 mongo_keep_local=3 json_text_form=compact",
        "dashboard minimum_cell=20 file_mode=0640",
        "deidentify minimum_cell=20 deidentify_k=7",
        "split forget=x filename_dates=1 edge_logs=merge days_per_query=3",
        "grades course_date_dir=x",
        "report* minimum_cell=20",
        "list minimum_cell=20",
        f"forget person_course:{COURSE} logs_dir=L",
        "split skip_geoip=0",
        "doall dump_dir=",
    ],
)
def test_what_something_of_the_run_heeds_is_let_pass(folder: Path, line: str) -> None:
    assert callable(namespace_of(folder, line.split())["task_edxtasks"])


def test_a_configuration_is_for_all_runs(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "other.toml"
    config.write_text(f'course_id_list = ["{COURSE}"]\nminimum_cell = 20\n')
    assert callable(namespace_of(folder, ["split", f"config={config}"])["task_edxtasks"])


def test_the_steps_of_a_command(folder: Path) -> None:
    def made(*words: str) -> set[str]:
        namespace = namespace_of(folder, list(words))
        [task] = [
            one for one in namespace["task_edxtasks"]() if one["basename"] == "ip_sybils" and one["name"]
        ]
        return {name.partition(":")[0] for name in task["task_dep"]}

    assert made("ip_sybils") == {"sybil_accounts", "stats_ip_pair_sybils"}
    assert made("ip_sybils", "only_step=4") == {"stats_show_ans_before_high_score"}
    high_score = "stats_show_ans_before_high_score"
    assert made("ip_sybils", "only_step=1,4") == {"sybil_accounts", "stats_ip_pair_sybils", high_score}
