"""A cell's earlier values and why they changed, on releases written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
from worlds.handwritten_releases import indicator, published

from releases.audit.cell import CellKey
from releases.audit.explain import from_release
from releases.audit.history import causes, history
from releases.disclosure import NOT_PROTECTED, PROTECTION
from releases.release import Release, withdraw

EXACT = {"protection": NOT_PROTECTED}
NOISY = {"protection": PROTECTION, "disclosure": {"noise_sha256": "n"}}
HIDDEN = {"protection": PROTECTION, "disclosure": {}}
KEY = CellKey("employed", "register", "2025Q4", "2025", "31")
SOURCES = ("population", "social_insurance", "training")


def delivery(folder: str, disposition: str = "used") -> dict[str, Any]:
    return {
        "folder": folder,
        "disposition": disposition,
        "because": "",
        "files": [{"name": "a.csv", "sha256": folder}],
    }


def accounted(folder: str, rows: int) -> dict[str, Any]:
    source, _, rest = folder.partition("/")
    period, _, revision = rest.partition(".r")
    return {
        "source": source, "period": period, "revision": int(revision or 1), "file": "a.csv", "disposition": "used",
        "rows_read": rows, "accepted": rows, "quarantined": 0, "duplicate": 0, "superseded": 0,
    }  # fmt: skip


def link(folder: str, rule: str, rows: int) -> dict[str, Any]:
    line = accounted(folder, 0)
    return {k: line[k] for k in ("source", "period")} | {"rule": rule, "rows": rows}


def release(
    folder: Path, name: str, value: float | None, used: dict[str, int], left: tuple[str, ...] = (), code: str = "c",
    settings: dict[str, Any] | None = None, links: tuple[dict[str, Any], ...] = (), at: int = 0, status: str = "released", shows: dict[str, Any] | None = None,
) -> Release:  # fmt: skip
    """A release whose cell has ``value``, made from deliveries with so many rows; ``left`` were held."""
    inputs = [delivery(f) for f in used] + [delivery(f, "held") for f in left]
    made = published(
        folder, name, inputs=inputs, indicators=[indicator("employed", value, status=status)],
        row_accounting=[accounted(f, n) for f, n in used.items()], linkage=list(links) or [link("training/2020-01", "unlinked", 0)],
    )  # fmt: skip
    path = made.path / "manifest.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts |= (shows or EXACT) | {
        "code": {"sha256": code, "version": code},
        "settings": settings or {},
        "published_at": f"2026-01-0{at}",
    }
    path.chmod(0o644)
    path.write_text(json.dumps(facts), encoding="utf-8")
    return made


def between(old: Release, new: Release) -> dict[str, Any]:
    with duckdb.connect() as connection:
        return causes(connection, old, new, SOURCES)


def told(last: Release) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        return history(connection, last, KEY, SOURCES)


def test_each_cause_is_a_count(tmp_path: Path) -> None:
    old = release(
        tmp_path, "2025Q3.1", 10,
        {"population/2025-07": 100, "training/2025-06": 7, "social_insurance/2025-09": 50, "training/2025-01": 3},
        left=("social_insurance/2025-08",),
    )  # fmt: skip
    new = release(
        tmp_path, "2025Q4.1", 12,
        {
            "population/2025-07": 100,
            "training/2025-06.r2": 9,  # a revision
            "social_insurance/2025-09": 50,
            "social_insurance/2025-08": 40,  # was held
            "training/2025-05": 4,  # of a month up to the old cut-off: late
            "social_insurance/2025-12": 60,  # after it
            "vacancies/2025-05": 1_000,  # nothing the cell is made from
        },
        settings={"succession": {"persons": False}, "engine": {"threads": 9}}, code="d",
    )  # fmt: skip
    found = between(old, new)
    counted = {c: (found[c]["deliveries"], found[c]["files"], found[c]["rows_accepted"], found[c]["folders"])
               for c in ("late_data", "corrected_data", "later_months", "admitted_data", "no_longer_used")}  # fmt: skip
    assert counted == {
        "late_data": (1, 1, 4, ["training/2025-05"]),
        "corrected_data": (1, 1, 9, ["training/2025-06.r2"]),
        "later_months": (1, 1, 60, ["social_insurance/2025-12"]),
        "admitted_data": (1, 1, 40, ["social_insurance/2025-08"]),
        "no_longer_used": (1, 1, 3, ["training/2025-01"]),
    }
    assert (found["changed_code"], found["code_versions"]) == (1, ["c", "d"])
    assert (found["changed_settings"], found["settings"]) == (1, ["succession"])
    assert found["as_of"] == ["2025Q3", "2025Q4"]


def test_the_same_is_no_cause(tmp_path: Path) -> None:
    found = between(*(release(tmp_path, f"2025Q4.{n}", 10, {"training/2025-06": 7}) for n in (1, 2)))
    assert [v for v in found.values() if isinstance(v, int)] == [0, 0, 0]
    assert found["changed_links"]["rows"] == 0 and found["as_of"] is None and found["settings"] == []


def test_links_of_the_same_rows(tmp_path: Path) -> None:
    """Three rows of one delivery link that did not; of a delivery that was replaced nothing can be said."""
    same, gone = "training/2025-06", "social_insurance/2025-06"
    old = release(tmp_path, "2025Q4.1", 10, {same: 10, gone: 10},
                  links=(link(same, "citizen_id", 6), link(same, "unlinked", 4), link(gone, "unlinked", 10)))  # fmt: skip
    new = release(
        tmp_path, "2025Q4.2", 10, {same: 10, f"{gone}.r2": 10},
        links=(link(same, "citizen_id", 6), link(same, "name_birth_sex", 3), link(same, "unlinked", 1),
               link(f"{gone}.r2", "citizen_id", 10)),
    )  # fmt: skip
    links = between(old, new)["changed_links"]
    assert links["rows"] == 3 and links["by_source"] == [{"source": "training", "rows": 3}]
    other = release(tmp_path, "2025Q4.3", 10, {same: 10}, settings={"coverage": {"provinces": ["30"]}})
    assert between(new, other)["changed_links"]["rows"] is None


def test_values_in_the_order_of_publication_with_the_withdrawn_ones(tmp_path: Path) -> None:
    release(tmp_path, "2025Q4.1", 10, {"training/2025-06": 7}, at=1)
    release(tmp_path, "2026Q1.1", 11, {"training/2025-06": 7, "training/2025-05": 1}, at=2)
    last = release(tmp_path, "2025Q4.2", 14, {"training/2025-06": 7, "training/2025-05": 1}, at=3)
    release(tmp_path, "2026Q1.2", 99, {"training/2025-06": 7}, at=4)  # later than the one explained
    withdraw(tmp_path, "2025Q4.1", "a mistake")
    lines = told(last)
    assert [(line["release"], line["value"], line["withdrawn"], line["since"]) for line in lines] == [
        ("2025Q4.1", 10, "a mistake", None), ("2026Q1.1", 11, None, "2025Q4.1"), ("2025Q4.2", 14, None, "2026Q1.1"),
    ]  # fmt: skip
    assert [line["difference"] and line["difference"]["value"] for line in lines] == [None, 1, 3]
    assert lines[1]["causes"]["late_data"]["rows_accepted"] == 1


def test_a_change_nothing_accounts_for_is_called_so(tmp_path: Path) -> None:
    release(tmp_path, "2025Q4.1", 10, {"training/2025-06": 7}, at=1)
    assert told(release(tmp_path, "2025Q4.2", 14, {"training/2025-06": 7}, at=2))[1]["unexplained"]
    assert not told(release(tmp_path, "2025Q4.3", 15, {"training/2025-06": 7}, code="d", at=3))[2][
        "unexplained"
    ]


def test_links_to_the_nearest_five_count_as_far_as_they_must_have_moved(tmp_path: Path) -> None:
    """40 may be 38 to 42 and 45 from 43: one row at least; 25 more may be 21."""
    folder = "training/2025-06"

    def made(name: str, by_id: int, by_name: int, shows: dict[str, Any]) -> Release:
        links = (
            link(folder, "citizen_id", by_id),
            link(folder, "name_birth_sex", by_name),
            link(folder, "unlinked", 15),
        )
        return release(tmp_path, name, 10, {folder: 100}, links=links, shows=shows)

    first = made("2025Q4.1", 40, 10, NOISY)
    assert between(first, made("2025Q4.2", 45, 35, NOISY))["changed_links"]["rows"] == 1 + 21
    assert between(first, made("2025Q4.3", 40, 10, NOISY))["changed_links"]["rows"] == 0
    exact = made("2025Q4.4", 42, 13, EXACT)  # of which 2 and 1 are no more than rounding
    assert between(first, exact)["changed_links"]["rows"] == 1
    assert between(exact, made("2025Q4.5", 42, 14, EXACT))["changed_links"]["rows"] == 1


def test_links_of_a_version_that_hid_small_ones_are_not_compared(tmp_path: Path) -> None:
    folder = "training/2025-06"
    older = tuple(
        link(folder, "citizen_id", 0) | {"revision": 1, "sex": sex, "province_2024": "30", "rows": rows}
        for sex, rows in (("male", 41), ("female", None))
    )
    old = release(tmp_path, "2025Q4.1", 10, {folder: 100}, links=older, shows=HIDDEN)
    new = release(
        tmp_path, "2025Q4.2", 11, {folder: 100}, links=(link(folder, "citizen_id", 45),), shows=NOISY
    )
    assert between(old, new)["changed_links"] == {
        "rows": None, "by_source": [], "why": "2025Q4.1 hides small counts of links",
    }  # fmt: skip
    shown = tuple(line | {"rows": 20} for line in older)  # by sex, and none of them small
    old = release(tmp_path, "2025Q4.3", 10, {folder: 100}, links=shown, shows=HIDDEN)
    assert (
        between(old, new)["changed_links"]["rows"] == 3
    )  # 45 to the nearest five is 43 at least, and there were 40


def test_other_noise_is_a_cause(tmp_path: Path) -> None:
    used = {"training/2025-06": 7}
    release(tmp_path, "2025Q4.1", None, used, status="suppressed", at=1, shows=HIDDEN)
    release(tmp_path, "2025Q4.2", 12, used, at=2, shows=NOISY)
    release(tmp_path, "2025Q4.3", 13, used, at=3, shows={**NOISY, "disclosure": {"noise_sha256": "o"}})
    lines = told(release(tmp_path, "2025Q4.4", 10, used, at=4))
    assert [line["figures"] for line in lines] == ["hidden", "noisy", "noisy", "exact"]
    assert [line["causes"]["changed_noise"] for line in lines[1:]] == [1, 1, 1]
    assert not any(line["unexplained"] for line in lines[1:])
    assert [line["difference"]["value"] for line in lines[1:]] == [None, 1, -3]


def test_why_a_figure_is_not_shown(tmp_path: Path) -> None:
    median = indicator("median_wage", None, status="suppressed") | {"numerator": 6, "denominator": 6}
    older = indicator("employed", None, status="suppressed")
    made = published(
        tmp_path, "2025Q4.1", manifest=NOISY, indicators=[median, older, indicator("inactive", 5)]
    )
    for name, why in (("median_wage", "3 employers"), ("employed", "earlier version"), ("inactive", None)):
        found = from_release(made, CellKey(name, "register", "2025Q4", "2025", "31"), (), exact=False)
        assert why in found["why"] if why else found["why"] is None
        assert "as_counted" not in found and found["cell"]["status"] in ("suppressed", "released")
