"""The script of an external command, made from its template for a course; and its command line.

A template is Jinja2. Values are put in as they are: filters quote them (`sh`, `py`, `r`, `stata`, `condor`).
Names in settings are `{name}`: they are filled in one by one, and one that is not known is an error; in a
template an unknown name is empty text.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from edxtasks.build.context import Context
from edxtasks.config import Options
from edxtasks.course import CourseKey
from edxtasks.errors import InputError, SettingsError, UserError, from_machine, nearest
from edxtasks.external.definitions import SETTING, Definition
from edxtasks.printable import printable, printable_path
from edxtasks.warehouse.base import digest

LIBRARY = Path(__file__).parent / "templates"
PROGRAMS = Path(sys.executable).parent
"""Where the Python that runs us lies, and what is installed with it."""

_NAMED = re.compile(r"\{(\w+)\}", re.ASCII)
_DOTS = re.compile(r"[^A-Za-z0-9_]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MEMORY = 32768
"""Megabytes that a job of HTCondor asks for."""


@dataclass(frozen=True)
class Prepared:
    """An external command for a course: its definition, and what fills its template and its settings."""

    definition: Definition
    root: Path
    values: Mapping[str, Any]

    @classmethod
    def of(cls, definition: Definition, context: Context, course: CourseKey) -> Prepared:
        """Raises `SettingsError` where a setting or option cannot be used."""
        values = _values(definition, context, course)
        prepared = cls(definition, context.settings.root.absolute(), values)
        return dataclasses.replace(prepared, values={**values, **prepared._places()})

    # Places

    def filled(self, key: str) -> str:
        """A setting with its `{names}` filled in. Raises `SettingsError` for one that is not known."""
        return _filled(self.definition.text(key), self.values, f"{SETTING}, {self.definition.name}, {key}")

    def path(self, key: str) -> Path:
        """A setting that is a path; a relative one begins at `root`."""
        return self.root / self.filled(key)

    @property
    def script(self) -> Path:
        """Where the script goes."""
        return self.path("script_fn")

    @property
    def run_dir(self) -> Path:
        """Where the program runs."""
        return self.path("run_dir")

    @property
    def log_file(self) -> Path:
        """Where the output of the program goes."""
        name = f"{self.values['filename_prefix']}-{self.values['cidns']}.log"
        return self.path("logs_dir") / name if self.definition.text("logs_dir") else self.root / name

    def _places(self) -> dict[str, str]:
        return {
            "script_name": str(self.script),
            "template_file": str(self.path("template")),
            "log_file": str(self.log_file),
        }

    # What is run

    def command(self) -> list[str]:
        """The words of the command line. Raises `SettingsError`."""
        place = f"{SETTING}, {self.definition.name}, script_cmd"
        try:
            words = shlex.split(self.definition.text("script_cmd"))
        except ValueError as error:
            raise SettingsError(f"{place}: it cannot be split into words: {error}") from None
        return [_filled(word, self.values, place) for word in words]

    def render(self, template: Path, more: Mapping[str, Any] | None = None) -> str:
        """A template with the values in it. Raises `InputError`, which names its file and line."""
        return _render(template, {**self.values, **(more or {})})

    def condor(self, submit_file: Path) -> str:
        """The submit file of HTCondor."""
        if not self.definition.text("condor_job_template"):
            raise SettingsError(f"{SETTING}, {self.definition.name}: submit_condor needs condor_job_template")
        more = {
            "MEMORY": _MEMORY,
            "arguments": self.values["script_name"],
            "executable": f"CONDOR/{self.filled('condor_cmd')}",
            "input_file": "",
            "filename": str(submit_file),
        }
        return self.render(self.path("condor_job_template"), more)

    @cached_property
    def text(self) -> str:
        """The script."""
        return self.render(self.path("template"))

    def recipe(self) -> str:
        """Changes whenever the script would be another one, or another command would run it.

        The same on every machine and on every day: places and dates are no part of it.
        """
        here = {name: name for name in ("working_dir", "lib_dir", "bin_dir", "python")}
        elsewhere = dataclasses.replace(
            self, values={**self.values, **here, **dict.fromkeys(_places_and_moment(), "")}
        )
        script = elsewhere.render(self.path("template"))
        return digest(script, self.definition.text("script_cmd"), self.definition.text("run_dir"))


def _places_and_moment() -> tuple[str, ...]:
    return ("script_name", "template_file", "log_file", "the_date", "force_recompute", "verbose")


def _values(definition: Definition, context: Context, course: CourseKey) -> dict[str, Any]:
    settings, options = context.settings, context.settings.options
    values = {one.name: _option(one.name, getattr(options, one.name)) for one in dataclasses.fields(Options)}
    cidns = course.directory
    prefix = definition.text("filename_prefix")
    extparam = options.extparam or ""
    values |= dict(definition.values)
    values |= {
        "course_id": course.slash,
        "the_date": f"{datetime.now(UTC):%Y-%m-%d}",
        "cidns": cidns,
        "cidns_nodots": _DOTS.sub("_", cidns),
        "filename_prefix": prefix,
        "filename_prefix_cidns": f"{prefix}__{cidns}",
        "working_dir": str(settings.root.absolute()),
        "table_prefix": context.dataset(course),
        "lib": str(LIBRARY),
        "lib_dir": str(LIBRARY),
        "bin": str(PROGRAMS),
        "bin_dir": str(PROGRAMS),
        "python": sys.executable,
        "extparam": _option("extparam", extparam),
        "extparams": _parameters(extparam),
        "project_id": settings.warehouse.project_id or "local",
        "force_recompute": int(options.force_recompute),
    }
    return values


def _option(name: str, value: Any) -> Any:
    """The value of an option as templates have it. Raises `SettingsError` for text of several lines."""
    if isinstance(value, str) and _CONTROL.search(value):
        raise SettingsError(f"{name}: expected text of one line, without control characters, for a script")
    return "" if value is None else value


def _parameters(text: str) -> dict[str, str | bool]:
    """`a=1,b` as names and values; a name alone is true."""
    pairs = (part.strip().partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): value.strip() if equals else True for name, equals, value in pairs}


def _filled(text: str, values: Mapping[str, Any], place: str) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise SettingsError(f"{place}: {{{match[1]}}} is not known{nearest(match[1], values)}")
        return str(values[match[1]])

    return _NAMED.sub(value, text)


# Templates


def _quoted(quote: str, *doubled: str) -> Any:
    """A filter: text in quotes, with a backslash before these characters."""

    def filtered(value: object) -> str:
        text = str(value)
        for character in doubled:
            text = text.replace(character, f"\\{character}")
        return f"{quote}{text}{quote}"

    return filtered


def _stata(value: object) -> str:
    """Text in compound quotes. Raises `UserError` for what they cannot hold."""
    text = str(value)
    if "`" in text or "'" in text or "$" in text:
        raise UserError("a text with ` or ' or $ cannot be quoted for Stata")
    return f'`"{text}"\''


def _condor(value: object) -> str:
    """One argument in HTCondor's quotes. Raises `UserError` for a comma, which ends a name there."""
    text = str(value)
    if "," in text:
        raise UserError("a file with a comma in its name cannot be given to HTCondor")
    return '"' + "'" + text.replace("'", "''").replace('"', '""') + "'" + '"'


FILTERS = {
    "sh": lambda value: shlex.quote(str(value)),
    "py": lambda value: repr(str(value)),
    "r": _quoted('"', "\\", '"'),
    "stata": _stata,
    "condor": _condor,
}


def _render(template: Path, values: Mapping[str, Any]) -> str:
    from jinja2 import ChainableUndefined, FileSystemLoader, TemplateError, TemplateSyntaxError
    from jinja2.sandbox import SandboxedEnvironment

    shown = printable_path(template)
    if not template.is_file():
        raise InputError(f"{shown}: this template does not exist")
    environment = SandboxedEnvironment(
        autoescape=False,  # a script is no page: its values are quoted by the filters
        keep_trailing_newline=True,
        undefined=ChainableUndefined,
        loader=FileSystemLoader([template.parent, LIBRARY]),
    )
    environment.filters |= FILTERS
    try:
        return environment.get_template(template.name).render(values)
    except TemplateSyntaxError as error:
        raise InputError(f"{shown}, line {error.lineno}: {printable(error.message)}") from None
    except (UserError, TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise InputError(f"{shown}{_line_in(error, template)}: {printable(error)}") from None
    except OSError as error:
        raise from_machine(error) or error from None


def _line_in(error: BaseException, template: Path) -> str:
    """In which line of the template an error was raised."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == template:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line}" if line else ""


def shown(words: Sequence[str]) -> str:
    """A command line as a person would type it."""
    return printable(shlex.join(words), 500)
