"""Learners who asked to be forgotten: who they are, in keyed digests, and what of a text is about them.

The list holds HMAC-SHA256 digests of user names, user ids and addresses. Without the key, which lies in a
file outside of all data, nobody can tell whom it names, or try names. A text is asked word by word.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from edxtasks.config import Settings
from edxtasks.errors import InputError, SettingsError
from edxtasks.files import write_atomically
from edxtasks.key_file import read_key
from edxtasks.printable import printable_path

FORMAT = "edxtasks retired learners 1"

NAME, NUMBER, ADDRESS, WORD = "username", "user id", "address", "word"
"""What a digest is of. A user name is a `WORD` too, that is blanked wherever it stands, unless it is a usual
word of the data, such as `video`."""

_USUAL = """
about actions admin answer answers api audit block body browser chapter check context correct course
courses courseware dashboard data discussion done edx event events export exports false forum get
grade grades harvardx hint honor html http https image incorrect info instructor item items learner
learners link list load login logout mit mitx mobile mode module modules name no_id null page pause
play post posts problem problems professional progress question questions reply seek sequential
server session signin staff start state status stop student students submit subsection task test
text thread threads time title topic true type unit unknown url user username users verified
vertical video videos view week welcome wiki www yes
"""
USUAL_WORDS = frozenset(_USUAL.split())
"""User names that are no `WORD`."""

BLANK = b"***"
"""What stands in the place of a user name or address in the text of somebody else."""

HOW_TO_MAKE = (
    "Make one with: (umask 077; python3 -c 'import secrets; print(secrets.token_hex(32))' > FILE) "
    "and name it: retire_key_file under [paths]. Keep it as long as learners are to stay away"
)

_DIGEST_BYTES = 16
_MOST_REMEMBERED = 200_000
_LONGEST_NAME = 150
"""Most characters of a user name of edX."""

_RUN = re.compile(rb"([\\%]?)([\w.+@\-\x80-\xff]+(?:%(?:40|2[Bb])[\w.+@\-\x80-\xff]*)*)")
_WORD = re.compile(rb"[\w\-]+")
_NUMBER = re.compile(
    rb'((?:user|student|author)_id)((?:\\*"|%22)?\s*(?:[:=]|%3[AaDd])\s*)((?:\\*"|%22)?)([0-9]{1,19})(?![0-9.])'
)
_KEY_FOLLOWS = re.compile(rb'\\*"\s*:')

_Found = tuple[int, int, bool]
"""Begin and end of a user name or address, and whether it is to be blanked."""


@dataclass
class Retired:
    """Who is retired. Picklable; true when anybody is. It remembers what it was asked, for speed alone.

    `on_edge`: what is asked about is of an edge site, which has user numbers of its own: they mean nobody.
    """

    key: bytes = field(default=b"", repr=False)
    digests: frozenset[str] = field(default=frozenset(), repr=False)
    on_edge: bool = False
    _known: dict[tuple[bytes, bytes], tuple[_Found, ...]] = field(default_factory=dict, repr=False)
    _innocent: set[tuple[bytes, bytes]] = field(default_factory=set, repr=False)
    _words: dict[bytes, tuple[bool, bool]] = field(default_factory=dict, repr=False)
    _numbers: dict[int, bool] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_known": {}, "_innocent": set(), "_words": {}, "_numbers": {}}

    def check_value(self) -> str:
        """What tells this list from others, and nothing else of it."""
        return self._digest("list", ",".join(sorted(self.digests)))

    def digest_of(self, kind: str, value: str) -> str:
        """The digest of a user name, user id or address."""
        return self._digest(kind, value.lower() if kind == ADDRESS else value)

    def of_site(self, edge: bool) -> Retired:
        """The list for what is of an edge site, or of the main one."""
        return self if edge == self.on_edge else Retired(self.key, self.digests, edge)

    def with_learners(self, learners: Iterable[Learner]) -> Retired:
        """The list with these learners too."""
        added = {self.digest_of(kind, value) for one in learners for kind, value in one.marks()}
        return Retired(self.key, self.digests | added)

    def is_name(self, name: object) -> bool:
        """Whether a text is the user name of a retired learner, case as it is."""
        return isinstance(name, str) and bool(name) and self.digest_of(NAME, name) in self.digests

    def is_number(self, number: object) -> bool:
        """Whether a number, or a text of digits, is the user id of a retired learner."""
        if self.on_edge:
            return False
        if isinstance(number, str | bytes):
            if not (number.isascii() and number.isdigit()) or len(number) > 19:
                return False
            number = int(number)
        if not isinstance(number, int) or isinstance(number, bool):
            return False
        known = self._numbers.get(number)
        if known is None:
            if len(self._numbers) > _MOST_REMEMBERED:
                self._numbers.clear()
            known = self._numbers[number] = self.digest_of(NUMBER, str(number)) in self.digests
        return known

    def hits(self, text: bytes) -> bool:
        """Whether a text has the user name or address of a retired learner as a word, or the user id behind a
        key such as `user_id`."""
        return self._may_name(text) or any(self.is_number(found[3]) for found in _NUMBER.findall(text))

    def _may_name(self, text: bytes) -> bool:
        """Whether any word of a text is one that is looked for. Nearly all have been asked about before, and
        sets tell it quickly."""
        for asked in set(_RUN.findall(text)) - self._innocent:
            if self._spans_of(asked):
                return True
            if len(self._innocent) > _MOST_REMEMBERED:
                self._innocent.clear()
            self._innocent.add(asked)
        return False

    def _spans_of(self, asked: tuple[bytes, bytes]) -> tuple[_Found, ...]:
        spans = self._known.get(asked)
        if spans is None:
            spans = self._spans(*asked)
            if spans:
                self._known[asked] = spans
        return spans

    def blanked(self, text: bytes) -> tuple[bytes, int]:
        """A text without mentions of retired learners, and how many there were. Keys of JSON stay."""
        spans = [
            (begin, end)
            for begin, end, is_word in self._names_in(text)
            if is_word and not _KEY_FOLLOWS.match(text, end)
        ]
        count = len(spans)
        if spans:
            pieces, at = [], 0
            for begin, end in spans:
                pieces += [text[at:begin], BLANK]
                at = end
            text = b"".join([*pieces, text[at:]])

        def number(match: re.Match[bytes]) -> bytes:
            nonlocal count
            if not self.is_number(match[4]):
                return match[0]
            count += 1
            in_query = b":" not in match[2] and b"%3A" not in match[2].upper()
            return match[1] + match[2] + match[3] + (b"" if match[3] or in_query else b"null")

        return _NUMBER.sub(number, text), count

    def _names_in(self, text: bytes) -> Iterator[_Found]:
        """Where user names and addresses of retired learners stand in a text, in order, none twice."""
        if not self._may_name(text):
            return
        for match in _RUN.finditer(text):
            begin = match.start(2)
            for first, last, is_word in self._spans_of((match[1], match[2])):
                yield begin + first, begin + last, is_word

    def _spans(self, before: bytes, run: bytes) -> tuple[_Found, ...]:
        # Behind a backslash or a percent sign the first letters may belong to it: `\nann`, `%22ann`.
        shifts = {b"": (0,), b"\\": (0, 1, 5), b"%": (0, 2)}[before]
        found: set[_Found] = set()
        for shift in shifts:
            rest = run[shift:]
            stripped = rest.strip(b".+-@")
            begin = shift + len(rest) - len(rest.lstrip(b".+-@"))
            candidates = {(shift, len(run)), (begin, begin + len(stripped))}
            candidates |= {(shift + word.start(), shift + word.end()) for word in _WORD.finditer(rest)}
            for first, last in candidates:
                if first < last:
                    is_somebody, is_word = self._asked(run[first:last])
                    found |= {(first, last, is_word)} if is_somebody else set()
        kept: list[_Found] = []
        for first, last, is_word in sorted(found, key=lambda span: (span[0], -span[1])):
            if not kept or first >= kept[-1][1]:
                kept.append((first, last, is_word))
        return tuple(kept)

    def _asked(self, word: bytes) -> tuple[bool, bool]:
        """Whether a word is a user name or address of a retired learner, and whether it is to be blanked."""
        known = self._words.get(word)
        if known is None:
            if len(self._words) > _MOST_REMEMBERED:
                self._words.clear()
            known = self._words[word] = self._asked_anew(word)
        return known

    def _asked_anew(self, word: bytes) -> tuple[bool, bool]:
        text = word.decode("utf-8", "replace")
        if "%" in text:
            text = text.replace("%40", "@").replace("%2B", "+").replace("%2b", "+")
        if "@" in text and self.digest_of(ADDRESS, text) in self.digests:
            return True, True
        if len(text) > _LONGEST_NAME or not self.is_name(text):
            return False, False
        return True, self.digest_of(WORD, text) in self.digests

    def _digest(self, kind: str, text: str) -> str:
        # The kind with its length before it: no two messages are spelt the same.
        message = b"%d:%s" % (len(kind), f"{kind}{text}".encode("utf-8", "surrogateescape"))
        return hmac.digest(self.key, b"edxtasks retire " + message, "sha256")[:_DIGEST_BYTES].hex()


@dataclass(frozen=True)
class Learner:
    """A learner to be retired, by user name and what is known besides."""

    username: str = field(repr=False)
    user_id: int | None = field(default=None, repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)
    is_usual: bool = False
    """Whether the user name is a usual word of the data: where it is a mention cannot be told."""

    def marks(self) -> list[tuple[str, str]]:
        """What the learner is told by, each with its kind."""
        found = [(NAME, self.username)] if self.username else []
        found += [(WORD, self.username)] if self.username and not self.is_usual else []
        found += [(NUMBER, str(self.user_id))] if self.user_id is not None else []
        return found + [(ADDRESS, address) for address in self.addresses if "@" in address]


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
    retired = Retired(retired.key, frozenset(form["digests"]))
    if form["check value"] != retired.check_value():
        raise SettingsError(
            f"retire_key_file: {printable_path(path)} was made with another key, or was changed by hand: "
            "without its key nobody can tell who is to stay away"
        )
    return retired


def refuse_where_retired(settings: Settings, source: str) -> None:
    """Raise `InputError` where there is a list: of what comes from `source`, nobody is left out."""
    if settings.paths.retired_list.exists():
        raise InputError(
            f"learners were retired (setting retired_list), and {source} would bring them back: what comes "
            "from there is not looked through, so far. Split raw logs, and sort packages, instead"
        )


def write_retired(settings: Settings, retired: Retired, record: Mapping[str, Any] | None = None) -> None:
    """Write the list, and add to its record, which names nobody."""
    path = settings.paths.retired_list
    form = _form(path) or {"record": []}
    content = {
        "format": FORMAT,
        "check value": retired.check_value(),
        "digests": sorted(retired.digests),
        "record": [*form["record"], *([record] if record else [])],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def _form(path: Path) -> dict[str, Any] | None:
    try:
        form = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except orjson.JSONDecodeError:
        form = None
    fits = isinstance(form, dict) and form.get("format") == FORMAT
    if not fits or not all(isinstance(form.get(name), list) for name in ("digests", "record")):
        raise InputError(
            f"{printable_path(path)} is not a list of retired learners, or is damaged (setting retired_list)"
        )
    return dict(form)
