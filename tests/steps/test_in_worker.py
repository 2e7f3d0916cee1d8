"""What a job in a worker finds of its run."""

from __future__ import annotations

import pickle
from pathlib import Path

from edxtasks.config import load_settings
from edxtasks.course import CourseKey
from edxtasks.steps.in_worker import JobContext, OfRun
from edxtasks.warehouse.base import ResourceLimits


def test_a_run_is_sent_with_each_job_and_made_once(tmp_path: Path) -> None:
    """A worker that gets many jobs of one run has its settings and courses once; of another run others."""
    settings = load_settings(tmp_path, {}, {})
    courses = (CourseKey.parse("MITx/2.03x/3T2013"), CourseKey.parse("course-v1:MITx+7.06x+1T2014"))
    run = OfRun(settings, courses, ResourceLimits(2, "3GB"))
    first, second = (pickle.loads(pickle.dumps(JobContext(run, {name: ((1, 2, 3), "d")}))) for name in "ab")
    assert first.of_run == run
    assert first.of_run is second.of_run
    assert (first.digests, second.digests) == ({"a": ((1, 2, 3), "d")}, {"b": ((1, 2, 3), "d")})
    other = pickle.loads(pickle.dumps(JobContext(OfRun(settings, courses[:1], ResourceLimits(2, "3GB")), {})))
    assert other.of_run.courses == courses[:1]
    assert first.of_run.courses == courses
