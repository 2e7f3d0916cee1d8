"""What `doit compare` compares: a table of ours, and a table or files of somebody else's."""

from __future__ import annotations

import dataclasses
import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.build.context import usual_report_dataset
from edxtasks.config import Settings
from edxtasks.course import CourseKey, shorten
from edxtasks.dumps.file_pieces import pieces, refuse_encrypted
from edxtasks.errors import InputError, SettingsError, UserError, nearest
from edxtasks.printable import listed_paths, printable_path
from edxtasks.scratch import Scratch
from edxtasks.table import REPORT, Scope, Table
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import NAME, BuildInfo, TableName
from edxtasks.warehouse.comparison import Side
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.duckdb_sql import paths_literal, read_parquet
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.warehouse.parquet.building import ROWS_IN_GROUP
from edxtasks.warehouse.schema import Schema

_PROJECT = re.compile(r"[a-z0-9.:-]+[:.](?=[A-Za-z0-9_]+\.[A-Za-z0-9_]+$)")
_CSV, _PARQUET = (".csv", ".csv.gz"), (".parquet",)
LONGEST_RECORDS = (1 << 24, 1 << 28)
"""Bytes of the longest record of a CSV file: first a small limit, which keeps the buffer small, and where a
record is longer, a large one."""
SHOWN_TEXT = frozenset(
    {
        "IRT_item_number",
        "category",
        "chapter_mid",
        "course_id",
        "grader",
        "item",
        "key",
        "module_id",
        "module_type",
        "problem_id",
        "problem_url_name",
        "resource_event_type",
        "slug_id",
        "source",
        "thread_id",
        "url_name",
        "usage_key",
        "video_id",
    }
)
"""Columns of text that hold no personal value, and may be shown. All other text counts as personal, since a
column that nobody thought of may hold a name."""

_INSTEAD = ("course_id", "user_id", "date", "time", "module_id", "problem_id")


@dataclass(frozen=True)
class Ours:
    """A table of ours: its name in the warehouse, and what the registry says of it (None: nothing)."""

    name: TableName
    declared: Table | None


def ours(word: str, registry: Mapping[str, Table], settings: Settings) -> Ours:
    """The table that a word names: `NAME:COURSE`, `report:NAME`, `courses.NAME`, or `DATASET.TABLE`.

    Raises `SettingsError` where it names none.
    """
    by_task = {table.task: table for table in registry.values()}
    base, colon, course = word.partition(":")
    if word in by_task:
        table = by_task[word]
        if table.scope is Scope.COURSE:
            raise SettingsError(f"{word}: of which course? Type {word}:ORG/NUMBER/RUN")
        dataset, _, name = table.name.partition(".")
        return Ours(TableName(_report_dataset(settings) if dataset == REPORT else dataset, name), table)
    if colon and base in by_task:
        key = CourseKey.find(course)
        if key is None:
            raise SettingsError(f'{base}: "{shorten(course)}" is no course key (ORG/NUMBER/RUN)')
        latest = "_latest" if settings.options.dataset_latest else ""
        return Ours(TableName(key.dataset + latest, by_task[base].name), by_task[base])
    dataset, dot, name = word.partition(".")
    if dot and NAME.fullmatch(dataset) and NAME.fullmatch(name):
        return Ours(TableName(dataset, name), _declared(dataset, name, registry))
    raise SettingsError(
        f'"{shorten(word)}" is no table (NAME:COURSE, report:NAME, DATASET.TABLE){nearest(base, by_task)}'
    )


def _report_dataset(settings: Settings) -> str:
    options = settings.options
    if options.output_dataset_id:
        return options.output_dataset_id
    if options.dataset_latest:
        return "course_report_latest"
    first = CourseKey.find(settings.course_id_list[0]) if settings.course_id_list else None
    organization = options.org or settings.org or (first.org if first else None)
    if organization is None:
        raise SettingsError("whose report? Say --org=ORGANIZATION, or the table as DATASET.TABLE")
    return usual_report_dataset(organization)


def _declared(dataset: str, name: str, registry: Mapping[str, Table]) -> Table | None:
    """What the registry says of a table that is named by its place."""
    for full in (f"{dataset}.{name}", f"{REPORT}.{name}"):
        if full in registry:
            return registry[full]
    table = registry.get(name)
    return table if table is not None and table.scope is Scope.COURSE else None


# Both sides, for DuckDB


class Sides:
    """Reads tables and files for one DuckDB; rows that are fetched from BigQuery lie in `folder`.

    `longest` is the longest record of a CSV file that can be read, in bytes.
    """

    def __init__(
        self, settings: Settings, warehouse: Warehouse, session: Session, folder: Path, longest: int
    ) -> None:
        self._longest = longest
        self._folder = folder
        self._settings = settings
        self._warehouse = warehouse
        self._session = session
        self._fetched = ParquetWarehouse(folder, session.share, Scratch((folder / "scratch",)))

    def of_ours(self, name: TableName) -> Side:
        """A table of the warehouse of the settings. Raises `UserError` where there is none."""
        return self._table(self._warehouse, name)

    def of_theirs(self, word: str, folder: Path) -> Side:
        """The table or the files that a word names; relative paths start at `folder`.

        A table is `DATASET.TABLE` of the warehouse of the settings, or `PROJECT:DATASET.TABLE` of BigQuery.
        Raises `UserError` where there is none, or it cannot be read.
        """
        files = _files(word, folder)
        if files:
            return self._of_files(files)
        project, name = _place(word)
        if name is None or _kind(Path(word)) is not None:
            raise InputError(f"{printable_path(word)}: no such file, and no table (PROJECT:DATASET.TABLE)")
        if project is None:
            return self._table(self._warehouse, name)
        place = dataclasses.replace(self._settings.warehouse, engine="bigquery", project_id=project)
        other = open_warehouse(dataclasses.replace(self._settings, warehouse=place))
        return self._table(other, name)

    def _table(self, warehouse: Warehouse, name: TableName) -> Side:
        if isinstance(warehouse, ParquetWarehouse):
            if name.table not in warehouse.states(name.dataset):
                raise UserError(f"{name} does not exist in {warehouse.where}")
            relation = warehouse.relation(name)
            return Side(relation, self._session.schema_of(relation))
        info = warehouse.info(name)
        if info is None:
            raise UserError(f"{name} does not exist in {warehouse.where}")
        names = info.schema.names
        rows = (dict(zip(names, row, strict=True)) for row in warehouse.read(name, names))
        place = TableName(f"side_{len(self._fetched.datasets())}", name.table)
        self._fetched.load(place, info.schema, rows, BuildInfo(stamp=""))
        return Side(self._fetched.relation(place), info.schema)

    def _of_files(self, files: Sequence[Path]) -> Side:
        kinds = {_kind(path) for path in files}
        if len(kinds) != 1 or None in kinds:
            raise InputError(f"{listed_paths(files)}: expected files of one kind, .csv, .csv.gz or .parquet")
        if _PARQUET in kinds:
            relation = read_parquet(files)
            return Side(relation, self._session.schema_of(relation))
        return self._of_text(files)

    def _of_text(self, files: Sequence[Path]) -> Side:
        """CSV files, written as Parquet once: the comparison reads a side twice. Compressed ones are inflated
        before, since DuckDB keeps all of such a file in memory."""
        names = sorted(self._folder.glob("text-*.parquet"))
        target = self._folder / f"text-{len(names)}.parquet"
        plain = [self._inflated(path, number) for number, path in enumerate(files)]
        relation = (
            f"SELECT * FROM read_csv({paths_literal(plain)}, header = true, all_varchar = true, delim = ',', "
            f"quote = '\"', escape = '\"', union_by_name = true, max_line_size = {self._longest}, "
            f"buffer_size = {2 * self._longest}, parallel = false, hive_partitioning = false)"
        )
        self._session.copy(relation, target, "{}", ROWS_IN_GROUP)
        for path in plain:
            if path.is_relative_to(self._folder):
                path.unlink()
        written = read_parquet([target])
        return Side(written, self._session.schema_of(written), is_text=True)

    def _inflated(self, path: Path, number: int) -> Path:
        if path.suffix != ".gz":
            refuse_encrypted(path)
            return path
        target = self._folder / f"inflated-{number}.csv"
        with target.open("wb") as file:
            for piece in pieces(path):
                file.write(piece)
        return target


def _files(word: str, folder: Path) -> list[Path]:
    path = folder / Path(word).expanduser()
    if path.is_file():
        return [path]
    found = sorted(Path(one) for one in glob.glob(str(path)))  # noqa: PTH207 -- a whole pattern
    return [one for one in found if one.is_file()]


def _place(word: str) -> tuple[str | None, TableName | None]:
    """Project and name of a table, as `PROJECT:DATASET.TABLE`, `PROJECT.DATASET.TABLE` or `DATASET.TABLE`."""
    match = _PROJECT.match(word)
    dataset, dot, name = word[match.end() if match else 0 :].partition(".")
    if not dot or not NAME.fullmatch(dataset) or not NAME.fullmatch(name):
        return None, None
    return (match[0][:-1] if match else None), TableName(dataset, name)


def _kind(path: Path) -> tuple[str, ...] | None:
    return next((kind for kind in (_CSV, _PARQUET) if path.name.lower().endswith(kind)), None)


def key_of(schema: Schema, declared: Table | None, named: str) -> tuple[str, ...] | None:
    """The columns that tell rows apart: those that were named, else those of the registry's table; None where
    there are none. Raises `SettingsError` for a column that the table has not."""
    if named:
        columns = {name.lower(): name for name in schema.names}
        words = [word.strip() for word in named.split(",") if word.strip()]
        for word in words:
            if word.lower() not in columns:
                raise SettingsError(
                    f'--key: the table has no column "{shorten(word)}"{nearest(word, schema.names)}'
                )
        return tuple(columns[word.lower()] for word in words)
    key = declared.key if declared is not None else None
    return key if key is not None and set(key) <= set(schema.names) else None


def shown_columns(schema: Schema, key: Sequence[str] | None) -> tuple[str, ...]:
    """The columns that tell which row an example is and that hold no personal value: of the key, and where
    that leaves something out also the number of the account; without a key some that most tables have."""

    def may_be_shown(name: str) -> bool:
        column = schema[name]
        return not column.repeated and (
            column.type in {"INTEGER", "DATE", "TIMESTAMP"}
            or (column.type == "STRING" and name in SHOWN_TEXT)
        )

    wanted = [*_INSTEAD] if key is None else list(key)
    if not all(map(may_be_shown, key or ())):
        wanted.append("user_id")
    return tuple(name for name in wanted if name in schema.names and may_be_shown(name))
