"""Modes of what is made, whatever the umask of who runs it: others may never write, and read only what is theirs to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OTHERS_WRITE = 0o022


@contextmanager
def modes() -> Iterator[None]:
    """What is made in the block is its owner's to write and its group's to read (0640, folders 0750).

    The zones' folders have narrower or wider modes of their own, set where they are made.
    """
    previous = os.umask(0o027)
    try:
        yield
    finally:
        os.umask(previous)


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of exactly this mode; from one that is there others' right to write is taken, no more."""
    if folder.is_dir():
        close(folder)
        return
    folder.mkdir(parents=True)
    folder.chmod(mode)


def close(folder: Path, below: bool = False) -> None:
    """Take from others the right to write in a folder, and in all ``below`` it: an earlier version left it to the umask."""
    for path in (folder, *(folder.rglob("*") if below else ())):
        if not path.is_symlink() and path.stat().st_mode & OTHERS_WRITE:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS_WRITE)
