"""`edxtasks init DIR`: a new project, with a configuration that runs as it is."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from edxtasks.commands.plain import DataCommand, Request
from edxtasks.config import DEFAULT_FILE, Settings
from edxtasks.errors import SettingsError
from edxtasks.printable import printable, printable_path

_FROM = {
    "name": "from",
    "long": "from",
    "type": str,
    "default": "",
    "help": "an edx2bigquery_config.py whose settings are taken over",
}


class Init(DataCommand):
    """Write the files of a new project into a folder. What is there already is never replaced."""

    name = "init"
    doc_purpose = "write the files of a new project into a folder"
    doc_usage = "DIR [--from=edx2bigquery_config.py]"
    doc_description = (
        "Writes dodo.py, config/edxtasks.toml and .gitignore, and says what to type next. Without --from the "
        "configuration is that of a simulated campus, with a comment on every line that you will change."
    )
    takes_words = 1
    cmd_options = (_FROM,)

    def _request(self, given: Mapping[str, Any], words: Sequence[str]) -> Request:
        """No configuration is read: this command makes one."""
        own = self._own(given, self._variables())
        if len(words) != 1:
            raise SettingsError(f"expected one folder, found {len(words)}: edxtasks init DIR")
        return Request(Settings(), (), tuple(words), own)

    def perform(self, request: Request) -> int:
        """Write the files. Raises `SettingsError` where one is there already."""
        folder = Path(request.words[0])
        old = Path(request.options["from"]) if request.options["from"] else None
        templates = files("edxtasks.templates")
        contents = {
            Path("dodo.py"): templates.joinpath("dodo.txt").read_text(encoding="utf-8"),
            DEFAULT_FILE: templates.joinpath("edxtasks.toml").read_text(encoding="utf-8"),
            Path(".gitignore"): templates.joinpath("gitignore").read_text(encoding="utf-8"),
        }
        names: tuple[str, ...] = ()
        if old is not None:
            contents[DEFAULT_FILE], names = _taken_over(old)
        present = [str(name) for name in contents if (folder / name).exists()]
        if present:
            raise SettingsError(
                f"{printable_path(folder)} has {', '.join(present)} already: nothing was written. "
                "Name a new folder, or move these away"
            )
        for name, text in contents.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("x", encoding="utf-8") as file:
                file.write(text)
            print(f"written: {printable_path(folder / name)}")
        for line in names:
            print(f"  {printable(line, None)}")
        print("\n".join(["", *_next(folder, old is not None)]))
        return 0


def _taken_over(old: Path) -> tuple[str, tuple[str, ...]]:
    from edxtasks.config.conversion import converted

    if old.suffix != ".py" or not old.is_file():
        raise SettingsError(f"--from={printable_path(old)}: expected an edx2bigquery_config.py that exists")
    result = converted(old)
    return result.text, result.names


def _next(folder: Path, own_data: bool) -> tuple[str, ...]:
    """What to type next: a look around, and how to come to one's own data."""
    plan = "    edxtasks plan       # what would run, and why"
    start = [] if folder.resolve() == Path.cwd() else [f"    cd {shlex.quote(str(folder))}"]
    if own_data:
        return ("Next:", *start, plan, "    edxtasks weekly     # run it")
    return (
        "Next:",
        *start,
        "    edxtasks simulate   # a small made-up campus, to look around",
        "    edxtasks weekly     # build all tables",
        "",
        f'Your own data: in {DEFAULT_FILE} set root = ".", course_id_list, and below [paths] your dump',
        "and your logs. Then:",
        plan,
        "    edxtasks weekly",
    )
