"""Options: what is said for one run, as `name=value` on doit's command line."""

# ruff: noqa: RUF009 -- setting() is dataclasses.field with a kind and a meaning

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from edxtasks.config.kinds import (
    BUCKET,
    DATASET,
    DAY,
    FLAG,
    ORGANIZATION,
    PATH,
    TABLE,
    TABLE_OR_FILE,
    TEXT,
    TEXTS,
    WORD,
    InvalidValueError,
    ValueType,
    setting,
    whole,
)
from edxtasks.course import shorten
from edxtasks.errors import nearest

_MINUTES_OF_A_YEAR = 525_600


@dataclass(frozen=True)
class TimeOnTask:
    """What `time_on_task_config` sets: the two timeouts in minutes, and the names of the two tables."""

    timeout_short: int = 5
    timeout_long: int = 30
    time_on_task_table_name: str = "time_on_task"
    time_on_task_totals_table_name: str = "time_on_task_totals"


def parse_time_on_task(text: str) -> TimeOnTask:
    """Read `k:v,k:v`. A table name alone names the totals too, as that name + `_totals`.

    Other time-outs go with a table name of their own: the standard tables are left alone.
    """
    given: dict[str, str] = {}
    known = tuple(TimeOnTask.__dataclass_fields__)
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon:
            raise InvalidValueError(f'"{shorten(part)}" is not a key:value')
        if key not in known:
            raise InvalidValueError(f'"{shorten(key)}" is not known{nearest(key, known)}')
        if key in given:
            raise InvalidValueError(f'"{key}" is given twice')
        pattern = r"0*[1-9][0-9]{0,8}" if key.startswith("timeout") else r"[A-Za-z0-9_]+"
        if not re.fullmatch(pattern, value):
            wanted = "minutes, a whole number from 1 up" if key.startswith("timeout") else "a table name"
            raise InvalidValueError(f'{key} is "{shorten(value)}", not {wanted}')
        given[key] = value
    default = TimeOnTask()
    table = given.get("time_on_task_table_name", default.time_on_task_table_name)
    result = TimeOnTask(
        int(given.get("timeout_short", default.timeout_short)),
        int(given.get("timeout_long", default.timeout_long)),
        table,
        given.get("time_on_task_totals_table_name", f"{table}_totals"),
    )
    if result.timeout_short > result.timeout_long:
        raise InvalidValueError(
            f"timeout_short is {result.timeout_short}, more than timeout_long, {result.timeout_long}"
        )
    if result.timeout_short == result.timeout_long:
        raise InvalidValueError(
            f"both timeouts are {result.timeout_short}: columns bear them in their names, two would have one"
        )
    if result.timeout_long > _MINUTES_OF_A_YEAR:
        raise InvalidValueError(f"timeout_long is {result.timeout_long}, more than 525600, a year")
    others = (result.timeout_short, result.timeout_long) != (default.timeout_short, default.timeout_long)
    if others and table == default.time_on_task_table_name:
        raise InvalidValueError(
            "other timeouts need a table of their own, time_on_task_table_name:NAME; time_on_task stays"
        )
    if result.time_on_task_table_name == result.time_on_task_totals_table_name:
        raise InvalidValueError("both tables have one name")
    return result


def _only_text(value: object) -> TimeOnTask:
    if not isinstance(value, str):
        raise InvalidValueError
    return parse_time_on_task(value)


TIME_ON_TASK = ValueType("key:value,key:value", _only_text, parse_time_on_task, blank_is_absent=False)
POSITIVE = whole(1)


@dataclass(frozen=True)
class Options:
    """The doit variables that are no settings, typed; None where one was not given.

    Dates are UTC dates. `latest_sql_dir`, `listings`, `org` and `tlfn` hold what was said on the line alone,
    for the commands to which that makes a difference; the setting of the same name has it too.
    """

    config: Path | None = setting(PATH, None, "Configuration file to read.")
    courses: tuple[str, ...] | None = setting(TEXTS, None, "Courses of this run: A,B.")
    clist: str | None = setting(TEXT, None, "Name of a course list of `[courses]`.")
    clist_from_missing_table: str | None = setting(
        TABLE, None, "With `clist`: only the courses whose dataset has no table of this name."
    )
    year2: bool = setting(FLAG, False, "The courses of `course_id_list`.")
    dataset_latest: bool = setting(
        FLAG, False, "Newest dated directory; results go to the datasets `…_latest` and folders `latest`."
    )
    latest_sql_dir: bool = setting(FLAG, False, "Newest dated directory; the datasets stay as they are.")
    start_date: date | None = setting(
        DAY, None, "First date (UTC) of events in tables made from logs; start of `mongo2gs`."
    )
    end_date: date | None = setting(
        DAY,
        None,
        "Last date (UTC) of events in tables made from logs; end of `mongo2gs`, not included there.",
    )
    skip_last_day: bool = setting(FLAG, False, "Leave the last day of the logs out.")
    dynamic_dates: bool = setting(
        FLAG, False, "Shard day from each event, the default: undoes `filename_dates`."
    )
    not_before: date | None = setting(
        DAY, None, "`logs2gs` and `logs2bq` leave alone what was stored or loaded before this date."
    )
    skip_log_loading: bool = setting(FLAG, False, "`doall` without `logs2gs` and `logs2bq`.")
    skip_already_successful: bool = setting(
        FLAG, False, "`doall`, `nightly`: do not check courses already done with the same dump."
    )
    skip_if_exists: bool = setting(FLAG, False, "Leave a table that exists alone, however old.")
    force_recompute: bool = setting(
        FLAG,
        False,
        "Rebuild what the named tasks write, even when fresh; `analyze_content`: tables over all courses.",
    )
    skip_geoip: bool = setting(FLAG, False, "`person_course`: addresses and places stay empty.")
    just_do_nightly: bool = setting(
        FLAG, False, "`person_course` as in `nightly`: the dump is not looked at."
    )
    just_do_geoip: bool = setting(FLAG, False, "`person_course`: geolocation again, and what comes from it.")
    just_do_totals: bool = setting(FLAG, False, "`time_task`, `time_asset`: only the totals.")
    time_on_task_config: TimeOnTask = setting(
        TIME_ON_TASK,
        TimeOnTask(),
        "`time_task`: `timeout_short:5,timeout_long:30` (minutes), `time_on_task_table_name:…`, "
        "`time_on_task_totals_table_name:…`: two more tables, the standard ones stay.",
    )
    subsection: bool = setting(FLAG, False, "`grades_persistent`: the grades of subsections.")
    nskip: int = setting(whole(), 0, "`report`: leave out the first N steps.")
    only_step: tuple[str, ...] = setting(
        TEXTS, (), "`report`, `analyze_problems`, `ip_sybils`: only these steps, A,B."
    )
    table: str | None = setting(
        TABLE_OR_FILE,
        None,
        "Table of `makegeoip` (`DATASET.TABLE`); groups of addresses for `ip_sybils`, a table or a CSV file.",
    )
    from_files: bool = setting(FLAG, False, "`combinepc`: read the `person_course.csv.gz` files.")
    output_project_id: str | None = setting(
        WORD, None, "`report`, `combinepc`: project of the tables, on BigQuery."
    )
    output_dataset_id: str | None = setting(DATASET, None, "`report`, `combinepc`: dataset of the tables.")
    output_bucket: str | None = setting(
        BUCKET, None, "`report`, `combinepc`: bucket of the files, on BigQuery."
    )
    collection: str | None = setting(WORD, None, "`mongo2gs`: collection, `tracking_log` when not given.")
    extparam: str | None = setting(TEXT, None, "`external`: text handed to the template.")
    skiprun: bool = setting(FLAG, False, "`external`: show the command, do not run it.")
    submit_condor: bool = setting(FLAG, False, "`external`: submit to HTCondor.")
    parallel: bool = setting(FLAG, False, "Accepted; the number of processes is doit's own `-n N`.")
    max_parallel: int | None = setting(POSITIVE, None, "Accepted, as the default of `-n`.")
    verbose: bool = setting(
        FLAG, False, "More messages: each task that is built or skipped, and what is to be known of it."
    )
    log_json: Path | None = setting(PATH, None, "A run adds a line of JSON for each task to this file.")
    forget: str | None = setting(
        TEXT, None, "`split`: withdraw this source (its key, or a pattern with `*`)."
    )
    size: str | None = setting(WORD, None, "`simulate`: how large a campus.")
    seed: int | None = setting(whole(), None, "`simulate`: where the random numbers start.")
    days: int | None = setting(POSITIVE, None, "`simulate`: how many days of logs.")
    listings: str | None = setting(TEXT, None, "Course listings, as said on the line: a file, or a table.")
    org: str | None = setting(
        ORGANIZATION, None, "Organization, as said on the line; also names the report dataset."
    )
    tlfn: str | None = setting(TEXT, None, "Raw daily logs, as said on the line.")


WITHOUT_EFFECT = ("limit_query_size", "table_max_size_mb")
"""Options of the predecessor that are accepted and do nothing."""

ONLY_IN_THE_CLOUD = ("output_project_id", "output_bucket")
"""Options that are accepted with the embedded engine and do nothing there."""
