"""The simulator: same arguments, same bytes; rates on their paths; mistakes as often as meant."""

from __future__ import annotations

import csv
import hashlib
import json
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from stdnum.vn import mst

from sources.simulator import LandingNotEmptyError, simulate
from sources.simulator.identifiers import other_number
from sources.simulator.months import first_day, parse_month, swap_day_and_month
from sources.simulator.outbox import vietnamese_headers

ROOT = Path(__file__).resolve().parents[3]
SEEDS = ROOT / "dbt_project" / "seeds"
CONTRACTS = ROOT / "sources" / "contracts"
SOURCES = {
    "population", "enterprises", "social_insurance", "training", "labour_register", "unemployment_benefits",
    "job_seekers", "vacancies", "labour_changes", "overseas_contracts", "poor_households", "insurance_debts",
    "official_statistics",
}  # fmt: skip
INSURED, OWNER, FARM, INFORMAL, ABROAD, BENEFIT, SEEKER, JOBLESS = range(2, 10)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of two provinces."""
    home = tmp_path_factory.mktemp("world")
    simulate(home, 8_000, 24, "2025-12", ["30", "19"], 11, SEEDS)
    return home


def files(home: Path, source: str = "*") -> list[Path]:
    return sorted(path for path in home.glob(f"landing/{source}/*/*") if path.name != "delivery.json")


def rows_of(path: Path, source: str) -> pd.DataFrame:
    """The records of a CSV or Parquet file as texts under the contract's names, and who they truly are."""
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path).astype("string")
    else:
        with path.open(encoding="utf-8-sig") as handle:
            header = handle.readline()
        delimiter = max(",;\t|", key=header.count)
        frame = pd.read_csv(
            path, sep=delimiter, dtype="string", encoding="utf-8-sig", na_values=["NULL", "-"]
        )
    names = {alias: name for name, alias in vietnamese(source).items()}
    frame = frame.rename(columns=lambda name: names.get(name, name.lower() if name.isupper() else name))
    home = path.parents[3]
    truth = home / "truth" / "rows" / source / path.parent.name / f"{path.name}.parquet"
    return frame.assign(person=pd.read_parquet(truth)["person"].to_numpy()) if truth.exists() else frame


def read_all(home: Path, source: str) -> pd.DataFrame:
    chosen = [
        path
        for path in files(home, source)
        if path.suffix in (".csv", ".parquet") and ".r" not in path.parent.name
    ]
    return pd.concat(
        [rows_of(path, source).assign(period=path.parent.name) for path in chosen], ignore_index=True
    )


def persons(home: Path) -> pd.DataFrame:
    return pd.read_parquet(home / "truth" / "persons.parquet")


def digest(home: Path) -> dict[str, str]:
    return {
        str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        simulate(tmp_path / name, 1_200, 9, "2025-09", ["30", "19"], seed, SEEDS)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert digest(tmp_path / "a") != digest(tmp_path / "c")


def test_every_source_is_sent_and_described(world: Path) -> None:
    assert {path.name for path in (world / "landing").iterdir()} == SOURCES
    for note in world.glob("landing/*/*/delivery.json"):
        told = json.loads(note.read_text(encoding="utf-8"))
        assert told["synthetic"] is True
        assert told["source"] == note.parent.parent.name
        assert told["period"] == note.parent.name[:7]
        assert told["area_version"] == ("2025" if told["period"] >= "2025-07" else "2024")
        there = {path.name for path in note.parent.iterdir()} - {"delivery.json"}
        assert {entry["name"] for entry in told["files"]} == there
        for entry in told["files"]:
            content = (note.parent / entry["name"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry["sha256"]
            if entry["name"].endswith(".csv"):
                assert content.count(b"\n") == entry["rows"] + 1


@lru_cache
def columns_of(source: str) -> list[str]:
    contract = yaml.safe_load((CONTRACTS / f"{source}.odcs.yaml").read_text(encoding="utf-8"))
    return [column["name"] for column in contract["schema"][0]["properties"]]


@lru_cache
def vietnamese(source: str) -> dict[str, str]:
    return vietnamese_headers(source)


def test_headers_are_those_of_the_contracts(world: Path) -> None:
    for path in files(world):
        if path.suffix != ".csv":
            continue
        source = path.parents[1].name
        columns = columns_of(source)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            line = handle.readline().rstrip("\n")
        header = next(csv.reader([line], delimiter=max(",;\t|", key=line.count)))
        aliases = list(vietnamese(source).values())
        assert [name.lower() for name in header] == columns or header == aliases


def test_landing_that_holds_deliveries_is_refused(tmp_path: Path) -> None:
    held = tmp_path / "landing" / "population" / "2025-01"
    held.mkdir(parents=True)
    with pytest.raises(LandingNotEmptyError, match="already holds deliveries"):
        simulate(tmp_path, 500, 1, "2025-01", ["30"], 1, SEEDS)
    assert issubclass(LandingNotEmptyError, ValueError)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("months", "until", "provinces"),
    [(0, "2025-01", ["30"]), (1, "2025-13", ["30"]), (1, "2025-01", ["98"]), (1, "2025-01", [])],
)
def test_arguments_without_sense_are_refused(
    tmp_path: Path, months: int, until: str, provinces: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"month|province"):
        simulate(tmp_path, 500, months, until, provinces, 1, SEEDS)
    assert not (tmp_path / "landing").exists()


def test_citizen_ids_follow_their_structure(world: Path) -> None:
    people = persons(world)
    ids = people["citizen_id"]
    assert ids.is_unique
    assert ids.str.fullmatch(r"\d{12}").all()
    birth = pd.to_datetime(people["birth_date"])
    century = (birth.dt.year // 100 - 19) * 2 + (people["sex"] == "female")
    assert (ids.str[3].astype(int) == century).all()
    assert (ids.str[4:6].astype(int) == birth.dt.year % 100).all()
    cards = people["previous_id"].dropna()
    assert cards.is_unique
    assert people.loc[cards.index, "birth_date"].astype(str).max() < "2004"
    assert people["si_number"].is_unique
    twins = people[people["in_register"]].duplicated(["household", "birth_date"], keep=False).sum()
    assert twins > 10


def test_enterprise_codes_pass_the_check_digit(world: Path) -> None:
    codes = pd.read_parquet(world / "truth" / "employers.parquet")["employer_code"]
    assert codes.is_unique
    assert set(codes.str.len()) == {10, 12, 13}
    for code in codes[codes.str.len() != 12]:
        assert mst.is_valid(code), code
    reissued = pd.read_parquet(world / "truth" / "reissued_ids.parquet")
    owners = set(persons(world)["citizen_id"]) | set(reissued["old_citizen_id"])
    running = pd.read_parquet(world / "truth" / "employers.parquet").query("status > 0")["employer_code"]
    assert set(running[running.str.len() == 12]) <= owners


@pytest.mark.parametrize(
    ("province", "expected"),
    [
        ("30", {"farm": (0.20, 0.1825), "insured": (0.51, 0.5325), "voluntary": (0.05, 0.05625)}),
        ("19", {"farm": (0.26, 0.2425), "insured": (0.43, 0.445), "voluntary": (0.024, 0.02675)}),
    ],
)  # fmt: skip
def test_truth_follows_the_calibration(
    world: Path, province: str, expected: dict[str, tuple[float, float]]
) -> None:
    months = pd.read_parquet(world / "truth" / "months.parquet")
    home = ["30", "19"].index(province)
    birth = pd.to_datetime(persons(world)["birth_date"])
    female = persons(world)["sex"] == "female"
    for year, (month, upper) in enumerate((("2024-12", (732, 676)), ("2025-12", (735, 680)))):
        here = months[f"home_{month}"] == home
        state = months[f"state_{month}"].where(here, 0)
        alive = here & ~state.isin([0, 12])
        working, jobless = state.between(INSURED, INFORMAL), state.between(BENEFIT, JOBLESS)
        force = working | jobless
        age = int(month[:4]) * 12 + 12 - (birth.dt.year * 12 + birth.dt.month)
        of_age = force & (age < np.where(female, upper[1], upper[0]))
        voluntary = months[f"voluntary_{month}"] & here
        assert force.sum() / alive.sum() == pytest.approx(0.50, abs=0.005)
        assert jobless.sum() / force.sum() == pytest.approx(0.02, abs=0.004)
        assert (state == FARM).sum() / working.sum() == pytest.approx(expected["farm"][year], abs=0.008)
        insured = (of_age & ((state == INSURED) | voluntary)).sum() / of_age.sum()
        assert insured == pytest.approx(expected["insured"][year], abs=0.01)
        assert (of_age & voluntary).sum() / of_age.sum() == pytest.approx(
            expected["voluntary"][year], abs=0.005
        )


def test_files_follow_the_calibration(world: Path) -> None:
    people = persons(world)
    register = read_all(world, "population").query("period == '2024-01'").drop_duplicates("person")
    home = people.loc[register["person"], "home_province"].to_numpy()
    assert len(register) == pytest.approx(8_000, rel=0.02)
    assert (home == "30").mean() == pytest.approx(1.95 / 3.29, abs=0.02)
    kinh = register["ethnicity_code"].str.zfill(2).eq("01").to_numpy()
    assert kinh[home == "30"].mean() > 0.975
    assert kinh[home == "19"].mean() == pytest.approx(0.70, abs=0.08)
    insurance = read_all(world, "social_insurance")
    insurance = insurance[insurance["month"] == insurance["period"]]
    paying = insurance.drop_duplicates(["person", "month", "scheme", "employer_code"])
    monthly = paying[paying["scheme"] == "compulsory"].groupby("month")["person"].nunique()
    assert monthly["2024-02"] < monthly["2024-01"]
    assert monthly["2025-12"] > monthly["2024-01"] * 1.05
    insured_against = paying["unemployment_insured"].str.lower().isin(["true", "1"])
    share = insured_against[paying["scheme"] == "compulsory"].mean()
    assert 0.82 < share < 0.95
    wages = paying.loc[paying["scheme"] == "compulsory", "wage_base"].dropna().astype(float)
    assert (wages % 1_000 == 0).all()
    assert wages.min() >= 3_250_000
    assert 5.5e6 < wages.median() < 8e6
    status = insurance["contribution_status"].value_counts(normalize=True)
    assert status["paid"] > 0.9
    assert {"paid", "leave"} <= set(status.index)


def test_jobs_turn_over_and_women_sew(tmp_path: Path) -> None:
    simulate(tmp_path, 30_000, 9, "2024-09", ["30", "19"], 3, SEEDS)
    jobs = pd.read_parquet(tmp_path / "truth" / "jobs.parquet").drop_duplicates(
        ["person", "employer_code", "first_month"]
    )
    held = []
    for first, last in (("2024-01", "2024-03"), ("2024-04", "2024-06"), ("2024-07", "2024-09")):
        running = jobs[(jobs["first_month"] <= last) & (jobs["last_month"] >= first)]
        held.append(set(zip(running["person"], running["employer_code"], strict=True)))
    assert len(held[1] - held[2]) / len(held[1]) == pytest.approx(0.08, abs=0.02)
    assert len(held[1] - held[0]) / len(held[1]) == pytest.approx(0.08, abs=0.02)
    employers = pd.read_parquet(tmp_path / "truth" / "employers.parquet").set_index("employer_code")
    now = jobs[jobs["last_month"] == "2024-09"]
    division = employers.loc[now["employer_code"], "division"].to_numpy()
    female = persons(tmp_path).loc[now["person"], "sex"].eq("female").to_numpy()
    assert female[np.isin(division, (14, 15, 26))].mean() == pytest.approx(0.60, abs=0.05)
    there = employers.loc[now["employer_code"], "old_province"].to_numpy()
    sizes = now["employer_code"].str[:10].to_numpy()[there == 19]
    largest = pd.Series(sizes).value_counts(normalize=True).iloc[0]
    assert 0.13 < largest < 0.27
    lives = persons(tmp_path).loc[now["person"], "home_province"].to_numpy()
    assert np.mean(there[lives == "30"] != 30) == pytest.approx(0.12, abs=0.03)


def test_layoffs_of_late_2022(tmp_path: Path) -> None:
    simulate(tmp_path, 12_000, 8, "2023-01", ["30"], 3, SEEDS)
    reports = pd.concat([rows_of_changes(path) for path in files(tmp_path, "labour_changes")])
    gone = reports[reports["kind"] == "laid_off"].groupby("month")["workers"].sum()
    usual = gone.reindex(["2022-06", "2022-07", "2022-08"], fill_value=0).mean()
    assert gone[["2022-10", "2022-11", "2022-12"]].mean() > 2 * usual


def rows_of_changes(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as handle:
        delimiter = max(",;", key=handle.readline().count)
    frame = pd.read_csv(path, sep=delimiter, dtype=str, encoding="utf-8-sig")
    frame = frame.rename(columns={alias: name for name, alias in vietnamese("labour_changes").items()})
    return frame.assign(workers=frame["workers"].astype(int))


def other_texts(ids: np.ndarray) -> np.ndarray:
    """Citizen IDs with the running number of nobody, as texts."""
    return np.array([f"{number:012d}" for number in other_number(ids.astype(np.int64))], dtype=object)


def test_mistakes_are_as_frequent_as_meant(world: Path) -> None:
    people = persons(world)
    by_id = dict(zip(people["citizen_id"], people.index, strict=True))
    for source in ("labour_register", "social_insurance"):
        rows = read_all(world, source)
        true_id = people.loc[rows["person"], "citizen_id"].to_numpy()
        sent = rows["citizen_id"].fillna("")
        sent = sent.where(~sent.str.len().isin([10, 11]), sent.str.zfill(12))
        nine = sent.str.len().isin([8, 9]).to_numpy(bool)
        missing = (sent == "").to_numpy(bool)
        other = ~missing & ~nine & (sent.to_numpy(object) != true_id)
        swapped = other & sent.isin(by_id).to_numpy(bool)
        assert missing.mean() == pytest.approx(0.04, abs=0.01)
        assert nine.mean() == pytest.approx(0.02, abs=0.008)
        assert swapped.mean() == pytest.approx(0.003, abs=0.002)
        garbled = other & (sent.to_numpy(object) == other_texts(true_id))
        assert (other & ~swapped & ~garbled).mean() == pytest.approx(0.01, abs=0.005)
        assert garbled.mean() == pytest.approx(0.001, abs=0.0008)
        names = rows["full_name"]
        composed = names.map(lambda name: unicodedata.normalize("NFC", name))
        assert (names != composed).mean() == pytest.approx(0.08, abs=0.015)
        assert rows.duplicated().mean() == pytest.approx(0.015, abs=0.005)
        lost = rows["citizen_id"].str.len().isin([10, 11]).mean()
        assert 0.015 < lost < 0.04
    sent_on = rows["birth_date"]
    slashed = sent_on.str.contains("/").fillna(False)
    iso = sent_on.where(~slashed, sent_on.str[6:] + "-" + sent_on.str[3:5] + "-" + sent_on.str[:2])
    true_date = people.loc[rows["person"], "birth_date"].astype(str).to_numpy()
    turned = true_date.astype("U4") + np.array([f"-{date[8:]}-{date[5:7]}" for date in true_date])
    wrong = iso.to_numpy(object) != true_date
    assert (wrong & (iso.to_numpy(object) == turned)).mean() == pytest.approx(0.01, abs=0.005)


def test_the_register_is_better_than_the_others(world: Path) -> None:
    rows = read_all(world, "population")
    ids = rows["citizen_id"].str.zfill(12)
    reissued = pd.read_parquet(world / "truth" / "reissued_ids.parquet").set_index("person")
    until, old = (rows["person"].map(reissued[name]) for name in ("month", "old_citizen_id"))
    true_id = old.where(rows["period"] < until, rows["person"].map(persons(world)["citizen_id"]))
    assert (ids.to_numpy() == true_id.to_numpy()).all()
    broken = rows["full_name"].isna() | rows["birth_date"].isna() | rows["commune_code"].eq("99999")
    assert 0 < broken.mean() < 0.004
    assert 0 < rows[rows["period"] == "2024-01"].duplicated().mean() < 0.01
    died = rows[rows["life_status"] == "deceased"]
    assert 0.3 < len(died) / (8_000 * 2 * 0.0075) < 2
    assert {"alive", "deceased"} <= set(rows["life_status"])


def test_communes_change_their_codes_in_july_2025(world: Path) -> None:
    areas = pd.read_csv(SEEDS / "areas.csv", dtype=str).query("level == 'commune'")
    codes = {version: set(part["code"]) for version, part in areas.groupby("area_version")}
    rows = read_all(world, "population")
    known = rows["commune_code"].str.zfill(5)
    before = rows["period"] < "2025-07"
    assert (~known[before].isin(codes["2024"])).mean() < 0.002
    assert 0 < (~known[~before].isin(codes["2025"])).mean() < 0.01
    assert (rows["period"] == "2025-07").sum() > 7_500
    surveyed = read_all(world, "labour_register").query("period >= '2025-07'")
    stale = ~surveyed["commune_code"].str.zfill(5).isin(codes["2025"])
    assert stale.mean() < 0.03


def test_every_plan_target_has_its_official_figure(world: Path) -> None:
    frames = []
    for path in files(world, "official_statistics"):
        if path.suffix == ".xlsx":
            frame = pd.read_excel(path, engine="calamine", dtype=str)
            frame = frame.rename(
                columns={alias: name for name, alias in vietnamese("official_statistics").items()}
            )
        else:
            frame = pd.read_csv(path, dtype=str)
        frames.append(frame)
    cells = ["indicator", "area_version", "area_code", "period", "sex", "age_group", "urban_rural"]
    figures = pd.concat(frames).fillna({"sex": "total", "age_group": "total", "urban_rural": "total"})
    have = set(figures[cells].itertuples(index=False, name=None))
    for target in pd.read_csv(SEEDS / "plan_targets.csv", dtype=str).itertuples():
        wanted = [target.indicator]
        if target.indicator == "labour_productivity_growth":
            wanted = ["grdp_constant_2010", "employed_average"]
        for indicator in wanted:
            for year in map(str, range(2020, 2026)):
                cell = (target.sex, target.age_group, target.urban_rural)
                assert (indicator, "2024", target.province_code, year, *cell) in have
                for version in ("2024", "2025"):
                    assert (indicator, version, "VN", year, *cell) in have
    survey = figures[figures["indicator"] == "unemployment_rate"]
    assert (survey["ci_low"].astype(float) <= survey["value"].astype(float)).all()
    assert (survey["value"].astype(float) <= survey["ci_high"].astype(float)).all()


def test_the_deliberate_re_deliveries(world: Path) -> None:
    again = sorted(str(path.relative_to(world / "landing")) for path in world.glob("landing/*/*.r*"))
    assert again == ["social_insurance/2024-09.r2", "training/2024-05.r2"]


def months_with(days: list[int]) -> Iterator[int]:
    yield from swap_day_and_month(np.array(days)).tolist()


def test_days_and_months_are_exchanged_only_where_possible() -> None:
    third_of_august, last_of_august = (
        first_day(parse_month("1990-08")) + 2,
        first_day(parse_month("1990-08")) + 30,
    )
    assert list(months_with([third_of_august, last_of_august])) == [
        first_day(parse_month("1990-03")) + 7,
        last_of_august,
    ]
