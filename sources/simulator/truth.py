"""The truth, apart from what agencies send: who everybody is, what they did each month, their jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sources.simulator.business_files import code_texts
from sources.simulator.identifiers import padded
from sources.simulator.mistakes import id_texts
from sources.simulator.months import Array, month_text
from sources.simulator.world import INSURED, LEVELS, NONE, STATES, SUCCESSION_KINDS, World


@dataclass
class Chronicle:
    """Keeps each month's activities in a byte per person, and jobs as spells."""

    world: World
    states: list[Array] = field(default_factory=list)
    voluntary: list[Array] = field(default_factory=list)
    homes: list[Array] = field(default_factory=list)
    _employer: Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    _since: Array = field(default_factory=lambda: np.empty(0, dtype=np.int16))
    _spells: list[tuple[Array, Array, Array, Array]] = field(default_factory=list)

    def keep(self, month: int) -> None:
        """Note the month as it was."""
        people = self.world.people
        self.states.append(people.state.copy())
        self.voluntary.append(people.voluntary.copy())
        self.homes.append(people.home.copy())
        employer = np.where(people.state == INSURED, people.employer, NONE).astype(np.int32)
        if not len(self._employer):
            self._employer, self._since = employer, np.full(len(people), month, dtype=np.int16)
            return
        changed = np.flatnonzero(
            (employer != self._employer) | ((employer != NONE) & (people.since == month))
        )
        self._close(changed, month - 1)
        self._employer[changed] = employer[changed]
        self._since[changed] = month

    def _close(self, persons: Array, last: int) -> None:
        ended = persons[self._employer[persons] != NONE]
        self._spells.append(
            (
                ended,
                self._employer[ended].copy(),
                self._since[ended].copy(),
                np.full(len(ended), last, dtype=np.int16),
            )
        )

    def write(self, folder: Path) -> None:
        """Write who the persons are, what they did each month, their jobs and employers, and what was renamed."""
        folder.mkdir(parents=True, exist_ok=True)
        world, people = self.world, self.world.people
        self._close(np.flatnonzero(self._employer != NONE), len(self.states) - 1)
        provinces = pa.array([*world.provinces, None])
        _save(
            folder / "persons.parquet",
            {
                "person": pa.array(np.arange(len(people), dtype=np.int32)),
                "citizen_id": padded(people.registered, 12),
                "previous_id": id_texts(people.card, people.card > 0),
                "si_number": padded(people.insurance, 10),
                "full_name": world.names.texts(people.name),
                "birth_date": pa.array(people.birth).cast(pa.date32()),
                "sex": pa.array(["male", "female"]).take(pa.array(people.sex)),
                "ethnicity": pa.array(people.ethnicity),
                "household": pa.array(people.household),
                "home_province": provinces.take(pa.array(self.homes[-1].astype(np.int64) % len(provinces))),
                "born_in_month": pa.array(
                    people.appears, mask=(people.appears < 0) | (people.appears == 32_000)
                ),
                "in_register": pa.array(people.appears != 32_000),
                "level": pa.array(LEVELS).take(pa.array(people.level)),
            },
        )
        months = [month_text(ym) for ym in world.months]
        columns = {"person": pa.array(np.arange(len(people), dtype=np.int32))}
        for i, name in enumerate(months):
            columns[f"state_{name}"] = pa.array(self.states[i])
            columns[f"voluntary_{name}"] = pa.array(self.voluntary[i])
            columns[f"home_{name}"] = pa.array(self.homes[i])
        _save(folder / "months.parquet", columns)
        _save(
            folder / "states.parquet",
            {"state": pa.array(range(len(STATES)), pa.int8()), "name": pa.array(STATES)},
        )
        spells = [np.concatenate(parts) for parts in zip(*self._spells, strict=True)]
        order = np.lexsort((spells[2], spells[0]))
        person, employer, first, last = (part[order] for part in spells)
        labels = pa.array(months)
        _save(
            folder / "jobs.parquet",
            {
                "person": pa.array(person.astype(np.int32)),
                "employer_code": world.employer_codes.take(pa.array(employer))
                if world.employer_codes
                else pa.nulls(0),
                "first_month": labels.take(pa.array(first)),
                "last_month": labels.take(pa.array(last)),
            },
        )
        employers = world.employers
        _save(
            folder / "employers.parquet",
            {
                "employer_code": code_texts(employers.code, employers.digits),
                "division": pa.array(employers.division),
                "old_province": pa.array(employers.province),
                "owner": pa.array(employers.owner, mask=employers.owner == NONE),
                "status": pa.array(employers.status),
            },
        )
        self._write_successions(folder, labels)
        self._write_reissues(folder, labels)

    def _write_successions(self, folder: Path, months: pa.Array) -> None:
        found = self.world.successions
        codes = self.world.employer_codes
        assert codes is not None
        _save(
            folder / "employer_successions.parquet",
            {
                "predecessor_code": codes.take(_joined([part.predecessor for part in found])),
                "successor_code": codes.take(_joined([part.successor for part in found])),
                "first_month": months.take(_joined([part.month for part in found])),
                "kind": pa.array(SUCCESSION_KINDS).take(_joined([part.kind for part in found])),
            },
        )

    def _write_reissues(self, folder: Path, months: pa.Array) -> None:
        found = self.world.reissues
        _save(
            folder / "reissued_ids.parquet",
            {
                "person": _joined([part.person for part in found]).cast(pa.int32()),
                "old_citizen_id": padded(_joined([part.old for part in found]).to_numpy(), 12),
                "new_citizen_id": padded(_joined([part.new for part in found]).to_numpy(), 12),
                "month": months.take(_joined([part.month for part in found])),
            },
        )


def _joined(parts: list[Array]) -> pa.Array:
    return pa.array(np.concatenate([np.empty(0, dtype=np.int64), *parts]))


def _save(path: Path, columns: dict[str, pa.Array]) -> None:
    pq.write_table(pa.table(columns), path, compression="zstd")
