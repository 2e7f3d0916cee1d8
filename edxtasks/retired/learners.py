"""Learners who asked to be forgotten: who they are, in keyed digests, and what of a text is about them.

The list holds HMAC-SHA256 digests of user names, user ids and addresses. Without the key, which lies in a
file outside of all data, nobody can tell whom it names, or try names. A text is asked word by word.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from edxtasks.retired.words import (
    LONE_NUMBER,
    RUN,
    USER_ID,
    USER_IDS,
    Span,
    anchor_of,
    composed,
    is_key,
    is_of_longer_name,
    is_plain,
    is_within_word,
    plain_signs,
    readings,
    words_in,
)

NAME, NUMBER, ADDRESS, WORD = "username", "user id", "address", "word"
"""What a digest is of. A user name is a `WORD` too, that is blanked wherever it stands, unless it is a usual
word of the data, such as `video`."""

ANONYMOUS, ANCHOR, COMPLETE = "anonymous id", "anchor", "complete"
"""Further kinds: an id that stands for the learner in one course; the word by which a user name of other
signs than `RUN` has is found; a user name of which the user id is in the list too."""

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
_SHORTEST_WORD = 3

BLANK = b"***"
"""What stands in the place of a user name or address in the text of somebody else."""

_DIGEST_BYTES = 16
_MOST_REMEMBERED = 200_000
LONGEST_NAME = 150
"""Most characters of a user name of edX."""

_DIGITS = re.compile(rb"[0-9]+")
_ANONYMOUS_ID = re.compile(rb"[0-9a-f]{32}")

_Found = tuple[int, int, bool]
"""Begin and end of a user name or address, and whether it is to be blanked."""

_Spans = tuple[tuple[Span, bool], ...]


@dataclass
class Retired:
    """Who is retired. Picklable; true when anybody is. It remembers what it was asked, for speed alone.

    `on_edge`: what is asked about is of an edge site, which has user numbers of its own: they mean nobody.
    """

    key: bytes = field(default=b"", repr=False)
    digests: frozenset[str] = field(default=frozenset(), repr=False)
    on_edge: bool = False
    shapes: frozenset[tuple[int, int]] = frozenset()
    """Of user names that are found by an `ANCHOR`: how many signs stand before and after it."""

    _known: dict[tuple[bytes, bytes], _Spans] = field(default_factory=dict, repr=False)
    _innocent: set[tuple[bytes, bytes]] = field(default_factory=set, repr=False)
    _words: dict[bytes, tuple[bool, bool]] = field(default_factory=dict, repr=False)
    _anchors: dict[str, bool] = field(default_factory=dict, repr=False)
    _numbers: dict[int, bool] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.digests)

    def __getstate__(self) -> dict[str, Any]:
        memory: dict[str, Any] = {"_known": {}, "_innocent": set(), "_words": {}, "_anchors": {}}
        return {**vars(self), **memory, "_numbers": {}}

    def check_value(self) -> str:
        """What tells this list from others, and nothing else of it."""
        shapes = [f"{before}-{after}" for before, after in sorted(self.shapes)]
        return self._digest("list", ",".join([*sorted(self.digests), *shapes]))

    def digest_of(self, kind: str, value: str) -> str:
        """The digest of a user name, user id or address."""
        return self._digest(kind, value.lower() if kind == ADDRESS else value)

    def of_site(self, edge: bool) -> Retired:
        """The list for what is of an edge site, or of the main one."""
        return self if edge == self.on_edge else Retired(self.key, self.digests, edge, self.shapes)

    def with_learners(self, learners: Iterable[Learner]) -> Retired:
        """The list with these learners too."""
        added = {self.digest_of(kind, value) for one in learners for kind, value in one.marks()}
        shapes = {shape for one in learners if (shape := one.shape()) is not None}
        return Retired(self.key, self.digests | added, shapes=self.shapes | shapes)

    def has(self, kind: str, value: str) -> bool:
        """Whether a digest of a value is in the list."""
        return self.digest_of(kind, value) in self.digests

    def holds(self, learner: Learner) -> bool:
        """Whether a learner is in the list already, by user name or user id."""
        return any(self.has(kind, value) for kind, value in learner.marks() if kind in (NAME, NUMBER))

    def is_complete(self, learner: Learner) -> bool:
        """Whether the user id of a learner is in the list too."""
        return self.has(COMPLETE, learner.username)

    def is_name(self, name: object) -> bool:
        """Whether a text is the user name of a retired learner, case as it is."""
        if not isinstance(name, str) or not name:
            return False
        return self.has(NAME, composed(name))

    def is_address(self, text: str) -> bool:
        """Whether a text is the address of a retired learner, in whatever case."""
        return "@" in text and self.has(ADDRESS, text.strip())

    def is_person(self, value: object) -> bool:
        """Whether the value of a column of user ids is a retired learner's: the id, or an anonymous one."""
        return self.is_number(value) or (
            isinstance(value, str) and len(value) == 32 and self.has(ANONYMOUS, value)
        )

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
        if any(True for _ in self._names_in(text)):
            return True
        if not self._may_number(text):
            return False
        lists = (number for found in USER_IDS.findall(text) for number in _DIGITS.findall(found[1]))
        return any(self.is_number(found[2]) for found in USER_ID.findall(text)) or any(
            map(self.is_number, lists)
        )

    def _may_number(self, text: bytes) -> bool:
        """Whether any number of a text may be one that is looked for: nearly none is, and this is quick."""
        if self.on_edge:
            return False
        return b"%" in text or any(map(self.is_number, set(LONE_NUMBER.findall(text))))

    def _may_name(self, text: bytes) -> bool:
        """Whether any word of a text is one that is looked for. Nearly all have been asked about before, and
        sets tell it quickly."""
        for asked in set(RUN.findall(text)) - self._innocent:
            if self._spans_of(asked):
                return True
            if len(self._innocent) > _MOST_REMEMBERED:
                self._innocent.clear()
            self._innocent.add(asked)
        return False

    def _spans_of(self, asked: tuple[bytes, bytes]) -> _Spans:
        spans = self._known.get(asked)
        if spans is None:
            spans = self._spans(*asked)
            if spans:
                self._known[asked] = spans
        return spans

    def blanked(self, text: bytes) -> tuple[bytes, int]:
        """A text without mentions of retired learners, and how many there were. Keys of JSON stay."""
        spans = [
            (begin, end) for begin, end, is_word in self._names_in(text) if is_word and not is_key(text, end)
        ]
        count = len(spans)
        if spans:
            pieces, at = [], 0
            for begin, end in spans:
                pieces += [text[at:begin], BLANK]
                at = end
            text = b"".join([*pieces, text[at:]])
        if not self._may_number(text):
            return text, count
        text, numbers = self._without_numbers(text)
        return text, count + numbers

    def without_ids(self, text: str) -> tuple[str, int]:
        """The text of a list of user ids (JSON, or numbers with commas between) without those of retired
        learners, and how many went."""
        if not any(map(self.is_number, _DIGITS.findall(text.encode("utf-8", "replace")))):
            return text, 0
        items = text.strip().removeprefix("[").removesuffix("]").split(",")
        kept = [item for item in items if not self.is_number(item.strip(" \"'\\"))]
        whole = ",".join(kept).strip()
        return (f"[{whole}]" if "[" in text else whole), len(items) - len(kept)

    def _without_numbers(self, text: bytes) -> tuple[bytes, int]:
        """A text without user ids where such stand, and how many there were."""
        count = 0

        def number(match: re.Match[bytes]) -> bytes:
            nonlocal count
            if not self.is_number(match[3]):
                return match[0]
            count += 1
            before, quote = match[1], match[2]
            if b"users" in before.lower():
                return before + BLANK
            in_query = b":" not in before and b"%3a" not in before.lower()
            return before + quote + (b"" if quote or in_query else b"null")

        def numbers(match: re.Match[bytes]) -> bytes:
            nonlocal count
            items = match[2].split(b",")
            kept = [item for item in items if not self.is_number(item.strip(b' \\"'))]
            count += len(items) - len(kept)
            return match[1] + b",".join(kept)

        return USER_IDS.sub(numbers, USER_ID.sub(number, text)), count

    def _names_in(self, text: bytes) -> Iterator[_Found]:
        """Where user names and addresses of retired learners stand in a text, in order, none twice."""
        found: list[_Found] = []
        if self._may_name(text):
            for match in RUN.finditer(text):
                begin, end = match.span(2)
                for span, is_word in self._spans_of((match[1], match[2])):
                    first, last = begin + span.begin, begin + span.end
                    if is_of_longer_name(text, begin, end, span) or is_within_word(text, first, last):
                        continue
                    found.append((first, last, is_word))
        if self.shapes:
            found += self._spelt_in(text)
        yield from _apart(found)

    def _spans(self, before: bytes, run: bytes) -> _Spans:
        found: dict[tuple[int, int], tuple[Span, bool]] = {}
        for span in words_in(before, run):
            if span.begin < span.end:
                is_somebody, is_word = self._asked(run[span.begin : span.end])
                known = found.get((span.begin, span.end))
                if is_somebody and (known is None or known[0].is_dotted or known[0].is_joined):
                    found[span.begin, span.end] = span, is_word
        return tuple(found.values())

    def _spelt_in(self, text: bytes) -> Iterator[_Found]:
        """Where user names of other signs than `RUN` has stand in a text, whatever is escaped."""
        for reading in readings(text):
            for word in reading.words():
                if not self._is_anchor(word[0]):
                    continue
                for before, after in self.shapes:
                    begin, end = word.start() - before, word.end() + after
                    if begin < 0 or end > len(reading.text) or not reading.stands_alone(begin, end):
                        continue
                    name, first, last = reading.text[begin:end], reading.at[begin], reading.at[end]
                    if self.is_name(name) and not is_within_word(text, first, last):
                        yield first, last, self.has(WORD, composed(name))

    def _is_anchor(self, word: str) -> bool:
        known = self._anchors.get(word)
        if known is None:
            if len(self._anchors) > _MOST_REMEMBERED:
                self._anchors.clear()
            known = self._anchors[word] = self.has(ANCHOR, word)
        return known

    def _asked(self, word: bytes) -> tuple[bool, bool]:
        """Whether a word is a user name or address of a retired learner, and whether it is to be blanked."""
        known = self._words.get(word)
        if known is None:
            if len(self._words) > _MOST_REMEMBERED:
                self._words.clear()
            known = self._words[word] = self._asked_anew(word)
        return known

    def _asked_anew(self, word: bytes) -> tuple[bool, bool]:
        if len(word) == 32 and _ANONYMOUS_ID.fullmatch(word) and self.has(ANONYMOUS, word.decode()):
            return True, True
        text = composed(plain_signs(word).decode("utf-8", "surrogateescape"))
        if self.is_address(text):
            return True, True
        if len(text) > LONGEST_NAME or not self.is_name(text):
            return False, False
        return True, self.has(WORD, text)

    def _digest(self, kind: str, text: str) -> str:
        # The kind with its length before it: no two messages are spelt the same.
        message = b"%d:%s" % (len(kind), f"{kind}{text}".encode("utf-8", "surrogateescape"))
        return hmac.digest(self.key, b"edxtasks retire " + message, "sha256")[:_DIGEST_BYTES].hex()


def is_usual_word(username: str) -> bool:
    """Whether a user name is no `WORD`: it stands in texts and means nobody, as a number does, or `is`."""
    return (
        username.lower() in USUAL_WORDS
        or len(username) < _SHORTEST_WORD
        or re.fullmatch(r"[\d.+\-]*", username) is not None
    )


@dataclass(frozen=True)
class Learner:
    """A learner to be retired, by user name and what is known besides."""

    username: str = field(repr=False)
    user_id: int | None = field(default=None, repr=False)
    addresses: tuple[str, ...] = field(default=(), repr=False)
    is_usual: bool = False
    """Whether the user name is a usual word of the data: where it is a mention cannot be told."""

    anonymous_ids: tuple[str, ...] = field(default=(), repr=False)
    """What stands for the learner in single courses (`hash_id`)."""

    def marks(self) -> list[tuple[str, str]]:
        """What the learner is told by, each with its kind."""
        found = [(NAME, self.username)] if self.username else []
        found += [(WORD, self.username)] if self.username and not self.is_usual else []
        found += [(NUMBER, str(self.user_id))] if self.user_id is not None else []
        found += [(ADDRESS, address) for address in self.addresses if "@" in address]
        found += [(ANONYMOUS, one) for one in self.anonymous_ids]
        if self.shape() is not None:
            found.append((ANCHOR, anchor_of(self.username)[0]))
        if self.username and self.user_id is not None:
            found.append((COMPLETE, self.username))
        return found

    def sought(self) -> list[str]:
        """What a text that is about the learner holds one of."""
        return [value for kind, value in self.marks() if kind != COMPLETE]

    def shape(self) -> tuple[int, int] | None:
        """How many signs of the user name stand before and after its `ANCHOR`; None where it needs none."""
        if is_plain(self.username):
            return None
        _, before, after = anchor_of(self.username)
        return before, after


def _apart(found: list[_Found]) -> Iterator[_Found]:
    """What was found in the order of the text, the longest of what overlaps."""
    end = 0
    for first, last, is_word in sorted(found, key=lambda one: (one[0], -one[1])):
        if first >= end:
            yield first, last, is_word
            end = last
