"""The emulator reads the same text over and over: a statement some twenty times, and seventeen templates of
sqlglot's own for each DuckDB text that it writes. Each text is parsed once here, and a copy of its tree is
given from then on. Runs in the emulator's process."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.expressions import core


def remember() -> None:
    """Keep what was parsed, and copy trees without the detour of `copy.deepcopy`."""
    parse = Dialect.parse

    @lru_cache(maxsize=1024)
    def parsed(dialect: type[Dialect], settings: Any, sql: str, options: Any) -> list[Any]:
        return parse(dialect(**dict(settings)), sql, **dict(options))

    def remembered(self: Dialect, sql: str, **options: Any) -> list[Any]:
        try:
            trees = parsed(type(self), tuple(self.settings.items()), sql, tuple(sorted(options.items())))
        except TypeError:  # an option that has no hash
            return parse(self, sql, **options)
        return [tree.copy() if tree is not None else None for tree in trees]

    Dialect.parse = remembered  # type: ignore[method-assign]
    core.deepcopy = _copied  # type: ignore[assignment, attr-defined]


def _copied(value: Any, memo: Any = None) -> Any:
    """A copy of a tree, or of what hangs on a node: its comments, and where it stood in the text."""
    if isinstance(value, exp.Expression):
        return value.__deepcopy__(memo)
    if type(value) in {dict, list}:
        return value.copy()
    return copy.deepcopy(value, memo)
