"""The macros that compare names and IDs, against the same rules written in Python (SPEC §3)."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

MACROS = Path(__file__).parents[3] / "dbt_project" / "macros"
FILES = ("engine/texts.sql", "names.sql", "identity_rules.sql")
TONES = "\u0300\u0301\u0309\u0303\u0323"
VOWELS = "aăâeêioôơuưy"
NAMES = (
    "Đỗ Thị Hoà", "Nguyễn Thuỷ", "Trần Văn Quý", "Hoàng Khoẻ", "Lý Ngoãn", "Giàng A Pháo", "Y Ƀơ̆ Niê", "H'Ñung Ênuôl",
    "Võ Thị Uyên", "Đặng Quốc Toản", "Phùng Ơn",
)  # fmt: skip


def macros() -> Any:
    """The macros as plain Jinja, with the engine's default for what dbt dispatches."""
    found: dict[str, Any] = {}
    adapter = SimpleNamespace(
        dispatch=lambda name, package: lambda *a: getattr(found["module"], f"default__{name}")(*a)
    )
    text = "\n".join((MACROS / name).read_text(encoding="utf-8") for name in FILES)
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    template = environment.from_string(text, globals={"return": lambda value: value, "adapter": adapter})
    found["module"] = template.module
    return found["module"]


def spelt(name: str) -> tuple[str, str]:
    """What two spellings of one name have in common: letters without tones, and the tones of each word."""
    letters, tones = [], []
    for word in name.lower().replace("ð", "đ").replace("ɖ", "đ").split(" "):
        kept = tone = ""
        for character in word:
            parts = unicodedata.normalize("NFD", character)
            bare = unicodedata.normalize("NFC", "".join(p for p in parts if p not in TONES))
            if bare in ("", *VOWELS):  # a tone alone, or on a vowel
                tone += "".join(p for p in parts if p in TONES)
                parts = bare
            kept += parts
        letters.append(unicodedata.normalize("NFC", kept))
        tones.append(tone)
    return " ".join(letters), " ".join(tones)


def respelt(name: str, chance: random.Random) -> str:
    """The name with tones moved, lost or changed, letters replaced by look-alikes, or case changed."""
    letters = list(unicodedata.normalize("NFD", name))
    for _ in range(chance.randint(0, 2)):
        kind, place = chance.randint(0, 5), chance.randrange(len(letters))
        marks = [i for i, c in enumerate(letters) if c in TONES]
        if kind <= 2 and marks:
            mark = letters.pop(chance.choice(marks))
            if kind < 2:
                vowels = [i for i, c in enumerate(letters) if c.lower() in "aeiouy"]
                letters.insert(chance.choice(vowels) + 1, chance.choice(TONES) if kind else mark)
        elif kind == 3:
            letters = list("".join(letters).replace("Đ", chance.choice("ÐƉĐD")))
        elif kind == 4:
            letters = list("".join(letters).upper())
        else:
            letters[place] = letters[place].lower()
    return unicodedata.normalize("NFC", "".join(letters))


def test_names_are_the_same_as_python_finds_them() -> None:
    chance, m = random.Random(15), macros()
    pairs = [(a, respelt(a, chance)) for a in NAMES * 400]
    pairs += [(respelt(a, chance), respelt(b, chance)) for a in NAMES for b in NAMES]
    with duckdb.connect() as connection:
        connection.execute("create table p (a varchar, b varchar)")
        connection.executemany("insert into p values (lower(?), lower(?))", pairs)
        found = connection.execute(
            f"select {m.same_name('a', 'b')}, {m.common_letters('a')} = {m.common_letters('b')} from p"
        ).fetchall()
    meant = [spelt(a) == spelt(b) for a, b in pairs]
    assert [same for same, _ in found] == meant
    assert all(letters for same, letters in found if same)  # or the hash join would lose them
    differently = sum(a.lower() != b.lower() and same for (a, b), same in zip(pairs, meant, strict=True))
    assert differently > 100 and meant.count(False) > 500


def nearly(a: str, b: str) -> bool:
    """One digit differs, or two neighbours changed places."""
    off = [i for i in range(12) if a[i] != b[i]]
    if len(off) == 2:
        i, j = off
        return j == i + 1 and a[i] == b[j] and a[j] == b[i]
    return len(off) <= 1


def test_ids_are_near_as_python_finds_them() -> None:
    chance, m = random.Random(4), macros()
    pairs = []
    for _ in range(3000):
        a = f"{chance.choice([0, 1, 30, 95])}{chance.randrange(10**9):09d}".zfill(12)
        b = list(a)
        for _ in range(chance.randint(0, 2)):
            i = chance.randrange(12)
            if chance.random() < 0.5:
                b[i] = str(chance.randrange(10))
            else:
                j = min(11, i + chance.randint(1, 2))
                b[i], b[j] = b[j], b[i]
        pairs.append((a, "".join(b)))
    with duckdb.connect() as connection:
        connection.execute("create table p (a bigint, b bigint)")
        connection.executemany("insert into p values (?, ?)", [(int(a), int(b)) for a, b in pairs])
        found = connection.execute(f"select {m.nearly_the_same_id('a', 'b')} from p").fetchall()
    meant = [nearly(a, b) for a, b in pairs]
    assert [near for (near,) in found] == meant
    assert 500 < meant.count(True) < 2900
