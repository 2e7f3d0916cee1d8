"""The office's deliveries without a learner: all else byte for byte, in the form that it had."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard

from edxtasks.retired import Learner, Retired
from edxtasks.retirement.contents import UnreadableError
from edxtasks.retirement.originals import clean_original
from edxtasks.scratch import Scratch, use

KEY = b"fedcba9876543210fedcba9876543210"
ANN = Retired(KEY).with_learners([Learner("ann", 12, ("ann@x.org",))])

LOG = (
    b'{"username": "ann", "event_type": "x", "context": {"user_id": 12}}\n'
    b'{"username":"bea" , "score": 1.50, "event": "{\\"user_id\\": 12, \\"t\\": \\"hi ann\\\\u0021\\"}"}\r\n'
    b"\n"
    b'{"username": "", "context": {"user_id": 12}}\n'
    b'{"username": "ann\\n", "event_type": "y"}\n'
    b'prefix {"username": "cut off ann\n'
    b"cut off\n"
    b'{"username": "annabel", "n": 12}'
)
KEPT_LOG = (
    b'{"username":"bea" , "score": 1.50, '
    b'"event": "{\\"user_id\\": null, \\"t\\": \\"hi ***\\\\u0021\\"}"}\r\n'
    b"\n"
    b"cut off\n"
    b'{"username": "annabel", "n": 12}'
)
USERS = b"id\tusername\temail\n12\tann\tann@x.org\n13\tann.b\tann@y.org\n14\tx\ty\n"
KEPT_USERS = b"id\tusername\temail\n13\tann.b\tann@y.org\n14\tx\ty\n"
STATES = (
    b"id\tmodule_id\tstudent_id\tstate\n"
    b'12\tm\t13\t{"a": "\\\\n12\\\nann"}\n'
    b"1\tm\t12\tone\\\ntwo\\\tthree\n"
    b"2\tm\t14\tlast"
)
KEPT_STATES = b'id\tmodule_id\tstudent_id\tstate\n12\tm\t13\t{"a": "\\\\n12\\\n***"}\n2\tm\t14\tlast'
GRADES = (
    b"\xef\xbb\xbfStudent ID,Email,Note\r\n12,ann@x.org,\r\n"
    b'13,bea@x.org,"two\r\nlines, ""ann"""\r\n14,"cyd@x.org",12\r\n'
)
KEPT_GRADES = (
    b'\xef\xbb\xbfStudent ID,Email,Note\r\n13,bea@x.org,"two\r\nlines, ""***"""\r\n14,"cyd@x.org",12\r\n'
)
FORUM = (
    b'{"_id": {"$oid": "5"}, "author_id":"12", "author_username":"ann", "body":"x"}\n'
    b'{"_id": {"$oid": "6"}, "author_id":"13", "author_username":"bea", "body":"12 x"}\n'
)
KEPT_FORUM = FORUM.splitlines(keepends=True)[1]

CONTENTS = {
    "events.log": (LOG, KEPT_LOG),
    "X-A-1-auth_user-prod-analytics.sql": (USERS, KEPT_USERS),
    "X-A-1-courseware_studentmodule-prod-analytics.sql": (STATES, KEPT_STATES),
    "X_A_1_grade_report.csv": (GRADES, KEPT_GRADES),
    "X-A-1-prod.mongo": (FORUM, KEPT_FORUM),
    "users.json": (
        b'{"_id":12,"name":"A"}\n{"_id":{"$numberLong":"12"}}\n{"_id":13, "name": "B", "bio":"ann"}\n',
        b'{"_id":13, "name": "B", "bio":"***"}\n',
    ),
    "certificates.json": (
        b'{"_id":12,"user_id":13}\n{"_id":14,"user_id":{"$numberInt":"12"},"name":"A"}\n',
        b'{"_id":12,"user_id":13}\n',
    ),
    "notes.txt": (b"ask ann: ann@x.org, 12\n", b"ask ***: ***, 12\n"),
}
FORMS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "": (bytes, bytes),
    ".gz": (gzip.compress, gzip.decompress),
    ".bz2": (bz2.compress, bz2.decompress),
    ".xz": (lzma.compress, lzma.decompress),
    ".zst": (
        zstandard.compress,
        lambda content: zstandard.ZstdDecompressor().decompressobj().decompress(content),
    ),
}


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with use(Scratch((tmp_path / "scratch",))) as scratch:
        yield scratch


def cleaned(path: Path, scratch: Scratch, remove: bool = True) -> tuple[int, int]:
    taken = clean_original(path, ANN, scratch, is_log=False, remove=remove)
    return taken.lines, taken.mentions


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_each_form(name: str, form: str, tmp_path: Path, scratch: Scratch) -> None:
    before, after = CONTENTS[name]
    pack, unpack = FORMS[form]
    path = tmp_path / f"{name}{form}"
    path.write_bytes(pack(before))
    path.chmod(0o640)
    delivered = path.read_bytes()
    found = cleaned(path, scratch, remove=False)
    assert any(found) and path.read_bytes() == delivered  # it only looked
    assert cleaned(path, scratch) == found
    assert unpack(path.read_bytes()) == after
    assert form == "" or path.read_bytes()[:2] == delivered[:2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    again = path.stat()
    assert cleaned(path, scratch) == (0, 0)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (again.st_ino, again.st_mtime_ns)
    assert {one.name for one in tmp_path.iterdir()} == {path.name, "scratch"}


def test_numbers_of_an_edge_site_are_of_others(tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "X-A-1-auth_user-edge-analytics.sql"
    path.write_bytes(USERS.replace(b"ann\tann@x.org", b"eve\teve@x.org"))
    assert cleaned(path, scratch) == (0, 0)


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.comment = b"of the office"
        for at, (name, text) in enumerate(members.items()):
            member = zipfile.ZipInfo(name, (2014, 2, 3, 4, 5, 6))
            member.external_attr = 0o640 << 16
            member.compress_type = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2)[at % 3]
            archive.writestr(member, text)
    return content.getvalue()


def tarred(members: dict[str, bytes], form: int) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode, member.uname = len(text), 1391400306, 0o640, "office"
            archive.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("course/link")
        link.type, link.linkname = tarfile.SYMTYPE, "x"
        archive.addfile(link)
    return content.getvalue()


OTHER = b"\x85\x01\x0c\xf3" + random.Random(3).randbytes(5000)  # begins nearly as what is encrypted
MEMBERS = {
    "course/a.xml": b"<x>" + b"y" * 1000 + b"</x>",
    "course/" + "l" * 120 + "/discussion.log": LOG,
    "course/énb.bin": OTHER,
    "SQL/users.sql": USERS,
    "inner.zip": zipped({"grades.csv": GRADES}),
    "inner.sql.gz": gzip.compress(USERS),
    "ann.png": b"\x89PNG ann",
}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_an_archive_keeps_its_other_members(form: int, tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "course.xml.tar.gz"
    path.write_bytes(gzip.compress(tarred(MEMBERS, form)))
    assert cleaned(path, scratch) == (4 + 1 + 1 + 1, 2 + 1)  # of the log, tables; of the log, the report
    with tarfile.open(path) as archive:
        assert [one.name for one in archive] == [*MEMBERS, "course/link"]
        told = {(one.mtime, one.mode, one.uname) for one in archive if one.isreg()}
        contents = {one.name: archive.extractfile(one).read() for one in archive if one.isreg()}  # type: ignore[union-attr]
    assert told == {(1391400306, 0o640, "office")}
    assert contents["course/" + "l" * 120 + "/discussion.log"] == KEPT_LOG
    assert contents["SQL/users.sql"] == gzip.decompress(contents["inner.sql.gz"]) == KEPT_USERS
    with zipfile.ZipFile(io.BytesIO(contents["inner.zip"])) as inner:
        assert inner.read("grades.csv") == KEPT_GRADES
    for name in ("course/a.xml", "course/énb.bin", "ann.png"):
        assert contents[name] == MEMBERS[name]
    assert cleaned(path, scratch) == (0, 0)


def test_a_zip_keeps_its_other_members(tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "package.zip"
    path.write_bytes(zipped(MEMBERS))
    with zipfile.ZipFile(path) as archive:
        before = {
            one.filename: (one.date_time, one.external_attr, one.compress_type) for one in archive.infolist()
        }
    cleaned(path, scratch)
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == b"of the office" and archive.testzip() is None
        assert before == {
            one.filename: (one.date_time, one.external_attr, one.compress_type) for one in archive.infolist()
        }
        assert archive.read("SQL/users.sql") == KEPT_USERS
        assert archive.read("course/énb.bin") == OTHER


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.sql.gpg", b"\x85\x01\x0c\x03" + b"z" * 40, "encrypted"),
        ("x.sql", b"-----BEGIN PGP MESSAGE-----\n", "encrypted"),
        ("x.log.gz", gzip.compress(LOG)[:-12], "broken"),
        ("x.zip", zipped({"a.sql": USERS})[:-30], "broken"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c....", "packed with 7z"),
        (
            "x.tar.gz",
            gzip.compress(tarred({"a.sql": USERS, "b.gpg": b"\x85\x01\x0c\x03zzzz"}, 1)),
            "encrypted",
        ),
        ("x.dat", b"\0\1\2 ann \3\n", "no text"),
    ],
)
def test_what_cannot_be_looked_into_stays_and_is_told(
    name: str, content: bytes, why: str, tmp_path: Path, scratch: Scratch
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match=why) as told:
        cleaned(path, scratch)
    assert "ann" not in str(told.value)
    assert path.read_bytes() == content


def test_another_name_of_a_file_keeps_the_old_content_and_is_told(tmp_path: Path, scratch: Scratch) -> None:
    path = tmp_path / "users.sql"
    path.write_bytes(USERS)
    (tmp_path / "other").hardlink_to(path)
    (tmp_path / "link.sql").symlink_to(path)
    with pytest.raises(UnreadableError, match="hard link"):
        cleaned(tmp_path / "link.sql", scratch)
    assert path.read_bytes() == KEPT_USERS and (tmp_path / "link.sql").is_symlink()
