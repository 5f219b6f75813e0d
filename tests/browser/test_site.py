"""The release site in a real browser: what it shows is what the tables say, in both languages, for everybody, offline."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from orchestration.dbt.dictionary import dictionary
from releases.pages import words
from releases.release import Release
from releases.site.charts import COLOURS, PALE
from releases.site.explorers import EXPLORERS, KINDS, LISTS, Explorer, View
from releases.site.vocabulary import vocabulary

PAGES = ("index", *(e.name for e in EXPLORERS), "dictionary", "downloads")
REPORT = "../quality/report"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PHONE = {"width": 390, "height": 844}
LANGUAGES = {"vi": 0, "en": 1}
HIDDEN = "•••"
NOTHING = "–"


def figure(text: str, language: str) -> float | None:
    """A figure as somebody reads it off the page; none where there is none."""
    bare = text.replace("\u00a0", " ").replace("−", "-").removesuffix("%").strip()
    if bare == NOTHING:
        return None
    thousands, decimals = (".", ",") if language == "vi" else (",", ".")
    return float(bare.replace(thousands, "").replace(decimals, "."))


def same(shown: float | None, stated: float | None, digits: int) -> bool:
    if shown is None or stated is None:
        return shown is None and stated is None
    return abs(shown - stated) <= 0.5 * 10**-digits + 1e-9


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("document.body.classList.contains('scripted')")
    return page


def chosen(page: Page, before: int = 0) -> None:
    """Wait until what was chosen is shown."""
    page.wait_for_function(f"Number(document.body?.dataset.ready || 0) > {before}")


def choose(page: Page, name: str, value: str) -> None:
    before = int(page.evaluate("Number(document.body.dataset.ready || 0)"))
    page.select_option(f"#choose-{name}", value)
    chosen(page, before)


def switch(page: Page, language: str) -> None:
    page.click(f"label[for=read-{language}]")


# ---- figures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_are_as_released(
    context: BrowserContext, address: str, tables: duckdb.DuckDBPyConnection, language: str
) -> None:
    page = opened(context, f"{address}index.html?lang={language}")
    rows = tables.execute(
        "select t.province_code || '@' || t.area_version || '/' || t.indicator || '/' || t.sex || '/' || t.age_group || '/'"
        " || t.urban_rural, t.value, verdict, other_value, t.ci_low, t.ci_high, if(t.basis = 'register', rests_on, null),"
        " if(t.basis = 'register', null, rests_on) from target_progress as t left join ("
        " select *, coalesce(denominator, numerator) as rests_on from indicators where basis = 'register') as i"
        " on t.indicator = i.indicator and t.area_version = i.area_version and t.province_code = i.area_code and t.sex = i.sex"
        " and t.age_group = i.age_group and t.urban_rural = i.urban_rural and i.period = t.year || 'Q4'"
    ).fetchall()
    assert len(rows) > 20 and page.locator("tr[data-target]").count() == len(rows)
    for key, value, verdict, other, low, high, rests_on, other_rests_on in rows:
        row = page.locator(f'tr[data-target="{key}"]')
        cells = row.locator("td").all_inner_texts()
        assert row.locator("[data-verdict]").get_attribute("data-verdict") == verdict
        assert cells[0].strip() == words.VERDICTS[verdict][LANGUAGES[language]]
        for name, text, stated, count in (
            ("value", cells[1].split("\n")[0], value, rests_on),
            ("other", cells[5].split("\n")[0], other, other_rests_on),
        ):
            assert same(figure(text.strip(), language), stated, 2), key
            marks = row.locator(f"[data-figure={name}] .few").count()
            assert marks == (stated is not None and count is not None and count < words.FEW), key
        if low is None:
            assert cells[3] == NOTHING
        else:
            shown = [figure(t.strip(), language) for t in cells[3].split(" – ")]
            assert same(shown[0], low, 2) and same(shown[1], high, 2)


# columns that a page is given beside a table's own
ALSO = {
    "indicators": "unit, '' as hidden",
    "labour_flows": "'' as unit, '' as hidden",
    "transitions": (
        "'' as unit, '' as hidden, sum(persons) over ("
        "partition by period, lag, area_version, area_code, sex, age_group, from_status) as from_persons"
    ),
    "training_outcomes": "'' as unit, coalesce(hidden, '') as hidden",
}


def stated_rows(
    tables: duckdb.DuckDBPyConnection, explorer: Explorer, view: View, area: str, wanted: Mapping[str, str]
) -> dict[tuple[str, ...], dict[str, Any]]:
    """What the released table holds for a view: by the codes of its rows, every column."""
    code, version = area.split("@")
    limits = {"area_version": version}
    columns = {d: f"{d}::varchar" for d in view.free} | {"place": "area_code || ' ' || area_name"}
    if explorer.name != "places":
        limits["area_code"] = code
    limits |= {f: wanted[f] for f in explorer.filters if f not in (*view.free, *view.any)} | dict(view.fixed)
    where = " and ".join(f"{name}::varchar = '{value}'" for name, value in limits.items())
    where += "".join(f" and regexp_matches({name}, '{like}')" for name, like in view.only.items())
    table = explorer.shape.table
    own = {"indicators": "* exclude (unit)", "training_outcomes": "* exclude (hidden)"}.get(table, "*")
    found = tables.execute(
        f"select {', '.join(columns[d] for d in view.free)}, rows.* from (select {own}, {ALSO[table]} from {table}) as rows"
        f" where {where}"
    )
    free = len(view.free)
    names = [d[0] for d in found.description or ()][free:]
    return {tuple(r[:free]): dict(zip(names, r[free:], strict=True)) for r in found.fetchall()}


def rests_on(name: str, row: Mapping[str, Any]) -> int | None:
    """The count that a figure rests on: the denominator of a ratio, the persons of a median, a count itself."""
    whole = {"share": "from_persons", "median_wage_12m": "employed_12m"}.get(name, name)
    if name == "value":
        whole = "numerator" if row["denominator"] is None else "denominator"
    count = None if name in ("ci_low", "ci_high") else row[whole]
    return None if count is None else int(count)


def is_hidden(name: str, row: Mapping[str, Any]) -> bool:
    """Whether a figure is a median wage of too few."""
    return row["hidden"] == name or (row["status"] == "suppressed" and name == "value")


def shown_rows(page: Page, view: View) -> list[tuple[tuple[str, ...], dict[str, tuple[str, bool]], str]]:
    """What a view's table shows: the words of its rows, figures and whether they are marked, and status."""
    rows: list[dict[str, Any]] = page.evaluate(
        """id => [...document.querySelectorAll(`[data-view="${id}"] tbody tr`)].map(row => ({
            status: row.dataset.status,
            words: [...row.children].filter(c => !c.dataset.figure).map(c => c.innerText.trim()),
            figures: Object.fromEntries([...row.querySelectorAll('[data-figure]')].map(
                c => [c.dataset.figure, [c.firstChild.textContent, c.querySelectorAll('sup.few[role=img][aria-label]').length > 0]])),
        }))""",
        view.id,
    )
    return [
        (tuple(r["words"][:-1]), {n: (t, m) for n, (t, m) in r["figures"].items()}, r["status"]) for r in rows
    ]


CHOICES: dict[str, list[dict[str, str]]] = {
    "indicators": [
        {},
        {"area": "30@2024", "indicator": "si_coverage", "age_group": "working_age"},
        {"area": "31@2025", "indicator": "median_wage", "sex": "female"},
        {"area": "19@2024", "indicator": "unemployed", "urban_rural": "urban", "period": "2025Q3"},
        {
            "area": "VN@2024",
            "indicator": "employed_average",
            "urban_rural": "total",
            "sex": "total",
            "age_group": "total",
        },
        {"area": "30@2024", "indicator": "labour_productivity"},
    ],
    "places": [
        {},
        {"area": "30@2024", "indicator": "population_15_plus", "area_level": "district"},
        {"area": "31@2025", "indicator": "employed"},
    ],
    "flows": [{}, {"area": "30@2024", "section": "C", "period": "2025Q2"}],
    "transitions": [{}, {"area": "19@2025", "lag": "quarter", "sex": "male", "age_group": "25-54"}],
    "outcomes": [{}, {"area": "30@2024", "year": "2024", "kind": "initial"}],
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("explorer", EXPLORERS, ids=lambda e: e.name)
def test_chosen_cells_are_as_released(
    context: BrowserContext,
    address: str,
    tables: duckdb.DuckDBPyConnection,
    explorer: Explorer,
    language: str,
) -> None:
    lists = vocabulary(dictionary())
    page = opened(context, f"{address}{explorer.name}.html?lang={language}")
    chosen(page)
    compared = suppressed = marked = 0
    for choice in CHOICES[explorer.name]:
        for name, value in choice.items():
            choose(page, name, value)
        wanted = {f: page.input_value(f"#choose-{f}") for f in explorer.filters}
        area = page.input_value("#choose-area")
        for view in explorer.views:
            stated = stated_rows(tables, explorer, view, area, wanted)
            if explorer.name == "places":  # of the country; the page shows those of the province
                inside = {w[0] for w, _, _ in shown_rows(page, view)}
                stated = {k: v for k, v in stated.items() if k[0] in inside}
            said = {
                tuple(lists.get(LISTS.get(d, d), {}).get(c, (c, c))[LANGUAGES[language]] for d, c in zip(view.free, k, strict=True)): v
                for k, v in stated.items()
            }  # fmt: skip
            shown = shown_rows(page, view)
            assert sorted(w for w, _, _ in shown) == sorted(said), view.id
            for row, figures, status in shown:
                values = said[row]
                assert status == values["status"]
                for name in view.figures:
                    value, (text, has_mark) = values[name], figures[name]
                    whole = KINDS[name] == "whole" or values["unit"] in ("persons", "person", "VND")
                    if value is None and is_hidden(name, values):
                        assert text == HIDDEN and not has_mark
                        suppressed += 1
                        continue
                    assert same(figure(text, language), value, 0 if whole else 2), (view.id, row, name)
                    count = rests_on(name, values)
                    assert has_mark == (value is not None and count is not None and count < words.FEW), (
                        view.id,
                        row,
                        name,
                    )
                    compared += 1
                    marked += has_mark
    assert compared > 20 and marked > 0
    assert suppressed > 0 or explorer.name != "indicators"


def test_charts_mark_what_their_tables_mark(context: BrowserContext, address: str) -> None:
    """Lines and bars carry the mark beside the figure; the paler part of a histogram says the same of places."""
    page = opened(
        context,
        f"{address}indicators.html#area=30@2024&indicator=unemployed&urban_rural=urban&age_group=15-24",
    )
    chosen(page)
    for view in ("register", "groups"):
        page.wait_for_selector(f"[data-view={view}] .chart svg")
        drawn = page.locator(f"[data-view={view}] .chart .mark-text.role-mark text").all_text_contents()
        marks = page.locator(f"[data-view={view}] [data-figure=value] .few").count()
        assert drawn == [words.FEW_MARK] * marks and marks > 0
    page.goto(f"{address}places.html#area=30@2024&indicator=employed")
    chosen(page)
    page.wait_for_selector("[data-view=places] .chart svg")
    bars = page.locator("[data-view=places] .chart .mark-rect.role-mark path").all()
    assert {bar.get_attribute("fill") for bar in bars} == {PALE, COLOURS[0]}


def test_a_link_of_a_target_leads_to_its_cell(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}index.html")
    row = page.locator('tr[data-target="30@2024/retrained_share/total/total/total"]')
    value = row.locator("[data-figure=value]").inner_text().split("\n")[0]  # its status follows
    row.locator("a").click()
    chosen(page)
    assert (
        page.input_value("#choose-indicator") == "retrained_share"
        and page.input_value("#choose-area") == "30@2024"
    )
    shown = {w[0]: f["value"][0] for w, f, _ in shown_rows(page, EXPLORERS[0].views[0])}
    assert shown["2025Q4"] == value
    trace = page.inner_text("#trace")
    assert trace == "labourdb explain retrained_share --area 30@2024 --period 2025Q4 --release 2025Q4.1"
    caption = page.inner_text("[data-view=register] caption")
    assert "Tỉnh Hải Dương" in caption and "đào tạo lại" in caption  # on paper nobody sees the choices
    choose(page, "indicator", "labour_productivity")
    trace = page.inner_text("#trace")
    assert trace.endswith("--area 30@2024 --period 2025 --basis official --release 2025Q4.1"), trace


# ---- languages, choices, everybody --------------------------------------------------------------------------------


def test_the_language_is_switched_and_kept(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}indicators.html")
    chosen(page)
    assert page.evaluate("document.documentElement.lang") == "vi" and "Chỉ tiêu" in page.inner_text("h1")
    assert re.search(r"\d,\d\d\s%", page.inner_text("[data-view=register] table"))
    before = int(page.evaluate("Number(document.body.dataset.ready)"))
    switch(page, "en")
    chosen(page, before)
    assert page.evaluate("document.documentElement.lang") == "en" and "Indicators" in page.inner_text("h1")
    assert re.search(r"\d\.\d\d\s%", page.inner_text("[data-view=register] table"))
    assert "not ILO" in page.inner_text(".banner.note")
    page.goto(f"{address}index.html")
    page.wait_for_function("document.body.classList.contains('scripted')")
    assert "Progress" in page.inner_text("h1") and page.evaluate("document.documentElement.lang") == "en"


def test_a_province_is_chosen(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}index.html")
    assert page.locator("section[data-province]:visible").count() == 2
    page.select_option("#choose-province", "30@2024")
    assert page.locator("section[data-province]:visible").all_inner_texts()[0].startswith("Tỉnh Hải Dương")
    assert page.locator("section[data-province]:visible").count() == 1


def test_places_are_found_by_name(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}places.html#area=30@2024&indicator=employed")
    chosen(page)
    rows = page.locator("[data-view=places] tbody tr")
    all_of_them = rows.count()
    before = int(page.evaluate("Number(document.body.dataset.ready)"))
    page.fill("input[type=search]", "bình")
    chosen(page, before)
    assert 0 < rows.count() < all_of_them
    assert all(
        "bình" in text.lower() for text in page.locator("[data-view=places] tbody th").all_inner_texts()
    )


@pytest.mark.parametrize(
    ("name", "language", "size"),
    [*itertools.product(PAGES, LANGUAGES, ("desktop", "phone")), (REPORT, "vi", "phone")],
)
def test_every_page_is_accessible(
    context: BrowserContext, address: str, name: str, language: str, size: str, tmp_path: Path
) -> None:
    """WCAG 2.2 AA as far as axe can tell, nothing wider than the screen, charts with their figures in a table beside."""
    page = context.new_page()
    if size == "phone":
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{address}{name}.html?lang={language}")
    if name in CHOICES:
        chosen(page)
    assert not set("<>") & set(page.title())
    page.wait_for_timeout(300)
    if name != REPORT:  # of whose hundreds of checks one stands for all
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found.response["violations"]]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    charts = page.locator(".chart:visible")
    for number in range(charts.count()):
        chart = charts.nth(number)
        assert chart.get_attribute("aria-label") and chart.locator("xpath=..").locator("table").count() == 1
    folder = Path(os.environ.get("LABOURDB_PICTURES", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{name.rpartition('/')[2]}-{language}-{size}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000


def test_everything_can_be_done_by_keyboard(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}indicators.html")
    chosen(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "read-vi"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href')"))
    assert {"choose-area", "choose-indicator", "choose-period", "index.html", "downloads.html"} <= reached
    page.focus("#choose-indicator")
    before, first = (
        int(page.evaluate("Number(document.body.dataset.ready)")),
        page.input_value("#choose-indicator"),
    )
    page.keyboard.press("ArrowDown")
    chosen(page, before)
    assert page.input_value("#choose-indicator") != first


def test_it_works_from_a_folder_as_well(context: BrowserContext, release: Release) -> None:
    page = opened(context, f"file://{release.path}/site/flows.html")
    chosen(page)
    assert page.locator("[data-view=trend] tbody tr").count() > 3
    assert page.locator("[data-view=trend] .chart svg").count() == 1


def test_charts_draw_the_rows_of_their_table(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}indicators.html#area=30@2024&indicator=population_15_plus")
    chosen(page)
    page.wait_for_selector("[data-view=register] .chart svg")
    rows = page.locator("[data-view=register] tbody tr:not([data-status=suppressed])").count()
    points = page.locator("[data-view=register] .chart .mark-symbol.role-mark path").count()
    assert rows == points > 3


def test_a_series_has_one_colour_in_legend_line_and_points(context: BrowserContext, address: str) -> None:
    """Though the first of them begins later than the others: nobody was there before the first quarter to be hired."""
    page = opened(context, f"{address}flows.html#area=VN@2024&section=total")
    chosen(page)
    page.wait_for_selector("[data-view=trend] .chart svg")
    chart = page.locator("[data-view=trend] .chart")
    texts = chart.locator(".role-legend-label text").all_text_contents()
    symbols = chart.locator(".role-legend-symbol path").all()
    legend = {t: s.get_attribute("fill") for t, s in zip(texts, symbols, strict=True)}
    assert len(legend) == len(set(legend.values())) >= 2
    drawn = 0
    for mark in ("line", "symbol"):
        for path in chart.locator(f".mark-{mark}.role-mark path[aria-label]").all():
            series = next(s for s in legend if f"series: {s}" in (path.get_attribute("aria-label") or ""))
            assert path.get_attribute("stroke") == legend[series]
            if mark == "symbol":
                assert path.get_attribute("fill") in (legend[series], "#ffffff")
            drawn += 1
    assert drawn > len(legend)


def test_downloads_are_there_and_hold_the_rows(
    context: BrowserContext, address: str, release: Release
) -> None:
    page = opened(context, f"{address}downloads.html")
    links = [str(link.get_attribute("href")) for link in page.locator("main a[download]").all()]
    downloads = release.path / "site" / "downloads"
    assert len(links) == sum(p.is_file() for p in downloads.rglob("*")) + len(release.manifest["tables"]) + 1
    for link in links:
        assert page.request.get(f"{address}{link}").ok
    for table, facts in release.manifest["tables"].items():
        path = downloads / f"{table}.csv.gz"
        counted = duckdb.execute(f"select count(*) from read_csv('{path}', all_varchar = true)").fetchone()
        assert counted == (facts["rows"],)
