"""The small world with every name, number and birth date replaced by a marker that occurs nowhere else on the machine.

All names share a syllable and all numbers a group of digits, so that one search finds any of them in one form.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from functools import cache

from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import PEOPLE, Row

from orchestration.home import Home

SYLLABLE = "wỡj"  # no word of any language
DIGITS = "913577"
GIVEN = [f"{a}{SYLLABLE}{e}" for a in ("Z", "Fh", "Kq") for e in ("ãz", "ẽx", "ĩv", "õz", "ũx", "ỹv", "az")]


def _name(number: int) -> str:
    return f"Q{SYLLABLE}h Văn {GIVEN[number]}"


def _born(number: int, born: str) -> str:
    """The same month, on a day that no other date of the world falls on."""
    return f"{born[:8]}{11 + number:02d}" if number < 17 else f"{born[:8]}28"


PERSONS = {
    key: worlds.Person(913_500 + number, _name(number), p.sex, _born(number, p.born), p.commune)
    for number, (key, p) in enumerate(PEOPLE.items())
}  # fmt: skip
STRANGER = worlds.Person(913_599, _name(19), "male", "1990-03-23", "10507")
FORMER = "913577160"
HOUSEHOLD = f"HK{SYLLABLE}{DIGITS}"


def marked(rows: list[Row]) -> list[Row]:
    """Rows of the small world about the marked persons."""
    swaps = {worlds.FORMER: FORMER, "Không Ai Biết": STRANGER.name}
    for key, p in PEOPLE.items():
        mine = PERSONS[key]
        swaps |= {p.id: mine.id, p.name: mine.name, p.born: mine.born}
        # Rạng's unusable ID says the other sex
        swaps[worlds.citizen(15, "male", p.born)] = worlds.citizen(913_599, "male", p.born)
    made = []
    for row in rows:
        new = {k: swaps.get(v, v) for k, v in row.items()}
        if "si_number" in new:
            new["si_number"] = f"{DIGITS}{new['si_number'][-4:]}"
        if "life_status" in new:
            new["household_id"] = HOUSEHOLD + new["citizen_id"][-2:] if new["citizen_id"] else HOUSEHOLD
        if row.get("full_name") == "Không Ai Biết":
            new["birth_date"] = STRANGER.born
        if row.get("full_name") == "Chu Sơn":
            new["full_name"] = f"Q{SYLLABLE}h"
        if row.get("full_name") == "Trần Thị Uyenphuong":
            new["full_name"] = f"Q{SYLLABLE}h {GIVEN[20]}"
        made.append(new)
    return made


def write_marked_world(home: Home) -> Home:
    """Deliveries of every fate: read, quarantined in every way, unlinkable, held, refused."""
    for folder, rows in worlds.deliveries().items():
        worlds.deliver(home, folder, marked(rows))
    people = home.landing / "population" / "2025-09" / "data.csv"
    lines = people.read_text().splitlines()
    good = marked(worlds.deliveries()["population/2025-09"])[0]
    odd = [
        good | {"birth_date": f"{good['birth_date']} {SYLLABLE}"},
        good | {"life_status": SYLLABLE},
        good | {"commune_code": "99999"},
        good | {"citizen_id": good["citizen_id"][:3] + "1" + good["citizen_id"][4:]},  # contradicts the sex
        good | {"citizen_id": f"{DIGITS}", "full_name": STRANGER.name},
    ]
    lines += worlds.csv_bytes(odd).decode().splitlines()[1:]
    lines += [
        lines[1] + ",one field more",
        lines[1].rsplit(",", 3)[0],
        lines[1].replace(" Văn", '" Văn', 1).replace("Q", '"Q', 1),
    ]
    people.write_text("\n".join([*lines, lines[2]]) + "\n")
    persons = marked(worlds.deliveries()["population/2025-12"])
    insured = marked(worlds.deliveries()["social_insurance/2025-12"])
    text = worlds.csv_bytes(persons).decode()
    refused: dict[str, bytes] = {
        "population/2025-10/cut.csv.gz": gzip.compress(text.encode() * 50, mtime=0)[:-9],
        "population/2025-11/no-header.csv": text.split("\n", 1)[1].encode(),
        "training/2025-10/quote.csv": text.replace(f"Q{SYLLABLE}h", f'"Q{SYLLABLE}h', 1).encode(),
        "training/2025-11/nul.csv": text.encode() + f"\0{STRANGER.name}".encode(),
        "job_seekers/2025-10/strange.jsonl": json.dumps([STRANGER.row]).encode(),
        "job_seekers/2025-11/text.parquet": text.encode(),
        "labour_register/2025-10/text.xlsx": text.encode(),
        "labour_register/2025-11/page.csv": STRANGER.name.encode("utf-16"),
    }
    for place, content in refused.items():
        (home.landing / place).parent.mkdir(parents=True)
        (home.landing / place).write_bytes(content)
    # held: of sixty rows every one has an unknown code
    unknown = [
        insured[n % len(insured)] | {"managing_province_code": "98", "wage_base": str(n + 1)}
        for n in range(60)
    ]
    worlds.deliver(home, "social_insurance/2025-10", unknown)
    home.settings.write_text(worlds.SETTINGS)
    return home


def deliver_nobody(home: Home) -> None:
    """December's insurance again, of persons that the register does not know: gate 2 stops."""
    rows = marked(worlds.deliveries()["social_insurance/2025-12"])
    nobody = {"full_name": STRANGER.name, "birth_date": STRANGER.born}
    garbled = [
        r
        | nobody
        | {"citizen_id": worlds.citizen(913_600 + n, "male", "1990"), "si_number": f"{DIGITS}{9000 + n}"}
        for n, r in enumerate(rows)
    ]
    worlds.deliver(home, "social_insurance/2025-12.r2", garbled)


# ---- the forms a marker may take -----------------------------------------------------------------------------


def _forms(text: str) -> set[str]:
    """A text as programs may write it: composed or not, escaped for JSON, Python, XML or a URL, without its signs."""
    plain = unicodedata.normalize("NFD", text)
    forms = {text, plain, "".join(c for c in plain if not unicodedata.combining(c))}
    forms |= {json.dumps(text)[1:-1], json.dumps(text)[1:-1].upper().replace("\\U", "\\u"), ascii(text)[1:-1]}
    forms.add("".join(c if c.isascii() else f"&#{ord(c)};" for c in text))
    forms.add("".join(c if c.isascii() else f"&#x{ord(c):x};" for c in text))
    forms.add("".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in text))
    forms.add("".join(c if c.isascii() else "".join(f"\\x{b:02x}" for b in c.encode()) for c in text))
    return forms


@cache
def numbers() -> frozenset[int]:
    """The numbers that tell somebody, and what they are packed into: IDs, former and insurance numbers."""
    people = [*PERSONS.values(), STRANGER]
    ids = {int(p.id) for p in people}
    ids |= {int(worlds.citizen(913_599, "male", p.born)) for p in people}
    ids |= {int(worlds.citizen(913_600 + n, "male", "1990")) for n in range(9)}
    others = (
        {int(FORMER)}
        | {int(f"{DIGITS}{n:04d}") for n in range(len(PEOPLE))}
        | {int(f"{DIGITS}{9000 + n}") for n in range(9)}
    )
    return frozenset(ids | {i * 40 + 1 for i in ids} | others)


@cache
def births() -> frozenset[str]:
    """Every birth date as people write dates."""
    dates = {p.born for p in (*PERSONS.values(), STRANGER)}
    parts = [d.split("-") for d in dates]
    return frozenset(
        f for y, m, d in parts for f in (f"{y}-{m}-{d}", f"{d}/{m}/{y}", f"{d}-{m}-{y}", f"{y}{m}{d}")
    )


@cache
def text_forms() -> tuple[bytes, ...]:
    """Byte strings of which none may occur: the syllable in every form and case, in UTF-8 and UTF-16."""
    words = {w for c in (SYLLABLE, SYLLABLE.upper(), SYLLABLE.title()) for w in _forms(c)}
    return tuple(sorted({w.encode(e) for w in words for e in ("utf-8", "utf-16-le", "utf-16-be")}))


@cache
def number_forms() -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """The numbers as digits, each with the expression that finds it standing alone: in a hash it would be chance."""
    forms = []
    for number in sorted(numbers()):
        digits = str(number).encode()
        forms.append((digits, re.compile(rb"(?<![0-9a-fA-F.])0*" + digits + rb"(?![0-9a-fA-F])")))
        wide = b"\0".join(bytes([c]) for c in digits)
        forms.append((wide, re.compile(wide)))
    return tuple(forms)
