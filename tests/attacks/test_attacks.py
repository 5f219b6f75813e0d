"""Attacks on what releases publish, with all that an attacker can know (SPEC §5, proof in tests).

In short in `make test`, whole in `make attack`, which prints the figures: more keys, a larger world, and many worlds of three
releases each (``LABOURDB_ATTACK_WORLDS``, ``LABOURDB_ATTACK_KEYS``, ``LABOURDB_ATTACK_PERSONS``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attack_bias import OBSERVED, TOTALS, errors, totals
from attack_bounds import measures, programme
from attack_guess import Series, nudges, scores, series_of
from attack_jobs import figures as figures_of_employers
from attack_jobs import settle
from attack_keys import CHANGED, Redrawn
from attack_variants import clamped_parts, raised_accessions
from attack_worlds import TABLES, Attacked, attacked_world, finest, released, sizes

from orchestration.home import SEEDS

Tell = Callable[[str], None]
KEYS = int(os.environ.get("LABOURDB_ATTACK_KEYS", "40"))
PERSONS = int(os.environ.get("LABOURDB_ATTACK_PERSONS", "1500"))
WORLDS = int(os.environ.get("LABOURDB_ATTACK_WORLDS", "0"))
RIGHT, PINNED, NEAR, SHOWN = 0.35, 0.001, 0.05, 0.999  # SPEC §5, disclosure control
DRAWINGS = 6


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    """A world whose rows come late, with three releases of its last quarter."""
    with pytest.MonkeyPatch.context() as patch:  # the site is made of the tables that are attacked here
        patch.setattr("releases.site.build.build_site", lambda *_: None)
        made = attacked_world(tmp_path_factory.mktemp("attacked") / "home", PERSONS, 12, 4)
    assert not made.stopped and len(made.atoms) == 3
    return made


@pytest.fixture(scope="module")
def redrawn(world: Attacked) -> Redrawn:
    """The world's last run, with any keys."""
    return Redrawn(world.home)


@pytest.fixture(scope="module")
def drawings(redrawn: Redrawn) -> list[dict[str, pd.DataFrame]]:
    """What other keys would have made of the same persons."""
    found = []
    for _ in range(DRAWINGS):
        redrawn.draw()
        found.append({name: finest(redrawn.memory, "labour", *of) for name, of in TABLES.items()})
    return found


def test_no_small_count_has_only_one_possible_value(world: Attacked, figures: Tell) -> None:
    """Linear and whole-number programmes over all tables of three releases, both lists, shown medians."""
    last = released(world, -1, "indicators")
    shown = last[
        (last["indicator"] == "median_wage") & (last["area_level"] == "province") & (last["period"] == "2025Q4")
        & (last["sex"] == "total") & (last["age_group"] == "total") & (last["urban_rural"] == "total") & last["value"].notna()
    ]  # fmt: skip
    table = pd.read_csv(SEEDS / "noise.csv")
    quarter = int(world.atoms[-1]["provinces"]["quarter"].max())
    built, truth, names = programme(
        world.atoms, quarter, measures(), table,
        [(str(v), str(c), 10.0) for v, c in shown[["area_version", "area_code"]].itertuples(index=False)],
    )  # fmt: skip
    assert built.breaks(truth) == 0, "what the attacker takes for granted must be true"
    small = names.index[names["count"].between(1, 4)].tolist()
    pinned = built.others(small, truth).count(False)
    figures(
        f"possible values: {pinned} of {len(small):,} cells truly 1-4 have one ({len(truth):,} unknowns, {len(built.rows):,} constraints)"
    )
    assert len(small) > 100 and pinned <= PINNED * len(small)


def test_the_programmes_find_what_is_given_away(world: Attacked) -> None:
    """Were one exact count of a commune published, they would say so."""
    quarter = int(world.atoms[-1]["provinces"]["quarter"].max())
    built, truth, names = programme(world.atoms[-1:], quarter, measures(), pd.read_csv(SEEDS / "noise.csv"))
    small = names.index[names["count"].between(1, 4)].tolist()[:3]
    built.hold([(u, 1) for u in small], float(truth[small].sum()), float(truth[small].sum()))
    for u in small[1:]:
        built.hold([(u, 1)], truth[u], truth[u])
    assert built.others(small, truth) == [False, False, False]


def by_quarter(drawn: list[dict[str, pd.DataFrame]], table: str) -> list[Series]:
    """Series of one table's counts over quarters, in all drawings."""
    keys = [k for k in TABLES[table][2] if k != "quarter"]
    quarters = sorted(drawn[0][table]["quarter"].unique())
    slices = [[d[table][d[table]["quarter"] == q] for q in quarters] for d in drawn]
    seen = []
    if table == "provinces":
        for d in drawn:
            found = nudges(d["provinces"], d["communes"], d["transitions"])
            seen.append([found[(d[table]["quarter"] == q).to_numpy()] for q in quarters])
    return series_of(slices, keys, unused_in(drawn[0][table], table, keys), seen)


def unused_in(used: pd.DataFrame, table: str, keys: list[str]) -> int:
    """How many finest counts could be and are nobody's, which an attacker cannot tell from those that came out as 0."""
    pairs = len(used.groupby(["province_2024", "province_2025"]))
    if table == "communes":  # every pair of communes of the provinces
        changes = pd.read_csv(SEEDS / "area_changes.csv", dtype=str)
        possible = int(changes["old_province_code"].astype(int).isin(used["province_2024"]).sum())
    else:  # sexes x (age classes x urban/rural), lags x sexes x ages x statuses before and after
        possible = pairs * {"provinces": 2 * 10 * 2, "transitions": 2 * 2 * 3 * 25}[table]
    counts = used["measure"].nunique()
    return max(possible * counts - len(used.groupby([*keys, "measure"], dropna=False)), 0)


def test_the_best_guess_of_small_counts(drawings: list[dict[str, pd.DataFrame]], figures: Tell) -> None:
    """Least squares over everything published, then the likeliest count, one quarter by itself and all in a row."""
    right = cells = 0
    for table in ("provinces", "communes", "transitions"):
        found = by_quarter(drawings, table)
        alone, all_quarters = scores(found, over_time=False).sum(), scores(found).sum()
        figures(
            f"best guess, {table}: right for {alone['right'] / alone['cells']:.1%} of {alone['cells'] // 2:,} cells truly 1-4"
            f" by one quarter, {all_quarters['right'] / all_quarters['cells']:.1%} by all quarters"
            f" ({all_quarters['right_if_not_empty'] / all_quarters['cells']:.1%} if one knows that there is somebody)"
        )
        right, cells = right + all_quarters["right"], cells + all_quarters["cells"]
    outcomes = series_of([[d["outcomes"]] for d in drawings], TABLES["outcomes"][2], unused=1000)
    alone = scores(outcomes, over_time=False).sum()
    figures(f"best guess, training outcomes: right for {alone['right'] / max(alone['cells'], 1):.1%}")
    right, cells = right + alone["right"], cells + alone["cells"]
    figures(f"best guess, all tables: right for {right / cells:.1%} of {cells // 2:,} cells truly 1-4")
    assert cells > 1000 and right <= RIGHT * cells


def guessed_over_releases(world: Attacked, drawn: list[dict[str, pd.DataFrame]]) -> pd.Series:
    """Scores of the best guess of the last quarter's cells by three releases of it."""
    found = []
    for table in ("provinces", "communes", "transitions"):
        quarter = int(world.atoms[-1][table]["quarter"].max())
        slices = [[r[table][r[table]["quarter"] == quarter] for r in world.atoms]]
        keys = TABLES[table][2]
        learnt = series_of([[d[table][d[table]["quarter"] == quarter]] for d in drawn], keys)
        unused = unused_in(slices[0][0], table, keys)
        found.append(scores(series_of(slices, keys, unused), learnt=learnt))
    return pd.concat(found).sum()


def test_three_releases_with_late_rows(
    world: Attacked, drawings: list[dict[str, pd.DataFrame]], figures: Tell
) -> None:
    """Counts that somebody joined are drawn anew: what that gives away, by Bayes."""
    found = guessed_over_releases(world, drawings)
    figures(
        f"three releases ({' and '.join(map(str, world.late_rows))} late rows): right for {found['right'] / found['cells']:.1%} of"
        f" {found['cells']:,} cells truly 1-4; of {found['anew']} drawn anew {found['right_anew'] / max(found['anew'], 1):.1%}"
    )
    assert found["cells"] > 100 and found["right"] <= RIGHT * found["cells"]
    for before, after in pairwise(world.atoms):  # what nobody joined or left is as it was
        for table, (*_, keys) in TABLES.items():
            both = before[table].merge(after[table], on=[*keys, "measure"], suffixes=("", "_after"))
            calm = both[(both["measure"].isin(["employed", "unemployed", "inactive", "persons", "completions"]))
                        & (both["key"] == both["key_after"]) & (both["count"] == both["count_after"])]  # fmt: skip
            assert len(calm) and (calm["changed"] == calm["changed_after"]).all()


def test_nested_groups_and_areas_differ_by_nobody_or_three(world: Attacked) -> None:
    """15+ less working age or 16-30, a new province less the old ones in it: as published never 1 or 2, and sums agree."""
    rows = released(world, -1, "indicators")
    counts = rows[(rows["basis"] == "register") & rows["denominator"].isna() & rows["numerator"].notna()]
    cell = ["indicator", "period", "area_version", "area_level", "area_code", "sex", "urban_rural"]
    ages = counts.pivot_table(index=cell, columns="age_group", values="numerator", fill_value=0)
    large = ages[ages.index.get_level_values("area_level").isin(["country", "province"])]
    for group in ("working_age", "16-30"):
        rest = large["total"] - large[group]
        assert (rest >= 0).all() and not rest.isin([1, 2]).any()
    bands = ["15-24", "25-34", "35-44", "45-54", "55-64", "65+"]
    assert (large["total"] == large[bands].sum(axis=1)).all()
    total = counts[(counts["age_group"] == "total") & (counts["area_level"] != "district")]
    by_area = ["indicator", "period", "sex", "urban_rural"]
    levels = total.pivot_table(
        index=by_area, columns=["area_version", "area_level"], values="numerator", aggfunc="sum"
    )
    assert (levels["2024", "country"] == levels["2025", "country"]).all()
    for version in ("2024", "2025"):
        assert (levels[version, "country"] == levels[version, "province"]).all()


def test_the_figures_of_one_large_employer(world: Attacked, figures: Tell) -> None:
    """80 % and more of at least 100 jobs: how many of the published figures are within 1 % of the truth."""
    apart = Redrawn(world.home, seed=9)
    settle(apart)
    drawn = []
    for number in range(max(4, KEYS // 10)):
        apart.draw(["keyed_employer_flows", "changed_places"])
        drawn.append(figures_of_employers(apart).assign(drawing=number))
    found = pd.concat(drawn)
    near = (found["published"] / found["exact"] - 1).abs() <= 0.01
    mean = found.groupby(["drawing", "section", "figure"])[["published", "exact"]].mean()
    over_time = ((mean["published"] / mean["exact"] - 1).abs() <= 0.01).mean()
    small = found["exact"] < 150
    figures(
        f"one employer of 80 % and more: {near.mean():.2%} of {len(found):,} figures within 1 % of the truth"
        f" ({near[small].mean():.1%} of those of 100 to 149 jobs); by the mean of all quarters {over_time:.2%}"
    )
    assert len(found) > 1000
    assert near.mean() <= NEAR and over_time <= NEAR


def test_totals_are_right_on_average(redrawn: Redrawn, figures: Tell) -> None:
    """Country totals under many keys. Flows: beginning and end are; what has to stay within them is not quite (docs)."""
    drawn: dict[str, list[pd.Series]] = {table: [] for table in TOTALS}
    for _ in range(KEYS):
        redrawn.draw()
        for table in TOTALS:
            drawn[table].append(totals(redrawn, table))
    for table in TOTALS:
        exact = totals(redrawn, table, exact=True)
        stocks = ["at_beginning", "at_end"]
        bound = stocks if table == "changed_places" else list(exact.index)
        found = errors(exact[bound], [d[bound] for d in drawn[table]])
        figures(
            f"bias, {table}, {KEYS} keys: greatest |z| {found.by_measure['z'].abs().max():.1f} of {len(bound)} measures,"
            f" together p = {found.together:.3f}"
        )
        assert found.sound, found.by_measure.to_string()
    flows = errors(exact, drawn["changed_places"]).by_measure
    places = int(redrawn.query(f"select count(*) as n from labour.cells.place_counts {OBSERVED}")["n"][0])
    figures(
        f"bias of flows by finest count ({places}): "
        + ", ".join(f"{n} {m / max(places, 1):+.2f}" for n, m in flows["mean"].items())
    )
    assert (flows["mean"].abs() <= 0.35 * places + 4 * flows["deviation"] / np.sqrt(KEYS)).all()


def test_other_ways_to_place_the_noise_are_less_right(redrawn: Redrawn, figures: Tell) -> None:
    """The first draft of SPEC §5 on the same counts: parts cut off at their whole, accessions raised."""
    random = np.random.default_rng(3)
    table = pd.read_csv(SEEDS / "noise.csv")
    names = ["at_beginning", "at_end", "accessions", "separations", "created", "destroyed"]
    parts, flows = [], []
    for _ in range(max(8, KEYS // 4)):
        redrawn.draw(["keyed_profiles", "changed_provinces", "keyed_employer_flows", "changed_places"])
        parts.append(
            clamped_parts(finest(redrawn.memory, "labour", *TABLES["provinces"]), measures(), table, random)
        )
        flows.append(
            raised_accessions(
                redrawn.query(
                    f"select c.*, {', '.join(f'e.{n} as exact_{n}' for n in names)} from labour.disclosure.changed_places as c"
                    f" join labour.cells.place_counts as e using (quarter, province_2024, province_2025, section) {OBSERVED}"
                ),
                table,
                random,
            )
        )
    for drawn in (parts, flows):
        means = pd.concat(drawn).groupby(level=0, sort=False)
        for measure, row in means.mean().iterrows():
            error = means.std().loc[measure] / np.sqrt(len(drawn))
            figures(
                f"mean error of {measure} ({row['exact']:,.0f}): as first drafted {row['letter']:+.1f} ± {error['letter']:.1f},"
                f" as published {row['ours']:+.1f} ± {error['ours']:.1f}"
            )
    means = pd.concat(flows).groupby(level=0).mean()
    assert (means["ours"].abs() < means["letter"].abs()).all()


def test_figures_are_shown(world: Attacked, figures: Tell) -> None:
    """Of indicators and flows at least 99.9 % of cells; medians have thresholds of their own and are counted apart."""
    indicators = released(world, -1, "indicators")
    register = indicators[(indicators["basis"] == "register") & (indicators["status"] != "not_available")]
    median = register["indicator"] == "median_wage"
    counts = register[~median]
    shown = counts["value"].notna() | (counts["denominator"] == 0)
    flows = released(world, -1, "labour_flows")
    medians = register[median]["value"].notna().mean()
    figures(
        f"shown: {shown.mean():.2%} of {len(counts):,} cells of indicators, {flows['M'].notna().mean():.2%} of {len(flows):,} of"
        f" flows; {medians:.1%} of {int(median.sum()):,} medians"
    )
    assert shown.mean() >= SHOWN and flows["M"].notna().mean() >= SHOWN
    assert not (counts["status"] == "suppressed").any() and not (flows["status"] == "suppressed").any()


def test_cost(redrawn: Redrawn, figures: Tell) -> None:
    """CPU of the models of disclosure control: at 50,000 persons at most 3 s (`LABOURDB_ATTACK_PERSONS=50000`)."""
    redrawn.draw()
    cost = sum(redrawn.cpu.values())
    figures(
        f"cost: {cost:.2f} CPU s at {PERSONS:,} persons ({sum(redrawn.cpu[m] for m in CHANGED):.2f} of it the noise)"
    )
    assert cost <= 3.0 * max(1.0, PERSONS / 50_000)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(max(WORLDS, 1)))
def test_worlds_release_three_times_without_a_stop(number: int, tmp_path: Path, figures: Tell) -> None:
    """Worlds of 500 to 50,000 persons, rows of which come late; each is attacked over its releases."""
    persons = list(sizes(max(WORLDS, 1)))[number]
    world = attacked_world(tmp_path / "home", persons, 12, 100 + number)
    assert world.stopped == []
    redrawn = Redrawn(world.home)
    drawn = []
    for _ in range(3):
        redrawn.draw()
        drawn.append({name: finest(redrawn.memory, "labour", *of) for name, of in TABLES.items()})
    found = guessed_over_releases(world, drawn)
    share = found["right"] / max(found["cells"], 1)
    figures(
        f"world of {persons:,}: three releases, {world.late_rows} late rows, best guess {share:.1%} of {found['cells']:,}"
    )
    assert share <= RIGHT
