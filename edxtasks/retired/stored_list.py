"""The list of retired learners as a file: digests, a record of each time, and what goes later by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from edxtasks.errors import InputError, SettingsError
from edxtasks.files import write_atomically
from edxtasks.key_file import read_key
from edxtasks.printable import printable_path
from edxtasks.retired.learners import Retired

if TYPE_CHECKING:
    from edxtasks.config import Settings

FORMAT = "edxtasks retired learners 1"

HOW_TO_MAKE = (
    "Make one with: (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE) "
    "and name it: retire_key_file under [paths]. Keep it as long as learners are to stay away"
)


def read_retired(settings: Settings, needed: bool = False) -> Retired:
    """Who is retired, as the list of the settings says; nobody where there is no list.

    Raises `SettingsError` where there is a list (or it is `needed`) and the key is missing, weak, open to
    others, or another than the one that the list was made with; `InputError` where the list is damaged.
    """
    path = settings.paths.retired_list
    form = _form(path)
    if form is None and not needed:
        return Retired()
    retired = Retired(read_key(settings, "retire_key_file", "retired learners", HOW_TO_MAKE))
    if form is None:
        return retired
    shapes = frozenset((before, after) for before, after in form.get("shapes", ()))
    retired = Retired(retired.key, frozenset(form["digests"]), shapes=shapes)
    if form["check value"] != retired.check_value():
        raise SettingsError(
            f"retire_key_file: {printable_path(path)} was made with another key, or was changed by hand: "
            "without its key nobody can tell who is to stay away"
        )
    return retired


def write_retired(settings: Settings, retired: Retired, record: Mapping[str, Any] | None = None) -> None:
    """Write the list, and add to its record, which names nobody."""
    path = settings.paths.retired_list
    form = _form(path) or {"record": []}
    content = {
        "format": FORMAT,
        "check value": retired.check_value(),
        "digests": sorted(retired.digests),
        "shapes": sorted(retired.shapes),
        "gone": form.get("gone", {}),
        "record": [*form["record"], *([record] if record else [])],
    }
    _write(path, content)


def note_gone(settings: Settings, what: str, when: datetime) -> None:
    """Keep in the list, beside the record, when something goes by itself that could not be removed at once:
    `what` names nobody. What is gone by now is left out."""
    path = settings.paths.retired_list
    form = _form(path)
    if form is not None:
        later = max(when, *(moment for name, moment in read_gone(settings).items() if name == what), when)
        gone = {**read_gone(settings), what: later}
        _write(
            path, {**form, "gone": {name: moment.isoformat("T", "minutes") for name, moment in gone.items()}}
        )


def read_gone(settings: Settings) -> dict[str, datetime]:
    """What `note_gone` was told that is still to come, by what it is, the first to go first."""
    form = _form(settings.paths.retired_list) or {}
    gone = {what: datetime.fromisoformat(when) for what, when in form.get("gone", {}).items()}
    now = datetime.now(UTC)
    return dict(sorted(((what, when) for what, when in gone.items() if when > now), key=lambda one: one[1]))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _form(path: Path) -> dict[str, Any] | None:
    try:
        form = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError:
        form = None
    if not isinstance(form, dict) or not _fits(form):
        raise InputError(
            f"{printable_path(path)} is not a list of retired learners, or is damaged (setting retired_list)"
        )
    return form


def _fits(form: Mapping[str, Any]) -> bool:
    """Whether all that is read of a list is of the kind that was written: a person may have changed it."""
    digests, shapes, gone = form.get("digests"), form.get("shapes", []), form.get("gone", {})
    return (
        form.get("format") == FORMAT
        and isinstance(form.get("check value"), str)
        and isinstance(form.get("record"), list)
        and isinstance(digests, list)
        and all(isinstance(digest, str) for digest in digests)
        and isinstance(shapes, list)
        and all(isinstance(shape, list) and [*map(type, shape)] == [int, int] for shape in shapes)
        and isinstance(gone, dict)
        and all(map(_is_moment, gone.values()))
    )


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
