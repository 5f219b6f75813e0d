"""Short names of indicators, for headings, rows and the search: what the register measures, then what statistics offices publish."""

from __future__ import annotations

import re

from releases.pages.words import Pair, Words

PLAIN = re.compile(
    r"[A-Za-z0-9_-]+"
)  # of what may name a file: an official indicator is called as its agency sent it
LIST = "indicators-list.html"

REGISTER: Words = {
    "population_15_plus": ("Dân số từ 15 tuổi", "Population aged 15+"),
    "labour_force": ("Lực lượng lao động", "Labour force"),
    "employed": ("Có việc làm", "Employed"),
    "unemployed": ("Người thất nghiệp đăng ký", "Registered unemployed"),
    "inactive": ("Không hoạt động kinh tế", "Inactive"),
    "abroad": ("Làm việc ở nước ngoài", "Working abroad"),
    "status_unknown": ("Chưa rõ tình trạng", "Status unknown"),
    "participation_rate": ("Tham gia lực lượng lao động", "Participation"),
    "status_coverage": ("Biết được tình trạng", "Status known"),
    "unemployment_rate": ("Thất nghiệp đăng ký", "Registered unemployment"),
    "underemployment_rate": ("Thiếu việc làm", "Underemployment"),
    "agriculture_share": ("Lao động nông nghiệp", "Work in agriculture"),
    "trained_share": ("Qua đào tạo", "Trained"),
    "trained_certificate_share": ("Có bằng cấp, chứng chỉ", "With a certificate"),
    "retrained_share": ("Được đào tạo lại", "Retrained"),
    "si_coverage": ("Tham gia bảo hiểm xã hội", "Social insurance"),
    "si_voluntary_share": ("Bảo hiểm xã hội tự nguyện", "Voluntary social insurance"),
    "ui_coverage": ("Bảo hiểm thất nghiệp", "Unemployment insurance"),
    "formal_share": ("Việc làm chính thức", "Formal work"),
    "median_wage": ("Lương đóng bảo hiểm, trung vị", "Insured wage, median"),
}
OFFICIAL: Words = {
    "unemployment_rate": ("Thất nghiệp", "Unemployment"),
    "labour_productivity": ("Năng suất lao động", "Labour productivity"),
    "labour_productivity_growth": ("Tăng năng suất lao động", "Productivity growth"),
    "grdp_constant_2010": ("GRDP, giá so sánh 2010", "GRDP at prices of 2010"),
    "employed_average": ("Lao động có việc làm bình quân", "Mean employed"),
    "si_satisfaction": ("Hài lòng với bảo hiểm xã hội", "Satisfaction with social insurance"),
}


def short_name(indicator: str, basis: str) -> Pair:
    """The short name of an indicator of a basis; its code where it has none."""
    lists = (OFFICIAL, REGISTER) if basis == "official" else (REGISTER, OFFICIAL)
    return next((names[indicator] for names in lists if indicator in names), (indicator, indicator))


def indicator_page(indicator: str) -> str:
    """The page of an indicator, in the folder of a language; the list of all where its name cannot name a file."""
    return f"indicator-{indicator}.html" if PLAIN.fullmatch(indicator) else LIST
