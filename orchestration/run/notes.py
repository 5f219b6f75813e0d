"""What a run notes in schema ``run`` of the warehouse, and the manifest's facts made from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import duckdb
import pandas as pd

from expectations.waivers import Waiver
from orchestration.dbt.project import parsed_models, project_hash
from orchestration.run.fingerprint import code_version, run_fingerprint
from orchestration.run.tables import CHECKS, has_table
from orchestration.settings import Settings
from releases.disclosure import FIVE, NOT_PROTECTED, PROTECTION, nearest_five, noise_sha256
from releases.release import Release
from sources.calendar import quarter_label


def release_facts(
    warehouse: duckdb.DuckDBPyConnection, as_of: int, settings: Settings, previous: Release | None
) -> dict[str, Any]:
    """The manifest's entries that say where the tables come from, as schema ``run`` has them now."""
    inputs = noted_inputs(warehouse)
    missing = [
        s for (s,) in warehouse.execute("select source from run.missing_sources order by 1").fetchall()
    ]
    accounting = warehouse.execute(
        "select source, disposition, count(*)::integer as files, sum(rows_read)::bigint as rows_read,"
        " sum(accepted)::bigint as accepted, sum(quarantined)::bigint as quarantined,"
        " sum(duplicate)::bigint as duplicate, sum(superseded)::bigint as superseded"
        " from run.row_accounting group by all order by all"
    ).fetchall()
    names = (
        "source",
        "disposition",
        "files",
        "rows_read",
        "accepted",
        "quarantined",
        "duplicate",
        "superseded",
    )
    gates = [t for t in CHECKS if has_table(warehouse, t)]
    checks = warehouse.execute(
        "select gate, status, count(*)::integer from ("
        + " union all ".join(f"select gate, status from run.{t}" for t in gates)
        + ") group by all order by all"
    ).fetchall()
    return {
        "period": quarter_label(as_of),
        "synthetic": any(d["synthetic"] for d in inputs if d["disposition"] == "used"),
        "fingerprint": run_fingerprint(as_of, settings, inputs),
        "code": code_version(),
        "settings": settings.effective(),
        "previous_release": previous.id if previous else None,
        "missing_sources": missing,
        "indicators": _indicator_names(warehouse),
        "successions_followed": _successions(warehouse, settings.disclosure.off),
        "ladder_steps_skipped": _skipped_steps(warehouse),
        "checks": [dict(zip(("gate", "status", "checks"), c, strict=True)) for c in checks],
        "protection": protection(settings),
        "disclosure": disclosure_facts(warehouse),
        "waivers": [_waiver_facts(warehouse, w, gates) for w in settings.waived()],
        "row_accounting": [dict(zip(names, a, strict=True)) for a in accounting],
        "filled_columns": _filled_columns(warehouse, settings.disclosure.off),
        "inputs": inputs,
        "arrivals": dict(
            warehouse.execute("select folder, read_at from run.arrivals order by folder").fetchall()
        ),
    }


def _filled_columns(warehouse: duckdb.DuckDBPyConnection, exact: bool) -> dict[str, dict[str, Any]]:
    """By source and month of its delivery in force: rows accepted, and in how many each column that may be empty is filled,
    to the nearest five unless figures are published ``exact``. Without deliveries whose columns were not counted.
    """
    found: dict[str, dict[str, Any]] = {}
    for source, month, column, accepted, filled in warehouse.execute(
        "select source, period, column_name, accepted, filled from run.filled_columns"
        " where filled is not null order by source, period, column_name"
    ).fetchall():
        delivery = found.setdefault(source, {}).setdefault(month, {"accepted": accepted, "filled": {}})
        delivery["filled"][column] = filled if exact else min(nearest_five(filled), accepted)
    return found


def protection(settings: Settings) -> str:
    """What a release made with these settings says of its protection."""
    return NOT_PROTECTED if settings.disclosure.off else PROTECTION


def disclosure_facts(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Which noise was used, and from how many finest counts each table is added up; empty before they are made."""
    if not has_table(warehouse, "atoms", "disclosure"):
        return {}
    counted = warehouse.execute(
        "select table_name, count(*)::integer from disclosure.atoms group by all order by all"
    ).fetchall()
    return {"noise_sha256": noise_sha256(), "finest_counts": dict(counted)}


def _waiver_facts(
    warehouse: duckdb.DuckDBPyConnection, waiver: Waiver, gates: Sequence[str]
) -> dict[str, Any]:
    """A waiver, and the objects of its check that failed and were waived."""
    failed = [
        name
        for gate in gates
        for check_id, name in warehouse.execute(
            f"select check_id, object from run.{gate} where waiver is not null order by object"
        ).fetchall()
        if waiver.covers(check_id, name)
    ]
    return {**asdict(waiver), "expires": waiver.expires.isoformat(), "waived": failed}


def _successions(warehouse: duckdb.DuckDBPyConnection, exact: bool) -> dict[str, int]:
    """How many employer codes and citizen IDs carry on another one, as far as they have been looked for: to the nearest
    five, unless figures are published ``exact``.
    """
    counts: dict[str, int] = {}
    for kind in ("employer", "person"):
        table = f"{kind}_successions"
        if has_table(warehouse, table, "labour"):
            found = warehouse.execute(f"select count(*) from labour.labour.{table}").fetchone()
            counts[f"{kind}s"] = int(found[0]) if found else 0
    if not exact:
        counts = {kind: nearest_five(count) for kind, count in counts.items()}
    return counts


def as_published(checks: pd.DataFrame, exact: bool) -> pd.DataFrame:
    """The checks table as released: failed rows to the nearest five, unless figures are published ``exact`` (SPEC §5)."""
    if exact:
        return checks
    return checks.assign(rows_failed=(checks["rows_failed"] / FIVE).round().mul(FIVE).astype("Int64"))


def _indicator_names(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Indicator to its names in English and Vietnamese, as people read them."""
    if not has_table(warehouse, "indicator_definitions", "reference"):
        return {}
    rows = warehouse.execute(
        "select indicator, name_en, name_vi from labour.reference.indicator_definitions order by position"
    ).fetchall()
    return {indicator: {"en": en, "vi": vi} for indicator, en, vi in rows}


def _skipped_steps(warehouse: duckdb.DuckDBPyConnection) -> list[str]:
    """Steps of the status ladder whose source has no delivery in force, by source."""
    if not has_table(warehouse, "ladder", "reference"):
        return []
    found = warehouse.execute(
        "select l.step from reference.ladder as l inner join run.missing_sources as m on l.source = m.source"
        " order by l.source, l.bit"
    ).fetchall()
    return [step for (step,) in found]


def noted_inputs(warehouse: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every delivery up to the cut-off with its files, hashes and disposition."""
    frame = warehouse.execute("select * from run.inputs order by folder, file").df()
    inputs: list[dict[str, Any]] = []
    for folder, files in frame.groupby("folder", sort=True):
        first = files.iloc[0]
        inputs.append(
            {
                "folder": folder,
                "disposition": first["disposition"],
                "because": _text(first["because"]),
                "agency": _text(first["agency"]),
                "area_version": first["area_version"],
                "synthetic": bool(first["synthetic"]),
                "files": [{"name": f["file"], "sha256": f["sha256"]} for f in files.to_dict("records")],
            }
        )
    return inputs


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def changed_deliveries(
    before: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]]
) -> tuple[set[str], set[str]]:
    """Folders of deliveries that are used with these files only now, and of those that only were."""
    then, today = (
        {
            (d["folder"], tuple(sorted(f["sha256"] for f in d["files"])))
            for d in inputs
            if d["disposition"] == "used"
        }
        for inputs in (before, now)
    )
    return {folder for folder, _ in today - then}, {folder for folder, _ in then - today}


def seeds_changed(warehouse: duckdb.DuckDBPyConnection) -> bool:
    """Whether the seeds in the warehouse are of another state of the project."""
    if not has_table(warehouse, "seeds"):
        return True
    known = warehouse.execute("select project from run.seeds").fetchone()
    return known is None or known[0] != project_hash()


def column_types(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    """Columns and their types of every table and view in the warehouse and the restricted database, by schema and name."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, kind in warehouse.execute(
        "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns() where not internal"
        ""
        " order by database_name, schema_name, table_name, column_index"
    ).fetchall():
        found.setdefault((schema, table), {})[column] = kind
    return found


def table_sizes(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Rows of every table of the attached databases, by schema and name.

    What DuckDB notes as the size of a table that is made whole is the number of its rows; of those that increments delete
    from, it is not, so their rows are counted.
    """
    sizes: dict[tuple[str, str], int] = {}
    changed = {(m.schema, m.alias) for m in parsed_models() if m.config.materialized == "kept"}
    for database, schema, table, size in warehouse.execute(
        "select database_name, schema_name, table_name, estimated_size from duckdb_tables()"
    ).fetchall():
        if (schema, table) in changed:
            counted = warehouse.execute(f'select count(*) from "{database}".{schema}.{table}').fetchone()
            size = counted[0] if counted else 0
        sizes[schema, table] = int(size)
    return sizes


def row_counts_of(
    warehouse: duckdb.DuckDBPyConnection, relations: Mapping[str, tuple[str, str]]
) -> dict[str, int]:
    """Rows of every model and seed that is there, by its name in dbt (``relations``: schema and table of it)."""
    sizes = table_sizes(warehouse)
    return {name: sizes[place] for name, place in relations.items() if place in sizes}
