"""What dbt-duckdb does before its first model: it attaches the restricted database.

The profile names the restricted zone's folder, or none where nothing is built (parsing, documentation, the
definitions of the Dagster UI). The key is read here, in Python: it stands in no profile, no SQL, no log.

A clone that no home was run in, and ``dbt --target empty``, have a world in memory instead: every table that the project reads
or makes, with no rows but the seeds', so that any one model is built and its unit tests run with nothing built before (docs/dbt.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.events.logging import AdapterLogger
from dbt.flags import get_flags

from orchestration.dbt.project import ENGINE, OF_A_RUN, stated_by
from orchestration.home import Home
from orchestration.settings import engine_limits
from sources.engine import Config, Limits
from sources.errors import LabourdbError
from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config

IN_MEMORY = ":memory:"
NAMED_IN = ("LABOURDB_HOME", "LABOURDB_WAREHOUSE")
BUILDING = {
    "build",
    "run",
    "seed",
    "snapshot",
    "retry",
    "clone",
    "run-operation",
}  # commands that make tables
OF_THE_RUN = {"built", "seeds", "kept", "increment"}  # what a run goes by when it goes on with what was built


class Plugin(BasePlugin):  # type: ignore[misc]
    """Loaded by name from ``profiles.yml``."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the restricted zone's folder from the profile, or a world in memory where no home is and none was named."""
        folder = plugin_config.get("restricted")
        self._restricted = Path(folder) if folder else None
        self._home = Path(self.creds.path).parent
        if not self._home.is_dir() and not any(map(os.environ.get, NAMED_IN)):
            AdapterLogger("labourdb").info(
                f"No home was run in {self._home.parent}: dbt works in memory, with no rows but the seeds'."
            )
            self.creds.path = IN_MEMORY
        self._empty = self.creds.path == IN_MEMORY

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Let the connection load the encryption, encrypt what it spills, and use no more than it may.

        Raises ``LabourdbError`` if the home that was named is not there.
        """
        if not self._empty and not self._home.is_dir():
            raise LabourdbError(
                f"{self._home.resolve()} is not there: no home was run where dbt looks. Make one with `make run`,"
                " name yours in LABOURDB_HOME (in full), or work without rows: `dbt … --target empty`."
            )
        config.update(encryption_config() | self._limits())

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Attach the restricted database; an empty one in memory where there is no zone."""
        if self._empty:
            for name in (self.creds.database, "restricted"):
                conn.execute(f"attach '{IN_MEMORY}' as {name}")
            for statement in empty_world(parsed_by_dbt()):
                conn.execute(statement)
        elif self._restricted is None:
            conn.execute(f"attach '{IN_MEMORY}' as restricted")
        else:
            if not os.environ.get(OF_A_RUN) and get_flags().WHICH in BUILDING:
                self._take_over(conn)
            attach_restricted(conn, self._restricted)

    def _limits(self) -> Config:
        """What the engine may use: as the run says, else as the home does; in memory there is no place to spill."""
        stated = os.environ.get(ENGINE)
        if stated:
            config: Config = json.loads(stated)
            return config
        return Limits().config() if self._empty else engine_limits(Home(self._home.parent)).config()

    def _take_over(self, conn: duckdb.DuckDBPyConnection) -> None:
        """A developer is about to build: nothing in the warehouse is any run's after that, and no run begins meanwhile.

        Gates then find everything stale and judge nothing, and the next run loads seeds again. Raises ``LabourdbError`` if
        another process works on the home.
        """
        self._held = ExitStack()  # until this process ends
        self._held.enter_context(Home(self._home.parent).locked("dbt"))
        there = conn.execute(
            "select table_name from duckdb_tables() where database_name = ? and schema_name = 'run'",
            [self.creds.database],
        ).fetchall()
        for table in OF_THE_RUN & {name for (name,) in there}:
            conn.execute(f"delete from {self.creds.database}.run.{table}")


def parsed_by_dbt() -> Any:
    """The manifest of the dbt command that is going on; None if it needed none, as ``dbt debug``."""
    from dbt.adapters.factory import get_adapter_by_type

    return get_adapter_by_type("duckdb").get_macro_resolver()


def empty_world(manifest: Any) -> Iterator[str]:
    """SQL that makes every source, seed and model a table with the columns and types the project declares; seeds have rows."""
    if manifest is None:
        return
    for node, types in declared_columns(manifest):
        if not all(types.values()):  # dbt then says that it is not there
            AdapterLogger("labourdb").info(
                f"{node.name}: not made, since a column has no data_type in its YAML."
            )
            continue
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        place = f"{node.database}.{node.schema}"
        yield f"create schema if not exists {place}"
        yield f"create table {place}.{node.identifier} ({columns})"
        if str(node.resource_type) == "seed":
            yield f"copy {place}.{node.identifier} from '{Path(node.root_path) / node.original_file_path}' (header)"


def declared_columns(manifest: Any) -> Iterator[tuple[Any, dict[str, str | None]]]:
    """Every source, seed and model with its columns and their types as the project declares them, those of measures too."""
    measures = stated_by("measures", manifest)
    keys = [f"{name}_key" for name, how in measures.items() if "sum" not in how]
    further = {
        "measures": dict.fromkeys(measures, "bigint"),
        "measures and their keys": dict.fromkeys([*measures, *keys], "bigint"),
        "measures of a person": dict.fromkeys(measures, "boolean"),
    }
    relations = [n for n in manifest.nodes.values() if str(n.resource_type) in ("model", "seed")]
    for node in (*manifest.sources.values(), *relations):
        types = {c.name: c.data_type for c in node.columns.values()} | (node.config.get("column_types") or {})
        yield node, types | further.get(node.config.meta.get("further_columns"), {})
