"""Schema ``run`` of the warehouse: what this run is about, written before the models are built."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pandas as pd

from expectations.delivery_gate import DeliveryGate
from orchestration.run.fingerprint import code_version, deciding
from orchestration.run.scope import Run
from orchestration.run.tables import write
from sources.calendar import (
    last_day,
    month_number,
    quarter_label,
    quarter_of_month,
    reference_date,
    reference_month,
)
from sources.contract import all_sources, load_contract
from sources.errors import LabourdbError

NEW_LIST_FROM = date(2025, 7, 1)


def missing_sources(gate: DeliveryGate) -> list[str]:
    """Sources without a delivery in force; raises ``LabourdbError`` if a core source is among them."""
    in_force = set(gate.dispositions.loc[gate.dispositions["disposition"] == "used", "source"])
    missing = [s for s in all_sources() if s not in in_force]
    core = [s for s in missing if load_contract(s).core]
    if core:
        raise LabourdbError(
            f"No delivery in force up to the cut-off for core source(s): {', '.join(core)}."
            " Nothing can be published without them. See `labourdb status` for what was held or refused."
        )
    return missing


def flow_quarters(used: pd.DataFrame, as_of: int) -> list[int]:
    """Quarters to show job flows of: from the first with a social insurance delivery in force for each of its three
    months (SPEC §5), up to as-of, those left out into which no such delivery reaches: nothing is known of them.
    ``used`` are the deliveries in force.
    """
    months = {month_number(p) for p in used.loc[used["source"] == "social_insurance", "period"]}
    reached = {quarter_of_month(m) for m in months}
    whole = [q for q in reached if {3 * q, 3 * q + 1, 3 * q + 2} <= months]
    return [q for q in sorted(reached) if whole and min(whole) <= q <= as_of]


def _unbroken_before(quarter: int, observed: set[int]) -> int:
    """How many quarters are observed without a gap directly before one."""
    count = 0
    while quarter - count - 1 in observed:
        count += 1
    return count


def write_run_inputs(warehouse: duckdb.DuckDBPyConnection, gate: DeliveryGate, run: Run) -> None:
    """Replace schema ``run``: parameters, quarters, months, flow_quarters, deliveries_in_force,
    missing_sources, filled_columns, row_accounting, covered_provinces. Quarters run from the one with the first population
    delivery to as-of, those of flows from the first with three months of social insurance in force (SPEC §5).
    """
    scope, settings = run.scope, run.settings
    missing = missing_sources(gate)
    used = gate.dispositions[gate.dispositions["disposition"] == "used"]
    first = min(month_number(p) for p in used.loc[used["source"] == "population", "period"])
    numbers = range(quarter_of_month(first), scope.as_of + 1)
    dates = [reference_date(n) for n in numbers]
    months = range(3 * numbers.start, scope.cut_off + 1)
    flows = flow_quarters(used, scope.as_of)
    observed = set(flows)
    frames = {
        "parameters": pd.DataFrame(
            {
                "as_of_quarter": [scope.as_of],
                "cutoff_month": [scope.cut_off],
                "release_id": [scope.release_id],
                "follow_employer_successions": [settings.succession.employers],
                "follow_person_successions": [settings.succession.persons],
                "protects": [not settings.disclosure.off],
                "begun_by": [run.begun_by],
                "settings": [json.dumps(deciding(settings), ensure_ascii=False, sort_keys=True)],
                "code": [json.dumps(code_version())],
            }
        ),
        "quarters": pd.DataFrame(
            {
                "quarter": list(numbers),
                "period": [quarter_label(n) for n in numbers],
                "year": [d.year for d in dates],
                "ends_on": dates,
                "year_starts_on": [date(d.year, 1, 1) for d in dates],
                "reference_month": [reference_month(n) for n in numbers],
                "area_version": ["2025" if d >= NEW_LIST_FROM else "2024" for d in dates],
            }
        ),
        "months": pd.DataFrame({"month": list(months), "ends_on": [last_day(m) for m in months]}),
        "flow_quarters": pd.DataFrame(
            {
                "quarter": flows,
                "period": [quarter_label(n) for n in flows],
                "quarters_before": [_unbroken_before(q, observed) for q in flows],
                "is_followed": [q + 1 in observed for q in flows],
            }
        ),
        "deliveries_in_force": pd.DataFrame(
            {
                "source": used["source"],
                "delivery_key": used["delivery_key"],
                "period_month": [month_number(p) for p in used["period"]],
                "revision": used["revision"],
                "area_version": used["area_version"],
            }
        ),
        "missing_sources": pd.DataFrame({"source": missing}),
        "filled_columns": gate.filled,
        "row_accounting": gate.row_accounting,
        "covered_provinces": pd.DataFrame({"province_code": [int(p) for p in settings.coverage.provinces]}),
    }
    for name, frame in frames.items():
        write(warehouse, name, frame)
