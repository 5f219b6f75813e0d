"""The pages on which people choose cells: which columns they choose by, which tables and charts they then see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expectations.catalogue import published_tables
from releases.site.data import FLOWS, FROM, INDICATORS, OUTCOMES, PLACES, TRANSITIONS, Shape


@dataclass(frozen=True)
class View:
    """One table of a page, and its chart.

    The table has a row for each value of ``free``, all else being as chosen or ``fixed``; ``any`` is not looked at.
    The chart draws the figures ``drawn``, told apart by ``series`` (else by figure), in groups by ``group``;
    ``share_of`` makes them percentages of another figure. Of the columns in ``only`` values like the pattern alone count.
    """

    id: str
    vi: str
    en: str
    free: tuple[str, ...]
    figures: tuple[str, ...]
    chart: str = ""
    drawn: tuple[str, ...] = ()
    series: str = ""
    group: str = ""
    share_of: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)
    any: tuple[str, ...] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    about_vi: str = ""
    about_en: str = ""
    search: bool = False


@dataclass(frozen=True)
class Explorer:
    """One page: its name (of file and data), what it shows, by what people choose, and what is chosen at first.

    ``first`` may be ``last``: the last value there is. ``leave_out`` are patterns of values that are no choice.
    """

    name: str
    vi: str
    en: str
    about_vi: str
    about_en: str
    shape: Shape
    filters: tuple[str, ...]
    first: Mapping[str, str]
    views: tuple[View, ...]
    leave_out: Mapping[str, str] = field(default_factory=dict)
    trace: bool = False

    @property
    def file(self) -> str:
        """Its page, in the folder of a language."""
        return f"explore-{self.name}.html"


_SHOWN = [published_tables()[s.table] for s in (INDICATORS, FLOWS, TRANSITIONS, OUTCOMES)]
_WRITTEN = {"measured": "unit", "percent": "percent", "count": "whole", "wage": "whole"}
# how a figure is written; ``unit`` by the row's unit
KINDS = {figure: _WRITTEN[kind] for table in _SHOWN for figure, kind in table.figures.items()}
RESTS_ON = {  # the count a figure is made of, the first of these that is there; a count rests on itself
    "value": ("denominator", "numerator"), "share": (FROM,), "median_wage_12m": ("employed_12m",),
    **{count: (count,) for table in _SHOWN for count in table.counts},
}  # fmt: skip
LISTS = {  # which list of words a column's values are in, where it is not named as the column
    "from_status": "labour_status", "to_status": "labour_status",
}  # fmt: skip
EXPLORERS = (
    Explorer(
        "indicators", "Chỉ tiêu", "Indicators",
        "Chọn địa bàn, chỉ tiêu và nhóm dân số. Số liệu sổ đăng ký và thống kê chính thức đặt riêng, không trộn lẫn.",
        "Choose an area, an indicator and a group. Figures of the registers and official statistics stand apart and are never mixed.",
        INDICATORS, ("indicator", "sex", "age_group", "urban_rural", "period"),
        {"indicator": "unemployment_rate", "sex": "total", "age_group": "total", "urban_rural": "total", "period": "last"},
        (
            View("register", "Diễn biến theo sổ đăng ký hành chính", "Trend by administrative registers", ("period",),
                 ("value", "numerator", "denominator"), "lines", ("value",), fixed={"basis": "register"}, any=("unit",)),
            View("groups", "Theo tuổi và giới trong kỳ đã chọn (sổ đăng ký)", "By age and sex in the chosen period (registers)",
                 ("age_group", "sex"), ("value", "numerator", "denominator"), "bars", ("value",), series="sex", group="age_group",
                 fixed={"basis": "register"}, any=("unit",)),
            View("official", "Thống kê chính thức cho cùng nhóm, theo năm", "Official statistics of the same group, by year",
                 ("period", "unit"), ("value", "ci_low", "ci_high"), "lines", ("value",), series="unit",
                 fixed={"basis": "official"}, only={"period": r"^\d{4}$"}),
            View("quarters", "Thống kê chính thức cho cùng nhóm, theo quý", "Official statistics of the same group, by quarter",
                 ("period", "unit"), ("value", "ci_low", "ci_high"), "lines", ("value",), series="unit",
                 fixed={"basis": "official"}, only={"period": r"^\d{4}Q\d$"}),
        ),
        leave_out={"period": r"^\d{4}$"}, trace=True,
    ),
    Explorer(
        "places", "Huyện và xã", "Districts and communes",
        "Mọi huyện và xã của một tỉnh trong một kỳ. Ở cấp này chỉ có tổng số, không chia theo giới, tuổi.",
        "All districts and communes of a province in a period. At this level there are totals only, not by sex or age.",
        PLACES, ("area_level", "indicator", "period"),
        {"area_level": "commune", "indicator": "unemployment_rate", "period": "last"},
        (
            View("places", "Các huyện, xã trong kỳ đã chọn", "Places in the chosen period", ("place",),
                 ("value", "numerator", "denominator"), "histogram", ("value",), any=("unit",), search=True,
                 about_vi="Biểu đồ: bao nhiêu huyện, xã có giá trị trong từng khoảng.",
                 about_en="The chart: how many places have a value in each interval."),
        ),
    ),
    Explorer(
        "flows", "Chuyển dịch việc làm", "Job flows",
        "Việc làm có đóng bảo hiểm bắt buộc, theo nơi đặt và ngành của người sử dụng lao động. Một việc làm là một người ở một đơn vị.",
        "Jobs with compulsory insurance, by place and section of the employer. A job is a person with an employer.",
        FLOWS, ("section", "period"), {"section": "total", "period": "last"},
        (
            View("trend", "Diễn biến theo quý", "Trend by quarter", ("period",), FLOWS.figures, "lines", ("A", "S", "JC", "JD")),
            View("sections", "Theo ngành trong kỳ đã chọn", "By section in the chosen period", ("section",), FLOWS.figures,
                 "bars", ("A", "S"), group="section"),
        ),
    ),
    Explorer(
        "transitions", "Chuyển đổi tình trạng", "Transitions",
        "Người có mặt ở cả hai thời điểm: từ tình trạng nào sang tình trạng nào. Phần trăm tính theo tình trạng ban đầu.",
        "Persons there at both dates: from which status to which. Percentages are of the status they came from.",
        TRANSITIONS, ("period", "lag", "sex", "age_group"),
        {"period": "last", "lag": "year", "sex": "total", "age_group": "total"},
        (
            View("matrix", "Từ tình trạng (dòng) sang tình trạng (cột)", "From status (rows) to status (columns)",
                 ("from_status", "to_status"), ("persons", "share"), "matrix", ("share",), series="to_status", group="from_status"),
            View("trend", "Có việc làm sau khi thất nghiệp đăng ký", "Registered unemployed who are then employed", ("period",),
                 ("persons", "share"), "lines", ("share",), fixed={"from_status": "unemployed", "to_status": "employed"}),
        ),
    ),
    Explorer(
        "outcomes", "Kết quả sau đào tạo", "Training outcomes",
        "Người hoàn thành khóa học có chứng chỉ, theo nơi ở lúc hoàn thành: có việc làm đóng bảo hiểm bắt buộc sau 6 và 12 tháng.",
        "Persons who completed a course with a certificate, by residence then: in a job with compulsory insurance after 6 and 12 months.",
        OUTCOMES, ("year", "level", "kind", "field_code"),
        {"year": "last", "level": "total", "kind": "total", "field_code": "total"},
        (
            View("levels", "Theo trình độ trong năm đã chọn", "By level in the chosen year", ("level",), OUTCOMES.figures,
                 "bars", ("employed_6m", "employed_12m"), group="level", share_of="completions",
                 about_vi="Biểu đồ: phần trăm số người hoàn thành.", about_en="The chart: percentages of those who completed."),
            View("years", "Theo năm hoàn thành", "By year of completion", ("year",), OUTCOMES.figures),
            View("fields", "Theo ngành đào tạo trong năm đã chọn", "By field in the chosen year", ("field_code",), OUTCOMES.figures),
        ),
    ),
)  # fmt: skip
