"""Tables that were set aside, in the embedded warehouse: moved to where no listing, view or reader looks.

A table has a home in its dataset, a file or a folder; setting it aside moves that below the private folder of
the dataset, taking it back moves it again. A move is one rename: nobody sees half of a table.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from edxtasks.scratch import PRIVATE
from edxtasks.warehouse.base import TableState
from edxtasks.warehouse.parquet.listing import Listing
from edxtasks.warehouse.parquet.table_files import SUFFIX

ASIDE = "aside"
"""Name of the folder in the private folder of a dataset."""


class Aside:
    """The tables of a dataset folder that were set aside."""

    def __init__(self, dataset: Path) -> None:
        self._dataset = dataset
        self._folder = dataset / PRIVATE / ASIDE

    def states(self) -> Mapping[str, TableState]:
        """The state of each by name."""
        return Listing(self._folder, cached=False).states

    def keep(self, table: str) -> bool:
        """Set a table aside, in place of one set aside before. False when there is none."""
        there = _places(self._dataset, table)
        if there:
            self.drop(table)
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in there:
                path.rename(self._folder / path.name)
        return bool(there)

    def take_back(self, table: str) -> bool:
        """Put a table back. False when there is none, or there is a table in its place."""
        kept = [] if _places(self._dataset, table) else _places(self._folder, table)
        for path in kept:
            path.rename(self._dataset / path.name)
        self._leave()
        return bool(kept)

    def drop(self, table: str) -> bool:
        """Remove a table that was set aside. False when there is none."""
        kept = _places(self._folder, table)
        for stray in Listing(self._folder, cached=False).strays(table) if kept else ():
            # It came here with the folder of the table, and is not ours to remove.
            home = self._dataset / stray.relative_to(self._folder)
            if not home.exists():
                home.parent.mkdir(exist_ok=True)
                stray.rename(home)
        for path in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self._leave()
        return bool(kept)

    def _leave(self) -> None:
        """Nothing stays of the folder where nothing is set aside."""
        with suppress(OSError):
            self._folder.rmdir()


def _places(folder: Path, table: str) -> list[Path]:
    """The file and the folder of a table, as far as they are there; somebody else's may be both."""
    return [path for path in (folder / f"{table}{SUFFIX}", folder / table) if path.exists()]
