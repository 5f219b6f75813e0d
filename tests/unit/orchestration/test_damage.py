"""A damaged file is named as damaged, whatever the engine says of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner
from worlds.eighteen_persons import copy_of, environment
from worlds.handwritten_releases import indicator, published

from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run.damage import damage, may_be_damage
from orchestration.run.execute import _raise_plainly
from sources.errors import LabourdbError
from sources.restricted.database import DATABASE, restricted_database
from sources.restricted.keys import KEY_VARIABLE, load_key

FORGED = duckdb.InvalidInputException("Computed AES tag differs from read AES tag")
CORRUPT = duckdb.IOException(
    "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2"
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with both databases, a history of runs and a release, all sound."""
    home = Home(tmp_path_factory.mktemp("sound") / "home")
    with environment(**{KEY_VARIABLE: None}), restricted_database(home.restricted) as connection:
        load_key(home.restricted, may_make=True)
        connection.execute(
            "create table landing.more as select md5(range::varchar) as name from range(50000)"
        )
    home.warehouse.mkdir()
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("create table t as select md5(range::varchar) as name from range(50000)")
    home.dagster.mkdir()
    history = sqlite3.connect(home.dagster / "runs.db")
    history.executescript("create table t (a text); insert into t values ('a')")
    history.close()
    published(home.releases, "2025Q4.1", indicators=[indicator("employed", 5)])
    return home


@pytest.fixture
def home(sound: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A copy of it, to be damaged."""
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    return copy_of(sound, tmp_path / "home")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for part in (0.3, 0.5, 0.7, 0.9):
        at = int(len(content) * part)
        content[at : at + 3_000] = bytes(b ^ 0xFF for b in content[at : at + 3_000])
    path.chmod(0o644)
    path.write_bytes(content)


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])


FILES = {
    f"restricted/{DATABASE}": "the landing area is read anew",
    "warehouse/labour.duckdb": "built anew",
    "dagster/runs.db": "the history of runs",
    "releases/2025Q4.1/tables/indicators.parquet": "Put the release back from your backup",
}


@pytest.mark.parametrize("spoil", [flip, cut])
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "error", [FORGED, CORRUPT, sqlite3.DatabaseError("database disk image is malformed")]
)
def test_the_damaged_file_is_named(
    home: Home, file: str, spoil: Callable[[Path], None], error: Exception
) -> None:
    assert damage(home, error) is None, "as long as all are sound"
    spoil(home.root / file)
    found = damage(home, error)
    assert found is not None and str(home.root / file) in str(found) and "damaged" in str(found)
    assert FILES[file] in str(found)
    with pytest.raises(LabourdbError, match="damaged"):
        _raise_plainly(home, "2025Q4", error)


def test_a_full_disk_is_no_damage(home: Home) -> None:
    full = duckdb.IOException("IO Error: Could not write file: No space left on device")
    assert not may_be_damage(full) and damage(home, full) is None
    with pytest.raises(LabourdbError, match="too little memory or disk"):
        _raise_plainly(home, "2025Q4", full)


def test_what_comes_from_damage_counts_as_it(home: Home) -> None:
    outer = RuntimeError("step failed")
    outer.__cause__ = CORRUPT
    assert may_be_damage(outer) and not may_be_damage(RuntimeError("corrupt"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"nul"])
def test_a_damaged_manifest_is_named(home: Home, content: bytes) -> None:
    manifest = home.releases / "2025Q4.1/manifest.json"
    manifest.chmod(0o644)
    manifest.write_bytes(content)
    result = CliRunner().invoke(app, ["releases", "--home", str(home.root)])
    assert result.exit_code == 1 and f"{manifest} is damaged" in result.stderr.replace("\n", "")


def test_errors_that_come_from_each_other_end() -> None:
    """As Dagster chains them: an error raised again while the one it caused was handled."""
    first, second = LabourdbError("one"), RuntimeError("other")
    first.__context__, second.__cause__ = second, first
    assert not may_be_damage(second)
