"""The table of docs/settings.md that says who heeds each setting, and what it needs.

Made from the declarations of tables, tasks and commands, and from `config/needs.py` for what none of them
declares. `python -m edxtasks.commands.settings_page` prints it, to be pasted into the page; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points

from edxtasks.build.registry import read_registry
from edxtasks.build.table_metadata import settings_of
from edxtasks.commands.plain import DataCommand
from edxtasks.config import SETTINGS
from edxtasks.config.needs import FOR_ALL, HEEDED_BY, NEEDS
from edxtasks.config.settings_tables import markdown_table
from edxtasks.table import Table


def declared(registry: Mapping[str, Table]) -> dict[str, set[str]]:
    """By setting the commands whose tables name it in their declaration, and the commands that take it as an
    option."""
    found: dict[str, set[str]] = {}
    for table in registry.values():
        for setting in settings_of(table):
            of = table.commands[0].name if table.commands else table.task
            found.setdefault(setting.name, set()).add(of)
    for point in entry_points(group="doit.COMMAND"):
        if point.value.startswith("edxtasks."):
            command = point.load()
            for name in command.heeds if issubclass(command, DataCommand) else ():
                found.setdefault(name, set()).add(command.get_name())
    return found


def needs_table(registry: Mapping[str, Table]) -> str:
    """A row for each setting: its name, who heeds it, what it needs."""
    by_declaration = declared(registry)
    rows = []
    for (section, name), entry in SETTINGS.items():
        # `path` of [warehouse] is not what a declaration means by a name.
        told = sorted(by_declaration.get(name, ())) if section in ("", "paths") else []
        heeded = [*HEEDED_BY.get((section, name), ()), *told]
        words = [one if one in FOR_ALL else f"`{one}`" for one in dict.fromkeys(heeded)]
        place = f"`{entry.name}`" + (f" of `[{section}]`" if section else "")
        rows.append((place, ", ".join(words) or "nothing", NEEDS.get((section, name), "")))
    return markdown_table(("setting", "heeded by", "needs"), rows)


if __name__ == "__main__":
    print(needs_table(read_registry(None)))
