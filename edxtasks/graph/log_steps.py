"""The steps of the tracking log: splitting raw logs, loading log days."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.graph.shares import split_workers
from edxtasks.graph.steps import JOBS, Run, Step
from edxtasks.graph.workers import Job
from edxtasks.logs.split import SplitOptions, SplitResult, expand, pending
from edxtasks.notes import Notes
from edxtasks.tables.build import Built
from edxtasks.tables.freshness import Standing
from edxtasks.tables.logs import check_log_days
from edxtasks.warehouse.base import TableName


class LogDaysStep(Step):
    """The log days of a course: a day table for every shard."""

    def __init__(self, run: Run, name: str, course: CourseKey) -> None:
        super().__init__(run, name)
        self.course = course

    def check(self) -> tuple[Standing, str]:
        context = self.run.context
        if context.settings.paths.tracking_logs_directory is None:
            return Standing.SKIPPED, "no tracking_logs_directory is set"
        verdict = check_log_days(context, self.course)
        if not verdict.fresh:
            return Standing.STALE, verdict.reason
        return (Standing.FRESH if verdict.days else Standing.SKIPPED), verdict.reason

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(f"{JOBS}:load_days", (self.run.setting(), self.course, force))

    def refresh(self) -> None:
        self.run.context.warehouse.refresh(self.course.logs_dataset)

    def clean(self) -> None:
        warehouse = self.run.context.warehouse
        for day in self.run.context.log_days(self.course):
            warehouse.drop(TableName(self.course.logs_dataset, day))

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

    def check(self) -> tuple[Standing, str]:
        settings = self.run.context.settings
        forget = settings.options.forget
        if forget is not None:
            return Standing.STALE, f"forget={forget}"
        if not self._patterns:
            return Standing.SKIPPED, "no raw logs are named: neither tlfn= nor the setting tlfn"
        self._paths = expand(self._patterns, settings.root)
        waiting = pending(self._paths, self._options(), self.run.context.digests)
        if not waiting:
            return Standing.FRESH, ""
        reasons = [f"{len(waiting.to_do)} of {len(self._paths)} raw logs to split"] if waiting.to_do else []
        reasons += waiting.reasons[len(waiting.to_do) :]
        return Standing.STALE, "; ".join(reasons)

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
        notes = Notes()
        for file in result.files:
            if file.state == "split":
                rejected = sum(file.rejects.values())
                notes.count("rejects", rejected)
                notes.say(
                    f"{file.path.name}: {file.lines} lines, {file.rows} rows, {rejected} rejects, "
                    f"{file.courses} courses, {file.days} days"
                )
            if file.new_keys:
                notes.say(
                    f"{file.path.name}: keys never seen before, kept in mongoid: {', '.join(file.new_keys)}"
                )
        faults = [
            file.message if str(file.path) in file.message else f"{file.path}: {file.message}"
            for file in result.files
            if file.state == "failed"
        ]
        faults += [f"{file.path}: read in part only" for file in result.files if not file.complete]
        faults += [f"shard {bucket} {day}: {why}" for (bucket, day), why in result.unpublished.items()]
        if faults:
            raise InputError("\n".join(faults))
        return Built(sum(file.rows for file in result.files if file.state == "split"), notes=notes)
