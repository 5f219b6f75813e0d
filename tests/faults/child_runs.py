"""Runs in processes of their own, which a test may kill from outside, or which kill themselves at a stated instant."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from worlds import eighteen_persons as worlds

import orchestration.definitions
import orchestration.run.execute
import releases.release
import releases.verdict
from expectations import judge, linkage_gate, publication_gate
from orchestration.cli import console as console_module
from orchestration.cli.main import app
from orchestration.dbt.project import parsed_models
from orchestration.home import Home
from orchestration.run import fingerprint, gates, steps
from sources.ingest import deliveries

_ = (orchestration.definitions, judge, linkage_gate, publication_gate)  # loaded before the run starts
parsed_models()
fingerprint.code_version()


def _dies_before(module: Any, name: str) -> Callable[[], None]:
    """A kill just before a function of a module is called."""

    def arm() -> None:
        def die(*_: Any, **__: Any) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(module, name, die)

    return arm


def _dies_after(module: Any, name: str) -> Callable[[], None]:
    """A kill just after a function of a module returned."""

    def arm() -> None:
        honest = getattr(module, name)

        def die(*given: Any, **named: Any) -> None:
            honest(*given, **named)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(module, name, die)

    return arm


# the moments at which a kill could hurt most; random ones seldom fall there
INSTANTS: dict[str, Callable[[], None]] = {
    "the first batch is read but not committed": _dies_before(deliveries, "register"),
    "all is ingested, no feedback yet": _dies_before(steps, "write_feedback"),
    "the pseudonyms are made": _dies_after(gates, "assign_keys"),
    "the candidates lie there, not judged": _dies_before(gates, "store_verdict"),
    "the candidates are judged": _dies_after(gates, "store_verdict"),
    "the release's tables are copied": _dies_before(releases.release, "write_database"),
    "the release's database is written": _dies_after(releases.release, "write_database"),
    "the release is renamed, `current` not moved": _dies_before(releases.release, "point_current"),
    "`current` is moved": _dies_after(releases.release, "point_current"),
}


def _run(folder: str, instant: str | None) -> None:
    os.setsid()
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  it ends with the process
    if instant is not None:
        INSTANTS[instant]()
    worlds.run_world(Home(Path(folder)))


def start_run(children: ForkServerContext, home: Home, instant: str | None = None) -> BaseProcess:
    """Start a run of ``home``, the leader of a process group; it kills itself at ``instant``, one of ``INSTANTS``."""
    child = children.Process(target=_run, args=(str(home.root), instant))
    child.start()
    return child


def _command(arguments: Sequence[str], folder: str, prepare: Callable[[], None] | None) -> None:
    os.setsid()
    place = Path(folder)
    os.chdir(place)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(place / "tmp")
    os.environ["LABOURDB_KEY"] = worlds.KEY
    tempfile.tempdir = None  # look at TMPDIR again
    if prepare is not None:
        prepare()
    for console in (console_module.out, console_module.err):
        console.file = None
    sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
    app(list(arguments))


def command(
    children: ForkServerContext,
    arguments: Sequence[str],
    folder: Path,
    prepare: Callable[[], None] | None = None,
) -> BaseProcess:
    """Start a ``labourdb`` command that works, writes and keeps its temporary files in ``folder``.

    ``prepare`` is called in its process first. What it says is appended to ``stdout`` and ``stderr`` there.
    """
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    child = children.Process(target=_command, args=(list(arguments), str(folder), prepare))
    child.start()
    return child


def kill_group(child: BaseProcess) -> bool:
    """Kill a run and all it started, as ``kill -9`` does; false if it had ended before."""
    running = child.is_alive()
    try:
        os.killpg(child.pid or 0, signal.SIGKILL)
    except ProcessLookupError:  # it has not even got a group of its own yet, or is gone
        child.kill()
    child.join()
    return running and child.exitcode == -signal.SIGKILL
