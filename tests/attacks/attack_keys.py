"""The models of disclosure control on one home's persons and jobs, drawn again and again with other keys.

What they read is copied into memory once; each drawing gives every person a new record key and every employer a new
factor and runs the compiled SQL of the models, so that what is measured is what a run does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd
from worlds import eighteen_persons as worlds

from orchestration.dbt import project
from orchestration.home import Home
from orchestration.settings import Settings
from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config, private_files

KEYED = ("keyed_profiles", "keyed_employer_flows", "keyed_status_changes", "keyed_completions")
KEYS = ("stg_record_keys", "stg_employer_factors")  # views of what is drawn
CHANGED = (
    "changed_provinces", "changed_communes", "changed_places", "changed_status_changes", "changed_completions",
)  # fmt: skip
READ = (
    "run.parameters", "run.flow_quarters", "reference.noise", "labour.enterprises", "labour.person_quarters",
    "labour.job_runs", "cells.completions", "cells.place_counts",
)  # fmt: skip
FOUND = 2**16


def compiled(home: Home, models: Sequence[str]) -> dict[str, str]:
    """SQL of models as dbt compiles it for a home."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    target = [
        "--target-path",
        str(home.warehouse / "compiled"),
        "--log-path",
        str(home.warehouse / "compiled"),
    ]
    with project.environment(home, Settings()), private_files():
        try:
            outcome = dbtRunner(manifest=project.parsed()).invoke(
                ["compile", *project.COMMON, *project.QUIET, *target, "--select", *models]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert outcome.success, outcome.exception
    return {r.node.name: r.node.compiled_code for r in outcome.result.results}


class Redrawn:
    """One home's counts with any number of keys. ``key`` opens the restricted zone (None: the home's own)."""

    def __init__(self, home: Home, key: str | None = worlds.KEY, seed: int = 1) -> None:
        with worlds.environment(LABOURDB_KEY=key):
            self.sql = compiled(home, [*KEYS, *KEYED, *CHANGED])
            self.memory = duckdb.connect(config=encryption_config() | {"threads": 2})
            self.memory.execute(f"attach '{home.database}' as w (read_only)")
            with private_files():
                attach_restricted(self.memory, home.restricted, read_only=True, alias="zone")
        self.memory.execute("attach ':memory:' as labour; attach ':memory:' as restricted")
        for schema in ("disclosure", "run", "reference", "labour", "cells"):
            self.memory.execute(f"create schema labour.{schema}")
        self.memory.execute(
            "create schema restricted.identity; create schema restricted.keyed; create schema restricted.staging"
        )
        for table in READ:
            self.memory.execute(f"create table labour.{table} as from w.{table}")
        self.persons = self.memory.execute("select person_key from zone.identity.record_keys order by 1").df()
        self.employers = self.memory.execute(
            "select employer_key from zone.identity.employer_factors order by 1"
        ).df()
        self.memory.execute("detach w; detach zone; use labour")
        self.random = np.random.default_rng(seed)
        self.cpu: dict[str, float] = {}

    def draw(self, models: Sequence[str] = (*KEYED, *CHANGED)) -> None:
        """New keys for all, and these models made of them."""
        persons, employers = len(self.persons), len(self.employers)
        factors = self.random.integers(30_000, 80_001, employers) * self.random.choice([-1, 1], employers)
        for table, frame in {
            "record_keys": self.persons.assign(record_key=self.random.integers(0, FOUND, persons)),
            "employer_factors": self.employers.assign(factor_millionths=1_000_000 + factors, record_key=0),
        }.items():
            self.memory.register("frame", frame)
            self.memory.execute(f"create or replace table restricted.identity.{table} as from frame")
            self.memory.unregister("frame")
        for model in KEYS:
            self.memory.execute(f"create or replace view restricted.staging.{model} as {self.sql[model]}")
        for model in models:
            place = "restricted.keyed" if model in KEYED else "labour.disclosure"
            begun = time.process_time()
            self.memory.execute(f"create or replace table {place}.{model} as {self.sql[model]}")
            self.cpu[model] = time.process_time() - begun

    def query(self, text: str) -> pd.DataFrame:
        """Rows of a query on the tables in memory."""
        return self.memory.execute(text).df()
