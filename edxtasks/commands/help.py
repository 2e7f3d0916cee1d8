"""`doit help`: doit's own, which also tells what a table is, what makes it, and what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from doit.cmd_base import DoitCmdBase
from doit.cmd_help import Help as DoitHelp
from doit.exceptions import InvalidCommand

from edxtasks.build.registry import commands
from edxtasks.build.table_metadata import SCOPES, defined_in, files_read, settings_of
from edxtasks.commands.ending import EndsWell
from edxtasks.commands.explained import program_of
from edxtasks.config import OPTIONS, SETTINGS, Entry
from edxtasks.config.settings_tables import default_of
from edxtasks.course import base_and_course
from edxtasks.table import Need, Table

_NEEDS: Mapping[Need, str] = {
    Need.REQUIRED: "made from",
    Need.OPTIONAL: "and, if there",
    Need.BORROWED: "as it stands",
}


_OF_DOIT = frozenset({"dumpdb", "ignore", "reset-dep", "strace", "tabcompletion"})
"""Commands of doit's that do nothing with tasks of ours: not named, explained when asked for."""

_START = (
    ("weekly", "build everything that is new; also without a word"),
    ("person_course:COURSE", "build one table of one course, with what it is made from"),
    ("plan", "what would run, and why"),
    ("list", "all tasks; -s with their states"),
    ("help NAME", "explain a task, a table, a command, a setting or an option"),
)


class Help(EndsWell, DoitHelp):  # type: ignore[misc]
    """Explain commands, tasks, tables, settings and options."""

    name = "help"
    doc_purpose = "explain commands, tasks, tables, settings and options"
    doc_usage = "[NAME ...]"
    doc_description = "Without a name: all commands. Of a table also its columns, with type and meaning."
    only_looks = True

    def print_usage(self, cmds: Mapping[str, type[Any]]) -> None:
        """Name all commands."""
        program = program_of(self.bin_name)
        print("edxtasks: a make for edX data. doit TASK builds what a task makes.\n")
        width = max(len(name) for name in (*cmds, *(line for line, _ in _START)))
        for line, what in _START:
            print(f"  {program} {line:{width}}  {what}")
        print("\nCommands; each explains itself with --help")
        for name in sorted(set(cmds) - _OF_DOIT):
            print(f"  {program} {name:{width}}  {cmds[name].doc_purpose}")

    def execute(self, params: Any, args: Sequence[str]) -> int:
        """Explain the words, or name all commands. Raises doit's `InvalidCommand` for a name that nothing
        has, and `InvalidDodoFile` where the tasks of a name cannot be read."""
        if not args:
            self.print_usage(self.cmds)
            return 0
        of_tasks = [word for word in args if word not in self.cmds and not _entries(word)]
        for place, word in enumerate(args):
            if place:
                print()
            if word in self.cmds:
                print(self.cmds[word](cmds=self._cmds, **self.init_kwargs).help())
            elif _entries(word):
                print("\n".join(_setting_lines(word)))
            elif word == of_tasks[0]:
                self._loaded(params, of_tasks)
                self._explain(word)
            else:
                self._explain(word)
        return 0

    def _loaded(self, params: Any, words: Sequence[str]) -> None:
        """Load the tasks, as doit does before it explains one."""
        DoitCmdBase.execute(self, params, list(words))

    def _execute(self, pos_args: Sequence[str]) -> bool:
        """Called when the tasks are loaded."""
        return True

    def _explain(self, name: str) -> None:
        """Tell of one task. Raises doit's `InvalidCommand` for a name that nothing has."""
        tasks = {task.name: task for task in self.task_list}
        run = self.loader.namespace.get("EDXTASKS_RUN")
        registry: Mapping[str, Table] = run.context.registry if run is not None else {}
        base = base_and_course(name)[0]
        table = next((one for one in registry.values() if one.task in {name, base}), None)
        made = commands(registry, run.context.settings.options).get(base, ()) if run is not None else ()
        if table is not None:
            print("\n".join(table_lines(table)))
        elif name in tasks or base in tasks:
            print(f"{name}: {(tasks[name].doc if name in tasks else '') or tasks[base].doc}")
        else:
            raise InvalidCommand(not_found=name)
        others = [registry[one].task for one in made if table is None or one != table.name]
        if others:
            print(f"\ndoit {base} makes {'also ' if table else ''}{', '.join(others)}")


def _entries(word: str) -> list[Entry]:
    """The settings and options of a name."""
    name = word.strip("-").replace("-", "_")
    found = [entry for (_, known), entry in SETTINGS.items() if known == name]
    return found + ([OPTIONS[name]] if name in OPTIONS else [])


def _setting_lines(word: str) -> Iterator[str]:
    """What there is to say of a setting or option."""
    for entry in _entries(word):
        is_option = OPTIONS.get(entry.name) is entry
        place = "an option of a run, name=value" if is_option else f"a setting, in {entry.place}"
        yield f"{entry.name}: {entry.what.replace('`', '')}"
        yield ""
        yield f"  {'what':13}  {place}"
        yield f"  {'value':13}  {entry.kind.expected}"
        yield f"  {'default':13}  {default_of(entry).replace('`', '')}"


def table_lines(table: Table) -> Iterator[str]:
    """What there is to say of a table: lines for people."""
    yield f"{table.task}: {table.description}"
    yield ""
    told = {*table.excluded_by, *table.forced_by}
    facts = {
        "what": SCOPES[table.scope],
        "one row for": table.grain,
        "rebuilt": f"by date ({table.partition})" if table.partition else "as a whole",
        **{
            word: ", ".join(one for one, how in table.inputs.items() if how is need)
            for need, word in _NEEDS.items()
        },
        "files read": ", ".join(files_read(table)),
        "settings": ", ".join(one.name for one in settings_of(table) if one.name not in told),
        "left out by": ", ".join(table.excluded_by),
        "forced by": ", ".join(table.forced_by),
        "files written": ", ".join(table.files),
        "made by": ", ".join(f"doit {command.name}" for command in table.commands),
        "defined in": defined_in(table),
    }
    yield from (f"  {word:13}  {text}" for word, text in facts.items() if text)
    if table.fault:
        yield f"  fault          {table.fault}"
    yield ""
    width = max((len(column.name) for column in table.schema), default=0)
    for column in table.schema:
        kind = f"{column.type}{' list' if column.repeated else ''}"
        yield f"  {column.name:{width}}  {kind:9}  {column.description}".rstrip()
