"""Measures one world: its full run, a run with nothing new, one month more, the lower bound, and the disk they take."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.figures import World
from orchestration.home import SEEDS, Home
from sources.engine import machine_memory

AS_OF, LAST_MONTH = "2025Q4", "2025-12"
FIRST_PROVINCES = ("30", "19")
# bytes that a person takes a month while it is measured: deliveries, the home, what is spilled
BYTES_A_MONTH = 160
LABOURDB = [sys.executable, "-m", "orchestration"]


@dataclass(frozen=True)
class Limits:
    """What every run may use, so that machines with more do not measure something else."""

    memory: str = "1500MB"
    threads: int = 2


class Failed(Exception):
    """A process did not end well; its last words."""


def provinces(number: int) -> list[str]:
    """Codes of that many provinces of the list before 2025-07, always the same."""
    lines = (SEEDS / "areas.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    version_, level, code = (header.index(c) for c in ("area_version", "level", "code"))
    rows = [line.split(",") for line in lines[1:]]
    others = sorted(
        {r[code] for r in rows if (r[version_], r[level]) == ("2024", "province")} - {*FIRST_PROVINCES}
    )
    return [*FIRST_PROVINCES, *others][:number]


def machine() -> dict[str, Any]:
    """What it is measured on, without its name: processor, cores, MiB of memory, system, Python, DuckDB."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        model = found[1].strip() if found else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_mib": machine_memory() >> 20,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
    }


def measure(
    world: World,
    folder: Path,
    limits: Limits,
    tell: Callable[[str], None],
    increment: bool = False,
    bound: bool = True,
) -> dict[str, Any]:
    """Simulate a world in ``folder`` (deliveries that lie there are taken) and measure it; nothing else is left there.

    Returns the result as ``figures`` takes it. What fails does not end the measuring: it is noted as ``failed``.
    """
    persons, months, number = world
    result: dict[str, Any] = {"persons": persons, "months": months, "provinces": number}
    result["date"] = datetime.now(UTC).date().isoformat()
    home = Home(folder)
    needed = persons * months * BYTES_A_MONTH
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        return result | {
            "failed": f"left out: about {needed / 1e9:.0f} GB of disk are needed, {free / 1e9:.0f} GB are free"
        }
    try:
        if not home.landing.is_dir():
            tell("simulate")
            _simulate(world, folder)
        home.settings.write_text(f'[engine]\nmemory = "{limits.memory}"\nthreads = {limits.threads}\n')
        _clear(home)
        tell("full run")
        result["full"] = run(home)
        result["disk"] = _disk(home)
        tell("nothing new")
        again = run(home)
        if again["published"]:
            raise Failed("a second run published again: the code was changed while it was measured")
        result["nothing_new"] = {k: v for k, v in again.items() if k not in ("steps", "nodes")}
        _clear(home)
        if bound and months in (12, 24):
            tell("lower bound")
            result["lower_bound"] = _lower_bound(home, limits)
        if increment:
            tell("one month less")
            with _held_back(home, LAST_MONTH):
                before = run(home)
            tell("one month more")
            result["increment"] = {"before": before, "month": run(home)}
    except Failed as error:
        result.pop("full", None)
        result["failed"] = str(error)
    finally:
        _clear(home)
    return result


def run(home: Home) -> dict[str, Any]:
    """``labourdb run --profile`` in a process of its own: cpu and wall seconds, peak_mib, of the whole and by step; CPU by model;
    whether it published.

    Raises ``Failed`` unless it ended with 0.
    """
    home.profile.unlink(missing_ok=True)
    command = [*LABOURDB, "run", "--home", str(home.root), "--as-of", AS_OF, "--profile", "--json"]
    began = time.monotonic()
    cpu, said = _executed(command)
    wall = time.monotonic() - began
    told = json.loads(home.profile.read_text(encoding="utf-8"))
    steps = {s["name"]: {k: s[k] for k in ("cpu", "wall", "peak_mib")} for s in told["steps"]}
    nodes: dict[str, float] = {}
    for node in told["nodes"]:
        nodes[node["name"]] = round(nodes.get(node["name"], 0.0) + node["cpu"], 3)
    peak = told["total"]["peak_mib"]
    costs = {"cpu": round(cpu, 2), "wall": round(wall, 2), "peak_mib": peak, "steps": steps, "nodes": nodes}
    return costs | {"published": json.loads(said)["published"]}


def _executed(command: list[str]) -> tuple[float, str]:
    """Run a command to its end; returns CPU seconds of it and of all it started, and what it said. Raises ``Failed`` with its last words."""
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = os.times()
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()[-3:]
        raise Failed(f"{' '.join(command[2:4])} ended with {done.returncode}: {' '.join(words)[:400]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, done.stdout


def _simulate(world: World, folder: Path) -> None:
    persons, months, number = world
    stated = {
        "persons": persons, "months": months, "until": LAST_MONTH, "provinces": ",".join(provinces(number)), "seed": 1,
    }  # fmt: skip
    options = [word for name, value in stated.items() for word in (f"--{name}", str(value))]
    _executed([*LABOURDB, "simulate", "--home", str(folder), *options])
    shutil.rmtree(folder / "truth")


def _lower_bound(home: Home, limits: Limits) -> dict[str, Any]:
    """CPU and wall seconds and peak of the lower bound on a home's deliveries."""
    place = home.root / "lower_bound"
    place.mkdir(exist_ok=True)
    try:
        out = place / "out.json"
        options = ["--folder", str(place), "--memory", limits.memory, "--threads", str(limits.threads)]
        _executed([sys.executable, "-m", "benchmarks.lower_bound", str(home.landing), str(out), *options])
        told = json.loads(out.read_text(encoding="utf-8"))
        return {k: told[k] for k in ("cpu", "wall", "peak_mib", "parts")}
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _held_back(home: Home, month: str) -> Iterator[None]:
    """In the block the deliveries of a month have not arrived."""
    aside = home.root / "not_yet"
    held = [p for p in home.landing.glob("*/*") if p.name[:7] == month]
    try:
        for path in held:
            (aside / path.parent.name).mkdir(parents=True, exist_ok=True)
            path.rename(aside / path.parent.name / path.name)
        yield
    finally:
        for path in held:
            there = aside / path.parent.name / path.name
            if there.exists():
                there.rename(path)
        shutil.rmtree(aside, ignore_errors=True)


def _disk(home: Home) -> dict[str, int]:
    """Bytes of what a home holds, and of the release's site."""
    places = {
        "landing": home.landing, "restricted": home.restricted, "warehouse": home.warehouse, "releases": home.releases,
        "site": (home.releases / "current").resolve() / "site",
    }  # fmt: skip
    return {
        name: sum(f.stat().st_size for f in place.rglob("*") if f.is_file()) for name, place in places.items()
    }


def _clear(home: Home) -> None:
    """Take away what runs made: the next one begins with the deliveries alone."""
    for place in (home.restricted, home.warehouse, home.releases, home.dagster):
        shutil.rmtree(place, ignore_errors=True)
