"""The released tables of a simulated province pair, attacked along every sum that ties them, and across releases."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
import worlds
from attack import Knowledge, attack_counts, counts_of

from orchestration.home import SEEDS, Home
from releases.release import list_releases
from sources.simulator import simulate

CELL = ["period", "area_version", "area_level", "area_code", "sex", "age_group", "urban_rural"]
Parents = dict[tuple[str, str, str], tuple[str, str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two provinces, two releases; the second has late months of the first one's quarters."""
    made = Home(tmp_path_factory.mktemp("attacked"))
    simulate(made.root, 20_000, 9, "2025-09", ["30", "19"], 3, SEEDS, lambda text: None)
    late = made.landing / "social_insurance" / "2025-06"
    aside = made.root / "late"
    late.rename(aside)
    assert worlds.run_world(made, "2025Q3").published
    aside.rename(late)
    assert worlds.run_world(made, "2025Q3").published
    return made


def table(home: Home, release: int, name: str) -> pd.DataFrame:
    """A table of the nth release, as a reader has it."""
    return pd.read_parquet(list_releases(home.releases)[release].path / "tables" / f"{name}.parquet")


@pytest.fixture(scope="module")
def parents(home: Home) -> Parents:
    """Which areas are parts of which, as the official lists say."""
    changes = pd.read_csv(SEEDS / "area_changes.csv", dtype=str)
    areas = pd.read_csv(SEEDS / "areas.csv", dtype=str)
    provinces = set(areas.loc[areas["level"] == "province", "code"])
    district_of = areas[(areas["area_version"] == "2024") & (areas["level"] == "district")].set_index("code")[
        "parent_code"
    ]
    found: Parents = {}
    for old, new in set(zip(changes["old_province_code"], changes["new_province_code"], strict=True)):
        found[("2024", "province", old)] = ("2024", "country", "VN")
        found[("2025", "province", new)] = ("2025", "country", "VN")
    for row in areas[areas["level"] == "commune"].itertuples():
        parent = (
            district_of.get(row.parent_code, row.parent_code)
            if row.area_version == "2024"
            else row.parent_code
        )
        found[(str(row.area_version), "commune", str(row.code))] = (
            str(row.area_version),
            "province",
            str(parent),
        )
    for version in ("2024", "2025"):
        for code in provinces:
            found[(version, "commune", f"{code}:unallocated")] = (version, "province", code)
    return found


def merged(parents: Parents) -> Parents:
    """Provinces of the new list as sums of provinces of the old one."""
    changes = pd.read_csv(SEEDS / "area_changes.csv", dtype=str)
    pairs = set(zip(changes["old_province_code"], changes["new_province_code"], strict=True))
    return {("2024", "province", old): ("2025", "province", new) for old, new in pairs}


def both(counts: pd.DataFrame, parents: Parents) -> pd.DataFrame:
    """What falls to an attacker who uses each list by itself, and the two together."""
    same_country = counts.copy()
    for _, members in counts[counts["area_level"] == "country"].groupby(
        ["sex", "age_group", "urban_rural", "measure"]
    ):
        same_country.loc[members.index, "value"] = members["value"].max()
    return pd.concat([attack_counts(same_country, parents), attack_counts(same_country, merged(parents))])


def given_away(
    recovered: pd.DataFrame, quarter: pd.DataFrame, rows: pd.DataFrame, definitions: pd.DataFrame
) -> pd.DataFrame:
    """Suppressed rows of indicators of which every term is published or was recovered.

    A ratio of which only the denominator follows from published counts tells nothing that is suppressed.
    """
    cell = CELL[1:]
    known = pd.concat([quarter[quarter["value"].notna()], recovered])[[*cell, "measure"]].drop_duplicates()
    hidden = rows[(rows["status"] == "suppressed") & (rows["basis"] == "register")]
    terms = hidden[["indicator", *cell]].merge(
        definitions[["indicator", "numerator", "denominator"]], on="indicator"
    )
    for term in ("numerator", "denominator"):
        found = known.rename(columns={"measure": term}).assign(**{f"{term}_known": True})
        terms = terms.merge(found, on=[*cell, term], how="left")
    numerator, denominator = (terms[f"{t}_known"].eq(True) for t in ("numerator", "denominator"))
    # a median follows from no count
    return terms[
        numerator & (denominator | terms["denominator"].isna()) & (terms["indicator"] != "median_wage")
    ]


@pytest.mark.slow
def test_no_suppressed_count_of_a_release_can_be_computed(home: Home, parents: Parents) -> None:
    definitions = pd.read_csv(SEEDS / "indicator_definitions.csv")
    attacked = 0
    for release in (0, 1):
        rows = table(home, release, "indicators")
        for period, quarter in counts_of(rows, definitions).groupby("period"):
            quarter = quarter.drop(columns="period")
            attacked += int(quarter["value"].isna().sum())
            found = given_away(both(quarter, parents), quarter, rows[rows["period"] == period], definitions)
            assert found.empty, found.head(20).to_string()
    print(f"attacked {attacked:,} suppressed counts, recovered 0")
    assert attacked > 500


@pytest.mark.slow
def test_two_releases_together_give_nothing_away(home: Home, parents: Parents) -> None:
    """Figures that did not change between the releases are taken from either; what one hid stays hidden."""
    definitions = pd.read_csv(SEEDS / "indicator_definitions.csv")
    first, second = (table(home, r, "indicators") for r in (0, 1))
    key = ["indicator", *CELL]
    together = second.merge(first[[*key, "status", "basis"]], on=[*key, "basis"], suffixes=("", "_before"))
    hidden = together[(together["status_before"] == "suppressed") & (together["basis"] == "register")]
    assert len(hidden) > 100 and set(hidden["status"]) == {"suppressed"}
    old, new = counts_of(first, definitions), counts_of(second, definitions)
    with duckdb.connect(str(home.database), read_only=True) as warehouse:
        counted = counts_of(warehouse.execute("from covered.indicators").df(), definitions)
    cells = new.merge(old, on=[*CELL, "measure"], how="left", suffixes=("", "_before")).merge(
        counted, on=[*CELL, "measure"], suffixes=("", "_true")
    )
    unchanged = cells["value_before"] == cells["value_true"]
    cells["value"] = np.where(cells["value"].isna() & unchanged, cells["value_before"], cells["value"])
    for period, members in cells.groupby("period"):
        quarter = members[[*CELL[1:], "measure", "value"]]
        found = given_away(both(quarter, parents), quarter, second[second["period"] == period], definitions)
        assert found.empty, found.head(20).to_string()


@pytest.mark.slow
def test_no_suppressed_row_of_the_other_tables_can_be_computed(home: Home, parents: Parents) -> None:
    """Flows by section, transitions by status, sex and age, outcomes by field, level and kind."""
    provinces = {child: parent for child, parent in parents.items() if child[1] == "province"}
    provinces |= {(v, "province", "unknown"): (v, "country", "VN") for v in ("2024", "2025")}
    area = ["area_version", "area_level", "area_code"]
    attacked = 0
    for name, figure, block, dimensions in (
        ("labour_flows", "M", ["period"], ["section"]),
        ("labour_flows", "E", ["period"], ["section"]),
        ("transitions", "persons", ["period", "lag"], ["sex", "age_group"]),
        ("training_outcomes", "completions", ["year"], ["field_code", "level", "kind"]),
    ):
        rows = table(home, 1, name)
        others = ["from_status", "to_status"] if name == "transitions" else []
        for of_block, members in rows.groupby(block):
            keys = [*area, *dimensions, *others]
            known = Knowledge(members[keys].assign(value=members[figure].astype("float64")), keys)
            observed = members[figure].notna() | (members["status"] == "suppressed")
            assert observed.all() or not observed.any() or figure == "E"
            for dimension in dimensions:
                known.total(dimension)
            known.areas(provinces)
            attacked += int((members["status"] == "suppressed").sum())
            recovered = known.computed()
            if figure == "E" and members[figure].isna().all():
                continue  # not observed in the last quarter
            assert recovered.empty, f"{name}.{figure} {of_block}\n{recovered.head(20).to_string()}"
    print(f"attacked {attacked:,} suppressed rows, recovered 0")
    assert attacked > 100
