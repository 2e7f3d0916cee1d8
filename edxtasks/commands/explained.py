"""What `-h`, `--help` and `doit help COMMAND` print: doit's form, with the defaults that hold here.

doit prints the defaults that it has by itself, and options that do nothing with tasks of ours.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from doit.cmdparse import CmdOption

IDLE = frozenset(
    {"auto_delayed_regex", "backend", "check_file_uptodate", "codec_cls", "dep_file", "failure_verbosity"}
    | {"force_verbosity", "par_type", "pdb"}
)
"""Options of doit that do nothing with tasks of ours: there is no database of doit's, and no file that doit
itself looks at."""

_SECTIONS = {"task loader": "where the tasks are"}
_LOADER = {
    "dodoFile": "read the tasks from this dodo.py. Default: dodo.py",
    "cwdPath": "work in this folder. Default: that of dodo.py",
    "seek_file": "look for dodo.py in the folders above too",
}


class Explained:
    """Mixed into a command: how it explains itself. `meanings` are words for options in place of doit's own,
    by name; `examples` are lines to type, with what each does."""

    meanings: ClassVar[Mapping[str, str]] = {}
    examples: ClassVar[tuple[tuple[str, str], ...]] = ()

    def help(self) -> str:
        """The whole text."""
        return "\n".join(_lines(self))


def program_of(name: str) -> str:
    """What people type before a command: of `python -m doit`, doit takes the name of the file."""
    return "doit" if name == "__main__.py" else name


def _lines(command: Any) -> Iterator[str]:
    program = program_of(command.bin_name)
    yield "PURPOSE"
    yield from _wrapped(command.doc_purpose, 4)
    yield "\nUSAGE"
    yield from _wrapped(f"{program} {command.get_name()} {command.doc_usage}".rstrip(), 4)
    if command.doc_description:
        yield "\nDESCRIPTION"
        yield from _wrapped(command.doc_description, 4)
    sections: dict[str, list[CmdOption]] = {}
    for option in command.get_options():
        if (option.short or option.long) and option.name not in IDLE:
            sections.setdefault(option.section, []).append(option)
    if sections:
        yield "\nOPTIONS"
    for section, options in sorted(sections.items()):
        if section:
            yield f"\n    {_SECTIONS.get(section, section)}"
        for option in options:
            yield from _option(option, {**_LOADER, **command.meanings}.get(option.name))
    if command.examples:
        yield "\nEXAMPLES"
        width = max(len(line) for line, _ in command.examples)
        yield from (f"    {program} {line:{width}}  # {what}" for line, what in command.examples)


def _option(option: CmdOption, meaning: str | None) -> Iterator[str]:
    yield f"      {option.help_param()}" + (f", --{option.inverse}" if option.inverse else "")
    text = meaning if meaning is not None else option.help % {"default": option.default}
    yield from _wrapped(text, 12)
    if option.choices and meaning is None:
        yield from _wrapped(f"one of {', '.join(sorted(option.choices))}", 12)


def _wrapped(text: str, indent: int) -> Iterable[str]:
    blanks = " " * indent
    width = min(100, max(60, shutil.get_terminal_size((100, 24)).columns))
    for line in text.strip().splitlines():
        yield from textwrap.wrap(
            line, width, initial_indent=blanks, subsequent_indent=blanks, break_on_hyphens=False
        ) or [""]
