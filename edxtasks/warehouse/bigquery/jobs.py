"""Running jobs of BigQuery so that a run that was killed finds its jobs again.

The id of a job says what the job is for, so that whoever wants the same thing done after a crash asks for
the same id, is told that it exists, and waits for that job instead of starting another. The id of a job
that failed cannot be used again: a number at its end counts the attempts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry, exponential_sleep_generator, if_exception_type

from edxtasks.errors import UserError
from edxtasks.storage.cloud import RATE_LIMITS, SERVER_FAULTS, Patience

_MOST_ATTEMPTS = 1_000
_CONFLICT = "due to concurrent update"
"""What BigQuery says of a transaction or statement that it cancelled for another one on the same table."""


class JobFailedError(Exception):
    """A job that BigQuery refused or gave up, for a reason that waiting does not cure.

    `result` is the error that decided, `errors` are all of them, in Google's form: `reason`, `location`,
    `message`.
    """

    def __init__(self, result: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(result.get("reason", "unknown reason"))
        self.result = dict(result)
        self.errors = [dict(one) for one in errors]


class Jobs:
    """Starts jobs, finds them again, waits for them, and starts them again where that helps."""

    def __init__(self, client: Any, retry: Any, patience: Patience, service: str) -> None:
        self._client = client
        self._retry = retry
        self._patience = patience
        self._service = service

    def run(self, key: str, start: Callable[[str], Any], holds: Callable[[Any], bool]) -> Any:
        """The job of `key`, done without error.

        `start(job id)` begins it. `holds(job)` says of a job of this key that was done long ago whether
        its work still stands: if not, it is done again. A job that failed for a rate limit, a fault of
        Google's servers or another build of the same table is begun again after a pause, at most
        `Patience.jobs` times. Raises `JobFailedError`, and what the client raises.
        """
        failures = 0
        pauses = exponential_sleep_generator(self._patience.initial, self._patience.maximum)
        for attempt in range(_MOST_ATTEMPTS):
            job_id = f"edxtasks_{key}_{attempt}"
            try:
                job = start(job_id)
                found = False
            except exceptions.Conflict:
                known = self._existing(job_id)
                if known is None:
                    continue
                job, found = known, True
            except exceptions.BadRequest as error:
                raise job_failed(error) from error
            if found and job.state == "DONE":
                if job.error_result is None and holds(job):
                    return job
                continue
            self._wait(job)
            if job.error_result is None:
                return job
            failures += 1
            if failures > self._patience.jobs or not _passes(job.error_result):
                raise JobFailedError(job.error_result, job.errors or ())
            time.sleep(next(pauses))
        raise UserError(
            f"edxtasks_{key}: {_MOST_ATTEMPTS} jobs of this name were begun, and none of them holds; look "
            "for their errors on the page BigQuery, Job history of the Google Cloud console"
        )

    def _existing(self, job_id: str) -> Any:
        """A job that exists; None for one that this account may not look at: somebody else's.

        Whatever has become of that one, this run goes on with a job of its own: two jobs of one build write
        the same rows, and who changes a table says so in its labels.
        """
        # A job that was made a moment ago may not be found at once.
        patient = self._patience.applied(
            Retry(predicate=if_exception_type(exceptions.NotFound)), self._service
        )
        try:
            return patient(self._client.get_job)(job_id, retry=self._retry)
        except exceptions.Forbidden as error:
            if error.errors and error.errors[0].get("reason") in {"accessDenied", "forbidden"}:
                return None
            raise

    def _wait(self, job: Any) -> None:
        for pause in exponential_sleep_generator(min(0.25, self._patience.initial), 5.0):
            if job.done(retry=self._retry):
                return
            time.sleep(pause)


def _passes(error: Mapping[str, Any]) -> bool:
    """Whether the reason of a failure passes by itself."""
    reason = error.get("reason", "")
    return reason in RATE_LIMITS or reason in SERVER_FAULTS or _CONFLICT in error.get("message", "")


def job_failed(error: Any) -> JobFailedError:
    """A request for a job that was refused, as a job that failed."""
    errors = list(error.errors) or [{"reason": "invalid", "message": error.message}]
    return JobFailedError(errors[0], errors)
