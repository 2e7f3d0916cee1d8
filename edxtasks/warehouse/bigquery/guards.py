"""Statements of a script that fail where its rows break a check, before they replace anything.

The counts travel in the message of the failed job: they are numbers, and no values of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from edxtasks.warehouse.base import Fresh, Parameter
from edxtasks.warehouse.bigquery import sql
from edxtasks.warehouse.checks import Question, TableChecks
from edxtasks.warehouse.schema import Schema

_MARK = "edxtasks check failed:"
_STOPPED = re.compile(rf"{_MARK} (\d+):(-?\d+(?:,-?\d+)*)")


class StoppedError(Exception):
    """A guard has stopped a script: its number, and what it has counted."""

    def __init__(self, number: int, counts: tuple[int, ...]) -> None:
        super().__init__(f"{_MARK} {number}:{','.join(map(str, counts))}")
        self.number = number
        self.counts = counts


def stopped(message: str) -> StoppedError | None:
    """The guard that a failed job's message tells of, None where it failed otherwise."""
    found = _STOPPED.search(message)
    return None if found is None else StoppedError(int(found[1]), tuple(map(int, found[2].split(","))))


class Guards:
    """The guards of one script, whose rows are in its temporary table."""

    def __init__(self, checks: TableChecks | None, schema: Schema, project: sql.Project) -> None:
        self.statements: list[str] = []
        self.parameters: dict[str, Parameter] = {}
        self._questions: list[Question] = []
        for question in checks.questions(Fresh(schema)) if checks else ():
            if question.fails:
                text, parameters = sql.resolved(question.query, project)
                self.parameters |= parameters
                self.statements.append(_statement(len(self._questions), question, text))
                self._questions.append(question)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """A block that runs the script. Raises `CheckFailedError` where a guard has stopped it."""
        try:
            yield
        except StoppedError as found:
            self._questions[found.number].heed(found.counts)
            raise  # the counts do not say so


def _statement(number: int, question: Question, text: str) -> str:
    counts = ", ',', ".join(f"CAST({name} AS STRING)" for name in question.query.schema.names)
    return (
        f"SELECT IF({question.fails}, ERROR(CONCAT('{_MARK} {number}:', {counts})), NULL) AS guard\n"
        f"FROM (\n{text}\n)"
    )
