"""Assets up to gate 1: what agencies sent, what was read of it, which deliveries are in force."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from expectations.rules import load_rules
from orchestration.assets import shown
from orchestration.assets.arrived import arrived
from orchestration.resources import GATE_1, Installation
from orchestration.run import gates, steps
from orchestration.run.tables import run_tables
from sources.contract import all_sources, load_contract
from sources.ingest.landing import Delivery

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01", end_offset=1)
DELIVERIES, JUDGED, IDENTITY, REFERENCE = "1_deliveries", "2_in_force", "4_identity", "reference"
LEFT_OUT = "nothing_held_or_refused"


def agency_key(source: str) -> dg.AssetKey:
    """What the agency sends: partitioned by month, observed rather than made."""
    return dg.AssetKey(["agency", source])


def landing_key(source: str) -> dg.AssetKey:
    """Accepted rows of a source in the restricted database."""
    return dg.AssetKey(["landing", source])


agency_deliveries = [
    dg.AssetSpec(
        agency_key(source),
        partitions_def=MONTHS,
        group_name=DELIVERIES,
        tags={"zone": "restricted"},
        description=f"{load_contract(source).title} / {load_contract(source).title_vi}: the files as sent, one delivery a"
        " month (`.r2` and on: sent again). An event per delivery: what came in, whether it counts, why not, what to send.",
    )
    for source in all_sources()
]


@dg.multi_asset(
    name="read_deliveries",
    specs=[
        dg.AssetSpec(
            landing_key(source),
            deps=[agency_key(source)],
            group_name=DELIVERIES,
            kinds={"duckdb"},
            tags={"zone": "restricted"},
            description=f"{load_contract(source).purpose} Accepted rows of every delivery; the rest is quarantined or set"
            " aside. Figures are of the deliveries in force.",
        )
        for source in all_sources()
    ],
    check_specs=[
        dg.AssetCheckSpec(
            LEFT_OUT,
            asset=landing_key(source),
            description="No delivery is held or refused, but for those a later revision has settled. It never stops a run.",
        )
        for source in all_sources()
    ],
)
def read_deliveries(
    context: dg.AssetExecutionContext, installation: Installation
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Read what is new in the landing area; one materialization per delivery, in its month's partition."""
    run = installation.run()
    fresh: set[tuple[str, int]] = set()
    with installation.step("read deliveries") as tell:

        def heard(delivery: Delivery, state: str) -> None:
            fresh.add((delivery.source, delivery.key))
            tell(f"{delivery.name} {state}")

        strange = steps.ingest_new(run, heard)
        deleted = steps.apply_retention(run)
        deliveries = arrived(run)
    if deleted.anything:
        context.log.info(f"Deleted after [retention] months: {deleted}")
    for note in strange:
        context.log.warning(f"Not read: {note}")
    for delivery in deliveries:
        if (delivery.source, delivery.key) in fresh:
            context.log_event(
                dg.AssetMaterialization(
                    agency_key(delivery.source),
                    partition=f"{delivery.period}-01",
                    metadata=shown.of_delivery(delivery),
                )
            )
    for source in all_sources():
        mine = [d for d in deliveries if d.source == source]
        yield dg.MaterializeResult(asset_key=landing_key(source), metadata=shown.of_source(mine))
        yield dg.AssetCheckResult(
            asset_key=landing_key(source),
            check_name=LEFT_OUT,
            passed=not any(d.left_out for d in mine),
            severity=dg.AssetCheckSeverity.WARN,
            metadata=shown.of_left_out(mine),
        )


# tables of what this run is about; those that follow from the deliveries belong to gate 1
ABOUT = [table for table in run_tables().values() if table.follows]
KEYS = {  # computed in gate 1, once per new ID
    "person_keys": "Pseudonyms: keyed hashes of citizen IDs.",
    "employer_keys": "Pseudonyms of household businesses whose code is a citizen ID.",
    "record_keys": "Permanent keys of persons that draw the noise of published counts.",
    "employer_factors": "Permanent factors of employers that hide their jobs in published figures.",
}
IN_FORCE = dg.AssetKey(["run", "deliveries_in_force"])
RULES = {r.id: r for r in load_rules().values() if r.gate == "delivery"}
DELIVERY_CHECKS = tuple(sorted(RULES))


@dg.multi_asset(
    name=GATE_1,
    specs=[
        *(
            dg.AssetSpec(
                dg.AssetKey(["run", table.name]),
                deps=[landing_key(s) for s in all_sources()] if table.follows == "deliveries" else [],
                group_name=JUDGED if table.follows == "deliveries" else REFERENCE,
                kinds={"duckdb"},
                tags={"zone": "pseudonymised"},
                description=table.description,
            )
            for table in ABOUT
        ),
        *(
            dg.AssetSpec(
                dg.AssetKey(["identity", table]),
                deps=[landing_key("population")],
                group_name=IDENTITY,
                kinds={"duckdb"},
                tags={"zone": "restricted"},
                description=f"{description} Computed once per new ID inside the restricted zone.",
            )
            for table, description in KEYS.items()
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=IN_FORCE, description=f"Gate 1 holds a delivery that fails. {rule.why}")
        for name, rule in sorted(RULES.items())
    ],
)
def judge_deliveries(
    installation: Installation,
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Gate 1. A held delivery does not stop the rest, so its checks warn and never block."""
    run = installation.run()
    with installation.step("judge deliveries"):
        checks = gates.gate_deliveries(run)
        rows = steps.row_counts(run)
    for table in ABOUT:
        count = {"dagster/row_count": rows["run", table.name]}
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["run", table.name]), metadata=count)
    for name in KEYS:
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["identity", name]))
    for name in DELIVERY_CHECKS:
        lines = checks[checks["check_id"] == name]
        yield dg.AssetCheckResult(
            asset_key=IN_FORCE,
            check_name=name,
            passed=not lines["status"].isin(["failed", "error"]).any(),
            severity=dg.AssetCheckSeverity.WARN,
            metadata=shown.of_delivery_check(lines),
        )
