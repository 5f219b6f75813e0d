"""What was measured, as tables (on a terminal, and in docs/performance.md) and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.figures import (
    SERIES,
    Result,
    cpu,
    exponents,
    extrapolated,
    month_share,
    ratio,
    series_of,
    steep_models,
    steep_steps,
    world_of,
)
from benchmarks.goals import judged
from orchestration.run.progress import STEPS

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "pictures" / "performance.svg"
NATION = 100_000_000
TITLES = {
    "sizes": "By people: 12 months, 2 provinces",
    "months": "By months",
    "provinces": "By provinces: 25,000 people each, 12 months",
}


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column is words, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """As a page has it, without the title."""
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def named(result: Result) -> str:
    """A world in words."""
    persons, months, provinces = world_of(result)
    return f"{persons:,} × {months}" + (f", {provinces} provinces" if provinces != 2 else "")


def figure(value: float | None, digits: int = 1) -> str:
    """A figure as tables show it; nothing where there is none."""
    return "" if value is None else f"{value:,.{digits}f}"


def worlds_table(results: Sequence[Result]) -> Table:
    """A row per world: what it cost, and by how much more than the lower bound."""
    rows = []
    for r in sorted(results, key=world_of):
        if "full" not in r:
            rows.append([named(r), r["failed"], *[""] * 10])
            continue
        full, bound, disk = r["full"], r.get("lower_bound") or {}, r["disk"]
        kept = sum(disk[p] for p in ("restricted", "warehouse", "releases"))
        rows.append([
            named(r), figure(full["cpu"]), figure(full["wall"]), figure(full["peak_mib"], 0), figure(disk["landing"] / 2**20, 0),
            figure(kept / 2**20, 0), figure(disk["site"] / 2**20), figure(bound.get("cpu")), figure(bound.get("peak_mib"), 0),
            figure(ratio(r), 2), figure(r["nothing_new"]["wall"]), r["date"],
        ])  # fmt: skip
    columns = (
        "people × months", "CPU s", "wall s", "peak MiB", "deliveries MiB", "home MiB", "site MiB", "lower bound CPU s",
        "its peak MiB", "CPU ratio", "nothing new: wall s", "measured",
    )  # fmt: skip
    return Table("What a run costs", columns, rows)


def months_table(results: Sequence[Result]) -> Table:
    """A row per world whose last month came later: what that month cost."""
    rows = [
        [
            named(r), figure(cpu(r)), figure(r["increment"]["before"]["cpu"]), figure(r["increment"]["month"]["cpu"]),
            figure(r["increment"]["month"]["wall"]), figure(r["increment"]["month"]["peak_mib"], 0), f"{month_share(r):.0%}",
        ]
        for r in sorted(results, key=world_of) if r.get("increment")
    ]  # fmt: skip
    columns = (
        "people × months", "full run: CPU s", "without the last month: CPU s", "the last month more: CPU s", "wall s", "peak MiB",
        "of the full run",
    )  # fmt: skip
    return Table("One month more", columns, rows)


def steps_table(results: Sequence[Result]) -> Table:
    """A row per step of the largest world of the sizes: what it cost, and how it grows."""
    last = series_of(results, "sizes")[-1:]
    steepness = {name: e for name, _, _, e in steep_steps(results, "sizes")}
    rows = [
        [
            step, figure(cost["cpu"]), f"{cost['cpu'] / cpu(r):.0%}", figure(cost["wall"]), figure(cost["peak_mib"], 0),
            figure(steepness.get(step), 2),
        ]
        for r in last for step, cost in r["full"]["steps"].items()
    ]  # fmt: skip
    where = named(last[0]) if last else ""
    return Table(f"By step: {where}", ("step", "CPU s", "share", "wall s", "peak MiB", "exponent"), rows)


def exponents_table(results: Sequence[Result], series: str) -> Table:
    """A row per two neighbours of a series, then the steepest steps and models between the two largest."""
    rows = [
        [f"{small:,} → {large:,}", "whole run", figure(e, 2)]
        for small, large, e in exponents(results, series, cpu)
    ]
    rows += [
        [f"{small:,} → {large:,}", name, figure(e, 2)]
        for kind in (steep_steps, steep_models)
        for name, small, large, e in kind(results, series)[:4]
    ]
    return Table(f"{TITLES[series]}: exponents of CPU", (SERIES[series], "of", "exponent"), rows)


def goals_table(results: Sequence[Result]) -> Table:
    """A row per goal: what was asked, what was measured, whether it is met."""
    rows = []
    for j in judged(results):
        where = f"by {SERIES[j.goal.where]}" if isinstance(j.goal.where, str) else named(
            dict(zip(("persons", "months", "provinces"), j.goal.where, strict=True))
        )  # fmt: skip
        digits = 2 if j.goal.most < 10 else 0
        verdict = {None: "not measured", True: "met", False: "**not met**"}[j.met]
        rows.append(
            [f"{where}: {j.goal.figure}", figure(j.goal.most, digits), figure(j.value, digits), verdict]
        )
    return Table("Goals", ("goal", "at most", "measured", ""), rows)


def tables(results: Sequence[Result]) -> list[Table]:
    """Every table that has rows."""
    made = [worlds_table(results), months_table(results), steps_table(results)]
    made += [exponents_table(results, series) for series in SERIES]
    return [t for t in (*made, goals_table(results)) if t.rows]


def page(kept: Mapping[str, Any]) -> str:
    """docs/performance.md, of what the bench kept: ``machine``, ``limits``, ``results``."""
    results = kept["results"]
    largest = series_of(results, "sizes")[-1:]
    template = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    ).get_template("page.md.jinja")  # fmt: skip

    def kept_bytes(r: Result) -> float:
        return float(sum(r["disk"][p] for p in ("landing", "restricted", "warehouse", "releases")))

    return template.render(
        machine=kept["machine"],
        limits=kept["limits"],
        dates=sorted({r["date"] for r in results}),
        worlds=worlds_table(results).markdown(),
        months=months_table(results),
        steps=steps_table(results),
        exponents=[t for t in (exponents_table(results, s) for s in SERIES) if t.rows],
        goals=goals_table(results).markdown(),
        largest=largest[0] if largest else None,
        nation=NATION,
        nation_cpu=extrapolated(results, NATION, cpu),
        nation_bytes=extrapolated(results, NATION, kept_bytes),
        named=named,
        steps_named=list(STEPS.values()),
    )


def write_page(kept: Mapping[str, Any]) -> None:
    """Write the page and its picture."""
    PAGE.write_text(page(kept), encoding="utf-8")
    PICTURE.write_text(picture(kept["results"]), encoding="utf-8")


def picture(results: Sequence[Result]) -> str:
    """CPU and peak memory by people, of the product and of the lower bound, both axes logarithmic; SVG."""
    import altair as alt
    import pandas as pd
    import vl_convert

    points = [
        {"persons": r["persons"], "of": of, "CPU seconds": cost["cpu"], "peak memory, MiB": cost["peak_mib"]}
        for r in series_of(results, "sizes")
        for of, cost in (("labourdb", r["full"]), ("lower bound", r.get("lower_bound")))
        if cost
    ]
    base = alt.Chart(pd.DataFrame(points)).mark_line(point=True).encode(
        x=alt.X("persons:Q", title="people × 12 months").scale(type="log"),
        color=alt.Color("of:N", title=None),
    )  # fmt: skip
    charts = [
        base.encode(y=alt.Y(f"{figure_}:Q", title=figure_).scale(type="log")).properties(
            width=320, height=260
        )
        for figure_ in ("CPU seconds", "peak memory, MiB")
    ]
    svg: str = vl_convert.vegalite_to_svg(alt.hconcat(*charts).to_dict())
    return svg + "\n"
