"""What linear and integer programming leave of small counts: can a count have another value, given all that is published?

The attacker is told every finest count as changed and the table of noise. Unknowns are the exact counts of one quarter in
each release; constraints are what is known of them:

* a count lies within the changes its row of the table allows (nobody stays nobody; within 4);
* a part lies within its whole, is all of it only where it is in what is published, and what it was scaled to is within 4;
* statuses and sums are what they say, communes of both lists and provinces count the same persons;
* who had a status and was a resident a quarter before has it still (transitions);
* a median wage that is shown is of ten persons and more;
* between releases a count moves only where it was drawn anew, and by no more than it truly did (or by one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

Array = np.ndarray
MACROS = Path(__file__).parents[2] / "dbt_project" / "macros"


def measures() -> dict[str, dict[str, Any]]:
    """What is counted of persons, by name, as the models have it: sums and parts of which others."""
    kept: list[dict[str, dict[str, Any]]] = []
    text = (MACROS / "measures.sql").read_text(encoding="utf-8") + "{{ measures() }}"
    Environment().from_string(text).render({"return": kept.append})
    return kept[0]


def reach(table: pd.DataFrame, most: int = 60) -> dict[int, tuple[int, int]]:
    """By changed count: the least and the greatest count that the table of noise changes to it."""
    rows = table[table["whole"] == 0].set_index("count").drop(columns="whole")
    large = int(rows.index.max())
    found: dict[int, list[int]] = {0: [0]}
    for count in range(1, most + 5):
        up_to = [0, *rows.loc[min(count, large)], 65536]
        for change, (a, b) in zip(range(-4, 5), pairwise(up_to), strict=True):
            if b > a:
                found.setdefault(count + change, []).append(count)
    return {h: (min(n), max(n)) for h, n in found.items() if h <= most}


class Programme:
    """Whole-number unknowns with bounds, and linear constraints on them."""

    def __init__(self) -> None:
        self.least: list[float] = []
        self.most: list[float] = []
        self.rows: list[tuple[list[int], list[float], float, float]] = []

    def unknown(self, least: float, most: float) -> int:
        """A new unknown; returns its number."""
        self.least.append(least)
        self.most.append(most)
        return len(self.least) - 1

    def hold(self, terms: Sequence[tuple[int, float]], least: float, most: float) -> None:
        """Least <= sum of unknowns times factors <= most."""
        self.rows.append(([u for u, _ in terms], [f for _, f in terms], least, most))

    def breaks(self, truth: Array) -> int:
        """How many constraints and bounds the exact counts break: none, if the attacker's knowledge is right."""
        broken = int(((truth < np.array(self.least)) | (truth > np.array(self.most))).sum())
        for unknowns, factors, least, most in self.rows:
            value = float(np.dot(truth[unknowns], factors))
            broken += not least - 1e-9 <= value <= most + 1e-9
        return broken

    def others(self, targets: Sequence[int], truth: Array, whole: bool = True, tries: int = 6) -> list[bool]:
        """Of each target whether it can have another value than the true one (``whole``: in whole numbers)."""
        where = [(i, u, f) for i, (us, fs, _, _) in enumerate(self.rows) for u, f in zip(us, fs, strict=True)]
        matrix = csr_array(
            ([f for *_, f in where], ([i for i, *_ in where], [u for _, u, _ in where])),
            shape=(len(self.rows), len(self.least)),
        )
        rows = LinearConstraint(matrix, [r[2] for r in self.rows], [r[3] for r in self.rows])
        bounds = Bounds(np.array(self.least), np.array(self.most))
        integrality = np.full(len(self.least), int(whole))
        random = np.random.default_rng(1)
        left = np.array(sorted(set(targets)))
        # one solution may differ from the truth in many counts at once; who is left is asked one by one
        for attempt in range(tries):
            aims = np.zeros(len(self.least))
            signs = (1.0, -1.0)[attempt % 2] if attempt < 2 else random.choice([-1.0, 1.0], len(left))
            aims[left] = signs
            solved = milp(
                aims, constraints=rows, bounds=bounds, integrality=integrality, options={"time_limit": 60}
            )
            if solved.x is not None:
                left = left[np.abs(solved.x[left] - truth[left]) < 0.5]
            if not len(left):
                break
        pinned = set()
        for target in left.tolist():
            for side in (1, -1):
                least, most = np.array(self.least), np.array(self.most)
                if side == 1:
                    least[target] = truth[target] + 1
                else:
                    most[target] = truth[target] - 1
                if (
                    least[target] <= most[target]
                    and milp(
                        np.zeros(len(least)),
                        constraints=rows,
                        bounds=Bounds(least, most),
                        integrality=integrality,
                    ).success
                ):
                    break
            else:
                pinned.add(target)
        return [t not in pinned for t in targets]


def programme(
    releases: Sequence[Mapping[str, pd.DataFrame]],
    quarter: int,
    measures: Mapping[str, Mapping[str, Any]],
    table: pd.DataFrame,
    shown_medians: Sequence[tuple[str, str, float]] = (),
) -> tuple[Programme, Array, pd.DataFrame]:
    """The programme of one quarter, its true solution, and what its unknowns are (release, table, measure, count).

    ``shown_medians``: list of areas, province and least number of persons with a median wage, of the last release.
    """
    span = reach(table)
    built = Programme()
    truth: list[float] = []
    names: list[tuple[int, str, str]] = []
    before: dict[tuple[object, ...], tuple[int, int, int]] = {}
    for number, tables in enumerate(releases):
        sums: dict[tuple[object, ...], dict[str, list[int]]] = {}
        groups: dict[tuple[object, ...], list[int]] = {}
        places: dict[tuple[str, str], list[int]] = {}
        for name in ("provinces", "communes"):
            frame = tables[name]
            frame = frame[frame["quarter"] == quarter]
            keys = [c for c in frame.columns if c not in ("measure", "count", "key", "changed")]
            for atom, members in frame.groupby(keys, dropna=False, sort=False):
                counts = members.set_index("measure")[["count", "changed", "key"]].astype(int)
                at: dict[str, int] = {}
                for measure, how in measures.items():
                    if how.get("sum"):
                        continue
                    count, changed, _ = (int(x) for x in counts.loc[measure])
                    part = how.get("part")
                    low, high = span.get(changed, (changed - 4, changed + 4)) if not part else (0, 10**6)
                    at[measure] = built.unknown(max(low, 0), high)
                    truth.append(count)
                    names.append((number, name, measure))
                    mark = (name, *map(str, atom), measure)
                    if mark in before:
                        earlier, figure, true = before[mark]
                        room = 0 if figure == changed and true == count else max(1, abs(count - true))
                        built.hold([(at[measure], 1), (earlier, -1)], -room, room)
                    before[mark] = (at[measure], changed, count)
                for measure, how in measures.items():
                    part = how.get("part")
                    if not part:
                        continue
                    flat: dict[str, int] = {}
                    for whole, sign in part.items():
                        for base, s in (measures[whole].get("sum") or {whole: 1}).items():
                            flat[base] = flat.get(base, 0) + sign * s
                    w = [(at[base], float(s)) for base, s in flat.items()]
                    of = sum(int(counts.loc[base, "changed"]) * s for base, s in flat.items())
                    h = int(counts.loc[measure, "changed"])
                    x = at[measure]
                    all_of_it = h == of
                    built.hold([*w, (x, -1)], 0 if all_of_it else 1, np.inf)
                    if h > 0:
                        built.hold([(x, 1)], 1, np.inf)
                    # |h W - n W'| < 6 W
                    built.hold([(u, (h - 6.0) * f) for u, f in w] + [(x, -float(of))], -np.inf, 0)
                    built.hold([(u, (h + 6.0) * f) for u, f in w] + [(x, -float(of))], 0, np.inf)
                pair = (str(atom[1]), str(atom[2]))
                for measure, x in at.items():
                    sums.setdefault((*pair, measure), {}).setdefault(name, []).append(x)
                if name == "provinces":
                    group = "15-24" if atom[4] < 4 else "25-54" if atom[4] < 16 else "55+"
                    for measure in ("employed", "unemployed", "inactive", "abroad", "unknown"):
                        groups.setdefault((*pair, atom[3], group, measure), []).append(at[measure])
                    places.setdefault(("2024", pair[0]), []).append(at["employed_compulsory"])
                    places.setdefault(("2025", pair[1]), []).append(at["employed_compulsory"])
        for both in sums.values():
            built.hold(
                [(x, 1) for x in both["provinces"]] + [(x, -1) for x in both.get("communes", [])], 0, 0
            )
        frame = tables["transitions"]
        frame = frame[(frame["quarter"] == quarter) & (frame["lag"] == "quarter")]
        to = ["province_2024", "province_2025", "sex", "age_group", "to_status"]
        for group, members in frame.groupby(to, sort=False):
            unknowns = []
            for row in members.rename(columns={"count": "exact"}).itertuples():
                low, high = span.get(int(row.changed), (row.changed - 4, row.changed + 4))
                unknowns.append(built.unknown(max(low, 0), high))
                truth.append(row.exact)
                names.append((number, "transitions", "persons"))
            pair = (group[0].lstrip("0"), group[1].lstrip("0"))
            wholes = groups.get((*pair, *group[2:]), [])
            built.hold([(x, 1) for x in wholes] + [(x, -1) for x in unknowns], 0, np.inf)
        if number == len(releases) - 1:
            for version, province, persons in shown_medians:
                built.hold([(x, 1) for x in places[version, province.lstrip("0")]], persons, np.inf)
    return (
        built,
        np.array(truth, dtype=float),
        pd.DataFrame(names, columns=["release", "table", "measure"]).assign(count=truth),
    )
