"""Why a task may run, in words: its inputs, and how many more there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from edxtasks.build.context import Context
from edxtasks.build.freshness import Status
from edxtasks.config import load_settings
from edxtasks.digests import Digests
from edxtasks.errors import QuotaError, ServiceError, UserError
from edxtasks.graph.plan import Planned, PlannedStatus, _inputs, outlook_of
from edxtasks.outages import Outage, UnreachableError
from edxtasks.steps.step import Run, Step
from edxtasks.warehouse.parquet import ParquetWarehouse
from edxtasks.workers import Job

COURSE = "UniX/Y.1x/S24"


@pytest.mark.parametrize(
    ("inputs", "word", "words"),
    [
        ([f"one:{COURSE}"], "or", "one"),
        ([f"one:{COURSE}", "two"], "or", "one or two"),
        ([f"one:{COURSE}", f"two:{COURSE}", "three:UniX/Z/S25"], "and", "one, two and three of UniX/Z/S25"),
        ([f"{number}:{COURSE}" for number in "123456"], "or", "1, 2, 3, 4 or 2 more"),
    ],
)
def test_inputs_are_named_as_a_sentence_has_them(inputs: list[str], word: str, words: str) -> None:
    moving = [Planned(name, PlannedStatus.MAY_RUN, "") for name in inputs]
    assert _inputs(moving, word, f"child:{COURSE}") == words


class Unknown(Step):
    """A step of which it cannot be told whether it is fresh."""

    def __init__(self, folder: Path, why: UserError) -> None:
        settings = load_settings(folder, {}, {})
        super().__init__(Run(Context(settings, {}, ParquetWarehouse(folder), Digests())), "unknown")
        self._why = why

    def check(self) -> tuple[Status, str]:
        raise self._why

    def job(self) -> Job:
        raise AssertionError


@pytest.mark.parametrize(
    "why",
    [UnreachableError(Outage("BigQuery", "2031-01-02", "timed out", 0.0, 0.0, 5.0)), QuotaError("used up")],
)
def test_nothing_is_planned_where_a_service_cannot_be_asked(tmp_path: Path, why: ServiceError) -> None:
    """That a task will run is not known then, and no other task is."""
    with pytest.raises(ServiceError) as caught:
        outlook_of(Unknown(tmp_path, why), [])
    assert caught.value is why


def test_a_fault_of_one_step_leaves_the_others_planned(tmp_path: Path) -> None:
    planned = outlook_of(Unknown(tmp_path, UserError("line 3 is cut off")), [])
    assert (planned.planned, planned.reason) == (PlannedStatus.WILL_RUN, "line 3 is cut off")
