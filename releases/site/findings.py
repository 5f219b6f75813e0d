"""What pages say in sentences: each made from figures by a rule that has a name, and none where its figures are missing.

A rule takes figures and returns a sentence in both languages, or None. ``RULES`` says of each in words when it speaks, for the
page on methods. Figures stand in sentences as they stand in tables: rounded once, to one decimal for percentages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from releases.pages.page import Written
from releases.pages.words import Pair, Words
from releases.site.chance import differs
from releases.site.figures import Figure, Series
from releases.site.short_names import short_name
from releases.site.targets import Target

_WRITTEN = (Written("vi"), Written("en"))


@dataclass(frozen=True)
class Amount:
    """A figure in a sentence: decimals, and whether its sign is written."""

    value: float
    digits: int = 0
    is_signed: bool = False

    def written(self, how: Written) -> str:
        """As ``how`` writes it."""
        write = how.signed if self.is_signed else how.rounded
        return str(write(self.value, self.digits))


def say(vi: str, en: str, one: str = "", **given: Amount | Pair | str | int) -> Pair:
    """A sentence of both languages, with what is ``given`` put in: amounts, pairs of words, names.

    ``one`` is the English one where ``n`` is 1, which Vietnamese does not tell apart.
    """

    def put(template: str, language: int) -> str:
        said = {
            name: v.written(_WRITTEN[language])
            if isinstance(v, Amount)
            else v[language]
            if isinstance(v, tuple)
            else v
            for name, v in given.items()
        }
        return template.format(**said)

    return put(vi, 0), put(one if one and given.get("n") in (1, Amount(1)) else en, 1)


def joined(parts: Sequence[Pair], by: Pair = ("; ", "; ")) -> Pair:
    """Sentences or parts of one after the other."""
    return by[0].join(p[0] for p in parts), by[1].join(p[1] for p in parts)


def listed(names: Sequence[str]) -> Pair:
    """Names as a list in words."""
    if len(names) < 2:
        return (names[0], names[0]) if names else ("", "")
    head = ", ".join(names[:-1])
    return f"{head} và {names[-1]}", f"{head} and {names[-1]}"


def targets_met(name: str, found: Sequence[Target]) -> Pair | None:
    """How many of its plan's targets a province has met; says so where all that decide are provisional."""
    if not found:
        return None
    met = sum(t.verdict == "met" for t in found)
    if met == len(found):
        return say(
            "{name} đạt cả {all} chỉ tiêu", "{name} meets all {all} targets", name=name, all=len(found)
        )
    if not met:
        return say("{name} chưa đạt chỉ tiêu nào trong {all}", "{name} meets none of {all} targets", name=name, all=len(found))  # fmt: skip
    return say("{name} đạt {met} trên {all} chỉ tiêu", "{name} meets {met} of {all} targets", name=name, met=met, all=len(found))  # fmt: skip


def only_provisional(found: Sequence[Target]) -> Pair | None:
    """That every verdict by the registers rests on provisional figures, where it does."""
    decided = [t for t in found if t.basis == "register" and t.verdict != "no_data"]
    if not decided or not all(t.is_provisional for t in decided):
        return None
    return say(
        "{n} kết luận theo sổ đăng ký dựa trên số sơ bộ.", "{n} verdicts by the registers rest on provisional figures.",
        "{n} verdict by the registers rests on a provisional figure.",
        n=len(decided),
    )  # fmt: skip


def largest_gap(name: str, found: Sequence[Target]) -> Pair | None:
    """The target in percent that a province misses by most, by figures as shown."""
    missed = [
        t for t in found if t.verdict == "not_met" and t.unit.startswith("percent") and (t.gap or 0) < 0
    ]
    if not missed:
        return None
    worst = min(missed, key=lambda t: (t.gap or 0.0, t.indicator, tuple(t.cell.values())))
    who = worst.group
    of_whom = (f" ({', '.join(g[0].lower() for g in who)})", f" ({', '.join(g[1].lower() for g in who)})") if who else ("", "")  # fmt: skip
    indicator = short_name(worst.indicator, worst.basis)
    return say(
        "{name} hụt xa nhất ở {what}{whom}: thiếu {gap} điểm phần trăm.",
        "{name} is furthest behind on {what}{whom}: {gap} percentage points short.",
        name=name, what=(indicator[0].lower(), indicator[1].lower()), whom=of_whom, gap=Amount(-(worst.gap or 0.0), 1),
    )  # fmt: skip


def undecided(found: Sequence[Target]) -> Pair | None:
    """How many verdicts are open because the target lies within the confidence interval."""
    n = sum(t.verdict == "indeterminate" for t in found)
    if not n:
        return None
    return say(
        "{n} chỉ tiêu chưa kết luận được, vì mục tiêu nằm trong khoảng tin cậy.",
        "{n} cannot be decided: the target lies within the confidence interval.",
        n=n,
    )  # fmt: skip


def contradicted(found: Sequence[Target]) -> Pair | None:
    """How many verdicts the other source, judged alike, contradicts."""
    n = sum(t.is_contradicted for t in found)
    if not n:
        return None
    return say(
        "{n} kết luận chưa vững: nguồn đối chiếu cho kết luận ngược lại.",
        "{n} verdicts are not firm: the other source says the opposite.",
        "{n} verdict is not firm: the other source says the opposite.",
        n=n,
    )  # fmt: skip


def direction(years: Series) -> Pair | None:
    """Which way a yearly series went: only where it went one way each year, and first and last intervals do not overlap."""
    there = [f for f in years if f.value is not None]
    if len(there) < 3:
        return None
    first, last = there[0], there[-1]
    steps = [round((b.value or 0.0) - (a.value or 0.0), 1) for a, b in pairwise(there)]
    since = (f"không đổi rõ rệt từ {first.period}", f"no clear change since {first.period}")
    if _overlap(first, last):
        return since
    change = Amount(round(last.value or 0.0, 1) - round(first.value or 0.0, 1), 1, is_signed=True)
    if all(s > 0 for s in steps):
        return say("tăng {n} năm liền, {by}", "up {n} years in a row, {by}", n=len(steps), by=change)
    if all(s < 0 for s in steps):
        return say("giảm {n} năm liền, {by}", "down {n} years in a row, {by}", n=len(steps), by=change)
    return say("{by} từ {year}, không đều", "{by} since {year}, not steadily", by=change, year=first.period)


def _overlap(a: Figure, b: Figure) -> bool:
    """Whether two figures with intervals may be the same; those without are told apart by what is shown."""
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return round(a.value or 0.0, 1) == round(b.value or 0.0, 1)
    return a.low <= b.high and b.low <= a.high


@dataclass(frozen=True)
class Part:
    """A place within another: its name, and a share of it."""

    name: str
    figure: Figure
    key: str = ""


def different_parts(parts: Sequence[Part], parent: Figure | None, comparisons: int) -> list[Part]:
    """The places whose share chance does not explain, allowing for as many ``comparisons`` as the page makes."""
    if parent is None or parent.value is None:
        return []
    return [
        p for p in parts
        if p.figure.count is not None and p.figure.of and differs(p.figure.count, p.figure.of, parent.value, comparisons)
    ]  # fmt: skip


def parts_differ(what: Pair, parts: Sequence[Part], parent: Figure | None, comparisons: int) -> Pair | None:
    """Whether the places within a place differ in a share by more than chance; names those that do, highest first."""
    there = [p for p in parts if p.figure.value is not None]
    if len(there) < 2 or parent is None or parent.value is None:
        return None
    apart = sorted(different_parts(there, parent, comparisons), key=lambda p: -(p.figure.value or 0.0))
    if not apart:
        return say(
            "{what}: không nơi nào khác rõ rệt so với mức chung.", "{what}: no place differs clearly from the whole.",
            what=what,
        )  # fmt: skip
    above = [p.name for p in apart if (p.figure.value or 0.0) > parent.value]
    below = [p.name for p in apart if (p.figure.value or 0.0) <= parent.value][::-1]
    said = []
    for names, vi, en in (
        (above, "cao hơn mức chung", "above the whole"),
        (below, "thấp hơn mức chung", "below the whole"),
    ):
        if names and len(names) <= 4:
            said.append(say(f"{{names}} {vi}", f"{{names}} {en}", names=listed(names)))
        elif names:
            said.append(say(f"{{n}} nơi {vi}, xa nhất là {{first}}", f"{{n}} places {en}, furthest {{first}}", n=len(names), first=names[0]))  # fmt: skip
    return say("{what}: {said}.", "{what}: {said}.", what=what, said=joined(said))


def places_apart(who: Pair, apart: int, comparisons: int) -> Pair:
    """How many of the comparisons of a table chance does not explain."""
    if not apart:
        return say("{who} không khác mức chung rõ rệt", "{who}: none differs clearly from the whole", who=who)
    return say(
        "{who}: {n} trong {all} phép so sánh khác mức chung rõ rệt", "{who}: {n} of {all} comparisons differ clearly from the whole",
        who=who, n=apart, all=comparisons,
    )  # fmt: skip


def women_and_men(women: Series, men: Series, unit: str) -> Pair | None:
    """Who is higher in the latest period both have, and by how much; equal as shown is said so."""
    both = [
        (w, m) for w in women for m in men
        if w.period == m.period and w.value is not None and m.value is not None
    ]  # fmt: skip
    if not both:
        return None
    w, m = both[-1]
    scale, digits = (1e6, 2) if unit == "VND" else (1.0, 1)
    gap = round(round((w.value or 0.0) / scale, digits) - round((m.value or 0.0) / scale, digits), digits)
    if not gap:
        return ("nữ và nam ngang nhau", "women and men are equal")
    by = ("triệu đồng", "million VND") if unit == "VND" else ("điểm phần trăm", "percentage points")
    return say(
        f"nữ {'cao' if gap > 0 else 'thấp'} hơn nam {{gap}} {{by}}",
        f"women {'above' if gap > 0 else 'below'} men by {{gap}} {{by}}",
        gap=Amount(abs(gap), digits), by=by,
    )  # fmt: skip


def out_of_a_hundred(share: float | None, lag: str) -> Pair | None:
    """How many of a hundred registered unemployed were employed at the later date."""
    if share is None:
        return None
    after = ("một quý", "a quarter") if lag == "quarter" else ("một năm", "a year")
    return say(
        "Cứ 100 người thất nghiệp đăng ký, {n} người có việc sau {after}",
        "Of 100 registered unemployed, {n} were employed {after} later",
        n=Amount(share), after=after,
    )  # fmt: skip


RULES: Mapping[str, tuple[Pair, str]] = {
    "targets_met": (("Số chỉ tiêu đạt trên tổng số chỉ tiêu của kế hoạch, theo kết luận đã công bố.", "Targets met of all targets of the plan, by the published verdicts."), "targets"),
    "only_provisional": (("Nói khi mọi kết luận theo sổ đăng ký đều dựa trên số sơ bộ.", "Said where every verdict by the registers rests on provisional figures."), "targets"),
    "largest_gap": (("Chỉ tiêu chưa đạt có khoảng cách lớn nhất, tính từ số đã làm tròn một chữ số thập phân.", "The target missed by most, from figures rounded to one decimal."), "targets"),
    "undecided": (("Số chỉ tiêu mà mục tiêu nằm trong khoảng tin cậy 95 %.", "Targets that lie within the 95 % confidence interval."), "targets"),
    "contradicted": (("Số kết luận đạt hoặc chưa đạt mà nguồn đối chiếu, xét cùng cách, cho kết luận ngược lại.", "Verdicts met or not met that the other source, judged alike, contradicts."), "targets"),
    "direction": (("Chỉ nói tăng hoặc giảm khi năm nào cũng cùng chiều và khoảng tin cậy của năm đầu và năm cuối không chồng lên nhau.", "Up or down is said only where every year went that way and the intervals of the first and last year do not overlap."), "trends"),
    "parts_differ": (("Một nơi chỉ được gọi là khác mức chung khi mức chung nằm ngoài khoảng Wilson 95 % của nơi đó, đã chia mức ý nghĩa cho số phép so sánh trên trang (Bonferroni).", "A place differs from the whole only if the whole lies outside its Wilson interval at 95 %, the level shared among the comparisons of the page (Bonferroni)."), "places"),
    "places_apart": (("Số phép so sánh ở bảng các nơi mà ngẫu nhiên không giải thích được.", "How many comparisons of a table of places chance does not explain."), "places"),
    "women_and_men": (("Chênh lệch giữa nữ và nam ở kỳ gần nhất, từ số đã làm tròn.", "The difference of women and men in the latest period, of rounded figures."), "sexes"),
    "out_of_a_hundred": (("Tỷ lệ người thất nghiệp đăng ký chuyển sang có việc, làm tròn đến người.", "The share of registered unemployed who became employed, rounded to persons."), "flows"),
}  # fmt: skip
GROUPS_OF_RULES: Words = {
    "targets": ("Chỉ tiêu kế hoạch", "Plan targets"),
    "trends": ("Xu hướng", "Trends"),
    "places": ("Các nơi", "Places"),
    "sexes": ("Nữ và nam", "Women and men"),
    "flows": ("Chuyển đổi tình trạng", "Transitions"),
}
