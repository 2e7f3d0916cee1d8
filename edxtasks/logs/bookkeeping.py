"""What becomes of each try of a raw log: its checkpoint, or the note that it failed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from edxtasks.logs.checkpoints import (
    LISTED_KEYS,
    Checkpoint,
    Failure,
    Sources,
    add_outstanding,
    merged,
    read_checkpoint,
    remove_failure,
)
from edxtasks.logs.decisions import EQUAL, FAILED, SPLIT, Decision
from edxtasks.logs.layout import Layout, remove_tree
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.parts import Part
from edxtasks.logs.results import FileResult, SplitResult
from edxtasks.logs.sketches import Sketches
from edxtasks.logs.source_keys import base_name, place_of
from edxtasks.logs.work import LogResult, WholeLog
from edxtasks.outcomes import described
from edxtasks.printable import printable_path, quantity

FEW_LINES = 1000
"""A file of no more lines does not fail for its rejects, as long as one line can be used."""
REMEMBERED_KEYS = 20_000
"""Most names of unknown keys that are remembered, to tell new ones."""


@dataclass
class Attempt:
    """One raw log on its way."""

    decision: Decision
    work: WholeLog


class CheckpointWriter:
    """Keeps the checkpoints for one run; what became of each raw log goes into `result`."""

    def __init__(self, layout: Layout, options: SplitOptions, sources: Sources, result: SplitResult) -> None:
        self._layout = layout
        self._options = options
        self._sources = sources
        self._result = result
        self._unknown_keys: dict[str, set[str]] = {}
        self._sketches = Sketches(layout, sources)
        self._without_digest: dict[_Rows, str] | None = None
        self.awaited: set[str] = set()
        """Keys of sources that are still to be split again in this run: what is known of them is old."""

    def save(self) -> None:
        """Write what is remembered for the next run; only a cache."""
        self._sketches.save()

    def take(self, attempt: Attempt, result: LogResult) -> None:
        """Make the result of a raw log that of its source, unless it has to fail."""
        decision, layout = attempt.decision, self._layout
        self.awaited.discard(decision.key)
        if result.parts is None:
            self.fail(attempt, result.message, result.seen, result)
            return
        if too_many := self._too_many_rejects(result):
            rejects = layout.failed_rejects_of(decision.key)
            attempt.work.destination.rejects.replace(rejects)
            message = (
                f"{printable_path(decision.path)}: {too_many}; is it a tracking log? The lines: {rejects}"
            )
            self.fail(attempt, message, result.seen, result)
            return
        twin = self._sources.same_text(decision.key, result.text_digest) if result.text_digest else None
        twin = twin or self._same_rows(decision.key, result)
        if twin in self.awaited:
            twin = None
        if twin is not None and self._sources.comes_first(self._sources.by_key[twin], decision.order):
            self._leave_out(attempt, result, twin)
            return
        decision, warnings = self._place(decision, result)
        checkpoint = self._checkpoint(decision, attempt.work.destination.folder.name, result)
        old = read_checkpoint(layout, decision.key)
        if old is not None and old.text_digest == result.text_digest != "":
            checkpoint = replace(checkpoint, others=old.others)
        if twin is not None:
            checkpoint = self._give_up(twin, checkpoint)
        add_outstanding(layout, decision.key, merged(checkpoint.shards(), old.shards() if old else {}))
        if result.rejects:
            attempt.work.destination.rejects.replace(layout.rejects_of(decision.key))
        else:
            layout.rejects_of(decision.key).unlink(missing_ok=True)
        checkpoint.write(layout)
        self._sources.put(checkpoint)
        self._sketches.put(checkpoint.key, checkpoint.digest, checkpoint.sketch)
        # The raw log is split by now: what cannot be removed is no reason to give its parts up.
        with contextlib.suppress(OSError):  # the next run tries again
            self.forget_failure(attempt.decision.key)
        if old is not None:
            with contextlib.suppress(OSError):
                remove_tree(layout.parts / old.folder)
        self._unknown_keys[decision.key] = set(checkpoint.unknown_keys)
        self._result.files.append(
            FileResult(
                path=decision.path,
                key=decision.key,
                state=SPLIT,
                message=decision.reason,
                warnings=(*_warnings(checkpoint), *warnings),
                complete=checkpoint.complete,
                lines=result.lines,
                blank=result.blank,
                rows=result.rows,
                rejects=dict(sorted(result.rejects.items())),
                shards=checkpoint.shards(),
                seconds=result.seconds,
            )
        )

    def _same_rows(self, key: str, result: LogResult) -> str | None:
        """Another source with the same number of lines and the very same rows, of which no digest of lines is
        known: an older version split it."""
        if self._without_digest is None:
            old = [one.key for one in self._sources.by_key.values() if one.complete and not one.text_digest]
            found = (read_checkpoint(self._layout, one) for one in old)
            self._without_digest = {
                _rows_of(one.lines, one.parts): one.key for one in found if one is not None and one.parts
            }
        if not result.parts or result.message:
            return None
        twin = self._without_digest.get(_rows_of(result.lines, result.parts))
        return twin if twin != key and twin in self._sources.by_key else None

    def _leave_out(self, attempt: Attempt, result: LogResult, owner: str) -> None:
        """Nothing of this try is kept: the source `owner` has the same content, which is noted there."""
        decision = attempt.decision
        remove_tree(attempt.work.destination.folder)
        self._note_other(owner, result.digest, place_of(decision.path, self._layout.root))
        if decision.key in self._sources.by_key:
            self.withdraw(decision.key)
        self.forget_failure(decision.key)
        self._result.files.append(told(decision, EQUAL, f"same content as {owner}"))

    def _give_up(self, key: str, owner: Checkpoint) -> Checkpoint:
        """Withdraw a source whose content `owner` has too, who comes first; `owner` with a note of it. Done
        before there is a checkpoint of `owner`: killed between the two, a run leaves rows out, for the next
        one to find, and none twice."""
        summary = self._sources.by_key[key]
        self.withdraw(key)
        for number, file in enumerate(self._result.files):
            if file.key == key:
                message = f"same content as {owner.key}"
                self._result.files[number] = FileResult(file.path, key, EQUAL, message)
        self._unknown_keys.pop(key, None)
        return replace(owner, others={**owner.others, **summary.others, summary.digest: summary.path})

    def _note_other(self, owner: str, digest: str, path: str) -> None:
        checkpoint = read_checkpoint(self._layout, owner)
        assert checkpoint is not None
        checkpoint = replace(checkpoint, others={**checkpoint.others, digest: path})
        checkpoint.write(self._layout)
        self._sources.put(checkpoint)

    def _place(self, decision: Decision, result: LogResult) -> tuple[Decision, list[str]]:
        """The decision, and what to tell. A new source of the name of one whose file is gone, with half of
        its lines, is that source delivered again from another place: it gets its key and place."""
        if decision.replaces:
            return decision, []
        warnings: list[str] = []
        for like in self._sketches.like(decision.key, result.sketch):
            if like.key in self.awaited:
                continue
            compared = quantity(like.compared, "line that was compared", "lines that were compared")
            shared = f"{like.shared} of {compared}"
            other = self._sources.by_key[like.key]
            file = self._sources.file_of(other)
            gone = not os.path.lexists(file)
            if gone and not decision.replaces and base_name(file) == base_name(decision.path):
                decision = replace(decision, key=other.key, order=other.order, replaces=True)
                warnings.append(
                    f"taken for {like.key}, delivered again from another place ({shared}), whose rows it "
                    f"replaces: {printable_path(file)} is gone"
                )
            else:
                warnings.append(
                    f"repeats lines of {like.key} ({shared}), which are counted twice; if it is the same "
                    f"log, withdraw one: split forget={like.key}"
                )
        return decision, warnings

    def _too_many_rejects(self, result: LogResult) -> str:
        """Why the rejects of a raw log mean that it is none, or is damaged; "" when they do not."""
        most = self._options.max_reject_fraction
        rejected = sum(result.rejects.values())
        read = result.rows + result.retired + rejected
        reasons = ", ".join(f"{reason}: {n}" for reason, n in sorted(result.rejects.items()))
        if rejected and not result.rows and not result.retired and most < 1:
            return f"none of its {quantity(read, 'line')} could be used ({reasons})"
        if result.lines > FEW_LINES and rejected > most * read:
            return (
                f"{rejected} of {quantity(read, 'line')} were rejected ({reasons}), "
                f"max_reject_fraction = {most}"
            )
        return ""

    def _checkpoint(self, decision: Decision, folder: str, result: LogResult) -> Checkpoint:
        assert result.parts is not None
        return Checkpoint(
            key=decision.key,
            order=decision.order,
            path=place_of(decision.path, self._layout.root),
            size=result.size,
            digest=result.digest,
            rules=self._options.recipe(decision.path),
            complete=not result.message,
            started=_moment(result.started),
            ended=_moment(result.started + result.seconds),
            lines=result.lines,
            blank=result.blank,
            retired=result.retired,
            rows=result.rows,
            rejects=dict(sorted(result.rejects.items())),
            bad_utf8=result.counts.bad_utf8,
            unknown_keys=_most(result.counts.unknown_keys),
            wrong_types=_most(result.counts.wrong_types),
            folder=folder,
            parts=result.parts,
            message=result.message,
            trailer=result.trailer,
            text_digest=result.text_digest,
            sketch=result.sketch,
        )

    def fail(
        self,
        attempt: Attempt,
        message: str,
        seen: dict[str, list[str]],
        result: LogResult | None = None,
    ) -> None:
        """Nothing of this try is kept but the note that it failed."""
        decision = attempt.decision
        self.awaited.discard(decision.key)
        message = message.encode("utf-8", "backslashreplace").decode()  # it goes into a file of JSON
        with contextlib.suppress(OSError):  # the next run removes it
            remove_tree(attempt.work.destination.folder)
        old = read_checkpoint(self._layout, decision.key)
        feeds = merged(seen, old.shards() if old is not None else {})
        failure = Failure(
            key=decision.key,
            path=place_of(decision.path, self._layout.root),
            when=_moment(time.time()),
            message=message,
            shards={bucket: sorted(days) for bucket, days in sorted(feeds.items())},
        )
        try:
            failure.write(self._layout)
        except OSError as error:
            message = f"{message}; and this could not be noted ({described(error)})"
        self._result.files.append(
            FileResult(
                path=decision.path,
                key=decision.key,
                state=FAILED,
                message=message,
                lines=result.lines if result is not None else 0,
                blank=result.blank if result is not None else 0,
                rows=result.rows if result is not None else 0,
                rejects=dict(sorted(result.rejects.items())) if result is not None else {},
                shards=failure.shards,
                seconds=result.seconds if result is not None else 0.0,
            )
        )

    def tell_new_keys(self) -> None:
        """Add to the results which unknown keys no raw log had before: told of the first that has them."""
        known = self._sources.unknown_keys
        for number, file in sorted(enumerate(self._result.files), key=lambda item: item[1].key):
            new_keys = self._unknown_keys.pop(file.key, set()) - known
            if new_keys and len(known) < REMEMBERED_KEYS:
                self._result.files[number] = replace(file, new_keys=tuple(sorted(new_keys)))
                known |= new_keys

    def settle_equal(self, decisions: list[Decision]) -> None:
        """Delete rows written earlier for raw logs that now duplicate another source."""
        failed = {file.key: file for file in self._result.files if file.state == FAILED}
        for decision in decisions:
            owner = failed.get(decision.equals)
            if owner is not None and decision.equals not in self._sources.by_key:
                self._result.files.append(told(decision, FAILED, f"{decision.reason}, which failed"))
                continue
            if decision.key in self._sources.by_key:
                self.withdraw(decision.key)
            self.forget_failure(decision.key)
            self._result.files.append(told(decision))

    def replace_rules(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint of the same rows anew."""
        checkpoint.write(self._layout)
        self._sources.put(checkpoint)

    def replace_parts(self, old: Checkpoint, folder: str, parts: tuple[Part, ...], retired: int) -> None:
        """Give a source other parts, of which the rows of `retired` lines are gone; its shards become
        outstanding. Killed on the way, a run leaves the old parts or the new ones."""
        layout = self._layout
        add_outstanding(layout, old.key, old.shards())
        rows = sum(part.rows for part in parts)
        new = replace(old, folder=folder, parts=parts, rows=rows, retired=old.retired + retired)
        self.replace_rules(new)
        remove_tree(layout.parts / old.folder)

    def withdraw(self, key: str) -> None:
        """Remove a source; its shards become outstanding."""
        layout = self._layout
        checkpoint = read_checkpoint(layout, key)
        if checkpoint is not None:
            add_outstanding(layout, key, checkpoint.shards())
        layout.rejects_of(key).unlink(missing_ok=True)
        layout.checkpoint(key).unlink(missing_ok=True)
        self._sources.remove(key)
        if checkpoint is not None:
            remove_tree(layout.parts / checkpoint.folder)

    def forget_failure(self, key: str) -> None:
        """Remove the note that a raw log failed, and the lines rejected then."""
        remove_failure(self._layout, key)
        self._layout.failed_rejects_of(key).unlink(missing_ok=True)


def told(decision: Decision, state: str = "", message: str = "") -> FileResult:
    """What is told of a raw log that was not split."""
    return FileResult(decision.path, decision.key, state or decision.action, message or decision.reason)


_Rows = tuple[int, frozenset[tuple[str, str, str]]]


def _rows_of(lines: int, parts: Iterable[Part]) -> _Rows:
    """What tells a log by what it gave: its number of lines, and the digest of its rows of each shard."""
    return lines, frozenset((part.bucket, part.day, part.digest) for part in parts)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _most(counts: dict[str, int]) -> dict[str, int]:
    """The largest counts by name."""
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LISTED_KEYS]
    return dict(sorted(largest))


def _warnings(checkpoint: Checkpoint) -> tuple[str, ...]:
    found = []
    if checkpoint.message:
        found.append(f"only what could be read: {checkpoint.message}")
    if checkpoint.trailer:
        found.append(f"{checkpoint.trailer} bytes after the end of its compressed data were ignored")
    return tuple(found)
