"""A clock behind the last release: a warning, and nothing without a yes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner
from worlds.handwritten_releases import published

from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run.clock import ACCEPTED, accepted, clock_behind, refuse_clock_behind
from sources.errors import UsageError

WORDS = "but release 2025Q4.1 was published at 2031-01-01T00:00:00+00:00"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with a release from the future, and one from now."""
    home = Home(tmp_path / "home")
    published(home.releases, "2025Q4.1")
    manifest = home.releases / "2025Q4.1/manifest.json"
    text = manifest.read_text()
    manifest.chmod(0o644)
    at = text.index('"published_at": "') + len('"published_at": "')
    manifest.write_text(text[:at] + "2031-01-01T00:00:00+00:00" + text[text.index('"', at) :])
    published(home.releases, "2025Q4.2")
    home.landing.mkdir()
    return home


def test_it_is_told(home: Home, tmp_path: Path) -> None:
    assert WORDS in str(clock_behind(home, datetime(2030, 12, 31, tzinfo=UTC)))
    assert clock_behind(home, datetime(2031, 1, 1, tzinfo=UTC)) is None
    assert clock_behind(Home(tmp_path / "new")) is None


def test_a_release_of_this_moment_is_not_ahead(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    published(home.releases, "2025Q4.1")
    assert clock_behind(home) is None
    assert clock_behind(home, datetime.now(UTC) - timedelta(seconds=5)) is not None


def test_without_a_yes_nothing_is_done(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ACCEPTED, raising=False)
    with pytest.raises(UsageError, match="--accept-clock"):
        refuse_clock_behind(home)
    with accepted(False), pytest.raises(UsageError):
        refuse_clock_behind(home)
    with accepted(True):
        refuse_clock_behind(home)
    with pytest.raises(UsageError):
        refuse_clock_behind(home)
    monkeypatch.setenv(ACCEPTED, "yes")
    refuse_clock_behind(home)


def test_the_command_line_asks_a_terminal_and_nobody_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    went_on = []

    def execute(*_: object) -> None:
        refuse_clock_behind(home)
        went_on.append(True)
        raise UsageError("as far as this test goes")

    monkeypatch.delenv(ACCEPTED, raising=False)
    monkeypatch.setattr("orchestration.run.execute.execute", execute)

    def run(*more: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["run", "--as-of", "2025Q4", "--home", str(home.root), *more])
        return result.exit_code, result.stderr

    code, said = run()
    assert code == 2 and said.startswith("Warning: This machine's clock") and WORDS in said and not went_on
    code, said = run("--accept-clock")
    assert code == 2 and said.startswith("Warning: ") and went_on and "as far as this test goes" in said
