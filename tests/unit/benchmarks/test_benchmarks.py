"""Figures, goals and tables of the bench, of results made up here; and that its page is made of what it kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import figures, goals, measuring, report
from benchmarks.lower_bound.__main__ import span
from benchmarks.measuring import Limits, provinces
from orchestration.home import Home
from orchestration.run.progress import STEPS
from orchestration.settings import load_settings

MIB = 1 << 20


def result(
    persons: int,
    months: int = 12,
    number: int = 2,
    cpu: float = 100.0,
    steps: dict[str, float] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A result of a world as it is kept."""
    spent = steps or {"publish": cpu}
    costs = {name: {"cpu": value, "wall": value / 2, "peak_mib": 700.0} for name, value in spent.items()}
    return {
        "persons": persons,
        "months": months,
        "provinces": number,
        "date": "2026-11-29",
        "disk": {
            "landing": 50 * MIB,
            "restricted": 40 * MIB,
            "warehouse": 30 * MIB,
            "releases": 20 * MIB,
            "site": 5 * MIB,
        },
        "full": {"cpu": cpu, "wall": cpu / 2, "peak_mib": 900.0, "steps": costs, "nodes": {"cells": cpu / 2}},
        "nothing_new": {"cpu": 1.0, "wall": 1.5, "peak_mib": 300.0},
        **more,
    }


SIZES = [result(200_000, cpu=40.0), result(500_000, cpu=100.0), result(2_000_000, cpu=1600.0)]


def test_an_exponent_is_one_in_proportion_and_two_of_a_square() -> None:
    assert figures.exponent(1, 4, 10, 40) == pytest.approx(1.0)
    assert figures.exponent(1, 4, 10, 160) == pytest.approx(2.0)
    assert figures.exponent(1, 4, 10, 10) == 0.0
    assert figures.exponent(1, 4, 0, 10) is None and figures.exponent(4, 4, 1, 1) is None


def test_exponents_lie_between_neighbours_whatever_order_they_were_measured_in() -> None:
    told = figures.exponents(SIZES[::-1], "sizes", figures.cpu)
    assert [(small, large, round(e, 6)) for small, large, e in told] == [
        (200_000, 500_000, 1.0),
        (500_000, 2_000_000, 2.0),
    ]


def test_a_series_has_what_differs_in_one_thing_alone() -> None:
    others = [
        result(2_000_000, 24),
        result(2_000_000, 60),
        result(100_000, number=4),
        result(7_000, number=4),
    ]
    both = [*SIZES, *others, result(50_000), {"persons": 1, "months": 12, "provinces": 2, "failed": "x"}]
    assert [r["persons"] for r in figures.series_of(both, "sizes")] == [50_000, 200_000, 500_000, 2_000_000]
    assert [r["months"] for r in figures.series_of(both, "months")] == [12, 24, 60]
    assert [r["provinces"] for r in figures.series_of(both, "provinces")] == [2, 4]
    assert figures.series_of([result(10)], "sizes") == []  # one alone says nothing of growth


def test_the_steepest_step_is_named_unless_it_costs_nothing() -> None:
    grown = [
        result(1_000, steps={"publish": 4.0, "read deliveries": 2.0, "judge deliveries": 0.1}),
        result(2_000, steps={"publish": 8.0, "read deliveries": 8.0, "judge deliveries": 1.9}),
    ]
    told = figures.steep_steps(grown, "sizes")
    assert [(name, round(e, 3)) for name, _, _, e in told] == [("read deliveries", 2.0), ("publish", 1.0)]
    assert figures.steep_models(SIZES, "sizes")[0][0] == "cells"


def test_ratio_and_share_of_a_month() -> None:
    month = {"before": {"cpu": 95.0}, "month": {"cpu": 15.0, "wall": 9.0, "peak_mib": 800.0}}
    measured = result(2_000_000, 24, cpu=150.0, lower_bound={"cpu": 75.0, "peak_mib": 800.0}, increment=month)
    assert figures.ratio(measured) == 2.0 and figures.month_share(measured) == 0.1
    assert figures.ratio(SIZES[0]) is None and figures.month_share(SIZES[0]) is None


def test_a_nation_is_argued_from_the_two_largest() -> None:
    assert figures.extrapolated(SIZES, 4_000_000, figures.cpu) == pytest.approx(6400.0)
    assert figures.extrapolated(SIZES[:1], 4_000_000, figures.cpu) is None


def test_goals_are_met_not_met_or_not_measured() -> None:
    month = {"before": {"cpu": 100.0}, "month": {"cpu": 41.0, "wall": 9.0, "peak_mib": 800.0}}
    there = result(2_000_000, 24, cpu=200.0, lower_bound={"cpu": 79.0, "peak_mib": 800.0}, increment=month)
    made = {(j.goal.where, j.goal.figure): j for j in goals.judged([*SIZES, there])}
    world = (2_000_000, 24, 2)
    assert made[world, "CPU s"].met is True  # just as much as it may be
    assert made[world, "× the lower bound's CPU"].met is False  # 2.53
    assert made[world, "of the full run's CPU for one month more"].met is False
    assert made[world, "CPU s for one month more"].met is True
    assert made["sizes", "exponent of CPU"].met is False and made[
        "sizes", "exponent of CPU"
    ].value == pytest.approx(2.0)
    assert made["sizes", "exponent of the steepest step"].met is False
    assert made["provinces", "exponent of CPU"].met is None
    assert made[(10_000_000, 12, 2), "CPU s"].met is None and made[(10_000_000, 12, 2), "CPU s"].value is None


def test_every_goal_is_of_something_that_is_measured() -> None:
    whole = [
        result(*world, steps=dict.fromkeys(STEPS.values(), 3.0), lower_bound={"cpu": 50.0},
               increment={"month": {"cpu": 1.0}})
        for world in {g.where for g in goals.GOALS if not isinstance(g.where, str)}
    ]  # fmt: skip
    whole += [
        result(1_000, steps={"publish": 3.0}),
        result(2_000_000, steps={"publish": 3.0}),
        result(50_000),
    ]
    assert [j.goal for j in goals.judged(whole) if j.met is None] == []


def test_tables_show_what_failed_too() -> None:
    failed = {
        "persons": 100_000,
        "months": 12,
        "provinces": 4,
        "date": "2026-11-29",
        "failed": "ended with 1",
    }
    made = {t.title: t for t in report.tables([*SIZES, failed])}
    rows = {row[0]: row for row in made["What a run costs"].rows}
    assert rows["100,000 × 12, 4 provinces"][1] == "ended with 1" and rows["2,000,000 × 12"][1] == "1,600.0"
    assert rows["200,000 × 12"][4:7] == ["50", "90", "5.0"]
    assert made["What a run costs"].markdown().splitlines()[1].startswith("| --- | ---: |")
    assert "One month more" not in made
    assert all(len(row) == len(t.columns) for t in made.values() for row in t.rows)


def test_the_page_is_made_of_what_the_bench_kept() -> None:
    kept = json.loads(bench.RESULTS.read_text(encoding="utf-8"))
    assert report.page(kept) == report.PAGE.read_text(encoding="utf-8"), (
        "run `python -m benchmarks --only-page`"
    )
    assert report.PICTURE.is_file()


def test_worlds_are_measured_once_the_cheap_ones_first() -> None:
    asked = {"sizes": [50_000, 2_000_000], "months": [12, 24], "provinces": [2, 4], "increments": [2_000_000]}
    assert bench.worlds(asked, 2_000_000, True) == {
        (50_000, 12, 2): False,
        (50_000, 24, 2): False,
        (100_000, 12, 4): False,
        (2_000_000, 12, 2): False,
        (2_000_000, 24, 2): True,
    }
    assert next(iter(bench.worlds(asked, 2_000_000, False))) == (50_000, 12, 2)


def test_results_of_another_machine_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "results.json"
    monkeypatch.setattr(bench, "machine", lambda: {"processor": "one"})
    kept = bench.kept_in(file, Limits())
    for measured in (SIZES[0], SIZES[1], result(200_000, cpu=39.0)):
        bench.keep(kept, measured, file)
    assert [r["full"]["cpu"] for r in bench.kept_in(file, Limits())["results"]] == [39.0, 100.0]
    assert bench.kept_in(file, Limits(memory="1GB"))["results"] == []
    monkeypatch.setattr(bench, "machine", lambda: {"processor": "another"})
    assert bench.kept_in(file, Limits())["results"] == []


def test_provinces_are_always_the_same() -> None:
    assert provinces(2) == ["30", "19"] and provinces(8)[:4] == provinces(4)
    assert len(set(provinces(63))) == 63


@pytest.mark.parametrize(
    ("first", "last", "found"), [("2024-01", "2025-12", (2024, 24)), ("2025-01", "2025-12", (2025, 12))]
)
def test_the_lower_bound_takes_whole_years(
    tmp_path: Path, first: str, last: str, found: tuple[int, int]
) -> None:
    for month in (first, last):
        (tmp_path / "social_insurance" / month).mkdir(parents=True)
    assert span(tmp_path) == found
    (tmp_path / "social_insurance" / "2026-01").mkdir()
    with pytest.raises(SystemExit, match="whole years"):
        span(tmp_path)


class Product:
    """In the place of the product: a run writes into the home and notes which months had arrived."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.arrived: list[list[str]] = []
        self.began_anew: list[bool] = []
        self.fails_at, self.always_publishes = 0, False
        monkeypatch.setattr(measuring, "_simulate", self.simulate)
        monkeypatch.setattr(measuring, "run", self.run)
        monkeypatch.setattr(measuring, "_lower_bound", lambda home, limits: {"cpu": 1.0})

    def simulate(self, world: figures.World, folder: Path) -> None:
        for month in ("2025-11", "2025-12", "2025-12.r2"):
            (folder / "landing" / "training" / month).mkdir(parents=True)

    def run(self, home: Home) -> dict[str, Any]:
        self.arrived.append(sorted(p.name for p in home.landing.glob("*/*")))
        self.began_anew.append(not home.warehouse.exists())
        (home.warehouse / "kept").mkdir(parents=True, exist_ok=True)
        (home.releases / "2025Q4.1" / "site").mkdir(parents=True, exist_ok=True)
        (home.releases / "current").unlink(missing_ok=True)
        (home.releases / "current").symlink_to("2025Q4.1")
        (home.releases / "2025Q4.1" / "site" / "index.html").write_text("0123456789")
        if len(self.arrived) == self.fails_at:
            raise measuring.Failed("run ended with 1")
        costs = {"cpu": 2.0, "wall": 1.0, "peak_mib": 3.0, "steps": {}, "nodes": {}}
        return costs | {"published": self.always_publishes or self.arrived[-2:-1] != self.arrived[-1:]}


def test_a_world_is_measured_whole_again_and_with_its_last_month_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, told = Product(monkeypatch), []
    measured = measuring.measure((1_000, 24, 2), tmp_path, Limits(), told.append, increment=True)
    everything = ["2025-11", "2025-12", "2025-12.r2"]
    assert product.arrived == [everything, everything, ["2025-11"], everything]
    assert product.began_anew == [True, False, True, False]
    assert told == ["simulate", "full run", "nothing new", "lower bound", "one month less", "one month more"]
    assert (
        measured["disk"]["site"] == 10
        and measured["lower_bound"] == {"cpu": 1.0}
        and "steps" not in measured["nothing_new"]
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labourdb.toml", "landing"]
    assert load_settings(tmp_path / "labourdb.toml").engine.memory == Limits.memory


def test_a_run_that_fails_is_noted_and_its_deliveries_are_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = Product(monkeypatch)
    product.fails_at = 3  # the month is held back then
    measured = measuring.measure((1_000, 24, 2), tmp_path, Limits(), lambda what: None, increment=True)
    assert measured["failed"] == "run ended with 1" and "full" not in measured
    assert len(list((tmp_path / "landing").glob("*/2025-12*"))) == 2
    product.always_publishes = True
    measured = measuring.measure((1_000, 24, 2), tmp_path, Limits(), lambda what: None)
    assert "published again" in measured["failed"] and "nothing_new" not in measured
    monkeypatch.setattr(measuring, "BYTES_A_MONTH", 1 << 60)
    assert "of disk" in measuring.measure((1_000, 24, 2), tmp_path, Limits(), lambda what: None)["failed"]


@pytest.mark.slow
def test_the_bench_measures_a_small_world(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--increments",
        "2000",
        "--json",
        str(file),
        "--folder",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=bench.RESULTS.parents[1])
    (measured,) = json.loads(file.read_text())["results"]
    assert "failed" not in measured and "What a run costs" in done.stdout and "not measured" in done.stdout
    assert list(measured["full"]["steps"])[1:] == list(STEPS.values())
    assert measured["nothing_new"]["cpu"] < measured["full"]["cpu"]
    assert measured["lower_bound"]["cpu"] < measured["full"]["cpu"] and measured["disk"]["site"] > MIB
    assert set(measured["increment"]["month"]["steps"]) == set(measured["full"]["steps"])
    left = {p.name for p in (tmp_path / "2000-24-2").iterdir()} - {".lock"}
    assert left == {"landing", "labourdb.toml"}, "deliveries stay to be used again, and nothing else"
    assert len(list((tmp_path / "2000-24-2" / "landing").glob("*/2025-12"))) > 5
