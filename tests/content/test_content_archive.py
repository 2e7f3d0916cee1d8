"""Finding the course export, and reading it safely."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import overload

import pytest
from course_exports import TOP, tar_bytes, write_tarball

from edxtasks.content import archive
from edxtasks.content.archive import find_tarball, policy_member, read_archive
from edxtasks.content.findings import ARCHIVE, Findings
from edxtasks.errors import InputError

COURSE_FILES = {"course.xml": TOP, "course/3T2013.xml": "<course/>"}


def read(path: Path) -> dict[str, bytes]:
    return dict(read_archive(path, Findings()))


def test_names_are_tried_in_order(tmp_path: Path) -> None:
    names = [
        "course.xml.tar.gz",
        "course-prod-analytics.xml.tar.gz",
        "course-prod-edge-analytics.xml.tar.gz",
        "course-prod-edx-replica.xml.tar.gz",
        "course.tar.gz",
        "MITx-8.01x-3T2013-course-export.tar.gz",
    ]
    assert find_tarball(tmp_path) is None
    for name in reversed(names):
        (tmp_path / name).write_bytes(b"")
        assert find_tarball(tmp_path) == tmp_path / name


def test_of_two_other_names_none_is_guessed(tmp_path: Path) -> None:
    (tmp_path / "a-course.tar.gz").write_bytes(b"")
    (tmp_path / "b-course.tar.gz").write_bytes(b"")
    (tmp_path / "._c-course.tar.gz").write_bytes(b"")
    with pytest.raises(InputError, match=r"which of a-course\.tar\.gz, b-course\.tar\.gz"):
        find_tarball(tmp_path)


def test_only_text_files_of_the_course_are_read(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        **COURSE_FILES,
        "static/page.html": "no",
        "drafts/vertical/v.xml": "no",
        "static/pic.png": b"\0" * 1000,
        "html/a.html": "<p/>",
        "html/static/b.html": "a folder of that name deeper down is none of static files",
        "policies/3T2013/policy.json": "{}",
        "info/3T2013/updates.items.json": "[]",
        "._course.xml": "no",
        "about/overview.txt": "no",
    }
    assert set(read(write_tarball(tmp_path / "c.tar.gz", files))) == {
        "course.xml",
        "course/3T2013.xml",
        "html/a.html",
        "html/static/b.html",
        "policies/3T2013/policy.json",
    }


@pytest.mark.parametrize("root", ["course/", "", "./", "./course/", "a/b/c/"])
def test_static_is_never_unpacked_whatever_the_root(tmp_path: Path, root: str) -> None:
    files = COURSE_FILES | {"static/page.html": "no", "html/static/b.html": "yes"}
    found = read(write_tarball(tmp_path / "c.tar.gz", files, root=root))
    assert sorted(found) == ["course.xml", "course/3T2013.xml", "html/static/b.html"]


def test_the_root_is_the_shallowest_directory_with_a_course(tmp_path: Path) -> None:
    files = {
        "._course": "x",
        ".DS_Store": "x",
        "stray.xml": "<x/>",
        "b/course.xml": TOP,
        "b/deep/course.xml": "no",
        "a/very/deep/course.xml": "no",
    }
    found = read(write_tarball(tmp_path / "c.tar.gz", files | {"c/course.xml": "no"}, root=""))
    # b and c are equally deep: the first by name.
    assert found == {"course.xml": TOP.encode(), "deep/course.xml": b"no"}


def test_a_root_with_roots_alone(tmp_path: Path) -> None:
    files = {"roots/2013.xml": '<course url_name="2013"/>', "course/2013.xml": "<course/>"}
    assert sorted(read(write_tarball(tmp_path / "c.tar.gz", files))) == ["course/2013.xml", "roots/2013.xml"]


def test_no_course_in_it(tmp_path: Path) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", {"chapter/x.xml": "<chapter/>"})
    with pytest.raises(InputError, match=r"c\.tar\.gz holds no course"):
        read(path)


def test_a_tar_without_gzip(tmp_path: Path) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(tar_bytes(COURSE_FILES))
    assert sorted(read(path)) == ["course.xml", "course/3T2013.xml"]


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_off_gzip_is_an_error(tmp_path: Path, share: float) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", COURSE_FILES | {"static/x.png": bytes(range(256)) * 400})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"c\.tar\.gz is (cut off|not a complete)"):
        read(path)


def test_a_gzip_that_lacks_only_its_checksum_is_an_error(tmp_path: Path) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", COURSE_FILES)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match="cut off"):
        read(path)


def test_the_checksum_is_checked_also_far_behind_the_end_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "c.tar.gz"
    padded = tar_bytes(COURSE_FILES) + b"\0" * (3 << 20)
    path.write_bytes(gzip.compress(padded))
    assert len(read(path)) == 2
    path.write_bytes(gzip.compress(padded)[:-4])
    with pytest.raises(InputError, match="cut off"):
        read(path)


def test_a_corrupt_gzip_is_an_error(tmp_path: Path) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", COURSE_FILES)
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(InputError, match=r"c\.tar\.gz"):
        read(path)


@pytest.mark.parametrize("cut", [512 * 2, 512 * 2 + 100, 512 * 3 + 5])
def test_a_cut_off_plain_tar_is_an_error(tmp_path: Path, cut: int) -> None:
    # A member is a header and a block of 512 bytes: cut at the border of a member, in a header, in content.
    path = tmp_path / "c.tar.gz"
    path.write_bytes(tar_bytes(COURSE_FILES)[:cut])
    with pytest.raises(InputError, match=r"c\.tar\.gz is (cut off|not a complete)"):
        read(path)


def test_a_broken_header_in_the_middle_is_an_error(tmp_path: Path) -> None:
    whole = bytearray(tar_bytes(COURSE_FILES))
    whole[1024 + 10] ^= 0xFF  # in the name of the second member: its checksum fails
    path = tmp_path / "c.tar.gz"
    path.write_bytes(gzip.compress(bytes(whole)))
    with pytest.raises(InputError, match="broken header"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x1f\x8b", gzip.compress(b"hello", mtime=0), b"PK\3\4" + b"x" * 2000]
)
def test_what_is_no_archive_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"c\.tar\.gz"):
        read(path)


def test_members_outside_are_refused(tmp_path: Path) -> None:
    path = write_tarball(
        tmp_path / "c.tar.gz",
        {"course/course.xml": TOP, "/etc/x.xml": "no", "../y.xml": "no", "course/../../z.xml": "no"},
        root="",
    )
    findings = Findings()
    assert set(read_archive(path, findings)) == {"course.xml"}
    assert findings.of(ARCHIVE) == [
        f'"{name}" points outside' for name in ("/etc/x.xml", "../y.xml", "course/../../z.xml")
    ]


def test_links_inside_are_followed(tmp_path: Path) -> None:
    links = {
        "course.xml": "roots/3T2013.xml",  # a file
        "html": "pages",  # a directory
        "problem/q.xml": "../problem/p.xml",
        "problem/r.xml": "q.xml",  # a link to a link
    }
    files = {"roots/3T2013.xml": TOP, "pages/a.html": "<p/>", "problem/p.xml": "<problem/>"}
    found = read(write_tarball(tmp_path / "c.tar.gz", files, links))
    assert found["course.xml"] == TOP.encode()
    assert found["html/a.html"] == b"<p/>"
    assert found["problem/q.xml"] == found["problem/r.xml"] == b"<problem/>"


def test_links_that_leave_or_circle_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.xml").write_text("<secret/>")
    links = {
        "html/a.xml": str(tmp_path / "secret.xml"),
        "html/b.xml": "../../../secret.xml",
        "html/c.xml": "d.xml",
        "html/d.xml": "c.xml",
    }
    findings = Findings()
    path = write_tarball(tmp_path / "in" / "c.tar.gz", COURSE_FILES, links)
    assert sorted(read_archive(path, findings)) == ["course.xml", "course/3T2013.xml"]
    assert findings.of(ARCHIVE) == [
        '"course/html/a.xml", a link that leaves the archive',
        '"course/html/b.xml", a link that leaves the archive',
        '"course/html/c.xml", a link that leads in circles',
        '"course/html/d.xml", a link that leads in circles',
    ]


def test_a_hard_link_and_a_device(tmp_path: Path) -> None:
    buffer = io.BytesIO(tar_bytes(COURSE_FILES | {"html/a.xml": "<html/>"}))
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        hard = tarfile.TarInfo("course/html/b.xml")
        hard.type, hard.linkname = tarfile.LNKTYPE, "course/html/a.xml"
        tar.addfile(hard)
        device = tarfile.TarInfo("course/html/c.xml")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
    path = tmp_path / "c.tar.gz"
    path.write_bytes(buffer.getvalue())
    found = read(path)
    assert found["html/b.xml"] == b"<html/>"
    assert "html/c.xml" not in found


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tarball(
        tmp_path / "c.tar.gz", COURSE_FILES | {"html/a.html": "x" * 3000, "html/b.html": "x" * 3000}
    )
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 2999)
    with pytest.raises(InputError, match=r"course/html/a\.html makes it too large"):
        read(path)
    monkeypatch.setattr(archive, "LARGEST_MEMBER", 3000)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 5000)
    with pytest.raises(InputError, match=r"course/html/b\.html makes it too large"):
        read(path)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 50000)
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    with pytest.raises(InputError, match="more than 3 members"):
        read(path)


def test_links_that_multiply_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", COURSE_FILES, {f"x{number}": "." for number in range(8)})
    monkeypatch.setattr(archive, "MOST_MEMBERS", 12)  # 10 members, but 8 links to 2 files each
    with pytest.raises(InputError, match="links to more than 12 files"):
        read(path)


def test_policies_alone(tmp_path: Path) -> None:
    files = COURSE_FILES | {
        "html/a.html": "x",
        "policies/3T2013/grading_policy.json": "{}",
        "grading_policy.json": "{}",
        "roots/x.xml": TOP,
    }
    path = write_tarball(tmp_path / "c.tar.gz", files)
    assert sorted(read_archive(path, Findings(), policy_member)) == [
        "course.xml",
        "grading_policy.json",
        "policies/3T2013/grading_policy.json",
        "roots/x.xml",
    ]


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.tar\.gz cannot be read"):
        read(tmp_path / "nothing.tar.gz")


# Bounds. `tarfile` keeps the headers of a member in memory, however large they are.


def header(name: str, kind: bytes, size: int) -> bytes:
    """The block of a member of a kind that says that `size` bytes follow."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.USTAR_FORMAT)


def block(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def extension(kind: bytes, content: bytes) -> bytes:
    return header("x", kind, len(content)) + block(content)


def pax(key: str, value: str) -> bytes:
    """A record of a pax header; its length counts itself."""
    rest = f" {key}={value}\n"
    length = len(rest)
    while len(f"{length}{rest}") != length:
        length = len(f"{length}{rest}")
    return f"{length}{rest}".encode()


COURSE_TAR = tar_bytes(COURSE_FILES)
SPARSE_MAP = b"1000000\n" + b"1\n" * 252  # two million numbers are to follow

HEADERS = {
    # The size alone is refused: the file ends long before.
    "pax of 1.5 GB": header("x", tarfile.XHDTYPE, 1_500_000_000),
    "global pax of 1.5 GB": header("x", tarfile.XGLTYPE, 1_500_000_000),
    "long name of 1.5 GB": header("x", tarfile.GNUTYPE_LONGNAME, 1_500_000_000),
    "long link of 1.5 GB": header("x", tarfile.GNUTYPE_LONGLINK, 1_500_000_000),
    "pax of 20 kB": extension(tarfile.XHDTYPE, pax("comment", "x" * 20_000)),
    "a chain of headers": extension(tarfile.XHDTYPE, pax("comment", "x")) * 1000,
    "a map of holes": extension(tarfile.XHDTYPE, pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0"))
    + header("course/x.xml", tarfile.REGTYPE, 2_000_000)
    + SPARSE_MAP
    + block(b"1\n" * 256) * 100,
}


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_that_are_too_large(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(gzip.compress(HEADERS[kind] + COURSE_TAR))
    with pytest.raises(
        InputError, match=r"c\.tar\.gz: a member of the archive has more than 16 KiB of headers"
    ):
        read(path)


def test_a_number_without_end_in_a_header(tmp_path: Path) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(gzip.compress(extension(tarfile.XHDTYPE, b"1" * 10_000) + COURSE_TAR))
    with pytest.raises(InputError, match=r"c\.tar\.gz: a member of the archive has a header with an endless"):
        read(path)


def test_headers_for_all_members_do_not_pile_up(tmp_path: Path) -> None:
    path = tmp_path / "c.tar.gz"
    few = b"".join(
        extension(tarfile.XGLTYPE, pax(f"k{n}", "v")) + header("d", tarfile.DIRTYPE, 0) for n in range(9)
    )
    path.write_bytes(gzip.compress(few + COURSE_TAR))
    assert len(read(path)) == 2
    for value, members in (("v", 101), ("v" * 9000, 2)):
        many = [
            extension(tarfile.XGLTYPE, pax(f"k{n}", value)) + header("d", tarfile.DIRTYPE, 0)
            for n in range(members)
        ]
        path.write_bytes(gzip.compress(b"".join(many) + COURSE_TAR))
        with pytest.raises(InputError, match="too many headers that hold for all members"):
            read(path)


def test_usual_headers_are_read(tmp_path: Path) -> None:
    """Names beyond ASCII and of any length, attributes of macOS: pax and GNU."""
    name = "course/html/" + "ü" * 90 + "/" + "n" * 120 + ".html"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        buffer = io.BytesIO()
        extra = {"comment": "of a commit", "LIBARCHIVE.xattr.com.apple.quarantine": "x" * 5000}
        headers = extra if form == tarfile.PAX_FORMAT else {}
        with tarfile.open(fileobj=buffer, mode="w", format=form, pax_headers=headers) as tar:
            for one, content in {
                "course/course.xml": TOP.encode(),
                name: b"3." + b"1415926535" * 100,
            }.items():
                member = tarfile.TarInfo(one)
                member.size, member.mtime = len(content), 1.5
                tar.addfile(member, io.BytesIO(content))
        path = tmp_path / "c.tar.gz"
        path.write_bytes(gzip.compress(buffer.getvalue()))
        assert read(path)[name.removeprefix("course/")] == b"3." + b"1415926535" * 100


@pytest.mark.parametrize(
    "headers",
    [
        extension(tarfile.XHDTYPE, pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0"))
        + header("course/x.xml", tarfile.REGTYPE, 512)
        + block(b"no number"),
        extension(tarfile.XHDTYPE, pax("GNU.sparse.map", "a,b")) + header("course/x.xml", tarfile.REGTYPE, 0),
    ],
)
def test_headers_that_make_no_sense(tmp_path: Path, headers: bytes) -> None:
    path = tmp_path / "c.tar.gz"
    path.write_bytes(gzip.compress(headers + COURSE_TAR))
    with pytest.raises(
        InputError, match=r"c\.tar\.gz is not a complete tar archive, with gzip or plain \(a broken header"
    ):
        read(path)


def test_what_lies_between_members_is_passed_over_in_pieces() -> None:
    class Stream(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            self.largest = max(self.largest, size)
            return super().read(size)

    stream = Stream(tar_bytes({"static/film.mp4": bytes(5 << 20), **COURSE_FILES}))
    found = archive._Found()
    archive._read_members(stream, True, archive.content_member, found, Findings())
    assert sorted(found.files) == ["course/course.xml", "course/course/3T2013.xml"]
    assert stream.largest == 1 << 20


def test_paths_that_are_too_long_are_left_out(tmp_path: Path) -> None:
    long = "html/" + "n" * 4096 + ".html"
    deep = "html/" + "d/" * 100 + "a.html"
    links = {"html/l.html": "x/" * 150 + "a.html"}
    findings = Findings()
    files = {**COURSE_FILES, long: "x", deep: "x", "html/a.html": "x"}
    found = read_archive(write_tarball(tmp_path / "c.tar.gz", files, links), findings)
    assert sorted(found) == ["course.xml", "course/3T2013.xml", "html/a.html"]
    told = findings.of(ARCHIVE)
    assert [line.rpartition('", ')[2] for line in told] == ["a path too long"] * 2 + [
        "a link to a path too long"
    ]
    assert all(len(line) < 200 for line in told)


def test_policies_take_much_memory_and_must_be_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["policies/a.json", "policies/b.json"]
    path = write_tarball(tmp_path / "c.tar.gz", {**COURSE_FILES, **dict.fromkeys(names, "x" * 3000)})
    monkeypatch.setattr(archive, "LARGEST_JSON", 2999)
    with pytest.raises(
        InputError, match=r"course/policies/a\.json makes it too large: at most 0 MiB a policy"
    ):
        read(path)
    monkeypatch.setattr(archive, "LARGEST_JSON", 3000)
    monkeypatch.setattr(archive, "LARGEST_JSON_TOTAL", 5999)
    with pytest.raises(InputError, match=r"course/policies/b\.json makes it too large"):
        read(path)


def test_too_many_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tarball(tmp_path / "c.tar.gz", COURSE_FILES, {f"x{n}": "course.xml" for n in range(5)})
    monkeypatch.setattr(archive, "MOST_LINKS", 4)
    with pytest.raises(InputError, match="more than 4 links"):
        read(path)


def test_the_names_that_links_make_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = {f"{'x' * 1000}{n}": "html" for n in range(10)}
    files = {**COURSE_FILES, **{f"html/{n}.html": "" for n in range(100)}}
    path = write_tarball(tmp_path / "c.tar.gz", files, links)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 1_000_000)  # 10 · 100 names of 1 000 characters and more
    with pytest.raises(InputError, match="or to paths of more than 0 MiB"):
        read(path)


class Counted(Sequence[str]):
    """Names, and how often one was looked at."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.looks = 0

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        self.looks += 1
        return self.names[place]


def test_a_link_looks_at_the_files_below_it_only() -> None:
    names = Counted(sorted(f"html/{n:05}/a.html" for n in range(65_536)))
    assert list(archive._below(names, "html/00777")) == ["html/00777/a.html"]
    assert names.looks < 30  # 16 halvings, and two looks at each name
    names.looks = 0
    assert list(archive._below(names, "htm")) == []
    assert names.looks < 30


def test_a_path_is_followed_part_by_part() -> None:
    tree = archive._LinkTree({"a/b": "c/d", "c": "e", "e/d/f": "", "g/g": "g", "h": "h/h"})
    assert tree.resolve("a/b") == "e/d"
    assert tree.resolve("a/b/x") == "e/d/x"
    assert tree.resolve("a/b/f/y") == "y"
    assert tree.resolve("g/g/g") == "g"
    assert tree.resolve("a") == "a"
    assert tree.resolve("h") is None
