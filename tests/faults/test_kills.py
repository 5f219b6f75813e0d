"""``kill -9`` at any moment of a run, then a run to the end: readers and the tables never see that there was a kill."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from child_runs import INSTANTS, kill_group, start_run
from how_often import times
from worlds import eighteen_persons as worlds
from worlds.handwritten_releases import indicator, published

from orchestration.home import Home
from releases.audit.verify import verify
from releases.release import current_release, list_releases, withdraw
from releases.withdraw import withdrawals

AT_ONCE = 2
LONGEST = 600.0  # seconds a run may take on a busy machine
WHEN = re.compile(r"\d{8}T\d{6}\.\d+Z")  # Great Expectations names results by their time


@dataclass(frozen=True)
class Scene:
    """What a killed run starts from and what an undisturbed run makes of it."""

    name: str
    start: Home
    before: frozenset[str]
    after: Home

    @property
    def new(self) -> str:
        """The release that the run is to make."""
        return f"{worlds.AS_OF}.{len(self.before) + 1}"


@cache
def first_run() -> Scene:
    """Nothing but deliveries: the first ingestion is killed."""
    start = worlds.write_world(Home(worlds.scratch() / "deliveries-alone"))
    return Scene("first run", start, frozenset(), worlds.small_home())


@cache
def second_run() -> Scene:
    """A home with a release, to which a corrected delivery has come."""
    start = worlds.copy_of(worlds.small_home(), worlds.scratch() / "one-more-delivery")
    rows = worlds.deliveries()["training/2025-09"]
    worlds.deliver(start, "training/2025-09.r2", [r for r in rows if r["record_no"] != "3"])
    after = worlds.copy_of(start, worlds.scratch() / "one-more-delivery-run")
    assert worlds.run_world(after).release.id == f"{worlds.AS_OF}.2"
    assert worlds.table_bytes(after) != worlds.table_bytes(worlds.small_home())
    return Scene("second run", start, frozenset({f"{worlds.AS_OF}.1"}), after)


def assert_readers_see_whole_releases(home: Home, scene: Scene) -> None:
    """Old or new, each whole as published; and ``current`` points to one of them, if there is any."""
    found = {r.id for r in list_releases(home.releases)}
    assert scene.before <= found <= scene.before | {scene.new}
    for release in list_releases(home.releases):
        assert {i.state for i in verify(release, home.landing)} == {"ok"}, release.id
    current = current_release(home.releases)
    assert (current.id if current else None) in found | (set() if scene.before else {None})


def assert_nothing_of_the_kill_is_left(home: Home, scene: Scene) -> None:
    """The tables of an undisturbed run, and no half-made file anywhere in the home."""
    assert {r.id for r in list_releases(home.releases)} == scene.before | {scene.new}
    assert (home.releases / "current").readlink() == Path(scene.new)
    assert worlds.table_bytes(home) == worlds.table_bytes(scene.after)
    assert {i.state for r in list_releases(home.releases) for i in verify(r, home.landing)} == {"ok"}
    parts = set()
    for one in (home, scene.after):
        paths = (p.relative_to(one.root) for p in one.root.rglob("*") if p.is_file() or p.is_symlink())
        parts.add(frozenset(WHEN.sub("", str(p)) for p in paths if p.parts[0] not in ("dagster", "landing")))
    undisturbed, killed = (sorted(p) for p in (parts if len(parts) == 2 else [*parts, *parts]))
    assert undisturbed == killed
    with worlds.opened(home) as databases:
        found = databases.execute(
            "select distinct database_name from duckdb_tables() where not temporary"
        ).fetchall()
    assert {("w",), ("restricted",)} <= set(found)


def killed_and_run_again(
    children: ForkServerContext, scene: Scene, folder: Path, at: float | str
) -> tuple[bool, bool]:
    """Kill a run after ``at`` seconds, or at an instant; then let one finish.

    Returns whether the kill hit, and whether the new release was there already.
    """
    home = worlds.copy_of(scene.start, folder)
    child = start_run(children, home, at if isinstance(at, str) else None)
    if isinstance(at, str):
        child.join(LONGEST)
        hit = child.exitcode == -signal.SIGKILL
    else:
        time.sleep(at)
        hit = kill_group(child)
    assert_readers_see_whole_releases(home, scene)
    new = len(list_releases(home.releases)) > len(scene.before)
    last = start_run(children, home)
    last.join(LONGEST)
    assert last.exitcode == 0, "the run after the kill did not end well"
    assert_nothing_of_the_kill_is_left(home, scene)
    shutil.rmtree(folder)
    return hit, new


def undisturbed_seconds(children: ForkServerContext, scene: Scene, folder: Path) -> float:
    """How long a run takes here and now, with as many others at its side as the killed ones will have."""

    def one(number: int) -> float:
        home = worlds.copy_of(scene.start, folder / str(number))
        began = time.monotonic()
        child = start_run(children, home)
        child.join(LONGEST)
        assert child.exitcode == 0
        seconds = time.monotonic() - began
        assert_nothing_of_the_kill_is_left(home, scene)
        return seconds

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return max(pool.map(one, range(AT_ONCE)))


def kill_often(
    children: ForkServerContext, scene: Scene, folder: Path, moments: Sequence[float | str]
) -> tuple[int, int]:
    """Kills at all these moments, some at a time; returns how many hit, and how many after the new release was there."""

    def one(number: int) -> tuple[bool, bool]:
        try:
            return killed_and_run_again(children, scene, folder / f"kill{number}", moments[number])
        except AssertionError as error:
            raise AssertionError(f"{scene.name}, killed at {moments[number]}: {error}") from error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(one, range(len(moments))))
    return sum(hit for hit, _ in results), sum(new for _, new in results)


def test_killed_runs_leave_no_trace(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """The short form: a first run killed at any moment, then at the worst, then let alone."""
    scene, moment = first_run(), random.Random().uniform(0.2, 8)
    home = worlds.copy_of(scene.start, tmp_path / "home")
    child = start_run(children, home)
    time.sleep(moment)
    kill_group(child)
    assert_readers_see_whole_releases(home, scene)
    child = start_run(children, home, "the release is renamed, `current` not moved")
    child.join(LONGEST)
    assert child.exitcode == -signal.SIGKILL
    assert_readers_see_whole_releases(home, scene)
    last = start_run(children, home)
    last.join(LONGEST)
    assert last.exitcode == 0
    assert_nothing_of_the_kill_is_left(home, scene)
    figures(f"kills: a run killed after {moment:.2f} s, and between rename and `current`: no trace")


@pytest.mark.slow
def test_killed_runs_leave_no_trace_often(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Half of the kills in a home's first run, half in its second; besides, one at every instant that could hurt.

    Of fewer than twenty kills, a third of the instants, in the second run alone.
    """
    kills, chance = times("LABOURDB_KILLS"), random.Random(20260101)
    for share, scene in ((kills - kills // 2, first_run()), (kills // 2, second_run())):
        some = list(INSTANTS)[::3] if scene.before else []
        instants = list(INSTANTS) if kills >= 20 else some
        folder = tmp_path / scene.name
        seconds = undisturbed_seconds(children, scene, folder)
        moments = [chance.uniform(0, seconds) for _ in range(share)]
        began = time.monotonic()
        hit, new = kill_often(children, scene, folder, [*moments, *instants])
        figures(
            f"kills, {scene.name}: {share} at random within {seconds:.1f} s, {len(instants)} at stated instants;"
            f" {hit} hit a run at work, {new} after the new release was in place, the others before;"
            f" every run again gave the undisturbed tables ({(time.monotonic() - began) / (share + len(instants)):.1f} s each)"
        )
        assert hit >= len(instants) + share // 2, "too few kills hit a run at work"


# ---- withdrawal ----------------------------------------------------------------------------------------------


def _withdraw(folder: str, dies: str, after: float) -> None:
    import releases.release as module

    if dies:
        honest = getattr(module, dies)

        def die(*given: object) -> None:
            if dies == "record_withdrawal":
                honest(*given)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(module, dies, die)
    else:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, max(after, 1e-6))
    withdraw(Path(folder), "2025Q4.2", "wrong")


def test_a_killed_withdrawal_is_whole_or_not_there(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    """Said again it ends as if there had been no kill; and readers are never led to what is recorded as withdrawn."""
    made = tmp_path / "made"
    for number in (1, 2):
        published(made, f"2025Q4.{number}", indicators=[indicator("employed", number)])
    chance, recorded = random.Random(7), 0
    cases = [
        ("record_withdrawal", 0.0),
        ("point_current", 0.0),
        *(("", chance.uniform(0, 0.02)) for _ in range(8)),
    ]
    for number, (dies, after) in enumerate(cases):
        folder = tmp_path / str(number)
        shutil.copytree(made, folder, symlinks=True)
        child = children.Process(target=_withdraw, args=(str(folder), dies, after))
        child.start()
        child.join(LONGEST)
        assert child.exitcode in (0, -signal.SIGKILL)
        known = set(withdrawals(folder))
        assert known <= {"2025Q4.2"}
        recorded += bool(known)
        current = current_release(folder)
        assert current is not None and current.id == ("2025Q4.1" if known else "2025Q4.2")
        if not known:
            withdraw(folder, "2025Q4.2", "wrong")
        else:
            with pytest.raises(Exception, match="withdrawn already"):
                withdraw(folder, "2025Q4.2", "wrong")
        assert (folder / "current").readlink() == Path("2025Q4.1")
        assert not list(folder.glob(".*")), "nothing half-made is left"
    figures(f"kills, withdraw: {len(cases)}, {recorded} after it was recorded, the others before; all whole")
