"""The words of a text that may be a user name or an address, also where escapes stand before, in or after.

A text is bytes of UTF-8, plain or inside JSON, addresses of pages or both, escaped as often as it may be.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

_AT = rb"(?:%(?:25)*(?:40|2[Bb])|\\+u00(?:40|2[Bb]))"
RUN = re.compile(rb"([\\%]?)([\w.+@\-\x80-\xff]+(?:" + _AT + rb"[\w.+@\-\x80-\xff]*)*)")
"""What may be a name or an address, with the sign of an escape that its first letters may belong to."""

_ESCAPED_SIGN = re.compile(rb"(?:%(?:25)*|\\+u00)(40|2[Bb])")
_WORD = re.compile(rb"[\w\-]+")
_WIDE_WORD = re.compile(r"[\w\-]+")
_ADDRESS = re.compile(rb"@[\w\-]+\.")
_SUFFIX = re.compile(
    rb"(?i)\.(?:jpe?g|png|gif|pdf|txt|csv|docx?|xlsx?|zip|html?|py|ipynb|mp[34]|json|gz)\.*\Z"
)
_OPENS = b"\"'=,;:/\n\r\t<>|"
_CLOSES = b"\"'&,;:/?#\\%\n\r\t<>|"
_LONGEST_ESCAPES = 96
_ESCAPES = rb"\\+u([0-9a-fA-F]{4})|((?:%(?:25)*[0-9a-fA-F]{2})+)"
_ESCAPES_BEFORE = re.compile(rb"(?:" + _ESCAPES + rb")\Z")
_ESCAPES_AFTER = re.compile(_ESCAPES)
_KEY_FOLLOWS = re.compile(rb'\\*"\s*:')

_USER = rb"(?:user|student|author|learner)"
_QUOTE = rb'(?:\\*"|%(?:25)*22)?'
_WRAPPED = rb'(?:\{\s*\\*"\$number(?:Int|Long)\\*"\s*:\s*)'
"""How MongoDB's extended JSON begins a number."""

_KEY = rb"(?:" + _USER + rb"_?id|(?:(?<![A-Za-z0-9_])|(?<=%22)|(?<=%2522))" + _USER + rb")"
USER_ID = re.compile(
    rb"(?i)(" + _KEY + _QUOTE + rb"\s*(?:[:=]|%(?:25)*3[AD])\s*" + _WRAPPED + rb"?"
    rb"|" + _USER + rb'\\*"\s*:\s*\{\s*\\*"id\\*"\s*:\s*'
    rb"|/users/|%(?:25)*2Fusers%(?:25)*2F)(" + _QUOTE + rb")([0-9]{1,19})(?![0-9.]|%(?:25)*2E)"
)
"""A number behind a key or in a path where user ids stand: what is before it, a quote, the number."""

USER_IDS = re.compile(rb"(?i)(" + _USER + rb'_ids\\*"\s*:\s*\[)([^\[\]{}]*)')
"""A list behind such a key: what is before it, and what is in it."""

_ID_KEY = re.compile(r"(?i).*(?:user|student|author|learner)_?id|user|student|author|learner", re.DOTALL)


def is_id_key(name: str) -> bool:
    """Whether the value of a column or of a key of JSON is a user id where it is a number."""
    return _ID_KEY.fullmatch(name) is not None


def is_ids_key(name: str) -> bool:
    """Whether the value of a key of JSON is a list of user ids."""
    return name.endswith("s") and is_id_key(name[:-1])


def plain_signs(word: bytes) -> bytes:
    """A word with `@` and `+` in the place of their escapes."""
    if b"%" not in word and b"\\" not in word:
        return word
    return _ESCAPED_SIGN.sub(lambda found: bytes.fromhex(found[1].decode()), word)


@dataclass(frozen=True)
class Span:
    """Where a word stands in a run. `is_part`: what stands around it may make it part of another name.
    `is_escaped`: the first letters of the run belong to an escape."""

    begin: int
    end: int
    is_part: bool = False
    is_escaped: bool = False


def words_in(before: bytes, run: bytes) -> Iterator[Span]:
    """The words of a run (`RUN`) that may be a name or an address: all of it, or what stands between its
    dots. Of what looks like an address only all of it may be."""
    for shift in _shifts(before, run):
        rest = run[shift:]
        stripped = rest.strip(b".+-@")
        begin = shift + len(rest) - len(rest.lstrip(b".+-@"))
        yield Span(shift, len(run), is_escaped=shift > 0)
        yield Span(begin, begin + len(stripped), is_escaped=shift > 0)
        if not _ADDRESS.search(plain_signs(rest)):
            yield from _words(rest, shift)


def _shifts(before: bytes, run: bytes) -> list[int]:
    """How many first letters of a run may belong to an escape: of `\\nann`, `\\u0040ann`, `%2522ann`."""
    shifts = [0]
    if before == b"\\":
        shifts += [1, *([5] if run[:1] == b"u" else [3] if run[:1] == b"x" else [])]
    elif before == b"%":
        shifts.append(2)
        while run[shifts[-1] - 2 : shifts[-1]] == b"25":
            shifts.append(shifts[-1] + 2)
    return shifts


def _words(rest: bytes, shift: int) -> Iterator[Span]:
    if rest.isascii():
        for found in _WORD.finditer(rest):
            yield _part(rest, found.start(), found.end(), shift)
        return
    text = rest.decode("utf-8", "surrogateescape")
    at = _offsets(text)
    for wide in _WIDE_WORD.finditer(text):
        first, last = wide.span()
        yield _part(rest, at[first], at[last], shift)
        # Of scripts without spaces between words a name in ASCII is told by its letters alone.
        for letters in re.finditer("a+", "".join("a" if _glues(sign) else "b" for sign in wide[0])):
            if letters.span() != (0, last - first):
                begin, end = at[first + letters.start()], at[first + letters.end()]
                yield Span(shift + begin, shift + end, True, shift > 0)


def _part(rest: bytes, first: int, last: int, shift: int) -> Span:
    around = rest[:first].strip(b".+-@") or rest[last:].strip(b".+-@")
    touches = rest[first - 1 : first] in _JOINTS or rest[last : last + 1] in _JOINTS
    is_part = bool(around and touches and not _SUFFIX.match(rest, last))
    return Span(shift + first, shift + last, is_part, shift > 0)


_JOINTS = {b".", b"+", b"@"}


def _glues(sign: str) -> bool:
    """Whether a sign makes one word with the letter beside it."""
    if sign.isascii():
        return sign.isalnum() or sign in "-_"
    return sign.lower() != sign.upper() or unicodedata.category(sign)[0] == "M" or sign.isdecimal()


def is_whole_value(text: bytes, begin: int, end: int, is_escaped: bool) -> bool:
    """Whether what stands there is a value or an item of a list by itself, and no part of a sentence.
    `is_escaped`: an escaped sign stands before it."""
    opens = is_escaped or not begin or text[begin - 1 : begin] in _OPENS
    return opens and (end == len(text) or text[end : end + 1] in _CLOSES)


def is_key(text: bytes, end: int) -> bool:
    """Whether the word that ends there is a key of JSON."""
    return _KEY_FOLLOWS.match(text, end) is not None


def is_within_word(text: bytes, begin: int, end: int) -> bool:
    """Whether an escaped letter stands just before or after: the word is part of a longer one."""
    before = _ESCAPES_BEFORE.search(text[max(0, begin - _LONGEST_ESCAPES) : begin])
    if before is not None and _glues(_unescaped(before)[-1:] or " "):
        return True
    after = _ESCAPES_AFTER.match(text, end, end + _LONGEST_ESCAPES)
    return after is not None and _glues(_unescaped(after)[:1] or " ")


def _unescaped(found: re.Match[bytes]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return bytes.fromhex(re.sub(rb"%(?:25)*", b"", found[2]).decode()).decode("utf-8", "replace")


# Names with other letters than those of ASCII, quotes or spaces: looked for in the text as it is meant.

_ESCAPE = re.compile(
    r"(?P<utf16>(?:\\u[0-9a-fA-F]{4})+)|\\(?P<sign>[\"'\\/])|(?P<percent>(?:%[0-9a-fA-F]{2})+)"
    r"|(?P<html>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|quot|apos|amp|lt|gt);)|(?P<marks>\w[\u0300-\u036f]+)"
)
_MOST_LEVELS = 6
_WHOLE_WORD = re.compile(r"\w+")


def anchor_of(name: str) -> tuple[str, int, int]:
    """The longest word of a name, by which it is found, and how many signs stand before and after it.

    Raises `ValueError` for a name without letter or digit.
    """
    found = max(_WHOLE_WORD.finditer(name), key=lambda word: word.end() - word.start())
    return found[0], found.start(), len(name) - found.end()


def composed(name: str) -> str:
    """A name in the one form of its letters that digests are made of."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def is_plain(name: str) -> bool:
    """Whether a name has only letters that `RUN` finds: no other way to look for it is needed."""
    return re.fullmatch(r"[A-Za-z0-9_.+@\-]*", name) is not None


@dataclass(frozen=True)
class Reading:
    """A text as it is meant: `at[i]` is where the sign `i` begins in the bytes."""

    text: str
    at: list[int]

    def words(self) -> Iterator[re.Match[str]]:
        """The words of the text."""
        return _WHOLE_WORD.finditer(self.text)

    def stands_alone(self, begin: int, end: int) -> bool:
        """Whether no letter, digit or hyphen stands beside."""
        around = self.text[max(begin - 1, 0) : begin] + self.text[end : end + 1]
        return not any(sign.isalnum() or sign in "-_" for sign in around)


def readings(text: bytes) -> Iterator[Reading]:
    """A text, then the text that its escapes mean, and so on until there are none."""
    plain = text.decode("utf-8", "surrogateescape")
    reading = Reading(plain, _offsets(plain))
    for _ in range(_MOST_LEVELS):
        yield reading
        below = _read(reading)
        if below is None:
            return
        reading = below


def _read(above: Reading) -> Reading | None:
    pieces: list[str] = []
    at: list[int] = []
    done = 0
    for found in _ESCAPE.finditer(above.text):
        pieces.append(above.text[done : found.start()])
        at += above.at[done : found.start()]
        for sign, offset in _signs(found):
            pieces.append(sign)
            at.append(above.at[found.start() + offset])
        done = found.end()
    if not done:
        return None
    pieces.append(above.text[done:])
    return Reading("".join(pieces), at + above.at[done:])


def _signs(found: re.Match[str]) -> Iterator[tuple[str, int]]:
    """The signs that an escape means, each with where it begins in the escape."""
    if found["utf16"]:
        units = bytes.fromhex(found[0].replace("\\u", ""))
        place = 0
        for sign in units.decode("utf-16-be", "surrogatepass"):
            yield sign, place
            place += 12 if ord(sign) > 0xFFFF else 6
    elif found["percent"]:
        content = bytes.fromhex(found[0].replace("%", ""))
        place = 0
        for sign in content.decode("utf-8", "surrogateescape"):
            yield sign, place
            place += 3 * len(sign.encode("utf-8", "surrogateescape"))
    elif found["sign"]:
        yield found["sign"], 0
    else:
        means = html.unescape(found[0]) if found["html"] else unicodedata.normalize("NFC", found[0])
        yield from ((sign, 0) for sign in means)


def _offsets(text: str) -> list[int]:
    lengths = (len(sign.encode("utf-8", "surrogateescape")) for sign in text)
    return [0, *accumulate(lengths)]
