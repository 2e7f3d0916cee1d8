"""Putting the scattered descriptors of a course together into one tree.

In OLX an element with just a `url_name` is a pointer to a file `<tag>/<url_name>.xml`; `html` and `problem`
elements can name a file with their content besides (`filename`).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from edxtasks.content.archive import CourseFiles
from edxtasks.content.findings import CYCLE, EMPTY, MISSING, Findings
from edxtasks.content.markup import DEEPEST, is_name, parse_html, parse_xml
from edxtasks.content.policy import Choice, Policy, Root, value_text
from edxtasks.errors import InputError

POINTERS = frozenset(
    {
        "chapter",
        "combinedopenended",
        "conditional",
        "course",
        "html",
        "library_content",
        "poll_question",
        "problem",
        "problemset",
        "proctor",
        "randomize",
        "sequential",
        "split_test",
        "vertical",
        "video",
        "videosequence",
        "wrapper",
    }
)
"""Tags that are looked up in files; others (`discussion`, `lti`, other XBlocks) stand where they are."""

MOST_ELEMENTS = 2_000_000
MOST_BYTES = 1 << 30
"""Most elements of an expanded course, and most bytes of the files read for it: pointers multiply."""

HIDE = "hide_from_toc"


def expand_course(
    files: CourseFiles, choice: Choice, source: str, findings: Findings, *, with_hidden: bool = False
) -> etree._Element:
    """The whole tree of the chosen run; its root is the course element.

    That is `course/RUN.xml`; where this file does not exist, the element of `roots/` or `course.xml` for the
    run, if it has children (its own url_name then counts for nothing). `source` names the export in messages.
    `with_hidden` expands also what authors hid. Raises `InputError` when there is no course element, or the
    tree is too deep or too large.
    """
    run = choice.policy.run
    path = _descriptor("course", run)
    root = parse_xml(files[path], path, findings) if path in files else None
    origin: tuple[str, ...] = (path,)
    if root is None:
        root, origin = _inline_course(choice), ()
        if root is None:
            raise InputError(
                f"{source}: there is no course element: {path} is missing or empty, and course.xml has no "
                "content either."
            )
        _drop(root, "url_name")
    elif _descriptor("course", root.get("url_name") or "") == path:
        # A pointer to the very file that it stands in.
        root.set("url_name_orig", root.get("url_name") or "")
        _drop(root, "url_name")
    root.tag = "course"
    return expand(root, origin, files, choice.policy, findings, with_hidden=with_hidden)


def expand(
    root: etree._Element,
    origin: tuple[str, ...],
    files: CourseFiles,
    policy: Policy,
    findings: Findings,
    *,
    with_hidden: bool = False,
) -> etree._Element:
    """`root` with every pointer below it replaced by what it points to.

    `origin` are the files that `root` came from. Elements get the settings of their policy entry that they
    do not have themselves. An element with `hide_from_toc="true"` keeps its children unexpanded unless
    `with_hidden`. Raises `InputError` when the tree becomes too deep or too large.
    """
    expander = _Expander(files, policy, findings, with_hidden)
    first = _Work(root, origin, 1)
    top = expander.expand_one(first)
    waiting = expander.children(top, 1)
    count = 1
    while waiting:
        work = waiting.pop()
        count += 1
        if work.level > DEEPEST:
            raise InputError(f"the course is nested deeper than {DEEPEST} levels at {_named(work.element)}.")
        if count > MOST_ELEMENTS:
            raise InputError(f"the course has more than {MOST_ELEMENTS} elements: pointers that multiply?")
        waiting += expander.children(expander.expand_one(work), work.level)
    return top.element


@dataclass(frozen=True)
class _Work:
    """An element to expand, the files that it came from, and its level."""

    element: etree._Element
    files: tuple[str, ...]
    level: int


@dataclass(frozen=True)
class _Expanded:
    """An element in its final form, the files that it came from, whether its children are expanded too."""

    element: etree._Element
    files: tuple[str, ...]
    goes_on: bool = True


class _Expander:
    def __init__(self, files: CourseFiles, policy: Policy, findings: Findings, with_hidden: bool) -> None:
        self._files = files
        self._policy = policy
        self._findings = findings
        self._with_hidden = with_hidden
        self._bytes = 0

    def expand_one(self, work: _Work) -> _Expanded:
        """The element with the content of its files, put in its place in the tree."""
        element, origin = work.element, work.files
        tag = str(element.tag)
        url_name = element.get("url_name")
        if url_name and tag in POINTERS:
            path = _descriptor(tag, url_name)
            if path in origin:
                self._findings.add(CYCLE, f"{tag}/{url_name}")
                return _Expanded(element, origin, goes_on=False)
            if path in self._files:
                if self._is_hidden(element):
                    return _Expanded(element, origin, goes_on=False)
                loaded = parse_xml(self._read(path), path, self._findings)
                if loaded is not None:
                    origin = (*origin, path)
                    element = _replace(element, loaded)
                    _drop(element, "url_name")
                    element.set("url_name_orig", url_name)
                    if tag != "course" and element.get("display_name") is None:
                        element.set("display_name", url_name)
            elif _lacks_its_file(element):
                self._findings.add(MISSING, path)
        if tag in {"html", "problem"} and element.get("filename"):
            element, origin = self._with_content(element, work.files, origin)
        self._merge_policy(element)
        return _Expanded(element, origin, goes_on=not self._is_hidden(element))

    def children(self, expanded: _Expanded, level: int) -> list[_Work]:
        """What is to be expanded next, last child first."""
        if not expanded.goes_on:
            return []
        return [
            _Work(child, expanded.files, level + 1)
            for child in reversed(expanded.element)
            if isinstance(child.tag, str)
        ]

    def _with_content(
        self, element: etree._Element, outer: tuple[str, ...], origin: tuple[str, ...]
    ) -> tuple[etree._Element, tuple[str, ...]]:
        """The element with the content of the file that its attribute `filename` names."""
        tag, filename = str(element.tag), str(element.get("filename"))
        paths = _content_paths(tag, filename)
        path = next((path for path in paths if path in self._files), None)
        if path is None:
            self._findings.add(MISSING, paths[0])
            return element, origin
        if path in outer:
            self._findings.add(CYCLE, f"{tag} with filename {filename}")
            return element, origin
        if path in origin:
            del element.attrib["filename"]  # its descriptor is that very file
            return element, origin
        loaded = (parse_html if tag == "html" else parse_xml)(self._read(path), path, self._findings)
        if loaded is None:
            self._findings.add(EMPTY, path)
            return element, origin
        if tag == "problem" and loaded.tag != tag and [child.tag for child in loaded] == [tag]:
            loaded = loaded[0]
        element = _replace(element, loaded)
        _drop(element, "filename")
        if element.get("display_name") is None:
            element.set("display_name", element.get("url_name") or element.get("url_name_orig") or "")
        return element, (*origin, path)

    def _merge_policy(self, element: etree._Element) -> None:
        url_name = element.get("url_name") or element.get("url_name_orig")
        if not url_name:
            return
        for name, value in self._policy.entries.get(f"{element.tag}/{url_name}", {}).items():
            if is_name(name) and element.get(name) is None:
                element.set(name, value_text(value))

    def _is_hidden(self, element: etree._Element) -> bool:
        return element.get(HIDE) == "true" and not self._with_hidden

    def _read(self, path: str) -> bytes:
        data = self._files[path]
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            raise InputError(
                f"the files of the course, each as often as it is pointed to, are larger than "
                f"{MOST_BYTES >> 20} MiB at {path}: pointers that multiply?"
            )
        return data


def _content_paths(tag: str, filename: str) -> list[str]:
    suffix = ".html" if tag == "html" else ".xml"
    name = filename if filename.endswith(suffix) else filename + suffix
    paths = [f"{tag}/{name}"]
    if "-" in name:
        paths.append(f"{tag}/{name.partition('-')[0]}/{name}")
    if tag == "problem":
        paths.append(f"problems/{name}")
    return paths


def _replace(old: etree._Element, new: etree._Element) -> etree._Element:
    """Put `new` in the place of `old`, with its tag; of attributes that both have, that of `old` stays.

    What is pointed to has the url_name of the pointer, never another of its own.
    """
    if old.get("url_name") or old.get("url_name_orig"):
        _drop(new, "url_name", "url_name_orig")
    new.tag = old.tag
    new.attrib.update(dict(old.attrib))
    new.tail = old.tail
    parent = old.getparent()
    if parent is not None:
        parent.replace(old, new)
    return new


def _drop(element: etree._Element, *names: str) -> None:
    for name in names:
        if name in element.attrib:
            del element.attrib[name]


def _lacks_its_file(element: etree._Element) -> bool:
    """Whether an element without a descriptor of its own has no content in place either."""
    if len(element) or (element.text or "").strip() or element.get("filename"):
        return False
    return element.tag != "video" or set(element.attrib) <= {"url_name", "display_name"}


def _descriptor(tag: str, url_name: str) -> str:
    return f"{tag}/{url_name.replace(':', '/')}.xml"


def _inline_course(choice: Choice) -> etree._Element | None:
    """The element of the run that stands in `roots/` or `course.xml` with all its content."""
    roots: list[Root] = [root for root in choice.roots if root.run == choice.policy.run]
    if choice.top is not None:
        roots.append(choice.top)
    return next((root.element for root in roots if len(root.element)), None)


def _named(element: etree._Element) -> str:
    return f"{element.tag}/{element.get('url_name') or element.get('url_name_orig') or '?'}"
