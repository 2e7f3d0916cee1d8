"""The folder of the embedded warehouse: which datasets and tables lie in it, and in which files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edxtasks.errors import UserError
from edxtasks.printable import printable_path
from edxtasks.scratch import PRIVATE
from edxtasks.warehouse.base import NAME, TableName, TableState
from edxtasks.warehouse.parquet.aside import Aside
from edxtasks.warehouse.parquet.listing import Listing
from edxtasks.warehouse.parquet.table_files import SUFFIX


class WarehouseFolder:
    """A folder of datasets. What was listed of a dataset is kept until `refresh`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listings: dict[str, Listing] = {}
        self._before: dict[str, Listing] = {}
        self._identities: dict[str, tuple[int, int]] = {}
        self._aside: dict[str, Mapping[str, TableState]] = {}

    def refresh(self, dataset: str) -> None:
        """List a dataset anew when it is asked for."""
        if dataset in self._listings:
            self._before[dataset] = self._listings.pop(dataset)
        self._aside.pop(dataset, None)

    def refresh_all(self) -> None:
        """List everything anew when it is asked for."""
        self._before.update(self._listings)
        self._listings.clear()
        self._aside.clear()

    def save(self) -> None:
        """Keep what was listed for those who come next."""
        for listing in (self._before | self._listings).values():
            if listing.unsaved:
                listing.save()

    def datasets(self) -> list[str]:
        """Names of all datasets, sorted."""
        if not self.path.is_dir():
            return []
        return sorted(
            path.name
            for path in self.path.iterdir()
            if NAME.fullmatch(path.name) and path.name != PRIVATE and path.is_dir()
        )

    def listing(self, dataset: str) -> Listing:
        """The tables of a dataset. Raises `UserError` where its folder is another than before in this run."""
        if dataset not in self._listings:
            before = self._before.pop(dataset, None)
            self._listings[dataset] = listing = Listing(self.path / dataset, before=before)
            self._check_identity(dataset, listing)
        return self._listings[dataset]

    def remarks(self) -> list[str]:
        """What lies among the tables and is not read, of the datasets that were listed."""
        return [remark for listing in self._listings.values() for remark in listing.remarks()]

    def aside(self, dataset: str) -> Mapping[str, TableState]:
        """The state of every table of a dataset that was set aside."""
        if dataset not in self._aside:
            self._aside[dataset] = Aside(self.path / dataset).states()
        return self._aside[dataset]

    def place(self, name: TableName, partitioned: bool) -> Path:
        """The file of a table, or the folder of one partitioned by date."""
        return self.path / name.dataset / (name.table if partitioned else f"{name.table}{SUFFIX}")

    def files(self, name: TableName) -> list[Path]:
        """The files that a table is read from; none where there is no table."""
        files = self.listing(name.dataset).files(name.table)
        if not files:  # somebody else may have made it since
            self.refresh(name.dataset)
            files = self.listing(name.dataset).files(name.table)
        return files

    def present_files(self, name: TableName) -> list[Path]:
        """As `files`. Raises `UserError` where the table is not there any more."""
        files = self.files(name)
        if not files:
            raise UserError(f"{name} of {self.path} was removed while the run was under way: run again")
        return files

    def private(self, dataset: str) -> Path:
        """The folder of a dataset for what is no table; made where it is not there."""
        folder = self.path / dataset / PRIVATE
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def remove_if_empty(self, name: TableName) -> None:
        """Remove the folder of a table where nothing is in it any more."""
        folder = self.place(name, partitioned=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _check_identity(self, dataset: str, listing: Listing) -> None:
        """Raises `UserError` where the folder of a dataset is another than the one seen before: what a run
        found fresh in it, or has built, is gone."""
        known = self._identities.get(dataset)
        if known is None:
            if listing.identity is not None:
                self._identities[dataset] = listing.identity
        elif listing.identity != known:
            del self._listings[dataset]
            raise UserError(
                f"{printable_path(self.path / dataset)} was removed or replaced while the run was under "
                "way: what it held is not there any more. Run again"
            )
