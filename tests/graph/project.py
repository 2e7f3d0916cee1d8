"""A project folder as a user has one: dodo.py, a configuration, raw data; and doit run in it for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edxtasks.graph.task_files import other_commands

REPOSITORY = Path(__file__).resolve().parents[2]
_PROGRESS = re.compile(r"(\d+:)?\d+:\d\d  .*")


def messages_of(text: str) -> list[str]:
    """The lines on stderr, without those of progress, which only a slow machine shows."""
    return [line for line in text.splitlines() if not _PROGRESS.fullmatch(line)]


def told_all(words: Sequence[str]) -> list[str]:
    """The words of a doit line; of a run with the option that makes it tell each task that it builds."""
    is_run = not other_commands() & set(words)
    return [*words, "verbose=1"] if is_run else [*words]


def copy_of_the_package(folder: Path) -> None:
    """Put the package into a folder, from which a project may import it. Left out is what processes of other
    tests are compiling: such a file is renamed when it is whole."""
    shutil.copytree(REPOSITORY / "edxtasks", folder / "edxtasks", ignore=shutil.ignore_patterns("*.pyc.*"))


@dataclass(frozen=True)
class Outcome:
    """How a doit command ended: exit status, output, messages, seconds."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def built(self) -> set[str]:
        """Names of the tasks that did their work."""
        return set(re.findall(r"^built   (\S+): ", self.err, re.MULTILINE))

    @property
    def failed(self) -> set[str]:
        """Names of the tasks that failed."""
        return set(re.findall(r"^FAILED  (\S+): ", self.err, re.MULTILINE))

    @property
    def skipped(self) -> set[str]:
        """Names of the tasks that had nothing to make their table from."""
        return set(re.findall(r"^skipped (\S+): ", self.err, re.MULTILINE))


class Project:
    """A folder with dodo.py, config/edxtasks.toml and data."""

    def __init__(self, folder: Path, package: Path = REPOSITORY, untouched: Path | None = None) -> None:
        """`package` is the folder that the package `edxtasks` is imported from. `untouched` is a copy of the
        project in which nobody works: where others do so in `folder` meanwhile, files come and go there."""
        self.folder = folder
        self.package = package
        self._untouched = untouched or folder

    @classmethod
    def create(cls, folder: Path, data: Path | None = None, **settings: str) -> Project:
        """A project in `folder`; `data` is a simulated campus to copy, `settings` are lines for its top."""
        (folder / "config").mkdir(parents=True)
        shutil.copy(REPOSITORY / "dodo.py", folder)
        project = cls(folder)
        if data is not None:
            for part in data.iterdir():
                if part.is_dir():
                    shutil.copytree(part, folder / part.name)
                else:
                    shutil.copy(part, folder)
        project.configure(**settings)
        return project

    def configure(self, **settings: str) -> None:
        """Write the configuration: the campus found in the folder, and `settings` (TOML values by name)."""
        description = json.loads((self.folder / "ledger" / "campus.json").read_text())
        courses = [course["course_id"] for course in description["courses"]]
        top = {"course_id_list": json.dumps(courses)} | settings
        lines = [f"{name} = {value}" for name, value in top.items()]
        lines += [
            "[courses]",
            f"first = {json.dumps(courses[:1])}",
            "[paths]",
            f'dump_dir = "{description["package"]}"',
            'course_sql_base_dir = "SQL"',
            f'course_sql_date_dir = "{description["package"][-10:]}"',
            'tracking_logs_directory = "TRACKING_LOGS"',
            'tlfn = "DAILY/*.log.gz"',
        ]
        (self.folder / "config" / "edxtasks.toml").write_text("\n".join(lines) + "\n")

    @property
    def courses(self) -> list[str]:
        """Course keys of the campus in slash form."""
        description = json.loads((self.folder / "ledger" / "campus.json").read_text())
        return [course["course_id"] for course in description["courses"]]

    def copy(self, folder: Path) -> Project:
        """The same project, with everything that was built, in another folder (times kept)."""
        # A thousand small files, a hundred times: a third of the time that `shutil.copytree` takes.
        subprocess.run(["cp", "-a", str(self._untouched), str(folder)], check=True)
        return Project(folder)

    def doit(self, *words: str, status: int | None = 0, timeout: float = 900) -> Outcome:
        """Run doit; fails when it does not end with `status` (None: any)."""
        began = time.monotonic()
        with self.start(*words) as process:
            out, err = process.communicate(timeout=timeout)
        outcome = Outcome(process.returncode, out, err, time.monotonic() - began)
        if status is not None:
            assert outcome.status == status, f"{words}: status {outcome.status}\n{out}\n{err}"
        return outcome

    def start(self, *words: str, folder: Path | None = None) -> subprocess.Popen[str]:
        """Start doit in a process group of its own, in the folder of the project or another one."""
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *told_all(words)],
            cwd=folder or self.folder,
            env=os.environ | {"PYTHONPATH": str(self.package)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def warehouse(self) -> Path:
        """The folder of the tables."""
        return self.folder / "warehouse"

    def tables(self) -> dict[str, str]:
        """Version of every table, by `dataset.table`: equal for equal rows."""
        from edxtasks.warehouse.parquet import ParquetWarehouse

        warehouse = ParquetWarehouse(self.warehouse)
        return {
            f"{dataset}.{table}": state.version
            for dataset in warehouse.datasets()
            for table, state in warehouse.states(dataset).items()
        }
