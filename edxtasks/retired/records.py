"""What of a row, record or document is about retired learners: theirs go, mentions in those of others are
blanked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import orjson

from edxtasks.retired.learners import BLANK, Retired
from edxtasks.retired.words import is_id_key, is_ids_key

# Rows of the tracking log

_AS_THEY_ARE = frozenset(
    {"time", "event_source", "course_id", "module_id", "host", "agent", "session", "name", "ip", "datafn"}
)
"""Columns in which nobody is named: a user name that is a usual word leaves them alone."""

_NAME_KEYS = frozenset({"username", "author_username", "user_name"})
"""Columns and keys whose value is a user name and nothing else."""


def of_row(row: bytes, retired: Retired) -> tuple[bytes | None, int]:
    """What is kept of a row of the tracking log (JSON without newline): None where it is a retired learner's,
    else the row with mentions blanked, and how many there were."""
    if not retired.hits(row):
        return row, 0
    form = orjson.loads(row)
    context = form.get("context") or {}
    if retired.is_name(form.get("username")) or retired.is_name(context.get("username")):
        return None, 0
    if retired.is_number(context.get("user_id")):
        return None, 0
    counter = [0]
    cleaned = {name: _of_column(name, value, retired, counter) for name, value in form.items()}
    return (orjson.dumps(cleaned), counter[0]) if counter[0] else (row, 0)


def _of_column(name: str, value: object, retired: Retired, counter: list[int]) -> object:
    if name in _AS_THEY_ARE or (name == "event_type" and not str(value).startswith("/")):
        return value
    return _of_value(name, value, retired, counter)


def _of_value(name: str, value: object, retired: Retired, counter: list[int]) -> object:
    value = _plain_id(name, value)
    if isinstance(value, dict):
        return {
            key: one if key in _FIELDS_AS_THEY_ARE else _of_value(_key_in(name, key), one, retired, counter)
            for key, one in value.items()
        }
    if isinstance(value, list):
        kept = value if not is_ids_key(name) else [one for one in value if not retired.is_person(one)]
        counter[0] += len(value) - len(kept)
        return [_of_value(name, one, retired, counter) for one in kept]
    if isinstance(value, str):
        if name in _NAME_KEYS:  # another one may hold it, or end so
            is_theirs = retired.is_name(value)
            counter[0] += is_theirs
            return BLANK.decode() if is_theirs else value
        text, count = _blanked(name, value, retired)
        counter[0] += count
        return text
    if is_id_key(name) and retired.is_number(value):
        counter[0] += 1
        return None
    return value


def _blanked(name: str, text: str, retired: Retired) -> tuple[str, int]:
    """A text without mentions, and how many there were; of a list of user ids, without theirs."""
    if is_ids_key(name):
        return retired.without_ids(text)
    cleaned, count = retired.blanked(text.encode("utf-8", "surrogatepass"))
    return (cleaned.decode("utf-8", "surrogatepass") if count else text), count


def _plain_id(name: str, value: object) -> object:
    """A user id that MongoDB's extended JSON wraps, as it is."""
    return _plain_number(value) if is_id_key(name) else value


def _key_in(name: str, key: str) -> str:
    """The key of a member, `id` of a user told from other ids."""
    return f"{name}_id" if key == "id" and is_id_key(name) else key


# Dumps


def record_cleaner(
    content: str, header: Sequence[str], retired: Retired
) -> Callable[[list[str]], tuple[list[str] | None, int]]:
    """What keeps of a record of the delivered table `content`: None where it is a retired learner's, else the
    fields with mentions blanked, and how many there were."""
    of_user = {"auth_user", "users", "user_id_map", *TABLES_BY_ID}
    columns = [name.strip().lower().replace(" ", "_") for name in header]  # reports say `Student ID`
    as_they_are = {at for at, name in enumerate(columns) if name in _FIELDS_AS_THEY_ARE | _NAME_KEYS}
    ids = [
        at
        for at, name in enumerate(columns)
        if is_id_key(name) or name in _ANONYMOUS_IDS or (name == "id" and content in of_user)
    ]
    names = [at for at, name in enumerate(columns) if name in _NAME_KEYS]
    addresses = [at for at, name in enumerate(columns) if name in _ADDRESSES]

    def clean(fields: list[str]) -> tuple[list[str] | None, int]:
        if (
            any(retired.is_person(fields[at]) for at in ids)
            or any(retired.is_name(fields[at]) for at in names)
            or any(retired.is_address(fields[at]) for at in addresses)
        ):
            return None, 0
        mentions = 0
        for at, text in enumerate(fields):
            if at in as_they_are:
                continue
            fields[at], count = _blanked(columns[at].rpartition(".")[2], text, retired)
            mentions += count
        return fields, mentions

    return clean


TABLES_BY_ID = frozenset({"item_responses"})
"""Tables whose column `id` is the user id."""

_ANONYMOUS_IDS = frozenset({"hash_id", "id_map_hash_id", "anonymous_user_id", "anonymized_user_id"})
"""Columns of ids that stand for a learner in one course."""

_ADDRESSES = frozenset({"email", "e-mail", "email_address"})

_FIELDS_AS_THEY_ARE = frozenset({"course_id", "module_id", "module_type", "mode", "status", "role", "org"})


def of_document(line: bytes, retired: Retired) -> tuple[bytes | None, int]:
    """What is kept of a line of the forum's dump, a document: None where a retired learner wrote it, else the
    line with mentions blanked and votes taken out, and how many there were."""
    try:
        form = orjson.loads(line)
    except orjson.JSONDecodeError:
        return retired.blanked(line)
    if not isinstance(form, dict):
        return retired.blanked(line)
    if is_of_learner(form, retired):
        return None, 0
    counter = [0]
    cleaned = _of_member("", form, retired, counter)
    return (orjson.dumps(cleaned) + b"\n", counter[0]) if counter[0] else (line, 0)


def is_of_learner(form: Mapping[str, object], retired: Retired, account: str = "") -> bool:
    """Whether a document is a retired learner's own, by its user id, user name or address; `account` is the
    key of the user id in a document of an account."""
    return (
        any(retired.is_person(_plain_number(form.get(key))) for key in (*_OWNERS, account) if key)
        or any(retired.is_name(form.get(key)) for key in _NAME_KEYS)
        or any(isinstance(text := form.get(key), str) and retired.is_address(text) for key in _ADDRESSES)
    )


def _plain_number(value: object) -> object:
    """A number that MongoDB's extended JSON wraps, as it is."""
    if isinstance(value, dict) and len(value) == 1:
        return next((value[key] for key in ("$numberLong", "$numberInt") if key in value), value)
    return value


_OWNERS = ("author_id", "user_id", "student_id")


def _of_member(name: str, value: object, retired: Retired, counter: list[int]) -> object:
    value = _plain_id(name, value)
    if isinstance(value, dict):
        return {key: _of_member(_key_in(name, key), one, retired, counter) for key, one in value.items()}
    if isinstance(value, list):
        kept = [one for one in value if not (is_ids_key(name) and retired.is_person(one))]
        counter[0] += len(value) - len(kept)
        return [_of_member(name, one, retired, counter) for one in kept]
    if is_id_key(name) and retired.is_number(value):
        counter[0] += 1
        return None
    return _of_value(name, value, retired, counter)


def is_about(form: object, retired: Retired, table: str = "") -> bool:
    """Whether a value of JSON (a row of a `table`, say) has the user name, user id or address of a retired
    learner where such stand, or mentions one."""
    if table in TABLES_BY_ID and isinstance(form, dict) and retired.is_number(form.get("id")):
        return True
    return _is_about("", form, retired)


def _is_about(name: str, value: object, retired: Retired) -> bool:
    value = _plain_id(name, value)
    if isinstance(value, dict):
        return any(
            _is_about(_key_in(name, key), one, retired)
            for key, one in value.items()
            if key not in _FIELDS_AS_THEY_ARE
        )
    if isinstance(value, list):
        if is_ids_key(name) and any(map(retired.is_person, value)):
            return True
        return any(_is_about(name, one, retired) for one in value)
    if (is_id_key(name) or name in _ANONYMOUS_IDS) and retired.is_person(value):
        return True
    if name.endswith("username"):
        return retired.is_name(value)
    if name in _ACCOUNTS and retired.is_name(value):
        return True
    return isinstance(value, str) and _blanked(name, value, retired)[1] > 0


_ACCOUNTS = frozenset({"harvester", "harvester_candidate", "master", "master_candidate", "shadow", "CH"})
"""Columns of tables that are a user name too, also one that is a usual word."""
