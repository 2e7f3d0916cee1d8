"""The page of a run: its tasks in time, what failed first, and only the last pages are kept."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from numbers_by_hand import HOSTILE

from edxtasks.graph.record import Outcome, TaskRecord
from edxtasks.graph.reporter import RunReporter
from edxtasks.pages.runs import KEPT, MOST, Span, keep, run_page

START = datetime(2024, 2, 29, 13, 5, 9, tzinfo=UTC)
SPANS = [
    Span("second", 1, 2.0, 10.0, "5 rows (it does not exist)"),
    Span(f"first:{HOSTILE}", 0, 0.0, 4.0, f"why: {HOSTILE}", failed=True),
]


def test_tasks_lie_in_time_over_their_workers() -> None:
    text = run_page(START, SPANS, "1 built, 1 failed in 10.0 s.").decode()
    assert "<h1>Run of 2024-02-29 13:05:09 UTC</h1>" in text
    marks = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', text)
    # 978 pixels from 70 for 0 to 10 seconds; a worker is 26 pixels high.
    assert marks == [("70", "7", "391.2"), ("265.6", "33", "782.4")]
    assert text.index('id="failed"') < text.index('id="timeline"')
    assert HOSTILE not in text
    assert "<img" not in text


def test_names_stand_in_bars_that_have_room() -> None:
    spans = [
        Span("long_task:course", 0, 0.0, 9.0, "5 rows"),
        Span("short_task:course", 0, 9.0, 9.5, "5 rows"),
    ]
    inside = re.findall(r'class="inside">(.*?)</text>', run_page(START, spans, "2 built.").decode())
    assert inside == ["long_task:course"]


def test_what_was_not_tried_stands_with_what_failed() -> None:
    text = run_page(START, SPANS, "1 failed.", [f"2 not tried since first failed: {HOSTILE}"]).decode()
    failed = text.partition('id="failed"')[2].partition("</section>")[0]
    assert "<li>2 not tried since first failed: &lt;/script&gt;" in failed


def test_of_very_many_tasks_the_longest_and_the_failed_are_shown() -> None:
    many = [Span(f"t{at}", 0, 0.0, float(at), "x", failed=at == 0) for at in range(MOST + 2)]
    text = run_page(START, many, "done.").decode()
    assert "<td>t0</td>" in text
    assert "<td>t1</td>" not in text
    assert f"Only {MOST} of {MOST + 2} tasks are shown." in text


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    paths = [keep(tmp_path / "runs", START + timedelta(minutes=at), b"page") for at in range(KEPT + 2)]
    assert sorted((tmp_path / "runs").iterdir()) == paths[2:]


def test_a_page_that_cannot_be_kept_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    reporter = RunReporter(io.StringIO(), {})
    reporter.pages = tmp_path / "runs"
    reporter.complete_run()  # nothing ran: there is no page
    assert capsys.readouterr().err == ""
    reporter.record.add(TaskRecord("a", Outcome.FAILED, "b", ran=True))
    reporter.complete_run()
    told = "warning: the page of the run could not be kept: "
    assert capsys.readouterr().err.startswith(f"{told}{tmp_path}/runs: cannot be read or written: ")
