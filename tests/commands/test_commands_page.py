"""docs/commands.md: every task and command stands there, and its examples are valid; names do not clash."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from doit.cmd_base import Command
from doit.doit_cmd import DoitMain
from in_process import runner
from product_registry import product_registry
from project import REPOSITORY, Project

from edxtasks.build.registry import commands
from edxtasks.commands.plain import _ACCEPTED, _SELECTION, DataCommand
from edxtasks.graph.task_files import read_tasks
from edxtasks.graph.tasks import task_kinds
from edxtasks.table import Table

PAGE = (REPOSITORY / "docs" / "commands.md").read_text()
DECLARED: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
    "entry-points"
]["doit.COMMAND"]
OURS = {name for name, place in DECLARED.items() if ".doits_own:" not in place}
BUILT_IN = {command.get_name() for command in DoitMain.DOIT_CMDS}
EXAMPLES = [
    line.partition("  #")[0].rstrip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


def command(name: str) -> type[Any]:
    module, _, attribute = DECLARED[name].partition(":")
    found: type[Any] = getattr(importlib.import_module(module), attribute)
    return found


def names_of(example: str) -> list[str]:
    """The words of an example behind `doit`, without doit's own options."""
    words = shlex.split(example.rpartition("doit ")[2])
    return words[2:] if words[:1] == ["-n"] else words


def is_of_a_command(example: str) -> bool:
    return names_of(example)[0] in DECLARED


def all_tasks(registry: Mapping[str, Table]) -> set[str]:
    kinds = task_kinds(registry, read_tasks(registry))
    return {*kinds.per_course, *kinds.over_courses, *kinds.others}


@pytest.mark.parametrize("name", sorted({*DECLARED, *BUILT_IN}))
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_every_command_explains_itself(name: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert DoitMain().run([name, word]) == 0
    explained = capsys.readouterr().out
    assert explained.startswith("PURPOSE\n")
    assert "CmdOption" not in explained
    assert re.search(rf" {name}\s", explained.partition("USAGE")[2])


def test_every_declared_command_is_installed_and_bears_its_name() -> None:
    installed = {point.name: point.value for point in entry_points(group="doit.COMMAND")}
    assert installed.items() >= DECLARED.items(), "the entry points changed: pip install -e . again"
    for name in DECLARED:
        assert issubclass(command(name), Command)
        assert command(name).get_name() == name


def test_no_task_bears_the_name_of_a_command() -> None:
    """doit refuses to load such a task."""
    registry = product_registry()
    tasks = all_tasks(registry)
    tasks |= {table.task for table in registry.values()} | set(commands(registry))
    assert tasks & (set(DECLARED) | BUILT_IN) == set()


def test_every_command_has_a_section_with_its_options_and_an_example() -> None:
    sections = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", PAGE, re.DOTALL | re.MULTILINE))
    assert set(sections) == OURS - {"run"}
    for name, section in sections.items():
        assert re.search(rf"```sh\n.*doit {name}\b", section, re.DOTALL), name
        if issubclass(command(name), DataCommand):
            options = {option.long for option in command(name)().get_options()}
            selection = {name.replace("_", "-") for name in _SELECTION}
            common = {"config", "help", *(name.replace("_", "-") for name in _ACCEPTED)} | (
                selection if command(name).takes_courses else set()
            )
            for option in options - common:
                assert f"--{option}" in section, f"{name} --{option}"


def test_every_task_but_the_plain_tables_has_a_row() -> None:
    registry = product_registry()
    tables = {table.task for table in registry.values()} | set(registry)
    tasks = all_tasks(registry)
    wanted = (tasks - tables) | set(commands(registry))
    cells = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    told = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert "\n`simulate` " in PAGE
    assert "`waldofy:rest`" in PAGE
    assert sorted(wanted - told - {"simulate", "waldofy:rest"}) == []


def test_links_lead_to_files() -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", PAGE):
        assert (REPOSITORY / "docs" / link).is_file(), link


LINE = (
    b'{"time": "2014-10-14T10:00:00Z", "event_source": "server", "event_type": "x", "course_id": "A/B/C"}\n'
)


@pytest.fixture(scope="module")
def project(built_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A built project with the files that the examples name."""
    project = built_once.copy(tmp_path_factory.mktemp("page") / "project")
    for name in ("in.jsonl", "events.log", "a=1.log"):
        (project.folder / name).write_bytes(LINE)
    (project.folder / "edx2bigquery_config.py").write_text("course_id_list = []\n")
    (project.folder / "users.sql").write_text("id\tusername\n1\tann\n")
    key = project.folder.parent / "release.key"
    key.write_text("0123456789abcdef" * 4)
    key.chmod(0o600)
    (project.folder / "old").mkdir()
    [exported] = (project.folder / "SQL").glob("*2.03x*/**/person_course.csv.gz")
    shutil.copy(exported, project.folder / "old")
    settings = project.folder / "config" / "edxtasks.toml"
    settings.write_text(settings.read_text().replace("\nfirst = ", "\nspring = "))
    wraps = "".join(f"{course},10/1/2014\n" for course in project.courses)
    (project.folder / "listings.csv").write_text("course_id,Course Wrap\n" + wraps)
    return project


def needs_a_process(example: str) -> bool:
    """Whether an example has a pipe, or is of a command that loads the graph."""
    return bool(re.search("[<>|]", example)) or not issubclass(command(names_of(example)[0]), DataCommand)


def is_silent(example: str) -> bool:
    """Whether an example prints nothing on stdout, or may have nothing to name."""
    return (
        names_of(example)[0] in {"rephrase_logs", "get_data", "get_course_data"}
        or re.search("delete_|--output=", example) is not None
    )


OF_COMMANDS = [one for one in EXAMPLES if is_of_a_command(one)]


@pytest.mark.parametrize("example", [one for one in OF_COMMANDS if needs_a_process(one)])
def test_examples_of_commands_run(project: Project, example: str) -> None:
    """As a person would type them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        ["bash", "-c", example],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # With `info` 1 says that something is not up to date: other examples have left it so.
    assert done.returncode in ({0, 1} if names_of(example)[0] == "info" else {0}), done.stderr
    assert done.stdout or ">" in example


@pytest.mark.parametrize("example", [one for one in OF_COMMANDS if not needs_a_process(one)])
def test_examples_of_data_commands_run(
    project: Project,
    example: str,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    tmp_path: Path,
) -> None:
    """The words as a person would type them, in this process."""
    words = names_of(example)
    if words[0] == "retire":  # not in the project of the other examples, all of which it would look through
        key = tmp_path / "key"
        key.write_text("00112233445566778899aabbccddeeff" * 2)
        key.chmod(0o600)
        words = [*words, f"retire_key_file={key}", f"root={tmp_path}"]
    # A few learners of the logs are in no dump, and health tells it; nobody here is called ann.
    status = int(words[0] in {"health", "retire"})
    ended = runner(project.folder, monkeypatch, capfdbinary)(*words, status=status)
    assert ended.out or is_silent(example)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not is_of_a_command(one)])
def test_examples_of_tasks_run(project: Project, example: str) -> None:
    """As a person would type them, one after the other in one project."""
    words = shlex.split(example.removeprefix("doit "))
    if words[0].startswith("mongo"):  # they need a MongoDB: tests/graph/test_mongo_tasks.py runs them
        words = ["plan", *words]
        assert re.search(r"^1 (fresh|will run)$", project.doit(*words).out, re.MULTILINE)
        return
    outcome = project.doit(*words)
    assert re.search(r"^\d+ built.* in [\d.]+ s", outcome.out, re.MULTILINE)
