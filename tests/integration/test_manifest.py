"""What a release's manifest says, held against the files it speaks of."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
from support.home_tables import shown
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, KEY, deliveries, manifest, scope, small_home, write_world

from orchestration.home import Home
from orchestration.run import gates, steps
from orchestration.run.notes import release_facts
from orchestration.run.scope import Run
from releases.tables import RELEASED

PROTECTION = "DISCLOSURE-CONTROLLED"


def test_manifest_is_complete() -> None:
    home = small_home()
    facts = manifest(home)
    assert (
        facts["release_id"] == f"{AS_OF}.1" and facts["period"] == AS_OF and facts["previous_release"] is None
    )
    assert facts["protection"] == PROTECTION and facts["synthetic"] is False and facts["waivers"] == []
    folder = home.releases / "current"
    assert set(facts["tables"]) == set(RELEASED)
    for table, said in facts["tables"].items():
        path = folder / "tables" / f"{table}.parquet"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == said["sha256"]
        assert shown(home, f"select count(*) from {table}") == [(said["rows"],)]
    inputs = {f"{d['folder']}/{f['name']}": f["sha256"] for d in facts["inputs"] for f in d["files"]}
    on_disk = {
        str(p.relative_to(home.landing)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in home.landing.rglob("*")
        if p.is_file()
    }
    assert inputs == on_disk
    assert facts["settings"]["thresholds"] == {"linked_share_training": 0.2}
    assert facts["settings"]["linkage"] == {"probabilistic": False}
    assert (
        len(facts["code"]["sha256"]) == 64
        and facts["code"]["version"]
        and len(facts["code"]["libraries_sha256"]) == 64
    )
    read = sum(a["rows_read"] for a in facts["row_accounting"])
    assert read == sum(len(rows) for rows in deliveries().values())
    assert {c["gate"] for c in facts["checks"]} == {"delivery", "linkage", "publication"}
    assert sum(c["checks"] for c in facts["checks"]) == facts["tables"]["checks"]["rows"]
    assert json.dumps(facts).count("NaN") == 0
    with duckdb.connect(str(folder / "labour.duckdb"), read_only=True) as connection:
        for table, said in facts["tables"].items():
            rows = connection.execute(
                f"select count(*) from (from {table} except all from '{folder}/tables/{table}.parquet')"
            ).fetchone()
            assert rows == (0,)
            # no quarter of this world has all its three months of insurance, so it has no flows
            assert (said["rows"] > 0) == (table != "labour_flows")


def test_synthetic_deliveries_mark_the_release(tmp_path: Path) -> None:
    home = write_world(Home(tmp_path))
    note = home.landing / "unemployment_benefits" / "2025-12" / "delivery.json"
    note.write_text(json.dumps({"synthetic": True}))
    run = Run(home, worlds.load_settings(home.settings), scope())
    with worlds.environment(LABOURDB_KEY=KEY):
        steps.ingest_new(run)
        gates.gate_deliveries(run)
    with run.warehouse() as warehouse:
        facts = release_facts(warehouse, run.scope.as_of, run.settings, None)
    assert facts["synthetic"] is True
