"""A fake of BigQuery's API: tables, jobs and listings; it computes no query."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from fake_service import Answer, Body, FakeService, Request
from rules import parsed, refusal, table_refusal
from sqlglot import exp


@dataclass
class Plan:
    """How the next job whose configuration contains `match` goes."""

    match: str = ""
    polls: int = 0
    """How often the job is looked at before it is done."""
    error: Body | None = None
    errors: list[Body] = field(default_factory=list)
    rows: int = 0
    then: Callable[[], None] = lambda: None
    """What happens when the job is done, before anybody knows."""


class FakeBigQuery(FakeService):
    """Tables and jobs. `CREATE OR REPLACE TABLE`, `DROP`, `RENAME` change tables, other statements none."""

    def __init__(self) -> None:
        super().__init__()
        self.plans: list[Plan] = []
        self.answers: list[tuple[str, list[list[Any]]]] = []
        """Rows that a SELECT containing a text gives, by that text; the newest last."""
        self.jobs: dict[str, Body] = {}
        self.datasets: set[str] = set()
        self.told_of_datasets: dict[str, Body] = {}
        """What the API tells of a dataset besides its name: location, expirations."""
        self.tables: dict[tuple[str, str], Body] = {}
        self._plans: dict[str, Plan] = {}

    def inserted(self) -> list[Body]:
        """The configurations of all jobs that were asked for, in order."""
        return [one.body["configuration"] for one in self.sent("POST", "/jobs$")]

    def job_ids(self) -> list[str]:
        """The ids of all jobs that were asked for, in order."""
        return [one.body["jobReference"]["jobId"] for one in self.sent("POST", "/jobs$")]

    def labels(self, dataset: str, table: str) -> dict[str, str]:
        """The labels of a table."""
        return dict(self.tables[dataset, table].get("labels", {}))

    # Answering

    def answer_bigquery(self, request: Request) -> Any:
        """The answer to a request."""
        method = request.method
        parts = [unquote(one) for one in request.path.removeprefix("/bigquery/v2/projects/").split("/")][1:]
        if parts == ["datasets"] and method == "POST":
            name = request.body["datasetReference"]["datasetId"]
            if name in self.datasets:
                raise Answer(409, "duplicate", f"Already Exists: Dataset {name}")
            self.datasets.add(name)
            return request.body
        if parts == ["datasets"]:
            return {
                "datasets": [
                    {"datasetReference": {"datasetId": one, "projectId": "p"}} for one in self.datasets
                ]
            }
        if parts[0] == "datasets" and len(parts) == 2:
            if parts[1] not in self.datasets:
                raise Answer(404, "notFound", f"Not found: Dataset {parts[1]}")
            reference = {"datasetId": parts[1], "projectId": request.path.split("/")[4]}
            return {"datasetReference": reference, **self.told_of_datasets.get(parts[1], {})}
        if parts[0] == "datasets":
            return self._tables(request, parts[1], parts[3:])
        if parts[0] == "jobs" and method == "POST":
            return self._insert(request.body)
        if parts[0] == "jobs":
            return self._job(parts[1])
        if parts[0] == "queries":
            return self._rows(parts[1])
        raise Answer(404, "notFound", f"no such address: {request.path}")

    def _tables(self, request: Request, dataset: str, rest: list[str]) -> Any:
        if dataset not in self.datasets:
            raise Answer(404, "notFound", f"Not found: Dataset {dataset}")
        fault = table_refusal(request.body)
        if fault is not None:
            raise Answer(400, "invalid", fault)
        if not rest and request.method == "POST":
            name = request.body["tableReference"]["tableId"]
            if (dataset, name) in self.tables:
                raise Answer(409, "duplicate", f"Already Exists: Table {name}")
            return self.put(dataset, name, request.body)
        if not rest:
            names = sorted(table for owner, table in self.tables if owner == dataset)
            start, size = int(request.query.get("pageToken", 0)), int(request.query.get("maxResults", 50))
            kept = ("tableReference", "type", "labels", "timePartitioning", "clustering", "creationTime")
            page: Body = {
                "tables": [
                    {key: value for key, value in self.tables[dataset, name].items() if key in kept}
                    for name in names[start : start + size]
                ]
            }
            if start + size < len(names):
                page["nextPageToken"] = str(start + size)
            return page
        key = (dataset, rest[0])
        if key not in self.tables:
            raise Answer(404, "notFound", f"Not found: Table {dataset}.{rest[0]}")
        table = self.tables[key]
        if rest[1:] == ["data"]:
            return self._page(table, request)
        if request.method == "GET":
            reference = table["tableReference"] | {"projectId": request.path.split("/")[4]}
            return table | {"tableReference": reference}
        if request.method == "DELETE":
            del self.tables[key]
            return {}
        if request.headers.get("if-match") not in {None, table["etag"]}:
            raise Answer(412, "conditionNotMet", "Precondition Failed")
        labels = {**table.get("labels", {}), **request.body.get("labels", {})}
        changed = {**table, **request.body, "labels": {k: v for k, v in labels.items() if v is not None}}
        return self.put(dataset, rest[0], changed)

    def put(self, dataset: str, name: str, table: Body) -> Body:
        """Make a table, or make it another one, as somebody else would."""
        now = str(int(time.time() * 1000))
        kept = {
            "type": "TABLE",
            "creationTime": now,
            "numRows": "0",
            "numBytes": "0",
            "schema": {"fields": []},
            **table,
            "tableReference": {"projectId": "p", "datasetId": dataset, "tableId": name},
            "lastModifiedTime": now,
            "etag": f'"{next(self.numbers)}"',
        }
        self.tables[dataset, name] = kept
        return kept

    def put_rows(
        self,
        dataset: str,
        name: str,
        columns: Sequence[tuple[str, str]],
        rows: Sequence[Sequence[str | None]],
    ) -> None:
        """Make a table with rows that can be listed: names and types of columns, values as the API writes
        them (TIMESTAMP in microseconds)."""
        self.datasets.add(dataset)
        fields = [{"name": column, "type": kind, "mode": "NULLABLE"} for column, kind in columns]
        made = self.put(dataset, name, {"schema": {"fields": fields}, "numRows": str(len(rows))})
        made["rows of the fake"] = [list(row) for row in rows]

    def _page(self, table: Body, request: Request) -> Body:
        """Rows of a table, some columns of them in the order of the table."""
        rows = table.get("rows of the fake", [])
        wanted = request.query.get("selectedFields")
        names = [column["name"] for column in table["schema"]["fields"]]
        places = [n for n, name in enumerate(names) if wanted is None or name in wanted.split(",")]
        start = int(request.query.get("pageToken") or request.query.get("startIndex") or 0)
        end = start + min(int(request.query.get("maxResults") or 1000), 1000)
        page = [{"f": [{"v": row[place]} for place in places]} for row in rows[start:end]]
        return {"totalRows": str(len(rows)), "rows": page} | (
            {"pageToken": str(end)} if end < len(rows) else {}
        )

    def _insert(self, body: Body) -> Body:
        config, job_id = body["configuration"], body["jobReference"]["jobId"]
        if job_id in self.jobs:
            raise Answer(409, "duplicate", f"Already Exists: Job p:US.{job_id}")
        text = json.dumps(config)
        plan = next((one for one in self.plans if one.match in text), None)
        if plan is not None:
            self.plans.remove(plan)
        if config.get("dryRun"):
            return {
                **body,
                "status": {"state": "DONE"},
                "statistics": {"query": {"totalBytesProcessed": "4096"}},
            }
        now = str(int(time.time() * 1000))
        self.jobs[job_id] = {
            "jobReference": {"projectId": "p", "jobId": job_id, "location": "US"},
            "configuration": config,
            "status": {"state": "RUNNING"},
            "statistics": {"creationTime": now, "startTime": now},
        }
        self._plans[job_id] = plan or Plan()
        return self._look(job_id, polled=False)

    def _job(self, job_id: str) -> Body:
        if job_id not in self.jobs:
            raise Answer(404, "notFound", f"Not found: Job {job_id}")
        return self._look(job_id, polled=True)

    def _look(self, job_id: str, polled: bool) -> Body:
        job, plan = self.jobs[job_id], self._plans[job_id]
        if job["status"]["state"] != "DONE":
            if plan.polls > 0:
                plan.polls -= polled
            else:
                self._finish(job, plan)
        return job

    def finish(self, job_id: str) -> None:
        """Let a running job come to its end."""
        with self.lock:
            self._finish(self.jobs[job_id], self._plans[job_id])

    def _finish(self, job: Body, plan: Plan) -> None:
        job["status"] = {"state": "DONE"}
        job["statistics"]["endTime"] = str(int(time.time() * 1000))
        error = plan.error
        if error is None and "load" in job["configuration"]:
            self._load(job, plan)
        elif error is None and "query" in job["configuration"]:
            error = self._run(job, plan)
        plan.then()
        if error is not None:
            job["status"] |= {"errorResult": error, "errors": plan.errors or [error]}

    def _load(self, job: Body, plan: Plan) -> None:
        load = job["configuration"]["load"]
        place = load["destinationTable"]
        before = self.tables.get((place["datasetId"], place["tableId"]), {})
        names = ("labels", "description", "creationTime")
        kept: Body = {key: before[key] for key in names if key in before}
        content = {"numRows": str(plan.rows), "schema": load["schema"]}
        self.put(place["datasetId"], place["tableId"], {**kept, **content})
        job["statistics"]["load"] = {"outputRows": str(plan.rows), "inputFileBytes": "100"}

    def _run(self, job: Body, plan: Plan) -> Body | None:
        job["statistics"]["query"] = {"totalBytesProcessed": "2048", "statementType": "SCRIPT"}
        job["statistics"]["totalBytesProcessed"] = "2048"
        query = job["configuration"]["query"]
        names = [one["name"] for one in query.get("queryParameters", ())]
        fault = refusal(query["query"], names, self._of_dataset)
        if fault is not None:
            return {"reason": "invalidQuery", "message": fault}
        for tree in parsed(query["query"]):
            if isinstance(tree, exp.Create) and not tree.find(exp.TemporaryProperty):
                error = self._create(tree, plan)
                if error is not None:
                    return error
            elif isinstance(tree, exp.Drop):
                self.tables.pop(_place(tree), None)
            elif isinstance(tree, exp.Alter):
                old = _place(tree)
                self.put(old[0], tree.args["actions"][0].this.name, self.tables.pop(old))
        return None

    def _of_dataset(self, dataset: str) -> dict[str, Body]:
        return {name: one for (owner, name), one in self.tables.items() if owner == dataset}

    def _create(self, tree: exp.Create, plan: Plan) -> Body | None:
        dataset, name = _place(tree.this)
        table: Body = {"numRows": str(plan.rows), "schema": {"fields": _fields(tree.this)}}
        for one in tree.args["properties"].expressions:
            if isinstance(one, exp.PartitionedByProperty):
                table["timePartitioning"] = {"type": "DAY", "field": one.this.find(exp.Identifier).name}
            elif isinstance(one, exp.ClusterProperty):
                table["clustering"] = {"fields": [column.name for column in one.expressions]}
            elif one.name == "labels":
                table["labels"] = {p.expressions[0].name: p.expressions[1].name for p in one.args["value"]}
            elif one.name == "description":
                table["description"] = one.args["value"].name
        before = self.tables.get((dataset, name))
        spec = ("timePartitioning", "clustering")
        if before is not None and any(before.get(key) != table.get(key) for key in spec):
            message = "Cannot replace a table with a different partitioning spec. Instead, DROP the table"
            return {"reason": "invalidQuery", "message": message}
        self.put(dataset, name, table)
        return None

    def _rows(self, job_id: str) -> Body:
        job = self._job(job_id)
        error = job["status"].get("errorResult")
        if error is not None:
            raise Answer(400, error["reason"], error["message"])
        sql = job["configuration"]["query"]["query"]
        rows: list[list[Any]] = next((rows for text, rows in reversed(self.answers) if text in sql), [])
        kinds = [{"name": f"c{n}", "type": _kind(value)} for n, value in enumerate(rows[0] if rows else [])]
        return {
            "jobReference": job["jobReference"],
            "jobComplete": job["status"]["state"] == "DONE",
            "schema": {"fields": kinds},
            "totalRows": str(len(rows)),
            "rows": [{"f": [{"v": None if v is None else str(v)} for v in row]} for row in rows],
        }


def _fields(columns: exp.Expression) -> list[Body]:
    """The columns that a list of them in CREATE TABLE names."""
    found = []
    for column in columns.expressions if isinstance(columns, exp.Schema) else ():
        form = {"name": column.name, "type": column.args["kind"].sql("bigquery").partition("<")[0]}
        said = [
            one.args["value"].name for one in column.args["constraints"] for one in one.find_all(exp.Property)
        ]
        found.append(form | {"description": said[0]} if said else form)
    return found


def _place(statement: exp.Expression) -> tuple[str, str]:
    table = next(statement.find_all(exp.Table))
    return table.db, table.name


def _kind(value: Any) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        return "DATE"
    return "INTEGER" if isinstance(value, int) else "STRING"
