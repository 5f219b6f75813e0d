"""What is deleted from the restricted database once it has lain there long enough (docs/decisions/0005-retention.md).

Texts of quarantined lines and feedback workbooks; rows of revisions that another replaced, and of held deliveries.
Every count stays, so that row accounting closes; rows in force stay, since every figure is computed from them anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from sources.calendar import month_of
from sources.contract import load_contract

if TYPE_CHECKING:  # a run that finds nothing new needs none of what takes a while to import
    import pandas as pd

TEXTS, ROWS = "texts", "rows"
_OF_DELIVERY = "source = ? and delivery_key = ?"
_CATALOGUE = (
    "deliveries", "delivery_states", "files", "repairs", "unknown_columns", "filled", "notices", "quarantine", "set_aside", "retention",
)  # fmt: skip


@dataclass(frozen=True)
class Deleted:
    """How much was deleted: quarantined lines that lost their text, workbooks, rows."""

    texts: int = 0
    workbooks: int = 0
    rows: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was something to delete."""
        return self != Deleted()

    def __str__(self) -> str:
        return (
            f"text of {self.texts:,} quarantined lines, {self.workbooks:,} feedback workbooks,"
            f" {self.rows:,} rows of replaced or held deliveries"
        )


def delete_old(
    connection: duckdb.DuckDBPyConnection,
    dispositions: pd.DataFrame,
    feedback: Path,
    months: int,
    today: date,
) -> Deleted:
    """Delete what arrived more than ``months`` whole calendar months before ``today``'s month.

    ``dispositions`` are the verdicts of the delivery gate on everything received; ``feedback`` is the folder of the
    workbooks. A delivery arrived when the youngest of its files changed last, as noted when it was read; a replaced
    one counts from the arrival of what replaced it.
    """
    oldest_kept = month_of(today) - months
    arrived = {
        (source, key): (month, folder)
        for source, key, folder, month in connection.execute(
            "select d.source, d.delivery_key, d.folder, year(arrived_at) * 12 + month(arrived_at) - 1 from ("
            " select source, delivery_key, (to_timestamp(max(ctime_ns) / 1e9) at time zone 'UTC') as arrived_at"
            " from landing.delivery_states group by all) join landing.deliveries as d using (source, delivery_key)"
            " order by all"
        ).fetchall()
    }
    done = {
        (source, key, what)
        for source, key, what in connection.execute("select * from landing.retention").fetchall()
    }
    texts = workbooks = rows = 0
    connection.execute("begin")
    try:
        for (source, key), (month, _) in arrived.items():
            if month < oldest_kept and (source, key, TEXTS) not in done:
                texts += _delete_texts(connection, source, key)
        for source, key, since in _out_of_force(dispositions, {k: m for k, (m, _) in arrived.items()}):
            if since < oldest_kept and (source, key, ROWS) not in done:
                rows += _delete_rows(connection, source, key)
        if rows:
            _delete_orphans(connection)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    for month, folder in arrived.values():
        path = feedback / f"{folder}.xlsx"
        if month < oldest_kept and path.exists():
            path.unlink()
            workbooks += 1
    return Deleted(texts, workbooks, rows)


def _out_of_force(
    dispositions: pd.DataFrame, arrived: dict[tuple[str, int], int]
) -> list[tuple[str, int, int]]:
    """Replaced and held deliveries, with the month from which their rows were of no more use."""
    in_force = {
        (d["source"], d["period"]): arrived[d["source"], d["delivery_key"]]
        for d in dispositions.to_dict("records")
        if d["disposition"] == "used"
    }
    found = []
    for d in dispositions.to_dict("records"):
        own = arrived[d["source"], d["delivery_key"]]
        if d["disposition"] == "held":
            found.append((d["source"], d["delivery_key"], own))
        elif d["disposition"] == "replaced":
            found.append((d["source"], d["delivery_key"], max(own, in_force[d["source"], d["period"]])))
    return found


def _changed(connection: duckdb.DuckDBPyConnection, statement: str, source: str, key: int) -> int:
    found = connection.execute(statement, [source, key]).fetchone()
    return int(found[0]) if found else 0


def _delete_texts(connection: duckdb.DuckDBPyConnection, source: str, key: int) -> int:
    connection.execute("insert into landing.retention values (?, ?, ?)", [source, key, TEXTS])
    return _changed(
        connection,
        "update landing.quarantine set raw = null, sent = null"
        f" where {_OF_DELIVERY} and (raw is not null or sent is not null)",
        source,
        key,
    )


def _delete_rows(connection: duckdb.DuckDBPyConnection, source: str, key: int) -> int:
    connection.execute("insert into landing.retention values (?, ?, ?)", [source, key, ROWS])
    table = load_contract(source).source  # a name of ours, whatever the catalogue says
    found = connection.execute(f"delete from landing.{table} where delivery_key = ?", [key]).fetchone()
    return int(found[0]) if found else 0


def _delete_orphans(connection: duckdb.DuckDBPyConnection) -> None:
    """Pseudonyms of nobody: should they be sent again, they get the same ones."""
    connection.execute(
        "delete from identity.person_keys where citizen_id not in (select citizen_id from landing.population)"
    )
    connection.execute(
        "delete from identity.employer_keys where employer_id not in (select enterprise_id from landing.enterprises"
        " where enterprise_id is not null union select employer_id from landing.social_insurance"
        " where employer_id is not null)"
    )
    connection.execute(
        "delete from identity.record_keys where person_key not in (select person_key from identity.person_keys)"
    )
    connection.execute(
        "delete from identity.employer_factors where employer_key < 0"
        " and employer_key not in (select employer_key from identity.employer_keys)"
    )


def deleted_in_force(
    connection: duckdb.DuckDBPyConnection, dispositions: pd.DataFrame
) -> list[tuple[str, int]]:
    """Deliveries that count again, since other settings judge otherwise, but whose rows were deleted."""
    gone = set(
        connection.execute(
            f"select source, delivery_key from landing.retention where what = '{ROWS}'"
        ).fetchall()
    )
    used = dispositions[dispositions["disposition"] == "used"]
    return [k for k in zip(used["source"], used["delivery_key"].astype(int), strict=True) if k in gone]


def forget(connection: duckdb.DuckDBPyConnection, keys: Sequence[tuple[str, int]]) -> None:
    """Take deliveries out of the catalogue, as if they had never been read, so that they are read anew."""
    connection.execute("begin")
    for source, key in keys:
        for table in _CATALOGUE:
            connection.execute(f"delete from landing.{table} where {_OF_DELIVERY}", [source, key])
        connection.execute(
            f"delete from landing.{load_contract(source).source} where delivery_key = ?", [key]
        )
    connection.execute("commit")
