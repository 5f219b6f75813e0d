"""The wheel: built from a clone, it runs a small world from any folder, with nothing of the clone in reach."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.run.fingerprint import PACKAGES, product_files

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds, built from tracked files alone."""
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES, "pyproject.toml", "README.md"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, tracked.split("\0")):
        (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "clone" / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", folder, folder / "clone"], check=True)
    shutil.rmtree(folder / "clone")
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "there", wheel], check=True)
    return folder / "there"


def labourdb(installed: Path, *arguments: str) -> str:
    """What the installed command prints, run outside the clone."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "XDG_CACHE_HOME": str(installed.parent / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", *arguments],
        cwd=installed.parent, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_every_file_that_a_release_is_made_with(installed: Path) -> None:
    held = {p.relative_to(installed).as_posix() for p in product_files(installed)}
    assert held == {p.relative_to(ROOT).as_posix() for p in product_files(ROOT)}
    assert not list(installed.glob("dbt_project/target")) and not list(installed.glob("tests"))


def test_it_runs_a_small_world_from_another_folder(installed: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    labourdb(
        installed, "simulate", "--home", home, "--persons", "1000", "--months", "7", "--until", "2025-12"
    )
    outcome = json.loads(labourdb(installed, "run", "--home", home, "--as-of", "2025Q4", "--json"))
    assert outcome["published"] and outcome["release"] == "2025Q4.1"
    assert (Path(outcome["path"]) / "site" / "vi" / "index.html").stat().st_size > 10_000
    verified = json.loads(labourdb(installed, "verify", "2025Q4.1", "--home", home, "--json"))
    assert verified["as_published"]
    assert not (installed / "dbt_project" / "target").exists(), "an installed project is not written to"
    assert list((installed.parent / "cache" / "labourdb").glob("dbt-*/manifest.json"))
