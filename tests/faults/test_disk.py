"""A disk that is full, and a home that can only be read: plain words, nothing half-made, and what only reads goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from child_runs import command
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds

from orchestration.cli.main import app
from orchestration.home import Home
from releases.audit.verify import verify
from releases.release import list_releases

SIZE = 400 << 20
LONGEST = 600.0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"this account may not mount a disk: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, but: int) -> Path:
    """Fill the disk but for some bytes; returns what fills it."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    room = shutil.disk_usage(disk).free - but
    with ballast.open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, room)
    return ballast


def run_on_full_disk(children: ForkServerContext, disk: Path, home: Home, free: Sequence[int]) -> list[str]:
    """Run the home with each of these bytes free; returns what was said each time."""
    before = {r.id for r in list_releases(home.releases)}
    tables = worlds.table_bytes(home)
    said = []
    for number, room in enumerate(free):
        ballast = fill(disk, room)
        work = disk.parent / f"work{number}"
        child = command(children, ["run", "--home", str(home.root), "--as-of", worlds.AS_OF], work)
        child.join(LONGEST)
        words = (work / "stderr").read_text()
        assert child.exitcode == 1, f"{room} bytes free: ended with {child.exitcode}: {words}"
        assert "Traceback" not in words and any(w in words for w in ("space", "disk")), (
            f"{room} bytes free: {words}"
        )
        assert {r.id for r in list_releases(home.releases)} == before and worlds.table_bytes(home) == tables
        assert {i.state for r in list_releases(home.releases) for i in verify(r, home.landing)} == {"ok"}
        said.append(words.strip().splitlines()[-1])
        ballast.unlink()
    return said


def _one_more_delivery(disk: Path) -> Home:
    home = worlds.copy_of(worlds.small_home(), disk / "home")
    rows = worlds.deliveries()["training/2025-09"]
    worlds.deliver(home, "training/2025-09.r2", [r for r in rows if r["record_no"] != "3"])
    return home


def test_a_full_disk_is_told_of(
    children: ForkServerContext, disk: Path, figures: Callable[[str], None]
) -> None:
    said = run_on_full_disk(children, disk, _one_more_delivery(disk), [0])
    figures(f"full disk, nothing free: exit 1, {said[0]!r}")


@pytest.mark.slow
def test_disks_that_fill_up_on_the_way(
    children: ForkServerContext, disk: Path, figures: Callable[[str], None]
) -> None:
    home = _one_more_delivery(disk)
    free = [64 << 10, 700 << 10, 2 << 20, 5 << 20]
    said = run_on_full_disk(children, disk, home, free)
    last = command(children, ["run", "--home", str(home.root), "--as-of", worlds.AS_OF], disk.parent / "work")
    last.join(LONGEST)
    assert last.exitcode == 0, (disk.parent / "work" / "stderr").read_text()
    undisturbed = _one_more_delivery(disk.parent)
    assert worlds.run_world(undisturbed).published
    assert worlds.table_bytes(home) == worlds.table_bytes(undisturbed)
    assert not list(home.releases.glob(".*")) and not list(home.restricted.glob(".*"))
    figures(f"full disk: {len(free)} runs with {', '.join(f'{f >> 10} KiB' for f in free)} free: exit 1, {len(set(said))} messages,"
            " nothing published; with room again the undisturbed tables")  # fmt: skip


# ---- only to be read -----------------------------------------------------------------------------------------


def test_a_home_on_a_disk_that_can_only_be_read(disk: Path, figures: Callable[[str], None]) -> None:
    """What only reads releases goes on; what must write says that it cannot."""
    home = worlds.copy_of(worlds.small_home(), disk / "home")
    worlds.deliver(home, "training/2025-08", worlds.deliveries()["training/2025-12"])
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    release, root = f"{worlds.AS_OF}.1", str(home.root)
    wanted = {
        ("releases", "--home", root): 0,
        ("diff", release, release, "--home", root): 0,
        ("verify", release, "--home", root): 0,
        ("check", f"{root}/landing/training/2025-12"): 0,
        ("run", "--home", root, "--as-of", worlds.AS_OF): 1,
        ("status", "--home", root): 1,
        ("withdraw", release, "--reason", "wrong", "--home", root): 1,
        ("simulate", "--home", root, "--persons", "1000", "--months", "1"): 1,
    }
    for arguments, code in wanted.items():
        with worlds.environment(LABOURDB_KEY=worlds.KEY):
            ended = CliRunner().invoke(app, list(arguments))
        assert ended.exit_code == code, f"{arguments}: {ended.output}"
        if code:
            assert (
                "Read-only file system" in ended.stderr and "Check rights and disk space" in ended.stderr
            ), ended.stderr
            assert "Traceback" not in ended.output
    figures(
        f"read-only home: {len(wanted)} commands, those that only read work, {sum(wanted.values())} say that they cannot write"
    )


WITHOUT_RIGHTS = """
import os, sys
import orchestration.run.execute, orchestration.run.steps  # before the rights to read it may be gone
from expectations.rules import load_rules
from orchestration.cli.main import app
load_rules()
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
