"""A small world whose deliveries change at random, as agencies' do: late, corrected, taken back, held, in dispute.

Rows come from the simulator, once; what is delivered of them, when and how wrong, is drawn from a seed.
"""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from worlds import eighteen_persons as worlds

from orchestration.home import SEEDS, Home
from orchestration.run import steps
from orchestration.run.scope import Run
from orchestration.settings import load_settings
from sources.calendar import month_label, month_number, quarter_label, quarter_of_month
from sources.simulator import simulate

T = TypeVar("T")
FIRST, BEGINS, LAST = "2024-10", "2025-08", "2025-12"
PERSON = (
    "coalesce(lpad(citizen_id::varchar, 12, '0'), lpad(former_id::varchar, 9, '0')) as citizen_id, full_name,"
    " birth_date::varchar as birth_date, sex"
)
EMPLOYER = (
    "case when {0} % 4 = 1 then lpad(({0} // 40)::varchar, 12, '0')"
    " when {0} % 4 = 0 then left(lpad(({0} // 4)::varchar, 13, '0'), 10) else lpad(({0} // 4)::varchar, 13, '0') end"
)
# how the rows that were read are written again
SENT = {
    "population": (
        "lpad(citizen_id::varchar, 12, '0') as citizen_id,"
        " coalesce(lpad(previous_citizen_id::varchar, 12, '0'), lpad(previous_id::varchar, 9, '0')) as previous_id, full_name,"
        " birth_date::varchar as birth_date, sex, ethnicity_code, lpad(commune_code::varchar, 5, '0') as commune_code,"
        " household_id, life_status, status_date::varchar as status_date, updated_at::varchar as updated_at"
    ),
    "enterprises": (
        EMPLOYER.format("enterprise_id") + " as enterprise_code, name, legal_form, ownership, main_vsic, vsic_version,"
        " lpad(commune_code::varchar, 5, '0') as commune_code, status, registered_on::varchar as registered_on,"
        " lpad(owner_citizen_id::varchar, 12, '0') as owner_citizen_id, updated_at::varchar as updated_at"
    ),
    "social_insurance": (
        f"lpad(si_number::varchar, 10, '0') as si_number, {PERSON}, coalesce({EMPLOYER.format('employer_id')}, employer_code_sent)"
        " as employer_code, month, scheme, unemployment_insured::varchar as unemployment_insured,"
        " wage_base::bigint::varchar as wage_base, lpad(managing_province_code::varchar, 2, '0') as managing_province_code,"
        " contribution_status"
    ),
    "training": (
        f"institution_code, record_no, lpad(previous_id::varchar, 9, '0') as previous_id, {PERSON}, programme, field_code, level,"
        " kind, started_on::varchar as started_on, ended_on::varchar as ended_on, outcome, certificate_no"
    ),
    "labour_register": (
        f"{PERSON}, lpad(commune_code::varchar, 5, '0') as commune_code, surveyed_on::varchar as surveyed_on, activity,"
        " employment_status, vsic_section, vsic_version, weekly_hours::integer::varchar as weekly_hours,"
        " wants_more_hours::varchar as wants_more_hours, available::varchar as available, technical_level"
    ),
    "unemployment_benefits": f"{PERSON}, decision_no, starts_on::varchar as starts_on, ends_on::varchar as ends_on",
    "job_seekers": (
        f"{PERSON}, registration_no, registered_on::varchar as registered_on, closed_on::varchar as closed_on, technical_level,"
        " lpad(province_code::varchar, 2, '0') as province_code"
    ),
    "overseas_contracts": (
        f"{PERSON}, contract_no, country_code, left_on::varchar as left_on, returned_on::varchar as returned_on"
    ),
}  # fmt: skip
LINKED = [s for s in SENT if s not in ("population", "enterprises")]
ON = "[engine]\nincrements = true\n"
SUCCESSION, COVERAGE = "[succession]\npersons = false\n", "[coverage]\nprovinces = ['30']\n"
KEYS = {"training": "record_no", "unemployment_benefits": "decision_no", "job_seekers": "registration_no",
        "overseas_contracts": "contract_no"}  # fmt: skip


def simulated() -> dict[str, pd.DataFrame]:
    """Every row of the simulated world by source, as texts, with the ``period`` of its delivery; made once."""
    folder = worlds.made_once("changing", _simulate)
    return {source: pd.read_parquet(folder / f"{source}.parquet") for source in SENT}


def _simulate(folder: Path) -> None:
    home = Home(folder)
    simulate(home.root, persons=1000, months=15, until=LAST, provinces=("30", "19"), seed=11, reference=SEEDS)
    with worlds.environment(LABOURDB_KEY=worlds.KEY):
        run = Run(home, load_settings(home.settings), worlds.scope())
        steps.ingest_new(run)
        with run.restricted() as restricted:
            for source, columns in SENT.items():
                shown = columns.replace(
                    " month,",
                    " (month // 12)::varchar || '-' || lpad((month % 12 + 1)::varchar, 2, '0') as month,",
                )
                rows = restricted.execute(
                    f"select {shown}, (delivery_key // 1024 // 12)::varchar || '-'"
                    " || lpad((delivery_key // 1024 % 12 + 1)::varchar, 2, '0') as period"
                    f" from landing.{source} order by row_id"
                ).df()
                rows.to_parquet(folder / f"{source}.parquet")
    shutil.rmtree(home.landing)


class ChangingWorld:
    """A home and what agencies do to it, step by step. Equal seeds do the same."""

    def __init__(self, home: Home, rows: dict[str, pd.DataFrame]) -> None:
        self.home, self.draw, self.rows = home, np.random.default_rng(0), rows
        self.late: dict[str, list[pd.DataFrame]] = {s: [] for s in SENT}
        self.sent: dict[tuple[str, str], pd.DataFrame] = {}
        self.revision: dict[tuple[str, str], int] = {}
        self.absent = {"overseas_contracts"}
        home.root.mkdir(parents=True, exist_ok=True)
        self._set("")
        self.at = month_number(BEGINS)
        self.as_of = quarter_of_month(self.at)
        for month in range(month_number(FIRST), self.at + 1):
            self._month(month)

    def copied(self, home: Home, seed: int) -> ChangingWorld:
        """The same world in a copy of its home, which from now on goes its own way."""
        other = copy.deepcopy(self)
        other.home, other.draw = home, np.random.default_rng(seed)
        return other

    def step(self) -> str:
        """Let one to three things happen; returns what."""
        return "; ".join(self._happens() for _ in range(int(self.draw.integers(1, 4))))

    def _happens(self) -> str:
        steps_of = [
            (self.next_month, 8), (self.sent_again, 6), (self.held, 1), (self.waived, 2), (self.setting, 0.3), (self.source_begins, 1),
            (self.source_ends, 1), (self.later_quarter, 1), (self.earlier_quarter, 0.3), (self.nothing, 0.5),
        ]  # fmt: skip
        weights = np.array([w for _, w in steps_of], dtype=float)
        action, _ = steps_of[self.draw.choice(len(steps_of), p=weights / weights.sum())]
        return f"{action.__name__}: {action()}"

    # what agencies do

    def next_month(self) -> str:
        if self.at >= month_number(LAST):
            return self.sent_again()
        self.at += 1
        self._month(self.at)
        self.as_of = max(self.as_of, quarter_of_month(self.at))
        return month_label(self.at)

    def sent_again(self) -> str:
        """Some delivery again, as `.rN`, with rows gone and others changed: mostly one of late."""
        places = sorted(k for k, frame in self.sent.items() if len(frame) and k[0] not in self.absent)
        recent = [k for k in places if month_number(k[1]) >= self.at - 1]
        source, period = self._one(recent if self.draw.random() < 0.6 and recent else places)
        frame = self.sent[source, period]
        kept = frame[self.draw.random(len(frame)) > 0.03]
        self._deliver(source, period, self._mistaken(source, kept, 0.02, month_number(period)))
        return f"{source}/{period}"

    def held(self) -> str:
        """A delivery so full of unusable IDs that gate 1 holds it."""
        places = sorted(
            k for k, f in self.sent.items() if k[0] in ("social_insurance", "training") and len(f) > 50
        )
        if not places:
            return "nothing"
        source, period = self._one(places[-6:])
        frame = self.sent[source, period].copy()
        frame.loc[self.draw.random(len(frame)) < 0.4, "citizen_id"] = "999"
        self._deliver(source, period, frame, note=False)
        return f"{source}/{period}"

    def waived(self) -> str:
        """Held deliveries count all the same, or again do not."""
        if "unusable_id_share" in self._settings():
            return self._set("")
        return self._set("[thresholds]\nunusable_id_share = 0.9\n")

    def setting(self) -> str:
        return self._set(self._one([SUCCESSION, COVERAGE, "", ""]))

    def source_begins(self) -> str:
        if not self.absent:
            return "none"
        source = self._one(sorted(self.absent))
        self.absent.discard(source)
        for (of, period), frame in sorted(self.sent.items()):
            if of == source:
                self._write(of, period, frame)
        return source

    def source_ends(self) -> str:
        source = self._one(["labour_register", "unemployment_benefits", "job_seekers", "overseas_contracts"])
        self.rows[source] = self.rows[source].iloc[:0]
        return source

    def later_quarter(self) -> str:
        self.as_of = quarter_of_month(self.at)
        return quarter_label(self.as_of)

    def earlier_quarter(self) -> str:
        self.as_of = max(self.as_of - 1, quarter_of_month(month_number("2025-01")))
        return quarter_label(self.as_of)

    def nothing(self) -> str:
        return ""

    # how they write it

    def _month(self, month: int) -> None:
        period = month_label(month)
        for source, frame in self.rows.items():
            here = frame[frame["period"] == period].drop(columns="period")
            late = self.draw.random(len(here)) < (0.04 if source != "population" else 0)
            now = pd.concat([here[~late], *self.late[source]], ignore_index=True)
            self.late[source] = [here[late]]
            if now.empty:
                continue
            now = pd.concat([now, self._corrections(source, month)], ignore_index=True)
            self._deliver(source, period, self._mistaken(source, now, 0.01, month))

    def _deliver(self, source: str, period: str, frame: pd.DataFrame, note: bool = True) -> None:
        self.revision[source, period] = self.revision.get((source, period), 0) + 1
        if note:
            self.sent[source, period] = frame
        if source not in self.absent:
            self._write(source, period, frame)

    def _write(self, source: str, period: str, frame: pd.DataFrame) -> None:
        number = self.revision[source, period]
        folder = self.home.landing / source / (period if number == 1 else f"{period}.r{number}")
        folder.mkdir(parents=True)
        frame.to_csv(folder / "rows.csv", index=False)

    def _earlier(self, source: str, share: float) -> pd.DataFrame:
        frames = [f for (of, _), f in sorted(self.sent.items()) if of == source]
        if not frames:
            return self.rows[source].iloc[:0].drop(columns="period")
        rows = pd.concat(frames, ignore_index=True)
        return rows[self.draw.random(len(rows)) < share].copy()

    def _corrections(self, source: str, month: int) -> pd.DataFrame:
        """Rows of keys that were sent before, with another value: about the past, or back to how it was."""
        rows = self._earlier(source, {"population": 0.006, "social_insurance": 0.004}.get(source, 0.02))
        if rows.empty:
            return rows
        if source in ("population", "enterprises"):
            day = int(self.draw.integers(1, 28))
            some = self.draw.random(len(rows)) < 0.7  # the others are the old row again, under its old date
            rows.loc[some, "updated_at"] = f"{month_label(month)}-{day:02d} 10:00:00"
        if source == "population":
            self._register_changes(rows, month)
        elif source == "enterprises":
            rows["main_vsic"] = self.draw.choice(["47", "14", "01", "62"], len(rows))
            rows["status"] = self.draw.choice(["active", "active", "suspended", "dissolved"], len(rows))
            owners = self.rows["population"]["citizen_id"].to_numpy()
            swap = self.draw.random(len(rows)) < 0.3
            rows.loc[swap, "owner_citizen_id"] = self.draw.choice(owners, int(swap.sum()))
        elif source == "social_insurance":
            rows["wage_base"] = self.draw.choice(["5000000", "7000000", "21000000"], len(rows))
        elif source == "training":
            rows["outcome"] = "completed"
            rows["ended_on"] = rows["ended_on"].fillna(f"{month_label(month - 2)}-15")
            rows["certificate_no"] = "C" + rows["record_no"].astype(str)
        elif source == "labour_register":
            rows["activity"] = "unemployed"
            rows["employment_status"] = None
        else:
            ends = {
                "unemployment_benefits": "ends_on",
                "job_seekers": "closed_on",
                "overseas_contracts": "returned_on",
            }[source]
            rows[ends] = f"{month_label(month - int(self.draw.integers(0, 5)))}-20"
        return rows

    def _register_changes(self, rows: pd.DataFrame, month: int) -> None:
        kinds = self.draw.integers(0, 7, len(rows))
        everyone = self.rows["population"]
        for place, kind in zip(rows.index, kinds, strict=True):
            if kind == 0:  # a death that is registered late
                rows.loc[place, ["life_status", "status_date"]] = [
                    "deceased",
                    f"{month_label(month - int(self.draw.integers(0, 9)))}-05",
                ]
            elif kind == 1:  # another ID, which names the one before it, or does not
                old = str(rows.at[place, "citizen_id"])
                rows.at[place, "citizen_id"] = old[:6] + f"{self.draw.integers(0, 10**6):06d}"
                rows.at[place, "previous_id"] = (
                    old if self.draw.random() < 0.7 else rows.at[place, "previous_id"]
                )
            elif kind == 2:  # the name of somebody else, so that two are of one name
                rows.at[place, "full_name"] = self._one(everyone["full_name"].tolist())
            elif kind == 3:
                rows.at[place, "birth_date"] = str(rows.at[place, "birth_date"])[:7]
            elif kind == 4:
                rows.at[place, "previous_id"] = f"{self.draw.integers(10**8, 2 * 10**8)}"
            elif kind == 5 and month >= month_number("2025-07"):
                since = everyone[everyone["period"] >= "2025-07"]
                rows.at[place, "commune_code"] = self._one(since["commune_code"].tolist())

    def _mistaken(self, source: str, frame: pd.DataFrame, share: float, month: int) -> pd.DataFrame:
        """Rows with what agencies get wrong: IDs, names, numbers, codes, keys."""
        frame = frame.copy().reset_index(drop=True)
        if source not in LINKED:
            return frame
        for place in np.flatnonzero(self.draw.random(len(frame)) < share):
            kind, other = self.draw.integers(0, 8), int(self.draw.integers(0, len(frame)))
            if kind == 0:
                frame.at[place, "citizen_id"] = None
            elif kind == 1:
                frame.at[place, "citizen_id"] = frame.at[other, "citizen_id"]
            elif kind == 2:
                frame.at[place, "full_name"] = frame.at[other, "full_name"]
            elif kind == 3:
                frame.at[place, "birth_date"] = "1980-01-01"
            elif kind == 4 and source == "social_insurance":
                frame.at[place, "employer_code"] = self._one(["0000000001", "ABC", "0123"])
            elif kind == 5 and source == "social_insurance":
                frame.at[place, "si_number"] = frame.at[other, "si_number"]
            elif kind == 6 and source == "social_insurance":
                frame.at[place, "month"] = month_label(month - int(self.draw.integers(0, 8)))
            elif kind == 7 and source in KEYS:
                earlier = self._earlier(source, 0.2)
                if len(earlier):
                    frame.at[place, KEYS[source]] = self._one(earlier[KEYS[source]].tolist())
        return frame

    def _settings(self) -> str:
        return self.home.settings.read_text() if self.home.settings.exists() else ""

    def _set(self, text: str) -> str:
        self.home.settings.write_text(ON + text)
        return text.partition("\n")[0]

    def _one(self, of: list[T]) -> T:
        return of[int(self.draw.integers(0, len(of)))]
