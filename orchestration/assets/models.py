"""Assets from staging on: what was linked, counted, protected, published. Those before are in ``deliveries``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from expectations import catalogue
from expectations.judge import blocking_failures
from orchestration.assets import described, shown
from orchestration.assets.deliveries import IDENTITY, REFERENCE, RELEASE, tag
from orchestration.dbt import project
from orchestration.dbt.project import NodeResult, manifest_path
from orchestration.resources import LAST_STEP, Installation
from orchestration.run import gates, steps
from orchestration.run.marks import Stale
from orchestration.run.progress import STEPS
from orchestration.run.scope import Run

COUNTED, DISCLOSURE, PUBLICATION = "7_indicators", "8_disclosure", "9_published"
# by folder of models; numbered, so that lists show them in the order data takes
GROUPS = {
    "staging": "3_staging",
    "identity": IDENTITY,
    "reference": REFERENCE,
    "labour": "5_labour_database",
    "labour/longitudinal": "6_careers",
    "keyed": COUNTED,
    "cells": COUNTED,
    "candidates": COUNTED,
    "disclosure": DISCLOSURE,
    "published": PUBLICATION,
}
ZONES = {"restricted": "restricted", "labour": "pseudonymised"}  # by database
LINEAGE = project.column_lineage()


class _Translator(DagsterDbtTranslator):
    """dbt nodes as assets, named as their tables are and grouped by layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["alias"]])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders = dbt_resource_props["fqn"][1:-1]
        return GROUPS.get("/".join(folders), REFERENCE)

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        tags = super().get_tags(dbt_resource_props)
        zone = ZONES.get(str(dbt_resource_props.get("database")))
        return {**tags, "zone": zone} if zone else tags

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        key = self.get_asset_key(dbt_resource_props).to_user_string()
        return described.made_of(super().get_metadata(dbt_resource_props), LINEAGE.get(key, {}))

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        late = self.get_group_name(dbt_resource_props) in (DISCLOSURE, PUBLICATION)
        return super().get_owners(dbt_resource_props) or [
            described.STATISTICIANS if late else described.ENGINEERS
        ]


_TRANSLATOR = _Translator()


def _only(context: dg.AssetExecutionContext) -> set[str] | None:
    """Unique names of the models and tests that are selected of this step; null if all of it is."""
    step, checks = context.assets_def, context.selected_asset_check_keys
    everything = {s.key for s in step.node_check_specs_by_output_name.values()}
    if context.selected_asset_keys >= set(step.node_keys_by_output_name.values()) and checks >= everything:
        return None
    tests = {key.name for key in checks}
    return {
        unique_id
        for unique_id, node in _nodes().items()
        if (node["resource_type"] == "test" and node["name"] in tests)
        or (
            node["resource_type"] == "model"
            and _TRANSLATOR.get_asset_key(node) in context.selected_asset_keys
        )
    }


def _build(
    context: dg.AssetExecutionContext, installation: Installation, layers: Sequence[str]
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """Build and test what is selected of ``layers``, and report that and nothing else, also if a part of it failed."""
    run = installation.continued()
    with installation.step(STEPS[context.op.name]):
        results = steps.attempt(run, layers, only=_only(context))
        yield from _dbt_events(context, run, results)
        steps.refuse_failed(run, results)


def _dbt_events(
    context: dg.AssetExecutionContext, run: Run, results: Sequence[NodeResult]
) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
    """dbt's results as materializations and check results, of the nodes this step is to report."""
    nodes, rows, columns = _nodes(), steps.row_counts(run), steps.columns(run)
    checks = {key.name: key for key in context.selected_asset_check_keys}
    built = {r.unique_id for r in results}
    for unique_id, node in nodes.items():  # unchanged, so not loaded again; below all else, so told first
        if node["resource_type"] == "seed" and unique_id not in built:
            asset = _TRANSLATOR.get_asset_key(node)
            if asset in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=asset, metadata={"unchanged": True})
    for result in results:
        if result.status == "skipped":
            continue
        if result.kind == "test":
            key = checks.pop(result.name, None)
            if key is not None:
                broken = {"error": result.message} if result.status == "error" else {}
                yield dg.AssetCheckResult(
                    asset_key=key.asset_key,
                    check_name=key.name,
                    passed=result.status in ("pass", "warn"),
                    severity=dg.AssetCheckSeverity.WARN
                    if result.severity == "warn"
                    else dg.AssetCheckSeverity.ERROR,
                    metadata={"rows_failed": result.failures or 0, **broken},
                )
        elif result.ok:
            asset = _TRANSLATOR.get_asset_key(nodes[result.unique_id])
            if asset not in context.selected_asset_keys:  # a seed that was loaded because it had changed
                continue
            schema, name = asset.path
            metadata: dict[str, Any] = {"seconds": round(result.seconds, 2)}
            if (schema, name) in rows:
                metadata["dagster/row_count"] = rows[schema, name]
            if (schema, name) in columns:
                metadata |= described.typed(columns[schema, name])
            # of this build: what reads another is shown as stale, as the gates have it
            version = dg.DataVersion(context.run_id)
            yield dg.MaterializeResult(asset_key=asset, metadata=metadata, data_version=version)


def _nodes() -> Mapping[str, Any]:
    nodes: Mapping[str, Any] = json.loads(manifest_path().read_text())["nodes"]
    return nodes


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(["resource_type:seed", *project.FIRST_LAYERS]),
    exclude=project.NOT_IN_A_RUN,
    dagster_dbt_translator=_TRANSLATOR,
)
def build_labour_database(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """Staging, identity and the labour database, up to gate 2."""
    yield from _build(context, installation, project.FIRST_LAYERS)


def _gate(name: str, asset: dg.AssetKey, description: str) -> dg.AssetCheckSpec:
    """A check that stops what is downstream. Its step bears its name too: of a check alone it would also bear the asset's."""
    return dg.AssetCheckSpec(name, asset=asset, blocking=True, description=description)


LABOUR = dg.AssetKey(["labour", "person_quarters"])


@dg.multi_asset_check(
    name="linkage_gate",
    specs=[_gate("linkage_gate", LABOUR, "Gate 2: linkage, keys, intervals.")],
)
def linkage_gate(installation: Installation) -> dg.AssetCheckResult:
    """Gate 2, before anything is counted."""
    run = installation.continued()
    try:
        with installation.step(STEPS["linkage_gate"]):
            checks = gates.gate_linkage(run)
    except Stale as refused:
        return _not_judged(refused)
    shares = checks[checks["check_id"].str.startswith("linked_share") & (checks["rows_checked"] > 0)]
    linked = {
        f"linked_share_{c['object']}": round(1 - float(c["rows_failed"]) / float(c["rows_checked"]), 4)
        for c in shares.to_dict("records")
    }
    return _gate_result(run, "linkage", checks, linked)


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(project.COUNTED_LAYERS),
    exclude=project.NOT_IN_A_RUN,
    dagster_dbt_translator=_TRANSLATOR,
)
def count_indicators(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """Indicators and target progress, as candidates for a release."""
    yield from _build(context, installation, project.COUNTED_LAYERS)
    if installation.full:
        with installation.step("build all again, and compare") as tell:
            tell(f"{steps.rebuild(installation.continued())} tables are the same")


@dbt_assets(
    manifest=manifest_path(),
    select=" ".join(project.LAST_LAYERS),
    exclude=project.NOT_IN_A_RUN,
    dagster_dbt_translator=_TRANSLATOR,
)
def make_published_tables(context: dg.AssetExecutionContext, installation: Installation) -> Iterator[Any]:
    """The tables of a release: noise at the finest counts, and what they add up to."""
    yield from _build(context, installation, project.LAST_LAYERS)


PUBLISHED = dg.AssetKey(["published", "target_progress"])


@dg.multi_asset_check(
    name="publication_gate",
    specs=[_gate("publication_gate", PUBLISHED, "Gate 3: sums, bounds, accounting, cells.")],
)
def publication_gate(installation: Installation) -> dg.AssetCheckResult:
    """Gate 3; its verdict on exactly these tables is stored for the release step."""
    run = installation.continued()
    try:
        with installation.step(STEPS["publication_gate"]):
            checks = gates.gate_publication(run)
    except Stale as refused:
        return _not_judged(refused)
    return _gate_result(run, "publication", checks)


def _not_judged(refused: Stale) -> dg.AssetCheckResult:
    """A gate that has not judged, since a part of what it judges is stale: no verdict, so nothing can be released. What was
    to be built beside it is built all the same.
    """
    return dg.AssetCheckResult(
        passed=False, severity=dg.AssetCheckSeverity.WARN, metadata={"not_judged": str(refused)}
    )


def _gate_result(
    run: Run, gate: str, checks: Any, facts: Mapping[str, float] | None = None
) -> dg.AssetCheckResult:
    """A gate's verdict; a run it stops leaves its report in the warehouse, whoever started it."""
    blocking = blocking_failures(checks[checks["gate"] != "delivery"])
    stopping = gates.with_culprits(run, blocking, checks) if len(blocking) else []
    metadata = {**(facts or {}), **shown.of_gate(gate, checks, stopping)}
    if not blocking.empty:
        report = gates.write_stopped_report(run, gates.kept_checks(run))
        metadata["quality_report"] = dg.MetadataValue.path(report.relative_to(run.home.root).as_posix())
    return dg.AssetCheckResult(passed=blocking.empty, severity=dg.AssetCheckSeverity.ERROR, metadata=metadata)


@dg.multi_asset(
    name=LAST_STEP,
    specs=[
        dg.AssetSpec(
            RELEASE,
            deps=[
                dg.AssetKey(["published", t.name])
                for t in catalogue.published_tables().values()
                if t.modelled
            ],
            group_name=PUBLICATION,
            kinds={"parquet"},
            owners=[described.STATISTICIANS],
            tags={"zone": "published"},
            description="One immutable folder of tables, manifest and report; `current` points to the newest.",
        )
    ],
)
def publish(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult[Any]:
    """Publish what the gates passed, whole or not at all."""
    run = installation.continued()
    with installation.step(STEPS[LAST_STEP]):
        published = steps.release(run)
    tag(context, run.scope.as_of, published.id)
    return dg.MaterializeResult(metadata=shown.of_release(published, run.home.root))
