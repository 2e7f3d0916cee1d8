"""Finding the course export, and reading it safely."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

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
    with pytest.raises(InputError, match=r"c\.tar\.gz is (cut off|no whole)"):
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
    with pytest.raises(InputError, match=r"c\.tar\.gz is (cut off|no whole)"):
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
