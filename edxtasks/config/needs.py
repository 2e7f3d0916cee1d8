"""Who heeds each setting, and what it needs: docs/settings.md has it for people.

Tables and commands that name a setting in their own declaration are not repeated here; the page adds them.
"""

from __future__ import annotations

from collections.abc import Mapping

from edxtasks.config.settings import SETTINGS

Place = tuple[str, str]

EVERYTHING = "every task and command"
EVERY_TASK = "every task"
ON_BIGQUERY = 'every task, with `engine = "bigquery"`'
FOR_ALL = frozenset({EVERYTHING, EVERY_TASK, ON_BIGQUERY})

_HEALTH = ("health",)
_SPLIT = ("split",)
_BIGQUERY_ROLES = "the roles BigQuery Job User and BigQuery Data Editor on the project"
_RAW_LOGS = "raw logs that were split (`split`)"
_TWO_DUMPS = "a dated dump, and the one before it or a `health` that has seen it"

HEEDED_BY: Mapping[Place, tuple[str, ...]] = {
    ("", "root"): (EVERYTHING,),
    ("", "course_id_list"): (EVERY_TASK, "health"),
    ("", "courses"): (EVERYTHING,),
    ("", "auth_key_file"): (ON_BIGQUERY,),
    ("", "maximum_parallel_processes"): ("run",),
    ("", "latest_sql_dir"): (EVERY_TASK, "health"),
    ("", "default_end_date"): ("mongo2gs", "person_course"),
    ("", "extra_external_commands"): ("external",),
    ("", "timezone"): (),
    ("", "dynamic_tracking_logs_rephrasing_config_fn"): ("split", "mongo2gs", "rephrase_logs"),
    ("", "log_day_timezone"): ("split", "mongo2gs"),
    ("", "filename_dates"): _SPLIT,
    ("", "logfn_keepdir"): _SPLIT,
    ("", "edge_logs"): _SPLIT,
    ("", "dedupe_exact"): _SPLIT,
    ("", "allow_truncated"): _SPLIT,
    ("", "resplit_on_rule_change"): _SPLIT,
    ("", "max_reject_fraction"): ("split", "mongo2gs"),
    ("", "file_mode"): (EVERYTHING,),
    ("", "wait"): (EVERYTHING,),
    ("", "rejects_kept_days"): ("split", "health"),
    ("", "max_bad_rows"): (ON_BIGQUERY,),
    ("", "json_text_form"): ("split", "mongo2gs"),
    ("", "module_id_extended"): ("split", "mongo2gs", "rephrase_logs"),
    ("", "split_gzip_level"): ("split", "mongo2gs"),
    ("", "mongo_keep_local"): ("mongo2gs",),
    ("", "max_bad_fraction"): (
        "waldofy",
        "setup_sql",
        "user_part",
        "grades_persistent",
        "analyze_problems",
        "make_cinfo",
        "staff2bq",
    ),
    ("", "publish_course_images"): ("mirror",),
    ("", "days_per_query"): (ON_BIGQUERY,),
    ("", "csv_bom"): ("research", "get_course_data", "get_data"),
    ("", "minimum_cell"): ("dashboard",),
    ("", "cameo_master"): ("retire",),
    **{(section, name): _HEALTH for section, name in SETTINGS if name.startswith("health_")},
    ("paths", "dump_dir"): ("waldofy", "retire"),
    ("paths", "course_sql_base_dir"): (EVERY_TASK, "health"),
    ("paths", "course_sql_date_dir"): (EVERY_TASK, "health"),
    ("paths", "tracking_logs_directory"): (EVERY_TASK, "health"),
    ("paths", "retired_list"): ("split", "waldofy", "mongo2gs", "mongo2user_info", "retire"),
    ("paths", "retire_key_file"): ("split", "waldofy", "mongo2gs", "mongo2user_info", "retire"),
    ("paths", "tlfn"): ("split", "daily_logs", "weekly", "retire"),
    ("paths", "listings"): ("health", "retire"),
    ("paths", "staff"): ("retire",),
    ("warehouse", "engine"): (EVERYTHING,),
    ("warehouse", "path"): (EVERYTHING,),
    ("warehouse", "project_id"): (ON_BIGQUERY,),
    ("warehouse", "location"): (ON_BIGQUERY,),
    ("warehouse", "api_endpoint"): (ON_BIGQUERY,),
    ("warehouse", "maximum_bytes_billed"): (ON_BIGQUERY,),
    ("warehouse", "price_per_tebibyte"): ("estimate",),
    ("warehouse", "parallel_loads"): ("logs2bq",),
    ("warehouse", "retry_seconds"): (ON_BIGQUERY,),
    ("warehouse", "check_grain_on_bigquery"): (ON_BIGQUERY,),
    ("storage", "path"): ("report", "combinepc", "research", "dashboard", "docs"),
    ("storage", "gs_bucket"): (ON_BIGQUERY,),
    ("engine", "workers"): ("split",),
    ("engine", "memory_limit"): (EVERYTHING,),
    ("engine", "state"): (EVERYTHING,),
    ("mongo", "uri"): ("mongo2gs", "mongo2user_info"),
    ("mongo", "dbname"): ("mongo2gs", "mongo2user_info"),
}
"""By section and name: tasks and commands, or one of the phrases above."""

NEEDS: Mapping[Place, str] = {
    ("", "course_axis_pin_dates"): "dated folders of that date with a course export; `doit "
    "recommend_pin_dates` prints them",
    ("", "api_key"): "a key of the YouTube Data API, and a way to that server; without it lengths of videos "
    "come from export, logs or transcripts",
    ("", "youtube_api_endpoint"): "`api_key`",
    ("", "auth_key_file"): 'the key file of a service account, and `engine = "bigquery"`',
    ("", "latest_sql_dir"): "dated folders, `COURSE/YYYY-MM-DD`, as `waldofy` makes them",
    (
        "",
        "extra_external_commands",
    ): "a template and the program that it runs ([external programs](external.md))",
    ("", "dynamic_tracking_logs_rephrasing_config_fn"): "a file with a JSON list of texts",
    ("", "mongo_keep_local"): "`gs_bucket`",
    ("", "max_bad_rows"): '`engine = "bigquery"`',
    ("", "publish_course_images"): '`engine = "bigquery"`, and a bucket without uniform access',
    ("", "days_per_query"): '`engine = "bigquery"`',
    ("", "cameo_master"): "a table or CSV file with `course_id`, `username`, `CH`",
    ("", "irt_source"): "`item_irt_grm` needs the extra `edxtasks[irt]`; `item_irt_grm_R` needs R with mirt "
    "(`external:R_mirt`)",
    ("", "export_personal_data"): "a storage that only those may read who may see addresses",
    ("", "health_ignore"): _RAW_LOGS,
    ("", "health_server_share"): _RAW_LOGS,
    ("", "health_weeks"): _RAW_LOGS,
    ("", "health_least_weeks"): _RAW_LOGS,
    ("", "health_day_share"): _RAW_LOGS,
    ("", "health_day_events"): _RAW_LOGS,
    ("", "health_reject_share"): _RAW_LOGS,
    ("", "health_least_rejects"): _RAW_LOGS,
    ("", "health_small_log_rejects"): _RAW_LOGS,
    ("", "health_unlisted_events"): _RAW_LOGS,
    ("", "health_dump_age"): "raw logs, and dated dumps",
    ("", "health_users_drop"): _TWO_DUMPS,
    ("", "health_rows_drop"): _TWO_DUMPS,
    ("", "health_unknown_learners"): "the tables `person_course_day` and `user_info_combo`",
    (
        "paths",
        "dump_dir",
    ): "the weekly package of edX, unpacked and decrypted: a folder whose name ends in its date",
    ("paths", "course_sql_date_dir"): "a folder of that name in each course directory; not used with "
    "`latest_sql_dir`",
    ("paths", "tracking_logs_directory"): "a folder that may be written, with room for the logs twice",
    ("paths", "tlfn"): "raw logs, plain, gzip, zstd or bzip2; `tracking_logs_directory`",
    ("paths", "geoip_database"): "a GeoIP2 or GeoLite2 City file of MaxMind; without it places stay empty "
    "([places](geolocation.md))",
    ("paths", "geographic_regions"): "CSV with the columns of the file that ships ([places](geolocation.md))",
    (
        "paths",
        "listings",
    ): "CSV or JSON lines with `course_id`; `Course Launch` and `Course Wrap` where dates are wanted",
    ("paths", "staff"): "a CSV file with a header",
    ("warehouse", "engine"): "for `bigquery`: `project_id`, `gs_bucket`, and an account "
    "([BigQuery](bigquery.md))",
    ("warehouse", "project_id"): _BIGQUERY_ROLES,
    ("warehouse", "maximum_bytes_billed"): '`engine = "bigquery"`',
    ("warehouse", "price_per_tebibyte"): '`engine = "bigquery"`',
    ("warehouse", "parallel_loads"): '`engine = "bigquery"`',
    ("warehouse", "retry_seconds"): '`engine = "bigquery"`',
    ("warehouse", "check_grain_on_bigquery"): '`engine = "bigquery"`',
    ("storage", "path"): "a folder that may be written; not used on BigQuery",
    ("storage", "gs_bucket"): "the role Storage Object Admin on the bucket",
    ("mongo", "uri"): "a MongoDB server that can be reached",
    ("mongo", "dbname"): "`uri`",
}
"""By section and name: files, roles, extras, tables and other settings without which it has no effect. What
needs nothing is left out."""
