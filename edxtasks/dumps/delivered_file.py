"""From one delivered table straight to the rows of one table of the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edxtasks.directories import sql_directory
from edxtasks.dumps.reader import COURSE_ID, DeliveredTable, Field, named
from edxtasks.dumps.row_files import write_json_lines
from edxtasks.dumps.sources import required_file
from edxtasks.errors import SourceAbsentError
from edxtasks.table import BuildInputs, Instance, Need, PythonModel
from edxtasks.warehouse.rows import Content, JsonLines
from edxtasks.warehouse.schema import Schema


@dataclass(frozen=True)
class DeliveredFile:
    """The delivered table `source` of the course's SQL directory, and what is made of it.

    Each column of `schema` is read from the delivered column of its name, by its type, or as `kinds` says
    (see `dumps.reader`); `course_id` is a course key. `key` and `needed` are columns that must be delivered.
    `escaped_breaks`: see `DeliveredTable`.
    """

    source: str
    schema: Schema
    key: str
    needed: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    escaped_breaks: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """What is read: a field for each column."""
        kinds = {"course_id": COURSE_ID, **self.kinds}
        return tuple(Field(one.name, kinds.get(one.name, one.type)) for one in self.schema)

    def model(
        self,
        version: int,
        build: Callable[[BuildInputs], Content] | None = None,
        outputs: tuple[str, ...] = (),
    ) -> PythonModel:
        """The builder of a table with its rows as they are delivered, or as `build` makes them of these."""
        reads = {f"file:{self.source}.csv": Need.REQUIRED}
        return PythonModel(version, build or self.build, self.sources, reads, outputs=outputs)

    def sources(self, of: Instance) -> dict[str, Path | None]:
        """The file; raises `SourceAbsentError` when it was not delivered."""
        return {self.source: required_file(sql_directory(of.course, of.settings), self.source)}

    def build(self, inputs: BuildInputs) -> JsonLines:
        """The rows as JSON lines in `scratch`, in the order of the file.

        Raises `InputError` when the file is broken, a needed column is missing, or too many records are bad.
        """
        return self.written(inputs, self.rows(inputs))

    def written(self, inputs: BuildInputs, rows: Iterator[dict[str, object]]) -> JsonLines:
        """Rows as JSON lines in `scratch`."""
        target = inputs.scratch / f"{self.source}.json.gz"
        write_json_lines(target, rows)
        return JsonLines((target,))

    def rows(self, inputs: BuildInputs) -> Iterator[dict[str, object]]:
        """The rows as dictionaries by column name. Every row has a `course_id`, also when it was not
        delivered. Raises as `build`, and `SourceAbsentError` when there is no file, or nothing in it."""
        path = inputs.files[self.source]
        if path is None:
            raise SourceAbsentError("the source was not delivered")
        delivered = DeliveredTable(
            path,
            inputs.messages,
            course=inputs.course,
            escaped_breaks=self.escaped_breaks,
            max_bad_fraction=inputs.settings.max_bad_fraction,
        )
        if not delivered.header:
            raise SourceAbsentError(f"{path.name} was delivered empty")
        for row in named(self.fields, delivered.rows(self.fields, self.key, needed=self.needed)):
            if "course_id" not in delivered.header:
                row["course_id"] = inputs.course.slash
            yield row
