"""Vietnamese names: surnames by ethnicity, middle and given names by sex, in the forms files show."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.simulator.months import Array


def _words(text: str) -> list[str]:
    return text.split()


SURNAMES = _words(
    "Nguyễn Trần Phạm Vũ Lê Hoàng Bùi Đỗ Đặng Đoàn Đinh Dương Ngô Phùng Lương Mai Trịnh Đào Tạ Cao Hà "
    "Phan Vương Lưu Tăng Khúc Nông Ma Triệu Lý Chu Vi Từ Trương Diệp Lục Ninh La Lâm Bàn Giàng Vàng Hầu "
    "Hứa Tống Quách Hồ Tô Lã Kiều"
)
#: Which surnames are common among an ethnic group, and how much; the rest are rare everywhere.
_BY_ETHNICITY: dict[str, dict[str, int]] = {
    "01": {
        "Nguyễn": 310, "Trần": 95, "Phạm": 90, "Vũ": 75, "Lê": 70, "Hoàng": 45, "Bùi": 35, "Đỗ": 35,
        "Đặng": 25, "Đoàn": 20, "Đinh": 14, "Dương": 20, "Ngô": 18, "Phùng": 8, "Lương": 14, "Mai": 10,
        "Trịnh": 10, "Đào": 14, "Tạ": 8, "Cao": 8, "Hà": 8, "Phan": 12, "Vương": 7, "Lưu": 8, "Tăng": 8,
        "Khúc": 4, "Trương": 8,
    },
    "02": {
        "Hoàng": 24, "Nông": 18, "Ma": 20, "Lương": 10, "Hà": 8, "Triệu": 6, "Lý": 6, "Nguyễn": 14,
        "Hứa": 6,
    },
    "07": {
        "Nông": 20, "Lý": 15, "Hoàng": 22, "Chu": 10, "Vi": 10, "Triệu": 6, "Lương": 8, "Hứa": 6,
        "Nguyễn": 4,
    },
    "18": {
        "Từ": 10, "Trương": 18, "Diệp": 18, "Lục": 8, "Trần": 20, "Tạ": 8, "Lưu": 8, "Nguyễn": 6,
    },
    "15": {
        "Trần": 25, "Lý": 16, "Hoàng": 16, "Ninh": 10, "La": 8, "Lâm": 8, "Đặng": 4,
    },
    "09": {
        "Triệu": 28, "Bàn": 24, "Đặng": 18, "Lý": 18, "Phùng": 8,
    },
    "08": {
        "Giàng": 16, "Vàng": 16, "Lý": 22, "Hầu": 10, "Dương": 20, "Ma": 8,
    },
}  # fmt: skip

_MIDDLE = {
    "male": _words(
        "Văn Đức Minh Quang Hữu Công Đình Xuân Ngọc Tiến Trọng Mạnh Anh Thành Duy Bá Gia Hoàng Tuấn Việt "
        "Viết Quốc Huy Thế"
    ),
    "female": _words(
        "Thị Thu Ngọc Thanh Minh Phương Khánh Hồng Bích Kim Diệu Mỹ Thùy Hải Bảo Quỳnh Lan Hà Mai Như "
        "Kiều Tú Cẩm Thúy"
    ),
}
_GIVEN = {
    "male": _words(
        "Hùng Dũng Tuấn Cường Hải Minh Nam Sơn Long Thắng Tùng Huy Quân Anh Bình Thành Trung Đức Hiếu "
        "Hoàng Việt Phúc Khánh Kiên Toàn Tú Hưng Lâm Dương Mạnh Chiến Quyết Tiến Thịnh Vinh Hòa Phong Đạt "
        "Nghĩa Trường Duy Khôi Bách Khoa Nhân Tâm Thái Tài Lộc Sáng Giang Hà Hậu Huấn Khải Lực Ngọc "
        "Nguyên Oanh Phương Quý Sinh Tân Thạch Thi Thiện Thuận Thủy Tới Vũ Vượng Xuân Định Đông Đoàn "
        "Doanh Điệp Chung Công"
    ),
    "female": _words(
        "Hương Lan Hoa Hà Hằng Hạnh Hiền Hòa Huệ Huyền Linh Loan Mai Nga Ngọc Nhung Oanh Phương Quỳnh "
        "Thảo Thu Thúy Trang Tuyết Vân Yến Anh Bích Chi Dung Duyên Giang Khánh Liên Liễu Lý My Ngân "
        "Nguyệt Nhàn Nhi Như Phượng Quyên Sen Tâm Thanh Thắm Thơm Thủy Tình Trâm Trinh Tú Uyên Vinh Vui "
        "Xuân Ánh Châu Cúc Dịu Gấm Hậu Hồng Hường Khuyên Là Lệ Lương Miền Mơ Na Nụ Thêu Thoa Thương Tươi"
    ),
}
_MIDDLES = _MIDDLE["male"] + _MIDDLE["female"]
_GIVENS = _GIVEN["male"] + _GIVEN["female"]
_SEXES = ("male", "female")

#: The forms a name takes in a file.
PLAIN, DECOMPOSED, CAPITALS = 0, 1, 2


def _draw(rng: np.random.Generator, weights: Array, size: int) -> Array:
    edges = np.cumsum(weights) / np.sum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(size), side="right"), len(weights) - 1)


def draw_surnames(rng: np.random.Generator, ethnicity: Array) -> Array:
    """A surname number for each person of an ethnicity (a two-digit number)."""
    surnames = np.zeros(len(ethnicity), dtype=np.int32)
    for code in np.unique(ethnicity):
        common = _BY_ETHNICITY.get(f"{code:02d}", {})
        weights = np.array([common.get(name, 0) for name in SURNAMES], dtype=float)
        weights += 0.004 * weights.sum() if weights.any() else 1.0
        mask = ethnicity == code
        surnames[mask] = _draw(rng, weights, int(mask.sum()))
    return surnames


def draw_given_names(rng: np.random.Generator, sex: Array, birth_year: Array) -> Array:
    """A number for middle and given name; the generation before 1985 is mostly Văn and Thị."""
    names = np.zeros(len(sex), dtype=np.int32)
    shift_middle = shift_given = 0
    for code, key in enumerate(_SEXES):
        for young in (False, True):
            mask = (sex == code) & ((birth_year >= 1985) == young)
            size = int(mask.sum())
            first = (0.25 if code else 0.18) if young else (0.72 if code else 0.50)
            rest = 1 / (np.arange(1, len(_MIDDLE[key])) + 4)
            weights = np.concatenate([[first], rest / rest.sum() * (1 - first)])
            given = 1 / (np.arange(len(_GIVEN[key])) + 12)
            names[mask] = (shift_middle + _draw(rng, weights, size)) * len(_GIVENS) + (
                shift_given + _draw(rng, given, size)
            )
        shift_middle, shift_given = len(_MIDDLE["male"]), len(_GIVEN["male"])
    return names


def next_given_name(names: Array) -> Array:
    """Another given name with the same middle name and for the same sex: what tells twins apart."""
    middle, given = names // len(_GIVENS), names % len(_GIVENS)
    boys = len(_GIVEN["male"])
    moved = np.where(given < boys, (given + 1) % boys, boys + (given - boys + 1) % len(_GIVEN["female"]))
    return middle * len(_GIVENS) + moved


def whole_names(surname: Array, given_name: Array) -> Array:
    """One number for surname, middle and given name."""
    return surname.astype(np.int64) * len(_MIDDLES) * len(_GIVENS) + given_name


class NameBook:
    """The texts of all names in use, each as written, decomposed and in capitals."""

    def __init__(self, numbers: Array) -> None:
        self._numbers = np.unique(numbers)
        surname, rest = np.divmod(self._numbers, len(_MIDDLES) * len(_GIVENS))
        middle, given = np.divmod(rest, len(_GIVENS))
        forms = []
        for form in (PLAIN, DECOMPOSED, CAPITALS):
            words = [
                pa.array([_formed(word, form) for word in words]) for words in (SURNAMES, _MIDDLES, _GIVENS)
            ]
            parts = [
                pc.take(word, pa.array(which))
                for word, which in zip(words, (surname, middle, given), strict=True)
            ]
            forms.append(pc.binary_join_element_wise(*parts, " "))
        self._texts = pa.concat_arrays(forms)

    def texts(self, numbers: Array, form: Array | int = PLAIN) -> pa.Array:
        """The names, each in the form asked for."""
        position = np.searchsorted(self._numbers, numbers) + np.asarray(form, dtype=np.int64) * len(
            self._numbers
        )
        return pc.take(self._texts, pa.array(position))


def _formed(word: str, form: int) -> str:
    if form == DECOMPOSED:
        return unicodedata.normalize("NFD", word)
    return word.upper() if form == CAPITALS else word
