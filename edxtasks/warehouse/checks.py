"""What rows must keep: a grain that no two of them share, and named conditions.

A table is looked over before it replaces the old one. Both engines do it by the same GoogleSQL, which counts:
no value of a row leaves the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edxtasks.errors import UserError
from edxtasks.printable import quantity
from edxtasks.warehouse.base import Input, Parameter, Query, digest
from edxtasks.warehouse.schema import schema

_GRAIN = schema("repeated INTEGER -- keys that more than one row has\nmore INTEGER -- rows beyond the first")

Counts = Sequence[int]
"""What one query over the rows has counted."""


class CheckFailedError(UserError):
    """Rows break their grain, or a check that is an error: the text says which and how many."""


@dataclass(frozen=True)
class Check:
    """A condition of GoogleSQL over the columns of a table; where it is NULL it holds, as in a CHECK of SQL.

    It must hold for every row, or with `share` for at least this share of them; `of_table`: it is evaluated
    once, and speaks of the rows in subqueries. `error`: where it does not hold the old table stays; else it
    is told. `line` is where it stands in its file.
    """

    name: str
    condition: str
    error: bool = False
    share: float = 1.0
    of_table: bool = False
    line: int | None = field(default=None, compare=False)

    @property
    def level(self) -> str:
        """`error` or `warning`."""
        return "error" if self.error else "warning"


@dataclass
class Finding:
    """What a check has found so far: of how many rows it was asked, and how many break it."""

    check: Check
    rows: int = 0
    broken: int = 0

    def add(self, rows: int, broken: int) -> None:
        """Add what was found in more rows; a check of the whole table is found anew each time."""
        of_table = self.check.of_table
        self.rows, self.broken = (rows, broken) if of_table else (self.rows + rows, self.broken + broken)

    @property
    def fails(self) -> bool:
        """Whether more rows break it than may."""
        return self.broken > (1 - self.check.share) * self.rows

    def __str__(self) -> str:
        """What broke it, for people."""
        about = f"check {self.check.name}: "
        if self.check.of_table:
            return f"{about}expected of the table: {self.check.condition}"
        allowed = "" if self.check.share == 1 else f" for {self.check.share:.12g} of the rows"
        return (
            f"{about}broken by {self.broken} of {quantity(self.rows, 'row')}; expected{allowed}: "
            f"{self.check.condition}"
        )


def digest_of(checks: Sequence[Check]) -> str:
    """Changes whenever checks could find something else in the same rows."""
    return digest(*(f"{one.name}|{one.level}|{one.share!r}|{one.of_table}|{one.condition}" for one in checks))


@dataclass(frozen=True)
class Question:
    """A query that counts, the GoogleSQL condition on its columns under which the rows are not taken ("" for
    none), and what judges its counts: it raises `CheckFailedError`."""

    query: Query
    fails: str
    heed: Callable[[Counts], None]


@dataclass
class TableChecks:
    """The checks of one table, and what they find while it is built.

    `name` is what queries call the rows that are looked over; `grain` the columns of which no two rows have
    the same values, () for a table of one row, None where nothing is to be checked; rows that have none of
    them (an export without the column `id`) are not held against each other. `inputs` and `parameters`
    are what the conditions read besides.
    """

    name: str
    grain: tuple[str, ...] | None = None
    checks: Sequence[Check] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    findings: list[Finding] = field(init=False)

    def __post_init__(self) -> None:
        self.findings = [Finding(one) for one in self.checks]

    def __bool__(self) -> bool:
        return self.grain is not None or bool(self.checks)

    def look(self, count: Callable[[Query], Counts], rows: Input) -> None:
        """Look over rows. `count` runs a query, whose input `name` is `rows`, and gives its one row.

        Raises `CheckFailedError`. What is a warning is only found.
        """
        for one in self.questions(rows):
            one.heed(count(one.query))

    def questions(self, rows: Input) -> Iterator[Question]:
        """What is asked of rows."""
        if self.grain is not None:
            query = Query(_grain_sql(self.name, self.grain), {self.name: rows}, {}, _GRAIN)
            yield Question(query, "repeated > 0", self._heed_grain)
        for of_table in (False, True):
            found = [one for one in self.findings if one.check.of_table is of_table]
            if found:
                names = ["checked", *(f"broken_{number}" for number in range(len(found)))]
                counts = schema("\n".join(f"{one} INTEGER -- rows" for one in names))
                sql = conditions_sql(self.name, [one.check for one in found])
                query = Query(sql, {**self.inputs, self.name: rows}, self.parameters, counts)
                fails = " OR ".join(
                    f"{name} > {1 - one.check.share!r} * checked"
                    for name, one in zip(names[1:], found, strict=True)
                    if one.check.error
                )
                yield Question(query, fails, _judge(self.name, found))

    def without_grain(self) -> TableChecks:
        """The same checks, which note what they find in the same place, without the grain."""
        other = replace(self, grain=None)
        other.findings = self.findings
        return other

    def grain_alone(self) -> TableChecks:
        """The grain without the checks."""
        return replace(self, checks=())

    def _heed_grain(self, counts: Counts) -> None:
        repeated, more = counts
        if not repeated or self.grain is None:
            return
        if not self.grain:
            raise CheckFailedError(f"{self.name}: expected one row at most, found {more + 1}. {_STAYS}")
        key = ", ".join(self.grain)
        raise CheckFailedError(
            f"{self.name}: expected one row for each {key} (its grain), found several for {repeated} of "
            f"them: {repeated + more} rows. {_STAYS}"
        )


_STAYS = "The table stays as it was. Look at what it is made from, and at its model"


def _judge(name: str, found: Sequence[Finding]) -> Callable[[Counts], None]:
    def heed(counts: Counts) -> None:
        rows, *broken = counts
        failed = []
        for one, number in zip(found, broken, strict=True):
            here = replace(one, rows=rows, broken=number)
            one.add(rows, number)
            if one.check.error and here.fails:
                failed.append(str(here))
        if failed:
            raise CheckFailedError(f"{name}: {'; '.join(failed)}. {_STAYS}")

    return heed


def conditions_sql(name: str, checks: Sequence[Check]) -> str:
    """The query that counts rows of `name`, and those that break each of these checks of one kind."""
    items = ", ".join(f"(\n{one.condition}\n) AS holds_{number}" for number, one in enumerate(checks))
    broken = ", ".join(
        f"COUNTIF(NOT holds_{number}) AS broken_{number} -- n\n" for number in range(len(checks))
    )
    rows = "" if checks[0].of_table else f" FROM {quoted(name)}"
    return f"SELECT COUNT(*) AS checked, -- n\n{broken}FROM (SELECT {items}{rows})"


def _grain_sql(name: str, grain: Sequence[str]) -> str:
    rows = f"{quoted(name)} AS edxtasks_rows"  # a table may have a column of its own name
    if not grain:
        return (
            f"SELECT IF(COUNT(*) > 1, 1, 0) AS repeated, -- n\nCOUNT(*) - 1 AS more -- n\nFROM {quoted(name)}"
        )
    keys = ", ".join(quoted(column) for column in grain)
    known = " OR ".join(f"{quoted(column)} IS NOT NULL" for column in grain)
    return (
        "SELECT COUNT(*) AS repeated, -- n\nIFNULL(SUM(n), 0) - COUNT(*) AS more -- n\n"
        f"FROM (SELECT COUNT(*) AS n FROM {rows} WHERE {known} GROUP BY {keys} "
        "HAVING COUNT(*) > 1)"
    )


def quoted(name: str) -> str:
    """A name, or dotted name, as GoogleSQL takes it whatever word it is."""
    return ".".join(f"`{part}`" for part in name.split("."))
