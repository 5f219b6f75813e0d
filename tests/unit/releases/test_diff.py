"""What changed between two releases: counted by hand on a few cells; what cannot be compared is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result
from worlds.handwritten_releases import CHECK, flow, indicator, published

from orchestration.cli.main import app
from releases.audit.diff import TOP, diff
from releases.disclosure import NOT_PROTECTED, PROTECTION
from releases.release import Release, figures_of, find_release
from sources.errors import LabourdbError


def compared(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    facts = diff(published(folder, "2025Q4.1", **old), published(folder, "2025Q4.2", **new))
    json.loads(json.dumps(facts), parse_constant=pytest.fail)
    return facts


def lines(facts: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (s["table"], s["indicator"] or s["measure"]): (
            s["added"],
            s["gone"],
            s["changed"],
            s["status_changed"],
        )
        for s in facts["summary"]
    }


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--home", str(folder.parent)])


def test_the_same_is_no_change(tmp_path: Path) -> None:
    """Also where figures are missing or are no number; the release's own name is no change."""
    tables = {
        "indicators": [indicator("employed", 12), indicator("abroad", None), indicator("median_wage", 1) | {"value": float("nan")}],
        "labour_flows": [flow("total", M=3, A=None)],
    }  # fmt: skip
    facts = compared(tmp_path, tables, tables)
    assert (facts["added"], facts["gone"], facts["changed"]) == (0, 0, 0)
    assert facts["summary"] == facts["largest"] == facts["columns"] == []


def test_cells_of_indicators(tmp_path: Path) -> None:
    old = [
        indicator("employed", 100),
        indicator("employed", 40, sex="male"),
        indicator("employed", 60, sex="female"),
        indicator("unemployed", 0),
        indicator("inactive", 50),
    ]
    new = [
        indicator("employed", 110),
        indicator("employed", 40, sex="male", status="low_coverage"),
        indicator("employed", 7, urban_rural="urban"),
        indicator("unemployed", 3),
        indicator("inactive", 50),
    ]
    facts = compared(tmp_path, {"indicators": old}, {"indicators": new})
    assert lines(facts) == {
        ("indicators", "employed"): (1, 1, 2, 1),
        ("indicators", "unemployed"): (0, 0, 1, 0),
    }
    assert (facts["added"], facts["gone"], facts["changed"]) == (1, 1, 3)
    # from zero is further than ten in a hundred
    assert [s["indicator"] for s in facts["summary"]] == ["unemployed", "employed"]
    assert [s["largest"]["relative"] for s in facts["summary"]] == [None, pytest.approx(0.1)]
    from_zero, tenth, status = facts["largest"]
    assert from_zero["key"]["indicator"] == "unemployed" and len(from_zero["changes"]) == 2
    assert tenth["changes"] == [
        {"measure": "numerator", "old": 100, "new": 110, "absolute": 10.0, "relative": pytest.approx(0.1)},
        {"measure": "value", "old": 100.0, "new": 110.0, "absolute": 10.0, "relative": pytest.approx(0.1)},
    ]
    assert status["key"]["sex"] == "male"
    assert status["changes"] == [
        {"measure": "status", "old": "released", "new": "low_coverage", "absolute": None, "relative": None}
    ]


def test_figures_of_other_tables(tmp_path: Path) -> None:
    """Each figure is a cell; one that is null is none."""
    old = [flow("total", M=100, A=10, S=5), flow("C", M=20, A=None, S=2)]
    new = [flow("total", M=90, A=30, S=5), flow("F", M=8, A=1, S=None)]
    facts = compared(tmp_path, {"labour_flows": old}, {"labour_flows": new})
    assert lines(facts) == {
        ("labour_flows", "A"): (1, 0, 1, 0),
        ("labour_flows", "M"): (1, 1, 1, 0),
        ("labour_flows", "S"): (0, 1, 0, 0),
    }
    assert [s["measure"] for s in facts["summary"]] == ["A", "M", "S"]
    assert [(c["measure"], c["relative"]) for c in facts["largest"][0]["changes"]] == [
        ("A", 2.0),
        ("M", -0.1),
    ]


def test_numbers_and_nothing(tmp_path: Path) -> None:
    """A figure that came, went or fell below zero; a text that changed."""
    old = [flow("A", M=None), flow("B", M=4), flow("C", M=-10), flow("D", M=0)]
    new = [flow("A", M=4), flow("B", M=None), flow("C", M=-15), flow("D", M=-2)]
    checks = [CHECK | {"why": "[/bold] is how it is said now"}]
    facts = compared(tmp_path, {"labour_flows": old}, {"labour_flows": new, "checks": checks})
    moved = {
        row["key"].get("section"): (row["changes"][0]["absolute"], row["changes"][0]["relative"])
        for row in facts["largest"]
    }
    assert moved == {
        "D": (-2.0, None),
        "C": (-5.0, -0.5),
        "A": (None, None),
        "B": (None, None),
        None: (None, None),
    }
    assert list(moved)[:2] == ["D", "C"]
    assert lines(facts)["checks", "why"] == (0, 0, 1, 0)


def test_a_median_that_is_shown_no_more_and_one_that_is_now(tmp_path: Path) -> None:
    """Its status says so, and the value that there was is no number to reckon with."""
    old = [indicator("median_wage", 7e6), indicator("median_wage", None, sex="male", status="suppressed")]
    new = [indicator("median_wage", None, status="suppressed"), indicator("median_wage", 8e6, sex="male")]
    facts = compared(tmp_path, {"indicators": old}, {"indicators": new})
    assert lines(facts) == {("indicators", "median_wage"): (0, 0, 2, 2)}
    told = {(c["measure"], c["old"], c["new"], c["absolute"]) for r in facts["largest"] for c in r["changes"]}
    assert told >= {
        ("status", "released", "suppressed", None), ("value", 7e6, None, None), ("value", None, 8e6, None),
    }  # fmt: skip


SUPPRESSED = {"protection": PROTECTION, "disclosure": {"suppressed": {"linkage": 1}}}
NOISY = {"protection": PROTECTION, "disclosure": {"noise_sha256": "n"}}
EXACT = {"protection": NOT_PROTECTED, "disclosure": {"noise_sha256": "n"}}


@pytest.mark.parametrize("backwards", [False, True])
def test_a_release_of_a_version_with_other_rows(tmp_path: Path, backwards: bool) -> None:
    """Links by revision, sex and province, small figures hidden: what is no pair is not paired, and it is said."""
    folder = tmp_path / "releases"
    link = {"source": "training", "period": "2025-10", "rule": "citizen_id"}
    older = [
        link | {"revision": 1, "sex": sex, "province_2024": "30", "rows": rows, "status": status}
        for sex, rows, status in (("male", 41, "released"), ("female", None, "suppressed"))
    ]
    published(
        folder, "2025Q4.1", manifest=SUPPRESSED, linkage=older,
        indicators=[indicator("unemployed", None, status="suppressed"), indicator("employed", 50)],
    )  # fmt: skip
    published(
        folder, "2025Q4.2", manifest=NOISY, linkage=[link | {"rows": 45, "status": "released"}],
        indicators=[indicator("unemployed", 3), indicator("employed", 52)],
    )  # fmt: skip
    pair = ("2025Q4.2", "2025Q4.1") if backwards else ("2025Q4.1", "2025Q4.2")
    facts = json.loads(call(folder, "diff", *pair, "--json").stdout)
    [table] = facts["not_compared"]
    assert table["table"] == "linkage" and table["why"].startswith(
        "2025Q4.1 has several rows for one source, period"
    )
    assert {s["table"] for s in facts["summary"]} == {"indicators"} and facts["changed"] == 2
    assert set(facts["figures"].values()) == {"hidden", "noisy"} and not (facts["added"] or facts["gone"])
    printed = call(folder, "diff", *pair).stdout
    assert "Not compared: linkage. 2025Q4.1 has several rows" in printed
    assert "do not show figures alike" in printed and "2025Q4.2, with noise" in printed


def test_a_table_without_a_key_of_today_is_not_compared(tmp_path: Path) -> None:
    old, new = (published(tmp_path, name) for name in ("2025Q4.1", "2025Q4.2"))
    path = old.path / "tables" / "checks.parquet"
    path.chmod(0o644)
    with duckdb.connect() as connection:
        connection.execute("create table t as select * exclude (gate) from read_parquet(?)", [str(path)])
        connection.execute(f"copy t to '{path}' (format parquet)")
    facts = diff(old, new)
    assert (
        facts["not_compared"] == [{"table": "checks", "why": "2025Q4.1 has no gate"}]
        and facts["changed"] == 0
    )


def test_how_a_release_shows_what_it_counted() -> None:
    assert [figures_of(m) for m in (SUPPRESSED, NOISY, EXACT, {"protection": NOT_PROTECTED})] == [
        "hidden", "noisy", "exact", "exact",
    ]  # fmt: skip


def test_releases_of_another_shape(tmp_path: Path) -> None:
    """Older than a table, than a column, or than a column's type."""
    old = published(
        tmp_path, "2025Q4.1", indicators=[indicator("employed", 5)], labour_flows=[flow("C", M=5)]
    )
    new = published(
        tmp_path, "2025Q4.2",
        indicators=[indicator("employed", 5, weight=1.5)],
        labour_flows=[flow("C") | {"M": 5.0}, flow("D") | {"M": 2.5}],
    )  # fmt: skip
    manifest = old.path / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(facts | {"tables": {"indicators": facts["tables"]["indicators"]}}))
    (old.path / "tables" / "labour_flows.parquet").unlink()
    found = diff(old, new)
    assert {"table": "indicators", "column": "weight", "only_in": "2025Q4.2"} in found["columns"]
    assert lines(found)["labour_flows", "M"] == (2, 0, 0, 0) and found["changed"] == 0
    back = diff(new, old)
    assert lines(back)["labour_flows", "M"] == (0, 2, 0, 0) and back["added"] == 0
    manifest.write_text(json.dumps(facts))
    with pytest.raises(LabourdbError, match=r"labour_flows\.parquet cannot be read"):
        diff(old, new)


def test_types_that_differ_compare_by_value(tmp_path: Path) -> None:
    old, new = [flow("C", M=5), flow("D", M=2)], [flow("C") | {"M": 5.0}, flow("D") | {"M": 2.5}]
    facts = compared(tmp_path, {"labour_flows": old}, {"labour_flows": new})
    assert [(c["old"], c["new"], c["relative"]) for r in facts["largest"] for c in r["changes"]] == [
        (2, 2.5, 0.25)
    ]


def test_the_largest_come_first_and_the_list_ends(tmp_path: Path) -> None:
    old = [indicator("employed", 1000, area_code=f"{n:05d}") for n in range(TOP + 50)]
    new = [indicator("employed", 1000 + n, area_code=f"{n:05d}") for n in range(TOP + 50)]
    folder = tmp_path / "releases"
    facts = compared(folder, {"indicators": old}, {"indicators": new})
    assert [int(r["key"]["area_code"]) for r in facts["largest"]] == list(range(TOP + 49, 49, -1))
    assert facts["changed"] == TOP + 49
    whole = call(folder, "diff", "2025Q4.1", "2025Q4.2", "--json")
    assert whole.exit_code == 0 and json.loads(whole.stdout) == facts
    printed = call(folder, "diff", "2025Q4.1", "2025Q4.2").stdout
    assert "20 cells that changed most" in printed and "00249" in printed and "+24.9%" in printed
    assert "00229" not in printed


def test_texts_are_printed_as_they_stand(tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    compared(folder, {"checks": [CHECK | {"why": "[/bold] before"}]}, {"checks": [CHECK | {"why": "x" * 99}]})
    printed = call(folder, "diff", "2025Q4.1", "2025Q4.2")
    assert printed.exit_code == 0 and "[/bold] before" in printed.stdout and "x" * 39 + "…" in printed.stdout
    same = call(folder, "diff", "2025Q4.2", "2025Q4.2")
    assert same.exit_code == 0 and "every cell of every table is the same" in same.stdout


def test_unknown_releases(tmp_path: Path) -> None:
    folder = tmp_path / "releases"
    none = call(folder, "diff", "2025Q4.1", "2025Q4.2", "--json")
    assert none.exit_code == 2 and "there is none yet" in json.loads(none.stdout)["error"]
    published(folder, "2025Q4.1")
    published(folder, "2025Q3.1")
    for pair in (("2025Q4.1", "2025Q4.7"), ("../2025Q4.1", "2025Q4.1"), ("current", "2025Q4.1")):
        result = call(folder, "diff", *pair)
        assert result.exit_code == 2 and "known are 2025Q3.1, 2025Q4.1" in result.stderr
    assert isinstance(find_release(folder, "2025Q3.1"), Release)
