"""What is to be done with each raw log: the cases of checkpoints."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edxtasks.logs.checkpoints import Failure, Sources, Summary
from edxtasks.logs.legacy import Markers
from edxtasks.logs.log_names import is_edge
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.source_keys import base_key
from edxtasks.printable import printable, printable_path

SPLIT = "split"
DONE = "done"
EQUAL = "equal"
STALE = "stale"
SKIPPED = "skipped"
FAILED = "failed"


@dataclass(frozen=True)
class Decision:
    """What is to be done with one raw log, and why.

    `action`: `split`; `done` (already, also by the predecessor); `equal` (its content is that of the
    source `equals`, which has been split or will be now); `stale` (split by other rules, and stays);
    `skipped` (an edge log); `failed` (it cannot be used, or which file is meant is not clear). `digest` is
    that of its content, "" where that was not needed. `replaces`: it has a checkpoint, whose rows are
    replaced. `failed_before`: its last try failed, of which there is a note.
    """

    path: Path
    key: str
    order: tuple[str, str]
    action: str
    reason: str
    digest: str = ""
    size: int = 0
    equals: str = ""
    replaces: bool = False
    failed_before: bool = False

    @property
    def changes_something(self) -> bool:
        """Whether a run would do more than to look at it, or complain about it."""
        if self.action in (SPLIT, FAILED) or self.failed_before:
            return True
        return self.action == EQUAL and self.replaces


def decide(
    paths: Sequence[Path],
    options: SplitOptions,
    sources: Sources,
    markers: Markers,
    failures: Mapping[str, Failure],
    digest: Callable[[Path], str],
) -> list[Decision]:
    """One decision for each path, ordered by source; a path that is named twice has one."""
    claimed: dict[str, Path] = {}
    looked_at: list[_Log] = []
    for path in sorted(dict.fromkeys(path.absolute() for path in paths)):
        try:
            status = path.stat()
        except OSError as error:  # takes no key from a file that exists
            log = _Log(path, base_key(path, options.keep_directory), ("", ""), None)
            log.settled = FAILED, _unreadable(path, error)
        else:
            key, order = sources.claim(path, options.keep_directory)
            known = sources.by_key.get(key)
            log = _Log(path, key, order, known, status, sources.file_of(known) if known is not None else None)
            log.look(options, markers, claimed, digest)
        looked_at.append(log)
    looked_at.sort(key=lambda log: (log.order, str(log.path)))

    # Rows of a source that is replaced in this run are no longer those of its old content.
    replaced = {log.key for log in looked_at if log.changed}
    owners = {content: key for content, key in sources.by_digest().items() if key not in replaced}
    for log in looked_at:
        owner = sources.by_key.get(owners.get(log.digest, ""))
        # Of one content in two forms the first in order is the source, as when both are split in one run.
        in_another_form = owner is not None and log.digest == owner.text_digest != owner.digest
        if owner is not None and in_another_form and not sources.comes_first(owner, log.order):
            del owners[log.digest]
    decisions = [log.decide(options, owners, failures) for log in looked_at]
    return [replace(decision, failed_before=decision.key in failures) for decision in decisions]


class _Log:
    def __init__(
        self,
        path: Path,
        key: str,
        order: tuple[str, str],
        known: Summary | None,
        status: os.stat_result | None = None,
        known_file: Path | None = None,
    ) -> None:
        self.path = path
        self.key = key
        self.order = order
        self.known = known
        self.known_file = known_file
        self.status = status
        self.digest = ""
        self.settled: tuple[str, str] | None = None

    @property
    def changed(self) -> bool:
        return self.known is not None and bool(self.digest) and self.digest not in self.known.contents

    def look(
        self,
        options: SplitOptions,
        markers: Markers,
        claimed: dict[str, Path],
        digest: Callable[[Path], str],
    ) -> None:
        """Settle what needs no comparison with other logs; else read the digest."""
        self.settled = self._unusable(claimed)
        if self.settled is not None:
            return
        claimed[self.key] = self.path
        if options.edge_logs == "skip" and is_edge(self.path):
            self.settled = SKIPPED, "an edge log, and edge_logs is skip"
            return
        if self.known is None and (marker := markers.find(self.path)) is not None:
            self.settled = DONE, f"split by the predecessor (marker META/{printable(marker)})"
            if options.force:
                self.settled = (
                    FAILED,
                    f"{printable_path(self.path)} was split by the predecessor (marker "
                    f"META/{printable(marker)}), and its rows cannot be told from others in the shards "
                    "taken over; to split it again, withdraw those first: split forget='legacy:*'",
                )
            return
        try:
            self.digest = digest(self.path)
        except OSError as error:
            self.settled = FAILED, _unreadable(self.path, error)

    def _unusable(self, claimed: Mapping[str, Path]) -> tuple[str, str] | None:
        assert self.status is not None
        if not stat.S_ISREG(self.status.st_mode):
            return FAILED, f"{printable_path(self.path)} is not a file"
        other = claimed.get(self.key)
        if other is None and self.known_file is not None and self.known_file != self.path:
            other = _another_file(self.known_file, self.status)
        if other is not None:
            return FAILED, (
                f"{printable_path(self.path)} and {printable_path(other)} would be one source, "
                f"{self.key} (same folder, same name but for "
                "the compression), so that each would replace the rows of the other; remove or rename one"
            )
        return None

    def decide(
        self, options: SplitOptions, owners: dict[str, str], failures: Mapping[str, Failure]
    ) -> Decision:
        """What is to be done; `owners` are the sources by content, and this one is added when it is split."""
        if self.settled is not None:
            return self._decision(*self.settled)
        owner = owners.get(self.digest)
        if owner is not None and owner != self.key:
            return self._decision(EQUAL, f"same content as {owner}", equals=owner)
        reason = self._reason_to_split(options)
        if reason is None:
            assert self.known is not None
            difference = _difference(self.known.rules, options.recipe(self.path))
            if not difference:
                return self._decision(DONE, "already done")
            if not options.resplit_on_rule_change:
                return self._decision(
                    STALE,
                    f"split with other rules ({difference}); force_recompute=1 or resplit_on_rule_change "
                    "splits it again",
                )
            reason = f"the rules changed ({difference})"
        owners[self.digest] = self.key
        if self.key in failures:
            reason = f"its last try failed; {reason}"
        return self._decision(SPLIT, reason)

    def _reason_to_split(self, options: SplitOptions) -> str | None:
        if self.known is None:
            return "new"
        if options.force:
            return "asked for by force_recompute"
        if self.changed:
            return "its content changed"
        if not self.known.complete:
            return "only the readable part of it was split"
        return None

    def _decision(self, action: str, reason: str, equals: str = "") -> Decision:
        return Decision(
            path=self.path,
            key=self.key,
            order=self.order,
            action=action,
            reason=reason,
            digest=self.digest,
            size=self.status.st_size if self.status is not None else 0,
            equals=equals,
            replaces=self.known is not None,
        )


def _unreadable(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and glob.has_magic(str(path)):
        return f"no raw log matches {printable_path(path)}"
    return f"{printable_path(path)} cannot be read: {printable(error.strerror)}"


def _another_file(path: Path, status: os.stat_result) -> Path | None:
    """`path` where it is there and another file than the one that `status` is of."""
    try:
        return None if os.path.samestat(path.stat(), status) else path
    except OSError:
        return None


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    names = [name for name in new if old.get(name) != new[name]]
    return ", ".join(f"{name} was {old.get(name)}, is {new[name]}" for name in names)
