"""The file of a secret key, outside of all data, readable by its owner alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from edxtasks.errors import SettingsError, from_machine
from edxtasks.printable import printable_path

if TYPE_CHECKING:
    from edxtasks.config import Settings

LEAST_BYTES = 32
"""A shorter key is refused: as many bytes as the hash gives."""

LEAST_DIFFERENT = 8
"""A key with fewer different bytes is none that was drawn at random. Hexadecimal digits are 16."""

_MOST_BYTES = 65_536
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_key(settings: Settings, setting: str, use: str, how_to_make: str, if_open: str = "") -> bytes:
    """The key in the file that the setting `setting` of `[paths]` names, for `use`.

    Raises `SettingsError` where there is none, it is too weak, others may read its file (`if_open` says what
    to do then, besides `chmod`), or the file lies where tables or published files do; `how_to_make` ends what
    is said of a missing key.
    """
    path: Path | None = getattr(settings.paths, setting)
    if path is None:
        raise SettingsError(f"there is no key for {use} (setting {setting}). {how_to_make}")
    shown = f"{setting}: {printable_path(path)}"
    _refuse_places(path, shown, settings)
    try:
        content = _content(path, shown, if_open)
    except FileNotFoundError:
        raise SettingsError(f"{shown} does not exist. {how_to_make}") from None
    except OSError as error:
        raise from_machine(error) or error from None
    secret = content.strip()
    if len(content) > _MOST_BYTES:
        raise SettingsError(f"{shown}: expected at most {_MOST_BYTES} bytes, found more: it is no key")
    if len(secret) < LEAST_BYTES or len(set(secret)) < LEAST_DIFFERENT:
        raise SettingsError(
            f"{shown}: expected at least {LEAST_BYTES} random bytes, found fewer, or the same few ones: it "
            f"could be guessed. {how_to_make}"
        )
    return secret


def _content(path: Path, shown: str, if_open: str) -> bytes:
    """What is in the file, or more than a key may have. It is looked at and read while it is open: no other
    one can be put in its place. A pipe, which nobody may write to, is not waited for."""
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _refuse_open(os.fstat(opened), shown, if_open)
        return os.read(opened, _MOST_BYTES + 1)
    finally:
        os.close(opened)


def _refuse_open(status: os.stat_result, shown: str, if_open: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(f"{shown}: expected a file, found a folder or something else")
    if status.st_mode & _OPEN_TO_OTHERS:
        raise SettingsError(
            f"{shown} is open to others than its owner (permissions {stat.S_IMODE(status.st_mode):o}): "
            f"chmod 600 it{if_open}"
        )


def _refuse_places(path: Path, shown: str, settings: Settings) -> None:
    """A key that lies among tables or published files goes where they go."""
    places = {
        "warehouse": settings.warehouse.path,
        "storage": settings.storage.path,
        "folder of state": settings.engine.state,
    }
    for name, place in places.items():
        if any(one.is_relative_to(other) for one, other in _both_ways(path, place)):
            raise SettingsError(
                f"{shown} lies inside the {name}, {printable_path(place)}, and would go wherever that is "
                "copied: move it elsewhere"
            )


def _both_ways(path: Path, place: Path) -> list[tuple[Path, Path]]:
    """The paths as they are written, and where they lead."""
    return [(Path(os.path.normpath(path)), Path(os.path.normpath(place))), (path.resolve(), place.resolve())]
