"""The table user_info_combo: persons merged from all their sources."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from build_inputs import inputs

from edxtasks.config import Options, Paths, Settings
from edxtasks.course import CourseKey
from edxtasks.dumps import grade_reports
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.table import Instance
from edxtasks.tables.dumps import user_info_combo
from edxtasks.warehouse.rows import JsonLines

COURSE = CourseKey("MITx", "6.00x", "1T2014")
OPAQUE = "course-v1:MITx+6.00x+1T2014"
DATE = "2014-06-01"

USERS = (
    "id\tusername\tfirst_name\temail\tpassword\tis_staff\tlast_login\tdate_joined\n"
    "3\tcy\tC\tcy@x.org\tsecret\t0\tNULL\t2012-03-01 00:00:00\n"
    "1\tann\tA\tann@x.org\tsecret\t1\t2014-05-01 10:00:00.5\t2012-01-01 00:00:00\n"
    "2\tbob\tB\tbob@x.org\tsecret\t0\t2014-05-02 10:00:00\t2012-02-01 00:00:00\n"
)
PROFILES = (
    "id\tuser_id\tname\tlanguage\tlocation\tmeta\tcourseware\tgender\tmailing_address\tyear_of_birth\t"
    "level_of_education\tgoals\tcountry\tcity\n"
    '11\t1\tAnn A.\t\t\t{"a": "\\\\u00e9"}\tcourse.xml\tf\tStreet 1\\nTown\t1980\tm\tNULL\tUS\tRome\n'
    "12\t2\tBob\r\t\t\tNULL\tcourse.xml\tm\t\tborn\tNULL\tlearn\tNULL\t\n"
)
ENROLLMENT = (
    "id\tcourse_id\tuser_id\tcreated\tis_active\tmode\n"
    f"21\t{OPAQUE}\t1\t2013-12-01 00:00:00\t1\tverified\n"
    f"23\t{OPAQUE}\t2\t2013-12-03 00:00:00\t0\taudit\n"
    f"22\t{OPAQUE}\t2\t2013-12-02 00:00:00\t1\thonor\n"
)
CERTIFICATES = (
    "id\tuser_id\tdownload_url\tgrade\tcourse_id\tkey\tdistinction\tstatus\tverify_uuid\tdownload_uuid\t"
    "name\tcreated_date\tmodified_date\terror_reason\tmode\n"
    f"31\t1\thttp://c/1\t0.85\t{OPAQUE}\tk1\t0\tdownloadable\tv1\td1\tAnn A.\t2014-05-20 00:00:00\t"
    "2014-05-21 00:00:00\t\tverified\n"
    f"32\t4\t\t\t{OPAQUE}\t\t0\tnotpassing\t\t\tDee\t2014-05-20 00:00:00\t2014-05-20 00:00:00\t\thonor\n"
)
USER_ID_MAP = "hash_id\tid\tusername\nh1\t1\tann\nh9\t9\tcourse_discovery_worker\n"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A course with the five tables of the dump."""
    folder = tmp_path / "MITx-6.00x-1T2014" / DATE
    folder.mkdir(parents=True)
    for name, content in {
        "users": USERS,
        "profiles": PROFILES,
        "enrollment": ENROLLMENT,
        "certificates": CERTIFICATES,
        "user_id_map": USER_ID_MAP,
    }.items():
        put(tmp_path, f"{name}.sql", content)
    return tmp_path


def put(base: Path, name: str, content: str, beside: str = "") -> None:
    """A file in the dated directory, or in the folder `beside` it."""
    folder = base / "MITx-6.00x-1T2014" / (beside or DATE)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content.encode())


def lines(*documents: Mapping[str, object]) -> str:
    return "".join(json.dumps(document) + "\n" for document in documents)


def settings_for(base: Path, date: str | None = DATE, **options: Any) -> Settings:
    return Settings(
        root=base,
        paths=Paths(course_sql_base_dir=base, course_sql_date_dir=date),
        options=Options(**options),
    )


def build(base: Path, messages: Messages | None = None) -> dict[int, dict[str, Any]]:
    """Rows by user id, without the NULLs, in the order of the file."""
    settings = settings_for(base)
    scratch = base / "scratch"
    scratch.mkdir(exist_ok=True)
    content = user_info_combo.build(
        inputs(
            COURSE,
            settings,
            user_info_combo.sources(Instance(settings, COURSE)),
            scratch,
            messages or Messages(),
        )
    )
    assert isinstance(content, JsonLines)
    (path,) = content.paths
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return {row["user_id"]: row for row in rows}


def test_every_column_of_a_person(base: Path) -> None:
    rows = build(base)
    assert rows[1] == {
        "user_id": 1,
        "username": "ann",
        "email": "ann@x.org",
        "is_staff": 1,
        "last_login": "2014-05-01T10:00:00.5Z",
        "date_joined": "2012-01-01T00:00:00Z",
        "profile_name": "Ann A.",
        "profile_language": "",
        "profile_location": "",
        "profile_meta": '{"a": "\\u00e9"}',
        "profile_courseware": "course.xml",
        "profile_gender": "f",
        "profile_mailing_address": "Street 1\nTown",
        "profile_year_of_birth": 1980,
        "profile_level_of_education": "m",
        "profile_country": "US",
        "profile_city": "Rome",
        "enrollment_course_id": "MITx/6.00x/1T2014",
        "enrollment_created": "2013-12-01T00:00:00Z",
        "enrollment_is_active": 1,
        "enrollment_mode": "verified",
        "certificate_download_url": "http://c/1",
        "certificate_grade": 0.85,
        "certificate_course_id": "MITx/6.00x/1T2014",
        "certificate_key": "k1",
        "certificate_distinction": 0,
        "certificate_status": "downloadable",
        "certificate_verify_uuid": "v1",
        "certificate_download_uuid": "d1",
        "certificate_name": "Ann A.",
        "certificate_created_date": "2014-05-20T00:00:00Z",
        "certificate_modified_date": "2014-05-21T00:00:00Z",
        "certificate_error_reason": "",
        "certificate_mode": "verified",
        "id_map_hash_id": "h1",
    }
    # 42 columns, in the documented order of their groups.
    assert len(user_info_combo.SCHEMA.names) == 42
    assert set(rows[1]) <= set(user_info_combo.SCHEMA.names)


def test_rows_are_one_a_person_by_user_id(base: Path) -> None:
    # 1, 2, 3 have accounts, 4 only a certificate; 9 stands in the id map alone and makes no row.
    rows = build(base)
    assert list(rows) == [1, 2, 3, 4]
    # Two enrolments of person 2: the one with the greater id, 23, though it stands first.
    assert rows[2]["enrollment_mode"] == "audit"
    assert rows[2]["enrollment_is_active"] == 0
    # A raw CR in the profile of person 2 is part of the name; the year "born" is none.
    assert rows[2]["profile_name"] == "Bob\r"
    assert "profile_year_of_birth" not in rows[2]
    # No enrolment row: the course key all the same, the rest NULL.
    assert rows[3]["enrollment_course_id"] == "MITx/6.00x/1T2014"
    assert "enrollment_created" not in rows[3]
    assert rows[4]["certificate_status"] == "notpassing"
    assert "username" not in rows[4]
    assert "certificate_grade" not in rows[4]


def test_the_two_files(base: Path) -> None:
    messages = Messages()
    build(base, messages)
    folder = base / "MITx-6.00x-1T2014" / DATE
    json_bytes = (folder / "user_info_combo.json.gz").read_bytes()
    csv_bytes = (folder / "user_info_combo.csv.gz").read_bytes()
    records = list(csv.reader(io.StringIO(gzip.decompress(csv_bytes).decode(), newline="")))
    assert tuple(records[0]) == user_info_combo.SCHEMA.names
    by_name = [dict(zip(records[0], record, strict=True)) for record in records[1:]]
    assert [row["user_id"] for row in by_name] == ["1", "2", "3", "4"]
    assert by_name[0]["profile_mailing_address"] == "Street 1\nTown"
    assert by_name[1]["profile_name"] == "Bob\r"
    assert by_name[0]["certificate_grade"] == "0.85"
    assert by_name[0]["certificate_id"] == ""
    build(base)
    assert (folder / "user_info_combo.json.gz").read_bytes() == json_bytes
    assert (folder / "user_info_combo.csv.gz").read_bytes() == csv_bytes
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []
    assert "4 persons, 1 of them without an account in the dump" in messages.lines
    told = "\n".join(messages.lines)
    assert "ann" not in told
    assert "x.org" not in told


def test_secrets_of_the_account_are_not_read(base: Path) -> None:
    build(base)
    for name in user_info_combo.OUTPUT_FILES:
        content = gzip.decompress((base / "MITx-6.00x-1T2014" / DATE / name).read_bytes())
        assert b"secret" not in content


def test_only_users_is_required(base: Path) -> None:
    folder = base / "MITx-6.00x-1T2014" / DATE
    for name in ("profiles", "enrollment", "certificates", "user_id_map"):
        (folder / f"{name}.sql").unlink()
    messages = Messages()
    assert list(build(base, messages)) == [1, 2, 3]
    assert "profiles was not delivered: its columns are NULL" in messages.lines
    (folder / "users.sql").write_bytes(b"")
    with pytest.raises(InputError, match="no user_info_combo: users was delivered empty"):
        build(base)
    (folder / "users.sql").unlink()
    with pytest.raises(InputError, match="no user_info_combo: users was not delivered"):
        build(base)


@pytest.mark.parametrize("content", ["id\tusername\temail\n", "\n\n", "id\tusername\nid\tusername\n"])
def test_users_without_a_record_replace_nothing(base: Path, content: str) -> None:
    folder = base / "MITx-6.00x-1T2014" / DATE
    build(base)
    made = {name: (folder / name).read_bytes() for name in user_info_combo.OUTPUT_FILES}
    put(base, "users.sql", content)
    # Profiles, enrolments and certificates are as full as before: they do not make up for it.
    with pytest.raises(InputError, match=r"users\.sql: expected accounts, found no record"):
        build(base)
    assert {name: (folder / name).read_bytes() for name in made} == made


def test_an_empty_optional_file_counts_as_absent(base: Path) -> None:
    put(base, "certificates.sql", "")
    messages = Messages()
    assert list(build(base, messages)) == [1, 2, 3]
    assert "certificates.sql is empty: taken as not delivered" in messages.lines


@pytest.mark.parametrize(("source", "text"), [("enrollment", ENROLLMENT), ("certificates", CERTIFICATES)])
def test_a_header_without_a_record_is_warned_of(base: Path, source: str, text: str) -> None:
    put(base, f"{source}.sql", text.splitlines()[0] + "\n")
    messages = Messages()
    build(base, messages)
    [warning] = [line for line in messages.warnings if "has a header and no record" in line]
    assert f"{DATE}/{source}.sql has a header and no record: look whether it is whole" in warning


def test_the_last_of_double_accounts_and_profiles_wins_whole(base: Path) -> None:
    put(base, "users.sql", USERS + "1\tanna\tA\tNULL\t\t0\tNULL\tNULL\n")
    rows = build(base)
    assert rows[1]["username"] == "anna"
    assert rows[1]["is_staff"] == 0
    assert not {"email", "last_login", "date_joined"} & set(rows[1])


def test_persons_enrolled_elsewhere_only_are_left_out(base: Path) -> None:
    other = "course-v1:MITx+6.00x+2T2014"
    rows_of_others = (
        f"90\t{other}\t1\t2014-12-01 00:00:00\t1\thonor\n"  # also enrolled here: stays as it is
        f"91\t{other}\t3\t2014-12-01 00:00:00\t1\thonor\n"  # elsewhere only: left out
    )
    put(base, "enrollment.sql", ENROLLMENT + rows_of_others)
    rows = build(base)
    assert list(rows) == [1, 2, 4]
    assert rows[1]["enrollment_mode"] == "verified"


def test_certificates_of_other_courses_are_ignored(base: Path) -> None:
    foreign = CERTIFICATES.splitlines()[1].replace("1T2014", "2T2014").replace("31\t1\t", "39\t2\t")
    put(base, "certificates.sql", CERTIFICATES + foreign + "\n")
    rows = build(base)
    assert not [name for name in rows[2] if name.startswith("certificate_")]


def test_enrolments_without_id_the_last_wins(base: Path) -> None:
    put(
        base,
        "enrollment.sql",
        f"user_id\tcourse_id\tcreated\n1\t{OPAQUE}\t2013-01-01 00:00:00\n1\t{OPAQUE}\t2013-01-02 00:00:00\n",
    )
    rows = build(base)
    assert rows[1]["enrollment_created"] == "2013-01-02T00:00:00Z"
    assert "enrollment_mode" not in rows[1]


def test_both_headers_of_the_id_map(base: Path) -> None:
    put(base, "user_id_map.sql", "hash_id\tuser_id\tusername\nh2\t2\tbob\n")
    assert build(base)[2]["id_map_hash_id"] == "h2"
    put(base, "user_id_map.sql", "hash_id\tuid\tusername\nh2\t2\tbob\n")
    with pytest.raises(InputError, match=r"user_id_map\.sql: expected a column user_id or id"):
        build(base)


def test_a_broken_file_fails_and_leaves_the_old_files(base: Path) -> None:
    build(base)
    folder = base / "MITx-6.00x-1T2014" / DATE
    before = (folder / "user_info_combo.json.gz").read_bytes()
    (folder / "profiles.sql").unlink()
    (folder / "profiles.sql.gz").write_bytes(gzip.compress(PROFILES.encode() * 9)[:-20])
    with pytest.raises(InputError, match=r"profiles\.sql\.gz"):
        build(base)
    assert (folder / "user_info_combo.json.gz").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


# from_mongodb


def test_recovered_accounts_and_profiles(base: Path) -> None:
    put(
        base,
        "users.json",
        lines(
            {"_id": 1, "username": "not-used"},
            {
                "_id": {"$numberLong": "50"},
                "username": "eve",
                "email": "eve@x.org",
                "is_staff": False,
                "date_joined": {"$date": 1325376000000},
            },
        ),
        "from_mongodb",
    )
    put(
        base,
        "profiles.json",
        lines(
            {"user_id": 1, "name": "not used: person 1 has a name", "courses": [str(COURSE)]},
            {"user_id": 3, "name": r"real \n text", "year_of_birth": "1970", "allow_certificate": 1},
        ),
        "from_mongodb",
    )
    rows = build(base)
    assert list(rows) == [1, 2, 3, 4, 50]
    assert rows[1]["username"] == "ann"
    assert rows[1]["profile_name"] == "Ann A."
    assert "y1_anomalous" not in rows[1]
    # 1325376000000 ms = 2012-01-01 00:00 UTC
    assert rows[50] == {
        "user_id": 50,
        "username": "eve",
        "email": "eve@x.org",
        "is_staff": 0,
        "date_joined": "2012-01-01T00:00:00Z",
        "enrollment_course_id": "MITx/6.00x/1T2014",
    }
    # Text of MongoDB is real text: no escape of the export is undone.
    assert rows[3]["profile_name"] == r"real \n text"
    assert rows[3]["profile_year_of_birth"] == 1970
    assert rows[3]["profile_allow_certificate"] == 1
    assert rows[3]["y1_anomalous"] == 1


def test_a_recovered_profile_replaces_one_without_name_wholly(base: Path) -> None:
    put(base, "profiles.sql", "user_id\tname\tcity\n1\t\tRome\n")
    put(base, "profiles.json", lines({"user_id": 1, "name": "Ann"}), "from_mongodb")
    row = build(base)[1]
    assert row["profile_name"] == "Ann"
    assert "profile_city" not in row


def test_recovered_enrolments(base: Path) -> None:
    put(
        base,
        "profiles.json",
        lines({"user_id": 3, "name": "Cy"}, {"user_id": 5, "name": "Flo"}),
        "from_mongodb",
    )

    def enrolled(user: int, created: object, course: str = str(COURSE)) -> dict[str, object]:
        return {"user_id": user, "course_id": course, "created": created, "is_active": 1, "mode": "honor"}

    put(
        base,
        "enrollment.json",
        lines(
            enrolled(1, "2012-01-01 00:00:00"),  # has an enrolment already
            enrolled(3, "2012-01-02 00:00:00", OPAQUE),
            enrolled(5, {"$date": "2014-06-01T00:00:00.001Z"}),  # after the dump of 2014-06-01: removed
            enrolled(2, "2012-01-01 00:00:00", "MITx/6.00x/2T2014"),
            enrolled(77, "2012-01-01 00:00:00"),  # nobody knows 77: no row
        ),
        "from_mongodb",
    )
    rows = build(base)
    assert list(rows) == [1, 2, 3, 4]
    assert rows[1]["enrollment_mode"] == "verified"
    assert rows[3]["enrollment_created"] == "2012-01-02T00:00:00Z"
    assert rows[3]["enrollment_course_id"] == "MITx/6.00x/1T2014"


def test_the_cut_off_is_the_date_of_the_directory_used(base: Path) -> None:
    late = lines({"user_id": 3, "course_id": str(COURSE), "created": "2014-06-01 00:00:01"})
    put(base, "profiles.json", lines({"user_id": 3, "name": "Cy"}), "from_mongodb")
    put(base, "enrollment.json", late, "from_mongodb")
    assert 3 not in build(base)
    course = base / "MITx-6.00x-1T2014"
    (course / DATE).rename(course / "2014-07-01")
    settings = settings_for(base, DATE, latest_sql_dir=True)
    (base / "scratch").mkdir(exist_ok=True)
    user_info_combo.build(
        inputs(
            COURSE,
            settings,
            user_info_combo.sources(Instance(settings, COURSE)),
            base / "scratch",
            Messages(),
        )
    )
    table = gzip.decompress((course / "2014-07-01" / "user_info_combo.json.gz").read_bytes())
    assert b'{"user_id":3,' in table


def test_at_the_cut_off_itself_nobody_is_removed(base: Path) -> None:
    put(base, "profiles.json", lines({"user_id": 3, "name": "Cy"}), "from_mongodb")
    on_time = lines({"user_id": 3, "course_id": str(COURSE), "created": "2014-06-01 00:00:00"})
    put(base, "enrollment.json", on_time, "from_mongodb")
    assert build(base)[3]["enrollment_created"] == "2014-06-01T00:00:00Z"


# Grade reports


def test_prepared_grade_report(base: Path) -> None:
    put(
        base,
        "grade_report.csv",
        "course_id,Grade_timestamp,Student ID,Email,Username,Grade\n"
        f"{OPAQUE},2014-05-30 12:00,1,ann@x.org,ann,0.9\n"
        f"{OPAQUE},2014-05-30 12:00,2,bob@x.org,bob,Not Available\n"
        f"{OPAQUE},2014-05-30 12:00,99,who@x.org,who,0.1\n",
        "from_edxinstructordash",
    )
    rows = build(base)
    assert list(rows) == [1, 2, 3, 4]
    assert rows[1]["edxinstructordash_Grade"] == 0.9
    assert rows[1]["edxinstructordash_Grade_timestamp"] == "2014-05-30 12:00"
    assert "edxinstructordash_Grade" not in rows[2]
    assert rows[2]["edxinstructordash_Grade_timestamp"] == "2014-05-30 12:00"


def test_the_newest_report_named_by_edx(base: Path) -> None:
    for day, grade in (("2014-05-01-0930", "0.1"), ("2014-05-30-0800", "0.3"), ("2014-05-30-0700", "0.2")):
        put(
            base,
            f"MITx_6.00x_1T2014_grade_report_{day}.csv",
            f"id,email,username,grade\n1,ann@x.org,ann,{grade}\n",
            "from_edxinstructordash",
        )
    row = build(base)[1]
    assert row["edxinstructordash_Grade"] == 0.3
    assert row["edxinstructordash_Grade_timestamp"] == "2014-05-30"


def test_a_folder_without_report_is_no_fault_and_told(base: Path) -> None:
    put(base, "notes.txt", "x", "from_edxinstructordash")
    # The points of each problem: as newer, with as many columns, and another report.
    put(
        base,
        "MITx_6.00x_1T2014_problem_grade_report_2014-06-01-0800.csv",
        "Student ID,Email,Username,Grade,Quiz (Earned),Quiz (Possible)\n1,ann@x.org,ann,0.7,7,10\n",
        "from_edxinstructordash",
    )
    messages = Messages()
    rows = build(base, messages)
    assert list(rows) == [1, 2, 3, 4]
    assert "edxinstructordash_Grade" not in rows[1]
    assert any(
        line.endswith("from_edxinstructordash holds no grade report: its columns are NULL")
        for line in messages.lines
    )
    put(
        base,
        "MITx_6.00x_1T2014_grade_report_2014-05-01-0800.csv",
        "Student ID,Email,Username,Grade\n1,ann@x.org,ann,0.4\n",
        "from_edxinstructordash",
    )
    assert build(base)[1]["edxinstructordash_Grade"] == 0.4


def test_a_report_without_its_columns_is_named(base: Path) -> None:
    put(base, "grade_report.csv", "Email,Grade\na@x.org,1\n", "from_edxinstructordash")
    with pytest.raises(
        InputError, match=r'grade_report\.csv: expected a grade report with the column "Student ID"'
    ):
        build(base)


def test_an_unwritable_directory_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Permissions do not bind the administrator, under whom tests may run: the question is answered here.
    folder = base / "MITx-6.00x-1T2014" / DATE
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != folder)
    messages = Messages()
    assert list(build(base, messages)) == [1, 2, 3, 4]
    assert (base / "scratch" / "user_info_combo.json.gz").exists()
    assert not (folder / "user_info_combo.json.gz").exists()
    assert any("is not writable" in line for line in messages.lines)


def test_where_a_report_goes(tmp_path: Path) -> None:
    told = grade_reports.where_to_put(COURSE, tmp_path)
    assert str(COURSE) in told
    assert f"{tmp_path}/from_edxinstructordash/" in told
