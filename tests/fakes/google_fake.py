"""A small fake of the documented APIs of BigQuery and Cloud Storage, over HTTP.

It computes no query. It keeps tables, jobs and objects, answers as the documentation says, and plays what
is hard to have from an emulator: repeated job ids (409), preconditions (412), rate limits, quotas, faults
of servers, slow jobs, rows that are refused, expired tokens. Every request is kept, so that a test can look
at what was sent.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c
import sqlglot
from sqlglot import exp

Body = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request as it came: method, path without query, query, JSON body."""

    method: str
    path: str
    query: dict[str, str]
    body: Body
    headers: dict[str, str]


@dataclass
class Fault:
    """An error that the next requests of a kind get instead of their answer.

    With `after`, the request is carried out all the same: its answer is lost.
    """

    method: str
    path: str
    status: int
    reason: str = ""
    message: str = ""
    location: str = ""
    times: int = 1
    after: bool = False


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


class Answer(Exception):
    """An HTTP answer with a status of its own."""

    def __init__(self, status: int, reason: str = "", message: str = "", location: str = "") -> None:
        super().__init__(message)
        self.status = status
        error: Body = {"code": status, "message": message}
        if reason:  # a gateway in between gives none
            item = {"reason": reason, "message": message, "domain": "global"}
            error["errors"] = [item | {"location": location} if location else item]
        self.body: Body = {"error": error}


class FakeGoogle:
    """Both services behind one address, `url`."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self.plans: list[Plan] = []
        self.answers: list[tuple[str, list[list[Any]]]] = []
        """Rows that a SELECT containing a text gives, by that text; the newest first."""
        self.jobs: dict[str, Body] = {}
        self.datasets: set[str] = set()
        self.tables: dict[tuple[str, str], Body] = {}
        self.objects: dict[str, Body] = {}
        self.contents: dict[str, bytes] = {}
        self.public: set[str] = set()
        self.token: str | None = None
        """The only access token that is taken; None: nobody is asked for one."""
        self.refreshed: str | None = None
        """The access token that a refresh gives; None: the refresh is refused."""
        self._plans: dict[str, Plan] = {}
        self._uploads: dict[str, tuple[Request, bytes]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    # What tests look at

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        """Let the next requests with this method and a path that matches fail."""
        self.faults.append(Fault(method, path, status, **more))

    def sent(self, method: str, path: str) -> list[Request]:
        """The requests with this method and a path that matches."""
        return [one for one in self.requests if one.method == method and re.search(path, one.path)]

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

    def handle(self, request: Request, content: bytes) -> tuple[int, Any, dict[str, str]]:
        """The answer to a request: status, body (JSON or bytes), headers."""
        with self._lock:
            self.requests.append(request)
            try:
                fault = self._fault(request)
                if fault is not None and not fault.after:
                    raise Answer(fault.status, fault.reason, fault.message, fault.location)
                told = request.headers.get("authorization")
                if (
                    self.token not in {None, (told or "").removeprefix("Bearer ")}
                    and request.path != "/token"
                ):
                    raise Answer(401, "authError", "Invalid Credentials")
                answer = self._answer(request, content)
                if fault is not None:
                    raise Answer(fault.status, fault.reason, fault.message, fault.location)
                return answer
            except Answer as error:
                return error.status, error.body, {}
            except Exception as defect:  # noqa: BLE001 - or the client would try again and again
                text = "".join(traceback.format_exception(defect))
                return 400, Answer(400, "fakeDefect", text).body, {}

    def _fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == request.method and re.search(fault.path, request.path):
                fault.times -= 1
                return fault
        return None

    def _answer(self, request: Request, content: bytes) -> tuple[int, Any, dict[str, str]]:
        if request.path == "/token":
            if self.refreshed is None:
                return 400, {"error": "invalid_grant", "error_description": "Token has been revoked."}, {}
            return 200, {"access_token": self.refreshed, "expires_in": 3600, "token_type": "Bearer"}, {}
        if request.path.startswith(("/storage/", "/upload/", "/download/")):
            return self._storage(request, content)
        return 200, self._bigquery(request), {}

    # BigQuery

    def _bigquery(self, request: Request) -> Any:
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
            return {"datasetReference": {"datasetId": parts[1], "projectId": "p"}}
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
        if not rest and request.method == "POST":
            name = request.body["tableReference"]["tableId"]
            if (dataset, name) in self.tables:
                raise Answer(409, "duplicate", f"Already Exists: Table {name}")
            return self._put(dataset, name, request.body)
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
        if request.method == "GET":
            return table
        if request.method == "DELETE":
            del self.tables[key]
            return {}
        if request.headers.get("if-match") not in {None, table["etag"]}:
            raise Answer(412, "conditionNotMet", "Precondition Failed")
        labels = {**table.get("labels", {}), **request.body.get("labels", {})}
        changed = {**table, **request.body, "labels": {k: v for k, v in labels.items() if v is not None}}
        return self._put(dataset, rest[0], changed)

    def _put(self, dataset: str, name: str, table: Body) -> Body:
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
            "etag": f'"{next(self._numbers)}"',
        }
        self.tables[dataset, name] = kept
        return kept

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
        with self._lock:
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
        self._put(place["datasetId"], place["tableId"], {**kept, **content})
        job["statistics"]["load"] = {"outputRows": str(plan.rows), "inputFileBytes": "100"}

    def _run(self, job: Body, plan: Plan) -> Body | None:
        job["statistics"]["query"] = {"totalBytesProcessed": "2048", "statementType": "SCRIPT"}
        job["statistics"]["totalBytesProcessed"] = "2048"
        for tree in sqlglot.parse(job["configuration"]["query"]["query"], read="bigquery"):
            if isinstance(tree, exp.Create) and not tree.find(exp.TemporaryProperty):
                error = self._create(tree, plan)
                if error is not None:
                    return error
            elif isinstance(tree, exp.Drop):
                self.tables.pop(_place(tree), None)
            elif isinstance(tree, exp.Alter):
                old = _place(tree)
                self._put(old[0], tree.args["actions"][0].this.name, self.tables.pop(old))
        return None

    def _create(self, tree: exp.Create, plan: Plan) -> Body | None:
        dataset, name = _place(tree.this)
        table: Body = {"numRows": str(plan.rows)}
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
        self._put(dataset, name, table)
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

    # Cloud Storage

    def _storage(self, request: Request, content: bytes) -> tuple[int, Any, dict[str, str]]:
        if request.path.startswith("/upload/"):
            return self._upload(request, content)
        match = re.fullmatch(r"(?:/download)?/storage/v1/b/([^/]+)/o(?:/([^/]+))?(/acl)?", request.path)
        if match is None:
            raise Answer(404, "notFound", "no such address")
        name = unquote(match[2] or "")
        if match[3]:
            return 200, self._publish(name, request), {}
        if not name:
            prefix = request.query.get("prefix", "")
            return (
                200,
                {"items": [self.objects[one] for one in sorted(self.objects) if one.startswith(prefix)]},
                {},
            )
        if name not in self.objects:
            raise Answer(404, "notFound", f"No such object: {match[1]}/{name}")
        if request.method == "DELETE":
            del self.objects[name], self.contents[name]
            return 204, b"", {}
        if request.query.get("alt") == "media":
            said = f"crc32c={self.objects[name]['crc32c']},md5={self.objects[name]['md5Hash']}"
            return 200, self.contents[name], {"x-goog-hash": said}
        return 200, self.objects[name], {}

    def _publish(self, name: str, request: Request) -> Body:
        if name not in self.objects:
            raise Answer(404, "notFound", f"No such object: {name}")
        if request.method == "POST":
            self.public.add(name)
        return {
            "items": [
                {"entity": one, "role": "READER"} for one in (["allUsers"] if name in self.public else [])
            ]
        }

    def _upload(self, request: Request, content: bytes) -> tuple[int, Any, dict[str, str]]:
        kind = request.query["uploadType"]
        if kind == "multipart":
            boundary = request.headers["content-type"].partition("boundary=")[2].strip("\"'").encode()
            _, meta, data, _ = content.split(b"--" + boundary)
            told = json.loads(meta.partition(b"\r\n\r\n")[2])
            return 200, self._store(told["name"], data.partition(b"\r\n\r\n")[2][:-2], request), {}
        if request.method == "POST":
            upload = str(next(self._numbers))
            self._uploads[upload] = (request, b"")
            return 200, {}, {"Location": f"{self.url}{request.path}?uploadType=resumable&upload_id={upload}"}
        first, sofar = self._uploads[request.query["upload_id"]]
        said = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", request.headers["content-range"])
        assert said is not None
        start, total = said.groups()
        if start is not None and int(start) == len(sofar):
            sofar += content
            self._uploads[request.query["upload_id"]] = (first, sofar)
        if total == "*" or len(sofar) < int(total):
            return 308, b"", {"Range": f"bytes=0-{len(sofar) - 1}"} if sofar else {}
        return 200, self._store(first.body["name"], sofar, first), {}

    def _store(self, name: str, content: bytes, request: Request) -> Body:
        before = self.objects.get(name)
        wanted = request.query.get("ifGenerationMatch")
        if wanted is not None and wanted != (before["generation"] if before else "0"):
            raise Answer(
                412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."
            )
        return self.store(name, content)

    def store(self, name: str, content: bytes) -> Body:
        """Put an object, as somebody else would."""
        checksum: Any = google_crc32c.Checksum(content)  # type: ignore[no-untyped-call]
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        self.contents[name] = content
        self.objects[name] = {
            "name": name,
            "bucket": "b",
            "size": str(len(content)),
            "generation": str(next(self._numbers)),
            "updated": now,
            "timeCreated": now,
            "crc32c": base64.b64encode(checksum.digest()).decode(),
            "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
        }
        return self.objects[name]


def _place(statement: exp.Expression) -> tuple[str, str]:
    table = next(statement.find_all(exp.Table))
    return table.db, table.name


def _kind(value: Any) -> str:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        return "DATE"
    return "INTEGER" if isinstance(value, int) else "STRING"


@contextmanager
def fake_google() -> Iterator[FakeGoogle]:
    """A fake that listens at `url` for the block."""
    fake = FakeGoogle()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

        def _serve(self) -> None:
            address = urlsplit(self.path)
            content = self._content()
            headers = {key.lower(): value for key, value in self.headers.items()}
            kind = headers.get("content-type", "")
            body = json.loads(content) if kind.startswith("application/json") and content else {}
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            request = Request(
                self.command, address.path, query, body if isinstance(body, dict) else {}, headers
            )
            status, answer, more = fake.handle(request, content)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for key, value in more.items():
                self.send_header(key, value)
            if not isinstance(answer, bytes):
                self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _content(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
