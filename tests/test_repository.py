"""What people expect of a repository is there and agrees with itself: links, navigation, version, targets."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import edxtasks

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES_OUTSIDE_DOCS = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "SECURITY.md",
    REPOSITORY / "benchmarks/README.md",
]


@pytest.mark.parametrize("page", PAGES_OUTSIDE_DOCS, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    """Links inside docs/ are checked when the site is built (`make docs`)."""
    links = re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_what_the_security_page_claims_is_tested() -> None:
    """Each line of its table names tests, and they are there."""
    text = (REPOSITORY / "SECURITY.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert len(table) > 10
    assert [line for line in table if "::test_" not in line] == []
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert [
        f"{file}::{test}" for file, test in named if f"def {test}(" not in (REPOSITORY / file).read_text()
    ] == []


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"[\w-]+\.md", (REPOSITORY / "mkdocs.yml").read_text())
    assert sorted(listed) == sorted(page.name for page in (REPOSITORY / "docs").glob("*.md"))


def test_the_version_is_the_same_everywhere() -> None:
    citation = re.search(r"^version: (.+)$", (REPOSITORY / "CITATION.cff").read_text(), re.MULTILINE)
    assert citation is not None
    assert citation[1] == edxtasks.__version__
    assert "version" in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dynamic"]


def test_the_commands_of_the_contributing_page_are_targets() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", (REPOSITORY / "CONTRIBUTING.md").read_text()))
    assert named <= targets
    assert {"test", "check", "docs", "ci"} <= named
