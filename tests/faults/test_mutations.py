"""Hundreds of mutants of each file format: refused with words, quarantined or read right; never a crash, never a lost row.

Mutants are read in processes of their own, so that one that brings down the interpreter is a failure and not the end.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from how_often import times
from mutants import ROWS, SECRETS, Mutant
from mutated_tables import sheet_rows
from mutations import FORMATS, mutant
from support import ingestion
from test_bad_files import TEXT

from sources.restricted.database import LINE_BITS

CHUNK = 25
LONGEST = 300.0  # seconds a chunk may take on a busy machine
SOUND = "social_insurance/2099-01"  # a good delivery of the same batch
STARTS = f"""
select list(line order by line) from (
    select delivery_key, row_id & {(1 << LINE_BITS) - 1} as line from landing.social_insurance
    union all select delivery_key, line from landing.quarantine
    union all select delivery_key, line from landing.set_aside
) where delivery_key = ?
"""


def folder_of(number: int) -> str:
    """A delivery for each mutant: months from 1900 on."""
    return f"social_insurance/{1900 + number // 12}-{number % 12 + 1:02d}"


def read_mutants(name: str, numbers: Sequence[int], folder: str, said: Connection) -> None:
    """Ingest mutants as one batch; sends what became of each, or what went wrong."""
    home = Path(folder)
    for number in numbers:
        ingestion.put(home, name, mutant(name, number).content, folder_of(number))
    ingestion.put(home, "b.csv", TEXT, SOUND)
    try:
        result = ingestion.read(home)
        counts = "select rows_read, accepted, quarantined, duplicate, superseded from landing.files where delivery_key = ?"
        found: dict[int, dict[str, Any]] = {}
        for number in [*numbers, -1]:
            place = SOUND if number < 0 else folder_of(number)
            key, state, problem = result.connection.execute(
                "select delivery_key, state, problem from landing.deliveries where folder = ?", [place]
            ).fetchone() or (0, "lost", None)
            found[number] = {
                "state": state,
                "problem": problem,
                "counts": result.connection.execute(counts, [key]).fetchone(),
                "starts": (result.connection.execute(STARTS, [key]).fetchone() or (None,))[0] or [],
            }
        said.send((result.closes(), found))
    except BaseException as error:
        said.send((False, f"{type(error).__name__}: {error}"))
        raise


def outcome(children: ForkServerContext, name: str, numbers: Sequence[int], folder: Path) -> tuple[bool, Any]:
    """What a child says of these mutants; (false, why) if it failed, crashed or hung."""
    heard, said = children.Pipe(duplex=False)
    child = children.Process(target=read_mutants, args=(name, numbers, str(folder), said))
    child.start()
    said.close()
    try:
        answer = heard.recv() if heard.poll(LONGEST) else (False, f"no answer in {LONGEST:.0f} s")
    except EOFError:
        child.join()
        answer = (False, f"the interpreter ended with {child.exitcode}")
    child.kill()
    child.join()
    shutil.rmtree(folder)
    return answer


def complaint(made: Mutant, name: str, facts: dict[str, Any]) -> str | None:
    """What is wrong with how one mutant was taken, if anything."""
    problem, counts = facts["problem"], facts["counts"]
    if facts["state"] == "refused":
        if made.must == "read":
            return f"refused: {problem}"
        if not problem.startswith(name) or not problem.rstrip().endswith("."):
            return f"the words do not say which file and what to do: {problem}"
        if any(s in problem for s in SECRETS):
            return f"the words hold a value: {problem}"
        return (
            None
            if facts["starts"] == [] and counts == (None,) * 5
            else "something of a refused file was loaded"
        )
    if facts["state"] != "read" or problem is not None:
        return f"neither read nor refused: {facts['state']}"
    if made.must == "refused":
        return f"read, {counts}"
    rows, starts = counts[0], facts["starts"]
    if rows != sum(counts[1:]) or rows != len(starts) or len(set(starts)) != rows:
        return f"the account does not close: {counts}, {len(starts)} lines"
    wanted = made.starts
    if (
        name.endswith(".xlsx") and wanted is None
    ):  # openpyxl gives up earlier in a broken sheet, so it may see fewer
        seen = sheet_rows(made.content)
        return f"{rows} rows read of {seen}" if seen is not None and rows < seen else None
    if isinstance(wanted, frozenset) and wanted != set(starts):
        return f"lines lost: {sorted(wanted - set(starts))}, made up: {sorted(set(starts) - wanted)}"
    return f"{rows} rows read of {wanted}" if isinstance(wanted, int) and rows != wanted else None


def check_mutants(children: ForkServerContext, name: str, numbers: range, folder: Path) -> str:
    """Read the mutants of a format and judge each; returns the figures, fails with every complaint."""
    wrong: list[str] = []
    states: Counter[str] = Counter()
    for start in range(numbers.start, numbers.stop, CHUNK):
        chunk = list(range(start, min(start + CHUNK, numbers.stop)))
        closes, found = outcome(children, name, chunk, folder / f"{name}{start}")
        if isinstance(found, str):  # which of them was it?
            alone = [(n, outcome(children, name, [n], folder / f"{name}{n}-alone")) for n in chunk]
            guilty = [
                f"{name} {n} ({mutant(name, n).kind}): {w}" for n, (_, w) in alone if isinstance(w, str)
            ]
            wrong += guilty or [f"{name} {chunk[0]}-{chunk[-1]} together: {found}"]
            continue
        if not closes or found[-1]["counts"] != (len(ROWS), len(ROWS), 0, 0, 0):
            wrong.append(f"{name} {chunk[0]}-{chunk[-1]}: the accounts of the batch do not close")
        for number in chunk:
            made = mutant(name, number)
            states[found[number]["state"]] += 1
            said = complaint(made, name, found[number])
            decided = made.starts is not None and found[number]["state"] == "read"
            states["counted"] += decided
            if said is not None:
                wrong.append(f"{name} {number} ({made.kind}): {said}")
    assert not wrong, f"{len(wrong)} of {len(numbers)} mutants, by format and number:\n" + "\n".join(wrong)
    return (
        f"mutations, {name}: {len(numbers)} mutants, {states['refused']} refused with words, {states['read']} read"
        f" ({states['counted']} of them counted by other means too), 0 crashes, 0 rows lost"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_mutants_are_read_right_or_refused(
    children: ForkServerContext, name: str, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    figures(check_mutants(children, name, range(25), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_many_mutants_are_read_right_or_refused(
    children: ForkServerContext, name: str, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    figures(check_mutants(children, name, range(25, 25 + times("LABOURDB_MUTATIONS")), tmp_path))


def test_a_lost_row_would_be_seen() -> None:
    """The judgement itself: each of its complaints."""
    made = Mutant("x", b"", "read", frozenset({2, 3}))
    sound = {"state": "read", "problem": None, "counts": (2, 1, 1, 0, 0), "starts": [2, 3]}
    assert complaint(made, "a.csv", sound) is None
    assert "lost: [3]" in str(complaint(made, "a.csv", sound | {"counts": (1, 1, 0, 0, 0), "starts": [2]}))
    assert "does not close" in str(complaint(made, "a.csv", sound | {"counts": (2, 1, 0, 0, 0)}))
    assert "refused" in str(
        complaint(made, "a.csv", {"state": "refused", "problem": "a.csv: no.", "counts": None})
    )
    cut = Mutant("x", b"", "refused", None)
    assert "read" in str(complaint(cut, "a.csv", sound))
    refused = {
        "state": "refused",
        "problem": "a.csv: cut. Send it again.",
        "counts": (None,) * 5,
        "starts": [],
    }
    assert complaint(cut, "a.csv", refused) is None
    assert "a value" in str(complaint(cut, "a.csv", refused | {"problem": "a.csv: 'Thwảo E'. Mend it."}))
    assert "which file" in str(complaint(cut, "a.csv", refused | {"problem": "not readable."}))
    assert "loaded" in str(complaint(cut, "a.csv", refused | {"starts": [2]}))
    assert "neither" in str(complaint(cut, "a.csv", refused | {"state": "lost"}))
