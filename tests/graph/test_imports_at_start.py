"""What a command imports before it knows what there is to do: every command pays for it."""

from __future__ import annotations

import subprocess
import sys

START = """
import sys
import edxtasks.graph.load
from edxtasks.build.python_modules import read_modules
from edxtasks.build.registry import PACKAGE, TABLES
from edxtasks.graph.task_files import reserved_words

reserved_words()  # reads the files of all tasks
assert list(read_modules(TABLES, PACKAGE))
print(*sys.modules)
"""
JOB = """
import sys
import edxtasks.logs.split
import edxtasks.logs.split_job

print(*sys.modules)
"""


def imported(code: str) -> set[str]:
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(ended.stdout.split())


def test_tasks_and_tables_are_read_without_what_makes_rows_and_pages() -> None:
    modules = imported(START)
    assert "edxtasks.tasks.split" in modules
    assert not modules & {"edxtasks.logs.rows.rephrase", "edxtasks.logs.coordinator", "msgspec"}
    assert not modules & {"edxtasks.pages.html", "edxtasks.pages.catalog.entries", "jinja2"}
    assert not modules & {"duckdb", "sqlglot", "google.cloud.bigquery", "pymongo"}
    assert not modules & {"geoip2", "filelock", "numpy"}


def test_a_worker_splits_without_graph_and_tables() -> None:
    modules = imported(JOB)
    assert "edxtasks.logs.rows.rephrase" in modules
    rooms = {name.split(".")[1] for name in modules if name.startswith("edxtasks.")}
    assert not rooms & {"build", "config", "graph", "pages", "steps", "tables", "tasks"}
    assert "edxtasks.warehouse.base" not in modules  # schemas of tables alone
    assert "doit" not in modules
