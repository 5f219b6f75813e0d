"""Where the parsed dbt project is kept: with code that nobody may write to, and where only a cache may be written to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.dbt import project
from orchestration.run.fingerprint import PACKAGES
from sources.errors import LabourdbError

ROOT = Path(__file__).parents[3]
ASK = "from orchestration.dbt.project import manifest_path; print(manifest_path())"
SEEDS = "from orchestration.dbt.project import parsed; print({n.root_path for n in parsed().nodes.values() if hasattr(n, 'root_path')})"
# who may write to everything is made to obey the files' modes
OBEYING = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of the code that may not be written to, parsed."""
    folder = tmp_path / "code"
    for package in PACKAGES:
        leave = shutil.ignore_patterns("__pycache__", "logs")
        shutil.copytree(ROOT / package, folder / package, ignore=leave)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & 0o555)
    return folder


def said(code: Path, what: str, cache: Path) -> str:
    """What a process says that may read the code and write to the cache."""
    told = {"PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [*OBEYING, sys.executable, "-c", what], cwd=code, env={**os.environ, **told}, capture_output=True, text=True
    )  # fmt: skip
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def unparsed(code: Path) -> None:
    """Take what was parsed out of the code."""
    (code / "dbt_project").chmod(0o755)
    (code / "dbt_project" / "target").chmod(0o755)
    shutil.rmtree(code / "dbt_project" / "target")
    (code / "dbt_project").chmod(0o555)


def test_code_that_was_parsed_is_read_wherever_it_lies_and_not_written_to(code: Path, tmp_path: Path) -> None:
    before = {p.relative_to(code): p.stat().st_mtime_ns for p in code.rglob("*")}
    assert said(code, ASK, tmp_path / "cache") == str(code / "dbt_project/target/manifest.json")
    assert said(code, SEEDS, tmp_path / "cache") == str({str(code / "dbt_project")})
    assert {p.relative_to(code): p.stat().st_mtime_ns for p in code.rglob("*")} == before
    assert not (tmp_path / "cache").exists()


def test_where_nothing_may_be_written_to_it_says_what_to_do(code: Path, tmp_path: Path) -> None:
    unparsed(code)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o555)
    words = said(code, ASK, tmp_path / "cache")
    assert "cannot be kept" in words and "Permission denied" in words and "XDG_CACHE_HOME" in words


@pytest.mark.slow
def test_code_that_was_not_parsed_is_parsed_into_the_cache_once(code: Path, tmp_path: Path) -> None:
    unparsed(code)
    kept = Path(said(code, ASK, tmp_path / "cache"))
    assert kept.is_relative_to(tmp_path / "cache")
    assert sorted(p.name for p in kept.parent.iterdir()) == [
        "lineage.json",
        "manifest.json",
        "manifest.msgpack",
        "parsed.sha256",
    ]
    at = kept.stat().st_mtime_ns
    assert said(code, ASK, tmp_path / "cache") == str(kept) and kept.stat().st_mtime_ns == at
    assert not (code / "dbt_project" / "target").exists() and not (code / "dbt_project" / "logs").exists()


def test_what_was_parsed_names_no_place_of_this_machine() -> None:
    for name in ("manifest.json", "manifest.msgpack", "lineage.json"):
        assert str(ROOT).encode() not in project.manifest_path().with_name(name).read_bytes()
    assert len(json.loads(project.manifest_path().read_text())["nodes"]) > 150


def test_an_older_parsed_project_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = tmp_path / "beside"
    shutil.copytree(project.manifest_path().parent, beside)
    monkeypatch.setattr(project, "_kept", lambda: [beside])
    monkeypatch.setattr(project, "_writable", lambda: beside)
    assert project.manifest_path() == beside / "manifest.json"
    (beside / "parsed.sha256").write_text("of another project")

    def parse(place: Path) -> None:
        raise LabourdbError("parsed anew")

    monkeypatch.setattr(project, "_parse", parse)
    with pytest.raises(LabourdbError, match="parsed anew"):
        project.manifest_path()
    assert not list(beside.glob(".parsing-*"))
