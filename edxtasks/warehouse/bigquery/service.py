"""Google's client of BigQuery, with the patience, job ids and messages of the product."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from edxtasks.errors import UserError
from edxtasks.storage.cloud import BoundedWait, Patience, credentials, refusal, shown, told
from edxtasks.warehouse.base import QueryRefusedError, TableName, digest
from edxtasks.warehouse.bigquery import guards, schemas
from edxtasks.warehouse.bigquery.jobs import JobFailedError, Jobs, job_failed
from edxtasks.warehouse.bigquery.labels import OWNER, Labels, Listed
from edxtasks.warehouse.bigquery.sql import Projects, selected
from edxtasks.warehouse.bigquery.stamps import Days, Script
from edxtasks.warehouse.schema import Schema

_PAGE = 1_000
"""Tables in one page of a listing: the client's own default is 50."""

_ROWS = 10_000
_STORED = (None, "TABLE", "SNAPSHOT", "CLONE")
"""Types of tables whose rows can be listed."""

_OF_ANALYSIS = re.compile(
    r"Syntax error|Unrecognized name|Function not found|No matching signature|Query parameter|Table name|"
    r"Duplicate column|Table \S+ not found|Column \S+ |Name \S+ not|SELECT list|Result of ORDER BY|"
    r"The query is too large"
)
"""How BigQuery begins what it has against the text of a query: it has seen no row then."""

_PLACE = re.compile(r" at \[\d+:\d+\]")
_KINDS = {str: "STRING", bool: "BOOL", int: "INT64", float: "FLOAT64", date: "DATE"}


class Service:
    """The tables and jobs of a Google Cloud project.

    `endpoint` is another address, for an emulator, where nobody signs in; `key_file` a service-account
    file, without which Application Default Credentials count; `signed_in` are credentials made elsewhere.
    `maximum_bytes_billed` is what one query may read at most. Jobs run in `project`, which pays for them;
    `reports` is the project of the datasets of reports where that is another, `report_dataset` the dataset
    that they go to where it has a name of its own.
    """

    def __init__(
        self,
        project: str,
        *,
        location: str = "US",
        endpoint: str = "",
        key_file: Path | None = None,
        signed_in: Any = None,
        patience: Patience | None = None,
        maximum_bytes_billed: int | None = None,
        reports: str | None = None,
        report_dataset: str | None = None,
    ) -> None:
        self.projects = Projects(project, reports or project, report_dataset)
        self.owners: dict[str, str] = {}
        """By dataset, what the label `OWNER` of a table that is built in it is to say."""
        self.where = f"BigQuery project {project}"
        reached = f"BigQuery at {endpoint}" if endpoint else "BigQuery"
        self.retry = (patience or Patience()).applied(DEFAULT_RETRY, reached)
        self._maximum_bytes_billed = maximum_bytes_billed
        with told(self.where):
            self.client: Any = bigquery.Client(
                project=project,
                credentials=signed_in or credentials(key_file, bool(endpoint)),
                location=location,
                client_options=ClientOptions(api_endpoint=endpoint) if endpoint else None,
            )
        for scheme in ("https://", "http://"):
            self.client._http.mount(scheme, BoundedWait())
        self.jobs = Jobs(self.client, self.retry, patience or Patience(), reached)

    def path(self, name: TableName) -> str:
        """The whole name of a table, as the client takes it."""
        return f"{self.projects.of(name.dataset)}.{name}"

    # Tables

    def datasets(self) -> list[str]:
        """The names of all datasets, sorted."""
        with told(self.where):
            return sorted(one.dataset_id for one in self.client.list_datasets(retry=self.retry))

    def tables(self, dataset: str) -> dict[str, Listed]:
        """The tables of a dataset by name; {} where there is none."""
        with told(f"listing {dataset}"):
            try:
                listed = self.client.list_tables(
                    f"{self.projects.of(dataset)}.{dataset}", page_size=_PAGE, retry=self.retry
                )
                found = {one.table_id: listed_as(one) for one in listed}
            except exceptions.NotFound:
                return {}
        return dict(sorted(found.items()))

    def has_dataset(self, dataset: str) -> bool:
        """Whether there is such a dataset."""
        with told(f"the dataset {dataset}"):
            try:
                self.client.get_dataset(f"{self.projects.of(dataset)}.{dataset}", retry=self.retry)
            except exceptions.NotFound:
                return False
        return True

    def dataset(self, dataset: str) -> Any:
        """A dataset of the client, made unless it is there."""
        place = f"{self.projects.of(dataset)}.{dataset}"
        with told(f"the dataset {dataset}"):
            try:
                return self.client.get_dataset(place, retry=self.retry)
            except exceptions.NotFound:
                return self.client.create_dataset(place, exists_ok=True, retry=self.retry)

    def make_table(self, table: Any) -> None:
        """Make a table unless it is there."""
        with told(f"making {table.dataset_id}.{table.table_id}"):
            self.client.create_table(table, exists_ok=True, retry=self.retry)

    def find(self, name: TableName) -> Any:
        """A table of the client, None where there is none."""
        with told(f"{name}"):
            try:
                return self.client.get_table(self.path(name), retry=self.retry)
            except exceptions.NotFound:
                return None

    def get(self, name: TableName) -> Any:
        """A table of the client that must be there."""
        table = self.find(name)
        if table is None:
            raise UserError(f"{name} does not exist, or has been removed in the meantime")
        return table

    def drop(self, name: TableName) -> bool:
        """Remove a table. False when there was none."""
        with told(f"{name}"):
            try:
                self.client.delete_table(self.path(name), retry=self.retry)
            except exceptions.NotFound:
                return False
        return True

    def relabel(self, table: Any, changes: Labels) -> Any:
        """Change labels of a table, and its description where that was set; the table as it is then.

        Raises `UserError` when somebody changed the table after it was read.
        """
        if table.dataset_id in self.owners:
            changes = {**changes, OWNER: self.owners[table.dataset_id]}
        table.labels = {**table.labels, **changes}
        with told(f"{table.dataset_id}.{table.table_id}"):
            try:
                return self.client.update_table(table, ["labels", "description"], retry=self.retry)
            except exceptions.PreconditionFailed:
                # A repeated request whose first try did arrive is refused too.
                after = self.client.get_table(table.reference, retry=self.retry)
                other_labels = any(after.labels.get(key) != value for key, value in changes.items())
                if other_labels or after.description != table.description:
                    raise UserError(
                        f"{table.dataset_id}.{table.table_id}: somebody else changed the table at the same "
                        "moment; run again"
                    ) from None
                return after

    def rows(self, name: TableName, columns: Sequence[str] | None) -> Iterator[tuple[object, ...]]:
        """The rows of a table, page by page, with the columns in the order asked for."""
        table = self.get(name)
        fields = {field.name: field for field in table.schema}
        wanted = list(fields) if columns is None else list(columns)
        missing = [one for one in wanted if one not in fields]
        if missing:
            raise UserError(f"{name} has no column {missing[0]}")
        if table.table_type not in _STORED:  # it has no rows to be listed: they are computed
            yield from self.select(selected(name, self.projects, wanted))
            return
        # Asked for in the order of the table: so the service gives them, whatever the request says.
        listed = [field for field in table.schema if field.name in set(wanted)]
        places = [listed.index(fields[one]) for one in wanted]
        with told(f"reading {name}"):
            for row in self.client.list_rows(table, listed, page_size=_ROWS, retry=self.retry):
                values = row.values()
                yield tuple(values[place] for place in places)

    # Jobs

    def load(
        self,
        name: TableName,
        key: str,
        uris: Sequence[str],
        schema: Schema,
        parquet: bool,
        max_bad_rows: int,
        holds: Callable[[Any], bool],
    ) -> Any:
        """Replace a table by the rows of files; the job, done. Raises `JobFailedError`."""
        formats = bigquery.SourceFormat
        config = bigquery.LoadJobConfig(
            schema=schemas.fields(schema),
            source_format=formats.PARQUET if parquet else formats.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            create_disposition=bigquery.CreateDisposition.CREATE_IF_NEEDED,
        )
        if not parquet:
            config.max_bad_records = max_bad_rows
        elif any(column.repeated for column in schema):
            options = bigquery.ParquetOptions()  # type: ignore[no-untyped-call]
            options.enable_list_inference = True  # else a list is a record of a record
            config.parquet_options = options

        def start(job_id: str) -> Any:
            return self.client.load_table_from_uri(
                list(uris), self.path(name), job_id=job_id, job_config=config, retry=self.retry
            )

        with told(f"loading {name}"):
            return self.jobs.run(key, start, holds)

    def query(
        self,
        what: str,
        key: str,
        statement: str,
        parameters: Mapping[str, object],
        holds: Callable[[Any], bool],
    ) -> Any:
        """Run statements; the job, done. Raises `UserError`, or `RuntimeError` when they are at fault."""
        config = self._config(parameters, self._maximum_bytes_billed)

        def start(job_id: str) -> Any:
            return self.client.query(
                statement, job_id=job_id, job_config=config, retry=self.retry, job_retry=None
            )

        try:
            with told(what):
                return self.jobs.run(key, start, holds)
        except JobFailedError as failed:
            if stopped := guards.stopped(failed.result.get("message", "")):
                raise stopped from None
            raise refused(what, failed) from None  # its cause holds the message as Google wrote it

    def script(self, what: str, key: str, script: Script, more: Mapping[str, object] | None = None) -> Any:
        """Run a script, with more parameters, that may be run again at any time: it replaces."""
        values = {**script.parameters, **(more or {})}
        own = digest(key, script.sql, *(f"{one}={value}" for one, value in sorted(values.items())))
        return self.query(what, own, script.sql, values, lambda job: False)

    def select(self, query: str, parameters: Mapping[str, object] | None = None) -> Iterator[tuple[Any, ...]]:
        """The rows of a small query that only looks."""
        with _looking(self.where):
            config = self._config(parameters or {}, self._maximum_bytes_billed)
            job = self.client.query(query, job_config=config, retry=self.retry)
            for row in job.result(retry=self.retry):
                yield row.values()

    def ask(self, query: str) -> tuple[Schema, Iterator[tuple[Any, ...]]]:
        """The columns and the rows of a query that a person wrote. Ctrl-C cancels it.

        Raises `QueryRefusedError` for one that BigQuery refuses: its message without values.
        """
        config = self._config({}, self._maximum_bytes_billed)
        with _asking(self.where):
            job = self.client.query(query, job_config=config, retry=self.retry)
            try:
                found = job.result(retry=self.retry)
            except KeyboardInterrupt:
                job.cancel(retry=self.retry)
                raise

        def rows() -> Iterator[tuple[Any, ...]]:
            with _asking(self.where):
                for row in found:
                    yield row.values()

        return schemas.schema_of(list(found.schema)), rows()

    def estimate(self, select: str, parameters: Mapping[str, object]) -> int:
        """The bytes that a query would read. BigQuery checks it and does not run it, which costs nothing.

        What one query may read at most does not count: nothing is read.
        """
        config = self._config(parameters, None)
        config.dry_run = True
        config.use_query_cache = False
        with _looking(self.where):
            job = self.client.query(select, job_config=config, retry=self.retry, job_retry=None)
            return int(job.total_bytes_processed or 0)

    def _config(self, parameters: Mapping[str, object], most_bytes: int | None) -> Any:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in sorted(parameters.items())]
        )
        if most_bytes is not None:  # the client would send a None as text
            config.maximum_bytes_billed = most_bytes
        return config


@contextmanager
def _looking(what: str) -> Iterator[None]:
    """`told`, for a query that is not a job of ours: what BigQuery has against it is said without values."""
    try:
        with told(what):
            yield
    except exceptions.BadRequest as error:
        raise refused(what, job_failed(error)) from None


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """`_looking`, for a query of a person: it is at fault itself where BigQuery cannot read it."""
    try:
        with told(what):
            yield
    except (exceptions.BadRequest, exceptions.NotFound) as error:
        failed = job_failed(error)
        message = failed.result.get("message", "")
        told_of = shown(message) if isinstance(error, exceptions.NotFound) else _without_values(message)
        raise refusal(what, failed.result, message, None) or QueryRefusedError(
            f"BigQuery: {told_of}"
        ) from None


def refused(what: str, failed: JobFailedError) -> Exception:
    """A failed job as an error: one for people, or one that says that the product is at fault."""
    message = failed.result.get("message", "")
    return refusal(what, failed.result, message, None) or RuntimeError(
        f"{what}: BigQuery refused what it was sent: {_without_values(message)}"
    )


def _without_values(message: str) -> str:
    """A message without the values that it complains of: they may be personal.

    Whatever does not begin as what is said of the text of a query may hold values, from its first colon,
    quote or digit on.
    """
    if _OF_ANALYSIS.match(message):
        return shown(message)
    place = _PLACE.search(message)
    told = _PLACE.sub("", message).strip()
    words = re.split(r"[:;\"'`]|\b\d", told, maxsplit=1)[0].strip()
    hidden = "" if words == told else " (what follows is not shown, it may be personal)"
    return f"{shown(words)}{hidden}{place[0] if place else ''}"


def listed_as(item: Any) -> Listed:
    """A table, or an item of a listing, as a listing tells it."""
    partitioning = item.time_partitioning
    return Listed(
        dict(item.labels),
        str(item.created),
        partitioned=partitioning is not None,
        partition=partitioning.field if partitioning is not None else None,
        clustering=tuple(item.clustering_fields or ()),
        type=item.table_type or "TABLE",
    )


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, Days):
        return bigquery.ArrayQueryParameter(name, "DATE", list(value))
    if isinstance(value, tuple):
        return bigquery.ArrayQueryParameter(name, "STRING", list(value))
    return bigquery.ScalarQueryParameter(name, _KINDS[type(value)], value)
