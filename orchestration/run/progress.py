"""The steps of a run in their order, and how long each took the last time: what is left of the one that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

# as Dagster names them, in the order they run, and as people read them
STEPS: Mapping[str, str] = {
    "read_deliveries": "read deliveries",
    "delivery_gate": "judge deliveries",
    "build_labour_database": "link rows, build the labour database",
    "linkage_gate": "gate 2: linkage",
    "count_indicators": "count indicators",
    "make_published_tables": "make the published tables",
    "publication_gate": "gate 3: publication",
    "publish": "publish",
}


@dataclass(frozen=True)
class Plan:
    """What a run is to do: ``seconds`` each step took in the last whole run, by its words; empty where there was none."""

    seconds: Mapping[str, float] = field(default_factory=dict)

    def number(self, step: str) -> int:
        """Which of the steps it is, from 1 on; 0 for one that is not among them."""
        words = list(STEPS.values())
        return words.index(step) + 1 if step in words else 0

    def after(self, step: str) -> list[str]:
        """The steps that follow."""
        return list(STEPS.values())[self.number(step) :]

    def left(self, step: str, elapsed: float) -> float | None:
        """Seconds until the end, as long as the last time; null if there was no last time.

        A step that already takes longer than then is thought to end now.
        """
        if not self.seconds or not self.number(step):
            return None
        return max(self.seconds[step] - elapsed, 0.0) + sum(self.seconds[later] for later in self.after(step))


def plan_of(instance: dg.DagsterInstance, job: str) -> Plan:
    """The plan of a run of ``job``, from the history of runs: its last one that published."""
    import dagster as dg

    succeeded = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS])
    for run in instance.get_runs(succeeded, limit=10):  # some may have found nothing new, or be of a part
        took = {
            known.step_key: known.end_time - known.start_time
            for known in instance.get_run_step_stats(run.run_id, list(STEPS))
            if known.start_time is not None and known.end_time is not None
        }
        if took.keys() == STEPS.keys():
            return Plan({words: took[name] for name, words in STEPS.items()})
    return Plan()
