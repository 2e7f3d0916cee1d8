"""`only_step=A,B`: of a command that works in steps, the tables of these steps alone.

What a table is made from is built as always. A table that says `step: NAME (on request)` is made by its
command only where one of its steps is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edxtasks.errors import SettingsError, nearest
from edxtasks.printable import printable
from edxtasks.table import Table


def of_steps(
    registry: Mapping[str, Table],
    commands: Mapping[str, Sequence[str]],
    only_step: Sequence[str],
    words: Iterable[str],
) -> dict[str, list[str]]:
    """The tables that each command makes with `only_step`.

    `words` are the tasks that a person named. Raises `SettingsError` for a step that none of their commands
    has, with those that they have.
    """
    named = [word for word in dict.fromkeys(word.partition(":")[0] for word in words) if word in commands]
    known = dict.fromkeys(
        step for command in named for table in commands[command] for step in _steps(registry[table])
    )
    for step in only_step:
        if not known:
            raise SettingsError(
                f"only_step={printable(step)}: {', '.join(named) or 'what is asked for'} has no steps"
            )
        if step not in known:
            hint = nearest(step, list(known))
            raise SettingsError(
                f"only_step={printable(step)}: the steps of {', '.join(named)} are {', '.join(known)}{hint}"
            )
    return {
        command: [table for table in tables if _is_made(registry[table], only_step)]
        for command, tables in commands.items()
    }


def _is_made(table: Table, only_step: Sequence[str]) -> bool:
    steps = _steps(table)
    if not only_step or not steps:
        return not table.on_request
    return bool(set(steps) & set(only_step))


def _steps(table: Table) -> list[str]:
    """The names of the steps of a table: of `10 email_addresses` the number, and the name."""
    return [word for step in table.steps for word in step.split()]
