"""The sensor for deliveries and the schedules: when they ask for a run, and when they wait without losing the request."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration import triggers
from orchestration.assets.deliveries import agency_key
from orchestration.home import Home
from orchestration.resources import last_whole_quarter
from orchestration.run import arriving
from orchestration.run.history import BY, COMMAND_LINE
from orchestration.triggers import annual, new_deliveries_sensor, quarterly

MINUTE = 60


@dataclass
class Sensor:
    """The sensor of a home, its cursor carried from look to look, under a clock that is moved by hand."""

    home: Path
    instance: dg.DagsterInstance
    cursor: str | None = None
    now: float = 1_800_000_000.0
    asked: list[str] = field(default_factory=list)

    def look(self, minutes: float = 0) -> str:
        """What it says so many minutes later: why it waits, or "run as of" the quarter."""
        self.now += minutes * MINUTE
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = new_deliveries_sensor(context)
        if isinstance(result, dg.SkipReason):
            self.cursor = context.cursor
            return str(result.skip_message)
        assert isinstance(result, dg.SensorResult) and result.run_requests is not None
        self.cursor = result.cursor
        (request,) = result.run_requests
        assert request.run_key is not None
        self.asked.append(request.run_key)
        return f"run as of {request.run_config['resources']['installation']['config']['as_of']}"

    def settled(self) -> str:
        """What it says once everything has lain still."""
        self.look()
        return self.look(11)

    def deliver(self, folder: str, text: str = "a\n", name: str = "data.csv") -> Path:
        """A file in ``landing/<folder>`` that says it is a year old, as a copy that keeps times does."""
        file = self.home / "landing" / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (1_700_000_000, 1_700_000_000))
        return file

    def publish(self, release: str, *folders: str) -> None:
        """A release made from these deliveries."""
        folder = self.home / "releases" / release
        folder.mkdir(parents=True)
        inputs = [{"folder": f, "disposition": "used"} for f in folders]
        (folder / "manifest.json").write_text(json.dumps({"inputs": inputs}))


@pytest.fixture
def sensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sensor]:
    with dg.DagsterInstance.ephemeral() as instance:
        found = Sensor(tmp_path, instance)
        monkeypatch.setenv("LABOURDB_HOME", str(tmp_path))
        monkeypatch.setattr(triggers.time, "time", lambda: found.now)
        yield found


def test_it_asks_for_a_run_when_deliveries_came_whole(sensor: Sensor) -> None:
    assert "No landing folder" in sensor.look()
    sensor.deliver("training/2025-12")
    assert "social insurance" in sensor.settled()  # no quarter has its insurance deliveries
    sensor.deliver("social_insurance/2025-09")
    assert sensor.settled() == "run as of 2025Q3"
    assert "was asked for" in sensor.look(60)
    sensor.deliver("training/2025-12.r2")
    assert "training/2025-12.r2: has to lie still for 10 minutes" in sensor.look()
    assert sensor.look(11) == "run as of 2025Q3"
    assert len(set(sensor.asked)) == 2


def test_a_delivery_that_changed_before_it_was_read_is_asked_for_again(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    assert sensor.settled() == "run as of 2025Q4"
    assert "was asked for" in sensor.look(60)
    sensor.deliver(
        "social_insurance/2025-12", "a\n1\n"
    )  # the run failed on it, and the agency mended it in place
    assert "lie still" in sensor.look()
    assert sensor.look(11) == "run as of 2025Q4"
    assert len(set(sensor.asked)) == 2
    assert "was asked for" in sensor.look(60)


def test_half_a_delivery_with_kept_times_is_waited_for(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    sensor.look()
    file = sensor.deliver("social_insurance/2025-12", "a\n1\n")  # more of it, and the time put back
    assert "lie still" in sensor.look(11)
    file.write_text("b\n1\n")
    os.utime(file, (1_700_000_000, 1_700_000_000))  # the same size
    assert "lie still" in sensor.look(11)
    sensor.deliver("social_insurance/2025-12", name="other.csv.part")  # a transfer under way
    assert "lie still" in sensor.look(11)
    (file.parent / "other.csv.part").rename(file.parent / "other.csv")
    assert "lie still" in sensor.look(11)
    assert "lie still" in sensor.look(9)
    assert sensor.look(2) == "run as of 2025Q4"


def test_a_clock_put_back_does_not_keep_it_waiting(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    sensor.look()
    assert "lie still" in sensor.look(-60 * 24 * 365)
    assert sensor.look(11) == "run as of 2025Q4"


def listing(**files: str | None) -> str:
    """A delivery.json that lists files with the hash of their text, or without."""
    listed = [
        {"name": f"{name}.csv"}
        | ({} if text is None else {"sha256": hashlib.sha256(text.encode()).hexdigest()})
        for name, text in files.items()
    ]
    return json.dumps({"files": listed})


def test_delivery_json_says_when_it_is_whole(sensor: Sensor) -> None:
    folder = "social_insurance/2025-12"
    sensor.deliver(folder, listing(data="a\n1\n", more="a\n2\n"), "delivery.json")
    sensor.deliver(folder, "a\n1\n")
    assert "listed but absent: more.csv" in sensor.look()
    assert "listed but absent: more.csv" in sensor.look(60)  # however still it lies
    sensor.deliver(folder, "a\n", "more.csv")
    assert "more.csv: its SHA-256 is not the one" in sensor.look()
    sensor.deliver(folder, "a\n2\n", "more.csv")
    assert sensor.look() == "run as of 2025Q4"  # at once


def test_a_list_that_never_comes_true_is_for_the_run_to_refuse(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12", listing(other="a\n"), "delivery.json")
    sensor.deliver("social_insurance/2025-12")
    assert "listed but absent" in sensor.look()
    assert "listed but absent" in sensor.look(60 * 23)
    assert sensor.look(61) == "run as of 2025Q4"


@pytest.mark.parametrize("note", [listing(data=None), '{"agency": "BHXH"}', '{"files": [', "{}"])
def test_a_note_that_does_not_tell_is_no_proof(sensor: Sensor, note: str) -> None:
    sensor.deliver("social_insurance/2025-12", note, "delivery.json")
    sensor.deliver("social_insurance/2025-12")
    assert "lie still" in sensor.look()
    assert sensor.look(11) == "run as of 2025Q4"


def test_hashing_goes_on_in_the_next_look(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    for month in ("2025-11", "2025-12"):
        sensor.deliver(f"social_insurance/{month}", listing(data="a\n"), "delivery.json")
        sensor.deliver(f"social_insurance/{month}")
    monkeypatch.setattr(arriving, "HASHING_SECONDS", -1.0)
    assert "are being compared" in sensor.look()
    assert "are being compared" in sensor.look(11)  # unread is not whole, however still it lies
    monkeypatch.setattr(arriving, "HASHING_SECONDS", 20.0)
    assert sensor.look() == "run as of 2025Q4"


def test_it_starts_from_the_last_release(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    sensor.deliver("training/2025-12")
    sensor.publish("2025Q3.1", "training/2025-09")
    sensor.publish("2025Q4.1", "social_insurance/2025-12", "training/2025-12")
    assert sensor.settled() == "No new delivery."
    sensor.deliver("training/2025-12.r2")
    assert sensor.settled() == "run as of 2025Q4"


def test_a_month_after_the_quarter_is_new_until_a_run_has_read_it(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    sensor.publish("2025Q4.1", "social_insurance/2025-12")
    sensor.deliver("training/2026-01")

    def read(folder: str) -> None:
        event = dg.AssetMaterialization(
            agency_key("training"), partition="2026-01-01", metadata={"delivery": folder}
        )
        sensor.instance.report_runless_asset_event(event)

    read("training/2026-01")
    assert sensor.look() == "No new delivery."  # the command line read it, say
    sensor.deliver("training/2026-01.r2")
    assert sensor.settled() == "run as of 2025Q4"  # its agency is to hear of it
    read("training/2026-01.r2")
    assert sensor.look() == "No new delivery."
    # read by a run that published nothing is not dealt with
    sensor.deliver("training/2025-12")
    event = dg.AssetMaterialization(
        agency_key("training"), partition="2025-12-01", metadata={"delivery": "training/2025-12"}
    )
    sensor.instance.report_runless_asset_event(event)
    assert sensor.settled() == "run as of 2025Q4"


def test_what_earlier_versions_remembered_does_no_harm(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    for cursor in ("0123456789abcdef", "[]", '{"asked": "x"}', '{"asked": "", "seen": {"a": 1}}', "7"):
        sensor.cursor = cursor
        assert "lie still" in sensor.look()


def test_what_cannot_be_read_is_told(sensor: Sensor) -> None:
    sensor.deliver("social_insurance/2025-12")
    sensor.publish("2025Q4.1")
    (sensor.home / "releases/2025Q4.1/manifest.json").write_text("{")
    assert "does not read as a manifest" in sensor.look()


HOLDS = "import sys, pathlib; from orchestration.home import Home\nwith Home(pathlib.Path(sys.argv[1])).locked(): print('held', flush=True); input()"


@pytest.fixture
def at_work(sensor: Sensor) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the home."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(sensor.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    yield holder
    holder.kill()
    holder.communicate()


@pytest.mark.usefixtures("on_disk")
def test_a_home_at_work_is_asked_later(sensor: Sensor, at_work: subprocess.Popen[str]) -> None:
    sensor.deliver("social_insurance/2025-12")
    home = Home(sensor.home)
    assert home.holder() == str(at_work.pid) == home.holder()
    sensor.cursor = arriving.Memory(asked="before").written()
    assert f"process {at_work.pid}" in sensor.look(60)
    assert sensor.cursor == arriving.Memory(asked="before").written()
    schedule = quarterly(schedule_at(sensor, datetime(2026, 1, 20, 6)))
    assert isinstance(schedule, dg.SkipReason) and f"process {at_work.pid}" in str(schedule.skip_message)
    at_work.communicate("\n")
    assert home.holder() is None
    assert sensor.settled() == "run as of 2025Q4"
    assert isinstance(quarterly(schedule_at(sensor, datetime(2026, 1, 20, 7))), dg.RunRequest)


def test_a_killed_process_holds_nothing(sensor: Sensor, at_work: subprocess.Popen[str]) -> None:
    at_work.kill()
    at_work.wait()
    assert (sensor.home / ".lock").read_text() == str(at_work.pid)
    assert Home(sensor.home).holder() is None
    with Home(sensor.home).locked():
        assert Home(sensor.home).holder() == str(os.getpid())


@pytest.mark.usefixtures("on_disk")
def test_a_run_whose_process_was_killed_is_ended_once_nobody_holds_the_home(
    sensor: Sensor, at_work: subprocess.Popen[str]
) -> None:
    job = dg.GraphDefinition("run").to_job()
    begun, again = ({BY: COMMAND_LINE}, {BY: COMMAND_LINE, "dagster/parent_run_id": "another"})
    runs = [sensor.instance.create_run_for_job(job, tags=t) for t in (begun, again, {})]
    for run in runs:
        sensor.instance.report_dagster_event(
            dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job.name), run.run_id
        )

    def states() -> list[str]:
        found = [sensor.instance.get_run_by_id(r.run_id) for r in runs]
        return [f.status.value for f in found if f is not None]

    sensor.deliver("social_insurance/2025-12")
    assert "at work" in sensor.look() and states() == ["STARTED"] * 3
    at_work.kill()
    at_work.wait()
    sensor.look()
    assert states() == ["FAILURE", "STARTED", "STARTED"]  # the others are for Dagster to end


def test_looking_keeps_nobody_waiting(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    with Home(sensor.home).locked():
        pass

    def refused(*_: object) -> None:
        raise AssertionError("a lock was taken of a home that nobody holds")

    monkeypatch.setattr(fcntl, "flock", refused)
    assert Home(sensor.home).holder() is None
    shutil.rmtree(sensor.home)
    assert Home(sensor.home).holder() is None


def schedule_at(sensor: Sensor, moment: datetime) -> dg.ScheduleEvaluationContext:
    """What a schedule sees at a moment; it opens the history anew, so there has to be one on disk."""
    return dg.build_schedule_context(instance=sensor.instance, scheduled_execution_time=moment)


@pytest.fixture
def on_disk(sensor: Sensor) -> Iterator[None]:
    """The sensor's history lies on disk."""
    with dg.DagsterInstance.local_temp(str(sensor.home)) as sensor.instance:
        yield


@pytest.mark.usefixtures("on_disk")
@pytest.mark.parametrize(
    ("schedule", "at", "as_of"),
    [
        (quarterly, datetime(2026, 1, 20, 6), "2025Q4"),
        (quarterly, datetime(2026, 4, 20, 6), "2026Q1"),
        (annual, datetime(2025, 12, 1, 6), "2025Q3"),
    ],
)
def test_schedules(sensor: Sensor, schedule: dg.ScheduleDefinition, at: datetime, as_of: str) -> None:
    asked = schedule(schedule_at(sensor, at))
    assert isinstance(asked, dg.RunRequest) and asked.run_key is not None
    assert asked.run_config == {"resources": {"installation": {"config": {"as_of": as_of}}}}
    sensor.instance.create_run_for_job(
        dg.GraphDefinition("run").to_job(), tags={triggers.RUN_KEY: asked.run_key}
    )
    again = schedule(schedule_at(sensor, at.replace(hour=7)))
    assert isinstance(again, dg.SkipReason) and "was asked for" in str(again.skip_message)
    assert isinstance(schedule(schedule_at(sensor, at.replace(year=at.year + 1))), dg.RunRequest)


def test_last_whole_quarter() -> None:
    days = {datetime(2026, 3, 31): "2025Q4", datetime(2026, 4, 1): "2026Q1", datetime(2026, 1, 1): "2025Q4"}
    assert {d: last_whole_quarter(d.date()) for d in days} == days
