"""`doit shell [SQL]`: ask the warehouse in SQL, at a prompt, from a pipe or on the command line."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from doit import doit_cmd

from edxtasks.commands.ending import FAILED
from edxtasks.commands.guard import INTERRUPTED, current
from edxtasks.commands.plain import DataCommand, Request
from edxtasks.config import Settings, load_settings
from edxtasks.course import shorten
from edxtasks.errors import SettingsError, nearest
from edxtasks.printable import say
from edxtasks.scratch import scratch_of, use
from edxtasks.shell import forms
from edxtasks.shell.results import Asked
from edxtasks.shell.session import Ended, Output, Session
from edxtasks.shell.statements import DIALECTS, DUCKDB, GOOGLESQL, all_statements
from edxtasks.warehouse.base import NAME

_COMMENT = re.compile(r"--\s+\S")


class Shell(DataCommand):
    """Run SQL over all tables of the warehouse."""

    name = "shell"
    doc_purpose = "ask the warehouse in SQL"
    doc_usage = '["SELECT ..."]'
    doc_description = (
        "A dataset is a schema, a table a view: MITx__2_03x__3T2013.person_course. Without a query: "
        "a prompt, or the statements of the standard input, each ended by a semicolon. .help lists what else "
        "it takes. On BigQuery queries are GoogleSQL. Nothing is written but the file of --output."
    )
    takes_words = None
    cmd_options: tuple[dict[str, Any], ...] = (
        {
            "name": "format",
            "long": "format",
            "type": str,
            "default": "",
            "help": f"one of {', '.join(forms.FORMS)}; without it table, or what the name of --output says",
        },
        {
            "name": "output",
            "long": "output",
            "short": "o",
            "type": str,
            "default": "",
            "help": "write the rows of the query to this file, which appears when it is complete",
        },
        {
            "name": "dialect",
            "long": "dialect",
            "type": str,
            "default": "",
            "help": "duckdb, the embedded engine's own, or googlesql, which is translated for it",
        },
        {
            "name": "explain",
            "long": "explain",
            "type": bool,
            "default": False,
            "help": "show what the engine would run for a GoogleSQL query, and do not run it",
        },
        {
            "name": "no_history",
            "long": "no-history",
            "type": bool,
            "default": False,
            "help": "keep nothing of what is typed",
        },
    )

    def parse_execute(self, in_args: Sequence[str]) -> int | None:
        """As every command, but a query may begin with a comment: that is no option."""
        queries = [word for word in in_args if _COMMENT.match(word)]
        others = [word for word in in_args if not _COMMENT.match(word)]
        return super().parse_execute([*others, "--", *queries] if queries else in_args)

    def _request(self, given: Mapping[str, Any], words: Sequence[str]) -> Request:
        """A word with "=" is a part of the query here, not a setting."""
        variables = {"config": given["config"]} if given["config"] else {}
        settings = load_settings(self._folder(), variables, os.environ)
        for notice in settings.notices:
            say(notice)
        own = {option["name"]: given[option["name"]] for option in self.cmd_options}
        return Request(settings, (), (*words, *_taken_for_variables()), own)

    def perform(self, request: Request) -> int:
        """Answer the query of the command line, or those of the standard input. Status 1 when one failed."""
        settings, options = request.settings, request.options
        output = _output(options)
        dialect = _dialect(options["dialect"], settings)
        query = " ".join(request.words)
        typed = not query and sys.stdin is not None and sys.stdin.isatty()
        text = query if query or typed else _standard_input()
        if output.file is not None and (typed or len(all_statements(text, dialect)) != 1):
            raise SettingsError(
                "--output takes one query, on the command line or from a pipe"
                + ("; at the prompt: .output FILE" if typed else "")
            )
        asked = _open(settings, dialect)
        session = Session(
            asked,
            output,
            lambda table: _meanings(settings, table),
            sys.stdout.buffer,
            explain=options["explain"],
        )
        guard = current()
        if guard is not None:
            guard.interrupt = asked.interrupt
        try:
            if typed:
                return _talk(session, asked, None if options["no_history"] else settings.engine.state)
            return 0 if session.answer_text(text) else FAILED
        except Ended:
            return 0
        except KeyboardInterrupt:
            if guard is not None and guard.must_end:
                raise
            return INTERRUPTED  # who pressed Ctrl-C knows
        finally:
            asked.close()


def _taken_for_variables() -> list[str]:
    """The words that doit took out of the line because they hold "=": here they are the query."""
    return [f"{name}={value}" for name, value in (doit_cmd._CMDLINE_VARS or {}).items()]


def _standard_input() -> str:
    return "" if sys.stdin is None else sys.stdin.read()


def _output(options: Mapping[str, Any]) -> Output:
    form = forms.checked_form(options["format"]) if options["format"] else ""
    if not options["output"]:
        if form == forms.PARQUET:
            raise SettingsError("parquet is no text: name a file with --output=FILE")
        return Output(form)
    file = Path(options["output"])
    if options["explain"]:
        raise SettingsError("--explain shows a query, --output writes its rows: take one off the line")
    forms.check_target(file)
    return Output(form or forms.form_of_file(file), file)


def _dialect(named: str, settings: Settings) -> str:
    in_the_cloud = settings.warehouse.engine == "bigquery"
    usual = GOOGLESQL if in_the_cloud else DUCKDB
    if named and named not in DIALECTS:
        raise SettingsError(
            f"--dialect={shorten(named)}: expected one of {', '.join(DIALECTS)}{nearest(named, DIALECTS)}"
        )
    if in_the_cloud and named == DUCKDB:
        raise SettingsError(
            '--dialect=duckdb: the engine is "bigquery", which speaks GoogleSQL and nothing else'
        )
    if in_the_cloud and named:
        say("--dialect=googlesql: without effect, it is what BigQuery speaks")
    return named or usual


def _open(settings: Settings, dialect: str) -> Asked:
    scratch = use(scratch_of(settings))
    if settings.warehouse.engine == "bigquery":
        from edxtasks.shell.bigquery_shell import CloudShell
        from edxtasks.warehouse.bigquery import open_bigquery

        return CloudShell(open_bigquery(settings, scratch), scratch)
    from edxtasks.shell.embedded import EmbeddedShell

    return EmbeddedShell(settings.warehouse.path, scratch, dialect)


def _meanings(settings: Settings, name: str) -> Mapping[str, str] | None:
    """What the columns of a table of edxtasks mean."""
    from edxtasks.build.registry import TABLES, read_registry

    if not NAME.fullmatch(name) or not any(TABLES.glob(f"*/{name}.*")):
        return None  # without reading them all
    registry = read_registry(settings.engine.state)
    table = registry.get(name) or registry.get(f"report.{name}") or registry.get(f"courses.{name}")
    return None if table is None else {column.name: column.description for column in table.schema}


def _talk(session: Session, asked: Asked, state: Path | None) -> int:
    """Answer what is typed at a prompt until Ctrl-D. What fails there is no failure of the command."""
    from edxtasks.shell.prompt import HISTORY, Prompt

    names = [one.name for one in asked.tables()] if asked.dialect == DUCKDB else []
    prompt = Prompt(asked.dialect, None if state is None else state / HISTORY, names)
    guard = current()
    if guard is not None:
        guard.survives_ctrl_c = True
    say(f"{asked.dialect}. Statements end with a semicolon; .help for more, Ctrl-D ends")
    while True:
        typed = ""
        try:
            typed = prompt.read()
            if guard is not None:
                guard.hear_again()
            session.answer_typed(typed)
        except EOFError:
            return 0
        except KeyboardInterrupt:  # at the prompt it only takes back what was typed
            if guard is not None and guard.must_end:
                raise
            if typed:
                say("interrupted")
