"""Jobs of one large employer in a place, made up, as the models of disclosure control publish them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from attack_keys import Redrawn

FIGURES = ["in_quarter", "at_beginning", "at_end"]
PLACES = ["quarter", "province_2024", "province_2025", "section"]


def settle(redrawn: Redrawn, places: int = 120) -> None:
    """Put into each made-up place one employer with 100 to 600 jobs and others with up to a quarter of that, for the
    quarters that are there: of the jobs of a quarter about one of ten ends and as many begin."""
    random = np.random.default_rng(5)
    quarters = redrawn.query("select quarter from run.flow_quarters order by 1")["quarter"].to_numpy()
    runs, employers, person = [], [], 0
    for place in range(places):
        size = int(random.integers(110, 600))
        for other, jobs in enumerate(
            [size, *random.multinomial(int(size * random.uniform(0, 0.2)), [0.5, 0.3, 0.2])]
        ):
            employer = 4 * (place * 10 + other)
            employers.append((employer, "30", "31", f"place {place}"))
            for _ in range(int(jobs)):
                first = int(quarters[0]) - 1
                while first <= quarters[-1]:
                    last = min(first + int(random.geometric(0.1)) - 1, int(quarters[-1]) + 1)
                    runs.append((person, employer, first, last, False))
                    person += 1
                    first = last + 1
    frames = {
        "job_runs": pd.DataFrame(runs, columns=["person_key", "employer_key", "first_quarter", "last_quarter", "is_recall"]),
        "enterprises": pd.DataFrame(employers, columns=["employer_key", "province_2024", "province_2025", "section"]),
    }  # fmt: skip
    for table, frame in frames.items():
        redrawn.memory.register("frame", frame)
        redrawn.memory.execute(f"create or replace table labour.labour.{table} as from frame")
        redrawn.memory.unregister("frame")
    redrawn.persons = pd.DataFrame({"person_key": np.arange(person)})
    redrawn.employers = frames["enterprises"][["employer_key"]]


def figures(redrawn: Redrawn) -> pd.DataFrame:
    """Of every place and quarter whose largest employer has 80 % of at least 100 jobs: figure, exact, published."""
    rows = redrawn.query(f"""
        with exact as (
            select f.quarter, e.province_2024, e.province_2025, e.section,
                {", ".join(f"sum(f.{n})::bigint as exact_{n}, max(f.{n}) as largest_{n}" for n in FIGURES)}
            from restricted.keyed.keyed_employer_flows as f join labour.labour.enterprises as e using (employer_key)
            group by all
        )
        select * from exact join labour.disclosure.changed_places using ({", ".join(PLACES)})
        join labour.run.flow_quarters using (quarter) where quarters_before > 0 and is_followed""")
    return pd.concat(
        [
            rows[(rows[f"largest_{n}"] >= 0.8 * rows[f"exact_{n}"]) & (rows[f"exact_{n}"] >= 100)]
            .rename(columns={f"exact_{n}": "exact", n: "published"})[[*PLACES, "exact", "published"]]
            .assign(figure=n)
            for n in FIGURES
        ],
        ignore_index=True,
    )
