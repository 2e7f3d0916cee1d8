"""What Cloud Storage promises and the emulator lacks: preconditions, broken uploads, faults.

Against a fake of the documented API.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

from google_fake import FakeGoogle, fake_google
from storage_suite import StorageSuite

from edxtasks.errors import UserError
from edxtasks.outages import UnreachableError
from edxtasks.storage import gcs
from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage

PATIENCE = Patience(initial=0.01, maximum=0.02, deadline=300)
BRIEF = replace(PATIENCE, deadline=0.5)
"""For faults that stay: with faults that pass, a busy machine could take as long."""


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGoogle]:
    """The service."""
    with fake_google() as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.url)
        yield google


class TestCloudStorage(StorageSuite):
    """Files of a folder of a bucket."""

    @pytest.fixture
    def storage(self, fake: FakeGoogle) -> GcsStorage:
        """A bucket with a folder in it."""
        return GcsStorage("gs://b/folder", patience=PATIENCE)

    @pytest.fixture
    def brief(self, fake: FakeGoogle) -> GcsStorage:
        """The same, for who soon gives up."""
        return GcsStorage("gs://b/folder", patience=BRIEF)

    @pytest.fixture
    def large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file that is sent in three requests."""
        monkeypatch.setattr(gcs, "_CHUNK", 4 << 20)
        path = tmp_path / "large.bin"
        path.write_bytes(bytes(range(250)) * 40_000)  # 10 000 000 bytes: over 8 MiB it is sent in pieces
        return path

    def test_an_upload_says_which_generation_it_replaces(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        storage.put(local, "report.csv")
        generation = fake.objects["folder/report.csv"]["generation"]
        local.write_bytes(b"other")
        storage.put(local, "report.csv")
        sent = [one.query["ifGenerationMatch"] for one in fake.sent("POST", "^/upload/")]
        assert sent == ["0", generation]

    def test_a_file_that_somebody_else_stored_in_between_is_not_overwritten(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        fake.before["/upload/"] = lambda: fake.store("folder/report.csv", b"theirs")
        with pytest.raises(
            UserError, match=r"gs://b/folder/report.csv: somebody else stored another content"
        ):
            storage.put(local, "report.csv")
        assert fake.contents["folder/report.csv"] == b"theirs"

    def test_the_same_content_stored_in_between_is_as_good(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        fake.before["/upload/"] = lambda: fake.store("folder/report.csv", local.read_bytes())
        assert storage.put(local, "report.csv") is True

    def test_an_upload_whose_answer_was_lost_is_done(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        fake.fail("POST", "^/upload/", 503, after=True)
        assert storage.put(local, "report.csv") is True
        assert len(fake.sent("POST", "^/upload/")) == 2

    def test_a_large_file_goes_in_pieces_and_a_broken_piece_again(
        self, fake: FakeGoogle, storage: GcsStorage, large: Path
    ) -> None:
        fake.fail("PUT", "^/upload/", 503, times=2)
        storage.put(large, "large.bin")
        assert fake.contents["folder/large.bin"] == large.read_bytes()
        assert len(fake.sent("PUT", "^/upload/")) >= 3 + 2

    def test_rate_limits_and_faults_are_waited_for(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        for status in (429, 500, 502, 503, 504):
            fake.fail("GET", "/o/", status)
            fake.fail("POST", "^/upload/", status)
        assert storage.put(local, "report.csv") is True

    def test_a_fault_that_stays_is_told(self, fake: FakeGoogle, brief: GcsStorage, local: Path) -> None:
        fake.fail("POST", "^/upload/", 500, times=1_000_000)
        with pytest.raises(UserError, match=r"gs://b/folder/report.csv: Google's servers failed"):
            brief.put(local, "report.csv")

    def test_a_service_that_does_not_work_is_waited_for_once(
        self, fake: FakeGoogle, brief: GcsStorage, local: Path
    ) -> None:
        """The first request waits as long as is waited; the next one within a minute does not ask at all."""
        fake.fail("POST", "^/upload/", 503, times=1_000_000)
        told = r"^Cloud Storage at http://127.0.0.1:\d+ has not answered since .* UTC \(HTTP 503\)"
        with pytest.raises(UnreachableError, match=told):
            brief.put(local, "report.csv")
        asked = len(fake.requests)
        with pytest.raises(UnreachableError, match=told):
            brief.list()
        assert len(fake.requests) == asked

    def test_a_bucket_that_may_not_be_read_is_told(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        message = "does not have storage.objects.get access"
        fake.fail("GET", "/o/", 403, reason="forbidden", message=message)
        with pytest.raises(UserError, match=f"not allowed .forbidden.: {message}"):
            storage.put(local, "report.csv")

    def test_a_download_that_was_damaged_is_no_file(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path, tmp_path: Path
    ) -> None:
        storage.put(local, "report.csv")
        fake.contents["folder/report.csv"] = b"damaged"
        with pytest.raises(UserError, match="the content did not arrive as it is stored"):
            storage.get("report.csv", tmp_path / "back" / "report.csv")
        assert list((tmp_path / "back").iterdir()) == []

    def test_a_file_is_made_public(self, fake: FakeGoogle, storage: GcsStorage, local: Path) -> None:
        storage.put(local, "image.jpg")
        storage.make_public("image.jpg")
        assert fake.public == {"folder/image.jpg"}
        fake.fail("PATCH", "/o/", 400, reason="invalid", message="uniform bucket-level access is enabled")
        with pytest.raises(UserError, match="single files of this bucket cannot be made public"):
            storage.make_public("image.jpg")

    def test_a_compressed_file_is_not_inflated_on_the_way(
        self, fake: FakeGoogle, storage: GcsStorage, local: Path
    ) -> None:
        storage.put(local, "tracklog.json.gz")
        [request] = fake.sent("POST", "^/upload/")
        assert b"application/gzip" in request.content
        assert b"contentEncoding" not in request.content
