"""The quality report of a whole run, held against what was delivered and published."""

from __future__ import annotations

import json
from typing import Any

import duckdb
from markupsafe import escape
from support.home_tables import shown, sql
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, deliveries, manifest, small_home

from orchestration.cli.main import app
from releases.quality.facts import facts_of
from sources.contract import all_sources, load_contract


def quality(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and messages of the command on the small world."""
    with worlds.environment(COLUMNS="200"):
        result = CliRunner().invoke(app, ["quality", *arguments, "--home", str(small_home().root)])
    return result.exit_code, result.stdout, result.stderr


def told() -> dict[str, Any]:
    code, out, _ = quality("--json")
    assert code == 0
    facts: dict[str, Any] = json.loads(out)
    return facts


def test_json_is_the_facts_of_the_current_release() -> None:
    release = small_home().releases / f"{AS_OF}.1"
    facts = told()
    assert facts.pop("report") == str(release / "quality" / "report.html") and facts.pop("withdrawn") is None
    assert facts == json.loads(json.dumps(facts_of(release)))
    assert facts["release"] == manifest(small_home())["release_id"] and facts["previous_release"] is None
    assert facts["revisions"] is None and facts["left_out"] == []


def test_facts_are_of_what_was_delivered() -> None:
    facts = told()
    sent: dict[str, int] = {}
    for folder, rows in deliveries().items():
        source = folder.split("/")[0]
        sent[source] = sent.get(source, 0) + len(rows)
    found = {s["source"]: s for s in facts["row_accounting"]["sources"]}
    assert {s: f["rows_read"] for s, f in found.items()} == sent and all(f["closes"] for f in found.values())
    people = found["population"]  # 18, one of them twice, one unreadable; later three of them again
    assert [people[k] for k in ("accepted", "quarantined", "duplicate", "superseded")] == [21, 1, 1, 0]
    assert found["training"]["superseded"] == 1 and found["enterprises"]["quarantined"] == 1
    assert all(s["closes"] and s["rounded"] for s in facts["to_tables"]["linked"])
    assert {s["source"] for s in facts["missing_sources"]} == set(all_sources()) - set(sent)
    # whose status is known, as the table of indicators says
    ((known, residents),) = shown(
        small_home(),
        "select numerator, denominator from indicators where indicator = 'status_coverage' and area_code = 'VN'"
        f" and area_version = '2025' and period = '{AS_OF}' and sex = 'total' and age_group = 'total' and urban_rural = 'total'",
    )
    country = facts["coverage"]["areas"][0]
    assert (country["area_code"], country["numerator"], country["denominator"]) == ("VN", known, residents)
    insurance = next(s for s in facts["punctuality"]["sources"] if s["source"] == "social_insurance")
    assert insurance["without"] == ["2025-10", "2025-11"] and insurance["observed"] == 0


def test_columns_filled_are_those_of_deliveries_in_force() -> None:
    """To the nearest five, so that of these few rows none has a share; beside them what was delivered."""
    kept = manifest(small_home())["filled_columns"]
    used = {d["folder"] for d in manifest(small_home())["inputs"] if d["disposition"] == "used"}
    assert {f"{source}/{month}" for source, months in kept.items() for month in months} <= used
    register = kept["labour_register"]
    sent = [r for r in deliveries()["labour_register/2025-09"] if r.get("weekly_hours")]
    assert sent and register["2025-09"]["filled"]["weekly_hours"] == 5 * round(len(sent) / 5)
    assert all(
        n % 5 == 0 or n == d["accepted"]
        for s in kept.values()
        for d in s.values()
        for n in d["filled"].values()
    )
    for source in told()["column_fill"]:
        contract = load_contract(source["source"])
        assert source["months"] == sorted(kept[source["source"]])
        optional = [c.name for c in contract.columns if not c.required and c.default is None]
        assert [c["column"] for c in source["columns"]] == optional
        assert {share for c in source["columns"] for share in c["shares"]} == {None}


def test_every_check_is_on_the_page_with_its_reason_in_both_languages() -> None:
    page = (small_home().releases / "current" / "quality" / "report.html").read_text(encoding="utf-8")
    lines = sql(small_home(), "select check_id, object, why, why_vi, query from checks")
    assert len(lines) > 100
    for check_id, name, why, why_vi, query in lines:
        assert why and why_vi and why != why_vi and query
        assert f"<code>{check_id}</code>" in page and f">{escape(name)}</th>" in page, (check_id, name)
    told_of = {f["check_id"] for f in told()["checks"]}
    assert told_of == {line[0] for line in lines}
    for source in ("training", "population"):
        assert load_contract(source).title_vi in page


def test_expectations_of_every_table_stand_beside_what_was_found() -> None:
    """The suites judged the files of this release: counts alone, on a page of their own."""
    page = (small_home().releases / "current" / "quality" / "expectations.html").read_text(encoding="utf-8")
    suites = told()["suites"]["suites"]
    lines = [e["line"] for s in suites for e in s["expectations"] if s["suite"] != "checks"]
    assert len(lines) > 100 and all(line["outcome"] in ("passed", "not_applicable") for line in lines)
    rows = manifest(small_home())["tables"]
    for suite in suites:
        assert f'id="{suite["suite"]}"' in page
        keys = suite["expectations"][1]["line"]
        assert keys is None or keys["rows_checked"] == rows[suite["suite"]]["rows"], suite["suite"]
    assert 'href="expectations.html"' in (
        small_home().releases / "current" / "quality" / "report.html"
    ).read_text(encoding="utf-8")


def test_queries_of_dbt_tests_run_and_show_nothing_where_they_passed() -> None:
    """Those that look at the pseudonymised zone alone; nothing failed, so they have nothing to show."""
    queries = {
        check_id: query
        for check_id, query in sql(
            small_home(), "select check_id, query from checks where gate <> 'delivery' and status = 'passed'"
        )
        if (check_id.endswith("_rules") or "_one_" in check_id) and "restricted" not in query
    }
    assert len(queries) > 20
    with duckdb.connect() as connection:
        connection.execute(f"attach '{small_home().database}' as labour (read_only)")
        found = {check_id: connection.execute(query).fetchall() for check_id, query in queries.items()}
    assert {check_id for check_id, rows in found.items() if rows} == set()


def test_the_short_form_and_what_it_refuses() -> None:
    code, out, _ = quality()
    assert code == 0
    for said in ("DISCLOSURE-CONTROLLED", "Đã công bố", "Published:", "Gate 3", "training", "report.html"):
        assert said in out
    assert quality(f"{AS_OF}.1")[1] == out
    code, out, said = quality("2019Q1.1")
    assert code == 2 and "2019Q1.1" in said and f"{AS_OF}.1" in said


def test_without_a_release_there_is_nothing_to_tell(tmp_path: Any) -> None:
    result = CliRunner().invoke(app, ["quality", "--home", str(tmp_path)])
    assert result.exit_code == 2 and "labourdb run" in result.stderr
