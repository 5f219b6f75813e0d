"""Which run may go on from the tables of the run before it, and what the warehouse must be for that (SPEC §7).

Models that are large are kept (``kept``, ``compared`` and ``summed`` in dbt_project/macros/engine/kept.sql): an increment
computes what changed of them. A mark says what the tables in the warehouse are made of. It is taken away before the first
of them is touched and comes back when all are built, so that whatever breaks off, or is built by hand, is followed by a
full build. Any difference that is not a delivery more or less is one too (docs/decisions/0011-increments.md).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import duckdb
import pandas as pd

from orchestration.dbt.project import COUNTED_LAYERS, FIRST_LAYERS, parsed_models, reads
from orchestration.run.fingerprint import code_version, deciding
from orchestration.run.marks import stale
from orchestration.run.scope import Run
from orchestration.run.tables import has_table, run_tables, write
from orchestration.settings import Settings
from sources.calendar import month_label, quarter_label, quarter_of_month, reference_date

KEPT = ("kept", "compared", "summed")  # materializations whose tables an increment goes on from
MONTHLY = (
    "social_insurance",
    "labour_register",
)  # a delivery of these speaks of most people in its own months
OF_INCREMENTS = ("touched_rows", "touched_persons")  # models without rows in a full build
JUDGING = (
    "thresholds",
    "waivers",
    "punctuality",
)  # settings by which gates judge: what they decide is which deliveries count
OFF = "[engine] increments is off"
MOST_QUARTERS, MOST_PERSONS = 1 / 2, 1 / 5  # of more than these a full build is as fast
FILES = (
    "select source, delivery_key, sha256(string_agg(file || ' ' || sha256, ',' order by file)) as files"
    " from {landing}.delivery_states group by source, delivery_key"
)
IN_FORCE = "source, delivery_key, period_month, revision, area_version"


@dataclass(frozen=True)
class Restricted:
    """What the restricted database says to it: its mark, its keys, and how many rows of the register each delivery has."""

    token: str | None
    keys: str
    registered: dict[int, int]
    files: pd.DataFrame  # source, delivery_key, files
    deleted: set[tuple[str, int]]  # deliveries whose rows retention deleted
    tables: set[str]


def facts(restricted: duckdb.DuckDBPyConnection) -> Restricted:
    """What ``decide`` must know of the restricted database, of a connection to it."""
    tables = {
        f"{schema}.{name}"
        for schema, name in restricted.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall()
    }
    token = None
    if "increment.mark" in tables:
        found = restricted.execute("select token from increment.mark").fetchone()
        token = found[0] if found else None
    keys = [
        restricted.execute(f"select fingerprint from identity.{table}").fetchall()
        for table in ("key_check", "disclosure_key_check")
    ]
    return Restricted(
        token,
        hashlib.sha256(repr(keys).encode()).hexdigest(),
        dict(
            restricted.execute("select delivery_key, count(*) from landing.population group by 1").fetchall()
        ),
        restricted.execute(FILES.format(landing="landing")).df(),
        set(
            restricted.execute(
                "select source, delivery_key from landing.retention where what = 'rows'"
            ).fetchall()
        ),
        tables,
    )


def unmark(restricted: duckdb.DuckDBPyConnection) -> None:
    """What was kept is no base any more: rows that lay there are about to be read again, maybe by another version."""
    restricted.execute("drop table if exists increment.mark")


def decide(warehouse: duckdb.DuckDBPyConnection, known: Restricted, run: Run) -> None:
    """Write down whether this run is an increment, from which quarter on it computes everybody anew, and which deliveries
    came or went; or why it is none. Schema ``run`` is that of this run already.
    """
    nothing = pd.DataFrame({"source": [], "delivery_key": [], "came": []})
    write(warehouse, "changed_deliveries", nothing)
    reason = _reason_against(warehouse, known, run)
    open_from = run.scope.as_of
    if not reason:
        before = f"select {IN_FORCE} from run.kept_deliveries"
        now = f"select {IN_FORCE} from run.deliveries_in_force"
        changed = warehouse.execute(
            f"select *, true as came from ({now} except {before})"
            f" union all select *, false from ({before} except {now}) order by all"
        ).df()
        kept_as_of = _kept(warehouse)["as_of_quarter"]
        monthly = changed.loc[changed["source"].isin(MONTHLY), "period_month"]
        open_from = min([run.scope.as_of, kept_as_of + 1, *(quarter_of_month(int(m)) for m in monthly)])
        reason = _reason_in(warehouse, known, run, changed, open_from)
        if not reason:
            write(warehouse, "changed_deliveries", changed[["source", "delivery_key", "came"]])
    _write(warehouse, reason, open_from)


def _write(warehouse: duckdb.DuckDBPyConnection, reason: str, open_from: int) -> None:
    first_day = reference_date(open_from - 1) + timedelta(days=1)
    frame = {
        "is_increment": [not reason],
        "from_quarter": [open_from],
        "from_month": [3 * open_from],
        "from_day": [first_day],
        "reason": [reason],
        "stage": [0],
    }
    write(warehouse, "increment", pd.DataFrame(frame))


def _kept(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    rows = warehouse.execute("select * from run.kept").df().to_dict("records")
    return {str(k): v for k, v in rows[0].items()}


def _reason_against(warehouse: duckdb.DuckDBPyConnection, known: Restricted, run: Run) -> str:
    """Why this run cannot go on from what lies in the warehouse; empty if nothing speaks against it."""
    if not has_table(warehouse, "kept"):
        write(warehouse, "kept", pd.DataFrame({c: [] for c in run_tables()["kept"].columns}))
        return "there is no run before it"
    if not run.settings.engine.increments:
        return OFF
    if warehouse.execute("select count(*) from run.kept").fetchone() != (1,):
        return "the last run broke off, or something was built by hand"
    kept = _kept(warehouse)
    if kept["code"] != json.dumps(code_version()):
        return "labourdb, its seeds or a library it runs on is another version"
    if kept["settings"] != of_models(run.settings):
        then, now = json.loads(kept["settings"]), json.loads(of_models(run.settings))
        names = sorted(f"[{n}]" for n in then.keys() | now.keys() if then.get(n) != now.get(n))
        return f"{', '.join(names)} of labourdb.toml was changed"
    if kept["keys"] != known.keys:
        return "the keys of the restricted zone are others"
    if kept["token"] != known.token:
        return "the warehouse and the restricted database are not of the same run, or rows were read again"
    if kept["as_of_quarter"] > run.scope.as_of:
        return f"the last run was of a later quarter, {quarter_label(int(kept['as_of_quarter']))}"
    if kept["quarters"] != _quarters(warehouse, int(kept["as_of_quarter"])):
        return "the quarters to publish begin with another one"
    there = known.tables | {
        f"{schema}.{name}"
        for schema, name in warehouse.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
    }
    gone = sorted(m.name for m in _kept_models() if f"{m.schema}.{m.alias}" not in there)
    if gone:
        return f"tables are not there: {', '.join(gone)}"
    warehouse.register("files_now", known.files)
    try:
        other = warehouse.execute(
            "select count(*) from run.kept_deliveries as k left join files_now as f using (source, delivery_key)"
            " where f.files is distinct from k.files"
        ).fetchone()
    finally:
        warehouse.unregister("files_now")
    return "" if other == (0,) else "the files of a delivery are others than then"


def _reason_in(
    warehouse: duckdb.DuckDBPyConnection, known: Restricted, run: Run, changed: pd.DataFrame, open_from: int
) -> str:
    """Why the deliveries that changed ask for a full build; empty if they do not."""
    pairs = {(str(s), int(k)) for s, k in zip(changed["source"], changed["delivery_key"], strict=True)}
    if len(pairs) != len(changed):
        return "a delivery counts otherwise than it did"
    went = changed.loc[~changed["came"].astype(bool)]
    lost = sorted(
        f"{s}/{month_label(int(m))}"
        for s, k, m in zip(went["source"], went["delivery_key"], went["period_month"], strict=True)
        if (s, k) in known.deleted
    )
    if lost:
        return f"deliveries no longer count, and their rows were deleted: {', '.join(lost)}"
    found = warehouse.execute("select min(quarter), count(*) from run.quarters").fetchone()
    first, quarters = found or (0, 0)
    if run.scope.as_of - max(open_from, first) + 1 > max(1, quarters * MOST_QUARTERS):
        return f"everything from {quarter_label(max(open_from, first))} on is new, which is most of what there is"
    people = [known.registered.get(k, 0) for s, k in pairs if s == "population"]
    if sum(people) > MOST_PERSONS * sum(known.registered.values()):
        return "most of the register is new"
    return ""


def of_models(settings: Settings) -> str:
    """The settings that decide what the kept tables hold, in JSON: all that decide a figure, but those gates judge by."""
    return json.dumps(
        {k: v for k, v in deciding(settings).items() if k not in JUDGING}, ensure_ascii=False, sort_keys=True
    )


def _quarters(warehouse: duckdb.DuckDBPyConnection, up_to: int) -> str:
    rows = warehouse.execute(
        "select * from run.quarters where quarter <= ? order by quarter", [up_to]
    ).fetchall()
    return json.dumps(rows, default=str)


def _kept_models() -> list[Any]:
    return [m for m in parsed_models() if m.config.materialized in KEPT]


def begins(warehouse: duckdb.DuckDBPyConnection, layers: Sequence[str], whole: bool) -> None:
    """Layers are about to be built, ``whole`` or a part of them: until all is built nothing in the warehouse is kept, and
    an increment goes on only as the first build of each of its two steps.
    """
    stages = [frozenset(FIRST_LAYERS), frozenset(COUNTED_LAYERS)]
    if not any(layer in step for layer in layers for step in stages):
        return
    for table in ("kept", "increment"):
        if not has_table(warehouse, table):
            return  # gate 1 of an older version wrote none
    forget(warehouse)
    found = warehouse.execute("select is_increment, stage from run.increment").fetchone()
    if found is None or not found[0]:
        return
    if whole and found[1] < len(stages) and frozenset(layers) == stages[found[1]]:
        warehouse.execute("update run.increment set stage = stage + 1")
    else:
        give_up(warehouse, "the run was put together from parts")


def forget(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Nothing in the warehouse is a base of an increment."""
    warehouse.execute("delete from run.kept")


def told(run: Run) -> str:
    """What the last build of this run went on from, in a sentence, for people."""
    with run.warehouse() as warehouse:
        if not has_table(warehouse, "increment"):
            return ""
        found = warehouse.execute("select from_quarter, reason, stage from run.increment").fetchone()
    if found is None or found[1] == OFF:
        return ""
    if found[1]:
        return f"All tables were built anew: {found[1]}."
    return (
        "Only what changed was computed: everybody from"
        f" {quarter_label(int(found[0]))} on, and before it those whom a change can reach."
    )


def hashes(run: Run) -> dict[str, tuple[int, int]]:
    """By schema and name of every table a full build makes up to the candidates: how many rows, and a hash of them in any
    order. Numbers with a fraction are taken to two digits, since sums of them depend on the order.
    """
    found = {}
    with run.warehouse(with_restricted=True) as warehouse:
        for model in parsed_models():
            if model.config.materialized == "view" or model.name in OF_INCREMENTS:
                continue
            if model.fqn[1] not in (*FIRST_LAYERS, *COUNTED_LAYERS):
                continue
            place = f"{model.database}.{model.schema}.{model.alias}"
            columns = warehouse.execute(f"describe {place}").fetchall()
            values = [f'round("{c[0]}", 2)' if c[1] == "DOUBLE" else f'"{c[0]}"' for c in columns]
            row = warehouse.execute(
                f"select count(*), coalesce(sum(hash({', '.join(values)})::hugeint), 0) from {place}"
            ).fetchone()
            assert row is not None
            found[f"{model.schema}.{model.alias}"] = (int(row[0]), int(row[1]))
    return found


def give_up(warehouse: duckdb.DuckDBPyConnection, reason: str) -> None:
    """What is built from here on is built in full."""
    warehouse.execute("update run.increment set is_increment = false, reason = ?", [reason])


def ended(run: Run) -> None:
    """If every table of this run is built, from what lies below it now, the next run may go on from them."""
    nodes = reads([*FIRST_LAYERS, *COUNTED_LAYERS])
    models = {n: of for n, of in nodes.items() if n.startswith("model.")}
    with run.warehouse() as warehouse:
        if not has_table(warehouse, "increment") or stale(warehouse, models):
            return
    token = secrets.token_hex(16)
    with run.restricted() as restricted:
        restricted.execute("drop schema if exists increment cascade")
        restricted.execute("create schema increment")
        restricted.execute("create table increment.mark as select ?::varchar as token", [token])
        known = facts(restricted)
    with run.warehouse() as warehouse:
        in_force = warehouse.execute(f"select {IN_FORCE} from run.deliveries_in_force").df()
        mark = {
            "as_of_quarter": [run.scope.as_of],
            "quarters": [_quarters(warehouse, run.scope.as_of)],
            "settings": [of_models(run.settings)],
            "code": [json.dumps(code_version())],
            "keys": [known.keys],
            "token": [token],
        }
        warehouse.begin()
        write(warehouse, "kept_deliveries", in_force.merge(known.files, "left", ["source", "delivery_key"]))
        write(warehouse, "kept", pd.DataFrame(mark))
        warehouse.execute("update run.increment set is_increment = false")
        warehouse.commit()
