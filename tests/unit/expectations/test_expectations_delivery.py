"""Gate 1: dispositions, their reasons, and the accounting of every file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from expectations.delivery_gate import DeliveryGate, delivery_gate
from expectations.rules import load_rules
from expectations.waivers import Waiver, refuse_unusable
from sources.calendar import month_number
from sources.contract import load_contract
from sources.errors import LabourdbError
from sources.ingest.deliveries import ingest
from sources.ingest.landing import find_deliveries
from sources.restricted.database import create_schema, restricted_database

RULES = load_rules()
ROOT = Path(__file__).parents[3]
SAMPLE = ROOT.parent / "shared/samples/small-world"


class Landed:
    """A restricted database in memory, filled with catalogue entries alone."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        create_schema(self.connection)

    def add(self, source: str, folder: str, rows: int | None, files: int = 1, **counts: int | None) -> None:
        """A delivery of ``rows`` rows in each of ``files`` files; ``rows`` None means refused."""
        period, _, revision = folder.partition(".r")
        number = int(revision or 1)
        key = month_number(period) * 1024 + number
        self.connection.execute(
            "insert into landing.deliveries values (?, ?, ?, ?, ?, ?, null, 'agency', '2024', false)",
            [source, key, period, number, f"{source}/{folder}", "refused" if rows is None else "read"],
        )
        for file_no in range(1, files + 1):
            quarantined = counts.get("quarantined", 0)
            accepted = None if rows is None or quarantined is None else rows - quarantined
            self.connection.execute(
                "insert into landing.files (source, delivery_key, file_no, file, sha256, rows_read, accepted,"
                " quarantined, duplicate, superseded, unknown_code, identified, usable_ids, future_month, names,"
                " foreign_names) values (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [source, key, file_no, f"{source}_{file_no}.csv", rows, accepted, None if rows is None else quarantined,
                 *([None] * 8 if rows is None else
                   [0, 0, counts.get("unknown", 0), counts.get("identified", accepted),
                    counts.get("usable", accepted), counts.get("future", 0), counts.get("names", rows),
                    counts.get("foreign", 0)])],
            )  # fmt: skip

    def fill(
        self,
        source: str,
        folder: str,
        column: str,
        accepted: int,
        given: int,
        filled: int,
        implausible: int = 0,
    ) -> None:
        """How a column of a delivery is filled."""
        period, _, revision = folder.partition(".r")
        key = month_number(period) * 1024 + int(revision or 1)
        self.connection.execute(
            "insert into landing.filled values (?, ?, 1, ?, ?, ?, ?, ?)",
            [source, key, column, accepted, given, filled, implausible],
        )

    def gate(self, cut_off: str = "2025-12") -> DeliveryGate:
        return delivery_gate(self.connection, month_number(cut_off), RULES)

    def dispositions(self, cut_off: str = "2025-12") -> dict[str, tuple[str, str]]:
        table = self.gate(cut_off).dispositions
        return {
            f: (d, b) for f, d, b in zip(table["folder"], table["disposition"], table["because"], strict=True)
        }


@pytest.fixture
def landed() -> Landed:
    return Landed()


@pytest.mark.parametrize(
    ("rows", "counts", "reason"),
    [
        (100, {"quarantined": 10}, ""),
        (100, {"quarantined": 11}, "quarantined_share"),
        (50, {"quarantined": 6}, "quarantined_share"),
        (49, {"quarantined": 49}, ""),
        (100, {"quarantined": 5, "unknown": 5}, ""),
        (100, {"quarantined": 6, "unknown": 6}, "unknown_code_share"),
        (49, {"quarantined": 4, "unknown": 4}, ""),
        (100, {"usable": 80}, ""),
        (100, {"usable": 79}, "unusable_id_share"),
        (60, {"quarantined": 6, "identified": 49, "usable": 0}, ""),
        (100, {"names": 100, "foreign": 10}, ""),
        (100, {"names": 100, "foreign": 11}, "legacy_encoding"),
        (60, {"names": 49, "foreign": 49}, ""),
        (10, {"future": 1}, "future_months"),
        (100, {"quarantined": 20, "unknown": 20, "usable": 0, "future": 1},
         "future_months, quarantined_share, unknown_code_share, unusable_id_share"),
        (0, {}, ""),
    ],
)  # fmt: skip
def test_shares_hold_a_delivery(landed: Landed, rows: int, counts: dict[str, int], reason: str) -> None:
    landed.add("social_insurance", "2025-01", rows, **counts)
    assert landed.dispositions() == {"social_insurance/2025-01": ("held" if reason else "used", reason)}


def test_shares_are_of_the_whole_delivery(landed: Landed) -> None:
    landed.add("training", "2025-01", 25, files=2, quarantined=3)
    assert landed.dispositions() == {"training/2025-01": ("held", "quarantined_share")}


def test_checks_apply_where_the_contract_has_what_they_look_at(landed: Landed) -> None:
    for source in ("population", "enterprises", "social_insurance", "labour_changes"):
        landed.add(source, "2025-01", 0 if source == "population" else 60)
    checks = landed.gate().checks
    ran = {
        s: set(checks[checks["object"] == f"{s}/2025-01"]["check_id"])
        for s in ("population", "enterprises", "social_insurance", "labour_changes")
    }
    always = {"delivery_readable", "quarantined_share", "unknown_code_share"}
    assert ran == {
        "population": always | {"unusable_id_share", "legacy_encoding", "column_fill"},
        "enterprises": always | {"column_fill", "implausible_share"},
        "social_insurance": always
        | {
            "unusable_id_share",
            "legacy_encoding",
            "future_months",
            "volume_change",
            "column_fill",
            "implausible_share",
        },
        "labour_changes": always | {"future_months", "implausible_share"},
    }
    empty = checks[(checks["object"] == "population/2025-01") & (checks["check_id"] != "delivery_readable")]
    assert set(empty["status"]) == {"not_applicable"}
    assert checks[checks["check_id"] == "volume_change"]["status"].tolist() == ["not_applicable"]


def test_volume_is_compared_with_the_preceding_delivery_in_force(landed: Landed) -> None:
    for folder, rows in [
        ("2025-01", 100),
        ("2025-02", 150),  # +50 %: just within
        ("2025-03", 74),  # less than half of 150: held, and no yardstick
        ("2025-03.r2", 75),  # half of 150: within, and the yardstick from now on
        ("2025-04", 113),  # more than 75 + 50 %
        ("2025-05", None),
        ("2025-06", 112),
    ]:
        landed.add("social_insurance", folder, rows)
    landed.add("training", "2025-01", 10)
    landed.add("training", "2025-02", 1000)  # training months are not full months
    held = {f.split("/")[1]: d for f, d in landed.dispositions().items() if f.startswith("social")}
    assert held == {
        "2025-01": ("used", ""),
        "2025-02": ("used", ""),
        "2025-03": ("held", "volume_change"),
        "2025-03.r2": ("used", ""),
        "2025-04": ("held", "volume_change"),
        "2025-05": ("refused", "delivery_readable"),
        "2025-06": ("used", ""),
    }
    assert landed.dispositions()["training/2025-02"] == ("used", "")
    measured = landed.gate().checks.set_index(["check_id", "object"])
    line = measured.loc[("volume_change", "social_insurance/2025-04")]
    assert (line["rows_checked"], line["rows_failed"], line["status"]) == (75, 38, "failed")


@pytest.mark.parametrize(
    ("before", "now", "disposition"),
    [
        ((100, 60), (100, 29), "held"),  # less than half of 60 %
        ((100, 60), (100, 30), "used"),
        ((100, 59), (100, 0), "used"),  # never was a column to rely on
        ((1000, 667), (101, 33), "held"),
        ((1000, 667), (101, 34), "used"),
        ((100, 100), (49, 0), "used"),  # too few rows: a warning
        ((49, 49), (100, 0), "used"),  # too few to be compared with
        ((100, 100), (50, 24), "held"),
        ((100, 100), (51, 25), "held"),
        ((100, 100), (50, 25), "used"),
    ],
)
def test_a_column_that_is_gone_holds_the_delivery(
    landed: Landed, before: tuple[int, int], now: tuple[int, int], disposition: str
) -> None:
    for folder, (rows, filled) in (("2025-01", before), ("2025-02", now)):
        landed.add("labour_register", folder, rows)
        landed.fill("labour_register", folder, "weekly_hours", rows, filled, filled)
        landed.fill("labour_register", folder, "inactive_reason", rows, rows if folder == "2025-01" else 0, 0)
    assert landed.dispositions()["labour_register/2025-02"][0] == disposition
    gate = landed.gate()
    if disposition == "held":
        words = gate.columns["labour_register/2025-02", "column_fill"]
        assert words.startswith("weekly_hours: filled in") and "labour_register/2025-01 had" in words


def test_a_column_is_compared_with_the_preceding_delivery_in_force(landed: Landed) -> None:
    for folder, filled in (
        ("2025-01", 100),
        ("2025-02", 10),
        ("2025-03", 10),
        ("2025-03.r2", 50),
        ("2025-04", 24),
    ):
        landed.add("labour_register", folder, 100)
        landed.fill("labour_register", folder, "weekly_hours", 100, filled, filled)
    found = {f.split("/")[1]: d for f, (d, _) in landed.dispositions().items()}
    assert found == {
        "2025-01": "used",
        "2025-02": "held",
        "2025-03": "held",
        "2025-03.r2": "used",
        "2025-04": "used",
    }


def test_how_columns_are_filled_is_told_of_deliveries_in_force_alone(landed: Landed) -> None:
    """Of what was not counted when it was read nothing is told: that is not nothing filled. An empty delivery fills nothing."""
    for folder, rows, filled in (
        ("2025-01", 100, 90), ("2025-02", 100, 10), ("2025-03", 100, 80), ("2025-03.r2", 100, 70),
        ("2026-01", 100, 60),
    ):  # fmt: skip
        landed.add("labour_register", folder, rows)
        landed.fill("labour_register", folder, "weekly_hours", rows, filled, filled)
        landed.fill("labour_register", folder, "inactive_reason", rows, rows, 0)  # a dependent one, not read
    landed.add("labour_register", "2025-04", 0)
    landed.add("labour_register", "2025-05", 7)
    told = landed.gate().filled.astype(object).where(lambda f: f.notna(), None)
    assert set(told["source"]) == {"labour_register"}
    by_column = {
        column: [tuple(row) for row in told.loc[told["column_name"] == column, ["period", "accepted", "filled"]].to_numpy()]
        for column in ("weekly_hours", "inactive_reason", "available")
    }  # fmt: skip
    assert by_column == {  # February is held, March in force as sent again, next year after the cut-off
        "weekly_hours": [("2025-01", 100, 90), ("2025-03", 100, 70), ("2025-04", 0, 0), ("2025-05", None, None)],
        "inactive_reason": [("2025-01", 100, 0), ("2025-03", 100, 0), ("2025-04", 0, 0), ("2025-05", None, None)],
        "available": [("2025-01", None, None), ("2025-03", None, None), ("2025-04", 0, 0), ("2025-05", None, None)],
    }  # fmt: skip
    optional = {
        c.name for c in load_contract("labour_register").columns if not c.required and c.default is None
    }
    assert set(told["column_name"]) == optional


def test_a_column_that_was_sent_but_cannot_be_read_is_gone_too(landed: Landed) -> None:
    """Also in a first delivery, which has nothing before it."""
    for source, given in (("labour_register", 60), ("training", 59)):
        landed.add(source, "2025-01", 100)
        column = "weekly_hours" if source == "labour_register" else "field_code"
        landed.fill(source, "2025-01", column, 100, given, 29)
    assert landed.dispositions() == {
        "labour_register/2025-01": ("held", "column_fill"),
        "training/2025-01": ("used", ""),
    }


@pytest.mark.parametrize(
    ("rows", "implausible", "disposition"), [(100, 5, "used"), (100, 6, "held"), (49, 49, "used")]
)
def test_implausible_values_hold_the_delivery(
    landed: Landed, rows: int, implausible: int, disposition: str
) -> None:
    landed.add("vacancies", "2025-01", 100)
    landed.fill("vacancies", "2025-01", "wage_from", 100, rows, rows, implausible)
    landed.fill("vacancies", "2025-01", "wage_to", 100, 10, 10, 10)  # all of them, but few
    assert landed.dispositions()["vacancies/2025-01"][0] == disposition


def test_a_waiver_lets_a_delivery_count_and_the_next_is_compared_with_it(landed: Landed) -> None:
    for folder, filled in (("2025-01", 100), ("2025-02", 10), ("2025-03", 10)):
        landed.add("labour_register", folder, 100)
        landed.fill("labour_register", folder, "weekly_hours", 100, filled, filled)
    waiver = Waiver(
        "column_fill", "no hours asked any more", "A. Person", date(2030, 1, 1), "labour_register/2025-02"
    )
    refuse_unusable([waiver], RULES, date(2026, 1, 1))
    gate = delivery_gate(landed.connection, month_number("2025-12"), RULES, waivers=[waiver])
    assert gate.dispositions["disposition"].tolist() == ["used"] * 3
    checks = gate.checks.set_index(["check_id", "object"])
    assert checks.loc[("column_fill", "labour_register/2025-02")]["status"] == "failed", (
        "it is said all the same"
    )
    assert checks.loc[("column_fill", "labour_register/2025-03")]["status"] == "not_applicable"
    with pytest.raises(LabourdbError, match="is no delivery"):
        refuse_unusable([replace(waiver, object="labour_register")], RULES, date(2026, 1, 1))
    with pytest.raises(LabourdbError, match="cannot be waived"):
        refuse_unusable([replace(waiver, check="quarantined_share")], RULES, date(2026, 1, 1))


def test_only_a_revision_that_counts_replaces(landed: Landed) -> None:
    landed.add("training", "2025-01", 60)
    landed.add("training", "2025-01.r2", 60, quarantined=30)
    landed.add("training", "2025-01.r10", None)
    landed.add("training", "2025-02", 60)
    landed.add("training", "2025-02.r2", 60)
    landed.add("training", "2025-02.r10", 60)
    landed.add("training", "2025-03", 60, quarantined=30)
    landed.add("training", "2025-03.r2", 60)
    assert {f.split("/")[1]: d for f, d in landed.dispositions().items()} == {
        "2025-01": ("used", ""),
        "2025-01.r2": ("held", "quarantined_share"),
        "2025-01.r10": ("refused", "delivery_readable"),
        "2025-02": ("replaced", "revision 10"),
        "2025-02.r2": ("replaced", "revision 10"),
        "2025-02.r10": ("used", ""),
        "2025-03": ("held", "quarantined_share"),
        "2025-03.r2": ("used", ""),
    }
    accounting = landed.gate().row_accounting
    assert accounting["disposition"].tolist() == [
        "used",
        "held",
        "refused",
        "replaced",
        "replaced",
        "used",
        "held",
        "used",
    ]
    refused = accounting[accounting["disposition"] == "refused"]
    assert refused[["rows_read", "accepted", "quarantined", "duplicate", "superseded"]].isna().all(axis=None)
    assert accounting[accounting["disposition"] == "held"]["quarantined"].tolist() == [30, 30]


def test_later_deliveries_change_nothing(landed: Landed) -> None:
    landed.add("social_insurance", "2025-01", 100)
    landed.add("social_insurance", "2025-02", 100)
    before = landed.gate("2025-02")
    landed.add("social_insurance", "2025-03", 1000, future=9)
    landed.add("training", "2025-03", None)
    after = landed.gate("2025-02")
    for name in ("dispositions", "checks", "row_accounting"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))


def test_refused_without_a_file_is_not_readable(landed: Landed) -> None:
    landed.add("training", "2025-01", None, files=0)
    assert landed.dispositions() == {"training/2025-01": ("refused", "delivery_readable")}
    assert landed.gate().row_accounting.empty


def test_missing_counts_hold_the_delivery_as_an_error(landed: Landed) -> None:
    landed.add("training", "2025-01", 60)
    landed.connection.execute("update landing.files set unknown_code = null")
    assert landed.dispositions() == {"training/2025-01": ("held", "unknown_code_share")}
    ran = landed.gate().checks.set_index("check_id").loc["all_delivery_checks_ran"]
    assert (ran["status"], ran["rows_failed"]) == ("failed", 1)


def test_nothing_delivered(landed: Landed) -> None:
    gate = landed.gate()
    assert gate.dispositions.empty and gate.row_accounting.empty
    assert gate.checks["status"].tolist() == ["not_applicable"]


def test_thresholds_of_the_settings_count(landed: Landed) -> None:
    landed.add("social_insurance", "2025-01", 100)
    landed.add("social_insurance", "2025-02", 180)
    rules = load_rules({"volume_change": 0.8})
    gate = delivery_gate(landed.connection, month_number("2025-12"), rules)
    assert gate.dispositions["disposition"].tolist() == ["used", "used"]


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the public sample is not there")
def test_the_sample_is_judged_as_expected(tmp_path: Path) -> None:
    deliveries, _ = find_deliveries(SAMPLE / "landing")
    with restricted_database(tmp_path / "restricted") as connection:
        ingest(connection, deliveries, ROOT / "dbt_project/seeds")
        gate = delivery_gate(connection, month_number("2025-12"), RULES)
        for query in gate.checks[gate.checks["status"] == "failed"]["query"]:
            shown = connection.execute(query)
            names = {c[0] for c in shown.description or ()}
            assert shown.fetchall() and not names & {"full_name", "citizen_id", "birth_date", "raw"}
    order = ["source", "period", "revision", "file"]
    expected = pd.read_csv(SAMPLE / "expected/row_accounting.csv").sort_values(order, ignore_index=True)
    found = gate.row_accounting.sort_values(order, ignore_index=True)
    counts = ["rows_read", "accepted", "quarantined", "duplicate", "superseded"]
    pd.testing.assert_frame_equal(found, expected.astype({c: "Int64" for c in counts}), check_dtype=False)
