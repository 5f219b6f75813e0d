"""The words that people read of a release, by the code that stands in its tables: Vietnamese, then English.

Also what every page says of noise, and from which count on a figure carries no mark (SPEC §5, disclosure control).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expectations.catalogue import published_tables
from releases.disclosure import NOT_PROTECTED, PROTECTION

Pair = tuple[str, str]
Words = Mapping[str, Pair]

GATES: Words = {
    "delivery": ("Cổng 1 – Đợt gửi", "Gate 1 – Deliveries"),
    "linkage": ("Cổng 2 – Liên kết", "Gate 2 – Linkage"),
    "publication": ("Cổng 3 – Công bố", "Gate 3 – Publication"),
}
OUTCOMES: Words = {
    "stops": ("Không đạt, chặn", "Failed, blocks"),
    "waived": ("Không đạt, được miễn trừ", "Failed, waived"),
    "warns": ("Không đạt, cảnh báo", "Failed, warning"),
    "passed": ("Đạt", "Passed"),
    "not_applicable": ("Không áp dụng", "Not applicable"),
}
# of a check that stopped a run: the deliveries behind it, or why none is named
MOVED_MOST: Pair = ("Các đợt gửi ảnh hưởng nhiều nhất", "Deliveries that moved it most")
MOVED_BY_NONE: Pair = (
    "Không có đợt gửi nào nổi bật; hãy xem truy vấn và các thiết lập đã thay đổi.",
    "No delivery stands out; look at the query, and at settings that changed.",
)
OF_OUR_OWN: Pair = (
    "Không do đợt gửi nào: phép kiểm tra so sánh các bảng do chính phần mềm lập. Hãy báo lỗi này.",
    "No delivery is to blame: the check compares tables that the product makes itself. Please report it.",
)
LEVELS: Words = {
    "structural": ("cấu trúc", "structural"),
    "logical": ("lô-gic", "logical"),
    "analytical": ("phân tích", "analytical"),
}
SEVERITIES: Words = {
    "block": ("chặn phát hành", "blocks the release"),
    "warn": ("cảnh báo", "warns"),
}
CHECK_STATUSES: Words = {
    "passed": OUTCOMES["passed"],
    "failed": ("Không đạt", "Failed"),
    "not_applicable": OUTCOMES["not_applicable"],
    "error": ("Không kiểm tra được", "Could not be checked"),
}
# what an expectation of a suite asks of its columns, before what it states
EXPECTATIONS: Words = {
    "expect_table_columns_to_match_ordered_list": (
        "đúng các cột như mô tả, đúng thứ tự",
        "the columns described, in their order",
    ),
    "expect_compound_columns_to_be_unique": ("không trùng nhau", "unique together"),
    "expect_column_values_to_be_unique": ("không trùng nhau", "unique"),
    "expect_column_values_to_not_be_null": ("có giá trị", "filled"),
    "expect_column_values_to_be_null": ("để trống", "empty"),
    "expect_column_values_to_be_in_set": ("thuộc danh mục", "one of"),
    "expect_column_values_to_not_be_in_set": ("không thuộc", "none of"),
    "expect_column_values_to_match_regex": ("có dạng", "of the form"),
    "expect_column_value_lengths_to_be_between": ("có độ dài", "of a length"),
    "expect_column_values_to_be_between": ("trong khoảng", "in the range"),
    "expect_column_pair_values_a_to_be_greater_than_b": ("theo thứ tự", "in the order"),
    "expect_column_pair_values_to_be_equal": ("bằng nhau", "equal"),
    "expect_table_row_count_to_equal": ("đủ số dòng", "as many rows as there should be"),
    "expect_table_row_count_to_be_between": ("có số dòng", "a number of rows"),
}
DISPOSITIONS: Words = {
    "used": ("Được dùng", "Used"),
    "replaced": ("Được thay thế", "Replaced"),
    "held": ("Bị giữ lại", "Held"),
    "refused": ("Bị từ chối", "Refused"),
}
RULES: Words = {
    "citizen_id": ("Số căn cước công dân", "Citizen ID"),
    "previous_id": ("Số giấy tờ cũ", "Former ID"),
    "si_number": ("Mã số bảo hiểm xã hội", "Social insurance number"),
    "name_birth_sex": ("Họ tên, ngày sinh và giới tính", "Name, birth date and sex"),
    "probabilistic": ("Xác suất", "Probabilistic"),
    "review": ("Chờ xem xét, chưa liên kết", "For review, not linked"),
    "unlinked": ("Không liên kết được", "Not linked"),
}
SEXES: Words = {
    "male": ("Nam", "Male"),
    "female": ("Nữ", "Female"),
    "total": ("Cả hai giới", "Both sexes"),
}
STATUSES: Words = {
    "released": ("Đã công bố", "Released"),
    "provisional": ("Sơ bộ", "Provisional"),
    "low_coverage": ("Độ bao phủ thấp", "Low coverage"),
    "suppressed": (  # a median wage
        "Không công bố: quá ít người hoặc đơn vị",
        "Suppressed: too few persons or employers",
    ),
    "not_available": ("Chưa có số liệu", "Not available"),
}
STATUSES_MEAN: Words = {
    "released": ("Số đã công bố, chỉ đổi khi có bản mới.", "Published; changes with a new release alone."),
    "provisional": (
        "Số đầu tiên của quý gần nhất: còn có thể đổi khi các cơ quan gửi bổ sung.",
        "First figures of the latest quarter: they may still change as agencies send more.",
    ),
    "low_coverage": (
        "Dưới 80 % dân số của ô biết được tình trạng, hoặc điều cần biết (giờ làm, ngành, trình độ) chỉ biết của chưa đến một nửa.",
        "The status of under 80 % of persons is known, or what the figure rests on (hours, section, level) of under half.",
    ),
    "suppressed": (
        "Trung vị tiền lương của quá ít người hoặc đơn vị, hoặc do một đơn vị chi phối.",
        "A median wage of too few persons or employers, or of one that dominates.",
    ),
    "not_available": ("Nguồn cần cho số này chưa được gửi.", "The source it needs was not delivered."),
}
AREA_VERSIONS: Words = {
    "2024": ("Theo địa giới trước 01/7/2025", "Boundaries before 2025-07-01"),
    "2025": ("Theo địa giới từ 01/7/2025", "Boundaries from 2025-07-01"),
}
DIFFERENCES: Words = {  # units of a difference
    "persons": ("người", "persons"),
    "percent": ("điểm phần trăm", "percentage points"),
    "VND": ("đồng", "VND"),
}
TABLES: Words = {t.name: t.title for t in published_tables().values()}
AGES: Words = {
    "total": ("15 tuổi trở lên", "15 and over"),
    "working_age": ("Trong độ tuổi lao động", "Working age"),
}
SETTLEMENTS: Words = {
    "total": ("Thành thị và nông thôn", "Urban and rural"),
    "urban": ("Thành thị", "Urban"),
    "rural": ("Nông thôn", "Rural"),
}
BASES: Words = {
    "register": ("Sổ đăng ký hành chính", "Administrative registers"),
    "official": ("Thống kê chính thức", "Official statistics"),
}
VERDICTS: Words = {
    "met": ("Đạt", "Met"),
    "not_met": ("Chưa đạt", "Not met"),
    "indeterminate": ("Chưa kết luận được", "Indeterminate"),
    "no_data": ("Chưa có số liệu", "No data"),
}
SOURCES: Words = {  # of figures, in a few letters
    "register": ("sổ đăng ký", "registers"),
    "official": ("thống kê chính thức", "official"),
}
SIGNS: Words = {"<": ("<", "<"), "<=": ("≤", "≤"), ">": (">", ">"), ">=": ("≥", "≥")}
COMPARATORS: Words = {
    "<": ("dưới", "below"),
    "<=": ("không quá", "at most"),
    ">": ("trên", "above"),
    ">=": ("ít nhất", "at least"),
}
LEVELS_OF_AREA: Words = {
    "country": ("Cả nước", "Country"),
    "province": ("Tỉnh", "Province"),
    "district": ("Huyện", "District"),
    "commune": ("Xã", "Commune"),
}
AREAS: Words = {  # areas that are no place
    "VN": ("Cả nước", "Viet Nam"),
    "covered": ("Các tỉnh có đủ dữ liệu", "Provinces covered"),
    "unknown": ("Không rõ địa bàn", "Unknown area"),
    "unallocated": ("Không rõ xã", "Commune unknown"),
}
LABOUR_STATUSES: Words = {
    "employed": ("Có việc làm", "Employed"),
    "unemployed": ("Thất nghiệp đăng ký", "Registered unemployed"),
    "inactive": ("Không hoạt động kinh tế", "Inactive"),
    "abroad": ("Làm việc ở nước ngoài", "Working abroad"),
    "unknown": ("Chưa rõ", "Unknown"),
}
LAGS: Words = {
    "quarter": ("So với quý trước", "Against the quarter before"),
    "year": ("So với cùng quý năm trước", "Against the same quarter a year before"),
}
FLOWS: Words = {
    "M": ("Việc làm trong quý", "Flow employment (M)"),
    "B": ("Đầu quý", "Beginning (B)"),
    "E": ("Cuối quý", "End (E)"),
    "F": ("Trọn quý", "Full quarter (F)"),
    "A": ("Vào làm", "Accessions (A)"),
    "H": ("Tuyển mới", "New hires (H)"),
    "R": ("Quay lại", "Recalls (R)"),
    "S": ("Thôi việc", "Separations (S)"),
    "JC": ("Việc làm tạo thêm", "Job creation (JC)"),
    "JD": ("Việc làm mất đi", "Job destruction (JD)"),
}
TRAINING_LEVELS: Words = {
    "total": ("Mọi trình độ", "All levels"),
    "under_3_months": ("Dưới 3 tháng", "Under 3 months"),
    "elementary": ("Sơ cấp", "Elementary"),
    "intermediate": ("Trung cấp", "Intermediate"),
    "college": ("Cao đẳng", "College"),
    "university": ("Đại học", "University"),
    "postgraduate": ("Sau đại học", "Postgraduate"),
}
TRAINING_KINDS: Words = {
    "total": ("Mọi hình thức", "All kinds"),
    "initial": ("Đào tạo ban đầu", "Initial"),
    "retraining": ("Đào tạo lại", "Retraining"),
    "continuing": ("Bồi dưỡng", "Continuing"),
}
SECTIONS: Words = {  # VSIC 2018
    "total": ("Mọi ngành", "All sections"),
    "A": ("Nông nghiệp, lâm nghiệp và thủy sản", "Agriculture, forestry and fishing"),
    "B": ("Khai khoáng", "Mining and quarrying"),
    "C": ("Công nghiệp chế biến, chế tạo", "Manufacturing"),
    "D": ("Sản xuất và phân phối điện, khí đốt", "Electricity, gas and steam"),
    "E": ("Cấp nước, xử lý rác thải, nước thải", "Water supply, sewerage and waste"),
    "F": ("Xây dựng", "Construction"),
    "G": ("Bán buôn, bán lẻ, sửa chữa xe", "Wholesale and retail trade, vehicle repair"),
    "H": ("Vận tải, kho bãi", "Transport and storage"),
    "I": ("Lưu trú và ăn uống", "Accommodation and food service"),
    "J": ("Thông tin và truyền thông", "Information and communication"),
    "K": ("Tài chính, ngân hàng, bảo hiểm", "Finance and insurance"),
    "L": ("Kinh doanh bất động sản", "Real estate"),
    "M": ("Chuyên môn, khoa học, công nghệ", "Professional, scientific and technical"),
    "N": ("Hành chính và dịch vụ hỗ trợ", "Administrative and support service"),
    "O": ("Đảng, đoàn thể, quản lý nhà nước", "Public administration"),
    "P": ("Giáo dục và đào tạo", "Education"),
    "Q": ("Y tế và trợ giúp xã hội", "Health and social work"),
    "R": ("Nghệ thuật, vui chơi, giải trí", "Arts, entertainment and recreation"),
    "S": ("Dịch vụ khác", "Other services"),
    "T": ("Làm thuê trong hộ gia đình", "Households as employers"),
    "U": ("Tổ chức quốc tế", "International organisations"),
    "unknown": ("Không rõ ngành", "Unknown section"),
}
OCCUPATIONS: Words = {  # major groups of the Vietnamese classification of occupations
    "1": ("Lãnh đạo trong các ngành, các cấp và các đơn vị", "Leaders in sectors, levels and units"),
    "2": ("Chuyên môn kỹ thuật bậc cao", "High-level professionals"),
    "3": ("Chuyên môn kỹ thuật bậc trung", "Mid-level professionals"),
    "4": ("Nhân viên trợ lý văn phòng", "Clerical assistants"),
    "5": ("Nhân viên dịch vụ và bán hàng", "Service and sales workers"),
    "6": (
        "Lao động có kỹ năng trong nông nghiệp, lâm nghiệp và thủy sản",
        "Skilled agricultural, forestry and fishery workers",
    ),
    "7": ("Lao động thủ công và các nghề có liên quan", "Craft and related trades workers"),
    "8": ("Thợ lắp ráp và vận hành máy móc, thiết bị", "Plant and machine operators and assemblers"),
    "9": ("Lao động giản đơn", "Elementary occupations"),
    "0": ("Lực lượng vũ trang", "Armed forces"),
}
FIELDS: Words = {  # of training; there is no list of the others' names
    "total": ("Mọi ngành đào tạo", "All fields"),
    "unknown": ("Không rõ ngành đào tạo", "Unknown field"),
}
OFFICIAL_INDICATORS: Words = {  # what statistics offices publish beside the indicators of the registers
    "unemployment_rate": ("Tỷ lệ thất nghiệp (điều tra)", "Unemployment rate (survey)"),
    "labour_productivity": ("Năng suất lao động", "Labour productivity"),
    "labour_productivity_growth": (
        "Tốc độ tăng năng suất lao động bình quân",
        "Mean growth of labour productivity",
    ),
    "grdp_constant_2010": ("GRDP theo giá so sánh 2010", "GRDP at constant prices of 2010"),
    "employed_average": ("Lao động có việc làm bình quân", "Mean number of employed"),
    "si_satisfaction": ("Mức độ hài lòng với bảo hiểm xã hội", "Satisfaction with social insurance"),
}
UNITS: Words = {
    "persons": ("người", "persons"),
    "person": ("người", "persons"),
    "thousand_persons": ("nghìn người", "thousand persons"),
    "percent": ("%", "percent"),
    "percent_per_year": ("% mỗi năm", "percent a year"),
    "VND": ("đồng", "VND"),
    "VND_per_person": ("đồng mỗi người", "VND per person"),
    "billion_vnd": ("tỷ đồng", "billion VND"),
    "billion_VND": ("tỷ đồng", "billion VND"),
}
PROTECTIONS: Words = {
    PROTECTION: ("Đã bảo mật số liệu", "Disclosure-controlled"),
    NOT_PROTECTED: (f"NỘI BỘ – CHƯA BẢO MẬT SỐ LIỆU ({NOT_PROTECTED})", NOT_PROTECTED),
}
NOISE_IN_SHORT: Pair = (
    "Số liệu được làm nhiễu nhẹ để bảo mật; số nhỏ kém chính xác hơn.",
    "Figures carry slight noise to keep them confidential; small ones are less exact.",
)
NOISE: Pair = (  # what every page that shows protected figures says of them
    "Số liệu được làm nhiễu nhẹ để bảo mật: mỗi số đếm được thay đổi chút ít trước khi công bố, nhằm bảo vệ thông tin của từng"
    " người, từng đơn vị. Số người thường lệch vài người so với số chính xác, tổng của cả tỉnh có thể lệch một, hai chục người;"
    " số việc làm ở nơi có ít đơn vị có thể lệch vài phần trăm. Các phần vẫn cộng đúng bằng tổng; riêng các huyện, các xã cộng"
    " lại có thể lệch vài chục người so với số của tỉnh. Số càng nhỏ càng kém chính xác, và số 0 có thể là không có hoặc có vài"
    " người. Trạng thái của số liệu không nói gì về nhiễu. Trung vị tiền lương được làm tròn đến ba chữ số, và không công bố"
    " khi dựa trên quá ít người hoặc đơn vị.",
    "Figures carry slight noise to keep them confidential: every count was changed a little before it was published, to protect"
    " what is known of single persons and employers. A number of persons mostly differs from the exact one by a few, the total of"
    " a province perhaps by ten or twenty; a number of jobs where there are few employers may differ by some percent. Parts still"
    " add up to their totals exactly; only districts or communes together may differ from the figure of the province by some tens"
    " of persons. The smaller a figure, the less exact it is, and 0 may stand for none or for a few. A status says nothing of"
    " noise. Median wages are rounded to three digits, and not shown where they rest on too few persons or employers.",
)
FEW = 40  # below this count a figure is marked: noise may be over a tenth of it
FEW_MARK = "†"
RESTS_ON_FEW: Pair = (f"dựa trên số đếm dưới {FEW}", f"rests on a count below {FEW}")
FEW_MEANS: Pair = (
    f"Số đếm, hoặc mẫu số của tỷ lệ, dưới {FEW}: phần nhiễu có thể vượt một phần mười của số đó.",
    f"A count, or the denominator of a ratio, below {FEW}: noise may be over a tenth of it.",
)


def is_few(count: int | None) -> bool:
    """Whether a figure that rests on ``count`` is marked; one that rests on none, as the official ones, is not."""
    return count is not None and count < FEW


def moved_most(told: Mapping[str, Any] | None) -> list[str]:
    """Lines of plain text, in English, of ``culprits_of``: what is counted, then a delivery each; or why none is named."""
    if told is None:
        return []
    if told["counted"] is None:
        return [OF_OUR_OWN[1]]
    if not told["deliveries"]:
        return [MOVED_BY_NONE[1]]
    named = [f"  {d['folder']}: {d['rows']:,} / {d['out_of']:,}" for d in told["deliveries"]]
    return [f"{MOVED_MOST[1]} ({told['counted']}):", *named]
