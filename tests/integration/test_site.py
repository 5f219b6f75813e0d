"""The site every run publishes: its files, its data against the tables, its downloads; in a browser it is tried by `make browser`."""

from __future__ import annotations

import csv
import html
import http.client
import io
import json
import re
import threading
import urllib.request
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds

from orchestration.cli.main import app
from orchestration.run.site import site_reference
from orchestration.tasks.serve import served
from releases.disclosure import NOT_PROTECTED
from releases.pages import words
from releases.pages.page import LANGUAGES
from releases.release import Release, current_release, listed_files
from releases.site.build import build_site
from releases.site.context import MENU
from releases.site.data import FLOWS, INDICATORS, OUTCOMES, PLACES, TRANSITIONS
from releases.site.search import folded
from releases.site.workbook import NOTES
from releases.tables import RELEASED
from sources.errors import LabourdbError

SHAPES = {
    "indicators": INDICATORS,
    "places": PLACES,
    "flows": FLOWS,
    "transitions": TRANSITIONS,
    "outcomes": OUTCOMES,
}


@pytest.fixture(scope="module")
def release() -> Release:
    found = current_release(worlds.small_home().releases)
    assert found is not None
    return found


MADE = {  # what pages are given beside the tables' own columns
    "place": "area_code || ' ' || area_name",
    "hidden": "coalesce(hidden, '')",
    "from_persons": "sum(persons) over (partition by period, lag, area_version, area_code, sex, age_group, from_status)",
}


class Links(HTMLParser):
    """Everything a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [str(v) for k, v in attributes if k in ("href", "src") and v]


def pages_of(site: Path) -> dict[str, str]:
    """Text of every page by its place in the site, without the door."""
    return {
        p.relative_to(site).as_posix(): p.read_text(encoding="utf-8")
        for language in LANGUAGES
        for p in sorted((site / language).glob("*.html"))
    }


def test_every_page_refers_only_to_what_is_there(release: Release) -> None:
    site = release.path / "site"
    for name, text in {**pages_of(site), "index.html": (site / "index.html").read_text("utf-8")}.items():
        links = Links(text).found
        assert len(links) > (10 if "/" in name else 2)
        for link in links:
            assert not re.match(r"[a-z]+:|//", link), "asks for something elsewhere"
            assert ((site / name).parent / link.partition("#")[0]).exists(), (name, link)
    for style in (site / "assets").glob("*.css"):
        assert "url(" not in style.read_text() and "@import" not in style.read_text()


def test_every_place_and_indicator_has_a_page_in_both_languages(release: Release) -> None:
    """Provinces with a register of their own and their districts; communes stand on their district's page."""
    tables = release.path / "tables"
    indicators = {
        i
        for (i,) in duckdb.execute(f"select distinct indicator from '{tables}/indicators.parquet'").fetchall()
    }
    texts = pages_of(release.path / "site")
    for language in LANGUAGES:
        found = {name.removeprefix(f"{language}/") for name in texts if name.startswith(language)}
        assert {f"indicator-{i}.html" for i in indicators} <= found
        assert {
            "place-2024-30.html",
            "place-2024-19.html",
            "place-2025-31.html",
            "place-2024-VN.html",
        } <= found
        assert {m["file"] for m in MENU} <= found
    district = duckdb.execute(
        f"select area_code from '{tables}/indicators.parquet' where area_level = 'district' and area_code like '2%' limit 1"
    ).fetchone()
    assert district is not None
    text = texts[f"vi/place-2024-{district[0]}.html"]
    assert "Xã " in text or "Phường " in text or "Thị trấn " in text


def test_what_is_covered_stands_in_the_name(release: Release) -> None:
    """Two provinces are not the country, and of a merged province only the part that sends registers is shown."""
    texts = {name: html.unescape(text) for name, text in pages_of(release.path / "site").items()}
    assert "<h1>Thái Nguyên và Hải Dương</h1>" in texts["vi/place-2024-VN.html"]
    assert "<h1>Thành phố Hải Phòng (phần Hải Dương cũ)</h1>" in texts["vi/place-2025-31.html"]
    assert "<h1>Thành phố Hải Phòng (former Hải Dương only)</h1>" in texts["en/place-2025-31.html"]
    assert "2 trên 63 tỉnh" in texts["vi/index.html"]


def test_pages_of_a_language_are_in_that_language(release: Release) -> None:
    for name, text in pages_of(release.path / "site").items():
        assert f'<html lang="{name[:2]}">' in text and 'class="switch"' not in text
        other = "Skip to content" if name.startswith("vi") else "Đến nội dung"
        assert other not in text, name


def test_the_first_heading_counts_the_published_verdicts(release: Release) -> None:
    text = html.unescape((release.path / "site/vi/index.html").read_text("utf-8"))
    heading = re.search(r"<h1>(.*?)</h1>", text)
    assert heading is not None
    for code, name in (("30", "Hải Dương"), ("19", "Thái Nguyên")):
        counted = duckdb.execute(
            "select count(*) filter (verdict = 'met'), count(*)"
            f" from '{release.path}/tables/target_progress.parquet' where province_code = '{code}'"
        ).fetchone()
        assert counted is not None
        met, every = counted
        said = (
            f"{name} chưa đạt chỉ tiêu nào trong {every}"
            if not met
            else f"{name} đạt {met} trên {every} chỉ tiêu"
        )
        assert said in heading[1]


def test_the_table_behind_a_picture_holds_its_figures(release: Release) -> None:
    """In Vietnamese with semicolon and decimal comma, in English with comma and point; both marked as UTF-8."""
    site = release.path / "site"
    for language, delimiter, point in (("vi", ";", ","), ("en", ",", ".")):
        raw = (site / language / "tables/targets-2024-30.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig")), delimiter=delimiter))
        name, target = ("Chỉ tiêu", "Mục tiêu") if language == "vi" else ("Target", "Target value")
        stated = duckdb.execute(
            f"select target_value from '{release.path}/tables/target_progress.parquet' where province_code = '30'"
        ).fetchall()
        assert sorted(float(r[target].replace(point, ".")) for r in rows) == sorted(
            float(v) for (v,) in stated
        )
        assert all(r[name] for r in rows)


def test_the_search_finds_without_marks(release: Release) -> None:
    text = (release.path / "site/assets/search-vi.js").read_text("utf-8")
    match = re.fullmatch(r"labourdb\.found\((.*)\);\n", text)
    assert match is not None
    entries = json.loads(match[1])
    assert any("thai nguyen" in e[3] and e[2] == "place-2024-19.html" for e in entries)
    assert any("bao hiem" in e[3] and e[2] == "indicator-si_coverage.html" for e in entries)
    assert folded("Võ Nhai, Đại Từ") == "vo nhai, dai tu"
    for e in entries:
        assert (release.path / "site/vi" / e[2].partition("#")[0]).exists()


def test_what_changed_since_the_last_release_is_a_page(release: Release, tmp_path: Path) -> None:
    """A release beside it whose figure of one place differs: the page names place, both figures and the change."""
    before = tmp_path / "2025Q3.1"
    (before / "tables").mkdir(parents=True)
    code = "30"
    duckdb.execute(
        f"copy (with rows as (from '{release.path}/tables/indicators.parquet') select * replace (case when indicator = 'employed' and area_code = $code and period = (select max(period) from rows where basis = 'register') then value + 7 else value end as value)"
        f" from rows) to '{before}/tables/indicators.parquet'",
        {"code": code},
    )
    (before / "manifest.json").write_text(
        json.dumps({"tables": {"indicators": {}}, "published_at": "2025-11-01T00:00:00+00:00"})
    )
    site = rebuilt(release, tmp_path)
    text = html.unescape((site / "en/releases.html").read_text("utf-8"))
    assert re.search(r"figures? of country, provinces and districts changed since 2025Q3.1", text)
    assert f'id="{code}@2024"' in text and "−7" in text and "2025Q3.1" in text
    unchanged = html.unescape((release.path / "site/vi/releases.html").read_text("utf-8"))
    assert "Bản đầu tiên, chưa có gì để so." in unchanged


def rows_of(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Name and rows of a data file, as the pages' script puts them together."""
    match = re.fullmatch(r"labourdb\.receive\((\".*?\"), (.*)\);\n", path.read_text(encoding="utf-8"))
    assert match is not None
    data = json.loads(match[2])
    columns = {
        name: [d["values"][ord(letter) - ord(":") - (letter > "\\")] for letter in d["codes"]]
        for name, d in data["dimensions"].items()
    }
    columns |= {
        name: [json.loads(text) if text else None for text in written.split(" ")]
        for name, written in data["figures"].items()
    }
    assert {len(values) for values in columns.values()} == {data["rows"]}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return json.loads(match[1]), rows


@pytest.mark.parametrize("name", SHAPES)
def test_the_data_are_the_tables(release: Release, name: str) -> None:
    shape = SHAPES[name]
    found: Counter[str] = Counter()
    for path in (release.path / "site" / "data").glob(f"{name}-*.js"):
        stated, rows = rows_of(path)
        area = stated.removeprefix(f"{name}/")
        code, version = area.split("@")
        assert path.name == f"{name}-{version}-{code}.js"
        found.update(json.dumps([version, *r.values()], ensure_ascii=False) for r in rows)
    dimensions = ", ".join(MADE.get(d, f"{d}::varchar") for d in shape.all_dimensions)
    figures = ", ".join(f"round({MADE.get(f, f)}, 6)" for f in shape.figures)
    levels = ", ".join(f"'{level}'" for level in shape.levels)
    stated_rows = duckdb.execute(
        f"select area_version, {dimensions}, {figures} from '{release.path}/tables/{shape.table}.parquet'"
        f" where area_level in ({levels})"
    ).fetchall()
    plain = [[int(v) if isinstance(v, float) and v.is_integer() else v for v in row] for row in stated_rows]
    assert found == Counter(json.dumps(row, ensure_ascii=False) for row in plain)
    if name == "flows":  # this world is too short for them, and its page says so
        text = (release.path / "site" / "en" / f"explore-{name}.html").read_text(encoding="utf-8")
        assert not found and "This release holds no row of this table." in text and "choose-area" not in text
    else:
        assert found


def test_places_lie_in_the_file_of_their_province(release: Release) -> None:
    _, rows = rows_of(release.path / "site" / "data" / "places-2024-30.js")
    codes = {r["place"].split()[0] for r in rows}
    assert {"10507", "11161"} <= codes and not {"05431", "05503"} & codes


def rebuilt(release: Release, folder: Path, change: str = "*", **manifest: Any) -> Path:
    """The site of a copy of a release with another manifest, and ``target_progress`` selected by ``change``."""
    copied = folder / release.id
    (copied / "tables").mkdir(parents=True)
    for table in RELEASED:
        chosen = change if table == "target_progress" else "*"
        duckdb.execute(
            f"copy (select {chosen} from '{release.path}/tables/{table}.parquet') to '{copied}/tables/{table}.parquet'"
        )
    (copied / "labour.duckdb").write_bytes(b"")
    build_site(copied, release.manifest | manifest, site_reference())
    return copied / "site"


def test_a_page_escapes_what_came_from_deliveries(release: Release, tmp_path: Path) -> None:
    """An indicator's name of official_statistics is whatever its agency sent: it is shown as text, and names no file."""
    hostile = "<script>alert(1)</script>/../../../away"
    site = rebuilt(release, tmp_path, f"* replace ('{hostile}' as indicator)")
    text = (site / "vi/index.html").read_text(encoding="utf-8")
    assert hostile not in text and "&lt;script&gt;" in text
    assert not list(tmp_path.rglob("*away*"))


def test_every_page_with_figures_says_what_noise_means(release: Release) -> None:
    listed = {"topics.html", "places.html", "indicators-list.html", "dictionary.html", "releases.html"}
    for name, text in pages_of(release.path / "site").items():
        number, page = ("vi", "en").index(name[:2]), name[3:]
        text = html.unescape(text)
        shows = page not in listed and words_of_nothing(number) not in text
        assert text.count(words.NOISE[number]) == shows, name
        assert NOT_PROTECTED not in text
        if 'id="explore"' in text:
            assert f'"below": {words.FEW}' in text and f'"mark": "{words.FEW_MARK}"' in text


def words_of_nothing(language: int) -> str:
    return ("Bản công bố này chưa có số liệu của bảng này.", "This release holds no row of this table.")[
        language
    ]


def test_figures_that_are_not_protected_say_so_and_nothing_of_noise(release: Release, tmp_path: Path) -> None:
    site = rebuilt(release, tmp_path, protection=NOT_PROTECTED)
    texts = {name: html.unescape(text) for name, text in pages_of(site).items()}
    assert set(texts) == set(pages_of(release.path / "site"))
    for name, text in texts.items():
        number = ("vi", "en").index(name[:2])
        assert words.PROTECTIONS[NOT_PROTECTED][number] in text, name
        for said in (words.NOISE[number], words.FEW_MEANS[number], 'class="few"', f'"below": {words.FEW}'):
            assert said not in text, name
    (workbook,) = (site / "downloads").glob("labourdb-*.xlsx")
    notes = openpyxl.load_workbook(workbook, read_only=True)[NOTES].values
    said = " ".join(str(c) for row in notes for c in row if c)
    assert NOT_PROTECTED in said and words.NOISE[0] not in said


def test_targets_mark_the_registers_figures_of_few(release: Release) -> None:
    """Of eighteen persons every figure of the registers rests on few, and none of the statistics office's does."""
    text = (release.path / "site/vi/place-2024-30.html").read_text(encoding="utf-8")
    rows = duckdb.execute(
        "select province_code || '@' || area_version || '/' || indicator || '/' || sex || '/' || age_group || '/'"
        " || urban_rural, basis, verdict, value is not null"
        f" from '{release.path}/tables/target_progress.parquet' where province_code = '30' and area_version = '2024'"
    ).fetchall()
    assert rows
    marked = 0
    for key, basis, verdict, has_value in rows:
        line = re.search(
            rf'<tr class="row" data-target="{re.escape(key)}" data-verdict="{verdict}">(.*?)</tr>',
            text,
            re.DOTALL,
        )
        assert line is not None, key
        assert ('class="few"' in line[1]) == (basis == "register" and has_value), key
        marked += 'class="few"' in line[1]
    assert marked


def test_every_file_is_listed_with_its_hash(release: Release) -> None:
    listed = listed_files(release.path)
    assert listed is not None and {"site/index.html", "site/vi/index.html", "quality/report.html"} <= set(
        listed
    )
    result = CliRunner().invoke(app, ["verify", release.id, "--home", str(worlds.small_home().root)])
    assert result.exit_code == 0, result.output


def test_the_server_shows_one_release_and_nothing_else(release: Release, tmp_path: Path) -> None:
    with served(release, 0) as (server, address):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert address.startswith("http://127.0.0.1:")
            assert (
                urllib.request.urlopen(address).read() == (release.path / "site" / "index.html").read_bytes()
            )
            with pytest.raises(LabourdbError, match="Port"), served(release, server.server_port):
                pass
        finally:
            server.shutdown()
            thread.join()
    own = tmp_path / "releases" / "2025Q4.2"
    (own / "site").mkdir(parents=True)
    (own / "site" / "index.html").write_text("site")
    (own / "marker").write_text("own")
    (tmp_path / "releases" / "marker").write_text("beside")
    with served(Release("2025Q4.2", own), 0) as (server, _):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            for path in ("/marker", "/../marker", "/%2e%2e/marker", "/site/../../marker", "/..%2fmarker"):
                connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
                connection.request("GET", path)
                said = connection.getresponse().read()
                connection.close()
                assert b"beside" not in said and (path != "/marker" or said == b"own")
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(LabourdbError, match="no site"), served(Release("2025Q4.1", tmp_path), 0):
        pass
