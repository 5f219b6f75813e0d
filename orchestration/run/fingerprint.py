"""What a release is made from, in one hash: deliveries, settings, code. Equal means there is nothing new."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from orchestration.dbt.project import project_hash
from orchestration.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sources", "expectations", "orchestration", "releases")


@cache
def code_version() -> dict[str, str]:
    """Version of the package, hash of its own code and models, hash of the lock file."""
    digest = hashlib.sha256(project_hash().encode())
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if (
                path.is_file()
                and path.suffix in (".py", ".sql", ".yaml", ".html", ".css")
                and "simulator" not in path.parts
            ):
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    lock = ROOT / "requirements.lock"
    return {
        "version": version("labourdb"),
        "sha256": digest.hexdigest(),
        "lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "",
    }


def input_facts(restricted: duckdb.DuckDBPyConnection, dispositions: pd.DataFrame) -> pd.DataFrame:
    """One row per file of every delivery up to the cut-off: folder, disposition, because, agency,
    area_version, synthetic, file, sha256 (delivery.json included).
    """
    restricted.register("dispositions", dispositions)
    try:
        return restricted.execute(
            "select d.folder, d.disposition, coalesce(l.problem, d.because) as because, d.agency, d.area_version, d.synthetic, s.file, s.sha256"
            " from dispositions as d join landing.delivery_states as s using (source, delivery_key)"
            " join landing.deliveries as l using (source, delivery_key)"
            " order by d.folder, s.file"
        ).df()
    finally:
        restricted.unregister("dispositions")


def arrivals(restricted: duckdb.DuckDBPyConnection, dispositions: pd.DataFrame) -> pd.DataFrame:
    """One row per delivery up to the cut-off: folder, and read_at, when the product first read it (UTC; null if a
    version that did not note it had read it).
    """
    restricted.register("dispositions", dispositions)
    try:
        return restricted.execute(
            "select d.folder, strftime(a.read_at, '%Y-%m-%dT%H:%M:%S+00:00') as read_at"
            " from dispositions as d left join landing.arrivals as a using (source, delivery_key) order by d.folder"
        ).df()
    finally:
        restricted.unregister("dispositions")


def known_inputs(restricted: duckdb.DuckDBPyConnection, cut_off: int) -> list[dict[str, Any]]:
    """The ingested deliveries up to a cut-off with their file hashes, as ``run_fingerprint`` wants them."""
    inputs: dict[str, dict[str, Any]] = {}
    for folder, file, digest in restricted.execute(
        "select d.folder, s.file, s.sha256 from landing.deliveries as d"
        " join landing.delivery_states as s using (source, delivery_key)"
        " where d.delivery_key // 1024 <= ? order by d.folder, s.file",
        [cut_off],
    ).fetchall():
        entry = inputs.setdefault(folder, {"folder": folder, "files": []})
        entry["files"].append({"name": file, "sha256": digest})
    return list(inputs.values())


def run_fingerprint(as_of: int, settings: Settings, inputs: Sequence[dict[str, Any]]) -> str:
    """Hash of all that decides a release's tables, but for the release before it."""
    facts = {
        "as_of": as_of,
        "settings": {k: v for k, v in settings.effective().items() if k not in ("engine", "retention")},
        "code": code_version(),
        "inputs": [[d["folder"], [[f["name"], f["sha256"]] for f in d["files"]]] for d in inputs],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
