"""From which columns an output column comes: each construct by itself, worked out by hand."""

from __future__ import annotations

import pytest

from edxtasks.errors import UserError
from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import PARAMETERS, schema

SCHEMAS = {
    "t": schema("u STRING\nx INTEGER\ny INTEGER\ntime TIMESTAMP\nplace RECORD<City STRING, at FLOAT>"),
    "courses.c": schema("u STRING\nname STRING\nx INTEGER"),
    "lists": schema("u STRING\nitem REPEATED RECORD<id STRING, right BOOLEAN>\nwords REPEATED STRING"),
}


def origins(select: str) -> str:
    """Where the column `v` of a query comes from: `table.column`, `@parameter`, in order."""
    found = dialect.lineage(dialect.parse(select), SCHEMAS)["v"]
    return " ".join(f"@{name}" if table == PARAMETERS else f"{table}.{name}" for table, name in found)


@pytest.mark.parametrize(
    ("select", "wanted"),
    [
        ("SELECT x AS v FROM t", "t.x"),
        ("SELECT v.x AS v FROM t AS v", "t.x"),
        ("SELECT X + y AS v FROM t", "t.x t.y"),
        ("SELECT 1 AS v FROM t", ""),
        ("SELECT COUNT(*) AS v FROM t", ""),
        ("SELECT @course_id AS v FROM t", "@course_id"),
        ("SELECT x + @most AS v FROM t", "@most t.x"),
        # What chooses, joins or groups rows does not count.
        ("SELECT SUM(x) AS v FROM t WHERE y > 1 GROUP BY u HAVING MAX(y) > 2", "t.x"),
        ("SELECT name AS v FROM t JOIN courses.c ON c.u = t.u AND c.x = t.y", "courses.c.name"),
        ("SELECT COUNTIF(y > 1) AS v FROM t", "t.y"),
        ("SELECT SUM(x) OVER (PARTITION BY u) AS v FROM t", "t.x"),
        ("SELECT RANK() OVER w AS v FROM t WINDOW w AS (PARTITION BY u ORDER BY y)", "t.y"),
        # The one column that two became; a full join takes either.
        ("SELECT u AS v FROM t JOIN courses.c USING (u)", "t.u"),
        ("SELECT u AS v FROM t RIGHT JOIN courses.c USING (u)", "courses.c.u"),
        ("SELECT u AS v FROM t FULL JOIN courses.c USING (u)", "courses.c.u t.u"),
        # Through queries: names change, and mean the nearest.
        ("WITH a AS (SELECT x AS w FROM t), b AS (SELECT w + 1 AS x FROM a) SELECT x AS v FROM b", "t.x"),
        ("WITH t AS (SELECT name AS x FROM courses.c) SELECT x AS v FROM t", "courses.c.name"),
        ("SELECT v FROM (SELECT x AS v FROM t UNION ALL SELECT y FROM t)", "t.x t.y"),
        ("SELECT x AS v, y FROM t UNION ALL BY NAME SELECT x AS y, y AS v FROM t", "t.x t.y"),
        ("SELECT x AS v FROM t UNION ALL SELECT 0", "t.x"),
        ("SELECT v FROM (SELECT * REPLACE (x + y AS x), x AS v FROM t)", "t.x"),
        ("SELECT x AS v FROM (SELECT * REPLACE (x + y AS x) FROM t)", "t.x t.y"),
        ("SELECT x AS v FROM (SELECT c.* FROM t JOIN courses.c ON c.u = t.u)", "courses.c.x"),
        ("SELECT u AS v FROM (SELECT * FROM t FULL JOIN (SELECT u FROM courses.c) AS d USING (u))",
         "courses.c.u t.u"),
        # Subqueries: what they give counts, what they look for does not.
        ("SELECT (SELECT MAX(name) FROM courses.c WHERE c.u = t.u) AS v FROM t", "courses.c.name"),
        ("SELECT x IN (SELECT x FROM courses.c WHERE name = 'a') AS v FROM t", "courses.c.x t.x"),
        ("SELECT EXISTS (SELECT 1 FROM courses.c WHERE c.u = t.u) AS v FROM t", ""),
        # Members of records, elements of lists and their places.
        ("SELECT place.city AS v FROM t", "t.place.City"),
        ("WITH a AS (SELECT place AS p FROM t) SELECT p.at AS v FROM a", "t.place.at"),
        ("SELECT IF(x = 1, place, NULL).at AS v FROM t", "t.place t.x"),
        ("SELECT one.right AS v FROM lists CROSS JOIN UNNEST(item) AS one", "lists.item.right"),
        ("SELECT w AS v FROM lists CROSS JOIN UNNEST(words) AS w", "lists.words"),
        ("SELECT n AS v FROM lists CROSS JOIN UNNEST(words) AS w WITH OFFSET AS n", "lists.words"),
        ("SELECT w AS v FROM t CROSS JOIN UNNEST(['a', 'b']) AS w", ""),
        ("SELECT w AS v FROM t CROSS JOIN UNNEST(SPLIT(u, ',')) AS w", "t.u"),
        ("SELECT SUM((SELECT COUNTIF(one.right) FROM UNNEST(lists.item) AS one WHERE one.id != '')) AS v "
         "FROM lists", "lists.item.right"),
    ],
)  # fmt: skip
def test_where_a_column_comes_from(select: str, wanted: str) -> None:
    assert origins(select) == wanted


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(UserError, match="no source has a column z"):
        origins("SELECT z AS v FROM t")
