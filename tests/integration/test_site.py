"""The site every run publishes: its files, its data against the tables, its downloads; in a browser it is tried by `make browser`."""

from __future__ import annotations

import html
import http.client
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
from releases.release import Release, current_release, listed_files
from releases.site.build import PAGES, build_site
from releases.site.data import FLOWS, INDICATORS, OUTCOMES, PLACES, TRANSITIONS
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


def test_every_page_refers_only_to_what_is_there(release: Release) -> None:
    pages = sorted((release.path / "site").glob("*.html"))
    assert {p.name for p in pages} == {p["file"] for p in PAGES if "/" not in p["file"]}
    for page in pages:
        links = Links(page.read_text(encoding="utf-8")).found
        assert len(links) > 10
        for link in links:
            assert not re.match(r"[a-z]+:|//", link), "asks for something elsewhere"
            assert (page.parent / link.partition("#")[0]).exists(), link
    for style in (release.path / "site" / "assets").glob("*.css"):
        assert "url(" not in style.read_text() and "@import" not in style.read_text()


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
        text = (release.path / "site" / f"{name}.html").read_text(encoding="utf-8")
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
    build_site(copied, release.manifest | manifest, site_reference(worlds.small_home().warehouse / "kept"))
    return copied / "site"


def test_a_page_escapes_what_came_from_deliveries(release: Release, tmp_path: Path) -> None:
    """An indicator's name of official_statistics is whatever its agency sent."""
    hostile = "<script>alert(1)</script>"
    site = rebuilt(release, tmp_path, f"* replace ('{hostile}' as indicator)")
    text = (site / "index.html").read_text(encoding="utf-8")
    assert hostile not in text and "&lt;script&gt;" in text


WITHOUT_FIGURES = "dictionary.html"


def test_every_page_with_figures_says_what_noise_means(release: Release) -> None:
    for page in (release.path / "site").glob("*.html"):
        text = html.unescape(page.read_text(encoding="utf-8"))
        shows = page.name != WITHOUT_FIGURES and "This release holds no row of this table." not in text
        for said in (*words.NOISE, *words.FEW_MEANS):
            assert text.count(said) == shows, page.name
        assert NOT_PROTECTED not in text and "Suppressed" not in text
        if 'id="explore"' in text:
            assert f'"below": {words.FEW}' in text and f'"mark": "{words.FEW_MARK}"' in text


def test_figures_that_are_not_protected_say_so_and_nothing_of_noise(release: Release, tmp_path: Path) -> None:
    site = rebuilt(release, tmp_path, protection=NOT_PROTECTED)
    assert len(list(site.glob("*.html"))) == len(list((release.path / "site").glob("*.html")))
    (workbook,) = (site / "downloads").glob("*.xlsx")
    notes = openpyxl.load_workbook(workbook, read_only=True).worksheets[0].values
    texts = {p.name: html.unescape(p.read_text(encoding="utf-8")) for p in site.glob("*.html")}
    texts[workbook.name] = " ".join(str(c) for row in notes for c in row if c)
    for name, text in texts.items():
        for said in words.PROTECTIONS[NOT_PROTECTED]:
            assert said in text, name
        for said in (
            words.NOISE[0],
            words.NOISE[1],
            words.FEW_MEANS[1],
            'class="few"',
            f'"below": {words.FEW}',
        ):
            assert said not in text, name


def test_targets_mark_the_registers_figures_of_few(release: Release) -> None:
    """Of eighteen persons every figure of the registers rests on few, and none of the statistics office's does."""
    text = (release.path / "site" / "index.html").read_text(encoding="utf-8")
    rows = duckdb.execute(
        "select province_code || '@' || area_version || '/' || indicator || '/' || sex || '/' || age_group || '/'"
        f" || urban_rural, basis, value is not null, other_value is not null from '{release.path}/tables/target_progress.parquet'"
    ).fetchall()
    marked: Counter[str] = Counter()
    for key, basis, has_value, has_other in rows:
        line = text.partition(f'<tr data-target="{key}">')[2].partition("</tr>")[0]
        cells = dict(re.findall(r'data-figure="(value|other)">(.*?)</td>', line, re.DOTALL))
        assert ('class="few"' in cells["value"]) == (basis == "register" and has_value), key
        assert ('class="few"' in cells["other"]) == (basis == "official" and has_other), key
        marked.update(k for k, cell in cells.items() if 'class="few"' in cell)
    assert marked["value"] and marked["other"]


def test_every_file_is_listed_with_its_hash(release: Release) -> None:
    listed = listed_files(release.path)
    assert listed is not None and {"site/index.html", "site/assets/charts.js", "quality/report.html"} <= set(
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
