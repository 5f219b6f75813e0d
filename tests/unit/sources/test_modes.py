"""Folders and files have their modes whatever the umask, so that no second user can replace what was published."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from worlds.handwritten_releases import indicator, published

from orchestration.home import Home
from releases.release import withdraw


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o177], ids=oct)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home made under an umask."""
    previous = os.umask(request.param)
    try:
        yield Home(tmp_path / "home")
    finally:
        os.umask(previous)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_lock_is_its_owners_alone(home: Home) -> None:
    with home.locked():
        assert mode(home.root / ".lock") == 0o600
        assert mode(home.root) == 0o755
    (home.root / ".lock").chmod(0o666)
    with home.locked():
        assert mode(home.root / ".lock") == 0o600


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    home, other = Home(tmp_path / "home"), tmp_path / "other"
    home.root.mkdir()
    other.write_text("theirs")
    (home.root / ".lock").symlink_to(other)
    with pytest.raises(OSError, match="symbolic"), home.locked():
        pass
    assert other.read_text() == "theirs"


def test_a_release_is_for_all_to_read_and_for_nobody_to_change(home: Home) -> None:
    with home.locked():
        release = published(
            home.releases, "2025Q4.1", ledger=home.ledger, indicators=[indicator("employed", 5)]
        )
        withdraw(home.releases, "2025Q4.1", "a test")
    assert mode(home.releases) == 0o755 and mode(home.releases / "withdrawn.json") == 0o644
    assert {mode(p) for p in release.path.rglob("*") if p.is_file()} == {0o444}
    assert {mode(p) for p in (release.path, *release.path.rglob("*")) if p.is_dir()} == {0o755}
    assert mode(home.ledger) == 0o600 and mode(home.restricted) == 0o700


def test_what_is_made_under_the_lock_is_the_groups_to_read(home: Home) -> None:
    before = os.umask(0o022)
    os.umask(before)
    with home.locked():
        (home.root / "a").mkdir()
        (home.root / "a/b").write_text("")
        assert (mode(home.root / "a"), mode(home.root / "a/b")) == (0o750, 0o640)
    after = os.umask(before)
    assert after == before, "the process has its own again"


def test_what_an_earlier_version_left_open_is_closed_and_nothing_is_opened(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    release = published(home.releases, "2025Q4.1").path
    for path in (home.root, home.releases, release, release / "tables"):
        path.chmod(0o777)
    home.warehouse.mkdir()
    home.warehouse.chmod(0o700)
    with home.locked():
        found = [mode(p) for p in (home.root, home.releases, release, release / "tables", home.warehouse)]
    assert found == [0o755, 0o755, 0o755, 0o755, 0o700]
