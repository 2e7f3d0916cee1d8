"""One run over a log directory: raw logs handed to workers, checkpoints written, shards published.

The order of steps makes it safe to be killed between any two of them. For each raw log: its parts are
complete; the shards that will change are noted as outstanding; its checkpoint is written. Then the
outstanding shards are rebuilt from all checkpoints, then the notes are removed.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from edxtasks.errors import InputError
from edxtasks.logs.bookkeeping import Attempt, CheckpointWriter, told
from edxtasks.logs.checkpoints import Shards, Sources, all_checkpoints, read_checkpoint, read_failures
from edxtasks.logs.decisions import DONE, EQUAL, FAILED, SPLIT, Decision
from edxtasks.logs.directory_scan import Found
from edxtasks.logs.layout import Layout, fitting, remove_tree
from edxtasks.logs.legacy import TakeOver, list_unusable
from edxtasks.logs.log_names import date_in_name
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.publisher import Publisher
from edxtasks.logs.raw_files import COMPRESSION_SUFFIXES
from edxtasks.logs.rejects import too_old
from edxtasks.logs.results import Progress, SplitResult
from edxtasks.logs.retiring import CleanParts, TakenOut, clean_opaque, clean_rejects, opaque_rows
from edxtasks.logs.shard_lists import lists, read_list
from edxtasks.logs.shared_log import SharedLog
from edxtasks.logs.source_keys import LEGACY, LOST, base_name
from edxtasks.logs.supplies import DamagedError
from edxtasks.logs.work import Destination, LogResult, Position, WholeLog
from edxtasks.outcomes import Done, Failed, Outcome, attempted, described
from edxtasks.printable import printable_path
from edxtasks.workers import WorkerPool

_PARTS_OF_A_TRY = re.compile(r"\.[0-9a-f]{8}$")

MUCH_LARGER = 1.25
"""How many times its share of the work a raw log must be, so that sharing it gains more than it costs."""
USUAL_COMPRESSION = 10
"""How many times smaller a compressed log is."""


class Coordinator:
    """A run; the log directory is locked as long as it lives."""

    def __init__(
        self,
        layout: Layout,
        options: SplitOptions,
        crew: WorkerPool,
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
        self._books = CheckpointWriter(layout, options, sources, self.result)
        self._publisher = Publisher(layout, options, crew, sources, self.result, self._say_publishing)
        self._unfinished: set[Path] = set()
        self._lost: list[str] = []

    # What was found

    def tidy(self, found: Mapping[str, Found]) -> None:
        """Remove what a killed run left, take over shards that no run made, and note shards to make anew, as
        they were `found` in each bucket."""
        self._layout.sweep()
        kept = {summary.folder for summary in self._sources.by_key.values()}
        for folder in sorted(self._layout.parts.iterdir()):
            if folder.name not in kept and _PARTS_OF_A_TRY.search(folder.name):
                remove_tree(folder)
        works = []
        for bucket, each in found.items():
            # What a shard without a line on the list is made of shows when it has been rebuilt.
            lost = each.lost | each.unlisted
            if each.untracked or lost:
                days = tuple(sorted(each.untracked))
                works.append(TakeOver(self._layout.root, bucket, days, tuple(sorted(lost))))
        for number, outcome in self._crew.each([work.run for work in works]):
            if isinstance(outcome, Failed):
                work, message = works[number], described(outcome.error)
                list_unusable(self._layout, work, message)
                self._publisher.fail(work.bucket, work.days + work.lost, message)
            else:
                self.result.taken_over += len(works[number].days)
        self._lost = [bucket for bucket, each in found.items() if each.lost or each.unlisted or each.kept]
        self._publisher.stale = {bucket: set(each.stale | each.unlisted) for bucket, each in found.items()}

    # Raw logs

    def work_off(self, decisions: Sequence[Decision]) -> None:
        """Do what was decided for each raw log, publishing on the way; remove rejects that are too old."""
        for rejects in too_old(self._layout.rejects, self._options.rejects_kept_days):
            rejects.unlink(missing_ok=True)
            self.result.old_rejects += 1
        for decision in decisions:
            if decision.action not in (SPLIT, EQUAL, FAILED) and decision.failed_before:
                # It is again what it was before the try that failed.
                self._books.forget_failure(decision.key)
        to_split = [d for d in decisions if d.action == SPLIT]
        self._told = Progress(files=len(to_split), bytes=sum(d.size for d in to_split))
        self._books.awaited = {d.key for d in decisions if d.action in (SPLIT, EQUAL) and d.replaces}
        to_split.sort(key=lambda d: (date_in_name(d.path) or date.min, d.order))
        for start in range(0, len(to_split), self._options.round_size):
            self._split_round(to_split[start : start + self._options.round_size])
            self._publisher.publish()
        self._books.settle_equal([d for d in decisions if d.action == EQUAL])
        self._publisher.publish()
        self.result.files += [told(d) for d in decisions if d.action not in (SPLIT, EQUAL)]
        self._mend_damaged(decisions)
        self._books.tell_new_keys()
        self._books.save()
        self.result.lost = [
            (bucket, day)
            for bucket in self._lost
            for day, entry in sorted(read_list(self._layout, bucket).items())
            if entry.is_lost
        ]
        self.result.files.sort(key=lambda file: str(file.path))
        self.result.changed = sorted(set(self.result.changed))

    def _mend_damaged(self, decisions: Sequence[Decision]) -> None:
        """Split those raw logs again whose parts turned out to be missing or damaged."""
        at_hand = self._at_hand(decisions)
        while again := [at_hand.pop(key) for key in sorted(self._publisher.damaged & set(at_hand))]:
            paths = {decision.path for decision in again}
            self.result.files = [file for file in self.result.files if file.path not in paths]
            self._split_round(again)
            self._publisher.publish()

    def _at_hand(self, decisions: Sequence[Decision]) -> dict[str, Decision]:
        """The raw logs that could be split again as they are, by key: also one that lies elsewhere now."""
        reason = "its rows in PARTS were missing or damaged"
        found = {d.key: replace(d, action=SPLIT, reason=reason) for d in decisions if d.action == DONE}
        for moved in decisions:
            owner = self._sources.by_key.get(moved.equals) if moved.action == EQUAL else None
            if owner is not None and not os.path.lexists(self._sources.file_of(owner)):
                again = replace(moved, key=owner.key, order=owner.order, action=SPLIT, reason=reason)
                found.setdefault(owner.key, replace(again, equals="", replaces=True))
        return found

    def _split_round(self, decisions: list[Decision]) -> None:
        decisions.sort(key=lambda d: (-_weight(d), d.order))
        shared = to_share([*map(_weight, decisions)], self._crew.size, self._options.shared_above)
        tries = [self._begin(decision) for decision in decisions]
        positions = dict.fromkeys(range(len(tries)), 0)

        def report(number: int, position: object) -> None:
            assert isinstance(position, Position)
            self._advance(position.bytes - positions[number], tries[number].decision)
            positions[number] = position.bytes

        def end(number: int, outcome: Outcome) -> None:
            self._end(tries[number], outcome)
            decision = tries[number].decision
            self._advance(decision.size - positions[number], decision, files=1)

        for number in range(shared):
            work = SharedLog(tries[number].work, self._crew)
            end(number, attempted(partial(work.run, partial(report, number))))
        whole = [each.work.run for each in tries[shared:]]
        for number, outcome in self._crew.each(whole, lambda each, told: report(shared + each, told)):
            end(shared + number, outcome)

    def _begin(self, decision: Decision) -> Attempt:
        folder = self._layout.parts / f"{fitting(decision.key, 120)}.{secrets.token_hex(4)}"
        self._unfinished.add(folder)
        rules = self._options.line_rules(decision.path)
        work = WholeLog(
            decision.path,
            decision.size,
            rules,
            Destination(folder, folder / "rejects", self._options.gzip_level, rules.edge),
            self._options.allow_truncated,
            self._options.block_size,
        )
        return Attempt(decision, work)

    def _end(self, attempt: Attempt, outcome: Outcome) -> None:
        try:
            if isinstance(outcome, Done):
                assert isinstance(outcome.result, LogResult)
                self._books.take(attempt, outcome.result)
            else:
                known = getattr(outcome.error, "known", {})
                path = printable_path(attempt.decision.path)
                message = described(outcome.error)
                self._books.fail(attempt, message if path in message else f"{path}: {message}", known)
        except OSError as error:
            self._books.fail(attempt, f"{printable_path(attempt.decision.path)}: {described(error)}", {})
        self._unfinished.discard(attempt.work.destination.folder)

    def remove_unfinished(self) -> None:
        """Remove what raw logs have left that were not split to their end; no worker must be at work."""
        if not self._unfinished:
            return
        with contextlib.suppress(OSError):  # the next run tries again
            kept = {checkpoint.folder for checkpoint in all_checkpoints(self._layout)}
            for folder in self._unfinished:
                if folder.name not in kept:  # ended after its checkpoint was written
                    remove_tree(folder)

    def forget(self, pattern: str) -> list[str]:
        """Withdraw all sources whose key is `pattern` or matches it, and publish; their keys.

        The file of a raw log, `DAILY/x.log.gz`, means its key too.
        """
        failures = read_failures(self._layout)
        known = sorted({*self._sources.by_key, *failures})
        named = [key for key in (pattern, base_name(Path(pattern))) if key in known]
        keys = named[:1] or [key for key in known if fnmatch.fnmatchcase(key, pattern)]
        for key in keys:
            if key in self._sources.by_key:
                self._books.withdraw(key)
            self._books.forget_failure(key)
        without: dict[str, Shards] = {LEGACY: {}, LOST: {}}
        kind = pattern.partition(":")[0]
        if kind in without:
            for bucket, entries in lists(self._layout).items():
                for day, entry in entries.items():
                    name = f"{kind}:{bucket}:{day}"
                    is_meant = entry.is_legacy if kind == LEGACY else entry.is_lost
                    if is_meant and fnmatch.fnmatchcase(name, pattern):
                        without[kind].setdefault(bucket, set()).add(day)
                        keys.append(name)
        self._publisher.publish(without_legacy=without[LEGACY], without_lost=without[LOST])
        return keys

    def retire(self) -> TakenOut:
        """Take the retired learners of the options out of all that was split, and publish.

        Raises `InputError`, with everything as it was, where a shard of which no raw log is known cannot be
        read.
        """
        layout, retired = self._layout, self._options.retired
        try:
            opaque = opaque_rows(layout, retired)
        except DamagedError as error:
            raise InputError(
                f"{error}. No raw log is known of this shard: who is in it, nobody can tell. Nothing was "
                "changed in the log directory. Remove the file, or withdraw it first: "
                "split forget='legacy:BUCKET:DAY', or 'lost:BUCKET:DAY'"
            ) from None
        taken = TakenOut(rejects=clean_rejects(layout, retired))
        for one in opaque:
            rows, mentions = clean_opaque(layout, one, retired)
            taken.rows += rows
            taken.mentions += mentions
            if not one.is_shard:
                self._publisher.stale.setdefault(one.bucket, set()).add(one.day)
        for key in sorted(self._sources.by_key):
            self._retire_from(key, taken)
        self._publisher.publish()
        taken.unpublished = [f"{bucket} {day}" for bucket, day in self.result.unpublished]
        return taken

    def _retire_from(self, key: str, taken: TakenOut) -> None:
        layout, retired = self._layout, self._options.retired
        checkpoint = read_checkpoint(layout, key)
        if checkpoint is None:
            return
        folder = layout.parts / f"{fitting(key, 120)}.{secrets.token_hex(4)}"
        self._unfinished.add(folder)
        site = retired.of_site(bool(checkpoint.rules.get("edge logs kept apart")))
        work = CleanParts(
            layout.parts / checkpoint.folder, folder, checkpoint.parts, self._options.gzip_level, site
        )
        parts, rows, mentions = work.run(lambda day: None)
        rules = {**checkpoint.rules, "retired learners": retired.check_value()}
        if parts is not None:
            self._books.replace_parts(replace(checkpoint, rules=rules), folder.name, parts, rows)
            taken.sources += 1
            taken.rows += rows
            taken.mentions += mentions
        elif rules != checkpoint.rules:
            self._books.replace_rules(replace(checkpoint, rules=rules))
        self._unfinished.discard(folder)

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


def to_share(weights: Sequence[int], workers: int, above: int) -> int:
    """How many raw logs, of these weights in bytes, the heaviest first, are to be shared by all workers, one
    after the other. Each of the rest is for one worker. None of less than `above` is shared."""
    rest = sum(weights)
    for number, weight in enumerate(weights):
        if workers == 1 or weight <= max(MUCH_LARGER * rest / workers, above):
            return number
        rest -= weight
    return len(weights)


def _weight(decision: Decision) -> int:
    """About how many bytes of lines a raw log has."""
    compressed = decision.path.name.lower().endswith(COMPRESSION_SUFFIXES)
    return decision.size * (USUAL_COMPRESSION if compressed else 1)
