"""The key of pseudonyms, kept in a file outside the warehouse, and the pseudonyms of a release.

A pseudonym is HMAC-SHA256 over the name of the release and the user id. Without the key nobody can work out
whose it is, or try all user ids; another release, or another key, gives pseudonyms that are joined to these
by nothing. The key is never printed or stored: a stamp has a check value, made with it.
"""

from __future__ import annotations

import hmac
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.errors import SettingsError, from_machine
from edxtasks.printable import printable_path

LEAST_BYTES = 32
"""A shorter key is refused: as many bytes as the hash gives."""

LEAST_DIFFERENT = 8
"""A key with fewer different bytes is none that was drawn at random. Hexadecimal digits are 16."""

_MOST_BYTES = 65_536
_PSEUDONYM_BYTES = 16
_CHECK_BYTES = 8
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO

HOW_TO_MAKE = (
    "Make one with: (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE) "
    "and name it: deidentify_key_file under [paths]. Keep it as long as the release is to be made again, "
    "and away from the data"
)


@dataclass(frozen=True)
class ReleaseKey:
    """The key, and the release that it is used for. Its text shows neither."""

    secret: bytes = field(repr=False)
    release: str = field(repr=False)

    def pseudonym(self, user_id: int) -> str:
        """The pseudonym of an account in this release: 128 bits as 32 hex digits."""
        return self._digest("pseudonym", str(user_id), _PSEUDONYM_BYTES)

    def check_value(self) -> str:
        """What tells this key and release from others, and nothing else of them."""
        return self._digest("check value", "", _CHECK_BYTES)

    def _digest(self, use: str, text: str, length: int) -> str:
        # Each part with its length before it: no two messages are spelt the same.
        parts = ("edxtasks deidentify", use, self.release, text)
        # A name may hold bytes of a command line that are no UTF-8.
        encoded = [part.encode("utf-8", "surrogateescape") for part in parts]
        message = b"".join(b"%d:%s" % (len(part), part) for part in encoded)
        return hmac.digest(self.secret, message, "sha256")[:length].hex()


def release_key(settings: Settings) -> ReleaseKey:
    """The key of the settings, for the release that they name.

    Raises `SettingsError` where there is no release or no key, the key is too weak, others may read its file,
    or the file lies where tables or published files do.
    """
    release = (settings.deidentify_release or "").strip()
    if not release:
        raise SettingsError(
            "no release is named: pseudonyms are made for one release, so that two cannot be joined. "
            "Name it, and each later one otherwise: deidentify_release=2026-spring"
        )
    return ReleaseKey(_read(settings), release)


def _read(settings: Settings) -> bytes:
    path = settings.paths.deidentify_key_file
    if path is None:
        raise SettingsError(f"there is no key for pseudonyms (setting deidentify_key_file). {HOW_TO_MAKE}")
    shown = f"deidentify_key_file: {printable_path(path)}"
    _refuse_places(path, shown, settings)
    try:
        content = _content(path, shown)
    except FileNotFoundError:
        raise SettingsError(f"{shown} does not exist. {HOW_TO_MAKE}") from None
    except OSError as error:
        raise from_machine(error) or error from None
    secret = content.strip()
    if len(content) > _MOST_BYTES:
        raise SettingsError(f"{shown}: expected at most {_MOST_BYTES} bytes, found more: it is no key")
    if len(secret) < LEAST_BYTES or len(set(secret)) < LEAST_DIFFERENT:
        raise SettingsError(
            f"{shown}: expected at least {LEAST_BYTES} random bytes, found fewer, or the same few ones: it "
            f"could be guessed. {HOW_TO_MAKE}"
        )
    return secret


def _content(path: Path, shown: str) -> bytes:
    """What is in the file, or more than a key may have. It is looked at and read while it is open: no other
    one can be put in its place. A pipe, which nobody may write to, is not waited for."""
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        _refuse_open(os.fstat(opened), shown)
        return os.read(opened, _MOST_BYTES + 1)
    finally:
        os.close(opened)


def _refuse_open(status: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SettingsError(f"{shown}: expected a file, found a folder or something else")
    if status.st_mode & _OPEN_TO_OTHERS:
        raise SettingsError(
            f"{shown} is open to others than its owner (permissions {stat.S_IMODE(status.st_mode):o}): "
            "chmod 600 it. Where others may have read it, make a new key and name a new release"
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
