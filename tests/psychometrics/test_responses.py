"""From rows of answers to arrays: categories, what is left out, answers given twice."""

from __future__ import annotations

import numpy as np

from edxtasks.psychometrics.responses import responses


def test_categories_are_the_different_scores_of_each_item_in_ascending_order() -> None:
    found = responses(
        np.array([7, 7, 9, 9, 11]), np.array([2, 5, 5, 2, 2]), np.array([100.0, 0.0, 50.0, 0.0, 25.0])
    )
    assert found.persons.tolist() == [7, 9, 11]
    assert found.items.tolist() == [2, 5]
    assert found.values.tolist() == [0.0, 25.0, 100.0, 0.0, 50.0]
    assert found.offsets.tolist() == [0, 3, 5]
    assert found.indicator.toarray().tolist() == [[0, 0, 1, 1, 0], [1, 0, 0, 0, 1], [0, 1, 0, 0, 0]]
    assert found.most_answers == 2
    assert (found.dropped_items, found.dropped_persons) == (0, 0)


def test_items_of_one_score_go_and_so_do_persons_who_answered_nothing_else() -> None:
    found = responses(
        np.array([1, 2, 3, 1, 2]), np.array([4, 4, 4, 8, 8]), np.array([100.0, 100.0, 100.0, 0.0, 100.0])
    )
    assert found.items.tolist() == [8]
    assert found.persons.tolist() == [1, 2]
    assert (found.dropped_items, found.dropped_persons) == (1, 1)


def test_the_best_of_several_answers_counts_and_none_is_no_answer() -> None:
    found = responses(np.array([1, 1, 2, 3]), np.array([4, 4, 4, 4]), np.array([0.0, 50.0, 0.0, np.nan]))
    assert found.persons.tolist() == [1, 2]
    assert found.values.tolist() == [0.0, 50.0]
    assert found.indicator.toarray().tolist() == [[0, 1], [1, 0]]
    assert found.dropped_persons == 0


def test_scores_that_differ_in_their_last_digits_are_one_category() -> None:
    found = responses(np.array([1, 2, 3]), np.array([4, 4, 4]), np.array([100 / 3, 100 * (1 / 3), 0.0]))
    assert found.values.size == 2


def test_no_answers_at_all() -> None:
    nothing = np.array([], dtype=np.int64)
    found = responses(nothing, nothing, np.array([], dtype=np.float64))
    assert (found.persons.size, found.items.size, found.most_answers) == (0, 0, 0)
