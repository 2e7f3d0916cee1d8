"""Which raw logs are meant, and what there is to do about them.

Without the modules that do it: every run asks here, and few split anything.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.logs.checkpoints import Sources
from edxtasks.logs.decisions import Decision
from edxtasks.logs.layout import Layout
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.rejects import too_old
from edxtasks.logs.survey import Digest, survey
from edxtasks.printable import printable_path, quantity


def expand(patterns: Sequence[str], root: Path) -> list[Path]:
    """The raw logs that names and patterns (`*`, `?`, `[…]`, `**`) mean, sorted, each once.

    Relative ones start at `root`. A name of no file stays in the list, and so does a pattern that nothing
    matches, so that `split` tells it.
    """
    found: set[Path] = set()
    for pattern in patterns:
        path = root / Path(pattern).expanduser()
        if path.exists() or not glob.has_magic(pattern):
            found.add(path)
            continue
        # Only what a person wrote is a pattern.
        below = str(Path(pattern).expanduser())
        full = below if Path(below).is_absolute() else str(Path(glob.escape(str(root))) / below)
        names = glob.glob(full, recursive=True)  # noqa: PTH207 -- the pattern may be absolute
        found.update([match for name in names if (match := Path(name)).is_file()] or [path])
    return sorted(found)


@dataclass(frozen=True)
class Pending:
    """What a split would do: a decision for each raw log; shards that have still to be rebuilt; shards
    that no run made and that would be taken over; shards whose checkpoints are lost; files of rejects that
    are kept no longer. True when there is anything to do or to complain about."""

    decisions: tuple[Decision, ...]
    unpublished: int
    untracked: int
    lost: int = 0
    old_rejects: int = 0

    def __bool__(self) -> bool:
        return bool(self.to_do or self.unpublished or self.untracked or self.lost or self.old_rejects)

    @property
    def to_do(self) -> list[Decision]:
        """The raw logs that are not in order as they are."""
        return [decision for decision in self.decisions if decision.changes_something]

    @property
    def reasons(self) -> list[str]:
        """Why there is something to do, a line each."""
        lines = [f"{printable_path(d.path)}: {d.reason}" for d in self.to_do]
        if self.unpublished:
            lines.append(f"{quantity(self.unpublished, 'shard has', 'shards have')} to be rebuilt")
        if self.untracked:
            lines.append(f"{quantity(self.untracked, 'shard')} that no run made to be taken over")
        if self.lost:
            lines.append(f"the checkpoints of {quantity(self.lost, 'shard')} are lost")
        if self.old_rejects:
            lines.append(f"{quantity(self.old_rejects, 'file')} of rejects older than rejects_kept_days")
        return lines


def pending(paths: Sequence[Path], options: SplitOptions, digest: Digest) -> Pending:
    """What `split` would do with these raw logs. Reads checkpoints and lists, no shard; changes nothing."""
    layout = Layout(options.directory)
    seen = survey(layout, options, Sources.read(layout), paths, digest)
    return Pending(
        decisions=seen.decisions,
        unpublished=sum(map(len, seen.to_rebuild.values())),
        untracked=sum(len(each.untracked) for each in seen.found.values()),
        lost=sum(len(each.lost) for each in seen.found.values()),
        old_rejects=len(too_old(layout.rejects, options.rejects_kept_days)),
    )
