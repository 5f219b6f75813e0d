"""A warehouse with every table and no rows, for tests that put rows where a model looks and see what it makes of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from orchestration.dbt.project import OF_A_RUN
from orchestration.dbt.project import parsed as parsed_manifest
from orchestration.run.tables import run_tables
from sources.restricted.database import attach_restricted, restricted_database
from sources.restricted.encryption import encryption_config

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


@dataclass
class EmptyHome:
    """A warehouse and a restricted database with every table, and no row but the seeds'; dbt works there."""

    folder: Path
    manifest: Any

    def dbt(self, command: str, *arguments: str) -> Any:
        """Run a dbt command in this process; returns its result. Raises what stopped it."""
        common = [
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--log-path",
            str(self.folder),
        ]
        common += [
            "--target-path",
            str(self.folder / "target"),
            "--log-level",
            "none",
            "--log-level-file",
            "none",
        ]
        try:
            outcome = dbtRunner(manifest=self.manifest).invoke([command, *arguments, *common])
        finally:
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        if outcome.exception is not None:
            raise outcome.exception
        return outcome.result

    def statuses(self, *arguments: str) -> dict[str, str]:
        """What became of each selected test, by name."""
        return {r.node.name: str(r.status) for r in self.dbt("test", *arguments).results}

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse with the restricted database attached."""
        with duckdb.connect(str(self.folder / "labour.duckdb"), config=encryption_config()) as connection:
            attach_restricted(connection, self.folder)
            yield connection


@contextmanager
def dbt_works_in(home: EmptyHome) -> Iterator[EmptyHome]:
    """Let dbt find this home's databases."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABOURDB_WAREHOUSE", str(home.folder / "labour.duckdb"))
        patch.setenv("LABOURDB_RESTRICTED", str(home.folder))
        patch.setenv("LABOURDB_SPILL", str(home.folder / "spill"))
        patch.setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
        patch.setenv(OF_A_RUN, "yes")  # there is no run that could be told of
        yield home


def empty_home(folder: Path) -> EmptyHome:
    """Every table a run starts from, and every model built on them."""
    folder.mkdir()
    empty = EmptyHome(folder, parsed_manifest())
    with restricted_database(empty.folder):
        pass
    with empty.warehouse() as warehouse:
        warehouse.execute("create schema run")
        for table, columns in ((t.name, t.columns) for t in run_tables().values()):
            warehouse.execute(
                f"create table run.{table} ({', '.join(f'{c} {t}' for c, t in columns.items())})"
            )
    with dbt_works_in(empty):
        built = empty.dbt("build", "--empty", "--resource-type", "seed", "--resource-type", "model")
        assert {r.node.name: r.message for r in built.results if r.status != "success"} == {}
        # a view that was made with --empty stays without rows, whatever is put where it reads
        assert all(r.status == "success" for r in empty.dbt("run", "--select", "staging").results)
    return empty


def copy_of_empty(home: EmptyHome, folder: Path) -> EmptyHome:
    """A copy to put rows into."""
    folder.mkdir(parents=True)
    for name in ("labour.duckdb", "restricted.duckdb", "person.key"):
        shutil.copy(home.folder / name, folder / name)
    return EmptyHome(folder, home.manifest)
