"""Which delivered rows of official_statistics a published official figure is, or is derived from."""

from __future__ import annotations

import duckdb

from releases.audit.walk import Proof
from releases.tables import Row, rows_of
from sources.contract import load_contract
from sources.ingest.deciding import LINE_OF_ROW
from sources.restricted.database import FILE_OF_ROW

PRODUCTIVITY, GROWTH = "labour_productivity", "labour_productivity_growth"
INPUTS = ("grdp_constant_2010", "employed_average")
BASE_YEAR = "2020"
FORMULAS = {
    PRODUCTIVITY: "grdp_constant_2010 (billion VND) x 10^9 / employed_average (persons)",
    GROWTH: "((productivity of the year / productivity of 2020) ^ (1 / years since 2020) - 1) x 100",
}


def official_rows(warehouse: duckdb.DuckDBPyConnection, cell: Row, proof: Proof) -> Row:
    """The rows behind an official figure with file, hash and line, and how many other rows of each key gave way."""
    formula = None
    rows = _rows(warehouse, cell, cell["indicator"], cell["period"])
    if not rows and cell["indicator"] in FORMULAS:
        formula = FORMULAS[cell["indicator"]]
        periods = [cell["period"], BASE_YEAR] if cell["indicator"] == GROWTH else [cell["period"]]
        rows = [r for period in periods for name in INPUTS for r in _rows(warehouse, cell, name, period)]
        proof.equal(
            "rows of official_statistics the figure is derived from", 2 * len(periods), len(rows), public=True
        )
        value = _derived(rows, cell) if len(rows) == 2 * len(periods) else None
    else:
        proof.equal("rows of official_statistics the figure is", 1, len(rows), public=True)
        value = _published(rows[0]) if rows else None
    proof.equal("value", cell["value"], value, public=True)
    return {"formula": formula, "rows": rows}


def _rows(warehouse: duckdb.DuckDBPyConnection, cell: Row, indicator: str, period: str) -> list[Row]:
    """The row in force of one key: the latest of all deliveries in force."""
    return rows_of(
        warehouse,
        "with of_key as (select *, count(*) over () - 1 as rows_replaced from restricted.staging.stg_official_statistics"
        " where indicator = $indicator and area_version = $area_version and area_code = $area_code"
        " and period = $period and sex = $sex and age_group = $age_group and urban_rural = $urban_rural"
        " qualify row_number() over (order by row_id desc) = 1),"
        f" placed as (select * exclude (delivery_key), {FILE_OF_ROW}, {LINE_OF_ROW} as line from of_key)"
        " select p.indicator, p.period, p.value, p.ci_low, p.ci_high, p.unit, p.source as published_by, p.published_on,"
        " d.folder, f.file, f.sha256, p.line, p.rows_replaced from placed as p"
        " inner join restricted.landing.files as f on f.source = 'official_statistics'"
        " and p.delivery_key = f.delivery_key and p.file_no = f.file_no"
        " inner join restricted.landing.deliveries as d on d.source = 'official_statistics'"
        " and p.delivery_key = d.delivery_key",
        {"indicator": indicator, "period": period,
         **{c: cell[c] for c in ("area_version", "area_code", "sex", "age_group", "urban_rural")}},
    )  # fmt: skip


def _published(row: Row) -> float:
    """The figure of a row, which is shown as it was sent, in the unit it is published in (SPEC §5, basis official)."""
    converted = load_contract("official_statistics").column("unit").converted
    _, times = converted.get(str(row["unit"]).lower(), ("", 1))
    return float(row["value"]) if times == 1 else round(float(row["value"]) * times, 3)


def _derived(rows: list[Row], cell: Row) -> float:
    """The figure made again from its inputs (SPEC §5, basis official)."""
    by = {(r["indicator"], r["period"]): r for r in rows}

    def productivity(period: str) -> float:
        product, employed = (by[name, period] for name in INPUTS)
        return _published(product) * 1e9 / _published(employed)

    now = productivity(cell["period"])
    if cell["indicator"] == PRODUCTIVITY:
        return now
    years = int(cell["period"]) - int(BASE_YEAR)
    return float(((now / productivity(BASE_YEAR)) ** (1.0 / years) - 1) * 100)
