"""Cloud Storage as a storage, on an emulator."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "emulators"))

from servers import BUCKET, running
from storage_suite import StorageSuite

from edxtasks.errors import UserError
from edxtasks.storage.cloud import Patience
from edxtasks.storage.gcs import GcsStorage

_folders = itertools.count()


class TestCloudStorage(StorageSuite):
    """Files of a folder of a bucket."""

    @pytest.fixture
    def storage(self, monkeypatch: pytest.MonkeyPatch) -> GcsStorage:
        """A folder that no other test uses."""
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", running().storage)
        return GcsStorage(f"gs://{BUCKET}/storage_{next(_folders)}", patience=Patience(0.05, 0.2, 5.0))

    def test_checksums_are_those_of_the_content(self, storage: GcsStorage, local: Path) -> None:
        local.write_bytes(b"123456789")
        storage.put(local, "nine")
        stat = storage.stat("nine")
        assert stat is not None
        # CRC-32C of "123456789" is E3069283, the check value of the algorithm.
        assert stat.crc32c == "4waSgw=="

    def test_a_bucket_that_is_none_is_told(self, storage: GcsStorage, local: Path) -> None:
        nowhere = GcsStorage("gs://no-such-bucket", patience=Patience(0.05, 0.2, 1.0))
        with pytest.raises(UserError, match="gs://no-such-bucket/x: not found"):
            nowhere.put(local, "x")
