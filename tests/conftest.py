"""Fixtures that many tests share."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent / "graph"))

from product_registry import VARIABLE
from project import Project

from edxtasks import scratch
from edxtasks.outages import outages
from edxtasks.psychometrics.numerics import LIBRARIES
from edxtasks.simulate import simulate

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""The browser of the system; None where there is none, and the tests that need one are skipped."""

# How fast an example is says something of the machine alone. The examples are the same in every run: a change
# is not refused for what it did not change. New ones are looked for by `make fuzz`.
settings.register_profile(
    "any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# A process that a test forks has none of the threads that are here. What a test before has left to be
# collected, such as a connection of DuckDB, would wait for its threads there, and crash.
os.register_at_fork(after_in_child=gc.freeze)

# The fits cannot be tested where the extra `edxtasks[irt]` is missing; `edxtasks[test]` brings it.
if not all(map(find_spec, LIBRARIES)):
    collect_ignore = [
        f"psychometrics/test_{name}.py"
        for name in ("graded_response", "model_rows", "reliability", "responses")
    ]


_INSTALLING = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """One folder for the registry of all processes of this run. Where all tests run, the emulators are
    installed meanwhile."""
    # Commands under test take over what is ignored here: nohup and a shell's background leave these deaf.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if hasattr(config, "workerinput"):
        return
    os.environ[VARIABLE] = tempfile.mkdtemp(prefix="edxtasks-tests-")
    if not config.option.file_or_dir and not config.option.collectonly:
        script = Path(__file__).parent / "emulators" / "environment.py"
        config.stash[_INSTALLING] = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.DEVNULL)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    if _INSTALLING in config.stash:
        config.stash[_INSTALLING].wait()
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(VARIABLE), ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the longest module, which one process does alone, while there is enough to do for others."""
    longest = [one for one in items if one.path.name == "test_bigquery_graph.py"]
    others = [one for one in items if one not in longest]
    half = len(others) // 2
    items[:] = [*others[:half], *longest, *others[half:]]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder of the whole test run, also of one in several processes: who needs it first makes it."""
    base = factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, mark = base / name, base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            mark.touch()
    return folder


def project_made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Project:
    """A project of the whole test run. Tests of all processes look at it, and run commands in it that change
    no table; what is copied is a second one, in which none is run."""

    def untouched(folder: Path) -> Path:
        return folder.with_name(f"{name}.untouched")

    def make_both(folder: Path) -> None:
        shutil.rmtree(untouched(folder), ignore_errors=True)
        make(folder)
        Project(folder).copy(untouched(folder))

    folder = made_once(factory, name, make_both)
    return Project(folder, untouched=untouched(folder))


@pytest.fixture(autouse=True)
def process_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that runs in this process sets its umask (`file_mode`), ignores signals while it ends, and
    remembers which services did not answer; for the next test, and the processes that it starts, all is as
    before."""
    before = os.umask(0o022)
    os.umask(before)
    monkeypatch.setattr(scratch, "_mask", scratch._mask)
    outages.forget()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    os.umask(before)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def tiny_campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a simulated campus of two courses and six days, as edX would deliver them."""
    return made_once(tmp_path_factory, "campus", lambda folder: simulate(folder, "tiny"))


@pytest.fixture(scope="session")
def built_once(tiny_campus: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project on the tiny campus in which `weekly` has run. Copy it before changing anything."""
    return project_made_once(
        tmp_path_factory,
        "built",
        lambda folder: Project.create(folder, tiny_campus).doit("-n", "2", "weekly"),
    )


@pytest.fixture
def built(built_once: Project, tmp_path: Path) -> Project:
    """A copy of the built project, to be changed at will."""
    return built_once.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def with_pages(built_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The built project with the catalog and the pages of its courses and of the campus, on which every
    number is shown."""
    return project_made_once(
        tmp_path_factory,
        "pages",
        lambda folder: built_once.copy(folder).doit("dashboard", "docs", "minimum_cell=1"),
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium for all tests of pages; skips the test where the system has none."""
    if CHROMIUM is None:
        pytest.skip("the system has no Chromium (package chromium of the distribution): no page is looked at")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments, timeout=300_000)
        yield browser
        browser.close()
