"""The words the pages' script writes, by list and code: Vietnamese, then English."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from releases.pages import words
from releases.pages.dictionary import Dictionary
from releases.site.data import Area
from releases.site.places import Place

FIGURES: words.Words = {
    "value": ("Giá trị", "Value"),
    "numerator": ("Tử số", "Numerator"),
    "denominator": ("Mẫu số", "Denominator"),
    "ci_low": ("Cận dưới", "Lower limit"),
    "ci_high": ("Cận trên", "Upper limit"),
    "persons": ("Số người", "Persons"),
    "share": ("Tỷ lệ", "Share"),
    "completions": ("Hoàn thành", "Completions"),
    "employed_6m": ("Có việc sau 6 tháng", "Employed after 6 months"),
    "employed_12m": ("Có việc sau 12 tháng", "Employed after 12 months"),
    "same_province_12m": ("Trong tỉnh sau 12 tháng", "In the province after 12 months"),
    "median_wage_12m": ("Tiền lương trung vị sau 12 tháng (đồng)", "Median wage after 12 months (VND)"),
}
DIMENSIONS: words.Words = {
    "indicator": ("Chỉ tiêu", "Indicator"),
    "sex": ("Giới tính", "Sex"),
    "age_group": ("Nhóm tuổi", "Age group"),
    "urban_rural": ("Thành thị, nông thôn", "Urban, rural"),
    "period": ("Kỳ", "Period"),
    "area_level": ("Cấp", "Level"),
    "place": ("Địa bàn", "Place"),
    "section": ("Ngành kinh tế", "Section"),
    "lag": ("So với", "Against"),
    "from_status": ("Từ tình trạng", "From status"),
    "to_status": ("Sang tình trạng", "To status"),
    "year": ("Năm", "Year"),
    "level": ("Trình độ", "Level"),
    "kind": ("Hình thức", "Kind"),
    "field_code": ("Ngành đào tạo", "Field"),
    "status": ("Trạng thái", "Status"),
    "unit": ("Đơn vị", "Unit"),
}
NOTES: words.Words = {
    "none": ("Không có số liệu cho lựa chọn này.", "There is no figure for this choice."),
    "hidden": (
        "•••: {n} trên {all} dòng không có trung vị tiền lương, vì dựa trên quá ít người hoặc đơn vị.",
        "•••: {n} of {all} rows show no median wage, because it rests on too few persons or employers.",
    ),
    "few": words.RESTS_ON_FEW,
}


def indicator_names(dictionary: Dictionary, basis: str) -> dict[str, words.Pair]:
    """Every indicator's name; an official figure that has a name of its own is called by it."""
    registers = {i.name: (i.name_vi, i.name_en) for i in dictionary.indicators}
    official = dict(words.OFFICIAL_INDICATORS)
    return official | registers if basis == "register" else registers | official


def vocabulary(dictionary: Dictionary) -> dict[str, words.Words]:
    """Lists of words by the column (or the kind of column) whose values they say; codes in the order they are shown."""
    registers = [i.name for i in dictionary.indicators]

    def indicators(basis: str) -> words.Words:
        names = indicator_names(dictionary, basis)
        return {n: names[n] for n in [*registers, *(n for n in names if n not in registers)]}

    return {
        "indicator": indicators("register"),
        "indicator of official": indicators("official"),
        "unit": words.UNITS,
        "sex": {s: words.SEXES[s] for s in ("total", "male", "female")},
        "age_group": words.AGES,
        "urban_rural": words.SETTLEMENTS,
        "status": words.STATUSES,
        "section": words.SECTIONS,
        "lag": words.LAGS,
        "labour_status": words.LABOUR_STATUSES,
        "level": words.TRAINING_LEVELS,
        "kind": words.TRAINING_KINDS,
        "field_code": words.FIELDS,
        "area_level": words.LEVELS_OF_AREA,
        "columns": {**DIMENSIONS, **FIGURES, **words.FLOWS},
        "notes": NOTES,
    }


def named_areas(
    areas: list[Area], known: pd.DataFrame, places: Mapping[str, Place]
) -> list[Mapping[str, object]]:
    """Areas as the pages list them: key, file, and a name that says of which list it is.

    ``known``: area_version, area_code, area_name of every area; ``places``: those that the release covers, called as on their pages.
    """
    wanted = known["area_code"].isin([area.code for area in areas])
    columns = known.loc[wanted, ["area_version", "area_code", "area_name"]]
    names = {(str(v), str(c)): str(n) for v, c, n in columns.itertuples(index=False)}
    found: list[Mapping[str, object]] = []
    for area in areas:
        called = words.AREAS.get(area.code) or (names.get((area.version, area.code), area.code),) * 2
        vi, en = places[area.key].name if area.key in places else called
        list_vi, list_en = words.AREA_VERSIONS[area.version]
        found.append({
            "key": area.key, "file": f"../{area.file}", "name": [f"{vi} ({list_vi.lower()})", f"{en} ({list_en.lower()})"],
            "official": list(called),  # official figures are of the whole area, whatever the registers cover
        })  # fmt: skip
    return found
