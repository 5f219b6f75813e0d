"""``python -m benchmarks.lower_bound LANDING OUT.json [--check WAREHOUSE]``: run it and write what each part cost."""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.lower_bound.check import check
from benchmarks.lower_bound.reading import COLUMNS, LINKED, read
from orchestration.home import SEEDS
from orchestration.run.profile import forget_peak, peak_mib
from sources.engine import Limits, connect

HERE = Path(__file__).resolve().parent
PARTS = ("places", "persons", "link", "jobs", "insured", "others", "people", "indicators", "medians", "flows")
ONES = 0x0101010101010101  # a bit in each quarter's byte
MEASURES = {
    "population": "true", "labour_force": "st in (1, 2)", "employed": "st = 1", "unemployed": "st = 2", "inactive": "st = 3",
    "abroad": "st = 4", "no_status": "st = 0", "with_status": "st <> 0", "of_known": "st in (1, 2, 3)",
    "underemployed": "st = 1 and under = 1", "agriculture": "st = 1 and sec = 1", "with_section": "st = 1 and sec > 0",
    "trained": "st = 1 and lvl & 1 > 0", "certified": "st = 1 and lvl & 2 > 0", "retrained": "st in (1, 2) and retr = 1",
    "insured": "st in (1, 2) and b & 3 > 0", "voluntary": "st in (1, 2) and b & 3 = 2", "ui": "st in (1, 2) and b & 4 > 0",
    "formal": "st = 1 and b & 1 > 0",
}  # fmt: skip
WITH_GROUPS = [  # list, level, column: with sex, age and urban or rural
    ("2024", "country", "'VN'"), ("2025", "country", "'VN'"), ("2024", "province", "p24"), ("2025", "province", "p25"),
]  # fmt: skip
TOTALS_ONLY = [("2024", "district", "dist"), ("2024", "commune", "c24"), ("2025", "commune", "c25")]
COUNTED = ("spine", "record", "job", "spell", "insured", "registered", "state", "pq", "profile", "cell")
FURTHER = ("median_wage", "transition", "flow")


def span(landing: Path) -> tuple[int, int]:
    """First year and number of months of the deliveries; raises ``SystemExit`` unless they are one or two whole years."""
    found = sorted({f.name[:7] for f in (landing / "social_insurance").iterdir() if f.name[:2] == "20"})
    first, last = found[0], found[-1]
    months = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    if not first.endswith("-01") or months not in (12, 24):
        raise SystemExit(f"{landing}: {first} to {last}; the lower bound takes one or two whole years.")
    return int(first[:4]), months


def told_to_templates(first_year: int, months: int) -> dict[str, Any]:
    """What the templates are told of the time and of the code lists."""
    quarters = months // 3
    with (SEEDS / "working_age_upper.csv").open(encoding="utf-8") as stream:
        rows = [[int(v) for v in row] for row in list(csv.reader(stream))[1:]]
    ages = {year: (my * 12 + mm, fy * 12 + fm) for year, my, mm, fy, fm in rows}
    after = [(first_year + (q + 1) // 4, (q + 1) % 4 * 3 + 1) for q in range(quarters)]
    return {
        "seeds": SEEDS,
        "ones": ONES,
        "linked": LINKED,
        "measures": MEASURES,
        "with_groups": WITH_GROUPS,
        "totals_only": TOTALS_ONLY,
        "first_year": first_year,
        "first_month": first_year * 12,
        "months": months,
        "quarters": quarters,
        "ends": [f"date '{year}-{month:02d}-01' - 1" for year, month in after],
        "working_age": [ages[first_year + q // 4] for q in range(quarters)],
        "new_list": (2025 * 12 + 6 - first_year * 12)
        // 3,  # the first quarter that ends under the list of 2025-07-01
    }


def lower_bound(
    landing: Path,
    limits: Limits,
    warehouse: Path | None = None,
    tell: Callable[[Any], None] = lambda part: None,
) -> dict[str, Any]:
    """Run it: ``parts`` (part, cpu, wall, peak_mib), ``cpu``, ``wall``, ``peak_mib``, ``rows`` by table, ``database_mb``; with
    a ``warehouse`` (folder or file) also ``check``.
    """
    first_year, months = span(landing)
    told = told_to_templates(first_year, months)
    sql = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined)  # no HTML
    parts: list[dict[str, Any]] = []

    def part(name: str, work: Callable[[], object]) -> None:
        forget_peak()
        wall, cpu = time.monotonic(), time.process_time()
        work()
        cost = {"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall, "peak_mib": peak_mib()}
        parts.append({"part": name} | {k: round(v, 2) for k, v in cost.items()})
        tell(parts[-1])

    assert limits.spill is not None
    file = limits.spill.parent / "lower_bound.duckdb"
    more = {"preserve_insertion_order": "false"}
    with connect(file, limits=limits, more=more) as connection:
        connection.execute(sql.get_template("macros.sql").render(told))
        for source in COLUMNS:
            part(f"read {source}", partial(read, connection, landing, source))
        for name in PARTS:
            text = sql.get_template(f"{name}.sql").render(told)
            part(name, partial(connection.execute, text))
        result: dict[str, Any] = {
            "parts": parts,
            "cpu": round(sum(p["cpu"] for p in parts), 1),
            "wall": round(sum(p["wall"] for p in parts), 1),
            "peak_mib": max(p["peak_mib"] for p in parts),
            "rows": {t: _count(connection, t) for t in (*COLUMNS, *COUNTED, *FURTHER)},
            "database_mb": round(file.stat().st_size / 1e6),
        }
        if warehouse is not None:
            database = warehouse / "labour.duckdb" if warehouse.is_dir() else warehouse
            result["check"] = check(connection, database, first_year)
    return result


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Parse arguments, run, write."""
    parser = argparse.ArgumentParser(prog="benchmarks.lower_bound", description=__doc__)
    parser.add_argument("landing", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--check", type=Path, metavar="WAREHOUSE", help="say how far its counts lie from the product's"
    )
    parser.add_argument("--memory", default="1500MB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where its database and spill lie meanwhile")
    given = parser.parse_args()

    def tell(part: Any) -> None:
        sys.stdout.write(f"{part}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="lower-bound-", dir=given.folder) as folder:
        limits = Limits(given.memory, given.threads, Path(folder) / "spill")
        result = lower_bound(given.landing, limits, given.check, tell)
    tell({k: v for k, v in result.items() if k not in ("parts", "check")})
    for kind, lines in result.get("check", {}).items():
        for line in lines:
            tell(f"{kind}: {line}")
    given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
