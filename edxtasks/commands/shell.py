"""`doit shell [SQL]`: ask the embedded warehouse in SQL (DuckDB's)."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from doit import doit_cmd
from doit.cmd_base import Command

from edxtasks.commands.ending import EndsWell
from edxtasks.errors import UserError
from edxtasks.printable import say

PROMPT = "edxtasks> "


class Shell(EndsWell, Command):  # type: ignore[misc]
    """Run SQL over all tables of the embedded warehouse."""

    name = "shell"
    doc_purpose = "ask the embedded warehouse in SQL"
    doc_usage = '["SELECT ..."]'
    doc_description = (
        "A dataset is a schema, a table a view: MITx__2_03x__3T2013.person_course. Without a query: "
        "statements from the standard input, each ended by a semicolon. SHOW ALL TABLES lists what there is."
    )
    cmd_options = (
        {"name": "config", "long": "config", "type": str, "default": "", "help": "configuration file"},
    )

    def execute(self, opt_values: Any, pos_args: list[str]) -> int:
        """Run the query of the command line, or those of the standard input. Status 1 when one failed."""
        import duckdb

        from edxtasks import connect

        try:
            with warnings.catch_warnings(record=True) as remarks:
                warnings.simplefilter("always")
                connection = connect(opt_values["config"] or None)
        except UserError as error:
            say(f"ERROR: {error}")
            return 3
        for remark in remarks:
            say(f"note: {remark.message}")
        failed = False
        query = " ".join([*pos_args, *_taken_for_variables()])
        for text in [query] if query else _statements():
            try:
                for statement in connection.extract_statements(text):
                    relation = connection.sql(statement)
                    if relation is not None:
                        relation.show(max_width=10_000, max_rows=100_000)
            except duckdb.Error as error:
                failed = True
                say(f"ERROR: {error}")
        return int(failed)


def _taken_for_variables() -> list[str]:
    """The words that doit took out of the line because they hold "=": here they are the query."""
    return [f"{name}={value}" for name, value in (doit_cmd._CMDLINE_VARS or {}).items()]


def _statements() -> Any:
    interactive = sys.stdin.isatty()
    collected = ""
    while True:
        if interactive:
            print(PROMPT if not collected else "     ...> ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        collected += line
        if collected.strip() and (";" in line or not line):
            yield collected
            collected = ""
        if not line:
            return
