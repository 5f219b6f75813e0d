"""What dbt-duckdb does before its first model: it attaches the restricted database.

The profile names the restricted zone's folder, or none where nothing is built (parsing, documentation, the
definitions of the Dagster UI). The key is read here, in Python: it stands in no profile, no SQL, no log.
A warehouse in memory (``dbt --target empty``) has beside it every table that the models read and do not make, without rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.dbt.project import PROJECT
from sources.errors import LabourdbError
from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config

IN_MEMORY = ":memory:"
DATABASE = "labour"  # of sources that name none: the warehouse


class Plugin(BasePlugin):  # type: ignore[misc]
    """Loaded by name from ``profiles.yml``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the restricted zone's folder from the profile."""
        folder = plugin_config.get("restricted")
        self._restricted = Path(folder) if folder else None

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Let the connection load the encryption, and encrypt what it spills.

        Raises ``LabourdbError`` if the home to work in is not there.
        """
        self._empty = creds.path == IN_MEMORY
        if not self._empty and not Path(creds.path).parent.is_dir():
            raise LabourdbError(
                f"{Path(creds.path).parent.resolve()} is not there: no home was run where dbt looks. Make one with `make run`,"
                " name yours in LABOURDB_HOME (in full), or work without rows: `dbt … --target empty`."
            )
        config.update(encryption_config())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the restricted database; an empty one in memory where there is no zone."""
        if self._empty or self._restricted is None:
            conn.execute(f"attach '{IN_MEMORY}' as restricted")
        else:
            attach_restricted(conn, self._restricted)
        if self._empty:
            conn.execute(f"attach '{IN_MEMORY}' as {DATABASE}")
            for table, columns in declared_tables().items():
                place = table.rpartition(".")[0]
                conn.execute(f"create schema if not exists {place}")
                typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
                conn.execute(f"create table {table} ({typed})")


def declared_tables() -> dict[str, dict[str, str]]:
    """Every table the models read and do not make, as the project's YAML declares it: its columns with their types.

    Tables by database, schema and name.
    """
    tables: dict[str, dict[str, str]] = {}
    for path in sorted((PROJECT / "models").rglob("_*.yml")):
        for source in yaml.safe_load(path.read_text(encoding="utf-8")).get("sources", []):
            place = f"{source.get('database', DATABASE)}.{source['schema']}"
            for table in source["tables"]:
                columns = {c["name"]: c["data_type"] for c in table["columns"]}
                tables[f"{place}.{table['name']}"] = columns
    return tables
