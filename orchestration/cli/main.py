"""The ``labourdb`` command line (SPEC §8). Exit codes: 0 done, 1 failed, 2 usage, 3 stopped by a gate."""

from __future__ import annotations

import gc
import resource
import sys
from importlib import import_module

from orchestration.cli.app import app

# in the order of --help
COMMANDS = (
    "simulate", "run", "check", "status", "releases", "serve", "quality", "expectations", "diff", "verify", "withdraw", "explain",
    "rekey", "query",
)  # fmt: skip
for command in COMMANDS:
    import_module(f"orchestration.cli.{command}")  # which adds itself to ``app``


def main() -> None:
    """Entry point of ``labourdb``. Should it crash, no image of its memory is left: it may hold rows."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.set_threshold(20_000)  # nearly all that is made is kept, so there is hardly garbage to be found
    sys.exit(app(standalone_mode=True))
