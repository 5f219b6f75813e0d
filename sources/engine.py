"""What DuckDB may use, for every connection of the product: memory, threads, and where it puts what does not fit.

A home states it (``[engine]`` in labourdb.toml), else the machine decides: half its memory, all its cores. Whoever knows
the home states its limits; who knows none, as what reads a release, gets those in force (``within``). No figure depends on them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

Config = dict[str, str | bool | int | float | list[str]]

MIB = 1 << 20
SPILL = "spill"  # a folder of the restricted zone
AMOUNT = re.compile(r"\d+(\.\d+)? ?([KMGT]i?)?B", re.IGNORECASE)
_CGROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
# the engine says out of memory of a full disk too, where it could not put there what does not fit into memory
_DISK = re.compile(
    r"failed to offload|max_temp_directory_size|no space left|could not write|failed to create directory",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"out of memory|failed to (allocate|pin)|could not allocate|memoryerror|bad_alloc", re.IGNORECASE
)


def machine_memory() -> int:
    """Bytes of memory this process may have: the machine's, or less in a container."""
    amounts = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in map(Path, _CGROUP):
        with suppress(OSError, ValueError):
            amounts.append(int(path.read_text()))
    return min(amounts)


def half_of_memory() -> str:
    """The memory the engine may use where no setting says it."""
    return f"{machine_memory() // 2 // MIB}MiB"


def all_cores() -> int:
    """The threads the engine may use where no setting says it: as many as processors this process may use."""
    with suppress(AttributeError):  # where the system does not tell
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Limits:
    """What a connection may use; without a place to ``spill`` nothing is put on disk, and what does not fit is an error."""

    memory: str = field(default_factory=half_of_memory)
    threads: int = field(default_factory=all_cores)
    spill: Path | None = None

    def config(self) -> Config:
        """As ``duckdb.connect`` takes them."""
        spill = str(self.spill) if self.spill is not None else ""
        return {"memory_limit": self.memory, "threads": str(self.threads), "temp_directory": spill}


_in_force: ContextVar[Limits | None] = ContextVar("limits", default=None)


def in_force() -> Limits:
    """The limits of the block, else those of the machine."""
    return _in_force.get() or Limits()


@contextmanager
def within(limits: Limits) -> Iterator[None]:
    """Let every connection in the block that is told no limits have these."""
    known = _in_force.set(limits)
    try:
        yield
    finally:
        _in_force.reset(known)


def connect(
    database: Path | str = ":memory:",
    *,
    limits: Limits | None = None,
    read_only: bool = False,
    more: Mapping[str, str | bool | int | float | list[str]] | None = None,
) -> duckdb.DuckDBPyConnection:
    """The one way to open DuckDB: with ``limits``, else those in force, and ``more`` configuration."""
    config = {**(limits or in_force()).config(), **(more or {})}
    return duckdb.connect(str(database), read_only=read_only, config=config)


def is_short(error: BaseException) -> bool:
    """Whether an error is of memory or disk, which no content of a delivery causes."""
    told = isinstance(error, (duckdb.IOException, OSError)) and _DISK.search(str(error)) is not None
    return told or isinstance(error, (MemoryError, duckdb.OutOfMemoryException))


def advice(words: str) -> str:
    """Which setting to change, where an error's ``words`` are of memory or disk; empty if they are of neither."""
    if _DISK.search(words):
        return (
            "There is too little disk for what does not fit into memory: free space on the disk of the home's restricted"
            ' folder, or raise `memory` under [engine] in labourdb.toml (as in memory = "4GB"), so that less is put there.'
        )
    if _MEMORY.search(words):
        return (
            "The engine may use too little memory: raise `memory` under [engine] in labourdb.toml (as in"
            ' memory = "4GB"; without it, half of this machine\'s), or lower `threads` there: each takes memory of its own.'
        )
    return ""
