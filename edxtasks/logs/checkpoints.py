"""Checkpoints: what is known of every raw log that was split, one JSON file each in META.

The checkpoint of a source is written last, by rename, after every part it names is complete: it alone
says that a raw log was split. A summary of all checkpoints is kept beside them, so that asking "is there
anything to do" does not read every one; it is only a cache.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from edxtasks.logs.layout import Layout, json_text, short_hash, write_durably
from edxtasks.logs.parts import Part
from edxtasks.logs.source_keys import base_key, location_of_text, path_text, place_of

FORMAT = "edxtasks source 1"
LISTED_KEYS = 1000
"""Most distinct names of unknown keys that a checkpoint lists."""

_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")


@dataclass(frozen=True)
class Checkpoint:
    """One split raw log.

    `key` names the source; `order` is its place within a shard; `path` (from the log directory, so that a
    project may move) and `size` are the file's as it was read, `digest` that of its content as delivered.
    `complete` is False when only a readable part of a broken file was taken (`message` says why).
    lines = blank + rows + rejects + retired (lines of retired learners).
    `folder` is the folder of its parts within PARTS.
    """

    key: str
    order: tuple[str, str]
    path: str
    size: int
    digest: str
    rules: dict[str, Any]
    complete: bool
    started: str
    ended: str
    lines: int
    blank: int
    rows: int
    rejects: dict[str, int]
    bad_utf8: int
    unknown_keys: dict[str, int]
    wrong_types: dict[str, int]
    folder: str
    parts: tuple[Part, ...]
    message: str = ""
    retired: int = 0
    trailer: int = 0
    """Bytes after the end of the compressed data."""
    text_digest: str = ""
    """The digest of the uncompressed content; "" when only a part could be read, or where an older version
    split it."""
    sketch: str = ""
    """The least digests of its lines (`sketches`)."""
    others: dict[str, str] = field(default_factory=dict)
    """Other files with the same uncompressed content, which are left out: digest as delivered, and path."""

    def shards(self) -> dict[str, list[str]]:
        """The days that it feeds, by bucket."""
        found: dict[str, list[str]] = {}
        for part in self.parts:
            found.setdefault(part.bucket, []).append(part.day)
        return found

    def write(self, layout: Layout) -> None:
        """Put it into META."""
        write_durably(layout.checkpoint(self.key), json_text({"format": FORMAT, **vars(self)}))


def read_checkpoint(layout: Layout, key: str) -> Checkpoint | None:
    """The checkpoint of a source; None when there is none that can be read."""
    return _parse(layout.checkpoint(key))


def all_checkpoints(layout: Layout) -> Iterator[Checkpoint]:
    """The checkpoints of all sources, ordered by name; those that cannot be read are left out."""
    for name in _marks(layout.meta):
        checkpoint = _parse(layout.meta / name)
        if checkpoint is not None and layout.checkpoint(checkpoint.key).name == name:
            yield checkpoint


def _parse(path: Path) -> Checkpoint | None:
    form = _load(path)
    if form is None or form.pop("format", None) != FORMAT:
        return None
    try:
        form["order"] = tuple(form["order"])
        form["parts"] = tuple(Part(**part) for part in form["parts"])
        return Checkpoint(**form)
    except (TypeError, KeyError):
        return None


@dataclass(frozen=True)
class Failure:
    """The last try of a raw log, which failed: why, and which days by bucket it is known to feed."""

    key: str
    path: str
    when: str
    message: str
    shards: dict[str, list[str]]

    def write(self, layout: Layout) -> None:
        """Put it into META, in place of an earlier one."""
        write_durably(layout.failures / f"{self.key}.json", json_text(vars(self)))


def read_failures(layout: Layout) -> dict[str, Failure]:
    """The raw logs whose last try failed, by key."""
    found: dict[str, Failure] = {}
    for name, form in _forms(layout.failures):
        try:
            found[name] = Failure(**form)
        except TypeError:
            continue
    return found


def remove_failure(layout: Layout, key: str) -> None:
    """Forget that a raw log failed."""
    (layout.failures / f"{key}.json").unlink(missing_ok=True)


Shards = dict[str, set[str]]
"""Days (YYYY-MM-DD) by bucket."""


def merged(*several: Mapping[str, Iterable[str]]) -> Shards:
    """All days of all of them, by bucket."""
    found: Shards = {}
    for shards in several:
        for bucket, days in shards.items():
            found.setdefault(bucket, set()).update(days)
    return found


def add_outstanding(layout: Layout, key: str, shards: Mapping[str, Iterable[str]]) -> None:
    """Note, before a checkpoint changes, which shards have then to be rebuilt; adds to an earlier note."""
    set_outstanding(layout, key, merged(shards, _load(layout.outstanding / f"{key}.json") or {}))


def set_outstanding(layout: Layout, key: str, shards: Mapping[str, Iterable[str]]) -> None:
    """Replace the note of the shards that a source has still to be brought into; none: remove it."""
    path = layout.outstanding / f"{key}.json"
    if not shards:
        path.unlink(missing_ok=True)
        return
    write_durably(path, json_text({bucket: sorted(days) for bucket, days in sorted(shards.items())}))


def read_outstanding(layout: Layout) -> dict[str, Shards]:
    """The shards that have still to be rebuilt, by the key of the source that changed."""
    return {name: merged(form) for name, form in _forms(layout.outstanding)}


@dataclass(frozen=True)
class Summary:
    """Of a checkpoint, what decides whether there is anything to do."""

    key: str
    order: tuple[str, str]
    path: str
    digest: str
    rules: dict[str, Any]
    complete: bool
    folder: str
    text_digest: str = ""
    others: dict[str, str] = field(default_factory=dict)

    @property
    def contents(self) -> set[str]:
        """The digests by which the same content is known, as delivered and uncompressed."""
        return {self.digest, self.text_digest, *self.others} - {""}

    @property
    def location(self) -> str:
        """What makes a raw log the same source again: its folder, and its name without `.gz` etc."""
        return location_of_text(self.path)


_Mark = tuple[int, ...]


@dataclass
class Sources:
    """All sources of a log directory.

    `unknown_keys` are the names of all unknown keys seen so far.
    """

    layout: Layout
    by_key: dict[str, Summary] = field(default_factory=dict)
    unknown_keys: set[str] = field(default_factory=set)
    _by_location: dict[str, str] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _folders: dict[Path, str] = field(default_factory=dict)
    _read: dict[str, _Mark] = field(default_factory=dict)
    """Of the checkpoints that were taken in, by key. A run may be ended when one is written and not taken in:
    the cache must not take what was known before for its content."""

    @classmethod
    def read(cls, layout: Layout) -> Sources:
        """From the checkpoints; those that the cache knows are not opened."""
        sources = cls(layout)
        cached, sources.unknown_keys = _read_cache(layout.index)
        for name, mark in _marks(layout.meta).items():
            known = cached.get(name)
            if known is not None and known[0] == mark:
                sources._learn(known[1], mark)
                continue
            checkpoint = _parse(layout.meta / name)
            if checkpoint is not None and layout.checkpoint(checkpoint.key).name == name:
                sources.unknown_keys.update(checkpoint.unknown_keys)
                sources._learn(_summary(checkpoint), mark)
        for failure in read_failures(layout).values():
            sources._by_location.setdefault(location_of_text(failure.path), failure.key)
            sources._used.add(failure.key.casefold())
        return sources

    def save(self) -> None:
        """Write the cache."""
        form = {
            "sources": {
                self.layout.checkpoint(key).name: [self._read[key], summary]
                for key, summary in sorted(self.by_key.items())
            },
            "unknown_keys": sorted(self.unknown_keys),
        }
        with contextlib.suppress(OSError):  # only a cache; a full disk has been told by then
            write_durably(self.layout.index, orjson.dumps(form))

    def put(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint in that was written, in place of an earlier one of its key."""
        self._learn(_summary(checkpoint), _mark(self.layout.checkpoint(checkpoint.key).stat()))

    def remove(self, key: str) -> None:
        """Take a source out."""
        summary = self.by_key.pop(key)
        self._by_location.pop(summary.location, None)

    def by_digest(self) -> dict[str, str]:
        """The keys of sources by the digests of their content."""
        ordered = sorted(self.by_key.values(), key=lambda source: source.order)
        return {digest: source.key for source in ordered for digest in source.contents}

    def same_text(self, key: str, text_digest: str) -> str | None:
        """Another source than `key` with this uncompressed content."""
        return next(
            (one.key for one in self.by_key.values() if one.key != key and text_digest in one.contents), None
        )

    def comes_first(self, summary: Summary, order: tuple[str, str]) -> bool:
        """Whether a source stays when a raw log of this order has its content in another form: where its own
        file was moved it keeps its place, else the first in order stays, whichever was split first."""
        return summary.order <= order or not os.path.lexists(self.file_of(summary))

    def claim(self, path: Path, keep_directory: bool) -> tuple[str, tuple[str, str]]:
        """Key and order of a raw log: those it has, or new ones.

        A raw log in the folder and of the name of an earlier one is that source. A new one whose key
        another source has gets a hash of its folder added.
        """
        location = self._location(path)
        known = self._by_location.get(location)
        if known is not None and known in self.by_key:
            return known, self.by_key[known].order
        base = base_key(path, keep_directory)
        folder = short_hash(str(Path(location).parent), 16)
        key, digits = known or base, 8
        while known is None and key.casefold() in self._used:
            key = f"{base}~{folder[:digits]}" if digits <= 16 else f"{base}~{short_hash(location, digits)}"
            digits += 8
        self._by_location[location] = key
        self._used.add(key.casefold())
        return key, (base, folder)

    def file_of(self, summary: Summary) -> Path:
        """Where the raw log of a source lay when it was read."""
        path = os.path.normpath(self.layout.root.resolve() / summary.path)
        if "\\x" in path and not Path(path).exists():  # bytes that are no UTF-8: see `printable_path`
            path = os.fsdecode(_ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), os.fsencode(path)))
        return Path(path)

    def _location(self, path: Path) -> str:
        if path.parent not in self._folders:
            self._folders[path.parent] = place_of(path.parent / "_", self.layout.root).removesuffix("/_")
        return location_of_text(f"{self._folders[path.parent]}/{path_text(Path(path.name))}")

    def _learn(self, summary: Summary, mark: _Mark) -> None:
        self.by_key[summary.key] = summary
        self._read[summary.key] = mark
        self._by_location[summary.location] = summary.key
        self._used.add(summary.key.casefold())


def _summary(checkpoint: Checkpoint) -> Summary:
    names = [f.name for f in dataclasses.fields(Summary)]
    return Summary(**{name: getattr(checkpoint, name) for name in names})


def _marks(meta: Path) -> dict[str, _Mark]:
    if not meta.is_dir():
        return {}
    found: dict[str, _Mark] = {}
    with os.scandir(meta) as entries:
        for entry in entries:
            if entry.name.endswith(".json") and not entry.name.startswith(".") and entry.is_file():
                found[entry.name] = _mark(entry.stat())
    return dict(sorted(found.items()))


def _mark(status: os.stat_result) -> _Mark:
    return status.st_size, status.st_mtime_ns, status.st_ino


def _read_cache(path: Path) -> tuple[dict[str, tuple[_Mark, Summary]], set[str]]:
    form = _load(path) or {}
    try:
        sources = {
            name: (tuple(mark or ()), Summary(**{**summary, "order": tuple(summary["order"])}))
            for name, (mark, summary) in form["sources"].items()
        }
        return sources, set(form["unknown_keys"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}, set()  # only a cache


def _forms(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """The JSON objects in a folder, by name without `.json`, ordered."""
    if not folder.is_dir():
        return []
    paths = sorted(p for p in folder.iterdir() if p.suffix == ".json" and not p.name.startswith("."))
    return [(path.name.removesuffix(".json"), form) for path in paths if (form := _load(path)) is not None]


def _load(path: Path) -> dict[str, Any] | None:
    try:
        form = orjson.loads(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError, orjson.JSONDecodeError):
        return None
    return form if isinstance(form, dict) else None
