"""waldofy: a weekly package sorted into course directories."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.course import CourseKey
from edxtasks.dumps import waldofy
from edxtasks.dumps.package import plan_package
from edxtasks.dumps.reader import DeliveredTable, Field
from edxtasks.errors import InputError, UserError
from edxtasks.notes import Notes

ONE = CourseKey("MITx", "6.00.1x", "2T2017")
TWO = CourseKey("MITx", "6.00.1x", "2T2017_3")  # starts like ONE
DASHED = CourseKey("MITx", "Sloan-101-x", "Fall-2020")
ACCENTED = CourseKey("UnivX", "Français", "2021")
KNOWN = [ONE, TWO, DASHED, ACCENTED]
DAY = "2021-03-14"

USERS = b"id\tusername\temail\n1\tann\tann@x.org\n2\tbob\tbob@x.org\n"
# Newer databases put the foreign keys last, older ones first.
OLD_TAGS = b"id\tuser_id\tkey\tcourse_id\tvalue\n7\t1\tk\tMITx/6.00.1x/2T2017\t0\n"
NEW_TAGS = b"id\tkey\tcourse_id\tvalue\tuser_id\n7\tk\tMITx/6.00.1x/2T2017\t0\t1\n"

PACKAGE: dict[str, bytes] = {
    "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql": USERS,
    "MITx-6.00.1x-2T2017-auth_user-edge-analytics.sql": b"id\tusername\temail\n66\tedgy\tedgy@x.org\n",
    "MITx-6.00.1x-2T2017-auth_userprofile-prod-analytics.sql": (
        b'id\tuser_id\tname\tgoals\n11\t1\tA "quoted", name\tline\\nbreak\n'
        b"12\t2\traw\rreturn\tNULL\n13\t3\tN\0UL\t\\\\n\n14\ttoo few\n15\t5\tJ\xf6rg\tx\n"
    ),
    "MITx-6.00.1x-2T2017-user_api_usercoursetag-prod-analytics.sql": OLD_TAGS,
    "MITx-6.00.1x-2T2017_3-user_api_usercoursetag-prod-analytics.sql": NEW_TAGS,
    "MITx-6.00.1x-2T2017_3-courseware_studentmodule-prod-analytics.sql": (
        b'id\tmodule_id\tstudent_id\tstate\n1\ti4x://a\t1\t{"a": "\\\\n"}\n2\ti4x://a\t2\tone\\\ntwo\\\tthree\n'
    ),
    "MITx-6.00.1x-2T2017-prod.mongo": b'{"_id": {"$oid": "5"}}\n{"body": "\xe2\x80\xa8"}\n',
    "MITx-6.00.1x-2T2017-course_structure-prod-analytics.json": b'{"a": 1}',
    "MITx-6.00.1x-2T2017-course-prod-analytics.xml.tar.gz": b"\x1f\x8bsome archive",
    "MITx-6.00.1x-2T2017-wiki_article-prod-edge-analytics.sql": b"id\n1\n",
    "MITx-6.00.1x-2T2017-teams-prod-analytics.sql.failed": b"Traceback (most recent call last)",
    "MITx-6.00.1x-2T2017-ccx-7-auth_user-prod-analytics.sql": USERS,
    "MITx-Sloan-101-x-Fall-2020-auth_user.sql": USERS,
    "MITx-Sloan-101-x-Fall-2020-student_courseenrollment-analytics.sql": b"id\tuser_id\n1\t1\n",
    "UnivX-Fran_ais-2021-auth_user-prod-analytics.sql": USERS,
    "MITx-8.01x-2T2017a-auth_userprofile-prod-analytics.sql": b"id\n1\n",
    "MITx-8.01x-2T2017a-prod-edge.mongo": b"{}\n",
    "mitx-email_opt_in-prod-analytics.csv": b"a,b\n",
    "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql.gpg": b"?",
    "..-auth_user-prod-analytics.sql": USERS,
    "README.txt": b"hello",
}


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    folder = tmp_path / f"xorg-{DAY}"
    (folder / "ora").mkdir(parents=True)
    (folder / "ora" / "MITx-6.00.1x-2T2017-submissions-prod-analytics.sql").write_bytes(USERS)
    for name, content in PACKAGE.items():
        (folder / name).write_bytes(content)
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sort(dump: Path, base: Path, course: CourseKey | None, workers: int = 1) -> tuple[waldofy.Sorted, Notes]:
    notes = Notes()
    package = plan_package(dump, KNOWN, base)
    return waldofy.convert(package, course, digest, notes, workers), notes


def tree(base: Path) -> set[str]:
    return {path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file()}


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(gzip.decompress(path.read_bytes()).decode(), newline="")))


def test_where_everything_goes(dump: Path, tmp_path: Path) -> None:
    base = tmp_path / "new" / "SQL"
    for course in [*KNOWN, None]:
        sort(dump, base, course)
    one = f"MITx-6.00.1x-2T2017/{DAY}"
    assert tree(base) - {name for name in tree(base) if name.startswith("META/")} == {
        f"{one}/users.csv.gz",
        f"{one}/profiles.csv.gz",
        f"{one}/user_api_usercoursetag.csv.gz",
        f"{one}/forum.mongo.gz",
        f"{one}/course_structure-prod-analytics.json.gz",
        f"{one}/course-prod-analytics.xml.tar.gz",
        f"MITx-6.00.1x-2T2017_3/{DAY}/user_api_usercoursetag.csv.gz",
        f"MITx-6.00.1x-2T2017_3/{DAY}/studentmodule.csv.gz",
        f"MITx-Sloan-101-x-Fall-2020/{DAY}/users.csv.gz",
        f"MITx-Sloan-101-x-Fall-2020/{DAY}/enrollment.csv.gz",
        f"UnivX-Français-2021/{DAY}/users.csv.gz",
        f"EDGE/MITx-6.00.1x-2T2017/{DAY}/users.csv.gz",
        f"EDGE/MITx-6.00.1x-2T2017/{DAY}/wiki_article.csv.gz",
        f"EDGE/MITx-8.01x-2T2017a/{DAY}/forum.mongo.gz",
        f"UNKNOWN/MITx-6.00.1x-2T2017-ccx-7/{DAY}/users.csv.gz",
        f"UNKNOWN/MITx-8.01x-2T2017a/{DAY}/profiles.csv.gz",
    }
    # The edge site never comes into the way of the real course.
    assert table(base / one / "users.csv.gz") == [
        ["id", "username", "email"],
        ["1", "ann", "ann@x.org"],
        ["2", "bob", "bob@x.org"],
    ]


def test_fields_are_kept_as_delivered(dump: Path, tmp_path: Path) -> None:
    _, notes = sort(dump, tmp_path, ONE)
    folder = tmp_path / "MITx-6.00.1x-2T2017" / DAY
    # Escapes, NULL and the order of columns stay; NUL and invalid UTF-8 are mended, the short record is out.
    assert table(folder / "profiles.csv.gz") == [
        ["id", "user_id", "name", "goals"],
        ["11", "1", 'A "quoted", name', r"line\nbreak"],
        ["12", "2", "raw\rreturn", "NULL"],
        ["13", "3", "NUL", r"\\n"],
        ["15", "5", "J\ufffdrg", "x"],
    ]
    assert (
        gzip.decompress((folder / "forum.mongo.gz").read_bytes()) == PACKAGE["MITx-6.00.1x-2T2017-prod.mongo"]
    )
    archive = "course-prod-analytics.xml.tar.gz"
    assert (folder / archive).read_bytes() == PACKAGE["MITx-6.00.1x-2T2017-course-prod-analytics.xml.tar.gz"]
    profiles = next(line for line in notes.lines if "auth_userprofile" in line)
    assert "5 records, 4 rows, 1 bad (record 4: 2 fields where the header has 4)" in profiles
    assert "ann" not in "".join(notes.lines)


def test_states_with_escaped_breaks(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, TWO)
    path = tmp_path / "MITx-6.00.1x-2T2017_3" / DAY / "studentmodule.csv.gz"
    assert table(path)[1:] == [
        ["1", "i4x://a", "1", r'{"a": "\\n"}'],
        ["2", "i4x://a", "2", "one\\\ntwo\\\tthree"],
    ]
    read = DeliveredTable(path, Notes(), escaped_breaks=True)
    assert [row[0] for row in read.rows([Field("state")])] == [r'{"a": "\n"}', "one\ntwo\tthree"]


def test_what_is_reported(dump: Path, tmp_path: Path) -> None:
    _, notes = sort(dump, tmp_path, ONE)
    assert (
        "MITx-6.00.1x-2T2017: the export of teams failed at edX "
        "(MITx-6.00.1x-2T2017-teams-prod-analytics.sql.failed)"
    ) in notes.lines
    _, notes = sort(dump, tmp_path, None)
    # A course part ".." would lead out of the folder: such a name is not understood.
    assert (
        "left where they are, name not understood: ..-auth_user-prod-analytics.sql, README.txt" in notes.lines
    )


def test_nothing_is_redone_until_content_changes(dump: Path, tmp_path: Path) -> None:
    base = tmp_path / "SQL"
    first, _ = sort(dump, base, ONE)
    assert len(first.made) == 6
    asked: list[str] = []

    def asking(path: Path) -> str:
        asked.append(path.name)
        return digest(path)

    package = plan_package(dump, KNOWN, base)
    assert waldofy.pending(package, ONE, asking) == []
    assert len(asked) == 6
    source = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    os.utime(source, (1, 1))
    assert waldofy.pending(package, ONE, digest) == []
    # Another course of the same package is not touched by the record of this one.
    assert waldofy.pending(package, TWO, digest) == [
        "MITx-6.00.1x-2T2017_3-courseware_studentmodule-prod-analytics.sql is new",
        "MITx-6.00.1x-2T2017_3-user_api_usercoursetag-prod-analytics.sql is new",
    ]
    source.write_bytes(USERS + b"3\tcy\tcy@x.org\n")
    assert waldofy.pending(package, ONE, digest) == [f"{source.name} changed"]
    untouched = base / "MITx-6.00.1x-2T2017" / DAY / "profiles.csv.gz"
    before = untouched.stat().st_ino
    again, _ = sort(dump, base, ONE)
    assert [path.name for path in again.made] == ["users.csv.gz"]
    assert again.current == 5
    assert untouched.stat().st_ino == before
    assert len(table(again.made[0])) == 4


def test_force_makes_all_again_with_equal_bytes(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, ONE)
    path = tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz"
    content, inode = path.read_bytes(), path.stat().st_ino
    again = waldofy.convert(plan_package(dump, KNOWN, tmp_path), ONE, digest, Notes(), force=True)
    assert (len(again.made), again.current) == (6, 0)
    assert path.stat().st_ino != inode
    assert path.read_bytes() == content


def test_a_vanished_or_cut_target_is_made_again(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, ONE)
    folder = tmp_path / "MITx-6.00.1x-2T2017" / DAY
    whole = (folder / "users.csv.gz").read_bytes()
    (folder / "users.csv.gz").unlink()
    (folder / "forum.mongo.gz").write_bytes(b"")
    package = plan_package(dump, KNOWN, tmp_path)
    assert waldofy.pending(package, ONE, digest) == [
        f"{folder / 'users.csv.gz'} is gone or was changed",
        f"{folder / 'forum.mongo.gz'} is gone or was changed",
    ]
    again, _ = sort(dump, tmp_path, ONE)
    assert [path.name for path in again.made] == ["forum.mongo.gz", "users.csv.gz"]
    assert (folder / "users.csv.gz").read_bytes() == whole


def test_a_new_failed_export_is_told_once(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, ONE)
    failed = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    failed.rename(failed.with_name(failed.name + ".failed"))
    package = plan_package(dump, KNOWN, tmp_path)
    (reason,) = waldofy.pending(package, ONE, digest)
    assert reason.endswith("failed at edX")
    assert "auth_user-prod" in reason
    sort(dump, tmp_path, ONE)
    assert waldofy.pending(package, ONE, digest) == []
    # What was sorted before is not taken away.
    assert (tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz").exists()


def test_a_truncated_source_fails_alone(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, ONE)
    folder = tmp_path / "MITx-6.00.1x-2T2017" / DAY
    old = (folder / "users.csv.gz").read_bytes()
    source = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    source.unlink()
    broken = dump / (source.name + ".gz")
    broken.write_bytes(gzip.compress(USERS * 50)[:-9])
    tags = dump / "MITx-6.00.1x-2T2017-user_api_usercoursetag-prod-analytics.sql"
    tags.write_bytes(NEW_TAGS)
    with pytest.raises(InputError, match=r"auth_user-prod-analytics\.sql\.gz is cut off"):
        sort(dump, tmp_path, ONE)
    assert (folder / "users.csv.gz").read_bytes() == old
    assert table(folder / "user_api_usercoursetag.csv.gz")[0] == [
        "id",
        "key",
        "course_id",
        "value",
        "user_id",
    ]
    package = plan_package(dump, KNOWN, tmp_path)
    assert waldofy.pending(package, ONE, digest) == [f"{broken.name} changed"]
    broken.write_bytes(gzip.compress(USERS))
    sort(dump, tmp_path, ONE)
    assert len(table(folder / "users.csv.gz")) == 3


def test_too_many_bad_records_fail_the_file(dump: Path, tmp_path: Path) -> None:
    source = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    source.write_bytes(b"id\tname\n" + b"1\tx\n" * 19 + b"1\n" * 2)
    with pytest.raises(InputError, match="2 of 21 records are bad"):
        sort(dump, tmp_path, ONE)
    assert not (tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz").exists()


def test_an_empty_source_makes_nothing_and_is_not_asked_again(dump: Path, tmp_path: Path) -> None:
    (dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql").write_bytes(b"")
    _, notes = sort(dump, tmp_path, ONE)
    assert not (tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz").exists()
    assert any("is empty: taken as not delivered" in line for line in notes.lines)
    assert waldofy.pending(plan_package(dump, KNOWN, tmp_path), ONE, digest) == []


def test_equal_bytes_whatever_the_workers_and_the_time(dump: Path, tmp_path: Path) -> None:
    for base, workers in (("a", 1), ("b", 2)):
        for course in [*KNOWN, None]:
            sort(dump, tmp_path / base, course, workers)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    for name in tree(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_two_spellings_of_one_source(dump: Path, tmp_path: Path) -> None:
    (dump / "MITx-6.00.1x-2T2017-auth_user.sql").write_bytes(b"id\n9\n")
    package = plan_package(dump, KNOWN, tmp_path)
    (users,) = [file for file in package.files[ONE] if file.target.name == "users.csv.gz"]
    assert users.source.name == "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    assert package.doubles == ("MITx-6.00.1x-2T2017-auth_user.sql",)


@pytest.mark.parametrize(
    "name", ["package", "mitx-2021-13-01", "mitx-20210314", "2021-03-14", "mitx-2021-03-14x"]
)
def test_a_folder_without_date_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="no package folder"):
        plan_package(tmp_path / name, KNOWN, tmp_path)


def test_a_missing_folder_is_refused_and_a_slash_accepted(dump: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        plan_package(tmp_path / "mitx-2021-03-21", KNOWN, tmp_path)
    assert plan_package(Path(f"{dump}/"), KNOWN, tmp_path).name == f"xorg-{DAY}"


def test_two_courses_named_alike_are_refused(dump: Path, tmp_path: Path) -> None:
    twin = CourseKey("MITx-6.00.1x", "2T2017", "x")
    other = CourseKey("MITx", "6.00.1x-2T2017", "x")
    assert twin.package_prefix == other.package_prefix
    (dump / "MITx-6.00.1x-2T2017-x-auth_user-prod-analytics.sql").write_bytes(USERS)
    with pytest.raises(UserError, match="may belong to"):
        plan_package(dump, [twin, other], tmp_path)


def test_another_directory_of_the_course_is_told(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "MITx__6.00.1x__2T2017").mkdir()
    _, notes = sort(dump, tmp_path, ONE)
    assert any("MITx__6.00.1x__2T2017 is there too and is looked at first" in line for line in notes.lines)


cells = st.text(alphabet='ab\\ntr0N",\r \u2028é', max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6))
@settings(max_examples=60, deadline=None)
def test_sorted_tables_read_as_the_delivered_ones(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    """Decoding the converted CSV gives what decoding the delivered file gives."""
    folder = tmp_path_factory.mktemp("p") / f"xorg-{DAY}"
    folder.mkdir()
    source = folder / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    source.write_bytes("\n".join("\t".join(row) for row in [["id", "name"], *rows]).encode())
    sort(folder, folder, ONE)
    fields = [Field("id"), Field("name")]
    delivered = list(DeliveredTable(source, Notes()).rows(fields))
    made = folder / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz"
    assert list(DeliveredTable(made, Notes()).rows(fields)) == delivered
