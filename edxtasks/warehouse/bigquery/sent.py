"""Files of a load on their way through the bucket: sent, read by the load job, removed.

They may be personal, so that none stays: not where a load fails, nor where a run is killed and the next one
finds the table as it should be.
"""

from __future__ import annotations

import platform
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from edxtasks.errors import UserError
from edxtasks.storage.gcs import GcsStorage
from edxtasks.warehouse.base import TableName, digest
from edxtasks.warehouse.bigquery.staged_files import Staged

_LONGEST = 24 * 3600
"""Seconds after which no run reads a file any more; BigQuery ends a load after six hours."""


def domain_of(locks: Path) -> str:
    """What stands for all runs that hold one another's locks: those of a machine, with this folder of locks.
    Among them nobody else loads the table that one of them loads."""
    return digest(platform.node(), str(locks.absolute()))[:12]


class Sent:
    """The files that one load has sent; a context manager.

    `domain` is that of `domain_of`: runs of other machines have other names, and remove nothing of this one.
    The names of what does not stay begin with `beginning`. The same content has the same name, so that what a
    killed run has sent is not sent again.
    """

    def __init__(self, storage: GcsStorage, name: TableName, domain: str, stamp: str) -> None:
        self.files: dict[str, Staged] = {}
        """The local files by their address in the bucket."""
        self._storage = storage
        self._name = name
        self._folder = f"_edxtasks/{name.dataset}/{name.table}"
        self._own = f"{self._folder}/{domain}/"
        self.beginning = f"{self._own}{stamp}"
        self._swept = False

    def __enter__(self) -> Sent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            with suppress(UserError):  # what went wrong before is told
                self.remove()

    def send(self, one: Staged) -> None:
        """Send a file."""
        if not one.stays and not self._swept:
            self._sweep()
        self.files[self._storage.uri(one.name)] = one
        self._storage.put(one.path, one.name)

    def remove(self) -> None:
        """Remove what is not to stay."""
        for one in self.files.values():
            if not one.stays:
                self._storage.delete(one.name)

    def gone(self) -> UserError | None:
        """What is wrong where a file that was sent is no more; None where all are there."""
        for uri, one in self.files.items():
            if self._storage.stat(one.name) is None:
                return UserError(
                    f"loading {self._name}: {uri} was sent, and somebody removed it before BigQuery had read "
                    "it. Look whether a rule of the bucket, or a person, deletes files there; run again"
                )
        return None

    def _sweep(self) -> None:
        """Remove what killed runs have left for this table: those of this domain, and all old ones."""
        self._swept = True
        for file, stat in self._storage.stats(f"{self._folder}/").items():
            own = file.startswith(self._own) and not file.startswith(f"{self.beginning}-")
            if own or stat.updated < time.time() - _LONGEST:
                self._storage.delete(file)
