"""Which register indicators are suppressed: counts and ratios by area, sex, age and urban/rural (SPEC §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from scipy.sparse import csr_array, kron

from releases.disclosure.audit import exposed_cells, fixed, solver_exposed, zeros_given_away
from releases.disclosure.block import Block, Layer
from releases.disclosure.cubes import Bools, Dimension, atom_counts, cube_cells, total_and_parts, truth
from releases.disclosure.measures import (
    AGE_DIFFERENCES,
    COUNTS,
    OVERLAPPING,
    STEPS,
    Step,
    age_dimension,
)
from releases.disclosure.places import (
    GROUP,
    area_columns,
    commune_dimension,
    province_dimension,
    province_groups,
)
from releases.disclosure.suppress import shown_cells

SMALL = 4  # a count of 1 to this many is not shown
CELL = ["area_version", "area_level", "area_code", "sex", "age_group", "urban_rural"]
TOTALS = {"sex": "total", "age_group": "total", "urban_rural": "total"}


@dataclass(frozen=True)
class Outcome:
    """Of one block: every cell that stands in a table (columns ``CELL``, measure, shown), and what the audit found."""

    cells: pd.DataFrame
    audited: int
    exposed: int


@dataclass(frozen=True)
class Cells:
    """Cells of people, whatever is counted in them: ``keys`` (columns ``CELL``, steps), as sums of atoms.

    ``steps`` says by how many subtractions a cell follows from those that stand in a table (0). ``atoms`` has the
    atoms' counts, atoms × ``COUNTS``.
    """

    keys: pd.DataFrame
    sums: csr_array
    atoms: np.ndarray[tuple[int, int], np.dtype[np.int64]]


class Quarter:
    """One quarter's counts, and what earlier releases showed of them."""

    def __init__(
        self, warehouse: duckdb.DuckDBPyConnection, quarter: int, country: str, folder: Path
    ) -> None:
        """``country`` is the area code under which the sum of the covered provinces is published.

        ``folder`` takes temporary files with counts.
        """
        self._warehouse = warehouse
        self._quarter = quarter
        self._country = country
        self._folder = folder
        self._ages = warehouse.execute("from cells.age_groups").df()
        self._earlier = warehouse.execute(
            f"select {', '.join(CELL)}, measure, public, was_suppressed from disclosure.earlier_counts where quarter = ?",
            [quarter],
        ).df()

    def outcomes(self) -> Iterator[Outcome]:
        """Provinces and the country first, then the communes below them."""
        provinces = self._profiles("province_2024, province_2025, new_is_covered", "true")
        groups = province_groups(provinces)
        sums = []
        for group in groups:
            outcome = self._people(group, self._country if len(groups) == 1 else None)
            is_sum = outcome.cells["area_level"] == GROUP
            sums.append(outcome.cells[is_sum])
            yield Outcome(outcome.cells[~is_sum], outcome.audited, outcome.exposed)
            for new, members in group.groupby("province_2025", sort=True):
                yield self._communes(
                    str(new), bool(members["new_is_covered"].to_numpy().all()), outcome.cells
                )
        if len(groups) > 1:  # the country is shown where the sum of every group is
            country = pd.concat(sums).groupby([*CELL, "measure"], as_index=False).agg(shown=("shown", "all"))
            country = country.assign(area_level="country", area_code=self._country)
            yield Outcome(country[[*CELL, "measure", "shown"]], 0, 0)

    def _profiles(self, keys: str, condition: str, *parameters: object) -> pd.DataFrame:
        columns = ", ".join(f"sum({name})::bigint as {name}" for name in COUNTS)
        return self._warehouse.execute(
            f"select {keys}, {columns} from disclosure.covered_profiles where quarter = ? and {condition}"
            " group by all order by all", [self._quarter, *parameters],
        ).df()  # fmt: skip

    def _people(self, provinces: pd.DataFrame, country: str | None) -> Outcome:
        """Country and provinces, by sex, age and urban/rural."""
        frame = self._profiles(
            "province_2024 as place, sex, age_class as age_group, urban_rural",
            "province_2024 in (select unnest(?))", list(provinces["province_2024"]),
        )  # fmt: skip
        places, hidden = province_dimension(provinces, country)
        ages = age_dimension(self._ages, sorted(int(c) for c in frame["age_group"].unique()))
        dimensions = [
            places, total_and_parts("sex", ["male", "female"]), ages, total_and_parts("urban_rural", ["urban", "rural"]),
        ]  # fmt: skip
        cells = _cells(dimensions, frame)
        steps = cells.keys["place"].isin(hidden).astype(int)
        cells.keys["steps"] = steps + cells.keys["age_group"].isin(list(AGE_DIFFERENCES))
        return self._protected(cells, solve=True)

    def _communes(self, province: str, is_covered: bool, above: pd.DataFrame) -> Outcome:
        """Communes and districts of a province of the new list; what was decided of its provinces is ``above``."""
        frame = self._profiles(
            "province_2024, province_2025, district_2024, commune_2024, commune_2025",
            "province_2025 = ?",
            province,
        )
        places, hidden = commune_dimension(frame, is_covered)
        cells = _cells([places], frame.assign(place=frame.index))
        cells.keys["steps"] = cells.keys["place"].isin(hidden).astype(int)
        outcome = self._protected(cells, above)
        below = outcome.cells["area_level"] != "province"
        return Outcome(outcome.cells[below], outcome.audited, outcome.exposed)

    def _protected(self, cells: Cells, above: pd.DataFrame | None = None, solve: bool = False) -> Outcome:
        """Every step of measures protected in turn."""
        decided, audited, exposed = [], 0, 0
        beside = self._few_beside_public(cells)
        wholes: dict[str, tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Bools]] = {}
        for step in STEPS:
            keys, sums = _of_step(cells, step)
            counts = cells.atoms[:, [COUNTS.index(c) for c in step.counts]].reshape(-1)
            keys["value"] = sums @ counts
            wanted = np.zeros(len(keys), dtype=np.bool_)
            for number, measure in enumerate(step.measures):
                if measure in beside:
                    wanted[number :: len(step.measures)] = beside[measure]
            small_rest = _small_rest(keys, step, wholes)
            seen = counts != 0  # and the zeros that what is shown gives away, found below
            while True:
                block = self._block(keys, sums, counts, small_rest, wanted, above, seen)
                shown, (known,) = shown_cells(block)
                (layer,) = block.layers
                given_away = zeros_given_away(layer, np.array(known.basis, dtype=np.int64))
                if not given_away.size:
                    break
                seen[layer.places[given_away]] = True
            found = exposed_cells(block, shown)
            if solve:
                sensitive = np.flatnonzero(block.sensitive & ~layer.known & (layer.values != 0))
                found[
                    solver_exposed(layer, np.array(known.basis, dtype=np.int64), sensitive, self._folder)
                ] = True
            for number, measure in enumerate(step.measures):
                of_measure = slice(number, None, len(step.measures))
                wholes[measure] = keys["value"].to_numpy()[of_measure], shown[of_measure]
            stands = ~block.hidden
            decided.append(keys.loc[stands, [*CELL, "measure"]].assign(shown=shown[stands]))
            audited += int(block.secrets(layer, shown).sum())
            exposed += int(found.sum())
        return Outcome(pd.concat(decided, ignore_index=True), audited, exposed)

    def _few_beside_public(self, cells: Cells) -> dict[str, Bools]:
        """By measure, the cells that must be secret since an earlier release showed a part that leaves only a few.

        The part cannot be hidden any more, so the whole is.
        """
        found: dict[str, Bools] = {}
        if not len(self._earlier):
            return found
        values: dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]] = {}
        for step in STEPS:
            atoms = cells.atoms[:, [COUNTS.index(c) for c in step.counts]]
            values |= dict(
                zip(step.measures, (cells.sums @ (atoms @ step.dimension.matrix.T.toarray())).T, strict=True)
            )
        for part, wholes in ((p, w) for step in STEPS for p, w in step.within.items()):
            keys = cells.keys[CELL].assign(measure=part)
            public = truth(keys.merge(self._earlier, how="left", on=[*CELL, "measure"])["public"])
            for whole in wholes:
                rest = values[whole] - values[part]
                few = public & (cells.keys["steps"].to_numpy() == 0) & (rest >= 1) & (rest <= SMALL)
                found[whole] = found.get(whole, np.zeros(len(few), dtype=np.bool_)) | few
        return found

    def _block(
        self, keys: pd.DataFrame, sums: csr_array, counts: np.ndarray[tuple[int], np.dtype[np.int64]], small_rest: Bools,
        wanted: Bools, above: pd.DataFrame | None, seen: Bools,
    ) -> Block:  # fmt: skip
        """The block of a step's cells; those decided ``above`` are known where shown, and secret where not.

        ``wanted`` are to be secret if they do not follow from what is known anyway; ``seen`` are atoms whose count is no
        secret.
        """
        known, secret = np.zeros((2, len(keys)), dtype=np.bool_)
        if len(self._earlier):
            earlier = keys[[*CELL, "measure"]].merge(self._earlier, how="left", on=[*CELL, "measure"])
            known, secret = truth(earlier["public"]), truth(earlier["was_suppressed"])
        if above is not None:
            shown = keys[[*CELL, "measure"]].merge(above, how="left", on=[*CELL, "measure"])["shown"]
            known |= truth(shown)
            secret |= truth(~shown.astype("boolean"))
        small = (keys["value"].between(1, SMALL) & (keys["steps"] <= 1)).to_numpy()
        totals = sum((keys[d] == "total").astype(int) for d in TOTALS) + keys["area_level"].isin(
            ["country", GROUP]
        )
        order = np.lexsort(
            (
                -keys["value"],
                np.arange(len(keys)) % keys["measure"].nunique(),
                -totals,
                keys["age_group"].isin(list(OVERLAPPING)),
                keys["area_version"] == "2025",
            )
        )
        hidden = (keys["steps"] > 0).to_numpy()
        # a zero that stays suppressed is not seen, unless another cell that is zero shows it
        zero = (keys["value"] == 0).to_numpy() & ~hidden & ~known
        in_cells = [
            abs(sums[np.flatnonzero(cells)]).sum(axis=0) > 0 for cells in (zero & secret, zero & ~secret)
        ]
        layer = Layer.of(sums, counts, known, ~seen & in_cells[0] & ~in_cells[1])
        few = small | (small_rest & ~known)
        secret |= wanted
        if above is not None:  # what is shown above is known, whatever it counts
            few &= ~truth(shown)
            secret &= ~truth(shown)
        # what only ratios showed may have been left out with a denominator, and follow from others all the same
        earlier_alone = np.flatnonzero(secret & ~few & ~known)
        if len(self._earlier) and earlier_alone.size:
            nothing = np.zeros(len(keys), dtype=np.bool_)
            secret[earlier_alone[fixed(layer, nothing, earlier_alone)]] = False
        sensitive = few | secret
        return Block(
            [layer], hidden, sensitive, order[~hidden[order]],
            np.full(len(keys), -1, dtype=np.int64),
        )  # fmt: skip


def _cells(dimensions: list[Dimension], frame: pd.DataFrame) -> Cells:
    """Cells of a cube; ``frame`` has the dimensions' columns with atoms' codes, and ``COUNTS``."""
    keys, sums = cube_cells(dimensions)
    keys = keys.assign(**{name: code for name, code in TOTALS.items() if name not in keys})
    keys = keys.join(area_columns(keys["place"]))
    atoms = np.stack([atom_counts(dimensions, frame, count) for count in COUNTS], axis=1)
    return Cells(keys, sums, atoms)


def _of_step(cells: Cells, step: Step) -> tuple[pd.DataFrame, csr_array]:
    """Each cell once for each measure of the step, and all these as sums of the step's counts of the atoms."""
    measures = step.dimension
    keys = cells.keys.loc[cells.keys.index.repeat(len(step.measures))].reset_index(drop=True)
    keys["measure"] = np.tile(list(step.measures), len(cells.keys))
    return keys, csr_array(kron(cells.sums, measures.matrix, format="csr"))


def _small_rest(
    keys: pd.DataFrame,
    step: Step,
    wholes: dict[str, tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Bools]],
) -> Bools:
    """Where the part and its whole, which is shown, would give away a few who are in the whole alone."""
    few = np.zeros(len(keys), dtype=np.bool_)
    for number, measure in enumerate(step.measures):
        of_measure = slice(number, None, len(step.measures))
        part, stands = keys["value"].to_numpy()[of_measure], keys["steps"].to_numpy()[of_measure] == 0
        for whole in step.within.get(measure, ()):
            values, shown = wholes[whole]
            rest = values - part
            few[of_measure] |= stands & shown & (rest >= 1) & (rest <= SMALL)
    return few
