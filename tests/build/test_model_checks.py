"""Models are checked when they are read: against the columns and the grain of what they read."""

from __future__ import annotations

from pathlib import Path

import pytest
from product_registry import product_registry

from edxtasks.build.model import read_models
from edxtasks.build.model_checks import with_checks
from edxtasks.build.registry import put_together
from edxtasks.table import PythonModel, Scope, Table
from edxtasks.warehouse.schema import schema

MADE = PythonModel(1, lambda inputs: [])
STEPS = "course_id STRING -- c\nperson STRING -- p\nstep INTEGER -- s\npoints FLOAT -- f"
FIRST = """-- The first step of each person.
-- command: first_step
-- grain: person
SELECT
  person, -- STRING: who
  ARRAY_AGG(points ORDER BY step LIMIT 1)[SAFE_OFFSET(0)] AS points -- FLOAT: of the first step
FROM steps
GROUP BY person
"""


def steps(grain: str, scope: Scope = Scope.COURSE, columns: str = STEPS) -> Table:
    """A table that is not a model."""
    return Table("steps", "steps", schema(columns), MADE, "Steps.", scope=scope, grain=grain)


def checked(folder: Path, other: Table, cache: Path | None = None, **models: str) -> dict[str, Table]:
    """The registry of models, by name, and of another table."""
    for name, text in models.items():
        path = folder / "area" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return with_checks(put_together(read_models(folder, None, {}), [other]), cache)


def test_the_grain_of_an_input_is_its_key(tmp_path: Path) -> None:
    assert checked(tmp_path, steps("person, step"), first=FIRST)["first"].fault == ""


@pytest.mark.parametrize("grain", ["", "step of a person", "person, place", "points"])
def test_an_order_with_ties_fails_the_model(tmp_path: Path, grain: str) -> None:
    """The file and the line are told, and what to do; other tables stand."""
    tables = checked(
        tmp_path, steps(grain), first=FIRST, last=FIRST.replace("ORDER BY step", "ORDER BY points")
    )
    place = f"{tmp_path / 'area' / 'first.sql'}, line 6: ARRAY_AGG hangs on chance where the order has ties"
    assert tables["first"].fault.startswith(place)
    assert tables["last"].fault == ""
    assert tables["steps"].fault == ""


@pytest.mark.parametrize(
    ("grain", "scope", "order", "good"),
    [
        ("person, step", Scope.COURSE, "ORDER BY step", False),  # a union: a step of each course
        ("person, step", Scope.COURSE, "ORDER BY course_id, step", True),
        ("person, step", Scope.WAREHOUSE, "ORDER BY step", True),
    ],
)
def test_over_courses_the_course_is_part_of_the_key(
    tmp_path: Path, grain: str, scope: Scope, order: str, good: bool
) -> None:
    text = FIRST.replace("-- grain", "-- scope: group\n-- grain").replace("ORDER BY step", order)
    assert (checked(tmp_path, steps(grain, scope), first=text)["first"].fault == "") == good


def test_a_query_of_a_with_that_nothing_reads_fails_the_model(tmp_path: Path) -> None:
    head = FIRST[: FIRST.index("SELECT")]
    read = (
        "WITH\n  one AS (SELECT person FROM steps),\n  two AS (SELECT person FROM ONE)\n"
        "SELECT DISTINCT\n  person -- STRING: who\nFROM steps\nWHERE person IN (SELECT person FROM two)\n"
    )
    tables = checked(
        tmp_path,
        steps("person, step"),
        read=head + read,
        unread=head + read.replace("FROM ONE", "FROM steps"),
        itself=head + read.replace("IN (SELECT person FROM two)", "= 'a'"),
        unknown=head + read.replace("FROM ONE", "FROM on_e"),
    )
    assert tables["read"].fault == ""
    places = {name: f"{tmp_path}/area/{name}.sql, line" for name in tables}
    assert tables["unread"].fault == (
        f"{places['unread']} 5: WITH one: no other part of the query reads it: remove it"
    )
    assert tables["itself"].fault == (
        f"{places['itself']} 6: WITH two: no other part of the query reads it: remove it"
    )
    assert tables["unknown"].fault.startswith(f"{places['unknown']} 6: it reads on_e, which is not a table")


def test_a_table_of_one_row_has_no_ties(tmp_path: Path) -> None:
    text = FIRST.replace("ARRAY_AGG(points ORDER BY step LIMIT 1)[SAFE_OFFSET(0)]", "points")
    text = text.replace("GROUP BY person", "ORDER BY person LIMIT 1")
    assert checked(tmp_path, steps("one row"), first=text)["first"].fault == ""
    assert "LIMIT hangs on chance" in checked(tmp_path, steps("step"), first=text)["first"].fault


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (FIRST.replace("step LIMIT", "place LIMIT"), "line 6: no source has a column place"),
        (FIRST.replace("  person, --", "  UPPER(points) AS person, --"), "line 5: UPPER(FLOAT64) is not on"),
        (FIRST.replace("GROUP BY person", "GROUP BY step"), "line 5: person is neither in GROUP BY"),
        (FIRST.replace("FROM steps", "FROM steps PIVOT(SUM(points) FOR step IN (1))"), "PIVOT"),
    ],
)
def test_what_cannot_be_run_is_told_when_it_is_read(tmp_path: Path, wrong: str, words: str) -> None:
    assert words in checked(tmp_path, steps("person, step"), first=wrong)["first"].fault


def test_what_reads_a_wrong_model_is_not_blamed(tmp_path: Path) -> None:
    reader = FIRST.replace("FROM steps", "FROM first").replace("ORDER BY step", "ORDER BY points")
    tables = checked(tmp_path, steps(""), first=FIRST, reader=reader)
    assert tables["first"].fault
    assert tables["reader"].fault == ""


def test_the_cache_gives_the_same_and_heeds_the_inputs(tmp_path: Path) -> None:
    models, cache = tmp_path / "models", tmp_path / "state" / "model_checks.json"
    models.mkdir()
    for _ in range(2):
        assert checked(models, steps("person, step"), cache, first=FIRST)["first"].fault == ""
        assert "hangs on chance" in checked(models, steps(""), cache, first=FIRST)["first"].fault
        fewer = steps("person, step", columns="person STRING -- p\nstep INTEGER -- s")
        assert "column points" in checked(models, fewer, cache, first=FIRST)["first"].fault
    assert cache.is_file()


def test_the_models_of_the_product_have_no_faults() -> None:
    assert [table.fault for table in product_registry().values() if table.fault] == []
