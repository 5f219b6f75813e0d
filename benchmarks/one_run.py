"""Runs one home step by step in this process and prints what each step and model cost, as JSON on standard output."""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any


def _forget_peak() -> None:
    """Let the kernel measure this process's peak memory anew, where it can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> float:
    """Peak memory since it was last forgotten, MiB; since the start where the kernel cannot forget."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Costs:
    """Wall and CPU seconds and peak memory of steps, and of the models and tests dbt works on meanwhile."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self._since = (0.0, 0.0)
        self._peak = 0.0

    def timed(self, name: str, action: Callable[[], object]) -> None:
        """Do a step and note its cost."""
        _forget_peak()
        self._peak = 0.0
        wall, cpu = time.monotonic(), time.process_time()
        action()
        self.steps.append(
            {
                "step": name,
                "wall": time.monotonic() - wall,
                "cpu": time.process_time() - cpu,
                "peak_mib": max(self._peak, _peak_mib()),
            }
        )

    def heard(self, event: Any) -> None:
        """Note the cost of a dbt node between its start and its end; dbt works on one at a time."""
        if event.info.name == "NodeStart":
            self._peak = max(self._peak, _peak_mib())
            _forget_peak()
            self._since = time.monotonic(), time.process_time()
        elif event.info.name == "NodeFinished":
            node = event.data.node_info
            wall, cpu = self._since
            peak = _peak_mib()
            self._peak = max(self._peak, peak)
            self.nodes.append(
                {
                    "node": node.node_name,
                    "folder": str(Path(node.node_path).parent),
                    "kind": node.resource_type,
                    "wall": time.monotonic() - wall,
                    "cpu": time.process_time() - cpu,
                    "peak_mib": peak,
                }
            )


def main(home: Path, as_of: str) -> None:
    """Steps: start-up (imports, parsed project), ingest, gates, identity, dbt (labour, indicators), disclosure, release."""
    costs = Costs()

    def start_up() -> None:
        import great_expectations

        from orchestration import definitions
        from orchestration.run import steps

        del great_expectations, definitions, steps

    costs.timed("start-up", start_up)

    from orchestration.dbt import project
    from orchestration.home import Home
    from orchestration.run import gates, steps
    from orchestration.run.scope import Run, RunScope
    from orchestration.settings import load_settings
    from releases.release import next_id
    from sources.calendar import quarter_number

    place = Home(home)
    scope = RunScope(quarter_number(as_of), next_id(place.releases, as_of))
    run = Run(place, load_settings(place.settings), scope)

    def build(layers: list[str]) -> None:
        steps.build(run, layers, costs.heard)

    costs.timed("ingest", lambda: steps.ingest_new(run))
    costs.timed("gates", lambda: gates.gate_deliveries(run))
    costs.timed("identity", lambda: build(["staging", "identity", "reference"]))
    costs.timed("dbt", lambda: build(["labour"]))
    costs.timed("gates", lambda: gates.stop_if_blocked(run, gates.gate_linkage(run)))
    costs.timed("dbt", lambda: build(project.COUNTED_LAYERS))
    costs.timed("disclosure", lambda: build(["disclosure"]))
    costs.timed("dbt", lambda: build(["published"]))
    costs.timed("gates", lambda: gates.stop_if_blocked(run, gates.gate_publication(run)))
    costs.timed("release", lambda: steps.release(run))
    sys.stdout.write(json.dumps({"steps": costs.steps, "nodes": costs.nodes}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2])
