"""Worlds of the simulator whose rows come late: three releases of one quarter, with all that was counted and published.

From some deliveries up to 200 rows are held back before the first run; two re-deliveries bring them, each in part, and a
release is made after each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from worlds import eighteen_persons as worlds

from orchestration.home import SEEDS, Home
from orchestration.run.gates import GateStopped
from releases.release import list_releases
from sources.simulator import simulate

PLACE = ["quarter", "province_2024", "province_2025"]
# finest counts: exact ones with keys, changed ones, and what tells them apart
TABLES = {
    "provinces": ("keyed_profiles", "changed_provinces", [*PLACE, "sex", "age_class", "urban_rural"]),
    "communes": (
        "keyed_profiles", "changed_communes", [*PLACE, "district_2024", "commune_2024", "commune_2025"],
    ),
    "transitions": (
        "keyed_status_changes", "changed_status_changes", ["lag", *PLACE, "sex", "age_group", "from_status", "to_status"],
    ),
    "outcomes": (
        "keyed_completions", "changed_completions",
        ["year", "province_2024", "province_2025", "field_code", "level", "kind"],
    ),
}  # fmt: skip
NOT_COUNTS = {"protects", "observed_6m", "observed_12m"}
LATE = ("population", "social_insurance", "labour_register", "job_seekers", "unemployment_benefits")


@dataclass
class Attacked:
    """What an attack may look at of one world, and what it is held against."""

    home: Home
    persons: int
    late_rows: list[int] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    atoms: list[dict[str, pd.DataFrame]] = field(default_factory=list)
    """By release and table: a row for each finest count and measure, with exact and changed count and key."""


def collect(home: Home, key: str | None = worlds.KEY) -> dict[str, pd.DataFrame]:
    """Every finest count of the home's last run, long: what tells it apart, measure, count, key, changed."""
    with worlds.opened(home, key=key) as c:
        return {name: finest(c, "w", *table) for name, table in TABLES.items()}


def finest(
    c: duckdb.DuckDBPyConnection, warehouse: str, exact: str, changed: str, keys: list[str]
) -> pd.DataFrame:
    """Exact counts with their keys beside the changed ones, a row for each count and measure."""
    there = {d[0] for d in c.execute(f"describe restricted.keyed.{exact}").fetchall()}
    noisy = c.execute(f"from {warehouse}.disclosure.{changed}").df()
    measures = [m for m in noisy.columns if m not in {*keys, *NOT_COUNTS}]
    numbers = [n for m in measures for n in (m, f"{m}_key") if n in there]
    sums = ", ".join(f"sum({n})::bigint as {n}" for n in numbers)
    counted = c.execute(f"select {', '.join(keys)}, {sums} from restricted.keyed.{exact} group by all").df()
    both = counted.merge(noisy, on=keys, suffixes=("", "_changed"), validate="one_to_one")
    both = both.sort_values(keys, ignore_index=True)
    assert len(both) == len(counted) == len(noisy)
    return pd.concat(
        [
            both[keys].assign(
                measure=m,
                count=both[m],
                key=both[f"{m}_key"] % 65536 if f"{m}_key" in both else -1,
                changed=both[f"{m}_changed"].astype("int64"),
            )
            for m in measures
        ],
        ignore_index=True,
    )


def hold_back(
    delivery: Path, rows: int, random: np.random.Generator
) -> list[tuple[str, list[str], list[str]]]:
    """Take lines out of the CSV files of a delivery; returns name, lines and the lines taken of each."""
    taken = []
    for file in sorted(delivery.glob("*.csv")):
        head, *lines = file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
        if any(line.count('"') % 2 for line in lines):
            continue
        few = min(rows, len(lines) // 20)
        away = set(random.choice(len(lines), few, replace=False).tolist()) if few else set()
        if away:
            taken.append((file.name, [head, *lines], [lines[i] for i in sorted(away)]))
            file.write_text(
                "".join([head, *(x for i, x in enumerate(lines) if i not in away)]), encoding="utf-8"
            )
    if taken:
        note(delivery)
    return taken


def note(delivery: Path) -> None:
    """Bring what delivery.json says of its files up to date."""
    path = delivery / "delivery.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    said.pop("files", None)
    path.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")


def send_again(delivery: Path, revision: int, missing: list[tuple[str, list[str], list[str]]]) -> None:
    """A re-delivery that lacks only ``missing``."""
    again = delivery.with_name(f"{delivery.name}.r{revision}")
    shutil.copytree(delivery, again)
    for name, lines, away in missing:
        left = list(away)
        kept = []
        for line in lines:
            if line in left:
                left.remove(line)
            else:
                kept.append(line)
        (again / name).write_text("".join(kept), encoding="utf-8")
    note(again)


def attacked_world(
    folder: Path, persons: int, months: int, seed: int, late: int = 200, releases: int = 3
) -> Attacked:
    """Simulate, hold back, and release ``releases`` times. A stop by a gate is noted, and the world ends there."""
    home = Home(folder)
    simulate(home.root, persons, months, "2025-12", ["30", "19"], seed, SEEDS, lambda text: None)
    # tiny worlds are not held to shares of rows, which a handful moves
    home.settings.write_text("[thresholds]\nlinked_share_training = 0.5\n")
    random = np.random.default_rng(seed)
    world = Attacked(home, persons)
    held: dict[Path, list[tuple[str, list[str], list[str]]]] = {}
    budget = int(random.integers(5, late + 1))
    for source in LATE:
        for month in ("2025-12", "2025-11", "2025-09"):
            delivery = home.landing / source / month
            again = list(delivery.parent.glob(f"{month}.r*"))  # the agency itself sent it again
            if (
                delivery.is_dir()
                and not again
                and budget > 0
                and (taken := hold_back(delivery, budget, random))
            ):
                held[delivery] = taken
                budget -= sum(len(away) for *_, away in taken)
    for number in range(1, releases + 1):
        if number > 1:
            came = 0
            for delivery, taken in held.items():
                rest = [
                    (n, lines, away[: len(away) // 2] if number < releases else [])
                    for n, lines, away in taken
                ]
                before = (
                    sum(len(a) for *_, a in taken) if number == 2 else sum(len(a) // 2 for *_, a in taken)
                )
                came += before - sum(len(a) for *_, a in rest)
                send_again(delivery, number, rest)
            world.late_rows.append(came)
        try:
            published = worlds.run_steps(home)
        except GateStopped as stopped:
            world.stopped.append(f"release {number}: {stopped}")
            break
        assert published.id == f"{worlds.AS_OF}.{number}"
        world.atoms.append(collect(home))
    return world


def released(world: Attacked, number: int, table: str) -> pd.DataFrame:
    """A table of the nth release (from 0), as a reader has it."""
    return pd.read_parquet(list_releases(world.home.releases)[number].path / "tables" / f"{table}.parquet")


def sizes(number: int) -> Iterator[int]:
    """Numbers of persons of ``number`` worlds, 500 to 50,000, evenly in their logarithm, the largest last."""
    yield from (round(float(n)) for n in np.geomspace(500, 50_000, number)) if number > 1 else (3000,)
