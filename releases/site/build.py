"""Writing the site of a release: pages in both languages, data, tables behind pictures, downloads, all below ``<release>/site``."""

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
from releases.pages.page import LANGUAGES, style
from releases.quality.facts import release_facts
from releases.site.changes import changes_since, write_changes
from releases.site.context import Site
from releases.site.data import write_shape
from releases.site.downloads import write_downloads
from releases.site.explorers import EXPLORERS, KINDS, LISTS, RESTS_ON, Explorer
from releases.site.figures import Figures
from releases.site.home import write_home
from releases.site.indicator_pages import write_indicators
from releases.site.methods import write_methods
from releases.site.place_pages import write_places
from releases.site.places import places
from releases.site.reference import Reference
from releases.site.search import write_search
from releases.site.tables_behind import TablesBehind
from releases.site.targets import targets
from releases.site.topics import write_topics
from releases.site.vocabulary import DIMENSIONS, indicator_names, named_areas, vocabulary
from releases.tables import RELEASED
from sources.engine import connect

ASSETS = ("site.js", "explore.js", "site.css", "card-vi.svg", "card-en.svg")


def build_site(release: Path, manifest: Mapping[str, Any], reference: Reference) -> None:
    """Write ``<release>/site`` from the tables of ``release``, which is still being built.

    ``index.html`` leads to the Vietnamese pages in ``vi/``; those of ``en/`` are the same in English. Raises ``duckdb.Error``
    if a table cannot be read. Nothing is fetched from anywhere, now or when it is read.
    """
    folder = release / "site"
    for part in ("assets", *LANGUAGES):
        (folder / part).mkdir(parents=True)
    templates = files("releases.pages").joinpath("templates/site")
    for name in ASSETS:
        (folder / "assets" / name).write_text(templates.joinpath(name).read_text("utf-8"), "utf-8")
    (folder / "assets" / "page.css").write_text(style(), "utf-8")
    (folder / "index.html").write_text(templates.joinpath("door.html").read_text("utf-8"), "utf-8")
    said = json.dumps(vocabulary(reference.dictionary), ensure_ascii=False, separators=(",", ":"))
    (folder / "assets" / "words.js").write_text(f"labourdb.words = {said};\n", "utf-8")
    with connect() as connection:
        for table in RELEASED:
            path = str(release / "tables" / f"{table}.parquet").replace("'", "''")
            connection.execute(f"create view {table} as from read_parquet('{path}')")
        site = Site(
            connection, folder, manifest, _facts(manifest), reference, Figures(connection), places(connection, reference),
            targets(connection, {b: indicator_names(reference.dictionary, b) for b in words.BASES}), TablesBehind(folder),
        )  # fmt: skip
        changes = changes_since(connection, release, manifest)
        write_home(site, changes.said)
        write_topics(site)
        write_places(site, changes)
        write_indicators(site)
        write_methods(site)
        write_changes(site, changes, release)
        write_search(site)
        _write_explorers(site)
        _write_downloads(site, release)
    title = ("Từ điển dữ liệu", "Data dictionary")
    site.page(
        "dictionary.html",
        "dictionary.html",
        "methods",
        title,
        title,
        d=reference.dictionary,
        official=words.OFFICIAL_INDICATORS,
    )
    title = ("Báo cáo chất lượng", "Quality report")
    site.page(
        "quality.html",
        "quality.html",
        "methods",
        title,
        title,
        f=release_facts(release, manifest),
        quality="../../quality/",
    )


def _facts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What every page says of its release."""
    return {
        "release": manifest["release_id"],
        "period": manifest["period"],
        "published_at": manifest["published_at"],
        "protection": manifest["protection"],
        "protected": manifest["protection"] == PROTECTION,
        "synthetic": manifest["synthetic"],
        "version": manifest["code"]["version"],
    }


def _write_explorers(site: Site) -> None:
    """Write the pages on which people choose, and their data, which both languages share."""
    for explorer in EXPLORERS:
        areas = write_shape(site.connection, explorer.name, explorer.shape, site.reference.areas, site.folder)
        title = (explorer.vi, explorer.en)
        site.page(
            "explore.html", explorer.file, "topics", title, (explorer.about_vi, explorer.about_en),
            e=_stated(site, explorer, named_areas(areas, site.reference.areas, site.places)),
        )  # fmt: skip


def _stated(site: Site, explorer: Explorer, areas: list[Mapping[str, object]]) -> dict[str, Any]:
    """What the template and the page's script are told of a page."""
    views = [asdict(v) for v in explorer.views]
    stated = {
        "name": explorer.name,
        "release": site.facts["release"],
        "areas": areas,
        "filters": explorer.filters,
        "first": explorer.first,
        "not": explorer.leave_out,
        "views": views,
        "kinds": KINDS,
        "lists": LISTS,
        "few": {"below": words.FEW, "mark": words.FEW_MARK, "rests_on": RESTS_ON}
        if site.facts["protected"]
        else None,
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


def _write_downloads(site: Site, release: Path) -> None:
    found = write_downloads(
        site.connection, release, site.manifest, site.reference, site.places, site.targets
    )
    groups = [(group, list(of)) for group, of in groupby(found, key=lambda d: d.group)]
    title = ("Tải dữ liệu", "Downloads")
    site.page("downloads.html", "downloads.html", "downloads", title, title, groups=groups)
