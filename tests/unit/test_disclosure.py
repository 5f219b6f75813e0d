"""Disclosure control of small tables, attacked with exact arithmetic and with a solver that knows nothing of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from releases.disclosure.audit import exposed_cells, solver_exposed, zeros_given_away
from releases.disclosure.block import Block, Layer
from releases.disclosure.cubes import Dimension, atom_counts, cube_cells, total_and_parts
from releases.disclosure.measures import COUNTS, STEPS, age_dimension
from releases.disclosure.places import (
    commune_dimension,
    place_code,
    province_dimension,
    province_groups,
)
from releases.disclosure.suppress import shown_cells
from releases.disclosure.tables import decided_rows
from scipy.optimize import linprog

from orchestration.home import SEEDS

SIZES = st.one_of(st.integers(0, 6), st.integers(5, 60))


def block_of(counts: list[int], dimensions: list[Dimension]) -> Block:
    """A table whose small cells are sensitive, totals first in importance."""
    keys, sums = cube_cells(dimensions)
    layer = Layer.of(sums, np.array(counts), np.zeros(len(keys), dtype=np.bool_))
    small = (layer.values >= 1) & (layer.values <= 4)
    totals = sum((keys[d.name] == "total").astype(int) for d in dimensions)
    order = np.lexsort((-layer.values, -np.asarray(totals)))
    nothing = np.zeros(len(keys), dtype=np.bool_)
    return Block([layer], nothing, small, order, np.full(len(keys), -1))


def follows(known: list[list[int]], wanted: list[int]) -> bool:
    """Whether one row is a sum of others, by elimination in fractions."""
    rows = [[Fraction(x) for x in r] for r in known]
    rest = [Fraction(x) for x in wanted]
    for column in range(len(wanted)):
        pivot = next((r for r in rows if r[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        for row in rows:
            factor = row[column] / pivot[column]
            row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        factor = rest[column] / pivot[column]
        rest = [a - factor * b for a, b in zip(rest, pivot, strict=True)]
    return not any(rest)


@settings(max_examples=60, deadline=None)
@given(st.lists(SIZES, min_size=12, max_size=12))
def test_nothing_suppressed_can_be_computed(counts: list[int]) -> None:
    """Two sexes, three ages, two places: neither by sums, nor by knowing that no count is below zero."""
    dimensions = [
        total_and_parts("place", ["a", "b"]),
        total_and_parts("sex", ["m", "f"]),
        total_and_parts("age", [1, 2, 3]),
    ]
    block = block_of(counts, dimensions)
    (layer,) = block.layers
    shown, _ = shown_cells(block)
    assert not shown[block.sensitive].any()
    assert not exposed_cells(block, shown).any()
    _, sums = cube_cells(dimensions)
    whole = sums.toarray()
    known = [list(map(int, r)) for r in whole[shown | (layer.values == 0)]]
    for cell in np.flatnonzero(~shown & (layer.values != 0)):
        assert not follows(known, list(map(int, whole[cell])))
        bounds = [
            linprog(
                sign * whole[cell],
                A_eq=np.array(known) if known else None,
                b_eq=layer.values[shown | (layer.values == 0)] if known else None,
                method="highs",
            )
            for sign in (1, -1)
        ]
        least, most = bounds[0], bounds[1]
        assert most.status == 3 or -most.fun - least.fun > 1e-6


def test_what_is_not_small_is_shown() -> None:
    block = block_of([5, 7, 0, 9], [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])])
    shown, _ = shown_cells(block)
    assert shown.all()


def test_a_small_count_takes_one_more_of_its_row_and_column() -> None:
    """3 among 40, 50 and 60: a rectangle of four is suppressed and the totals stay."""
    dimensions = [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])]
    keys, _ = cube_cells(dimensions)
    shown, _ = shown_cells(block_of([3, 40, 50, 60], dimensions))
    assert set(map(tuple, keys[~shown].to_numpy())) == {("m", 1), ("m", 2), ("f", 1), ("f", 2)}


def test_the_audit_finds_what_was_shown_by_mistake(tmp_path: Path) -> None:
    """Both audits, on a table whose second suppression is taken back."""
    dimensions = [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])]
    block = block_of([3, 40, 50, 60], dimensions)
    keys, _ = cube_cells(dimensions)
    (layer,) = block.layers
    shown, (known,) = shown_cells(block)
    secret = np.flatnonzero(block.sensitive)
    assert not solver_exposed(layer, np.array(known.basis), secret, tmp_path).size
    partner = np.flatnonzero((keys["sex"] == "m") & (keys["age"] == 2))
    shown[partner] = True
    exposed = exposed_cells(block, shown)
    assert [tuple(k) for k in keys[exposed].to_numpy()] == [("m", 1), ("f", 1), ("f", 2)]
    basis = np.array([*known.basis, *partner])
    assert list(solver_exposed(layer, basis, secret, tmp_path)) == list(secret)
    assert list(tmp_path.iterdir()) == []


def test_what_an_earlier_release_showed_protects_nobody() -> None:
    """Of [3, 40 | 50, 60] the cell of 40 is known already, so something else must hide the 3."""
    dimensions = [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])]
    keys, sums = cube_cells(dimensions)
    public = ((keys["sex"] == "m") & (keys["age"] == 2)).to_numpy()
    plain = block_of([3, 40, 50, 60], dimensions)
    block = Block(
        [Layer.of(sums, plain.layers[0].atoms, public)],
        plain.hidden,
        plain.sensitive,
        plain.order,
        plain.needs,
    )
    shown, _ = shown_cells(block)
    assert shown[public].all() and not exposed_cells(block, shown).any()
    assert not shown[((keys["sex"] == "m") & (keys["age"] == "total")).to_numpy()].any()


def test_a_row_that_needs_a_hidden_total_is_hidden_with_it() -> None:
    dimensions = [total_and_parts("sex", ["m", "f"])]
    block = block_of([50, 60], dimensions)
    needs = np.array([-1, 0, 0])
    sensitive = np.array([True, False, False])
    shown, _ = shown_cells(Block(block.layers, block.hidden, sensitive, block.order, needs))
    assert not shown.any()


def test_measures_are_those_indicators_count() -> None:
    """Every numerator and denominator has its step, and so has who is in the one and not in the other."""
    definitions = pd.read_csv(SEEDS / "indicator_definitions.csv")
    codes = {measure: parts for step in STEPS for measure, parts in step.measures.items()}
    within = {measure: wholes for step in STEPS for measure, wholes in step.within.items()}
    for numerator, denominator in definitions[["numerator", "denominator"]].itertuples(index=False):
        assert numerator in codes
        if pd.isna(denominator) or numerator == denominator:
            continue
        rest = {c: codes[denominator].get(c, 0) - codes[numerator].get(c, 0) for c in COUNTS}
        counted = {c: w for c, w in rest.items() if w}
        assert denominator in within.get(numerator, ()) or counted in [dict(c) for c in codes.values()]


def test_age_groups_are_sums_of_classes() -> None:
    classes = pd.DataFrame(
        {"age_class": [0, 1, 3, 3], "age_group": ["total", "working_age", "total", "16-30"]}
    )
    ages = age_dimension(classes, [0, 1, 3])
    assert ages.codes["not_16-30"] == {0: 1} and ages.codes["total"] == {0: 1, 3: 1}


UNITS = pd.DataFrame(
    [("30", "31", "300", "11001", "21001"), ("30", "31", "300", "11001", "21002"), ("30", "31", "300", "11002", "21002"), ("30", "31", None, None, "21002")],
    columns=["province_2024", "province_2025", "district_2024", "commune_2024", "commune_2025"],
)  # fmt: skip


def test_communes_of_both_lists_are_sums_of_units() -> None:
    places, hidden = commune_dimension(UNITS, new_is_covered=True)
    assert places.codes[place_code("2024", "commune", "11001")] == {0: 1, 1: 1}
    assert places.codes[place_code("2025", "commune", "21002")] == {1: 1, 2: 1, 3: 1}
    assert places.codes[place_code("2024", "commune", "30:unallocated")] == {3: 1}
    assert places.codes[place_code("2024", "district", "300")] == {0: 1, 1: 1, 2: 1}
    rests = {frozenset(places.codes[h]) for h in hidden}
    assert frozenset({1, 3}) in rests  # 21002 without the whole of 11002
    old_alone, _ = commune_dimension(UNITS, new_is_covered=False)
    assert not any(code.startswith("2025") for code in old_alone.codes)


def test_many_provinces_are_protected_in_groups() -> None:
    pairs = [("01", "01"), ("19", "19"), ("06", "19"), ("30", "31"), ("31", "31"), ("33", "33")]
    provinces = pd.DataFrame(pairs, columns=["province_2024", "province_2025"]).assign(new_is_covered=True)
    groups = province_groups(provinces)
    assert sorted(p for g in groups for p in g["province_2024"]) == sorted(p for p, _ in pairs)
    assert all(len(g) >= 2 for g in groups) and len(groups) == 2
    assert len(province_groups(provinces.head(4))) == 1
    alone, _ = province_dimension(groups[0], None)
    assert place_code("2024", "group", "") in alone.codes
    assert not any("country" in code for code in alone.codes)


def test_a_part_of_a_new_province_is_not_published_under_its_name() -> None:
    provinces = pd.DataFrame(
        {"province_2024": ["19", "30"], "province_2025": ["19", "31"], "new_is_covered": [True, False]}
    )
    places, _ = province_dimension(provinces, "covered")
    assert place_code("2025", "province", "31") not in places.codes
    assert places.codes[place_code("2025", "country", "covered")] == {"19": 1}
    assert places.codes[place_code("2024", "country", "covered")] == {"19": 1, "30": 1}


def test_counts_land_on_their_atoms() -> None:
    dimensions = [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])]
    frame = pd.DataFrame({"sex": ["f", "m", "f"], "age": [2, 1, 2], "n": [4, 5, 6]})
    assert atom_counts(dimensions, frame, "n").tolist() == [5, 0, 0, 10]


@pytest.mark.parametrize("counts", [[0, 0, 0, 0], [3, 0, 0, 0], [1, 1, 1, 1]])
def test_tables_of_nobody_or_a_few(counts: list[int]) -> None:
    """All that counts anybody is suppressed, and zero is shown."""
    block = block_of(counts, [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])])
    shown, _ = shown_cells(block)
    assert shown.tolist() == (block.layers[0].values == 0).tolist()


def test_a_zero_that_is_not_seen_protects_until_it_is_given_away() -> None:
    """Of 5 = 5 + 0 the zero is suppressed: both may be anything, unless the sum of two such zeros is shown to be zero."""
    dimensions = [total_and_parts("sex", ["m", "f"]), total_and_parts("age", [1, 2])]
    keys, sums = cube_cells(dimensions)
    nothing = np.zeros(len(keys), dtype=np.bool_)
    atoms = np.array([5, 0, 7, 0])  # m1, m2, f1, f2: nobody of age 2
    layer = Layer.of(sums, atoms, nothing, atoms == 0)
    assert layer.unseen.sum() == 3 and not layer.known.any()  # m2, f2 and their total
    by_sex = np.flatnonzero((keys["age"] == "total") & (keys["sex"] != "total"))
    assert zeros_given_away(layer, by_sex).size == 0
    of_age_2 = np.flatnonzero((keys["age"] == 2) & (keys["sex"] == "total"))
    assert layer.places[zeros_given_away(layer, np.concatenate([by_sex, of_age_2]))].tolist() == [1, 3]


def test_two_quarters_together_do_not_give_away_the_jobs_between_them() -> None:
    """Jobs at the end of a quarter are those at the beginning of the next, which must not show what the first hid."""
    jobs = pd.DataFrame({"section": ["A", "B", "C"], "jobs": [3, 50, 60]})
    place = {"province_2024": "19", "province_2025": "19", "new_is_covered": True}
    quarters = pd.concat(
        [
            jobs.assign(period="2025Q4", n_m=jobs["jobs"] + 10, n_e=jobs["jobs"]),
            jobs.assign(
                period="2026Q1", n_m=[13, 90, 70], n_b=jobs["jobs"]
            ),  # by its own order it would show B, not C
        ]
    ).assign(**place)
    total = {"area_version": "2024", "area_level": "province", "area_code": "19", "section": "total"}
    flags = pd.DataFrame(
        [{**total, "period": p, "sensitive": False, "public_n_b": False} for p in ("2025Q4", "2026Q1")]
    )
    with duckdb.connect() as warehouse:
        warehouse.execute("create schema disclosure")
        for name, frame in (("atoms", quarters), ("flags", flags)):
            warehouse.register(f"{name}_given", frame)
            warehouse.execute(f"create table disclosure.{name}_labour_flows as from {name}_given")
        rows = pd.concat([decided for decided, _, _ in decided_rows(warehouse, "labour_flows", "VN")])
    assert set(rows.loc[rows["period"] == "2025Q4"].query("shown")["section"]) == {"total", "C"}
    for _, both in rows.groupby("place"):
        known = set(both.loc[both["shown"], "section"])
        assert "total" in known and not {"A", "B"} & known
