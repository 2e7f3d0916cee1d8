"""What bqemulator leaves out of BigQuery's documented behaviour, and these tests need: put in.

Runs in the emulator's process. `helped.py` lists all of it; besides, DuckDB's extensions for geography and
Avro, which would be downloaded, are left out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import sqlglot
from bqemulator.api.routes import jobs, tables  # type: ignore[import-not-found]
from bqemulator.catalog import ddl_sync  # type: ignore[import-not-found]
from bqemulator.catalog.models import Clustering, TableFieldSchema, TableSchema, TimePartitioning  # type: ignore[import-not-found]
from bqemulator.domain.errors import InvalidQueryError  # type: ignore[import-not-found]
from bqemulator.jobs import ddl_result, executor  # type: ignore[import-not-found]
from bqemulator.scripting import interpreter  # type: ignore[import-not-found]
from bqemulator.sql.rules.misc_helpers import CountIfEmptyZeroRule  # type: ignore[import-not-found]
from bqemulator.sql.translator import SQLTranslator  # type: ignore[import-not-found]
from bqemulator.storage.engine import DuckDBEngine  # type: ignore[import-not-found]
from bqemulator.storage.sql_identifiers import quoted_table_ref  # type: ignore[import-not-found]
from helped import HELPED
from rules import refusal, table_refusal
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB


def fill() -> None:
    """Put the missing behaviour into the emulator's modules."""
    if _helps != set(HELPED):
        raise RuntimeError(f"gaps.py and helped.py tell different things: {_helps ^ set(HELPED)}")
    DuckDBEngine._load_spatial = lambda self: None
    DuckDBEngine.execute = _execute
    ddl_result._has_not_null_constraint = _is_required
    _wrap(tables, "_rest_to_table_meta", _merge_labels)
    _wrap(tables, "_table_to_list_item", _list_more)
    _wrap(executor, "_run_query_body", _bind_in_scripts)
    _wrap(jobs, "execute_load_job", _replace)
    _wrap(SQLTranslator, "translate", _translate)
    _wrap(CountIfEmptyZeroRule, "applies_to", _counts_no_window)
    DuckDB.Generator.TRANSFORMS |= {
        exp.IntDiv: _divide,
        exp.Mod: _divide,
        exp.Like: _match,
        exp.Bracket: _index,
    }
    for module in (executor, interpreter):
        _wrap(module, "sync_created_table", _keep_metadata)
        _wrap(module, "sync_dropped_object", _rename)


def _wrap(module: Any, name: str, wrapper: Any) -> None:
    original = getattr(module, name)
    setattr(module, name, lambda *given, **named: wrapper(original, *given, **named))


def _execute(self: Any, sql: str, parameters: list[Any] | None = None) -> Any:
    """As the emulator's own, but for what it answers in threads: one connection for all gives a listing of
    rows those of another statement."""
    connection = self.connection
    if sql.startswith("SELECT") and threading.current_thread() is not threading.main_thread():
        connection = connection.cursor()
    return connection.execute(sql) if parameters is None else connection.execute(sql, parameters)


def _is_required(column: Any) -> bool:
    """As the emulator's own, which the options of a column end when sqlglot is compiled."""
    kinds = [one.args.get("kind") for one in column.args.get("constraints") or ()]
    return any(isinstance(kind, exp.NotNullColumnConstraint) for kind in kinds)


_helps: set[str] = set()
_Function = TypeVar("_Function", bound=Callable[..., Any])


def _help(*names: str) -> Callable[[_Function], _Function]:
    """Say which entries of the list a function is for."""
    _helps.update(names)
    return lambda function: function


@_help("wildcard-columns")
def _translate(original: Any, self: Any, sql: str, **named: Any) -> Any:
    # With the types of the columns at hand it loses those of a record below a wildcard.
    return original(self, sql, **(named | {"schema": None} if "_TABLE_SUFFIX" in sql else named))


@_help("countif-over")
def _counts_no_window(original: Any, self: Any, node: Any) -> bool:
    # What the emulator puts around COUNTIF would come between it and its OVER.
    return not isinstance(node.parent, exp.Window) and original(self, node)


@_help("div-and-mod")
def _divide(generator: Any, node: Any) -> str:
    # Without the parentheses DIV(a + b, c) becomes a + b // c, and 2 * MOD(a, b) becomes 2 * a % b.
    sign = "//" if isinstance(node, exp.IntDiv) else "%"
    return f"(({generator.sql(node, 'this')}) {sign} ({generator.sql(node, 'expression')}))"


@_help("like-escape")
def _match(generator: Any, node: Any) -> str:
    # DuckDB takes a backslash of a pattern as it is, unless it is told what it is for.
    escapes = "\\" in generator.sql(node, "expression") and not isinstance(node.parent, exp.Escape)
    return str(generator.like_sql(node)) + (" ESCAPE '\\'" if escapes else "")


@_help("array-offset")
def _index(generator: Any, node: Any) -> str:
    # sqlglot counts from 1 only where it knows that the index is a number; less than 0 is out of range.
    if node.args.get("offset") != 0 or len(node.expressions) != 1 or node.expressions[0].is_number:
        return str(generator.bracket_sql(node))
    array, place = generator.sql(node, "this"), generator.sql(node.expressions[0])
    return f"{array}[CASE WHEN ({place}) >= 0 THEN ({place}) + 1 END]"


@_help("label-removal", "limits")
def _merge_labels(
    original: Any, project: str, dataset: str, body: dict[str, Any], clock: Any, existing: Any = None
) -> Any:
    fault = table_refusal(body)
    if fault is not None:
        raise InvalidQueryError(fault)
    if "labels" in body:
        merged = {**(existing.labels if existing else {}), **body["labels"]}
        body = {**body, "labels": {key: value for key, value in merged.items() if value is not None}}
    return original(project, dataset, body, clock, existing)


@_help("listing")
def _list_more(original: Any, table: Any) -> dict[str, Any]:
    whole: dict[str, Any] = tables._table_to_rest(table)
    item: dict[str, Any] = original(table)
    return item | {key: whole[key] for key in ("labels", "timePartitioning", "clustering") if key in whole}


@_help("script-parameters", "limits")
def _bind_in_scripts(
    original: Any, *, bq_sql: str, query_params: Any, is_scripted: bool, **named: Any
) -> Any:
    fault = refusal(bq_sql, [one["name"] for one in query_params or ()])
    if fault is not None:
        raise InvalidQueryError(fault)
    # With parameters and an empty text in one query the emulator does not find its tables.
    if query_params and (is_scripted or "''" in bq_sql):
        values = {one["name"]: _literal(one["parameterType"], one["parameterValue"]) for one in query_params}
        tokens = sqlglot.tokenize(bq_sql, read="bigquery")
        for sign, name in reversed(list(pairwise(tokens))):
            if sign.text == "@" and name.start == sign.end + 1 and name.text in values:
                bq_sql = bq_sql[: sign.start] + values[name.text] + bq_sql[name.end + 1 :]
        query_params = None
    return original(bq_sql=bq_sql, query_params=query_params, is_scripted=is_scripted, **named)


def _literal(kind: dict[str, Any], value: dict[str, Any]) -> str:
    if kind["type"] == "ARRAY":
        items = [_literal(kind["arrayType"], item) for item in value.get("arrayValues", [])]
        return f"CAST([{', '.join(items)}] AS ARRAY<{kind['arrayType']['type']}>)"
    text = value.get("value")
    if text is None:
        return f"CAST(NULL AS {kind['type']})"
    if kind["type"] in {"INT64", "FLOAT64", "BOOL"}:
        return f"CAST('{text}' AS {kind['type']})"
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return quoted if kind["type"] == "STRING" else f"CAST({quoted} AS {kind['type']})"


@_help("load-replaces", "load-fails")
async def _replace(original: Any, project: str, job: str, config: dict[str, Any], context: Any) -> Any:
    place = (lambda told: (told["projectId"], told["datasetId"], told["tableId"]))(
        config["load"]["destinationTable"]
    )
    before = context.catalog.get_table(*place)
    if before is None or config["load"].get("writeDisposition") != "WRITE_TRUNCATE":
        return await original(project, job, config, context)
    table, aside = quoted_table_ref(*place), quoted_table_ref(*place[:2], f"aside_{place[2]}")
    context.engine.execute(f"CREATE OR REPLACE TABLE {aside} AS FROM {table}")
    context.engine.execute(f"DROP TABLE {table}")
    context.catalog.delete_table(*place)
    try:
        done = await original(project, job, config, context)
    except BaseException:
        context.engine.execute(f"CREATE OR REPLACE TABLE {table} AS FROM {aside}")
        context.catalog.delete_table(*place, not_found_ok=True)
        context.catalog.create_table(before)
        raise
    finally:
        context.engine.execute(f"DROP TABLE {aside}")
    after = context.catalog.get_table(*place)
    context.catalog.update_table(after.model_copy(update={"labels": before.labels}))
    return done


@_help("created-metadata")
def _keep_metadata(original: Any, sql: str, project: str, context: Any) -> None:
    original(sql, project, context)
    created = _parsed(sql, exp.Create)
    if created is None or (created.args.get("kind") or "").upper() != "TABLE" or created.expression is None:
        return
    target = created.this.this if isinstance(created.this, exp.Schema) else created.this
    meta = context.catalog.get_table(*ddl_sync._split_target(target, project))
    if meta is None:
        return
    update: dict[str, Any] = {}
    if isinstance(created.this, exp.Schema):
        fields = tuple(
            TableFieldSchema(**{**field.model_dump(), "name": said.name, "description": _description(said)})
            for said, field in zip(created.this.expressions, meta.schema_.fields, strict=True)
        )
        update["schema_"] = TableSchema(fields=fields)
    properties = created.args.get("properties")
    for one in properties.expressions if properties else ():
        if isinstance(one, exp.PartitionedByProperty):
            column = next(iter(one.find_all(exp.Identifier)))
            update["time_partitioning"] = TimePartitioning(field=column.name)
        elif isinstance(one, exp.ClusterProperty):
            update["clustering"] = Clustering(fields=tuple(column.name for column in one.expressions))
        elif isinstance(one, exp.Property) and one.name.lower() == "labels":
            pairs = one.args["value"].expressions
            update["labels"] = {pair.expressions[0].name: pair.expressions[1].name for pair in pairs}
    context.catalog.update_table(meta.model_copy(update=update))


def _description(column: exp.ColumnDef) -> str | None:
    for one in column.find_all(exp.Property):
        if one.name.lower() == "description":
            return str(one.args["value"].name)
    return None


@_help("rename")
def _rename(original: Any, sql: str, project: str, context: Any) -> None:
    original(sql, project, context)
    altered = _parsed(sql, exp.Alter)
    for action in altered.args.get("actions", ()) if altered else ():
        if isinstance(action, exp.AlterRename):
            place = ddl_sync._split_target(altered.this, project)
            meta = context.catalog.get_table(*place)
            context.catalog.delete_table(*place, not_found_ok=True)
            context.catalog.create_table(meta.model_copy(update={"table_id": action.this.name}))


def _parsed(sql: str, kind: type[Any]) -> Any:
    try:
        tree = sqlglot.parse_one(sql, read="bigquery")
    except sqlglot.errors.SqlglotError:
        return None
    return tree if isinstance(tree, kind) else None
