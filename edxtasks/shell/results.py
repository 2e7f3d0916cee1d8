"""What a statement gives: columns and rows, from whichever engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edxtasks.errors import UserError
from edxtasks.warehouse.schema import Schema

Values = tuple[object, ...]

ONLY_READS = (
    "the shell only reads. The rows of a query go to a file with --output=FILE (csv, json, markdown, "
    "parquet); tables of the warehouse are made by tasks (doit TABLE)"
)

_LOOKS = frozenset({"SHOW", "DESCRIBE", "DESC", "SUMMARIZE", "PRAGMA", "EXPLAIN"})
"""Statements of other dialects that look at tables and queries."""


def not_a_query(word: str) -> str:
    """Why a GoogleSQL statement that begins with this word is not run."""
    if word in _LOOKS:
        return (
            f"{word} is no statement of GoogleSQL. .tables lists the tables, .schema TABLE the columns of "
            "one; what a task would read on BigQuery: doit estimate"
        )
    return f"{word or 'this statement'} is not run: {ONLY_READS}"


@dataclass(frozen=True)
class Result:
    """The rows of a statement, streamed, once.

    `save_parquet` writes them to a file instead, and gives their number; `is_plan`: they are the text of a
    query plan.
    """

    schema: Schema
    rows: Iterator[Values]
    save_parquet: Callable[[Path], int]
    is_plan: bool = False


@dataclass(frozen=True)
class Listed:
    """A table as a list of tables names it: how a query writes it, and its number of rows where known."""

    name: str
    rows: int | None


class StatementRefusedError(UserError):
    """A statement that is not run, or that the engine gave up: the text says why."""


class Asked(ABC):
    """A warehouse that is asked in SQL."""

    dialect: str
    """The dialect of the statements: one of `DIALECTS`."""

    remarks: tuple[str, ...] = ()
    """What cannot be read, in lines for people."""

    @abstractmethod
    def tables(self) -> list[Listed]:
        """All tables. The days of a tracking log count as one."""

    @abstractmethod
    def columns(self, name: str) -> Schema:
        """The columns of a table `DATASET.TABLE`. Raises `UserError` where there is none."""

    @abstractmethod
    def translated(self, statement: str) -> str:
        """A query in the SQL of the engine. Raises `UserError` where nothing is translated."""

    @abstractmethod
    def run(self, statement: str) -> Result | None:
        """Run one statement; None where it gives no rows.

        Raises `StatementRefusedError` for a statement that would write or cannot be run, also while rows are
        read, and `KeyboardInterrupt`.
        """

    def take_remarks(self) -> tuple[str, ...]:
        """What is to be told now; each line is given once."""
        taken, self.remarks = self.remarks, ()
        return taken

    def interrupt(self) -> None:  # noqa: B027  (most engines hear signals while they wait)
        """Break off the statement that another thread runs, where it does not hear signals itself."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""
