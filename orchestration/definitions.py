"""Everything Dagster is told: assets, checks, the ``run`` job, the sensor for deliveries, the schedules."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration import triggers
from orchestration.assets import deliveries, models
from orchestration.resources import Installation

RUN = dg.define_asset_job(
    triggers.JOB,
    selection=dg.AssetSelection.assets(
        deliveries.read_deliveries,
        deliveries.judge_deliveries,
        models.build_labour_database,
        models.count_indicators,
        models.make_published_tables,
        models.publish,
    ),
    executor_def=dg.in_process_executor,
    # where its process was lost (dagster.yaml: run_retries) it begins anew; what a step refused would be refused again
    tags={"dagster/retry_strategy": "ALL_STEPS"},
    description="From landing to release: what `labourdb run` does.",
)


def build_defs(overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions, with resources replaced by ``overrides`` (tests and the command line inject theirs)."""
    return dg.Definitions(
        assets=[
            *deliveries.agency_deliveries,
            deliveries.read_deliveries,
            deliveries.judge_deliveries,
            models.build_labour_database,
            models.count_indicators,
            models.make_published_tables,
            models.publish,
        ],
        asset_checks=[models.linkage_gate, models.publication_gate],
        jobs=[RUN],
        sensors=[triggers.new_deliveries_sensor],
        schedules=[triggers.quarterly, triggers.annual],
        resources={"installation": Installation(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
