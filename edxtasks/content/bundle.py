"""The bundle: a whole course in one XML file.

`xbundle_ORG__NUMBER__RUN.xml` is the expanded tree of the course with a last child `metadata`, which holds
the policy and the grading policy as JSON text. It is published with the axis and is what the statistics of
the content are made from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from edxtasks.content.archive import CourseFiles
from edxtasks.content.expansion import expand_course
from edxtasks.content.findings import Findings
from edxtasks.content.markup import clean_text, decode, parse_bundle
from edxtasks.content.policy import Choice, Policy, choose, find_grading_policy, read_entries
from edxtasks.course import CourseKey
from edxtasks.errors import InputError

LARGEST_BUNDLE = 1 << 29
"""Most bytes of a bundle that is read."""


@dataclass(frozen=True)
class Bundle:
    """A whole course: the tree (its root is the course element, its last child `metadata`) and the policy."""

    tree: etree._Element
    policy: Policy

    def to_bytes(self) -> bytes:
        """The file, UTF-8."""
        return bytes(etree.tostring(self.tree, encoding="UTF-8", xml_declaration=True)) + b"\n"


def bundle_name(course: CourseKey) -> str:
    """The file name of the bundle of a course."""
    return f"xbundle_{course.directory}.xml"


def make_bundle(
    files: CourseFiles, course: CourseKey, source: str, findings: Findings, *, with_hidden: bool = False
) -> Bundle:
    """The bundle of a course from the files of its export.

    `source` names the export in messages; `with_hidden` expands also what authors hid. Raises `InputError`
    when the run cannot be chosen, there is no course element, or the tree is too deep or too large.
    """
    choice = choose(files, course, source, findings)
    tree = expand_course(files, choice, source, findings, with_hidden=with_hidden)
    _add_metadata(tree, files, choice)
    return Bundle(tree, choice.policy)


def read_bundle(data: bytes, course: CourseKey, name: str) -> Bundle:
    """The bundle that a file holds; `name` is the file's, for messages.

    Raises `InputError` when it is not well-formed.
    """
    tree = parse_bundle(data, name)
    policy = tree.find("metadata/policy")
    text = (policy.text or "") if policy is not None else ""
    entries = read_entries(text.encode(), name, Findings()) if text.strip() else {}
    metadata = tree.find("metadata")
    run = metadata.get("run") if metadata is not None else None
    if not run:  # bundles of the predecessor do not name it
        named = (key.removeprefix("course/") for key in entries if key.startswith("course/"))
        run = next(named, course.run)
    return Bundle(tree, Policy(run, entries))


def load_bundle(path: Path, course: CourseKey, name: str) -> Bundle:
    """The bundle in the file `path`. Raises what `read_bundle` raises, `InputError` when it is too large."""
    if path.stat().st_size > LARGEST_BUNDLE:
        raise InputError(f"{name} is too large: at most {LARGEST_BUNDLE >> 20} MiB of a bundle are read.")
    return read_bundle(path.read_bytes(), course, name)


def _add_metadata(tree: etree._Element, files: CourseFiles, choice: Choice) -> None:
    metadata = etree.SubElement(tree, "metadata", run=clean_text(choice.policy.run))
    etree.SubElement(metadata, "policy").text = json.dumps(dict(choice.policy.entries))
    grading = find_grading_policy(files, choice)
    text = clean_text(decode(files[grading])) if grading is not None else ""
    etree.SubElement(metadata, "grading_policy").text = text or None
