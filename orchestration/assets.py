"""Assets by layer: what agencies sent, what was read, linked, counted, published."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from expectations.judge import blocking_failures
from expectations.rules import load_rules
from orchestration import pipeline
from orchestration.dbt import NodeResult, manifest_path
from orchestration.resources import Installation
from releases.disclosure.control import PROTECTED
from releases.tables import RELEASED
from sources.contract import all_sources, load_contract
from sources.landing import Delivery

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2015-01-01", end_offset=1)
RELEASE = dg.AssetKey(["releases", "release"])
GROUPS = {
    "staging": "c_staging",
    "identity": "d_identity",
    "areas": "b_reference",
    "labour": "e_labour_database",
    "longitudinal": "f_careers",
    "candidates": "g_indicators",
    "covered": "g_indicators",
    "published": "h_published",
}


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
        group_name="a_deliveries",
        description=f"{load_contract(source).title} / {load_contract(source).title_vi}: files as sent, by month.",
    )
    for source in all_sources()
]


@dg.multi_asset(
    name="read_deliveries",
    specs=[
        dg.AssetSpec(
            landing_key(source),
            deps=[agency_key(source)],
            group_name="a_deliveries",
            description=f"{load_contract(source).purpose} Accepted rows; the rest is quarantined or set aside.",
        )
        for source in all_sources()
    ],
)
def read_deliveries(
    context: dg.AssetExecutionContext, installation: Installation
) -> Iterator[dg.MaterializeResult[Any]]:
    """Read what is new in the landing area; one materialization per delivery, in its month's partition."""
    run = installation.run()
    fresh: list[Delivery] = []
    with installation.step("read deliveries") as tell:

        def heard(delivery: Delivery, state: str) -> None:
            fresh.append(delivery)
            tell(f"{delivery.name} {state}")

        strange = pipeline.ingest_new(run, heard)
        deleted = pipeline.apply_retention(run)
    if deleted.anything:
        context.log.info(f"Deleted after [retention] months: {deleted}")
    for note in strange:
        context.log.warning(f"Not read: {note}")
    facts = pipeline.delivery_facts(run)
    for delivery in fresh:
        context.log_event(
            dg.AssetMaterialization(
                agency_key(delivery.source),
                partition=f"{delivery.period}-01",
                metadata=facts.of_delivery(delivery.source, delivery.key),
            )
        )
    for source in all_sources():
        yield dg.MaterializeResult(asset_key=landing_key(source), metadata=facts.of_source(source))


RUN_TABLES = (
    "parameters",
    "quarters",
    "months",
    "flow_quarters",
    "deliveries_in_force",
    "missing_sources",
    "row_accounting",
    "covered_provinces",
)
FROM_DELIVERIES = ("deliveries_in_force", "flow_quarters", "missing_sources", "row_accounting")
PSEUDONYMS = ("person_keys", "employer_keys")
IN_FORCE = dg.AssetKey(["run", "deliveries_in_force"])
DELIVERY_CHECKS = tuple(sorted(r.id for r in load_rules().values() if r.gate == "delivery"))


@dg.multi_asset(
    name="delivery_gate",
    specs=[
        *(
            dg.AssetSpec(
                dg.AssetKey(["run", table]),
                deps=[landing_key(s) for s in all_sources()] if table in FROM_DELIVERIES else [],
                group_name="b_reference",
                description="What this run is about: which deliveries are in force, which quarters are published.",
            )
            for table in RUN_TABLES
        ),
        *(
            dg.AssetSpec(
                dg.AssetKey(["identity", table]),
                deps=[landing_key("population")],
                group_name="d_identity",
                description="Keyed hashes, computed once per new ID inside the restricted zone.",
            )
            for table in PSEUDONYMS
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(name, asset=IN_FORCE, description="Gate 1: a delivery that fails is held.")
        for name in DELIVERY_CHECKS
    ],
)
def judge_deliveries(
    installation: Installation,
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Gate 1. A held delivery does not stop the rest, so its checks warn and never block."""
    with installation.step("judge deliveries"):
        checks = pipeline.gate_deliveries(installation.run())
    for table in RUN_TABLES:
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["run", table]))
    for table in PSEUDONYMS:
        yield dg.MaterializeResult(asset_key=dg.AssetKey(["identity", table]))
    for name in DELIVERY_CHECKS:
        failed = checks[(checks["check_id"] == name) & checks["status"].isin(["failed", "error"])]
        yield dg.AssetCheckResult(
            asset_key=IN_FORCE,
            check_name=name,
            passed=failed.empty,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"held_or_refused": ", ".join(failed["object"]) or "none"},
        )


class _Translator(DagsterDbtTranslator):
    """dbt nodes as assets, named as their tables are and grouped by layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders = dbt_resource_props["fqn"][1:-1]
        return GROUPS.get(folders[0], "b_reference") if folders else "b_reference"


_TRANSLATOR = _Translator()


def _dbt_events(
    context: dg.AssetExecutionContext, results: Sequence[NodeResult], rows: Mapping[str, int]
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """dbt's results as materializations and check results, of the nodes this step is to report."""
    nodes = _nodes()
    checks = {key.name: key for key in context.selected_asset_check_keys}
    for result in results:
        if result.kind == "test":
            key = checks.pop(result.name, None)
            if key is not None:
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=result.status in ("pass", "warn"),
                    severity=dg.AssetCheckSeverity.WARN
                    if result.severity == "warn"
                    else dg.AssetCheckSeverity.ERROR,
                    metadata={"rows_failed": result.failures or 0},
                )
        else:
            metadata: dict[str, Any] = {"seconds": round(result.seconds, 2)}
            if result.name in rows:
                metadata["dagster/row_count"] = rows[result.name]
            yield dg.MaterializeResult(
                asset_key=_TRANSLATOR.get_asset_key(nodes[result.unique_id]), metadata=metadata
            )


def _nodes() -> Mapping[str, Any]:
    nodes: Mapping[str, Any] = json.loads(manifest_path().read_text())["nodes"]
    return nodes


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(["resource_type:seed", *pipeline.FIRST_LAYERS]),
    exclude="resource_type:unit_test",
    dagster_dbt_translator=_TRANSLATOR,
    name="labour_database",
)
def labour_database(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """Staging, identity and the labour database, up to gate 2."""
    run = installation.run()
    with installation.step("link rows, build the labour database"):
        results = pipeline.build(run, pipeline.FIRST_LAYERS)
    seen = {r.unique_id for r in results}
    for unique_id, node in _nodes().items():
        if node["resource_type"] == "seed" and unique_id not in seen:  # unchanged, so not loaded again
            yield dg.MaterializeResult(
                asset_key=_TRANSLATOR.get_asset_key(node), metadata={"unchanged": True}
            )
    yield from _dbt_events(context, results, pipeline.row_counts(run))


LABOUR = dg.AssetKey(["labour", "person_quarters"])


@dg.asset_check(
    asset=LABOUR, name="linkage_gate", blocking=True, description="Gate 2: linkage, keys, intervals."
)
def linkage_gate(installation: Installation) -> dg.AssetCheckResult:
    """Gate 2, before anything is counted."""
    run = installation.run()
    with installation.step("gate 2: linkage"):
        checks = pipeline.gate_linkage(run)
    shares = checks[checks["check_id"].str.startswith("linked_share") & (checks["rows_checked"] > 0)]
    linked = {
        f"linked_share_{c['object']}": round(1 - float(c["rows_failed"]) / float(c["rows_checked"]), 4)
        for c in shares.to_dict("records")
    }
    return _gate_result(checks, linked)


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(pipeline.COUNTED_LAYERS),
    exclude="resource_type:unit_test",
    dagster_dbt_translator=_TRANSLATOR,
    name="indicators",
)
def indicators(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """Indicators and target progress, as candidates for a release."""
    run = installation.run()
    with installation.step("count indicators"):
        results = pipeline.build(run, pipeline.COUNTED_LAYERS)
    yield from _dbt_events(context, results, pipeline.row_counts(run))


@dg.multi_asset(
    name="disclosure_control",
    specs=[
        dg.AssetSpec(
            dg.AssetKey(["disclosure", f"suppressed_{table}"]),
            deps=[dg.AssetKey(["covered", table])],
            group_name="h_published",
            description=f"Which rows of {table} are suppressed, and by which rule.",
        )
        for table in PROTECTED
    ],
)
def disclosure_control(installation: Installation) -> Iterator[dg.MaterializeResult[Any]]:
    """What must not be shown, what must be hidden with it, and the audit that nothing of it can be computed."""
    with installation.step("disclosure control") as tell:
        outcome = pipeline.protect(installation.run(), tell)
    for row in outcome.to_dict("records"):
        facts = {str(name): value for name, value in row.items() if name != "table_name"}
        yield dg.MaterializeResult(
            asset_key=dg.AssetKey(["disclosure", f"suppressed_{row['table_name']}"]), metadata=facts
        )


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(pipeline.LAST_LAYERS),
    exclude="resource_type:unit_test",
    dagster_dbt_translator=_TRANSLATOR,
    name="published_tables",
)
def published_tables(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """The tables of a release, with what is suppressed."""
    run = installation.run()
    with installation.step("make the published tables"):
        results = pipeline.build(run, pipeline.LAST_LAYERS)
    yield from _dbt_events(context, results, pipeline.row_counts(run))


PUBLISHED = dg.AssetKey(["published", "target_progress"])


@dg.asset_check(
    asset=PUBLISHED,
    name="publication_gate",
    blocking=True,
    description="Gate 3: sums, bounds, accounting, cells.",
)
def publication_gate(installation: Installation) -> dg.AssetCheckResult:
    """Gate 3; its verdict on exactly these tables is stored for the release step."""
    run = installation.run()
    with installation.step("gate 3: publication"):
        checks = pipeline.gate_publication(run)
    return _gate_result(checks)


def _gate_result(checks: Any, facts: Mapping[str, float] | None = None) -> dg.AssetCheckResult:
    blocking = blocking_failures(checks[checks["gate"] != "delivery"])
    counts = {str(k): int(v) for k, v in checks["status"].value_counts().items()}
    failed = [
        f"{c['check_id']} ({c['object']}): {c['rows_failed']} rows" for c in blocking.to_dict("records")
    ]
    return dg.AssetCheckResult(
        passed=blocking.empty,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            **(facts or {}),
            **counts,
            "blocking": "\n".join(failed) or "none",
            "waived": "\n".join(checks["waiver"].dropna()) or "none",
        },
    )


@dg.asset(
    key=RELEASE,
    deps=[dg.AssetKey(["published", t]) for t in RELEASED if t != "checks"],
    group_name="h_published",
    description="One immutable folder of tables, manifest and report; `current` points to the newest.",
)
def release(installation: Installation) -> dg.MaterializeResult[Any]:
    """Publish what the gates passed, whole or not at all."""
    with installation.step("publish"):
        published = pipeline.release(installation.run())
    manifest = published.manifest
    return dg.MaterializeResult(
        metadata={
            "release": published.id,
            "protection": manifest["protection"],
            "synthetic": manifest["synthetic"],
            "held_or_refused": sum(d["disposition"] in ("held", "refused") for d in manifest["inputs"]),
            **{f"rows_{t}": int(facts["rows"]) for t, facts in manifest["tables"].items()},
        }
    )
