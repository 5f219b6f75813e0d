"""The first page: where each province stands, and what is easily misread."""

from __future__ import annotations

from collections.abc import Sequence

from releases.pages.words import Pair
from releases.site import findings
from releases.site.context import Site
from releases.site.drawing import gaps_of
from releases.site.places import IN_VIET_NAM, Place
from releases.site.targets import Target, by_verdict
from releases.site.topics import there

HEADER: tuple[Pair, ...] = (
    ("Chỉ tiêu", "Target"), ("Nhóm", "Group"), ("Năm", "Year"), ("Nguồn", "Basis"), ("Kết luận", "Verdict"), ("Thực hiện", "Figure"),
    ("So sánh", "Comparator"), ("Mục tiêu", "Target value"), ("Chênh lệch", "Gap"), ("Cận dưới", "Lower limit"), ("Cận trên", "Upper limit"),
    ("Nguồn đối chiếu", "Other source"), ("Đơn vị", "Unit"),
)  # fmt: skip


def table_of_targets(site: Site, place: Place, found: Sequence[Target]) -> str:
    """Write the table behind a province's targets."""
    from releases.pages import words

    rows = [
        (
            t.name, findings.joined(t.group, (", ", ", ")) if t.group else "", t.year, words.BASES[t.basis], words.VERDICTS[t.verdict],
            t.value, t.comparator, t.target, t.gap, t.low, t.high, t.other, words.UNITS.get(t.unit, (t.unit, t.unit)),
        )
        for _, group in by_verdict(found) for t in group
    ]  # fmt: skip
    return site.tables.write(f"targets-{place.version}-{place.code}", HEADER, rows)


def write_home(site: Site, changed: Pair) -> None:
    """Write ``index.html``; ``changed`` says in a sentence what changed since the last release."""
    provinces = []
    said: list[Pair] = []
    lead: list[Pair] = []
    for place in (p for version in ("2024", "2025") for p in site.provinces(version)):
        found = [t for t in site.targets if t.area == place.key]
        if not found:
            continue
        provinces.append({
            "place": place, "groups": by_verdict(found), "gaps": gaps_of(found), "table": table_of_targets(site, place, found),
        })  # fmt: skip
        said += [s for s in [findings.targets_met(place.short, found)] if s]
        lead += [s for s in [findings.largest_gap(place.short, found)] if s]
    lead += [
        s for rule in (findings.undecided, findings.contradicted, findings.only_provisional) if (s := rule(site.targets))
    ]  # fmt: skip
    title = findings.joined(said, (", ", ", ")) if said else no_targets(site)
    country = site.country
    passed = sum(c["checks"] for c in site.manifest["checks"] if c["status"] == "passed")
    site.page(
        "index.html", "index.html", "home", title, findings.joined(lead, (" ", " ")) if lead else title,
        findings=lead, provinces=provinces, changed=changed,
        year=max((t.year for t in site.targets), default=None),
        scope=country.name if country else ("chưa có sổ đăng ký", "no registers"),
        checks={"passed": passed, "all": sum(c["checks"] for c in site.manifest["checks"] if c["status"] != "not_applicable")},
        cautions=cautions(site), topics=there(site),
        places_listed=[{"place": p, "parts": site.within(p, "district")} for p in site.provinces()],
    )  # fmt: skip


def no_targets(site: Site) -> Pair:
    """The heading of a release without targets: what it holds."""
    country = site.country
    return findings.say(
        "Số liệu lao động: {where}", "Labour figures: {where}",
        where=country.name if country else ("thống kê chính thức", "official statistics"),
    )  # fmt: skip


def cautions(site: Site) -> list[Pair]:
    """What a reader of this release easily misreads, each where it applies."""
    said: list[Pair] = []
    country = site.country
    if country is not None and country.of:
        n = len(country.of)
        said.append(findings.say(
            "Sổ đăng ký trong bản này là của {n} trên {all} tỉnh ({names}), không phải cả nước. Số chính thức ghi “cả nước” là của cả nước.",
            "The registers of this release are those of {n} of {all} provinces ({names}), not the country. Official figures called national are national.",
            n=n, all=IN_VIET_NAM["2024"], names=country.name,
        ))  # fmt: skip
    merged = [p for p in site.provinces("2025") if p.name[0] != p.plain]
    if merged:
        said.append(findings.say(
            "Tỉnh mới chỉ có phần của tỉnh cũ gửi sổ đăng ký: {names}.", "Of merged provinces only a part sends registers: {names}.",
            names=findings.joined([p.name for p in merged], (", ", ", ")),
        ))  # fmt: skip
    said.append((
        "Thất nghiệp đăng ký là người có tên trong sổ trợ cấp, tìm việc hoặc sổ lao động; không phải tỷ lệ thất nghiệp theo chuẩn ILO của điều tra.",
        "Registered unemployed are those in the registers of benefits, seekers or labour; it is not the survey's unemployment rate (ILO).",
    ))  # fmt: skip
    if site.figures.last("register", country.key if country else "", "retrained_share"):
        said.append((
            "Tỷ lệ được đào tạo lại tính từ 01/01 từng năm: quý I luôn thấp, chỉ so sánh cùng quý giữa các năm.",
            "The share retrained counts from 1 January: first quarters are always low, compare the same quarter of years only.",
        ))  # fmt: skip
    return said
