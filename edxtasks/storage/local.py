"""The storage of the embedded engine: a local folder."""

from __future__ import annotations

import filecmp
import os
import shutil
import stat
from pathlib import Path

from edxtasks.compression import crc32
from edxtasks.scratch import beside, publish
from edxtasks.storage.base import TEMPORARY, NotStoredError, Stat, Storage, checked_name

_AT_ONCE = 1 << 20


class LocalStorage(Storage):
    """Files below one folder. Each is written beside its place and renamed over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.where = str(folder)

    def put(self, local: Path, name: str) -> bool:
        if self.holds(local, name):
            return False
        _copy(local, self._path(name))
        return True

    def get(self, name: str, local: Path) -> None:
        _copy(self._existing(name), local)

    def holds(self, local: Path, name: str) -> bool:
        path = self._path(name)
        return path.is_file() and filecmp.cmp(local, path, shallow=False)

    def stat(self, name: str) -> Stat | None:
        path = self._path(name)
        if not path.is_file():
            return None
        status = path.stat()
        return Stat(status.st_size, status.st_mtime)

    def checksum(self, name: str) -> str | None:
        path = self._path(name)
        if not path.is_file():
            return None
        value = 0
        with path.open("rb") as file:
            while piece := file.read(_AT_ONCE):
                value = crc32(piece, value)
        return f"{value:08x}"

    def list(self, prefix: str = "") -> list[str]:
        # Only folders that can hold such names are walked: a storage has a folder a course.
        start = self.folder.joinpath(*prefix.split("/")[:-1])
        beginning = len(os.path.join(self.folder, ""))  # noqa: PTH118 - texts: a run lists thousands of folders
        names = (
            os.path.join(folder, file)[beginning:]  # noqa: PTH118
            for folder, _, files in os.walk(start)
            for file in files
            if not file.startswith(TEMPORARY)
        )
        return sorted(name for name in names if name.startswith(prefix))

    def stats(self, prefix: str = "") -> dict[str, Stat]:
        return {name: found for name in self.list(prefix) if (found := self.stat(name)) is not None}

    def delete(self, name: str) -> bool:
        path = self._path(name)
        if not path.is_file():
            return False
        path.unlink()
        return True

    def url(self, name: str) -> str:
        return str(self._path(name))

    def make_public(self, name: str) -> None:
        path = self._existing(name)
        path.chmod(path.stat().st_mode | stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)

    def _path(self, name: str) -> Path:
        return self.folder.joinpath(*checked_name(name).split("/"))

    def _existing(self, name: str) -> Path:
        path = self._path(name)
        if not path.is_file():
            raise NotStoredError(f"{path}: no such file in the storage")
        return path


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with beside(target) as temporary:
        shutil.copyfile(source, temporary)
        publish(temporary, target)
