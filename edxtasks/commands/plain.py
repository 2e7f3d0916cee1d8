"""What the commands share that print, filter, export or delete: settings, courses, options, errors.

They need no dodo.py. Data go to stdout, everything else to stderr.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from doit import doit_cmd
from doit.cmd_base import Command
from doit.cmdparse import CmdOption, CmdParse

from edxtasks.commands.any_order import AnyOrder
from edxtasks.commands.ending import FAILED, WRONG_COMMAND_LINE, EndsWell
from edxtasks.config import (
    OPTIONS,
    OTHER_NAMES,
    SETTINGS,
    VARIABLES,
    WITHOUT_EFFECT,
    Entry,
    Settings,
    chosen_courses,
    known_courses,
    load_settings,
    written_courses,
)
from edxtasks.config.kinds import FLAG, InvalidValueError, parse_flag
from edxtasks.config.needs import FOR_ALL, HEEDED_BY
from edxtasks.course import CourseKey, shorten
from edxtasks.errors import SettingsError, SourceAbsentError, UserError, from_machine, nearest
from edxtasks.messages import Messages
from edxtasks.printable import say
from edxtasks.scratch import keep_to

_SELECTION = ("clist", "clist_from_missing_table", "dataset_latest", "year2")
_OF_COURSES = ("courses", "clist", "clist_from_missing_table", "year2")
_ACCEPTED = ("verbose", "parallel", "max_parallel")
"""Options of every run that are accepted here and do nothing, which is said."""

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    `courses` are the chosen ones, of a command that takes courses, and `written` the texts that name them,
    doubles and all; `words` the words that are no options, of one that does not; `options` the values of the
    command's own options by name, written `--name` or `name=`.
    """

    settings: Settings
    courses: tuple[CourseKey, ...]
    words: tuple[str, ...]
    options: Mapping[str, Any]
    written: tuple[str, ...] = ()


class DataCommand(EndsWell, Command):  # type: ignore[misc]
    """A doit command outside the graph.

    A subclass says what it takes: `takes_courses`, with the options of `_SELECTION`, and `takes_all_courses`
    where none named means all that the configuration names; `takes_words`, the most
    words it takes otherwise (None: any number); `heeds`, names of settings and doit variables that are
    options here (`logs_dir` is `--logs-dir`); `means`, what they mean here where that is not what they mean
    to tasks; `cmd_options`, options of its own in doit's form; `joins`, the option that a word with "=" most
    likely belongs to.
    """

    takes_courses: ClassVar[bool] = False
    takes_all_courses: ClassVar[bool] = False
    takes_words: ClassVar[int | None] = 0
    heeds: ClassVar[tuple[str, ...]] = ()
    means: ClassVar[Mapping[str, str]] = {}
    joins: ClassVar[str] = "where"

    @abstractmethod
    def perform(self, request: Request) -> int:
        """Do it and give the exit status. A `UserError` is shown without a traceback."""

    def get_options(self) -> list[CmdOption]:
        """All options, in doit's form."""
        heeded = ("config", *(_SELECTION if self.takes_courses else ()), *self.heeds, *_ACCEPTED)
        told = {"name": "help", "short": "h", "long": "help", "type": bool, "default": False}
        means = {**dict.fromkeys(_ACCEPTED, "accepted, without effect"), **self.means}
        forms = [_form(name, means.get(name)) for name in heeded]
        return [CmdOption(form) for form in (*forms, *self.cmd_options, told | {"help": "show this help"})]

    @property
    def cmdparser(self) -> CmdParse:
        """doit's parser of options, but they may stand anywhere."""
        return AnyOrder(self.get_options(), self.get_name())

    def execute(self, opt_values: Mapping[str, Any], pos_args: Sequence[str]) -> int:
        """Run the command; every fault of a person's becomes a message and an exit status."""
        if opt_values["help"]:
            print(self.help())
            return 0
        try:
            request = self._request(opt_values, pos_args)
        except UserError as error:
            say(f"ERROR: {error}")
            return WRONG_COMMAND_LINE
        keep_to(request.settings.file_mode)
        try:
            return self.perform(request)
        except (UserError, SourceAbsentError) as error:
            say(f"ERROR: {error}")
            return WRONG_COMMAND_LINE if isinstance(error, SettingsError) else FAILED

    def _request(self, given: Mapping[str, Any], words: Sequence[str]) -> Request:
        variables = self._variables()
        own = self._own(given, variables)
        for name in dict.fromkeys(("config", *_SELECTION, *self.heeds, *_ACCEPTED)):
            value = given.get(name)
            if value:
                if name in variables:
                    raise _twice(name)
                variables[name] = "1" if value is True else value
        idle = [name for name in _ACCEPTED if variables.pop(name, None)]
        if idle:
            say(f"{', '.join(idle)}: without effect on {self.get_name()}")
        settings = load_settings(self._folder(), variables, os.environ)
        messages = Messages(list(settings.notices))
        courses: list[CourseKey] = []
        of_all = self.takes_all_courses and not words and not _is_selecting(settings)
        if of_all:
            courses = known_courses(settings, messages)
        elif self.takes_courses:
            courses = chosen_courses(
                settings,
                words,
                without_table=lambda among, table: _without_table(settings, messages, among, table),
                fall_back=False,
                messages=messages,
            )
        elif self.takes_words is not None and len(words) > self.takes_words:
            raise SettingsError(
                f'"{words[self.takes_words]}" is too much: doit {self.get_name()} {self.doc_usage}'.rstrip()
            )
        for line in messages.lines:
            say(line)
        if self.takes_courses:
            written = () if of_all else written_courses(settings, words)
            return Request(settings, tuple(courses), (), own, written)
        return Request(settings, (), tuple(words), own)

    def _own(self, given: Mapping[str, Any], variables: dict[str, str]) -> dict[str, Any]:
        """The values of the command's own options; those that are written `name=value` leave `variables`."""
        own = {}
        for option in self.cmd_options:
            name, value = option["name"], given[option["name"]]
            if name in variables:
                if value != option["default"]:
                    raise _twice(name)
                value = _typed(option, variables.pop(name))
            own[name] = value
        return own

    def _variables(self) -> dict[str, str]:
        """The words `name=value`, which doit has taken out of the line. Those that are no settings were
        meant to be something else, and are refused before they are missed; so are options that this command
        does nothing about."""
        variables: dict[str, str] = {}
        own = {option["name"] for option in self.cmd_options}
        for written, value in (doit_cmd._CMDLINE_VARS or {}).items():
            name = written.replace("-", "_")
            place = next((one for one in (("", name), ("paths", name)) if one in SETTINGS), None)
            known = name in OPTIONS or place is not None or name in own
            if not known and name not in WITHOUT_EFFECT:
                raise SettingsError(
                    f'"{written}" is not a setting or option{nearest(name, [*VARIABLES, *own])}. '
                    'doit takes any word with "=" that does not begin with "-" for name=value: join it to '
                    f"its option, as in --{self.joins}='{written}={value}'"
                )
            if not self.takes_courses and name in _OF_COURSES:
                raise SettingsError(f"{name}={value}: {self.get_name()} takes no courses")
            heeding = {*FOR_ALL, self.get_name()}.intersection(HEEDED_BY.get(place or ("", name), ()))
            if known and not heeding and name not in self._heeded():
                raise SettingsError(f"{name} is not an option of {self.get_name()}: it would do nothing")
            variables[name] = value
        return variables

    def _heeded(self) -> set[str]:
        """The options of a run that mean something to this command."""
        selection = (*_SELECTION, *_OF_COURSES) if self.takes_courses else ()
        own = (option["name"] for option in self.cmd_options)
        return {"config", *_ACCEPTED, *OTHER_NAMES, *selection, *self.heeds, *own}

    def _folder(self) -> Path:
        """Where the configuration is looked for: the folder of the dodo.py that is named, else this one."""
        named = self.opt_vals.get("dodoFile") or os.environ.get("DOIT_FILE")
        return Path(named).absolute().parent if named else Path.cwd()


def _is_selecting(settings: Settings) -> bool:
    """Whether an option chooses courses."""
    return any(getattr(settings.options, name) for name in _OF_COURSES)


def _without_table(
    settings: Settings, messages: Messages, courses: Sequence[CourseKey], table: str
) -> list[CourseKey]:
    from edxtasks.build.table_status import courses_without_table
    from edxtasks.warehouse import open_warehouse

    return courses_without_table(open_warehouse(settings), settings, messages, courses, table)


def each_course(request: Request, work: Callable[[CourseKey], None]) -> int:
    """`each` of the chosen courses."""
    return each(request.courses, work)


def each(items: Iterable[T], work: Callable[[T], None]) -> int:
    """Do `work` for one item after the other, give the exit status. An item that fails is told, and does not
    stop the others."""
    status = 0
    for item in items:
        try:
            work(item)
        except (UserError, SourceAbsentError, OSError) as error:
            if isinstance(error, BrokenPipeError):
                raise  # of what is printed, most likely; a connection that broke ends the command too
            text = str(from_machine(error) or error)
            say(f"ERROR: {text}" if str(item) in text else f"ERROR: {item}: {text}")
            status = FAILED
    return status


def _form(name: str, meaning: str | None = None) -> dict[str, Any]:
    """A setting or doit variable as an option of a command, in doit's form."""
    entry = VARIABLES[name]
    flag = _is_flag(entry)
    what = (meaning or entry.what).replace("`", "").replace("%", "%%")
    return {
        "name": name,
        "short": "v" if name == "verbose" else "",
        "long": _dashed(name),
        "type": bool if flag else str,
        "default": False if flag else "",
        "help": what,
    }


def _twice(name: str) -> SettingsError:
    return SettingsError(f"{name} is given twice, as {name}=… and as --{_dashed(name)}")


def _typed(option: Mapping[str, Any], text: str) -> Any:
    """The value of a command's own option that was written `name=text`."""
    if option["type"] is list:
        return [text]
    if option["type"] is bool:
        try:
            return parse_flag(text)
        except InvalidValueError as unfit:
            raise SettingsError(
                f"{option['name']}={shorten(text)}: expected {FLAG.expected}, {unfit}"
            ) from None
    return CmdOption(option).str2type(text)


def _is_flag(entry: Entry) -> bool:
    return entry.default is False


def _dashed(name: str) -> str:
    return name.replace("_", "-")
