"""The local folder as a storage."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from storage_suite import StorageSuite

from edxtasks.config import Settings, Storage, Warehouse
from edxtasks.errors import SettingsError
from edxtasks.storage import LocalStorage, open_storage


class TestLocal(StorageSuite):
    """Files below a folder."""

    @pytest.fixture
    def storage(self, tmp_path: Path) -> LocalStorage:
        """A storage whose folder does not exist yet."""
        return LocalStorage(tmp_path / "storage")

    def test_what_is_being_written_is_no_file_of_the_storage(
        self, storage: LocalStorage, local: Path
    ) -> None:
        storage.put(local, "a/report.csv")
        (storage.folder / "a" / ".edxtasks-77-half.csv").write_bytes(b"x")
        assert storage.list() == ["a/report.csv"]

    def test_a_broken_write_leaves_the_old_file(self, storage: LocalStorage, local: Path) -> None:
        storage.put(local, "report.csv")
        with pytest.raises(IsADirectoryError):
            storage.put(local.parent, "report.csv")
        assert storage.holds(local, "report.csv")
        assert [path.name for path in storage.folder.iterdir()] == ["report.csv"]

    def test_a_public_file_is_readable_by_all(self, storage: LocalStorage, local: Path) -> None:
        storage.put(local, "image.jpg")
        path = storage.folder / "image.jpg"
        path.chmod(0o600)
        storage.make_public("image.jpg")
        assert path.stat().st_mode & 0o777 == 0o644

    def test_the_url_is_the_path(self, storage: LocalStorage) -> None:
        assert storage.url("a/b.csv") == str(storage.folder / "a" / "b.csv")


def test_the_embedded_engine_has_the_folder_and_no_google(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from edxtasks.config import Settings\n"
        "from edxtasks.storage import open_storage\n"
        "from edxtasks.warehouse import open_warehouse\n"
        f"settings = Settings(root=Path({str(tmp_path)!r}))\n"
        "storage, warehouse = open_storage(settings), open_warehouse(settings)\n"
        "print(storage.where, warehouse.where, sorted(m for m in sys.modules if m.startswith('google')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "storage"), str(tmp_path / "warehouse"), "[]"]


def test_bigquery_needs_a_bucket(tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, warehouse=Warehouse(engine="bigquery", project_id="campus"))
    with pytest.raises(SettingsError, match="gs_bucket"):
        open_storage(settings)


def test_bigquery_has_the_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    settings = Settings(root=tmp_path, warehouse=Warehouse(engine="bigquery", project_id="campus"))
    settings = dataclasses.replace(settings, storage=Storage(gs_bucket="gs://campus-bucket/folder"))
    storage = open_storage(settings)
    assert storage.where == "gs://campus-bucket/folder"
    assert storage.url("R/a b.csv") == "https://storage.cloud.google.com/campus-bucket/folder/R/a%20b.csv"
