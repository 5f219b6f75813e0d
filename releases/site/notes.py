"""What must be known before a figure of a workbook is used, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from releases.disclosure import PROTECTION
from releases.pages import words


def stands_first(manifest: Mapping[str, Any]) -> list[words.Pair]:
    """Which release it is, whether its data are simulated, and whether it is protected."""
    return [
        (f"Bản công bố {manifest['release_id']}, kỳ số liệu {manifest['period']}.", f"Release {manifest['release_id']}, reference period {manifest['period']}."),
        *((("DỮ LIỆU MÔ PHỎNG", "SYNTHETIC DATA"),) if manifest["synthetic"] else ()),
        words.PROTECTIONS.get(manifest["protection"], (manifest["protection"],) * 2),
    ]  # fmt: skip


def notes_of(manifest: Mapping[str, Any]) -> list[words.Pair]:
    """The notes of a release, in the order they are read; ``manifest`` says what it holds and whether it is protected."""
    return [
        *stands_first(manifest),
        *((words.NOISE, words.FEW_MEANS) if manifest["protection"] == PROTECTION else ()),
        ("Thất nghiệp theo sổ đăng ký là thất nghiệp đăng ký, không theo chuẩn ILO.", "Unemployment of basis register is registered unemployment (not ILO)."),
        ("“Cả nước” trong cột area_name của số sổ đăng ký chỉ gồm các tỉnh có sổ trong bản công bố này; cột area_covered ghi rõ là những tỉnh nào. Số của thống kê chính thức là của cả nước.", "The country in column area_name of register figures is the provinces whose registers this release holds; column area_covered names them. Official figures are national."),
        ("Trang Chỉ tiêu: kết luận là kết luận đã công bố; chênh lệch tính từ số đã làm tròn một chữ số thập phân, số dương là tốt hơn mục tiêu. “Trái chiều”: nguồn đối chiếu cho kết luận ngược lại.", "Sheet of targets: verdicts are the published ones; gaps are of figures rounded to one decimal, above zero is better than the target. “Trái chiều”: the other source would say the opposite."),
        ("Trạng thái suppressed: trung vị tiền lương của quá ít người hoặc đơn vị, không công bố; provisional: sơ bộ; low_coverage: dưới 80 % dân số biết tình trạng, hoặc điều cần biết (giờ làm, ngành, trình độ) chỉ biết được của chưa đến một nửa số người.", "Status suppressed: a median wage of too few persons or employers, not shown; provisional: first figure of the quarter; low_coverage: the status of under 80 % of persons is known, or what it rests on (hours, section, level) of under half."),
    ]  # fmt: skip


OF_TABLES: list[words.Pair] = [
    ("Các trang tính sau đây giữ nguyên bảng đã công bố: dòng 1 là tên cột dùng cho phần mềm, hiện kèm tên tiếng Việt; giá trị của ô là tên cột. Cột có đuôi _name (và area_covered) là tên gọi của mã đứng ngay trước. Số hiện gọn, giá trị của ô giữ đủ chữ số.", "The other sheets hold the published tables: row 1 has the names of columns, shown with a Vietnamese title; the value of the cell is the name. Columns that end in _name (and area_covered) name the code before them. Figures are shown short, cells hold all digits."),
    ("Bảng indicators có một trang tính cho mỗi nguồn (register: sổ đăng ký, official: thống kê chính thức) và đơn vị tính; trang headline chỉ gồm các dòng tổng. Các trang này chỉ có cả nước và các tỉnh; huyện và xã có trong CSV, Parquet và DuckDB. Bảng quá dài thì bỏ những dòng chia theo nhiều tiêu thức cùng lúc, rồi bỏ các kỳ cũ.", "The table indicators has a sheet for each basis (register, official) and unit; the sheet headline holds its totals alone. They hold country and provinces; districts and communes are in CSV, Parquet and DuckDB. Of a table that is too long what several columns tell apart at once is left out, then the oldest periods."),
    ("Không cộng cả cột: dòng total đã gồm các dòng khác, và mỗi số liệu đứng ở cả hai danh mục đơn vị hành chính. Hãy lọc từng cột trước. Mỗi trang xếp theo cột mã; vài dòng đầu có thể được đưa lên để phần mềm nhận đúng kiểu dữ liệu của mọi cột.", "Do not add up a whole column: rows at total hold the others, and every figure stands in both lists of areas. Filter each column first. Sheets are in the order of their codes; a few rows may be moved to the top, so that software sees the type of every column."),
]  # fmt: skip
