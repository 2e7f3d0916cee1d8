"""Loading: configuration file, environment and command line become one `Settings`."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from edxtasks.config.configuration_files import Place, python_name, read_python, read_toml
from edxtasks.config.kinds import InvalidValueError, describe
from edxtasks.config.needs import HEEDED_BY, ON_BIGQUERY
from edxtasks.config.options import ONLY_IN_THE_CLOUD, WITHOUT_EFFECT, Options
from edxtasks.config.settings import OPTIONS, OTHER_NAMES, SECTIONS, SETTINGS, VARIABLES, Entry, Settings
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.printable import printable_path

T = TypeVar("T")

DEFAULT_FILE = Path("config") / "edxtasks.toml"
PREDECESSOR_FILE = "edx2bigquery_config.py"
FROM_ENVIRONMENT: Mapping[str, Place] = {
    "EDXTASKS_API_KEY": ("", "api_key"),
    "EDXTASKS_MONGO_URI": ("mongo", "uri"),
}
"""Secrets that the environment holds; they go before those of a file."""


def load_settings(folder: Path, variables: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
    """The settings of a run.

    `folder` is that of `dodo.py`; `variables` are the `name=value` words of the command line (`-` may
    stand for `_` in a name); `environment` is `os.environ`. The configuration file is `config=FILE`, else
    `EDXTASKS_CONFIG`, else `config/edxtasks.toml`; without one the defaults hold and a notice says so.
    Every fault raises `SettingsError`, which names file and key and never a secret.
    """
    folder = folder.absolute()
    words = _words(variables)
    notices: list[str] = []
    file = _find(folder, words, environment, notices)
    values: dict[Place, Any] = {}
    if file is not None:
        values = _read(file, folder, notices)
    for variable, place in FROM_ENVIRONMENT.items():
        if environment.get(variable):
            values[place] = _value(SETTINGS[place], environment[variable], f"environment: {variable}")
    _notice_misspelt(environment, notices)
    options = _apply(words, values, notices)
    if options.get("config"):
        options["config"] = file
    _choose_dump(words, values, notices)
    if values.get(("", "timezone")):
        notices.append("timezone has no effect: log_day_timezone moves the borders of log days")
    values["", "root"] = folder / values.get(("", "root"), Path())
    return _assemble(values, Options(**options), file, tuple(notices))


def _assemble(
    values: Mapping[Place, Any], options: Options, file: Path | None, notices: tuple[str, ...]
) -> Settings:
    sections = {
        section: holder(**{name: value for (home, name), value in values.items() if home == section})
        for section, holder in SECTIONS.items()
    }
    top = {name: value for (home, name), value in values.items() if not home}
    return Settings(**top, **sections, options=options, config_file=file, notices=notices)


def load_project(config: str | Path | None = None) -> Settings:
    """The settings of a configuration file; without one of that which EDXTASKS_CONFIG names, else of the
    current folder. For programs in Python, where nobody is told that there is none.

    Raises `SettingsError` for a configuration that cannot be used, and where there is no file.
    """
    settings = load_settings(Path.cwd(), {} if config is None else {"config": str(config)}, os.environ)
    if settings.config_file is None:
        raise SettingsError(
            f"there is no project in {printable_path(Path.cwd())}: expected {DEFAULT_FILE}. Name the "
            "configuration file, or set EDXTASKS_CONFIG"
        )
    return settings


def _words(variables: Mapping[str, str]) -> dict[str, str]:
    words: dict[str, str] = {}
    for written, text in variables.items():
        name = written.replace("-", "_")
        if name in words:
            raise SettingsError(f"command line: {name} is given twice")
        words[name] = text
    return words


def _find(
    folder: Path, words: Mapping[str, str], environment: Mapping[str, str], notices: list[str]
) -> Path | None:
    for text, origin in (
        (words.get("config"), "config="),
        (environment.get("EDXTASKS_CONFIG"), "the environment variable EDXTASKS_CONFIG"),
    ):
        if text:
            file: Path = folder / _value(OPTIONS["config"], text, origin)
            if not file.exists():
                raise SettingsError(f"the configuration file {file}, named by {origin}, does not exist")
            return _refuse_no_file(file)
    file = folder / DEFAULT_FILE
    if file.exists():
        return _refuse_no_file(file)
    notice = f"no configuration file ({file}): the defaults hold"
    if (folder / PREDECESSOR_FILE).is_file():
        notice += f"; to use {PREDECESSOR_FILE}: config={PREDECESSOR_FILE}"
    notices.append(notice)
    return None


def _refuse_no_file(file: Path) -> Path:
    """The path of a configuration that is there. Raises `SettingsError` where it is no file."""
    if not file.is_file():
        raise SettingsError(f"{file}: expected the configuration file, found a folder or a device")
    return file


def _read(file: Path, folder: Path, notices: list[str]) -> dict[Place, Any]:
    if file.suffix == ".toml":
        found = read_toml(file)
    elif file.suffix == ".py":
        found, heard = read_python(file)
        notices.extend(heard)
    else:
        raise SettingsError(f"the configuration file {file} is neither .toml nor .py")
    python = file.suffix == ".py"
    values = checked_values(file, found)
    if python:
        base = file.absolute().parent / values.get(("", "root"), Path())
        values = {place: _beside(base, place, value) for place, value in values.items()}
        values.setdefault(("", "json_text_form"), "predecessor")
        if ("warehouse", "project_id") in values and ("warehouse", "engine") not in values:
            notices.append('tables are made here, by DuckDB; to make them in BigQuery: ENGINE = "bigquery"')
    else:
        _refuse_secrets(file, folder, values)
    return values


def checked_values(file: Path, found: Mapping[Place, Any]) -> dict[Place, Any]:
    """The keys of a configuration file with their values as the settings have them.

    Raises `SettingsError` for a value that does not fit its setting.
    """
    python = file.suffix == ".py"
    values: dict[Place, Any] = {}
    for place, raw in found.items():
        key = python_name(*place) if python else ".".join(filter(None, place))
        values[place] = _value(SETTINGS[place], raw, f"{file}: {key}")
    return values


def _beside(base: Path, place: Place, value: Any) -> Any:
    """A path of the predecessor's file as that means it: from where the file lies."""
    if place == ("", "root"):
        return base
    if place == ("paths", "tlfn") and value is not None and not Path(value).is_absolute():
        return str(Path(glob.escape(str(base))) / value)
    return base / value if isinstance(value, Path) else value


def _refuse_secrets(file: Path, folder: Path, values: Mapping[Place, Any]) -> None:
    """A secret may stand in a file outside the project, never in the project's own configuration."""
    if not file.resolve().is_relative_to(folder.resolve()):
        return
    for variable, place in FROM_ENVIRONMENT.items():
        value = values.get(place)
        if value and (place != ("mongo", "uri") or holds_secret(value)):
            key = ".".join(filter(None, place))
            raise SettingsError(
                f"{file}: {key} holds a secret, which does not belong in the project's configuration: "
                f"take it out and set the environment variable {variable}"
            )


def holds_secret(uri: str) -> bool:
    """Whether the address of a MongoDB holds a password or token."""
    user = uri.partition("://")[2].rpartition("@")[0]
    tail = uri.rpartition("?")[2].lower() if "?" in uri else ""
    return ":" in user or "password" in tail or "token" in tail


def _value(entry: Entry, raw: object, where: str, *, typed: bool = False) -> Any:
    """`raw` as the kind of `entry` reads it; `typed`: as text of a command line."""
    if raw == "" and entry.default is None and entry.kind.blank_is_absent:
        return None
    try:
        if typed and entry.kind.parse is not None:
            return entry.kind.parse(str(raw))
        return entry.kind.read(raw)
    except InvalidValueError as unfit:
        detail = f" ({unfit})" if str(unfit) and not entry.secret else ""
        raise SettingsError(
            f"{where}: expected {entry.kind.expected}, found {describe(raw, entry.secret)}{detail}"
        ) from None


def _apply(words: Mapping[str, str], values: dict[Place, Any], notices: list[str]) -> dict[str, Any]:
    """Put what the command line says over `values`; give the options."""
    options: dict[str, Any] = {}
    only_on_bigquery: list[str] = []
    for name, text in words.items():
        if name in WITHOUT_EFFECT:
            notices.append(f"{name} is accepted and has no effect")
            continue
        known = setting_of(name)
        where = f"command line: {name}"
        if name in OPTIONS and name not in OTHER_NAMES:
            options[name] = _value(OPTIONS[name], text, where, typed=True)
        if known is not None:
            values[known] = _value(SETTINGS[known], text, where, typed=True)
            if HEEDED_BY.get(known) == (ON_BIGQUERY,):
                only_on_bigquery.append(name)
    if options.get("dynamic_dates"):
        if words.get("filename_dates") and values.get(("", "filename_dates")):
            raise SettingsError("command line: dynamic_dates and filename_dates say the opposite")
        values["", "filename_dates"] = False
    start, end = options.get("start_date"), options.get("end_date")
    if start is not None and end is not None and start > end:
        raise SettingsError(f"command line: start_date {start} is after end_date {end}")
    engine = values.get(("warehouse", "engine"), SETTINGS["warehouse", "engine"].default)
    given = [name for name in ONLY_IN_THE_CLOUD if options.get(name)]
    given += only_on_bigquery
    if given and engine != "bigquery":
        notices.append(
            f"{', '.join(given)}: without effect with the embedded engine, whose tables and files are folders"
        )
    given = [name for name in ("parallel", "max_parallel") if options.get(name)]
    if given:
        notices.append(f"{', '.join(given)}: the number of processes is doit's own option -n N")
    return options


def _choose_dump(words: Mapping[str, str], values: dict[Place, Any], notices: list[str]) -> None:
    """Let a date that is typed go before the setting `latest_sql_dir`, and tell where both are configured."""
    latest, dated = ("", "latest_sql_dir"), ("paths", "course_sql_date_dir")
    if not values.get(latest) or not values.get(dated) or "latest_sql_dir" in words:
        return
    if {"course_date_dir", "course_sql_date_dir"} & words.keys():
        values[latest] = False
    else:
        notices.append(
            f"latest_sql_dir is set: the newest dump of each course is read, and course_sql_date_dir "
            f"({values[dated]}) is not used"
        )


def setting_of(name: str) -> Place | None:
    """The setting that the word `name=…` of a command line overrides, None for a mere option.

    Raises `SettingsError` for a setting that cannot be said there, and for a word that is neither.
    """
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    for place in (("", name), ("paths", name)):
        entry = SETTINGS.get(place)
        if entry is None or name == "courses":
            continue
        if entry.secret:
            raise SettingsError(
                f"command line: {name} is a secret, and a command line is seen by others: "
                f"set the environment variable EDXTASKS_{name.upper()}"
            )
        if entry.kind.parse is None:
            raise SettingsError(f"command line: {name} is a table, it stands in the configuration file")
        return place
    if name in OPTIONS:
        return None
    homes = [entry.place for entry in SETTINGS.values() if entry.name == name]
    if homes:
        raise SettingsError(
            f"command line: {name} is a setting of {' and '.join(homes)}: it stands in the configuration file"
        )
    raise SettingsError(
        f'command line: "{shorten(name)}" is not a setting or option{nearest(name, VARIABLES)}'
    )


def _notice_misspelt(environment: Mapping[str, str], notices: list[str]) -> None:
    known = ("EDXTASKS_CONFIG", *FROM_ENVIRONMENT)
    notices.extend(
        f"the environment variable {name} is not read{nearest(name, known)}"
        for name in sorted(environment)
        if name.startswith("EDXTASKS_") and name not in known and nearest(name, known)
    )


@overload
def required(settings: Settings, key: str) -> Any: ...
@overload
def required(settings: Settings, key: str, kind: type[T]) -> T: ...
def required(settings: Settings, key: str, kind: type[Any] | None = None) -> Any:
    """The value of the setting `key` (`paths.dump_dir`, or `org` for the top level), never None.

    `kind` says its type to a type checker: `required(settings, "paths.dump_dir", Path)`. Raises
    `SettingsError` that names the key and how to set it, when it is not set.
    """
    section, _, name = key.rpartition(".")
    entry = SETTINGS[section, name]
    value = getattr(getattr(settings, section) if section else settings, name)
    if value is None or value == "":
        raise SettingsError(_how_to_set(settings, entry))
    if kind is not None and not isinstance(value, kind):
        raise TypeError(f"{key} is of type {type(value).__name__}, not {kind.__name__}")
    return value


def _how_to_set(settings: Settings, entry: Entry) -> str:
    file = settings.config_file
    key = f"{entry.section}.{entry.name}" if entry.section else entry.name
    ways: list[str] = []
    if not entry.secret:
        if file is not None and file.suffix == ".py":
            ways.append(f"{python_name(entry.section, entry.name)} in {file}")
        else:
            place = f"in {entry.place} " if entry.section else "at the top level "
            ways.append(f"{entry.name} {place}of {file or settings.root / DEFAULT_FILE}")
        if entry.section in ("", "paths"):
            ways.append(f"{entry.name}=… on the command line")
    ways.extend(
        f"the environment variable {name}"
        for name, place in FROM_ENVIRONMENT.items()
        if place == (entry.section, entry.name)
    )
    what = entry.what.rstrip(".")
    return f"the setting {key} is needed and not set ({what}); set {', or '.join(ways)}"


def with_options(settings: Settings, **changes: Any) -> Settings:
    """`settings` with other options: `with_options(settings, skip_geoip=True)`. For commands and tests."""
    return dataclasses.replace(settings, options=dataclasses.replace(settings.options, **changes))
