"""How a table says what it is, once, for everybody: graph, engines, data dictionary, tests.

A table is one file below `edxtasks/tables/AREA/`: a model `NAME.sql`, whose header says what stands here,
or a module `NAME.py` with a `TABLE`. Name and dataset come from the file's place, the description from the
first line of its docstring. No other file names the table.
"""

from __future__ import annotations

import enum
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from edxtasks.config import Options, Settings
from edxtasks.course import CourseKey
from edxtasks.messages import Messages
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.rows import Content, Row
from edxtasks.warehouse.schema import Schema

REPORT = "report"
"""Before the dot in the name of a table of the report dataset, as a query writes it; its task is
`report:NAME`."""

SHARED = "courses"
"""Before the dot in the name of a table that is made over courses and read by each of them."""

DATASETS = frozenset({SHARED, "geocode", REPORT})
"""The datasets that are none of a course: folders of tables with these names."""

TRACKLOG = "tracklog"
"""The logical name of all log days of a course; the tables behind it are `tracklog_YYYYMMDD`."""


ORGANIZATION = "organization"
"""What a table may be made for each of (`for_each`)."""

_ORG = "_ORG"

_ONE_ROW = "one row"
_WORDS = frozenset({"event", "document", "log line"})
"""Grains in words that a column may be called by, too: such a table has no key."""

_NAME = re.compile(r"\w+")
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


# What a builder in Python gets


@dataclass(frozen=True)
class Instance:
    """What one table is made for: the settings of the run, its chosen courses, and of a table of a course
    that one (`only`, None for all others)."""

    settings: Settings
    only: CourseKey | None = None
    courses: tuple[CourseKey, ...] = ()

    @property
    def course(self) -> CourseKey:
        """The course of a table of a course. Raises `LookupError` for a table that is none."""
        if self.only is None:
            raise LookupError("a table over courses, or of the warehouse, has no course of its own")
        return self.only


Piece = tuple[tuple[str, ...], Iterator[tuple[object, ...]]]
"""Names of columns, and rows with a value for each."""


class TableReader(Protocol):
    """The tables of a run, as a builder reads them."""

    def read(
        self, name: str, columns: Sequence[str] | None, course: CourseKey | None
    ) -> Iterator[Piece] | None:
        """An input, with these columns (None: all that it has); None where it does not exist.

        `course`: of one course alone; else of the course that the table is made for, or a piece for each of
        the chosen courses that has it.
        """


@dataclass(frozen=True)
class BuildInputs(Instance):
    """What a builder in Python makes a table from.

    `files` are what its `sources` named. What is put into `scratch` is gone after the build; what people
    should know goes into `messages`. `lacking` takes what could not be had this time and may be had the next,
    in words for people, before the builder returns: the table is made of the rest, and again in the next run.
    """

    files: Mapping[str, Path | None] = field(default_factory=dict)
    scratch: Path = Path()
    messages: Messages = field(default_factory=Messages)
    lacking: list[str] = field(default_factory=list)
    tables: TableReader | None = None

    def file(self, label: str) -> Path:
        """A file that must be there. Raises `LookupError` where `sources` let it be absent."""
        path = self.files[label]
        if path is None:
            raise LookupError(f"{label} is absent, and the builder needs it")
        return path

    def rows(self, name: str, course: CourseKey | None = None) -> Iterator[Row] | None:
        """The rows of an input, by column name; None where it does not exist.

        For a table over courses those of all chosen courses one after the other, or of `course` alone. The
        columns are those that it declares, None where the table in the warehouse has not one, and what that
        has besides.
        """
        found = self.tables.read(name, None, course) if self.tables is not None else None
        if found is None:
            return None
        return (dict(zip(names, row, strict=True)) for names, values in found for row in values)

    def batches(
        self, name: str, columns: Sequence[str], size: int = 65_536, course: CourseKey | None = None
    ) -> Iterator[list[tuple[object, ...]]] | None:
        """As `rows`, for large tables: lists of up to `size` rows, each a tuple of these columns, None where
        a table has not the column."""
        found = self.tables.read(name, columns, course) if self.tables is not None else None
        if found is None:
            return None
        return _batches(itertools.chain.from_iterable(values for _, values in found), size)


def _batches(values: Iterator[tuple[object, ...]], size: int) -> Iterator[list[tuple[object, ...]]]:
    while batch := list(itertools.islice(values, size)):
        yield batch


# What makes a table


@dataclass(frozen=True)
class SqlModel:
    """A table made by a query: its GoogleSQL, and the digest of what the query says.

    `settings` are the names of settings whose change rebuilds the table; `file` is the model, for messages.
    """

    sql: str
    recipe: str
    parameters: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    file: Path | None = None


@dataclass(frozen=True)
class PythonModel:
    """A table made by a function: from files, or from other tables where SQL cannot say it, or from both.

    `build` gives the rows. `version` is raised whenever the rows change for the same inputs. `sources` names
    the files (None: an optional one that is not there) and raises `SourceAbsentError` where the table has
    nothing to be made from, `InputError` where something must be there. The tables that it reads are the
    `inputs` of the table.

    `reads` says what the graph tells of these files, and how each is needed: `file:NAME` in the course's
    directory of the dump, `setting:NAME` for a setting, or the file that it names. `settings`: names of
    settings that change the rows. `marks` gives what else these hang on, by name, as a stamp may hold it: of
    a secret what tells it from others, and nothing more; it raises `UserError` where the table cannot be
    made. `outputs`: files that are written beside the sources, `{course}` in a name is ORG__NUMBER__RUN.
    `own_columns`: the rows may have more columns than the schema says. `never_empty`: no rows are no result,
    whatever the files are: the build fails and the old table stays. `published`: sources that are copied to
    the storage as they are, with their names there, endings left out; `published_outputs`: those of `outputs`
    that are copied to the course's folder there.
    `accumulates`: it may also read its own rows as they stand, under its own name; they are no
    input, and no part of its stamp.
    """

    version: int
    build: Callable[[BuildInputs], Content]
    sources: Callable[[Instance], Mapping[str, Path | None]] | None = None
    reads: Mapping[str, Need] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    marks: Callable[[Instance], Mapping[str, str]] | None = None
    outputs: tuple[str, ...] = ()
    own_columns: bool = False
    never_empty: bool = False
    published: Mapping[str, str] = field(default_factory=dict)
    published_outputs: tuple[str, ...] = ()
    accumulates: bool = False


@dataclass(frozen=True)
class External:
    """A table that nothing here makes: it is read where it exists.

    `only_named`: it is there only where an option or setting names a table, or a file, to be read in its
    place; the name itself is not a table of the warehouse.
    """

    only_named: bool = False


# What a table says of itself


@dataclass(frozen=True)
class Command:
    """A command of the command line that makes a table, always or while an option holds (`option` set, or
    not set where `unless`)."""

    name: str
    option: str = ""
    unless: bool = False

    def holds(self, options: Options) -> bool:
        """Whether the command makes the table with these options."""
        return not self.option or bool(getattr(options, self.option)) is not self.unless


_COMMAND = re.compile(r"([A-Za-z_]\w*)(?: (when|unless) ([a-z_]+))?")


@functools.cache
def commands_in(text: str) -> tuple[Command, ...]:
    """The commands of a header, with commas between: `NAME`, `NAME when OPTION`, `NAME unless OPTION`.

    Raises `ValueError` where the text has another form or an option is none.
    """
    found = []
    for part in split_list(text):
        match = _COMMAND.fullmatch(part)
        if match is None:
            raise ValueError(
                "the command in the header is expected to be one word of letters, digits and _, with or "
                f'without "when OPTION" or "unless OPTION" behind it; found "{part}"'
            )
        found.append(Command(match[1], match[3] or "", match[2] == "unless"))
    return tuple(found)


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list that is written with commas."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


@dataclass(frozen=True)
class FactLine:
    """A line with numbers in it (`{NAME}`); left out where the number `when` is 0 or NULL."""

    text: str
    when: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Facts:
    """What is said of a table of a course after its build (`build/fact_lines.py`): lines with numbers of the
    one row that a query gives."""

    sql: str
    lines: tuple[FactLine, ...]


@dataclass(frozen=True)
class Table:
    """One table of the registry.

    `name` is as a query writes it: `NAME` of the same course, `courses.NAME`, `report.NAME`. `command` names
    the commands that make it, `sets` the sets of tables that it is part of (`build/sets.py`).

    `steps` are the names of the steps of its command that it belongs to, for `only_step`; one may be a number
    and a name (`10 email_addresses`), either of which names it. `on_request`: it is made by its command only
    where `only_step` names a step of it.

    `excluded_by` are options that leave it out: no set has it, and whoever is not left out by the same option
    reads it as if it did not exist. `forced_by` are options that rebuild it; a run that asks for such
    tables alone takes all others as they stand. `required_when_named`: to name it, or its command, where
    there is nothing to make it from is an error, not a table that is left out.

    `may_be_empty`: that it has no rows is no sign of a fault, also where its inputs have some; nor is it
    where one of them has at most `empty_up_to` rows.

    `replaceable`: inputs in whose place an option or setting names another table (`build/overrides.py`), and
    `written` how the builder writes the name of an input that was so replaced, by the name of what is read;
    `named` by the same name the words of the person who named it.
    `from_files`: a file of each course from which the table is made instead, while the option holds.

    `constants` are numbers that its query has as parameters; `lookback_by` is the one that says how far it
    looks back, and its unit. `variant` is an option with which the table is made once more under another
    name, with other constants (`build/variants.py`).

    `stands_with` are options with which it is read as it stands.

    `declared` is the name of the table in whose place an option or setting puts this one; "" where its file
    has its name.

    `for_each`: `organization` where there is one such table for each organization of the chosen courses, made
    from its courses alone; the name ends in `_ORG`, which stands for it, also in steps and files. The
    registry of a run has these tables in its place, each with its `organization` as datasets are named.

    `files` are the names of the files that are written from its rows, `files_when` the setting without which
    none is, `file_form` how these spell what they
    spell otherwise by default (`build/exports.py`), `snapshot` the setting with which each build is kept as a
    copy. `checks` are conditions that its rows keep: each build looks at them, and they are no part of its
    stamp; nor are `facts`, what is said of it after a build. `fault` is what is wrong with its declaration,
    for people: such a table keeps its name and command, has neither columns nor inputs, and its task fails.
    """

    name: str = ""
    command: str = ""
    schema: Schema = field(default_factory=lambda: Schema(()))
    builder: SqlModel | PythonModel | External = field(default_factory=External)
    description: str = ""
    scope: Scope = Scope.COURSE
    grain: str = ""
    inputs: Mapping[str, Need] = field(default_factory=dict)
    partition: str | None = None
    lookback: timedelta = timedelta(0)
    lookback_by: tuple[str, timedelta] | None = None
    constants: Mapping[str, int] = field(default_factory=dict)
    variant: str = ""
    internal: bool = False
    declared: str = ""
    for_each: str = ""
    organization: str = ""
    files: tuple[str, ...] = ()
    files_when: str = ""
    file_form: str = ""
    snapshot: str = ""
    sets: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    on_request: bool = False
    excluded_by: tuple[str, ...] = ()
    forced_by: tuple[str, ...] = ()
    stands_with: tuple[str, ...] = ()
    required_when_named: bool = False
    may_be_empty: bool = False
    empty_up_to: int = 0
    replaceable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    from_files: tuple[str, str] | None = None
    checks: tuple[Check, ...] = ()
    facts: Facts | None = None
    fault: str = ""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that make it; the first is the one that it is told with."""
        return commands_in(self.command)

    @property
    def key(self) -> tuple[str, ...] | None:
        """The columns of the grain, of which no two rows have the same values.

        () for a table of one row; None where the grain is told in words: event, document.
        """
        if self.grain == _ONE_ROW:
            return ()
        columns = {name.lower(): name for name in self.schema.names}
        names = [name.lower() for name in self.grain_names]
        return tuple(columns[name] for name in names) if names and set(names) <= set(columns) else None

    @property
    def grain_names(self) -> tuple[str, ...]:
        """The names that the grain lists; () where it is `one row`, or told in words that are no names."""
        if self.grain == _ONE_ROW or self.grain in _WORDS:
            return ()
        names = tuple(name.strip() for name in _ORDER.sub("", self.grain).split(","))
        return names if all(_NAME.fullmatch(name) for name in names) else ()

    @property
    def task(self) -> str:
        """What people call it, and its task: `report:NAME` of the report dataset, else its name."""
        dataset, dot, name = self.name.partition(".")
        return f"{dataset}:{name}" if dot and dataset == REPORT else self.name

    def of_organization(self, organization: str) -> Table:
        """The table of one organization, of a table that there is for each (`for_each`)."""

        def filled(text: str) -> str:
            return text.replace(_ORG, f"_{organization}")

        return replace(
            self,
            name=filled(self.name),
            steps=tuple(map(filled, self.steps)),
            files=tuple(map(filled, self.files)),
            declared=self.name,
            for_each="",
            organization=organization,
        )

    @property
    def reads_files(self) -> bool:
        """Whether it is made from files."""
        return isinstance(self.builder, PythonModel) and self.builder.sources is not None

    @property
    def writes_beside(self) -> bool:
        """Whether files are written beside those that it is made from."""
        return isinstance(self.builder, PythonModel) and bool(self.builder.outputs)

    @property
    def external(self) -> bool:
        """Whether nothing here makes it."""
        return isinstance(self.builder, External)


def name_at(path: Path) -> str:
    """The name of the table that a file declares: `DATASET.STEM` in the folder of a dataset, else `STEM`."""
    folder = path.parent.name
    return f"{folder}.{path.stem}" if folder in DATASETS else path.stem
