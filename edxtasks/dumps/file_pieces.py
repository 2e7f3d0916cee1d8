"""Files of this room: plain or gzip, read in pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edxtasks.compression import BROKEN, opened
from edxtasks.errors import InputError
from edxtasks.messages import Messages
from edxtasks.printable import printable_path

PIECE = 1 << 20
"""Bytes read at a time."""

_ARMOUR = b"-----BEGIN PGP"
_SESSION_KEYS = (1, 3)
"""Tags of the packets that an encrypted OpenPGP message begins with: a session key for a public key, or for a
password (RFC 9580, section 5)."""

_LENGTH_OCTETS = (1, 2, 4, 0)
"""Octets of the length of a packet in the older form, by the last two bits of its first octet."""

_LATEST_VERSION = 6
"""Of a session key: other binary files that begin alike go on with another number."""


def is_encrypted(beginning: bytes) -> bool:
    """Whether a file that begins with these bytes (16 are enough) is an encrypted OpenPGP message, armoured
    or binary."""
    if beginning.startswith(_ARMOUR):
        return True
    first = beginning[0] if beginning else 0
    if first & 0xC0 == 0x80:  # the older form of a packet; no UTF-8 text begins with such a byte
        version_at = 1 + _LENGTH_OCTETS[first & 3]
        is_known = len(beginning) <= version_at or beginning[version_at] <= _LATEST_VERSION
        return (first & 0x3C) >> 2 in _SESSION_KEYS and is_known
    if first & 0xC0 != 0xC0 or first & 0x3F not in _SESSION_KEYS or len(beginning) < 7:
        return False
    # The newer form: text may begin with such a byte, but does not go on with a version number after it.
    version_at = 2 if beginning[1] < 192 else 3 if beginning[1] < 224 else 6
    return beginning[version_at] <= _LATEST_VERSION


def refuse_encrypted(path: Path) -> None:
    """Raise `InputError` when `path` is an encrypted file, whatever its name. Raises `OSError` as reading."""
    with path.open("rb") as file:
        if is_encrypted(file.read(16)):
            raise InputError(
                f"{printable_path(path)} is encrypted (PGP), though its name does not say so: "
                "decrypt it first."
            )


def pieces(path: Path) -> Iterator[bytes]:
    """The content of `path` in pieces of about a mebibyte, inflated when its name ends in `.gz`.

    Raises `InputError` naming the file when it cannot be opened, is encrypted, or its gzip is cut off or
    corrupt.
    """
    where = printable_path(path)
    try:
        refuse_encrypted(path)
        with opened(path) as file:
            while piece := file.read(PIECE):
                yield piece
    except EOFError as error:
        raise InputError(f"{where} is cut off: its gzip stream has no end. Fetch the file again.") from error
    except BROKEN:
        # What the exception says may quote the first bytes of the file: the name of a learner, perhaps.
        raise InputError(f"{where} is not a complete gzip file. Fetch the file again.") from None
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror or type(error).__name__}.") from error


def writable_directory(directory: Path, scratch: Path, messages: Messages) -> Path:
    """`directory` when files can be written there, else `scratch`, with a note that says so."""
    if os.access(directory, os.W_OK | os.X_OK):
        return directory
    messages.add(f"{directory} is not writable: the files that belong there were not kept")
    return scratch
