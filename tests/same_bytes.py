"""An sdist with the same bytes whenever and by whomever it is built: `same_bytes.py FILE.tar.gz`.

A step of `.ci/package`. setuptools gives the same wheel for the same `SOURCE_DATE_EPOCH`; into the sdist it
writes the time of the build, its user and the modes of files. Here these are made the same: the time of
`SOURCE_DATE_EPOCH`, nobody's user, 0644 and 0755, in the order of names. Names and contents stay.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def with_same_bytes(archive: bytes, time: int) -> bytes:
    """A gzipped tar archive, written again with `time` (seconds since 1970) and without traces of its maker.

    Raises `ValueError` for a member that is neither file nor folder: an sdist has none.
    """
    written = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as old,
        tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            if not (member.isfile() or member.isdir()):
                raise ValueError(f"{member.name} is neither a file nor a folder")
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, time
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(plain, old.extractfile(member) if member.isfile() else None)
    return gzip.compress(written.getvalue(), mtime=time)


def main(words: list[str]) -> int:
    """Write the archive anew in its place; the exit code."""
    time = os.environ.get("SOURCE_DATE_EPOCH", "")
    if len(words) != 1 or not time.isdecimal():
        print("call me with an sdist, and set SOURCE_DATE_EPOCH", file=sys.stderr)
        return 2
    path = Path(words[0])
    path.write_bytes(with_same_bytes(path.read_bytes(), int(time)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
