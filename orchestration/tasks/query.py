"""One read-only query on a home's databases, for those who may see persons: every check names the query that shows its rows."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.settings import Settings
from sources.engine import advice, connect
from sources.errors import LabourdbError, UsageError
from sources.restricted.access import state_detail
from sources.restricted.database import DATABASE, attach_restricted
from sources.restricted.encryption import encryption_config, private_files

SHOWN = 100


# functions that stand where a table stands and read none; others can name tables in a text (query, query_table)
TABLE_FUNCTIONS = re.compile(r"unnest|range|generate_series|repeat|json_each|json_tree|duckdb_\w+|pragma_\w+")
NAME = re.compile(
    r"(?!\w*\d{5})[A-Za-z_]\w{0,62}", re.ASCII
)  # an ID or a person's name in quotes is no name here


def described(sql: str) -> str:
    """The query as the access log has it: the SHA-256 of its text, its tables and columns as the engine's parser names them.

    Nothing of its texts and numbers is in it, whatever quotes and comments it holds. ``*`` stands for columns that are not
    named, ``?`` for a name that could be somebody's. Raises ``UsageError`` if it is not one SELECT, or reads by a
    function that is given its table as a text.
    """
    digest = hashlib.sha256(sql.encode(errors="surrogatepass")).hexdigest()
    tables, columns = _names(_parsed(sql))
    return f"sha256={digest} tables={_listed(tables)} columns={_listed(columns)}"


def _parsed(sql: str) -> Any:
    """The statement's syntax tree."""
    try:
        with connect() as parser:
            kinds = [s.type for s in parser.extract_statements(sql)]
            found = parser.execute("select json_serialize_sql($sql::varchar)", {"sql": sql}).fetchone()
        tree = json.loads(found[0] if found else "{}")
    except duckdb.ParserException as error:
        raise UsageError(str(error)) from None
    except (duckdb.Error, RecursionError, ValueError) as error:
        raise UsageError(
            f"This cannot be taken apart ({type(error).__name__}). Ask in a simpler way."
        ) from None
    if kinds != [duckdb.StatementType.SELECT] or tree.get("error") or len(tree.get("statements", ())) != 1:
        raise UsageError("One SELECT is asked for, and nothing else (PIVOT is more than one).")
    return tree


def _names(tree: Any) -> tuple[set[str], set[str]]:
    """Tables and columns of a syntax tree."""
    tables: set[str] = set()
    columns: set[str] = set()
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        if not isinstance(node, dict) or node.get("class") == "CONSTANT":
            continue
        left += node.values()
        kind = node.get("type")
        if kind in ("BASE_TABLE", "SHOW_REF") and node.get("table_name"):
            parts = [
                str(node.get(f"{part}_name") or "").strip('"') for part in ("catalog", "schema", "table")
            ]
            tables.add(".".join(_name(part) for part in parts if part))
        elif kind == "COLUMN_REF":
            columns.add(_name(str(node["column_names"][-1])))
            columns.update(_name(str(part)) for part in node["column_names"][1:])  # fields of a structure
        elif kind in ("STAR", "PIVOT", "POSITIONAL_REFERENCE"):
            columns.add("*")
        elif kind == "TABLE_FUNCTION":
            name = str(node["function"].get("function_name", ""))
            if not TABLE_FUNCTIONS.fullmatch(name.lower()):
                raise UsageError(
                    f"{_name(name)}() may not be used here. Name tables in the statement itself."
                )
        columns.update(_name(str(column)) for column in node.get("using_columns") or ())
    return tables, columns


def _name(part: str) -> str:
    return part if NAME.fullmatch(part) else "?"


def _listed(names: set[str]) -> str:
    return ",".join(sorted(names)) or "-"


def rows_of(
    home: Home, settings: Settings, sql: str, limit: int | None
) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """Columns, rows (at most ``limit``), and whether there are more.

    Raises ``UsageError`` if it is not one SELECT or does not name what is there, ``LabourdbError`` without databases.
    """
    missing = [p for p in (home.database, home.restricted / DATABASE) if not p.exists()]
    if missing:
        raise LabourdbError(f"{missing[0]} is not there yet. `labourdb run` makes it.")
    state_detail(described(sql))  # the line is written when the database is opened, before anything is read
    opened = connect(limits=settings.engine.limits(home), more=encryption_config())
    with home.locked(), private_files(), opened as connection:
        attach_restricted(connection, home.restricted, read_only=True)
        place = str(home.database).replace("'", "''")
        connection.execute(
            f"attach '{place}' as labour (read_only); use labour; set enable_external_access = false;"
            " set python_enable_replacements = false"
        )
        try:
            found = connection.execute(sql)
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise UsageError(str(error)) from None
        except duckdb.Error as error:
            raise LabourdbError(
                f"The query stopped ({type(error).__name__}). {advice(str(error))}".strip()
            ) from None
        columns = [c[0] for c in found.description or ()]
        rows = found.fetchall() if limit is None else found.fetchmany(limit + 1)
    more = limit is not None and len(rows) > limit
    return columns, rows[:limit], more
