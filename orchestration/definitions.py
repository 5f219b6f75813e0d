"""Everything Dagster is told: assets, checks, the ``run`` job, the sensor for deliveries, the schedules."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets import deliveries, models
from orchestration.home import Home
from orchestration.resources import Installation, default_home, last_whole_quarter
from sources.calendar import month_number, quarter_label, quarter_of_month, reference_month
from sources.ingest.landing import Delivery, file_states, find_deliveries

RUN = dg.define_asset_job(
    "run",
    selection=dg.AssetSelection.assets(
        deliveries.read_deliveries,
        deliveries.judge_deliveries,
        models.labour_database,
        models.indicators,
        models.published_tables,
        models.release,
    ),
    executor_def=dg.in_process_executor,
    description="From landing to release: what `labourdb run` does.",
)


def _config(as_of: str) -> dict[str, Any]:
    return {"resources": {"installation": {"config": {"as_of": as_of}}}}


QUIET_SECONDS = 600  # a delivery whose files changed more recently may still be on its way


@dg.sensor(job=RUN, minimum_interval_seconds=300, description="Runs when new deliveries have arrived whole.")
def new_deliveries_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run when the set of delivery folders changed, once nothing has moved for ten minutes."""
    landing = Home(Path(default_home()).resolve()).landing
    if not landing.is_dir():
        return dg.SkipReason(f"No landing folder {landing}.")
    deliveries, _ = find_deliveries(landing)
    names = "\n".join(sorted(d.name for d in deliveries))
    seen = hashlib.sha256(names.encode()).hexdigest()[:16]
    if seen == context.cursor:
        return dg.SkipReason("No new delivery.")
    newest = max((state.mtime_ns for d in deliveries for state in file_states(d)), default=0) / 1e9
    if abs(time.time() - newest) < QUIET_SECONDS:  # a file from the future would otherwise be waited for
        return dg.SkipReason("Files are still arriving.")
    as_of = last_delivered_quarter(deliveries)
    if as_of is None:
        return dg.SkipReason("No quarter has its social insurance deliveries yet.")
    return dg.SensorResult([dg.RunRequest(run_key=f"{as_of}-{seen}", run_config=_config(as_of))], cursor=seen)


def last_delivered_quarter(deliveries: Sequence[Delivery]) -> str | None:
    """The last quarter whose reference month has a social insurance delivery."""
    months = [month_number(d.period) for d in deliveries if d.source == "social_insurance"]
    whole = [quarter_of_month(m) for m in months if m == reference_month(quarter_of_month(m))]
    return quarter_label(max(whole)) if whole else None


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
            *deliveries.agency_deliveries,
            deliveries.read_deliveries,
            deliveries.judge_deliveries,
            models.labour_database,
            models.indicators,
            models.published_tables,
            models.release,
        ],
        asset_checks=[models.linkage_gate, models.publication_gate],
        jobs=[RUN],
        sensors=[new_deliveries_sensor],
        schedules=[quarterly, annual],
        resources={"installation": Installation(), **(overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
