"""Ids of components as they stand in events, and the module ids that they spell.

A module id is `ORG/NUMBER/TYPE/ID`. edX has written the same component as

- block key: `block-v1:O+C+R+type@T+block@ID`, between `R` and `type` sometimes a branch or version;
- i4x URL: `i4x://O/C/T/ID`;
- quoted i4x URL, inside other URLs: `i4x:;_;_O;_C;_T;_ID`;
- HTML id: `i4x-O-C-T-ID`, where `_` stands for every character of O and C that is not a letter, digit,
  `_` or `-`;
- name of an input field of a problem: `input_<id>_<n>_<m>`, `<id>` a bare ID or an HTML id.

ID is the longest run of letters, digits and `_ - ~ . : %`, so that nothing of the JSON or HTML around
it gets into a module id.
"""

from __future__ import annotations

import re
from functools import lru_cache

REMEMBERED = 8192
"""Distinct ids remembered: components repeat over and over in a log."""

LONGEST_INPUT_NAME = 1000
"""A longer name is not an input field's, and would take long to look through."""

PART = r"[\w\-~.:]{1,250}"
ID = r"[\w\-~.:%]+"
# What stands between the run and the type ends where another key begins: else a text of many beginnings
# would be looked through from each of them to its end.
BETWEEN = r"(?:\+(?:(?!block-v1:)[\w\-~.:@])+)*?"
BLOCK_KEY = rf"block-v1:({PART})\+({PART})\+{PART}{BETWEEN}\+type@([\w\-]+)\+block@({ID})"
I4X_URL = rf"i4x://({PART})/({PART})/({PART})/({ID})"
QUOTED_I4X = rf"i4x:;_;_{PART};_{PART};_({PART});_({ID})"

COMPONENT_TYPES = (
    "problem",
    "video",
    "videoalpha",
    "html",
    "sequential",
    "vertical",
    "chapter",
    "course",
    "poll_question",
    "word_cloud",
    "combinedopenended",
    "openassessment",
    "discussion",
    "split_test",
    "lti",
    "annotatable",
    "library_content",
)

_BLOCK_KEY = re.compile(rf"(?<!ccx-){BLOCK_KEY}")
_I4X_URL = re.compile(I4X_URL)
_HTML_ID = re.compile(rf"i4x-{ID}")
_HTML_ID_KNOWN_TYPE = re.compile(rf"i4x-([^-]+)-(.+?)-({'|'.join(COMPONENT_TYPES)})-(.+)", re.DOTALL)
_HTML_ID_ANY_TYPE = re.compile(r"i4x-([^-]+)-([^-]+)-([^-]+)-(.+)", re.DOTALL)
_NOT_IN_HTML_ID = re.compile(r"[^\w\-]")
_INPUT = re.compile(rf"input_({ID})_[0-9]+_[0-9]+(?:\[\]|%5[bB]%5[dD]|_[A-Za-z]\w*)?")


def find_block_key(text: str) -> str | None:
    """Module id of the first block key in `text`. Keys of custom courses (`ccx-block-v1:…`) are none."""
    if "block-v1:" not in text:
        return None
    match = _BLOCK_KEY.search(text)
    return "/".join(match.groups()) if match else None


def find_i4x_url(text: str) -> str | None:
    """Module id of the first i4x URL in `text`."""
    if "i4x://" not in text:
        return None
    match = _I4X_URL.search(text)
    return "/".join(match.groups()) if match else None


block_key_of_id = lru_cache(REMEMBERED)(find_block_key)
i4x_url_of_id = lru_cache(REMEMBERED)(find_i4x_url)
"""The same for the id of a component, which repeats; not for long texts."""


def block_key_form(key: str) -> str | None:
    """Of a block key but for its last `@` and what stands behind, what stands before the id in the module id:
    the same for all ids of letters and digits, which are alike to the pattern. None where that is no block
    key."""
    match = _BLOCK_KEY.search(f"{key}@0")
    if match is None or match[4] != "0" or match.end() != len(key) + 2:
        return None
    return "/".join([*match.groups()[:3], ""])


@lru_cache(REMEMBERED)
def html_id_module(text: str, course: str | None) -> str | None:
    """Module id of the HTML id that `text` starts with.

    Where the id is one of the event's course (`ORG/NUMBER/RUN`), ORG and NUMBER are the course's, with
    their dots. Else the shortest NUMBER is taken after which a known type follows, else the first three
    dashes divide.
    """
    match = _HTML_ID.match(text)
    if match is None:
        return None
    html_id = match[0]
    if course is not None:
        org_number, prefix = _html_ids_of(course)
        if html_id.startswith(prefix):
            kind, _, name = html_id.removeprefix(prefix).partition("-")
            if kind and name:
                return f"{org_number}/{kind}/{name}"
    match = _HTML_ID_KNOWN_TYPE.fullmatch(html_id) or _HTML_ID_ANY_TYPE.fullmatch(html_id)
    return "/".join(match.groups()) if match else None


@lru_cache(1024)
def _html_ids_of(course: str) -> tuple[str, str]:
    """`ORG/NUMBER` of a course, and what its HTML ids begin with."""
    org, number, _ = course.split("/")
    return f"{org}/{number}", f"i4x-{_in_html_id(org)}-{_in_html_id(number)}-"


def input_problem(name: str) -> str | None:
    """The id in the name of an input field, as long as possible: `ab12` of `input_ab12_2_1`.

    After the two numbers may stand `[]` (also `%5B%5D`), or `_` and a word that starts with a letter
    (`_dynamath`, `_comment`).
    """
    if len(name) > LONGEST_INPUT_NAME:
        return None
    before, _, second = name.rpartition("_")
    before, _, first = before.rpartition("_")
    if (first.isdigit() and second.isdigit() and name.isascii()) and before[:6] == "input_":
        plain = before[6:]
        if plain.encode().isalnum():  # nearly all of them: there is no other way to read it
            return plain
    return _input_problem(name)


@lru_cache(REMEMBERED)
def _input_problem(name: str) -> str | None:
    match = _INPUT.fullmatch(name)
    return match[1] if match else None


def _in_html_id(part: str) -> str:
    return _NOT_IN_HTML_ID.sub("_", part)
