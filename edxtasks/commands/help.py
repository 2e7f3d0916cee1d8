"""`doit help`: doit's own, which also tells what a table is, what makes it, and what its columns mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from doit.cmd_help import Help as DoitHelp
from doit.exceptions import InvalidCommand

from edxtasks.build.described import SCOPES, defined_in, files_read, settings_of
from edxtasks.build.registry import commands
from edxtasks.commands.ending import EndsWell
from edxtasks.table import Need, Table

_NEEDS: Mapping[Need, str] = {
    Need.REQUIRED: "made from",
    Need.OPTIONAL: "and, if there",
    Need.BORROWED: "as it stands",
}


class Help(EndsWell, DoitHelp):  # type: ignore[misc]
    """Explain commands, tasks and tables."""

    name = "help"
    doc_usage = "[COMMAND] [TASK] [TABLE]"
    only_looks = True

    def _execute(self, pos_args: Sequence[str]) -> bool:
        """Tell of one task. Raises doit's `InvalidCommand` for a name that nothing has."""
        name = pos_args[0]
        tasks = {task.name: task for task in self.task_list}
        run = self.loader.namespace.get("EDXTASKS_RUN")
        registry: Mapping[str, Table] = run.context.registry if run is not None else {}
        base = name.partition(":")[0]
        table = next((one for one in registry.values() if one.task in {name, base}), None)
        made = commands(registry, run.context.settings.options).get(base, ()) if run is not None else ()
        if table is not None:
            print("\n".join(table_lines(table)))
        elif name in tasks:
            print(f"{name}: {tasks[name].doc}")
        else:
            raise InvalidCommand(not_found=name)
        others = [registry[one].task for one in made if table is None or one != table.name]
        if others:
            print(f"\ndoit {base} makes {'also ' if table else ''}{', '.join(others)}")
        return True


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
