"""A page for every place: what it is, against what, its parts, women and men, transitions, and what is not there yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from releases.pages import words
from releases.pages.words import Pair
from releases.site import findings
from releases.site.chance import wilson
from releases.site.changes import Changes
from releases.site.context import Site
from releases.site.drawing import Line, dots, gaps_of, lines, spark
from releases.site.figures import Figure
from releases.site.findings import Amount, Part, say
from releases.site.home import table_of_targets
from releases.site.places import Place
from releases.site.short_names import short_name
from releases.site.targets import by_verdict
from releases.tables import rows_of

TILES = ("labour_force", "unemployment_rate", "si_coverage", "median_wage")
RANKED = ("unemployment_rate", "si_coverage", "trained_certificate_share")
BY_SEX = ("trained_share", "median_wage")
STATUSES = ("employed", "unemployed", "inactive", "abroad", "unknown")
SECTIONS: Mapping[str, Pair] = {
    "targets": ("Kế hoạch", "The plan"),
    "parts": ("Các nơi", "Places within"),
    "sexes": ("Nữ và nam", "Women and men"),
    "flows": ("Chuyển đổi tình trạng", "Transitions"),
    "release": ("Bản công bố này", "This release"),
}


def write_places(site: Site, changes: Changes) -> None:
    """Write the list of places and a page for each but communes, which stand on the page of what they lie in."""
    title = ("Địa bàn", "Places")
    groups: list[dict[str, Any]] = []
    for version in ("2024", "2025"):
        for province in site.provinces(version):
            inner = site.within(province, "district" if version == "2024" else "commune")
            linked = version == "2024"
            groups.append({
                "name": province.name, "file": province.file, "note": words.AREA_VERSIONS[version],
                "entries": [(d.file if linked else f"{province.file}#parts", (d.short, d.short)) for d in inner],
            })  # fmt: skip
    country = site.country
    if country is not None:
        groups.insert(0, {"name": country.name, "file": country.file, "note": None, "entries": []})
    site.page("lists.html", "places.html", "places", title, title, groups=groups)
    for place in site.places.values():
        if place.level != "commune":
            _write(site, place, changes)


def _write(site: Site, place: Place, changes: Changes) -> None:
    found = [t for t in site.targets if t.area == place.key]
    tiles = [_tile(site, place, i) for i in TILES]
    parts = _parts(site, place)
    sexes = [s for i in BY_SEX if (s := _by_sex(site, place, i))]
    matrix = _matrix(site, place)
    coverage = site.figures.last("register", place.key, "status_coverage")
    said = [s for s in [findings.targets_met(place.short, found)] if s]
    said = [(f"{v}.", f"{e}.") for v, e in said]
    for rule in (findings.undecided, findings.contradicted):
        sentence = rule(found)
        said += [sentence] if sentence else []
    if not found:
        said += _beside_parent(site, place)
    if parts and parts["findings"]:
        said.append(parts["findings"][0])
    there = {"targets": found, "parts": parts, "sexes": sexes, "flows": matrix, "release": True}
    site.page(
        "place.html", place.file, "places", place.name, findings.joined(said, (" ", " ")) if said else place.name,
        place=place, above=_above(site, place), other_list=_other_list(site, place), findings=said,
        groups=by_verdict(found), gaps=gaps_of(found), targets_table=table_of_targets(site, place, found) if found else "",
        tiles=tiles, is_provisional=any(t["last"] and t["last"].is_provisional for t in tiles),
        coverage=coverage.value if coverage else None, parts=parts, sexes=sexes, matrix=matrix,
        sections=[(i, name) for i, name in SECTIONS.items() if there[i]],
        changed=changes.of(place.key), missing=_missing(place, parts, sexes, matrix),
    )  # fmt: skip


def _above(site: Site, place: Place) -> list[Place]:
    found: list[Place] = []
    here = place
    while here.parent is not None and (above := site.places.get(f"{here.parent}@{here.version}")) is not None:
        found.insert(0, above)
        here = above
    return found


def _other_list(site: Site, place: Place) -> list[Place]:
    """The same ground in the other list of areas."""
    if place.level == "country":
        return [p for p in site.places.values() if p.level == "country" and p.version != place.version]
    if place.level != "province":
        return []
    return [
        p for p in site.provinces("2025" if place.version == "2024" else "2024") if set(p.of) & set(place.of)
    ]


def _tile(site: Site, place: Place, indicator: str) -> Mapping[str, Any]:
    """A figure with its line over time, what it was a year before, and the same of the parent and of sisters."""
    series = site.figures.series("register", place.key, indicator)
    unit = site.figures.units.get(("register", indicator), "percent")
    last = series[-1] if series else None
    since = None
    if (
        last is not None
        and last.value is not None
        and len(series) > 4
        and (before := series[-5]).value is not None
    ):
        scale, digits, by = (1e6, 2, ("triệu", "million")) if unit == "VND" else (1.0, 1, ("điểm", "points")) if unit.startswith("percent") else (1.0, 0, ("người", "persons"))  # fmt: skip
        change = round(
            round(last.value / scale, digits) - round((before.value or 0.0) / scale, digits), digits
        )
        since = say(
            "{change} {by} so với {period}", "{change} {by} since {period}", change=Amount(change, digits, is_signed=True), by=by,
            period=_quarter(before.period),
        )  # fmt: skip
    sisters = [
        p
        for p in site.places.values()
        if p.version == place.version and p.level == "province" and p is not place
    ][:2]
    if place.level == "district":
        sisters = [p for p in [site.places.get(f"{place.parent}@{place.version}")] if p]
    beside = (
        [(p.short, site.figures.last("register", p.key, indicator)) for p in sisters]
        if place.level != "country"
        else []
    )
    return {
        "indicator": indicator, "unit": unit, "last": last, "since": since, "drawn": spark(series, unit, 220, 36), "beside": beside,
    }  # fmt: skip


def _quarter(period: str) -> Pair:
    year, _, quarter = period.partition("Q")
    return f"quý {('', 'I', 'II', 'III', 'IV')[int(quarter)]}/{year}", f"{year} Q{quarter}"


def _beside_parent(site: Site, place: Place) -> list[Pair]:
    """Of a place without targets: where its headline shares differ from those of what it lies in, beyond chance."""
    parent = site.places.get(f"{place.parent}@{place.version}") if place.parent else None
    if parent is None or place.level == "province":
        return []
    said = []
    for indicator in RANKED:
        here, whole = (site.figures.last("register", p.key, indicator) for p in (place, parent))
        if (
            here is None
            or whole is None
            or not findings.different_parts([Part("", here)], whole, len(RANKED))
        ):
            continue
        higher = (here.value or 0.0) > (whole.value or 0.0)
        said.append(say(
            "{what} {here} %, {how} mức chung của {parent} ({whole} %).", "{what} {here} %, {how} {parent} as a whole ({whole} %).",
            what=short_name(indicator, "register"), here=Amount(here.value or 0.0, 1), whole=Amount(whole.value or 0.0, 1),
            how=("cao hơn", "above") if higher else ("thấp hơn", "below"), parent=parent.short,
        ))  # fmt: skip
    return said or [say(
        "Không chỉ tiêu nào dưới đây khác mức chung của {parent} quá mức dao động ngẫu nhiên.",
        "None of the shares below differs from {parent} as a whole by more than chance.",
        parent=parent.short,
    )]  # fmt: skip


def _parts(site: Site, place: Place) -> Mapping[str, Any] | None:
    """The places within a place, ranked by the first measure, with intervals and the whole's level."""
    level = {
        "country": "province",
        "province": "district" if place.version == "2024" else "commune",
        "district": "commune",
    }
    inner = site.within(place, level[place.level])
    if not inner:
        return None
    figures = {i: [(p, site.figures.last("register", p.key, i)) for p in inner] for i in RANKED}
    comparisons = sum(f is not None and bool(f.of) for found in figures.values() for _, f in found)
    measures: list[dict[str, Any]] = []
    said: list[Pair] = []
    for indicator, found in figures.items():
        whole = site.figures.last("register", place.key, indicator)
        drawn = dots([(p.short, f) for p, f in found], whole)
        parts = [Part(p.short, f, p.key) for p, f in found if f is not None and f.value is not None]
        apart = {p.key for p in findings.different_parts(parts, whole, comparisons)}
        measures.append({"indicator": indicator, "parent": whole, "drawn": drawn, "apart": apart})
        sentence = findings.parts_differ(short_name(indicator, "register"), parts, whole, comparisons)
        said += [sentence] if sentence else []
    rows: list[dict[str, Any]] = []
    for n, part in enumerate(inner):
        cells = []
        for m, found in zip(measures, figures.values(), strict=True):
            scale, places = m["drawn"] or (None, [])
            cells.append({
                "figure": found[n][1], "drawn": places[n] if places else None, "scale": scale,
                "parent": m["parent"].value if m["parent"] else None, "apart": part.key in m["apart"],
            })  # fmt: skip
        rows.append({"place": part, "linked": part.level != "commune", "cells": cells})
    rows.sort(key=lambda r: -_value(r["cells"][0]["figure"]))
    called = {
        "province": ("Các tỉnh", "Provinces"),
        "district": ("Các huyện", "Districts"),
        "commune": ("Các xã", "Communes"),
    }
    return {
        "title": findings.places_apart(called[inner[0].level], sum(len(m["apart"]) for m in measures), comparisons), "findings": said, "measures": measures, "rows": rows,
        "note": say("{n} phép so sánh ở bảng này.", "{n} comparisons in this table.", n=comparisons),
        "table": site.tables.write(
            f"parts-{place.version}-{place.code}",
            [("Nơi", "Place"), ("Mã", "Code"), *(
                column for i in RANKED for column in (
                    short_name(i, "register"),
                    *((f"{short_name(i, 'register')[0]}: {vi}", f"{short_name(i, 'register')[1]}: {en}")
                      for vi, en in (("mẫu số", "denominator"), ("cận dưới", "lower limit"), ("cận trên", "upper limit"))),
                )
            )],
            [(p.short, p.key, *(v for i in RANKED for v in _with_limits(dict(figures[i])[p]))) for p in inner],
        ),
    }  # fmt: skip


def _value(figure: Figure | None) -> float:
    return figure.value if figure is not None and figure.value is not None else float("-inf")


def _with_limits(figure: Figure | None) -> tuple[float | None, ...]:
    if figure is None or figure.value is None or not figure.of:
        return (None,) * 4
    return (figure.value, figure.of, *wilson(figure.count or 0.0, figure.of))


def _by_sex(site: Site, place: Place, indicator: str) -> Mapping[str, Any] | None:
    """Women and men over time on one chart."""
    unit = site.figures.units.get(("register", indicator), "percent")
    women, men = (site.figures.series("register", place.key, indicator, sex) for sex in ("female", "male"))
    drawn = lines([Line(("Nữ", "Women"), "women", women), Line(("Nam", "Men"), "men", men)], unit)
    how = findings.women_and_men(women, men, unit)
    if drawn is None or how is None:
        return None
    name = short_name(indicator, "register")
    return {
        "title": say("{name}: {how}", "{name}: {how}", name=name, how=how), "unit": unit, "chart": drawn,
        "unit_said": ("triệu đồng mỗi tháng", "million VND a month") if unit == "VND" else ("phần trăm", "per cent"),
        "foot": (
            "Sổ đăng ký hành chính; điểm rỗng là sơ bộ." + (" Trục không bắt đầu từ 0." if drawn["is_broken"] else ""),
            "Administrative registers; hollow points are provisional." + (" The axis does not start at 0." if drawn["is_broken"] else ""),
        ),
        "table": site.tables.write(
            f"sexes-{indicator}-{place.version}-{place.code}",
            [("Giới tính", "Sex"), ("Kỳ", "Period"), name, ("Trạng thái", "Status")],
            [(words.SEXES[sex], f.period, f.value, words.STATUSES.get(f.status, (f.status,) * 2))
             for sex, found in (("female", women), ("male", men)) for f in found],
        ),
    }  # fmt: skip


def _matrix(site: Site, place: Place, lag: str = "quarter") -> Mapping[str, Any] | None:
    """From which status to which in the latest quarter."""
    if place.level not in ("country", "province"):
        return None
    found = rows_of(
        site.connection,
        "select period, from_status, to_status, persons, share from transitions where lag = $lag and area_code = $code"
        " and area_version = $version and sex = 'total' and age_group = 'total'"
        " and period = (select max(period) from transitions)",
        {"lag": lag, "code": place.code, "version": place.version},
    )
    known = {(r["from_status"], r["to_status"]): r for r in found}
    there = [s for s in STATUSES if any(s in pair and r["share"] is not None for pair, r in known.items())]
    if not there:
        return None
    period = found[0]["period"]
    hired = known.get(("unemployed", "employed"))
    title = findings.out_of_a_hundred(hired["share"] if hired else None, lag) or SECTIONS["flows"]
    year, quarter = int(period[:4]), int(period[-1])
    return {
        "title": title, "statuses": there, "after": period,
        "before": f"{year}Q{quarter - 1}" if quarter > 1 else f"{year - 1}Q4",
        "rows": [(f, [known.get((f, t)) for t in there]) for f in there],
        "table": site.tables.write(
            f"transitions-{place.version}-{place.code}",
            [("Từ", "From"), ("Sang", "To"), ("Số người", "Persons"), ("Tỷ lệ (%)", "Share (%)")],
            [(words.LABOUR_STATUSES[r["from_status"]], words.LABOUR_STATUSES[r["to_status"]], r["persons"], r["share"]) for r in found],
        ),
    }  # fmt: skip


def _missing(place: Place, parts: object, sexes: Sequence[object], matrix: object) -> list[Pair]:
    """What such a page usually has and this one has not."""
    said: list[Pair] = []
    if place.level in ("country", "province") and not matrix:
        said.append(("Chuyển đổi tình trạng: cần hai quý có số liệu bảo hiểm.", "Transitions: two quarters with insurance are needed."))  # fmt: skip
    if not sexes:
        said.append(("Nữ và nam: cấp này chỉ có tổng số, hoặc chưa đủ hai kỳ.", "Women and men: this level has totals alone, or under two periods."))  # fmt: skip
    if not parts and place.level != "commune":
        said.append(("Các nơi bên trong: chưa có số liệu.", "Places within: no figures."))
    return said
