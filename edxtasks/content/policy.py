"""Policies of a course export, and which run of the course it describes.

A policy file is a JSON object: `"<tag>/<url_name>"` to an object of settings (`due`, `format`, `graded`, …);
the entry `course/<run>` holds the settings of the course. An archive of a hand-written course can hold the
policies and course elements of several runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeGuard

from lxml import etree

from edxtasks.content.archive import CourseFiles
from edxtasks.content.findings import IDENTITY, POLICY, RUN, Findings
from edxtasks.content.markup import MOST_MARKUP, amount_of_markup, clean_text, decode, parse_xml
from edxtasks.course import CourseKey
from edxtasks.errors import InputError
from edxtasks.printable import listed, number, printable, printable_path

Entries = Mapping[str, Mapping[str, object]]

STUDIO_RUN = "course"
"""The run name of older Studio exports, whatever the real run is."""

SHOWN_RUNS = 20
"""Runs that a message names."""

_WITHOUT = "GOING ON WITHOUT ANY POLICY, dates and assignment types may be lacking"
_ROOT = re.compile(r"roots/[^/]+\.xml", re.DOTALL)
_NO_POLICY = frozenset({"assets.json", "grading_policy.json"})
# A text without an end goes to the end of the file: else it would be looked for from each quote in it again.
_TRAILING_COMMA = re.compile(r'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True)
class Policy:
    """The settings that a policy gives to elements, and the run for which it was chosen."""

    run: str
    entries: Entries = field(default_factory=dict)

    def text(self, key: str, setting: str) -> str | None:
        """A setting of the entry `key` (`<tag>/<url_name>`) as text; None where it is absent or null."""
        value = self.entries.get(key, {}).get(setting)
        return None if value is None else value_text(value)

    @property
    def course_key(self) -> str:
        """The key of the entry with the settings of the course."""
        return f"course/{self.run}"


@dataclass(frozen=True)
class PolicyFile:
    """One policy file: its path, the run that it is for, its entries."""

    path: str
    run: str
    entries: Entries


@dataclass(frozen=True)
class Root:
    """A top element: `course.xml` or a file of `roots/`; `run` is None where it names none."""

    run: str | None
    element: etree._Element


@dataclass(frozen=True)
class Choice:
    """The run that was chosen, its policy, where the policy stands (None: nowhere), the top elements."""

    policy: Policy
    policy_path: str | None
    top: Root | None
    roots: tuple[Root, ...]


def value_text(value: object) -> str:
    """The text form of a JSON value: text as it is, `true`/`false`, numbers, lists and objects as JSON."""
    return clean_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def is_set(value: str | None) -> TypeGuard[str]:
    """Whether a setting has a value: neither absent nor empty nor the text `null`."""
    return value not in {None, "", "null"}


def choose(files: CourseFiles, course: CourseKey, source: str, findings: Findings) -> Choice:
    """The run of `course` in an export, with its policy.

    Candidates are the runs that `roots/*.xml` and the policy files name: the one that equals the run of the
    course key; else the only one; else the one that `course.xml` names. Without candidates it is the run
    that `course.xml` names, with an empty policy. `source` names the export in messages. Raises
    `InputError` when none of this decides.
    """
    policy_files = read_policy_files(files, findings)
    paths = [path for path in sorted(files) if _ROOT.fullmatch(path)]
    # All of their trees are kept until it is known which one is needed.
    if sum(amount_of_markup(files.get(path, b"")) for path in ["course.xml", *paths]) > MOST_MARKUP:
        raise InputError(
            f"{printable_path(source)}: the files of roots/ and course.xml have more than "
            f"{number(MOST_MARKUP)} tags and attributes: too many for a course."
        )
    top = _read_root("course.xml", files, findings)
    roots = tuple(root for path in paths if (root := _read_root(path, files, findings)) is not None)
    candidates = [root.run for root in roots if root.run] + [file.run for file in policy_files]
    run = choose_run(course.run, candidates, top.run if top else None, source)
    if run not in {course.run, STUDIO_RUN}:
        findings.add(RUN, f"the export is of the run {run}, the course key says {course.run}")
    file = policy_of_run(run, policy_files)
    if file is None:
        findings.add(POLICY, f"there is no policy file of the run {run}: going on without one")
    _compare_identity(course, run, top, roots, findings)
    policy = Policy(run, file.entries if file else {})
    return Choice(policy, file.path if file else None, top, roots)


def choose_run(requested: str, candidates: Iterable[str], top: str | None, source: str) -> str:
    """The run to read: `requested` if it is a candidate, else the only candidate, else `top` if it is one.

    Without candidates `top`, else `requested`. Raises `InputError` naming the candidates otherwise.
    """
    runs = sorted(set(candidates))
    if requested in runs:
        return requested
    if len(runs) == 1:
        return runs[0]
    if top is not None and (top in runs or not runs):
        return top
    if not runs:
        return requested
    raise InputError(
        f"{printable_path(source)}: cannot choose among runs {listed(runs, SHOWN_RUNS)}: none is "
        f"{printable(requested)}, and course.xml names none of them."
    )


def policy_of_run(run: str, policy_files: Iterable[PolicyFile]) -> PolicyFile | None:
    """The policy file of a run: `policies/RUN.json`, else `policies/RUN/policy.json`, else the first by path
    whose `course/` key names the run."""
    by_path = {file.path: file for file in sorted(policy_files, key=lambda file: file.path)}
    for path in (f"policies/{run}.json", f"policies/{run}/policy.json"):
        if path in by_path:
            return by_path[path]
    return next((file for file in by_path.values() if file.run == run), None)


def read_policy_files(files: CourseFiles, findings: Findings) -> list[PolicyFile]:
    """The policy files of an export: `policies/*/policy.json`, and `policies/*.json` but two other files."""
    found = []
    for path in sorted(files):
        parts = path.split("/")
        if parts[0] != "policies" or not path.endswith(".json"):
            continue
        flat = len(parts) == 2 and parts[1] not in _NO_POLICY
        if flat or (len(parts) == 3 and parts[2] == "policy.json"):
            entries = read_entries(files[path], path, findings)
            name = parts[1].removesuffix(".json") if flat else parts[1]
            key = next((key for key in entries if key.startswith("course/") and key != "course/"), None)
            found.append(PolicyFile(path, key.removeprefix("course/") if key else name, entries))
    return found


def read_entries(data: bytes, path: str, findings: Findings) -> dict[str, dict[str, object]]:
    """The entries of a policy file, without what is null.

    Commas too many are tolerated. A file that is still no JSON object gives no entries; both are told.
    """
    text = decode(data)
    try:
        form = json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            form = json.loads(_TRAILING_COMMA.sub(lambda found: found[1] or "", text), strict=False)
        except (ValueError, RecursionError):
            findings.add(POLICY, f"{path} is not valid JSON ({error}): {_WITHOUT}")
            return {}
        findings.add(POLICY, f"{path} is not valid JSON ({error}): read all the same")
    if not isinstance(form, dict):
        findings.add(POLICY, f"{path} is not a JSON object: {_WITHOUT}")
        return {}
    return {
        key: {name: value for name, value in entry.items() if value is not None}
        for key, entry in form.items()
        if isinstance(entry, dict)
    }


def find_grading_policy(files: CourseFiles, choice: Choice) -> str | None:
    """The path of the grading policy of the chosen run, or None.

    Looked for beside the policy file, then in `policies/RUN/`, `policies/` and the course root, never in the
    directory of another run.
    """
    folders = [f"policies/{choice.policy.run}", "policies", "."]
    if choice.policy_path is not None:
        folders.insert(0, str(PurePosixPath(choice.policy_path).parent))
    paths = (str(PurePosixPath(folder) / "grading_policy.json") for folder in folders)
    return next((path for path in paths if path in files), None)


def _read_root(path: str, files: CourseFiles, findings: Findings) -> Root | None:
    if path not in files:
        return None
    element = parse_xml(files[path], path, findings)
    if element is None:
        return None
    stem = PurePosixPath(path).stem if path != "course.xml" else None
    return Root(element.get("url_name") or stem, element)


def _compare_identity(
    course: CourseKey, run: str, top: Root | None, roots: tuple[Root, ...], findings: Findings
) -> None:
    """Tell when the export names another organization or course number than the course key."""
    root = next((root for root in roots if root.run == run), top)
    if root is None:
        return
    for attribute, wanted in (("org", course.org), ("course", course.number)):
        value = root.element.get(attribute)
        if value and value != wanted:
            findings.add(IDENTITY, f'the export says {attribute}="{value}", the course key {wanted}')
