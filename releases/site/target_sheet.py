"""The sheet of plan targets: where each province stands, as on the home page, for those who stay in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from openpyxl.utils import get_column_letter

from releases.pages import words
from releases.site.places import Place
from releases.site.sheet_forms import DECIMAL, form
from releases.site.short_names import short_name
from releases.site.targets import Target, by_verdict

NAME = "Chỉ tiêu"
# a sign and a word beside each colour: nobody has to tell colours apart, nor has a printer
SIGNS = {"met": "✓", "not_met": "✗", "indeterminate": "?", "no_data": "–"}
FILLS = {"met": "#E2F2F3", "not_met": "#FBE6DD", "indeterminate": "#ECE6F5", "no_data": "#EEF0F2"}
INKS = {"met": "#0A6670", "not_met": "#B0390B", "indeterminate": "#6A4C93", "no_data": "#4D5A68"}
GAP = '+#,##0.0_);"−"#,##0.0_);0.0_)'
VALUE, TARGET, GAP_TITLE, VERDICT = (
    "Thực hiện",
    "Mục tiêu",
    "Chênh lệch so với mục tiêu (dương là tốt hơn)",
    "Kết luận",
)
LOW, HIGH, OTHER = "Cận dưới khoảng tin cậy 95 %", "Cận trên khoảng tin cậy 95 %", "Nguồn đối chiếu: số liệu"
WIDTHS = {
    "Tỉnh": 16.0, "Chỉ tiêu": 26.0, "Nhóm": 18.0, VALUE: 9.0, TARGET: 9.0, GAP_TITLE: 11.0, VERDICT: 21.0, "Đơn vị": 8.0, "Nguồn số liệu": 12.0,
    "Trạng thái": 10.0, LOW: 10.0, HIGH: 10.0, OTHER: 10.0, "Nguồn đối chiếu": 12.0, "Nguồn đối chiếu: trạng thái": 10.0, "Hai nguồn": 8.0,
    "Năm": 6.0, "Kế hoạch": 14.0, "Địa giới": 14.0,
}  # fmt: skip
TWO_LINES = 31  # points
SAYS = "Kết luận là kết luận đã công bố. Chênh lệch tính từ số đã làm tròn, theo điểm phần trăm hoặc đơn vị của dòng. Số sơ bộ còn có thể đổi. Xem thêm trang Ghi chú."
SHOWN = {VALUE: DECIMAL, TARGET: DECIMAL, GAP_TITLE: GAP, LOW: DECIMAL, HIGH: DECIMAL, OTHER: DECIMAL}


def target_sheet(
    targets: Sequence[Target], places: Mapping[str, Place], below: Sequence[str]
) -> tuple[pd.DataFrame, str, dict[str, Any]]:
    """The sheet for the writer: a row for each target, by province and in it by verdict, worst first; row 1 has the titles.

    ``below``: what is said under it.
    Values are the published ones; gaps are of figures as shown (one decimal), in points or in the unit of the row.
    """
    ordered = list(_ordered(targets))
    frame = pd.DataFrame([_row(t, places) for t in ordered]) if ordered else pd.DataFrame({"Chỉ tiêu": ["Bản công bố này không có chỉ tiêu kế hoạch."]})  # fmt: skip
    options = form(frame, SHOWN, {})
    options["column_widths"] |= {n: WIDTHS[c] for n, c in enumerate(frame.columns) if c in WIDTHS}
    wrapped = {"wrap_text": True, "align_vertical": "top"}
    options["column_formats"] = {
        c: wrapped | ({"num_format": SHOWN[c]} if c in SHOWN else {}) for c in frame.columns
    }
    options["row_heights"] |= dict.fromkeys(range(1, len(ordered) + 1), TWO_LINES)
    at = {c: get_column_letter(n) for n, c in enumerate(frame.columns, 1)}
    for line, target in enumerate(ordered, 2):
        marked = {
            "bg_color": FILLS[target.verdict],
            "font_color": INKS[target.verdict],
            "bold": True,
            **wrapped,
        }
        options["cells"] |= {
            f"{at[VERDICT]}{line}": {"value": _verdict(target), "format": marked},
            f"{at[TARGET]}{line}": {
                "value": target.target, "format": wrapped | {"num_format": f'"{words.SIGNS[target.comparator][0]} "{DECIMAL}'},
            },
        }  # fmt: skip
    options["cells"] |= {
        f"A{line}": {"value": said, "format": {"italic": True}}
        for line, said in enumerate([*below, SAYS], len(frame) + 3)
    }
    return frame, NAME, options | {"freeze_panes": (1, 2)}


def _ordered(targets: Sequence[Target]) -> Iterator[Target]:
    for area in dict.fromkeys(t.area for t in targets):
        for _, group in by_verdict([t for t in targets if t.area == area]):
            yield from group


def _verdict(target: Target) -> str:
    provisional = " (số sơ bộ)" if target.is_provisional and target.verdict != "no_data" else ""
    return f"{SIGNS[target.verdict]} {words.VERDICTS[target.verdict][0]}{provisional}"


def _row(target: Target, places: Mapping[str, Place]) -> dict[str, Any]:
    place = places.get(target.area)
    other = target.other_figure.status if target.other_figure and target.other is not None else None
    return {
        "Tỉnh": place.name[0] if place else target.area,
        "Chỉ tiêu": short_name(target.indicator, target.basis)[0],
        "Nhóm": ", ".join(pair[0].lower() for pair in target.group) or "mọi người",
        VALUE: target.value,
        TARGET: target.target,
        GAP_TITLE: target.gap,
        VERDICT: _verdict(target),
        "Đơn vị": words.UNITS.get(target.unit, (target.unit,))[0],
        "Nguồn số liệu": words.SOURCES[target.basis][0].capitalize(),
        "Trạng thái": words.STATUSES[target.figure.status][0] if target.figure else words.STATUSES["not_available"][0],
        LOW: target.low,
        HIGH: target.high,
        OTHER: target.other,
        "Nguồn đối chiếu": words.SOURCES[target.other_basis][0].capitalize() if target.other is not None else None,
        "Nguồn đối chiếu: trạng thái": words.STATUSES[other][0] if other else None,
        "Hai nguồn": None if target.other is None or target.verdict not in ("met", "not_met") else "trái chiều" if target.is_contradicted else "cùng chiều",
        "Năm": target.year,
        "Kế hoạch": target.plan,
        "Địa giới": words.AREA_VERSIONS[target.version][0],
    }  # fmt: skip
