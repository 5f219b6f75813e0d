"""`labourdb explain` on the world worked out by hand: every number back to its rows, exact where asked for alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.explaining import COUNTRY, NUMBERS, access_lines, call, said
from worlds import careers
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import KEY, PEOPLE, environment, small_home

from orchestration.home import Home
from orchestration.run.scope import Run
from orchestration.settings import load_settings
from releases.audit.explain import from_warehouse
from releases.tables import rows_of

TERMS = ("numerator", "denominator")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of the small world: explaining writes to its access log."""
    return worlds.copy_of(small_home(), tmp_path_factory.mktemp("explain") / "home")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_KEY", KEY)


def files(found: dict[str, Any], role: str) -> dict[tuple[str | None, str], int]:
    return {(f["decides"], f["folder"]): f["rows"] for f in found["deliveries"][role]}


def test_the_unemployed_of_december_by_hand(home: Home) -> None:
    code, found = call(home, "unemployment_rate", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["walk"] == {"possible": True, "why": None}
    assert found["as_counted"] == {"numerator": 3, "denominator": 10, "value": 30.0}
    published, noise = found["cell"], found["noise"]
    assert [noise[t] for t in TERMS] == [published[t] - found["as_counted"][t] for t in TERMS]
    assert (
        10 < noise["finest_counts"] <= 16
    )  # sixteen persons, hardly two of one pair of provinces, sex and age
    assert not {published["numerator"], published["denominator"]} & {1, 2}
    assert {p["what"] for p in found["proof"]} >= {
        "persons in the numerator", "value as counted", "published numerator, the sum of finest counts", "published value",
    }  # fmt: skip
    assert found["definition"]["name_en"] == "Registered unemployment rate (not ILO)"
    people = found["persons"]
    assert people["counted_as"] == {"numerator": "unemployed", "denominator": "labour_force"}
    assert [people[n] for n in NUMBERS] == [16, 3, 10]
    assert {(r["source"], r["status"]): tuple(r[n] for n in NUMBERS) for r in people["by_source"]} == {
        ("social_insurance", "employed"): (5, 0, 5),  # An Bình Nga Rạng Uyên
        ("business_registration", "employed"): (1, 0, 1),  # Cường
        ("voluntary_insurance", "employed"): (1, 0, 1),  # Dung
        ("unemployment_benefit", "unemployed"): (1, 1, 1),  # Giang
        ("job_seeker", "unemployed"): (1, 1, 1),  # Quân
        ("labour_register", "unemployed"): (1, 1, 1),  # Sơn
        ("labour_register", "inactive"): (1, 0, 0),  # Tâm
        ("training", "inactive"): (1, 0, 0),  # Khánh
        ("none", "unknown"): (4, 0, 0),  # Em Hải Lan Minh
    }
    # Quân moved in November; Oanh and Phúc, who also have rows of December, are not resident
    assert files(found, "residence") == {(None, "population/2025-09"): 15, (None, "population/2025-12"): 1}
    assert files(found, "status") == {
        ("social_insurance", "social_insurance/2025-12"): 5,
        ("business_registration", "enterprises/2025-09"): 1,
        ("voluntary_insurance", "social_insurance/2025-12"): 1,
        ("unemployment_benefit", "unemployment_benefits/2025-12"): 1,
        ("job_seeker", "job_seekers/2025-09"): 1,
        ("labour_register", "labour_register/2025-12"): 1,
        ("labour_register", "labour_register/2025-09"): 1,
        ("training", "training/2025-09"): 1,
    }
    assert sum(f["in_numerator"] for f in found["deliveries"]["status"]) == 3
    assert "condition" not in found["deliveries"]
    inputs = {d["folder"]: d["files"][0]["sha256"] for d in worlds.manifest(home)["inputs"]}
    assert all(f["sha256"] in inputs.values() for role in found["deliveries"].values() for f in role)


def test_what_was_left_out_by_hand(home: Home) -> None:
    _, found = call(home, "unemployment_rate", *COUNTRY, "--restricted")
    left = found["left_out"]
    assert left["conflicts"] == {
        "persons": 1,
        "by_source": [
            {"source": "job_seeker", "status": "unemployed", "runner_up_source": "labour_register",
             "runner_up_status": "employed", "persons": 1, "in_numerator": 1}
        ],  # Quân
    }  # fmt: skip
    reasons = {r["reason"]: r["persons"] for r in left["not_counted"]}
    assert reasons == {"counted": 16, "deceased": 1, "emigrated": 1}
    assert {(r["source"], r["rows"], r["here"]) for r in left["quarantined"]} == {
        ("population", 1, 1),  # Bình's second row
        ("enterprises", 1, 1),  # a wrong check digit
    }
    rules = {(r["source"], r["rule"]): r["rows"] for r in left["linked"]}
    assert {r: n for (s, r), n in rules.items() if s == "social_insurance"} == {
        "citizen_id": 6, "name_birth_sex": 1, "si_number": 1,  # of December alone: An's row of September is not among them
    }  # fmt: skip
    assert [(r["source"], r["rows"], r["unknown"]) for r in left["unlinked"]] == [("training", 1, 1)]
    # a quarter before: Oanh's death was told later, Lan was fourteen
    _, found = call(home, "employed", "--area", "VN@2025", "--period", "2025Q3", "--restricted")
    reasons = {r["reason"]: r["persons"] for r in found["left_out"]["not_counted"]}
    assert reasons == {"counted": 16, "deceased, registered late": 1, "under 15": 1}


@pytest.mark.parametrize(
    ("indicator", "condition"),
    [
        # An and Nga by certificate, Cường by the labour register
        ("trained_share", {"training/2025-09": 2, "labour_register/2025-09": 1}),
        # of the denominator: five by their employer's or own enterprise, Dung by the labour register
        ("agriculture_share", {"enterprises/2025-09": 5, "labour_register/2025-09": 1}),
        ("retrained_share", {"training/2025-09": 1, "training/2025-12": 1}),  # Sơn, Giang
        ("underemployment_rate", {"labour_register/2025-09": 1}),  # Dung
        ("median_wage", {"social_insurance/2025-12": 5}),
        ("si_coverage", {"social_insurance/2025-12": 6}),
    ],
)
def test_what_counts_beyond_the_status(home: Home, indicator: str, condition: dict[str, int]) -> None:
    code, found = call(home, indicator, *COUNTRY, "--restricted")
    assert code == 0 and {f["folder"]: f["rows"] for f in found["deliveries"]["condition"]} == condition


@pytest.mark.parametrize(
    ("area", "cuts", "persons"),
    [
        ("30@2024", (), 12),
        ("31@2025", ("--sex", "male"), 6),  # An Cường Em Hải Lan Minh
        ("19@2024", ("--urban", "rural"), 3),
        ("299@2024", (), 6),
        ("10507@2025", (), 5),
        ("19:unallocated@2024", (), 1),  # Quân, whose new commune is made of several old ones
        ("VN@2025", ("--age", "working_age"), 14),
        ("VN@2024", ("--sex", "female"), 8),  # Bình Dung Giang Khánh Nga Rạng Tâm Uyên
    ],
)
def test_areas_of_both_lists_and_every_cut(
    home: Home, area: str, cuts: tuple[str, ...], persons: int
) -> None:
    code, found = call(
        home, "population_15_plus", "--area", area, "--period", "2025Q4", *cuts, "--restricted"
    )
    assert code == 0 and found["closes"]
    assert found["as_counted"]["value"] == found["persons"]["persons"] == persons
    assert found["cell"]["value"] == found["cell"]["numerator"] == persons + found["noise"]["numerator"]
    assert sum(f["rows"] for f in found["deliveries"]["residence"]) == persons
    assert {f["source"] for f in found["inputs"]["files"]} == {"population"}


def test_every_cell_counts_the_persons_the_walk_finds(home: Home) -> None:
    """All cells of all indicators at once: what the walk sums is what was counted."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.database}' as labour (read_only)")
        terms = connection.execute(
            "select indicator, kind, numerator, nullif(denominator, '') from labour.reference.indicator_definitions"
        ).fetchall()
        assert len(terms) == 20
        connection.execute(
            "create temp table counted as select c.*, a.age_group, q.period from labour.labour.counted_persons as c"
            " inner join labour.cells.age_groups as a using (age_class) inner join labour.run.quarters as q using (quarter)"
        )
        compared = 0
        for indicator, kind, numerator, denominator in terms:
            found = connection.execute(
                f"select count(*), count(*) filter (where i.numerator is distinct from p.n"
                f" or i.denominator is distinct from {'null' if kind == 'count' else 'p.d'})"
                f" from labour.candidates.indicators as i inner join lateral (select"
                f" count(*) filter (where c.{numerator}) as n, count(*) filter (where c.{denominator or 'population'}) as d"
                " from counted as c where c.period = i.period and c.age_group = i.age_group"
                " and i.sex in ('total', c.sex) and i.urban_rural in ('total', c.urban_rural)"
                " and (i.area_level = 'country' or i.area_code = case i.area_level || i.area_version"
                " when 'province2024' then c.province_code_2024 when 'province2025' then c.province_code_2025"
                " when 'district2024' then c.district_code_2024 when 'commune2024' then c.commune_code_2024"
                " when 'commune2025' then c.commune_code_2025 end)) as p on true"
                " where i.basis = 'register' and i.indicator = ?",
                [indicator],
            ).fetchone()
            assert found is not None and found[0] > 100 and found[1] == 0, indicator
            compared += found[0]
        assert compared > 4_000


@pytest.mark.slow
def test_cells_of_a_world_of_fifteen_months_add_up(tmp_path: Path) -> None:
    """Re-issued citizen IDs, moves between employers, several quarters: some cells of every indicator and level."""
    there = careers.run(careers.write(Home(tmp_path)))
    run = Run(there, load_settings(there.settings), worlds.scope())
    with run.warehouse(with_restricted=True) as warehouse:
        cells = rows_of(
            warehouse,
            "select * exclude (release_id) from published.indicators where basis = 'register' qualify row_number() over"
            " (partition by indicator, area_version, area_level order by hash(period || area_code || sex || age_group)) = 1",
        )
        assert len(cells) == 20 * 7  # country, province and commune of both lists, and districts
        for cell in cells:
            walked = walk(warehouse, cell)
            assert walked["closes"], (cell, [p for p in walked["proof"] if not p["closes"]])


def walk(warehouse: duckdb.DuckDBPyConnection, cell: dict[str, Any]) -> dict[str, Any]:
    return from_warehouse(
        warehouse,
        {
            "cell": cell,
            "restricted": True,
            "figures": "noisy",
            "inputs": {"files": []},
            "history": [{"causes": None}],
        },
    )


def test_every_person_has_one_row_in_each_role(home: Home) -> None:
    """In the country, whose persons are those of every cell: so rows are persons in each of them.

    Of every measure that rests on a record beyond the status and is above the line of an indicator.
    """
    run = Run(home, load_settings(home.settings), worlds.scope())
    with run.warehouse(with_restricted=True) as warehouse:
        cells = rows_of(
            warehouse,
            "select i.* exclude (release_id) from published.indicators as i"
            " inner join labour.reference.indicator_definitions as d using (indicator)"
            " inner join labour.reference.measures as m on d.numerator = m.measure and m.rests_on is not null"
            " where i.basis = 'register' and i.area_version = '2024' and i.area_code = 'VN' and i.sex = 'total'"
            " and i.age_group = 'total' and i.urban_rural = 'total'",
        )
        periods = Counter(cell["indicator"] for cell in cells)
        assert len(periods) >= 10 and min(periods.values()) >= 2
        for cell in cells:
            walked = walk(warehouse, cell)
            assert walked["closes"], [p for p in walked["proof"] if not p["closes"]]
            assert {p["what"] for p in walked["proof"]} >= {
                "value as counted",
                "population rows in force, one a person",
            }
            assert walked["deliveries"]["condition"] or walked["as_counted"]["numerator"] == 0


def test_official_figures_name_their_rows(home: Home) -> None:
    code, found = call(
        home, "agriculture_share", "--area", "30@2024", "--period", "2025", "--basis", "official"
    )
    [row] = found["official"]["rows"]
    assert code == 0 and found["closes"] and found["official"]["formula"] is None
    assert (row["value"], row["folder"], row["file"], row["line"], row["rows_replaced"]) == (
        18.2, "official_statistics/2025-12", "data.csv", 2, 0,
    )  # fmt: skip
    code, found = call(
        home, "labour_productivity_growth", "--area", "30@2024", "--period", "2025", "--basis", "official"
    )
    assert code == 0 and found["closes"] and "2020" in found["official"]["formula"]
    assert [(r["indicator"], r["period"], r["line"]) for r in found["official"]["rows"]] == [
        ("grdp_constant_2010", "2025", 6), ("employed_average", "2025", 7),
        ("grdp_constant_2010", "2020", 4), ("employed_average", "2020", 5),
    ]  # fmt: skip
    assert {c["check_id"] for c in found["checks"]["by_check"]} >= {
        "official_intervals_ordered",
        "delivery_readable",
    }
    assert "cells_parts_sum" not in {c["check_id"] for c in found["checks"]["by_check"]}


def test_checks_are_those_of_the_cell(home: Home) -> None:
    _, found = call(home, "employed", "--area", "31@2025", "--period", "2025Q4")
    path = home.releases / "current" / "tables" / "checks.parquet"
    with duckdb.connect() as connection:
        table = connection.execute(f"select check_id, object, status from read_parquet('{path}')").fetchall()
    checks = found["checks"]
    assert (
        checks["checks"]
        == sum(checks[s] for s in ("passed", "failed", "not_applicable", "error"))
        < len(table)
    )
    names = {c["check_id"] for c in checks["by_check"]}
    assert names >= {
        "quarantined_share", "linked_share_training", "person_quarters_unique", "statuses_add_up", "cells_parts_sum",
        "row_accounting_closes", "all_checks_ran", "changed_provinces_within_noise", "changed_provinces_really_changed",
    }  # fmt: skip
    assert not names & {
        "flows_add_up",
        "transitions_add_up",
        "training_outcomes_add_up",
        "official_intervals_ordered",
    }
    parts = next(c for c in checks["by_check"] if c["check_id"] == "parts_sum_to_totals")
    # sex, age group, urban or rural, provinces and communes of the list of 2025; all but the last as published too
    assert parts["objects"] == 9
    nulls = next(
        c for c in checks["by_check"] if c["check_id"] == "table_nulls"
    )  # of the cell's table and basis
    of_table = [o for i, o, _ in table if i == "table_nulls" and o.startswith("indicators: ")]
    assert nulls["objects"] == len([o for o in of_table if 'basis == "official"' not in o]) < len(of_table)
    assert {(c["check_id"], c["object"]) for c in checks["not_passed"]} == {
        (i, o) for i, o, status in table if status in ("failed", "error") and o.partition("/")[0] in
        ("population", "enterprises", "social_insurance", "overseas_contracts", "unemployment_benefits", "job_seekers",
         "labour_register", "training")
    }  # fmt: skip


def numbers(part: Any) -> Iterator[int | float]:
    """Every number in a document, but for those that count nothing."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name not in ("revision", "exit_code"):
                yield from numbers(value)
    elif isinstance(part, list):
        for value in part:
            yield from numbers(value)
    elif isinstance(part, int | float) and not isinstance(part, bool):
        yield part


PUBLIC = ("cell", "inputs", "checks", "history", "proof")


@pytest.mark.parametrize(
    "indicator", ["unemployment_rate", "trained_share", "employed", "median_wage", "si_coverage"]
)
@pytest.mark.parametrize("area", ["VN@2024", "30@2024", "299@2024"])
def test_nothing_exact_is_told_unless_asked_for(home: Home, indicator: str, area: str) -> None:
    """What is not the release's own is a multiple of five, and there is no more of it than that."""
    place = ("--area", area, "--period", "2025Q4")
    _, exact = call(home, indicator, *place, "--restricted")
    code, found = call(home, indicator, *place)
    assert code == 0 and found["closes"] and found["counts"] == "to the nearest 5"
    assert set(exact) - set(found) == {"as_counted", "noise"} and exact["counts"] == "exact"
    walked = {name: part for name, part in found.items() if name not in PUBLIC}
    told = list(numbers(walked))
    assert told and all(isinstance(n, int) and n % 5 == 0 for n in told)
    rounded = [5 * round(exact["persons"][n] / 5) for n in NUMBERS]
    assert [found["persons"][n] for n in NUMBERS] == rounded
    for rows in (*found["deliveries"].values(), found["persons"]["by_source"], found["left_out"]["unlinked"]):
        assert all(
            any(n for n in numbers(row)) for row in rows
        )  # that a row of 0 stands there would tell of one or two
    assert all(p["closes"] for p in found["proof"])
    published = [p for p in found["proof"] if p["expected"] is not None or p["found"] is not None]
    assert {p["what"].partition(",")[0] for p in published} <= {
        "published numerator", "published denominator", "published value", "whether it is suppressed",
    }  # fmt: skip
    for part in ("cell", "inputs", "checks"):
        assert found[part] == exact[part]  # which is what the release itself says
    release = [{k: v for k, v in line.items() if k != "rows_of_cell"} for line in found["history"]]
    assert release == [{k: v for k, v in line.items() if k != "rows_of_cell"} for line in exact["history"]]


def test_who_asks_for_exact_figures_is_logged(home: Home) -> None:
    before = len(access_lines(home))
    text = said(home, "unemployment_rate", *COUNTRY)
    assert "Published: " in text and "As counted" not in text and "to the nearest 5" in text
    [opened] = access_lines(home)[before:]  # rows are counted in the restricted zone, and that is noted
    assert opened["command"] == "labourdb explain"
    text = said(home, "unemployment_rate", *COUNTRY, "--restricted")
    assert "As counted: 30 percent" in text and "finest counts; their noise together is" in text
    [entry] = [e for e in access_lines(home)[before:] if e["command"] == "explain --restricted"]
    assert entry["detail"] == "unemployment_rate register VN@2024 2025Q4 in 2025Q4.1"


def test_nobody_is_named(home: Home) -> None:
    with environment(LABOURDB_KEY=KEY):
        text = said(home, "trained_share", *COUNTRY, "--restricted") + json.dumps(
            call(home, "trained_share", *COUNTRY, "--restricted")[1], ensure_ascii=False
        )
    assert "1. Residents aged 15+" in text and "6. The value in every release" in text
    for person in PEOPLE.values():
        assert person.id not in text and person.name not in text
    run = Run(home, load_settings(home.settings), worlds.scope())
    with run.warehouse(with_restricted=True) as warehouse:
        keys = warehouse.execute("select person_key from restricted.identity.person_keys").fetchall()
    assert len(keys) == len(PEOPLE) and not any(str(key) in text for (key,) in keys)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("unemployment_rates", *COUNTRY), "unemployment_rate"),
        (("unemployment_rate", "--area", "VN", "--period", "2025Q4"), "VN@2025"),
        (("unemployment_rate", "--area", "77@2024", "--period", "2025Q4"), "Area '77@2024': not in release 2025Q4.1"),
        (("unemployment_rate", "--area", "VN@2024", "--period", "2024Q4"), "2025Q3, 2025Q4"),
        (("unemployment_rate", *COUNTRY, "--sex", "men"), "female, male, total"),
        (("unemployment_rate", *COUNTRY, "--age", "15-19"), "15-24"),
        (("unemployment_rate", *COUNTRY, "--basis", "survey"), "--basis official"),
        (("labour_productivity", "--area", "30@2024", "--period", "2025"), "--basis official"),
        (("unemployment_rate", "--area", "299@2024", "--period", "2025Q4", "--sex", "male"), "total total total"),
        # Khánh, Tâm and Rạng, whom the noise makes nobody
        (("population_15_plus", *COUNTRY, "--sex", "female", "--age", "16-30"), "or whose few the noise makes none"),
        (("unemployment_rate", *COUNTRY, "--release", "2025Q4.9"), "2025Q4.1"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_usage_error_that_says_what_is(
    home: Home, arguments: tuple[str, ...], told: str
) -> None:
    code, found = call(home, *arguments)
    assert code == 2 and told in found["error"], found


def test_a_home_without_release_says_so(tmp_path: Path) -> None:
    code, found = call(Home(tmp_path), "employed", *COUNTRY)
    assert code == 2 and "labourdb run" in found["error"]
    assert list(tmp_path.iterdir()) == []
