"""Three tables that are not those of the product, and what a warehouse might have of them."""

from __future__ import annotations

from pathlib import Path

from numbers_by_hand import HOSTILE

import edxtasks
from edxtasks.build.lineage import Lineage
from edxtasks.pages.catalog.entries import Entry, Found, entries
from edxtasks.table import BuildInputs, Need, PythonModel, Scope, SqlModel, Table
from edxtasks.warehouse.checks import Check
from edxtasks.warehouse.schema import PARAMETERS, schema

MODEL = Path(edxtasks.__file__).parent / "tables" / "person" / "visits.sql"
NOON = 1_700_049_600.0  # 2023-11-15 12:00 UTC


def _no_rows(inputs: BuildInputs) -> list[dict[str, object]]:
    return []


PEOPLE = Table(
    "people",
    command="load_people",
    schema=schema(f"who STRING -- the {HOSTILE}\nplaces REPEATED RECORD<city STRING, at FLOAT> -- where"),
    builder=PythonModel(
        1, _no_rows, reads={"file:people.csv": Need.REQUIRED, "file:more.csv": Need.OPTIONAL}
    ),
    description=f"People. {HOSTILE} and more.",
    grain="who",
)
VISITS = Table(
    "visits",
    command="visits, doeverything unless force_recompute",
    schema=schema("who STRING -- the visitor\nn INTEGER -- visits"),
    builder=SqlModel("SELECT 1", "recipe", settings=("minimum_cell",), file=MODEL),
    description="Visits of people. Each counts.",
    grain="who",
    inputs={"people": Need.REQUIRED, "tracklog": Need.OPTIONAL},
    sets=("doall",),
    checks=(Check("some", "n > 0", error=True), Check("known", "who IS NOT NULL", share=0.5)),
)
REPORT = Table(
    "report.sums",
    schema=schema("n INTEGER -- all visits"),
    builder=SqlModel("SELECT 1", "recipe"),
    description="All visits",
    scope=Scope.GROUP,
    grain="one row",
    inputs={"visits": Need.REQUIRED, "people": Need.BORROWED},
    files=("sums.csv",),
)
WRONG = Table("wrong", description="A wrong one", fault=f"line 3: {HOSTILE}")
REGISTRY = {table.name: table for table in (VISITS, REPORT, PEOPLE, WRONG)}


def _results(broken: int, fails: bool) -> list[dict[str, object]]:
    return [{"name": "some", "condition": "n > 0", "rows": 100, "broken": broken, "fails": fails}]


FOUND = {
    "visits": Found(
        1234,
        3,
        4,
        (NOON, NOON + 86_400),
        {"X/one/1": _results(0, False), "X/two/2": _results(7, True), "X/three/3": []},
        [f"X/three/3: {HOSTILE}"],
    )
}


LINEAGE: Lineage = {
    "visits": {"who": [("people", "places.city"), ("people", "who")], "n": []},
    "report.sums": {"n": [(PARAMETERS, "minimum_cell"), ("visits", "n")]},
}


def by_hand() -> list[Entry]:
    """The entries of the page."""
    return entries(REGISTRY, FOUND, LINEAGE)
