"""When deliveries came and what figures became since the release before: timeliness, punctuality, revisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from releases.quality.tables import Facts, source_order
from releases.tables import RELEASED, rows_of
from sources.calendar import last_day, month_label, month_number, quarter_number, reference_month
from sources.contract import all_sources, load_contract

LARGEST = 20


def place_of(folder: str) -> tuple[str, str, int]:
    """Source, month and revision of a delivery folder ``source/YYYY-MM[.rN]``."""
    source, _, name = folder.partition("/")
    period, _, revision = name.partition(".r")
    return source, period, int(revision or 1)


def cut_off(period: str) -> str:
    """The reference month ``YYYY-MM`` of a quarter ``YYYYQn``: the last whose deliveries its release may use."""
    return month_label(reference_month(quarter_number(period)))


def end_of(month: str) -> date:
    """The first day after a month ``YYYY-MM``."""
    return last_day(month_number(month)) + timedelta(days=1)


def timeliness(manifest: Mapping[str, Any]) -> Facts:
    """Days from the reference date to publication (SIMS S.14.1)."""
    published = datetime.fromisoformat(manifest["published_at"]).date()
    reference = end_of(cut_off(manifest["period"]))
    return {"published_on": published.isoformat(), "days": (published - reference).days + 1}


def manifest_of(release: Path | None) -> dict[str, Any] | None:
    """The manifest of the release before, or nothing where it is gone."""
    if release is None:
        return None
    try:
        found: dict[str, Any] = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def punctuality(manifest: Mapping[str, Any], previous: Path | None) -> Facts:
    """Per source: months with and without a delivery in force, when deliveries were first read, what came late.

    The day a delivery came is not known, only the day the product first read it: the earliest such day of all is
    the day the home was filled, and says nothing of the deliveries read on it (``filled_on``, ``filled``). ``days``
    are from the end of a delivery's month, for first deliveries read later than that. ``late`` and ``corrected``
    name what reaches back into the months of the release before (null without one).
    """
    read = {f: date.fromisoformat(a[:10]) for f, a in manifest.get("arrivals", {}).items() if a is not None}
    filled_on = min(read.values(), default=None)
    before = manifest_of(previous)
    known = {d["folder"] for d in before["inputs"]} if before else set()
    last = cut_off(before["period"]) if before else ""
    due = manifest.get("settings", {}).get("punctuality", {}).get("due_days", {})
    sources: dict[str, list[Mapping[str, Any]]] = {}
    for d in manifest["inputs"]:
        sources.setdefault(place_of(d["folder"])[0], []).append(d)
    lines = []
    for source in sorted(sources, key=source_order):
        folders = [d["folder"] for d in sources[source]]
        months = {place_of(d["folder"])[1] for d in sources[source] if d["disposition"] == "used"}
        first = min(place_of(f)[1] for f in folders)
        expected = _months(first, cut_off(manifest["period"]))
        firsts = [f for f in folders if place_of(f)[2] == 1]
        days = [
            (read[f] - end_of(place_of(f)[1])).days + 1 for f in firsts if f in read and read[f] != filled_on
        ]
        new = [f for f in folders if before and f not in known and place_of(f)[1] <= last]
        lines.append(
            {
                "source": source,
                "full_month": source in all_sources() and load_contract(source).full_month,
                "months": len(expected),
                "months_in_force": len(months),
                "without": [m for m in expected if m not in months],
                "filled": sum(read.get(f) == filled_on for f in firsts),
                "observed": len(days),
                "median_days": median(days) if days else None,
                "longest_days": max(days, default=None),
                "due_days": due.get(source),
                "overdue": sum(d > due[source] for d in days) if source in due else None,
                "late": [f for f in new if place_of(f)[2] == 1] if before else None,
                "corrected": [f for f in new if place_of(f)[2] > 1] if before else None,
            }
        )  # fmt: skip
    return {"filled_on": filled_on and filled_on.isoformat(), "sources": lines}


def _months(first: str, last: str) -> list[str]:
    return [month_label(n) for n in range(month_number(first), month_number(last) + 1)]


# totals of the country and the provinces that both releases show, one line each
_PAIRS = f"""
with pairs as (
    select
        n.indicator, n.period, n.area_version, n.area_code, n.area_name, n.unit,
        o.value as old, n.value as new, n.value - o.value as revision
    from indicators as n
    inner join read_parquet(?) as o
        using ({", ".join(RELEASED["indicators"])})
    where
        basis = 'register' and area_level in ('country', 'province')
        and sex = 'total' and age_group = 'total' and urban_rural = 'total' and n.value is not null and o.value is not null
)
"""


def revisions(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], previous: Path | None
) -> Facts | None:
    """How register totals of the country and the provinces differ from those of the release before (SIMS S.17.2).

    Per indicator over cells that both show: ``cells``, ``revised``, mean revision, mean absolute revision (in the
    indicator's unit) and relative mean absolute revision (percent, sum of absolute revisions over the sum of the
    new figures); ``largest`` are the cells that moved most, in percent of what they were. Null without a release
    before, or where its table is gone.
    """
    path = previous / "tables" / "indicators.parquet" if previous else None
    if path is None or not path.exists():
        return None
    of_indicators = rows_of(
        connection,
        f"{_PAIRS} select indicator, any_value(unit) as unit, count(*)::integer as cells,"
        " count(*) filter (revision <> 0)::integer as revised, avg(revision) as mean_revision,"
        " avg(abs(revision)) as mean_absolute, 100 * sum(abs(revision)) / nullif(sum(abs(new)), 0) as relative"
        " from pairs group by indicator order by relative desc nulls last, indicator",
        [str(path)],
    )
    largest = rows_of(
        connection,
        f"{_PAIRS} select *, 100 * revision / nullif(abs(old), 0) as relative from pairs where revision <> 0"
        " order by abs(relative) desc nulls first, abs(revision) desc, indicator, period, area_version, area_code"
        f" limit {LARGEST}",
        [str(path)],
    )
    return {"previous": manifest["previous_release"], "indicators": of_indicators, "largest": largest}
