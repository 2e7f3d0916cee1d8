"""Errors made for people.

Everything that a person can cause or cure is a `UserError`: its text says what was expected, what was
found and in which file, and what to do. Any other exception is a defect of the product.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A fault in input, settings or command line that the person who runs the product can mend.

    The text is complete: it is shown as it stands, without a traceback.
    """


class SettingsError(UserError):
    """A configuration or command line that cannot be used."""


class InputError(UserError):
    """A file from outside that cannot be used; the text names the file."""


class SourceAbsent(Exception):
    """A source that was never delivered (no forum dump, no tarball): a normal state, no fault.

    The task that needs it is skipped with this reason, and its consumers see the table as absent.
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """The tail of a message that names the known word nearest to `word`: `; did you mean "x"?`, or ""."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{matches[0]}"?' if matches else ""
