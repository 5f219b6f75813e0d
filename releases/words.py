"""The words that people read of a release, by the code that stands in its tables: Vietnamese, then English."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, tuple[str, str]]

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
LEVELS: Words = {
    "structural": ("cấu trúc", "structural"),
    "logical": ("lô-gic", "logical"),
    "analytical": ("phân tích", "analytical"),
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
    "total": ("Chung", "Total"),
}
STATUSES: Words = {
    "released": ("Chính thức", "Released"),
    "provisional": ("Sơ bộ", "Provisional"),
    "low_coverage": ("Độ bao phủ thấp", "Low coverage"),
    "suppressed": ("Bảo mật", "Suppressed"),
    "not_available": ("Chưa có số liệu", "Not available"),
}
AREA_VERSIONS: Words = {
    "2024": ("Danh mục trước 01/7/2025", "List before 2025-07-01"),
    "2025": ("Danh mục từ 01/7/2025", "List from 2025-07-01"),
}
UNITS: Words = {  # of a difference
    "persons": ("người", "persons"),
    "percent": ("điểm phần trăm", "percentage points"),
    "VND": ("đồng", "VND"),
}
TABLES: Words = {
    "indicators": ("Chỉ tiêu theo địa bàn, giới, tuổi", "Indicators by area, sex and age"),
    "target_progress": ("Tiến độ so với chỉ tiêu kế hoạch", "Progress against plan targets"),
    "labour_flows": ("Chuyển dịch việc làm", "Job flows"),
    "transitions": ("Chuyển đổi tình trạng", "Transitions between statuses"),
    "training_outcomes": ("Kết quả sau đào tạo", "Outcomes of training"),
    "linkage": ("Kết quả liên kết", "Linkage"),
    "row_accounting": ("Cân đối số dòng theo tệp", "Row accounting by file"),
    "checks": ("Các phép kiểm tra", "Checks"),
}
AGES: Words = {
    "total": ("15 tuổi trở lên", "15 and over"),
    "working_age": ("Trong độ tuổi lao động", "Working age"),
}
SETTLEMENTS: Words = {
    "total": ("Chung", "Total"),
    "urban": ("Thành thị", "Urban"),
    "rural": ("Nông thôn", "Rural"),
}
