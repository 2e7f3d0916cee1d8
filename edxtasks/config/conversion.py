"""An `edx2bigquery_config.py` as `edxtasks.toml`: the same settings, each under its own name and section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import tomlkit
from tomlkit.items import Item, Table

from edxtasks.config.configuration_files import PYTHON_NAMES, WITHOUT_USE, Place, python_name, read_python
from edxtasks.config.load_settings import FROM_ENVIRONMENT, checked_values, holds_secret
from edxtasks.config.settings import SECTIONS, SETTINGS
from edxtasks.course import CourseKey
from edxtasks.printable import SHOWN_COURSES, listed, printable

_WIDTH = 49
"""Column of the comments, as in the configuration of a new project."""


@dataclass(frozen=True)
class Converted:
    """`text` is the TOML; `names` says what became of each name of the old file, a line each."""

    text: str
    names: tuple[str, ...]


def converted(file: Path) -> Converted:
    """The settings that the predecessor's configuration module sets, as TOML.

    The file is executed, as the predecessor did. Relative paths of it start where it lies, so `root` is that
    folder. Secrets are left out: they belong in the environment. Raises `SettingsError` where the file cannot
    be used as a configuration.
    """
    found, notices = read_python(file)
    checked_values(file, found)
    root = file.absolute().parent / str(found.pop(("", "root"), "") or "")
    values: dict[Place, Any] = {("", "root"): str(root)}
    values.update({place: plain for place, raw in found.items() if (plain := _plain(raw)) is not None})
    values.setdefault(("", "json_text_form"), "predecessor")
    values.setdefault(("warehouse", "engine"), SETTINGS["warehouse", "engine"].default)
    names = [_became(place) for place in SETTINGS if place in found and place in values]
    for variable, place in FROM_ENVIRONMENT.items():
        if place in values and (place != ("mongo", "uri") or holds_secret(values[place])):
            del values[place]
            names = [line for line in names if not line.startswith(f"{python_name(*place)} ")]
            names.append(
                f"{python_name(*place)}: a secret, not written; set the environment variable {variable}"
            )
    names += _named_twice(found)
    names += [f"{name}: has no use any more" for name in WITHOUT_USE if name in _names_in(file)]
    names += [notice.removeprefix(f"{file}: ") for notice in notices]
    told = {*PYTHON_NAMES, *WITHOUT_USE}
    rest = [
        name for name in _assigned_in(file) if name not in told and not any(name in line for line in notices)
    ]
    if rest:
        names.append(f"not taken over, since no settings: {', '.join(rest)}")
    if ("warehouse", "engine") not in found and ("warehouse", "project_id") in values:
        names.append(
            'engine is "duckdb", tables in files: for tables of the project write engine = "bigquery"'
        )
    return Converted(_document(file, values), tuple(names))


def _became(place: Place) -> str:
    section, name = place
    return f"{python_name(*place)} → {name} " + (f"in [{section}]" if section else "at the top level")


def _named_twice(found: Mapping[Place, Any]) -> Iterator[str]:
    """A line for each list of courses that names one more than once, in whatever form of its key."""
    lists: dict[str, Any] = {"course_id_list": found.get(("", "course_id_list"))}
    lists |= {f"courses, {name}": keys for name, keys in (found.get(("", "courses")) or {}).items()}
    for name, keys in lists.items():
        known = Counter(key for text in keys or () if (key := CourseKey.find(str(text))) is not None)
        if twice := [key.slash for key, number in known.items() if number > 1]:
            yield f"{printable(name)}: named more than once, and taken once: {listed(twice, SHOWN_COURSES)}"


def _names_in(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    return {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line}


def _assigned_in(file: Path) -> list[str]:
    """The names that lines of the file set at its top level, in their order."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return list(dict.fromkeys(re.findall(r"^([^\W\d_]\w*)[ \t]*=(?!=)", text, re.MULTILINE)))


def _plain(raw: object) -> Any:
    """A value of a Python module as TOML has it; None where there is nothing to write."""
    match raw:
        case None:
            return None
        case bool() | int() | float() | str():
            return raw
        case PurePath():
            return str(raw)
        case Mapping():
            return {str(key): plain for key, item in raw.items() if (plain := _plain(item)) is not None}
        case Sequence() | set() | frozenset():
            items = sorted(raw, key=str) if isinstance(raw, set | frozenset) else raw
            return [plain for item in items if (plain := _plain(item)) is not None]
        case _:
            return str(raw)


def _document(file: Path, values: Mapping[Place, Any]) -> str:
    document = tomlkit.document()
    document.add(tomlkit.comment(f"Converted from {file.name}. All settings: docs/settings.md."))
    document.add(tomlkit.nl())
    tables = {name: value for (section, name), value in values.items() if not section and _is_table(value)}
    for place, value in _in_order(values, ""):
        if place[1] not in tables:
            _put(document, place, value)
    for section in SECTIONS:
        of_section = _in_order(values, section)
        if of_section:
            document.add(tomlkit.nl())
            table = tomlkit.table()
            for place, value in of_section:
                _put(table, place, value)
            document.add(section, table)
    for name, value in tables.items():
        document.add(tomlkit.nl())
        document.add(name, tomlkit.item(value))
    return tomlkit.dumps(document)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _in_order(values: Mapping[Place, Any], section: str) -> list[tuple[Place, Any]]:
    return [(place, values[place]) for place in SETTINGS if place[0] == section and place in values]


def _put(table: tomlkit.TOMLDocument | Table, place: Place, value: object) -> None:
    item: Item = tomlkit.item(value)
    if isinstance(value, list) and len(value) > 1:
        item.multiline(True)  # type: ignore[attr-defined]
    else:
        item.comment(SETTINGS[place].what.removesuffix("."))
    table.add(place[1], item)
