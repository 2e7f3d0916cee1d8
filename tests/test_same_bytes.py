"""Two builds of a release can be compared byte by byte."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import same_bytes
from same_bytes import with_same_bytes


def archive(time: int, user: str, mode: int, names: tuple[str, ...]) -> bytes:
    """A gzipped tar of a folder, and files whose content is their name."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        for name in ("p-1", *names):
            member = tarfile.TarInfo(name)
            member.mtime, member.uname, member.uid, member.mode = time, user, len(user), mode
            if name == "p-1":
                member.type = tarfile.DIRTYPE
            else:
                member.size = len(name)
            tar.addfile(member, io.BytesIO(name.encode()))
    return written.getvalue()


def test_builds_differ_in_nothing() -> None:
    one = archive(1_900_000_000, "ada", 0o664, ("p-1/b.py", "p-1/a.py"))
    two = archive(1_900_000_099, "grace", 0o600, ("p-1/a.py", "p-1/b.py"))
    assert one != two
    assert with_same_bytes(one, 1_800_000_000) == with_same_bytes(two, 1_800_000_000)
    with tarfile.open(fileobj=io.BytesIO(with_same_bytes(one, 1_800_000_000))) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == ["p-1", "p-1/a.py", "p-1/b.py"]
        assert {(member.mtime, member.uname, member.uid) for member in members} == {(1_800_000_000, "", 0)}
        assert [oct(member.mode) for member in members] == ["0o755", "0o644", "0o644"]
        content = tar.extractfile("p-1/b.py")
        assert content is not None and content.read() == b"p-1/b.py"


def test_a_program_stays_one() -> None:
    once = with_same_bytes(archive(5, "ada", 0o700, ("p-1/run",)), 7)
    with tarfile.open(fileobj=io.BytesIO(once)) as tar:
        assert tar.getmember("p-1/run").mode == 0o755
    assert with_same_bytes(once, 7) == once


def test_a_link_is_refused() -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as tar:
        link = tarfile.TarInfo("p-1/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        with_same_bytes(written.getvalue(), 7)


def test_it_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p-1.tar.gz"
    file.write_bytes(archive(5, "ada", 0o644, ()))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert same_bytes.main([str(file)]) == 2
    assert "SOURCE_DATE_EPOCH" in capsys.readouterr().err
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    assert same_bytes.main([str(file)]) == 0
    assert file.read_bytes() == with_same_bytes(archive(9, "eve", 0o600, ()), 7)
