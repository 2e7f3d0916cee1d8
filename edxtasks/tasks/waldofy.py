"""`waldofy`: the files of the weekly package, sorted into the directories of their courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.config import Settings, known_courses, required
from edxtasks.config.kinds import day
from edxtasks.course import CourseKey
from edxtasks.directories import directory_read_with
from edxtasks.dumps.package import DUMP_FILES, Package, PackageGoneError, plan_package
from edxtasks.dumps.waldofy import convert, pending, was_sorted
from edxtasks.errors import InputError, UserError, from_machine
from edxtasks.messages import Messages
from edxtasks.printable import printable, printable_path, quantity
from edxtasks.retired import read_retired
from edxtasks.steps.in_worker import JobContext, use_scratch
from edxtasks.steps.made import Made
from edxtasks.steps.step import Run, Step
from edxtasks.steps.task import DUMP, Registry, Task, TaskOfRun
from edxtasks.table import Need, Scope
from edxtasks.workers import Job, Progress

REST = "rest"
"""Sub-task for the files of the package that belong to no known course."""


@dataclass
class Delivery:
    """The weekly package of a run, listed once.

    `known` are the courses whose files have a place; `loads`: the run makes tables from what is sorted.
    """

    run: Run
    known: Sequence[CourseKey]
    loads: bool
    _teller: str = ""

    @classmethod
    def of(cls, of: TaskOfRun) -> Delivery:
        """That of a run: all its steps share one."""
        if "delivery" not in of.shared:
            context = of.run.context
            tables = [context.registry[name] for name in of.makes if name in context.registry]
            loads = any(table.scope is Scope.COURSE and table.reads_files for table in tables)
            known = [*context.courses, *known_courses(context.settings)]
            of.shared["delivery"] = cls(of.run, known, loads)
        delivery: Delivery = of.shared["delivery"]
        return delivery

    @cached_property
    def base(self) -> Path:
        """The folder of the course directories."""
        return required(self.run.context.settings, "paths.course_sql_base_dir", Path)

    @cached_property
    def package(self) -> Package | UserError:
        """The package, or why there is none that can be sorted."""
        try:
            folder: Path = required(self.run.context.settings, "paths.dump_dir", Path)
            return plan_package(folder, self.known, self.base)
        except UserError as fault:
            return fault
        except OSError as refused:
            return from_machine(refused) or UserError(str(refused))

    @cached_property
    def gone(self) -> str:
        """What to note where the package was sorted once and is not there any more."""
        folder = self.run.context.settings.paths.dump_dir
        if (
            folder is None
            or not isinstance(self.package, PackageGoneError)
            or not was_sorted(self.base, folder)
        ):
            return ""
        return (
            f"the package {printable_path(folder)} is gone; what was sorted from it stays (setting dump_dir)"
        )

    def told_by(self, step: str) -> str:
        """Name of the step that tells what concerns the whole package: the first that asks."""
        self._teller = self._teller or step
        return self._teller


class WaldofyStep(Step):
    """The files of one course of the package; with course None those that belong to no known course."""

    def __init__(self, of: TaskOfRun) -> None:
        super().__init__(of.run, of.name)
        self._delivery = Delivery.of(of)
        self.course = of.course

    def check(self) -> tuple[Status, str]:
        package = self._delivery.package
        if not isinstance(package, Package):
            return self._without(package)
        if self.course is not None:
            if not package.files.get(self.course):
                return self._nothing_of_it(package, self.course)
            fault = self._not_read(package, self.course)
            if fault and self._delivery.loads:
                self.blocks = False  # the folder that is read is another one, and as it was
                raise InputError(fault)
        reasons = pending(package, self.course, self.run.context.digests)
        if not reasons:
            return Status.FRESH, ""
        return Status.STALE, "; ".join(reasons[:3]) + (f" and {len(reasons) - 3} more" if reasons[3:] else "")

    def _without(self, fault: UserError) -> tuple[Status, str]:
        """What to do without a package. One step of the run tells of it, the others name that step."""
        teller = self._delivery.told_by(self.name)
        if self._delivery.gone:
            return (Status.SKIPPED if teller == self.name else Status.FRESH), self._delivery.gone
        if teller == self.name:
            # It concerns no course more than another: all of them go on with the files that they have.
            self.blocks = False
            raise fault
        return Status.SKIPPED, f"the package cannot be sorted: {teller} says why"

    def _nothing_of_it(self, package: Package, course: CourseKey) -> tuple[Status, str]:
        encrypted, failed = package.encrypted.get(course, ()), package.failed.get(course, ())
        if encrypted:
            raise InputError(
                f"{printable(package.name)}: all {quantity(len(encrypted), 'file')} of this course "
                "are encrypted: "
                "decrypt them and sort the package again"
            )
        if failed:
            reasons = pending(package, course, self.run.context.digests)
            return (Status.STALE, "; ".join(reasons)) if reasons else (Status.FRESH, "")
        return Status.SKIPPED, f"{printable(package.name)} has no file of this course"

    def _not_read(self, package: Package, course: CourseKey) -> str:
        """Why no table is made from what is sorted here; nothing where it is read, or a newer dump is."""
        settings = self.run.context.settings
        arriving = self._delivery.base / course.package_prefix / package.date
        read = directory_read_with(arriving, course, settings)
        if read.resolve() == arriving.resolve() or (day(read.name) and read.name > arriving.name):
            return ""
        dump = f"the dump of {package.date} (dump_dir) is not read"
        if not read.is_relative_to(arriving.parent):
            return (
                f"{dump}: it is sorted into {printable_path(arriving)}, but {course.directory} goes before "
                f"{course.package_prefix}. Move what is in {course.directory} to {course.package_prefix}"
            )
        named = settings.paths.course_sql_date_dir
        setting = f'course_sql_date_dir is "{named}"' if named else "course_sql_date_dir is not set"
        return (
            f"{dump}: {setting}, so tables are made from {printable_path(read)}. "
            f'Set course_sql_date_dir = "{package.date}", or latest_sql_dir = true'
        )

    @property
    def has_work(self) -> bool:
        return isinstance(self._delivery.package, Package)

    def taken(self, result: Any) -> Built:
        built: Built = result
        package = self._delivery.package
        if self.course is not None and isinstance(package, Package):
            fault = self._not_read(package, self.course)
            if fault:
                built.messages.add(fault)
        return built

    def job(self) -> Job:
        force = self.name in self.run.forced
        return Job(sort_package, (self.job_context(), self._delivery.package, self.course, force))


def sort_package(
    progress: Progress, job: JobContext, package: Package, course: CourseKey | None, force: bool
) -> Built:
    """Sort the files of a course (None: of no known course) into its directory; with `force` all of them."""
    use_scratch(job.settings)
    messages = Messages()
    limit = job.settings.max_bad_fraction
    done = convert(
        package,
        course,
        job.known_digests(),
        messages,
        max_bad_fraction=limit,
        force=force,
        progress=lambda done, of: progress(done, of, "files"),
        retired=read_retired(job.settings),
    )
    return Built(len(done.made), messages=messages, unit="files")


def _has_package(settings: Settings) -> bool:
    return settings.paths.dump_dir is not None


def _made(registry: Registry) -> list[Made]:
    files = [f"file:{name}" for name in DUMP_FILES]
    return [Made("package", files, {"setting:dump_dir": Need.REQUIRED})]


TASK = Task(
    text="sort the weekly package (dump_dir) into directories of courses",
    step=WaldofyStep,
    made=_made,
    parts=(REST,),
    makes=DUMP,
    active=_has_package,
)
