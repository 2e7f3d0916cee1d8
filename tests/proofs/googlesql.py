"""Google's own SQL analyzer and reference evaluator, as the judge of what a query means.

`evaluate` runs a query over given rows, `output_schema` tells the names and types of its columns. Both
talk to the WebAssembly build of the `zetasql` package; values go in and out as protobuf messages.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import wasmtime
from sqlglot import exp

from edxtasks.warehouse import dialect
from edxtasks.warehouse.schema import Column, Schema

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ZERO = date(1970, 1, 1)


class NotInEvaluator(Exception):
    """The evaluator refuses the query, at analysis or while it runs; the text says why."""


class _CachedConfig(wasmtime.Config):
    """Compiled code is kept between processes: compiling takes 20 seconds, loading 0.3."""

    def __init__(self) -> None:
        super().__init__()
        try:
            self.cache = True
        except wasmtime.WasmtimeError as error:  # no folder for caches: only slow
            warnings.warn(f"the analyzer is compiled anew: {error}", stacklevel=2)


class _Service:
    """The service of the package, and the message types that it speaks."""

    def __init__(self) -> None:
        import zetasql.core.wasm_client as wasm_client

        wasm_client.Config = _CachedConfig
        from zetasql.core import ZetaSqlLocalService
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
        from zetasql.wasi._pb2.zetasql.proto import options_pb2
        from zetasql.wasi._pb2.zetasql.public import options_pb2 as public_options_pb2
        from zetasql.wasi._pb2.zetasql.public import type_pb2

        self.messages = local_service_pb2
        self.client = ZetaSqlLocalService.get_instance().wasm_client
        self.language = self.client.call_grpc_func(
            "ZetaSqlLocalService_GetLanguageOptions",
            local_service_pb2.LanguageOptionsRequest(maximum_features=True),
            options_pb2.LanguageOptionsProto,
        )
        self.language.product_mode = public_options_pb2.PRODUCT_EXTERNAL
        self.kinds: dict[str, int] = {
            "INTEGER": type_pb2.TYPE_INT64,
            "BOOLEAN": type_pb2.TYPE_BOOL,
            "FLOAT": type_pb2.TYPE_DOUBLE,
            "STRING": type_pb2.TYPE_STRING,
            "DATE": type_pb2.TYPE_DATE,
            "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
        }
        self.names = {number: name for name, number in self.kinds.items()}
        self.array_kind, self.struct_kind = type_pb2.TYPE_ARRAY, type_pb2.TYPE_STRUCT

    def ask(self, name: str, request: Any, answer: Any) -> Any:
        """One call of the service."""
        from zetasql.core.exceptions import ServerError

        try:
            return self.client.call_grpc_func(f"ZetaSqlLocalService_{name}", request, answer)
        except ServerError as error:
            raise NotInEvaluator(str(error)) from error


@functools.cache
def service() -> _Service:
    """The one service of this process."""
    return _Service()


def evaluate(
    sql: str,
    inputs: Mapping[str, tuple[Schema, Sequence[Mapping[str, object]]]],
    parameters: Mapping[str, object] | None = None,
) -> list[tuple[object, ...]]:
    """The rows that the query gives, in the evaluator's order.

    `inputs` holds schema and rows of each source table, by the name that the query uses (`roles`,
    `courses.listings`); a column that a row lacks is NULL. Values are str, int, float, bool, date,
    aware datetime (UTC), dict for a struct, list for an array, None.

    Raises NotInEvaluator if the evaluator refuses the query or ends with an error.
    """
    messages = service().messages
    request = messages.EvaluateQueryRequest()
    request.sql = _flat_names(sql)
    schemas = {name: table for name, (table, _) in inputs.items()}
    _prepare(request, schemas, parameters or {})
    for name, (table, rows) in inputs.items():
        content = request.table_content[name].table_data
        content.SetInParent()
        for row in rows:
            _refuse_unknown(row, table, name)
            cells = content.row.add()
            for column in table:
                _write(cells.cell.add(), row.get(column.name), column)
    for name, value in (parameters or {}).items():
        parameter = request.params.add()
        parameter.name = name
        _write(parameter.value, value, _column_of(name, value))
    answer = service().ask("EvaluateQuery", request, messages.EvaluateQueryResponse)
    types = [column.type for column in answer.prepared.columns]
    return [
        tuple(_read(cell, kind) for cell, kind in zip(row.cell, types, strict=True))
        for row in answer.content.table_data.row
    ]


def analyze(sql: str, schemas: Mapping[str, Schema], parameters: Mapping[str, object] | None = None) -> Any:
    """What the analyzer makes of a statement as it stands. Raises NotInEvaluator if it refuses it."""
    messages = service().messages
    request = messages.AnalyzeRequest()
    request.sql_statement = sql
    _prepare(request, schemas, parameters or {})
    return service().ask("Analyze", request, messages.AnalyzeResponse)


def output_schema(
    sql: str, schemas: Mapping[str, Schema], parameters: Mapping[str, object] | None = None
) -> Schema:
    """Names and BigQuery types of the output columns, from the analyzer.

    Raises NotInEvaluator if the query does not type-check.
    """
    answer = analyze(_flat_names(sql), schemas, parameters)
    query = answer.resolved_statement.resolved_query_stmt_node
    return Schema(tuple(_schema_column(item.name, item.column.type) for item in query.output_column_list))


def _flat_names(sql: str) -> str:
    """The query with each dotted table name as one quoted name: the catalog here is flat."""
    tree = dialect.parse(sql)
    dotted = [table for table in dialect.source_tables(tree) if len(table.parts) > 1]
    if not dotted:
        return sql
    for table in dotted:
        name = ".".join(part.name for part in table.parts)
        alias = table.alias or table.name
        table.replace(exp.alias_(exp.Table(this=exp.to_identifier(name, quoted=True)), alias, table=True))
    return tree.sql("bigquery")


def _prepare(request: Any, schemas: Mapping[str, Schema], parameters: Mapping[str, object]) -> None:
    """Options, catalog and parameter types of a request."""
    request.options.language_options.CopyFrom(service().language)
    request.options.default_timezone = "UTC"
    catalog = request.simple_catalog
    catalog.name = "catalog"
    catalog.builtin_function_options.language_options.CopyFrom(service().language)
    for number, (name, table) in enumerate(schemas.items(), 1):
        entry = catalog.table.add()
        entry.name = name
        entry.serialization_id = number
        for column in table:
            added = entry.column.add()
            added.name = column.name
            _write_type(added.type, column)
    for name, value in parameters.items():
        parameter = request.options.query_parameters.add()
        parameter.name = name
        _write_type(parameter.type, _column_of(name, value), repeated=isinstance(value, list))


def _write_type(message: Any, column: Column, repeated: bool = False) -> None:
    if repeated or column.repeated:
        message.type_kind = service().array_kind
        _write_type(message.array_type.element_type, replace(column, mode="NULLABLE"))
    elif column.type == "RECORD":
        message.type_kind = service().struct_kind
        for field in column.fields:
            member = message.struct_type.field.add()
            member.field_name = field.name
            _write_type(member.field_type, field)
    else:
        message.type_kind = service().kinds[column.type]


def _column_of(name: str, value: object) -> Column:
    """The column that a parameter's value would fill; NULL is taken for a text."""
    if value is None:
        return Column(name, "STRING")
    if isinstance(value, list):
        return _column_of(name, value[0] if value else "")
    kinds = ((bool, "BOOLEAN"), (int, "INTEGER"), (float, "FLOAT"), (str, "STRING"), (datetime, "TIMESTAMP"))
    for kind, name_of_type in (*kinds, (date, "DATE")):
        if isinstance(value, kind):
            return Column(name, name_of_type)
    raise TypeError(f"parameter {name}: {type(value).__name__}")


def _refuse_unknown(row: Mapping[str, object], table: Schema, name: str) -> None:
    unknown = set(row) - set(table.names)
    if unknown:
        raise KeyError(f"{name} has no column {', '.join(sorted(unknown))}")


def _write(message: Any, value: object, column: Column) -> None:
    """A value into a message; nothing written is NULL, in a column that is REPEATED an empty list."""
    if value is None and column.repeated:
        value = []
    if value is None:
        return
    if isinstance(value, list):
        message.array_value.SetInParent()
        for item in value:
            _write(message.array_value.element.add(), item, replace(column, mode="NULLABLE"))
    elif column.type == "RECORD":
        assert isinstance(value, Mapping)
        _refuse_unknown(value, Schema(column.fields), column.name)
        message.struct_value.SetInParent()
        for field in column.fields:
            _write(message.struct_value.field.add(), value.get(field.name), field)
    elif column.type == "TIMESTAMP":
        assert isinstance(value, datetime)
        micros = (value - _EPOCH) // timedelta(microseconds=1)
        message.timestamp_value.seconds = micros // 1_000_000
        message.timestamp_value.nanos = micros % 1_000_000 * 1000
        message.timestamp_value.SetInParent()
    elif column.type == "DATE":
        assert isinstance(value, date)
        message.date_value = (value - _DAY_ZERO).days
    else:
        member = {
            "INTEGER": "int64_value",
            "BOOLEAN": "bool_value",
            "FLOAT": "double_value",
            "STRING": "string_value",
        }[column.type]
        setattr(message, member, value)


def _read(message: Any, kind: Any) -> object:
    """A value out of a message."""
    member = message.WhichOneof("value")
    if member is None:
        return None
    if member == "array_value":
        return [_read(item, kind.array_type.element_type) for item in message.array_value.element]
    if member == "struct_value":
        fields = kind.struct_type.field
        values = message.struct_value.field
        return {f.field_name: _read(v, f.field_type) for f, v in zip(fields, values, strict=True)}
    if member == "timestamp_value":
        moment = message.timestamp_value
        return _EPOCH + timedelta(seconds=moment.seconds, microseconds=moment.nanos // 1000)
    if member == "date_value":
        return _DAY_ZERO + timedelta(days=message.date_value)
    return getattr(message, member)


def _schema_column(name: str, kind: Any) -> Column:
    if kind.type_kind == service().array_kind:
        return replace(_schema_column(name, kind.array_type.element_type), mode="REPEATED")
    if kind.type_kind == service().struct_kind:
        fields = kind.struct_type.field
        return Column(
            name, "RECORD", fields=tuple(_schema_column(f.field_name, f.field_type) for f in fields)
        )
    found = service().names.get(kind.type_kind)
    if found is None:
        raise TypeError(f"output column {name} has a type that no table has")
    return Column(name, found)
