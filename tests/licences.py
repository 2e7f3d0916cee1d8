"""Under which licences the things stand that edxtasks needs, with all that they need themselves.

What is read is what is installed: the metadata of the distributions, no network. The product stands under the
Apache licence and is given to offices that build on it; nothing of it may oblige them to a licence of another
kind. So each licence that a dependency may have stands in `ALLOWED`, and what has no licence in its metadata
stands in `READ_BY_HAND` with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ALLOWED: Mapping[str, frozenset[str]] = {
    "0BSD": frozenset({"0bsd"}),
    "Apache-2.0": frozenset({"apache-2.0", "apache 2.0", "apache software license"}),
    "Apache-2.0 WITH LLVM-exception": frozenset({"apache-2.0 with llvm-exception"}),
    "BSD": frozenset({"bsd", "bsd license", "3-clause bsd license", "bsd-2-clause", "bsd-3-clause"}),
    "CC0-1.0": frozenset({"cc0-1.0"}),
    "ISC": frozenset({"isc", "isc license (iscl)"}),
    "MIT": frozenset({"mit", "mit-0", "mit license", "mit licence"}),
    "MPL-2.0": frozenset({"mpl-2.0", "mozilla public license 2.0 (mpl 2.0)"}),
    "PSF-2.0": frozenset({"psf-2.0", "python software foundation license"}),
    "Zlib": frozenset({"zlib"}),
}
"""Licences that a dependency may have, with the ways in which metadata spell them, in small letters. The MPL
obliges for changes of its own files alone; none of them is changed or copied here."""

READ_BY_HAND: Mapping[str, str] = {
    "axe-playwright-python": "its LICENSE file is the MIT licence; the axe-core in it is MPL-2.0",
}
"""Distributions whose metadata name no licence: what was found by reading them, and where."""

_SPELLINGS = frozenset().union(*ALLOWED.values())
_CLASSIFIER = "License :: OSI Approved :: "
_CONJUNCTION = re.compile(r"\s+AND\s+", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"\s+OR\s+", re.IGNORECASE)
_LONGEST_NAME = 80


@dataclass
class Licences:
    """Findings over what edxtasks needs: canonical names of distributions, with the reason.

    `refused` have a licence that is not allowed, `unnamed` none in their metadata, `absent` are needed and
    not installed, so that nobody can tell.
    """

    seen: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    unnamed: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)


def stated_licence(about: metadata.PackageMetadata) -> str | None:
    """The licence as an SPDX expression or a name, from the first field that tells one; None: none does.

    `License-Expression` (PEP 639) is binding. Classifiers come next, since the field `License` often holds
    a whole text; several classifiers are read as alternatives only where the project says so itself.
    """
    if "License-Expression" in about:
        return about["License-Expression"]
    classifiers = [
        text.removeprefix(_CLASSIFIER)
        for text in about.get_all("Classifier") or []
        if text.startswith(_CLASSIFIER)
    ]
    if classifiers:
        return " AND ".join(classifiers)
    name = "\n".join(about.get_all("License") or []).strip()
    return name if name and len(name) <= _LONGEST_NAME and "\n" not in name else None


def is_allowed(expression: str) -> bool:
    """Whether a licence may be used: of `AND` each part, of `OR` one of them; brackets group."""
    text = expression.strip()
    if text.lower() in _SPELLINGS:
        return True
    for separator, enough in ((_ALTERNATIVE, any), (_CONJUNCTION, all)):
        parts = list(_outside_brackets(text, separator))
        if len(parts) > 1:
            return enough(map(is_allowed, parts))
    return text.startswith("(") and text.endswith(")") and is_allowed(text[1:-1])


def needed_licences(
    name: str,
    extras: Iterable[str] = (),
    find: Callable[[str], metadata.Distribution] = metadata.distribution,
) -> Licences:
    """What is found of all that `name` needs with these `extras`, to the last dependency of a dependency."""
    found = Licences()
    reached: set[tuple[str, str]] = set()
    pending = [(canonicalize_name(name), extra) for extra in ("", *extras)]
    while pending:
        distribution, extra = pending.pop()
        if (distribution, extra) in reached:
            continue
        reached.add((distribution, extra))
        try:
            installed = find(distribution)
        except metadata.PackageNotFoundError:
            found.absent.add(distribution)
            continue
        _judge(distribution, installed.metadata, found)
        for line in installed.requires or []:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                pending += [(needed, wanted) for wanted in ("", *requirement.extras)]
    return found


def _judge(name: str, about: metadata.PackageMetadata, found: Licences) -> None:
    found.seen.add(name)
    licence = stated_licence(about)
    if licence is None:
        if name not in READ_BY_HAND:
            found.unnamed.add(name)
    elif not is_allowed(licence):
        found.refused[name] = licence


def _outside_brackets(text: str, separator: re.Pattern[str]) -> Iterator[str]:
    """The pieces between separators that stand in no brackets."""
    begin = 0
    for match in separator.finditer(text):
        before = text[: match.start()]
        if before.count("(") == before.count(")"):
            yield text[begin : match.start()]
            begin = match.end()
    yield text[begin:]
