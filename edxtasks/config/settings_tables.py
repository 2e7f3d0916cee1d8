"""The tables of docs/settings.md, made from the settings and options themselves.

`python -m edxtasks.config.settings_tables` prints them, to be pasted into the page; a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from edxtasks.config.configuration_files import python_name
from edxtasks.config.options import TimeOnTask
from edxtasks.config.settings import OPTIONS, SETTINGS, Entry


def settings_table() -> str:
    """Every setting as a row of a Markdown table: name, section, default, value, meaning, `.py` name."""
    rows = [
        (
            f"`{entry.name}`",
            "secret"
            if entry.secret and not entry.section
            else f"`[{entry.section}]`"
            if entry.section
            else "top",
            default_of(entry),
            entry.kind.expected,
            entry.what,
            f"`{python_name(entry.section, entry.name)}`",
        )
        for entry in SETTINGS.values()
    ]
    return markdown_table(("setting", "section", "default", "value", "what", "in a `.py` file"), rows)


def options_table() -> str:
    """Every option as a row of a Markdown table: name, default, value, meaning."""
    rows = [(f"`{e.name}`", default_of(e), e.kind.expected, e.what) for e in OPTIONS.values()]
    return markdown_table(("option", "default", "value", "what"), rows)


def default_of(entry: Entry) -> str:
    """The default of a setting or option for people, in Markdown."""
    if entry.name == "root":
        return "folder of `dodo.py`"
    if entry.default == Path():
        return "`root`"
    return _shown(entry.default)


def _shown(value: Any) -> str:
    match value:
        case None | () | {} | TimeOnTask():
            return "none"
        case "":
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case int() | str() | Path() | date():
            return f"`{value}`"
        case _:
            raise TypeError(f"no form for a default of type {type(value).__name__}")


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    print(settings_table(), options_table(), sep="\n\n")
