"""What asks for runs by itself: the sensor for deliveries, the schedules of the year.

Neither asks while the home is at work: what it asked for then would be refused, and not come again.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.deliveries import agency_key
from orchestration.home import Home
from orchestration.resources import default_home, last_whole_quarter
from orchestration.run.arriving import Memory, after, digest, last_delivered_quarter, look, released
from orchestration.run.history import dead, end_dead
from sources.calendar import quarter_number, reference_month
from sources.errors import LabourdbError
from sources.ingest.landing import Delivery, find_deliveries

JOB = "run"
RUN_KEY = "dagster/run_key"
TRIES = 200  # events of one source's later months that are looked at


def _home() -> Home:
    return Home(Path(default_home()).resolve())


def _request(run_key: str, as_of: str) -> dg.RunRequest:
    config: dict[str, Any] = {"resources": {"installation": {"config": {"as_of": as_of}}}}
    return dg.RunRequest(run_key=run_key, run_config=config)


def _at_work(home: Home, instance: dg.DagsterInstance) -> dg.SkipReason | None:
    unended = dead(instance)  # looked for before the home is: a run that begins after that is none of them
    holder = home.holder()
    if holder is None:
        end_dead(instance, unended)
        return None
    return dg.SkipReason(
        f"The home is at work (process {holder}). What there is to ask for is asked for later."
    )


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=300,
    description="Runs when deliveries that the newest release was not made from have arrived whole.",
)
def new_deliveries_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for one run for all deliveries that are new, once the last of them has come whole, and for another if one of them
    changed before a run could read it.

    New is what the newest release does not name; of months after the quarter, what no run has read.
    """
    home = _home()
    if not home.landing.is_dir():
        return dg.SkipReason(f"No landing folder {home.landing}.")
    if (at_work := _at_work(home, context.instance)) is not None:
        return at_work
    try:
        deliveries, _ = find_deliveries(home.landing)
        known = released(home)
    except LabourdbError as error:
        return dg.SkipReason(str(error))
    as_of = last_delivered_quarter(deliveries)
    if as_of is None:
        return dg.SkipReason("No quarter has its social insurance deliveries yet.")
    later = after(deliveries, reference_month(quarter_number(as_of)))
    known |= _read(context.instance, later)
    new = [d for d in deliveries if d.name not in known]
    before = Memory.read(context.cursor)
    if not new:
        return dg.SkipReason("No new delivery.")
    memory, waiting = look(new, before, time.time())
    asked = digest(memory.seen)
    if asked == before.asked:
        return dg.SkipReason("A run was asked for these deliveries. Ask for another with Launch Run.")
    if waiting:
        context.update_cursor(memory.written())
        more = f"\n… and {len(waiting) - 10} more" if len(waiting) > 10 else ""
        return dg.SkipReason("Still arriving:\n" + "\n".join(waiting[:10]) + more)
    request = _request(f"{as_of}-{asked}", as_of)
    return dg.SensorResult([request], cursor=replace(memory, asked=asked).written())


def _read(instance: dg.DagsterInstance, deliveries: Sequence[Delivery]) -> set[str]:
    """Which of these deliveries a run has read, by the event it left of each."""
    months = defaultdict(set)
    for delivery in deliveries:
        months[delivery.source].add(f"{delivery.period}-01")
    found = set()
    for source, partitions in months.items():
        wanted = dg.AssetRecordsFilter(agency_key(source), asset_partitions=sorted(partitions))
        for record in instance.fetch_materializations(wanted, limit=TRIES).records:
            if record.asset_materialization is not None:
                found.add(str(record.asset_materialization.metadata["delivery"].value))
    return found


def _scheduled(
    context: dg.ScheduleEvaluationContext, occasion: str, as_of: str
) -> dg.RunRequest | dg.SkipReason:
    """The run of an occasion, once: a schedule ticks every hour of its day, so that a home at work is asked later."""
    key = f"{occasion}-{as_of}"
    if context.instance.get_runs(dg.RunsFilter(tags={RUN_KEY: key}), limit=1):
        return dg.SkipReason(f"A run was asked for: {key}.")
    return _at_work(_home(), context.instance) or _request(key, as_of)


@dg.schedule(job_name=JOB, cron_schedule="0 6-22 20 1,4,7,10 *", execution_timezone="Asia/Ho_Chi_Minh")
def quarterly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """The quarter that has just ended, on the 20th after it, from 6 in the morning."""
    return _scheduled(context, "quarter", last_whole_quarter(context.scheduled_execution_time.date()))


@dg.schedule(job_name=JOB, cron_schedule="0 6-22 1 12 *", execution_timezone="Asia/Ho_Chi_Minh")
def annual(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """For the annual report due on 10 December: the last whole quarter, with every late delivery."""
    return _scheduled(context, "annual", last_whole_quarter(context.scheduled_execution_time.date()))
