"""Writing the site of a release: pages, data, charts, downloads, all below ``<release>/site``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from markupsafe import Markup

from releases.disclosure import PROTECTION
from releases.pages import words
from releases.pages.page import environment, style
from releases.site.charts_script import charts_script
from releases.site.data import write_shape
from releases.site.downloads import write_downloads
from releases.site.explorers import EXPLORERS, KINDS, LISTS, RESTS_ON, Explorer
from releases.site.reference import Reference
from releases.site.targets import provinces
from releases.site.vocabulary import DIMENSIONS, indicator_names, named_areas, vocabulary
from releases.tables import RELEASED
from sources.engine import connect

ASSETS = ("site.js", "site.css")
PAGES: tuple[Mapping[str, str], ...] = (
    {"file": "index.html", "vi": "Kế hoạch", "en": "Plan targets"},
    *({"file": f"{e.name}.html", "vi": e.vi, "en": e.en} for e in EXPLORERS),
    {"file": "../quality/report.html", "vi": "Chất lượng", "en": "Quality"},
    {"file": "dictionary.html", "vi": "Từ điển dữ liệu", "en": "Dictionary"},
    {"file": "downloads.html", "vi": "Tải về", "en": "Downloads"},
)


def build_site(release: Path, manifest: Mapping[str, Any], reference: Reference) -> None:
    """Write ``<release>/site`` from the tables of ``release``, which is still being built.

    Raises ``duckdb.Error`` if a table cannot be read. Nothing is fetched from anywhere, now or when it is read.
    """
    site = release / "site"
    assets = site / "assets"
    assets.mkdir(parents=True)
    for name in ASSETS:
        (assets / name).write_text(
            files("releases.pages").joinpath(f"templates/site/{name}").read_text("utf-8"), "utf-8"
        )
    (assets / "page.css").write_text(style(), "utf-8")
    (assets / "charts.js").write_text(charts_script(reference.kept), "utf-8")
    said = json.dumps(vocabulary(reference.dictionary), ensure_ascii=False, separators=(",", ":"))
    (assets / "words.js").write_text(f"labourdb.words = {said};\n", "utf-8")
    protected = manifest["protection"] == PROTECTION
    facts = {
        "release": manifest["release_id"],
        "period": manifest["period"],
        "published_at": manifest["published_at"],
        "protection": manifest["protection"],
        "protected": protected,
        "synthetic": manifest["synthetic"],
        "version": manifest["code"]["version"],
    }

    def page(template: str, file: str, **given: Any) -> None:
        text = environment().get_template(f"site/{template}").render(s=facts, pages=PAGES, here=file, **given)
        (site / file).write_text(text, "utf-8")

    with connect() as connection:
        for table in RELEASED:
            path = str(release / "tables" / f"{table}.parquet").replace("'", "''")
            connection.execute(f"create view {table} as from read_parquet('{path}')")
        page(
            "index.html",
            "index.html",
            provinces=provinces(
                connection,
                {b: indicator_names(reference.dictionary, b) for b in words.BASES},
                reference.areas,
                protected,
            ),
        )
        for explorer in EXPLORERS:
            areas = write_shape(connection, explorer.name, explorer.shape, reference.areas, site)
            page(
                "explore.html",
                f"{explorer.name}.html",
                e=_facts(facts["release"], explorer, named_areas(areas, reference.areas), protected),
            )
        downloads = write_downloads(
            connection, release, facts["release"], _notes(manifest, protected), reference
        )
    groups = [(group, list(found)) for group, found in groupby(downloads, key=lambda d: d.group)]
    page("downloads.html", "downloads.html", groups=groups)
    page("dictionary.html", "dictionary.html", d=reference.dictionary)


def _facts(
    release: str, explorer: Explorer, areas: list[Mapping[str, object]], protected: bool
) -> dict[str, Any]:
    """What the template and the page's script are told of a page."""
    views = [asdict(v) for v in explorer.views]
    stated = {
        "name": explorer.name,
        "release": release,
        "areas": areas,
        "filters": explorer.filters,
        "first": explorer.first,
        "not": explorer.leave_out,
        "views": views,
        "kinds": KINDS,
        "lists": LISTS,
        "few": {"below": words.FEW, "mark": words.FEW_MARK, "rests_on": RESTS_ON} if protected else None,
    }
    return {
        "vi": explorer.vi,
        "en": explorer.en,
        "about_vi": explorer.about_vi,
        "about_en": explorer.about_en,
        "filters": [{"name": f, "vi": DIMENSIONS[f][0], "en": DIMENSIONS[f][1]} for f in explorer.filters],
        "views": views,
        "trace": explorer.trace,
        "any": bool(areas),
        "page": Markup(json.dumps(stated, ensure_ascii=False).replace("<", "\\u003c")),
    }


def _notes(manifest: Mapping[str, Any], protected: bool) -> list[words.Pair]:
    """What must be known before a figure of the workbook is used."""
    notes = [
        (f"Bản công bố {manifest['release_id']}, kỳ số liệu {manifest['period']}", f"Release {manifest['release_id']}, reference period {manifest['period']}"),
        words.PROTECTIONS.get(manifest["protection"], (manifest["protection"],) * 2),
        *((words.NOISE, words.FEW_MEANS) if protected else ()),
        ("Thất nghiệp theo sổ đăng ký là thất nghiệp đăng ký, không theo chuẩn ILO.", "Unemployment of basis register is registered unemployment (not ILO)."),
        ("Trạng thái suppressed: trung vị tiền lương của quá ít người hoặc đơn vị, không công bố; provisional: sơ bộ; low_coverage: dưới 80 % dân số biết tình trạng, hoặc điều cần biết (giờ làm, ngành, trình độ) chỉ biết được của chưa đến một nửa số người.", "Status suppressed: a median wage of too few persons or employers, not shown; provisional: first figure of the quarter; low_coverage: the status of under 80 % of persons is known, or what it rests on (hours, section, level) of under half."),
        ("Bảng indicators có một trang tính cho mỗi nguồn (register: sổ đăng ký, official: thống kê chính thức) và đơn vị tính; trang headline chỉ gồm các dòng tổng. Các trang này chỉ có cả nước và các tỉnh; huyện và xã có trong CSV, Parquet và DuckDB. Trang không đủ chỗ thì chỉ có các kỳ mới nhất.", "The table indicators has a sheet for each basis (register, official) and unit; the sheet headline holds its totals alone. They hold country and provinces; districts and communes are in CSV, Parquet and DuckDB. A sheet that cannot take all rows holds the newest periods."),
        ("Không cộng cả cột: dòng total đã gồm các dòng khác, và mỗi số liệu đứng ở cả hai danh mục đơn vị hành chính. Hãy lọc từng cột trước. Mỗi trang xếp theo cột mã; vài dòng đầu có thể được đưa lên để phần mềm nhận đúng kiểu dữ liệu của mọi cột.", "Do not add up a whole column: rows at total hold the others, and every figure stands in both lists of areas. Filter each column first. Sheets are in the order of their codes; a few rows may be moved to the top, so that software sees the type of every column."),
    ]  # fmt: skip
    if manifest["synthetic"]:
        notes.insert(1, ("DỮ LIỆU MÔ PHỎNG", "SYNTHETIC DATA"))
    return notes
