"""Text from data in messages: course keys, file names, module ids, names of fields and columns.

Whoever wrote the data chose such text. Shown as it is, it could fake a message of ours, colour the terminal,
turn its lines around or fill the screen. Everything of that kind passes through here before it is printed.
Nothing here makes a *value* of a record fit for a message: those are never shown at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from pathlib import Path

LONGEST = 100
"""Characters of a text from data that a message shows, unless told otherwise."""

SHOWN_NAMES = 3
"""Names of a list that a message shows, unless told otherwise."""

SHOWN_COURSES = 20
"""Courses of a list that a message shows: whoever reads on must know which are meant."""

_ELLIPSIS = "…"


def printable(text: object, limit: int | None = LONGEST) -> str:
    """`str(text)` on one line, without anything that a terminal acts on, of at most `limit` characters.

    Control characters, line ends, bidi controls and other characters that show nothing are written as
    escapes (`\\x1b`, `\\n`, `\\u202e`), so are lone surrogates; a byte of a file name that is not UTF-8
    becomes `\\xff`. What is longer is cut, with an ellipsis at its end. `None` as limit: not cut.
    """
    written = str(text)
    if limit is None:
        return _escaped(written)
    if limit < 1:
        raise ValueError("the limit is at least 1")
    # An escape is at least as long as its character: no more of the text than this can be shown.
    shown = _escaped(written[: limit + 1])
    if len(shown) <= limit:
        return shown
    pieces = _pieces(written[:limit])
    kept = ""
    for piece in pieces:  # an escape is never cut in two
        if len(kept) + len(piece) > limit - 1:
            break
        kept += piece
    return kept + _ELLIPSIS


def printable_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
    """The path of a file, escaped as `printable` does. Never cut: people need all of it."""
    return printable(os.fsdecode(path), None)


def printable_message(text: str) -> str:
    """A whole message of ours that may hold text from data: its own line ends stay, all else is escaped.

    Lines after the first are indented, so that no text can look like a message that begins a line.
    """
    return "\n        ".join(map(_escaped, text.splitlines()))


_diverted: Callable[[str], None] | None = None


def say(message: str) -> None:
    """Write a message to stderr, where everything goes that is not a result."""
    if _diverted is not None:
        _diverted(message)
    else:
        print(printable_message(message), file=sys.stderr, flush=True)


def divert_messages(write: Callable[[str], None] | None) -> None:
    """From now on let `say` hand its messages to `write`: what stands at the bottom of the terminal makes
    room for them. None: it writes them itself."""
    global _diverted
    _diverted = write


def listed(names: Collection[object], shown: int = SHOWN_NAMES, limit: int | None = LONGEST) -> str:
    """Some names in one line: `a, b, c and 59 997 more`. Each is escaped and cut as `printable` does."""
    first = ", ".join(printable(name, limit) for name in islice(iter(names), shown))
    more = len(names) - shown
    if more <= 0:
        return first
    return f"{first} and {number(more)} more" if first else number(len(names))


def listed_paths(paths: Iterable[Path], shown: int = SHOWN_NAMES) -> str:
    """Some paths in one line, like `listed`, uncut."""
    return listed(list(map(os.fsdecode, paths)), shown, None)


def number(value: int) -> str:
    """A number with blanks between thousands."""
    return f"{value:,}".replace(",", " ")


def quantity(value: int, one: str, many: str = "") -> str:
    """A number with what it counts: `1 course`, `2 courses`, `1 200 entries`.

    `one` and `many` may have a verb or an adjective with them: `quantity(n, "file is", "files are")`. Without
    `many` an s is added.
    """
    return f"{number(value)} {one if value == 1 else many or f'{one}s'}"


def are(value: int) -> str:
    """The verb of so many: `is` of one, `are` of all other numbers."""
    return "is" if value == 1 else "are"


def _escaped(text: str) -> str:
    return text if text.isprintable() else "".join(_pieces(text))


def _pieces(text: str) -> list[str]:
    return [character if character.isprintable() else _escape(character) for character in text]


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as the operating system's names have it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
