"""What a release is made from, in one hash: deliveries, settings, code. Equal means there is nothing new."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.settings import Settings

if TYPE_CHECKING:  # a run that finds nothing new needs none of what takes a while to import
    import pandas as pd

NAME = "labourdb"
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("sources", "expectations", "dbt_project", "releases", "orchestration")
# what a run does not read: an import contract says so of the code
WITHOUT = ("sources/simulator", "orchestration/cli", "orchestration/tasks")
MADE = ("__pycache__", "target", "logs", "dbt_packages")


def product_files(root: Path = ROOT) -> list[Path]:
    """Every file below ``root`` that can change a release, in a fixed order: code, models, contracts, templates, scripts.

    Unit tests of models are left out as other tests are; data tests are not: gates judge them.
    """
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            place = path.relative_to(root)
            if (
                path.is_file()
                and not place.as_posix().startswith(tuple(f"{w}/" for w in WITHOUT))
                and not any(part in MADE or part.startswith(".") for part in place.parts)
                and not place.name.endswith(("_unit_tests.yml", ".pyc"))
            ):
                found.append(path)
    return found


def code_hash(root: Path = ROOT) -> str:
    """SHA-256 over names and contents of ``product_files``."""
    digest = hashlib.sha256()
    for path in product_files(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def libraries() -> dict[str, str]:
    """Version of every library the product runs on, directly or not, as installed, by its canonical name; and Python's."""
    found: dict[str, str] = {}
    waiting = [(canonicalize_name(NAME), "")]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # one that another platform or Python needs
            continue
        found[name] = installed.version
        for line in installed.requires or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                asked = {(canonicalize_name(needed.name), e) for e in ("", *needed.extras)}
                waiting += sorted(asked - seen)
                seen |= asked
    del found[canonicalize_name(NAME)]
    return {"python": platform.python_version(), **dict(sorted(found.items()))}


@cache
def code_version() -> dict[str, str]:
    """Version of the product, hash of its own files, hash of the libraries it runs on."""
    return {
        "version": version(NAME),
        "sha256": code_hash(),
        "libraries_sha256": hashlib.sha256(json.dumps(libraries()).encode()).hexdigest(),
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


def deciding(settings: Settings) -> dict[str, Any]:
    """The settings that decide a figure, as printed in manifests: all but ``[engine]`` and ``[retention]``."""
    return {k: v for k, v in settings.effective().items() if k not in ("engine", "retention")}


def run_fingerprint(as_of: int, settings: Settings, inputs: Sequence[dict[str, Any]]) -> str:
    """Hash of all that decides a release's tables, but for the release before it."""
    facts = {
        "as_of": as_of,
        "settings": deciding(settings),
        "code": code_version(),
        "inputs": [[d["folder"], [[f["name"], f["sha256"]] for f in d["files"]]] for d in inputs],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
