"""What a run costs, by step and by what dbt builds and tests in it: wall and CPU seconds, peak memory.

``labourdb run --profile`` keeps it in the home, and ``make bench`` makes its tables of it. It holds names of the product's own
and figures of the machine: nothing of what the run reads.
"""

from __future__ import annotations

import json
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sources.modes import modes

START_UP = (
    "start-up"  # until the first step begins: Python, libraries, the parsed project, the look for what is new
)
_TICKS = os.sysconf("SC_CLK_TCK")
_events: ContextVar[Callable[[Any], None] | None] = ContextVar("events", default=None)


@dataclass(frozen=True)
class Cost:
    """What one thing cost: ``kind`` is step, model, seed or test; of all but steps ``step`` says in which.

    ``cpu`` counts the processes that read files too; ``peak_mib`` is the run's own process.
    """

    name: str
    kind: str
    step: str
    wall: float
    cpu: float
    peak_mib: float


def forget_peak() -> None:
    """Let the kernel measure this process's peak memory anew, where it can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """Peak memory since it was last forgotten, MiB; since the start where the kernel cannot forget."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_seconds() -> float:
    """CPU seconds of this process since it began, and of those it started: that have ended, or live (Linux)."""
    ended = os.times()
    live = 0
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError, IndexError, ValueError):
            for child in task.read_text().split():
                # after the name, which may hold anything: fields 14 to 17, its own and that of its own children
                fields = Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2].split()
                live += sum(map(int, fields[11:15]))
    return time.process_time() + ended.children_user + ended.children_system + live / _TICKS


def _age() -> float:
    """Seconds since this process began; where the system does not say so, since this module was imported."""
    with suppress(OSError, IndexError, ValueError):
        began = int(Path("/proc/self/stat").read_text().rpartition(") ")[2].split()[19]) / _TICKS
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began
    return time.monotonic() - _IMPORTED


_IMPORTED = time.monotonic()


class Profile:
    """Notes what a run costs: called with (step, detail, seconds) as its listener, it hears dbt in ``measuring``."""

    def __init__(self) -> None:
        self.costs: list[Cost] = []
        self._step, self._began = START_UP, (0.0, 0.0)
        self._node = (0.0, 0.0)
        self._peak = 0.0  # of the step so far, as often as it was forgotten
        self._highest = 0.0

    def __call__(self, step: str, detail: str, seconds: float) -> None:
        """Note the start (no detail) or the end (``done``) of a step."""
        if detail == "":
            self._end()
            self._begin(step)
        elif detail == "done":
            self._end()

    def heard(self, event: Any) -> None:
        """Note the cost of a dbt node between its start and its end; dbt works on one at a time."""
        if event.info.name == "NodeStart":
            self._seen()
            forget_peak()
            self._node = _age(), cpu_seconds()
        elif event.info.name == "NodeFinished":
            node, (wall, cpu) = event.data.node_info, self._node
            self._note(node.node_name, node.resource_type, wall, cpu, self._seen())

    def whole(self) -> dict[str, Any]:
        """Everything noted until now: ``total`` (wall, cpu, peak_mib), ``steps`` and ``nodes`` in the order they ran.

        What lies between steps, such as Dagster's own work, is in the total alone. A step that was not ended, as one that
        failed, ends here.
        """
        self._end()
        self._seen()
        total = {
            "wall": round(_age(), 3),
            "cpu": round(cpu_seconds(), 3),
            "peak_mib": round(self._highest, 1),
        }
        told = [
            {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(c).items()} for c in self.costs
        ]
        steps = [c for c in told if c["kind"] == "step"]
        return {"total": total, "steps": steps, "nodes": [c for c in told if c["kind"] != "step"]}

    def write(self, path: Path) -> dict[str, Any]:
        """Write ``whole`` as JSON, in a home's modes; returns it."""
        told = self.whole()
        with modes():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return told

    def _begin(self, step: str) -> None:
        forget_peak()
        self._step, self._began, self._peak = step, (_age(), cpu_seconds()), 0.0

    def _end(self) -> None:
        if self._step:
            self._seen()
            self._note(self._step, "step", *self._began, self._peak)
        self._step = ""

    def _seen(self) -> float:
        peak = peak_mib()
        self._peak, self._highest = max(self._peak, peak), max(self._highest, peak)
        return peak

    def _note(self, name: str, kind: str, wall: float, cpu: float, peak: float) -> None:
        step = "" if kind == "step" else self._step
        self.costs.append(Cost(name, kind, step, _age() - wall, cpu_seconds() - cpu, peak))


@contextmanager
def measuring(profile: Profile | None) -> Iterator[None]:
    """Let ``profile``, if there is one, hear what dbt tells while it works in the block."""
    heard = _events.set(profile.heard if profile is not None else None)
    try:
        yield
    finally:
        _events.reset(heard)


def hearing() -> Callable[[Any], None] | None:
    """Who is to hear what dbt tells."""
    return _events.get()
