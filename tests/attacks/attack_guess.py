"""The best guess of small counts: least squares over everything published, then the likeliest count over time.

The attacker is told more than is published: every finest count as changed, how the true counts are distributed and how
they move from quarter to quarter (or from release to release), and how often a count's persons stay the same ones, in which case
its noise is the same. What the table of noise then makes of a count is learnt from drawings with other keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, vstack
from scipy.sparse.linalg import lsmr

MOST = 12  # series with larger counts are not attacked: they are not about counts of 1 to 4
SEEN = MOST + 5
STATUSES = ["employed", "unemployed", "inactive", "abroad", "unknown"]
Array = np.ndarray


@dataclass
class Series:
    """Counts of one measure over time: exact and as changed in some drawings, with what else is published of them."""

    measure: str
    count: Array  # series x time
    same: Array  # series x (time - 1): the same persons as before
    changed: Array  # drawings x series x time
    nudge: Array  # the same shape: -1, 0, 1 as least squares would have the count below, at or above the changed one


def series_of(
    slices: Sequence[Sequence[pd.DataFrame]],
    keys: Sequence[str],
    unused: int = 0,
    nudges: Sequence[Sequence[Array]] = (),
) -> list[Series]:
    """By measure. ``slices``: for each drawing the frames of all times (keys, measure, count, key, changed). ``unused``
    is the number of series that could be and in which nobody ever is: an attacker does not know that."""
    first = pd.concat([f.assign(time=t) for t, f in enumerate(slices[0])], ignore_index=True)
    series = first.groupby([*keys, "measure"], dropna=False, sort=False).ngroup().to_numpy()
    time = first["time"].to_numpy()
    shape = (int(series.max()) + 1 + unused, int(time.max()) + 1)
    names = first["measure"].unique()
    measure = names[np.arange(shape[0]) % len(names)].astype(object)  # the unused ones are shared out
    measure[series] = first["measure"]

    def laid(values: Array) -> Array:
        out = np.zeros(shape, dtype="int64")
        out[series, time] = values
        return out

    count = laid(first["count"].to_numpy())
    changed = np.stack([laid(np.concatenate([f["changed"].to_numpy() for f in frames])) for frames in slices])
    nudge = np.stack([laid(np.concatenate(n)) for n in nudges]) if nudges else np.zeros_like(changed)
    # the same persons draw the same noise under whatever keys
    same = (count[:, 1:] == count[:, :-1]) & (changed[:, :, 1:] == changed[:, :, :-1]).all(axis=0)
    return [
        Series(m, count[w], same[w], changed[:, w], nudge[:, w])
        for m in pd.unique(measure)
        if (w := (measure == m) & (count.max(1) <= MOST) & (changed.max((0, 2)) < SEEN)).any()
    ]


def guesses(
    of: Series, drawing: int = 0, over_time: bool = True, learnt: Series | None = None
) -> tuple[Array, Array]:
    """The likeliest count of every cell of one drawing, and the likeliest if one knows that it is not 0. What noise makes of
    a count is learnt from the other drawings, or from those of ``learnt``."""
    n, sizes = of.count, MOST + 1
    symbol = of.changed * 3 + of.nudge + 1
    seen = np.full((sizes, SEEN * 3), 1e-9)
    lessons = [(n, symbol[d]) for d in range(len(symbol)) if d != drawing]
    if learnt is not None:
        lessons = [(learnt.count, drawn * 3 + 1) for drawn in learnt.changed]
    for lesson in lessons:
        np.add.at(seen, lesson, 1)
    seen /= seen.sum(axis=1, keepdims=True)
    prior = np.bincount(n.ravel(), minlength=sizes) / n.size
    likely = seen[:, symbol[drawing]].transpose(1, 2, 0)  # series x time x count
    if not over_time or n.shape[1] == 1:
        found = likely * prior
    else:
        moved, stayed = np.zeros((sizes, sizes)), np.zeros(sizes)
        np.add.at(moved, (n[:, :-1][~of.same], n[:, 1:][~of.same]), 1)
        np.add.at(stayed, n[:, :-1][of.same], 1)
        total = np.maximum(moved.sum(axis=1) + stayed, 1)
        moved, stayed = moved / total[:, None], stayed / total
        is_equal = (of.changed[drawing][:, 1:] == of.changed[drawing][:, :-1])[:, :, None]
        forward, backward = np.zeros_like(likely), np.ones_like(likely)
        forward[:, 0] = prior * likely[:, 0]
        last = n.shape[1] - 1
        for t in range(1, last + 1):
            before = forward[:, t - 1]
            forward[:, t] = before @ moved * likely[:, t] + before * stayed * is_equal[:, t - 1]
            forward[:, t] /= np.maximum(forward[:, t].sum(axis=1, keepdims=True), 1e-300)
        for t in range(last, 0, -1):
            after = backward[:, t]
            backward[:, t - 1] = (after * likely[:, t]) @ moved.T + after * stayed * is_equal[:, t - 1]
            backward[:, t - 1] /= np.maximum(backward[:, t - 1].sum(axis=1, keepdims=True), 1e-300)
        found = forward * backward
    return found.argmax(axis=2), found[:, :, 1:].argmax(axis=2) + 1


def scores(
    all_series: Sequence[Series], over_time: bool = True, learnt: Sequence[Series] = ()
) -> pd.DataFrame:
    """By measure: cells truly 1-4, how many of them are guessed right, and right by those who know it is not 0."""
    rows = []
    for of in all_series:
        small = (of.count >= 1) & (of.count <= 4)
        moved = np.zeros_like(small)
        moved[:, 1:] |= ~of.same
        moved[:, :-1] |= ~of.same
        lesson = next((x for x in learnt if x.measure == of.measure), None)
        for drawing in range(min(2, len(of.changed))):
            likeliest, not_empty = guesses(of, drawing, over_time, lesson)
            rows.append(
                {
                    "measure": of.measure,
                    "cells": int(small.sum()),
                    "right": int((likeliest == of.count)[small].sum()),
                    "right_if_not_empty": int((not_empty == of.count)[small].sum()),
                    "anew": int((small & moved).sum()),
                    "right_anew": int((likeliest == of.count)[small & moved].sum()),
                }
            )
    return pd.DataFrame(rows).groupby("measure", sort=False).sum()


def nudges(provinces: pd.DataFrame, communes: pd.DataFrame, transitions: pd.DataFrame) -> Array:
    """Least squares over one drawing: each finest count of provinces seen once by itself, once in the sum of its pair's
    communes, once in the persons who had its status and were residents a quarter before. Returns, for the rows of
    ``provinces``, whether the count so found lies below, at or above the changed one (by 0.3 and more)."""
    place = ["quarter", "province_2024", "province_2025", "measure"]
    atoms = provinces.reset_index(drop=True)
    own = np.where(atoms["changed"] > 0, 2.0, 0.7)
    seen: list[Array] = [atoms["changed"].to_numpy(dtype=float)]
    weights = [1 / np.sqrt(own)]
    blocks = [csr_array((np.ones(len(atoms)), (range(len(atoms)), range(len(atoms)))))]

    def add(sums: pd.DataFrame, group: Sequence[str], more: float) -> None:
        number = atoms.groupby(list(group), sort=False).ngroup().to_numpy()
        heads = atoms.groupby(list(group), sort=False).head(1)[list(group)]
        known = heads.merge(sums, on=list(group), how="left")
        rows_there = np.flatnonzero(known["seen"].notna().to_numpy())
        block = csr_array((np.ones(len(atoms)), (number, range(len(atoms)))), shape=(len(heads), len(atoms)))
        blocks.append(block[rows_there])
        there = known.iloc[rows_there]
        seen.append(there["seen"].to_numpy(dtype=float) * (1 + more))
        weights.append(
            1
            / np.sqrt(
                1 + 2 * there["parts"].to_numpy(dtype=float) + more * there["seen"].to_numpy(dtype=float)
            )
        )

    of_communes = (
        communes.groupby(place)["changed"].agg(seen="sum", parts=lambda c: (c > 0).sum()).reset_index()
    )
    # communes hold provinces as numbers, as provinces do
    add(of_communes, place, 0.0)
    ages = atoms["age_class"] // 4
    atoms["age_group"] = np.select([ages == 0, ages < 4], ["15-24", "25-54"], "55+")
    quarter = transitions[transitions["lag"] == "quarter"].copy()
    quarter["measure"] = quarter["to_status"]
    for province in ("province_2024", "province_2025"):
        quarter[province] = quarter[province].astype(atoms[province].dtype)
    to = [*place, "sex", "age_group"]
    stayed = quarter.groupby(to)["changed"].agg(seen="sum", parts=lambda c: (c > 0).sum()).reset_index()
    newcomers = 0.01  # of a quarter's residents, about: who turned 15 or moved in
    add(stayed, to, newcomers)
    weight = np.concatenate(weights)
    solved = lsmr(
        vstack(blocks).multiply(weight[:, None]).tocsr(), np.concatenate(seen) * weight, atol=1e-8, btol=1e-8
    )[0]
    moved = solved - atoms["changed"].to_numpy()
    return np.where(moved > 0.3, 1, np.where(moved < -0.3, -1, 0))
