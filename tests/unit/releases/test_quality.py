"""Facts of the quality report, counted by hand, and the page that is made of them."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from worlds.handwritten_releases import CHECK, indicator, published

from releases.pages import words
from releases.pages.page import number, percent, signed
from releases.quality.facts import NEEDED, Facts, facts_of, stopped_facts
from releases.quality.page import quality_page
from releases.release import NOT_PROTECTED
from sources.errors import LabourdbError

HOSTILE = "<script>alert('x')</script>"
VOID = {"meta", "input", "br", "hr", "link", "img"}


def line(check_id: str, gate: str, name: str, status: str = "passed", failed: int | None = 0, **other: Any) -> dict[str, Any]:  # fmt: skip
    return CHECK | {
        "check_id": check_id, "gate": gate, "object": name, "status": status, "rows_failed": failed, "rows_checked": 10,
        "why": f"Why {check_id}.", "why_vi": f"Vì sao {check_id}.", "query": f"select '{name}'", "waiver": None, **other,
    }  # fmt: skip


CHECKS = [
    line("quarantined_share", "delivery", "training/2025-11", "failed", 5),
    line("delivery_readable", "delivery", "training/2025-12.r2", "failed", 1, rows_checked=1),
    line("quarantined_share", "delivery", "vacancies/2025-12", "failed", 2, severity="warn"),
    line("future_months", "delivery", "social_insurance/2025-10"),
    # one or two rows failed: published to the nearest five
    line("implausible_share", "delivery", "social_insurance/2025-12", "failed", 0, severity="warn"),
    line(
        "linked_share_training", "linkage", "training", "failed", 4, threshold=0.1, waiver=f"Hoa: {HOSTILE}"
    ),
    line("row_accounting_closes", "publication", "row_accounting: files", rows_checked=6),
    line(
        "change_since_last_release", "publication", "indicators: province", "not_applicable", rows_checked=0
    ),
    line("parts_sum_to_totals", "publication", "indicators: sex", level="logical"),
]
INPUTS = [
    {"folder": folder, "disposition": disposition, "because": because, "agency": agency, "files": []}
    for folder, disposition, because, agency in (
        ("social_insurance/2025-08", "used", "", "BHXH"),
        ("social_insurance/2025-09", "replaced", "revision 2", "BHXH"),
        ("social_insurance/2025-09.r2", "used", "", "BHXH"),
        ("social_insurance/2025-10", "used", "", "BHXH"),
        ("social_insurance/2025-12", "used", "", "BHXH"),
        ("training/2025-07", "used", "", HOSTILE),
        ("training/2025-11", "held", "quarantined_share", HOSTILE),
        ("training/2025-11.r2", "used", "", HOSTILE),
        ("training/2025-12", "used", "", HOSTILE),
        ("training/2025-12.r2", "refused", f"data.csv: {HOSTILE}", ""),
        ("vacancies/2025-12", "used", "", ""),
    )
]
FILES = [
    {"source": "training", "period": "2025-11", "revision": 1, "file": "a.csv", "disposition": "held",
     "rows_read": 10, "accepted": 5, "quarantined": 5, "duplicate": 0, "superseded": 0},
    {"source": "training", "period": "2025-11", "revision": 2, "file": "b.csv", "disposition": "used",
     "rows_read": 10, "accepted": 7, "quarantined": 1, "duplicate": 1, "superseded": 1},
    {"source": "training", "period": "2025-12", "revision": 1, "file": "c.csv", "disposition": "used",
     "rows_read": 4, "accepted": 3, "quarantined": 0, "duplicate": 0, "superseded": 0},  # one row went astray
    {"source": "training", "period": "2025-12", "revision": 2, "file": "d.csv", "disposition": "refused",
     "rows_read": None, "accepted": None, "quarantined": None, "duplicate": None, "superseded": None},
    {"source": "social_insurance", "period": "2025-10", "revision": 1, "file": "e.csv", "disposition": "used",
     "rows_read": 1234567, "accepted": 1234567, "quarantined": 0, "duplicate": 0, "superseded": 0},
]  # fmt: skip


def links(source: str, rule: str, rows: int, period: str = "2025-12") -> dict[str, Any]:
    return {"source": source, "period": period, "rule": rule, "rows": rows}


LINKS = [  # to the nearest five: 12 rows of training in force are 10
    links("training", "citizen_id", 5, "2025-11"), links("training", "previous_id", 0, "2025-11"),
    links("training", "citizen_id", 5), links("training", "unlinked", 0),
    links("social_insurance", "citizen_id", 1234500), links("social_insurance", "unlinked", 60),
]  # fmt: skip
OLD = [
    indicator("employed", 100.0, period="2025Q3"),
    indicator("employed", 200.0, period="2025Q2"),
    indicator("employed", 300.0, period="2025Q1"),
    indicator("abroad", 7.0, period="2025Q3"),
    indicator("employed", 50.0, period="2025Q3", sex="male"),
]
NEW = [
    indicator("employed", 110.0, period="2025Q3"),  # +10
    indicator("employed", 190.0, period="2025Q2"),  # -10
    indicator("employed", 300.0, period="2025Q1"),
    indicator("abroad", None, period="2025Q3", status="not_available"),
    indicator("employed", 1.0, period="2025Q3", sex="male"),  # no total: not among the key figures
    indicator("status_coverage", 79.5, denominator=200, numerator=159, status="provisional"),
    indicator(
        "status_coverage", 100.0, denominator=39, numerator=39, area_code="19", area_name="Thái Nguyên"
    ),
    indicator("status_unknown", 41, area_level="country", area_code="VN"),
    indicator("median_wage", None, denominator=9, status="suppressed"),
    indicator("underemployment_rate", None, status="not_available"),
    indicator("unemployment_rate", 2.5, basis="official", period="2025", status="released"),
]
TARGETS = [
    {"plan": "p", "province_code": "30", "area_version": "2024", "year": 2025, "indicator": "agriculture_share",
     "basis": "official", "sex": "total", "age_group": "total", "urban_rural": "total", "value": 18.0, "verdict": "met",
     "other_value": 17.5},
    {"plan": "p", "province_code": "30", "area_version": "2024", "year": 2025, "indicator": "trained_share",
     "basis": "register", "sex": "total", "age_group": "total", "urban_rural": "total", "value": None,
     "verdict": "no_data", "other_value": 1.5},
]  # fmt: skip
MANIFEST: dict[str, Any] = {
    "synthetic": True,
    "disclosure": {"noise_sha256": "cd" * 32, "finest_counts": {"indicators": 4321, HOSTILE: 1}},
    "previous_release": "2025Q3.1",
    "missing_sources": ["overseas_contracts"],
    "ladder_steps_skipped": ["overseas_contract"],
    "settings": {"punctuality": {"due_days": {"social_insurance": 10}}, "coverage": {"provinces": []}},
    "indicators": {"employed": {"en": "Employed", "vi": "Có việc làm"}},
    "successions_followed": {"employers": 2, "persons": 1},
    "code": {"version": "0.1.0", "sha256": "ab" * 32},
    "waivers": [{"check": "linked_share_training", "object": None, "reason": HOSTILE, "person": "Hoa",
                 "expires": "2026-03-31", "waived": ["training"]}],
    "arrivals": {  # the home was filled on 10 October, and read again on 12 November and 3 January
        **{d["folder"]: "2025-10-10T01:00:00+00:00" for d in INPUTS if d["folder"] < "training/2025-11"},
        "social_insurance/2025-09.r2": "2025-11-12T01:00:00+00:00", "social_insurance/2025-10": "2025-11-12T01:00:00+00:00",
        "social_insurance/2025-12": "2026-01-03T01:00:00+00:00", "training/2025-11": "2026-01-03T01:00:00+00:00",
        "training/2025-07": "2025-11-12T01:00:00+00:00", "vacancies/2025-12": None,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of Q4 that follows one of Q3."""
    releases = tmp_path_factory.mktemp("releases")
    published(releases, "2025Q3.1", inputs=INPUTS[:2], indicators=OLD)
    published(
        releases, "2025Q4.1", inputs=INPUTS, manifest=MANIFEST, checks=CHECKS, row_accounting=FILES, linkage=LINKS,
        indicators=NEW, target_progress=TARGETS,
    )  # fmt: skip
    return releases / "2025Q4.1"


@pytest.fixture(scope="module")
def facts(folder: Path) -> Facts:
    return facts_of(folder)


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "quality" / "report.html").read_text(encoding="utf-8")


def by(rows: list[Facts], name: str) -> dict[Any, Facts]:
    return {row[name]: row for row in rows}


# ---- facts ---------------------------------------------------------------------------------------------------


def test_gates_count_what_each_outcome_means(facts: Facts) -> None:
    counted = {g["gate"]: [g[k] for k in ("checks", "stops", "waived", "warns", "passed", "not_applicable")] for g in facts["gates"]}  # fmt: skip
    assert counted == {"delivery": [5, 2, 0, 2, 1, 0], "linkage": [1, 0, 1, 0, 0, 0], "publication": [3, 0, 0, 0, 2, 1]}  # fmt: skip
    assert facts["verdict"]["published"]
    for said in ("but for 1 that a named person waived", "2 deliveries were left out", "2 warnings"):
        assert said in facts["verdict"]["en"]
    assert "trừ 1 phép được miễn trừ" in facts["verdict"]["vi"]
    assert {(c["check_id"], ln["object"]) for c in facts["checks"] for ln in c["lines"]} == {
        (c["check_id"], c["object"]) for c in CHECKS
    }
    assert [c["check_id"] for c in facts["checks"]][:4] == [
        "delivery_readable", "quarantined_share", "implausible_share", "future_months",
    ]  # fmt: skip


def test_what_was_left_out_says_what_is_in_use_and_what_to_send(facts: Facts) -> None:
    held, refused = facts["left_out"]
    assert (held["folder"], held["settled"], held["in_force"]) == ("training/2025-11", True, "training/2025-11.r2")  # fmt: skip
    assert [c["check_id"] for c in held["checks"]] == ["quarantined_share"]
    assert (refused["in_force"], refused["settled"], refused["send_as"]) == ("training/2025-12", False, "training/2025-12.r3")  # fmt: skip
    assert facts["missing_sources"][0]["step_skipped"] == "overseas_contract"


def test_rows_are_followed_from_file_to_table(facts: Facts) -> None:
    sources = by(facts["row_accounting"]["sources"], "source")
    training = sources["training"]
    assert [training[k] for k in ("files", "rows_read", "accepted", "quarantined", "duplicate", "superseded")] == [4, 24, 15, 6, 1, 1]  # fmt: skip
    assert (training["in_force"], training["not_counted"], training["closes"]) == (10, 1, False)
    assert sources["social_insurance"]["closes"]
    files = by(facts["row_accounting"]["files"], "file")
    assert [files[f"{n}.csv"]["closes"] for n in "abcde"] == [True, True, False, None, True]
    assert facts["to_tables"]["gate"] == [
        {"object": "row_accounting: files", "rows_checked": 6, "rows_failed": 0, "status": "passed"}
    ]


def test_links_close_with_the_rows_in_force_within_their_rounding(facts: Facts, tmp_path: Path) -> None:
    linked = by(facts["to_tables"]["linked"], "source")
    training = linked["training"]  # four numbers, each at most two off: 10 rows may come to 2 to 18
    assert [training[k] for k in ("accepted", "linked", "not_linked", "rounded", "closes")] == [10, 10, 0, True, True]  # fmt: skip
    assert linked["social_insurance"]["closes"] is False  # 1,234,567 rows are 7 more than two numbers come to
    exact = facts_of(
        published(
            tmp_path, "2025Q4.1", manifest=MANIFEST | {"protection": NOT_PROTECTED}, row_accounting=FILES,
            linkage=[links("training", "citizen_id", 9), links("social_insurance", "unlinked", 1234567)],
        ).path
    )  # fmt: skip
    assert {k: v["closes"] for k, v in by(exact["to_tables"]["linked"], "source").items()} == {
        "training": False,
        "social_insurance": True,
    }


def test_links_are_told_by_source_rule_and_month(facts: Facts) -> None:
    insurance = by(facts["linkage"]["sources"], "source")["social_insurance"]
    assert [insurance[k] for k in ("rows", "linked", "unlinked")] == [1234560, 1234500, 60]
    training = by(facts["linkage"]["sources"], "source")["training"]
    assert (training["share"], training["bound"], training["status"]) == (100.0, 90.0, "failed")
    rules = {(r["source"], r["rule"]): (r["rows"], r["share"]) for r in facts["linkage"]["rules"]}
    assert rules["training", "citizen_id"] == (10, 100.0) and rules["training", "previous_id"] == (0, 0.0)
    months = [(m["source"], m["period"], m["rows"]) for m in facts["linkage"]["months"]]
    assert months == [
        ("social_insurance", "2025-12", 1234560), ("training", "2025-11", 5), ("training", "2025-12", 5),
    ]  # fmt: skip


def test_coverage_and_completeness(facts: Facts) -> None:
    areas = by(facts["coverage"]["areas"], "area_code")
    assert (areas["31"]["numerator"], areas["31"]["value"]) == (159, 79.5)
    assert [(s["indicator"], s["persons"]) for s in facts["coverage"]["statuses"]] == [("status_unknown", 41)]
    counts = by(facts["completeness"]["statuses"], "status")
    assert counts["suppressed"]["as_of"] == counts["suppressed"]["all_periods"] == 1
    assert (
        facts["completeness"]["rate"]["as_of"] == 60.0
    )  # three of five cells of the quarter show their value
    assert facts["completeness"]["not_available"] == ["underemployment_rate"]
    assert facts["coherence"]["bases"] == [
        {"province_code": "30", "area_version": "2024", "year": 2025, "indicator": "agriculture_share", "sex": "total",
         "age_group": "total", "urban_rural": "total", "official": 18.0, "register": 17.5, "difference": -0.5}
    ]  # fmt: skip
    assert facts["coherence"]["identities"] == {"checks": 1, "passed": 1, "rows_checked": 10}


def test_punctuality_counts_from_the_end_of_the_month(facts: Facts) -> None:
    assert facts["punctuality"]["filled_on"] == "2025-10-10"
    sources = by(facts["punctuality"]["sources"], "source")
    insurance = sources["social_insurance"]
    assert (insurance["months"], insurance["months_in_force"], insurance["without"]) == (5, 4, ["2025-11"])
    assert (insurance["observed"], insurance["filled"]) == (
        2,
        2,
    )  # October on 12 November, December on 3 January
    assert (insurance["median_days"], insurance["longest_days"]) == (7.5, 12)
    assert (insurance["due_days"], insurance["overdue"], insurance["full_month"]) == (10, 1, True)
    assert (insurance["late"], insurance["corrected"]) == ([], ["social_insurance/2025-09.r2"])
    training = sources["training"]
    assert training["late"] == ["training/2025-07"] and training["overdue"] is None
    assert sources["vacancies"]["observed"] == 0 and sources["vacancies"]["median_days"] is None
    assert facts["timeliness"]["days"] > 0


def test_revisions_are_of_totals_that_both_releases_show(facts: Facts) -> None:
    revisions = facts["revisions"]
    assert revisions["previous"] == "2025Q3.1"
    (employed,) = revisions["indicators"]
    assert (employed["indicator"], employed["cells"], employed["revised"]) == ("employed", 3, 2)
    assert employed["mean_revision"] == 0 and employed["mean_absolute"] == pytest.approx(20 / 3)
    assert employed["relative"] == pytest.approx(100 * 20 / 600)
    assert [(r["period"], r["relative"]) for r in revisions["largest"]] == [
        ("2025Q3", 10.0),
        ("2025Q2", -5.0),
    ]


def test_facts_can_be_told_as_json(facts: Facts) -> None:
    again = json.loads(json.dumps(facts), parse_constant=pytest.fail)
    assert again == facts
    assert {"checks", "row_accounting", "linkage", "indicators"} <= set(NEEDED)


def test_a_release_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    release = published(tmp_path, "2025Q4.1")
    table = release.path / "tables" / "linkage.parquet"
    table.chmod(0o644)
    table.write_bytes(b"no table")
    with pytest.raises(LabourdbError, match=r"labourdb verify 2025Q4\.1"):
        facts_of(release.path)


# ---- page ----------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Reads a page as a browser would, and notes what matters to its readers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.tables: list[dict[str, int]] = []
        self.headings: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.languages: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "src" in given or tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form"):
            self.problems.append(f"{tag} asks for something")
        if any(name.startswith("on") for name in given) or "style" in given:
            self.problems.append(f"{tag} acts or is styled by itself")
        if given.get("href") is not None:
            self.links.append(str(given["href"]))
        if given.get("id") is not None:
            self.ids.append(str(given["id"]))
        if tag == "table":
            self.tables.append({"caption": 0, "bare": 0})
        elif tag == "caption":
            self.tables[-1]["caption"] += 1
        elif tag == "th" and given.get("scope") not in ("col", "row"):
            self.tables[-1]["bare"] += 1
        elif tag in ("h1", "h2", "h3"):
            self.headings.append({})
        if tag not in VOID:
            self.open.append(tag)
            self.languages.append(given.get("lang") or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")
        else:
            self.languages.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if any(tag in ("h1", "h2", "h3") for tag in self.open):
            language = next((found for found in reversed(self.languages[1:]) if found), "")
            self.headings[-1][language] = self.headings[-1].get(language, "") + data


def test_the_page_is_whole_and_asks_for_nothing(page: str) -> None:
    read = Reader(page)
    assert read.problems == [] and read.open == []
    assert len(read.ids) == len(set(read.ids))
    assert [link for link in read.links if not link.startswith("#")] == ["../site/index.html"]
    assert all(link[1:] in read.ids for link in read.links if link.startswith("#"))
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:", page)
    assert len(read.tables) > 15 and all(t == {"caption": 1, "bare": 0} for t in read.tables)
    assert '<html lang="vi">' in page and 'name="viewport"' in page


def test_every_heading_is_in_both_languages_under_its_sims_code(page: str) -> None:
    headings = Reader(page).headings
    assert len(headings) > 20
    assert [h for h in headings if not (h.get("vi") and h.get("en"))] == []
    codes = [h[""].split()[0] for h in headings if h.get("", "").startswith("S.")]
    assert {"S.3", "S.7", "S.10", "S.11", "S.12.3.1", "S.13.3.1", "S.14.2", "S.15.4", "S.17.2.1", "S.18.4"} <= set(codes)  # fmt: skip


def test_the_page_holds_what_people_must_know(page: str) -> None:
    text = " ".join(Reader(page).text.split())
    for said in (
        "DISCLOSURE-CONTROLLED", "SYNTHETIC DATA", "không theo chuẩn ILO", "training/2025-11.r2", "training/2025-12.r3",
        "31/03/2026", "Lao động đi làm việc ở nước ngoài", "1.234.567", "1,234,567", "2025-11", "79,5", "dưới 80 %",
    ):  # fmt: skip
        assert said in text, said
    for check in CHECKS:
        assert check["check_id"] in text and check["object"] in text and check["why_vi"] in text
    assert "select 'training/2025-11'" in text


def test_failed_rows_to_the_nearest_five_do_not_read_as_none(page: str) -> None:
    text = " ".join(Reader(page).text.split())
    assert text.count("dưới 5< 5 / 10") == 1  # among the checks that failed
    assert text.count("dưới 5< 5") == 2  # and in the list of its gate; those that passed say 0


def test_the_page_says_what_noise_means_and_marks_what_rests_on_few(page: str) -> None:
    text = Reader(page).text
    for said in (*words.NOISE, *words.FEW_MEANS):
        assert text.count(said) == 1
    few = re.search(r"<tr><th scope=\"row\">Thái Nguyên</th>.*?</tr>", page)
    enough = re.search(r"<tr><th scope=\"row\">Hải Phòng</th>.*?</tr>", page)
    assert few is not None and few[0].count('<sup class="few"') == 3
    assert enough is not None and "<sup" not in enough[0]
    assert page.count("<sup") == 3  # 41 persons of unknown status are not below 40


def test_what_others_wrote_is_shown_and_not_obeyed(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5  # agency, reader's words, reason, waiver, table


def test_disclosure_control_is_told(folder: Path, page: str) -> None:
    text = " ".join(Reader(page).text.split())
    for said in ("cd" * 32, "4.321", HOSTILE, "to the nearest five", "three significant digits"):
        assert said in text, said
    assert NOT_PROTECTED not in text
    bare = quality_page(facts_of(folder) | {"protection": NOT_PROTECTED, "protected": False})
    told = " ".join(Reader(bare).text.split())
    for said in (*words.PROTECTIONS[NOT_PROTECTED], "every figure is exact"):
        assert said in told, said
    for said in (
        words.NOISE[1],
        words.FEW_MEANS[1],
        "<sup",
        "to the nearest five",
        "cd" * 32,
    ):
        assert said not in told and said not in bare, said


def test_a_stopped_run_names_what_stopped_it_first() -> None:
    stops = line("linked_share_training", "linkage", "training", "failed", 4, query="select 'why'")
    manifest = {"release_id": "2025Q4.2", "period": "2025Q4", "protection": NOT_PROTECTED}
    facts = stopped_facts(
        MANIFEST | manifest | {"inputs": INPUTS, "waivers": []},
        pd.DataFrame([*CHECKS[:4], stops]).astype({"waiver": "string"}),
        pd.DataFrame(FILES).astype({"rows_read": "Int64"}),
    )
    assert facts["stopped"] and not facts["verdict"]["published"] and "coverage" not in facts
    page = quality_page(facts)
    read = Reader(page)
    assert read.problems == [] and "Not published: 1 blocking check" in read.text
    assert page.index("select &#39;why&#39;") < page.index("Mục lục") < page.index("training/2025-11")
    assert all(t == {"caption": 1, "bare": 0} for t in read.tables)
    assert all(link[1:] in read.ids for link in read.links)
    assert [h for h in read.headings if not (h.get("vi") and h.get("en"))] == []


def test_figures_are_written_as_each_language_does() -> None:
    assert number(12) == "12" and number(None) == "–"
    assert number(1234) == '<span lang="vi">1.234</span><span lang="en" class="figure">1,234</span>'
    assert "99,9" in percent(99.99) and "100" not in percent(99.99) and "100.0" in percent(100.0)
    assert signed(0.0, 1).endswith('">0.0</span>') and "−2,5" in signed(-2.5, 1) and "+2.5" in signed(2.5, 1)
