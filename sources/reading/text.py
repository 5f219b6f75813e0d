"""Text files as bytes: plain or gzipped, whole, UTF-8, and in lines numbered from 1."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sources.errors import UnreadableFile
from sources.reading.limits import limits_in_force

CHUNK = 8 << 20
LONGEST_LINE = 16 << 20
HEAD = 1 << 20
BOM = b"\xef\xbb\xbf"


def open_bytes(path: Path) -> IO[bytes]:
    """The file's text as bytes, decompressed if its name ends in .gz."""
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def checked_chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes; raises ``UnreadableFile`` as soon as they are cut, mislabelled or not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    line, size = 1, 0
    try:
        with open_bytes(path) as stream:
            while chunk := stream.read(CHUNK):
                if b"\x00" in chunk:
                    line += chunk[: chunk.index(b"\x00")].count(b"\n")
                    raise UnreadableFile(
                        f"{path.name}, line {line}: a NUL byte, so this is not UTF-8 text (a spreadsheet, an archive"
                        " or UTF-16?). Save it as UTF-8 text, or name it as what it is."
                    )
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    line += error.object[: error.start].count(b"\n")
                    raise UnreadableFile(
                        f"{path.name}, line {line}: not valid UTF-8 (byte 0x{error.object[error.start]:02x})."
                        " Save it as UTF-8 and send it again."
                    ) from None
                line, size = line + chunk.count(b"\n"), size + len(chunk)
                limits_in_force().check_inflated(path.name, size)
                limits_in_force().check_rows(
                    path.name, line - 2
                )  # blank lines too, but the header and the last end
                yield chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise UnreadableFile(
            f"{path.name}, line {line}: ends in the middle of a character: it was cut. Send it again."
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile(f"{path.name}: not a whole gzip file ({error}). Send it again.") from None


def head_of(path: Path) -> str:
    """The text of the file's beginning, after reading it through once to see that it is whole."""
    head = b""
    for chunk in checked_chunks(path):
        if len(head) < HEAD:
            head = (head + chunk)[:HEAD]
    return head.removeprefix(BOM).decode(errors="ignore")


def line_blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    """Blocks of whole lines without the BOM, and whether each is the last."""
    rest = b""
    with open_bytes(path) as stream:
        rest = stream.read(CHUNK).removeprefix(BOM)
        while chunk := stream.read(CHUNK):
            cut = rest.rfind(b"\n") + 1
            if cut:
                yield rest[:cut], False
            rest = rest[cut:] + chunk
            if len(rest) > LONGEST_LINE + CHUNK and b"\n" not in rest[:LONGEST_LINE]:
                raise UnreadableFile(
                    f"{path.name}: a line is longer than {LONGEST_LINE >> 20} MiB. End each record with a line"
                    " break and send the file again."
                )
    yield rest, True


def line_ends(block: bytes, final: bool = True) -> npt.NDArray[np.int64]:
    """Positions just after each line of ``block``; an unended last line counts if ``final``."""
    ends: npt.NDArray[np.int64] = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == 10) + 1
    if final and block and (not ends.size or ends[-1] != len(block)):
        ends = np.append(ends, len(block))
    return ends


def as_strings(block: bytes, ends: npt.NDArray[np.int64]) -> pa.StringArray:
    """The pieces of ``block`` up to each of ``ends`` as an array over the same memory."""
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)
    offsets[1:] = ends
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(block))
