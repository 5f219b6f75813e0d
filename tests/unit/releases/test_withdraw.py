"""Taking a release back without touching it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from worlds.handwritten_releases import published

from orchestration.cli.main import app
from orchestration.home import Home
from releases.release import (
    current_release,
    latest_of,
    list_releases,
    next_id,
    point_current,
    refuse_withdrawn,
    standing_releases,
    withdraw,
)
from releases.withdraw import FILE, withdrawals
from sources.errors import LabourdbError, UsageError


def call(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(home.root)])


def said(result: Result) -> Any:
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A releases folder with 2025Q3.1, 2025Q4.1 and 2025Q4.2, made from different things."""
    folder = tmp_path_factory.mktemp("made") / "releases"
    for number, name in enumerate(("2025Q3.1", "2025Q4.1", "2025Q4.2")):
        published(folder, name, fingerprint=f"of {number}")
    return folder


@pytest.fixture
def three(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "releases", symlinks=True))


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != FILE}


def pointed(folder: Path) -> str | None:
    link = folder / "current"
    return str(link.readlink()) if link.is_symlink() else None


def test_withdrawing_the_newest(three: Path) -> None:
    before = state_of(three)
    withdrawal, current = withdraw(three, "2025Q4.2", "  flows of the wrong file\n")
    assert current is not None and current.id == "2025Q4.1" == pointed(three)
    assert withdrawals(three) == {"2025Q4.2": withdrawal} and withdrawal.reason == "flows of the wrong file"
    assert withdrawal.by and withdrawal.at.endswith("+00:00")
    assert state_of(three) == before  # the release itself stays as it was
    assert [r.id for r in list_releases(three)] == ["2025Q3.1", "2025Q4.1", "2025Q4.2"]
    assert [r.id for r in standing_releases(three)] == ["2025Q3.1", "2025Q4.1"]
    latest = latest_of(three, "2025Q4")
    assert latest is not None and latest.id == "2025Q4.1"
    assert next_id(three, "2025Q4") == "2025Q4.3"
    assert not (three / f".{FILE}").exists()


def test_withdrawing_an_older_one_moves_nothing(three: Path) -> None:
    _, current = withdraw(three, "2025Q4.1", "superseded by a correction")
    assert current is not None and current.id == "2025Q4.2" == pointed(three)


def test_withdrawing_all(three: Path) -> None:
    for release in list_releases(three):
        _, current = withdraw(three, release.id, "all of it")
    assert current is None and pointed(three) is None and current_release(three) is None
    assert point_current(three) is None and latest_of(three, "2025Q4") is None
    assert next_id(three, "2025Q4") == "2025Q4.3" and next_id(three, "2025Q3") == "2025Q3.2"
    shutil.rmtree(three / "2025Q4.2")  # and its number is still not free
    assert next_id(three, "2025Q4") == "2025Q4.3"
    published(three, "2025Q4.3", fingerprint="mended")
    assert pointed(three) == "2025Q4.3"


@pytest.mark.parametrize(
    ("release", "reason", "says"),
    [
        ("2025Q4.7", "why not", "known are 2025Q3.1, 2025Q4.1, 2025Q4.2"),
        ("current", "why not", "known are"),
        ("2025Q4.2", " \t", "--reason"),
        ("2025Q4.1", "again", "withdrawn already"),
    ],
)
def test_withdrawals_that_cannot_be_meant(three: Path, release: str, reason: str, says: str) -> None:
    withdraw(three, "2025Q4.1", "first [reason]")
    before = (three / FILE).read_bytes()
    with pytest.raises(UsageError, match=says):
        withdraw(three, release, reason)
    assert (three / FILE).read_bytes() == before and pointed(three) == "2025Q4.2"
    home = Home(three.parent)
    result = call(home, "withdraw", release, "--reason", reason, "--json")
    assert result.exit_code == 2 and said(result)["exit_code"] == 2 and says in result.stderr


def test_a_withdrawal_killed_half_way(three: Path) -> None:
    """Recorded, and ``current`` not yet moved: it counts at once, and the next command moves the pointer."""
    withdraw(three, "2025Q4.2", "killed")
    (three / "current").unlink()
    (three / "current").symlink_to("2025Q4.2")
    current = current_release(three)
    assert current is not None and current.id == "2025Q4.1"
    with pytest.raises(UsageError, match="withdrawn already"):
        withdraw(three, "2025Q4.2", "killed")
    assert pointed(three) == "2025Q4.1"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"2025Q4.2": "x"}', b'{"2025Q4.2": {"why": 1}}', b"\xff"]
)
def test_a_damaged_record_brings_nothing_back(three: Path, content: bytes) -> None:
    (three / FILE).write_bytes(content)
    for question in (standing_releases, point_current, current_release):
        with pytest.raises(LabourdbError, match=r"withdrawn\.json does not read"):
            question(three)
    assert call(Home(three.parent), "releases").exit_code == 1


def test_what_was_withdrawn_is_not_made_again(three: Path) -> None:
    refuse_withdrawn(three, "2025Q4", "of 2")
    withdraw(three, "2025Q4.2", "a wrong file")
    with pytest.raises(
        LabourdbError, match=r"publish 2025Q4\.2 again(.|\n)*a wrong file\n.*[Mm]end the deliveries"
    ):
        refuse_withdrawn(three, "2025Q4", "of 2")
    refuse_withdrawn(three, "2025Q4", "of 1")
    refuse_withdrawn(three, "2025Q3", "of 2")


@pytest.mark.parametrize("command", ["diff", "verify", "withdraw"])
def test_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0 and {"Usage", "--home", "--json"} <= set(
        result.stdout.replace(":", " ").split()
    )


def test_the_command(three: Path) -> None:
    home = Home(three.parent)
    with home.locked():  # this process holds it already
        result = call(home, "withdraw", "2025Q4.2", "--reason", "a wrong [file]")
    assert result.exit_code == 0 and "a wrong [file]" in result.stdout and "2025Q4.1" in result.stdout
    rows = said(call(home, "releases", "--json"))
    assert [(r["release"], r["current"], r["withdrawn"]) for r in rows] == [
        ("2025Q3.1", False, None), ("2025Q4.1", True, None), ("2025Q4.2", False, "a wrong [file]"),
    ]  # fmt: skip
    assert "a wrong [file]" in call(home, "releases").stdout
    facts = said(call(home, "withdraw", "2025Q4.1", "--reason", "too", "--json"))
    assert facts["current_release"] == "2025Q3.1" and facts["reason"] == "too" and facts["exit_code"] == 0
    call(home, "withdraw", "2025Q3.1", "--reason", "too")
    home.landing.mkdir()
    status = said(call(home, "status", "--json"))
    assert status["current_release"] is None
    assert [w["release"] for w in status["withdrawn"]] == ["2025Q3.1", "2025Q4.1", "2025Q4.2"]
    text = call(home, "status").stdout
    assert "none stands" in text and "Withdrawn: 2025Q4.2" in text and "a wrong [file]" in text
    assert call(home, "withdraw", "2025Q4.1").exit_code == 2  # no reason
    assert call(Home(home.root / "none"), "withdraw", "2025Q4.1", "--reason", "x").exit_code == 2
    assert not (home.root / "none").exists()
