"""What DuckDB may use: from one place, of the machine where nothing is stated; what is said when it is too little."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from sources import engine
from sources.engine import Limits, advice, connect, half_of_memory, in_force, is_short, machine_memory, within

ROOT = Path(__file__).resolve().parents[3]
TOO_MUCH = "create table t as select i, hash(i) as h, random() as r from range(20_000_000) as x(i)"


def setting(connection: duckdb.DuckDBPyConnection, name: str) -> object:
    row = connection.execute("select current_setting(?)", [name]).fetchone()
    assert row is not None
    return row[0]


def test_nothing_else_opens_duckdb() -> None:
    """Every connection has its limits from one place: what opens DuckDB by itself takes four fifths of the machine."""
    opens = re.compile(
        r"\bduckdb\s*\.\s*(connect|execute|sql|query|from_\w+|read_\w+|default_connection)\s*\("
    )
    found = [
        path.relative_to(ROOT).as_posix()
        for package in ("sources", "expectations", "releases", "orchestration")
        for path in (ROOT / package).rglob("*.py")
        if opens.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["sources/engine.py"]


def test_without_a_setting_it_is_half_of_the_machine_and_all_its_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "machine_memory", lambda: 8 << 30)
    monkeypatch.setattr(engine, "all_cores", lambda: 3)
    assert half_of_memory() == "4096MiB"
    with connect() as connection:
        assert setting(connection, "memory_limit") == "4.0 GiB"


def test_a_container_has_less_than_its_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole = machine_memory()
    (tmp_path / "memory.max").write_text("max\n")
    monkeypatch.setattr(engine, "_CGROUP", (str(tmp_path / "memory.max"), str(tmp_path / "absent")))
    assert machine_memory() >= whole
    (tmp_path / "memory.max").write_text(f"{1 << 30}\n")
    assert machine_memory() == 1 << 30 and half_of_memory() == "512MiB"


def test_who_knows_no_home_gets_the_limits_in_force(tmp_path: Path) -> None:
    stated = Limits("700MiB", 1, tmp_path / "spill")
    with within(stated):
        assert in_force() == stated
        with connect() as connection:
            assert setting(connection, "memory_limit") == "700.0 MiB" and setting(connection, "threads") == 1
            assert setting(connection, "temp_directory") == str(tmp_path / "spill")
        with connect(limits=Limits("600MiB", 1)) as connection:  # stated ones come first
            assert setting(connection, "memory_limit") == "600.0 MiB"
            assert setting(connection, "temp_directory") in ("", None)
    assert in_force().spill is None


def test_too_little_memory_says_which_setting() -> None:
    with (
        connect(limits=Limits("24MB", 1)) as connection,
        pytest.raises(duckdb.OutOfMemoryException) as caught,
    ):
        connection.execute(TOO_MUCH)
    said = advice(str(caught.value))
    assert (
        is_short(caught.value)
        and "`memory` under [engine]" in said
        and "`threads`" in said
        and "disk" not in said
    )


def test_too_little_disk_says_so_too(tmp_path: Path) -> None:
    with connect(limits=Limits("24MB", 1, tmp_path)) as connection:
        connection.execute("set max_temp_directory_size = '20MB'")
        with pytest.raises(duckdb.Error) as caught:
            connection.execute(TOO_MUCH)
    assert is_short(caught.value)
    assert "free space on the disk" in advice(str(caught.value)) and "`memory` under [engine]" in advice(
        str(caught.value)
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("IO Error: Could not write file: No space left on device", "free space"),
        ("Out of Memory Error: failed to pin block of size 256.0 KiB", "`threads`"),
        ("MemoryError", "`threads`"),
        ("IO Error: Could not set lock on file", ""),
        ("Conversion Error: Could not convert string", ""),
    ],
)
def test_only_what_is_of_memory_or_disk_is_told_of(words: str, told: str) -> None:
    assert told in advice(words) and bool(advice(words)) == bool(told)


def test_what_content_causes_is_not_of_the_machine() -> None:
    assert is_short(MemoryError()) and is_short(OSError(28, "No space left on device"))
    assert not is_short(duckdb.ConversionException("no space left for '1'")) and not is_short(OSError("lock"))
