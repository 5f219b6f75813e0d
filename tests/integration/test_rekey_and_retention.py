"""A home with a new key, and one that deletes what is old: the published figures stay what they were."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from worlds import eighteen_persons as worlds
from worlds.eighteen_persons import AS_OF, KEY, Row, deliver, environment, opened, scope, small_home

from orchestration.cli.main import app
from orchestration.home import Home
from orchestration.run import gates, steps
from orchestration.run.scope import Run
from orchestration.settings import Settings, load_settings
from releases.disclosure.remembered import remembered
from releases.release import list_releases
from releases.tables import RELEASED
from sources.restricted.keys import DISCLOSURE_KEY_FILE

NEW_KEY = "the key after the first one, long enough to be taken"
TODAY = date(2027, 3, 15)
AGED = 1_735_700_000 * 10**9  # 2025-01-01
RETENTION = worlds.SETTINGS + "[retention]\nmonths = 12\n"


@pytest.fixture
def copied(tmp_path: Path) -> Home:
    return worlds.copy_of(small_home(), tmp_path / "home")


def call(home: Home, *arguments: str, key: str = KEY, new: str | None = None) -> tuple[int, Any]:
    """Exit code and document of a command with ``--json``."""
    with environment(LABOURDB_KEY=key, LABOURDB_NEW_KEY=new):
        result = CliRunner().invoke(app, [*arguments, "--home", str(home.root), "--json"])
    return result.exit_code, json.loads(result.stdout)


def log(home: Home) -> list[tuple[str, str]]:
    entries = [json.loads(line) for line in (home.restricted / "access.jsonl").read_text().splitlines()]
    return [(e["command"], e["detail"]) for e in entries]


def courses(count: int, faulty: int) -> list[Row]:
    """Completed courses of An, the last ``faulty`` of them with a birth date that is none."""
    rows = worlds.deliveries()["training/2025-09"]
    return [
        rows[0] | {"record_no": f"R{n}", "birth_date": "không rõ" if n >= count - faulty else "1985-03-02"}
        for n in range(count)
    ]


def run_of(home: Home, number: int = 1) -> Run:
    return Run(home, load_settings(home.settings), scope(number=number))


def age(home: Home, *folders: str, key: str = KEY) -> None:
    """Let deliveries have arrived at the beginning of 2025."""
    with opened(home, read_only=False, key=key) as connection:
        connection.execute(
            "update restricted.landing.delivery_states set ctime_ns = ? where (source, delivery_key) in"
            " (select (source, delivery_key) from restricted.landing.deliveries where folder in"
            f" ({', '.join('?' * len(folders))}))",
            [AGED, *folders],
        )


def rows_in(home: Home, table: str, key: str = KEY) -> list[tuple[Any, ...]]:
    with opened(home, key=key) as connection:
        return connection.execute(f"from {table} order by all").fetchall()


# ---- rekey ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rekeyed_home_publishes_nothing_new_and_has_other_pseudonyms(copied: Home) -> None:
    before = {k for _, k in rows_in(copied, "restricted.identity.person_keys")}
    published = worlds.table_bytes(copied)
    disclosure_key = (copied.restricted / DISCLOSURE_KEY_FILE).read_bytes()
    code, facts = call(copied, "rekey", new=NEW_KEY)
    assert code == 0 and (facts["persons"], facts["employers"]) == (18, 1)
    assert AS_OF in facts["next"][-1] and not copied.database.exists()
    assert call(copied, "status")[0] == 1  # the old key opens nothing any more

    code, facts = call(copied, "run", "--as-of", AS_OF, key=NEW_KEY)
    assert code == 0 and not facts["published"] and facts["release"] == f"{AS_OF}.1"
    assert [r.id for r in list_releases(copied.releases)] == [f"{AS_OF}.1"]
    assert worlds.table_bytes(copied) == published and list(remembered(copied.remembered)) == [f"{AS_OF}.1"]
    assert (copied.restricted / DISCLOSURE_KEY_FILE).read_bytes() == disclosure_key
    compared = 0
    with opened(copied, key=NEW_KEY) as connection:
        # what would have been published under the new key; the checks alone now have a release to compare with
        for table in RELEASED.keys() - {"checks"}:
            file = copied.releases / "current" / "tables" / f"{table}.parquet"
            ours, theirs = (
                connection.execute(f"select * exclude (release_id) from {t} order by all").fetchall()
                for t in (f"w.published.{table}", f"read_parquet('{file}')")
            )
            assert ours == theirs, table
            compared += len(ours)
        after = connection.execute("select distinct person_key from w.labour.labour_status").fetchall()
        known = dict(
            connection.execute(
                "select person_key, citizen_id from restricted.identity.person_keys"
            ).fetchall()
        )
    assert compared > 1_000 and after and {k for (k,) in after} <= set(known) and before.isdisjoint(known)
    assert [c for c, _ in log(copied) if c.startswith("labourdb")][-4:] == [
        "labourdb rekey",
        "labourdb rekey",
        "labourdb status",
        "labourdb run",
    ]


@pytest.mark.slow
def test_rekeyed_and_purged_the_next_release_is_what_it_would_have_been(copied: Home, tmp_path: Path) -> None:
    untouched = worlds.copy_of(copied, tmp_path / "untouched")
    for home in (copied, untouched):
        deliver(home, "training/2025-09.r2", courses(60, 3))
    worlds.run_steps(untouched)

    assert call(copied, "rekey", new=NEW_KEY)[0] == 0
    copied.settings.write_text(RETENTION)
    with environment(LABOURDB_KEY=NEW_KEY):
        steps.ingest_new(run_of(copied))
        age(copied, *(f"{p.parent.name}/{p.name}" for p in copied.landing.glob("*/*")), key=NEW_KEY)
        assert steps.apply_retention(run_of(copied), TODAY).rows == 7
    worlds.run_steps(copied, key=NEW_KEY)
    ours, theirs = worlds.table_bytes(copied), worlds.table_bytes(untouched)
    assert {n for n in ours if ours[n] != theirs[n]} == set()
    assert worlds.manifest(copied)["release_id"] == f"{AS_OF}.2"


def test_rekey_says_what_is_missing(copied: Home, tmp_path: Path) -> None:
    before = (copied.restricted / "restricted.duckdb").read_bytes()
    code, facts = call(copied, "rekey")
    assert code == 2 and "LABOURDB_NEW_KEY" in facts["error"]
    code, facts = call(Home(tmp_path / "nothing"), "rekey", new=NEW_KEY)
    assert code == 1 and "no database yet" in facts["error"]
    code, facts = call(copied, "rekey", key=NEW_KEY, new=KEY)
    assert code == 1 and "not the one this home was built with" in facts["error"]
    assert (copied.restricted / "restricted.duckdb").read_bytes() == before and copied.database.exists()


# ---- retention -----------------------------------------------------------------------------------------------


@pytest.fixture
def replaced(copied: Home) -> Home:
    """Training of September replaced, and a December of people's courses that is held; both read."""
    deliver(copied, "training/2025-09.r2", courses(60, 4))
    deliver(copied, "training/2025-11", courses(60, 30))
    with environment(LABOURDB_KEY=KEY):
        steps.ingest_new(run_of(copied))
    copied.settings.write_text(RETENTION)
    return copied


def test_what_is_old_goes_and_every_count_stays(replaced: Home) -> None:
    everything = steps.EVERYTHING
    with environment(LABOURDB_KEY=KEY):
        with run_of(replaced).restricted() as connection:
            before = steps.delivery_gate(connection, everything, steps.load_rules())
        assert dict(zip(before.dispositions["folder"], before.dispositions["disposition"], strict=True)) | {
            "training/2025-09": "replaced", "training/2025-09.r2": "used", "training/2025-11": "held",
        } == dict(zip(before.dispositions["folder"], before.dispositions["disposition"], strict=True))  # fmt: skip
        counts = rows_in(replaced, "restricted.landing.files")
        lines = [r[:5] for r in rows_in(replaced, "restricted.landing.quarantine")]
        keys = rows_in(replaced, "restricted.identity.person_keys")

        assert not steps.apply_retention(
            run_of(replaced), TODAY.replace(year=2026)
        ).anything  # arrived just now
        old = ["population/2025-09", "training/2025-09", "training/2025-11"]
        age(replaced, *old)
        assert (replaced.feedback / "population" / "2025-09.xlsx").exists()
        deleted = steps.apply_retention(
            run_of(replaced), date(2026, 1, 31)
        )  # arrived in the month that is kept
        assert not deleted.anything
        deleted = steps.apply_retention(run_of(replaced), date(2026, 2, 1))
        # one line of the population, 30 of November; the replaced revision stays until its replacement is old as well
        assert (deleted.texts, deleted.workbooks, deleted.rows) == (31, 2, 30)
        age(replaced, "training/2025-09.r2")
        deleted = steps.apply_retention(run_of(replaced), date(2026, 2, 1))
        assert (deleted.texts, deleted.workbooks, deleted.rows) == (4, 1, 8 - 1)
        assert not steps.apply_retention(run_of(replaced), date(2026, 2, 1)).anything

        steps.ingest_new(run_of(replaced))  # which writes every workbook that is missing
        assert not (replaced.feedback / "population" / "2025-09.xlsx").exists()
        assert rows_in(replaced, "restricted.landing.files") == counts
        quarantine = rows_in(replaced, "restricted.landing.quarantine")
        assert [r[:5] for r in quarantine] == lines
        with opened(replaced) as connection:
            told = connection.execute(
                "select folder, count(*) filter (where raw is not null or sent is not null) from restricted.landing.quarantine"
                " join restricted.landing.deliveries using (source, delivery_key) group by all order by all"
            ).fetchall()
        assert [(f, n) for f, n in told if n] == [("enterprises/2025-09", 1)]  # not old
        assert (
            rows_in(replaced, "restricted.identity.person_keys") == keys
        )  # all of them still in the register
        with run_of(replaced).restricted() as connection:
            after = steps.delivery_gate(connection, everything, steps.load_rules())
        assert after.dispositions.equals(before.dispositions)
        assert after.row_accounting.equals(before.row_accounting)
    said = [detail for command, detail in log(replaced) if command == "retention"]
    assert len(said) == 2 and "text of 31 quarantined lines" in said[0] and said[0].startswith("months=12")


def test_a_replaced_revision_that_counts_again_is_read_anew(replaced: Home) -> None:
    with environment(LABOURDB_KEY=KEY):
        before = rows_in(replaced, "restricted.landing.training")
        age(replaced, "training/2025-09", "training/2025-09.r2")
        assert steps.apply_retention(run_of(replaced), TODAY).rows == 7
        assert len(rows_in(replaced, "restricted.landing.training")) == len(before) - 7
        replaced.settings.write_text(
            worlds.SETTINGS + "quarantined_share = 0.01\n"
        )  # the revision is held now
        gates.gate_deliveries(run_of(replaced))
        assert rows_in(replaced, "restricted.landing.training") == before


def test_a_run_deletes_and_says_so_though_nothing_is_new(copied: Home) -> None:
    copied.settings.write_text(RETENTION)
    age(copied, "population/2025-09")
    code, facts = call(copied, "run", "--as-of", AS_OF)
    assert code == 0 and not facts["published"]  # the setting by itself makes no release
    assert facts["deleted_after_retention"] == {"texts": 1, "workbooks": 1, "rows": 0}
    assert log(copied)[-2:] == [
        ("labourdb run", f"as_of={AS_OF}"),
        ("retention", "months=12: deleted text of 1 quarantined lines, 1 feedback workbooks, 0 rows of replaced or held deliveries"),
    ]  # fmt: skip
    assert Settings.model_validate({"retention": {"months": 12}}).effective()["retention"] == {"months": 12}


# ---- query ---------------------------------------------------------------------------------------------------


def test_a_query_shows_rows_of_both_databases_and_changes_none(copied: Home) -> None:
    sql = (
        "select full_name, count(*) as quarters from restricted.landing.population"
        " join restricted.identity.person_keys using (citizen_id) join labour.labour.labour_status using (person_key)"
        f" where full_name = '{worlds.PEOPLE['an'].name}' group by all"
    )
    code, rows = call(copied, "query", sql)
    assert code == 0 and rows == [{"full_name": worlds.PEOPLE["an"].name, "quarters": 2}]
    command, detail = log(copied)[-1]
    assert command == "labourdb query" and detail == (
        f"sha256={hashlib.sha256(sql.encode()).hexdigest()}"
        " tables=labour.labour.labour_status,restricted.identity.person_keys,restricted.landing.population"
        " columns=citizen_id,full_name,person_key"
    )
    before = (copied.restricted / "restricted.duckdb").read_bytes()
    for refused in (
        "delete from restricted.landing.population",
        "select 1; select 2",
        "copy restricted.landing.population to '/dev/null'",
        "select * from nowhere",
        "selec",
    ):
        code, facts = call(copied, "query", refused)
        assert code == 2 and facts["error"], refused
    code, facts = call(copied, "query", f"from read_csv('{copied.landing}/population/2025-09/data.csv')")
    assert code == 2 and "read_csv() may not be used here" in facts["error"]
    assert (copied.restricted / "restricted.duckdb").read_bytes() == before
