"""What a split finds before it does anything: the one place where it is worked out what there is to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.logs.checkpoints import Shards, Sources, merged, read_failures, read_outstanding
from edxtasks.logs.decisions import Decision, decide
from edxtasks.logs.directory_scan import DirectoryScan, Found
from edxtasks.logs.layout import Layout
from edxtasks.logs.legacy import Markers
from edxtasks.logs.options import SplitOptions

Digest = Callable[[Path], str]
"""The digest of a file's content, as `edxtasks.digests.Digests` gives it; raises `OSError`."""


@dataclass(frozen=True)
class Survey:
    """A log directory, and raw logs beside it.

    `decisions`: what is to be done with each raw log. `found`: what is amiss with the shards of a bucket.
    `outstanding`: shards that an earlier run has left to be rebuilt.
    """

    decisions: tuple[Decision, ...]
    found: Mapping[str, Found]
    outstanding: Shards

    @property
    def to_rebuild(self) -> Shards:
        """All shards that have to be rebuilt, but for what the raw logs will change."""
        return merged(
            {bucket: each.stale | each.unlisted for bucket, each in self.found.items()}, self.outstanding
        )


def survey(
    layout: Layout, options: SplitOptions, sources: Sources, paths: Sequence[Path], digest: Digest
) -> Survey:
    """Look at the log directory and at the raw logs `paths`. Reads checkpoints and lists, no shard; changes
    nothing."""
    found = DirectoryScan(layout, sources.by_key, options.dedupe_exact).look_at_all()
    markers = Markers(layout, found)
    decisions = decide(paths, options, sources, markers, read_failures(layout), digest)
    return Survey(tuple(decisions), found, merged(*read_outstanding(layout).values()))
