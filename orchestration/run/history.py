"""Dagster's history of a home's runs: its own sqlite files, each opened once a run.

Dagster opens a file anew for every event, over a thousand times a run, and prepares every statement again: that took
as long as the models. Who else reads the files (`make ui`) reads them with Dagster's own storage.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import sqlalchemy as sa
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData


class OpenedOnce(SqliteEventLogStorage):
    """The event log of one process: a connection a file, closed with the instance."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, sa.Engine] = {}  # by run, and of the index of them all
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> OpenedOnce:
        """As Dagster makes it from the instance's configuration."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._db_lock:
            if shard not in self._engines:
                self._engines[shard] = self._opened(shard)
            with self._engines[shard].begin() as connection:
                yield connection

    def _opened(self, shard: str) -> sa.Engine:
        engine = sa.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=sa.StaticPool,
            connect_args={"timeout": 30, "check_same_thread": False},  # the lock is held while it is used
        )
        sa.event.listen(engine, "connect", _unhurried)
        self._initdb(engine)
        return engine

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        with self._db_lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def _unhurried(connection: sqlite3.Connection, record: object) -> None:
    """Leave it to the system when Dagster's history reaches the disk.

    It is committed event by event: waiting for the disk took longer than the work. What a power cut may cost is this
    history; releases are synced on their own.
    """
    connection.execute("pragma synchronous = off")


def dagster_instance(folder: Path) -> dg.DagsterInstance:
    """The home's Dagster instance: run history and events, kept in sqlite under ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        shutil.copyfile(Path(__file__).parents[1] / "dagster.yaml", config)
    stated = InstanceRef.from_dir(str(folder))
    kept = stated.event_storage_data
    if kept is None or kept.class_name != SqliteEventLogStorage.__name__:
        return dg.DagsterInstance.from_ref(stated)  # somewhere else, such as in PostgreSQL
    events = {
        "module": OpenedOnce.__module__,
        "class": OpenedOnce.__name__,
        "config": {"base_dir": str(folder / "history" / "runs")},  # where Dagster's own storage looks
    }
    return dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(str(folder), overrides={"event_log_storage": events})
    )


LOCATION = "orchestration.definitions"  # Dagster's name of our code: the module's, however it was started
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


BY, COMMAND_LINE = (
    "labourdb/started_by",
    "command line",
)  # a tag; whoever executes such a run again inherits it


def run_recorded(instance: dg.DagsterInstance, job: dg.JobDefinition, config: Mapping[str, Any]) -> None:
    """Execute a job in this process, recorded as if the UI had launched it with ``config``: the run stands in its timeline and
    among the job's runs, and can be executed again from there. Raises what a step raised. The home has to be held.

    Dagster's own way to execute in process names no code location; the UI finds a run by it, and executes it again there.
    """
    end_dead(instance, dead(instance))
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), SINGLETON_REPOSITORY_NAME)
    tags = {**job.run_tags, BY: COMMAND_LINE, "dagster/max_retries": "0"}  # who sees it fail decides
    run = instance.create_run_for_job(
        job, run_config=config, tags=tags, remote_job_origin=RemoteJobOrigin(repository, job.name)
    )
    # nothing on the terminal; whoever executes the run again should see its log
    silent = run._replace(run_config={**config, **SILENT})
    execute_run(InMemoryJob(job), silent, instance, raise_on_error=True)


def dead(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs of the command line that have not ended, as their history says: dead, if nobody holds the home by now.

    Nobody else would end them, and the queue of runs waits for them. One that lives has held the home since before it began.
    """
    begun = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    runs = instance.get_runs(dg.RunsFilter(statuses=begun, tags={BY: COMMAND_LINE}))
    return [run for run in runs if of_command_line(run)]


def of_command_line(run: dg.DagsterRun) -> bool:
    """Whether the command line itself executes or executed a run."""
    return run.tags.get(BY) == COMMAND_LINE and run.get_parent_run_id() is None


def end_dead(instance: dg.DagsterInstance, runs: Iterable[dg.DagsterRun]) -> None:
    """Note that runs have failed."""
    for run in runs:
        instance.report_run_failed(run, "Its process ended before it did: killed, or the machine went down.")
