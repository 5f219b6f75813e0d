"""Everything Dagster is told: assets, checks, the ``run`` job, the sensor for deliveries, the schedules."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg

from orchestration import assets
from orchestration.home import Home
from orchestration.resources import Installation, default_home, last_whole_quarter
from sources.landing import find_deliveries

RUN = dg.define_asset_job(
    "run",
    selection=dg.AssetSelection.assets(
        assets.read_deliveries,
        assets.judge_deliveries,
        assets.labour_database,
        assets.indicators,
        assets.release,
    ),
    executor_def=dg.in_process_executor,
    description="From landing to release: what `labourdb run` does.",
)


def _config(as_of: str) -> dict[str, Any]:
    return {"resources": {"installation": {"config": {"as_of": as_of}}}}


@dg.sensor(
    job=RUN,
    minimum_interval_seconds=300,
    description="Runs when deliveries have arrived that were not there.",
)
def new_deliveries_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run when the set of delivery folders changed since the last look."""
    from pathlib import Path

    landing = Home(Path(default_home()).resolve()).landing
    if not landing.is_dir():
        return dg.SkipReason(f"No landing folder {landing}.")
    names = sorted(d.name for d in find_deliveries(landing)[0])
    seen = str(hash_names(names))
    if seen == context.cursor:
        return dg.SkipReason("No new delivery.")
    as_of = last_whole_quarter(date.today())
    return dg.SensorResult([dg.RunRequest(run_key=f"{as_of}-{seen}", run_config=_config(as_of))], cursor=seen)


def hash_names(names: list[str]) -> str:
    """A short name for a set of delivery folders."""
    import hashlib

    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


@dg.schedule(job=RUN, cron_schedule="0 6 20 1,4,7,10 *", execution_timezone="Asia/Ho_Chi_Minh")
def quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """The quarter that has just ended, on the 20th after it."""
    as_of = last_whole_quarter(context.scheduled_execution_time.date())
    return dg.RunRequest(run_key=f"quarter-{as_of}", run_config=_config(as_of))


@dg.schedule(job=RUN, cron_schedule="0 6 1 12 *", execution_timezone="Asia/Ho_Chi_Minh")
def annual(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """For the annual report due on 10 December: the last whole quarter, with every late delivery."""
    as_of = last_whole_quarter(context.scheduled_execution_time.date())
    return dg.RunRequest(run_key=f"annual-{context.scheduled_execution_time.year}", run_config=_config(as_of))


def build_defs(overrides: Mapping[str, Any] | None = None) -> dg.Definitions:
    """The definitions, with resources replaced by ``overrides`` (tests and the command line inject theirs)."""
    return dg.Definitions(
        assets=[
            *assets.agency_deliveries,
            assets.read_deliveries,
            assets.judge_deliveries,
            assets.labour_database,
            assets.indicators,
            assets.release,
        ],
        asset_checks=[assets.linkage_gate, assets.publication_gate],
        jobs=[RUN],
        sensors=[new_deliveries_sensor],
        schedules=[quarterly, annual],
        resources={"installation": Installation(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
