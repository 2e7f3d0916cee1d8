"""Faults of models, told with file and line."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from edxtasks.table import SqlModel, Table
from edxtasks.warehouse.schema import Schema

GOES_ON = re.compile(r"--\s{3,}(\S.*)")
"""A line of a header that goes on with the one before it."""


_LINE = re.compile(r"line (\d+): ")


class HeaderLineError(ValueError):
    """A line of a header that begins a check or a fact and breaks the form; `line` is its number."""

    def __init__(self, fault: str, line: int) -> None:
        super().__init__(fault)
        self.line = line


class ModelError(ValueError):
    """A model file that breaks the form; its text names file, line where there is one, and fault."""

    def __init__(self, path: Path, fault: str, line: int | None = None) -> None:
        super().__init__(path, fault, line)
        self.path, self.fault, self.line = path, fault, line

    def __str__(self) -> str:
        return f"{self.path}{f', line {self.line}' if self.line else ''}: {self.fault}"


def with_line(path: Path, told: str) -> ModelError:
    """The error of a model from `line 3: what is wrong`, or what is wrong alone."""
    line = _LINE.match(told)
    return ModelError(path, told[line.end() :], int(line[1])) if line else ModelError(path, told)


def with_fault(table: Table, fault: str) -> Table:
    """A table whose task fails with `fault`; nothing is built for its sake."""
    return dataclasses.replace(
        table,
        fault=fault,
        inputs={},
        schema=Schema(()),
        partition=None,
        files=(),
        checks=(),
        facts=None,
        grain="",
    )


def with_place(builder: SqlModel, fault: str, *words: str, column: str = "") -> str:
    """A fault of a model with its file, and the line of the output column `column`, or of the first of
    `words` that stands in it."""
    if builder.file is None:
        return fault
    lines = [_line_of_column(builder.sql, column), *(line_with(builder.sql, word) for word in words)]
    # Where columns were put in place of a star, lines are not those of the file.
    known = () if "-- columns:" in builder.sql else filter(None, lines)
    return str(ModelError(builder.file, fault, next(iter(known), None)))


def _line_of_column(text: str, column: str) -> int | None:
    """The line of the output column of this name: it ends before the comment."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(column)},?\s*--\s", re.IGNORECASE)
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if column and pattern.search(line)), None)


def line_with(text: str, word: str) -> int | None:
    """The first line of a model on which a word stands outside of comments, counted from 1."""
    pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)")
    for number, line in enumerate(text.splitlines(), 1):
        if pattern.search(line.partition("--")[0]):
            return number
    return None
