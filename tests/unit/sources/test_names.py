"""Names in encodings before Unicode are found out, names of Viet Nam's languages are not (SPEC §3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import duckdb
import pytest
from support.ingestion import csv_text, insured, put, read

from expectations.delivery_gate import delivery_gate
from expectations.rules import load_rules
from sources.calendar import month_number
from sources.cleaning.names import is_foreign
from sources.restricted.database import create_schema
from sources.simulator.names import SURNAMES

MIDDLES = ("Văn", "Thị", "Đức", "Quốc", "Thuỳ")
GIVEN = ("Hùng", "Hoà", "Thuỷ", "Phượng", "Ánh", "Nam", "Dũng", "Sáng", "Quỳnh", "Lệ")
NAMES = [" ".join(words) for words in product(SURNAMES, MIDDLES, GIVEN)]

_LETTERS = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
# the tone or mark follows its letter, as a letter of Windows-1252
_VNI_TEXTS = (
    "aø aù aû aõ aï aê aè aé aú aü aë aâ aà aá aå aã aä ñ eø eù eû eõ eï eâ eà eá eå eã eä ì í æ ó ò oø où oû oõ oï"
    " oâ oà oá oå oã oä ô ôø ôù ôû ôõ ôï uø uù uû uõ uï ö öø öù öû öõ öï yø yù yû yõ î"
)
_VNI = dict(zip(_LETTERS, _VNI_TEXTS.split(), strict=True))
# one byte a letter, shown as Latin-1
_TCVN3_TEXTS = "µ¸¶·¹¨»¾¼½Æ©ÇÊÈÉË®ÌÐÎÏÑªÒÕÓÔÖ×ÝØÜÞßãáâä«åèæçé¬êíëìîïóñòô\u00adõøö÷ùúýûüþ"
_TCVN3 = dict(zip(_LETTERS, _TCVN3_TEXTS, strict=True))
_TCVN3_CAPITALS = dict(zip("ĂÂÊÔƠƯĐ", "¡¢£¤¥¦§", strict=True))


def in_vni(name: str) -> str:
    return "".join(_VNI.get(c, _VNI.get(c.lower(), c)) for c in name)


def in_tcvn3(name: str) -> str:
    return "".join(_TCVN3.get(c) or _TCVN3_CAPITALS.get(c) or _TCVN3.get(c.lower(), c) for c in name)


def foreign(names: Sequence[str]) -> list[str]:
    """Those of the names that hold letters no language of Viet Nam uses."""
    found = duckdb.execute(
        f"select n from unnest(?) as t(n) where {is_foreign('n')}", [list(names)]
    ).fetchall()
    return [n for (n,) in found]


def test_capitals_are_what_their_small_letters_are() -> None:
    differing = duckdb.execute(f"""
select i from (select i, chr(i::integer) as n from range(1, {0x110000}) as t(i) where i not between {0xD800} and {0xDFFF})
where {is_foreign("n")} <> {is_foreign("lower(n)")}
""").fetchall()
    assert differing == []


@pytest.mark.parametrize("written", [str, str.upper, lambda n: unicodedata.normalize("NFD", n)])
def test_vietnamese_names_are_not_foreign(written: type[str]) -> None:
    assert foreign([written(n) for n in NAMES]) == []


def test_names_of_minorities_and_typographers_are_not_foreign() -> None:
    names = [
        "Y Ƀlô Niê", "H'Hĕn Niê", "H’Ñung Ênuôl", "Rơ Châm Ơ̆n", "Ksor H'Bŭng", "Čil K'Brĕh", "Siu Ƀơ̆", "K'Sŏr Ĭ", "Y Ƀih Aleo",
        "Lò Văn Pánh", "Thạch Sô Phia", "Jơ Ngơh Wôih", "Ðỗ Thị Hoà", "Ɖặng An", "Nguyễn-Lê An", "Đàng Thị ʼAn", "ថាច់ សុផា",
    ]  # fmt: skip
    assert foreign(names) == []


@pytest.mark.parametrize(("encoded", "share"), [(in_vni, 0.4), (in_tcvn3, 0.9)])
def test_names_in_old_encodings_are_mostly_foreign(encoded: type[str], share: float) -> None:
    """Some of VNI pass for Vietnamese (Traàn Vaên Nam); a delivery of them does not."""
    assert len(foreign([encoded(n) for n in NAMES])) > share * len(NAMES)


def test_utf_8_taken_for_windows_1252_is_foreign() -> None:
    mangled = [n.encode().decode("cp1252", errors="replace") for n in NAMES if not n.isascii()]
    assert len(foreign(mangled)) > 0.95 * len(mangled)


def verdict(folder: Path, names: Sequence[str]) -> tuple[str, str]:
    """Disposition of a delivery whose rows have these names, and why."""
    put(folder, "a.csv", csv_text([insured(i, full_name=n) for i, n in enumerate(names)]))
    gate = delivery_gate(read(folder).connection, month_number("2025-12"), load_rules())
    found = gate.dispositions.iloc[0]
    return found["disposition"], found["because"]


@pytest.mark.parametrize("encoded", [in_vni, in_tcvn3])
def test_a_delivery_in_an_old_encoding_is_held_and_named(tmp_path: Path, encoded: type[str]) -> None:
    assert verdict(tmp_path, [encoded(n) for n in NAMES[:200]]) == ("held", "legacy_encoding")


def test_a_tenth_of_strange_names_is_borne(tmp_path: Path) -> None:
    names = ["José Müller"] * 6 + NAMES[:54]
    assert verdict(tmp_path / "ten", names) == ("used", "")
    assert verdict(tmp_path / "more", ["José Müller", *names[:-1]]) == ("held", "legacy_encoding")


def test_few_names_only_warn(tmp_path: Path) -> None:
    assert verdict(tmp_path, [in_tcvn3(n) for n in NAMES[:49]]) == ("used", "")


def test_names_of_quarantined_rows_count(tmp_path: Path) -> None:
    """A file in an old encoding may lose rows for its sexes too: both are said."""
    rows = [insured(i, full_name=in_tcvn3(n)) for i, n in enumerate(NAMES[:100])]
    rows = [r | {"sex": "N÷"} if i % 2 else r for i, r in enumerate(rows)]
    put(tmp_path, "a.csv", csv_text(rows))
    gate = delivery_gate(read(tmp_path).connection, month_number("2025-12"), load_rules())
    assert "legacy_encoding" in gate.dispositions["because"][0]
    assert "quarantined_share" in gate.dispositions["because"][0]


def test_names_read_before_they_were_counted_are_counted_when_the_home_is_opened(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", csv_text([insured(i, full_name=in_tcvn3(n)) for i, n in enumerate(NAMES[:60])]))
    put(tmp_path, "b.csv", csv_text([insured(100)]))
    connection = read(tmp_path).connection
    counts = "select file, names, foreign_names from landing.files order by all"
    before = connection.execute(counts).fetchall()
    connection.execute(
        "alter table landing.files drop column names; alter table landing.files drop column foreign_names"
    )
    create_schema(connection)
    assert connection.execute(counts).fetchall() == before == [("a.csv", 60, 54), ("b.csv", 1, 0)]
