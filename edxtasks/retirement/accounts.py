"""Whom a name on the command line means: user id and addresses, as the sorted dumps know them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.dumps.package import EDGE
from edxtasks.dumps.reader import DeliveredTable
from edxtasks.dumps.values import integer
from edxtasks.errors import InputError, SettingsError
from edxtasks.messages import Messages
from edxtasks.retired import LONGEST_NAME, Learner, is_usual_word

_NOT_READ = re.compile(r"-edge(-|\.)|\.gpg$|\.failed$")
_TABLES = {"auth_user": "users", "user_id_map": "user_id_map", "student_anonymoususerid": None}
"""Delivered tables that tell of accounts, each with the name of its sorted file where that is another."""

_ANONYMOUS = ("hash_id", "anonymous_user_id")


@dataclass(frozen=True)
class Named:
    """What a word of the command line means. `in_accounts`: whether a dump knows it; `in_other_case`: whether
    a dump knows it in upper and lower case otherwise."""

    learners: tuple[Learner, ...]
    in_accounts: bool
    in_other_case: bool

    @property
    def is_usual(self) -> bool:
        """Whether a mention cannot be told from a usual word."""
        return any(one.username and one.is_usual for one in self.learners)

    @property
    def has_user_id(self) -> bool:
        """Whether the user id is known."""
        return all(one.user_id is not None for one in self.learners)


@dataclass
class _Accounts:
    """What dumps tell of accounts: user id, name, address; anonymous ids by user id; names in other case."""

    found: dict[tuple[int, str, str], None] = field(default_factory=dict)
    anonymous: dict[int, dict[str, None]] = field(default_factory=dict)
    other_case: set[str] = field(default_factory=set)


def read_learners(words: Sequence[str], settings: Settings, parts_of_courses: set[str]) -> list[Named]:
    """The learners that `words` name: `NAME`, `NAME:ID` or `:ID`, each with what the accounts of the sorted
    dumps and of the package add.

    Raises `SettingsError` for a word that is no such form (no word is shown: it is a name).
    """
    named = [_parsed(word, at) for at, word in enumerate(words, 1)]
    ids = {one.user_id for one in named if one.user_id is not None}
    names = {one.username for one in named if one.username}
    accounts = _accounts(settings, ids, names)
    return [_named(one, accounts, parts_of_courses) for one in named]


def _named(one: Learner, accounts: _Accounts, parts_of_courses: set[str]) -> Named:
    own = [
        (number, name, address)
        for number, name, address in accounts.found
        if number == one.user_id or (one.user_id is None and name == one.username)
    ]
    accounts_of: list[tuple[int | None, str, str]] = [*own] or [(one.user_id, one.username, "")]
    found = []
    for number, name, address in accounts_of:
        anonymous = tuple(accounts.anonymous.get(number, ())) if number is not None else ()
        # Of an account that was renamed the name that was typed and the one that is known are meant.
        for username in dict.fromkeys(filter(None, (name, one.username))) or ("",):
            usual = is_usual_word(username) or username in parts_of_courses
            found.append(Learner(username, number, (address,) if address else (), usual, anonymous))
    in_other_case = not own and one.username.casefold() in accounts.other_case
    return Named(tuple(dict.fromkeys(found)), bool(own), in_other_case)


def _parsed(word: str, at: int) -> Learner:
    name, colon, number = word.rpartition(":") if ":" in word else (word, "", "")
    if (colon and not (number.isascii() and number.isdigit())) or not (name or number):
        raise SettingsError(f"word {at} is neither a user name, nor NAME:ID, nor :ID (a user id)")
    if name and (not name.isprintable() or len(name) > LONGEST_NAME or not re.search(r"\w", name)):
        raise SettingsError(
            f"word {at} is no user name: expected at most {LONGEST_NAME} signs in one line, and a letter or "
            "digit among them"
        )
    return Learner(unicodedata.normalize("NFC", name), int(number) if number else None)


def _accounts(settings: Settings, ids: set[int], names: set[str]) -> _Accounts:
    """The accounts of these ids or names in all dumps."""
    paths = settings.paths
    folded = {name.casefold() for name in names}
    accounts = _Accounts()
    files = _files_of(paths.course_sql_base_dir, paths.dump_dir)
    for number, name, address in _records(files, ("username",), ("email",)):
        composed = unicodedata.normalize("NFC", name)
        if composed in names or number in ids:
            accounts.found[number, name, address if "@" in address else ""] = None
        elif name.casefold() in folded:
            accounts.other_case.add(name.casefold())
    known = {number for number, _, _ in accounts.found} | ids
    for number, anonymous, _ in _records(files, _ANONYMOUS, ()):
        if number in known and anonymous:
            accounts.anonymous.setdefault(number, {})[anonymous] = None
    # Of two tables of accounts one has no address.
    bare = [one for one in accounts.found if not one[2]]
    for number, name, _ in bare:
        if any(other[:2] == (number, name) and other[2] for other in accounts.found):
            del accounts.found[number, name, ""]
    return accounts


def _records(
    files: Sequence[Path], wanted: Sequence[str], more: Sequence[str]
) -> Iterator[tuple[int, str, str]]:
    """User id, the first column of `wanted` that there is, and of `more` (else empty), of all records of
    files that have them."""
    for path in files:
        try:
            table = DeliveredTable(path, Messages(), max_bad_fraction=1)
            header = list(table.header)
            at_id = next((header.index(name) for name in ("user_id", "id") if name in header), None)
            at = next((header.index(name) for name in wanted if name in header), None)
            at_more = next((header.index(name) for name in more if name in header), None)
            if at_id is None or at is None:
                continue
            for record in table.whole_records():
                number = integer(record[at_id])
                if number is not None:
                    yield number, record[at], record[at_more] if at_more is not None else ""
        except InputError:
            continue  # who looks whether anything is left tells it


def _files_of(base: Path, package: Path | None) -> list[Path]:
    """The files of accounts of all dumps of all courses below `base`, and of the package, but for those of
    the edge site."""
    sorted_names = [
        f"{name or table}.csv{ending}" for table, name in _TABLES.items() for ending in (".gz", "")
    ]
    found = [
        path
        for name in sorted_names
        for depth in ("*", "*/*", "*/*/*")
        for path in base.glob(f"{depth}/{name}")
    ]
    found = [path for path in found if EDGE not in path.relative_to(base).parts]
    if package is not None and package.is_dir():
        for table in _TABLES:
            delivered = package.glob(f"*-{table}-*.sql*")
            found += [path for path in delivered if not _NOT_READ.search(path.name)]
    return sorted(found)
