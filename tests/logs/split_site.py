"""A small site for the tests of splitting: raw logs whose shards can be told by hand.

Each event is told by a user name, so that a shard is a list of names.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from edxtasks.logs.options import SplitOptions
from edxtasks.logs.results import SplitResult
from edxtasks.logs.shared_log import RemoteWorker
from edxtasks.logs.split import split

IMPATIENT = RemoteWorker.has_begun
"""Whether a worker has begun, as a split asks it: a log of a few lines is at its end by then."""


def wait_for_workers() -> None:
    """Let this process wait until a worker has begun: every one gets a share of a raw log that is shared,
    however few its lines are."""
    RemoteWorker.has_begun = lambda self: True  # type: ignore[method-assign]


wait_for_workers()

A = "UnivX__A__1"
B = "UnivX__B__1"


def event(user: str, course: str | None = "UnivX/A/1", day: str = "2014-10-17", **more: Any) -> bytes:
    """A line of a raw log: an event at noon (UTC) of a user in a course."""
    form: dict[str, Any] = {"username": user, "event_source": "server", "event_type": "x"}
    form |= {"time": f"{day}T12:00:00.000000+00:00"}
    if course is not None:
        form["course_id"] = course
    return orjson.dumps(form | more) + b"\n"


def events(users: Iterable[str], course: str | None = "UnivX/A/1", day: str = "2014-10-17") -> bytes:
    """Lines of a raw log: an event of each user (a letter each, where `users` is a text)."""
    return b"".join(event(user, course, day) for user in users)


class Site:
    """A folder of raw logs and a log directory."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "DAILY"
        self.directory = folder / "L"
        self.logs.mkdir(parents=True)

    def log(self, name: str, text: bytes) -> Path:
        """Deliver a raw log; gzip where the name says so."""
        path = self.logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return path

    def options(self, **options: Any) -> SplitOptions:
        """Options of a split into the log directory."""
        return SplitOptions(self.directory, **options)

    def split(self, *paths: Path, **options: Any) -> SplitResult:
        """Split these raw logs, all that there are when none is named."""
        return split(paths or sorted(p for p in self.logs.rglob("*") if p.is_file()), self.options(**options))

    def users(self, bucket: str = A, day: str = "2014-10-17") -> str:
        """The names of the users in a shard, in order; "" when there is no shard."""
        path = self.directory / bucket / f"tracklog-{day}.json.gz"
        if not path.exists():
            return ""
        rows = gzip.decompress(path.read_bytes()).splitlines()
        return "".join(orjson.loads(row)["username"] for row in rows)

    def shards(self) -> dict[str, bytes]:
        """All published shards: by path within the log directory, their bytes."""
        found = sorted(self.directory.rglob("tracklog-*.json.gz"))
        return {str(path.relative_to(self.directory)): path.read_bytes() for path in found}

    def checkpoint(self, key: str) -> dict[str, Any]:
        """The checkpoint of a source."""
        form: dict[str, Any] = orjson.loads((self.directory / "META" / f"{key}.json").read_bytes())
        return form

    def rejects(self, key: str) -> list[tuple[int, str]]:
        """Line numbers and reasons in the file of rejected lines of a source; empty when there is none."""
        path = self.directory / "REJECTS" / f"{key}.jsonl.gz"
        if not path.exists():
            return []
        rows = [orjson.loads(row) for row in gzip.decompress(path.read_bytes()).splitlines()]
        return [(row["line"], row["reason"]) for row in rows]

    def check(self) -> None:
        """Whatever happened: the shards on disk are those on the lists, are what the lists say, and are
        single gzip members without time stamp; nothing half-made is left."""
        listed: set[str] = set()
        for path in sorted((self.directory / "META" / "SHARDS").rglob("*.json")):
            form = orjson.loads(path.read_bytes())
            for entry in form["shards"]:
                name = f"{form['bucket']}/tracklog-{entry['day']}.json.gz"
                listed.add(name)
                content = (self.directory / name).read_bytes()
                member = zlib.decompressobj(31)
                text = member.decompress(content)
                assert member.eof and member.unused_data == b"", name
                assert content[4:8] == bytes(4), name
                assert blake3(text).hexdigest() == entry["digest"], name
                rows = [orjson.loads(row) for row in text.splitlines()]
                assert len(rows) == entry["rows"], name
                times = [datetime.fromisoformat(row["time"]).timestamp() * 1e6 for row in rows]
                assert (min(times), max(times)) == (entry["min_time_us"], entry["max_time_us"]), name
        assert listed == set(self.shards())
        for path in (self.directory / "META").glob("*.json"):
            form = orjson.loads(path.read_bytes())
            given = form["blank"] + form["rows"] + form["retired"] + sum(form["rejects"].values())
            assert form["lines"] == given
            assert sum(part["rows"] for part in form["parts"]) == form["rows"]
        known = {orjson.loads(p.read_bytes())["folder"] for p in (self.directory / "META").glob("*.json")}
        assert {p.name for p in (self.directory / "PARTS").iterdir()} - {"LEGACY"} == known
        assert not list((self.directory / "META" / "PUBLISH").iterdir())
        assert not list(self.directory.rglob("*.new"))


def two_days(folder: Path) -> Site:
    """A site in `folder` with shards of two days: ann on October 17, bob on October 18, 2014."""
    site = Site(folder)
    site.log("a.log", event("ann") + event("bob", day="2014-10-18"))
    site.split()
    return site


def states(result: SplitResult) -> dict[str, str]:
    """What became of each raw log, by name."""
    return {file.path.name: file.state for file in result.files}
