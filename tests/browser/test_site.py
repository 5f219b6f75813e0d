"""The release site in a real browser: what it shows is what the tables say, in both languages, for everybody, offline."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from releases.pages import words
from releases.pages.page import LANGUAGES
from releases.release import Release

# one page of each template, and all that hold tables of their own
PAGES = (
    "index", "topics", "topic-employment", "places", "place-2024-VN", "place-2024-30", "place-2025-31", "place-2024-288",
    "indicators-list", "indicator-retrained_share", "indicator-median_wage", "indicator-labour_productivity", "methods", "quality",
    "releases", "dictionary", "downloads", "explore-indicators", "explore-places", "explore-flows", "explore-transitions",
    "explore-outcomes",
)  # fmt: skip
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SIZES = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 1024, "height": 768},
    "desktop": {"width": 1440, "height": 900},
}
NUMBER = {"vi": 0, "en": 1}


def figure(text: str, language: str) -> float | None:
    """A figure as somebody reads it off the page; none where there is none."""
    bare = text.replace("\u00a0", " ").replace("−", "-").replace("†", "").removesuffix("%").strip()
    if bare.endswith("%"):
        bare = bare.removesuffix("%").strip()
    if bare == "–":
        return None
    thousands, decimals = (".", ",") if language == "vi" else (",", ".")
    return float(bare.replace(thousands, "").replace(decimals, "."))


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("document.body.classList.contains('scripted')")
    return page


# ---- figures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_targets_are_as_released(
    context: BrowserContext, address: str, tables: duckdb.DuckDBPyConnection, language: str
) -> None:
    page = opened(context, f"{address}{language}/index.html")
    rows = tables.execute(
        "select province_code || '@' || area_version || '/' || indicator || '/' || sex || '/' || age_group || '/'"
        " || urban_rural, value, verdict, target_value, comparator from target_progress"
    ).fetchall()
    assert len(rows) > 20 and page.locator("tr[data-target]").count() == len(rows)
    for key, value, verdict, target, comparator in rows:
        row = page.locator(f'tr[data-target="{key}"]')
        assert row.get_attribute("data-verdict") == verdict
        assert row.locator(".sign").get_attribute("aria-label") == words.VERDICTS[verdict][NUMBER[language]]
        shown = figure(row.locator("[data-figure=value]").inner_text(), language)
        assert (shown is None) == (value is None)
        if shown is None:
            continue
        assert abs(shown - value) <= 0.05 + 1e-9, key
        gap = figure(row.locator("[data-figure=gap]").inner_text(), language)
        ahead = round(shown, 1) - round(target, 1)
        assert gap == pytest.approx(ahead if comparator.startswith(">") else -ahead, abs=1e-6), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_of_places_are_as_released(
    context: BrowserContext, address: str, tables: duckdb.DuckDBPyConnection, language: str
) -> None:
    page = opened(context, f"{address}{language}/indicator-si_coverage.html")
    stated = {
        (code, sex): value
        for code, sex, value in tables.execute(
            "select area_code || '@' || area_version, sex, value from indicators where basis = 'register'"
            " and indicator = 'si_coverage' and period = '2025Q4' and age_group = 'total' and urban_rural = 'total'"
        ).fetchall()
    }
    rows = page.locator("#places tbody tr")
    assert rows.count() > 15
    for number in range(rows.count()):
        row = rows.nth(number)
        href = str(row.locator("th a").get_attribute("href"))
        version, code = href.removeprefix("place-").removesuffix(".html").split("-")
        cells = row.locator("td.n").all_inner_texts()
        for text, sex in zip(cells, ("total", "female", "male"), strict=False):
            value = stated.get((f"{code}@{version}", sex))
            shown = figure(text, language)
            assert (shown is None) == (value is None) and (shown is None or abs(shown - value) <= 0.05 + 1e-9)


def test_the_five_tasks(context: BrowserContext, address: str) -> None:
    """Insurance target and since when; the highest district; women and men; what changed; the table: 0, 1, 1, 0, 1 clicks."""
    page = opened(context, f"{address}vi/place-2024-30.html")
    row = page.locator('tr[data-target^="30@2024/si_coverage/"]')
    assert row.locator("[data-figure=gap]").inner_text() and re.search(
        r"liền|từ 20", row.locator(".trend").inner_text()
    )
    assert "phép so sánh" in page.inner_text("#parts") and page.locator("#parts tbody tr").count() > 5
    assert page.locator("#sexes svg.chart").count() == 2 and "nam" in page.inner_text("#sexes h3 >> nth=0")
    assert "Bản đầu tiên" in page.inner_text("#release")
    with page.expect_download() as loaded:
        page.click("#targets a[download]")
    assert loaded.value.suggested_filename == "targets-2024-30.csv"


def test_a_table_sorts_by_its_columns(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}vi/indicator-unemployment_rate.html")
    values = lambda: page.eval_on_selector_all(  # noqa: E731
        "#places tbody tr",
        "rows => rows.map(r => r.cells[1].dataset.value).filter(v => v !== '').map(Number)",
    )
    page.click("#places thead th:nth-child(2) button")
    assert values() == sorted(values(), reverse=True)
    page.click("#places thead th:nth-child(2) button")
    assert values() == sorted(values())
    assert page.get_attribute("#places thead th:nth-child(2)", "aria-sort") == "ascending"


# ---- choosing ----------------------------------------------------------------------------------------------------


def chosen(page: Page, before: int = 0) -> None:
    """Wait until what was chosen is shown."""
    page.wait_for_function(f"Number(document.body?.dataset.ready || 0) > {before}")


def choose(page: Page, name: str, value: str) -> None:
    before = int(page.evaluate("Number(document.body.dataset.ready || 0)"))
    page.select_option(f"#choose-{name}", value)
    chosen(page, before)


@pytest.mark.parametrize("language", LANGUAGES)
def test_chosen_cells_are_as_released(
    context: BrowserContext, address: str, tables: duckdb.DuckDBPyConnection, language: str
) -> None:
    page = opened(context, f"{address}{language}/explore-indicators.html")
    chosen(page)
    for area, indicator, sex, age in (
        ("30@2024", "si_coverage", "total", "working_age"), ("31@2025", "median_wage", "female", "total"), ("19@2024", "unemployed", "male", "25-34"),
    ):  # fmt: skip
        for name, value in (("area", area), ("indicator", indicator), ("sex", sex), ("age_group", age)):
            choose(page, name, value)
        code, version = area.split("@")
        stated = tables.execute(
            "select period, value from indicators where basis = 'register' and area_code = ? and area_version = ? and indicator = ?"
            " and sex = ? and age_group = ? and urban_rural = 'total' and value is not null",
            [code, version, indicator, sex, age],
        ).fetchall()
        shown = {
            str(r[0]): figure(r[1], language)
            for r in page.eval_on_selector_all(
                "[data-view=register] tbody tr", "rows => rows.map(r => [r.cells[0].innerText, r.querySelector('[data-figure=value]').firstChild.textContent])"
            )
            if "•" not in r[1]
        }  # fmt: skip
        assert len(shown) == len(stated) > 3
        for period, value in stated:
            assert shown[period] is not None and abs(float(shown[period] or 0.0) - value) <= 0.5, (
                area,
                indicator,
                period,
            )
        points = page.locator("[data-view=register] .chart circle").count()
        assert points == len(stated)
        marks = page.locator("[data-view=register] [data-figure=value] .few").count()
        assert page.locator("[data-view=register] .chart text", has_text=words.FEW_MARK).count() == marks


def test_what_was_chosen_goes_along_to_the_other_language(context: BrowserContext, address: str) -> None:
    page = opened(
        context, f"{address}vi/explore-indicators.html#area=30@2024&indicator=si_coverage&sex=female"
    )
    chosen(page)
    page.click(".lang a")
    page.wait_for_url(re.compile("/en/explore-indicators.html"))
    chosen(page)
    assert (
        page.input_value("#choose-indicator") == "si_coverage" and page.input_value("#choose-sex") == "female"
    )
    assert page.evaluate("document.documentElement.lang") == "en"
    trace = page.inner_text("#trace")
    assert trace.startswith("labourdb explain si_coverage --area 30@2024") and "--sex female" in trace


def test_the_search_finds_without_marks_and_by_keyboard(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}vi/index.html")
    page.click("#search")
    page.keyboard.type("vo nhai")
    page.wait_for_selector("#found a")
    assert "Võ Nhai" in page.inner_text("#found li:first-child")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("place-2024-170.html"))
    page.click("#search")
    page.keyboard.type("khong co gi nhu the")
    page.wait_for_selector("#found li")
    assert "Không tìm thấy" in page.inner_text("#found")


# ---- everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "language", "size"), [*itertools.product(PAGES, LANGUAGES, SIZES)])
def test_every_page_is_accessible(
    context: BrowserContext, address: str, name: str, language: str, size: str, tmp_path: Path
) -> None:
    """WCAG 2.2 AA as far as axe can tell, nothing wider than the screen."""
    page = context.new_page()
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    page.goto(f"{address}{language}/{name}.html")
    if name.startswith("explore-"):
        chosen(page)
    assert not set("<>") & set(page.title())
    if name != "quality":  # of whose hundreds of checks one stands for all
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    if size != "tablet":
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        told = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found.response["violations"]]
        assert told == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    folder = Path(os.environ.get("LABOURDB_PICTURES", str(tmp_path)))
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{name}-{language}-{size}.png"
    page.screenshot(path=picture, full_page=True)
    assert picture.stat().st_size > 10_000


@pytest.mark.parametrize("name", ["index", "place-2024-30", "indicator-retrained_share"])
def test_dark_pages_are_readable(context: BrowserContext, address: str, name: str) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}vi/{name}.html")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found.response["violations"]] == []


def test_the_first_screen_of_a_phone_shows_the_finding_and_a_verdict(
    context: BrowserContext, address: str
) -> None:
    page = context.new_page()
    page.set_viewport_size(SIZES["phone"])  # type: ignore[arg-type]
    page.goto(f"{address}vi/index.html")
    for selector in ("h1", "tr.row"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None and box["y"] + box["height"] <= 844, selector


def test_a_page_needs_little_for_its_first_screen(release: Release) -> None:
    import gzip

    site = release.path / "site"
    shared = sum(
        len(gzip.compress((site / "assets" / name).read_bytes())) for name in ("site.css", "site.js")
    )
    for page in (site / "vi").glob("*.html"):
        weight = shared + len(gzip.compress(page.read_bytes()))
        assert weight <= 150_000, page.name


def test_a_page_is_printed_with_what_it_is_of(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(f"{address}vi/place-2024-30.html")
    assert (
        page.locator("h1").is_visible()
        and not page.locator(".menu").is_visible()
        and not page.locator("#search").is_visible()
    )
    assert page.locator("#sexes figure h3").first.is_visible() and page.locator("#targets .foot").is_visible()


def test_everything_can_be_done_by_keyboard(context: BrowserContext, address: str) -> None:
    page = opened(context, f"{address}vi/explore-indicators.html")
    chosen(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href')"))
    assert {
        "search",
        "choose-area",
        "choose-indicator",
        "choose-period",
        "index.html",
        "downloads.html",
    } <= reached
    page.focus("#choose-indicator")
    before, first = (
        int(page.evaluate("Number(document.body.dataset.ready)")),
        page.input_value("#choose-indicator"),
    )
    page.keyboard.press("ArrowDown")
    chosen(page, before)
    assert page.input_value("#choose-indicator") != first


def test_it_works_from_a_folder_as_well(context: BrowserContext, release: Release) -> None:
    page = opened(context, f"file://{release.path}/site/vi/explore-flows.html")
    chosen(page)
    assert page.locator("[data-view=trend] tbody tr").count() > 3
    assert page.locator("[data-view=trend] .chart svg").count() == 1
    page.click("#search")
    page.keyboard.type("hai duong")
    page.wait_for_selector("#found a")


def test_downloads_are_there(context: BrowserContext, address: str, release: Release) -> None:
    page = opened(context, f"{address}vi/downloads.html")
    links = [str(link.get_attribute("href")) for link in page.locator("main a[download]").all()]
    downloads = release.path / "site" / "downloads"
    assert len(links) == sum(p.is_file() for p in downloads.rglob("*")) + len(release.manifest["tables"]) + 1
    for link in links:
        assert page.request.get(f"{address}vi/{link}").ok
