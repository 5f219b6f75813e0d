"""What the run in the warehouse is: gate 1 writes it down, every later step reads it and refuses to go on with another.

A later step may be started in another run, by another process, days after: what it works on is what gate 1 began, never
what its own configuration or the settings file say by then (SPEC §6).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.run.fingerprint import code_version, deciding
from orchestration.run.scope import Run, RunScope, opened_warehouse
from orchestration.run.tables import has_table
from orchestration.settings import Settings
from sources.calendar import quarter_label
from sources.errors import LabourdbError

AGAIN = (
    "Nothing was published. Run again from the deliveries on: `labourdb run`, or the job `run` in Dagster."
)


@dataclass(frozen=True)
class Begun:
    """The run that gate 1 began: what it publishes, the Dagster run that began it, its settings and code."""

    scope: RunScope
    begun_by: str
    settings: dict[str, Any]
    code: dict[str, str]


def begun(home: Home, settings: Settings) -> Begun | None:
    """The run in the warehouse of ``home``, if one has begun there."""
    if not home.database.exists():
        return None
    with opened_warehouse(home, settings) as warehouse:
        return _begun(warehouse)


def _begun(warehouse: duckdb.DuckDBPyConnection) -> Begun | None:
    if not has_table(warehouse, "parameters"):
        return None
    try:
        row = warehouse.execute(
            "select as_of_quarter, release_id, begun_by, settings, code from run.parameters"
        ).fetchone()
    except (
        duckdb.BinderException
    ):  # of a version that did not write them down: what it was made with is not known
        return None
    if row is None:
        return None
    return Begun(RunScope(row[0], row[1]), row[2], json.loads(row[3]), json.loads(row[4]))


def continued(home: Home, settings: Settings, asked: str = "", begun_by: str = "") -> Run:
    """The run in the warehouse, for a step that goes on with it.

    Raises ``LabourdbError`` if none has begun, if another quarter is ``asked`` for (YYYYQn; empty: whichever it is), if it
    is not the one that ``begun_by`` names (a Dagster run that is executed again; empty: whichever), or if settings or
    code are others by now.
    """
    found = begun(home, settings)
    if found is None:
        raise LabourdbError(f"No run has begun in {home.root}, so there is nothing to go on with. {AGAIN}")
    period = quarter_label(found.scope.as_of)
    if asked and asked != period:
        raise LabourdbError(
            f"This asks for {asked}, but the run that lies in the warehouse was begun for {period}. {AGAIN}"
        )
    if begun_by and begun_by != found.begun_by:
        raise LabourdbError(
            f"What this goes on with is no longer there: after run {begun_by[:8]}, another run was begun for {period}"
            f"{f' (run {found.begun_by[:8]})' if found.begun_by else ''}, and its tables lie in the warehouse. {AGAIN}"
        )
    run = Run(home, settings, found.scope)
    _refuse_other(run, found)
    return run


def refuse_other(run: Run, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Raise ``LabourdbError`` unless ``run`` is the one that lies in the warehouse: quarter, release, settings and code."""
    found = _begun(warehouse)
    if found is None:
        raise LabourdbError(
            f"No run has begun in {run.home.root}, so there is nothing to go on with. {AGAIN}"
        )
    _refuse_other(run, found)


def _refuse_other(run: Run, found: Begun) -> None:
    if found.scope != run.scope:
        raise LabourdbError(
            f"This is to be {run.scope.release_id}, but the run that lies in the warehouse was begun for"
            f" {found.scope.release_id}. {AGAIN}"
        )
    now = deciding(run.settings)
    names = sorted(
        f"[{n}]" for n in now.keys() | found.settings.keys() if now.get(n) != found.settings.get(n)
    )
    if names:
        raise LabourdbError(
            f"{', '.join(names)} of labourdb.toml was changed after this run began: what was built is not what a release"
            f" would say. {AGAIN} Or put the settings back and go on."
        )
    if found.code != code_version():
        raise LabourdbError(
            f"labourdb itself, or a library it runs on, was changed after this run began. {AGAIN}"
        )


def refuse_other_inputs(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Raise ``LabourdbError`` unless the rows of every delivery in force lie in the restricted database (attached as
    ``restricted``) as gate 1 judged them: the same files, and not deleted since.
    """
    lost = warehouse.execute(
        "select distinct i.folder from run.inputs as i left join restricted.landing.deliveries as d using (folder)"
        " left join restricted.landing.delivery_states as s using (source, delivery_key, file, sha256)"
        " left join restricted.landing.retention as r on r.what = 'rows' and (r.source, r.delivery_key) = (d.source, d.delivery_key)"
        " where i.disposition = 'used' and (s.file is null or r.what is not null) order by i.folder"
    ).fetchall()
    if lost:
        raise LabourdbError(
            f"Deliveries this run began with are no longer there as they were: {', '.join(f for (f,) in lost)}. {AGAIN}"
        )
