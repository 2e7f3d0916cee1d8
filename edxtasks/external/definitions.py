"""External commands: which there are, and what each one runs (docs/external.md).

A command is an entry of the setting `extra_external_commands`, laid over the entry that it names as
`default_parameters`, else over `DEFAULT`; an office's `DEFAULT` is laid over ours.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edxtasks.config import Settings
from edxtasks.errors import nearest
from edxtasks.printable import listed, printable
from edxtasks.warehouse.base import NAME

SETTING = "extra_external_commands"
DEFAULT = "DEFAULT"
STATA = "stata"

_ON_A_MAC = "/Applications/Stata/StataMP.app/Contents/MacOS/stata-mp -b do {script_name}"
_DEFAULTS: Mapping[str, Any] = {
    "type": STATA,
    "script_fn": "STATA/{filename_prefix}-{cidns}.do",
    "script_cmd": _ON_A_MAC if sys.platform == "darwin" else "stata -b do {script_name}",
    "run_dir": "{working_dir}",
    "logs_dir": "LOGS",
    "condor_job_template": "{lib}/condor/condor_job.template",
    "condor_cmd": "run_stata.sh",
}
_BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "R_mirt": {
        "name": "R_mirt",
        "description": "item_irt_grm_R and person_theta_R: a graded response model fitted by R's mirt",
        "type": "R",
        "template": "{lib}/R/mirt.R.template",
        "script_fn": "R/{filename_prefix}-{cidns}.R",
        "script_cmd": "Rscript --vanilla {script_name}",
        "depends_on": "person_problem_wide",
        "looks_at": ["item_irt_grm", "person_irtgrm_theta"],
        "output_table": ["item_irt_grm_R", "person_theta_R"],
        "condor_cmd": "run_R.sh",
    }
}
NATIVE: Mapping[str, str] = {"irt_grm": "irt_grm", "ppwide": "ppwide", "reliability": "reliability"}
"""Commands that need no program: the command of tables behind each."""

_TEXTS = (
    "name",
    "description",
    "type",
    "template",
    "filename_prefix",
    "script_fn",
    "script_cmd",
    "run_dir",
    "logs_dir",
    "condor_job_template",
    "condor_cmd",
    "default_parameters",
)
_TABLES = ("depends_on", "looks_at", "output_table")
_COMMAND = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_LIKE = 0.8
"""How like the name of a key another one is that was most likely meant to be it."""


@dataclass(frozen=True)
class Definition:
    """An external command: its name, its settings by key, and the tables that it reads and writes.

    `looks_at` are tables that it can do without, and that are not made for it. `fault` is what is wrong with
    its entry, for people: it cannot be run.
    """

    name: str
    values: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()
    output_table: tuple[str, ...] = ()
    fault: str = ""

    def text(self, key: str) -> str:
        """The value of a key, "" where it is not given."""
        return str(self.values.get(key) or "")

    @property
    def title(self) -> str:
        """What `doit list` says of it."""
        described = self.text("description") or self.text("name")
        return described if described and described != self.name else f"run {self.name}"


def definitions(settings: Settings) -> dict[str, Definition]:
    """The external commands by name, those that are native left out."""
    own = settings.extra_external_commands
    defaults = {**_DEFAULTS, **own.get(DEFAULT, {})}
    entries = {**_BUILT_IN, **{name: entry for name, entry in own.items() if name != DEFAULT}}
    return {name: _definition(name, entry, defaults, entries) for name, entry in sorted(entries.items())}


def native(settings: Settings) -> dict[str, str]:
    """The commands of tables behind native ones, by name; where an office defines the name itself, not."""
    return {name: one for name, one in NATIVE.items() if name not in settings.extra_external_commands}


def _definition(
    name: str, entry: Mapping[str, Any], defaults: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]
) -> Definition:
    values = {**defaults, **_base(entry, entries), "filename_prefix": name, **entry}
    fault = next(_faults(name, values, entries), "")
    if fault:
        return Definition(name, fault=f"{SETTING}, {printable(name)}: {fault}")
    depends_on, looks_at, output_table = (_tables(values.get(key)) for key in _TABLES)
    return Definition(name, values, depends_on, looks_at, output_table)


def _base(entry: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    base = entry.get("default_parameters")
    return entries.get(base, {}) if isinstance(base, str) else {}


def _tables(value: Any) -> tuple[str, ...]:
    return () if not value else (value,) if isinstance(value, str) else tuple(value)


def _faults(name: str, values: Mapping[str, Any], entries: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if not _COMMAND.fullmatch(name):
        yield "expected a name of letters, digits, _ . and -"
    for key, value in values.items():
        yield from _faults_of(key, value)
    base = values.get("default_parameters")
    if base not in (None, DEFAULT) and base not in entries:
        hint = nearest(str(base), [DEFAULT, *entries])
        yield f'default_parameters is "{printable(base)}", and there is no such entry{hint}'
    lacking = [key for key in ("template", "script_fn", "script_cmd") if not values.get(key)]
    if lacking:
        yield f"expected {', '.join(lacking)}, found nothing"
    if not _COMMAND.fullmatch(str(values["filename_prefix"])):
        yield "filename_prefix: expected the beginning of a file name: letters, digits, _ . and -"


def _faults_of(key: str, value: Any) -> Iterator[str]:
    known = (*_TEXTS, *_TABLES)
    if key in _TEXTS and value is not None and not isinstance(value, str):
        yield f"{key}: expected text, found {type(value).__name__}"
    if key in _TABLES:
        names = _tables(value) if isinstance(value, str | list | tuple | None) else (value,)
        if not all(isinstance(one, str) and NAME.fullmatch(one) for one in names):
            yield f"{key}: expected the name of a table, or a list of names: letters, digits, _"
    if key not in known and difflib.get_close_matches(str(key), known, 1, _LIKE):
        yield f'the key "{printable(key)}" is not known{nearest(str(key), known)}'


def unknown(word: str, settings: Settings) -> str:
    """What to say of a name that is no external command, or of none."""
    names = sorted({*definitions(settings), *native(settings)})
    hint = nearest(word, names) if word else ""
    return f"the external commands are {listed(names, len(names))}{hint}"
