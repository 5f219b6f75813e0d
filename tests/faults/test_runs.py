"""Runs that are disturbed: two at once, killed at any moment, read while they publish, without rights, among garbage."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import duckdb
import pytest
import worlds
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.home import Home
from releases.release import Release, current_release, list_releases, publish
from releases.tables import RELEASED
from sources.errors import LabourdbError
from sources.landing import find_deliveries

HERE = Path(__file__).resolve().parents[1]


# ---- two at once ---------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.home import Home
with Home(Path(sys.argv[1])).locked():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Home, int]]:
    """A home with a release, and another process at work on it."""
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        yield home, holder.pid
        holder.kill()


def test_a_second_run_is_told_who_is_at_work(held: tuple[Home, int]) -> None:
    home, number = held
    before = {p: p.stat().st_mtime_ns for p in home.root.rglob("*") if p.name != ".lock"}
    ended = CliRunner().invoke(app, ["run", "--home", str(home.root), "--as-of", worlds.AS_OF])
    assert ended.exit_code == 1
    assert f"Another labourdb process (number {number})" in ended.stderr and "Traceback" not in ended.output
    assert {p: p.stat().st_mtime_ns for p in home.root.rglob("*") if p.name != ".lock"} == before


def test_the_lock_goes_with_its_process(held: tuple[Home, int]) -> None:
    home, number = held
    with pytest.raises(LabourdbError, match="Another labourdb process"), home.locked():
        pass
    os.kill(number, signal.SIGKILL)
    for _ in range(100):
        try:
            with home.locked():
                return
        except LabourdbError:
            time.sleep(0.05)
    pytest.fail("the lock outlived its process")


# ---- killed --------------------------------------------------------------------------------------------------


def run_in_child(folder: str) -> None:
    """A run in a process of its own."""
    worlds.run_world(Home(Path(folder)))


@pytest.fixture(scope="module")
def children() -> Iterator[ForkServerContext]:
    """Processes that have everything loaded when they start, so that a kill falls into the run itself."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["orchestration.definitions", "orchestration.run", "worlds"])
    yield context


def start(children: ForkServerContext, home: Home) -> BaseProcess:
    child = children.Process(target=run_in_child, args=(str(home.root),))
    child.start()
    return child


def assert_current_is_valid(home: Home) -> None:
    """Whatever ``current`` points to is a whole release with the bytes its manifest states."""
    release = current_release(home.releases)
    if release is None:
        assert list_releases(home.releases) == [] or not (home.releases / "current").is_symlink()
        return
    for table, facts in release.manifest["tables"].items():
        assert (
            hashlib.sha256((release.path / "tables" / f"{table}.parquet").read_bytes()).hexdigest()
            == facts["sha256"]
        )


PUBLISHING = 300.0  # seconds after which a run has been killed while it publishes, or has ended


def publishing(home: Home) -> bool:
    """Whether the hidden folder of a release in the making is there."""
    return any(home.releases.glob(".building-*/*"))


def kill_and_run_again(children: ForkServerContext, home: Home, moments: list[float]) -> None:
    """Kill runs after the given seconds, then let one finish: nothing of the kills is seen in what it publishes."""
    worlds.write_world(home)
    for moment in moments:
        child = start(children, home)
        deadline = time.monotonic() + moment
        while time.monotonic() < deadline and child.is_alive() and not publishing(home):
            assert_current_is_valid(home)
            time.sleep(0.002 if moment == PUBLISHING else 0.05)
        child.kill()
        child.join()
        assert_current_is_valid(home)
    last = start(children, home)
    last.join(300)
    assert last.exitcode == 0
    assert [r.id for r in list_releases(home.releases)] == [f"{worlds.AS_OF}.1"]
    assert not list(home.releases.glob(".building-*"))
    assert worlds.table_bytes(home) == worlds.table_bytes(worlds.small_home())


def test_killed_runs_leave_no_trace(children: ForkServerContext, tmp_path: Path) -> None:
    chance = random.Random()
    moments = [chance.uniform(0.2, 1.5), chance.uniform(1, 3), chance.uniform(2, 6), PUBLISHING]
    print("killed after", moments)
    kill_and_run_again(children, Home(tmp_path), moments)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_runs_leave_no_trace_often(children: ForkServerContext, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    kill_and_run_again(children, Home(tmp_path), [*(chance.uniform(0.1, 12) for _ in range(3)), PUBLISHING])


# ---- readers -------------------------------------------------------------------------------------------------

READER = """
import json, sys
from pathlib import Path
import duckdb
current, stop, seen = Path(sys.argv[1]), Path(sys.argv[2]), set()
print("reading", flush=True)
last = False
while not last:
    last = stop.exists()  # the round after everything was published is read as well
    folder = current.resolve()
    said = json.loads((folder / "manifest.json").read_text())
    ids = {said["release_id"]}
    for table in said["tables"]:
        path = folder / "tables" / f"{table}.parquet"
        ids |= {i for (i,) in duckdb.execute(f"select distinct release_id from '{path}'").fetchall()}
    with duckdb.connect(str(folder / "labour.duckdb"), read_only=True) as database:
        ids |= {i for (i,) in database.execute("select distinct release_id from indicators").fetchall()}
    assert ids == {folder.name}, ids
    seen |= ids
print(json.dumps(sorted(seen)))
"""


def test_readers_see_whole_releases_while_new_ones_come(tmp_path: Path) -> None:
    """Several readers through ``current``, six releases in a row; each reads of one release what it reads at a time."""
    from releases.tables import export_tables
    from releases.verdict import Verdict, store_verdict

    def judged(release_id: str) -> None:
        with duckdb.connect() as connection:
            connection.execute("create schema published")
            source = worlds.small_home().releases / "current" / "tables"
            for table in RELEASED:
                connection.execute(
                    f"create table published.{table} as select * replace ('{release_id}' as release_id) from '{source}/{table}.parquet'"
                )
            tables = export_tables(connection, tmp_path / "candidates")
        store_verdict(tmp_path / "candidates", Verdict(release_id, "f", tables, []))

    facts = current_release(worlds.small_home().releases)
    assert facts is not None
    stated = {
        k: v for k, v in facts.manifest.items() if k not in ("release_id", "tables", "published_at")
    } | {"fingerprint": "f"}
    releases, stop = tmp_path / "releases", tmp_path / "stop"
    judged("2025Q4.1")
    publish(releases, tmp_path / "candidates", "2025Q4.1", stated)
    command = [sys.executable, "-c", READER, str(releases / "current"), str(stop)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None and reader.stdout.readline() == "reading\n"
    for number in range(2, 8):
        judged(f"2025Q4.{number}")
        assert isinstance(publish(releases, tmp_path / "candidates", f"2025Q4.{number}", stated), Release)
    stop.touch()
    for reader in readers:
        said, complaint = reader.communicate(timeout=60)
        assert reader.returncode == 0, complaint
        assert "2025Q4.7" in json.loads(said)


# ---- rights and garbage --------------------------------------------------------------------------------------

WITHOUT_RIGHTS = """
import os, sys
import orchestration.run  # before the rights to read it may be gone
from orchestration.cli import app
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
app(["run", "--home", sys.argv[1], "--as-of", "2025Q4", "--json"])
"""


def test_a_home_that_cannot_be_written_to(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        home = worlds.write_world(Home(Path(folder) / "home"))
        for path in (home.root, *home.root.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        Path(folder).chmod(0o755)
        ended = subprocess.run(
            [sys.executable, "-c", WITHOUT_RIGHTS, str(home.root)], capture_output=True, text=True
        )
        for path in (home.root, *home.root.rglob("*")):
            path.chmod(0o755)
        assert sorted(p.name for p in home.root.iterdir()) == ["labourdb.toml", "landing"]
    assert ended.returncode == 1, ended.stderr
    assert "Permission denied" in ended.stderr and "Traceback" not in ended.stderr
    assert json.loads(ended.stdout)["exit_code"] == 1


def test_garbage_in_landing_is_named(tmp_path: Path) -> None:
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    (home.landing / "payroll").mkdir()
    (home.landing / "readme.txt").write_text("hello")
    (home.landing / ".DS_Store").write_bytes(b"\0")
    for name in ("2025-13", "2025-12.r1", "2025-12.R2", "December", "2026-01"):
        (home.landing / "population" / name).mkdir()
    (home.landing / "population" / ".tmp").mkdir()
    (home.landing / "population" / "2025-12" / ".data.csv.swp").write_bytes(b"\0")
    (home.landing / "population" / "2025-12" / "~$data.xlsx").write_bytes(b"\0")
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        said = CliRunner().invoke(app, ["status", "--home", str(home.root), "--json"])
    strange = json.loads(said.stdout)["not_recognised"]
    named = sorted(note.split(":")[0] for note in strange)
    assert named == sorted(
        [
            "payroll",
            "readme.txt",
            *(f"population/{n}" for n in ("2025-13", "2025-12.r1", "2025-12.R2", "December", "2026-01")),
        ]
    )
    assert strange == find_deliveries(home.landing)[1]
    assert not worlds.run_world(home).published  # nothing of it is new
