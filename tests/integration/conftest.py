"""Fixtures of the integration tests."""

from __future__ import annotations

import pytest
from worlds.empty_home import EmptyHome, empty_home


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> EmptyHome:
    """The empty warehouse; tests change copies of it."""
    return empty_home(tmp_path_factory.mktemp("empty"))
