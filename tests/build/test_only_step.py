"""Which tables a command makes with `only_step` and `nskip`."""

from __future__ import annotations

import pytest
from product_registry import product_registry

from edxtasks.build.only_step import of_steps
from edxtasks.build.registry import commands
from edxtasks.config import Options
from edxtasks.errors import SettingsError
from edxtasks.table import Table

TABLES = {
    "one": Table("one", "work", steps=("1",)),
    "two": Table("two", "work", steps=("2",), on_request=True),
    "both": Table("both", "work", steps=("1", "2")),
    "whole": Table("whole", "work"),
    "other": Table("other", "plain"),
    # In an order, whatever their numbers; the steps of organizations share one.
    "Z": Table("Z", "tell", steps=("11 of_Z",)),
    "A": Table("A", "tell", steps=("11 of_A",)),
    "last": Table("last", "tell", steps=("12 last",)),
    "first": Table("first", "tell", steps=("2 first", "10 second")),
    "second": Table("second", "tell", steps=("10 second",)),
}
COMMANDS = {
    "work": ["one", "two", "both", "whole"],
    "plain": ["other"],
    "tell": ["Z", "A", "last", "first", "second"],
}


@pytest.mark.parametrize(
    ("only", "made"),
    [
        ((), ["one", "both", "whole"]),
        (("1",), ["one", "both", "whole"]),
        (("2",), ["two", "both", "whole"]),
        (("1", "2"), ["one", "two", "both", "whole"]),
    ],
)
def test_tables_of_the_named_steps(only: tuple[str, ...], made: list[str]) -> None:
    found = of_steps(TABLES, COMMANDS, Options(only_step=only), ["work:MITx/2.03x/3T2013", "plain"])
    assert found.commands == {"work": made, "plain": ["other"], "tell": COMMANDS["tell"]}
    assert (found.kept, found.skipped, found.alone, found.remarks) == (frozenset(), frozenset(), False, ())


@pytest.mark.parametrize(
    ("only", "skip", "made"),
    [
        ((), 0, ["Z", "A", "last", "first", "second"]),
        ((), 1, ["Z", "A", "last", "first", "second"]),
        ((), 2, ["Z", "A", "last"]),
        ((), 3, ["A", "last"]),
        (("of_A",), 0, ["A"]),
        (("4",), 0, ["A"]),
        (("2", "last"), 0, ["last", "first", "second"]),
        (("2", "last"), 2, ["last"]),
    ],
)
def test_steps_in_an_order_are_counted(only: tuple[str, ...], skip: int, made: list[str]) -> None:
    found = of_steps(TABLES, COMMANDS, Options(only_step=only, nskip=skip), ["tell"])
    assert found.commands["tell"] == made
    assert found.skipped == set(COMMANDS["tell"]) - set(made)
    assert found.kept == set(made)
    assert found.alone is bool(only)


@pytest.mark.parametrize(
    ("options", "words", "said"),
    [
        ({"only_step": ("3",)}, ["work"], "the steps of work are 1, 2"),
        ({"only_step": ("secnd",)}, ["tell", "plain"], 'did you mean "second"'),
        ({"only_step": ("6",)}, ["tell"], "the steps of tell are first, second, of_Z, of_A, last"),
        ({"only_step": ("0",)}, ["tell"], "the steps of tell are"),
        ({"only_step": ("1",)}, ["plain"], "plain has no steps"),
        ({"only_step": ("1",)}, [], "what is asked for has no steps"),
        ({"nskip": 5}, ["tell"], "nskip=5 leaves nothing to do: the steps of tell are first, second"),
    ],
)
def test_a_step_that_is_not_there(options: dict[str, object], words: list[str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        of_steps(TABLES, COMMANDS, Options(**options), words)  # type: ignore[arg-type]


def test_skipping_where_there_are_no_numbered_steps_is_told() -> None:
    found = of_steps(TABLES, COMMANDS, Options(nskip=2), ["work", "plain"])
    assert found.remarks == ("nskip=2 has no effect: work, plain has no numbered steps",)
    assert found.commands["work"] == ["one", "both", "whole"]


def test_the_steps_of_report_are_those_that_scripts_count_by() -> None:
    registry = product_registry()
    with pytest.raises(SettingsError) as error:
        of_steps(registry, commands(registry), Options(only_step=("none",)), ["report"])
    steps = str(error.value).partition(" are ")[2].split(", ")
    assert [step for step in steps if not step.startswith("email_addresses")] == [
        "show_answer_stats_by_course",
        "broad_stats_by_course",
        "course_axis",
        "video_axis",
        "person_course_day_allcourses",
        "viewed_median_stats_by_course",
        "explored_median_stats_by_course",
        "certified_median_stats_by_course",
        "verified_median_stats_by_course",
        "global_modal_ip",
        "global_modal_lang",
        "enrollday_sql",
        "time_on_task_stats_by_course",
        "populations_stats_by_course",
        "multi_registrations",
        "geographic_distributions",
        "overall_stats",
    ]
