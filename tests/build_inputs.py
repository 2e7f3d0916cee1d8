"""What builders in Python get, made by hand for their tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.table import BuildInputs, Instance, Piece
from edxtasks.warehouse.rows import Row


@dataclass(frozen=True)
class Rows:
    """Tables as lists of rows, all with the columns of their first one."""

    tables: Mapping[str, Iterable[Row] | None]

    def read(
        self, name: str, columns: Sequence[str] | None, course: CourseKey | None
    ) -> Iterator[Piece] | None:
        found = self.tables.get(name)
        if found is None:
            return None
        rows = iter(found)
        first = next(rows, None)
        names = tuple(columns or first or ())
        whole = itertools.chain([] if first is None else [first], rows)
        return iter([(names, (tuple(row.get(name) for name in names) for row in whole))])


def inputs(
    course: CourseKey | None,
    settings: Settings,
    files: Mapping[str, Path | None],
    scratch: Path,
    messages: Messages,
    tables: Mapping[str, Iterable[Row] | None] | None = None,
) -> BuildInputs:
    """The inputs of a build for a course (None: for the warehouse)."""
    return BuildInputs(
        settings, course, files=files, scratch=scratch, messages=messages, tables=Rows(tables or {})
    )


def built_by(
    module: ModuleType,
    course: CourseKey | None,
    settings: Settings,
    scratch: Path,
    messages: Messages,
    tables: Mapping[str, Iterable[Row] | None] | None = None,
) -> Any:
    """What the builder of the table of a module makes of the files that its `sources` name."""
    builder = module.TABLE.builder
    files = builder.sources(Instance(settings, course))
    return builder.build(inputs(course, settings, files, scratch, messages, tables))
