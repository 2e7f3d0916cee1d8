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
from typing import NamedTuple

_AT = rb"(?:%(?:25)*(?:40|2[Bb])|\\+u00(?:40|2[Bb]))"
RUN = re.compile(rb"([\\%]?)([\w.+@\-\x80-\xff]+(?:" + _AT + rb"[\w.+@\-\x80-\xff]*)*)")
"""What may be a name or an address, with the sign of an escape that its first letters may belong to."""

_ESCAPED_SIGN = re.compile(rb"(?:%(?:25)*|\\+u00)(40|2[Bb])")
_JOINT = re.compile(rb"(?:[.+@]|" + _AT + rb")+")
_ADDRESS = re.compile(rb"@[\w\-]+\.")
_SUFFIX = re.compile(
    rb"(?i)\.(?:jpe?g|png|gif|pdf|txt|csv|docx?|xlsx?|zip|html?|py|ipynb|mp[34]|json|gz)\.*\Z"
)
_WIDE_RUN = re.compile(r"[\w.+@%\\\-]+")
_MOST_TOGETHER = 8
"""Most words with signs between them that may be one name or address."""

_OPENS = b"\"'=,;:/\n\r\t<>|"
_CLOSES = b"\"'&,;:/?#\\%\n\r\t<>|"
_LONGEST_ESCAPES = 96
_ESCAPES = rb"(?:\\+|(?:%(?:25)*5[Cc])+)u([0-9a-fA-F]{4})|((?:%(?:25)*[0-9a-fA-F]{2})+)"
_ESCAPES_BEFORE = re.compile(rb"(?:" + _ESCAPES + rb")\Z")
_ESCAPES_AFTER = re.compile(_ESCAPES)
_KEY_FOLLOWS = re.compile(rb'\\*"\s*:')

_USER = rb"(?:user|student|author|learner|harvester|master)"
_QUOTE = rb'(?:\\*"|%(?:25)*22)?'
_WRAPPED = rb'(?:\{\s*\\*"\$number(?:Int|Long)\\*"\s*:\s*)'
"""How MongoDB's extended JSON begins a number."""

_KEY = (
    rb"(?:(?:"
    + _USER
    + rb"_?|(?:cameo|shadow)_u)id|(?:(?<![A-Za-z0-9_])|(?<=%22)|(?<=%2522))"
    + _USER
    + rb")"
)
USER_ID = re.compile(
    rb"(?i)(" + _KEY + _QUOTE + rb"\s*(?:[:=]|%(?:25)*3[AD])\s*" + _WRAPPED + rb"?"
    rb"|" + _USER + rb'\\*"\s*:\s*\{\s*\\*"id\\*"\s*:\s*'
    rb"|/users/|%(?:25)*2Fusers%(?:25)*2F)(" + _QUOTE + rb")([0-9]{1,19})(?![0-9.]|%(?:25)*2E)"
)
"""A number behind a key or in a path where user ids stand: what is before it, a quote, the number."""

LONE_NUMBER = re.compile(rb"(?<![\w.])[0-9]{1,19}(?![0-9.])")
"""A number by itself: what is behind a key is one, unless signs are escaped with a percent sign."""

LISTS_OF_IDS = frozenset({"up", "down", "abuse_flaggers", "historical_abuse_flaggers", "followers"})
"""Keys of the forum whose value is a list of user ids."""

USER_IDS = re.compile(
    rb"(?i)((?:" + _USER + rb'_ids|"(?:' + "|".join(sorted(LISTS_OF_IDS)).encode() + rb"))"
    rb'\\*"\s*:\s*(?:\\*")?\[)([^\[\]{}]*)'
)
"""A list behind such a key: what is before it, and what is in it."""

_ID_KEY = re.compile(
    r"(?i).*(?:user|student|author|learner|harvester|master)_?id|(?:cameo|shadow)_uid"
    r"|user|student|author|learner",
    re.DOTALL,
)


def is_id_key(name: str) -> bool:
    """Whether the value of a column or of a key of JSON is a user id where it is a number."""
    return _ID_KEY.fullmatch(name) is not None


def is_ids_key(name: str) -> bool:
    """Whether the value of a key of JSON, or of a column, is a list of user ids."""
    return name in LISTS_OF_IDS or (name.endswith("s") and is_id_key(name[:-1]))


def plain_signs(word: bytes) -> bytes:
    """A word with `@` and `+` in the place of their escapes."""
    if b"%" not in word and b"\\" not in word:
        return word
    return _ESCAPED_SIGN.sub(lambda found: bytes.fromhex(found[1].decode()), word)


class Span(NamedTuple):
    """Where a word stands in a run. What stands around it may make it part of another name: a dot with a word
    or a letter of a script without spaces (`is_dotted`), a plus or an at sign (`is_joined`). `is_escaped`: an
    escape has the first letters of the run."""

    begin: int
    end: int
    is_dotted: bool = False
    is_joined: bool = False
    is_escaped: bool = False


def words_in(before: bytes, run: bytes) -> Iterator[Span]:
    """The words of a run (`RUN`) that may be a name or an address, also several with dots between them. Of
    what looks like an address only all of it may be."""
    for shift in _shifts(before, run):
        rest = run[shift:]
        yield Span(shift, len(run), is_escaped=shift > 0)
        for first, last, is_within in _plain_runs(rest):
            for span in _together(rest[first:last]):
                begin, end = shift + first + span.begin, shift + first + span.end
                yield Span(begin, end, span.is_dotted or is_within, span.is_joined, shift > 0)


def _shifts(before: bytes, run: bytes) -> list[int]:
    """How many first letters of a run may belong to an escape: of `\\nann`, `\\u0040ann`, `%2522ann`,
    `%5Cnann`."""
    if before == b"\\":
        return [0, *_after_backslash(run, 0)]
    if before != b"%":
        return [0]
    shifts = [0, 2]
    while run[shifts[-1] - 2 : shifts[-1]] == b"25":
        shifts.append(shifts[-1] + 2)
    at = shifts[-1]
    return [*shifts, *(_after_backslash(run, at) if run[at - 2 : at].upper() == b"5C" else [])]


def _after_backslash(run: bytes, at: int) -> list[int]:
    return [at + 1, *({b"u": [at + 5], b"x": [at + 3]}.get(run[at : at + 1], []))]


def _plain_runs(rest: bytes) -> Iterator[tuple[int, int, bool]]:
    """The pieces of a run between signs that stand in no name, and whether letters of a script without
    spaces between words stand beside."""
    if rest.isascii():
        yield 0, len(rest), False
        return
    text = rest.decode("utf-8", "surrogateescape")
    at = _offsets(text)
    for wide in _WIDE_RUN.finditer(text):
        first, last = wide.span()
        yield at[first], at[last], False
        # Of such scripts a name in ASCII is told by its letters alone.
        kinds = "".join("a" if _glues(sign) or sign in ".+@%\\" else "b" for sign in wide[0])
        for letters in re.finditer("a+", kinds):
            if letters.span() != (0, last - first):
                yield at[first + letters.start()], at[first + letters.end()], True


def _together(piece: bytes) -> Iterator[Span]:
    """The words of a piece, and those that have signs of names between them, together."""
    if not any(sign in piece for sign in (b".", b"+", b"@", b"%", b"\\")):
        yield Span(0, len(piece))
        if piece[:1] == b"-" or piece[-1:] == b"-":
            begin = len(piece) - len(piece.lstrip(b"-"))
            yield Span(begin, begin + len(piece.strip(b"-")))
        return
    words: list[tuple[int, int]] = []
    joints: list[bytes] = [b""]  # before each word, and after the last one
    done = 0
    for joint in _JOINT.finditer(piece):
        if joint.start() > done:
            words.append((done, joint.start()))
            joints.append(joint[0])
        done = joint.end()
    if done < len(piece):
        words.append((done, len(piece)))
        joints.append(b"")
    is_address = _ADDRESS.search(plain_signs(piece)) is not None
    for i, (begin, _) in enumerate(words):
        for j in range(i, min(i + _MOST_TOGETHER, len(words))):
            end = words[j][1]
            if is_address and b"@" not in plain_signs(piece[begin:end]):
                continue
            around = [
                plain_signs(joints[i]) if i else b"",
                plain_signs(joints[j + 1]) if j + 1 < len(words) else b"",
            ]
            if around[1] == b"." and _SUFFIX.match(piece, end):
                around[1] = b""
            is_dotted, is_joined = b"." in around, b"+" in around or b"@" in around
            yield Span(begin, end, is_dotted, is_joined)
            word = piece[begin:end]
            if word[:1] == b"-" or word[-1:] == b"-":
                first = begin + len(word) - len(word.lstrip(b"-"))
                yield Span(first, first + len(word.strip(b"-")), is_dotted, is_joined)


def _glues(sign: str) -> bool:
    """Whether a sign makes one word with the letter beside it."""
    if sign.isascii():
        return sign.isalnum() or sign in "-_"
    return sign.lower() != sign.upper() or unicodedata.category(sign)[0] == "M" or sign.isdecimal()


def is_of_longer_name(text: bytes, begin: int, end: int, span: Span) -> bool:
    """Whether what stands there is a value or an item of a list by itself, of which `span` is a part: the
    name of somebody else, and no part of a sentence. In the address of a page a plus is a space."""
    opened = text[begin - 1 : begin] if begin else b""
    closed = text[end : end + 1]
    if span.is_joined and opened in _QUOTES and closed in _QUOTES + b"\\" and not span.is_escaped:
        return True
    opens = span.is_escaped or not opened or opened in _OPENS
    return span.is_dotted and opens and (not closed or closed in _CLOSES)


_QUOTES = b"\"'"


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
    r"(?P<utf16>(?:\\u[0-9a-fA-F]{4})+)|\\(?P<sign>[\"'\\/])|(?P<space>\\[nrtbf])|(?P<percent>(?:%[0-9a-fA-F]{2})+)"
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
        if "+" in reading.text:  # a space, in the address of a page
            yield Reading(reading.text.replace("+", " "), reading.at)
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
    elif found["sign"] or found["space"]:
        yield found["sign"] or " ", 0
    else:
        means = html.unescape(found[0]) if found["html"] else unicodedata.normalize("NFC", found[0])
        yield from ((sign, 0) for sign in means)


def _offsets(text: str) -> list[int]:
    lengths = (len(sign.encode("utf-8", "surrogateescape")) for sign in text)
    return [0, *accumulate(lengths)]
