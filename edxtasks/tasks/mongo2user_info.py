"""`mongo2user_info`: the records of a course's learners, fetched from an office's MongoDB for `make_uic`.

No table depends on it: the database is asked when somebody asks for it.
"""

from __future__ import annotations

from edxtasks.build.build_table import Built
from edxtasks.build.freshness import Status
from edxtasks.course import CourseKey
from edxtasks.directories import course_directory
from edxtasks.dumps.from_mongodb import FOLDER
from edxtasks.dumps.mongo2user_info import OUTPUT_FILES, mongo2user_info
from edxtasks.errors import InputError, SourceAbsentError
from edxtasks.messages import Messages
from edxtasks.steps.in_worker import JobContext, use_scratch
from edxtasks.steps.made import Made
from edxtasks.steps.task import CourseStep, Registry, Task
from edxtasks.table import Need
from edxtasks.workers import Job, Progress


class UserInfoStep(CourseStep):
    """The records of a course's learners in a MongoDB: four files for `make_uic`."""

    def check(self) -> tuple[Status, str]:
        if self.run.context.settings.options.skip_if_exists and self._all_there():
            return Status.FRESH, "its files exist (skip_if_exists)"
        return Status.STALE, "the database is asked each time"

    def _all_there(self) -> bool:
        try:
            folder = course_directory(self.course, self.run.context.settings) / FOLDER
        except SourceAbsentError:
            return False
        return all((folder / name).is_file() for name in OUTPUT_FILES)

    def job(self) -> Job:
        return Job(fetch_user_info, (self.job_context(), self.course))


def fetch_user_info(progress: Progress, job: JobContext, course: CourseKey) -> Built:
    """Fetch accounts, profiles, enrolments and certificates of a course from a MongoDB."""
    use_scratch(job.settings)
    job.learn_outages()
    messages = Messages()
    try:
        files = mongo2user_info(course, job.settings, messages)
    except SourceAbsentError as absent:  # it is where the files are to go, so this is not a missing source
        raise InputError(f"nowhere to put the records: {absent}") from None
    return Built(len(files), messages=messages, unit="files")


def _made(registry: Registry) -> list[Made]:
    return [Made("course", (f"file:{FOLDER}/*.json.gz",), {"setting:mongo": Need.REQUIRED})]


TASK = Task(
    made=_made,
    text="fetch records of learners kept in a MongoDB, for make_uic",
    step=UserInfoStep,
    redone=False,  # the database is asked each time
)
