"""What people do in the Dagster UI, through the GraphQL interface that it uses itself, on a home of a test.

Code location, queue and run workers are the real ones: each run is a process, started by the queue's daemon.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster_graphql.test.utils import execute_dagster_graphql
from worlds.eighteen_persons import KEY, environment

from orchestration.home import Home
from orchestration.run.history import dagster_instance

LONGEST = 300.0  # seconds a run may take
SETTLED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)

LAUNCH = """
mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } ... on InvalidSubsetError { message } } }
"""
AGAIN = """
mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }
"""
CANCEL = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
WITH = "query($keys: [AssetKeyInput!]!) { assetNodeAdditionalRequiredKeys(assetKeys: $keys) { path } }"
NODES = """
query { assetNodes { assetKey { path } dependencyKeys { path } dependedByKeys { path } isMaterializable staleStatus } }
"""


def path_of(asset: str) -> dict[str, list[str]]:
    """An asset's key as GraphQL takes it."""
    return {"path": asset.split("/")}


def name_of(key: dict[str, list[str]]) -> str:
    """An asset's name from its key in GraphQL."""
    return "/".join(key["path"])


class DagsterUi:
    """The UI of one home: assets and runs are named as it shows them."""

    def __init__(self, process: WorkspaceProcessContext) -> None:
        self._process = process
        self._daemon = QueuedRunCoordinatorDaemon(interval_seconds=1)
        self.instance = process.instance

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a query or mutation that has one field."""
        result = execute_dagster_graphql(self._process.create_request_context(), query, variables)
        (answer,) = result.data.values()
        return answer

    def launch(
        self,
        assets: Sequence[str] | None = None,
        checks: Sequence[tuple[str, str]] | None = None,
        as_of: str = "",
    ) -> str:
        """Launch the job ``run``, or materialize ``assets`` with all their checks, or execute ``checks`` (asset, name)
        alone; returns the run's identifier. As in the UI, what must be made together with an asset is made with it.
        """
        whole = assets is None and checks is None
        location = self._process.create_request_context().code_locations[0]
        (repository,) = location.get_repositories()
        keys = [path_of(a) for a in assets or ()]
        if keys:
            keys += [{"path": k["path"]} for k in self.ask(WITH, keys=keys)]
        selector: dict[str, Any] = {
            "repositoryLocationName": location.name,
            "repositoryName": repository,
            "jobName": "run" if whole else "__ASSET_JOB",
        }
        if not whole:
            selector["assetSelection"] = keys
            if checks is not None:
                selector["assetCheckSelection"] = [{"assetKey": path_of(a), "name": n} for a, n in checks]
        config = {"resources": {"installation": {"config": {"as_of": as_of}}}} if as_of else {}
        return self._launched(LAUNCH, {"selector": selector, "runConfigData": config})

    def again(self, run_id: str, strategy: str = "FROM_FAILURE") -> str:
        """Execute a run again, from where it failed or as ``strategy`` says; returns the new run's identifier."""
        return self._launched(AGAIN, {"parentRunId": run_id, "strategy": strategy})

    def cancel(self, run_id: str) -> None:
        """Terminate a run."""
        assert self.ask(CANCEL, id=run_id)["__typename"] == "TerminateRunSuccess"

    def _launched(self, mutation: str, params: dict[str, Any]) -> str:
        answer = self.ask(mutation, params=params)
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def dequeue(self) -> None:
        """What the daemon does every few seconds: start queued runs, as far as the instance lets it."""
        list(self._daemon.run_iteration(self._process))

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """How far a run is."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status

    def ended(self, run_id: str) -> str:
        """Wait until a run has ended; returns its status."""
        self.until(lambda: self.status(run_id) in SETTLED)
        return self.status(run_id).value

    def until(self, true: Callable[[], bool]) -> None:
        """Wait, with the daemon at work, until something is true."""
        patience = time.monotonic() + LONGEST
        while not true():
            assert time.monotonic() < patience, {r.run_id: r.status for r in self.instance.get_runs(limit=3)}
            self.dequeue()
            time.sleep(0.2)

    def did(self, *arguments: Any, **named: Any) -> tuple[str, str]:
        """Launch, wait and return how it ended, with what was said of errors."""
        run_id = self.launch(*arguments, **named)
        return self.ended(run_id), self.errors(run_id)

    def errors(self, run_id: str) -> str:
        """Everything a run said of what went wrong."""
        failures = (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE)
        entries = [e for kind in failures for e in self.instance.all_logs(run_id, of_type=kind)]
        return "\n".join(e.dagster_event.event_specific_data.error.to_string() for e in entries
                         if e.dagster_event is not None and getattr(e.dagster_event.event_specific_data, "error", None))  # fmt: skip

    def told(self, run_id: str) -> str:
        """What a run wrote to its log by itself."""
        return "\n".join(e.user_message for e in self.instance.all_logs(run_id) if not e.is_dagster_event)

    def made(self, run_id: str) -> set[str]:
        """Assets that a run materialized."""
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        events = [e.dagster_event for e in self.instance.all_logs(run_id, of_type=kind)]
        return {"/".join(e.asset_key.path) for e in events if e is not None and e.asset_key is not None}

    def checked(self, run_id: str) -> dict[str, Any]:
        """Checks that a run evaluated, by name."""
        kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
        events = [e.dagster_event for e in self.instance.all_logs(run_id, of_type=kind)]
        found = [e.asset_check_evaluation_data for e in events if e is not None]
        return {f.asset_check_key.name: f for f in found}

    def assets(self) -> set[str]:
        """Everything that can be materialized."""
        return {name_of(n["assetKey"]) for n in self.ask(NODES) if n["isMaterializable"]}

    def below(self, asset: str) -> set[str]:
        """All that rests on an asset, as the UI selects downstream."""
        return self._reached(asset, "dependedByKeys")

    def above(self, asset: str) -> set[str]:
        """All that an asset rests on and that can be materialized."""
        return self._reached(asset, "dependencyKeys") & self.assets()

    def _reached(self, asset: str, along: str) -> set[str]:
        edges = {name_of(n["assetKey"]): {name_of(k) for k in n[along]} for n in self.ask(NODES)}
        reached, new = set[str](), {asset}
        while new:
            new = {far for near in new for far in edges[near]} - reached
            reached |= new
        return reached

    def stale(self) -> set[str]:
        """Assets that the UI marks as not in step with what they rest on."""
        return {name_of(n["assetKey"]) for n in self.ask(NODES) if n["staleStatus"] == "STALE"}


@contextmanager
def dagster_ui(home: Home) -> Iterator[DagsterUi]:
    """The UI of a home, under the tests' key."""
    with (
        environment(LABOURDB_HOME=str(home.root), LABOURDB_KEY=KEY, DAGSTER_HOME=str(home.dagster)),
        dagster_instance(home.dagster) as instance,
        WorkspaceProcessContext(
            instance, ModuleTarget("orchestration.definitions", None, None, "labourdb")
        ) as process,
    ):
        yield DagsterUi(process)
