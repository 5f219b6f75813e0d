"""`labourdb explain` on the world worked out by hand: every number back to its rows, and nothing told of the few."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import careers_world
import duckdb
import pytest
import worlds
from explaining import COUNTRY, NUMBERS, access_lines, call, said, shown_home
from worlds import KEY, PEOPLE, environment

from orchestration import pipeline
from orchestration.home import Home
from orchestration.settings import load_settings
from releases.cell import rows_of
from releases.explain import from_warehouse
from releases.walk import CONDITIONED


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A small world whose release shows what it counted."""
    return shown_home(tmp_path_factory.mktemp("explain") / "home")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABOURDB_KEY", KEY)


def files(found: dict[str, Any], role: str) -> dict[tuple[str | None, str], int]:
    return {(f["decides"], f["folder"]): f["rows"] for f in found["deliveries"][role]}


def test_the_unemployed_of_december_by_hand(home: Home) -> None:
    code, found = call(home, "unemployment_rate", *COUNTRY, "--restricted")
    assert code == 0 and found["closes"] and found["walk"] == {"possible": True, "why": None}
    cell = found["cell"]
    assert (cell["numerator"], cell["denominator"], cell["value"]) == (3, 10, 30.0)
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
        ("VN@2024", ("--age", "16-30", "--sex", "female"), 3),  # Khánh Tâm Rạng
    ],
)
def test_areas_of_both_lists_and_every_cut(
    home: Home, area: str, cuts: tuple[str, ...], persons: int
) -> None:
    code, found = call(
        home, "population_15_plus", "--area", area, "--period", "2025Q4", *cuts, "--restricted"
    )
    assert code == 0 and found["closes"]
    assert found["cell"]["value"] == found["persons"]["persons"] == persons
    assert sum(f["rows"] for f in found["deliveries"]["residence"]) == persons
    assert {f["source"] for f in found["inputs"]["files"]} == {"population"}


def test_every_cell_counts_the_persons_the_walk_finds(home: Home) -> None:
    """All cells of all indicators at once: what the walk sums is what was published."""
    path = home.releases / "current" / "tables" / "indicators.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.database}' as labour (read_only)")
        terms = connection.execute(
            "select indicator, kind, numerator, nullif(denominator, '') from labour.reference.indicator_definitions"
        ).fetchall()
        assert len(terms) == 20
        connection.execute(
            "create temp table counted as select c.*, a.age_group,"
            " (c.quarter // 4)::varchar || 'Q' || (c.quarter % 4 + 1) as period"
            " from labour.labour.counted_persons as c inner join labour.cells.age_groups as a using (age_class)"
        )
        compared = 0
        for indicator, kind, numerator, denominator in terms:
            found = connection.execute(
                f"select count(*), count(*) filter (where i.numerator is distinct from p.n"
                f" or i.denominator is distinct from {'null' if kind == 'count' else 'p.d'})"
                f" from read_parquet('{path}') as i inner join lateral (select"
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
    there = careers_world.run(careers_world.write(Home(tmp_path)))
    run = pipeline.Run(there, load_settings(there.settings), worlds.scope())
    with run.warehouse(with_restricted=True) as warehouse:
        cells = rows_of(
            warehouse,
            "select * exclude (release_id) from candidates.indicators where basis = 'register' qualify row_number() over"
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
            "suppressed": False,
            "inputs": {"files": []},
            "history": [{"causes": None}],
        },
    )


@pytest.mark.parametrize("measure", CONDITIONED)
def test_every_person_has_one_row_in_each_role(home: Home, measure: str) -> None:
    """In the country, whose persons are those of every cell: so rows are persons in each of them."""
    run = pipeline.Run(home, load_settings(home.settings), worlds.scope())
    with run.warehouse(with_restricted=True) as warehouse:
        cells = rows_of(
            warehouse,
            "select i.* exclude (release_id) from candidates.indicators as i"
            " inner join labour.reference.indicator_definitions as d using (indicator) where d.numerator = ?"
            " and i.basis = 'register' and i.area_version = '2024' and i.area_code = 'VN' and i.sex = 'total'"
            " and i.age_group = 'total' and i.urban_rural = 'total'",
            [measure],
        )
        assert len(cells) >= 2
        for cell in cells:
            walked = walk(warehouse, cell)
            assert walked["closes"], [p for p in walked["proof"] if not p["closes"]]
            assert {p["what"] for p in walked["proof"]} >= {"value", "population rows in force, one a person"}
            assert walked["deliveries"]["condition"] or cell["numerator"] == 0


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
        "row_accounting_closes", "all_checks_ran",
    }  # fmt: skip
    assert not names & {
        "flows_add_up",
        "transitions_add_up",
        "training_outcomes_add_up",
        "official_intervals_ordered",
    }
    parts = next(c for c in checks["by_check"] if c["check_id"] == "parts_sum_to_totals")
    assert parts["objects"] == 5  # sex, age group, urban or rural, provinces and communes of the list of 2025
    assert {(c["check_id"], c["object"]) for c in checks["not_passed"]} == {
        (i, o) for i, o, status in table if status in ("failed", "error") and o.partition("/")[0] in
        ("population", "enterprises", "social_insurance", "overseas_contracts", "unemployment_benefits", "job_seekers",
         "labour_register", "training")
    }  # fmt: skip


def test_few_are_hidden_unless_asked_for_and_that_is_logged(home: Home) -> None:
    before = len(access_lines(home))
    _, found = call(home, "unemployment_rate", *COUNTRY)
    people = found["persons"]
    assert all(r["hidden"] and all(r[n] is None for n in NUMBERS) for r in people["by_source"])
    assert [people[n] for n in NUMBERS] == [16, 3, 10]  # which is what the release itself says
    assert all(f["rows"] is None for f in found["deliveries"]["status"])
    assert found["left_out"]["conflicts"]["persons"] is None
    assert {p["expected"] for p in found["proof"] if p["what"].startswith("rows that decided")} == {None}
    [opened] = access_lines(home)[before:]  # rows are counted in the restricted zone, and that is noted
    assert opened["command"] == "labourdb explain"
    call(home, "unemployment_rate", *COUNTRY, "--restricted")
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
    run = pipeline.Run(home, load_settings(home.settings), worlds.scope())
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
