"""A page for every indicator: what it is, both sources side by side, by place and sex, and its entry in the dictionary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from releases.pages.words import Pair
from releases.site import findings
from releases.site.context import Site
from releases.site.drawing import Line, lines
from releases.site.figures import Figure
from releases.site.measure_names import MEASURES
from releases.site.places import Place
from releases.site.short_names import LIST, PLAIN, indicator_page, short_name
from releases.site.targets import SINCE_JANUARY
from releases.site.topics import TOPICS

MOST_COMPARED = 6  # places with charts of their own; all of them stand in the table
NATIONAL = Place(
    "2024",
    "country",
    "VN",
    ("Cả nước (thống kê chính thức)", "Viet Nam (official statistics)"),
    "Cả nước",
    None,
)


def known_indicators(site: Site) -> list[str]:
    """Indicators of either source that the release holds or has a target of, in the order of the dictionary, then of their names."""
    there = {i for _, i in site.figures.units} | {t.indicator for t in site.targets}
    ordered = [i.name for i in site.reference.dictionary.indicators if i.name in there]
    return ordered + sorted(there - set(ordered))


def write_indicators(site: Site) -> None:
    """Write the list of indicators by topic, and the page of each."""
    title = ("Chỉ tiêu A–Z", "Indicators A–Z")
    known = known_indicators(site)
    groups = [(t.title, [i for i in t.indicators if i in known]) for t in TOPICS]
    grouped = {i for _, of in groups for i in of}
    groups.append((("Thống kê chính thức", "Official statistics"), [i for i in known if i not in grouped]))
    site.page(
        "lists.html", LIST, "indicators", title, title,
        groups=[
            {"name": name, "file": None, "note": None, "entries": [(indicator_page(i), full_name(site, i)) for i in of]}
            for name, of in groups if of
        ],
    )  # fmt: skip
    for indicator in known:
        if PLAIN.fullmatch(indicator):
            _write(site, indicator)


def full_name(site: Site, indicator: str) -> Pair:
    """The name the dictionary gives; of what statistics offices alone publish the short one."""
    for i in site.reference.dictionary.indicators:
        if i.name == indicator:
            return i.name_vi, i.name_en
    return short_name(indicator, "official")


def _write(site: Site, indicator: str) -> None:
    entry = next((i for i in site.reference.dictionary.indicators if i.name == indicator), None)
    units = site.figures.units
    unit = units.get(("register", indicator), units.get(("official", indicator), "percent"))
    country, provinces = site.country, site.provinces()
    shown = [*([country] if country and len(provinces) > 1 and country.of else []), *provinces][
        :MOST_COMPARED
    ]
    compared = [c for p in shown if (c := _compared(site, p, indicator))]
    national = _compared(site, NATIONAL, indicator) if site.figures.years(NATIONAL.key, indicator) else None
    if national:
        compared.append({**national, "register": None, "key": "cả-nước", "file": LIST})
    rows = [_row(site, p, indicator) for p in _listed(site)]
    rows = [r for r in rows if any(f is not None for f in r["figures"])]
    table = ""
    if rows:
        name = short_name(indicator, "register")
        table = site.tables.write(
            f"indicator-{indicator}",
            [("Nơi", "Place"), ("Mã", "Code"), name, ("Nữ", "Women"), ("Nam", "Men"), ("So với một năm trước", "Against a year before")],
            [(r["place"].name, r["place"].key, *(f.value if f else None for f in r["figures"]), r["change"]) for r in rows],
        )  # fmt: skip
    title = full_name(site, indicator)
    definition = (entry.definition_vi, entry.definition_en) if entry else (
        "Do cơ quan thống kê công bố; ở đây dẫn lại nguyên trị.", "Published by the statistics office; passed on as it is.",
    )  # fmt: skip
    site.page(
        "indicator.html", indicator_page(indicator), "indicators", title, definition,
        title_pair=title, indicator=indicator, unit=unit, official_unit=units.get(("official", indicator), unit),
        definition=definition, formula=formula_in_words(entry.formula) if entry else None, compared=compared, rows=rows,
        places_table=table, since_january=indicator in SINCE_JANUARY, entry=entry, has_places=("register", indicator) in units,
        explore=urlencode({"area": shown[0].key, "indicator": indicator}) if shown else "",
        concept=(entry.concept_vi, entry.concept_en) if entry else None,
        caveat=(entry.caveat_vi, entry.caveat_en) if entry else None,
        sources=findings.joined([site.source_titles.get(n, (n, n)) for n in entry.supplied_by], (", ", ", ")) if entry else None,
    )  # fmt: skip


def formula_in_words(formula: str) -> Pair:
    """A formula of measures with the words people use for them; a measure without a word keeps its name."""
    said = []
    for language in (0, 1):
        text = formula
        for name, words in sorted(MEASURES.items(), key=lambda item: -len(item[0])):
            text = re.sub(rf"\b{name}\b", words[language], text)
        said.append(text.replace(" / ", " ÷ "))
    return said[0], said[1]


def _listed(site: Site) -> list[Place]:
    """Places in the table of an indicator: all together, provinces of both lists, districts below theirs."""
    found = [site.country] if site.country else []
    for version in ("2024", "2025"):
        for province in site.provinces(version):
            found += [province, *site.within(province, "district")]
    return found


def _row(site: Site, place: Place, indicator: str) -> Mapping[str, Any]:
    figures = [
        site.figures.last("register", place.key, indicator, sex) for sex in ("total", "female", "male")
    ]
    series = site.figures.series("register", place.key, indicator)
    change = None
    if len(series) > 4 and series[-1].value is not None and (before := series[-5].value) is not None:
        change = round(series[-1].value - before, 2)
    return {"place": place, "figures": figures, "change": change}


def _compared(site: Site, place: Place, indicator: str) -> Mapping[str, Any] | None:
    """Both sources of a place as charts, each with the table behind it."""
    unit = site.figures.units.get(("register", indicator), "percent")
    quarters = site.figures.series("register", place.key, indicator) if place is not NATIONAL else ()
    years = site.figures.years(place.key, indicator) if place.level == "province" or place is NATIONAL else []
    if not quarters and not years:
        return None
    name = short_name(indicator, "register")
    drawn = lines([Line(("", ""), "a", quarters)], unit)
    if drawn and indicator in SINCE_JANUARY:
        drawn = lines([Line((f[0].period[:4],) * 2, "a", f) for f in _by_year(quarters)], unit)
    official = lines(
        [Line(("", ""), "a", years)], site.figures.units.get(("official", indicator), unit), interval=True
    )
    key = f"{place.version}-{place.code}"
    return {
        "key": place.key, "name": place.name, "file": place.file, "finding": _finding(years),
        "register": drawn, "official": official,
        "register_table": _table(site, f"register-{indicator}-{key}", name, quarters) if drawn else "",
        "official_table": _table(site, f"official-{indicator}-{key}", short_name(indicator, "official"), years) if official else "",
    }  # fmt: skip


def _by_year(quarters: Any) -> list[list[Figure]]:
    """Quarters year by year: what counts from January is a line within its year."""
    years = sorted({f.period[:4] for f in quarters})
    return [[f for f in quarters if f.period.startswith(y)] for y in years]


def _finding(years: Any) -> Pair | None:
    went = findings.direction(years)
    return (
        findings.say("Thống kê chính thức: {went}.", "Official statistics: {went}.", went=went)
        if went
        else None
    )


def _table(site: Site, name: str, of: Pair, series: Any) -> str:
    header = [("Kỳ", "Period"), of, ("Tử số", "Numerator"), ("Mẫu số", "Denominator"), ("Cận dưới", "Lower limit"), ("Cận trên", "Upper limit"), ("Trạng thái", "Status")]  # fmt: skip
    return site.tables.write(
        name, header, [(f.period, f.value, f.count, f.of, f.low, f.high, f.status) for f in series]
    )
