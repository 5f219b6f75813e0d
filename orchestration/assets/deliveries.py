"""Assets up to gate 1: what agencies sent, what was read of it, which deliveries are in force."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from expectations.rules import load_rules
from orchestration.assets import described, shown
from orchestration.assets.arrived import arrived
from orchestration.resources import GATE_1, Installation
from orchestration.run import gates, steps
from orchestration.run.execute import nothing_new
from orchestration.run.history import of_command_line
from orchestration.run.progress import STEPS
from orchestration.run.tables import run_tables
from sources.calendar import quarter_label
from sources.contract import all_sources, load_contract
from sources.ingest.landing import Delivery
from sources.restricted.retention import Deleted

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01", end_offset=1)
DELIVERIES, JUDGED, IDENTITY, REFERENCE = "1_deliveries", "2_in_force", "4_identity", "reference"
LEFT_OUT, RHYTHM = "nothing_held_or_refused", "delivered_in_its_rhythm"
RELEASE = dg.AssetKey(["releases", "release"])
AS_OF, FOR_RELEASE = "labourdb/as_of", "labourdb/release"  # tags of a run


def agency_key(source: str) -> dg.AssetKey:
    """What the agency sends: partitioned by month, observed rather than made."""
    return dg.AssetKey(["agency", source])


def landing_key(source: str) -> dg.AssetKey:
    """Accepted rows of a source in the restricted database."""
    return dg.AssetKey(["landing", source])


def tag(context: dg.AssetExecutionContext, as_of: int, release_id: str | None = None) -> None:
    """Say of the run which quarter it is of, and which release it made, or found standing."""
    made = {FOR_RELEASE: release_id} if release_id else {}
    context.instance.add_run_tags(context.run_id, {AS_OF: quarter_label(as_of)} | made)


agency_deliveries = [
    dg.AssetSpec(
        agency_key(source),
        partitions_def=MONTHS,
        group_name=DELIVERIES,
        kinds={"csv", "excel"},
        owners=[described.AGENCIES],
        tags={"zone": "restricted", "source": source},
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
            owners=[described.ENGINEERS],
            tags={"zone": "restricted", "source": source},
            metadata=described.columns_of("landing", source),
            skippable=True,  # where there is nothing new, the run ends here
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
    ]
    + [
        dg.AssetCheckSpec(
            RHYTHM,
            asset=landing_key(source),
            description="By the cut-off, the source has sent as often as it is used to. It never stops a run.",
        )
        for source in all_sources()
    ],
)
def read_deliveries(
    context: dg.AssetExecutionContext, installation: Installation
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Read what is new in the landing area; one materialization per delivery, in its month's partition.

    Where the release that stands says all there is to say, a run up to the release makes nothing more.
    """
    run = installation.run()
    tag(context, run.scope.as_of)
    selected = context.run.asset_selection  # none: the job, whole
    if (not selected or RELEASE in selected) and not of_command_line(context.run):  # it has looked already
        with installation.step("look for what is new"):
            standing = nothing_new(run.home, run.settings, run.scope)
            deleted = steps.apply_retention(run) if standing else Deleted()
        if standing is not None:
            tag(context, run.scope.as_of, standing.id)
            context.log.info(
                f"Nothing new: release {standing.id} stands. Deleted after [retention]: {deleted}"
            )
            left_out = shown.left_out_of(standing)
            inputs = standing.manifest["inputs"]
            for source in all_sources():
                yield _left_out(source, left_out.get(source))
                yield _rhythm(source, [(d["folder"], d["disposition"]) for d in inputs], run.scope.cut_off)
            return
    fresh: set[tuple[str, int]] = set()
    with installation.step(STEPS["read_deliveries"]) as tell:

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
        yield _left_out(source, shown.of_left_out(mine))
        yield _rhythm(source, [(d.folder, d.disposition) for d in mine], run.scope.cut_off)


def _left_out(source: str, found: shown.Metadata | None) -> dg.AssetCheckResult:
    """Whether a delivery of the source is held or refused and not yet settled; null if none is."""
    return dg.AssetCheckResult(
        asset_key=landing_key(source),
        check_name=LEFT_OUT,
        passed=found is None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=found or {"left_out": "none"},
    )


def _rhythm(source: str, deliveries: Sequence[tuple[str, str]], cut_off: int) -> dg.AssetCheckResult:
    """Whether the source has sent as often as it is used to; ``deliveries`` are folders and what became of them."""
    counted = [f for f, became in deliveries if f.startswith(f"{source}/") and became in ("used", "replaced")]
    passed, facts = described.in_rhythm(counted, cut_off)
    return dg.AssetCheckResult(
        asset_key=landing_key(source),
        check_name=RHYTHM,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=facts,
    )


# tables of what this run is about; those that follow from the deliveries belong to gate 1
ABOUT = [table for table in run_tables().values() if table.follows]
KEYS = {  # computed in gate 1, once per new ID
    "person_keys": "Pseudonyms: keyed hashes of citizen IDs.",
    "employer_keys": "Pseudonyms of household businesses whose code is a citizen ID.",
    "record_keys": "Permanent keys of persons that draw the noise of published counts.",
    "employer_factors": "Permanent factors of employers that hide their jobs in published figures.",
}
CITIZENS = [("landing/population", "citizen_id")]
EMPLOYERS = [("landing/enterprises", "enterprise_id"), ("landing/social_insurance", "employer_id")]
KEYS_MADE_OF: dict[str, described.Origins] = {
    "person_keys": {"citizen_id": CITIZENS, "person_key": CITIZENS},
    "employer_keys": {"employer_id": EMPLOYERS, "employer_key": EMPLOYERS},
    "record_keys": {
        "person_key": [("identity/person_keys", "person_key")],
        "record_key": [("identity/person_keys", "citizen_id")],
    },
    "employer_factors": {
        "employer_key": [*EMPLOYERS, ("identity/employer_keys", "employer_key")],
        "factor_millionths": EMPLOYERS,
        "record_key": EMPLOYERS,
    },
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
                owners=[described.ENGINEERS],
                tags={"zone": "pseudonymised"},
                metadata=described.columns_of("run", table.name),
                description=table.description,
            )
            for table in ABOUT
        ),
        *(
            dg.AssetSpec(
                dg.AssetKey(["identity", table]),
                deps=sorted({described.table_key(t) for of in KEYS_MADE_OF[table].values() for t, _ in of}),
                group_name=IDENTITY,
                kinds={"duckdb"},
                owners=[described.ENGINEERS],
                tags={"zone": "restricted"},
                metadata=described.made_of(described.columns_of("identity", table), KEYS_MADE_OF[table]),
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
    context: dg.AssetExecutionContext, installation: Installation
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Gate 1. A held delivery does not stop the rest, so its checks warn and never block."""
    run = installation.run()
    with installation.step(STEPS[GATE_1]):
        checks = gates.gate_deliveries(run)
        rows, columns = steps.row_counts(run), steps.columns(run)
    for table in ABOUT:
        count = {"dagster/row_count": rows["run", table.name]}
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["run", table.name]), metadata=count)
    for name in KEYS:
        shape = described.typed(columns["identity", name])
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["identity", name]), metadata=shape)
    for name in DELIVERY_CHECKS:
        lines = checks[checks["check_id"] == name]
        yield dg.AssetCheckResult(
            asset_key=IN_FORCE,
            check_name=name,
            passed=not lines["status"].isin(["failed", "error"]).any(),
            severity=dg.AssetCheckSeverity.WARN,
            metadata=shown.of_delivery_check(lines),
        )
