"""The key of pseudonyms, kept in a file outside the warehouse, and the pseudonyms of a release.

A pseudonym is HMAC-SHA256 over the name of the release and the user id. Without the key nobody can work out
whose it is, or try all user ids; another release, or another key, gives pseudonyms that are joined to these
by nothing. The key is never printed or stored: a stamp has a check value, made with it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from edxtasks.config import Settings
from edxtasks.errors import SettingsError
from edxtasks.key_file import read_key

_PSEUDONYM_BYTES = 16
_CHECK_BYTES = 8

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
    secret = read_key(
        settings,
        "deidentify_key_file",
        "pseudonyms",
        HOW_TO_MAKE,
        ". Where others may have read it, make a new key and name a new release",
    )
    return ReleaseKey(secret, release)
