"""Values as offices really send them (SPEC §1): read rightly, or told to be what they are."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.ingestion import INSURED, csv_text, insured, json_text, put, read
from test_reading_kinds import book, reasons

OFFICIAL = "indicator,area_version,area_code,period,value,unit,source,published_on"


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "<NA>", "NaT", "NAN", "null", "-"])
def test_words_for_nothing_are_null(tmp_path: Path, word: str) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1, citizen_id=word, occupation_group=word)]))
    result = read(tmp_path)
    assert result.column("occupation_group") == [None] and reasons(result) == []


@pytest.mark.parametrize("word", ["nan", "Không", "không có", "CHƯA CÓ", "0"])
def test_no_certificate_is_null(tmp_path: Path, word: str) -> None:
    header = "institution_code,record_no,full_name,birth_date,sex,programme,level,kind,started_on,ended_on,outcome,certificate_no"
    line = f"CD,{{}},An,1985,Nam,May,college,initial,2024-01-01,{{}},completed,{word}"
    lines = [line.format(1, "2024-06-01"), line.format(2, "2023-06-01"), line.format(3, "2024-01-01 10:30")]
    put(tmp_path, "a.csv", "\n".join([header, *lines]), "training/2025-03")
    result = read(tmp_path)
    assert result.column("certificate_no", "training") == [None, None]
    assert result.quarantine() == [(3, "implausible_date:ended_on")], "it ended before it began"


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        (["40,0", "7,25"], [40, 7.25]),
        (["1.234,5", "1.234"], [1234.5, 1234]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["1.234.567", "135.204"], [1234567, 135204]),
        (["12.5", "135.204"], [12.5, 135.204]),
        (["12,5", "135.204", "135,204"], [12.5, 135204, 135.204]),
        (["0.135", "135.204", "-1,5e"], [0.135, 135.204]),
        (["-1.234", "2,5"], [-1234, 2.5]),
        (["135.204"], None),
        (["135.204", "12,5", "12.5"], None),
        (["1.234", "5,678"], None),
        (["135.204", "7"], None),
    ],
)
def test_numbers_are_decided_by_the_column(
    tmp_path: Path, values: list[str], read_as: list[float] | None
) -> None:
    lines = [f"i{n};2024;VN;2024;{value};percent;s;2025-01-05" for n, value in enumerate(values)]
    put(tmp_path, "a.csv", "\n".join([OFFICIAL.replace(",", ";"), *lines]), "official_statistics/2025-02")
    put(
        tmp_path,
        "b.csv",
        OFFICIAL + "\nx,2024,VN,2024,1.5,percent,s,2025-01-05\n",
        "official_statistics/2025-02",
    )
    result = read(tmp_path)
    problem = result.problem("official_statistics/2025-02")
    if read_as is None:
        assert (
            problem is not None
            and problem.startswith("a.csv, column value, first on line 2")
            and '"decimal"' in problem
        )
        put(tmp_path, "delivery.json", '{"decimal": ","}', "official_statistics/2025-02.r2")
        put(
            tmp_path,
            "a.csv",
            "\n".join([OFFICIAL.replace(",", ";"), *lines]),
            "official_statistics/2025-02.r2",
        )
        again = read(tmp_path, result.connection)
        assert again.problem("official_statistics/2025-02.r2") is None
        assert again.column("value", "official_statistics")[0] == (1234 if values[0] == "1.234" else 135204)
    else:
        assert problem is None
        assert result.column("value", "official_statistics") == [*map(float, read_as), 1.5]


def test_numbers_that_were_typed_are_never_ambiguous(tmp_path: Path) -> None:
    row = dict(
        zip(OFFICIAL.split(","), ("i", "2024", "VN", "2024", "0", "percent", "s", "2025-01-05"), strict=True)
    )
    folder = "official_statistics/2025-02"
    content = io.BytesIO()
    pq.write_table(
        pa.table({k: pa.array([135.204] if k == "value" else [v]) for k, v in row.items()}), content
    )
    put(tmp_path, "a.parquet", content.getvalue(), folder)
    put(tmp_path, "b.jsonl", json_text([row | {"indicator": "j"}]).replace('"0"', "135.204"), folder)
    cells: list[object] = [135.204 if k == "value" else v for k, v in (row | {"indicator": "k"}).items()]
    put(tmp_path, "c.xlsx", book(("S", [list(row), cells])), folder)
    result = read(tmp_path)
    assert result.problem(folder) is None
    assert result.column("value", "official_statistics") == [135.204] * 3


@pytest.mark.parametrize(("text", "amount"), [("5.000.000", 5e6), ("5,000,000", 5e6), ("6.500", 6500), ("6,500", 6500),
                                              ("6500000,5", 6500000.5), ("6.500.000,25", 6500000.25), ("1.2.3", None)])  # fmt: skip
def test_amounts_take_a_lone_sign_before_three_digits_for_thousands(
    tmp_path: Path, text: str, amount: float | None
) -> None:
    put(tmp_path, "a.csv", csv_text([insured(1, wage_base=text)], ";"))
    result = read(tmp_path)
    assert result.column("wage_base") == ([] if amount is None else [amount])


def test_implausible_numbers_are_kept_and_counted(tmp_path: Path) -> None:
    rows = [insured(1, wage_base="5000"), insured(2, wage_base="500000001"), insured(3, wage_base="1000000")]
    put(tmp_path, "a.csv", csv_text(rows))
    result = read(tmp_path)
    assert result.column("wage_base") == [5000.0, 500000001.0, 1000000.0]
    assert result.repairs()["wage_base", "implausible"] == 2
    found = result.connection.execute(
        "select accepted, given, filled, implausible from landing.filled where column_name = 'wage_base'"
    )
    assert found.fetchall() == [(3, 3, 3, 2)]


def test_the_share_filled_is_kept_by_column(tmp_path: Path) -> None:
    rows = [
        insured(1, occupation_group=""),
        insured(2, occupation_group="?"),
        insured(3),
        insured(4, sex="?"),
        insured(3),
    ]
    put(tmp_path, "a.csv", csv_text(rows))
    found = read(tmp_path).connection.execute(
        "select accepted, given, filled from landing.filled where column_name = 'occupation_group'"
    )
    assert found.fetchall() == [(3, 2, 1)], "of accepted rows alone"


def test_dates_that_cannot_be_are_implausible(tmp_path: Path) -> None:
    header = "full_name,birth_date,sex,registration_no,registered_on,closed_on,province_code"
    rows = ["An,1985-03-02,Nam,1,2025-03-01,1900-01-01,01", "An,1985-03-02,Nam,2,2025-03-01,2025-02-28,01",
            "An,1985-03-02,Nam,3,2025-03-01,2025-03-01,01", "An,1900-12-31,Nam,4,2025-03-01,,01",
            "An,1985-03-02,Nam,5,2,2025-03-01,01"]  # fmt: skip
    put(tmp_path, "a.csv", "\n".join([header, *rows]), "job_seekers/2025-03")
    result = read(tmp_path)
    assert result.column("closed_on", "job_seekers") == [None, None, date(2025, 3, 1)]
    assert reasons(result) == [("closed_on", "implausible_date")]
    assert result.repairs()["closed_on", "optional_unreadable"] == 2
    assert result.quarantine() == [(5, "implausible_date:birth_date"), (6, "implausible_date:registered_on")]


@pytest.mark.parametrize(("born", "died", "kept"), [("1990", "1990-03-01", True), ("1990", "1989-12-31", False),
                                                    ("05/1990", "1990-05-02", True), ("1990-05-10", "1990-05-09", False)])  # fmt: skip
def test_nobody_dies_before_birth_as_far_as_it_is_known(
    tmp_path: Path, born: str, died: str, kept: bool
) -> None:
    header = "citizen_id,full_name,birth_date,sex,commune_code,life_status,status_date,updated_at"
    put(
        tmp_path,
        "a.csv",
        f"{header}\n001090000001,An,{born},Nam,00001,deceased,{died},2025-01-01\n",
        "population/2025-03",
    )
    assert read(tmp_path).quarantine() == ([] if kept else [(2, "implausible_date:status_date")])


def test_moments_with_a_zone_are_local_time_with_its_history(tmp_path: Path) -> None:
    """Midnights of days when the zone was +08 and +07, as writers of Parquet store them; and months."""
    days = [datetime(1960, 5, 5), datetime(1974, 1, 1), datetime(1985, 3, 2)]
    instants = [datetime(1960, 5, 4, 16), datetime(1973, 12, 31, 16), datetime(1985, 3, 1, 17)]
    for number, zone in enumerate(("Asia/Ho_Chi_Minh", "UTC", "+07:00")):
        rows = [insured(10 * number + i, citizen_id="") for i in range(3)]
        columns = {k: pa.array([r[k] for r in rows]) for k in INSURED}
        columns["birth_date"] = pa.array(instants, pa.timestamp("us", zone))
        columns["month"] = pa.array([datetime(2025, 2, 28, 17)] * 3, pa.timestamp("ms", zone))
        content = io.BytesIO()
        pq.write_table(pa.table(columns), content)
        put(tmp_path, f"{number}.parquet", content.getvalue())
    result = read(tmp_path)
    assert result.quarantine() == []
    assert result.column("birth_date") == [d.date() for d in days] * 3
    assert set(result.column("month")) == {2025 * 12 + 2}


@pytest.mark.parametrize(
    "text", ["2025-03-01 00:00:00", "2025-03-01T10:15", "01/03/2025 10:15", "1-3-2025 10:15:59.5", "45717"]
)
def test_dates_may_have_a_time(tmp_path: Path, text: str) -> None:
    header = "full_name,birth_date,sex,decision_no,starts_on,ends_on"
    put(tmp_path, "a.csv", f"{header}\nAn,1985,Nam,1,{text},2025-05-01\n", "unemployment_benefits/2025-03")
    assert read(tmp_path).column("starts_on", "unemployment_benefits") == [date(2025, 3, 1)]
