"""What feeds a shard: the parts of raw logs, as their checkpoints tell them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edxtasks.compression import inflate
from edxtasks.logs.parts import Part
from edxtasks.logs.shard_rows import lines_of


class DamagedError(Exception):
    """A shard that cannot be made. `sources` are the keys of raw logs whose part is missing or not what its
    checkpoint says: a new split of them mends it."""

    def __init__(self, message: str, *sources: str) -> None:
        super().__init__(message)
        self.sources = sources


@dataclass(frozen=True)
class Supply:
    """A part and the source that it is of."""

    key: str
    path: Path
    part: Part

    @property
    def is_short(self) -> bool:
        """Whether its file is missing, or of another size than its checkpoint says."""
        try:
            return self.path.stat().st_size != self.part.size
        except FileNotFoundError:
            return True


def rows_of(supply: Supply) -> Iterator[bytes]:
    """The rows of a part, without line ends. Raises `DamagedError`."""
    try:
        yield from lines_of(content for _, content in inflate(supply.path))
    except (FileNotFoundError, ValueError) as error:
        raise damaged(supply, str(error)) from None


def damaged(supply: Supply, what: str) -> DamagedError:
    """That the part of a supply is not what its checkpoint says."""
    return DamagedError(
        f"the rows of {supply.key} for {supply.part.bucket}, {supply.part.day} are damaged "
        f"({supply.path}: {what}); name that raw log in a split (with force_recompute=1 where it was split "
        f"with other rules), or withdraw it: split forget='{supply.key}'",
        supply.key,
    )
