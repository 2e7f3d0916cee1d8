"""Commands that work in steps: `only_step=A,B` makes the tables of these steps alone, `nskip=N` those behind
the first N.

A table says its steps: `NAME`, or `NUMBER NAME` where the steps of the command are in order. Then a step is
also named by its place in that order, and `nskip` counts by it; the number is what they are sorted by, since
one step may stand for several tables, and one number for several steps. `step: NAME (on request)`: the table
is made by its command only where one of its steps is named.

Inputs of a table are built as always. But those that `nskip` leaves out are taken as they stand, and with
`only_step` so is all that a command with its steps in order reads: it makes reports of what is finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edxtasks.config import Options
from edxtasks.errors import SettingsError, nearest
from edxtasks.printable import printable
from edxtasks.table import Table


@dataclass(frozen=True)
class ChosenSteps:
    """What commands make in the steps that a person chose.

    `commands`: the tables that each command makes. Of the named commands whose steps are in order `kept` are
    the tables that are made, `skipped` those that `nskip` or `only_step` left out; `alone`: nothing is built
    for the former. `remarks` are messages for people.
    """

    commands: Mapping[str, list[str]]
    kept: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()
    alone: bool = False
    remarks: tuple[str, ...] = ()


def of_steps(
    registry: Mapping[str, Table],
    commands: Mapping[str, Sequence[str]],
    options: Options,
    words: Iterable[str],
) -> ChosenSteps:
    """The steps that `only_step` and `nskip` choose. `words` are the tasks that a person named.

    Raises `SettingsError` for a step that none of their commands has, with those that they have, and where
    `nskip` leaves nothing.
    """
    named = [word for word in dict.fromkeys(word.partition(":")[0] for word in words) if word in commands]
    tables = {command: [registry[name] for name in commands[command]] for command in named}
    orders = {command: order for command in named if (order := in_order(tables[command]))}
    known = [
        step
        for command, of_command in tables.items()
        for step in orders.get(command) or sorted({step for table in of_command for step in _steps(table)})
    ]
    _refuse_unknown(options.only_step, named, known, max(map(len, orders.values()), default=0))
    if options.nskip and orders and all(options.nskip >= len(order) for order in orders.values()):
        of_all = f"the steps of {', '.join(orders)} are {', '.join(known)}"
        raise SettingsError(f"nskip={options.nskip} leaves nothing to do: {of_all}")
    made = {
        command: [name for name in names if not registry[name].on_request]
        for command, names in commands.items()
    }
    for command, of_command in tables.items():
        made[command] = [one.name for one in of_command if _is_made(one, orders.get(command, []), options)]
    in_steps = {name for command in orders for name in commands[command]}
    kept = {name for command in orders for name in made[command]}
    without = ", ".join(named) or "what is asked for"
    no_effect = f"nskip={options.nskip} has no effect: {without} has no numbered steps"
    return ChosenSteps(
        made,
        kept=frozenset(kept),
        skipped=frozenset(in_steps - kept),
        alone=bool(options.only_step and orders),
        remarks=(no_effect,) if options.nskip and not orders else (),
    )


def in_order(tables: Iterable[Table]) -> list[str]:
    """The names of the steps that are in an order, in it; [] where none is."""
    found: dict[str, int] = {}
    for table in tables:
        for step in table.steps:
            number, _, name = step.partition(" ")
            if name and number.isdecimal():
                found.setdefault(name, int(number))
    return sorted(found, key=lambda name: found[name])


def _refuse_unknown(
    only_step: Sequence[str], named: Sequence[str], known: Sequence[str], places: int
) -> None:
    for step in only_step:
        if not known:
            raise SettingsError(
                f"only_step={printable(step)}: {', '.join(named) or 'what is asked for'} has no steps"
            )
        if step not in known and not (step.isdecimal() and 0 < int(step) <= places):
            raise SettingsError(
                f"only_step={printable(step)}: the steps of {', '.join(named)} are {', '.join(known)}"
                f"{nearest(step, known)}"
            )


def _is_made(table: Table, order: Sequence[str], options: Options) -> bool:
    """Whether a named command makes a table, of the steps in their order, [] where they have none."""
    steps = set(_steps(table))
    if not steps:
        return not table.on_request
    if options.only_step:
        steps &= {_name(step, order) for step in options.only_step}
    elif table.on_request:
        return False
    return bool(steps - set(order[: options.nskip]))


def _name(step: str, order: Sequence[str]) -> str:
    """The name of a step that may be named by its place."""
    return order[int(step) - 1] if step.isdecimal() and 0 < int(step) <= len(order) else step


def _steps(table: Table) -> list[str]:
    """The names of the steps of a table: of `10 email_addresses` the name."""
    return [step.partition(" ")[2] or step for step in table.steps]
