"""How far the lower bound's counts lie from the product's candidates: shares of the sums, so that nobody takes them for equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).resolve().parent
NUMERATORS = {  # indicator of the product to what is counted here
    "population_15_plus": "population", "labour_force": "labour_force", "participation_rate": "labour_force",
    "status_coverage": "with_status", "unemployment_rate": "unemployed", "employed": "employed", "unemployed": "unemployed",
    "inactive": "inactive", "abroad": "abroad", "status_unknown": "no_status", "underemployment_rate": "underemployed",
    "agriculture_share": "agriculture", "trained_share": "trained", "trained_certificate_share": "certified",
    "retrained_share": "retrained", "si_coverage": "insured", "si_voluntary_share": "voluntary", "ui_coverage": "ui",
    "formal_share": "formal",
}  # fmt: skip
FLOWS = ("M", "B", "E", "F", "A", "R", "S", "JC", "JD")


def check(
    connection: duckdb.DuckDBPyConnection, database: Path, first_year: int
) -> dict[str, list[tuple[Any, ...]]]:
    """Of indicators (by level: cells, both sums, percent off), median wages (by level: cells, found, mean and median percent
    off), flows, spells (both counts) and transitions (percent off), against the warehouse ``database``.
    """
    place = str(database).replace("'", "''")
    connection.execute(f"attach '{place}' as product (read_only)")
    sql = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined)
    text = sql.get_template("check.sql").render(
        first_year=first_year,
        numerators=NUMERATORS,
        flows=FLOWS,
        statuses=["unknown", "employed", "unemployed", "inactive", "abroad"],
    )
    statements = [s for s in text.split("-- ?") if s.strip()]
    found = {}
    for statement in statements:
        name, _, query = statement.partition("\n")
        found[name.strip()] = connection.execute(query).fetchall()
    return found
