"""What dbt-duckdb does before its first model: it attaches the restricted database.

The profile names the restricted zone's folder, or none where nothing is built (parsing, documentation, the
definitions of the Dagster UI). The key is read here, in Python: it stands in no profile, no SQL, no log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin

from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config


class Plugin(BasePlugin):  # type: ignore[misc]
    """Loaded by name from ``profiles.yml``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the restricted zone's folder from the profile."""
        folder = plugin_config.get("restricted")
        self._restricted = Path(folder) if folder else None

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Let the connection load the encryption, and encrypt what it spills."""
        config.update(encryption_config())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the restricted database; an empty one in memory where there is no zone."""
        if self._restricted is None:
            conn.execute("attach ':memory:' as restricted")
        else:
            attach_restricted(conn, self._restricted)
