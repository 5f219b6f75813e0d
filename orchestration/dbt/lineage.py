"""Which columns each column of a model is made of: read off its SQL as dbt compiles it, without running it.

It is made when the project is parsed and kept with that (4 s beside the 8 s of parsing), so that runs and the UI only read it. It
is not checked in: every change of a model would change it. dagster-dbt's own way asks for a dbt process of its own, and a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import MappingSchema

from orchestration.dbt.project import COMMON, QUIET, environment
from orchestration.settings import Settings

DIALECT = "duckdb"
Table = tuple[str, str, str]  # database, schema, name
Column = tuple[Table, str]


def of_models(manifest: Any) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """``project.column_lineage()`` of a parsed project.

    What cannot be compiled or followed is left out: what is wrong with it is said when it is built.
    """
    from orchestration.dbt.plugin import declared_columns

    nodes = {node.unique_id: (node, list(types)) for node, types in declared_columns(manifest)}
    found = {}
    for name, sql in _compiled(manifest).items():
        node, columns = nodes[name]
        read = {_table(nodes[above][0]): nodes[above][1] for above in node.depends_on.nodes}
        with suppress(ValueError):
            found[f"{node.schema}/{node.identifier}"] = {
                column: [(f"{schema}/{table}", above) for (_, schema, table), above in made_of]
                for column, made_of in columns_read(sql, columns, read).items()
            }
    return found


def _table(node: Any) -> Table:
    return node.database, node.schema, node.identifier


def _compiled(manifest: Any) -> dict[str, str]:
    """SQL of every model, by its unique name, as dbt compiles it in a world in memory, which has the tables it may look at;
    nothing if a model, or a type in that world, is wrong.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    models = ["--select", "resource_type:model", "--indirect-selection", "empty", "--target", "empty"]
    # where a model is wrong, dbt gives up at once and still writes
    with environment(None, Settings()), TemporaryDirectory(ignore_cleanup_errors=True) as place:
        try:
            places = ["--target-path", place, "--log-path", place, "--no-write-json"]
            outcome = dbtRunner(manifest=manifest).invoke(["compile", *COMMON, *QUIET, *models, *places])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    results: Any = outcome.result or ()
    return {r.node.unique_id: r.node.compiled_code for r in results if r.node.compiled_code}


def columns_read(
    sql: str, columns: Sequence[str], tables: Mapping[Table, Sequence[str]]
) -> dict[str, list[Column]]:
    """For each of the ``columns`` a query gives, the columns of ``tables`` its values are made of, sorted: none of a constant
    or a count of rows.

    ``tables`` are all that the query reads, with their columns; one it names without a schema is the one of that name. By
    what a window is cut and ordered is among the columns, what only filters, joins or groups is not. Raises ``ValueError``
    where the query cannot be followed.
    """
    schema = MappingSchema(dialect=DIALECT)
    for (database, place, name), of_table in tables.items():
        schema.add_table(exp.table_(name, place, database), dict.fromkeys(of_table, "unknown"))
    known = {_plain(*table, name): (table, name) for table, names in tables.items() for name in names}
    try:
        query = sqlglot.parse_one(sql, dialect=DIALECT)
        _name_in_full(query, tables)
        query = qualify(query, schema=schema, dialect=DIALECT, validate_qualify_columns=False, identify=False)
        scope = build_scope(query)
        assert scope is not None, "it is a query"
        return {
            column: sorted({known[leaf] for leaf in _leaves(column, query, scope, schema)})
            for column in columns
        }
    except KeyError as error:
        raise ValueError(f"It reads {'.'.join(error.args[0])}, which is not there.") from None
    except SqlglotError as error:
        raise ValueError(str(error)) from error


def _plain(*names: str) -> tuple[str, ...]:
    """Names as DuckDB compares them."""
    return tuple(name.casefold() for name in names)


def _name_in_full(query: exp.Expr, tables: Mapping[Table, Sequence[str]]) -> None:
    """Give each table that stands without its schema the one it has, but for what the query itself makes."""
    made = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    full = {name: (database, place) for database, place, name in tables}
    for table in query.find_all(exp.Table):
        if not table.db and table.name in full and table.name not in made:
            database, place = full[table.name]
            table.set("db", exp.to_identifier(place))
            table.set("catalog", exp.to_identifier(database))


def _leaves(column: str, query: exp.Expr, scope: Scope, schema: MappingSchema) -> Iterator[tuple[str, ...]]:
    """Database, schema, table and name of each column that one of a query ends in."""
    root = lineage(column, query, schema, dialect=DIALECT, scope=scope, trim_selects=False, copy=False)
    for node in root.walk():
        if node.downstream:
            continue
        table = node.expression.find(exp.Table)
        if table is not None:
            yield _plain(table.catalog, table.db, table.name, exp.to_column(node.name).name)
        elif node.expression.find(exp.Column) is not None:
            raise ValueError(f"{column}: {node.expression.sql(DIALECT)} cannot be followed.")
