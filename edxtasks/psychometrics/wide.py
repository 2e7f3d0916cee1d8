"""Scores of learners as a table with a column for each problem. Needs no library."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

from edxtasks.psychometrics.problems import Problem
from edxtasks.warehouse.rows import OwnColumns, Row
from edxtasks.warehouse.schema import Column, Schema


def wide(
    answers: Iterable[tuple[object, ...]], problems: Mapping[int, Problem], user_id: Column
) -> OwnColumns:
    """The table of `answers` (user, problem number, score): a row a learner, both ascending.

    A column `y<number>` has the score in percent, None where there is no answer; its description is the label
    of the problem. Of several scores the greatest counts. Memory: 10 bytes an answer.
    """
    places: dict[int, array[int]] = {}
    scores: dict[int, array[float]] = {}
    seen: dict[int, int] = {}
    for user, nid, score in answers:
        if isinstance(user, int) and isinstance(nid, int) and isinstance(score, int | float):
            places.setdefault(user, array("i")).append(seen.setdefault(nid, len(seen)))
            scores.setdefault(user, array("d")).append(score)
    names = {nid: f"y{nid}" for nid in sorted(seen)}
    columns = [
        Column(name, "FLOAT", problems[nid].label if nid in problems else f"[{nid}]")
        for nid, name in names.items()
    ]
    of_place = [f"y{nid}" for nid in seen]
    return OwnColumns(Schema((user_id, *columns)), _rows(user_id.name, places, scores, of_place))


def _rows(
    user_id: str,
    places: Mapping[int, array[int]],
    scores: Mapping[int, array[float]],
    names: list[str],
) -> Iterator[Row]:
    for user in sorted(places):
        row: dict[str, float] = {}
        for place, score in zip(places[user], scores[user], strict=True):
            row[names[place]] = max(score, row.get(names[place], score))
        yield {user_id: user, **row}
