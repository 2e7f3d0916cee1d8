"""Nothing that edxtasks needs stands under a licence that would reach those who use it."""

from __future__ import annotations

from email.message import Message
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from licences import READ_BY_HAND, is_allowed, needed_licences, stated_licence


@pytest.mark.parametrize(
    ("extras", "among_them"),
    [
        (["irt", "test"], {"duckdb", "numpy", "pytest", "urllib3", "greenlet"}),
        (["docs"], {"duckdb", "zensical"}),
    ],
    ids=["the product and its tests", "its documentation"],
)
def test_all_that_is_needed_may_be_used(extras: list[str], among_them: set[str]) -> None:
    if "docs" in extras and find_spec("zensical") is None:
        pytest.skip("'.[docs]' is not installed: of what is not there nobody can tell the licence")
    found = needed_licences("edxtasks", extras)
    assert among_them <= found.seen
    assert (found.refused, found.unnamed) == ({}, set())
    assert found.absent == set(), "install '.[test]': of what is not installed nobody can tell the licence"


@pytest.mark.skipif(find_spec("zensical") is None, reason="'.[docs]' is not installed")
def test_what_was_read_by_hand_is_still_needed() -> None:
    assert set(READ_BY_HAND) <= needed_licences("edxtasks", ["irt", "test", "docs"]).seen


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache 2.0", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-only OR MIT", True),  # one may choose
        ("GPL-2.0-or-later", False),
        ("AGPL-3.0", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("LGPL-2.1-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("(MIT OR GPL-3.0-only) AND (AGPL-3.0-only OR ISC)", True),
        ("MIT OR", False),
        ("Proprietary", False),
        ("", False),
    ],
)
def test_what_is_allowed(expression: str, allowed: bool) -> None:
    assert is_allowed(expression) is allowed


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT"),
        (
            [("Classifier", "License :: OSI Approved :: BSD License"), ("License", "Copyright\n3 clauses")],
            "BSD License",
        ),
        (
            [
                ("Classifier", "License :: OSI Approved :: MIT License"),
                ("Classifier", "License :: OSI Approved :: GNU Affero General Public License v3"),
            ],
            "MIT License AND GNU Affero General Public License v3",
        ),
        ([("Classifier", "License :: OSI Approved"), ("License", " MIT ")], "MIT"),
        ([("License", "Permission is hereby granted,\nfree of charge")], None),
        ([("License", "UNKNOWN")], "UNKNOWN"),
        ([("Classifier", "Topic :: Education")], None),
    ],
)
def test_the_field_that_tells_the_licence(fields: list[tuple[str, str]], licence: str | None) -> None:
    about = Message()
    for name, text in fields:
        about[name] = text
    assert stated_licence(about) == licence  # type: ignore[arg-type]


def test_what_is_needed_by_what_is_needed_counts(tmp_path: Path) -> None:
    """`good` needs `deep` with its extra `fast`, which needs `bad`; `other` is for another system."""
    for name, lines in {
        "good": [
            "License-Expression: MIT",
            "Requires-Dist: Deep[fast]",
            'Requires-Dist: other; sys_platform == "none"',
            'Requires-Dist: gone; extra == "more"',
        ],
        "deep": ["License-Expression: ISC", 'Requires-Dist: bad>1; extra == "fast"', "Provides-Extra: fast"],
        "bad": ["License-Expression: GPL-3.0-only", "Requires-Dist: silent"],
        "silent": ["Requires-Dist: good"],
    }.items():
        folder = tmp_path / f"{name}-2.dist-info"
        folder.mkdir()
        head = ["Metadata-Version: 2.4", f"Name: {name}", "Version: 2"]
        (folder / "METADATA").write_text("\n".join([*head, *lines, ""]))

    def find(name: str) -> metadata.Distribution:
        for found in metadata.distributions(name=name, path=[str(tmp_path)]):
            return found
        raise metadata.PackageNotFoundError(name)

    found = needed_licences("good", find=find)
    assert found.seen == {"good", "deep", "bad", "silent"}
    assert found.refused == {"bad": "GPL-3.0-only"}
    assert (found.unnamed, found.absent) == ({"silent"}, set())
    assert needed_licences("good", ["more"], find).absent == {"gone"}
