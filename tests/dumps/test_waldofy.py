"""waldofy: a weekly package sorted into course directories."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edxtasks.course import CourseKey
from edxtasks.dumps import waldofy
from edxtasks.dumps.package import plan_package
from edxtasks.dumps.reader import DeliveredTable, Field
from edxtasks.dumps.sorting_record import SortingRecord
from edxtasks.errors import InputError, UserError
from edxtasks.messages import Messages

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


def sort(
    dump: Path, base: Path, course: CourseKey | None, workers: int = 1
) -> tuple[waldofy.Sorted, Messages]:
    messages = Messages()
    package = plan_package(dump, KNOWN, base)
    return waldofy.convert(package, course, digest, messages, workers), messages


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
    _, messages = sort(dump, tmp_path, ONE)
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
    profiles = next(line for line in messages.lines if "auth_userprofile" in line)
    assert "5 records, 4 rows, 1 bad (record 4: 2 fields where the header has 4)" in profiles
    assert "ann" not in "".join(messages.lines)


def test_what_opens_an_account_stays_in_the_package(dump: Path, tmp_path: Path) -> None:
    (dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql").write_bytes(
        b"id\tusername\tpassword\temail\temail_key\n"
        b"1\tann\tpbkdf2_sha256$10000$salt$hash\tann@x.org\t0f0f\n"
        b"2\tbob\tNULL\tbob@x.org\tNULL\n"
    )
    (dump / "MITx-6.00.1x-2T2017-student_registration-prod-analytics.sql").write_bytes(
        b"id\tactivation_key\tuser_id\n7\tabcdef\t1\n"
    )
    sort(dump, tmp_path, ONE)
    folder = tmp_path / "MITx-6.00.1x-2T2017" / DAY
    assert table(folder / "users.csv.gz") == [
        ["id", "username", "password", "email", "email_key"],
        ["1", "ann", "", "ann@x.org", ""],
        ["2", "bob", "", "bob@x.org", ""],
    ]
    assert table(folder / "student_registration.csv.gz") == [
        ["id", "activation_key", "user_id"],
        ["7", "", "1"],
    ]


def test_states_with_escaped_breaks(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, TWO)
    path = tmp_path / "MITx-6.00.1x-2T2017_3" / DAY / "studentmodule.csv.gz"
    assert table(path)[1:] == [
        ["1", "i4x://a", "1", r'{"a": "\\n"}'],
        ["2", "i4x://a", "2", "one\\\ntwo\\\tthree"],
    ]
    read = DeliveredTable(path, Messages(), escaped_breaks=True)
    assert [row[0] for row in read.rows([Field("state")])] == [r'{"a": "\n"}', "one\ntwo\tthree"]


def test_what_is_reported(dump: Path, tmp_path: Path) -> None:
    _, messages = sort(dump, tmp_path, ONE)
    assert (
        "MITx-6.00.1x-2T2017: the export of teams failed at edX "
        "(MITx-6.00.1x-2T2017-teams-prod-analytics.sql.failed)"
    ) in messages.lines
    _, messages = sort(dump, tmp_path, None)
    # A course part ".." would lead out of the folder: such a name is not understood.
    assert (
        "left where they are, name not understood: ..-auth_user-prod-analytics.sql, README.txt"
        in messages.lines
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


def test_what_a_killed_run_had_sorted_is_not_taken_for_what_was_there(
    dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package is again as it was before that run, and the sorted file as long."""
    sort(dump, tmp_path, ONE)
    path = tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz"
    whole = path.read_bytes()
    source = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    other = USERS.replace(b"@x.org", b"@y.org")
    assert other != USERS
    source.write_bytes(other)

    def end(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(SortingRecord, "keep", end)
        sort(dump, tmp_path, ONE)
    assert path.read_bytes() != whole
    assert path.stat().st_size == len(whole)
    source.write_bytes(USERS)
    again, _ = sort(dump, tmp_path, ONE)
    assert [made.name for made in again.made] == ["users.csv.gz"]
    assert path.read_bytes() == whole


def test_force_makes_all_again_with_equal_bytes(dump: Path, tmp_path: Path) -> None:
    sort(dump, tmp_path, ONE)
    path = tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz"
    content, inode = path.read_bytes(), path.stat().st_ino
    again = waldofy.convert(plan_package(dump, KNOWN, tmp_path), ONE, digest, Messages(), force=True)
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
    assert reason.startswith("the export failed at edX: MITx-6.00.1x-2T2017-auth_user-prod")
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
    _, messages = sort(dump, tmp_path, ONE)
    assert not (tmp_path / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz").exists()
    assert any("is empty: taken as not delivered" in line for line in messages.lines)
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
    with pytest.raises(InputError, match="is not a package folder"):
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
    _, messages = sort(dump, tmp_path, ONE)
    assert any("MITx__6.00.1x__2T2017 is there too and is looked at first" in line for line in messages.lines)


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
    delivered = list(DeliveredTable(source, Messages()).rows(fields))
    made = folder / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz"
    assert list(DeliveredTable(made, Messages()).rows(fields)) == delivered


# What cannot be sorted


def empty(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "none of its 0 entries is named as the files of a package are"),
        ({"README.txt": b"x", "mitx-email_opt_in-prod-analytics.csv": b"x"}, "none of its 2 entries"),
        (
            {
                "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql.gpg": b"\x85\x02\x0c\x03",
                "MITx-6.00.1x-2T2017-prod.mongo.gpg": b"\x85\x02\x0c\x03",
                "mitx-email_opt_in-prod-analytics.csv.gpg": b"\x85\x02\x0c\x03",
            },
            "3 files are encrypted (.gpg): decrypt them first",
        ),
        (
            {f"xorg-{DAY}/MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql": USERS},
            f"its files lie one folder deeper, in xorg-{DAY}: set dump_dir to it",
        ),
        (
            {"inner/MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql.gpg": b"\x85\x02\x0c\x03"},
            "its files lie one folder deeper, in inner",
        ),
        ({f"xorg-{DAY}.zip": b"PK\x03\x04"}, f"it holds an archive: unpack xorg-{DAY}.zip first"),
        ({f"xorg-{DAY}.tar.gz": b"\x1f\x8b"}, f"it holds an archive: unpack xorg-{DAY}.tar.gz first"),
        (
            {"MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql.failed": b"Traceback"},
            "the export of all 1 file failed at edX",
        ),
    ],
)
def test_a_package_of_which_nothing_can_be_sorted(tmp_path: Path, files: dict[str, bytes], told: str) -> None:
    folder = empty(tmp_path / f"xorg-{DAY}")
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        plan_package(folder, KNOWN, tmp_path / "SQL")
    assert str(caught.value).startswith(f"nothing of the package {folder} can be sorted: ")
    assert told in str(caught.value)
    assert not (tmp_path / "SQL").exists()


def test_a_package_that_is_an_archive_or_lies_in_a_folder(tmp_path: Path) -> None:
    archive = tmp_path / f"mitx-{DAY}.zip"
    archive.write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match="is a file: dump_dir is the folder"):
        plan_package(archive, KNOWN, tmp_path)
    empty(tmp_path / "packages" / f"mitx-{DAY}")
    with pytest.raises(InputError, match=f"Set dump_dir to a package in it: mitx-{DAY}"):
        plan_package(tmp_path / "packages", KNOWN, tmp_path)


def test_encrypted_files_among_others_are_counted_and_told_once(dump: Path, tmp_path: Path) -> None:
    for table_name in ("teams", "wiki_article", "certificates_generatedcertificate"):
        (dump / f"MITx-6.00.1x-2T2017-{table_name}-prod-analytics.sql.gpg").write_bytes(b"\x85\x02")
    package = plan_package(dump, KNOWN, tmp_path)
    assert any(line.startswith("encrypted: ") for line in waldofy.pending(package, ONE, digest))
    _, messages = sort(dump, tmp_path, ONE)
    (told,) = [line for line in messages.lines if "encrypted" in line]
    assert told == (
        "4 encrypted files stay where they are: "
        "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql.gpg, "
        "MITx-6.00.1x-2T2017-certificates_generatedcertificate-prod-analytics.sql.gpg, "
        "MITx-6.00.1x-2T2017-teams-prod-analytics.sql.gpg and 1 more. "
        "Decrypt them and sort the package again"
    )
    assert messages.counts["encrypted"] == 4
    assert waldofy.pending(package, ONE, digest) == []
    # Those of the edge site belong to the rest, and one more that comes is told again.
    (dump / "MITx-6.00.1x-2T2017-teams-edge-analytics.sql.gpg").write_bytes(b"\x85\x02")
    assert waldofy.pending(plan_package(dump, KNOWN, tmp_path), ONE, digest) == []
    (dump / "MITx-6.00.1x-2T2017-teams_membership-prod-analytics.sql.gpg").write_bytes(b"\x85\x02")
    assert len(waldofy.pending(plan_package(dump, KNOWN, tmp_path), ONE, digest)) == 1


@pytest.mark.parametrize("beginning", [b"\x85\x02\x0c\x03\xa1\xb2", b"-----BEGIN PGP MESSAGE-----\n\nhQIM"])
def test_an_encrypted_file_of_another_name_fails_alone(dump: Path, tmp_path: Path, beginning: bytes) -> None:
    names = [
        "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql",
        "MITx-6.00.1x-2T2017-prod.mongo",
        "MITx-6.00.1x-2T2017-course-prod-analytics.xml.tar.gz",
    ]
    for name in names:
        (dump / name).write_bytes(beginning)
    with pytest.raises(InputError) as caught:
        sort(dump, tmp_path, ONE)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    for name in names:
        assert any(f"{name} is encrypted (PGP)" in line for line in lines)
    made = sorted(path.name for path in (tmp_path / "MITx-6.00.1x-2T2017" / DAY).iterdir())
    assert made == [
        "course_structure-prod-analytics.json.gz",
        "profiles.csv.gz",
        "user_api_usercoursetag.csv.gz",
    ]


def test_links_are_followed_inside_the_package_only(dump: Path, tmp_path: Path) -> None:
    outside = tmp_path / "passwords"
    outside.write_bytes(b"id\tpassword\n1\tsecret\n")
    named = "MITx-6.00.1x-2T2017-{}-prod-analytics.sql"
    (dump / named.format("teams")).symlink_to(outside)
    (dump / named.format("wiki_article")).symlink_to("../passwords")
    (dump / named.format("credit_crediteligibility")).symlink_to("gone")
    loop = dump / named.format("loop")
    loop.symlink_to(loop.name)
    (dump / named.format("teams_membership")).symlink_to(
        "ora/MITx-6.00.1x-2T2017-submissions-prod-analytics.sql"
    )
    sort(dump, tmp_path / "SQL", ONE)
    _, messages = sort(dump, tmp_path / "SQL", None)
    folder = tmp_path / "SQL" / "MITx-6.00.1x-2T2017" / DAY
    assert not {"teams.csv.gz", "wiki_article.csv.gz", "loop.csv.gz"} & {p.name for p in folder.iterdir()}
    assert table(folder / "teams_membership.csv.gz")[1] == ["1", "ann", "ann@x.org"]
    (told,) = [line for line in messages.lines if "links" in line]
    assert told == (
        "left where they are, links that lead to no file of the package: "
        + ", ".join(
            named.format(name) for name in ("credit_crediteligibility", "loop", "teams", "wiki_article")
        )
    )
    # The folder itself may be a link: what it is called at its end counts.
    link = tmp_path / "newest"
    link.symlink_to(dump)
    assert plan_package(link, KNOWN, tmp_path).name == f"xorg-{DAY}"


def test_two_packages_of_one_date_that_take_turns_are_told(dump: Path, tmp_path: Path) -> None:
    base = tmp_path / "SQL"
    sort(dump, base, ONE)
    other = empty(tmp_path / f"yorg-{DAY}")
    users = "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"
    # As many bytes, another learner; and a file that is the same in both.
    (other / users).write_bytes(USERS.replace(b"bob", b"bea"))
    tags = "MITx-6.00.1x-2T2017-user_api_usercoursetag-prod-analytics.sql"
    (other / tags).write_bytes(OLD_TAGS)
    package = plan_package(other, KNOWN, base)
    assert waldofy.pending(package, ONE, digest) == [f"users.csv.gz was sorted from xorg-{DAY}"]
    done, messages = sort(other, base, ONE)
    assert [path.name for path in done.made] == ["users.csv.gz"]
    assert table(base / "MITx-6.00.1x-2T2017" / DAY / "users.csv.gz")[2][1] == "bea"
    assert any(
        line.startswith(f"replaced 1 file that came from xorg-{DAY} with those of yorg-{DAY}")
        for line in messages.lines
    )
    # And back: no package takes the files of the other for its own.
    assert waldofy.pending(plan_package(dump, KNOWN, base), ONE, digest) == [
        f"users.csv.gz was sorted from yorg-{DAY}"
    ]
    assert waldofy.was_sorted(base, dump)
    assert waldofy.was_sorted(base, other)
    assert not waldofy.was_sorted(base, tmp_path / f"zorg-{DAY}")
    assert not waldofy.was_sorted(base, tmp_path / "xorg-2021-03-15")


def test_a_source_that_cannot_be_read_fails_alone(dump: Path, tmp_path: Path) -> None:
    def refusing(path: Path) -> str:
        if "auth_user-" in path.name:
            raise PermissionError(13, "Permission denied", str(path))
        return digest(path)

    package = plan_package(dump, KNOWN, tmp_path)
    with pytest.raises(InputError) as caught:
        waldofy.convert(package, ONE, refusing, Messages())
    assert str(caught.value) == (
        f"{dump}/MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql cannot be read: Permission denied"
    )
    assert len(list((tmp_path / "MITx-6.00.1x-2T2017" / DAY).iterdir())) == 5
    assert waldofy.pending(package, ONE, refusing) == [
        "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql is new"
    ]


def test_names_of_files_are_printed_escaped_and_lists_are_cut(dump: Path, tmp_path: Path) -> None:
    for number in range(300):
        (dump / f"\x1b[31mnot_{number:03}.sql\nbuilt   everything").write_bytes(b"")
    _, messages = sort(dump, tmp_path, None)
    (told,) = [line for line in messages.lines if "not understood" in line]
    assert r"\x1b[31mnot_000.sql\nbuilt   everything" in told
    assert told.isprintable()
    assert len(told) < 1000


def test_courses_of_no_list_are_told(dump: Path, tmp_path: Path) -> None:
    _, messages = sort(dump, tmp_path, None)
    assert (
        "2 files go to UNKNOWN, since their courses are in no course list: MITx-6.00.1x-2T2017-ccx-7, "
        "MITx-8.01x-2T2017a"
    ) in messages.lines


def kill_who_reads(pipe: Path) -> None:
    """Kill the worker that has begun to read the pipe."""
    while True:
        try:
            end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        except OSError:  # nobody reads it yet
            time.sleep(0.005)
    readers: list[int] = []
    while not readers:
        children = [child.pid for child in multiprocessing.active_children() if child.pid is not None]
        with suppress(OSError):  # a child has just ended
            readers = [
                child
                for child in children
                for opened in Path(f"/proc/{child}/fd").iterdir()
                if opened.is_symlink() and os.path.realpath(opened) == str(pipe)
            ]
    os.kill(readers[0], signal.SIGKILL)
    os.close(end)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="who reads a file is not told on this system")
def test_a_file_whose_worker_is_killed_fails_alone(dump: Path, tmp_path: Path) -> None:
    source = dump / "MITx-6.00.1x-2T2017-auth_user-prod-analytics.sql"

    def waiting(path: Path) -> str:
        found = digest(path)
        if path == source:
            path.unlink()
            os.mkfifo(path)
            threading.Thread(target=kill_who_reads, args=(path,), daemon=True).start()
        return found

    package = plan_package(dump, KNOWN, tmp_path)
    with pytest.raises(InputError) as caught:
        waldofy.convert(package, ONE, waiting, Messages(), 2)
    assert str(caught.value).startswith(f"{source}: the worker process was killed (SIGKILL)")
    # All other files of the course, and nothing beside them.
    assert len(list((tmp_path / "MITx-6.00.1x-2T2017" / DAY).iterdir())) == 5
