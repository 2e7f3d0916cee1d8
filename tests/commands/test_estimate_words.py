"""How `estimate` tells bytes, dollars and queries that will be refused."""

from __future__ import annotations

import pytest

from edxtasks.build.estimates import Estimate
from edxtasks.commands.estimate import dollars, size, told
from edxtasks.graph.costs import Cost
from edxtasks.graph.plan import PlannedStatus

READ = Estimate(bytes=3 * 2**30, largest=2**30, billed=2**40)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (3 * 2**29, "1.5 GiB"), (2**61, "2048.0 PiB")],
)
def test_bytes(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "$0.00"), (0.0001, "$0.01"), (0.07, "$0.07"), (1234.561, "$1,234.57")]
)
def test_dollars_are_rounded_up(amount: float, text: str) -> None:
    assert dollars(amount) == text


def test_a_task() -> None:
    assert told(Cost("t", PlannedStatus.WILL_RUN, READ), 6.25, None) == "at most 3.0 GiB, $6.25"
    assert (
        told(Cost("t", PlannedStatus.WILL_RUN, unknown=("a:C", "b")), 6.25, None)
        == "unknown until a, b is built"
    )
    changing = Cost("t", PlannedStatus.MAY_RUN, READ, changing=("a:C",), every_date=True)
    wanted = "at most 3.0 GiB, $6.25 for all its dates, as its inputs stand (a before it)"
    assert told(changing, 6.25, 2**30) == wanted


def test_a_query_over_the_limit() -> None:
    text = told(Cost("t", PlannedStatus.WILL_RUN, READ), 6.25, 2**30 - 1)
    assert text.endswith("; a query of 1.0 GiB is over maximum_bytes_billed and will be refused")
