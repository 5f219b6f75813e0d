"""The restricted zone on disk: encrypted, closed to others, and opened with its key alone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import stat
from pathlib import Path

import duckdb
import pytest

from sources.engine import Limits, connect
from sources.errors import LabourdbError
from sources.restricted.database import (
    DATABASE,
    attach_restricted,
    create_schema,
    restricted_database,
    unfinished,
    zone_limits,
)
from sources.restricted.encryption import WrongKey, encryption_config, is_encrypted, is_forged, private_files
from sources.restricted.keys import (
    DISCLOSURE_KEY_FILE,
    DISCLOSURE_KEY_VARIABLE,
    KEY_VARIABLE,
    NEW_KEY_VARIABLE,
    LostKey,
    encryption_key,
    keep_disclosure_key,
    key_file,
    load_disclosure_key,
    load_key,
    next_key_file,
    write_key,
)
from sources.restricted.pseudonyms import assign_keys
from sources.restricted.rekeying import NoNewKey, rekey

MARK = "MarkNgôThịKhôngAi"  # a name that must never stand in a file as it is
PERSONS = (30185000001, 30185000002)
DISCLOSURE = b"a disclosure key for tests, which is long enough"
OTHER = "another key, which is just as long as the one before"


@pytest.fixture(autouse=True)
def no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.delenv(NEW_KEY_VARIABLE, raising=False)
    monkeypatch.delenv(DISCLOSURE_KEY_VARIABLE, raising=False)


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Two people in the register, one line in the quarantine."""
    connection.executemany(
        "insert into landing.population by name select ? as row_id, 1 as delivery_key, ? as citizen_id, ? as full_name",
        [[n, person, MARK * 20] for n, person in enumerate(PERSONS)],
    )
    connection.execute(
        "insert into landing.quarantine by name select 'population' as source, 1 as delivery_key, 1 as file_no,"
        f" 2 as line, 'sex_unknown' as reasons, '{MARK}' as raw"
    )


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """A restricted zone with two people and their pseudonyms, under a key of its own."""
    folder = tmp_path / "restricted"
    with restricted_database(folder) as connection:
        fill(connection)
        assign_keys(connection, load_key(folder), DISCLOSURE)
    keep_disclosure_key(folder, DISCLOSURE)
    return folder


def pseudonyms(folder: Path) -> dict[int, int]:
    with restricted_database(folder) as connection:
        return dict(connection.execute("from identity.person_keys").fetchall())


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def holds_no_name(folder: Path) -> bool:
    return not [name for name, content in bytes_below(folder).items() if MARK.encode()[:12] in content]


# ---- at rest -------------------------------------------------------------------------------------------------


def test_no_name_stands_in_the_database_the_wal_or_the_spill(zone: Path) -> None:
    """The files are looked at while the database is open, and after it is closed."""
    with (
        private_files(),
        connect(limits=zone_limits(zone, Limits("60MB", 2)), more=encryption_config()) as connection,
    ):
        attach_restricted(connection, zone)
        connection.execute("set wal_autocheckpoint = '1GB'")
        names = "select full_name || range as name from restricted.landing.population, range"
        connection.execute(f"create table restricted.landing.more as {names}(10000)")
        connection.execute(
            "insert into restricted.landing.more select upper(name) from restricted.landing.more"
        )
        connection.execute(f"create temp table spilt as {names}(80000)")
        found = bytes_below(zone)
        assert len(found[f"{DATABASE}.wal"]) > 1_000_000
        assert sum(len(content) for name, content in found.items() if name.startswith("spill/")) > 1_000_000
        assert holds_no_name(zone)
        for path in zone.rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(zone.stat().st_mode) == 0o700
    assert stat.S_IMODE((zone / DATABASE).stat().st_mode) == 0o600
    assert is_encrypted(zone / DATABASE) and holds_no_name(zone)


def test_a_key_is_in_no_settings_of_the_engine_and_no_error(zone: Path) -> None:
    secret = load_key(zone)
    with (
        private_files(),
        connect(limits=zone_limits(zone, Limits("1GB", 1)), more=encryption_config()) as connection,
    ):
        connection.execute("set enable_logging = true")
        attach_restricted(connection, zone)
        shown = "".join(
            str(connection.execute(f"from {what}").fetchall())
            for what in ("duckdb_databases()", "duckdb_settings()", "duckdb_secrets()", "duckdb_logs()")
        )
    assert "attach" in shown  # the log has the statement
    assert encryption_key(secret) not in shown and secret.decode() not in shown
    (zone / "person.key").write_text(OTHER)
    with pytest.raises(WrongKey) as failed, restricted_database(zone):
        pass
    assert encryption_key(OTHER.encode()) not in str(failed.value) and OTHER not in str(failed.value)


def test_the_network_stays_closed(zone: Path) -> None:
    with restricted_database(zone) as connection:
        for address in ("https://127.0.0.1:9/a.csv", "s3://a/b.csv", "hf://datasets/a/b/c.csv"):
            with pytest.raises(duckdb.PermissionException, match="disabled"):
                connection.execute(f"from read_csv('{address}')")


# ---- keys ----------------------------------------------------------------------------------------------------


def test_a_lost_key_is_said_and_none_is_made(zone: Path) -> None:
    (zone / "person.key").unlink()
    with pytest.raises(LostKey, match="backup"), restricted_database(zone):
        pass
    assert not (zone / "person.key").exists()


@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_wrong_key_is_said_and_nothing_changes(
    zone: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (zone / DATABASE).read_bytes()
    if where == "file":
        (zone / "person.key").write_text(OTHER)
    else:
        monkeypatch.setenv(KEY_VARIABLE, OTHER)
    with pytest.raises(WrongKey, match="not the one this home was built with"), restricted_database(zone):
        pass
    assert (zone / DATABASE).read_bytes() == before


def test_a_key_others_can_read_is_refused(zone: Path) -> None:
    (zone / "person.key").chmod(0o640)
    with pytest.raises(LabourdbError, match="Set its mode to 0600"), restricted_database(zone):
        pass


@pytest.mark.parametrize("variable", [KEY_VARIABLE, NEW_KEY_VARIABLE])
def test_a_short_key_is_refused(zone: Path, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "short")
    with pytest.raises(LabourdbError, match=f"{variable} is shorter"):
        rekey(zone, lambda: None, lambda step: None)


def test_the_key_may_lie_on_another_disk(zone: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "usb" / "labourdb.key"
    elsewhere.parent.mkdir()
    (zone / "person.key").rename(elsewhere)
    (zone / "person.key").symlink_to(elsewhere)
    before = pseudonyms(zone)
    rekey(zone, lambda: None, lambda step: None)
    assert (zone / "person.key").is_symlink() and key_file(zone) == elsewhere
    assert set(pseudonyms(zone).values()).isdisjoint(before.values())
    elsewhere.rename(tmp_path / "unplugged")
    with pytest.raises(LostKey), restricted_database(zone):
        pass


@pytest.mark.parametrize("part", ["header", "rows"])
def test_an_altered_database_is_not_read(zone: Path, part: str) -> None:
    with restricted_database(zone) as connection:
        connection.execute(
            "create table landing.more as select md5(range::varchar) as name from range(50000)"
        )
    content = bytearray((zone / DATABASE).read_bytes())
    content[5_000 if part == "header" else -1_000] ^= 1
    (zone / DATABASE).write_bytes(content)
    with pytest.raises((LabourdbError, duckdb.Error)) as failed, restricted_database(zone) as connection:
        connection.execute("select sum(length(name)) from landing.more").fetchall()
    if part == "header":
        assert "altered by something else" in str(failed.value) and "backup" in str(failed.value)
    else:
        assert is_forged(failed.value)  # which a run tells as above


def test_a_file_that_is_no_database_is_said(zone: Path) -> None:
    (zone / DATABASE).write_bytes(b"")
    with pytest.raises(LabourdbError, match="damaged"), restricted_database(zone):
        pass


# ---- homes of an earlier version -----------------------------------------------------------------------------


def plain_zone(folder: Path, key: str | None) -> Path:
    """A zone as a version without encryption left it, with a WAL that was not written out."""
    folder.mkdir(mode=0o700)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute("pragma disable_checkpoint_on_shutdown")
        create_schema(connection)
        fill(connection)
        connection.execute("create schema staging")
        connection.execute("create view staging.names as select full_name from landing.population")
        if key is not None:
            write_key(folder / "person.key", key)
            assign_keys(connection, key.encode(), DISCLOSURE)
    assert (folder / f"{DATABASE}.wal").exists() and not holds_no_name(folder)
    return folder


def test_a_plain_database_is_encrypted_on_first_use(tmp_path: Path) -> None:
    folder = plain_zone(tmp_path / "restricted", OTHER)
    with restricted_database(folder) as connection:
        names = connection.execute("from staging.names").fetchall()
        assert names == [(MARK * 20,), (MARK * 20,)]
        keys = connection.execute(
            "select constraint_type from duckdb_constraints() where table_name = 'person_keys' order by 1"
        ).fetchall()
        assert ("PRIMARY KEY",) in keys
        known = dict(connection.execute("from identity.person_keys").fetchall())
    assert set(known) == set(PERSONS) and is_encrypted(folder / DATABASE) and holds_no_name(folder)
    assert sorted(p.name for p in folder.iterdir()) == ["access.jsonl", "person.key", DATABASE]


def test_a_plain_database_is_not_encrypted_under_another_key(tmp_path: Path) -> None:
    folder = plain_zone(tmp_path / "restricted", OTHER)
    write_key(folder / "person.key", OTHER + "!")
    with pytest.raises(WrongKey), restricted_database(folder):
        pass
    (folder / "person.key").unlink()
    with pytest.raises(LostKey), restricted_database(folder):
        pass
    assert not is_encrypted(folder / DATABASE)


def test_a_plain_database_without_pseudonyms_gets_a_key(tmp_path: Path) -> None:
    folder = plain_zone(tmp_path / "restricted", None)
    with restricted_database(folder) as connection:
        assign_keys(connection, load_key(folder), DISCLOSURE)
    assert set(pseudonyms(folder)) == set(PERSONS)


# ---- a new key -----------------------------------------------------------------------------------------------


def test_rekey_changes_every_pseudonym_and_the_encryption(zone: Path) -> None:
    before, old = pseudonyms(zone), (zone / "person.key").read_text()
    steps: list[str] = []
    removed: list[str] = []
    rekeyed = rekey(zone, lambda: removed.append(steps[-1]), steps.append)
    assert (rekeyed.persons, rekeyed.employers) == (2, 0) and len(removed) == 1
    after = pseudonyms(zone)
    assert set(after) == set(before) and set(after.values()).isdisjoint(before.values())
    assert not unfinished(zone).exists() and not next_key_file(zone).exists() and holds_no_name(zone)
    with restricted_database(zone) as connection:
        assert connection.execute("select raw from landing.quarantine").fetchall() == [(MARK,)]
    write_key(zone / "person.key", old)
    with pytest.raises(WrongKey), restricted_database(zone):
        pass


def test_rekey_with_keys_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "restricted"
    first, second = (
        "the first of two keys, long enough to be taken",
        "the second of two keys, long enough as well",
    )
    monkeypatch.setenv(KEY_VARIABLE, first)
    monkeypatch.setenv(DISCLOSURE_KEY_VARIABLE, DISCLOSURE.decode())
    with restricted_database(folder) as connection:
        fill(connection)
        assign_keys(connection, load_key(folder), DISCLOSURE)
    for new in (None, first):
        if new:
            monkeypatch.setenv(NEW_KEY_VARIABLE, new)
        with pytest.raises(NoNewKey, match=NEW_KEY_VARIABLE):
            rekey(folder, lambda: None, lambda step: None)
    before = pseudonyms(folder)
    monkeypatch.setenv(NEW_KEY_VARIABLE, second)
    assert rekey(folder, lambda: None, lambda step: None).key == NEW_KEY_VARIABLE
    with pytest.raises(WrongKey, match="the new one"), restricted_database(folder):
        pass
    monkeypatch.setenv(KEY_VARIABLE, second)
    assert set(pseudonyms(folder).values()).isdisjoint(before.values())
    assert not (folder / "person.key").exists() and not (folder / DISCLOSURE_KEY_FILE).exists()


def record_keys(folder: Path) -> dict[int, int]:
    with restricted_database(folder) as connection:
        return dict(
            connection.execute(
                "select citizen_id, record_key from identity.person_keys inner join identity.record_keys using (person_key)"
            ).fetchall()
        )


def test_rekey_keeps_the_disclosure_key_and_what_it_draws(zone: Path) -> None:
    drawn = record_keys(zone)
    for _ in range(2):
        rekey(zone, lambda: None, lambda step: None)
        assert record_keys(zone) == drawn and len(set(drawn.values())) == 2
    assert (zone / DISCLOSURE_KEY_FILE).read_bytes() == DISCLOSURE


@pytest.mark.parametrize("other", ["in the file", "in the environment", "lost"])
def test_another_disclosure_key_is_refused_and_nothing_changes(
    zone: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost one is made from the key in force, which need not be that of the first run."""
    file = zone / DISCLOSURE_KEY_FILE
    file.unlink()
    if other == "in the file":
        write_key(file, OTHER)
    elif other == "in the environment":
        monkeypatch.setenv(DISCLOSURE_KEY_VARIABLE, OTHER)
    before = (zone / DATABASE).read_bytes()
    with pytest.raises(LabourdbError, match="not the one this home's releases were protected with"):
        rekey(zone, lambda: None, lambda step: None)
    with (
        pytest.raises(LabourdbError, match=r"Put disclosure\.key of the restricted zone"),
        restricted_database(zone) as connection,
    ):
        assign_keys(connection, load_key(zone), load_disclosure_key(zone, load_key(zone)))
    assert (zone / DATABASE).read_bytes() == before and file.exists() == (other == "in the file")


def test_a_disclosure_key_is_made_where_there_may_be_none(zone: Path) -> None:
    secret = load_key(zone)
    (zone / DISCLOSURE_KEY_FILE).unlink()
    with pytest.raises(LostKey, match="Put it back from your backup"):
        load_disclosure_key(zone, secret, may_make=False)
    made = load_disclosure_key(zone, secret)
    assert made == load_disclosure_key(zone, secret) != load_disclosure_key(zone, OTHER.encode())
    assert not (zone / DISCLOSURE_KEY_FILE).exists()
    keep_disclosure_key(zone, made)
    assert load_disclosure_key(zone, OTHER.encode(), may_make=False) == made
    assert stat.S_IMODE((zone / DISCLOSURE_KEY_FILE).stat().st_mode) == 0o600
    (zone / DISCLOSURE_KEY_FILE).chmod(0o640)
    with pytest.raises(LabourdbError, match="Set its mode to 0600"):
        load_disclosure_key(zone, secret)


def test_a_short_disclosure_key_is_refused(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DISCLOSURE_KEY_VARIABLE, "short")
    with pytest.raises(LabourdbError, match=f"{DISCLOSURE_KEY_VARIABLE} is shorter"):
        load_disclosure_key(zone, load_key(zone))


def test_a_new_key_in_the_environment_alone_is_refused(zone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NEW_KEY_VARIABLE, OTHER)
    with pytest.raises(NoNewKey, match="key file"):
        rekey(zone, lambda: None, lambda step: None)


def rekey_until(folder: str, last: str) -> None:
    """Rekey in a process of its own, which is killed before it does the step ``last``."""

    def tell(step: str) -> None:
        with Path(folder, "steps").open("a") as stream:
            stream.write(f"{step}\n")
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    rekey(Path(folder), lambda: Path(folder, "removed").touch(), tell)


STEPS = (
    "open the restricted database",
    "write the new key beside the old one",
    "copy what was read, under the new key",
    "compute new pseudonyms",
    "remove tables with old pseudonyms",
    "put the new database in place",
    "put the new key in place",
    "done",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_home_opens_with_one_of_its_keys(zone: Path, step: str) -> None:
    before, old = pseudonyms(zone), load_key(zone)
    # spawned: a process has one forkserver only, which the fault suites need for themselves
    child = multiprocessing.get_context("spawn").Process(target=rekey_until, args=(str(zone), step))
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert (zone / "steps").read_text().splitlines() == list(STEPS[: STEPS.index(step) + 1])
    after = pseudonyms(zone)
    done = STEPS.index(step) > STEPS.index("put the new database in place")
    assert set(after) == set(before)
    assert set(after.values()).isdisjoint(before.values()) if done else after == before
    assert (load_key(zone) != old) == done
    # old pseudonyms elsewhere were removed before the new ones came into force, never after
    assert (zone / "removed").exists() == (
        STEPS.index(step) > STEPS.index("remove tables with old pseudonyms")
    )
    rekey(zone, lambda: None, lambda said: None)
    assert set(pseudonyms(zone).values()).isdisjoint(after.values())
    assert not unfinished(zone).exists() and not next_key_file(zone).exists()
