"""Messages between the two processes: pickles whose arrays travel beside them, uncopied.

What comes from the child is unpickled as data alone: arrays, plain values and the dataclasses of ``sources``.
"""

from __future__ import annotations

import io
import os
import pickle
import select
import struct
import time
from collections.abc import Callable
from typing import Any

_HEAD = struct.Struct("<QI")
_LENGTH = struct.Struct("<Q")
MOST_BYTES = 4 << 30
MOST_BUFFERS = 1 << 20
_PLAIN = {
    "builtins": {"set", "frozenset", "slice", "complex", "bytearray", "range"},
    "pathlib": {"Path", "PosixPath", "PurePosixPath"},
    "collections": {"OrderedDict"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
}


class Closed(Exception):
    """The other side is gone."""


class TooLong(Exception):
    """The other side did not answer in time."""


class Channel:
    """One side of a pair of pipes."""

    def __init__(self, reading: int, writing: int, trusts: bool) -> None:
        self._reading, self._writing = reading, writing
        self._trusts = trusts
        self._waiting = select.poll()
        self._waiting.register(reading, select.POLLIN)

    def send(self, message: Any) -> None:
        """Write a message; raises ``Closed`` if nobody reads it."""
        buffers: list[pickle.PickleBuffer] = []
        body = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
        views = [b.raw() for b in buffers]
        head = _HEAD.pack(len(body), len(views)) + b"".join(_LENGTH.pack(v.nbytes) for v in views)
        for part in (memoryview(head), memoryview(body), *views):
            self._write(part)

    def _write(self, view: memoryview) -> None:
        try:
            while view.nbytes:
                view = view[os.write(self._writing, view) :]
        except OSError:
            raise Closed from None

    def receive(self, patience: float | None = None) -> Any:
        """The next message; raises ``Closed``, or ``TooLong`` after ``patience`` seconds without all of it."""
        deadline = None if patience is None else time.monotonic() + patience
        length, count = _HEAD.unpack(self._read(_HEAD.size, deadline))
        if count > MOST_BUFFERS:
            raise Closed
        lengths = [_LENGTH.unpack(self._read(_LENGTH.size, deadline))[0] for _ in range(count)]
        if length + sum(lengths) > MOST_BYTES:
            raise Closed
        body = self._read(length, deadline)
        buffers = [self._read(n, deadline) for n in lengths]
        if self._trusts:
            return pickle.loads(body, buffers=buffers)
        return _DataAlone(io.BytesIO(body), buffers=buffers).load()

    def _read(self, length: int, deadline: float | None) -> bytearray:
        into = bytearray(length)
        view = memoryview(into)
        while view.nbytes:
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._waiting.poll(1_000 * left):
                    raise TooLong
            try:
                got = os.readv(self._reading, [view])
            except OSError:
                raise Closed from None
            if not got:
                raise Closed
            view = view[got:]
        return into


class _DataAlone(pickle.Unpickler):
    """Unpickles arrays, plain values and the package's own classes, and nothing that could do anything."""

    def find_class(self, module: str, name: str) -> Any:
        """The class or array maker a pickle names; raises ``UnpicklingError`` for any other."""
        if module == "pyarrow.lib" or name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        if module.startswith("sources."):
            found: Callable[..., Any] = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is not data")
