"""The names that stand beside codes in the workbook of a release, for those who ask what its sheets hold."""

from __future__ import annotations

import duckdb

from orchestration.run.site import site_reference
from releases.site.code_names import name_codes
from releases.site.places import places


def name_as_sheets_do(tables: duckdb.DuckDBPyConnection) -> None:
    """Name codes in ``tables``, which holds the released tables, as the site of a release does."""
    reference = site_reference()
    name_codes(tables, reference, places(tables, reference))
