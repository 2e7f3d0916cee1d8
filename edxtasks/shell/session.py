"""A session of the shell: statements and dot commands, each answered, whatever becomes of the others."""

from __future__ import annotations

import fnmatch
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edxtasks.compression import ByteSink
from edxtasks.errors import SettingsError, SourceAbsentError, UserError, from_machine
from edxtasks.printable import number, printable, quantity, say
from edxtasks.shell import forms
from edxtasks.shell.results import Asked, Result
from edxtasks.shell.statements import all_statements, is_blank, split
from edxtasks.warehouse.schema import Column

HELP = """\
A statement ends with a semicolon; it may take several lines.
.tables [PATTERN]    list the tables, with their rows; PATTERN may hold * and ?
.schema TABLE        the columns of a table (DATASET.TABLE, or the name that tasks have) with their meaning
.format [NAME]       how results are shown: table, csv, json, markdown
.output FILE         write the result of the next query to a file (.csv, .json, .md, .parquet)
.help                this text
.quit                end (also Ctrl-D)"""

Meanings = Callable[[str], Mapping[str, str] | None]
"""Gives what the columns of a table mean, by name of the table; None for one that edxtasks does not make."""


class Ended(Exception):
    """The session is to end."""


@dataclass(frozen=True)
class Output:
    """Where results go and how: a form ("" for that of the file's name), a file or None for `sink`."""

    form: str
    file: Path | None = None


class Session:
    """What is typed, or piped in, is answered on `sink`; messages go to stderr."""

    def __init__(
        self,
        asked: Asked,
        output: Output,
        meanings: Meanings,
        sink: ByteSink,
        *,
        explain: bool = False,
    ) -> None:
        """`explain`: queries are translated and shown, and do not run."""
        self._asked = asked
        self._output = output
        self._usual = replace(output, file=None)
        self._meanings = meanings
        self._sink = sink
        self._explain = explain
        self._dots: Mapping[str, Callable[[list[str]], None]] = {
            ".tables": self._tables,
            ".schema": self._schema,
            ".format": self._format,
            ".output": self._next_file,
            ".help": self._help,
            ".quit": self._quit,
            ".exit": self._quit,
        }
        self.tell()

    def tell(self) -> None:
        """Say what could not be read."""
        for remark in self._asked.take_remarks():
            say(f"note: {remark}")

    def answer_text(self, text: str) -> bool:
        """Answer statements and dot commands of a whole text; whether all went well."""
        waiting, lines, well = "", text.splitlines(keepends=True), True
        for place, line in enumerate(lines):
            if is_blank(waiting, self._asked.dialect) and line.startswith("."):
                waiting, well = "", self.answer(line) and well
                continue
            waiting = (waiting or "\n" * place) + line
            statements, waiting = split(waiting, self._asked.dialect)
            for statement in statements:
                well = self.answer(statement) and well
        if not is_blank(waiting, self._asked.dialect):
            well = self.answer(waiting) and well
        return well

    def answer_typed(self, text: str) -> bool:
        """Answer what was typed at a prompt: a dot command or statements."""
        if text.lstrip().startswith("."):
            return self.answer(text.strip())
        ended = [self.answer(one) for one in all_statements(text, self._asked.dialect)]
        return all(ended)

    def answer(self, statement: str) -> bool:
        """Answer one statement or dot command; an error is told, and is no exception."""
        try:
            if statement.startswith("."):
                self._dot(statement)
            else:
                self._statement(statement)
        except (UserError, SourceAbsentError) as error:
            say(f"ERROR: {error}")
            return False
        except (OSError, MemoryError) as error:
            if isinstance(error, BrokenPipeError):
                raise
            say(f"ERROR: {from_machine(error)}")
            return False
        finally:
            self.tell()
        return True

    # Statements

    def _statement(self, statement: str) -> None:
        if self._explain:
            self._print([self._asked.translated(statement)])
            return
        result = self._asked.run(statement)
        self.tell()
        if result is not None:
            self._show(result)

    def _show(self, result: Result) -> None:
        output = self._output
        if output.file is not None:
            self._output = self._usual
            said = forms.save(result, output.form or forms.form_of_file(output.file), output.file)
        else:
            said = forms.write(result, output.form or forms.TABLE, self._sink, _room())
            self._flush()
        for line in said:
            say(line)

    def _print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._sink.write(f"{line}\n".encode())
        self._flush()

    def _flush(self) -> None:
        flush = getattr(self._sink, "flush", None)
        if flush is not None:
            flush()

    # Dot commands

    def _dot(self, line: str) -> None:
        try:
            word, *rest = shlex.split(line.rstrip().rstrip(";"))
        except ValueError as error:
            raise SettingsError(f"{printable(line.strip())}: {error}") from None
        command = self._dots.get(word)
        if command is None:
            raise SettingsError(f"{printable(word)}: expected one of {', '.join(self._dots)}")
        command(rest)

    def _tables(self, words: list[str]) -> None:
        pattern = _only(".tables", "PATTERN", words) if words else ""
        found = [one for one in self._asked.tables() if _fits(one.name, pattern)]
        if not found:
            what = (
                f"no table fits {printable(pattern)}" if pattern else "there are no tables yet: doit weekly"
            )
            raise UserError(what)
        widest = max(len(one.name) for one in found)
        self._print(
            one.name if one.rows is None else f"{one.name:{widest}}  {number(one.rows):>12}" for one in found
        )

    def _schema(self, words: list[str]) -> None:
        name = _only(".schema", "TABLE", words).strip('`"').replace('"', "")
        if "." not in name and ":" not in name:
            dataset = next(
                (one.name.partition(".")[0] for one in self._asked.tables() if _is(one.name, name)), ""
            )
            name = f"{dataset}.{name}" if dataset else name
        if "." not in name or ":" in name:
            raise UserError(f"there is no table {printable(name)} yet (.tables lists them)")
        columns = self._asked.columns(name)
        meanings = self._meanings(name.partition(".")[2]) or {}
        wide = max((len(one.name) for one in columns), default=0)
        self._print([f"{name}:", *(_described(one, wide, meanings.get(one.name, "")) for one in columns)])

    def _format(self, words: list[str]) -> None:
        if not words:
            self._print([self._output.form or forms.TABLE])
            return
        form = forms.checked_form(_only(".format", "NAME", words))
        if form == forms.PARQUET:
            raise SettingsError("parquet is no text: .output FILE.parquet writes a file")
        self._output = self._usual = Output(form)

    def _next_file(self, words: list[str]) -> None:
        file = Path(_only(".output", "FILE", words)).expanduser()
        forms.form_of_file(file)
        forms.check_target(file)
        self._output = Output("", file)

    def _help(self, words: list[str]) -> None:
        self._print([HELP])

    def _quit(self, words: list[str]) -> None:
        raise Ended


def _only(command: str, what: str, words: list[str]) -> str:
    if len(words) != 1:
        raise SettingsError(f"expected {command} {what}, found {quantity(len(words), 'word')} behind it")
    return words[0]


def _fits(name: str, pattern: str) -> bool:
    """Whether a name holds a pattern, or fits it as a whole; case does not count."""
    name, pattern = name.lower(), pattern.lower()
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


def _is(name: str, table: str) -> bool:
    return name.partition(".")[2].lower() == table.lower()


def _described(column: Column, wide: int, meaning: str) -> str:
    text = meaning or column.description
    return f"  {printable(column.name):{wide}}  {column.written_type:9}  {printable(text, 200)}".rstrip()


def _room() -> int | None:
    """The columns of the terminal that results are shown on; None where they go elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
