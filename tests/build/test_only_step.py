"""Which tables a command makes with `only_step`."""

from __future__ import annotations

import pytest

from edxtasks.build.only_step import of_steps
from edxtasks.errors import SettingsError
from edxtasks.table import Table

TABLES = {
    "one": Table("one", "work", steps=("1 first",)),
    "two": Table("two", "work", steps=("2",), on_request=True),
    "both": Table("both", "work", steps=("1", "2")),
    "whole": Table("whole", "work"),
    "other": Table("other", "plain"),
}
COMMANDS = {"work": ["one", "two", "both", "whole"], "plain": ["other"]}


@pytest.mark.parametrize(
    ("only", "made"),
    [
        ((), ["one", "both", "whole"]),
        (("1",), ["one", "both", "whole"]),
        (("first",), ["one", "whole"]),
        (("2",), ["two", "both", "whole"]),
        (("first", "2"), ["one", "two", "both", "whole"]),
    ],
)
def test_tables_of_the_named_steps(only: tuple[str, ...], made: list[str]) -> None:
    found = of_steps(TABLES, COMMANDS, only, ["work:MITx/2.03x/3T2013", "plain"])
    assert found == {"work": made, "plain": ["other"]}


@pytest.mark.parametrize(
    ("only", "words", "said"),
    [
        (("3",), ["work"], "the steps of work are 1, first, 2"),
        (("frist",), ["work", "plain"], 'did you mean "first"'),
        (("1",), ["plain"], "plain has no steps"),
        (("1",), [], "what is asked for has no steps"),
    ],
)
def test_a_step_that_is_none(only: tuple[str, ...], words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        of_steps(TABLES, COMMANDS, only, words)
