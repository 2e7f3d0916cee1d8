"""Answers of learners to items as arrays, ready for a fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from edxtasks.psychometrics.arrays import Flags, Floats, Integers

_DIGITS = 9
"""Decimals by which scores are told apart: 100 · 1/3 may come out in two ways."""


@dataclass(frozen=True)
class Responses:
    """Who answered what: rows of `indicator` are persons, its columns the categories of all items in a row.

    `persons` and `items` are the ids, ascending. `values` are the scores of the categories of all items,
    those of an item ascending from `offsets[item]` to `offsets[item + 1]`. A person has 1 in the column of
    the category of each item answered, and nothing for items without an answer.
    """

    persons: Integers
    items: Integers
    values: Floats
    offsets: Integers
    indicator: csr_array
    dropped_items: int = 0
    dropped_persons: int = 0

    @property
    def most_answers(self) -> int:
        """The number of answers of the person with the most."""
        return int(np.diff(self.indicator.indptr).max(initial=0))


def responses(persons: Integers, items: Integers, scores: Floats) -> Responses:
    """The answers as `Responses`; the three arrays have an entry for each answer, in any order.

    The categories of an item are the different scores that it was answered with. Items with a single one,
    and persons without an answer to any other item, are left out and counted. Of several answers of a person
    to an item the one with the greatest score counts. A score that is not a finite number is not an answer.
    """
    there = np.isfinite(scores)
    persons, items, scores = persons[there], items[there], np.round(scores[there], _DIGITS)
    n_persons, n_items = np.unique(persons).size, np.unique(items).size
    persons, items, scores = _once(persons, items, scores)
    kept = _varied(items, scores)
    persons, items, scores = persons[kept], items[kept], scores[kept]
    person_ids, rows = np.unique(persons, return_inverse=True)
    item_ids, columns = np.unique(items, return_inverse=True)
    values, offsets, categories = _categories(columns, scores, item_ids.size)
    shape = (person_ids.size, values.size)
    indicator = csr_array((np.ones(rows.size), (rows, categories)), shape=shape)
    indicator.sort_indices()
    return Responses(
        person_ids,
        item_ids,
        values,
        offsets,
        indicator,
        dropped_items=n_items - item_ids.size,
        dropped_persons=n_persons - person_ids.size,
    )


def responses_to(
    known: Integers, values: Floats, offsets: Integers, persons: Integers, items: Integers, scores: Floats
) -> Responses:
    """Answers to items whose categories are known: `values` and `offsets` as those of `Responses`.

    A score lies in the highest category whose value it reaches, else in the lowest. Answers to other items
    are no answers; persons without any to one of these are left out and counted.
    """
    there = np.isfinite(scores)
    n_persons = np.unique(persons[there]).size
    there &= np.isin(items, known)
    persons, items, scores = _once(persons[there], items[there], np.round(scores[there], _DIGITS))
    person_ids, rows = np.unique(persons, return_inverse=True)
    columns = np.searchsorted(known, items)
    categories = np.empty(items.size, dtype=np.int64)
    order = np.argsort(columns, kind="stable")
    limits = np.searchsorted(columns[order], np.arange(known.size + 1))
    for item in range(known.size):
        mine = order[limits[item] : limits[item + 1]]
        cuts = values[offsets[item] + 1 : offsets[item + 1]]
        categories[mine] = offsets[item] + np.searchsorted(cuts, scores[mine], side="right")
    shape = (person_ids.size, values.size)
    indicator = csr_array((np.ones(rows.size), (rows, categories)), shape=shape)
    indicator.sort_indices()
    return Responses(
        person_ids, known, values, offsets, indicator, dropped_persons=n_persons - person_ids.size
    )


def _once(persons: Integers, items: Integers, scores: Floats) -> tuple[Integers, Integers, Floats]:
    """An answer for each person and item, in the order of their ids."""
    order = np.lexsort((scores, items, persons))
    persons, items, scores = persons[order], items[order], scores[order]
    last = np.ones(persons.size, dtype=bool)
    last[:-1] = (persons[1:] != persons[:-1]) | (items[1:] != items[:-1])
    return persons[last], items[last], scores[last]


def _varied(items: Integers, scores: Floats) -> Flags:
    """Which answers belong to items that have more than one score."""
    order = np.lexsort((scores, items))
    ordered_items, ordered_scores = items[order], scores[order]
    changes = (ordered_items[1:] == ordered_items[:-1]) & (ordered_scores[1:] != ordered_scores[:-1])
    return np.isin(items, np.unique(ordered_items[1:][changes]))


def _categories(columns: Integers, scores: Floats, n_items: int) -> tuple[Floats, Integers, Integers]:
    """Scores of all categories, where those of each item begin, and the category of each answer."""
    order = np.lexsort((scores, columns))
    item, score = columns[order], scores[order]
    first = np.ones(item.size, dtype=bool)
    first[1:] = (item[1:] != item[:-1]) | (score[1:] != score[:-1])
    category = np.empty(item.size, dtype=np.int64)
    category[order] = np.cumsum(first) - 1
    offsets = np.zeros(n_items + 1, dtype=np.int64)
    np.cumsum(np.bincount(item[first], minlength=n_items), out=offsets[1:])
    return score[first], offsets, category
