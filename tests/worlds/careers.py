"""A world of fifteen months, 2024-10 to 2025-12, for what only time shows: spells, successions, flows, transitions.

Old Factory becomes New Factory in July 2025 (a new tax code): five of its six workers move together. Lan loses her
job in the shop, is on benefit, and comes back; she is the example of ``docs/careers.md``. Hạnh has two jobs. Minh and
Tú get new citizen IDs, one named by the register, one told by name, birth date, sex and household. The twins Ánh and
Ảnh share birth date, sex and household, the namesakes Bảo and Bảo name, birth date and sex: they stay themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.home import Home
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import Person, Row, csv_bytes, enterprise_code

FACTORY, NEW_FACTORY, SHOP = (enterprise_code(n) for n in (11, 12, 13))
WORKERS = ("một", "hai", "ba", "bốn", "năm", "sáu")
HOME = "10507"  # urban, Hải Dương; from 2025-07 of the same number in the new province 31
PEOPLE = {
    **{
        w: Person(200 + n, f"Thợ Thứ {w}", "male", f"198{n}-02-0{n + 1}", HOME) for n, w in enumerate(WORKERS)
    },
    "lan": Person(210, "Vũ Thị Lanhương", "female", "1996-05-20", HOME),
    "hạnh": Person(211, "Đỗ Thị Hạnhphúc", "female", "1990-08-08", HOME),
    "minh": Person(212, "Lê Quang Minhđức", "male", "1985-03-03", HOME),
    "tú": Person(213, "Ngô Thị Túanh", "female", "1979-09-09", HOME),
    "ánh": Person(214, "Bùi Ngọc Ánh", "female", "2001-01-01", HOME),
    "ảnh": Person(215, "Bùi Ngọc Ảnh", "female", "2001-01-01", HOME),
    "bảo": Person(216, "Hồ Gia Bảo", "male", "1999-12-12", HOME),
    "bảo khác": Person(217, "Hồ Gia Bảo", "male", "1999-12-12", HOME),
}
RENEWED = {
    "minh": Person(312, "Lê Quang Minhđức", "male", "1985-03-03", HOME),
    "tú": Person(313, "Ngô Thị Túanh", "female", "1979-09-09", HOME),
}
HOUSEHOLDS = {"ánh": "H1", "ảnh": "H1", "bảo": "H2", "bảo khác": "H3", "tú": "H4"}
MONTHS = [f"{y}-{m:02}" for y, m in [(2024, m) for m in (10, 11, 12)] + [(2025, m) for m in range(1, 13)]]
WAGE = 6_000_000


def between(first: str, last: str) -> list[str]:
    """Months of the world from one to another, both included."""
    return [m for m in MONTHS if first <= m <= last]


def jobs() -> list[tuple[str, str, list[str]]]:
    """Who worked where, in which months."""
    moving = [(w, FACTORY, between("2024-10", "2025-06")) for w in WORKERS]
    moving += [(w, NEW_FACTORY, between("2025-07", "2025-12")) for w in WORKERS[:5]]
    return [
        *moving,
        ("lan", SHOP, between("2024-10", "2025-02")),
        ("lan", SHOP, between("2025-10", "2025-12")),
        ("hạnh", SHOP, between("2024-10", "2025-12")),
        ("hạnh", NEW_FACTORY, between("2025-08", "2025-09")),
        ("minh", SHOP, between("2024-10", "2025-12")),
    ]


def _registered(who: str, person: Person, on: str, **changes: str) -> Row:
    row = person.row | {
        "commune_code": person.commune, "life_status": "alive", "updated_at": on, "status_date": "", "previous_id": "",
        "household_id": HOUSEHOLDS.get(who, ""),
    }  # fmt: skip
    return row | changes


def _person_in(who: str, month: str) -> Person:
    return RENEWED["minh"] if who == "minh" and month > "2025-03" else PEOPLE[who]


def contribution(who: str, employer: str, month: str, **changes: str) -> Row:
    """A compulsory contribution, unless changed; its wage rises by 10,000 a month."""
    row = _person_in(who, month).row | {
        "si_number": f"{4_000_000_000 + list(PEOPLE).index(who)}", "employer_code": employer, "month": month,
        "scheme": "compulsory", "unemployment_insured": "true", "wage_base": str(WAGE + 10_000 * MONTHS.index(month)),
        "managing_province_code": "30" if month < "2025-07" else "31", "contribution_status": "paid",
    }  # fmt: skip
    return row | changes


def _enterprise(code: str, vsic: str, **changes: str) -> Row:
    row = {
        "enterprise_code": code, "name": "Công ty", "legal_form": "limited_liability", "ownership": "private",
        "main_vsic": vsic, "commune_code": HOME, "status": "active", "registered_on": "2015-01-01",
        "owner_citizen_id": "", "updated_at": "2024-09-01",
    }  # fmt: skip
    return row | changes


def deliveries() -> dict[str, list[Row]]:
    """Rows by delivery folder, everything on time."""
    insured = {
        f"social_insurance/{m}": [contribution(w, e, m) for w, e, ms in jobs() if m in ms] for m in MONTHS
    }
    insured["social_insurance/2025-08"].append(
        contribution("lan", "", "2025-08", scheme="voluntary", unemployment_insured="false")
    )
    training = PEOPLE["lan"].row | {
        "institution_code": "TRUONG1", "record_no": "1", "previous_id": "", "programme": "Kế toán",
        "field_code": "34", "level": "elementary", "kind": "retraining", "started_on": "2024-11-01",
        "ended_on": "2024-12-20", "outcome": "completed", "certificate_no": "CC1",
    }  # fmt: skip
    return {
        "population/2024-10": [
            _registered(who, p, "2020-01-01") for who, p in PEOPLE.items() if who not in ("ảnh", "bảo khác")
        ],
        "population/2025-04": [
            _registered("minh", RENEWED["minh"], "2025-04-10", previous_id=PEOPLE["minh"].id),
            _registered("tú", RENEWED["tú"], "2025-04-15"),
            _registered("ảnh", PEOPLE["ảnh"], "2025-04-20"),
            _registered("bảo khác", PEOPLE["bảo khác"], "2025-04-20"),
        ],
        "enterprises/2024-10": [_enterprise(FACTORY, "1410"), _enterprise(SHOP, "4711")],
        "enterprises/2025-06": [_enterprise(NEW_FACTORY, "1410", updated_at="2025-06-25", registered_on="2025-06-25")],
        **insured,
        "training/2024-12": [training],
        "unemployment_benefits/2025-03": [
            PEOPLE["lan"].row | {"decision_no": "QD1", "starts_on": "2025-03-10", "ends_on": "2025-06-09"}
        ],
    }  # fmt: skip


def write(
    home: Home,
    settings: str = "",
    changed: dict[str, Sequence[Row]] | None = None,
    without: Sequence[str] = (),
) -> Home:
    """Write the world into ``home``; ``changed`` replaces deliveries or adds others, ``without`` names those left out."""
    for folder, rows in (deliveries() | (changed or {})).items():
        if folder in without:
            continue
        target = home.landing / folder
        target.mkdir(parents=True, exist_ok=True)
        (target / "data.csv").write_bytes(csv_bytes(rows))
    home.settings.write_text(settings)
    return home


def run(home: Home) -> Home:
    """Run for 2025Q4, step by step."""
    assert worlds.run_steps(home, "2025Q4").id == "2025Q4.1"
    return home
