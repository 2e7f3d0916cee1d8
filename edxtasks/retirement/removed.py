"""What `retire` took away, and what it could not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from edxtasks.table import PythonModel, Table

SNAPSHOT = "snapshot"
"""Stamp of a table that is kept as it was at a moment."""


@dataclass(frozen=True)
class Made:
    """What a run makes again: names of tables, and of files that are written beside dumps."""

    tables: Collection[str]
    files: Collection[str]

    @classmethod
    def of(cls, registry: Mapping[str, Table]) -> Made:
        """That of all tables of a registry."""
        files = {name for table in registry.values() for name in table.files}
        for table in registry.values():
            if isinstance(table.builder, PythonModel):
                files |= set(table.builder.outputs)
        return cls({table.name.rpartition(".")[2] for table in registry.values()}, files)

    def is_made_again(self, table: str, stamp: str | None) -> bool:
        """Whether a run makes a table again, by its name and stamp."""
        return (table in self.tables or table.startswith("tracklog_")) and stamp != SNAPSHOT


@dataclass
class Removed:
    """What went: counts, tables and files by name. `left` is what could not be cleaned here, with the
    reason."""

    rows: int = 0
    records: int = 0
    mentions: int = 0
    rejects: int = 0
    lines: int = 0
    tables: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    unpublished: list[str] = field(default_factory=list)
    originals: list[str] = field(default_factory=list)

    def left_after(self, looked: Removed) -> dict[str, str]:
        """What is left when a look afterwards `looked` through the same places: the reasons are those of the
        cleaning, where it met the same thing. What was met on the way and is clean by now is not left."""
        return {what: self.left.get(what, reason) for what, reason in looked.left.items()}

    def record(self) -> dict[str, object]:
        """What the list keeps of it, which names nobody."""
        counts = {name: getattr(self, name) for name in ("rows", "records", "mentions", "rejects", "lines")}
        return {**counts, "tables": self.tables, "files": len(self.files), "left": len(self.left)}
