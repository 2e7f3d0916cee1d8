"""The problems of a course as `course_item` has them: names, labels, weights. Needs no library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

COLUMNS = (
    "problem_nid",
    "item_number",
    "problem_id",
    "problem_short_id",
    "chapter_name",
    "section_name",
    "vertical_name",
    "problem_name",
    "assignment_type",
    "item_weight",
    "problem_points_possible",
)
"""The columns of `course_item` that are read."""


@dataclass(frozen=True)
class Problem:
    """What is known of a problem. `weight` is the sum over its items, None where none of them has one."""

    nid: int
    problem_id: str | None = None
    short_id: str | None = None
    chapter: str | None = None
    section: str | None = None
    vertical: str | None = None
    name: str | None = None
    assignment_type: str | None = None
    weight: float | None = None
    points_possible: float | None = None

    @property
    def label(self) -> str:
        """`[nid] short_id chapter/section/name`, where what is not known is empty."""
        return f"[{self.nid}] {self.short_id or ''} {self._place('/')}"

    @property
    def report_label(self) -> str:
        """`[nid] chapter / section / name`, where what is not known is empty."""
        return f"[{self.nid}] {self._place(' / ')}"

    def _place(self, between: str) -> str:
        return between.join(part or "" for part in (self.chapter, self.section, self.name))


def problems_of(rows: Iterable[Mapping[str, object]]) -> dict[int, Problem]:
    """The problems by number, from rows of `course_item`: names are those of each problem's first item."""
    first: dict[int, Mapping[str, object]] = {}
    weights: dict[int, list[float]] = {}
    for row in rows:
        nid = row["problem_nid"]
        if not isinstance(nid, int):
            continue
        if row["item_number"] == 1:
            first[nid] = row
        if isinstance(row["item_weight"], int | float):
            weights.setdefault(nid, []).append(row["item_weight"])
    return {nid: _problem(nid, first[nid], weights.get(nid)) for nid in sorted(first)}


def _problem(nid: int, row: Mapping[str, object], weights: list[float] | None) -> Problem:
    points = row["problem_points_possible"]
    return Problem(
        nid,
        _text(row["problem_id"]),
        _text(row["problem_short_id"]),
        _text(row["chapter_name"]),
        _text(row["section_name"]),
        _text(row["vertical_name"]),
        _text(row["problem_name"]),
        _text(row["assignment_type"]),
        # In the order of the values: rows come in any.
        None if weights is None else float(sum(sorted(weights))),
        float(points) if isinstance(points, int | float) else None,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
