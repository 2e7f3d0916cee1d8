"""The steps of the tracking log: splitting raw logs, loading log days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edxtasks.build.building import Built
from edxtasks.build.freshness import Status
from edxtasks.build.log_days import check_log_days
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.graph.resource_limits import split_workers
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.logs.decisions import EQUAL, FAILED, SKIPPED, SPLIT, STALE
from edxtasks.logs.results import FileResult
from edxtasks.logs.split import SplitOptions, SplitResult, expand, pending
from edxtasks.messages import Messages
from edxtasks.printable import listed, listed_paths, number, printable, printable_path
from edxtasks.warehouse.base import TableName

SHOWN_FAULTS = 20
"""Most raw logs and shards that a failed split names, and tells the reason of."""
SHOWN_KEYS = 10


class LogDaysStep(Step):
    """The log days of a course: a day table for every shard."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Status, str]:
        context = self.run.context
        if context.settings.paths.tracking_logs_directory is None:
            return Status.SKIPPED, "no tracking_logs_directory is set"
        verdict = check_log_days(context, self.course)
        self._note()
        if not verdict.fresh:
            return Status.STALE, verdict.reason
        return (Status.FRESH if verdict.days else Status.SKIPPED), verdict.reason

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:load_days", (self.run.setting(), self.course, force))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.course.logs_dataset)
        self._note()

    def _note(self) -> None:
        """Keep whether there are log days, for what reads them later in this run."""
        label = self.course.logs_dataset
        present = bool(self.run.context.log_days(self.course))
        self.run.present.add(label) if present else self.run.present.discard(label)

    def clean(self) -> None:
        warehouse = self.run.context.warehouse
        for day in self.run.context.log_days(self.course):
            warehouse.drop(TableName(self.course.logs_dataset, day))

    def removable(self) -> list[str]:
        days = list(self.run.context.log_days(self.course))
        tables = f"{self.course.logs_dataset}.{days[0]} … {days[-1]} ({len(days)} tables)" if days else ""
        return [tables] if days else []

    def forget(self) -> bool:
        warehouse = self.run.context.warehouse
        forgotten = [
            warehouse.forget(TableName(self.course.logs_dataset, day))
            for day in self.run.context.log_days(self.course)
        ]
        return any(forgotten)


class SplitStep(Step):
    """The raw logs of this run: all of them are one task, since days are known only after reading."""

    def __init__(self, run: Run, name: str, patterns: list[str]) -> None:
        super().__init__(run, name)
        self._patterns = patterns
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
        reasons = [f"{len(waiting.to_do)} of {len(self._paths)} raw logs to split"] if waiting.to_do else []
        reasons += waiting.reasons[len(waiting.to_do) :]
        return Status.STALE, "; ".join(reasons)

    def _options(self) -> SplitOptions:
        options = SplitOptions.from_settings(self.run.context.settings)
        workers = split_workers(self.run.context.settings)
        return replace(options, workers=workers, force=self.name in self.run.forced)

    def job(self) -> Job:
        forget = self.run.context.settings.options.forget
        if forget is not None:
            return Job(f"{JOBS}:withdraw_logs", (forget, self._options()))
        return Job(f"{JOBS}:split_logs", (self.run.setting(), self._paths, self._options()))

    def taken(self, result: Any) -> Built:
        if isinstance(result, Built):
            return result
        assert isinstance(result, SplitResult)
        messages = Messages(counts=Counter(rejects=sum(sum(f.rejects.values()) for f in _split(result))))
        told = [line for file in result.files for line in _told(file)]
        told += _left_alone([(file.state, file.message) for file in result.files])
        if result.lost:
            shards = listed([f"{bucket} {day}" for bucket, day in result.lost])
            told.append(
                f"the checkpoints of {number(len(result.lost))} shards are lost, and not all of their raw "
                f"logs were split again; they keep their rows: {shards}. Deliver those raw logs again, or "
                "withdraw the rows: split forget='lost:*'"
            )
        if not result.ok:
            raise InputError("\n".join([*_faults(result), *told]))
        for line in told:
            messages.add(line)
        return Built(sum(file.rows for file in _split(result)), messages=messages)


def _split(result: SplitResult) -> list[FileResult]:
    return [file for file in result.files if file.state == SPLIT]


def _left_alone(logs: Sequence[tuple[str, str]]) -> list[str]:
    """What is told of raw logs, each with its state and why, that were not split for a setting."""
    lines = []
    for state, what in ((STALE, "as they were split"), (SKIPPED, "out")):
        reasons = [reason for one, reason in logs if one == state]
        if reasons:
            lines.append(
                f"{number(len(reasons))} raw logs were left {what}: {listed(sorted(set(reasons)), 2, None)}"
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
        f"{number(file.lines)} lines, {number(file.rows)} rows, {number(rejects)} rejects, "
        f"{number(file.courses)} courses, {number(file.days)} days"
    )
    lines = [f"{name}: {counts}", *(f"{name}: {warning}" for warning in file.warnings)]
    if file.new_keys:
        lines.append(f"{name}: keys never seen before, kept in mongoid: {listed(file.new_keys, SHOWN_KEYS)}")
    return lines


def _faults(result: SplitResult) -> list[str]:
    """What failed: first in one line, then why, one by one."""
    failed = [file for file in result.files if file.state == FAILED or not file.complete]
    heads = []
    if failed:
        names = listed_paths((file.path for file in failed), SHOWN_FAULTS)
        heads.append(f"{number(len(failed))} of {number(len(result.files))} raw logs failed: {names}")
    if result.unpublished:
        shards = listed([f"{bucket} {day}" for bucket, day in result.unpublished], SHOWN_FAULTS)
        heads.append(f"{number(len(result.unpublished))} shards could not be rebuilt: {shards}")
    reasons = [_reason(file) for file in failed]
    reasons += [
        f"shard {printable(bucket)} {day}: {why}" for (bucket, day), why in result.unpublished.items()
    ]
    left_out = len(reasons) - SHOWN_FAULTS
    more = [f"and {number(left_out)} more"] if left_out > 0 else []
    return ["; ".join(heads), *reasons[:SHOWN_FAULTS], *more]


def _reason(file: FileResult) -> str:
    path = printable_path(file.path)
    if file.state != FAILED:
        return f"{path}: read in part only"
    return file.message if path in file.message else f"{path}: {file.message}"
