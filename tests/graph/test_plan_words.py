"""Why a task may run, in words: its inputs, and how many more there are."""

from __future__ import annotations

import pytest

from edxtasks.graph.plan import Planned, PlannedStatus, _inputs

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
