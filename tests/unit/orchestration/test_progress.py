"""What is left of a run, by the last one; what a run cost, by step and model."""

from __future__ import annotations

import json
import mmap
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from orchestration.cli import progress
from orchestration.cli.progress import duration, left_of, profile_tables
from orchestration.run.profile import START_UP, Profile, cpu_seconds, hearing, measuring, peak_mib
from orchestration.run.progress import STEPS, Plan, plan_of

WORDS = list(STEPS.values())
LAST_TIME = Plan({words: 10.0 * (n + 1) for n, words in enumerate(WORDS)})


def test_the_steps_are_those_of_the_job_in_its_order() -> None:
    from orchestration.definitions import RUN, build_defs

    job = build_defs().resolve_job_def(RUN.name)
    order = {node.name: place for place, node in enumerate(job.nodes_in_topological_order)}
    assert set(STEPS) == set(order)
    assert [s for s in STEPS if "gate" not in s] == sorted(
        (s for s in STEPS if "gate" not in s), key=order.__getitem__
    )


def test_what_is_left_is_as_long_as_the_last_time() -> None:
    assert LAST_TIME.left("publish", 30.0) == 50.0
    assert LAST_TIME.left("publish", 99.0) == 0.0  # longer than then: it should end now
    assert LAST_TIME.left("gate 3: publication", 0.0) == 70.0 + 80.0
    assert LAST_TIME.after("gate 3: publication") == ["publish"] and LAST_TIME.after("publish") == []


def test_nothing_is_estimated_without_a_last_time_or_of_a_step_unknown() -> None:
    assert Plan().left("publish", 1.0) is None and LAST_TIME.left("look for what is new", 1.0) is None
    assert left_of(Plan(), WORDS[6], 0.0) == "step 7 of 8; then publish"
    assert (
        left_of(LAST_TIME, WORDS[6], 0.0)
        == "step 7 of 8; about 2 min 30 s left, as the last run took; then publish"
    )
    assert left_of(LAST_TIME, "look for what is new", 0.0) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (61, "1 min"), (154, "2 min 30 s"), (3599, "60 min"), (3700, "1 h 2 min")],
)
def test_durations_are_said_as_people_do(seconds: float, said: str) -> None:
    assert duration(seconds) == said


class History:
    """Runs by name, newest first, each with the steps that ended."""

    def __init__(self, **runs: list[str]) -> None:
        self.runs = runs

    def get_runs(self, filters: dg.RunsFilter, limit: int) -> list[Any]:
        assert filters.job_name == "run" and filters.statuses == [dg.DagsterRunStatus.SUCCESS]
        return [SimpleNamespace(run_id=name) for name in self.runs][:limit]

    def get_run_step_stats(self, run_id: str, keys: list[str]) -> list[Any]:
        ended = self.runs[run_id]
        return [
            SimpleNamespace(step_key=k, start_time=100.0, end_time=103.0 if k in ended else None)
            for k in keys
        ]


def test_the_last_time_is_the_last_run_that_published() -> None:
    found = plan_of(History(nothing_new=["read_deliveries"], whole=list(STEPS)), "run")  # type: ignore[arg-type]
    assert found == Plan(dict.fromkeys(WORDS, 3.0))
    assert plan_of(History(nothing_new=["read_deliveries"]), "run") == Plan()  # type: ignore[arg-type]


def test_a_log_says_what_is_left_at_the_start_of_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    steps = progress.Steps()
    steps.planned(LAST_TIME)
    steps("publish", "", 0.0)
    steps("publish", "writing", 1.0)
    steps("publish", "done", 1.26)
    said = " ".join(capsys.readouterr().err.split())
    assert said == "publish … (step 8 of 8; about 1 min 20 s left, as the last run took) publish 1.3 s"


def event(name: str, node: str = "", kind: str = "model") -> Any:
    info = SimpleNamespace(node_name=node, resource_type=kind)
    return SimpleNamespace(info=SimpleNamespace(name=name), data=SimpleNamespace(node_info=info))


def test_a_profile_has_each_step_and_what_was_built_in_it(tmp_path: Path) -> None:
    profile = Profile()
    with measuring(profile):
        heard = hearing()
        assert heard is not None
        profile("read deliveries", "", 0.0)
        taken = mmap.mmap(-1, 60 << 20)  # of its own: the heap may have kept as much
        taken.write(bytes(60 << 20))
        profile("read deliveries", "half", 0.0)
        profile("read deliveries", "done", 0.0)
        taken.close()
        profile("count indicators", "", 0.0)
        heard(event("NodeStart", "cells"))
        sum(range(300_000))
        heard(event("NodeFinished", "cells"))
        heard(event("LogModelResult"))
    assert hearing() is None
    told = profile.write(tmp_path / "warehouse" / "profile.json")
    assert [s["name"] for s in told["steps"]] == [
        START_UP,
        "read deliveries",
        "count indicators",
    ]  # also one that failed
    (cells,) = told["nodes"]
    assert (cells["name"], cells["kind"], cells["step"]) == ("cells", "model", "count indicators")
    reading = told["steps"][1]
    assert 0 < cells["cpu"] <= told["steps"][2]["cpu"] <= told["total"]["cpu"]
    assert reading["peak_mib"] > told["steps"][2]["peak_mib"] + 40
    assert told["total"]["peak_mib"] >= int(reading["peak_mib"])
    file = tmp_path / "warehouse" / "profile.json"
    assert json.loads(file.read_text()) == told and stat.S_IMODE(file.stat().st_mode) & 0o027 == 0
    titles = [t.title for t in profile_tables(told)]
    assert titles == ["What the run cost", "The dearest models, tests and seeds"]


def test_processor_time_of_a_process_that_it_started_is_counted() -> None:
    import subprocess
    import sys

    before = cpu_seconds()
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for _ in range(400):
            if cpu_seconds() - before > 0.2:
                break
            try:
                child.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        living = cpu_seconds() - before
    finally:
        child.kill()
        child.wait()
    assert living > 0.2 and cpu_seconds() - before >= living - 0.05  # ended, it is still counted
    assert peak_mib() > 10
