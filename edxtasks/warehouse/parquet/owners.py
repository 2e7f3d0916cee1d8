"""Whose tables a dataset of the embedded warehouse holds: `_edxtasks/owner.json` of the dataset says it."""

from __future__ import annotations

from pathlib import Path

import orjson

from edxtasks.files import write_atomically
from edxtasks.printable import printable_path
from edxtasks.scratch import PRIVATE
from edxtasks.warehouse.parquet.folder import WarehouseFolder

OWNER = "owner.json"
"""Note of a dataset about whose tables it holds."""


class Owners:
    """The owners of the datasets of a warehouse folder."""

    def __init__(self, folder: WarehouseFolder) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}
        self._damaged: dict[Path, None] = {}

    def owner(self, dataset: str) -> str | None:
        """Whose tables a dataset holds, None while it is nobody's."""
        if dataset not in self._known:
            try:
                form = orjson.loads((self._folder.path / dataset / PRIVATE / OWNER).read_bytes())
                self._known[dataset] = str(form["owner"])
            except (FileNotFoundError, NotADirectoryError):
                return None  # nobody's yet
            except (orjson.JSONDecodeError, TypeError, KeyError):
                self._damaged[self._folder.path / dataset / PRIVATE / OWNER] = None
                return None
        return self._known[dataset]

    def remarks(self) -> list[str]:
        """The damaged notes that were come upon, in lines for people."""
        return [
            f"{printable_path(place)} was damaged: whose tables the dataset holds was not known, and is "
            "noted anew with its next build"
            for place in self._damaged
        ]

    def note(self, dataset: str, owner: str) -> None:
        """Note whose tables a dataset holds, unless it is noted already."""
        if self.owner(dataset) is not None:
            return
        write_atomically(self._folder.private(dataset) / OWNER, orjson.dumps({"owner": owner}))
        self._known[dataset] = owner
