"""What a person, the project or the network can cause has a plain message, and no message holds a secret.

Against the fake over HTTP, through the warehouse and the storage as they are opened from settings.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, Plan, fake_google

from edxtasks.errors import QuotaError, UserError
from edxtasks.outages import UnreachableError
from edxtasks.storage import cloud
from edxtasks.storage.cloud import Patience, shown
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import BuildInfo, Query, TableName, Tables
from edxtasks.warehouse.bigquery import BigQueryWarehouse, Service
from edxtasks.warehouse.schema import schema

PEOPLE = schema("username STRING -- who\nid INTEGER -- number")
DAILY = schema("date DATE -- the day")
NAME = TableName("d", "people")
QUERY = Query("SELECT username, id FROM people", {"people": Tables((NAME,), PEOPLE)}, {}, PEOPLE)
PATIENCE = Patience(initial=0.01, maximum=0.02, deadline=0.3, jobs=1)
SECRET = "ya29.a0AfH6SMBx"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """Both services, with a dataset."""
    with fake_google() as google:
        google.datasets.add("d")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield google


def _open(address: str, folder: Path) -> BigQueryWarehouse:
    service = Service("p", endpoint=address, patience=PATIENCE)
    return BigQueryWarehouse(service, lambda: GcsStorage("gs://b", "p", patience=PATIENCE), folder)


def _list(warehouse: BigQueryWarehouse) -> None:
    warehouse.states("d")


def _build(warehouse: BigQueryWarehouse) -> None:
    warehouse.create(TableName("d", "made"), QUERY, BuildInfo("s"))


def _load(warehouse: BigQueryWarehouse) -> None:
    warehouse.load(NAME, PEOPLE, iter([{"username": "ada", "id": 1}]), BuildInfo("s"))


DISABLED = (
    "BigQuery API has not been used in project 123 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/bigquery.googleapis.com/overview?project=123 then retry."
)
CASES: list[tuple[str, Callable[[BigQueryWarehouse], None], tuple[str, str, int, str, str], str]] = [
    ("permission", _list, ("GET", "/tables$", 403, "accessDenied", "Access Denied: Dataset p:d: Permission "
     "bigquery.tables.list denied on dataset p:d."),
     r"listing d: not allowed \(accessDenied\): .*bigquery.tables.list denied.*roles that docs/bigquery.md"),
    ("no right to jobs", _build, ("POST", "/jobs$", 403, "accessDenied", "Access Denied: Project p: User "
     "does not have bigquery.jobs.create permission in project p."),
     r"building d.made: not allowed \(accessDenied\): .*bigquery.jobs.create.*project_id of \[warehouse\]"),
    ("wrong project", _build, ("POST", "/jobs$", 404, "notFound", "Not found: Project nowhere"),
     r"building d.made: not found: Not found: Project nowhere\. Mend project_id of \[warehouse\]"),
    ("no project at all", _list, ("GET", "/tables$", 400, "invalid", "The project A has no BigQuery."),
     r"listing d: Google refuses the request: The project A has no BigQuery\. Look at project_id"),
    ("disabled API", _list, ("GET", "/tables$", 403, "accessNotConfigured", DISABLED),
     r"listing d: the service is switched off in this project: BigQuery API has not been used in project"),
    ("billing", _build, ("POST", "/jobs$", 403, "billingNotEnabled", "Billing has not been enabled for this "
     "project. DML queries are not allowed in the free tier."),
     r"building d.made: the project has no billing, or it is closed \(billingNotEnabled\): Billing has"),
    ("rate", _list, ("GET", "/tables$", 429, "rateLimitExceeded", "Exceeded rate limits: too many"),
     r"listing d: still over a rate limit after many tries: .*doit -n"),
    ("quota", _build, ("POST", "/jobs$", 403, "quotaExceeded", "Quota exceeded: imports per project"),
     r"building d.made: a quota is used up: Quota exceeded: imports per project\. Wait until"),
    ("server", _list, ("GET", "/tables$", 503, "backendError", "try later"),
     r"BigQuery at http://127.0.0.1:\d+ has not answered since .* UTC \(HTTP 503\)\. .* for 0.3 seconds"),
    ("gateway", _list, ("GET", "/tables$", 502, "", "<html>Bad Gateway</html>"),
     r"BigQuery at http://127.0.0.1:\d+ has not answered since .* UTC \(HTTP 502\)\. "),
    ("server at this", _list, ("GET", "/tables$", 500, "backendError", "try later"),
     r"listing d: Google's servers failed again and again \(backendError\); run again later"),
    ("timeout", _list, ("GET", "/tables$", 408, "", "Timeout"), r"listing d: Google's servers failed"),
    ("location", _list, ("GET", "/tables$", 400, "invalid", "Unsupported location: Mars"),
     r"listing d: Google refuses the request: Unsupported location: Mars"),
    ("missing bucket", _load, ("POST", "/upload/", 404, "notFound", "The specified bucket does not exist."),
     r"gs://b/_edxtasks/d/people/[0-9a-f]{12}/s-0.json.gz: not found: The specified bucket does not exist\. "
     r"Make the bucket, or mend gs_bucket of \[storage\]"),
    ("no right to the bucket", _load, ("POST", "/upload/", 403, "forbidden", "x@p.iam.gserviceaccount.com "
     "does not have storage.objects.create access to the Google Cloud Storage object."),
     r"gs://b/.*: not allowed \(forbidden\): .*storage.objects.create.*gs_bucket of \[storage\]"),
    ("closed bucket", _load, ("POST", "/upload/", 403, "accountDisabled", "The billing account for the "
     "owning project is disabled in state absent"),
     r"gs://b/.*: the project has no billing, or it is closed"),
]  # fmt: skip


@pytest.mark.parametrize(("work", "fault", "told"), [one[1:] for one in CASES], ids=[one[0] for one in CASES])
def test_what_goes_wrong_on_the_way_is_told(
    fake: FakeGoogle,
    tmp_path: Path,
    work: Callable[[BigQueryWarehouse], None],
    fault: tuple[str, str, int, str, str],
    told: str,
) -> None:
    method, path, status, reason, message = fault
    fake.fail(method, path, status, reason=reason, message=message, times=1_000_000)
    with pytest.raises(UserError, match=f"^{told}") as caught:
        work(_open(fake.url, tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("work", [_list, _build, _load])
def test_nobody_at_the_address_is_told(
    work: Callable[[BigQueryWarehouse], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, and nobody listens
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        with pytest.raises(
            UnreachableError,
            match=r"^(BigQuery|Cloud Storage) at http://127.0.0.1:\d+ has not answered since "
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(Connection refused\)",
        ):
            work(_open(address, tmp_path))


def test_a_service_that_takes_a_request_and_never_answers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's client alone would wait for ever."""
    monkeypatch.setattr(cloud, "WAITS", (5.0, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the system takes connections for it
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnreachableError, match=rf"^BigQuery at {address} has not answered since "):
            _list(_open(address, tmp_path))


def test_a_bucket_that_is_missing_is_no_missing_file(fake: FakeGoogle, tmp_path: Path) -> None:
    fake.fail("GET", "/o/", 404, reason="notFound", message="The specified bucket does not exist.", times=9)
    with pytest.raises(UserError, match="Make the bucket, or mend gs_bucket"):
        GcsStorage("gs://b", "p", patience=PATIENCE).get("x", tmp_path / "x")


def test_the_id_of_an_upload_is_a_secret_and_not_shown(fake: FakeGoogle, tmp_path: Path) -> None:
    """Whoever knows it may go on with the upload; a gateway's answer has it in its address."""
    big = tmp_path / "big"
    big.write_bytes(bytes(9 << 20))
    fake.fail("PUT", "/upload/", 403, message="no", times=9)
    with pytest.raises(UserError, match="not allowed") as caught:
        GcsStorage("gs://b", "p", patience=PATIENCE).put(big, "big")
    assert "upload_id" not in str(caught.value)
    assert shown(f"PUT https://storage.googleapis.com/u?upload_id={SECRET}: <html>\x1b[31mno") == (
        "PUT https://storage.googleapis.com/u <html>\\x1b[31mno."
    )
    assert len(shown("x" * 9_999)) == 500


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Bad int64 value: ada@example.org at [3:4]", "Bad int64 value. (what follows is not shown"),
        ("Invalid timestamp: 'ada@example.org'", "Invalid timestamp. (what follows"),
        ("Division by zero: 17 / 0", "Division by zero. (what follows"),
        ("Array index 17 is out of bounds", "Array index. (what follows"),
        ("Unrecognized name: usrname at [2:8]", "Unrecognized name: usrname at [2:8]."),
        ("Cannot access field x on a STRING at [2:8]", "sent: Cannot access field x on a STRING. at [2:8]"),
    ],
)
def test_no_value_of_a_record_is_shown(fake: FakeGoogle, tmp_path: Path, message: str, told: str) -> None:
    """Neither of a job of the product nor of a query that only looks."""
    warehouse = _open(fake.url, tmp_path)
    error = {"reason": "invalidQuery", "message": message}

    def rows() -> None:
        warehouse.rows_by_date(NAME, DAILY["date"])

    works: list[Callable[[], None]] = [lambda: _build(warehouse), rows]
    for work in works:
        fake.plans.append(Plan(error=error))
        with pytest.raises(RuntimeError) as caught:
            work()
        assert told in str(caught.value)
        chain: Any = caught.value
        while chain is not None:  # as a traceback would show it
            assert "ada@" not in str(chain) and "17" not in str(chain)
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


class TestDatasets:
    """Datasets that somebody else made."""

    def test_another_location_is_told_before_anything_is_done(self, fake: FakeGoogle, tmp_path: Path) -> None:
        fake.told_of_datasets["d"] = {"location": "EU"}
        for work in (_build, _load):
            with pytest.raises(
                UserError, match=r'^the dataset d is in the location EU, but .* is "US".*"EU"'
            ):
                work(_open(fake.url, tmp_path))
        assert fake.jobs == {} and fake.objects == {}

    @pytest.mark.parametrize(
        "message",
        [
            "Cannot read and write in different locations: source: EU, destination: US",
            "Not found: Dataset p:other was not found in location US",
        ],
    )
    def test_an_input_in_another_location_is_told(
        self, fake: FakeGoogle, tmp_path: Path, message: str
    ) -> None:
        for work in (_build, _load):
            fake.plans.append(Plan(error={"reason": "invalid", "message": message}))
            with pytest.raises(UserError, match=r"are in one location: that of \[warehouse\] location"):
                work(_open(fake.url, tmp_path))

    def test_a_default_expiration_is_told_once(self, fake: FakeGoogle, tmp_path: Path) -> None:
        fake.told_of_datasets["d"] = {"location": "us", "defaultTableExpirationMs": str(60 * 86_400_000)}
        warehouse = _open(fake.url, tmp_path)
        _build(warehouse)
        [notice] = warehouse.notices("d")
        assert notice.startswith("the dataset d lets new tables expire after 60 days")
        assert warehouse.notices("d") == ()
        _build(warehouse)
        assert warehouse.notices("d") == ()

    def test_partitions_that_expire_are_refused(self, fake: FakeGoogle, tmp_path: Path) -> None:
        """They are dates of events: those of a course of years ago would vanish at once."""
        fake.told_of_datasets["d"] = {"defaultPartitionExpirationMs": str(90 * 86_400_000)}
        daily = TableName("d", "daily")
        with pytest.raises(UserError, match=r"the dataset d removes .* older than 90 days"):
            _open(fake.url, tmp_path).create_dates(daily, DAILY, "date", [], [], BuildInfo("s"))
        fake.told_of_datasets.clear()
        partitioning = {"type": "DAY", "field": "date", "expirationMs": str(86_400_000)}
        fake.put("d", "daily", {"timePartitioning": partitioning})
        with pytest.raises(UserError, match=r"the table .* removes .* older than 1 day"):
            _open(fake.url, tmp_path).create_dates(daily, DAILY, "date", [], [], BuildInfo("s"))


class TestJobsOfOthers:
    """Ids of jobs that other accounts have used."""

    def test_a_job_of_somebody_else_is_left_alone(self, fake: FakeGoogle, tmp_path: Path) -> None:
        """The id exists, and this account may not look at the job: it goes on with a job of its own."""
        _build(_open(fake.url, tmp_path))
        del fake.tables["d", "made"]
        [theirs] = fake.jobs
        fake.fail(
            "GET", f"/jobs/{theirs}", 403, reason="accessDenied", message="Access Denied: Job p:US.x", times=9
        )
        _build(_open(fake.url, tmp_path))
        assert fake.job_ids()[1:] == [theirs, theirs.removesuffix("_0") + "_1"]
        assert fake.labels("d", "made")["edxtasks_stamp"] == "s"

    def test_a_rate_limit_is_none(self, fake: FakeGoogle, tmp_path: Path) -> None:
        _build(_open(fake.url, tmp_path))
        del fake.tables["d", "made"]
        fake.fail("GET", "/jobs/", 403, reason="quotaExceeded", message="too much", times=9)
        with pytest.raises(QuotaError):
            _build(_open(fake.url, tmp_path))
