"""The simulated world over time: employers under new codes, citizen IDs issued anew, people who come back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stdnum.vn import mst
from test_simulator import SEEDS, digest, files, persons, rows_of, vietnamese

from sources.simulator import simulate

FIRST, LAST, PERSONS = "2025-01", "2025-12", 30_000
KINDS = {"new_code", "merger", "personal_code"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A year of two provinces, large enough to have a succession and a new ID each month."""
    home = tmp_path_factory.mktemp("years")
    simulate(home, PERSONS, 12, LAST, ["30", "19"], 4, SEEDS)
    return home


def everything(home: Path, source: str) -> pd.DataFrame:
    """All rows of a source as texts under the contract's names, with the period and the person behind each."""
    return pd.concat(
        [read(path, source).assign(period=path.parent.name[:7]) for path in files(home, source)],
        ignore_index=True,
    )


def read(path: Path, source: str) -> pd.DataFrame:
    if path.suffix in (".csv", ".parquet"):
        return rows_of(path, source)
    if path.name.endswith(".xlsx"):
        frame = pd.read_excel(path, engine="calamine", dtype="string")
    elif ".jsonl" in path.name:
        frame = pd.read_json(path, lines=True, dtype=False, convert_dates=False).astype("string")
    else:
        frame = pd.read_csv(path, dtype="string", encoding="utf-8-sig")
    names = {alias: name for name, alias in vietnamese(source).items()}
    frame = frame.rename(columns=lambda name: names.get(name, name.lower() if name.isupper() else name))
    truth = path.parents[3] / "truth" / "rows" / source / path.parent.name / f"{path.name}.parquet"
    return frame.assign(person=pd.read_parquet(truth)["person"].to_numpy()) if truth.exists() else frame


def truth_of(home: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(home / "truth" / f"{name}.parquet")


def days_of(values: pd.Series) -> pd.Series:
    slashed = values.str.contains("/").fillna(False)
    return values.where(~slashed, values.str[6:] + "-" + values.str[3:5] + "-" + values.str[:2])


def before(month: str) -> str:
    return str(pd.Period(month, "M") - 1)


def workers(jobs: pd.DataFrame, code: str, month: str) -> set[int]:
    running = (jobs["first_month"] <= month) & (jobs["last_month"] >= month)
    return set(jobs.loc[running & (jobs["employer_code"] == code), "person"])


@pytest.fixture(scope="module")
def contributions(world: Path) -> pd.DataFrame:
    rows = everything(world, "social_insurance")
    codes = rows["employer_code"]
    codes = codes.mask(codes.str.len() == 9, codes.str.zfill(10))
    return rows.assign(employer_code=codes.mask(codes.str.len() == 11, codes.str.zfill(12)))


def test_every_month_an_employer_carries_on_under_another_code(world: Path) -> None:
    found = truth_of(world, "employer_successions")
    assert set(found["first_month"]) == {f"2025-{month:02d}" for month in range(2, 13)}
    assert {"new_code", "merger"} <= set(found["kind"]) <= KINDS
    assert found["predecessor_code"].is_unique
    employers = truth_of(world, "employers").set_index("employer_code")
    old, new = (employers.loc[found[f"{side}_code"]] for side in ("predecessor", "successor"))
    assert set(old["status"]) == {3}
    assert (old["division"].to_numpy() == new["division"].to_numpy()).all()
    assert (old["old_province"].to_numpy() == new["old_province"].to_numpy()).all()
    for row in found.itertuples():
        if row.kind == "personal_code":
            owner = persons(world).loc[employers.loc[row.successor_code, "owner"], "citizen_id"]
            assert row.successor_code == owner
        else:
            assert mst.is_valid(row.successor_code)


def test_the_register_reports_both_codes(world: Path) -> None:
    rows = everything(world, "enterprises")
    codes = rows["enterprise_code"].fillna("")
    codes = codes.mask(codes.str.len() == 9, codes.str.zfill(10))
    rows = rows.assign(
        enterprise_code=codes.mask(codes.str.len() == 11, codes.str.zfill(12)),
        registered_on=days_of(rows["registered_on"]),
    )
    for row in truth_of(world, "employer_successions").itertuples():
        now = rows[rows["period"] == row.first_month]
        old = now[now["enterprise_code"] == row.predecessor_code]
        assert set(old["status"]) == {"dissolved"}
        assert old["updated_at"].str.startswith(row.first_month).all()
        later = rows[(rows["period"] > row.first_month) & (rows["enterprise_code"] == row.predecessor_code)]
        assert not len(later)
        if row.kind == "merger":
            continue
        new = now[now["enterprise_code"] == row.successor_code]
        assert set(new["status"]) == {"active"}
        assert new["registered_on"].str.startswith(row.first_month).all()
        assert (new["updated_at"].str[:10] >= new["registered_on"].str[:10]).all()
        assert not rows.loc[rows["enterprise_code"] == row.successor_code, "period"].lt(row.first_month).any()
        kept = ["legal_form", "ownership", "industrial_zone"]
        assert new[kept].iloc[0].fillna("").tolist() == old[kept].iloc[0].fillna("").tolist()


def test_workers_move_together(world: Path, contributions: pd.DataFrame) -> None:
    jobs = truth_of(world, "jobs")
    sent = contributions[contributions["month"] == contributions["period"]]
    by_code = sent.groupby(["employer_code", "month"])["person"].agg(set)
    moved, were = 0, 0
    for row in truth_of(world, "employer_successions").itertuples():
        old = workers(jobs, row.predecessor_code, before(row.first_month))
        new = workers(jobs, row.successor_code, row.first_month)
        assert len(old) >= 4
        assert len(old & new) >= 0.8 * len(old)
        assert not workers(jobs, row.predecessor_code, row.first_month)
        paid = by_code[row.predecessor_code, before(row.first_month)]
        moved += len(paid & by_code[row.successor_code, row.first_month])
        were += len(paid)
        under_old = contributions["employer_code"] == row.predecessor_code
        assert contributions.loc[under_old, "month"].max() < row.first_month
    assert were > 100
    assert moved >= 0.9 * were


def test_new_citizen_ids_follow_the_rules_and_are_nobody_elses(world: Path) -> None:
    found, people = truth_of(world, "reissued_ids"), persons(world)
    assert set(found["month"]) == {f"2025-{month:02d}" for month in range(2, 13)}
    assert found["person"].is_unique
    assert (people.loc[found["person"], "citizen_id"].to_numpy() == found["new_citizen_id"].to_numpy()).all()
    assert (found["old_citizen_id"].str[:6] == found["new_citizen_id"].str[:6]).all()
    assert people["citizen_id"].is_unique
    assert not set(found["old_citizen_id"]) & set(people["citizen_id"])
    birth = pd.to_datetime(people.loc[found["person"], "birth_date"])
    assert (birth.dt.year <= 2007).all()


def test_the_register_passes_from_the_old_id_to_the_new_one(world: Path) -> None:
    found, people = truth_of(world, "reissued_ids"), persons(world)
    rows = everything(world, "population")
    rows = rows[rows["person"].isin(found["person"])]
    rows = rows.assign(
        citizen_id=rows["citizen_id"].str.zfill(12),
        full_name=rows["full_name"].map(lambda name: unicodedata.normalize("NFC", name)),
        birth_date=days_of(rows["birth_date"]),
        sex=rows["sex"].str.lower().map({"nam": 0, "male": 0, "m": 0, "1": 0}).fillna(1),
    )
    naming = 0
    for row in found.itertuples():
        mine = rows[rows["person"] == row.person].sort_values("updated_at", kind="stable")
        old = mine[mine["citizen_id"] == row.old_citizen_id]
        new = mine[mine["citizen_id"] == row.new_citizen_id]
        assert len(old) + len(new) == len(mine)
        assert old["period"].max() < row.month == new["period"].min()
        now = new[new["period"] == row.month]
        assert now["updated_at"].str.startswith(row.month).all()
        same = ["full_name", "birth_date", "sex", "household_id"]
        assert (now[same].to_numpy() == old[same].iloc[-1].to_numpy()).all()
        assert set(now["life_status"]) == {"alive"}
        previous = set(new["previous_id"].dropna())
        if row.old_citizen_id in previous:
            naming += 1
            assert previous == {row.old_citizen_id}
            assert new["previous_id"].notna().all()
        else:
            assert previous <= {people.loc[row.person, "previous_id"]}
    assert 0.2 < naming / len(found) < 0.8


def test_other_agencies_follow_a_month_later(world: Path, contributions: pd.DataFrame) -> None:
    found = truth_of(world, "reissued_ids").set_index("person")
    known = 0
    for rows in (contributions, everything(world, "labour_register"), everything(world, "training")):
        ids = rows["citizen_id"].fillna("")
        ids = ids.mask(ids.str.len().isin([10, 11]), ids.str.zfill(12))
        assert not (ids.isin(found["old_citizen_id"]) & (rows["period"] > ids.map(old_until(found)))).any()
        month = rows["person"].map(found["month"])
        new = ids == rows["person"].map(found["new_citizen_id"])
        assert (rows["period"] > month)[new].all()
        known += int(new.sum())
    assert known > 5


def old_until(found: pd.DataFrame) -> pd.Series:
    return pd.Series(found["month"].to_numpy(), index=found["old_citizen_id"].to_numpy())


def test_a_few_come_back_to_the_employer_they_left(world: Path) -> None:
    jobs = truth_of(world, "jobs").drop_duplicates(["person", "employer_code", "first_month"])
    for name in ("first_month", "last_month"):
        jobs[name] = pd.PeriodIndex(jobs[name], freq="M").astype(np.int64)
    begun = jobs[jobs["first_month"] > jobs["first_month"].min()]
    pairs = begun.merge(jobs, on=["person", "employer_code"], suffixes=("", "_earlier"))
    gap = pairs["first_month"] - pairs["last_month_earlier"] - 1
    assert 0.02 < gap.between(1, 12).sum() / len(begun) < 0.15


def test_late_contributions_close_gaps(contributions: pd.DataFrame) -> None:
    key = ["person", "employer_code", "month"]
    due = contributions[contributions["scheme"] == "compulsory"]
    on_time = set(due.loc[due["month"] == due["period"], key].itertuples(index=False, name=None))
    late = due[due["month"] < due["period"]]
    added = [row for row in late[key].itertuples(index=False, name=None) if row not in on_time]
    assert 0.001 < len(added) / len(on_time) < 0.01


def test_same_arguments_give_the_same_bytes_with_all_that_changes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        simulate(tmp_path / name, 20_000, 3, LAST, ["30", "19"], 8, SEEDS)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert len(truth_of(tmp_path / "a", "employer_successions")) >= 2
    assert len(truth_of(tmp_path / "a", "reissued_ids")) >= 2
