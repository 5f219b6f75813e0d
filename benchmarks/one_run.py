"""Runs one home step by step in this process and prints what each step cost, as JSON on standard output."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(home: Path, as_of: str) -> None:
    """Steps: start-up (imports, parsed project), ingest, gates, identity, dbt (labour, indicators), release."""
    steps: list[dict[str, Any]] = []

    def timed(name: str, action: Callable[[], object]) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        action()
        steps.append(
            {
                "step": name,
                "wall": time.monotonic() - wall,
                "cpu": time.process_time() - cpu,
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )

    def start_up() -> None:
        import great_expectations

        from orchestration import definitions, pipeline

        del great_expectations, definitions, pipeline

    timed("start-up", start_up)

    from orchestration import pipeline
    from orchestration.home import Home
    from orchestration.periods import quarter_number
    from orchestration.run_inputs import RunScope
    from orchestration.settings import load_settings
    from releases.release import next_id

    place = Home(home)
    scope = RunScope(quarter_number(as_of), next_id(place.releases, as_of))
    run = pipeline.Run(place, load_settings(place.settings), scope)
    timed("ingest", lambda: pipeline.ingest_new(run))
    timed("gates", lambda: pipeline.gate_deliveries(run))
    timed("identity", lambda: pipeline.build(run, ["staging", "identity", "areas"]))
    timed("dbt", lambda: pipeline.build(run, ["labour"]))
    timed("gates", lambda: pipeline.stop_if_blocked(run, pipeline.gate_linkage(run)))
    timed("dbt", lambda: pipeline.build(run, pipeline.LAST_LAYERS))
    timed("gates", lambda: pipeline.stop_if_blocked(run, pipeline.gate_publication(run)))
    timed("release", lambda: pipeline.release(run))
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
