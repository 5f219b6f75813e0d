"""A world of eighteen invented persons, written by hand, and homes it was run in once for many tests.

What must come of each person is worked out beside the rows; ``test_small_world`` holds the product to it.
"""

from __future__ import annotations

import atexit
import csv
import io
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock

from orchestration.dbt import project
from orchestration.home import Home
from orchestration.run import gates, steps
from orchestration.run.execute import Outcome, execute
from orchestration.run.scope import Run, RunScope
from orchestration.settings import load_settings
from releases.disclosure.remembered import remembered
from releases.release import Release, current_release, next_id
from sources.calendar import quarter_number
from sources.restricted.database import attach_restricted
from sources.restricted.encryption import encryption_config, private_files

KEY = "a key for tests only, long enough to be taken"
# one unlinked row of eight is more than training may have; tiny worlds are not held to shares
SETTINGS = "[thresholds]\nlinked_share_training = 0.2\n"
AS_OF = "2025Q4"
SHARED = "LABOURDB_TEST_WORLDS"  # a folder for homes that all processes of one test run share


def citizen(number: int, sex: str, born: str, prefix: str = "030") -> str:
    """A citizen ID that agrees with sex and birth year."""
    century = (int(born[:4]) - 1900) // 100 * 2 + (sex == "female")
    return f"{prefix}{century}{born[2:4]}{number:06d}"


def enterprise_code(number: int) -> str:
    """A ten-digit enterprise code with its check digit, the ``number``-th that exists."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    base = 80_000_000 + number * 1_000
    while True:
        digits = f"{base:09d}"
        check = 10 - sum(w * int(d) for w, d in zip(weights, digits, strict=True)) % 11
        if check < 10:
            return f"{digits}{check}"
        base += 1


class Person:
    """Who somebody is in the population register."""

    def __init__(self, number: int, name: str, sex: str, born: str, commune: str) -> None:
        self.name, self.sex, self.born, self.commune = name, sex, born, commune
        self.id = citizen(number, sex, born)

    @property
    def row(self) -> dict[str, str]:
        """The columns every source of persons has."""
        return {"citizen_id": self.id, "full_name": self.name, "birth_date": self.born, "sex": self.sex}


# communes of the list before 2025-07: 10507 urban and 11161 rural in Hải Dương (30, from 2025-07 part of 31),
# 11086 rural there and split in two by the reform; 05431 urban and 05503 rural in Thái Nguyên (19, stays 19)
PEOPLE = {
    "an": Person(1, "Vũ Khắc Anlàm", "male", "1985-03-02", "10507"),
    "binh": Person(2, "Đỗ Thị Bìnhan", "female", "1990-07-15", "10507"),
    "cuong": Person(3, "Lê Hữu Cườngthịnh", "male", "1970-01-01", "10507"),
    "dung": Person(4, "Phạm Thị Dungnhi", "female", "1988-05-20", "11161"),
    "em": Person(5, "Ngô Văn Emxa", "male", "1995-11-30", "11161"),
    "giang": Person(6, "Bùi Thị Giangthu", "female", "1992-02-29", "10507"),
    "hai": Person(7, "Hoàng Văn Hảilong", "male", "2000-10-10", "11161"),
    "khanh": Person(8, "Đinh Thị Khánhhòa", "female", "2007-09-30", "10507"),
    "lan": Person(9, "Trịnh Văn Lanchi", "male", "2010-12-31", "11161"),
    "minh": Person(10, "Dương Công Minhtuấn", "male", "1964-09-30", "11161"),
    "nga": Person(11, "Mai Thị Ngavân", "female", "1969-04-30", "11161"),
    "oanh": Person(12, "Lý Thị Oanhyến", "female", "1980-06-06", "10507"),
    "phuc": Person(13, "Tạ Đình Phúclộc", "male", "1978-08-08", "10507"),
    "quan": Person(14, "Cao Bá Quântrung", "male", "1983-03-03", "11161"),
    "rang": Person(15, "Hà Thị Rạngđông", "female", "1999-09-09", "05431"),
    "son": Person(16, "Chu Văn Sơnhải", "male", "1965-01-01", "05503"),
    "tam": Person(17, "Kiều Thị Tâmđan", "female", "2009-01-01", "05503"),
    "uyen": Person(18, "Trần Thị Uyênphương", "female", "1991-01-31", "11086"),
}
FORMER = "145300716"  # the nine-digit number Sơn held before
FACTORY, FARM, NOWHERE, BUILDER = (enterprise_code(n) for n in (1, 2, 4, 5))  # NOWHERE is in no register
Row = dict[str, str]


def _with(who: str, **columns: str) -> Row:
    return PEOPLE[who].row | columns


def _registered(who: str, **changes: str) -> Row:
    person = PEOPLE[who]
    row = _with(
        who, commune_code=person.commune, life_status="alive", updated_at="2025-01-01", status_date=""
    )
    return row | {"previous_id": FORMER if who == "son" else ""} | changes


def _enterprise(code: str, vsic: str, **changes: str) -> Row:
    row = {
        "enterprise_code": code, "name": "Công ty", "legal_form": "limited_liability", "ownership": "private",
        "main_vsic": vsic, "commune_code": "10507", "status": "active", "registered_on": "2015-01-01",
        "owner_citizen_id": "", "updated_at": "2025-01-01",
    }  # fmt: skip
    return row | changes


def insured(who: str, month: str, wage: int, employer: str = "", province: str = "31", **changes: str) -> Row:
    """A compulsory contribution, paid and with unemployment insurance, unless changed."""
    row = _with(
        who, si_number=f"{3_000_000_000 + list(PEOPLE).index(who)}", employer_code=employer, month=month,
        scheme="compulsory", unemployment_insured="true", wage_base=str(wage), managing_province_code=province,
        contribution_status="paid",
    )  # fmt: skip
    return row | changes


def _course(who: str, record: str, level: str, kind: str, began: str, ended: str, outcome: str, certificate: str = "",
            **changes: str) -> Row:  # fmt: skip
    row = _with(
        who, institution_code="TRUONG1", record_no=record, previous_id="", programme="Nghề", level=level, kind=kind,
        started_on=began, ended_on=ended, outcome=outcome, certificate_no=certificate,
    )  # fmt: skip
    return row | changes


def _surveyed(who: str, on: str, activity: str, commune: str = "", **changes: str) -> Row:
    row = _with(who, commune_code=commune or PEOPLE[who].commune, surveyed_on=on, activity=activity)
    more = (
        "employment_status",
        "vsic_section",
        "weekly_hours",
        "wants_more_hours",
        "available",
        "technical_level",
    )
    return row | dict.fromkeys(more, "") | changes


def _official(indicator: str, province: str, year: str, value: str, unit: str, age_group: str = "total",
              low: str = "", high: str = "") -> Row:  # fmt: skip
    return {
        "indicator": indicator, "area_version": "2024", "area_code": province, "period": year, "sex": "total",
        "age_group": age_group, "urban_rural": "total", "value": value, "ci_low": low, "ci_high": high, "unit": unit,
        "source": "Cục Thống kê", "published_on": "2025-12-20",
    }  # fmt: skip


def deliveries() -> dict[str, list[Row]]:
    """Rows by delivery folder. Those of 2025-09 name areas of the old list (their note says so), the others of the new."""
    stranger = {"citizen_id": "", "full_name": "Không Ai Biết", "birth_date": "1990-01-01", "sex": "male"}
    wrong_id = citizen(
        15, "male", "1999-09-09"
    )  # says male: unusable for Rạng, who is found by name, birth and sex
    return {
        "population/2025-09": [
            *(_registered(who) for who in PEOPLE),
            _registered("an"),  # the same row again: duplicate
            _registered("binh", sex="không rõ"),  # quarantined: unreadable sex
        ],
        "population/2025-12": [
            # died before the first reference date, told after it: in neither quarter
            _registered("oanh", commune_code="10507", life_status="deceased", status_date="2025-08-15", updated_at="2025-12-05"),
            # left between the reference dates: in the first quarter alone
            _registered("phuc", commune_code="10507", life_status="emigrated", status_date="2025-10-10", updated_at="2025-10-12"),
            # moved to Thái Nguyên, to a new commune made of several old ones in two districts
            _registered("quan", commune_code="05488", updated_at="2025-11-20"),
        ],
        "enterprises/2025-09": [
            _enterprise(FACTORY, "1410"),
            _enterprise(FARM, "01"),
            _enterprise(PEOPLE["cuong"].id, "47", legal_form="household_business"),  # the owner is the code itself
            _enterprise(BUILDER, "4100", owner_citizen_id=PEOPLE["son"].id),
            _enterprise(FACTORY[:9] + str((int(FACTORY[9]) + 1) % 10), "62"),  # quarantined: wrong check digit
        ],
        "enterprises/2025-12": [
            _enterprise(BUILDER, "4100", owner_citizen_id=PEOPLE["son"].id, status="dissolved", updated_at="2025-11-01"),
        ],
        "social_insurance/2025-09": [
            insured("an", "2025-09", 9_000_000, FACTORY, "30"),
            insured("binh", "2025-09", 5_000_000, FARM, "30"),
            insured("giang", "2025-09", 8_000_000, FACTORY, "30"),
            insured("nga", "2025-09", 7_000_000, FARM, "30", contribution_status="leave", unemployment_insured="false"),
            insured("rang", "2025-09", 4_000_000, NOWHERE, "19", citizen_id=wrong_id),
            insured("uyen", "2025-09", 5_500_000, FACTORY, "30"),
        ],
        "social_insurance/2025-12": [
            insured("an", "2025-12", 10_000_000, FACTORY),
            insured("an", "2025-09", 9_500_000, FACTORY),  # corrects September: the later delivery wins
            # two jobs of the same wage: the farm has had her since September, so it is the main job
            insured("binh", "2025-12", 6_000_000, FACTORY),
            insured("binh", "2025-12", 6_000_000, FARM),
            insured("dung", "2025-12", 1_500_000, scheme="voluntary", unemployment_insured="false"),
            insured("nga", "2025-12", 7_000_000, FARM, contribution_status="leave", unemployment_insured="false"),
            insured("rang", "2025-12", 4_000_000, NOWHERE, "19", citizen_id=wrong_id),
            # no ID and a misspelt name: found by the number, confirmed by the birth date
            insured("uyen", "2025-12", 6_500_000, FACTORY, citizen_id="", full_name="Trần Thị Uyenphuong"),
            insured("uyen", "2025-12", 2_000_000, scheme="voluntary", unemployment_insured="false"),
        ],
        "training/2025-09": [
            _course("an", "1", "intermediate", "initial", "2015-09-01", "2018-06-30", "completed", "VB1"),
            _course("binh", "2", "college", "initial", "2008-09-01", "2011-06-30", "completed"),  # no certificate
            _course("nga", "3", "under_3_months", "initial", "2025-05-01", "2025-06-15", "completed", "VB3"),
            _course("son", "4", "elementary", "retraining", "2024-11-01", "2025-02-01", "completed", "VB4",
                    citizen_id="", previous_id=FORMER, full_name="Chu Sơn"),
            _course("dung", "5", "under_3_months", "retraining", "2024-12-01", "2024-12-31", "completed"),  # last year
            _course("khanh", "6", "college", "initial", "2025-09-01", "2025-09-10", "dropped"),  # superseded by the next
            _course("khanh", "6", "college", "initial", "2025-09-01", "", "ongoing"),
            _course("an", "7", "elementary", "initial", "2020-01-01", "2020-05-01", "completed", "VB7", **stranger),
        ],
        "training/2025-12": [
            _course("giang", "8", "under_3_months", "continuing", "2025-12-01", "2025-12-31", "completed"),  # on the day
        ],
        "labour_register/2025-09": [
            _surveyed("cuong", "2025-05-05", "employed", employment_status="own_account", vsic_section="G",
                      technical_level="no_certificate"),
            _surveyed("dung", "2025-08-10", "employed", employment_status="own_account", vsic_section="A", weekly_hours="20",
                      wants_more_hours="true", available="true", technical_level="untrained"),
            # in force until the same day a year later: at the end of September, no more at the end of December
            _surveyed("minh", "2024-12-31", "employed", employment_status="wage_worker", vsic_section="C"),
            _surveyed("phuc", "2025-03-01", "inactive"),
            _surveyed("quan", "2025-08-01", "employed", employment_status="own_account", vsic_section="A"),
            _surveyed("tam", "2025-09-01", "inactive", citizen_id=""),
        ],
        "labour_register/2025-12": [_surveyed("son", "2025-12-20", "unemployed")],
        "unemployment_benefits/2025-12": [
            _with("giang", decision_no="QD1", starts_on="2025-11-01", ends_on="2026-01-31"),
        ],
        "job_seekers/2025-09": [
            _with("hai", registration_no="DK1", registered_on="2025-09-15", closed_on="", province_code="30"),
            _with("quan", registration_no="DK2", registered_on="2025-06-01", closed_on="", province_code="30"),
        ],
        "job_seekers/2025-12": [
            # closed on the reference date is closed by it
            _with("hai", registration_no="DK1", registered_on="2025-09-15", closed_on="2025-12-31", province_code="31"),
        ],
        "overseas_contracts/2025-09": [
            _with("em", contract_no="HD1", country_code="JP", left_on="2025-07-01", returned_on=""),
        ],
        "overseas_contracts/2025-12": [
            _with("em", contract_no="HD1", country_code="JP", left_on="2025-07-01", returned_on="2025-12-01"),
        ],
        "official_statistics/2025-12": [
            _official("agriculture_share", "30", "2025", "18.2", "percent", low="17.5", high="18.9"),
            _official("unemployment_rate", "30", "2025", "2.9", "percent", "working_age", "2.5", "3.3"),
            _official("grdp_constant_2010", "30", "2020", "10000", "billion_VND"),
            _official("employed_average", "30", "2020", "1000", "thousand_persons"),
            _official("grdp_constant_2010", "30", "2025", "16105.1", "billion_VND"),
            _official("employed_average", "30", "2025", "1000000", "person"),
            _official("unemployment_rate", "19", "2025", "2.0", "percent", "working_age"),
        ],
    }  # fmt: skip


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """Rows as the CSV an agency would send."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def deliver(home: Home, folder: str, rows: Sequence[Row], name: str = "data.csv") -> Path:
    """Put rows into a delivery of ``home``; September 2025 says that it names areas of the old list."""
    target = home.landing / folder
    target.mkdir(parents=True, exist_ok=True)
    (target / name).write_bytes(csv_bytes(rows))
    if folder.split("/")[1].startswith("2025-09"):
        (target / "delivery.json").write_text(json.dumps({"agency": "Sở", "area_version": "2024"}))
    return target / name


def write_world(home: Home, without: Sequence[str] = (), backwards: bool = False) -> Home:
    """Write the world's deliveries and settings into ``home``, leaving out the sources named."""
    for folder, rows in sorted(deliveries().items(), reverse=backwards):
        if folder.split("/")[0] not in without:
            deliver(home, folder, rows)
    home.settings.write_text(SETTINGS)
    return home


@contextmanager
def environment(**values: str | None) -> Iterator[None]:
    """Environment variables for the block; ``None`` takes one away."""
    before = {name: os.environ.get(name) for name in values}

    def put(state: dict[str, str | None]) -> None:
        for name, value in state.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    put(dict(values))
    try:
        yield
    finally:
        put(before)


def run_world(home: Home, as_of: str = AS_OF, key: str | None = KEY) -> Outcome:
    """Run ``home`` in this process, under the tests' key or the home's own."""
    with environment(LABOURDB_KEY=key):
        return execute(home, load_settings(home.settings), as_of)


@contextmanager
def opened(home: Home, read_only: bool = True, key: str | None = KEY) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the home's databases attached: ``w`` (read-only) if it is there, and ``restricted``."""
    with duckdb.connect(config=encryption_config()) as connection:
        if home.database.exists():
            connection.execute(f"attach '{home.database}' as w (read_only)")
        with environment(LABOURDB_KEY=key), private_files():
            attach_restricted(connection, home.restricted, read_only=read_only)
        yield connection


@cache
def scratch() -> Path:
    """A folder for homes that outlive a test module."""
    folder = Path(tempfile.mkdtemp(prefix="labourdb-worlds-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process to ask fills, for all processes of a test run; no test may change it."""
    first = Path(os.environ.get(SHARED, str(scratch()))) / name
    with FileLock(f"{first}.lock"):
        if not first.exists():
            make(being_made := first.with_name(f"{name}-being-made"))
            being_made.rename(first)
    return first


@cache
def small_home() -> Home:
    """The world, run once for all test processes, each with a copy of its own; no test may change it."""
    return copy_of(Home(made_once("small", _run_small)), scratch() / "small-copy")


def _run_small(folder: Path) -> None:
    assert run_world(write_world(Home(folder))).published


def copy_of(home: Home, target: Path) -> Home:
    """A copy of a home that a test may change."""
    shutil.copytree(home.root, target, symlinks=True)
    return Home(target)


def table_bytes(home: Home) -> dict[str, bytes]:
    """The current release's tables, byte for byte."""
    return {p.name: p.read_bytes() for p in sorted((home.releases / "current" / "tables").iterdir())}


def scope(as_of: str = AS_OF, number: int = 1) -> RunScope:
    """What a run of ``as_of`` is to publish."""
    return RunScope(quarter_number(as_of), f"{as_of}.{number}")


def run_steps(home: Home, as_of: str = AS_OF, key: str | None = KEY) -> Release:
    """The steps of a run one after the other, without Dagster around them: what they say is what a run says."""
    home.require_landing()
    with environment(LABOURDB_KEY=key):
        identifier = next_id(home.releases, as_of, remembered(home.remembered))
        run = Run(home, load_settings(home.settings), RunScope(quarter_number(as_of), identifier))
        steps.ingest_new(run)
        gates.gate_deliveries(run)
        steps.build(run, project.FIRST_LAYERS)
        gates.gate_linkage(run)
        steps.build(run, project.COUNTED_LAYERS)
        steps.build(run, project.LAST_LAYERS)
        gates.stop_if_blocked(run, gates.gate_publication(run))
        return steps.release(run)


def manifest(home: Home) -> dict[str, Any]:
    """The manifest of a home's current release."""
    release = current_release(home.releases)
    assert release is not None
    return release.manifest
