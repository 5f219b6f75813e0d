"""How often the fault suites repeat what they do.

`make faults` runs them whole, as often as ``WHOLE`` says; `.ci/run` less often; `make test` in short.
"""

from __future__ import annotations

import os

WHOLE = {"LABOURDB_KILLS": 50, "LABOURDB_MUTATIONS": 500, "LABOURDB_READERS": 20}


def times(variable: str) -> int:
    """How often to repeat, from the environment; without it the whole figure."""
    return int(os.environ.get(variable, WHOLE[variable]))
