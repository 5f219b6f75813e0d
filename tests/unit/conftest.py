"""The cleaning macros and code lists in a database in memory, for tests of single rules."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from support.ingestion import SEEDS

from sources.restricted.database import load_rules


@pytest.fixture(scope="session")
def rules() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows every macro of ``sources/cleaning/macros.sql``."""
    with duckdb.connect(config={"threads": "1"}) as connection:
        load_rules(connection, SEEDS)
        yield connection
