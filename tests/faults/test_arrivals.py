"""What arrives at the wrong time: a second run, a delivery during a run or half of one, another time of day, garbage."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from child_runs import command
from support import ingestion
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.handwritten_releases import published

import releases.release
from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run import steps
from releases.release import current_release, list_releases, next_id
from sources.errors import LabourdbError
from sources.ingest import deliveries as ingest_module
from sources.ingest.landing import find_deliveries

LONGEST = 600.0


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


def second_delivery(home: Home) -> None:
    """A corrected delivery, as somebody puts it down while a run is going on."""
    rows = worlds.deliveries()["training/2025-09"]
    worlds.deliver(home, "training/2025-09.r2", [r for r in rows if r["record_no"] != "3"])


def run_of(home: Home) -> list[str]:
    return ["run", "--home", str(home.root), "--as-of", worlds.AS_OF]


@pytest.mark.slow
def test_two_runs_at_once(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Five pairs would say no more: the lock is taken before anything is looked at."""
    home = worlds.copy_of(worlds.small_home(), tmp_path / "home")
    second_delivery(home)
    works = [tmp_path / name for name in ("one", "two", "three")]
    both = [command(children, run_of(home), work) for work in works]
    for child in both:
        child.join(LONGEST)
    codes = [child.exitcode for child in both]
    assert sorted(codes, key=str) == [0, 1, 1]
    for child, work in zip(both, works, strict=True):
        words = (work / "stderr").read_text()
        assert ("Another labourdb process" in words) == (child.exitcode == 1) and "Traceback" not in words
    assert [r.id for r in list_releases(home.releases)] == [f"{worlds.AS_OF}.1", f"{worlds.AS_OF}.2"]
    figures("two runs at once: of three started together one published, two said who is at work")


# ---- a delivery during the run -------------------------------------------------------------------------------


def _arrives_once_looked() -> None:
    """A delivery is put down just after the run has looked what there is."""
    honest = steps.find_deliveries

    def looked(landing: Path) -> Any:
        found = honest(landing)
        second_delivery(Home(landing.parent))
        return found

    steps.find_deliveries = looked


@pytest.mark.slow
def test_a_delivery_during_the_run_is_the_next_ones(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    home = worlds.write_world(Home(tmp_path / "home"))
    for number, prepare in enumerate((_arrives_once_looked, None), start=1):
        child = command(children, run_of(home), tmp_path / "work", prepare)
        child.join(LONGEST)
        assert child.exitcode == 0, (tmp_path / "work" / "stderr").read_text()
        release = current_release(home.releases)
        assert release is not None and release.id == f"{worlds.AS_OF}.{number}"
        inputs = {d["folder"] for d in release.manifest["inputs"]}
        assert ("training/2025-09.r2" in inputs) == (number == 2)
        if number == 1:
            assert worlds.table_bytes(home) == worlds.table_bytes(worlds.small_home())
    figures("a delivery during the run: nothing of it in that release, all of it in the next")


def test_a_file_that_grows_while_it_is_read_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was hashed with half of its lines: what would be loaded is not what would be noted."""
    rows = [ingestion.insured(n) for n in range(20)]
    path = ingestion.put(tmp_path, "a.csv", ingestion.csv_text(rows[:10]))
    honest = ingest_module.read_records

    def grows(*given: Any) -> bool:
        path.write_text(ingestion.csv_text(rows))
        return honest(*given)

    monkeypatch.setattr(ingest_module, "read_records", grows)
    database = ingestion.database()
    with pytest.raises(
        LabourdbError, match=r"social_insurance/2025-03 changed while it was read.*Run again when it is whole"
    ):
        ingestion.read(tmp_path, database)
    assert database.execute("select count(*) from landing.social_insurance").fetchone() == (0,)
    monkeypatch.undo()
    assert ingestion.read(tmp_path, database).counts() == {"a.csv": (20, 20, 0, 0, 0)}


def test_half_a_delivery_is_refused_if_its_list_says_what_is_whole(tmp_path: Path) -> None:
    """Without a list it cannot be told from a short one: it is loaded, and the run after it is whole stops and says so."""
    rows = [ingestion.insured(n) for n in range(20)]
    for listed in (True, False):
        home, database = tmp_path / str(listed), ingestion.database()
        path = ingestion.put(home, "a.csv", ingestion.csv_text(rows[:10]))
        if listed:
            ingestion.put(home, "delivery.json", json.dumps({"files": [{"name": "a.csv", "rows": 20}]}))
        result = ingestion.read(home, database)
        if listed:
            assert "holds 10 rows, but delivery.json states 20" in str(result.problem())
        else:
            assert result.counts() == {"a.csv": (10, 10, 0, 0, 0)}
            path.write_text(ingestion.csv_text(rows))
            with pytest.raises(LabourdbError, match=r"a\.csv: the file changed"):
                ingestion.read(home, database)


def test_what_is_still_under_a_hidden_name_has_not_arrived(tmp_path: Path) -> None:
    ingestion.put(tmp_path, "a.csv", "half", "social_insurance/.2025-03")
    (tmp_path / "landing" / ".incoming").mkdir()
    assert find_deliveries(tmp_path / "landing") == ([], [])
    (tmp_path / "landing" / "social_insurance" / ".2025-03").rename(
        tmp_path / "landing" / "social_insurance" / "2025-03"
    )
    assert [d.name for d in find_deliveries(tmp_path / "landing")[0]] == ["social_insurance/2025-03"]


# ---- the clock -----------------------------------------------------------------------------------------------


def test_the_newest_release_is_the_one_of_the_greatest_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each release is published a year before the last one, by the clock."""
    for number in (1, 2, 3):

        class Earlier(datetime):
            @classmethod
            def now(cls, tz: Any = None, years: int = number) -> datetime:
                return datetime(2026, 1, 1, tzinfo=tz) - timedelta(days=365 * years)

        monkeypatch.setattr(releases.release, "datetime", Earlier)
        published(tmp_path, f"2025Q4.{number}")
    times_said = [r.manifest["published_at"] for r in list_releases(tmp_path)]
    assert times_said == sorted(times_said, reverse=True) and len(set(times_said)) == 3
    current = current_release(tmp_path)
    assert current is not None and current.id == "2025Q4.3"
    assert next_id(tmp_path, "2025Q4") == "2025Q4.4"


def _clock_jumps() -> None:
    """Every look at the clock finds it in another year."""
    honest, jumps = time.time, iter(range(10**9))

    def jumping() -> float:
        return honest() + (next(jumps) % 5 - 2) * 365 * 86_400

    time.time = jumping


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Files from the future and from 1970, and a clock that jumps by years during the run and between two."""
    home = worlds.write_world(Home(tmp_path / "home"))
    for number, path in enumerate(sorted(home.landing.rglob("*"))):
        os.utime(path, (0, 0) if number % 2 else (4_000_000_000, 4_000_000_000))
    for said in ("Published", "Nothing new"):
        child = command(children, run_of(home), tmp_path / "work", _clock_jumps)
        child.join(LONGEST)
        assert child.exitcode == 0, (tmp_path / "work" / "stderr").read_text()
        assert said in (tmp_path / "work" / "stdout").read_text()
        shutil.rmtree(tmp_path / "work")
    assert worlds.table_bytes(home) == worlds.table_bytes(worlds.small_home())
    figures(
        "clock jumps: a run under a clock that jumps by years, with files from 1970 and 2096: the undisturbed tables"
    )


# ---- garbage -------------------------------------------------------------------------------------------------


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
