"""Who opened the restricted zone, and what for: a line each, and no more."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.restricted import access
from sources.restricted.access import accessing
from sources.restricted.database import restricted_database
from sources.restricted.encryption import WrongKey
from sources.restricted.keys import KEY_VARIABLE, load_key

OTHER = "another key, which is just as long as the one before"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A restricted zone under a key of its own."""
    folder = tmp_path / "restricted"
    with restricted_database(folder):
        load_key(folder)
    return folder


def lines(folder: Path) -> Iterator[tuple[str, str]]:
    for line in (folder / access.FILE).read_text().splitlines():
        entry = json.loads(line)
        assert set(entry) == {"at", "by", "process", "command", "detail"}
        yield entry["command"], entry["detail"]


def test_one_line_a_command_however_often_it_opens(tmp_path: Path) -> None:
    folder = tmp_path / "restricted"
    with accessing("labourdb run", "as_of=2025Q4"):
        for _ in range(3):
            with accessing("inner"), restricted_database(folder):
                pass
    with accessing("labourdb run", "as_of=2025Q4"), restricted_database(folder):
        pass
    assert list(lines(folder)) == [("labourdb run", "as_of=2025Q4")] * 2
    assert stat.S_IMODE((folder / access.FILE).stat().st_mode) == 0o600


def test_steps_of_a_run_in_dagster_make_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "restricted"
    for _ in range(3):
        with accessing("run in Dagster", "as_of=2031Q1", once=True), restricted_database(folder):
            pass
        with restricted_database(folder):  # between two steps
            pass
    assert list(lines(folder)) == [("run in Dagster", "as_of=2031Q1")]


def test_who_says_nothing_is_logged_at_each_opening(zone: Path) -> None:
    before = len(list(lines(zone)))
    for _ in range(2):
        with restricted_database(zone):
            pass
    found = list(lines(zone))[before:]
    assert [detail for _, detail in found] == ["no purpose stated"] * 2 and all(
        command for command, _ in found
    )


def test_a_failed_opening_is_logged_too(zone: Path) -> None:
    before = len(list(lines(zone)))
    (zone / "person.key").write_text(OTHER)
    with pytest.raises(WrongKey), accessing("labourdb status"), restricted_database(zone):
        pass
    assert list(lines(zone))[before:] == [("labourdb status", "")]
