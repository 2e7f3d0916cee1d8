"""The catalog: what it says of tables is what they declare and what the warehouse has of them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import duckdb
from numbers_by_hand import HOSTILE
from project import Project
from tables_by_hand import REGISTRY, VISITS, by_hand

from edxtasks.pages.catalog.entries import Entry, Found, entries
from edxtasks.pages.catalog.page import catalog_page
from edxtasks.pages.html import marked


def entry(name: str) -> Entry:
    """An entry of the page."""
    return next(one for one in by_hand() if one.name == name)


def page() -> str:
    """The page."""
    return catalog_page(by_hand(), 4).decode()


def test_all_tables_are_there_by_name() -> None:
    assert [one.name for one in by_hand()] == ["people", "report:sums", "visits", "wrong"]


def test_what_a_table_declares() -> None:
    visits = entry("visits")
    assert (visits.description, visits.first_sentence) == (
        "Visits of people. Each counts.",
        "Visits of people",
    )
    assert (visits.scope, visits.grain, visits.rebuilt) == ("one for each course", "who", "as a whole")
    assert visits.commands == ["doit visits", "doit doeverything without force_recompute"]
    assert visits.sets == ["doall", "nightly", "weekly"]  # new log lines reach it
    assert visits.defined_in == "edxtasks/tables/person/visits.sql"
    assert [(one.name, one.role) for one in visits.settings] == [("minimum_cell", "changes its rows")]
    assert [(one.name, one.type, one.key) for one in visits.columns] == [
        ("who", "STRING", True),
        ("n", "INTEGER", False),
    ]


def test_members_of_a_record_are_columns_of_their_own() -> None:
    assert [(one.name, one.type, one.key) for one in entry("people").columns] == [
        ("who", "STRING", True),
        ("places", "RECORD list", False),
        ("places.city", "STRING", False),
        ("places.at", "FLOAT", False),
    ]


def test_from_and_to_are_two_sides_of_one_edge() -> None:
    visits, people = entry("visits"), entry("people")
    assert [(one.name, one.anchor, one.note) for one in visits.made_from] == [
        ("people", "table-people", "required"),
        ("tracklog", "", "if there"),
    ]
    assert [(one.name, one.anchor) for one in visits.read_by] == [("report:sums", "table-report_3Asums")]
    assert [(one.name, one.note) for one in people.read_by] == [
        ("report:sums", "as it stands"),
        ("visits", "required"),
    ]
    assert people.files_read == [("people.csv", "required"), ("more.csv", "if there")]
    assert entry("report:sums").files_written == ["sums.csv"]


def test_columns_come_from_columns_and_go_to_columns() -> None:
    def flow(table: str) -> dict[str, tuple[list[str] | None, list[str]]]:
        return {
            column.name: (
                None if column.made_from is None else [f"{x.table}.{x.column}" for x in column.made_from],
                [f"{x.table}.{x.column}" for x in column.used_by],
            )
            for column in entry(table).columns
        }

    assert flow("visits") == {
        "who": (["people.places.city", "people.who"], []),
        "n": ([], ["report:sums.n"]),
    }
    assert flow("report:sums") == {"n": ([".minimum_cell", "visits.n"], [])}
    assert flow("people") == {
        "who": (None, ["visits.who"]),
        "places": (None, []),
        "places.city": (None, ["visits.who"]),
        "places.at": (None, []),
    }
    assert [one.name for one in by_hand() if one.traced] == ["report:sums", "visits"]


def test_the_page_leads_from_column_to_column() -> None:
    def row(anchor: str) -> str:
        return page().partition(f'<tr id="{anchor}">')[2].partition("</tr>")[0]

    assert 'From <a href="#table-people.places.city">people.places.city</a>, ' in row("table-visits.who")
    assert "From no column" in row("table-visits.n")
    assert 'Used by <a href="#table-report_3Asums.n">report:sums.n</a>' in row("table-visits.n")
    assert "From the parameter minimum_cell, <a" in row("table-report_3Asums.n")
    assert "From" not in row("table-people.who")
    # In the picture a line for each column that it comes from; nothing comes to a constant.
    picture = page().partition('id="table-visits"')[2].partition("lineage flows")[2].partition("</svg>")[0]
    flows = picture.split('<g class="flow">')[1:]
    assert [one.count("M") for one in flows] == [2, 0]
    assert 'href="#table-people.who"' in picture


def test_what_the_warehouse_has() -> None:
    visits = entry("visits")
    assert visits.there == "built for 3 of 4 courses"
    assert visits.built == "2023-11-15 12:00 to 2023-11-16 12:00 UTC"
    assert visits.newest == "2023-11-16"
    assert entry("people").there == "not built"
    whole = entries(REGISTRY, {"report.sums": Found(1, 1, 1, (0.0, 0.0))})[1]
    assert (whole.there, whole.built) == ("built", "1970-01-01 00:00 UTC")


def test_checks_tell_what_they_last_found() -> None:
    assert [(one.name, one.level, one.outcome, one.bad) for one in entry("visits").checks] == [
        ("some", "error", "fails in X/two/2: broken by 7 of 200 rows", True),
        ("known", "warning", "not made yet", False),
    ]
    assert entry("visits").checks[1].expected == "who IS NOT NULL for 0.5 of the rows"
    # What was found of another condition says nothing of this one.
    other = Found(1, 1, 1, None, {"X": [{"name": "some", "condition": "n > 1", "broken": 1, "fails": True}]})
    assert entries({"visits": VISITS}, {"visits": other})[0].checks[0].outcome == "not made yet"


class _Page(HTMLParser):
    """The ids of a page, where its links lead, and the elements in it."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values["href"]] if tag == "a" else []


def test_links_lead_somewhere_and_names_are_text() -> None:
    found = _Page()
    found.feed(page())
    assert len(set(found.ids)) == len(found.ids)
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)
    assert found.links.count("#table-people") == 5  # index, and lists and pictures of its two readers
    assert "img" not in found.tags
    assert HOSTILE not in page()
    assert "line 3: &lt;/script&gt;&lt;img" in page()


def test_the_numbers_are_named() -> None:
    assert re.findall(r'data-measure="rows">(.*?)</span>', page()) == ["1234"]


def test_what_stands_in_backticks_is_code() -> None:
    assert marked("`a<b` and `c`.") == "<code>a&lt;b</code> and <code>c</code>."
    assert marked("one ` alone, <b>") == "one ` alone, &lt;b&gt;"


def test_one_column_is_one_column() -> None:
    summaries = re.findall(r"<summary>(\d+ columns?)</summary>", page())
    assert summaries == ["4 columns", "1 column", "2 columns"]  # people, report:sums, visits
    assert "<dt>Rows</dt><dd>one</dd>" in page()  # in place of: one row for one row


def test_the_same_tables_give_the_same_bytes() -> None:
    turned = dict(reversed(REGISTRY.items()))
    first = catalog_page(entries(REGISTRY, {}), 0)
    assert catalog_page(entries(turned, {}), 0) == first


def test_without_tables_there_is_still_a_page() -> None:
    assert b"0 tables with 0 columns" in catalog_page([], 0)


def test_rows_are_those_of_the_warehouse(with_pages: Project) -> None:
    text = (with_pages.folder / "storage" / "catalog" / "catalog.html").read_text()
    shown = text.partition('id="table-person_course"')[2].partition("</article>")[0]
    tables = with_pages.warehouse / "MITx__*" / "person_course.parquet"
    row = duckdb.connect().execute(f"SELECT count(*) FROM '{tables}'").fetchone()
    assert row is not None
    assert f'data-measure="rows">{row[0]}</span>' in shown
    assert "built for 2 of 2 courses" in shown
    assert len(text) < 5_000_000
