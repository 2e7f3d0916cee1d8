"""Two tables compared: counts worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edxtasks.scratch import Scratch
from edxtasks.warehouse.base import ResourceLimits
from edxtasks.warehouse.comparison import DIFFERING, ColumnCounts, Comparison, Plan, Side, compare
from edxtasks.warehouse.duckdb_session import Session
from edxtasks.warehouse.schema import Schema, schema

PERSONS = schema("""
user_id INTEGER -- number
username STRING -- name
certified BOOLEAN -- flag
grade FLOAT -- share
start_time TIMESTAMP -- moment
date DATE -- day
is_active INTEGER -- 1 or 0
graded STRING -- true or false, as text
""")
HERE = """
VALUES (1, 'ann', TRUE, 0.25, TIMESTAMPTZ '2014-10-14 10:00:00+00', DATE '2014-10-14', 1, 'true'),
       (2, 'bob', FALSE, 1e9, TIMESTAMPTZ '2014-10-14 10:00:00.5+00', DATE '2014-10-15', 0, NULL),
       (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    session = Session(ResourceLimits(), Scratch((tmp_path_factory.mktemp("scratch"),)))
    yield session
    session.close()


def side(rows: str, columns: Schema, is_text: bool = False) -> Side:
    names = ", ".join(columns.names)
    types = ", ".join(
        f"CAST({column.name} AS {'VARCHAR' if is_text else column.duckdb_type}) AS {column.name}"
        for column in columns
    )
    return Side(f"SELECT {types} FROM ({rows}) AS rows({names})", columns, is_text)


def text(rows: str, columns: Schema = PERSONS) -> Side:
    """As an exported CSV is read: every column text."""
    all_text = Schema(tuple(type(column)(column.name, "STRING") for column in columns))
    return side(rows, all_text, is_text=True)


def of_persons(session: Session, there: Side, **plan: object) -> Comparison:
    wanted = {"key": ("user_id",), "shown": ("user_id",)} | plan
    return compare(session, side(HERE, PERSONS), there, Plan(**wanted))  # type: ignore[arg-type]


def differing(found: Comparison, kind: str) -> list[tuple[object, list[str]]]:
    names = list(found.columns)
    return [(row["user_id"], [names[one] for one in row[DIFFERING]]) for row in found.examples[kind]]


@pytest.mark.parametrize(
    "moment", ["2014-10-14 10:00:00", "2014-10-14 10:00:00 UTC", "2014-10-14T12:00:00+02:00", "1413280800.0"]
)
@pytest.mark.parametrize(("yes", "no"), [("true", "false"), ("True", "False"), ("1", "0"), ("1.0", "0.0")])
def test_other_spellings_are_equal(session: Session, moment: str, yes: str, no: str) -> None:
    found = of_persons(
        session,
        text(f"""
        VALUES ('1', 'ann', '{yes}', '0.25000000000000001', '{moment}', '2014-10-14', '1.0', 'TRUE'),
               ('2.0', 'bob', '{no}', '1.0E9', '2014-10-14 10:00:00.500000 UTC', '2014-10-15', 'false', ''),
               ('3', '', '', '', '', '', '', '')"""),
    )
    assert (found.here, found.there, found.equal) == (3, 3, 3)
    assert found.same
    assert found.columns["is_active"] == ColumnCounts(0, 0, 0, 0, respelt=2)
    assert found.columns["graded"].respelt == 1
    assert found.columns["username"].respelt == 0


def test_what_differs_is_counted_by_column(session: Session) -> None:
    found = of_persons(
        session,
        text("""
        VALUES ('1', 'ann', 'False', '0.26', '2014-10-14 10:00:01', '2014-10-14', '1', 'true'),
               ('2', '', 'maybe', '1e9', '2014-10-14 10:00:00.5', '2014-10-16', '0', ''),
               ('4', 'dan', '', '', '', '', '', '')"""),
    )
    assert not found.same
    assert (found.equal, found.changed, found.only_here, found.only_there) == (0, 2, 1, 1)
    assert found.columns == {
        "user_id": ColumnCounts(0, 0, 0, 0, 0),
        "username": ColumnCounts(1, 1, 0, 0, 0),
        "certified": ColumnCounts(2, 0, 0, 1, 0),
        "grade": ColumnCounts(1, 0, 0, 0, 0),
        "start_time": ColumnCounts(1, 0, 0, 0, 1),  # a fraction has six digits
        "date": ColumnCounts(1, 0, 0, 0, 0),
        "is_active": ColumnCounts(0, 0, 0, 0, 0),
        "graded": ColumnCounts(0, 0, 0, 0, 0),
    }
    assert differing(found, "changed") == [
        (1, ["certified", "grade", "start_time"]),
        (2, ["username", "certified", "date"]),
    ]
    assert [row["user_id"] for row in found.examples["only_here"]] == [3]
    assert [row["user_id"] for row in found.examples["only_there"]] == [4]
    assert not {"ann", "bob", "dan"} & {
        str(value) for row in found.examples["changed"] for value in row.values()
    }


def test_a_text_that_is_no_value_is_no_null(session: Session) -> None:
    """User 3 has NULL here; text that cannot be read is not equal to it."""
    found = of_persons(
        session, text("VALUES ('3', '', 'maybe', 'x', '2014-13-01', 'y', '1.5', '')"), examples=0
    )
    assert found.columns["certified"] == ColumnCounts(1, 0, 0, 1, 0)
    assert {name for name, counts in found.columns.items() if counts.unreadable} == {
        "certified",
        "grade",
        "start_time",
        "date",
        "is_active",
    }
    assert found.examples["changed"] == []


def test_the_tolerance_of_numbers(session: Session) -> None:
    numbers = schema("id INTEGER -- n\nvalue FLOAT -- v")
    here = side("VALUES (1, 1e9), (2, 1e9), (3, 0.0), (4, 0.0), (5, 'NaN'), (6, 'inf'), (7, 'inf')", numbers)
    there = side(
        "VALUES (1, 1e9 + 0.9), (2, 1e9 + 2), (3, 9e-7), (4, 2e-6), (5, 'NaN'), (6, 'inf'), (7, 1.0)", numbers
    )
    found = compare(session, here, there, Plan(("id",), ("id",)))
    assert [row["id"] for row in found.examples["changed"]] == [2, 4, 7]
    exact = compare(session, here, there, Plan(("id",), ("id",), tolerance=(0.0, 0.0)))
    assert [row["id"] for row in exact.examples["changed"]] == [1, 2, 3, 4, 7]


def test_large_integers_keep_their_last_digit(session: Session) -> None:
    numbers = schema("id INTEGER -- n")
    here = side("VALUES (9007199254740993)", numbers)
    assert compare(session, here, text("VALUES ('9007199254740993')", numbers), Plan(("id",))).same
    assert not compare(session, here, text("VALUES ('9007199254740992')", numbers), Plan(("id",))).same


def test_columns_of_another_type(session: Session) -> None:
    """A table of BigQuery, or Parquet: a day as text, a flag as number."""
    found = of_persons(
        session,
        side(
            """VALUES (1, 'ann', 1, 0.25, '2014-10-14 10:00:00', '2014-10-14', TRUE, 'true'),
                      (2, 'bob', 0, 1e9, '2014-10-14 10:00:00.5', '2014-10-15', FALSE, NULL),
                      (3, NULL, NULL, NULL, NULL, NULL, NULL, '')""",
            schema("""
            USER_ID INTEGER --
            username STRING --
            certified INTEGER --
            grade FLOAT --
            start_time STRING --
            date STRING --
            is_active BOOLEAN --
            graded STRING --
            """),
        ),
    )
    assert found.types == {
        "certified": ("BOOLEAN", "INTEGER"),
        "start_time": ("TIMESTAMP", "STRING"),
        "date": ("DATE", "STRING"),
        "is_active": ("INTEGER", "BOOLEAN"),
    }
    # Here NULL is not empty text: both sides can say it.
    assert (found.equal, found.changed) == (2, 1)
    assert differing(found, "changed") == [(3, ["graded"])]


def test_columns_of_one_side(session: Session) -> None:
    here = side("VALUES (1, 2)", schema("id INTEGER -- n\nnew INTEGER -- n"))
    there = side("VALUES (1, 3)", schema("id INTEGER -- n\nold INTEGER -- n"))
    found = compare(session, here, there, Plan(("id",)))
    assert (found.equal, found.columns_here, found.columns_there, found.same) == (
        1,
        ("new",),
        ("old",),
        False,
    )


def test_repeated_keys_find_one_partner_each(session: Session) -> None:
    pairs = schema("id INTEGER -- n\nvalue STRING -- v")
    here = side("VALUES (1, 'a'), (1, 'b'), (2, 'x'), (NULL, 'n')", pairs)
    there = side("VALUES (1, 'b'), (1, 'a'), (1, 'c'), (2, 'y'), (NULL, 'n')", pairs)
    found = compare(session, here, there, Plan(("id",), ("id",)))
    assert (found.equal, found.changed, found.only_here, found.only_there) == (3, 1, 0, 1)
    assert (found.repeated_here, found.repeated_there) == (1, 2)


def test_rows_without_a_key_are_compared_whole(session: Session) -> None:
    events = schema("time TIMESTAMP -- t\nvalue FLOAT -- v\nwhat STRING -- w")
    moment = "TIMESTAMPTZ '2014-10-14 10:00:00+00'"
    here = side(f"VALUES ({moment}, 0.1, 'a'), ({moment}, 0.1, 'a'), ({moment}, NULL, NULL)", events)
    there = text(
        "VALUES ('2014-10-14 10:00:00 UTC', '0.10000000001', 'a'), "
        "('2014-10-14T10:00:00Z', '', ''), ('', '3', 'z')",
        events,
    )
    found = compare(session, here, there, Plan(None, ("time",)))
    assert (found.equal, found.changed, found.only_here, found.only_there) == (2, 0, 1, 1)
    assert (found.repeated_here, found.repeated_there) == (0, 0)


def test_a_table_of_one_row(session: Session) -> None:
    one = schema("n INTEGER -- n")
    found = compare(session, side("VALUES (1)", one), side("VALUES (2)", one), Plan(()))
    assert (found.equal, found.changed) == (0, 1)


def test_records_and_lists_are_compared_as_json(session: Session) -> None:
    nested = schema("id INTEGER -- n\ndata RECORD<a STRING, b INTEGER> -- d\ntags REPEATED STRING -- t")
    here = Side(
        "SELECT 1 AS id, {'a': 'x', 'b': 2} AS data, ['p', 'q'] AS tags "
        "UNION ALL SELECT 2, {'a': 'y', 'b': NULL}, []",
        nested,
    )
    there = text(
        """VALUES ('1', '{"a": "x", "b": 2}', '["p","q"]'), ('2', '{"a":"z","b":null}', '[]')""", nested
    )
    found = compare(session, here, there, Plan(("id",), ("id",)))
    assert (found.equal, found.changed, found.columns["data"].changed) == (1, 1, 1)


def test_nothing_against_nothing(session: Session, tmp_path: Path) -> None:
    one = schema("id INTEGER -- n")
    empty = Side("SELECT 1::BIGINT AS id WHERE FALSE", one)
    assert compare(session, empty, empty, Plan(("id",))).same
