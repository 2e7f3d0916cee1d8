"""What may stand at the cursor of a command line: `python -m edxtasks.complete PROGRAM WORD... CURRENT`.

A shell asks at each Tab (`edxtasks completion`), so it has to be quick: the names of tasks, commands and
their options hang on the version of the product and on the office's own programs, and are kept below `state`.
Courses and lists are read from the configuration each time. Whatever goes wrong, nothing is offered: a shell
has no place for a message.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edxtasks import __version__
from edxtasks.caches import read_cache, write_cache
from edxtasks.config import VARIABLES, Settings, known_courses, load_settings
from edxtasks.errors import UserError

CACHE = "completion.json"
_PACKAGE = Path(__file__).parent
_VALUE_FOLLOWS = frozenset({"-n", "-f", "-d", "-k", "-v", "-o", "-r"})
"""doit's own options whose value is a word of its own."""


@dataclass(frozen=True)
class Names:
    """What can be named besides courses.

    `tasks` are all tasks, `of_courses` those with a sub-task for each course. `commands` holds for each what
    it takes (`tasks`, `courses`, `any` of tasks and commands, or "" for neither), `options` its options.
    """

    tasks: Sequence[str]
    of_courses: Sequence[str]
    commands: Mapping[str, str]
    options: Mapping[str, Sequence[str]]


def candidates(words: Sequence[str], current: str, names: Names, settings: Settings) -> list[str]:
    """The words that `current` may be the beginning of, sorted; `words` are those before it, without the
    program."""
    command = _command(words, names)
    if current.startswith("-"):
        return _beginning(names.options.get(command, ()), current)
    name, equals, value = current.partition("=")
    if equals:
        return sorted({f"{name}={one}" for one in _values(name, value, settings)})
    takes = names.commands[command] if command else "tasks"
    found: list[str] = []
    if takes == "courses":
        found += _courses(current, settings)
    elif takes:
        found += _tasks(current, names, settings)
    if takes == "any" or not [one for one in words if not one.startswith("-")]:
        found += _beginning(names.commands, current)
    if current:
        found += _beginning((f"{one}=" for one in VARIABLES), current)
    return sorted(set(found))


def _command(words: Sequence[str], names: Names) -> str:
    """The command that the words begin with, "" for none: then they name tasks."""
    before = ""
    for word in words:
        if not word.startswith("-") and "=" not in word and before not in _VALUE_FOLLOWS:
            return word if word in names.commands else ""
        before = word
    return ""


def _tasks(current: str, names: Names, settings: Settings) -> list[str]:
    found = _beginning(names.tasks, current)
    for place, sign in enumerate(current):
        if sign == ":" and current[:place] in names.of_courses:
            found += [f"{current[: place + 1]}{one}" for one in _courses(current[place + 1 :], settings)]
    return found


def _courses(current: str, settings: Settings) -> list[str]:
    """Keys of courses, in the newer spelling where that is what was begun."""
    keys = known_courses(settings)
    found = _beginning((one.slash for one in keys), current)
    return found + (_beginning((one.opaque for one in keys), current) if current else [])


def _values(name: str, value: str, settings: Settings) -> list[str]:
    name = name.replace("-", "_")
    if name == "clist":
        return _beginning(settings.courses, value)
    if name == "courses":
        before, comma, last = value.rpartition(",")
        named = before.split(",")
        return [f"{before}{comma}{one}" for one in _courses(last, settings) if one not in named]
    entry = VARIABLES.get(name)
    return _beginning(("1",), value) if entry is not None and entry.default is False else []


def _beginning(words: Iterable[str], beginning: str) -> list[str]:
    return [word for word in words if word.startswith(beginning)]


# Names


def known_names(settings: Settings) -> Names:
    """The names, from the cache below `state` where it holds those of this version and configuration."""
    mark, file = _mark(settings), settings.engine.state / CACHE
    kept = read_cache(file)
    if isinstance(kept, dict) and kept.get("mark") == mark:
        return Names(**kept["names"])
    names = _all_names(settings)
    write_cache(file, json.dumps({"mark": mark, "names": asdict(names)}).encode())
    return names


def _mark(settings: Settings) -> list[object]:
    """What the names hang on: the version, the files that declare them, the programs of an office."""
    folders = [_PACKAGE / "commands", _PACKAGE / "tasks", *(_PACKAGE / "tables").iterdir()]
    changed = max(folder.stat().st_mtime_ns for folder in folders)
    return [__version__, changed, *sorted(settings.extra_external_commands)]


def _all_names(settings: Settings) -> Names:
    from edxtasks.build.registry import read_registry
    from edxtasks.graph.task_files import read_tasks
    from edxtasks.graph.tasks import task_kinds

    registry = read_registry(settings.engine.state)
    kinds = task_kinds(registry, read_tasks(registry, settings))
    commands = dict(_commands())
    return Names(
        sorted({*kinds.per_course, *kinds.over_courses, *kinds.others}),
        sorted(kinds.per_course),
        {name: _taken(command) for name, command in commands.items()},
        {name: _options(command) for name, command in commands.items()} | {"": _options(commands["run"])},
    )


def _commands() -> Iterator[tuple[str, Any]]:
    """The commands of doit and of edxtasks, as doit makes them for a command line."""
    from doit.cmd_base import DodoTaskLoader
    from doit.doit_cmd import DoitMain

    found = DoitMain().get_cmds()
    for name in found:
        command = found.get_plugin(name)(task_loader=DodoTaskLoader(), config={}, cmds=found, opt_vals={})
        yield name, command


def _options(command: Any) -> list[str]:
    """The long options of a command; what takes a value ends with `=`."""
    options = [one for one in command.get_options() if one.long]
    return sorted(f"--{one.long}{'' if one.type is bool else '='}" for one in options)


def _taken(command: Any) -> str:
    """What the words behind a command are: see `Names`."""
    if command.get_name() == "help":
        return "any"
    if hasattr(command, "takes_courses"):
        return "courses" if command.takes_courses else ""
    return "tasks"


def is_ours(program: str) -> bool:
    """Whether a program runs our graph in this folder: doit does where dodo.py is ours."""
    dodo = Path("dodo.py")
    if Path(program).name == "edxtasks" and not dodo.is_file():
        return True
    return dodo.is_file() and b"edxtasks" in dodo.read_bytes()


def main(arguments: Sequence[str]) -> int:
    """Print the candidates, one a line."""
    program, *words = arguments
    if not is_ours(program):
        return 0
    *before, current = words or [""]
    given = dict(word.split("=", 1) for word in before if word.startswith("config="))
    try:
        settings = load_settings(Path.cwd(), given, os.environ)
        found = candidates(before, current, known_names(settings), settings)
    except (UserError, OSError):
        return 1
    sys.stdout.write("".join(f"{one}\n" for one in found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
