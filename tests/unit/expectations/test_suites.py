"""Suites of published tables: whole tables pass, every expectation can fail, and only counts come out."""

from __future__ import annotations

import logging
from pathlib import Path

import pandas as pd
import pytest
import yaml
from worlds.gates import gate_world
from worlds.whole_tables import PARAMETERS, whole_tables, write_tables

from expectations import suites as reading
from expectations.catalogue import published_tables
from expectations.judge import not_run
from expectations.rules import load_rules, types_of_expectations
from expectations.suites import COLUMNS_IN_ORDER, MEASURES, SUITES, Expectation, Suite, load_suites
from expectations.suites_gate import (
    applicable,
    checks_gate,
    checks_of,
    rows_of_the_grid,
    status_of,
    suites_gate,
    told_by,
)
from expectations.validating import validate
from sources.errors import LabourdbError

RULES = load_rules()
MARK = "030099000123 Vũ Khắc Anlàm"  # stands in broken tables, and must not come out of them


def broken(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with a row more for every expectation, which that row breaks."""
    rows = [frame]
    for e in load_suites()[name].expectations:
        if e.type == COLUMNS_IN_ORDER:
            continue
        kind = (
            frame.query(e.kwargs["row_condition"])
            if e.object != f"{name}: filled keys" and "row_condition" in e.kwargs
            else frame
        )
        assert len(kind), f"no row of the whole table is of the kind of {e.object}: nothing is tried"
        row = kind.iloc[[0]].astype(object).copy()
        match e.type:
            case "expect_column_values_to_be_in_set" | "expect_column_values_to_match_regex":
                row[e.kwargs["column"]] = MARK
            case "expect_column_values_to_not_be_null":
                row[e.kwargs["column"]] = None
            case "expect_column_values_to_be_null":
                column = e.kwargs["column"]
                row[column] = MARK if frame[column].dtype == "string" else 12345.0
            case "expect_column_values_to_be_between":
                row[e.kwargs["column"]] = e.kwargs["min_value"] - 1
            case "expect_column_pair_values_a_to_be_greater_than_b":
                row[e.kwargs["column_A"]], row[e.kwargs["column_B"]] = 6, 7
            case "expect_column_pair_values_to_be_equal":
                row[e.kwargs["column_A"]], row[e.kwargs["column_B"]] = 6, 7
            case "expect_table_row_count_to_equal":
                row[published_tables()[name].key[0]] = None  # a row more, and a key not filled
                if e.object != f"{name}: filled keys":
                    row = kind.iloc[[0]].astype(object)
            case "expect_compound_columns_to_be_unique":
                pass
            case _:
                raise AssertionError(f"say how {e.type} is broken")
        rows.append(row)
    found = pd.concat([r.astype(object) for r in rows], ignore_index=True)
    found = found.convert_dtypes()
    first, second, *rest = found.columns
    return found[[second, first, *rest]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame, pd.DataFrame]:
    """A folder in which all was validated, and the lines of the whole and of the broken tables."""
    folder = tmp_path_factory.mktemp("suites")
    whole = whole_tables()
    lines = []
    for name, tables in {"whole": whole, "broken": {n: broken(n, f) for n, f in whole.items()}}.items():
        place = write_tables(tables, folder / "tables" / name)
        workshop = folder / "workshop" / name
        of_tables = suites_gate(place, workshop, RULES, PARAMETERS)
        lines.append(pd.concat([of_tables, checks_gate(place, workshop, RULES)], ignore_index=True))
    return folder, lines[0], lines[1]


def test_whole_tables_pass_every_expectation(judged) -> None:  # type: ignore[no-untyped-def]
    whole = judged[1]
    assert whole[whole["status"] != "passed"].to_dict("records") == []
    assert set(whole["check_id"]) == {r.id for r in RULES.values() if r.expectations}
    assert len(whole) == sum(len(load_suites()[n].expectations) for n in published_tables() if n != "checks")
    assert {o.split(":")[0] for o in whole["object"]} == {*published_tables()} - {"checks"}
    assert not whole.duplicated(["check_id", "object"]).any()
    assert (
        set(whole["gate"]) == {"publication"} and (whole["why"] != "").all() and (whole["why_vi"] != "").all()
    )
    assert whole["query"].str.startswith("labourdb expectations run").all()


@pytest.mark.parametrize("name", [*published_tables()])
def test_every_expectation_of_a_suite_fails_where_it_is_broken(judged, name: str) -> None:  # type: ignore[no-untyped-def]
    lines = judged[2]
    failed = lines[(lines["status"] == "failed") & (lines["rows_failed"] > 0)]
    assert {e.object for e in load_suites()[name].expectations} == {
        o for o in failed["object"] if o.startswith(f"{name}: ")
    }
    types = types_of_expectations(RULES)
    found = set(zip(failed["check_id"], failed["object"], strict=True))
    assert {(types[e.type], e.object) for e in load_suites()[name].expectations} <= found


def test_the_count_is_of_the_rows_that_fail(judged) -> None:  # type: ignore[no-untyped-def]
    lines = judged[2].set_index(["check_id", "object"])
    of_sex = lines.loc[("table_words", "transitions: sex")]
    rows = len(broken("transitions", whole_tables()["transitions"]))
    assert (of_sex["rows_checked"], of_sex["rows_failed"], of_sex["severity"]) == (rows, 1, "block")
    assert lines.loc[("table_ranges", "indicators: ci_high, ci_low"), "severity"] == "warn"
    assert lines.loc[("table_columns", "linkage: columns"), "rows_failed"] == 2


def test_no_value_gets_into_results(judged) -> None:  # type: ignore[no-untyped-def]
    folder, *lines = judged
    kept = [p for p in (folder / "workshop").rglob("*") if p.is_file()]
    assert any("validations" in p.parts for p in kept)
    for path in kept:
        text = path.read_text(encoding="utf-8")
        assert "030099000123" not in text and "Anl" not in text and "12345" not in text, path
    assert not any("Anl" in str(cell) for frame in lines for row in frame.to_numpy() for cell in row)


def test_what_cannot_be_evaluated_is_an_error_and_quotes_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    table = pd.DataFrame({"sex": [MARK, "male"], "n": [1, 2]})
    write_tables({"linkage": table}, tmp_path / "tables")
    stated = [
        Expectation(
            "linkage",
            "expect_column_values_to_be_between",
            {"column": "sex", "min_value": 1},
            "block",
            "",
            "x",
        ),
        Expectation(
            "linkage",
            "expect_column_values_to_be_between",
            {"column": "gone", "min_value": 1},
            "warn",
            "",
            "x",
        ),
    ]
    found = validate("try", [Suite("linkage", tuple(stated))], tmp_path / "tables", tmp_path / "workshop")
    assert [(o.rows_failed, o.success, status_of(o)) for o in found] == [(None, False, "error")] * 2
    lines = checks_of(
        found, RULES
    )  # blocks, whatever it would have been to find something, and says where it stands
    assert set(lines["severity"]) == {"block"} and set(lines["status"]) == {"error"}
    behind = not_run(lines, "table_ranges", "linkage: gone")
    assert [b["error"] for b in behind] == ["x: expect_column_values_to_be_between could not be evaluated"]
    files = [p for p in (tmp_path / "workshop").rglob("*") if p.is_file()]
    assert files and not any("Anl" in p.read_text(encoding="utf-8") for p in files)
    assert "Anl" not in str(found) + str(capfd.readouterr()) + caplog.text


def test_an_argument_great_expectations_does_not_take_is_named(tmp_path: Path) -> None:
    write_tables({"linkage": whole_tables()["linkage"]}, tmp_path)
    e = Expectation(
        "linkage",
        "expect_column_values_to_be_between",
        {"columm": "rows"},
        "block",
        "",
        "linkage.yaml, expectation 1",
    )
    with pytest.raises(LabourdbError, match=r"linkage.yaml, expectation 1.*columm"):
        validate("try", [Suite("linkage", (e,))], tmp_path, tmp_path / "workshop")


def test_a_number_of_rows_that_nobody_tells_is_named(tmp_path: Path) -> None:
    place = write_tables({"linkage": whole_tables()["linkage"]}, tmp_path)
    e = Expectation(
        "linkage", "expect_table_row_count_to_equal", {"value": {"$PARAMETER": "untold"}}, "block", "", "linkage.yaml, x"
    )  # fmt: skip
    with pytest.raises(
        LabourdbError, match=r"linkage.yaml, x: nothing is called untold. There are: columns_of_linkage"
    ):
        validate("try", [Suite("linkage", (e,))], place, tmp_path / "workshop")
    assert applicable(Suite("linkage", (e,)), {"columns_of_linkage"})[1] == [e]


def test_no_rows_are_never_a_pass(tmp_path: Path) -> None:
    empty = {name: frame.iloc[:0] for name, frame in whole_tables().items()}
    place = write_tables(empty, tmp_path / "tables")
    lines = suites_gate(place, tmp_path / "workshop", RULES, dict.fromkeys(PARAMETERS, 0))
    told = lines[lines["check_id"] != "table_columns"]
    assert set(told["status"]) == {"not_applicable"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("expectations: [", r"linkage.yaml, line 2: cannot be read"),
        ("- type: x", "begins with `expectations:`"),
        ("expectations:\n- {type: expect_table_row_count_to_equal}", "expectation 1: says type and kwargs"),
        ("expectations:\n- {type: x, kwargs: {}, why: so}", "expectation 1: says type and kwargs"),
        ("expectations:\n- {type: x, kwargs: []}", "kwargs are its arguments"),
        ("expectations:\n- {type: x, kwargs: {column: 1}}", "columns are named by text"),
        ("expectations:\n- {type: x, kwargs: {mostly: 95}}", "mostly is a share"),
        ("expectations:\n- {type: x, kwargs: {}, severity: block}", "severity is critical or warning"),
        (
            "expectations:\n- {type: x, kwargs: {column: sexx}}",
            "linkage has no column 'sexx'. It has period, release_id",
        ),
        (
            "expectations:\n- {type: x, kwargs: {column: rows}}\n- {type: x, kwargs: {column: rows}}",
            "stated twice",
        ),
    ],
)
def test_a_suite_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "linkage.yaml").write_text(text)
    with pytest.raises(LabourdbError, match=said):
        load_suites(tmp_path)


def test_a_suite_of_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wages.yaml").write_text("expectations: []")
    with pytest.raises(
        LabourdbError,
        match=r"wages.yaml: is no suite, and would not be read. A suite is called <table>.yaml; tables are indicators",
    ):
        load_suites(tmp_path)


def test_types_whose_results_hold_values_cannot_be_used() -> None:
    e = Expectation(
        "linkage",
        "expect_column_max_to_be_between",
        {"column": "rows"},
        "block",
        "",
        "linkage.yaml, expectation 3",
    )
    with pytest.raises(
        LabourdbError, match=r"linkage.yaml, expectation 3: expect_column_max_to_be_between cannot be used"
    ):
        reading.check_of(e, types_of_expectations(RULES))


def test_there_is_a_suite_for_every_table_and_one_for_the_measures() -> None:
    assert list(load_suites()) == [*published_tables(), MEASURES]
    for name in load_suites():
        assert (SUITES / f"{name}.yaml").is_file() and load_suites()[name].expectations
    for name, table in published_tables().items():
        columns, key, filled = load_suites()[name].expectations[:3]
        assert columns.kwargs["column_list"] == {"$PARAMETER": f"columns_of_{name}"}
        assert key.columns == table.key
        assert all(f"{c}.notna()" in filled.kwargs["row_condition"] for c in table.key)


def test_thresholds_are_those_of_the_suites() -> None:
    e = Expectation("linkage", "x", {"column": "rows", "mostly": 0.9}, "block", "", "")
    assert e.threshold == 0.1
    with pytest.raises(LabourdbError, match="table_words has its thresholds in the suites"):
        load_rules({"table_words": 0.1})


def test_the_grid_is_what_the_world_has(tmp_path: Path) -> None:
    world = gate_world(tmp_path)
    grid = rows_of_the_grid(world)
    assert set(grid) == {p for s in load_suites().values() for e in s.expectations for p in e.parameters}
    rows = world.execute("select count(*) from published.indicators where basis = 'register'").fetchone()
    assert rows is not None and grid["register_cells"] == rows[0] > 0
    world.execute(
        "delete from published.indicators where indicator = 'employed' and sex = 'total' and area_level = 'country'"
    )
    assert rows_of_the_grid(world)["register_cells"] == rows[0]
    world.close()


def test_a_release_tells_its_numbers_of_rows_by_its_checks() -> None:
    suite = load_suites()["row_accounting"]
    assert told_by([("row_accounting: rows", 7)], [suite]) == {"files": 7}
    by_file = {"columns_of_row_accounting", "rows_of_row_accounting"}
    usable, left = applicable(suite, by_file)
    assert [e.object for e in left] == ["row_accounting: rows"] and left[0] not in usable.expectations
    assert applicable(suite, {"files", *by_file}) == (suite, [])


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('@pd.io.common.os.system("true") == 0', "is no condition"),
        ("M.__class__ == 1", "says more than a condition does"),
        ('M.map(print) == 1 or section == "total"', "says more than a condition does"),
        ("__import__('os') == 1", "says more than a condition does"),
        ("M + 1 == 2", "says more than a condition does"),
        ('sectoin == "total"', "names 'sectoin', which is no column"),
        ("section = 'total'; drop table x", "is no condition"),
        ("M.isna(1)", "says more than a condition does"),
    ],
)
def test_a_condition_compares_columns_and_does_nothing_else(
    tmp_path: Path, condition: str, said: str
) -> None:
    """pandas would evaluate whatever stands there, also what calls other programs."""
    entry = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "M", "row_condition": condition},
    }
    (tmp_path / "labour_flows.yaml").write_text(yaml.safe_dump({"expectations": [entry]}))
    with pytest.raises(LabourdbError, match=rf"labour_flows.yaml, expectation 1: .*{said}"):
        load_suites(tmp_path)


@pytest.mark.parametrize(
    "condition",
    [
        'section == "total" and not M < -1',
        'section in ["A", "B"] or M.isna()',
        "(M > 0) and (B.notna())",
        "1 < M <= 3",
    ],
)
def test_conditions_that_are_taken(tmp_path: Path, condition: str) -> None:
    entry = {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "M", "row_condition": condition},
    }
    (tmp_path / "labour_flows.yaml").write_text(yaml.safe_dump({"expectations": [entry]}))
    assert load_suites(tmp_path)["labour_flows"].expectations[-1].kwargs["row_condition"] == condition


def test_a_number_of_rows_of_no_such_name_is_refused_before_anything_is_tried(tmp_path: Path) -> None:
    entry = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": {"$PARAMETER": "flow_total"}}}
    (tmp_path / "labour_flows.yaml").write_text(yaml.safe_dump({"expectations": [entry]}))
    with pytest.raises(LabourdbError, match=r"nothing is called flow_total. There are: files, flow_totals"):
        load_suites(tmp_path)


def test_a_file_that_would_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labour_flows.yml").write_text("expectations: []")
    with pytest.raises(LabourdbError, match=r"labour_flows.yml: is no suite, and would not be read"):
        load_suites(tmp_path)
