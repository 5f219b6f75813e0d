"""The words people use for what formulas are made of, by the names of measures (and of phrases between them)."""

from __future__ import annotations

from releases.pages.words import Words

MEASURES: Words = {
    "population": ("dân số từ 15 tuổi", "population aged 15+"),
    "population_with_status": ("dân số biết được tình trạng", "population of known status"),
    "population_of_known_status": (
        "dân số trừ người ở nước ngoài và chưa rõ tình trạng",
        "population less those abroad and of unknown status",
    ),
    "labour_force": ("lực lượng lao động", "labour force"),
    "employed": ("số người có việc làm", "employed"),
    "unemployed": ("số người thất nghiệp đăng ký", "registered unemployed"),
    "inactive": ("số người không hoạt động kinh tế", "inactive"),
    "abroad": ("số người làm việc ở nước ngoài", "working abroad"),
    "unknown": ("số người chưa rõ tình trạng", "status unknown"),
    "underemployed": ("số người thiếu việc làm", "underemployed"),
    "employed_in_agriculture": ("số người làm nông, lâm nghiệp, thủy sản", "employed in section A"),
    "employed_with_section": ("số người có việc làm biết được ngành", "employed with a known section"),
    "employed_trained": ("số người có việc làm đã qua đào tạo", "employed who are trained"),
    "employed_certified": ("số người có việc làm có bằng cấp, chứng chỉ", "employed with a certificate"),
    "labour_force_retrained": (
        "số người được đào tạo lại từ 01/01",
        "labour force retrained since 1 January",
    ),
    "labour_force_insured": ("số người tham gia bảo hiểm xã hội", "labour force in social insurance"),
    "labour_force_voluntary": (
        "số người chỉ tham gia tự nguyện",
        "labour force in voluntary insurance alone",
    ),
    "labour_force_unemployment_insured": (
        "số người tham gia bảo hiểm thất nghiệp",
        "labour force in unemployment insurance",
    ),
    "employed_compulsory": ("số người đóng bảo hiểm bắt buộc", "employed with compulsory insurance"),
    "median over": ("trung vị, tính trên", "median over"),
    "of the summed compulsory wage_base": (
        "của tổng tiền lương đóng bảo hiểm bắt buộc trong tháng",
        "of the summed wage base of compulsory insurance in the month",
    ),
}
