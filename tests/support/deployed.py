"""Dagster as it is deployed: webserver and daemon apart, each a process of its own, asked over HTTP as the UI asks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orchestration.home import Home

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LONGEST = 300.0  # seconds until it answers, or a run has ended
SETTLED = ("SUCCESS", "FAILURE", "CANCELED")

AGAIN = """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } ... on InvalidSubsetError { message } } }"""
BACKFILL = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILLED = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status runs { runId } error { message } } } }"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status tags { key value } stats { ... on RunStatsSnapshot { startTime endTime } } } } }"
RUNS = """query { repositoryOrError(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "orchestration.definitions"}) { ... on Repository { pipelines { name runs { runId status runConfigYaml } } } } }"""


class Deployed:
    """The webserver of a home, and how it is asked."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a query or mutation that has one field."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert not answer.get("errors"), answer["errors"]
        (field,) = answer["data"].values()
        return field

    def runs(self) -> list[dict[str, str]]:
        """The runs of the job ``run``, newest first, as its page lists them; empty until the code is loaded."""
        return next((p["runs"] for p in self.ask(RUNS).get("pipelines", []) if p["name"] == "run"), [])

    def ended(self, query: str, running: Sequence[str], **variables: Any) -> Any:
        """The answer once its status is none of ``running``."""
        until = time.monotonic() + LONGEST
        while (answer := self.ask(query, **variables))["status"] in running:
            assert time.monotonic() < until, answer
            time.sleep(0.5)
        return answer

    def again(self, run_id: str) -> Any:
        """Execute a run again, all of it, and wait for its end."""
        params = {"parentRunId": run_id, "strategy": "ALL_STEPS"}
        launched = self.ask(AGAIN, params=params)
        assert launched["__typename"] == "LaunchRunSuccess", launched
        going = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED")
        return self.ended(RUN, going, id=launched["run"]["runId"])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def deployed(
    home: Home, told: Mapping[str, str], workspace: Sequence[str], cwd: Path = ROOT
) -> Iterator[Deployed]:
    """Webserver and daemon of a home, which find the code by ``workspace``, with ``told`` in their environment."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    places = {
        "LABOURDB_HOME": str(home.root),
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    commands = (
        [BIN / "dagster-webserver", "-h", "127.0.0.1", "-p", str(port), *workspace],
        [BIN / "dagster-daemon", "run", *workspace],
    )
    started = []
    try:
        for command in commands:
            log = (home.root / f"{Path(command[0]).name}.log").open("w")
            started.append(
                subprocess.Popen(
                    command, cwd=cwd, env={**os.environ, **places, **told}, stdout=log, stderr=log
                )
            )
        site = Deployed(port)
        until = time.monotonic() + LONGEST
        while True:
            assert all(p.poll() is None for p in started), "webserver or daemon ended"
            try:
                if site.ask(RUNS).get("pipelines"):
                    break
            except OSError:
                pass
            assert time.monotonic() < until, "the code is not loaded"
            time.sleep(1)
        yield site
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)
