"""The six topics, and the page of each: a finding, one chart, and every indicator of it by province."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from releases.pages.words import Pair
from releases.site import findings
from releases.site.context import Site
from releases.site.drawing import Line, lines, spark
from releases.site.explorers import EXPLORERS
from releases.site.short_names import indicator_page, short_name
from releases.site.targets import SINCE_JANUARY

LOOKS = ("a", "b", "c", "d")  # of lines, in the style sheet


@dataclass(frozen=True)
class Topic:
    """A topic: its page's name, title, the indicators in the order they are shown (the first is drawn), its explorers."""

    name: str
    title: Pair
    indicators: tuple[str, ...] = ()
    explorers: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Its page."""
        return f"topic-{self.name}.html"


TOPICS = (
    Topic("employment", ("Việc làm và thất nghiệp", "Employment and unemployment"),
          ("unemployment_rate", "labour_force", "employed", "unemployed", "participation_rate", "underemployment_rate",
           "agriculture_share", "inactive", "abroad", "status_unknown", "status_coverage", "population_15_plus"), ("indicators", "places")),
    Topic("mobility", ("Dịch chuyển lao động", "Labour mobility"), (), ("flows", "transitions")),
    Topic("training", ("Đào tạo", "Training"), ("trained_share", "trained_certificate_share", "retrained_share"), ("outcomes",)),
    Topic("insurance", ("Bảo hiểm và tiền lương", "Insurance and wages"),
          ("si_coverage", "si_voluntary_share", "ui_coverage", "formal_share", "median_wage")),
    Topic("supply-demand", ("Cung cầu và dự báo", "Supply, demand and forecasts")),
    Topic("groups", ("Nhóm và khu công nghiệp", "Groups and industrial zones")),
)  # fmt: skip


def there(site: Site) -> list[Mapping[str, Any]]:
    """Topics the release has something of: title, file, indicators with figures, explorers with their names."""
    country = site.country
    explorers = {e.name: (e.file, (e.vi, e.en)) for e in EXPLORERS}
    found: list[Mapping[str, Any]] = []
    for topic in TOPICS:
        indicators = [
            i for i in topic.indicators if country and site.figures.series("register", country.key, i)
        ]
        if indicators or topic.explorers:
            found.append({
                "topic": topic, "title": topic.title, "file": topic.file, "indicators": indicators, "basis": "register",
                "explorers": [explorers[e] for e in topic.explorers],
            })  # fmt: skip
    return found


def write_topics(site: Site) -> None:
    """Write the list of topics, and a page for each."""
    known = there(site)
    title = ("Chủ đề", "Topics")
    site.page(
        "lists.html", "topics.html", "topics", title, title,
        groups=[{
            "name": t["title"], "file": t["file"], "note": None,
            "entries": [(indicator_page(i), short_name(i, "register")) for i in t["indicators"]] + t["explorers"],
        } for t in known],
    )  # fmt: skip
    for topic in known:
        _write(site, topic)


def _write(site: Site, topic: Mapping[str, Any]) -> None:
    indicators, provinces = topic["indicators"], site.provinces()
    units = site.figures.units
    said: list[Pair] = []
    drawn, unit, table, lead_name = None, "percent", "", ("", "")
    if indicators:
        first = indicators[0]
        unit, lead_name = units["register", first], short_name(first, "register")
        series = [(p, site.figures.series("register", p.key, first)) for p in provinces[: len(LOOKS)]]
        drawn = lines(
            [Line((p.short, p.short), look, f) for (p, f), look in zip(series, LOOKS, strict=False)],
            unit,
            760,
            280,
        )
        table = site.tables.write(
            f"topic-{topic['topic'].name}", [("Nơi", "Place"), ("Kỳ", "Period"), lead_name, ("Trạng thái", "Status")],
            [(p.name, f.period, f.value, f.status) for p, found in series for f in found],
        )  # fmt: skip
        for place in provinces[:4]:
            parts = [
                findings.Part(d.short, f) for d in site.within(place, "district")
                if (f := site.figures.last("register", d.key, first)) is not None and f.of
            ]  # fmt: skip
            whole = site.figures.last("register", place.key, first)
            comparisons = sum(len(site.within(p, "district")) for p in provinces[:4])
            sentence = findings.parts_differ((place.short, place.short), parts, whole, comparisons)
            said += [sentence] if sentence else []
    rows = [
        {"indicator": i, "unit": units["register", i], "cells": [
            {
                "last": site.figures.last("register", p.key, i),
                "drawn": None if i in SINCE_JANUARY else spark(site.figures.series("register", p.key, i), units["register", i], 110),
            }
            for p in provinces[:4]
        ]}
        for i in indicators
    ]  # fmt: skip
    lead = [(f"{lead_name[0]}: ", f"{lead_name[1]}: ")] if said else []
    site.page(
        "topic.html", topic["file"], "topics", topic["title"], findings.joined([*lead, *said], (" ", " ")) if said else topic["title"],
        findings=[*lead, *said], drawn=drawn, unit=unit, lead_name=lead_name, table=table, lines=rows, provinces=provinces[:4],
        explorers=topic["explorers"],
    )  # fmt: skip
