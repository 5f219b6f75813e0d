"""``make bench``: a full run at 50 k, 200 k and 2 M people × 24 months, by step, against the goal."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

# what the longitudinal database adds to a run, beside the models of that folder
LONGITUDINAL = {
    "reissued_ids", "claims", "employer_flows", "labour_flows", "published_labour_flows", "status_changes", "transitions",
    "published_transitions", "completions", "training_outcomes", "published_training_outcomes",
}  # fmt: skip
LONGITUDINAL_GOAL = 0.30  # of the CPU of the run without them
STEPS = ("start-up", "ingest", "identity", "dbt", "gates", "disclosure", "release")
GOAL = {"persons": 2_000_000, "cpu": 120.0, "peak_mib": 3 * 1024.0}
console = Console(width=150)


def run_one(persons: int, months: int, folder: Path) -> dict[str, Any]:
    """Simulate and run one world in fresh processes; returns ``steps`` (step to wall, CPU and peak memory) and
    ``models`` (the same of each model, in the order they were built).
    """
    home = folder / f"{persons}"
    labourdb = [sys.executable, "-m", "orchestration"]
    simulated = [
        *labourdb,
        "simulate",
        "--home",
        str(home),
        "--persons",
        str(persons),
        "--months",
        str(months),
    ]
    subprocess.run(simulated, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    child = [sys.executable, "-m", "benchmarks.one_run", str(home), "2025Q4"]
    done = subprocess.run(child, check=True, capture_output=True, text=True)
    costs: dict[str, dict[str, float]] = {}
    said = json.loads(done.stdout.strip().splitlines()[-1])
    for entry in said["steps"]:
        known = costs.setdefault(entry["step"], {"wall": 0.0, "cpu": 0.0, "peak_mib": 0.0})
        known["wall"] += entry["wall"]
        known["cpu"] += entry["cpu"]
        known["peak_mib"] = max(known["peak_mib"], entry["peak_mib"])
    shutil.rmtree(home)
    return {"steps": costs, "models": [n for n in said["nodes"] if n["kind"] == "model"]}


def _total(costs: dict[str, dict[str, float]], what: str) -> float:
    values = [c[what] for c in costs.values()]
    return max(values) if what == "peak_mib" else sum(values)


def show(results: dict[int, dict[str, Any]]) -> None:
    """Print each size by step, what the longitudinal tables add, what growth costs, the distance from the goal."""
    for persons, found in results.items():
        costs = found["steps"]
        table = Table(title=f"{persons:,} people × 24 months", title_justify="left")
        for column in ("step", "wall s", "CPU s", "share of CPU", "peak MiB"):
            table.add_column(column, justify="left" if column == "step" else "right")
        cpu = _total(costs, "cpu")
        for step in STEPS:
            c = costs[step]
            table.add_row(
                step, f"{c['wall']:.1f}", f"{c['cpu']:.1f}", f"{c['cpu'] / cpu:.0%}", f"{c['peak_mib']:.0f}"
            )
        table.add_row(
            "total", f"{_total(costs, 'wall'):.1f}", f"{cpu:.1f}", "", f"{_total(costs, 'peak_mib'):.0f}"
        )
        console.print(table)
        show_longitudinal(persons, found["models"], cpu)
    sizes = sorted(results)
    for small, large in pairwise(sizes):
        ratio = _total(results[large]["steps"], "cpu") / _total(results[small]["steps"], "cpu")
        console.print(f"{large / small:.0f} × the people cost {ratio:.1f} × the CPU")
    if GOAL["persons"] in results:
        costs = results[int(GOAL["persons"])]["steps"]
        for what, unit in (("cpu", "CPU s"), ("peak_mib", "MiB")):
            console.print(f"goal {GOAL[what]:.0f} {unit}: {_total(costs, what) / GOAL[what]:.2f} × the goal")


def show_longitudinal(persons: int, models: list[dict[str, Any]], run_cpu: float) -> None:
    """Print what each table of the longitudinal database costs, and their share of the run without them."""
    added = [m for m in models if m["folder"] == "labour/longitudinal" or m["node"] in LONGITUDINAL]
    cpu = sum(m["cpu"] for m in added)
    table = Table(title=f"Longitudinal tables, {persons:,} people × 24 months", title_justify="left")
    for column in ("table", "wall s", "CPU s", "of the run without them", "peak MiB"):
        table.add_column(column, justify="left" if column == "table" else "right")
    for m in sorted(added, key=lambda m: -float(m["cpu"])):
        share = m["cpu"] / (run_cpu - cpu)
        table.add_row(
            m["node"], f"{m['wall']:.2f}", f"{m['cpu']:.2f}", f"{share:.1%}", f"{m['peak_mib']:.0f}"
        )
    console.print(table)
    others = max((m["peak_mib"] for m in models if m not in added), default=0.0)
    console.print(
        f"together {cpu:.1f} CPU s, {cpu / (run_cpu - cpu):.1%} of the run without them (goal: at most"
        f" {LONGITUDINAL_GOAL:.0%}); peak {max(m['peak_mib'] for m in added):.0f} MiB, other models {others:.0f} MiB"
    )


def main() -> None:
    """Parse arguments, run every size, print the tables (or JSON)."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--persons", type=int, nargs="+", default=[50_000, 200_000, 2_000_000])
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--json", action="store_true", help="print figures instead of tables")
    chosen = parser.parse_args()
    results: dict[int, Any] = {}
    with tempfile.TemporaryDirectory(prefix="labourdb-bench-") as folder:
        for persons in chosen.persons:
            results[persons] = run_one(persons, chosen.months, Path(folder))
    if chosen.json:
        sys.stdout.write(json.dumps(results, indent=1) + "\n")
    else:
        show(results)


if __name__ == "__main__":
    main()
