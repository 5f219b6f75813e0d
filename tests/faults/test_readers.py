"""Readers of ``current`` while releases come and go: no error, and never two releases in one answer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from how_often import times
from worlds import eighteen_persons as worlds

from releases.release import Release, current_release, publish, withdraw
from releases.tables import RELEASED, export_tables
from releases.verdict import Verdict, store_verdict

# reads as docs/operating.md tells readers to: one folder, found once, or one database
READER = """
import hashlib, json, sys
from pathlib import Path
import duckdb
current, stop, told = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
seen, queries, last = set(), 0, False
while not last:
    last = stop.exists()  # the round after everything was published is read as well
    folder = current.resolve()
    said = json.loads((folder / "manifest.json").read_text())
    ids = {said["release_id"]}
    for table, facts in said["tables"].items():
        path = folder / "tables" / f"{table}.parquet"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == facts["sha256"], path
        ids |= {i for (i,) in duckdb.execute(f"select distinct release_id from '{path}'").fetchall()}
        queries += 1
    assert ids == {folder.name}, ids
    with duckdb.connect(str(current / "labour.duckdb"), read_only=True) as database:
        union = " union ".join(f"select release_id from {t}" for t in said["tables"])
        together = [i for (i,) in database.execute(union).fetchall()]
        queries += 1
    assert len(together) == 1, together
    seen |= {*ids, *together}
    told.write_text(json.dumps({"seen": sorted(seen), "queries": queries}))
"""


def _judged(candidates: Path, release_id: str) -> None:
    """The small world's tables as judged candidates of another release."""
    with duckdb.connect() as connection:
        connection.execute("create schema published")
        source = worlds.small_home().releases / "current" / "tables"
        for table in RELEASED:
            connection.execute(
                f"create table published.{table} as select * replace ('{release_id}' as release_id) from '{source}/{table}.parquet'"
            )
        tables = export_tables(connection, candidates)
    store_verdict(candidates, Verdict(release_id, "f", tables, []))


def read_through_releases(folder: Path, readers: int) -> str:
    """Readers in a loop from a first release through three more and a withdrawal; returns the figures."""
    facts = current_release(worlds.small_home().releases)
    assert facts is not None
    own = ("release_id", "tables", "published_at")
    stated = {k: v for k, v in facts.manifest.items() if k not in own} | {"fingerprint": "f"}
    releases, candidates, stop = folder / "releases", folder / "candidates", folder / "stop"
    _judged(candidates, "2025Q4.1")
    publish(releases, candidates, "2025Q4.1", stated)
    told = [folder / f"told{n}" for n in range(readers)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(releases / "current"), str(stop), str(t)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for t in told
    ]

    def all_saw(release_id: str) -> None:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            if any(p.poll() is not None for p in processes):
                return  # one ended too early; told of below
            if all(t.exists() and release_id in t.read_text() for t in told):
                return
            time.sleep(0.05)

    try:
        all_saw("2025Q4.1")
        for number in range(2, 5):
            _judged(candidates, f"2025Q4.{number}")
            assert isinstance(publish(releases, candidates, f"2025Q4.{number}", stated), Release)
            all_saw(f"2025Q4.{number}")
        withdraw(releases, "2025Q4.4", "wrong")
        stop.touch()
        complaints = [p.communicate(timeout=240)[1] for p in processes]
    finally:
        for process in processes:
            process.kill()
    assert [p.returncode for p in processes] == [0] * readers, [c[-500:] for c in complaints if c]
    results = [json.loads(t.read_text()) for t in told]
    assert all(r["seen"] == [f"2025Q4.{n}" for n in (1, 2, 3, 4)] for r in results)
    return (
        f"readers: {readers} through three releases and a withdrawal, {sum(r['queries'] for r in results)} queries,"
        " 0 errors, 0 answers of two releases"
    )


def test_readers_see_whole_releases(tmp_path: Path, figures: Callable[[str], None]) -> None:
    figures(read_through_releases(tmp_path, 2))


@pytest.mark.slow
def test_many_readers_see_whole_releases(tmp_path: Path, figures: Callable[[str], None]) -> None:
    figures(read_through_releases(tmp_path, times("LABOURDB_READERS")))
