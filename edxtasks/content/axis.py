"""The walk that turns the tree of a course into the rows of `course_axis`.

One row per module, in the order of the course. Positions, paths and module ids are those that the LMS writes
into logs and database, with their oddities: what joins them depends on it.
"""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from lxml import etree

from edxtasks.content.bundle import Bundle
from edxtasks.content.dates import parse_time
from edxtasks.content.expansion import HIDE
from edxtasks.content.findings import HIDDEN, RENAMED, TIME, WEIGHT, Findings
from edxtasks.content.policy import Policy, is_set
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.printable import listed, printable, quantity

AxisRow = dict[str, object]
"""A row of `course_axis` by column; `due` and `start` are aware datetimes in UTC, `data` is a dict."""

SEQUENCES = frozenset({"problemset", "proctor", "randomize", "sequential", "videosequence"})
NOT_ENTERED = frozenset(
    {"combinedopenended", "customtag", "discussion", "html", "metadata", "poll_question", "problem"}
)
NOT_COUNTED = frozenset({"discussion", "source"})
RESPONSES = frozenset(
    {
        "choiceresponse",
        "customresponse",
        "fieldset",
        "formularesponse",
        "multiplechoiceresponse",
        "numericalresponse",
        "optionresponse",
        "stringresponse",
    }
)
DATA_FIELDS = (
    "ytid",
    "weight",
    "group_id_to_child",
    "user_partition_id",
    "itype",
    "num_items",
    "has_solution",
    "has_image",
)
SHORT_SOLUTION = 65
"""A solution with no more characters of markup than this is an empty frame."""

MOST_CHARACTERS = 1 << 28
"""Most characters of text in the rows of a course: names of chapters stand in each row below them."""

_SHOWN_TAGS = 5
_EMBED = "https://www.youtube.com/embed/"
_UNDERSCORED = str.maketrans(" :.()", "_____")


@dataclass(frozen=True, slots=True)
class _Settings:
    """Settings that elements inherit; None: not set."""

    start: datetime | None
    due: datetime | None
    format: str | None
    graded: str | None
    hide: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element stands: its position and what it has from the elements around it."""

    position: int
    path: tuple[str, ...]
    sequence: str | None
    earliest: datetime | None
    chapter: str | None
    parent: str | None
    parent_row: AxisRow | None
    split: str | None
    settings: _Settings


def axis_rows(
    bundle: Bundle, course: CourseKey, findings: Findings, *, include_hidden: bool = False
) -> list[AxisRow]:
    """The rows of `course_axis`, in pre-order of the tree, `index` from 1.

    `include_hidden` gives rows also to what authors hid. Raises `InputError` when the rows hold more than
    `MOST_CHARACTERS`.
    """
    walk = _Walk(bundle.policy, course, findings, include_hidden)
    walk.run(bundle.tree)
    walk.rename_verticals()
    return walk.rows


def why_no_row(bundle: Bundle, findings: Findings) -> str:
    """Why the tree of a course gave no row at all, for people."""
    if findings.of(HIDDEN):
        return "its policy hides all of it"
    tags = [str(element.tag) for element in bundle.tree.iterdescendants(etree.Element)]
    inside = [tag for tag in tags if tag not in {"metadata", "policy", "grading_policy"}]
    if not inside:
        return "its course element is empty"
    different = list(dict.fromkeys(inside))
    shown = listed(different, _SHOWN_TAGS)
    return f"none of its {quantity(len(inside), 'element')} ({shown}) has a url_name or display_name"


def url_name_of(element: etree._Element) -> str | None:
    """The url_name of an element: its attribute, that of the pointer to it, or made from the display name.

    None for an anonymous element.
    """
    url_name = element.get("url_name") or element.get("url_name_orig")
    if url_name:
        return url_name
    display_name = (element.get("display_name") or "").strip()
    return display_name.translate(_UNDERSCORED).replace("__", "_") or None


class _Walk:
    def __init__(self, policy: Policy, course: CourseKey, findings: Findings, include_hidden: bool) -> None:
        self.rows: list[AxisRow] = []
        self._parent_rows: list[AxisRow | None] = []
        self._policy = policy
        self._course = course
        self._findings = findings
        self._include_hidden = include_hidden
        self._characters = 0

    def run(self, tree: etree._Element) -> None:
        """Collect the rows of a tree."""
        nothing = _Settings(None, None, None, None, None)
        of_course = self._settings(None, self._policy.course_key, nothing, self._policy.course_key)
        start = _Place(1, (), None, None, None, None, None, None, replace(of_course, hide=None))
        waiting = [(tree, start)]
        while waiting:
            element, place = waiting.pop()
            waiting += reversed(list(self._visit(element, place)))

    def rename_verticals(self) -> None:
        """Add `_vertical` to the url_name of verticals that share it; the modules in them name it so."""
        uses = Counter(row["url_name"] for row in self.rows)
        renamed = [row for row in self.rows if row["category"] == "vertical" and uses[row["url_name"]] > 1]
        for row in renamed:
            self._findings.add(RENAMED, str(row["url_name"]))
            row["url_name"] = f"{row['url_name']}_vertical"
        changed = {id(row) for row in renamed}
        for row, parent in zip(self.rows, self._parent_rows, strict=True):
            if parent is not None and id(parent) in changed:
                row["parent"] = parent["url_name"]

    def _visit(self, element: etree._Element, place: _Place) -> Iterator[tuple[etree._Element, _Place]]:
        """Add the row of an element; gives its children with their places."""
        tag = str(element.tag)
        url_name = url_name_of(element)
        key = f"{tag}/{url_name}" if url_name else None
        if self._is_hidden(key, place):
            self._findings.add(HIDDEN, key or f"{tag} in {place.parent or 'course'}")
            return
        settings = self._settings(element, key, place.settings, key or tag)
        inner = replace(place, settings=settings)
        if url_name:
            inner = self._add_row(element, tag, url_name, inner)
        if tag not in NOT_ENTERED:
            yield from _children(element, tag, url_name, place, inner)

    def _add_row(self, element: etree._Element, tag: str, url_name: str, place: _Place) -> _Place:
        """Add a row; gives the place of the element itself, as its children take it over."""
        key = f"{tag}/{url_name}"
        path, sequence = _path(tag, url_name, place)
        start = place.settings.start
        if place.earliest is not None and (start is None or start < place.earliest):
            start = place.earliest
        module_id = self._module_id(tag, url_name, path, sequence)
        name = self._policy.text(key, "display_name")
        if name is None:
            name = element.get("display_name")
        row: AxisRow = {
            "category": tag,
            "index": len(self.rows) + 1,
            "url_name": url_name,
            "name": url_name if name is None else name,
            "gformat": place.settings.format,
            "due": place.settings.due,
            "start": start,
            "module_id": module_id,
            "course_id": str(self._course),
            "path": "/" + "/".join(path),
            "data": {**dict.fromkeys(DATA_FIELDS), **self._data(element, tag, key)},
            "chapter_mid": None if tag in {"course", "chapter"} else place.chapter,
            "graded": place.settings.graded.lower() if place.settings.graded else None,
            "parent": place.parent,
            "is_split": place.split is not None,
            "split_url_name": place.split,
        }
        self._characters += sum(len(value) for value in row.values() if isinstance(value, str))
        if self._characters > MOST_CHARACTERS:
            raise InputError(
                f"the axis of the course has more than {MOST_CHARACTERS >> 20} MiB of text at "
                f"{printable(key)}: url_names and titles must be short."
            )
        self.rows.append(row)
        self._parent_rows.append(place.parent_row)
        split = url_name if tag == "split_test" and place.split is None else place.split
        return replace(
            place,
            path=path,
            sequence=sequence,
            earliest=start,
            chapter=module_id if tag == "chapter" else place.chapter,
            parent=url_name,
            parent_row=row,
            split=split,
        )

    def _module_id(self, tag: str, url_name: str, path: tuple[str, ...], sequence: str | None) -> str:
        prefix = f"{self._course.org}/{self._course.number}"
        if tag == "html" and sequence is not None:
            # Events of a page carry the sequence and the position of the unit in it.
            return f"{prefix}/{sequence}/{'/'.join(path[1:3])}"
        return f"{prefix}/{tag}/{url_name}"

    def _is_hidden(self, key: str | None, place: _Place) -> bool:
        own = self._policy.text(key, HIDE) if key else None
        value = own if is_set(own) else place.settings.hide
        return not self._include_hidden and value is not None and value.lower() == "true"

    def _settings(
        self, element: etree._Element | None, key: str | None, inherited: _Settings, label: str
    ) -> _Settings:
        """The settings of an element: its own attribute, else its policy entry, else what it inherits."""
        return _Settings(
            start=self._time(element, key, "start", inherited.start, label),
            due=self._time(element, key, "due", inherited.due, label),
            format=self._text(element, key, "format", inherited.format),
            graded=self._text(element, key, "graded", inherited.graded),
            hide=self._text(element, key, HIDE, inherited.hide),
        )

    def _values(self, element: etree._Element | None, key: str | None, name: str) -> Iterator[str]:
        """What is set, the attribute first; the expansion may have made it from the policy: not twice."""
        attribute = element.get(name) if element is not None else None
        policy = self._policy.text(key, name) if key else None
        if is_set(attribute):
            yield attribute
        if is_set(policy) and policy != attribute:
            yield policy

    def _text(
        self, element: etree._Element | None, key: str | None, name: str, inherited: str | None
    ) -> str | None:
        return next(self._values(element, key, name), inherited)

    def _time(
        self,
        element: etree._Element | None,
        key: str | None,
        name: str,
        inherited: datetime | None,
        label: str,
    ) -> datetime | None:
        for value in self._values(element, key, name):
            try:
                moment = parse_time(value)
            except ValueError as error:
                self._findings.add(TIME, f"{name} of {label}: {error}")
            else:
                if moment is not None:
                    return moment
        return inherited

    def _data(self, element: etree._Element, tag: str, key: str) -> dict[str, object]:
        """What is particular to a kind of module; a field that is left out is NULL."""
        if tag == "video":
            return {"ytid": video_id(element)}
        if tag == "html":
            return {"ytid": _embedded_video(element)}
        if tag == "split_test":
            return {name: element.get(name) for name in ("group_id_to_child", "user_partition_id")}
        if tag != "problem":
            return {}
        weight = element.get("weight")
        number = _finite(weight) if weight is not None else None
        if weight is not None and number is None:
            self._findings.add(WEIGHT, f'{key}: "{weight}"')
        items = [str(child.tag) for child in element if child.tag in RESPONSES]
        return {
            "weight": number,
            "itype": (items[0] if len(set(items)) == 1 else "mixed") if items else None,
            "num_items": len(items) or None,
            "has_solution": True if any(map(_is_filled, element.iter("solution"))) else None,
            "has_image": True if element.find(".//img") is not None else None,
        }


def _children(
    element: etree._Element, tag: str, url_name: str | None, place: _Place, inner: _Place
) -> Iterator[tuple[etree._Element, _Place]]:
    """The children of an element with their places."""
    if url_name is None:
        # What is in an anonymous element has no parent; for the rest it stands where the element stands.
        inner = replace(inner, parent="", parent_row=None)
    shares_position = tag == "vertical" and url_name is None
    position = 0
    for child in element:
        if isinstance(child.tag, str) and child.tag not in NOT_COUNTED:
            position += 1
            yield child, replace(inner, position=place.position if shares_position else position)


def _path(tag: str, url_name: str, place: _Place) -> tuple[tuple[str, ...], str | None]:
    """The path of an element, and the kind of the innermost sequence, itself included."""
    if tag == "chapter":
        return (url_name,), place.sequence
    if tag in SEQUENCES:
        return (place.path[0] if place.path else "1", url_name), tag
    return (*place.path, str(place.position)), place.sequence


def video_id(element: etree._Element) -> str | None:
    """`1.00:<id>`, the YouTube id at normal speed of a `video` element; None without one.

    The attribute `youtube` is a comma list of `speed:id`, where an entry without a speed has speed 1; else
    it is the attribute `youtube_id_1_0`.
    """
    for entry in (element.get("youtube") or "").split(","):
        speed, colon, name = entry.strip().partition(":")
        if not colon:
            speed, name = "1", speed
        if name.strip() and _finite(speed) == 1:
            return f"1.00:{name.strip()}"
    other = (element.get("youtube_id_1_0") or "").strip()
    return f"1.00:{other}" if is_set(other) else None


def _embedded_video(element: etree._Element) -> str | None:
    """The YouTube id that the first `iframe` of an `html` element shows, bare."""
    frame = element.find(".//iframe")
    source = (frame.get("src") or "") if frame is not None else ""
    if _EMBED not in source:
        return None
    name = source.partition(_EMBED)[2]
    for end in '"/?':
        name = name.partition(end)[0]
    return name or None


def _is_filled(solution: etree._Element) -> bool:
    """Whether a solution says anything: more markup than an empty frame has, or an image."""
    text = "".join(
        etree.tostring(child, method="html", encoding="us-ascii").decode()
        if isinstance(child.tag, str)
        else html.escape(child.tail or "", quote=False).encode("us-ascii", "xmlcharrefreplace").decode()
        for child in solution
    )
    return len(text) > SHORT_SOLUTION or "img src" in text


def _finite(text: str) -> float | None:
    """The number that a text spells, None when it is none or not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None
