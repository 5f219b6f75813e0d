"""One read-only query on a home's databases, for those who may see persons: every check names the query that shows its rows."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.settings import Settings, UsageError
from sources.access import state_detail
from sources.encryption import private_files
from sources.errors import LabourdbError
from sources.restricted import DATABASE, attach_restricted, engine_config

SHOWN = 100


def masked(sql: str) -> str:
    """The query as it may be logged: without texts, comments and numbers long enough to be somebody's."""
    without = re.sub(r"--[^\n]*|/\*.*?(\*/|$)", " ", sql, flags=re.DOTALL)
    without = re.sub(r"'(?:[^']|'')*('|$)", "?", without)
    without = re.sub(r"\$(\w*)\$.*?(\$\1\$|$)", "?", without, flags=re.DOTALL)
    without = re.sub(r"\"(?:[^\"]|\"\")*(\"|$)", "?", without)
    return " ".join(re.sub(r"\d{6,}", "?", without).split())[:300]


def rows_of(
    home: Home, settings: Settings, sql: str, limit: int | None
) -> tuple[list[str], list[tuple[Any, ...]], bool]:
    """Columns, rows (at most ``limit``), and whether there are more.

    Raises ``UsageError`` if it is not one SELECT or does not name what is there, ``LabourdbError`` without databases.
    """
    missing = [p for p in (home.database, home.restricted / DATABASE) if not p.exists()]
    if missing:
        raise LabourdbError(f"{missing[0]} is not there yet. `labourdb run` makes it.")
    state_detail(masked(sql))
    engine = settings.engine
    config = engine_config(home.restricted, engine.memory, engine.threads)
    with home.locked(), private_files(), duckdb.connect(config=config) as connection:
        attach_restricted(connection, home.restricted, read_only=True)
        place = str(home.database).replace("'", "''")
        connection.execute(
            f"attach '{place}' as labour (read_only); use labour; set enable_external_access = false"
        )
        try:
            statements = connection.extract_statements(sql)
            if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
                raise UsageError("One SELECT is asked for, and nothing else.")
            found = connection.execute(statements[0])
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise UsageError(str(error)) from None
        except duckdb.Error as error:
            raise LabourdbError(f"The query stopped ({type(error).__name__}).") from None
        columns = [c[0] for c in found.description or ()]
        rows = found.fetchall() if limit is None else found.fetchmany(limit + 1)
    more = limit is not None and len(rows) > limit
    return columns, rows[:limit], more
