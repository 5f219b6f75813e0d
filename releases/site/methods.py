"""The page on methods: the rules by which sentences are made, what is covered, and a worked example."""

from __future__ import annotations

from releases.pages.words import Pair
from releases.site import findings
from releases.site.chance import wilson
from releases.site.context import Site
from releases.site.places import IN_VIET_NAM, LEAST_SHARE

WORKED = (40, 2_000)  # persons of how many: the example


def write_methods(site: Site) -> None:
    """Write ``methods.html``."""
    title = ("Cách tính và chất lượng", "Methods and quality")
    low, high = wilson(*WORKED)
    worked = findings.say(
        "Ví dụ: {k} trên {n} người là {p} %, khoảng dao động {low}–{high} %.",
        "For example {k} of {n} persons are {p} %, and chance may move that within {low}–{high} %.",
        k=findings.Amount(WORKED[0]), n=findings.Amount(WORKED[1]), p=findings.Amount(100 * WORKED[0] / WORKED[1], 1),
        low=findings.Amount(low, 1), high=findings.Amount(high, 1),
    )  # fmt: skip
    site.page(
        "methods.html", "methods.html", "methods", title, title,
        rules=[(name, rule) for name, rule in findings.RULES.items()], rule_groups=list(findings.GROUPS_OF_RULES.items()),
        scope_note=_scope(site), worked=worked,
    )  # fmt: skip


def _scope(site: Site) -> Pair:
    names = [p.plain for p in site.provinces()]
    return findings.say(
        "Bản này có sổ đăng ký của {n} trên {all} tỉnh theo danh mục trước 01/7/2025: {names}. Một tỉnh được tính là có sổ đăng ký khi"
        " số dân từ 15 tuổi của tỉnh trong bản này ít nhất bằng {share} % số của tỉnh lớn nhất; ít hơn thì đó chỉ là người chuyển đến, và"
        " không có trang riêng.",
        "This release holds the registers of {n} of {all} provinces of the list before 2025-07-01: {names}. A province counts as having a"
        " register if its population aged 15+ is at least {share} % of that of the largest; fewer are people who moved there, and have"
        " no page.",
        n=len(names), all=IN_VIET_NAM["2024"], names=", ".join(names), share=findings.Amount(100 * LEAST_SHARE),
    )  # fmt: skip
