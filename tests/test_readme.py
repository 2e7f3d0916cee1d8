"""The README does not lie: its links lead somewhere, and its commands do what they say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import readme_screen
from project import Project

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text()
COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("doit")
]


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 10
    assert [link for link in links if "://" not in link and not (REPOSITORY / link).exists()] == []


def test_the_first_two_commands_are_the_set_up_and_the_tests() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert blocks[0].count("\n") == blocks[1].count("\n") == 1
    assert "doit simulate" in blocks[0]
    assert "doit weekly" in blocks[0]
    assert "pytest" in blocks[1]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demo, simulated and built as the README's first command does."""
    return readme_screen.demo(tmp_path_factory.mktemp("readme") / "clone")


def test_the_screen_is_what_the_commands_print(demo: Project) -> None:
    assert readme_screen.screen(demo) == readme_screen.shown()
    demo.doit("weekly")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(["doit", *command])[:40])
def test_every_command_runs_and_builds_nothing_anew(demo: Project, command: list[str]) -> None:
    # A few learners of the logs are in no dump, and health tells it.
    outcome = demo.doit(*command, status=int(command[:1] == ["health"]))
    assert outcome.built == set()
    assert outcome.out
