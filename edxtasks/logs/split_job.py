"""Splitting as the job of a worker process, which imports nothing else of the product for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edxtasks.digests import Digests, Mark
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.results import Progress, SplitResult
from edxtasks.workers import Progress as Tell


def split_logs(
    tell: Tell, paths: Sequence[Path], options: SplitOptions, known: dict[str, tuple[Mark, str]]
) -> SplitResult:
    """Split raw logs and publish the shards that changed. `known` are digests of files, as
    `Digests.known` gives them."""
    from edxtasks.logs.split import split  # whoever only asks for the job does not need it

    digests = Digests()
    digests.learn(known)
    return split(paths, options, lambda told: _say(tell, told), digests)


def _say(tell: Tell, told: Progress) -> None:
    if told.stage == "splitting":
        tell(told.bytes_done, told.bytes, "bytes")
    elif told.stage == "waiting":
        tell(0, 0, told.waiting)
