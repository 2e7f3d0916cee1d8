"""The page of a run: what ran and for how long, over the worker processes, and what failed and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from edxtasks.files import write_atomically
from edxtasks.pages.html import render
from edxtasks.pages.svg import Frame, element, picture, short, shortened, ticks, titled
from edxtasks.printable import quantity

KEPT = 30
"""Pages that are kept: those of the last runs."""
MOST = 1000
"""Tasks that a page shows: the longest, and all that failed before others."""

_WIDTH = 1060.0
_LANE = 26.0


@dataclass(frozen=True)
class Span:
    """A task that ran: seconds from the start of the run, in which `lane` (a worker, from 0), and what came
    of it: rows and the reason, or why it failed."""

    name: str
    lane: int
    began: float
    ended: float
    text: str
    failed: bool = False

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


def run_page(start: datetime, spans: Sequence[Span], ending: str, not_tried: Sequence[str] = ()) -> bytes:
    """The page as one HTML file; `ending` is the last line of the run, each line of `not_tried` says what was
    not tried, and why."""
    longest = sorted(spans, key=lambda span: (not span.failed, -span.seconds, span.name))[:MOST]
    shown = sorted(longest, key=lambda span: (span.began, span.name))
    left_out = len(spans) - len(shown)
    return render(
        "run.html",
        title=f"Run of {start:%Y-%m-%d %H:%M:%S} UTC",
        over="What ran, how long, and what failed",
        lead=ending + (f" Only {len(shown)} of {len(spans)} tasks are shown." if left_out else ""),
        failed=[span for span in shown if span.failed],
        not_tried=not_tried,
        spans=shown,
        timeline=_timeline(shown),
    )


def _timeline(spans: Sequence[Span]) -> Markup:
    if not spans:
        return Markup()
    seconds = ticks(max(span.ended for span in spans), 8)
    lanes = max(span.lane for span in spans) + 1
    height = lanes * _LANE + 48
    frame = Frame(_WIDTH, height, 1, left=70, above=4, below=44)
    scale = frame.room / seconds[-1]
    parts: list[Markup] = []
    for at in seconds:
        x = frame.left + at * scale
        parts.append(element("line", x1=x, x2=x, y1=frame.above, y2=frame.ground, class_="grid"))
        parts.append(frame.mark_below(x, short(at)))
    for lane in range(lanes):
        y = frame.above + lane * _LANE + 17
        parts.append(element("text", f"worker {lane + 1}", x=0.0, y=y, class_="label"))
    parts += [_bar(span, frame, scale) for span in spans]
    parts.append(frame.below_label("Seconds since the start"))
    name = f"{quantity(len(spans), 'task')} over {quantity(lanes, 'worker')}, by time"
    return picture(_WIDTH, height, name, parts, "timeline")


def _bar(span: Span, frame: Frame, scale: float) -> Markup:
    """A task, with its name where there is room."""
    x, y, wide = frame.left + span.began * scale, frame.above + span.lane * _LANE, span.seconds * scale
    inside = [
        titled(f"{span.name}: {span.seconds:.1f} s, {span.text}"),
        element(
            "rect",
            x=x,
            y=y + 3,
            width=max(1.5, wide),
            height=_LANE - 6,
            class_=f"mark {'series-2' if span.failed else 'series-1'}",
        ),
    ]
    name = shortened(span.name, wide - 10)
    if name:
        inside.append(element("text", name, x=x + 5, y=y + 17, class_="inside"))
    return element("g", *inside)


def keep(folder: Path, start: datetime, page: bytes) -> Path:
    """Write a page into the folder, and remove all but the last `KEPT`. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{start:%Y-%m-%dT%H%M%S.%f}.html"
    write_atomically(path, page)
    for old in sorted(folder.glob("*T*.html"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path
