"""A release of a simulated world, long enough that every published table has rows."""

from __future__ import annotations

import pytest

from orchestration.home import SEEDS, Home
from orchestration.run.execute import execute
from orchestration.settings import load_settings
from releases.release import Release
from sources.simulator import simulate


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    home = Home(tmp_path_factory.mktemp("clients") / "home")
    home.root.mkdir()
    simulate(home.root, 1_200, 24, "2025-12", ["30", "19"], 5, SEEDS, lambda text: None)
    outcome = execute(home, load_settings(home.settings), "2025Q4")
    assert outcome.published
    return outcome.release
