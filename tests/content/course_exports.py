"""Small hand-made course exports."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from edxtasks.content.axis import AxisRow, axis_rows
from edxtasks.content.bundle import Bundle, make_bundle
from edxtasks.content.findings import Findings
from edxtasks.course import CourseKey

COURSE = CourseKey("MITx", "8.01x", "3T2013")
TOP = '<course url_name="3T2013" org="MITx" course="8.01x"/>'


def encoded(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


def tar_bytes(
    files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None, root: str = "course/"
) -> bytes:
    """A plain tar archive; `links` are symbolic links, name to target."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in encoded(files).items():
            member = tarfile.TarInfo(root + name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(root + name)
            member.type = tarfile.SYMTYPE
            member.linkname = target
            archive.addfile(member)
    return buffer.getvalue()


def write_tarball(
    path: Path,
    files: Mapping[str, str | bytes],
    links: Mapping[str, str] | None = None,
    root: str = "course/",
) -> Path:
    """A course export at `path`, compressed with gzip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(tar_bytes(files, links, root), 1))
    return path


def studio(course: str, files: Mapping[str, str | bytes] | None = None, policy: str = "") -> dict[str, bytes]:
    """The files of a Studio export: `course` is the course element, `files` what it points to."""
    made: dict[str, str | bytes] = {"course.xml": TOP, "course/3T2013.xml": course}
    made["policies/3T2013/policy.json"] = policy or '{"course/3T2013": {}}'
    return encoded(made | dict(files or {}))


def bundle(files: Mapping[str, bytes], *, with_hidden: bool = False) -> tuple[Bundle, Findings]:
    findings = Findings()
    return make_bundle(files, COURSE, "export", findings, with_hidden=with_hidden), findings


def axis(
    course: str,
    files: Mapping[str, str | bytes] | None = None,
    policy: str = "",
    *,
    include_hidden: bool = False,
) -> tuple[list[AxisRow], Findings]:
    """The axis of a Studio export."""
    made, findings = bundle(studio(course, files, policy), with_hidden=include_hidden)
    return axis_rows(made, COURSE, findings, include_hidden=include_hidden), findings


def column(rows: list[AxisRow], name: str) -> dict[str, object]:
    """The values of a column by `category/url_name`."""
    return {f"{row['category']}/{row['url_name']}": row[name] for row in rows}


def datum(rows: list[AxisRow], key: str, name: str) -> object:
    """One field of `data` of the row `category/url_name`."""
    data = column(rows, "data")[key]
    assert isinstance(data, dict)
    return data[name]
