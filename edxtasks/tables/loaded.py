"""The tables that are loaded from files: SQL dumps and course exports."""

from __future__ import annotations

from types import ModuleType

from edxtasks.dumps import studentmodule, user_info_combo
from edxtasks.tables.declaration import LoadedFrom, Table


def _loaded(name: str, command: str, grain: str, module: ModuleType, settings: tuple[str, ...] = ()) -> Table:
    """A course table whose module offers SCHEMA, VERSION, OUTPUT_FILES, sources and build."""
    description = (module.__doc__ or "").partition("\n")[0]
    made = LoadedFrom(module.sources, module.build, module.VERSION, settings, module.OUTPUT_FILES)
    return Table(name, command, module.SCHEMA, made, description, grain=grain)


LOADED = (
    _loaded("user_info_combo", "make_uic", "user_id", user_info_combo, ("max_bad_fraction",)),
    _loaded("studentmodule", "sql2bq", "id", studentmodule, ("max_bad_fraction",)),
)
