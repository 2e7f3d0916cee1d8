"""From which columns of its inputs each column of a model comes, as the query says it.

It follows from the text of the model and the columns of its inputs. What was found is kept in a cache: to
parse all models takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edxtasks.build.model_checks import schemas_read
from edxtasks.caches import Memo
from edxtasks.errors import UserError
from edxtasks.table import TRACKLOG, SqlModel, Table
from edxtasks.warehouse.base import digest
from edxtasks.warehouse.dialect_version import code_version

Origin = tuple[str, str]
"""The name of a table and of its column (`RECORD.MEMBER`), or `PARAMETERS` and the name of one."""
Lineage = Mapping[str, Mapping[str, Sequence[Origin]]]
"""By table and column where the values of the column come from. () for a constant or a number of rows."""


def column_lineage(tables: Mapping[str, Table], cache: Path | None) -> Lineage:
    """The lineage of all tables that are models; none of one that is wrong, or reads one that is.

    `cache` is a file that spares parsing models which did not change; it may vanish at any time.
    """
    memo = Memo(cache)
    found: dict[str, Mapping[str, Sequence[Origin]]] = {}
    version = code_version()
    for name, table in tables.items():
        if not isinstance(table.builder, SqlModel) or not _is_right(table, tables):
            continue
        schemas = schemas_read(table, tables)
        parts = [part for source in sorted(schemas) for part in (source, schemas[source].digest())]
        mark = digest(version, table.builder.sql, *parts)
        kept = memo.get(mark, partial(_lineage, table.builder.sql, schemas))
        found[name] = {column: [(source, of) for source, of in origins] for column, origins in kept.items()}
    memo.save()
    return found


def _is_right(table: Table, tables: Mapping[str, Table]) -> bool:
    return not table.fault and not any(source != TRACKLOG and tables[source].fault for source in table.inputs)


def _lineage(sql: str, schemas: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    from edxtasks.warehouse import dialect

    try:
        found = dialect.lineage(dialect.parse(sql), schemas)
    except (ValueError, UserError):  # its own table says so, when it is built
        return {}
    return {column: [list(origin) for origin in origins] for column, origins in found.items()}
