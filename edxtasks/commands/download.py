"""What `get_course_data` and `get_data` share: the forms of files, several tables in one, what is missing."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from edxtasks.build.downloads import (
    Extract,
    Source,
    Target,
    combine,
    extract,
    is_newer,
    missing,
    save,
    save_schema,
)
from edxtasks.build.exports import with_settings
from edxtasks.build.row_writers import PLAIN, RowFile
from edxtasks.commands.plain import DataCommand, Request, each
from edxtasks.config import Settings
from edxtasks.course import shorten
from edxtasks.errors import SettingsError
from edxtasks.printable import printable_path, quantity, say
from edxtasks.scratch import Scratch, scratch_of, use
from edxtasks.warehouse import open_warehouse
from edxtasks.warehouse.base import NAME, TableName
from edxtasks.warehouse.interface import Warehouse


def flag(name: str, help_text: str) -> dict[str, Any]:
    """An option that is on or off, in doit's form."""
    return {"name": name, "long": name.replace("_", "-"), "type": bool, "default": False, "help": help_text}


def text(name: str, help_text: str) -> dict[str, Any]:
    """An option with a value, in doit's form."""
    return {"name": name, "long": name.replace("_", "-"), "type": str, "default": "", "help": help_text}


class Warehouses:
    """The warehouses that tables are read from: one for each project that is named, and the usual one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.scratch: Scratch = use(scratch_of(settings))
        self._open: dict[str, Warehouse] = {}

    def of(self, project: str) -> Warehouse:
        """The warehouse of a project, "" for the usual one. The embedded engine has one."""
        key = project if self._settings.warehouse.engine == "bigquery" else ""
        if key not in self._open:
            settings = _in_project(self._settings, key) if key else self._settings
            self._open[key] = open_warehouse(settings, scratch=self.scratch)
        return self._open[key]

    def loading_through(self, project: str, bucket: str | None) -> Warehouse:
        """A warehouse that a table can be loaded into; on BigQuery through `bucket`."""
        if self._settings.warehouse.engine != "bigquery":
            return self.of(project)
        if bucket is None:
            raise SettingsError(
                "--combine-into-table loads through a bucket on BigQuery: name it, --output-bucket=gs://BUCKET"
            )
        settings = _in_project(self._settings, project) if project else self._settings
        storage = dataclasses.replace(settings.storage, gs_bucket=bucket)
        return open_warehouse(dataclasses.replace(settings, storage=storage), scratch=self.scratch)


def _in_project(settings: Settings, project: str) -> Settings:
    return dataclasses.replace(
        settings, warehouse=dataclasses.replace(settings.warehouse, project_id=project)
    )


def project_and_table(word: str) -> tuple[str, TableName]:
    """The project ("" where none is named) and table of a word `[PROJECT:]DATASET.TABLE`."""
    project, colon, rest = word.rpartition(":")
    dataset, _, table = rest.partition(".")
    if (colon and not project) or not NAME.fullmatch(dataset) or not NAME.fullmatch(table):
        raise SettingsError(f'"{shorten(word)}" is not a table: expected [PROJECT:]DATASET.TABLE')
    return checked_project(project), TableName(dataset, table)


def checked_project(project: str) -> str:
    """A project that was named; "" for none. It becomes part of file names."""
    if "/" in project or not project.isprintable():
        raise SettingsError(f'"{shorten(project)}" is no Google Cloud project')
    return project


class Download(DataCommand):
    """A command that writes tables to files of the current folder."""

    heeds: ClassVar[tuple[str, ...]] = ("output_bucket",)
    means: ClassVar[Mapping[str, str]] = {
        "output_bucket": "bucket that --combine-into-table loads through, on BigQuery"
    }
    cmd_options: ClassVar[tuple[dict[str, Any], ...]] = (
        flag("output_format_json", "JSON lines in place of CSV"),
        flag("gzip", "compress the files"),
        flag("skip_missing", "a table that is not there is no failure"),
        flag("only_if_newer", "leave a file alone that is newer than its table"),
        flag("just_get_schema", "write the columns of each table, not its rows"),
        text("combine_into", "one file for all tables"),
        text("combine_into_table", "load that file into the table [PROJECT:]DATASET.TABLE"),
        text("project_id", "Google Cloud project of the tables"),
    )

    @abstractmethod
    def sources(self, request: Request, warehouses: Warehouses) -> list[Source]:
        """The tables that are asked for."""

    def perform(self, request: Request) -> int:
        """Write the files, and say which."""
        options = request.options
        if options["combine_into_table"] and not options["combine_into"]:
            raise SettingsError("--combine-into-table needs --combine-into=FILE, which is what it loads")
        if options["combine_into"] and options["just_get_schema"]:
            raise SettingsError("--just-get-schema writes a file a table: --combine-into means nothing then")
        warehouses = Warehouses(request.settings)
        sources = self.sources(request, warehouses)
        if options["combine_into"]:
            return _combined(request, sources, warehouses)
        return each(sources, lambda source: _separate(request, source))


def _separate(request: Request, source: Source) -> None:
    options = request.options
    found = _found(source, options["skip_missing"])
    if found is None:
        return
    ending = "__schema.json" if options["just_get_schema"] else _ending(request)
    path = Path(f"{source.stem}{ending}")
    if _is_kept(request, path, [found]):
        return
    if options["just_get_schema"]:
        save_schema(found, path)
        say(f"{source}: its columns are in {printable_path(path)}")
        return
    form = with_settings(PLAIN, request.settings)
    rows = save(found, RowFile(path, options["output_format_json"], options["gzip"]), form)
    say(f"{source}: {quantity(rows, 'row')} in {printable_path(path)}")


def _ending(request: Request) -> str:
    kind = ".json" if request.options["output_format_json"] else ".csv"
    return f"{kind}.gz" if request.options["gzip"] else kind


def _combined(request: Request, sources: Sequence[Source], warehouses: Warehouses) -> int:
    options, path = request.options, Path(request.options["combine_into"])
    target = None
    if options["combine_into_table"]:
        project, name = project_and_table(options["combine_into_table"])
        bucket = request.settings.options.output_bucket
        target = Target(warehouses.loading_through(project, bucket), name, warehouses.scratch)
    extracts: list[Extract] = []

    def look(source: Source) -> None:
        found = _found(source, options["skip_missing"])
        extracts.extend([] if found is None else [found])

    status = each(sources, look)
    if status:
        say(f"{printable_path(path)} is not written")
        return status
    if not extracts:
        say(f"there is no table to combine: {printable_path(path)} is not written")
        return 0
    if target is None and _is_kept(request, path, extracts):
        return 0
    form = with_settings(PLAIN, request.settings)
    rows = combine(extracts, RowFile(path, options["output_format_json"], options["gzip"]), form, target)
    say(f"{quantity(rows, 'row')} of {quantity(len(extracts), 'table')} in {printable_path(path)}")
    if target is not None:
        say(f"{quantity(rows, 'row')} in the table {options['combine_into_table']}")
    return 0


def _found(source: Source, skip_missing: bool) -> Extract | None:
    found = extract(source)
    if found is None:
        if not skip_missing:
            raise missing(source)
        say(f"{missing(source)}: skipped")
    return found


def _is_kept(request: Request, path: Path, extracts: Sequence[Extract]) -> bool:
    if not (request.options["only_if_newer"] and is_newer(path, extracts)):
        return False
    say(f"{printable_path(path)} is newer than {'its table' if len(extracts) == 1 else 'its tables'}: kept")
    return True
