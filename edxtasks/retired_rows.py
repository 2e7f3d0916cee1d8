"""What is kept of rows, records and documents when learners are retired: nothing of theirs, and of others'
without mentions of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from edxtasks.retired import Retired

# Rows of the tracking log

_AS_THEY_ARE = frozenset(
    {"time", "event_source", "course_id", "module_id", "host", "agent", "session", "name", "ip", "datafn"}
)
"""Columns in which nobody is named: a user name that is a usual word leaves them alone."""


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
    if isinstance(value, dict):
        return {key: _of_column(key, one, retired, counter) for key, one in value.items()}
    if isinstance(value, list):
        return [_of_value(name, one, retired, counter) for one in value]
    if isinstance(value, str):
        text, count = retired.blanked(value.encode("utf-8", "surrogatepass"))
        counter[0] += count
        return text.decode("utf-8", "surrogatepass") if count else value
    if _is_id(name) and retired.is_number(value):
        counter[0] += 1
        return None
    return value


def _is_id(name: str) -> bool:
    return name.endswith(("user_id", "student_id", "author_id"))


# Dumps


def record_cleaner(
    content: str, header: Sequence[str], retired: Retired
) -> Callable[[list[str]], tuple[list[str] | None, int]]:
    """What keeps of a record of the delivered table `content`: None where it is a retired learner's, else the
    fields with mentions blanked, and how many there were."""
    of_user = {"auth_user", "users", "user_id_map"}
    as_they_are = [at for at, name in enumerate(header) if name in _FIELDS_AS_THEY_ARE]
    ids = [at for at, name in enumerate(header) if _is_id(name) or (name == "id" and content in of_user)]
    names = [at for at, name in enumerate(header) if name in {"username", "author_username"}]

    def clean(fields: list[str]) -> tuple[list[str] | None, int]:
        if any(retired.is_number(fields[at]) for at in ids) or any(
            retired.is_name(fields[at]) for at in names
        ):
            return None, 0
        mentions = 0
        for at, text in enumerate(fields):
            if at in as_they_are:
                continue
            cleaned, count = retired.blanked(text.encode("utf-8", "surrogatepass"))
            if count:
                fields[at] = cleaned.decode("utf-8", "surrogatepass")
                mentions += count
        return fields, mentions

    return clean


_FIELDS_AS_THEY_ARE = frozenset({"course_id", "module_id", "module_type", "mode", "status", "role", "org"})

_LISTS_OF_IDS = frozenset({"up", "down", "abuse_flaggers", "historical_abuse_flaggers", "followers"})


def of_document(line: bytes, retired: Retired) -> tuple[bytes | None, int]:
    """What is kept of a line of the forum's dump, a document: None where a retired learner wrote it, else the
    line with mentions blanked and votes taken out, and how many there were."""
    try:
        form = orjson.loads(line)
    except orjson.JSONDecodeError:
        return retired.blanked(line)
    if not isinstance(form, dict):
        return retired.blanked(line)
    if retired.is_number(form.get("author_id")) or retired.is_name(form.get("author_username")):
        return None, 0
    counter = [0]
    cleaned = _of_member("", form, retired, counter)
    return (orjson.dumps(cleaned) + b"\n", counter[0]) if counter[0] else (line, 0)


def _of_member(name: str, value: object, retired: Retired, counter: list[int]) -> object:
    if isinstance(value, dict):
        return {key: _of_member(key, one, retired, counter) for key, one in value.items()}
    if isinstance(value, list):
        kept = [one for one in value if not (name in _LISTS_OF_IDS and retired.is_number(one))]
        counter[0] += len(value) - len(kept)
        return [_of_member(name, one, retired, counter) for one in kept]
    if _is_id(name) and retired.is_number(value):
        counter[0] += 1
        return None
    return _of_value(name, value, retired, counter)


def is_about(form: object, retired: Retired) -> bool:
    """Whether a value of JSON (a row of a table, say) has the user name, user id or address of a retired
    learner where such stand, or mentions one."""
    if isinstance(form, dict):
        for name, value in form.items():
            if name in {"username", "author_username"} and retired.is_name(value):
                return True
            if _is_id(name) and retired.is_number(value):
                return True
            if name not in _FIELDS_AS_THEY_ARE and is_about(value, retired):
                return True
        return False
    if isinstance(form, list):
        return any(is_about(one, retired) for one in form)
    return isinstance(form, str) and retired.blanked(form.encode("utf-8", "surrogatepass"))[1] > 0
