"""What every warehouse does alike: tests that run against each engine.

An engine's test module makes a subclass of `WarehouseSuite` and the fixture `warehouse`; datasets of the
tests have names of their own, so that an engine may live on between them.
"""

from __future__ import annotations

import gzip
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from edxtasks.errors import InputError
from edxtasks.warehouse.base import (
    Absent,
    BuildInfo,
    Dates,
    DatesOf,
    DateState,
    Input,
    LogDays,
    Parameter,
    Query,
    TableName,
    Tables,
)
from edxtasks.warehouse.checks import Check, CheckFailedError, TableChecks
from edxtasks.warehouse.interface import Warehouse
from edxtasks.warehouse.rows import JsonLines, ParquetFiles, Row
from edxtasks.warehouse.schema import Column, Schema, schema

PEOPLE = Schema(
    (
        Column("username", "STRING", "who"),
        Column("id", "INTEGER", "number"),
        Column("grade", "FLOAT", "share of points"),
        Column("passed", "BOOLEAN", "whether enough"),
        Column("joined", "TIMESTAMP", "when"),
        Column("born", "DATE", "day"),
        Column(
            "home", "RECORD", "place", (Column("city", "STRING", "its name"), Column("zip", "INTEGER", ""))
        ),
    )
)
ADA = {
    "username": "ada",
    "id": 9_007_199_254_740_993,  # not a double: a store that goes through one loses the last digit
    "grade": 0.75,
    "passed": True,
    "joined": datetime(2013, 9, 8, 7, 6, 5, 123456, tzinfo=UTC),
    "born": date(1815, 12, 10),
    "home": {"city": 'Zürich "quoted"', "zip": 8001},
}
BOB: Row = {"username": "bob", "home": {"city": "Basel"}}
ADA_VALUES = (*(ADA[name] for name in PEOPLE.names[:-1]), {"city": 'Zürich "quoted"', "zip": 8001})
BOB_VALUES = ("bob", None, None, None, None, None, {"city": "Basel", "zip": None})

ANSWERS = schema("""
name STRING -- who
tags REPEATED STRING -- words
item REPEATED RECORD<answer STRING, points FLOAT, seen TIMESTAMP> -- parts
""")
SEEN = datetime(2013, 9, 8, 7, 6, 5, 123456, tzinfo=UTC)
ANSWERED: list[Row] = [
    {"name": "ada", "tags": ["b", "a", "b"], "item": [{"answer": "x", "points": 0.5, "seen": SEEN}, {}]},
    {"name": "bob", "tags": None, "item": []},
    {"name": "cy"},
]
NO_ANSWER = {"answer": None, "points": None, "seen": None}
ANSWERED_VALUES = [
    ("ada", ["b", "a", "b"], [{"answer": "x", "points": 0.5, "seen": SEEN}, NO_ANSWER]),
    ("bob", [], []),
    ("cy", [], []),
]

EVENTS = schema("username STRING -- who\ntime TIMESTAMP -- when\nevent_type STRING -- what")
DAILY = schema("date DATE -- the day\nusername STRING -- who\nnevents INTEGER -- events")
MOMENTS = schema("time TIMESTAMP -- when\nusername STRING -- who")

DAILY_SQL = """SELECT
  DATE(time) AS date, -- DATE: the day
  username, -- STRING: who
  COUNT(*) AS nevents, -- INTEGER: events
FROM tracklog
GROUP BY date, username"""

SECOND, DAY = 1_000_000, 86_400_000_000
START = 15_949 * DAY  # 2013-09-01, 15 949 days after 1970-01-01
D1, D2, D3, D4 = (date(2013, 9, day) for day in (1, 2, 3, 4))

_numbers = itertools.count()


class WarehouseSuite:
    """Tests of the interface `Warehouse`."""

    @pytest.fixture
    def dataset(self) -> str:
        """A dataset that no other test uses."""
        return f"suite_{next(_numbers)}"

    @pytest.fixture
    def people(self, warehouse: Warehouse, dataset: str) -> TableName:
        """A loaded table of two people."""
        name = TableName(dataset, "people")
        warehouse.load(name, PEOPLE, iter([ADA, BOB]), BuildInfo("stamp1", description="People"))
        return name

    @pytest.fixture
    def logs(self, warehouse: Warehouse, dataset: str, tmp_path: Path) -> Mapping[date, str]:
        """Day tables: 1 September has ada twice and bob once, the 2nd nobody, the 3rd ada once.

        The table of the 1st also holds an event of ada at midnight, which belongs to the 2nd.
        """
        events = {
            D1: [("ada", 0), ("bob", 10 * SECOND), ("ada", DAY - 1), ("ada", DAY)],
            D3: [("ada", 2 * DAY + 5)],
        }
        names = {}
        for day, rows in events.items():
            names[day] = f"tracklog_{day:%Y%m%d}"
            path = tmp_path / f"tracklog-{day}.json.gz"
            with gzip.open(path, "wt") as file:
                for username, moment in rows:
                    file.write(json.dumps(_event(username, START + moment)) + "\n")
            times = [START + moment for _, moment in rows]
            warehouse.load(
                TableName(f"{dataset}_logs", names[day]),
                EVENTS,
                JsonLines((path,)),
                BuildInfo(f"day{day:%d}", None, len(rows), min(times), max(times)),
            )
        warehouse.refresh(f"{dataset}_logs")
        return names

    # Loading and reading

    def test_nothing_is_there_at_first(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "people")
        assert dict(warehouse.states(dataset)) == {}
        assert warehouse.info(name) is None
        assert dict(warehouse.dates(name)) == {}
        assert dict(warehouse.parts(name)) == {}
        assert warehouse.drop(name) is False
        assert warehouse.forget(name) is False
        assert dataset not in warehouse.datasets()

    def test_rows_come_back_as_they_were_given(self, warehouse: Warehouse, people: TableName) -> None:
        assert sorted(warehouse.read(people)) == [ADA_VALUES, BOB_VALUES]

    def test_columns_come_in_the_order_asked_for(self, warehouse: Warehouse, people: TableName) -> None:
        rows = sorted(warehouse.read(people, ["born", "username"]), key=lambda row: str(row[1]))
        assert rows == [(date(1815, 12, 10), "ada"), (None, "bob")]

    def test_a_query_that_only_looks_gives_its_rows_in_order(
        self, warehouse: Warehouse, people: TableName
    ) -> None:
        sql = (
            "SELECT username, COUNT(*) AS number, @least AS least, DATE '2013-09-01' AS day "
            "FROM people WHERE username != @left_out GROUP BY username ORDER BY username DESC"
        )
        columns = schema("username STRING -- a\nnumber INTEGER -- b\nleast INTEGER -- c\nday DATE -- d")
        query = Query(sql, {"people": Tables((people,), PEOPLE)}, {"least": 7, "left_out": "nobody"}, columns)
        assert warehouse.select(query) == [("bob", 1, 7, D1), ("ada", 1, 7, D1)]

    def test_operands_and_patterns_are_taken_whole(self, warehouse: Warehouse, people: TableName) -> None:
        sql = (
            "SELECT DIV(3 + 9, 2 * 3) AS quotient, DIV(7, 2) * DIV(15, 4) AS product, DIV(-7, 2) AS cut, "
            "MOD(7, 4) * MOD(9, 5) AS rests, MOD(3 + 9, 5) AS rest, "
            r"'a_b' LIKE 'a\\_b' AS itself, 'axb' NOT LIKE 'a\\_b' AS nothing_else, 'axb' LIKE 'a_b' AS one "
            "FROM people WHERE username = 'ada'"
        )
        columns = schema(
            "quotient INTEGER -- a\nproduct INTEGER -- b\ncut INTEGER -- c\n"
            "rests INTEGER -- d\nrest INTEGER -- e\n"
            "itself BOOLEAN -- f\nnothing_else BOOLEAN -- g\none BOOLEAN -- h"
        )
        query = Query(sql, {"people": Tables((people,), PEOPLE)}, {}, columns)
        assert warehouse.select(query) == [(2, 9, -3, 12, 2, True, True, True)]

    def test_places_in_a_list_count_from_0(self, warehouse: Warehouse, people: TableName) -> None:
        sql = (
            "SELECT place, item, GENERATE_ARRAY(7, 9)[SAFE_OFFSET(place - 2)] AS before "
            "FROM people CROSS JOIN UNNEST(GENERATE_ARRAY(7, 9)) AS item WITH OFFSET AS place "
            "WHERE username = 'ada' ORDER BY place"
        )
        columns = schema("place INTEGER -- a\nitem INTEGER -- b\nbefore INTEGER -- c")
        query = Query(sql, {"people": Tables((people,), PEOPLE)}, {}, columns)
        assert warehouse.select(query) == [(0, 7, None), (1, 8, None), (2, 9, 7)]

    def test_rows_in_order_have_null_first(self, warehouse: Warehouse, people: TableName) -> None:
        assert list(warehouse.read(people, ["id", "username"], ordered=True)) == [
            (None, "bob"),
            (ADA["id"], "ada"),
        ]
        assert list(warehouse.read(people, ["home", "username"], ordered=True)) == [
            (BOB_VALUES[-1], "bob"),
            (ADA_VALUES[-1], "ada"),
        ]
        assert list(warehouse.read(people, ordered=True)) == [ADA_VALUES, BOB_VALUES]

    def test_a_description_may_be_told_later(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "people")
        before = warehouse.load(
            name, PEOPLE, iter([BOB]), BuildInfo("s", parts={"a": "b"}, description="People")
        )
        warehouse.describe(name, "People, also at https://example.org/people.csv")
        info = warehouse.info(name)
        assert info is not None and info.description.startswith(
            "People, also at https://example.org/people.csv"
        )
        warehouse.refresh(dataset)
        assert warehouse.states(dataset)["people"] == before
        assert dict(warehouse.parts(name)) == {"a": "b"}

    def test_a_load_is_known_by_its_stamp_and_rows(self, warehouse: Warehouse, people: TableName) -> None:
        warehouse.refresh(people.dataset)
        state = warehouse.states(people.dataset)["people"]
        assert (state.stamp, state.rows, state.partitioned) == ("stamp1", 2, False)
        assert state.version
        assert people.dataset in warehouse.datasets()

    def test_info_tells_rows_schema_and_description(self, warehouse: Warehouse, people: TableName) -> None:
        info = warehouse.info(people)
        assert info is not None
        assert info.rows == 2
        assert [(c.name, c.type) for c in info.schema] == [(c.name, c.type) for c in PEOPLE]
        assert [c.name for c in info.schema["home"].fields] == ["city", "zip"]
        assert info.description.startswith("People")
        assert 1_700_000_000 < info.created <= info.modified + 5 < 10_000_000_000
        # One engine sees the files, the other would have to ask.
        assert warehouse.bytes_of(people) in (info.bytes, None)
        assert warehouse.bytes_of(TableName(people.dataset, "nobody")) is None

    def test_columns_are_those_of_the_table_that_is_there_now(
        self, warehouse: Warehouse, people: TableName
    ) -> None:
        found = warehouse.columns(people)
        assert found is not None
        assert [(c.name, c.type) for c in found] == [(c.name, c.type) for c in PEOPLE]
        warehouse.load(people, schema("age FLOAT -- age"), iter([{"age": 1.5}]), BuildInfo("stamp2"))
        found = warehouse.columns(people)
        assert found is not None and [(c.name, c.type) for c in found] == [("age", "FLOAT")]
        assert warehouse.columns(TableName(people.dataset, "nobody")) is None

    def test_a_load_replaces(self, warehouse: Warehouse, people: TableName) -> None:
        warehouse.load(people, PEOPLE, iter([BOB]), BuildInfo("stamp2"))
        warehouse.refresh(people.dataset)
        assert list(warehouse.read(people)) == [BOB_VALUES]
        assert warehouse.states(people.dataset)["people"].stamp == "stamp2"

    def test_a_load_may_change_the_columns(self, warehouse: Warehouse, people: TableName) -> None:
        warehouse.load(people, EVENTS, iter([{"username": "ada"}]), BuildInfo("stamp2"))
        assert list(warehouse.read(people)) == [("ada", None, None)]

    def test_no_rows_make_an_empty_table(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "nobody")
        assert warehouse.load(name, PEOPLE, iter([]), BuildInfo("stamp1")).rows == 0
        assert list(warehouse.read(name)) == []
        info = warehouse.info(name)
        assert info is not None and info.schema.names == PEOPLE.names

    def test_a_column_that_the_table_has_not_is_a_defect(self, warehouse: Warehouse, dataset: str) -> None:
        with pytest.raises(ValueError, match="nickname"):
            warehouse.load(TableName(dataset, "people"), PEOPLE, iter([{"nickname": "x"}]), BuildInfo("s"))

    @pytest.mark.parametrize("suffix", [".json", ".json.gz", ".json.zst"])
    def test_json_lines_are_loaded(
        self, warehouse: Warehouse, dataset: str, tmp_path: Path, suffix: str
    ) -> None:
        path = tmp_path / f"people{suffix}"
        _write(path, b'{"username":"ada","joined":"2013-09-08T07:06:05.123456+00:00"}\n{"username":"bob"}\n')
        name = TableName(dataset, "people")
        assert warehouse.load(name, PEOPLE, JsonLines((path,)), BuildInfo("s")).rows == 2
        assert sorted(warehouse.read(name, ["username", "joined"])) == [("ada", ADA["joined"]), ("bob", None)]

    def test_lists_come_back_as_they_were_given(self, warehouse: Warehouse, dataset: str) -> None:
        """A column that is REPEATED has no NULL: where nothing is said the list is empty."""
        name = TableName(dataset, "answers")
        warehouse.load(name, ANSWERS, ANSWERED, BuildInfo("s"))
        assert sorted(warehouse.read(name), key=str) == ANSWERED_VALUES
        assert list(warehouse.read(name, ["tags", "name"], ordered=True)) == [
            ([], "bob"),
            ([], "cy"),
            (["b", "a", "b"], "ada"),
        ]
        info = warehouse.info(name)
        assert info is not None
        assert [column.signature() for column in info.schema] == [column.signature() for column in ANSWERS]

    def test_lists_are_loaded_from_files(self, warehouse: Warehouse, dataset: str, tmp_path: Path) -> None:
        lines = tmp_path / "answers.json"
        lines.write_text(
            '{"name": "ada", "tags": ["b", "a", "b"], "item": '
            '[{"answer": "x", "points": 0.5, "seen": "2013-09-08 07:06:05.123456 UTC"}, {}]}\n'
            '{"name": "bob", "tags": [], "item": []}\n{"name": "cy"}\n',
            encoding="utf-8",
        )
        from_json = TableName(dataset, "answers_json")
        state = warehouse.load(from_json, ANSWERS, JsonLines((lines,)), BuildInfo("s"))
        assert sorted(warehouse.read(from_json), key=str) == ANSWERED_VALUES
        again = TableName(dataset, "answers_again")
        assert warehouse.load(again, ANSWERS, ANSWERED, BuildInfo("s")).version == state.version
        file = tmp_path / "answers.parquet"
        duckdb.sql(
            "COPY (SELECT 'ada' AS name, ['b', 'a', 'b'] AS tags, [{'answer': 'x', 'points': "
            "CAST(0.5 AS DOUBLE), 'seen': TIMESTAMPTZ '2013-09-08 07:06:05.123456+00'}, NULL::STRUCT(answer "
            f"VARCHAR, points DOUBLE, seen TIMESTAMPTZ)][:1] AS item) TO '{file}' (FORMAT parquet)"
        )
        from_parquet = TableName(dataset, "answers_parquet")
        warehouse.load(from_parquet, ANSWERS, ParquetFiles((file,)), BuildInfo("s"))
        ((_, tags, item),) = warehouse.read(from_parquet)
        assert tags == ["b", "a", "b"]
        assert item == [{"answer": "x", "points": 0.5, "seen": SEEN}]

    def test_a_query_takes_lists_apart_and_makes_them(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "answers")
        warehouse.load(name, ANSWERS, ANSWERED, BuildInfo("s"))
        inputs: dict[str, Input] = {"answers": Tables((name,), ANSWERS)}
        parts = TableName(dataset, "parts")
        # IFNULL: the emulator holds an empty list as NULL; BigQuery has no NULL in such a column.
        sql = """SELECT
  name, -- STRING: who
  o AS place, -- INTEGER: which
  part.points, -- FLOAT: of it
  IFNULL(ARRAY_LENGTH(tags), 0) AS n_tags -- INTEGER: how many
FROM answers LEFT JOIN UNNEST(item) AS part WITH OFFSET AS o"""
        columns = schema("name STRING\nplace INTEGER\npoints FLOAT\nn_tags INTEGER")
        warehouse.create(parts, Query(sql, inputs, {}, columns), BuildInfo("s"))
        assert sorted(warehouse.read(parts), key=str) == [
            ("ada", 0, 0.5, 3),
            ("ada", 1, None, 3),
            ("bob", None, None, 0),
            ("cy", None, None, 0),
        ]
        gathered = TableName(dataset, "gathered")
        sql = """SELECT
  name, -- STRING: who
  ARRAY_AGG(points IGNORE NULLS ORDER BY place) AS points, -- REPEATED FLOAT: all
  ARRAY_AGG(STRUCT(place, n_tags AS n) ORDER BY place) AS pairs -- both
FROM parts
GROUP BY name"""
        columns = schema(
            "name STRING\npoints REPEATED FLOAT\npairs REPEATED RECORD<place INTEGER, n INTEGER>"
        )
        source = Tables((parts,), schema("name STRING\nplace INTEGER\npoints FLOAT\nn_tags INTEGER"))
        warehouse.create(gathered, Query(sql, {"parts": source}, {}, columns), BuildInfo("s"))
        assert sorted(warehouse.read(gathered), key=str) == [
            ("ada", [0.5], [{"place": 0, "n": 3}, {"place": 1, "n": 3}]),
            ("bob", [], [{"place": None, "n": 0}]),
            ("cy", [], [{"place": None, "n": 0}]),
        ]

    def test_many_files_make_one_table(self, warehouse: Warehouse, dataset: str, tmp_path: Path) -> None:
        paths = (tmp_path / "a.json", tmp_path / "b.json.gz")
        _write(paths[0], b'{"username":"ada"}\n')
        _write(paths[1], b'{"username":"bob"}\n')
        name = TableName(dataset, "people")
        warehouse.load(name, PEOPLE, JsonLines(paths), BuildInfo("s"))
        assert sorted(warehouse.read(name, ["username"])) == [("ada",), ("bob",)]

    def test_parquet_files_are_loaded(self, warehouse: Warehouse, dataset: str, tmp_path: Path) -> None:
        path = tmp_path / "events.parquet"
        duckdb.execute(
            "COPY (SELECT 'ada' AS username, TIMESTAMPTZ '2013-09-08 07:06:05.123456+00' AS time, "
            f"'x' AS event_type) TO '{path}' (FORMAT parquet)"
        )
        name = TableName(dataset, "events")
        assert warehouse.load(name, EVENTS, ParquetFiles((path,)), BuildInfo("s")).rows == 1
        assert list(warehouse.read(name)) == [("ada", ADA["joined"], "x")]

    def test_a_refused_row_names_its_line_and_leaves_the_old_table(
        self, warehouse: Warehouse, people: TableName, tmp_path: Path
    ) -> None:
        path = tmp_path / "people.json"
        _write(path, b'{"username":"ada","id":1}\n{"username":"secret","id":"x9x"}\n')
        with pytest.raises(InputError) as caught:
            warehouse.load(people, PEOPLE, JsonLines((path,)), BuildInfo("stamp2"))
        self.check_refusal(str(caught.value), path)
        assert "secret" not in str(caught.value) and "x9x" not in str(caught.value)
        warehouse.refresh(people.dataset)
        assert warehouse.states(people.dataset)["people"].stamp == "stamp1"
        assert sorted(warehouse.read(people)) == [ADA_VALUES, BOB_VALUES]

    def check_refusal(self, message: str, path: Path) -> None:
        """The message about the second line of `path`."""
        assert f"{path}, line 2" in message

    # What is known of a table

    def test_log_days_tell_their_times(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        state = warehouse.states(f"{dataset}_logs")["tracklog_20130901"]
        assert (state.stamp, state.rows) == ("day01", 4)
        assert (state.first_time, state.last_time) == (START, START + DAY)

    def test_log_days_tell_which_dates_they_have(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(f"{dataset}_logs", "tracklog_20130901")
        label = BuildInfo("s", "v", 1, START, START + 9 * DAY, event_dates="735112_735121")
        assert warehouse.load(name, EVENTS, iter([{"username": "ada"}]), label).event_dates == "735112_735121"
        warehouse.refresh(name.dataset)
        assert warehouse.states(name.dataset)[name.table].event_dates == "735112_735121"
        warehouse.load(name, EVENTS, iter([{"username": "ada"}]), BuildInfo("t", "w", 1, START, START))
        warehouse.refresh(name.dataset)
        assert warehouse.states(name.dataset)[name.table].event_dates == ""

    def test_the_parts_of_a_stamp_are_kept(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "people")
        parts = {"recipe": "a1", "file users": "b2", "roles of MITx/2.03x/3T2013": "c3"}
        warehouse.load(name, PEOPLE, iter([BOB]), BuildInfo("s", parts=parts, description="Two\nlines"))
        assert dict(warehouse.parts(name)) == parts

    def test_a_given_version_is_kept(self, warehouse: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "people")
        given = warehouse.load(name, PEOPLE, iter([BOB]), BuildInfo("s", version="abc123", rows=1))
        warehouse.refresh(dataset)
        assert warehouse.states(dataset)["people"].version == given.version == "abc123"

    def test_forget_takes_the_stamp_and_nothing_else(self, warehouse: Warehouse, people: TableName) -> None:
        before = warehouse.states(people.dataset)["people"]
        assert warehouse.forget(people) is True
        after = warehouse.states(people.dataset)["people"]
        assert after.stamp is None
        assert (after.version, after.rows) == (before.version, before.rows)
        assert sorted(warehouse.read(people)) == [ADA_VALUES, BOB_VALUES]

    def test_drop_removes(self, warehouse: Warehouse, people: TableName) -> None:
        assert warehouse.drop(people) is True
        assert "people" not in warehouse.states(people.dataset)
        assert warehouse.drop(people) is False

    def test_a_dataset_remembers_whose_it_is(
        self, warehouse: Warehouse, other: Warehouse, dataset: str
    ) -> None:
        one, two = "MITx/2.03x/1", "MITx/2_03x/1"
        assert warehouse.other_owner(dataset, two) is None
        warehouse.note_owner(dataset, one)
        warehouse.load(TableName(dataset, "people"), PEOPLE, iter([BOB]), BuildInfo("s"))
        other.refresh_all()
        told = other.other_owner(dataset, two)
        assert told in {one, "another course"}
        other.note_owner(dataset, one)
        assert other.other_owner(dataset, one) is None

    def test_what_is_set_aside_is_no_table_until_it_is_taken_back(
        self, warehouse: Warehouse, other: Warehouse, people: TableName
    ) -> None:
        dataset = people.dataset
        before = warehouse.states(dataset)["people"]
        assert warehouse.built_here(people)
        assert dict(warehouse.aside(dataset)) == {}
        assert warehouse.set_aside(people) is True
        for one in (warehouse, other):
            one.refresh_all()
            assert dict(one.states(dataset)) == {}
            assert [(name, kept.stamp) for name, kept in one.aside(dataset).items()] == [("people", "stamp1")]
        assert warehouse.set_aside(people) is False
        assert warehouse.take_back(people) is True
        assert warehouse.states(dataset)["people"] == before
        assert sorted(warehouse.read(people)) == [ADA_VALUES, BOB_VALUES]
        assert dict(warehouse.parts(people)) == {}
        assert warehouse.take_back(people) is False
        assert dict(warehouse.aside(dataset)) == {}

    def test_one_table_at_most_is_set_aside_under_a_name(
        self, warehouse: Warehouse, people: TableName
    ) -> None:
        warehouse.set_aside(people)
        warehouse.load(people, PEOPLE, iter([BOB]), BuildInfo("stamp2"))
        assert warehouse.take_back(people) is False, "the table in its place stays"
        assert warehouse.set_aside(people) is True
        assert warehouse.aside(people.dataset)["people"].stamp == "stamp2"
        assert warehouse.drop_aside(people) is True
        assert warehouse.drop_aside(people) is False
        assert dict(warehouse.aside(people.dataset)) == {}
        assert warehouse.take_back(people) is False
        warehouse.load(people, PEOPLE, iter([BOB]), BuildInfo("stamp3"))
        warehouse.set_aside(people)
        warehouse.drop(people)
        assert dict(warehouse.aside(people.dataset)) == {}

    def test_a_table_by_date_comes_back_with_its_dates(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D2: "a2", D4: "a4"})
        before, dates = warehouse.states(dataset)["daily"], dict(warehouse.dates(name))
        assert warehouse.set_aside(name) is True
        assert dict(warehouse.dates(name)) == {}
        assert warehouse.aside(dataset)["daily"].partitioned
        assert warehouse.take_back(name) is True
        assert warehouse.states(dataset)["daily"] == before
        assert dict(warehouse.dates(name)) == dates
        assert self.rows(warehouse, name) == [(D1, "ada", 2), (D1, "bob", 1), (D2, "ada", 1)]

    def test_a_listing_is_kept_until_refresh(
        self, warehouse: Warehouse, other: Warehouse, people: TableName
    ) -> None:
        assert warehouse.states(people.dataset)["people"].stamp == "stamp1"
        other.load(people, PEOPLE, iter([BOB]), BuildInfo("stamp2"))
        assert warehouse.states(people.dataset)["people"].stamp == "stamp1"
        warehouse.refresh(people.dataset)
        assert warehouse.states(people.dataset)["people"].stamp == "stamp2"
        other.drop(people)
        warehouse.refresh_all()
        assert dict(warehouse.states(people.dataset)) == {}

    def test_a_lock_is_held_by_one(self, warehouse: Warehouse, other: Warehouse, dataset: str) -> None:
        name = TableName(dataset, "people")
        order = []
        inside = threading.Event()

        def second() -> None:
            inside.wait()
            with other.lock(name):
                order.append("second")

        thread = threading.Thread(target=second)
        thread.start()
        with warehouse.lock(name):
            inside.set()
            thread.join(timeout=0.3)
            order.append("first")
        thread.join(timeout=300)
        assert order == ["first", "second"]

    # Queries

    def test_a_query_makes_a_table(self, warehouse: Warehouse, people: TableName) -> None:
        name = TableName(people.dataset, "cities")
        query = Query(
            'SELECT\n  people.home.city AS city, -- STRING: a "city"\n  COUNT(*) AS n, -- INTEGER: people\n'
            "FROM people\nWHERE username != @not_him AND (born IS NULL OR born < @before)\nGROUP BY city",
            {"people": Tables((people,), PEOPLE)},
            {"not_him": 'o\'hara "x"', "before": date(1900, 1, 1), "unused": 3},
            schema('city STRING -- a "city"\nn INTEGER -- people'),
        )
        given = warehouse.create(name, query, BuildInfo("stamp1", description="Cities"))
        warehouse.refresh(people.dataset)
        state = warehouse.states(people.dataset)["cities"]
        assert (state.stamp, state.rows) == (given.stamp, given.rows) == ("stamp1", 2)
        assert state.version == given.version
        assert sorted(warehouse.read(name)) == [("Basel", 1), ('Zürich "quoted"', 1)]
        info = warehouse.info(name)
        assert info is not None and info.description.startswith("Cities")

    def test_a_query_replaces(self, warehouse: Warehouse, people: TableName) -> None:
        name = TableName(people.dataset, "names")
        for stamp, word in (("one", "ada"), ("two", "bob")):
            self._names(warehouse, name, {"people": Tables((people,), PEOPLE)}, stamp, word)
            assert list(warehouse.read(name)) == [(word,)]
            assert warehouse.states(people.dataset)["names"].stamp == stamp

    def test_a_parameter_may_be_null(self, warehouse: Warehouse, people: TableName) -> None:
        name = TableName(people.dataset, "names")
        query = Query(
            "SELECT username, -- STRING: who\nFROM people WHERE @dump_date IS NULL OR born < @dump_date",
            {"people": Tables((people,), PEOPLE)},
            {"dump_date": None},
            schema("username STRING -- who"),
        )
        assert warehouse.create(name, query, BuildInfo("s")).rows == 2

    def test_inputs_may_be_unions_and_absent_and_of_other_datasets(
        self, warehouse: Warehouse, people: TableName
    ) -> None:
        twin = TableName(f"{people.dataset}_b", "people")
        # The same columns in another order: they are matched by name.
        turned = Schema(tuple(reversed(PEOPLE.columns)))
        warehouse.load(twin, turned, iter([{"username": "cyd"}]), BuildInfo("s"))
        name = TableName(people.dataset, "all_names")
        query = Query(
            """WITH everyone AS (SELECT username FROM people)
SELECT
  everyone.username AS username, -- STRING: who
  forum.username AS posted, -- STRING: who
  l.username AS listed, -- STRING: who
FROM everyone
LEFT JOIN forum ON forum.username = everyone.username
LEFT JOIN courses.listings AS l ON l.username = everyone.username""",
            {
                "people": Tables((people, twin), PEOPLE),
                "forum": Absent(PEOPLE),
                "courses.listings": Tables((twin,), turned),
            },
            {},
            schema("username STRING -- who\nposted STRING -- who\nlisted STRING -- who"),
        )
        warehouse.create(name, query, BuildInfo("s"))
        assert sorted(warehouse.read(name)) == [
            ("ada", None, None),
            ("bob", None, None),
            ("cyd", None, "cyd"),
        ]

    def test_a_union_fills_what_a_table_lacks(self, warehouse: Warehouse, people: TableName) -> None:
        older = TableName(f"{people.dataset}_b", "people")
        few = schema("username STRING -- who\nnickname STRING -- what else")
        warehouse.load(older, few, iter([{"username": "cyd", "nickname": "x"}]), BuildInfo("s"))
        lacking = {older: frozenset(PEOPLE.names) - {"username"}}
        name = TableName(people.dataset, "all_people")
        query = Query(
            "SELECT username, -- STRING: who\n  grade, -- FLOAT: share\n  people.home.city AS city, "
            "-- STRING: where\nFROM people",
            {"people": Tables((people, older), PEOPLE, lacking)},
            {},
            schema("username STRING -- who\ngrade FLOAT -- share\ncity STRING -- where"),
        )
        warehouse.create(name, query, BuildInfo("s"))
        assert sorted(warehouse.read(name)) == [
            ("ada", 0.75, 'Zürich "quoted"'),
            ("bob", None, "Basel"),
            ("cyd", None, None),
        ]

    def test_log_days_within_a_window(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        # From the last microsecond of 1 September to before that of ada's event on the 3rd.
        source = LogDays(
            f"{dataset}_logs", tuple(logs.values()), EVENTS, START + DAY - 1, START + 2 * DAY + 5
        )
        name = TableName(dataset, "names")
        self._names(warehouse, name, {"people": source}, "s", "ada")
        assert list(warehouse.read(name)) == [("ada",), ("ada",)]

    def test_log_days_without_end(self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]) -> None:
        for tables, count in ((tuple(logs.values()), 4), ((logs[D3],), 1)):
            source = LogDays(f"{dataset}_logs", tables, EVENTS, 0, 1 << 62)
            name = TableName(dataset, "names")
            assert self._names(warehouse, name, {"people": source}, "s", "ada") == count

    def test_a_log_day_between_the_first_and_the_last_may_be_another_kind_of_table(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        other = TableName(f"{dataset}_logs", "tracklog_20130902_tmp")
        warehouse.load(other, EVENTS, iter([_event("ada", START + DAY)]), BuildInfo("s"))
        source = LogDays(f"{dataset}_logs", tuple(logs.values()), EVENTS, 0, START + 9 * DAY)
        assert self._names(warehouse, TableName(dataset, "names"), {"people": source}, "s", "ada") == 4

    def _names(
        self, warehouse: Warehouse, name: TableName, inputs: Mapping[str, Input], stamp: str, word: str
    ) -> int:
        query = Query(
            "SELECT username, -- STRING: who\nFROM people WHERE username = @word",
            inputs,
            {"word": word},
            schema("username STRING -- who"),
        )
        return warehouse.create(name, query, BuildInfo(stamp)).rows

    # By date

    def test_dates_are_made_with_their_stamps(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D2: "a2", D4: "a4"})
        assert self.rows(warehouse, name) == [(D1, "ada", 2), (D1, "bob", 1), (D2, "ada", 1)]
        dates = warehouse.dates(name)
        assert list(dates) == [D1, D2, D4]
        assert [(one.stamp, one.rows) for one in dates.values()] == [("a1", 2), ("a2", 1), ("a4", 0)]
        state = warehouse.states(dataset)["daily"]
        assert (state.stamp, state.rows, state.partitioned) == ("recipe", 3, True)

    def test_the_state_that_is_given_is_the_one_that_is_found(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        part = Dates(_daily_query(dataset, logs), {D1: "a1", D4: "a4"})
        given = warehouse.create_dates(
            TableName(dataset, "daily"), DAILY, "date", [part], [], BuildInfo("recipe")
        )
        warehouse.refresh(dataset)
        assert warehouse.states(dataset)["daily"] == given

    def test_pending_dates_are_replaced_and_kept_ones_stay(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D2: "a2", D3: "a3"})
        before = dict(warehouse.dates(name))
        # The 2nd has no events any more; the 3rd goes.
        day3 = {D3: logs[D3]}
        self.daily(warehouse, dataset, day3, {D2: "b2"}, keep=[D1])
        assert self.rows(warehouse, name) == [(D1, "ada", 2), (D1, "bob", 1)]
        dates = warehouse.dates(name)
        assert list(dates) == [D1, D2]
        assert dates[D1] == before[D1]
        assert (dates[D2].stamp, dates[D2].rows) == ("b2", 0)

    def test_a_kept_date_that_is_not_there_is_not_invented(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1"}, keep=[D3])
        assert list(warehouse.dates(name)) == [D1]

    def test_work_in_parts_and_only_removal(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = TableName(dataset, "daily")
        parts = [
            Dates(_daily_query(dataset, logs), {D1: "a1"}),
            Dates(_daily_query(dataset, logs), {D3: "a3"}),
        ]
        told: list[tuple[int, int, str]] = []
        warehouse.progress = lambda done, of, unit: told.append((done, of, unit))
        warehouse.create_dates(name, DAILY, "date", parts, [], BuildInfo("recipe"))
        warehouse.progress = None
        # One engine builds a part after the other, the other all of them by one script.
        assert told in ([(1, 2, "months"), (2, 2, "months")], [])
        assert self.rows(warehouse, name) == [(D1, "ada", 2), (D1, "bob", 1), (D3, "ada", 1)]
        warehouse.create_dates(name, DAILY, "date", [], [D3], BuildInfo("recipe"))
        assert self.rows(warehouse, name) == [(D3, "ada", 1)]
        assert list(warehouse.dates(name)) == [D3]
        warehouse.create_dates(name, DAILY, "date", [], [], BuildInfo("recipe"))
        assert self.rows(warehouse, name) == []
        assert list(warehouse.dates(name)) == []
        assert warehouse.states(dataset)["daily"].stamp == "recipe"

    def test_a_date_that_left_may_come_back(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D3: "a3"})
        self.daily(warehouse, dataset, logs, {}, keep=[D1])
        self.daily(warehouse, dataset, logs, {D3: "a3"}, keep=[D1])
        assert self.rows(warehouse, name) == [(D1, "ada", 2), (D1, "bob", 1), (D3, "ada", 1)]
        assert [one.stamp for one in warehouse.dates(name).values()] == ["a1", "a3"]

    def test_a_query_may_give_whatever_dates_there_are(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = TableName(dataset, "daily")
        for stamp, days, found in (
            ("one", logs, [D1, D2, D3]),
            ("two", {D3: logs[D3]}, [D3]),
        ):
            part = Dates(_daily_query(dataset, days), None)
            warehouse.create_dates(name, DAILY, "date", [part], [], BuildInfo(stamp))
            dates = warehouse.dates(name)
            assert list(dates) == found
            assert {one.stamp for one in dates.values()} == {stamp}
            assert warehouse.states(dataset)["daily"].stamp == stamp
        assert self.rows(warehouse, name) == [(D3, "ada", 1)]

    def test_a_time_column_stands_for_its_utc_date(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = TableName(dataset, "moments")
        query = Query(
            "SELECT time, -- TIMESTAMP: when\nusername, -- STRING: who\nFROM tracklog",
            {"tracklog": LogDays(f"{dataset}_logs", tuple(logs.values()), EVENTS, 0, 1 << 62)},
            {},
            MOMENTS,
        )
        warehouse.create_dates(name, MOMENTS, "time", [Dates(query, {D1: "a", D2: "b"})], [], BuildInfo("r"))
        assert [(one.stamp, one.rows) for one in warehouse.dates(name).values()] == [("a", 3), ("b", 1)]
        warehouse.create_dates(name, MOMENTS, "time", [Dates(query, {D1: "c"})], [D2], BuildInfo("r"))
        assert sorted(warehouse.read(name, ["username"])) == [("ada",), ("ada",), ("ada",), ("bob",)]

    def test_dates_are_an_input(self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]) -> None:
        daily = self.daily(warehouse, dataset, logs, {D1: "a1", D2: "a2", D3: "a3"})
        for first, last, expected in (
            (D2, D3, 2),
            (date.min, D2, 3),
            (D4, date(2013, 12, 31), 0),
        ):
            query = Query(
                "SELECT username, -- STRING: who\nFROM daily",
                {"daily": DatesOf(daily, DAILY, "date", first, last)},
                {},
                schema("username STRING -- who"),
            )
            assert warehouse.create(TableName(dataset, "some"), query, BuildInfo("s")).rows == expected

    def test_forgotten_dates_keep_rows_and_versions(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D4: "a4"})
        before, whole = dict(warehouse.dates(name)), warehouse.states(dataset)["daily"]
        assert warehouse.forget(name) is True
        warehouse.refresh(dataset)
        assert dict(warehouse.dates(name)) == {
            day: DateState(None, one.version, one.rows) for day, one in before.items()
        }
        state = warehouse.states(dataset)["daily"]
        assert (state.stamp, state.version, state.rows) == (None, whole.version, whole.rows)
        self.daily(warehouse, dataset, logs, {D1: "a1", D4: "a4"})
        assert [one.stamp for one in warehouse.dates(name).values()] == ["a1", "a4"]

    def test_a_dropped_table_leaves_no_dates(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D3: "a3"})
        assert warehouse.drop(name) is True
        assert dict(warehouse.dates(name)) == {}
        self.daily(warehouse, dataset, logs, {D3: "a3"})
        assert list(warehouse.dates(name)) == [D3]
        assert self.rows(warehouse, name) == [(D3, "ada", 1)]

    def test_a_noted_signature_holds_until_the_next_build(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1"})
        assert warehouse.states(dataset)["daily"].signature is None
        warehouse.note_signature(name, "f00d")
        warehouse.refresh(dataset)
        assert warehouse.states(dataset)["daily"].signature == "f00d"
        self.daily(warehouse, dataset, logs, {D1: "b1"})
        assert warehouse.states(dataset)["daily"].signature is None

    def test_other_columns_keep_the_kept_dates(
        self, warehouse: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        name = self.daily(warehouse, dataset, logs, {D1: "a1", D3: "a3"})
        wider = Schema((*DAILY.columns, Column("course_id", "STRING", "which")))
        query = _daily_query(dataset, logs)
        sql = query.sql.replace("\nFROM", "\n  'c' AS course_id, -- STRING: which\nFROM")
        part = Dates(Query(sql, query.inputs, {}, wider), {D3: "b3"})
        warehouse.create_dates(name, wider, "date", [part], [D1], BuildInfo("recipe2"))
        assert sorted(warehouse.read(name, ["date", "username", "course_id"]), key=str) == [
            (D1, "ada", None),
            (D1, "bob", None),
            (D3, "ada", "c"),
        ]
        assert [one.stamp for one in warehouse.dates(name).values()] == ["a1", "b3"]

    def daily(
        self,
        warehouse: Warehouse,
        dataset: str,
        logs: Mapping[date, str],
        stamps: Mapping[date, str],
        keep: list[date] | None = None,
    ) -> TableName:
        """Build dates of the table `daily`."""
        name = TableName(dataset, "daily")
        work = [Dates(_daily_query(dataset, logs), stamps)] if stamps else []
        warehouse.create_dates(name, DAILY, "date", work, keep or [], BuildInfo("recipe"))
        return name

    def rows(self, warehouse: Warehouse, name: TableName) -> list[tuple[object, ...]]:
        """All rows, sorted."""
        return sorted(warehouse.read(name), key=str)

    # Checks of rows, before they replace a table

    def test_two_rows_of_one_grain_leave_the_old_table(
        self, warehouse: Warehouse, other: Warehouse, dataset: str
    ) -> None:
        """Loaded or made by a query: ada twice. Two rows without name have nothing in common."""
        name, copy = TableName(dataset, "words"), TableName(dataset, "copied")
        columns = schema("name STRING -- who\nword STRING -- what")
        good: list[Row] = [{"name": "ada", "word": "x"}, {"name": None, "word": "y"}, {"name": "bob"}]
        bad = [*good, {"name": "ada", "word": "z"}, {"name": None, "word": "z"}]
        message = r"words: expected one row for each name .*found several for 1 of them: 2 rows\."
        warehouse.load(name, columns, iter(good), BuildInfo("good"), TableChecks("words", ("name",)))
        with pytest.raises(CheckFailedError, match=message):
            warehouse.load(name, columns, iter(bad), BuildInfo("bad"), TableChecks("words", ("name",)))
        other.refresh_all()
        assert other.states(dataset)["words"].stamp == "good"
        assert sorted(other.read(name, ("name",)), key=str) == [("ada",), ("bob",), (None,)]
        warehouse.load(name, columns, iter(bad), BuildInfo("both"), TableChecks("words", ("name", "word")))

        query = Query("SELECT name, word FROM words", {"words": Tables((name,), columns)}, {}, columns)
        with pytest.raises(CheckFailedError, match=message.replace("words:", "copied:")):
            warehouse.create(copy, query, BuildInfo("s"), TableChecks("copied", ("name",)))
        other.refresh_all()
        assert sorted(other.states(dataset)) == ["words"]
        one_row = TableChecks("copied", ())
        with pytest.raises(CheckFailedError, match="copied: expected one row at most, found 5"):
            warehouse.create(copy, query, BuildInfo("s"), one_row)
        assert (
            warehouse.create(copy, query, BuildInfo("s"), TableChecks("copied", ("name", "word"))).rows == 5
        )

    def test_conditions_are_errors_or_warnings(
        self, warehouse: Warehouse, other: Warehouse, dataset: str, people: TableName
    ) -> None:
        """NULL holds; a share of rows may break a check; a check reads other tables, and parameters."""
        name = TableName(dataset, "grades")
        columns = schema("username STRING -- who\ngrade FLOAT -- share")
        known = "username IN (SELECT username FROM people WHERE username IS NOT NULL)"

        def checks(error: bool) -> TableChecks:
            return TableChecks(
                "grades",
                None,
                (
                    Check("in_range", "grade BETWEEN 0 AND @most", error=error),
                    Check("known", known),
                    Check("mostly_known", known, share=0.5),
                    Check("few", "(SELECT COUNT(*) FROM grades) < 3", of_table=True),
                    Check("alone", "COUNT(*) OVER (PARTITION BY username) = 1 OR username = 'bob'"),
                ),
                {"people": Tables((people,), PEOPLE)},
                {"most": 1},
            )

        rows: list[Row] = [
            {"username": "ada", "grade": 1.5},
            {"username": "bob"},
            {"username": "bob", "grade": 0.0},
            {"username": "eve", "grade": 1.0},
        ]
        found = checks(error=False)
        warehouse.load(name, columns, iter(rows), BuildInfo("s1"), found)
        told = [(one.check.name, one.rows, one.broken, one.fails) for one in found.findings]
        assert told == [
            ("in_range", 4, 1, True),
            ("known", 4, 1, True),
            ("mostly_known", 4, 1, False),
            ("few", 1, 1, True),
            ("alone", 4, 0, False),
        ]
        message = "grades: check in_range: broken by 1 of 4 rows; expected: grade BETWEEN 0 AND @most"
        with pytest.raises(CheckFailedError, match=message):
            warehouse.load(name, columns, iter(rows), BuildInfo("s2"), checks(error=True))
        other.refresh_all()
        assert other.states(dataset)["grades"].stamp == "s1"
        assert warehouse.load(name, columns, iter(rows[1:]), BuildInfo("s2"), checks(error=True)).rows == 3

    def test_dates_whose_rows_break_a_check_stay(
        self, warehouse: Warehouse, other: Warehouse, dataset: str, logs: Mapping[date, str]
    ) -> None:
        """ada has two events on 1 September and one on the 2nd."""
        name, query = TableName(dataset, "daily"), _daily_query(dataset, logs)

        def build(stamp: str, checks: TableChecks) -> None:
            work = [Dates(query, {D1: f"{stamp}1", D2: f"{stamp}2"})]
            warehouse.create_dates(name, DAILY, "date", work, [], BuildInfo(stamp), checks)
            other.refresh_all()

        warning = TableChecks("daily", ("username", "date"), (Check("few", "nevents < 2"),))
        build("a", warning)
        assert [(one.rows, one.broken) for one in warning.findings] == [(3, 1)]
        kept = other.dates(name)
        error = TableChecks("daily", ("username", "date"), (Check("few", "nevents < 2", error=True),))
        with pytest.raises(CheckFailedError, match="check few: broken by 1 of 3 rows"):
            build("b", error)
        with pytest.raises(CheckFailedError, match=r"for each username .* several for 1 of them: 2 rows\."):
            build("c", TableChecks("daily", ("username",)))
        other.refresh_all()
        assert other.dates(name) == kept
        assert len(list(other.read(name))) == 3
        build("d", TableChecks("daily", ("username", "date"), (Check("few", "nevents < 3", error=True),)))
        assert {one.stamp for one in other.dates(name).values()} == {"d1", "d2"}

    def test_what_checks_found_is_kept_beside_the_table(
        self, warehouse: Warehouse, other: Warehouse, people: TableName
    ) -> None:
        assert (warehouse.checked(people), list(warehouse.check_results(people))) == (None, [])
        warehouse.note_checks(people, "0" * 40, [{"name": "few", "broken": 1}])
        other.refresh_all()
        assert other.checked(people) == "0" * 40
        assert list(other.check_results(people)) == [{"name": "few", "broken": 1}]
        warehouse.describe(people, "Some people")
        assert list(warehouse.check_results(people)) == [{"name": "few", "broken": 1}]
        info = warehouse.info(people)
        assert info is not None and info.description.startswith("Some people")
        assert warehouse.states(people.dataset)["people"].stamp == "stamp1"


def _event(username: str, moment: int) -> dict[str, object]:
    seconds, rest = divmod(moment, SECOND)
    time = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    return {"username": username, "time": time.isoformat(), "event_type": "x"}


def _daily_query(dataset: str, logs: Mapping[date, str]) -> Query:
    source = LogDays(f"{dataset}_logs", tuple(logs.values()), EVENTS, START, START + 9 * DAY)
    none: dict[str, Parameter] = {}
    return Query(DAILY_SQL, {"tracklog": source}, none, DAILY)


def _write(path: Path, content: bytes) -> None:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content))
    elif path.suffix == ".zst":
        import zstandard

        path.write_bytes(zstandard.compress(content))
    else:
        path.write_bytes(content)


def numbered() -> Iterator[int]:
    """Numbers that no other test has."""
    return _numbers
