"""What the registry says of a table, once, for everybody: graph, engines, data dictionary, tests."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.course import CourseKey
from edxtasks.notes import Notes
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema

REPORT = "report"
"""Before the dot in the name of a table of the report dataset, as a query writes it; its task is
`report:NAME`."""

TRACKLOG = "tracklog"
"""The logical name of all log days of a course; the tables behind it are `tracklog_YYYYMMDD`."""


_ONE_ROW = "one row"
_WORDS = frozenset({"event", "document", "log line"})
"""Grains in words that a column may be called by, too: such a table has no key."""

_ORDER = re.compile(r"\s*\((?:file|input) order\)$")
"""Behind the columns of a grain: in which order the rows come."""


class Scope(enum.Enum):
    """What there is one instance of a table for."""

    COURSE = "course"
    GROUP = "group"  # the chosen courses of a report
    WAREHOUSE = "warehouse"


class Need(enum.Enum):
    """How a table needs an input.

    REQUIRED: without it there is no table. OPTIONAL: built first where its own sources exist; absent, its
    columns are NULL or 0. BORROWED: read as it stands, never built on this table's account.
    """

    REQUIRED = "required"
    OPTIONAL = "optional"
    BORROWED = "borrowed"


ALL_EARLIER = timedelta.max
"""Look-back of a table whose dates depend on all events before them."""


@dataclass(frozen=True)
class LoadedFrom:
    """A table loaded from files: which files, and the function that turns them into rows.

    `sources(course, settings)` names the files (None: an optional one that is not there) and raises
    `SourceAbsent` where the table has nothing to be made from, `InputError` where something must be there.
    `build(course, settings, sources, scratch, notes)` gives the content. `version` is raised whenever the
    rows change for the same files; `settings` are the names of settings that change the rows, `outputs` the
    files that are written beside. `own_columns`: the rows have more columns than the schema says.
    `never_empty`: no rows are no result, whatever the files are: the build fails and the old table stays.
    `published`: sources that are copied to the storage as they are, with their names there, endings left out;
    `published_outputs`: those of `outputs` that are copied to the course's folder there.
    """

    sources: Callable[[CourseKey, Settings], Mapping[str, Path | None]]
    build: Callable[[CourseKey, Settings, dict[str, Path | None], Path, Notes], Content]
    version: int
    settings: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    own_columns: bool = False
    never_empty: bool = False
    published: Mapping[str, str] = field(default_factory=dict)
    published_outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComputedFrom:
    """A derived table that SQL cannot say: a function over rows of other tables, and files.

    `build(course, settings, sources, tables, scratch, notes)` gets each input table as an iterator of rows
    (dict by column), None where it is absent; the inputs themselves stand in the declaration of the table.
    `accumulates`: it also gets its own rows as they stand, under its own name; they are no input, and no
    part of its stamp.
    """

    build: Callable[
        [CourseKey, Settings, dict[str, Path | None], Mapping[str, Iterator[Row] | None], Path, Notes],
        Content,
    ]
    version: int
    sources: Callable[[CourseKey, Settings], Mapping[str, Path | None]] | None = None
    settings: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    accumulates: bool = False


@dataclass(frozen=True)
class SelectedBy:
    """A table made by a query: its GoogleSQL, and the digest of what the query says.

    `settings` are the names of settings whose change makes the table anew; `file` is the model, for messages.
    """

    sql: str
    recipe: str
    parameters: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class AwaitedFrom:
    """A table that this version of the product does not make, but reads where it exists."""


@dataclass(frozen=True)
class Table:
    """One table of the registry.

    `name` is as a query writes it: `NAME` of the same course, `courses.NAME`, `report.NAME`. `files` are the
    names of the files that are written from its rows (`exports.py`). `checks` are conditions that its rows
    keep: each build looks at them, and they are no part of its stamp. `fault` is what is wrong with its
    model, for people: such a table keeps its name and command, has neither columns nor inputs, and its task
    fails.
    """

    name: str
    command: str
    schema: Schema
    made: LoadedFrom | ComputedFrom | SelectedBy | AwaitedFrom
    description: str = ""
    scope: Scope = Scope.COURSE
    grain: str = ""
    inputs: Mapping[str, Need] = field(default_factory=dict)
    partition: str | None = None
    lookback: timedelta = timedelta(0)
    internal: bool = False
    files: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    fault: str = ""

    @property
    def key(self) -> tuple[str, ...] | None:
        """The columns of the grain, of which no two rows have the same values.

        () for a table of one row; None where the grain is told in words: event, document.
        """
        if self.grain == _ONE_ROW:
            return ()
        if self.grain in _WORDS:
            return None
        columns = {name.lower(): name for name in self.schema.names}
        names = [name.strip().lower() for name in _ORDER.sub("", self.grain).split(",")]
        return tuple(columns[name] for name in names) if set(names) <= set(columns) else None

    @property
    def task(self) -> str:
        """What people call it, and its task: `report:NAME` of the report dataset, else its name."""
        dataset, dot, name = self.name.partition(".")
        return f"{dataset}:{name}" if dot and dataset == REPORT else self.name

    @property
    def awaited(self) -> bool:
        """Whether nothing here makes it."""
        return isinstance(self.made, AwaitedFrom)
