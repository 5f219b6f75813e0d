"""What every page of a release's site is made from, and how a page is written in a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment

from releases.pages.page import LANGUAGES, environment
from releases.pages.words import Pair
from releases.site.drawing import spark
from releases.site.figures import Figures
from releases.site.findings import direction
from releases.site.places import COUNTRY, COVERED, Place
from releases.site.reference import Reference
from releases.site.short_names import LIST, indicator_page, short_name
from releases.site.tables_behind import TablesBehind
from releases.site.targets import KINDS, Target

MENU: tuple[Mapping[str, str], ...] = (
    {"name": "home", "file": "index.html", "vi": "Tổng quan", "en": "Overview"},
    {"name": "topics", "file": "topics.html", "vi": "Chủ đề", "en": "Topics"},
    {"name": "places", "file": "places.html", "vi": "Địa bàn", "en": "Places"},
    {"name": "indicators", "file": LIST, "vi": "Chỉ tiêu A–Z", "en": "Indicators A–Z"},
    {
        "name": "methods",
        "file": "methods.html",
        "vi": "Phương pháp và chất lượng",
        "en": "Methods and quality",
    },
    {"name": "downloads", "file": "downloads.html", "vi": "Tải dữ liệu", "en": "Downloads"},
)


@dataclass(frozen=True)
class Site:
    """A site that is being made: the release's views in ``connection``, its figures, places and targets, and where it goes."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    manifest: Mapping[str, Any]
    facts: Mapping[str, Any]
    reference: Reference
    figures: Figures
    places: Mapping[str, Place]
    targets: Sequence[Target]
    tables: TablesBehind

    def page(
        self, template: str, file: str, section: str, title: Pair, description: Pair, **given: Any
    ) -> None:
        """Write a page in both languages: the same ``file`` in each language's folder.

        ``title`` and ``description`` are what a browser, a search engine and a shared link say of it.
        """
        for number, language in enumerate(LANGUAGES):
            text = self.templates(language).get_template(f"site/{template}").render(
                s=self.facts, menu=MENU, here=file, section=section, title=title[number],
                description=description[number] or title[number], **given,
            )  # fmt: skip
            (self.folder / language / file).write_text(text, "utf-8")

    @staticmethod
    def templates(language: Any) -> Environment:
        """The templates of a language, with what pages of the site call beside what all pages do."""
        made = environment(language)
        number = LANGUAGES.index(language)
        made.globals |= {
            "short": short_name,
            "indicator_page": indicator_page,
            "kinds": KINDS,
            "spark": spark,
            "direction": direction,
        }
        made.filters |= {
            "said": lambda pair: pair[number],
            "roman": lambda q: ("", "I", "II", "III", "IV")[int(q)],
        }
        return made

    @property
    def source_titles(self) -> Mapping[str, Pair]:
        """What sources are called."""
        return {t.name: (t.title_vi, t.title_en) for t in self.reference.dictionary.sources}

    @property
    def country(self) -> Place | None:
        """All that is published together, in the list of 2024; None where the registers have nothing."""
        return self.places.get(f"{COUNTRY}@2024") or self.places.get(f"{COVERED}@2024")

    def provinces(self, version: str = "2024") -> list[Place]:
        """Provinces with a register of their own."""
        return [p for p in self.places.values() if p.level == "province" and p.version == version]

    def within(self, place: Place, level: str) -> list[Place]:
        """Places of a level that lie directly in one, by name."""
        found = [
            p
            for p in self.places.values()
            if p.version == place.version and p.level == level and p.parent == place.code
        ]
        return sorted(found, key=lambda p: (p.short, p.code))
