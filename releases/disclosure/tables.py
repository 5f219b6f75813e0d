"""Flows, transitions, training outcomes and linkage: their dimensions, their figures, and what makes a row sensitive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pandas as pd

from releases.disclosure.cubes import Dimension, total_and_parts, truth
from releases.disclosure.places import GROUP, area_columns, province_dimension, province_groups
from releases.disclosure.rows import SMALL, Rows, decide

Decided = tuple[pd.DataFrame, int, int]  # rows with shown; how many audited; how many exposed
STATUSES = ("employed", "unemployed", "inactive", "abroad", "unknown")


def decided_rows(warehouse: duckdb.DuckDBPyConnection, table: str, country: str) -> Iterator[Decided]:
    """Every row of ``table`` that could be shown, block by block; ``country`` is the code of the covered sum."""
    if table == "linkage":
        yield from _linkage(warehouse)
        return
    atoms = warehouse.execute(f"from disclosure.atoms_{table}").df()
    blocks = {"labour_flows": ["period"], "transitions": ["period", "lag"], "training_outcomes": ["year"]}[
        table
    ]
    names = ["province_2024", "province_2025", "new_is_covered"]
    groups = province_groups(atoms[names].drop_duplicates().sort_values(names))
    flags = _flags(warehouse, table)
    ends: dict[tuple[str, int], pd.DataFrame] = {}  # by the quarter that begins with them, and group
    for block, members in atoms.groupby(blocks, sort=True):
        of_block = flags[(flags[blocks] == list(block)).all(axis=1)].drop(columns=blocks)
        decided, period = [], str(block[0])
        for number, group in enumerate(groups):
            mine = members[members["province_2024"].isin(list(group["province_2024"]))]
            if mine.empty:
                continue
            places, hidden = province_dimension(group, country if len(groups) == 1 else None)
            shape = _shape(table, mine, places, hidden)
            rows, audited, exposed = decide(shape, _knowing_ends(of_block, ends.get((period, number))))
            if "n_e" in shape.figures:
                ends[_next_quarter(period), number] = rows.loc[rows["shown"], ["place", "section"]]
            for name, code in zip(blocks, block, strict=True):
                rows[str(name)] = pd.Series([code] * len(rows), index=rows.index)
            is_sum = area_columns(rows["place"])["area_level"] == GROUP
            decided.append(rows[is_sum])
            yield rows[~is_sum], audited, exposed
        if len(groups) > 1:
            yield _country(decided, of_block, country), 0, 0


def _knowing_ends(flags: pd.DataFrame, ends: pd.DataFrame | None) -> pd.DataFrame:
    """``flags`` of a quarter, with ``public_n_b`` also where the quarter before shows its end (``ends``: place, section).

    Jobs at the end of a quarter are those at the beginning of the next.
    """
    if ends is None:
        return flags
    joined = flags.merge(ends.assign(ended=True), how="outer", on=["place", "section"])
    joined["public_n_b"] = truth(joined["public_n_b"]) | truth(joined["ended"])
    return joined.drop(columns="ended")


def _next_quarter(period: str) -> str:
    year, quarter = int(period[:4]), int(period[5])
    return f"{year + quarter // 4}Q{quarter % 4 + 1}"


def _country(sums: Sequence[pd.DataFrame], flags: pd.DataFrame, country: str) -> pd.DataFrame:
    """The country's rows, shown where the sum of every group is, and its own rules allow it."""
    together = pd.concat(sums)
    keys = [c for c in together.columns if c not in ("shown", "there")]
    rows = together.groupby(keys, as_index=False, sort=False).agg(
        shown=("shown", "all"), there=("there", "any")
    )
    rows["place"] = rows["place"].str.replace(f"|{GROUP}|", f"|country|{country}")
    own = rows.merge(flags, how="left", on=[k for k in keys if k in flags.columns])
    return rows.assign(shown=rows["shown"] & ~truth(own["sensitive"]))


def _flags(warehouse: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    frame = warehouse.execute(f"from disclosure.flags_{table}").df()
    place = frame["area_version"] + "|" + frame["area_level"] + "|" + frame["area_code"]
    return frame.drop(columns=["area_version", "area_level", "area_code"]).assign(place=place)


def _shape(table: str, atoms: pd.DataFrame, places: Dimension, hidden: Sequence[object]) -> Rows:
    atoms = atoms.assign(place=atoms["province_2024"])
    if table == "labour_flows":
        sections = total_and_parts("section", sorted(atoms["section"].unique()))
        figures = [c for c in atoms.columns if c.startswith("n_") and atoms[c].notna().all()]
        return Rows([places, sections], atoms, dict.fromkeys(figures), {"place": hidden})
    if table == "transitions":
        parts = {s: {s: 1} for s in STATUSES}
        others = {f"not {s}": {o: 1 for o in STATUSES if o != s} for s in STATUSES}
        to = Dimension("to_status", STATUSES, {**parts, "total": dict.fromkeys(STATUSES, 1), **others})
        dimensions = [
            places, total_and_parts("sex", ["male", "female"]),
            total_and_parts("age_group", ["15-24", "25-54", "55+"]),
            Dimension("from_status", STATUSES, parts), to,
        ]  # fmt: skip
        unseen = {"place": hidden, "to_status": ["total", *others]}
        return Rows(dimensions, atoms, {"n_persons": None}, unseen, needs=("to_status", "total"))
    dimensions = [
        places,
        *(total_and_parts(d, sorted(atoms[d].unique())) for d in ("field_code", "level", "kind")),
    ]
    figures_of = {
        c: c[-4:] if c[-4:] in ("2024", "2025") else None for c in atoms.columns if c.startswith("n_")
    }
    seen = {c: v for c, v in figures_of.items() if atoms[c].notna().all()}
    return Rows(dimensions, atoms, seen, {"place": hidden})


def _linkage(warehouse: duckdb.DuckDBPyConnection) -> Iterator[Decided]:
    """Rows of one delivery, with their number known from the row accounting (where that is not small itself)."""
    frame = warehouse.execute("from disclosure.atoms_linkage").df()
    frame["place"] = [f"|row|{number}" for number in range(len(frame))]
    for _, members in frame.groupby(["source", "period", "revision"], sort=True):
        places = list(members["place"])
        total = {}
        if members["closes"].all() and members["n_rows"].sum() > SMALL:
            total = {"|total|": dict.fromkeys(places, 1)}
        row = Dimension("place", places, {**{p: {p: 1} for p in places}, **total})
        flags = pd.concat(
            [
                members[["place", "sensitive", "public_n_rows"]],
                pd.DataFrame({"place": ["|total|"], "sensitive": [False], "public_n_rows": [True]}),
            ]
        )
        rows, audited, exposed = decide(Rows([row], members, {"n_rows": None}, {"place": ["|total|"]}), flags)
        yield rows.merge(members, on="place"), audited, exposed
