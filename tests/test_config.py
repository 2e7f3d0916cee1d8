"""Settings and options: every name, every source, every refusal."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.config import (
    OPTIONS,
    SETTINGS,
    Mongo,
    Options,
    Paths,
    Settings,
    TimeOnTask,
    load_settings,
    required,
    with_options,
)
from edxtasks.config.settings_tables import options_table, settings_table
from edxtasks.course import CourseKey
from edxtasks.errors import SettingsError

# The whole form of a configuration file, with the documented values.
WHOLE_FILE = """
course_id_list = ["MITx/2.03x/3T2013"]
course_axis_pin_dates = { "course-v1:MITx+2.03x+3T2013" = "2014-02-16" }
max_bad_fraction = 1

[courses]
all_harvardx = ["HarvardX/AI12.1x/2013_SOND"]

[paths]
dump_dir = "mitx-2013-09-08"
course_sql_base_dir = "SQL"
course_sql_date_dir = "2013-09-08"
tracking_logs_directory = "TRACKING_LOGS"
tlfn = "DAILY/*.log.gz"
geoip_database = "/geo/GeoIP2-City.mmdb"
geographic_regions = "geographic_regions_by_country.csv"
listings = "listings.csv"
staff = "staff.csv"

[warehouse]
engine = "bigquery"
path = "tables"
project_id = "x-data"
location = "EU"
api_endpoint = ""
maximum_bytes_billed = 1_000_000_000_000
price_per_tebibyte = 7.5
parallel_loads = 4

[storage]
path = "published"
gs_bucket = "gs://x-data/"

[engine]
workers = 3
memory_limit = "4GB"
state = "kept"

[mongo]
uri = "mongodb://db.example:27017"
dbname = "logs"
"""


def load(
    folder: Path, text: str | None = None, environment: Mapping[str, str] | None = None, **words: str
) -> Settings:
    """Settings of a project in `folder` whose configuration file holds `text`."""
    if text is not None:
        (folder / "config").mkdir(exist_ok=True)
        (folder / "config" / "edxtasks.toml").write_text(text, encoding="utf-8")
    return load_settings(folder, words, environment or {})


def load_python(
    folder: Path, text: str, environment: Mapping[str, str] | None = None, **words: str
) -> Settings:
    """Settings of a project in `folder` with a `.py` configuration."""
    (folder / "edx2bigquery_config.py").write_text(text, encoding="utf-8")
    return load_settings(folder, {"config": "edx2bigquery_config.py", **words}, environment or {})


def refusal(folder: Path, text: str | None = None, **words: str) -> str:
    """The message with which a configuration or command line is refused."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text, None, **words)
    return str(caught.value)


def test_every_setting_with_its_default(tmp_path: Path) -> None:
    # Names and defaults as the documented list of settings has them, written down by hand.
    top: dict[str, Any] = {
        "root": tmp_path, "course_id_list": None, "courses": {}, "course_axis_pin_dates": {},
        "auth_key_file": None, "maximum_parallel_processes": 1, "default_end_date": None, "org": None,
        "api_key": None, "extra_external_commands": {}, "timezone": None,
        "dynamic_tracking_logs_rephrasing_config_fn": None, "log_day_timezone": "UTC",
        "filename_dates": False, "logfn_keepdir": False, "edge_logs": "separate", "dedupe_exact": False,
        "allow_truncated": False, "resplit_on_rule_change": False, "max_reject_fraction": 0.05,
        "max_bad_rows": 0, "json_text_form": "compact", "module_id_extended": True, "split_gzip_level": 1,
        "mongo_keep_local": 20, "max_bad_fraction": 0.05, "publish_course_images": False,
        "axis_include_hidden": False, "days_per_query": 200, "min_item_responses": 5, "sybil_max_group": 8,
        "latest_sql_dir": False, "file_mode": "0600", "rejects_kept_days": 90, "wait": None,
        "sybil_max_percent_correct": 70, "sybil_min_show_answer": 10, "fingerprint_min_pairs": 20,
        "fingerprint_min_corr": 0.99, "cameo_master": None, "cameo_cutoff": None, "irt_source": "",
        "export_personal_data": False, "keep_person_course_snapshots": False,
        "youtube_api_endpoint": "https://www.googleapis.com/youtube/v3", "csv_bom": False, "minimum_cell": 10,
        "health_ignore": (), "health_archived": (), "health_server_share": 0.8, "health_weeks": 8,
        "health_least_weeks": 4,
        "health_day_share": 0.3, "health_day_events": 10, "health_reject_share": 0.01,
        "health_least_rejects": 100, "health_small_log_rejects": 0.1, "health_dump_age": 10,
        "health_users_drop": 0.02, "health_rows_drop": 0.2, "health_unknown_learners": 0.01,
        "health_unlisted_events": 20, "health_disk_weeks": 1.0,
        "deidentify_release": None, "deidentify_k": 5, "deidentify_columns": None,
    }  # fmt: skip
    sections: dict[str, dict[str, Any]] = {
        "paths": {
            "dump_dir": None, "course_sql_base_dir": tmp_path, "course_sql_date_dir": None,
            "tracking_logs_directory": None, "tlfn": None, "geoip_database": tmp_path / "GeoIP2-City.mmdb",
            "geographic_regions": None, "listings": None, "staff": None, "deidentify_key_file": None,
            "retired_list": tmp_path / "retired.json", "retire_key_file": None,
        },
        "warehouse": {
            "engine": "duckdb", "path": tmp_path / "warehouse", "project_id": None, "location": "US",
            "api_endpoint": "", "maximum_bytes_billed": None, "price_per_tebibyte": 6.25,
            "parallel_loads": 8, "retry_seconds": 600, "check_grain_on_bigquery": False,
        },
        "storage": {"path": tmp_path / "storage", "gs_bucket": None},
        "engine": {"workers": 0, "memory_limit": "", "state": tmp_path / "state"},
        "mongo": {"uri": "mongodb://localhost:27017", "dbname": "harvardxdb"},
    }  # fmt: skip
    found = load(tmp_path)
    assert {name: getattr(found, name) for name in top} == top
    for section, expected in sections.items():
        held = getattr(found, section)
        assert {name: getattr(held, name) for name in expected} == expected
    names = {("", name) for name in top} | {(s, name) for s, held in sections.items() for name in held}
    assert set(SETTINGS) == names
    assert found == Settings(root=tmp_path, notices=found.notices)


def test_the_newest_dump_as_a_setting(tmp_path: Path) -> None:
    dated = '[paths]\ncourse_sql_date_dir = "2013-09-08"\n'
    assert not load(tmp_path, dated).newest_dump
    assert load(tmp_path, "latest_sql_dir = true").newest_dump
    assert load(tmp_path, dated, latest_sql_dir="1").newest_dump
    assert not load(tmp_path, "latest_sql_dir = true", latest_sql_dir="0").newest_dump
    assert load(tmp_path, dated, dataset_latest="1").newest_dump
    # Both configured say the opposite; a date that is typed goes before the setting, not before the option.
    both = load(tmp_path, "latest_sql_dir = true\n" + dated)
    assert both.newest_dump
    assert any("course_sql_date_dir (2013-09-08) is not used" in line for line in both.notices)
    typed = load(tmp_path, "latest_sql_dir = true\n" + dated, course_date_dir="2014-01-01")
    assert (typed.newest_dump, typed.paths.course_sql_date_dir) == (False, "2014-01-01")
    assert typed.notices == ()
    assert load(tmp_path, "", latest_sql_dir="1", course_date_dir="2014-01-01").newest_dump


def test_every_option_is_known() -> None:
    named = """config courses clist clist_from_missing_table year2 course_base_dir course_date_dir
        dataset_latest latest_sql_dir start_date end_date skip_last_day logs_dir dynamic_dates not_before
        skip_log_loading skip_already_successful skip_if_exists force_recompute skip_geoip just_do_nightly
        just_do_geoip just_do_totals time_on_task_config subsection nskip only_step table from_files
        output_project_id output_dataset_id output_bucket collection extparam skiprun submit_condor parallel
        max_parallel verbose log_json forget size seed days dbname listings org tlfn"""
    assert set(OPTIONS) == set(named.split())


def test_whole_file(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE_FILE)
    assert found.course_id_list == ("MITx/2.03x/3T2013",)
    assert found.courses == {"all_harvardx": ("HarvardX/AI12.1x/2013_SOND",)}
    assert found.course_axis_pin_dates == {"MITx/2.03x/3T2013": "2014-02-16"}
    assert found.pin(CourseKey("MITx", "2.03x", "3T2013")) == "2014-02-16"
    assert found.pin(CourseKey("MITx", "2.03x", "1T2014")) is None
    assert found.max_bad_fraction == 1.0
    assert isinstance(found.max_bad_fraction, float)
    assert found.paths == Paths(
        dump_dir=tmp_path / "mitx-2013-09-08",
        course_sql_base_dir=tmp_path / "SQL",
        course_sql_date_dir="2013-09-08",
        tracking_logs_directory=tmp_path / "TRACKING_LOGS",
        tlfn=f"{tmp_path}/DAILY/*.log.gz",
        geoip_database=Path("/geo/GeoIP2-City.mmdb"),
        geographic_regions=tmp_path / "geographic_regions_by_country.csv",
        listings=tmp_path / "listings.csv",
        staff=tmp_path / "staff.csv",
        retired_list=tmp_path / "retired.json",
    )
    warehouse, storage, engine = found.warehouse, found.storage, found.engine
    assert (warehouse.engine, warehouse.path) == ("bigquery", tmp_path / "tables")
    assert (warehouse.project_id, warehouse.location, warehouse.api_endpoint) == ("x-data", "EU", "")
    assert (warehouse.maximum_bytes_billed, warehouse.price_per_tebibyte) == (1_000_000_000_000, 7.5)
    assert warehouse.parallel_loads == 4
    assert (storage.path, storage.gs_bucket) == (tmp_path / "published", "gs://x-data")
    assert (engine.workers, engine.memory_limit, engine.state) == (3, "4GB", tmp_path / "kept")
    assert found.mongo == Mongo(uri="mongodb://db.example:27017", dbname="logs")
    assert found.config_file == tmp_path / "config" / "edxtasks.toml"
    assert found.notices == ()


def test_order_of_configuration_files(tmp_path: Path) -> None:
    load(tmp_path, 'org = "default"')
    (tmp_path / "environment.toml").write_text('org = "environment"')
    (tmp_path / "named.toml").write_text('\ufefforg = "named"', encoding="utf-8")
    environment = {"EDXTASKS_CONFIG": "environment.toml"}
    assert load_settings(tmp_path, {}, {}).org == "default"
    assert load_settings(tmp_path, {}, {"EDXTASKS_CONFIG": ""}).org == "default"
    assert load_settings(tmp_path, {}, environment).org == "environment"
    found = load_settings(tmp_path, {"config": "named.toml"}, environment)
    assert (found.org, found.options.config) == ("named", tmp_path / "named.toml")
    for words, variables, origin in (
        ({"config": "gone.toml"}, {}, "config="),
        ({}, {"EDXTASKS_CONFIG": "gone.toml"}, "EDXTASKS_CONFIG"),
    ):
        with pytest.raises(SettingsError, match=rf"gone\.toml, named by .*{origin}, does not exist"):
            load_settings(tmp_path, words, variables)
    (tmp_path / "folder.toml").mkdir()
    assert "expected the configuration file, found a folder" in refusal(tmp_path, config="folder.toml")
    (tmp_path / "settings.json").write_text("{}")
    assert "neither .toml nor .py" in refusal(tmp_path, config="settings.json")


def test_without_a_file(tmp_path: Path) -> None:
    assert load(tmp_path).notices == (
        f"no configuration file ({tmp_path}/config/edxtasks.toml): the defaults hold",
    )
    (tmp_path / "edx2bigquery_config.py").write_text("ORG = 'MITx'")
    found = load(tmp_path)
    assert found.notices[0].endswith("to use edx2bigquery_config.py: config=edx2bigquery_config.py")
    assert (found.org, found.config_file) == (None, None)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config" / "edxtasks.toml").mkdir(parents=True)
    assert "config/edxtasks.toml: expected the configuration file, found a folder" in refusal(tmp_path)


def test_relative_paths_start_at_root(tmp_path: Path) -> None:
    found = load(tmp_path, 'root = "data"\n[paths]\nstaff = "s.csv"\n', logs_dir="L", tlfn="/raw/*.gz")
    assert found.root == tmp_path / "data"
    assert found.paths.staff == tmp_path / "data" / "s.csv"
    assert found.paths.course_sql_base_dir == tmp_path / "data"
    assert found.paths.tracking_logs_directory == tmp_path / "data" / "L"
    assert found.paths.tlfn == "/raw/*.gz"
    assert load(tmp_path, root="elsewhere").warehouse.path == tmp_path / "elsewhere" / "warehouse"
    assert load(tmp_path, staff="~/s.csv").paths.staff == Path.home() / "s.csv"


def test_folder_above_a_pattern_is_no_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "odd[1]*"
    (folder / "DAILY").mkdir(parents=True)
    (folder / "DAILY" / "a.log.gz").touch()
    pattern = load(folder, tlfn="DAILY/*.log.gz").paths.tlfn
    assert pattern is not None
    assert fnmatch(f"{folder}/DAILY/a.log.gz", pattern)
    assert not fnmatch(f"{tmp_path}/odd1x/DAILY/a.log.gz", pattern)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("max_bad_fractoin = 0.1", '"max_bad_fractoin" is not a setting; did you mean "max_bad_fraction"?'),
        ('[paths]\ndump_dri = "x"', 'edxtasks.toml: "dump_dri" is not a setting; did you mean "dump_dir"?'),
        ('[path]\nstaff = "x"', 'there is no section [path]; did you mean "paths"?'),
        ('dump_dir = "x"', "dump_dir stands in [paths], not here"),
        ("[mongo]\nmax_bad_fraction = 0.1", "max_bad_fraction stands in the top level, above the first"),
        ("[paths]\nworkers = 2", "workers stands in [engine], not here"),
        ('engine = "duckdb"', "engine is a section: write [engine], and its keys below. "
         "The setting engine stands in [warehouse]"),
        ("max_bad_fraction = 1.5", "max_bad_fraction: expected a number from 0 to 1, found 1.5"),
        ("max_bad_fraction = true", "expected a number from 0 to 1, found true"),
        ("max_bad_fraction = nan", "expected a number from 0 to 1, found nan"),
        ("max_bad_rows = 1.0", "max_bad_rows: expected a whole number from 0 up, found 1.0"),
        ("maximum_parallel_processes = 0", "expected a whole number from 1 up, found 0"),
        ("split_gzip_level = 10", "expected a whole number from 0 to 9, found 10"),
        ("filename_dates = 1", "filename_dates: expected true or false, found 1"),
        ('filename_dates = "true"', 'expected true or false, found the text "true"'),
        ('edge_logs = "seperate"', 'found the text "seperate" (did you mean "separate"?)'),
        ('json_text_form = "pretty"', 'expected one of "compact", "predecessor", found the text "pretty"'),
        ('irt_source = "R"', 'expected one of "", "item_irt_grm", "item_irt_grm_R"'),
        ('[warehouse]\nengine = "postgres"', 'warehouse.engine: expected one of "duckdb", "bigquery"'),
        ('log_day_timezone = "America/New_Yrk"', 'did you mean "America/New_York"?'),
        ('log_day_timezone = "America"', "expected a time zone"),
        ('log_day_timezone = "../UTC"', "expected a time zone"),
        ('default_end_date = "2014-02-30"', "expected a date YYYY-MM-DD"),
        ('default_end_date = "20140201"', "expected a date YYYY-MM-DD"),
        ("default_end_date = 2014-02-03T00:00:00Z", "expected a date YYYY-MM-DD"),
        ('cameo_cutoff = "soon"', 'expected "auto", a date YYYY-MM-DD or "none"'),
        ('course_id_list = "MITx/2.03x/3T2013"', "course_id_list: expected a list of texts, found the text"),
        ("course_id_list = [1]", "expected a list of texts, found a list (item 1 is 1)"),
        ('[courses]\nx = "A/B/C"', '"x": the text "A/B/C" is not a list'),
        ('[courses]\nx = ["A/B/C", 7]', '"x": item 2 is 7'),
        ('course_axis_pin_dates = { "A/B" = "2014-01-01" }', '"A/B" is not a course key'),
        ('course_axis_pin_dates = { "A/B/C" = "2014-01" }', 'A/B/C: the text "2014-01" is not a date'),
        ('course_axis_pin_dates = { "A/B/C" = "2014-01-01", "course-v1:A+B+C" = "2014-01-02" }',
         "A/B/C stands in it twice"),
        ('extra_external_commands = { hello = "x" }', '"hello": no table'),
        ("[paths]\nstaff = 5", "paths.staff: expected a path, found 5"),
        ("[paths.staff]", "paths.staff: expected a path, found a table"),
        ('[paths]\ngeoip_database = ""', "expected a path"),
        ('[paths]\ncourse_sql_date_dir = "../x"', "expected the name of one directory"),
        ('[paths]\ncourse_sql_date_dir = ".."', "expected the name of one directory"),
        ('[warehouse]\napi_endpoint = "localhost:9050"', "expected http:// or https:// and an address"),
        ('youtube_api_endpoint = ""', "youtube_api_endpoint"),
        ('[storage]\ngs_bucket = "x-data"', "expected gs:// and the name of a bucket"),
        ('[storage]\ngs_bucket = "gs://x-data/../y"', "expected gs:// and the name of a bucket"),
        ('[engine]\nmemory_limit = "much"', 'expected a size such as "4GB"'),
        ('cameo_master = "x; DROP"', "expected the name of a table"),
        ("org = ", "is not TOML"),
        (f"org = {'[' * 2000}", "nested too deep, or a number has too many digits"),
        (f"max_bad_fraction = {'9' * 5000}", "nested too deep, or a number has too many digits"),
        (f"max_bad_fraction = 0x{'f' * 5000}", "from 0 to 1, found a number of more than 18 digits"),
        (f"org = 0x{'f' * 5000}", "found a number of more than 18 digits"),
        (f"days_per_query = 1{'0' * 18}", "found a number of more than 18 digits"),
        (f"[engine]\nmemory_limit = \"{'9' * 400}GB\"", 'expected a size such as "4GB"'),
        (f"{'x' * 5000} = 1", '…" is not a setting'),
        (f"[{'x' * 5000}]", "there is no section [x"),
    ],
)  # fmt: skip
def test_refused_file(tmp_path: Path, text: str, told: str) -> None:
    message = refusal(tmp_path, text)
    assert told in message
    assert str(tmp_path / "config" / "edxtasks.toml") in message
    assert len(message) < 1000


def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'org = "\xe9"')
    assert "latin.toml is not UTF-8 text (byte 7)" in refusal(tmp_path, config="latin.toml")


def test_what_empty_text_means(tmp_path: Path) -> None:
    found = load(tmp_path, 'auth_key_file = ""\n[paths]\nstaff = ""\n[storage]\ngs_bucket = ""\n')
    assert (found.auth_key_file, found.paths.staff, found.storage.gs_bucket) == (None, None, None)
    text = 'default_end_date = "2014-01-01"\n[paths]\ncourse_sql_date_dir = "2013-09-08"'
    found = load(tmp_path, text, default_end_date="", course_date_dir="", end_date="")
    assert (found.default_end_date, found.paths.course_sql_date_dir) == (None, None)
    assert found.options.end_date is None


def test_missing_and_empty_course_list_differ(tmp_path: Path) -> None:
    assert load(tmp_path, "").course_id_list is None
    assert load(tmp_path, "course_id_list = []").course_id_list == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("auto", "auto"), ("none", None), ("", None), ("2014-09-21", date(2014, 9, 21))],
)
def test_cameo_cutoff(tmp_path: Path, text: str, expected: date | str | None) -> None:
    assert load(tmp_path, f'cameo_cutoff = "{text}"').cameo_cutoff == expected
    assert load(tmp_path, "cameo_cutoff = 2001-01-01", cameo_cutoff=text).cameo_cutoff == expected


def test_options_are_typed(tmp_path: Path) -> None:
    words = {
        "start-date": "2013-09-05", "end_date": "2013-12-01", "skip-geoip": "1", "verbose": "Yes",
        "dataset_latest": "true", "skiprun": "no", "force_recompute": "0", "courses": "A/B/C, D/E/F,",
        "only_step": "1,3", "nskip": "2", "course_base_dir": "OTHER", "course_date_dir": "2014-01-01/",
        "dbname": "x", "extparam": "irt_type=2pl", "output_bucket": "gs://other", "seed": "7", "days": "3",
        "forget": "tracking*.log", "max_bad_fraction": "0.5", "listings": "courses.info", "org": "HarvardX",
    }  # fmt: skip
    found = load_settings(tmp_path, words, {})
    options = found.options
    assert (options.start_date, options.end_date) == (date(2013, 9, 5), date(2013, 12, 1))
    assert (options.skip_geoip, options.verbose, options.dataset_latest) == (True, True, True)
    assert (options.skiprun, options.force_recompute, options.skip_last_day) == (False, False, False)
    assert options.courses == ("A/B/C", "D/E/F")
    assert (options.only_step, options.nskip, options.extparam) == (("1", "3"), 2, "irt_type=2pl")
    assert (options.seed, options.days, options.forget) == (7, 3, "tracking*.log")
    assert (options.output_bucket, options.listings, options.org) == (
        "gs://other",
        "courses.info",
        "HarvardX",
    )
    assert (found.paths.listings, found.org) == (tmp_path / "courses.info", "HarvardX")
    assert found.paths.course_sql_base_dir == tmp_path / "OTHER"
    assert found.paths.course_sql_date_dir == "2014-01-01"
    assert (found.mongo.dbname, found.max_bad_fraction) == ("x", 0.5)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"end_dat": "2013-12-01"}, '"end_dat" is not a setting or option; did you mean "end_date"?'),
        ({"max-bad-fractions": "1"}, 'did you mean "max_bad_fraction"?'),
        ({"qqq": "1"}, '"qqq" is not a setting or option'),
        ({"end_date": "2013-12"}, "command line: end_date: expected a date YYYY-MM-DD"),
        ({"skip_geoip": "2"}, "expected true or false"),
        ({"skip_geoip": ""}, "expected true or false"),
        ({"nskip": "x"}, "nskip: expected a whole number from 0 up"),
        ({"nskip": "-1"}, "nskip: expected a whole number from 0 up"),
        ({"max_bad_rows": "1.5"}, "max_bad_rows: expected a whole number"),
        ({"max_reject_fraction": "half"}, "max_reject_fraction: expected a number from 0 to 1"),
        ({"skip-geoip": "1", "skip_geoip": "0"}, "skip_geoip is given twice"),
        ({"start_date": "2014-01-02", "end_date": "2014-01-01"}, "2014-01-02 is after end_date 2014-01-01"),
        ({"workers": "4"}, "workers is a setting of [engine]: it stands in the configuration file"),
        ({"path": "x"}, "path is a setting of [warehouse] and [storage]"),
        ({"uri": "mongodb://u:pw@h"}, "uri is a setting of [mongo]"),
        ({"course_axis_pin_dates": "x"}, "course_axis_pin_dates is a table"),
        ({"extra_external_commands": "x"}, "extra_external_commands is a table"),
        ({"dynamic_dates": "1", "filename_dates": "1"}, "dynamic_dates and filename_dates say the opposite"),
        ({"table": "a`b"}, "expected the name of a table"),
        ({"clist_from_missing_table": "a.b"}, "expected the name of a table"),
        ({"time_on_task_config": "timeout_short:0"}, "not minutes, a whole number from 1 up"),
        ({"time_on_task_config": "timeout_short:40"}, "timeout_short is 40, more than timeout_long, 30"),
        ({"time_on_task_config": "timeout_long:40"}, "other timeouts need a table of their own"),
        ({"time_on_task_config": "timeout_short:30,time_on_task_table_name:t"}, "both timeouts are 30"),
        ({"time_on_task_config": "timeout_long:525601,time_on_task_table_name:t"}, "525600, a year"),
        ({"time_on_task_config": "timeout_lng:40"}, '"timeout_lng" is not known; did you mean "timeout_l'),
        ({"time_on_task_config": "timeout_long"}, '"timeout_long" is not a key:value'),
        ({"time_on_task_config": "timeout_long:40,timeout_long:50"}, '"timeout_long" is given twice'),
        ({"time_on_task_config": "time_on_task_table_name:x y"}, "not a table name"),
        ({"time_on_task_config": "time_on_task_table_name:x,time_on_task_totals_table_name:x"}, "one name"),
    ],
)  # fmt: skip
def test_refused_words(tmp_path: Path, words: dict[str, str], told: str) -> None:
    assert told in refusal(tmp_path, **words)


def test_time_on_task_config(tmp_path: Path) -> None:
    assert load(tmp_path).options.time_on_task_config == TimeOnTask(
        5, 30, "time_on_task", "time_on_task_totals"
    )
    found = load(tmp_path, time_on_task_config="timeout_short:10, timeout_long:11,time_on_task_table_name:t")
    assert found.options.time_on_task_config == TimeOnTask(10, 11, "t", "t_totals")
    # The first name alone must not leave the totals under the usual name, where they would be overwritten.
    found = load(tmp_path, time_on_task_config="time_on_task_table_name:tot60")
    assert found.options.time_on_task_config == TimeOnTask(5, 30, "tot60", "tot60_totals")


def test_project_and_bucket_of_reports_are_told_to_do_nothing_where_there_is_none(tmp_path: Path) -> None:
    words: dict[str, Any] = {"output_project_id": "q", "output_bucket": "gs://other"}
    assert load(tmp_path, "", **words, output_dataset_id="mine").notices == (
        "output_project_id, output_bucket: without effect with the embedded engine, "
        "whose tables and files are folders",
    )
    assert load(tmp_path, '[warehouse]\nengine = "bigquery"', **words).notices == ()


def test_settings_for_bigquery_alone_are_told_to_do_nothing_where_there_is_none(tmp_path: Path) -> None:
    (told,) = load(tmp_path, "", max_bad_rows="5", days_per_query="9", wait="3").notices
    assert told.startswith("max_bad_rows, days_per_query: without effect with the embedded engine, ")
    bigquery = '[warehouse]\nengine = "bigquery"\nproject_id = "p"\n'
    assert load(tmp_path, bigquery, max_bad_rows="5").notices == ()
    assert load(tmp_path, "max_bad_rows = 5\n").notices == ()


def test_accepted_words_that_do_nothing(tmp_path: Path) -> None:
    found = load(tmp_path, "", limit_query_size="1", table_max_size_mb="5", parallel="1", max_parallel="4")
    assert found.notices == (
        "limit_query_size is accepted and has no effect",
        "table_max_size_mb is accepted and has no effect",
        "parallel, max_parallel: the number of processes is doit's own option -n N",
    )
    assert found.processes == 4
    assert load(tmp_path, "maximum_parallel_processes = 3").processes == 3
    assert load(tmp_path, 'timezone = "America/New_York"').notices == (
        "timezone has no effect: log_day_timezone moves the borders of log days",
    )


def test_dynamic_dates_undo_filename_dates(tmp_path: Path) -> None:
    assert load(tmp_path, "filename_dates = true").filename_dates is True
    assert load(tmp_path, "filename_dates = true", dynamic_dates="1").filename_dates is False


PREDECESSOR_FILE = """
import os
from neighbour import LISTS
course_id_list = ["MITx/2.03x/3T2013"]
courses = {"year2": course_id_list, "both": LISTS}
course_axis_pin_dates = {"MITx/2.03x/3T2013": "2014-02-16"}
auth_key_file = "USE_GCLOUD_AUTH"
auth_service_acct = "someone"
PROJECT_ID = "x-data"
GS_BUCKET = "gs://x-data"
COURSE_SQL_BASE = "SQL"
COURSE_SQL_BASE_DIR = os.path.join(COURSE_SQL_BASE, "X-Year-2-data-sql")
COURSE_SQL_DATE_DIR = '2013-09-08'
TRACKING_LOGS_DIRECTORY = "TRACKING_LOGS"
DEFAULT_END_DATE = "2014-09-21"
MAXIMUM_PARALLEL_PROCESSES = 6
API_KEY = "key-in-file"
ORG = "MITx"
ORG_LIST = ["MITx"]
TIMEZONE = "America/New_York"
DYNAMIC_TRACKING_LOGS_REPHRASING_CONFIG_FN = None
DEFAULT_MONGO_DB = "mongo"
MAX_BAD_FRACTION = 0.2
WAREHOUSE_PATH = "tables"
extra_external_commands = {"hello": {"name": "Hello", "depends_on": ["person_course"]}}
EDX_PW = "secret"
print("a word of the file")
"""


def test_predecessors_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "neighbour.py").write_text('LISTS = ("A/B/C", "D/E/F")\n')
    before = list(sys.path)
    found = load_python(tmp_path, PREDECESSOR_FILE)
    assert sys.path == before
    assert found.course_id_list == ("MITx/2.03x/3T2013",)
    assert found.courses == {"year2": ("MITx/2.03x/3T2013",), "both": ("A/B/C", "D/E/F")}
    assert found.course_axis_pin_dates == {"MITx/2.03x/3T2013": "2014-02-16"}
    assert (found.auth_key_file, found.warehouse.project_id) == (None, "x-data")
    assert (found.warehouse.engine, found.warehouse.path) == ("duckdb", tmp_path / "tables")
    assert found.storage.gs_bucket == "gs://x-data"
    assert found.paths.course_sql_base_dir == tmp_path / "SQL" / "X-Year-2-data-sql"
    assert found.paths.course_sql_date_dir == "2013-09-08"
    assert found.paths.tracking_logs_directory == tmp_path / "TRACKING_LOGS"
    assert (found.default_end_date, found.processes) == (date(2014, 9, 21), 6)
    assert (found.api_key, found.org, found.timezone) == ("key-in-file", "MITx", "America/New_York")
    assert (found.mongo.dbname, found.max_bad_fraction) == ("mongo", 0.2)
    assert found.extra_external_commands == {"hello": {"name": "Hello", "depends_on": ["person_course"]}}
    assert found.json_text_form == "predecessor"
    file = tmp_path / "edx2bigquery_config.py"
    assert found.config_file == file
    assert found.notices == (
        f"{file}: not read, since no settings: LISTS, COURSE_SQL_BASE",
        'tables are made here, by DuckDB; to make them in BigQuery: ENGINE = "bigquery"',
        "timezone has no effect: log_day_timezone moves the borders of log days",
    )
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "a word of the file\n")


def test_relative_paths_of_the_predecessors_file_start_where_it_lies(tmp_path: Path) -> None:
    """It lay in the folder in which the predecessor was run, wherever dodo.py is now."""
    old = tmp_path / "old [2014]"
    old.mkdir()
    (old / "edx2bigquery_config.py").write_text(
        "COURSE_SQL_BASE_DIR = 'SQL'\nTRACKING_LOGS_DIRECTORY = '/data/LOGS'\n"
        "TLFN = 'DAILY/*.gz'\nauth_key_file = 'key.json'\n"
    )
    project = tmp_path / "clone"
    project.mkdir()
    words = {"config": str(old / "edx2bigquery_config.py"), "listings": "typed.csv"}
    found = load_settings(project, words, {})
    assert found.paths.course_sql_base_dir == old / "SQL"
    assert found.paths.tracking_logs_directory == Path("/data/LOGS")
    assert found.paths.tlfn == f"{tmp_path}/old [[]2014]/DAILY/*.gz"
    assert found.auth_key_file == old / "key.json"
    # What the file does not say is the project's.
    assert (found.root, found.warehouse.path) == (project, project / "warehouse")
    assert found.paths.listings == project / "typed.csv"
    (old / "edx2bigquery_config.py").write_text("ROOT = 'data'\nCOURSE_SQL_BASE_DIR = 'SQL'\n")
    found = load_settings(project, {"config": str(old / "edx2bigquery_config.py")}, {})
    assert (found.root, found.paths.course_sql_base_dir) == (old / "data", old / "data" / "SQL")
    assert found.warehouse.path == old / "data" / "warehouse"


def test_predecessors_file_may_choose_the_text_form(tmp_path: Path) -> None:
    assert load_python(tmp_path, 'JSON_TEXT_FORM = "compact"').json_text_form == "compact"
    assert load_python(tmp_path, "", json_text_form="compact").json_text_form == "compact"


def test_lower_case_in_predecessors_file(tmp_path: Path) -> None:
    found = load_python(tmp_path, "max_bad_fraction = 0.2\nCOURSES = {}\norg = 'x'\nORG = org\n")
    file = tmp_path / "edx2bigquery_config.py"
    assert (found.max_bad_fraction, found.org) == (0.05, "x")
    assert found.notices == (
        f"{file}: max_bad_fraction is not read; as a setting it is written MAX_BAD_FRACTION",
        f"{file}: COURSES is not read; as a setting it is written courses",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "COURSE_SQL_DATEDIR = '2013-09-08'",
            '"COURSE_SQL_DATEDIR" is not a setting; did you mean "COURSE_SQL_D',
        ),
        ("MAXIMUM_PARALLEL_PROCESSES = '6'", "MAXIMUM_PARALLEL_PROCESSES: expected a whole number from 1 up"),
        ("DBNAME = 'a'\nDEFAULT_MONGO_DB = 'b'", "are one setting, with two values"),
        ("x = 1\nint('password')", "cannot be executed: ValueError in line 2"),
        ("API_KEY = 'password", "cannot be executed: SyntaxError in line 1"),
        ("import sys\n\nsys.exit('password')", "cannot be executed: SystemExit in line 3"),
        ("import nowhere_to_be_found", "cannot be executed: ModuleNotFoundError in line 1"),
        ("API_KEY = ['password']", "API_KEY: expected text without blanks, found a list"),
        ("API_KEY = 'pass word'", "API_KEY: expected text without blanks, found text"),
    ],
)
def test_refused_python_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_python(tmp_path, text)
    message = str(caught.value)
    assert told in message
    assert "edx2bigquery_config.py" in message
    assert "password" not in message
    assert "pass word" not in message


SECRET_URI = "mongodb://someone:hush@db.example:27017,db2.example/?replicaSet=r"


def test_secrets_come_from_the_environment_and_do_not_show(tmp_path: Path) -> None:
    environment = {"EDXTASKS_API_KEY": "hush-key", "EDXTASKS_MONGO_URI": SECRET_URI}
    found = load(tmp_path, WHOLE_FILE, environment)
    assert (found.api_key, found.mongo.uri) == ("hush-key", SECRET_URI)
    assert found.mongo.hosts == "db.example:27017,db2.example"
    assert "hush" not in repr(found) + str(found) + repr(found.mongo)
    found = load_python(
        tmp_path, PREDECESSOR_FILE.replace("from neighbour import LISTS", "LISTS = []"), environment
    )
    assert found.api_key == "hush-key"


def test_hosts_of_a_uri_without_user() -> None:
    assert Mongo().hosts == "localhost:27017"
    assert Mongo(uri="mongodb+srv://cluster.example?retryWrites=true").hosts == "cluster.example"


@pytest.mark.parametrize(
    "text",
    [
        'api_key = "hush"',
        f'[mongo]\nuri = "{SECRET_URI}"',
        '[mongo]\nuri = "mongodb://h/?tlsCertificateKeyFilePassword=hush"',
    ],
)
def test_secrets_in_the_projects_file_are_refused(tmp_path: Path, text: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    message = refusal(project, text)
    assert "set the environment variable EDXTASKS_" in message
    assert "hush" not in message
    # In a file outside the project they are welcome.
    outside = tmp_path / "outside.toml"
    outside.write_text(text)
    found = load(project, config=str(outside))
    assert "hush" in (found.api_key or found.mongo.uri)


def test_secrets_on_the_command_line_are_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, api_key="hush")
    assert "set the environment variable EDXTASKS_API_KEY" in message
    assert "hush" not in message


def test_misspelt_environment_variable(tmp_path: Path) -> None:
    found = load(tmp_path, "", {"EDXTASKS_APIKEY": "hush"})
    assert found.notices == (
        'the environment variable EDXTASKS_APIKEY is not read; did you mean "EDXTASKS_API_KEY"?',
    )


def test_required(tmp_path: Path) -> None:
    found = load(tmp_path, '[paths]\ndump_dir = "d"\n')
    assert required(found, "paths.dump_dir", Path) == tmp_path / "d"
    with pytest.raises(SettingsError) as caught:
        required(found, "paths.tracking_logs_directory", Path)
    assert str(caught.value) == (
        "the setting paths.tracking_logs_directory is needed and not set (Split, per-course log files and "
        "their checkpoints; tasks of the logs need it); set tracking_logs_directory in [paths] of "
        f"{tmp_path}/config/edxtasks.toml, or tracking_logs_directory=… on the command line"
    )
    with pytest.raises(SettingsError, match=r"set project_id in \[warehouse\] of .*edxtasks\.toml$"):
        required(load(tmp_path), "warehouse.project_id", str)
    with pytest.raises(SettingsError, match=r"set the environment variable EDXTASKS_API_KEY$"):
        required(found, "api_key", str)
    with pytest.raises(SettingsError, match=r"set GS_BUCKET in .*edx2bigquery_config\.py$"):
        required(load_python(tmp_path, ""), "storage.gs_bucket", str)


def test_settings_travel_to_workers(tmp_path: Path) -> None:
    found = load(tmp_path, WHOLE_FILE, {"EDXTASKS_API_KEY": "k"}, skip_geoip="1")
    copy = pickle.loads(pickle.dumps(found))
    assert copy == found
    assert (copy.api_key, copy.options.skip_geoip) == ("k", True)
    assert with_options(found, skip_geoip=False).options == Options()


def test_import_is_light() -> None:
    heavy = ["duckdb", "google", "sqlglot", "pymongo", "doit", "pyarrow"]
    code = (
        f"import sys, edxtasks.config, edxtasks.directories; print([m for m in {heavy} if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert run.stdout.strip() == "[]"


PAGE = Path(__file__).parent.parent / "docs" / "settings.md"


def test_page_has_every_setting_and_option() -> None:
    # After a change: python -m edxtasks.config.settings_tables prints both tables.
    page = PAGE.read_text(encoding="utf-8")
    assert settings_table() in page
    assert options_table() in page
    # A third one says who heeds each setting: tests/commands/test_settings_page.py.
    rows = re.findall(r"^\| `", page, re.MULTILINE)
    assert len(rows) == 2 * len(SETTINGS) + len(OPTIONS)


def test_example_of_the_page_is_a_configuration(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    found = load(tmp_path, example[1])
    assert (found.course_id_list, found.max_bad_fraction) == (("MITx/2.03x/3T2013",), 0.02)
    assert found.paths.tlfn == f"{tmp_path}/DAILY/*.log.gz"


@given(
    st.dictionaries(
        st.sampled_from([*OPTIONS, *(name for _, name in SETTINGS)]) | st.text(min_size=1, max_size=8),
        st.text(max_size=12) | st.sampled_from(["1", "2014-01-01", "a,b", "gs://abc", "timeout_short:1"]),
        max_size=3,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_words_give_settings_or_a_refusal(words: dict[str, str]) -> None:
    try:
        found = load_settings(Path("/nowhere"), words, {})
    except SettingsError as error:
        assert str(error)
    else:
        assert found.paths.course_sql_base_dir.is_absolute()
        assert isinstance(found.max_bad_fraction, float)
