"""Whom a name on the command line means: user id and addresses, as the sorted dumps know them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from edxtasks.config import Settings
from edxtasks.dumps.package import EDGE
from edxtasks.dumps.reader import DeliveredTable
from edxtasks.dumps.values import integer
from edxtasks.errors import InputError, SettingsError
from edxtasks.messages import Messages
from edxtasks.retired import USUAL_WORDS, Learner

_NOT_READ = re.compile(r"-edge(-|\.)|\.gpg$|\.failed$")
_USERS = ("users.csv.gz", "users.csv")


def read_learners(words: Sequence[str], settings: Settings, parts_of_courses: set[str]) -> list[Learner]:
    """The learners that `words` name: `NAME`, `NAME:ID` or `:ID`, each with what the accounts of the sorted
    dumps add.

    Raises `SettingsError` for a word that is no such form (no word is shown: it is a name).
    """
    named = [_parsed(word, at) for at, word in enumerate(words, 1)]
    ids = {one.user_id for one in named if one.user_id is not None}
    names = {one.username for one in named if one.username}
    accounts = _accounts(settings, ids, names)
    found = []
    for one in named:
        own = [
            (number, name, address)
            for number, name, address in accounts
            if number == one.user_id or (one.user_id is None and name == one.username)
        ]
        accounts_of: list[tuple[int | None, str, str]] = [*own] or [(one.user_id, one.username, "")]
        for number, name, address in accounts_of:
            # Of an account that was renamed the name that was typed and the one that is known are meant.
            for username in dict.fromkeys(filter(None, (name, one.username))) or ("",):
                usual = username.lower() in USUAL_WORDS or username in parts_of_courses
                found.append(Learner(username, number, (address,) if address else (), usual))
    return list(dict.fromkeys(found))


def _parsed(word: str, at: int) -> Learner:
    name, colon, number = word.rpartition(":") if ":" in word else (word, "", "")
    if (colon and not (number.isascii() and number.isdigit())) or not (name or number):
        raise SettingsError(f"word {at} is neither a user name, nor NAME:ID, nor :ID (a user id)")
    if not name.isascii() or not all(sign.isalnum() or sign in "_-.+@" for sign in name):
        raise SettingsError(
            f"word {at} is no user name of edX: expected letters, digits and _ - . + @, without accents"
        )
    return Learner(name, int(number) if number else None)


def _accounts(settings: Settings, ids: set[int], names: set[str]) -> list[tuple[int, str, str]]:
    """The accounts of these ids or names in all sorted dumps: id, name, address."""
    base = settings.paths.course_sql_base_dir
    found: dict[tuple[int, str, str], None] = {}
    for path in _account_files(base, settings.paths.dump_dir):
        try:
            table = DeliveredTable(path, Messages(), max_bad_fraction=1)
        except InputError:
            continue  # who looks whether anything is left tells it
        header = list(table.header)
        if not {"id", "username"} <= set(header):
            continue
        at_id, at_name = header.index("id"), header.index("username")
        at_address = header.index("email") if "email" in header else None
        for record in table.whole_records():
            number = integer(record[at_id])
            if number is not None and (record[at_name] in names or number in ids):
                address = record[at_address] if at_address is not None else ""
                found[number, record[at_name], address if "@" in address else ""] = None
    return list(found)


def _account_files(base: Path, package: Path | None) -> list[Path]:
    """The files of accounts of all dumps of all courses below `base`, and of the package, but for those of
    the edge site."""
    found = [
        path for name in _USERS for depth in ("*", "*/*", "*/*/*") for path in base.glob(f"{depth}/{name}")
    ]
    found = [path for path in found if EDGE not in path.relative_to(base).parts]
    if package is not None and package.is_dir():
        found += [path for path in package.glob("*-auth_user*.sql*") if not _NOT_READ.search(path.name)]
    return sorted(found)
