"""`split`: raw tracking logs into shards. All raw logs of a run are one task, since days are known only after
reading."""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from doit import get_initial_workdir

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.config import Settings
from edxtasks.errors import InputError, UserError
from edxtasks.logs.decisions import EQUAL, FAILED, SKIPPED, SPLIT, STALE
from edxtasks.logs.options import SplitOptions
from edxtasks.logs.pending import expand, pending
from edxtasks.logs.results import FileResult, SplitResult
from edxtasks.logs.split_job import split_logs
from edxtasks.messages import Messages
from edxtasks.printable import listed, listed_paths, number, printable, printable_path, quantity
from edxtasks.steps.made import SHARD, Made
from edxtasks.steps.resource_limits import split_workers
from edxtasks.steps.step import Step
from edxtasks.steps.task import Registry, Task, TaskOfRun
from edxtasks.table import Need
from edxtasks.workers import Job, Progress

SHOWN_FAULTS = 20
"""Most raw logs and shards that a failed split names, and tells the reason of."""
SHOWN_KEYS = 10


class SplitStep(Step):
    """The raw logs of this run: all of them are one task, since days are known only after reading."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self._patterns = patterns(of.run.context.settings, of.files)
        self._paths: list[Path] = []

    def check(self) -> tuple[Status, str]:
        settings = self.run.context.settings
        forget = settings.options.forget
        if forget is not None:
            return Status.STALE, f"forget={forget}"
        if not self._patterns:
            return Status.SKIPPED, "no raw logs are named: neither tlfn= nor the setting tlfn"
        self._paths = expand(self._patterns, settings.root)
        if not any(path.exists() for path in self._paths):
            names = listed_paths(self._paths, SHOWN_FAULTS)
            raise InputError(f"{names}: no such raw log (as it was named, or as the setting tlfn says)")
        waiting = pending(self._paths, self._options(), self.run.context.digests)
        if not waiting:
            left = _left_alone([(decision.action, decision.reason) for decision in waiting.decisions])
            return (Status.SKIPPED, "; ".join(left)) if left else (Status.FRESH, "")
        reasons = (
            [f"{len(waiting.to_do)} of {quantity(len(self._paths), 'raw log')} to split"]
            if waiting.to_do
            else []
        )
        reasons += waiting.reasons[len(waiting.to_do) :]
        return Status.STALE, "; ".join(reasons)

    def _options(self) -> SplitOptions:
        options = SplitOptions.from_settings(self.run.context.settings)
        workers = split_workers(self.run.context.settings)
        return replace(options, workers=workers, force=self.name in self.run.forced)

    def job(self) -> Job:
        forget = self.run.context.settings.options.forget
        if forget is not None:
            return Job(withdraw_logs, (forget, self._options()))
        return Job(split_logs, (self._paths, self._options(), self.run.context.digests.known()))

    def taken(self, result: Any) -> Built:
        if isinstance(result, Built):
            return result
        assert isinstance(result, SplitResult)
        messages = Messages(counts=Counter(rejects=sum(sum(f.rejects.values()) for f in _split(result))))
        notes = [line for file in result.files for line in _told(file)]
        told = [f"{printable(file.path.name)}: {one}" for file in _split(result) for one in file.warnings]
        told += _left_alone([(file.state, file.message) for file in result.files])
        if result.old_rejects:
            days = self.run.context.settings.rejects_kept_days
            notes.append(
                f"removed {quantity(result.old_rejects, 'file')} of rejects, written more than "
                f"{quantity(days, 'day')} ago (rejects_kept_days)"
            )
        if result.lost:
            shards = listed([f"{bucket} {day}" for bucket, day in result.lost])
            told.append(
                f"the checkpoints of {quantity(len(result.lost), 'shard')} are lost, and not all "
                "of their raw "
                f"logs were split again; they keep their rows: {shards}. Deliver those raw logs again, or "
                "withdraw the rows: split forget='lost:*'"
            )
        if not result.ok:
            raise InputError("\n".join([*_faults(result), *notes, *told]))
        for line in notes:
            messages.note(line)
        for line in told:
            messages.add(line)
        done = _split(result)
        read = sum(file.path.stat().st_size for file in done if file.path.exists())
        return Built(sum(file.rows for file in done), messages=messages, bytes=read)


def _split(result: SplitResult) -> list[FileResult]:
    return [file for file in result.files if file.state == SPLIT]


def _left_alone(logs: Sequence[tuple[str, str]]) -> list[str]:
    """What is told of raw logs, each with its state and why, that were not split for a setting."""
    lines = []
    for state, what in ((STALE, "as they were split"), (SKIPPED, "out")):
        reasons = [reason for one, reason in logs if one == state]
        if reasons:
            lines.append(
                f"{quantity(len(reasons), 'raw log was', 'raw logs were')} left {what}: "
                f"{listed(sorted(set(reasons)), 2, None)}"
            )
    return lines


def _told(file: FileResult) -> list[str]:
    """What is told of a raw log that did not fail."""
    name = printable(file.path.name)
    if file.state == EQUAL:
        return [f"{name}: left out, {file.message}"]
    if file.state != SPLIT:
        return []
    rejects = sum(file.rejects.values())
    counts = (
        f"{quantity(file.lines, 'line')}, {quantity(file.rows, 'row')}, {quantity(rejects, 'reject')}, "
        f"{quantity(file.courses, 'course')}, {quantity(file.days, 'day')}"
    )
    lines = [f"{name}: {counts}"]
    if file.new_keys:
        lines.append(f"{name}: keys never seen before, kept in mongoid: {listed(file.new_keys, SHOWN_KEYS)}")
    return lines


def _faults(result: SplitResult) -> list[str]:
    """What failed: first how many and which, then the reasons, one by one."""
    failed = [file for file in result.files if file.state == FAILED or not file.complete]
    heads = []
    if failed:
        names = listed_paths((file.path for file in failed), SHOWN_FAULTS)
        heads.append(f"{number(len(failed))} of {quantity(len(result.files), 'raw log')} failed: {names}")
    if result.unpublished:
        shards = listed([f"{bucket} {day}" for bucket, day in result.unpublished], SHOWN_FAULTS)
        heads.append(f"{quantity(len(result.unpublished), 'shard')} could not be rebuilt: {shards}")
    reasons = [_reason(file) for file in failed]
    reasons += [
        f"shard {printable(bucket)} {day}: {why}" for (bucket, day), why in result.unpublished.items()
    ]
    left_out = len(reasons) - SHOWN_FAULTS
    more = [f"and {number(left_out)} more"] if left_out > 0 else []
    if len(reasons) == 1:
        return [f"{heads[0].partition(': ')[0]}: {reasons[0]}"]
    return ["; ".join(heads), *reasons[:SHOWN_FAULTS], *more]


def _reason(file: FileResult) -> str:
    path = printable_path(file.path)
    if file.state != FAILED:
        return f"{path}: read in part only"
    return file.message if path in file.message else f"{path}: {file.message}"


def patterns(settings: Settings, typed: Sequence[str]) -> list[str]:
    """The raw logs of a run as they were named: on the line (`typed`), by `tlfn=`, or by the setting."""
    named = list(typed) or ([settings.options.tlfn] if settings.options.tlfn else [])
    if named:
        folder = Path(get_initial_workdir() or ".").resolve()
        return [place_as_typed(pattern, folder) for pattern in named]
    return [settings.paths.tlfn] if settings.paths.tlfn else []


def place_as_typed(pattern: str, folder: Path) -> str:
    """A file or a pattern of files as it was meant on the command line.

    Where it names something as seen from `folder`, in which the command was typed (as a shell completes
    names), it is that; else it stands as it is, to be looked for where relative paths start.
    """
    path = Path(pattern).expanduser()
    if path.is_absolute():
        return pattern
    if (folder / path).exists():
        return str(folder / path)
    there = str(Path(glob.escape(str(folder))) / path)
    return there if glob.glob(there, recursive=True) else pattern  # noqa: PTH207 -- a whole pattern, as `logs.split.expand` has it


def withdraw_logs(progress: Progress, pattern: str, options: SplitOptions) -> Built:
    """Withdraw the sources of a pattern from the log directory."""
    from edxtasks.logs.split import forget  # every run reads this file, and few withdraw anything

    withdrawn = forget(pattern, options)
    messages = Messages()
    for source in withdrawn:
        messages.note(f"{source} withdrawn")
    if not withdrawn:
        raise UserError(f"forget={pattern}: no source that was split has this key, or one like it")
    return Built(len(withdrawn), messages=messages, unit="sources")


def _made(registry: Registry) -> list[Made]:
    raw_log = ("file:PARTS/*", "file:META/<source>.json", "file:REJECTS/<source>.jsonl.gz")
    named = {
        "setting:tlfn": Need.REQUIRED,
        "setting:dynamic_tracking_logs_rephrasing_config_fn": Need.OPTIONAL,
    }
    return [Made("file", raw_log, named), Made("day", (SHARD,), {raw_log[0]: Need.REQUIRED})]


TASK = Task(
    made=_made,
    text="split raw tracking logs into shards of a course and day",
    step=SplitStep,
    once=True,
    member_of="daily_logs, weekly",
    takes_files=True,
    options=("dynamic_dates", "forget"),
)
