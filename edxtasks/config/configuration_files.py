"""Configuration files: the keys and values in a `.toml` file or in the predecessor's `.py` module."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from edxtasks.config.settings import SECTIONS, SETTINGS
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest

Place = tuple[str, str]
"""Section ("" = top level) and name of a setting."""

LOWER_CASE = (
    "course_id_list",
    "courses",
    "course_axis_pin_dates",
    "auth_key_file",
    "extra_external_commands",
)
"""Settings that stand in lower case in a `.py` configuration; all others in upper case."""

WITHOUT_USE = ("auth_service_acct", "ORG_LIST", "EDX_USER", "EDX_PW", "PRIVATE_PATH")
"""Names of a `.py` configuration that are accepted and have no use."""


def python_name(section: str, name: str) -> str:
    """The name of a setting in a `.py` configuration."""
    if (section, name) == ("mongo", "dbname"):
        return "DEFAULT_MONGO_DB"
    if name in ("path", "uri"):
        return f"{section}_{name}".upper()
    return name if name in LOWER_CASE else name.upper()


PYTHON_NAMES: Mapping[str, Place] = {
    **{python_name(*place): place for place in SETTINGS},
    "DBNAME": ("mongo", "dbname"),
    "URI": ("mongo", "uri"),
}
"""The settings by their names in a `.py` configuration; `PATH` would be two."""


def read_toml(file: Path) -> dict[Place, Any]:
    """The keys of a TOML file with their values as TOML has them.

    Raises `SettingsError` when the file is not TOML, or a key is unknown or in another section than its own.
    """
    import tomllib

    try:
        # A byte order mark, which some editors write, is not TOML.
        document = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 text (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"{file} is not TOML that can be read: it is nested too deep, or a number has too many digits"
        ) from None
    found: dict[Place, Any] = {}
    for key, value in document.items():
        if key not in SECTIONS:
            if isinstance(value, dict) and ("", key) not in SETTINGS:
                raise SettingsError(f"{file}: there is no section [{shorten(key)}]{nearest(key, SECTIONS)}")
            found[_known(file, "", key)] = value
        elif not isinstance(value, dict):
            raise SettingsError(f"{file}: {key} is a section: write [{key}], and its keys below" + _hint(key))
        else:
            found.update({_known(file, key, name): item for name, item in value.items()})
    return found


def _hint(section: str) -> str:
    owners = [entry.section for entry in SETTINGS.values() if entry.name == section and entry.section]
    return f". The setting {section} stands in [{owners[0]}]" if owners else ""


def _known(file: Path, section: str, name: str) -> Place:
    if (section, name) in SETTINGS:
        return section, name
    place = f"[{section}] of {file}" if section else str(file)
    homes = [entry.place for entry in SETTINGS.values() if entry.name == name]
    if homes:
        raise SettingsError(f"{place}: {name} stands in {' or '.join(homes)}, not here")
    here = [*(known for home, known in SETTINGS if home == section), *(SECTIONS if not section else ())]
    everywhere = [known for _, known in SETTINGS]
    raise SettingsError(
        f'{place}: "{shorten(name)}" is not a setting' + (nearest(name, here) or nearest(name, everywhere))
    )


def read_python(file: Path) -> tuple[dict[Place, Any], list[str]]:
    """The settings that the predecessor's configuration module sets, and notices.

    The file is executed, as the predecessor did; modules beside it can be imported. None means "not set".
    Names that are no settings stay the file's own affair, but for what looks like a misspelt setting.
    """
    names = _execute(file)
    found: dict[Place, Any] = {}
    for name, value in names.items():
        place = PYTHON_NAMES.get(name)
        if place is not None and value is not None and found.setdefault(place, value) != value:
            raise SettingsError(f"{file}: {name} and {python_name(*place)} are one setting, with two values")
    notices: list[str] = []
    foreign: list[str] = []
    for name, value in names.items():
        if name in PYTHON_NAMES or name in WITHOUT_USE or name.startswith("_"):
            continue
        if isinstance(value, ModuleType | FunctionType | type):
            continue
        right = name.lower() if name.lower() in LOWER_CASE else name.upper()
        if right in PYTHON_NAMES:
            if right not in names:
                notices.append(f"{file}: {name} is not read; as a setting it is written {right}")
        elif name.isupper():
            _refuse_misspelling(file, name, names)
            foreign.append(name)
    if foreign:
        notices.append(f"{file}: not read, since no settings: {', '.join(foreign)}")
    return found, notices


def _refuse_misspelling(file: Path, name: str, names: Mapping[str, Any]) -> None:
    import difflib

    # A helper constant beside the setting that it serves (COURSE_SQL_BASE for COURSE_SQL_BASE_DIR) is none.
    close = difflib.get_close_matches(name, PYTHON_NAMES, n=1, cutoff=0.8)
    if close and close[0] not in names:
        raise SettingsError(f'{file}: "{name}" is not a setting; did you mean "{close[0]}"?')


def _execute(file: Path) -> dict[str, Any]:
    import runpy

    try:
        # What the file prints is a message, and standard output carries data only.
        with contextlib.redirect_stdout(sys.stderr), _importable(file.parent):
            return runpy.run_path(str(file), run_name=file.stem)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a person's own code may raise anything
        # Neither the message nor the line of the file: both may hold a key or a password.
        line = _line(file, error)
        where = f" in line {line}" if line else ""
        raise SettingsError(f"{file} cannot be executed: {type(error).__name__}{where}") from None


def _line(file: Path, error: BaseException) -> int | None:
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(file) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))
