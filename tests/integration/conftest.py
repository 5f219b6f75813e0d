"""Fixtures of the integration tests."""

from __future__ import annotations

import pytest
from worlds.eighteen_persons import made_once
from worlds.empty_home import EmptyHome, empty_home, parsed_manifest


@pytest.fixture(scope="session")
def pristine() -> EmptyHome:
    """The empty warehouse, made once for all test processes; tests change copies of it."""
    return EmptyHome(made_once("empty", empty_home), parsed_manifest())
