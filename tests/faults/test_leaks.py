"""No name, number or birth date outside landing and the restricted zone, whatever becomes of a run.

The world's persons are markers that occur nowhere else; afterwards everything that was written or said is searched.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import time
import zipfile
import zlib
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from child_runs import command
from marked_world import GIVEN, HOUSEHOLD, PERSONS, births, deliver_nobody, numbers, write_marked_world
from scanner import scan, scanned
from worlds import eighteen_persons as worlds

from orchestration.cli.main import app
from orchestration.dbt.project import PROJECT, TARGET
from orchestration.home import Home
from orchestration.run import gates, steps
from releases.release import list_releases

LONGEST = 900.0
ANYBODY = PERSONS["an"]
# what every command is called with; {home}, {delivery} and {restricted} are filled in. One that is missing here is not
# looked at, so none may be
COMMANDS: dict[str, list[list[str]]] = {
    "run": [],  # below, in every way it can end
    "simulate": [],  # makes people up
    "serve": [],  # hands out a release's files, which are looked at themselves
    "check": [
        ["check", "{delivery}"],
        ["check", "{delivery}", "--json", "--feedback", "{restricted}/mend.xlsx"],
    ],
    "status": [["status", "--home", "{home}"], ["status", "--home", "{home}", "--json"]],
    "releases": [["releases", "--home", "{home}"], ["releases", "--home", "{home}", "--json"]],
    "diff": [["diff", "2025Q4.1", "2025Q4.2", "--home", "{home}"]],
    "verify": [
        ["verify", "2025Q4.1", "--home", "{home}"],
        ["verify", "2025Q4.1", "--home", "{home}", "--json"],
    ],
    "withdraw": [["withdraw", "2025Q4.2", "--reason", "wrong", "--home", "{home}"]],
    "quality": [
        ["quality", "2025Q4.1", "--home", "{home}"],
        ["quality", "2025Q4.1", "--home", "{home}", "--json"],
    ],
    "expectations run": [
        ["expectations", "run", "--release", "2025Q4.1", "--home", "{home}"],
        ["expectations", "run", "measures", "indicators", "checks", "--home", "{home}", "--json"],
    ],
    "expectations list": [["expectations", "list"]],
    "explain": [
        [
            "explain",
            "employed",
            "--area",
            "VN@2024",
            "--period",
            "2025Q4",
            "--release",
            "2025Q4.1",
            "--home",
            "{home}",
            "--json",
        ],
    ],
    "query": [["query", "select count(*) from restricted.landing.population", "--home", "{home}"]],
    "rekey": [],  # deletes what this search looks at
}


# ---- the search itself ---------------------------------------------------------------------------------------


def _database(path: Path, value: object) -> None:
    with duckdb.connect(str(path)) as database:
        database.execute("create schema s")
        database.execute("create table s.t as select ? as v from range(5000)", [value])


def _parquet(path: Path, value: object) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select ? as v from range(5000)) to '{path}' (format parquet, compression zstd)", [value]
        )


def _sqlite(path: Path, value: object) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table t (v)")
        database.execute("insert into t values (?)", [zlib.compress(json.dumps({"v": value}).encode())])
    database.close()


def _zipped(path: Path, value: object) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part.xml", f"<v>{value}</v>")


PLACES: dict[str, Callable[[Path, object], object]] = {
    "text": lambda p, v: p.write_text(f"so {v} it was"),
    "utf-16": lambda p, v: p.write_bytes(f"so {v} it was".encode("utf-16")),
    "json": lambda p, v: p.write_text(json.dumps({"v": [v]})),
    "gzip": lambda p, v: p.write_bytes(gzip.compress(f"so {v} it was".encode())),
    "cut gzip": lambda p, v: p.write_bytes(gzip.compress((f"so {v} it was" + "x y" * 999).encode())[:-9]),
    "archive": _zipped,
    "sqlite": _sqlite,
    "duckdb": _database,
    "parquet": _parquet,
    "file name": lambda p, v: p.with_name(f"{v}".replace("/", "-")).write_bytes(b"x"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_marker_would_be_found_anywhere(place: str, tmp_path: Path) -> None:
    values: list[object] = [
        ANYBODY.name,
        ANYBODY.name.upper(),
        GIVEN[3],
        HOUSEHOLD,
        ANYBODY.id,
        ANYBODY.id.lstrip("0"),
    ]
    values += [ANYBODY.born, sorted(births())[0], int(ANYBODY.id), int(ANYBODY.id) * 40 + 1, max(numbers())]
    if place == "duckdb":  # each takes a second
        values = [ANYBODY.name, ANYBODY.id, ANYBODY.born, int(ANYBODY.id) * 40 + 1]
    for number, value in enumerate(values):
        folder = tmp_path / str(number)
        folder.mkdir()
        PLACES[place](folder / "file", value)
        found, files, size = scan([folder])
        assert found and files == 1 and size > 0, f"{value!r} in a {place} was not found"


def test_packed_numbers_and_escaped_names_would_be_found_in_bytes() -> None:
    noise = bytes(range(256)) * 20
    number = int(ANYBODY.id).to_bytes(8, "little")
    escaped = [
        repr(ANYBODY.name.encode()).encode(),
        ascii(ANYBODY.name).encode(),
        b"Qw&#7905;jh",
        b"QW%E1%BB%A0JH",
    ]
    for form in (number, *escaped, b"qwojh", ANYBODY.name.encode("utf-16-be")):
        assert scanned("x", noise + form + noise), form
    assert scanned("x", noise) == [] and scanned("x", b"0" * 64 + os.urandom(4096).hex().encode()) == []


def test_the_markers_are_in_landing(tmp_path: Path) -> None:
    home = write_marked_world(Home(tmp_path))
    found, _, _ = scan([home.landing])
    kinds = {(line.rsplit("/", 3)[1], line.rsplit(": ", 1)[1]) for line in found}
    assert {("population", k) for k in ("name", "number", "birth date")} <= kinds and len(found) > 30


# ---- every way a run can end ---------------------------------------------------------------------------------


def _engine_quotes_a_value(*_: object, **__: object) -> None:
    """The engine's own words about a value it cannot take."""
    duckdb.execute("select cast(? as integer)", [ANYBODY.name])


def _key_error_about_a_person(*_: object, **__: object) -> None:
    try:
        {}[ANYBODY.id]
    except KeyError as error:
        raise ValueError(f"no {ANYBODY.name} born {ANYBODY.born}") from error


def _fails_while_reading() -> None:
    steps.ingest = _key_error_about_a_person


def _fails_while_judging() -> None:
    gates.assign_keys = _engine_quotes_a_value


def _a_model_fails() -> None:
    """A model meets a value it cannot take, inside dbt."""
    honest = steps.dbt_build

    def spoilt(home: Home, *given: Any, **named: Any) -> Any:
        with worlds.opened(home, read_only=False) as connection:
            connection.execute("use restricted")
            connection.execute("alter table landing.population rename to kept")
            connection.execute(
                "create view landing.population as select * replace (case when citizen_id = "
                f"{int(ANYBODY.id)} then cast('{ANYBODY.name}' || citizen_id as bigint) else citizen_id end as citizen_id)"
                " from landing.kept"
            )
        try:
            return honest(home, *given, **named)
        finally:
            with worlds.opened(home, read_only=False) as connection:
                connection.execute("use restricted")
                connection.execute("drop view landing.population")
                connection.execute("alter table landing.kept rename to population")

    steps.dbt_build = spoilt


class Watch:
    """Looks into a folder while a command works in it: what was found in files that may be gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: set[str] = set()
        self.seen: set[tuple[str, int, int]] = set()

    def until_ended(self, child: BaseProcess) -> int:
        """Watch until the process has ended; returns its exit code."""
        deadline = time.monotonic() + LONGEST
        while child.is_alive() and time.monotonic() < deadline:
            self.look()
            child.join(0.1)
        self.look()
        child.kill()
        child.join()
        assert child.exitcode is not None
        return child.exitcode

    def look(self) -> None:
        for path in self.folder.rglob("*"):
            try:
                state = path.stat()
                key = (str(path), state.st_size, state.st_mtime_ns)
                # a file of a delivery that a command links to is the delivery's own
                if path.is_symlink() or not path.is_file() or key in self.seen:
                    continue
                self.seen.add(key)
                self.found.update(scanned(str(path), path.read_bytes()))
            except OSError:
                continue


def test_every_command_is_looked_at() -> None:
    """A new command is added to ``COMMANDS`` above, with the arguments under which it says most."""
    named = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback is not None}
    named |= {
        f"{group.name} {c.name}"
        for group in app.registered_groups
        if group.typer_instance is not None
        for c in group.typer_instance.registered_commands
    }
    assert named == set(COMMANDS)


@pytest.mark.slow
def test_no_person_is_told_of_by_anything(
    children: ForkServerContext, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    home = write_marked_world(Home(tmp_path / "home"))
    work = tmp_path / "work"
    watch = Watch(work)
    calls = 0

    def call(*arguments: str, wanted: int | None = 0, prepare: Callable[[], None] | None = None) -> None:
        nonlocal calls
        calls += 1
        code = watch.until_ended(command(children, arguments, work, prepare))
        said = (work / "stderr").read_text()[-2000:]
        assert wanted is None or code == wanted, f"{arguments} ended with {code}: {said}"
        assert "Traceback" not in said, said

    def run(wanted: int, prepare: Callable[[], None] | None = None) -> None:
        call("run", "--home", str(home.root), "--as-of", worlds.AS_OF, wanted=wanted, prepare=prepare)

    run(1, _fails_while_reading)
    run(1, _fails_while_judging)
    run(1, _a_model_fails)
    run(0)
    more = worlds.copy_of(
        home, tmp_path / "more"
    )  # the same home, in which a release follows and then a stop
    home.settings.write_text(worlds.SETTINGS + '[engine]\nmemory = "24MB"\n')
    worlds.deliver(home, "training/2025-08", [ANYBODY.row])  # refused: something new
    run(1)  # out of memory
    home = more
    home.settings.write_text(worlds.SETTINGS + "linked_share_social_insurance = 0.9\n")
    run(0)
    assert [r.id for r in list_releases(home.releases)] == ["2025Q4.1", "2025Q4.2"]
    deliver_nobody(home)
    home.settings.write_text(worlds.SETTINGS)
    run(3)
    fates = home.releases / "2025Q4.2" / "manifest.json"
    told = {d["disposition"] for d in json.loads(fates.read_text())["inputs"]}
    assert told == {"used", "held", "refused"}
    places = {"home": str(home.root), "restricted": str(home.restricted)}
    odd = ("*/2025-1[01]", "population/2025-09", "training/2025-12", "social_insurance/2025-12.r2")
    deliveries = sorted(d for pattern in odd for d in home.landing.glob(pattern))
    assert len(deliveries) > 10
    for name, lines in COMMANDS.items():
        for line in lines:
            for delivery in deliveries if name == "check" else [None]:
                filled = [a.format(delivery=delivery, **places) for a in line]
                call(*filled, wanted=None if name == "check" else 0)
    leave = [h.root / zone for h in (home, Home(tmp_path / "home")) for zone in ("landing", "restricted")]
    found, files, size = scan([tmp_path, TARGET, PROJECT / "logs"], leave)
    assert sorted(watch.found) == [] and found == []
    figures(
        f"leaks: {calls} commands (runs that published, failed in four ways, were stopped by a gate), {files} files,"
        f" {size / 1e6:.0f} MB and {len(watch.seen)} states of files at work searched for {len(numbers())} numbers,"
        f" {len(births())} birth dates and names in every form: none found"
    )
