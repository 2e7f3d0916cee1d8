"""Where an expression stands, and how it is translated: by a table of kinds of nodes.

The way is closed: a kind of node without an entry in `TRANSLATIONS` is refused, and so is a function that
is not on the proven list. `operators.py` and `constructs.py` fill the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from edxtasks.warehouse.dialect.coercion import RefusedError, fit, literal_of
from edxtasks.warehouse.dialect.scope import Context, Ctes, Relation, Scope
from edxtasks.warehouse.dialect.types import UNKNOWN, UNREADABLE, Type, Value


@dataclass(frozen=True)
class Place:
    """Where an expression stands: the translation, the names that are visible, the CTEs."""

    context: Context
    scope: Scope
    ctes: Ctes

    def value(self, node: exp.Expression) -> Value:
        """The expression in DuckDB; what cannot be translated becomes a complaint."""
        translate = TRANSLATIONS.get(type(node))
        try:
            if translate is None:
                raise RefusedError(f"{node.key.upper()} is not on the proven list; see docs/sql.md")
            return translate(self, node)
        except RefusedError as refusal:
            return self.context.complain(node, str(refusal))
        except Unreadable:
            return UNREADABLE

    def typed(self, node: exp.Expression, wanted: Type) -> str:
        """The DuckDB text of an expression that must be of type `wanted`."""
        value = self.value(node)
        return "NULL" if value.type == UNKNOWN else fit(value, wanted)

    def with_columns(self, node: exp.Expression) -> tuple[Value, frozenset[str]]:
        """The expression in DuckDB, and the columns of this SELECT's sources of which it is made."""
        before = set(self.scope.used)
        self.scope.used.clear()  # in place: scopes share the set
        try:
            value = self.value(node)
            return value, frozenset(self.scope.used)
        finally:
            self.scope.used |= before

    def subquery(self, node: exp.Expression) -> Relation:
        """A query inside an expression; it sees the names around it."""
        with self.context.collected():  # what its conditions read is no part of its value
            result = self.context.relation(self.context, node, self.ctes, self.scope)
        self.context.comes_from(*result.origins)
        return result


@dataclass(frozen=True)
class Call:
    """A call of a function with a builder: its name, its arguments as they are written, its place."""

    name: str
    arguments: list[exp.Expression]
    place: Place
    node: exp.Expression
    over: str = ""
    """` OVER (…)` of a window function, else empty."""
    safe: bool = False
    """Whether `SAFE.` stands before: NULL instead of an error."""

    def take(self, *counts: int) -> None:
        """Refuse another number of arguments."""
        if len(self.arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            raise RefusedError(f"{self.name} takes {wanted} arguments, found {len(self.arguments)}")

    def value(self, index: int) -> Value:
        """An argument of any type. Raises `Unreadable` if it was complained about."""
        value = self.place.value(self.arguments[index])
        if value.type == UNKNOWN:
            raise Unreadable
        return value

    def typed(self, index: int, wanted: Type) -> str:
        """The DuckDB text of an argument that must be of type `wanted`."""
        return fit(self.value(index), wanted)

    def literal(self, index: int) -> str:
        """An argument that must be a STRING literal."""
        found = literal_of(self.arguments[index])
        if found is None:
            raise RefusedError(f"{self.name}: argument {index + 1} must be a literal")
        return found


class Unreadable(Exception):
    """An argument was complained about already."""


Translation = Callable[[Place, exp.Expression], Value]
TRANSLATIONS: dict[type[exp.Expression], Translation] = {}
"""What each kind of node becomes."""
