"""``make bench``: what runs cost by people, months and provinces, beside the lower bound, against the goals."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as Shown

from benchmarks.figures import World, world_of
from benchmarks.measuring import Limits, machine, measure
from benchmarks.report import Table, tables, write_page

RESULTS = Path(__file__).resolve().parent / "results.json"
PEOPLE_OF_MONTHS, PEOPLE_A_PROVINCE, MONTHS = 2_000_000, 25_000, 12
MAKE_RUN: World = (50_000, 24, 2)  # the world of `make run`
QUICK = {"sizes": [20_000, 50_000], "months": [12, 24], "provinces": [2, 4], "increments": [20_000]}
WHOLE = {
    "sizes": [200_000, 500_000, 2_000_000, 10_000_000],
    "months": [12, 24, 60],
    "provinces": [2, 4, 8, 34, 63],
    "increments": [200_000, 2_000_000],
}
console = Console(width=190)


def worlds(asked: dict[str, list[int]], people_of_months: int, make_run: bool) -> dict[World, bool]:
    """The worlds of the series that were asked for, the smallest first; of each, whether its last month comes later."""
    found: dict[World, bool] = {MAKE_RUN: False} if make_run else {}
    found |= dict.fromkeys([(n, MONTHS, 2) for n in asked["sizes"]], False)
    found |= dict.fromkeys([(people_of_months, n, 2) for n in asked["months"]], False)
    found |= dict.fromkeys([(n * PEOPLE_A_PROVINCE, MONTHS, n) for n in asked["provinces"]], False)
    found |= dict.fromkeys([(n, 24, 2) for n in asked["increments"]], True)
    return dict(sorted(found.items(), key=lambda f: (f[0][0] * f[0][1], f[0])))


def kept_in(file: Path | None, limits: Limits) -> dict[str, Any]:
    """What was measured before on this machine under these limits; nothing if it was another."""
    head = {"machine": machine(), "limits": vars(limits)}
    if file is not None and file.exists():
        known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if {k: known.get(k) for k in head} == head:
            return known
    return {**head, "results": []}


def keep(kept: dict[str, Any], result: dict[str, Any], file: Path | None) -> None:
    """Put a result in the place of an earlier one of the same world, and write the file."""
    others = [r for r in kept["results"] if world_of(r) != world_of(result)]
    kept["results"] = sorted([*others, result], key=world_of)
    if file is not None:
        file.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def show(table: Table) -> None:
    """Print a table."""
    shown = Shown(title=table.title, title_justify="left")
    for column in table.columns:
        shown.add_column(column, justify="left" if column in (table.columns[0], "of", "") else "right")
    for row in table.rows:
        shown.add_row(*(cell.replace("**", "") for cell in row))
    console.print(shown)


def main() -> None:
    """Parse arguments, measure each world, print the tables."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small worlds, in minutes")
    for name, what in (
        ("sizes", "people, each with 12 months and 2 provinces"),
        ("months", "months, each with --people"),
        ("provinces", f"provinces of {PEOPLE_A_PROVINCE:,} people, with 12 months"),
        ("increments", "people of worlds with 24 months of which the last comes later"),
    ):
        parser.add_argument(
            f"--{name}", type=int, nargs="*", help=f"{what}; where one series is named, only those are"
        )
    parser.add_argument("--people", type=int, help=f"of worlds that differ by months; {PEOPLE_OF_MONTHS:,}")
    parser.add_argument("--memory", default=Limits.memory, help="[engine] memory of every run")
    parser.add_argument("--threads", type=int, default=Limits.threads, help="[engine] threads of every run")
    parser.add_argument("--no-bound", action="store_true", help="leave out the lower bound")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep results, those of other worlds stay")
    parser.add_argument(
        "--folder", type=Path, help="where worlds lie meanwhile; deliveries stay and are used again"
    )
    parser.add_argument("--page", action="store_true", help="write docs/performance.md of what --json keeps")
    parser.add_argument(
        "--only-page", action="store_true", help="measure nothing: show and write what --json keeps"
    )
    given = parser.parse_args()
    stated = {name: getattr(given, name) for name in WHOLE}
    base = QUICK if given.quick else WHOLE
    named = any(v is not None for v in stated.values())
    asked = {name: (stated[name] or []) if named else base[name] for name in WHOLE}
    people = given.people or (QUICK["sizes"][0] if given.quick else PEOPLE_OF_MONTHS)
    limits = Limits(given.memory, given.threads)
    if given.only_page:
        kept = json.loads((given.json or RESULTS).read_text(encoding="utf-8"))
    else:
        kept = kept_in(given.json, limits)
        with tempfile.TemporaryDirectory(prefix="labourdb-bench-") as temporary:
            for world, increment in worlds(asked, people, not named and not given.quick).items():
                name = f"{world[0]}-{world[1]}-{world[2]}"
                place = (given.folder or Path(temporary)).resolve() / name

                def tell(what: str, name: str = name) -> None:
                    console.print(f"{name}: {what}", highlight=False)

                result = measure(world, place, limits, tell, increment, not given.no_bound)
                keep(kept, result, given.json)
                if given.folder is None:
                    shutil.rmtree(place)
    for table in tables(kept["results"]):
        show(table)
    if given.page or given.only_page:
        write_page(kept)


if __name__ == "__main__":
    main()
