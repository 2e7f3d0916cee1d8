"""Lines typed as edx2bigquery took them: the line to type instead.

There an option was `--end-date=X`, courses stood behind the command as words of their own, and a folder or
file could stand there too. doit would answer such a line with what it knows of its own options.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any

from doit import doit_cmd
from doit.cmdparse import CmdOption

from edxtasks.commands.any_order import options_first
from edxtasks.commands.ending import WRONG_COMMAND_LINE
from edxtasks.config import VARIABLES, WITHOUT_EFFECT
from edxtasks.course import is_key
from edxtasks.printable import printable, say

GUIDE = "docs/from-edx2bigquery.md"
_RUN = "run"
_FILES_OF = {"daily_logs": "tlfn", "make_cinfo": "listings", "staff2bq": "staff", "waldofy": "dump_dir"}
"""By task the option for the file or folder that stood behind the command."""
_OVER_COURSES = frozenset({"combinepc", "makegeoip", "report"})
"""Tasks that have no sub-task for one course."""
_TAKES_FILES = "split"
_EXTERNAL = "external"
_FREE = "extparam"
"""The option whose value may look like an option of ours, name=value."""
_FLAGS_OF_COMMANDS = frozenset(
    {"add_courseid", "download_only", "gzip", "just_get_schema", "only_if_newer", "output_format_json"}
    | {"skip_missing", "skiprun"}
)
_VALUES_OF_COMMANDS = frozenset(
    {"combine_into", "combine_into_table", "course_id_type", "project_id", "output_bucket", _EXTERNAL}
)
_PROCESSES = frozenset({"parallel", "max_parallel"})
"""Options in whose place doit has its own, `-n N`."""


class AnswersOldForms:
    """Mixed into a doit command that runs or looks at tasks: a line in the old form is answered with the new
    one, and nothing is done."""

    def _parsed(self, in_args: Sequence[str]) -> int | None:
        line = None
        if is_ours(in_args, self.opt_vals):  # type: ignore[attr-defined]
            line = instead(
                self.get_name(),  # type: ignore[attr-defined]
                in_args,
                self.get_options(),  # type: ignore[attr-defined]
                doit_cmd._CMDLINE_VARS or {},
                {point.name for point in entry_points(group="doit.COMMAND")},
            )
        if line is not None:
            say(
                "ERROR: this line is written as for edx2bigquery. Options are words name=value here, and a "
                f"course is part of the task's name ({GUIDE}). Type:\n    {printable(line, None)}"
            )
            return WRONG_COMMAND_LINE
        if is_ours(in_args, self.opt_vals):  # type: ignore[attr-defined]
            in_args = options_first(in_args, self.get_options())  # type: ignore[attr-defined]
        status: int | None = super()._parsed(in_args)  # type: ignore[misc]
        return status


def is_ours(words: Sequence[str], loader: Mapping[str, Any]) -> bool:
    """Whether the dodo.py is one of edxtasks, or there is none: others may mean other things by the words."""
    named = [word.partition("=")[2] for word in words if word.startswith("--file=")]
    named += [after for word, after in pairwise(words) if word in {"-f", "--file"}]
    path = Path(named[0] if named else loader.get("dodoFile") or "dodo.py")
    try:
        return "edxtasks" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True


@dataclass
class _Line:
    """A line in parts: words of doit itself, names of tasks or commands, options, courses, files."""

    own: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    options: dict[str, str | None] = field(default_factory=dict)
    courses: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def is_old(self) -> bool:
        return bool(self.options or self.files or (self.courses and self.names)) or (
            len(self.names) > 1 and self.names[0] == _EXTERNAL
        )


def instead(
    command: str,
    words: Sequence[str],
    options: Sequence[CmdOption],
    variables: Mapping[str, str],
    commands: Collection[str] = (),
) -> str | None:
    """The line to type in place of `doit [command] words variables`; None where it is not in the old form.

    `options` are those of the command itself, `commands` the names of all of doit's commands.
    """
    line = _parts(words, options, variables)
    if line is None or not line.is_old:
        return None
    rest = {name: value for name, value in variables.items() if line.options.get(_FREE) != f"{name}={value}"}
    if line.names and line.names[0] in commands and command == _RUN:
        return _for_command(line, rest)
    return _for_tasks(command, line, rest)


def _parts(words: Sequence[str], options: Sequence[CmdOption], variables: Mapping[str, str]) -> _Line | None:
    """The parts of a line; None where an option in it is none that was ever known."""
    line = _Line()
    strange = [
        f"{name}={value}" for name, value in variables.items() if _is_flag(name.replace("-", "_")) is None
    ]
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word == "-":
            _add_word(line, word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        own = _own(word, options)
        if own is not None and not (own.short == "v" and not _is_number(word[2:] or (waiting or [""])[0])):
            line.own.append(word)
            if own.type is not bool and not equals and word in {f"-{own.short}", f"--{own.long}"} and waiting:
                line.own.append(waiting.pop(0))
            continue
        old = "verbose" if word == "-v" else name.replace("-", "_")
        flag = _is_flag(old)
        if flag is None:
            return None
        given: str | None = value if equals else None
        if old == _FREE and not equals and strange:
            given = strange[0]  # doit took it for an option of its own kind
        elif not flag and not equals:
            given = waiting.pop(0) if waiting and not waiting[0].startswith("-") else ""
        line.options[old] = given
    return line


def _own(word: str, options: Sequence[CmdOption]) -> CmdOption | None:
    """The option of the command that a word is, as it is written in full; abbreviations do not count."""
    name = word.partition("=")[0]
    for option in options:
        if option.long and name in {f"--{option.long}", f"--{option.inverse}" if option.inverse else ""}:
            return option
        if option.short and not word.startswith("--") and word.startswith(f"-{option.short}"):
            return option
    return None


def _is_number(text: str) -> bool:
    return text.isdecimal()


def _is_flag(name: str) -> bool | None:
    """Whether an option of the predecessor, or of ours, stands without a value; None for one of neither."""
    entry = VARIABLES.get(name)
    if entry is not None:
        return entry.default is False
    if name in _FLAGS_OF_COMMANDS or name == "limit_query_size":
        return True
    if name in _VALUES_OF_COMMANDS or name in WITHOUT_EFFECT:
        return False
    return None


def _add_word(line: _Line, word: str) -> None:
    if line.names and line.names[-1] == _TAKES_FILES:
        return  # files of raw logs stand behind it here too
    if is_key(word) and not Path(word).exists():
        line.courses.append(word)
    elif line.names and line.names[0] in _FILES_OF and _looks_like_a_path(word):
        line.files.append(word)
    else:
        line.names.append(word)


def _looks_like_a_path(word: str) -> bool:
    return ":" not in word and (any(sign in word for sign in "/.~-") or Path(word).exists())


def _for_command(line: _Line, variables: Mapping[str, str]) -> str:
    """A command that prints or deletes: options as they were, joined to their values, behind its name."""
    options = [
        f"--{name.replace('_', '-')}" + ("" if value is None else f"={value}")
        for name, value in line.options.items()
        if name not in WITHOUT_EFFECT and name not in _PROCESSES
    ]
    return _joined(["doit", *line.names, *options, *line.courses, *_written(variables)])


def _for_tasks(command: str, line: _Line, variables: Mapping[str, str]) -> str:
    options = dict(line.options)
    names = line.names
    if _EXTERNAL in options:
        names = [f"{_EXTERNAL}:{options.pop(_EXTERNAL)}"]
    elif len(names) > 1 and names[0] == _EXTERNAL:
        names = [f"{_EXTERNAL}:{names[1]}", *names[2:]]
    own = list(line.own)
    if options.get("max_parallel"):
        own += ["-n", str(options["max_parallel"])]
    words = [
        f"{name}={'1' if value is None else value}"
        for name, value in options.items()
        if name not in WITHOUT_EFFECT and name not in _PROCESSES
    ]
    words += [f"{_FILES_OF[names[0]]}={file}" for file in line.files]
    # A list of courses goes before courses that are named.
    courses = [] if {"clist", "year2"} & {*options, *variables} else line.courses
    if len(names) == 1 and len(courses) == 1 and _has_sub_tasks(names[0]):
        names = [f"{names[0]}:{courses[0]}"]
    elif courses:
        words.append(f"courses={','.join(courses)}")
    named = [] if command == _RUN else [command]
    return _joined(["doit", *named, *own, *names, *words, *_written(variables)])


def _has_sub_tasks(name: str) -> bool:
    """Whether a course may stand behind a name."""
    return name not in _OVER_COURSES and ":" not in name.removeprefix(f"{_EXTERNAL}:")


def _written(variables: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in variables.items()]


def _joined(words: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, words))
