"""What the path of a request alone says about the component that it is for.

Server events logged for a request have its path as event type, and most events carry one in
`context.path`. Paths repeat, so that all that can be read from one is read once and remembered. Paths of
handlers of blocks repeat less: a campus has as many as components. What is remembered of those is their form,
which is the path without the id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from edxtasks.logs.rows.row_levels import is_listed
from edxtasks.logs.rows.usage_keys import BLOCK_KEY, I4X_URL, ID, PART, QUOTED_I4X

_OPAQUE = rf"course-v1:({PART})\+({PART})\+{PART}"
_COURSE = rf"/courses/(?:({PART})/({PART})/{PART}|{_OPAQUE})"
_OPAQUE_KEY = re.compile(_OPAQUE)
_COURSES = ["", "courses"]
_SEGMENT = r"[^/?#]+"

_XBLOCK = re.compile(rf"/courses/{_OPAQUE}/xblock/{BLOCK_KEY}(/handler)?")
_THREAD = re.compile(rf"{_COURSE}/discussion/threads/({ID})")
_FORUM_THREAD = re.compile(rf"{_COURSE}/discussion/forum/{_SEGMENT}/threads/({ID})")
_NEW_THREAD = re.compile(rf"{_COURSE}/discussion/({_SEGMENT})/threads/create")
_JUMP = re.compile(rf"{_COURSE}/jump_to_id/({_SEGMENT})/?\Z")
_QUOTED = re.compile(rf"/courses/({PART})/({PART})/{PART}/xblock/{QUOTED_I4X}/handler/")
_I4X = re.compile(rf"{I4X_URL}(/goto_position)?")
_COURSEWARE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?(?://[^/?#]*)?{_COURSE}"
    rf"/courseware/({_SEGMENT})/(?:({_SEGMENT})/(?:([0-9]+)/?)?)?(\?[^#]*)?(#.*)?",
    re.DOTALL,
)


# Links, as far as rules ask for them. In the event type or in context.path:
HANDLER = 1 << 0
BLOCK = 1 << 1
QUOTED = 1 << 2
# In the event type alone:
THREAD = 1 << 3
FORUM_THREAD = 1 << 4
NEW_THREAD = 1 << 5
COURSEWARE = 1 << 6
JUMP = 1 << 7
I4X = 1 << 8

_BITS = {
    "handler": HANDLER,
    "block": BLOCK,
    "quoted": QUOTED,
    "thread": THREAD,
    "forum_thread": FORUM_THREAD,
    "new_thread": NEW_THREAD,
    "courseware": COURSEWARE,
    "jump": JUMP,
    "i4x": I4X,
}


@dataclass(slots=True, eq=False)
class Links:
    """Module ids found in one path; each None when the path has not that form.

    `handler`: of a block's handler; `block`: of a block; `quoted`: of a handler of a quoted i4x URL;
    `thread`, `forum_thread`, `new_thread`: of the forum; `courseware`: of a courseware page; `jump`: of
    a jump by id; `i4x`: of an i4x URL, `goes_to_position` when a change of position is asked of it. `has`:
    which of them there are, as bits.
    """

    handler: str | None = None
    block: str | None = None
    quoted: str | None = None
    thread: str | None = None
    forum_thread: str | None = None
    new_thread: str | None = None
    courseware: str | None = None
    jump: str | None = None
    i4x: str | None = None
    goes_to_position: bool = False
    has: int = 0


NO_LINKS = Links()

MOST_FORMS = 20_000
"""Most forms of paths that are remembered: some twenty for each course."""
LONGEST_FORM = 1000
"""Characters of the longest form that is remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class HandlerForm:
    """Paths of a block's handler that differ in the id alone, which is ASCII letters and digits.

    `module` is the module id of each without its id, `listed` whether all members of an event have columns
    that has such a path as its type.
    """

    module: str
    listed: bool


class HandlerForms:
    """The forms of paths of blocks' handlers. See `read_links` for `extended`."""

    def __init__(self, extended: bool) -> None:
        self._extended = extended
        self._known: dict[tuple[str, str], HandlerForm | None] = {}

    def find(self, path: str) -> tuple[HandlerForm, str] | None:
        """The form of the path of a block's handler, and the module id. None where it is no such path, or the
        id in it has other characters than ASCII letters and digits: `read_links` is for all paths."""
        head, _, rest = path.partition("+block@")
        name, _, tail = rest.partition("/")
        if not name.encode().isalnum():
            return None
        try:
            form = self._known[head, tail]
        except KeyError:
            form = self._learn(head, tail)
        return None if form is None else (form, form.module + name)

    def _learn(self, head: str, tail: str) -> HandlerForm | None:
        # To the patterns, one letter or digit in an id is as good as another; and no word that they look for
        # can begin or end in it, since `@` stands before it and `/` behind. Two ids show that the module id
        # has this one, and not one from another place of the path.
        paths = [f"{head}+block@{name}/{tail}" for name in "01"]
        handlers = [read_links(path, self._extended).handler or "" for path in paths]
        module = handlers[0][:-1]
        form = None
        if module and handlers == [f"{module}0", f"{module}1"]:
            form = HandlerForm(module, is_listed(paths[0]))
        if len(head) + len(tail) <= LONGEST_FORM:
            if len(self._known) >= MOST_FORMS:
                self._known.clear()
            self._known[head, tail] = form
        return form


def read_links(path: str, extended: bool) -> Links:
    """All that `path` says. Without `extended`, courses in the form `course-v1:…` have no forum,
    courseware and jump links, and new threads are known only of forums whose name starts with `i4x`."""
    if "/courses/" not in path and "i4x://" not in path:
        return NO_LINKS
    found: dict[str, str | None] = {}
    i4x = None
    if "/xblock/" in path:
        if block := _XBLOCK.search(path):
            found["block"] = f"{block[1]}/{block[2]}/{block[5]}/{block[6]}"
            if block[7]:
                found["handler"] = found["block"]
        if quoted := _QUOTED.match(path):
            found["quoted"] = "/".join(quoted.groups())
    if "/discussion/" in path:
        found["thread"] = _module(_THREAD.match(path), "forum", extended)
        found["forum_thread"] = _module(_FORUM_THREAD.match(path), "forum", extended)
        new_thread = _NEW_THREAD.match(path)
        if new_thread and (extended or new_thread[5].startswith("i4x")):
            found["new_thread"] = _module(new_thread, "forum", extended, "new")
    if "/courseware/" in path:
        found["courseware"] = courseware_module(path, extended)
    if "/jump_to_id/" in path:
        found["jump"] = _module(_JUMP.search(path), "jump_to_id", extended)
    if "i4x://" in path and (i4x := _I4X.search(path)):
        found["i4x"] = "/".join(i4x.groups()[:4])
    has = 0
    for link, module in found.items():
        if module is not None:
            has |= _BITS[link]
    if not has:
        return NO_LINKS
    return Links(**found, goes_to_position=bool(i4x and i4x[5]), has=has)


@lru_cache(8192)
def courseware_module(url: str, extended: bool) -> str | None:
    """Module id of a courseware page: `O/C/sequential/SEQ/` or, where the URL ends with the chapter,
    `O/C/chapter/CH`.

    The page is `/courses/<course>/courseware/CH/SEQ/` or `/courses/<course>/courseware/CH/`, with or
    without scheme and host, at the end of the URL. Only with `extended` the course may have the form
    `course-v1:…`, a position may follow (`SEQ/2`), and a query or a fragment (a bare `#` always may).
    """
    if extended and "?" not in url and "#" not in url:
        # Nearly all of them, in a third of the time that the pattern takes.
        parts = url.split("/", 7)
        if len(parts) == 7 and parts[3] == "courseware" and parts[:2] == _COURSES and not parts[6]:
            org_number = _org_number(parts[2])
            if org_number and parts[4] and parts[5]:
                return f"{org_number}/sequential/{parts[5]}/"
    return _courseware_by_pattern(url, extended)


def _courseware_by_pattern(url: str, extended: bool) -> str | None:
    page = _COURSEWARE.fullmatch(url)
    if page is None:
        return None
    chapter, sequential, position, query, fragment = page.groups()[4:]
    if not extended and (position or query is not None or fragment not in (None, "#")):
        return None
    if sequential:
        return _module(page, "sequential", extended, f"{sequential}/")
    return _module(page, "chapter", extended, chapter)


@lru_cache(1024)
def _org_number(key: str) -> str:
    """`ORG/NUMBER` of an opaque key of a course; "" for what is none."""
    match = _OPAQUE_KEY.fullmatch(key)
    return f"{match[1]}/{match[2]}" if match else ""


def _module(match: re.Match[str] | None, kind: str, extended: bool, name: str | None = None) -> str | None:
    """The module id of a match that begins with a course; `name` is its fifth group unless given."""
    if match is None or not (extended or match[1]):
        return None
    return f"{match[1] or match[3]}/{match[2] or match[4]}/{kind}/{name or match[5]}"
