"""Putting the scattered descriptors of a course together into one tree.

In OLX an element with just a `url_name` is a pointer to a file `<tag>/<url_name>.xml`; `html` and `problem`
elements can name a file with their content besides (`filename`).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from edxtasks.content.archive import CourseFiles
from edxtasks.content.findings import CYCLE, EMPTY, MALFORMED, MISSING, Findings
from edxtasks.content.markup import (
    DEEPEST,
    MOST_MARKUP_OF_COURSE,
    amount_of_markup,
    is_name,
    parse_html,
    parse_xml,
)
from edxtasks.content.policy import Choice, Policy, Root, value_text
from edxtasks.errors import InputError
from edxtasks.printable import number, printable, printable_path

POINTERS = frozenset(
    {
        "chapter",
        "combinedopenended",
        "conditional",
        "course",
        "html",
        "itembank",
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
"""Tags whose content is looked up in files; of others (`discussion`, `lti`, `word_cloud`, other XBlocks) a
file has attributes only."""

MOST_ELEMENTS = 2_000_000
MOST_BYTES = 1 << 30
"""Most elements of an expanded course, and most bytes of what is put into it from files and policy: pointers
multiply. So do the tags and attributes of these files (`MOST_MARKUP_OF_COURSE`)."""

MOST_REPEATS = 20_000
"""How many times more often than there are files files are read, at most: each reading is parsed anew."""

HIDE = "hide_from_toc"


def expand_course(
    files: CourseFiles, choice: Choice, source: str, findings: Findings, *, with_hidden: bool = False
) -> etree._Element:
    """The whole tree of the chosen run; its root is the course element.

    That is `course/RUN.xml`; where this file does not exist, or has no children, the element of `roots/` or
    `course.xml` for the run, if it has children (its own url_name then counts for nothing). `source` names
    the export in messages. `with_hidden` expands also what authors hid. Raises `InputError` when there is no
    course element, or the tree is too deep or too large.
    """
    run = choice.policy.run
    path = _descriptor("course", run)
    root = parse_xml(files[path], path, findings) if path in files else None
    origin: tuple[str, ...] = (path,)
    inline = _inline_course(choice, any_run=root is None)
    if inline is not None and (root is None or not has_children(root)):
        # In courses of 2012 the tree stands in course.xml, and beside it a stub.
        root, origin = inline, ()
        _drop(root, "url_name")
    elif root is None:
        raise InputError(_no_course_element(path, files.get(path, b""), source, findings))
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
        self._markup = 0
        self._reads = 0

    def expand_one(self, work: _Work) -> _Expanded:
        """The element with the content of its files, put in its place in the tree."""
        element, origin = work.element, work.files
        tag = str(element.tag)
        url_name = element.get("url_name")
        if url_name and tag not in POINTERS:
            self._fill_in(element, _descriptor(tag, url_name))
        elif url_name:
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

    def _fill_in(self, element: etree._Element, path: str) -> None:
        """Give an element the attributes that it lacks and its file has, above all its title."""
        loaded = parse_xml(self._read(path), path, self._findings) if path in self._files else None
        for name, value in loaded.attrib.items() if loaded is not None else ():
            if name not in {"url_name", "url_name_orig"} and element.get(name) is None:
                element.set(name, value)

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
                text = value_text(value)
                self._count(len(text), f"the policy of {_named(element)}")
                element.set(name, text)

    def _is_hidden(self, element: etree._Element) -> bool:
        return element.get(HIDE) == "true" and not self._with_hidden

    def _read(self, path: str) -> bytes:
        data = self._files[path]
        self._reads += 1
        if self._reads > len(self._files) + MOST_REPEATS:
            raise InputError(
                f"the {number(len(self._files))} files of the course are pointed to more than "
                f"{number(MOST_REPEATS)} times too often at {printable_path(path)}: pointers that multiply?"
            )
        self._count(len(data), path)
        self._markup += amount_of_markup(data)
        if self._markup > MOST_MARKUP_OF_COURSE:
            raise InputError(
                f"the files of the course, each as often as it is pointed to, have more than "
                f"{number(MOST_MARKUP_OF_COURSE)} tags and attributes at {printable_path(path)}: "
                "pointers that multiply?"
            )
        return data

    def _count(self, size: int, where: str) -> None:
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise InputError(
                f"the files of the course, each as often as it is pointed to, are larger than "
                f"{MOST_BYTES >> 20} MiB at {printable_path(where)}: pointers that multiply?"
            )


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


def has_children(element: etree._Element) -> bool:
    """Whether there are elements in an element: comments are none."""
    return any(isinstance(child.tag, str) for child in element)


def _inline_course(choice: Choice, any_run: bool) -> etree._Element | None:
    """The element of the run that stands in `roots/` or `course.xml` with all its content; with `any_run`
    that of `course.xml` also where it names another run."""
    run = choice.policy.run
    roots: list[Root] = [root for root in choice.roots if root.run == run]
    if choice.top is not None and (any_run or choice.top.run in {run, None}):
        roots.append(choice.top)
    return next((root.element for root in roots if has_children(root.element)), None)


def _no_course_element(path: str, data: bytes, source: str, findings: Findings) -> str:
    state = "cannot be read as XML" if data.strip() else "is missing or empty"
    told = "".join(f"\n  {line}" for line in findings.of(MALFORMED)[:3])
    return (
        f"{printable_path(source)}: there is no course element: {printable_path(path)} {state}, and "
        f"course.xml has no content either. Fetch or export the course again.{told}"
    )


def _named(element: etree._Element) -> str:
    return printable(f"{element.tag}/{element.get('url_name') or element.get('url_name_orig') or '?'}")
