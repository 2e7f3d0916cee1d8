"""docs/settings.md says who heeds each setting and what it needs, as the declarations have it."""

from __future__ import annotations

import re
from importlib.metadata import entry_points

import pytest
from product_registry import product_registry
from project import REPOSITORY

from edxtasks.build.registry import commands
from edxtasks.commands.settings_page import declared, needs_table
from edxtasks.config import SETTINGS
from edxtasks.config.needs import FOR_ALL, HEEDED_BY, NEEDS
from edxtasks.graph.task_files import read_tasks
from edxtasks.graph.tasks import task_kinds

REGISTRY = product_registry()
PAGE = (REPOSITORY / "docs" / "settings.md").read_text()
SOURCES = {path: path.read_text() for path in (REPOSITORY / "edxtasks").rglob("*.py")}
# Where the work of a task or command is done.
ROOMS = {
    "dashboard": ("pages/", "tasks/dashboard.py"),
    "estimate": ("commands/estimate.py",),
    "health": ("health/", "directories.py", "config/", "tasks/split.py"),
    "mirror": ("tasks/mirror.py",),
    "mongo2gs": ("logs/", "tasks/mongo2gs.py", "mongodb.py", "retired/"),
    "mongo2user_info": ("dumps/", "tasks/mongo2user_info.py", "mongodb.py", "retired/"),
    "split": ("logs/", "tasks/split.py", "steps/resource_limits.py", "retired/"),
    "waldofy": ("dumps/", "tasks/waldofy.py", "directories.py", "config/", "retired/"),
}


def test_the_page_has_the_table() -> None:
    assert needs_table(REGISTRY) in PAGE, "python -m edxtasks.commands.settings_page prints it"


def test_every_setting_is_heeded_or_says_that_it_has_no_effect() -> None:
    told = declared(REGISTRY)
    idle = [
        name
        for (section, name), entry in SETTINGS.items()
        if not HEEDED_BY.get((section, name)) and name not in told and "no effect" not in entry.what
    ]
    assert idle == []
    assert {*HEEDED_BY, *NEEDS} - set(SETTINGS) == set()


def test_who_heeds_a_setting_is_a_task_or_a_command() -> None:
    kinds = task_kinds(REGISTRY, read_tasks(REGISTRY))
    known = {*kinds.per_course, *kinds.over_courses, *kinds.others, *commands(REGISTRY), "external"}
    known |= {point.name for point in entry_points(group="doit.COMMAND")}
    known |= FOR_ALL
    assert {name for names in HEEDED_BY.values() for name in names} - known == set()


def test_what_a_declaration_says_is_not_said_again() -> None:
    told = declared(REGISTRY)
    again = {
        place: set(names) & told.get(place[1], set())
        for place, names in HEEDED_BY.items()
        if place[0] in ("", "paths")
    }
    assert {place: names for place, names in again.items() if names} == {}


@pytest.mark.parametrize("task", sorted(ROOMS))
def test_a_task_that_heeds_a_setting_reads_it(task: str) -> None:
    rooms = [str(REPOSITORY / "edxtasks" / room) for room in ROOMS[task]]
    text = "\n".join(text for path, text in SOURCES.items() if str(path).startswith(tuple(rooms)))
    heeded = [name for (_, name), names in HEEDED_BY.items() if task in names]
    assert heeded
    assert [name for name in heeded if not re.search(rf"\b{name}\b", text)] == []


def test_every_setting_is_read_somewhere() -> None:
    models = [path.read_text() for path in (REPOSITORY / "edxtasks" / "tables").rglob("*.sql")]
    text = "\n".join(text for path, text in SOURCES.items() if path.name not in {"settings.py", "needs.py"})
    text = "\n".join([text, *models])
    assert [name for (_, name) in SETTINGS if not re.search(rf"\b{name}\b", text)] == []
