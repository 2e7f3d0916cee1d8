"""One run over a log directory: raw logs handed to workers, checkpoints written, shards published.

The order of steps makes it safe to be killed between any two of them. For each raw log: its parts are
complete; the shards that will change are noted as outstanding; its checkpoint is written. Then the
outstanding shards are made anew from all checkpoints, then the notes are removed.
"""

from __future__ import annotations

import fnmatch
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edxtasks.logs.checkpoints import (
    LEGACY,
    LISTED_KEYS,
    Checkpoint,
    Failure,
    Shards,
    Sources,
    add_outstanding,
    merged,
    printable_path,
    read_checkpoint,
    read_failures,
    remove_failure,
    resolved,
)
from edxtasks.logs.decisions import EQUAL, FAILED, SPLIT, Decision
from edxtasks.logs.layout import Layout, fitting, remove_tree
from edxtasks.logs.legacy import TakeOver
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.publisher import Publisher
from edxtasks.logs.results import FileResult, Progress, SplitResult
from edxtasks.logs.shard_lists import lists
from edxtasks.logs.survey import Surveyor
from edxtasks.logs.work import (
    BlockRows,
    Collector,
    Destination,
    LogResult,
    Position,
    Stripe,
    StripeEnd,
    WholeLog,
    date_in_name,
)
from edxtasks.logs.workers import Crew, Done, Failed, Interrupted, described

MOST_STRIPES = 8
"""Most workers that share one raw log: each inflates all of it."""
FEW_LINES = 1000
"""A file of no more lines never fails for its rejects."""
REMEMBERED_KEYS = 20_000
"""Most names of unknown keys that are remembered, to tell new ones."""


@dataclass
class _Try:
    """One raw log on its way."""

    decision: Decision
    work: WholeLog
    started: datetime
    begun: float


class Coordinator:
    """A run; the log directory is locked as long as it lives."""

    def __init__(
        self,
        layout: Layout,
        options: SplitOptions,
        crew: Crew,
        sources: Sources,
        progress: Callable[[Progress], None],
    ) -> None:
        self._layout = layout
        self._options = options
        self._crew = crew
        self._sources = sources
        self._progress = progress
        self._told = Progress()
        self.result = SplitResult()
        self._publisher = Publisher(layout, options, crew, sources, self.result, self._say_publishing)

    # What was found

    def tidy(self) -> None:
        """Remove what a killed run left, take over shards that no run made, and find shards to make anew."""
        kept = {summary.folder for summary in self._sources.by_key.values()} | {"LEGACY"}
        for folder in sorted(self._layout.parts.iterdir()):
            if folder.name not in kept:
                remove_tree(folder)
        found = Surveyor(self._layout, self._sources.by_key, self._options.dedupe_exact).look_at_all()
        works = [
            TakeOver(self._layout.root, bucket, tuple(sorted(each.untracked)))
            for bucket, each in found.items()
            if each.untracked
        ]
        for number, outcome in self._crew.do(works, lambda number, report: None):
            if isinstance(outcome, Failed):
                self._publisher.fail(works[number].bucket, works[number].days, outcome.message)
            else:
                self.result.taken_over += len(works[number].days)
        stale = {bucket: set(each.stale) for bucket, each in found.items() if each.stale}
        unlisted = {bucket: set(each.unlisted) for bucket, each in found.items() if each.unlisted}
        self._publisher.publish(stale, unlisted)

    # Raw logs

    def work_off(self, decisions: Sequence[Decision]) -> None:
        """Do what was decided for each raw log, publishing on the way."""
        for decision in decisions:
            if decision.action not in (SPLIT, EQUAL):
                self.result.files.append(_told(decision))
        to_split = [d for d in decisions if d.action == SPLIT]
        self._told = Progress(files=len(to_split), bytes=sum(d.size for d in to_split))
        to_split.sort(key=lambda d: (date_in_name(d.path) or datetime.min.date(), d.order))
        for start in range(0, len(to_split), self._options.round_size):
            self._split_round(to_split[start : start + self._options.round_size])
            self._publisher.publish()
        self._settle_equal([d for d in decisions if d.action == EQUAL])
        self._publisher.publish()
        self.result.files.sort(key=lambda file: str(file.path))

    def _split_round(self, decisions: list[Decision]) -> None:
        decisions.sort(key=lambda d: (-d.size, d.order))
        whole: list[Decision] = []
        rest = sum(d.size for d in decisions)
        for decision in decisions:
            share = rest / self._crew.size
            if self._crew.size > 1 and decision.size > max(share, self._options.shared_above):
                self._split_shared(decision)
                rest -= decision.size
            else:
                whole.append(decision)
        tries = [self._begin(decision) for decision in whole]
        positions: dict[int, int] = {}

        def report(number: int, position: object) -> None:
            assert isinstance(position, Position)
            self._advance(position.bytes - positions.get(number, 0), tries[number].decision)
            positions[number] = position.bytes

        for number, outcome in self._crew.do([each.work for each in tries], report):
            self._end(tries[number], outcome)
            decision = tries[number].decision
            self._advance(decision.size - positions.get(number, 0), decision, files=1)

    def _split_shared(self, decision: Decision) -> None:
        attempt = self._begin(decision)
        work = attempt.work
        count = min(self._crew.size, MOST_STRIPES)
        stripes = [
            Stripe(work.stripe.path, work.stripe.size, work.stripe.rules, i, count, work.stripe.block_size)
            for i in range(count)
        ]
        position = 0
        collector = Collector(work.destination)
        ends: dict[int, StripeEnd] = {}
        outcome: Done | Failed | None = None
        try:
            for number, message in self._crew.do_in_turn(stripes):
                if isinstance(message, Failed):
                    raise collector.interrupted(decision.path, message.message)
                if isinstance(message, Done):
                    assert isinstance(message.result, StripeEnd)
                    ends[number] = message.result
                    continue
                if ends:
                    raise collector.interrupted(decision.path, "it changed while it was read")
                assert isinstance(message, BlockRows)
                collector.add(message)
                self._advance(message.position - position, decision)
                position = message.position
            end = _joined(ends.values())
            if end is None:
                raise collector.interrupted(decision.path, "it changed while it was read")
            outcome = Done(collector.finish(end, end.counts, work.keep_broken))
        except Interrupted as error:
            outcome = Failed(str(error), error.known)
        except OSError as error:
            interrupted = collector.interrupted(decision.path, described(error))
            outcome = Failed(str(interrupted), interrupted.known)
        finally:
            collector.close()
        self._end(attempt, outcome)
        self._advance(decision.size - position, decision, files=1)

    def _begin(self, decision: Decision) -> _Try:
        folder = self._layout.parts / f"{fitting(decision.key, 120)}.{secrets.token_hex(4)}"
        rules = self._options.line_rules(decision.path)
        work = WholeLog(
            Stripe(decision.path, decision.size, rules, block_size=self._options.block_size),
            Destination(folder, folder / "rejects", self._options.gzip_level, rules.edge),
            self._options.allow_truncated,
        )
        return _Try(decision, work, datetime.now(UTC), time.monotonic())

    def _end(self, attempt: _Try, outcome: Done | Failed) -> None:
        try:
            if isinstance(outcome, Done):
                assert isinstance(outcome.result, LogResult)
                self._take(attempt, outcome.result)
            else:
                known = outcome.known if isinstance(outcome.known, dict) else {}
                path = str(attempt.decision.path)
                message = outcome.message if path in outcome.message else f"{path}: {outcome.message}"
                self._fail(attempt, message, known)
        except OSError as error:
            self._fail(attempt, f"{attempt.decision.path}: {described(error)}", {})

    def _take(self, attempt: _Try, result: LogResult) -> None:
        """Make the result of a raw log that of its source, unless it has to fail."""
        decision, layout = attempt.decision, self._layout
        rejected = sum(result.rejects.values())
        read = result.rows + rejected
        if result.parts is None:
            self._fail(attempt, result.message, result.seen, result)
            return
        if result.lines > FEW_LINES and rejected > self._options.max_reject_fraction * read:
            attempt.work.destination.rejects.replace(layout.failed_rejects_of(decision.key))
            reasons = ", ".join(f"{reason}: {n}" for reason, n in sorted(result.rejects.items()))
            self._fail(
                attempt,
                f"{decision.path}: {rejected} of {read} lines were rejected ({reasons}), more than "
                f"max_reject_fraction = {self._options.max_reject_fraction} allows; is it a tracking log? "
                f"The lines: {layout.failed_rejects_of(decision.key)}",
                result.seen,
                result,
            )
            return
        checkpoint = self._checkpoint(attempt, result)
        old = read_checkpoint(layout, decision.key)
        add_outstanding(layout, decision.key, merged(checkpoint.shards(), old.shards() if old else {}))
        if rejected:
            attempt.work.destination.rejects.replace(layout.rejects_of(decision.key))
        else:
            layout.rejects_of(decision.key).unlink(missing_ok=True)
        checkpoint.write(layout)
        self._sources.put(checkpoint)
        self._forget_failure(decision.key)
        if old is not None:
            remove_tree(layout.parts / old.folder)
        new_keys: set[str] = set()
        if len(self._sources.unknown_keys) < REMEMBERED_KEYS:
            new_keys = set(checkpoint.unknown_keys) - self._sources.unknown_keys
            self._sources.unknown_keys |= new_keys
        self.result.files.append(
            FileResult(
                path=decision.path,
                key=decision.key,
                state=SPLIT,
                message=_warnings(checkpoint) or decision.reason,
                complete=checkpoint.complete,
                lines=result.lines,
                blank=result.blank,
                rows=result.rows,
                rejects=dict(sorted(result.rejects.items())),
                shards=checkpoint.shards(),
                new_keys=tuple(sorted(new_keys)),
                seconds=time.monotonic() - attempt.begun,
            )
        )

    def _checkpoint(self, attempt: _Try, result: LogResult) -> Checkpoint:
        assert result.parts is not None
        decision = attempt.decision
        return Checkpoint(
            key=decision.key,
            order=decision.order,
            path=printable_path(resolved(decision.path)),
            size=result.size,
            digest=result.digest,
            rules=self._options.recipe(decision.path),
            complete=not result.message,
            started=attempt.started.isoformat(timespec="seconds"),
            ended=datetime.now(UTC).isoformat(timespec="seconds"),
            lines=result.lines,
            blank=result.blank,
            rows=result.rows,
            rejects=dict(sorted(result.rejects.items())),
            bad_utf8=result.counts.bad_utf8,
            unknown_keys=_most(result.counts.unknown_keys),
            wrong_types=_most(result.counts.wrong_types),
            folder=attempt.work.destination.folder.name,
            parts=result.parts,
            message=result.message,
            trailer=result.trailer,
        )

    def _fail(
        self,
        attempt: _Try,
        message: str,
        seen: dict[str, list[str]],
        result: LogResult | None = None,
    ) -> None:
        """Nothing of this try is kept but the note that it failed."""
        decision = attempt.decision
        remove_tree(attempt.work.destination.folder)
        old = read_checkpoint(self._layout, decision.key)
        feeds = merged(seen, old.shards() if old is not None else {})
        failure = Failure(
            key=decision.key,
            path=printable_path(resolved(decision.path)),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            message=message,
            shards={bucket: sorted(days) for bucket, days in sorted(feeds.items())},
        )
        try:
            failure.write(self._layout)
        except OSError as error:
            message = f"{message}; and this could not be noted ({described(error)})"
        self.result.files.append(
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
                seconds=time.monotonic() - attempt.begun,
            )
        )

    def _settle_equal(self, decisions: list[Decision]) -> None:
        """Raw logs whose content is that of another source: rows that they had of their own go."""
        failed = {file.key: file for file in self.result.files if file.state == FAILED}
        for decision in decisions:
            owner = failed.get(decision.equals)
            if owner is not None and decision.equals not in self._sources.by_key:
                self.result.files.append(_told(decision, FAILED, f"{decision.reason}, which failed"))
                continue
            if decision.key in self._sources.by_key:
                self.withdraw(decision.key)
            self._forget_failure(decision.key)
            self.result.files.append(_told(decision))

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

    def _forget_failure(self, key: str) -> None:
        remove_failure(self._layout, key)
        self._layout.failed_rejects_of(key).unlink(missing_ok=True)

    def forget(self, pattern: str) -> list[str]:
        """Withdraw all sources whose key is `pattern` or matches it, and publish; their keys."""
        failures = read_failures(self._layout)
        keys = sorted({*self._sources.by_key, *failures})
        keys = [pattern] if pattern in keys else [key for key in keys if fnmatch.fnmatchcase(key, pattern)]
        for key in keys:
            if key in self._sources.by_key:
                self.withdraw(key)
            self._forget_failure(key)
        without: Shards = {}
        if pattern.startswith(f"{LEGACY}:"):
            for bucket, entries in lists(self._layout).items():
                for day, entry in entries.items():
                    name = f"{LEGACY}:{bucket}:{day}"
                    if entry.is_legacy and fnmatch.fnmatchcase(name, pattern):
                        without.setdefault(bucket, set()).add(day)
                        keys.append(name)
        self._publisher.publish(without_legacy=without)
        return keys

    # Progress

    def _advance(self, size: int, decision: Decision, files: int = 0) -> None:
        told = self._told
        told.bytes_done += max(size, 0)
        told.files_done += files
        told.path = decision.path
        told.stage = "splitting"
        self._progress(told)

    def _say_publishing(self) -> None:
        self._told.stage = "publishing"
        self._told.path = None
        self._progress(self._told)


def _told(decision: Decision, state: str = "", message: str = "") -> FileResult:
    return FileResult(decision.path, decision.key, state or decision.action, message or decision.reason)


def _joined(ends: Iterable[StripeEnd]) -> StripeEnd | None:
    """The ends of all stripes of a log as one; None when they read different things."""
    first, *others = ends
    counts = first.counts
    for other in others:
        if (other.digest, other.size, other.message) != (first.digest, first.size, first.message):
            return None
        counts.bad_utf8 += other.counts.bad_utf8
        counts.unknown_keys += other.counts.unknown_keys
        counts.wrong_types += other.counts.wrong_types
    return first


def _most(counts: dict[str, int]) -> dict[str, int]:
    """The largest counts by name."""
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LISTED_KEYS]
    return dict(sorted(largest))


def _warnings(checkpoint: Checkpoint) -> str:
    if checkpoint.message:
        return f"only what could be read: {checkpoint.message}"
    if checkpoint.trailer:
        return f"{checkpoint.trailer} bytes after the end of its compressed data were ignored"
    if checkpoint.lines and not checkpoint.rows and checkpoint.rejects:
        return "not one of its lines could be used"
    return ""
