"""Processes that start at once."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext

import pytest


@pytest.fixture(scope="session")
def children() -> Iterator[ForkServerContext]:
    """Processes that have everything loaded when they start, so that a kill falls into the run itself."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["child_runs"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        p for p in sys.path if p
    )  # it looks nowhere else, and says nothing
    try:
        loaded = context.Process(target=exec, args=("import sys; sys.exit('child_runs' not in sys.modules)",))
        loaded.start()
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    loaded.join()
    assert loaded.exitcode == 0, "the processes do not have everything loaded when they start"
    yield context
