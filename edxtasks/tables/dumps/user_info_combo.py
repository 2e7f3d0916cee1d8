"""The table `user_info_combo`: each person of a course with account, profile, enrolment and certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from edxtasks.directories import course_directory, dump_date, sql_directory
from edxtasks.dumps import from_mongodb, grade_reports
from edxtasks.dumps.file_pieces import writable_directory
from edxtasks.dumps.people import GRADE_REPORT, gather
from edxtasks.dumps.row_files import csv_file
from edxtasks.dumps.sources import logical_file, required_file
from edxtasks.errors import NoCourseDirectory, NoDumpDirectory, NotDeliveredError, SourceAbsentError
from edxtasks.files import replacing
from edxtasks.printable import printable_path
from edxtasks.table import BuildInputs, Instance, Need, PythonModel, Table
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import schema

SCHEMA = schema("""
user_id INTEGER -- account id at edX; one row each
username STRING -- name of the account; NULL when the dump lacks the account
email STRING -- e-mail address of the account
is_staff INTEGER -- 1 for employees of edX, else 0; not the staff of the course
last_login TIMESTAMP -- last log-in before the dump (UTC)
date_joined TIMESTAMP -- when the account was made (UTC)
profile_name STRING -- full name, as the learner gave it
profile_language STRING -- language, as the learner gave it; hardly ever used
profile_location STRING -- location, as the learner gave it; hardly ever used
profile_meta STRING -- further answers at registration, JSON text
profile_courseware STRING -- obsolete setting of the courseware
profile_gender STRING -- m, f, o; empty or NULL when not given
profile_mailing_address STRING -- postal address, as the learner gave it
profile_year_of_birth INTEGER -- year of birth
profile_level_of_education STRING -- p, m, b, a, hs, jhs, el, none, other and older codes p_se, p_oth
profile_goals STRING -- goals, as the learner gave them
profile_allow_certificate INTEGER -- 0 when no certificate may be issued; not delivered since April 2021
profile_country STRING -- country, two-letter code, as the learner gave it
profile_city STRING -- city, as the learner gave it
enrollment_course_id STRING -- course key, slash form; never NULL
enrollment_created TIMESTAMP -- first enrolment (UTC); NULL without an enrolment row
enrollment_is_active INTEGER -- 1 enrolled at the time of the dump, 0 un-enrolled
enrollment_mode STRING -- audit, honor, verified, professional, …
certificate_id INTEGER -- reserved, always NULL
certificate_user_id INTEGER -- reserved, always NULL
certificate_download_url STRING -- address of the certificate
certificate_grade FLOAT -- final grade on the certificate, 0 to 1
certificate_course_id STRING -- course key of the certificate, slash form
certificate_key STRING -- key of the certificate file
certificate_distinction INTEGER -- 1 with distinction; hardly ever used
certificate_status STRING -- downloadable, notpassing, audit_passing, audit_notpassing, unverified, …
certificate_verify_uuid STRING -- id in the address where the certificate is verified
certificate_download_uuid STRING -- id in the address of the certificate
certificate_name STRING -- full name printed on the certificate
certificate_created_date TIMESTAMP -- when the certificate record was made (UTC)
certificate_modified_date TIMESTAMP -- when the certificate record was last changed (UTC)
certificate_error_reason STRING -- why no certificate could be made
certificate_mode STRING -- mode of the certificate: honor, verified, …
id_map_hash_id STRING -- anonymous id of the person, as some tools of the course see it
edxinstructordash_Grade FLOAT -- grade in the grade report of the instructor dashboard, 0 to 1
edxinstructordash_Grade_timestamp STRING -- when that grade report was made
y1_anomalous INTEGER -- 1 when the profile came from from_mongodb, else NULL
""")
OUTPUT_FILES = ("user_info_combo.json.gz", "user_info_combo.csv.gz")

_OPTIONAL = ("profiles", "enrollment", "certificates", "user_id_map")


def sources(of: Instance) -> dict[str, Path | None]:
    """The files of the course's SQL directory and of the two folders beside it; only `users` is required.

    Raises `NotDeliveredError` when `users` was not delivered: without `users` no row can be built, so the
    task fails rather than being skipped.
    """
    try:
        directory = sql_directory(of.course, of.settings)
        beside = course_directory(of.course, of.settings)
        found: dict[str, Path | None] = {"users": required_file(directory, "users")}
    except NoCourseDirectory as absent:
        raise NoDumpDirectory(f"no user_info_combo: {absent}") from None
    except SourceAbsentError as absent:
        raise NotDeliveredError(f"no user_info_combo: {absent}") from None
    found |= {name: logical_file(directory, name) for name in _OPTIONAL}
    found |= from_mongodb.recovered_files(beside)
    found[GRADE_REPORT] = grade_reports.report_file(beside)
    return found


def build(inputs: BuildInputs) -> Content:
    """The rows by `user_id`; written as `OUTPUT_FILES` into the SQL directory, of which the first is loaded.

    Raises `InputError` when a file is broken, lacks its key column, or has too many bad records.
    """
    course, settings, messages = inputs.course, inputs.settings, inputs.messages
    target = writable_directory(sql_directory(course, settings), inputs.scratch, messages)
    reports = course_directory(course, settings) / grade_reports.FOLDER
    if inputs.files.get(GRADE_REPORT) is None and reports.is_dir():
        messages.add(f"{printable_path(reports)} holds no grade report: its columns are NULL")
    people = gather(course, inputs.files, dump_date(course, settings), settings.max_bad_fraction, messages)
    json_file, csv_path = (target / name for name in OUTPUT_FILES)
    write_rows(people.rows(), json_file, csv_path)
    return JsonLines((json_file,))


def write_rows(rows: Iterator[bytes], json_file: Path, csv_path: Path) -> None:
    """Write JSON objects to `json_file`, one a line, and as CSV to `csv_path`; both appear at the end."""
    with csv_file(csv_path, SCHEMA.names) as table, replacing(json_file) as sink:
        for line in rows:
            sink.write(line + b"\n")
            table.record(map(orjson.loads(line).get, SCHEMA.names))


TABLE = Table(
    command="make_uic, sql2bq",
    sets=("doall", "setup_sql"),
    grain="user_id",
    schema=SCHEMA,
    builder=PythonModel(
        version=1,
        build=build,
        sources=sources,
        reads={
            "file:users.csv": Need.REQUIRED,
            "file:profiles.csv": Need.OPTIONAL,
            "file:enrollment.csv": Need.OPTIONAL,
            "file:certificates.csv": Need.OPTIONAL,
            "file:user_id_map.csv": Need.OPTIONAL,
            "file:from_mongodb/*.json.gz": Need.OPTIONAL,
            "file:from_edxinstructordash/grade_report.csv": Need.OPTIONAL,
        },
        outputs=OUTPUT_FILES,
        never_empty=True,
    ),
)
