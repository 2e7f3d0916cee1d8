"""The statements that BigQuery is sent: their text, and that Google's analyzer takes them."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "proofs"))
sys.path.insert(0, str(Path(__file__).parents[1] / "fakes"))

import googlesql
from product_registry import product_registry
from rules import refusal
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2

from edxtasks.table import SqlModel, Table
from edxtasks.warehouse.base import (
    Absent,
    DatesOf,
    DateState,
    Input,
    LogDays,
    Query,
    TableName,
    Tables,
)
from edxtasks.warehouse.bigquery import sql, stamps
from edxtasks.warehouse.schema import Column, Schema, schema

MODELS = [one for one in product_registry().values() if isinstance(one.builder, SqlModel)]
DAILY = schema('date DATE -- "d"\nusername STRING -- u\nn INTEGER -- n')
LOGS = schema("time TIMESTAMP -- t\nusername STRING -- u")
WITH_SUFFIX = Schema((*LOGS.columns, Column("_TABLE_SUFFIX", "STRING")))
NESTED = Schema((Column("home", "RECORD", "place", (Column("city", "STRING", "its name"),)),))
LISTS = Schema(
    (
        Column("tags", "STRING", "words", mode="REPEATED"),
        Column("item", "RECORD", "parts", (Column("a", "STRING", "its name"),), "REPEATED"),
    )
)
NAME = TableName("d", "daily")
D1, D2 = date(2013, 9, 1), date(2013, 9, 12)
KINDS = ("QUERY", "CREATE_TABLE_AS_SELECT", "INSERT", "DELETE", "BEGIN", "COMMIT", "DROP", "ALTER_TABLE")
TABLES = {
    "p.d.daily": DAILY,
    "p.d.nested": NESTED,
    "p.d.lists": LISTS,
    "p.d._edxtasks_stamps": stamps.SCHEMA,
    "p.l.tracklog_20130901": LOGS,
    "p.l.tracklog_201309*": WITH_SUFFIX,
    "edxtasks_fresh": DAILY,
}


def analyzed(statement: str, parameters: Mapping[str, object]) -> None:
    """Raise what Google's analyzer has against a statement."""
    messages = googlesql.service().messages
    request = messages.AnalyzeRequest()
    request.sql_statement = statement
    lists = {name: list(v) or [D1] for name, v in parameters.items() if isinstance(v, tuple)}
    used = {name: value for name, value in {**parameters, **lists}.items() if f"@{name}" in statement}
    googlesql._prepare(request, TABLES, used)
    kinds = request.options.language_options.supported_statement_kinds
    kinds.extend(getattr(resolved_node_kind_pb2, f"RESOLVED_{kind}_STMT") for kind in KINDS)
    googlesql.service().ask("Analyze", request, messages.AnalyzeResponse)


def relation(source: Input) -> str:
    """What stands for an input, when Google's analyzer takes it."""
    text = sql.relation(source, "p")
    analyzed(f"SELECT * FROM {text}", {})
    return text


class TestInputs:
    """What stands after FROM."""

    def test_one_table(self) -> None:
        assert relation(Tables((NAME,), DAILY)) == "`p.d.daily`"

    def test_many_tables(self) -> None:
        text = "SELECT `date`, `username`, `n` FROM `p.d.daily`"
        assert relation(Tables((NAME, NAME), DAILY)) == f"({text} UNION ALL {text})"

    def test_no_table(self) -> None:
        assert relation(Absent(NESTED)) == "(SELECT CAST(NULL AS STRUCT<`city` STRING>) AS `home` LIMIT 0)"

    def test_dates_of_a_table(self) -> None:
        assert relation(DatesOf(NAME, DAILY, "date", D1, D2)) == (
            "(SELECT `date`, `username`, `n` FROM `p.d.daily` "
            "WHERE `date` BETWEEN DATE '2013-09-01' AND DATE '2013-09-12')"
        )

    def test_dates_of_a_time(self) -> None:
        column = LOGS["time"]
        assert sql.within(column, D1, D1) == (
            "`time` >= TIMESTAMP '2013-09-01 00:00:00+00' AND `time` < TIMESTAMP '2013-09-02 00:00:00+00'"
        )
        assert sql.within(column, date.min, date.max) == "`time` >= TIMESTAMP '0001-01-01 00:00:00+00'"

    def test_log_days_are_a_wildcard_over_just_these(self) -> None:
        tables = ("tracklog_20130912", "tracklog_20130901", "tracklog_20130905")
        assert relation(LogDays("l", tables, LOGS, 5, 7)) == (
            "(SELECT `time`, `username` FROM `p.l.tracklog_201309*` "
            'WHERE _TABLE_SUFFIX IN ("01", "05", "12") '
            "AND time >= TIMESTAMP_MICROS(5) AND time < TIMESTAMP_MICROS(7))"
        )

    def test_one_log_day_is_a_table(self) -> None:
        assert relation(LogDays("l", ("tracklog_20130901",), LOGS, 0, 1 << 62)) == (
            "(SELECT `time`, `username` FROM `p.l.tracklog_20130901` WHERE time >= TIMESTAMP_MICROS(0))"
        )


class TestResolving:
    """Names of inputs and parameters in a query."""

    def resolved(self, text: str, **parameters: str | int | date | None) -> tuple[str, dict[str, object]]:
        """A query on two inputs, resolved."""
        inputs: dict[str, Input] = {
            "roles": Tables((TableName("d", "roles"),), DAILY),
            "courses.listings": Absent(DAILY),
        }
        text, used = sql.resolved(Query(text, inputs, parameters, DAILY), "p")
        return text, dict(used)

    def test_a_name_is_its_own_alias(self) -> None:
        assert self.resolved("SELECT roles.n FROM roles")[0] == "SELECT roles.n FROM `p.d.roles` AS `roles`"

    def test_an_alias_stays(self) -> None:
        assert self.resolved("SELECT r.n FROM roles r")[0] == "SELECT r.n FROM `p.d.roles` r"
        assert self.resolved("SELECT r.n FROM `roles` AS r")[0] == "SELECT r.n FROM `p.d.roles` AS r"

    @pytest.mark.parametrize("written", ["courses.listings", "`courses.listings`", "`courses`.`listings`"])
    def test_a_name_with_a_dataset(self, written: str) -> None:
        text, _ = self.resolved(f"SELECT listings.n FROM {written}")
        assert text.startswith("SELECT listings.n FROM (SELECT CAST(NULL AS DATE) AS `date`")
        assert text.endswith(" LIMIT 0) AS `listings`")

    def test_other_words_of_the_same_name_stay(self) -> None:
        text = """-- roles of a course, é
WITH listed AS (SELECT 'roles' AS roles, n FROM roles /* roles */)
SELECT roles, -- STRING: roles
FROM listed WHERE n IN (SELECT n FROM roles AS x WHERE x.username = "FROM roles")"""
        assert self.resolved(text)[0] == text.replace(
            "n FROM roles /*", "n FROM `p.d.roles` AS `roles` /*"
        ).replace("FROM roles AS x", "FROM `p.d.roles` AS x")

    def test_parameters_are_those_that_stand_in_the_text(self) -> None:
        text, used = self.resolved("SELECT n FROM roles r WHERE n = @a AND '@b' = @c", a=1, b=2, c="x")
        assert text == "SELECT n FROM `p.d.roles` r WHERE n = @a AND '@b' = @c"
        assert used == {"a": 1, "c": "x"}

    def test_a_parameter_that_is_null_is_the_word(self) -> None:
        text, used = self.resolved("SELECT n FROM roles r WHERE date < @a OR @a IS NULL", a=None)
        assert text == "SELECT n FROM `p.d.roles` r WHERE date < NULL OR NULL IS NULL"
        assert used == {}

    def test_the_last_semicolon_goes(self) -> None:
        assert self.resolved("SELECT n FROM roles r\n;\n")[0] == "SELECT n FROM `p.d.roles` r\n"

    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            (
                "SELECT n FROM roles r ORDER BY n DESC, @b -- last\n;",
                "SELECT n FROM `p.d.roles` r  -- last\n",
            ),
            (
                "WITH a AS (SELECT n FROM roles r ORDER BY n LIMIT 1)\n"
                "SELECT SUM(n) OVER (ORDER BY n) AS n FROM a UNION ALL SELECT 1 ORDER BY (SELECT n)",
                "WITH a AS (SELECT n FROM `p.d.roles` r ORDER BY n LIMIT 1)\n"
                "SELECT SUM(n) OVER (ORDER BY n) AS n FROM a UNION ALL SELECT 1 ",
            ),
            (
                "SELECT n FROM roles r ORDER BY (n + 1), date LIMIT 5",
                "SELECT `date`, `username`, `n` FROM (\n"
                "SELECT n FROM `p.d.roles` r ORDER BY (n + 1), date LIMIT 5\n)",
            ),
            (
                "(SELECT n FROM roles r ORDER BY n)",
                "SELECT `date`, `username`, `n` FROM (\n(SELECT n FROM `p.d.roles` r ORDER BY n)\n)",
            ),
            (
                "SELECT ARRAY(SELECT n FROM UNNEST([1]) AS n ORDER BY n)[OFFSET(0)] AS n FROM roles r",
                "SELECT ARRAY(SELECT n FROM UNNEST([1]) AS n ORDER BY n)[OFFSET(0)] AS n FROM `p.d.roles` r",
            ),
        ],
    )
    def test_the_order_of_the_rows_goes_and_no_other(self, written: str, sent: str) -> None:
        """A clustered table takes no rows of a query that orders them; with LIMIT the order picks them."""
        assert self.resolved(written, b=1)[0] == sent

    @pytest.mark.parametrize(
        "table", [one for one in MODELS if one.partition is None], ids=lambda one: one.name
    )
    def test_no_statement_of_a_model_orders_rows_into_a_clustered_table(self, table: Table) -> None:
        """Every model as it is sent, judged by what BigQuery refuses."""
        made = table.builder
        assert isinstance(made, SqlModel)
        inputs: dict[str, Input] = {one: Absent(DAILY) for one in table.inputs}
        query = Query(made.sql, inputs, dict.fromkeys(made.parameters), table.schema)
        text, _ = sql.resolved(query, "p")
        shape = sql.shape_of(table.schema)
        statement = sql.create_table(NAME, "p", table.schema, shape.clustering, {}, "", text)
        assert refusal(statement) is None


class TestStatements:
    """What surrounds a query. Google's analyzer takes every statement."""

    PLACE = stamps.Place("p", NAME, DAILY["date"], "series1", "daily")
    SELECT = "SELECT date, username, n FROM `p.d.daily` WHERE username != @word"

    @pytest.mark.parametrize(
        "script",
        [
            PLACE.replace(SELECT, DAILY, {D1: "a", D2: "b"}),
            PLACE.replace_all(SELECT, DAILY, "a", [D1]),
            PLACE.replace_all(SELECT, DAILY, "a", []),
            PLACE.remove([D1], [D2]),
            PLACE.remove([D1], [D2], strange=True),
            PLACE.count({D1: "a"}),
            PLACE.forget({D1: DateState("a", "v", 3), D2: DateState(None, "w", 0)}),
        ],
        ids=["replace", "replace_all", "fill", "remove", "remove_strange", "count", "forget"],
    )
    def test_scripts(self, script: stamps.Script) -> None:
        statements = script.sql.split(";\n")
        for statement in statements:
            analyzed(statement.removesuffix(";"), {**script.parameters, "word": "x"})
        inside = [one.split()[0] for one in statements]
        if "DELETE" in inside:  # rows and stamps change together or not at all
            assert inside.index("BEGIN") < inside.index("DELETE") < inside.index("COMMIT")
            assert inside[-1] == "COMMIT"

    def test_a_table_of_unknown_dates_is_replaced_in_pieces(self) -> None:
        """BigQuery changes 4,000 partitions in a statement; a course may have more dates than that."""
        script = self.PLACE.replace_all(self.SELECT, DAILY, "a", []).sql
        inserted = re.findall(r"FROM edxtasks_fresh WHERE \((.*)\);", script)
        assert inserted == [
            "`date` IS NULL OR `date` BETWEEN DATE '0001-01-01' AND DATE '2009-12-31'",
            "`date` BETWEEN DATE '2010-01-01' AND DATE '2019-12-31'",
            "`date` BETWEEN DATE '2020-01-01' AND DATE '2029-12-31'",
            "`date` BETWEEN DATE '2030-01-01' AND DATE '2039-12-31'",
            "`date` BETWEEN DATE '2040-01-01' AND DATE '9999-12-31'",
        ]
        assert re.findall(r"DELETE FROM `p.d.daily` WHERE \((.*)\);", script) == inserted
        many = [D1 + timedelta(days=number) for number in range(2_001)]
        assert self.PLACE.replace_all(self.SELECT, DAILY, "a", many).sql.count("DELETE") == 5
        assert self.PLACE.replace_all(self.SELECT, DAILY, "a", many[1:]).sql.count("DELETE") == 1
        assert self.PLACE.remove([], many).sql.count("DELETE") == 5

    def test_the_newest_stamps(self) -> None:
        analyzed(stamps.newest("p", "d"), {})

    def test_stamps_are_compacted_by_one_statement(self) -> None:
        script = stamps.compacted("p", "d", ["a"])
        analyzed(script.sql, script.parameters)
        assert ";" not in script.sql and "TRANSACTION" not in script.sql

    def test_rows_in_order(self) -> None:
        text = sql.ordered(TableName("d", "nested"), "p", list(NESTED))
        analyzed(text, {})
        assert text == "SELECT `home` FROM `p.d.nested` ORDER BY `home`.`city`"

    def test_a_table_from_a_query(self) -> None:
        text = sql.create_table(
            TableName("d", "made"),
            "p",
            DAILY,
            ("username",),
            {"edxtasks_stamp": "a1"},
            'a "b"\n\\c',
            self.SELECT,
        )
        analyzed(text, {"word": "x"})
        assert text.splitlines()[:6] == [
            "CREATE OR REPLACE TABLE `p.d.made` (",
            '  `date` DATE OPTIONS (description = "\\"d\\""),',
            '  `username` STRING OPTIONS (description = "u"),',
            '  `n` INT64 OPTIONS (description = "n")',
            ")",
            "CLUSTER BY `username`",
        ]

    def test_descriptions_of_members(self) -> None:
        text = sql.create_table(NAME, "p", NESTED, (), {}, "", "SELECT home FROM `p.d.nested`")
        analyzed(text, {})
        assert (
            '`home` STRUCT<`city` STRING OPTIONS (description = "its name")> OPTIONS (description = "place")'
            in text
        )

    def test_lists(self) -> None:
        """Their declaration with descriptions; an order that GoogleSQL takes; a table that lacks them."""
        text = sql.create_table(NAME, "p", LISTS, (), {}, "", "SELECT tags, item FROM `p.d.lists`")
        analyzed(text, {})
        assert '`tags` ARRAY<STRING> OPTIONS (description = "words")' in text
        assert '`item` ARRAY<STRUCT<`a` STRING OPTIONS (description = "its name")>> OPTIONS' in text
        text = sql.ordered(TableName("d", "lists"), "p", list(LISTS))
        analyzed(text, {})
        assert text.endswith("ORDER BY TO_JSON_STRING(`tags`), TO_JSON_STRING(`item`)")
        absent = relation(Absent(LISTS))
        assert absent == "(SELECT ARRAY<STRING>[] AS `tags`, ARRAY<STRUCT<`a` STRING>>[] AS `item` LIMIT 0)"

    def test_a_description_that_is_too_long_is_cut(self) -> None:
        text = sql.create_table(NAME, "p", DAILY, (), {}, "x" * 20_000, self.SELECT)
        assert f'"{"x" * 16_383}"' in text
