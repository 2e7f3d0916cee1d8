"""From one line of a raw tracking log to one row of the table, as JSON.

The rules are told in docs/tracking-log-rows.md. Nothing in an event is lost: what has no column is set
aside in `mongoid`. A row that is rephrased again comes out unchanged.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orjson import JSONDecodeError, JSONEncodeError, loads

from edxtasks.logs.raw_files import LONGEST_LINE
from edxtasks.logs.rows.conform import Conformer, Level
from edxtasks.logs.rows.fast_path import NOT_USUAL, UsualLines
from edxtasks.logs.rows.general_path import AnyLines
from edxtasks.logs.rows.json_text import (
    NotJsonError,
    TextForm,
    TooDeepError,
    compact,
    may_hold_long_integer,
    predecessor,
)
from edxtasks.logs.rows.line import Reject, object_with_long_integers, read_unusual_line
from edxtasks.logs.rows.module_id import ModuleIds
from edxtasks.logs.rules import RULES_VERSION, RephraseRules

__all__ = [
    "RULES_VERSION",
    "LineCounts",
    "Reject",
    "RephraseRules",
    "Rephrased",
    "Rephraser",
    "StreamCounts",
    "rephrase_stream",
]

TEXT_FORMS: dict[str, TextForm] = {"compact": compact, "predecessor": predecessor}

LONGEST_NAME = 120
"""Most characters of a key's full name in the counts."""

_NOT_OBJECT = Reject("not_object")
TOO_LONG = Reject("too_long")
"""Of a line of more than `LONGEST_LINE` bytes."""

Rephrased = tuple[str | None, int, bytes]
"""Course as ORG/NUMBER/RUN or None, time in microseconds since 1970 UTC, the row as JSON without newline."""


@dataclass
class LineCounts:
    """What was noticed in lines.

    `bad_utf8`: lines with bytes that are no UTF-8; by full name (`event_struct.grade`), the keys that
    have no column and the values that are not of their column's type.
    """

    bad_utf8: int = 0
    unknown_keys: Counter[str] = field(default_factory=Counter)
    wrong_types: Counter[str] = field(default_factory=Counter)

    def add(self, other: LineCounts) -> None:
        """Add what was noticed in other lines."""
        self.bad_utf8 += other.bad_utf8
        self.unknown_keys += other.unknown_keys
        self.wrong_types += other.wrong_types


class Rephraser:
    """Makes rows of lines. One per process: it remembers what repeats from line to line.

    A row depends on its line alone. What is kept from line to line is either remembered by all that it is
    made of (`Memo`, `lru_cache`, shapes by keys and types, `EventType.by_id`), or a note that no row
    is made of (the conformer's, forgotten after each line; the counts), or it chooses the way of a line
    (`Learner`), and both ways lead to the same row.
    """

    def __init__(self, rules: RephraseRules) -> None:
        text = TEXT_FORMS[rules.json_text_form]
        self._conformer = Conformer(text)
        module_ids = ModuleIds(rules.module_id_extended)
        self._usual = UsualLines(self._conformer, module_ids, text)
        self._any = AnyLines(self._conformer, module_ids, text)
        self._expected = frozenset(".".join(path) for path in rules.retired_keys)
        self._counts = LineCounts()
        self._unknown: Counter[tuple[Level, tuple[str, ...]]] = Counter()

    def line(self, line: bytes) -> Rephrased | Reject | None:
        """The row of a line (with or without its newline), the reason why there is none, or None for a
        blank line. Never raises."""
        return self.lines([line])[0]

    def lines(self, lines: Sequence[bytes]) -> list[Rephrased | Reject | None]:
        """The same of each of many lines, a little faster."""
        results: list[Rephrased | Reject | None] = [None] * len(lines)
        result: Rephrased | Reject | None
        usual_row = self._usual.row
        conformer = self._conformer
        # Lines of the same length are mostly of the same kind, and often of the same page. One after another
        # they find what they need in the processor's caches, and take a tenth less time.
        sizes = [*map(len, lines)]
        order = sorted(range(len(lines)), key=sizes.__getitem__)
        if order and sizes[order[-1]] > LONGEST_LINE:
            order = [number for number in order if not _is_too_long(lines[number])]
            results = [TOO_LONG] * len(lines)
        others = []
        self._usual.count(len(order))
        for number in order:
            line = lines[number]
            try:
                result = usual_row(line)
            except NOT_USUAL:
                conformer.forget()
                others.append(number)
                continue
            except Exception as error:  # noqa: BLE001 -- no line may end a file; a defect is told and counted
                result = _refusal(error)
            results[number] = self._noted(line, result) if conformer.noticed else result
        # For the same reason lines that are not usual, which are few, come one after another.
        for number in others:
            line = lines[number]
            result = self._any_line(line)
            results[number] = self._noted(line, result) if conformer.noticed else result
            self._usual.learn_from(line)
        return results

    def _any_line(self, line: bytes) -> Rephrased | Reject | None:
        """As `line`, without the short way for usual lines, and without counting what was noticed."""
        try:
            record = loads(line)
            return self._any.row(record, False) if isinstance(record, dict) else _NOT_OBJECT
        except JSONDecodeError:
            return self._unusual(line)
        except JSONEncodeError:  # a whole number of more than 53 bits, or nested very deep
            return self._exactly(line)
        except Exception as error:  # noqa: BLE001 -- as above
            return _refusal(error)

    def take_counts(self) -> LineCounts:
        """What was noticed since the last call, in lines that made a row (`bad_utf8`: in all lines)."""
        counts, self._counts = self._counts, LineCounts()
        self._unknown += self._usual.unknown
        self._usual.unknown.clear()
        for (level, keys), lines in self._unknown.items():
            for key in keys:
                name = level.path + key
                if name not in self._expected:
                    counts.unknown_keys[name[:LONGEST_NAME]] += lines
        self._unknown.clear()
        return counts

    def _unusual(self, line: bytes) -> Rephrased | Reject | None:
        """The row of a line that the fast parser refuses as it stands."""
        try:
            unusual = read_unusual_line(line)
            self._counts.bad_utf8 += unusual.bad_utf8
            if not isinstance(unusual.content, dict):
                return unusual.content
            return self._any.row(unusual.content, False)
        except JSONEncodeError:
            return self._exactly(line)
        except Exception as error:  # noqa: BLE001 -- as above
            return _refusal(error)

    def _exactly(self, line: bytes) -> Rephrased | Reject:
        """The row of a line with integers of any size."""
        self._conformer.forget()
        try:
            return self._any.row(object_with_long_integers(line), True)
        except Exception as error:  # noqa: BLE001 -- as above
            return _refusal(error)

    def _noted(self, line: bytes, result: Rephrased | Reject | None) -> Rephrased | Reject | None:
        """The row of a line in which something was noticed, which is counted."""
        conformer = self._conformer
        # The fast parser makes floats of integers beyond 64 bits; those are written with an exponent.
        if conformer.exponent and may_hold_long_integer(line):
            result = self._exactly(line)
        if result.__class__ is tuple:
            for unknown in conformer.unknown:
                self._unknown[unknown] += 1
            if conformer.wrong:
                self._counts.wrong_types.update(conformer.wrong)
        conformer.forget()
        return result


@dataclass
class StreamCounts:
    """What became of the lines of a stream: lines = blank + rows + rejects (by reason)."""

    lines: int = 0
    blank: int = 0
    rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    noticed: LineCounts = field(default_factory=LineCounts)


def rephrase_stream(
    lines: Iterable[bytes | Reject],
    rules: RephraseRules,
    write: Callable[[bytes], object],
    reject: Callable[[int, Reject, bytes], object],
) -> StreamCounts:
    """Rephrase lines one by one: `write` gets each row with its newline, `reject` each line that makes
    none, with its number (from 1) and why. It goes on to the last line, whatever they hold. A line that was
    rejected by who read it stands as its reject among the lines."""
    rephraser = Rephraser(rules)
    counts = StreamCounts()
    for number, line in enumerate(lines, start=1):
        counts.lines = number
        result = line if isinstance(line, Reject) else rephraser.line(line)
        if result is None:
            counts.blank += 1
        elif isinstance(result, Reject):
            counts.rejects[result.reason] += 1
            reject(number, result, b"" if isinstance(line, Reject) else line)
        else:
            counts.rows += 1
            write(result[2] + b"\n")
    counts.noticed = rephraser.take_counts()
    return counts


def _is_too_long(line: bytes) -> bool:
    """Whether a line has too many bytes; its newline is none of them."""
    return len(line) - line.endswith(b"\n") > LONGEST_LINE


def _refusal(error: Exception) -> Reject:
    """The reject that an exception means; a defect's names its place."""
    if isinstance(error, NotJsonError | TooDeepError):
        return Reject("bad_json")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {error}"
    return Reject("internal", text[:300])
