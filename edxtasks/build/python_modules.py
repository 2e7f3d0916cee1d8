"""Tables that a module of Python declares: found in their folders, each taken as it says itself."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from edxtasks.build.declaration_checks import fault_in
from edxtasks.build.model_errors import with_fault
from edxtasks.build.sets import SETS
from edxtasks.table import SqlModel, Table, name_at

_NOTHING = SqlModel("", "")
"""What makes a table whose declaration is wrong: nothing, since its task fails before."""


def read_modules(folder: Path, package: str) -> Iterator[Table]:
    """The tables of all modules `AREA/NAME.py` below `folder`, which is the folder of `package`.

    A module that cannot be imported, or declares no table, gives a table with a `fault`.
    """
    for path in sorted(folder.glob("*/*.py")):
        if not path.name.startswith("_"):
            yield _table(path, f"{package}.{path.parent.name}.{path.stem}")


def _table(path: Path, module: str) -> Table:
    try:
        found = importlib.import_module(module)
        declared = getattr(found, "TABLE", None)
    except Exception as error:  # noqa: BLE001 - it fails this table, and the others go on
        return _broken(path, f"it cannot be imported: {_last_line(error)}")
    if not isinstance(declared, Table):
        return _broken(path, "expected TABLE = Table(…) in it, found none")
    table = dataclasses.replace(declared, name=name_at(path), description=_description(found))
    if not table.external and not table.command:
        return _broken(path, "TABLE does not say which command makes it")
    fault = fault_in(table)
    return _broken(path, fault.told) if fault else table


def _broken(path: Path, fault: str) -> Table:
    """What can still be said of a table whose module is wrong: its name, and the sets that it is part of, so
    that a run of these fails too."""
    table = Table(name=name_at(path), command=path.stem, builder=_NOTHING, sets=_sets(path))
    return with_fault(table, f"{path}: {fault}")


def _sets(path: Path) -> tuple[str, ...]:
    """The sets that a module names, as far as its text tells without being run."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ()
    named = (node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "sets")
    texts = (one.value for value in named for one in ast.walk(value) if isinstance(one, ast.Constant))
    return tuple(name for name in texts if isinstance(name, str) and name in SETS)


def _last_line(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"


def _description(module: ModuleType) -> str:
    """What a module's table is: the first line of its docstring after "The table `NAME`:"."""
    line = (module.__doc__ or "").partition("\n")[0]
    sentence = line.partition("`: ")[2] or line
    return sentence[:1].upper() + sentence[1:]
