"""Ingestion: new deliveries become accepted rows, quarantined rows and counts that close (SPEC §1).

Deliveries of one source are read in batches, each batch in one transaction: a delivery is in the
restricted database whole or not at all. Nothing here judges a delivery; see ``expectations``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from sources.contract import load_contract
from sources.deciding import Prepared
from sources.errors import ChangedDelivery, LabourdbError, UnreadableFile
from sources.landing import (
    Delivery,
    FileState,
    check_listed_files,
    data_files,
    file_states,
    ignored_files,
    is_litter,
    read_note,
    sha256,
    shown,
    visible_files,
)
from sources.loading import out_of_reach, read_records, register
from sources.reading.layout import Notice
from sources.reading.open import open_file
from sources.restricted import load_rules

BATCH_BYTES = 256 << 20  # of text, estimated from file sizes
INFLATION = {".gz": 8, ".parquet": 6, ".xlsx": 8}


def new_deliveries(connection: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those not ingested yet; raises ``ChangedDelivery`` naming every ingested file that changed or went."""
    known: dict[tuple[str, int], dict[str, tuple[int, int, int, str]]] = {}
    for source, key, name, *state in connection.execute(
        "select source, delivery_key, file, size, mtime_ns, ctime_ns, sha256 from landing.delivery_states"
    ).fetchall():
        if not is_litter(name):  # an earlier version took it for a file of the delivery
            known.setdefault((source, key), {})[shown(name)] = (state[0], state[1], state[2], state[3])
    folders = {
        (s, k): f
        for s, k, f in connection.execute(
            "select source, delivery_key, folder from landing.deliveries"
        ).fetchall()
    }
    changed: list[str] = []
    present = {(d.source, d.key) for d in deliveries}
    changed += [
        f"{folder}: the delivery is gone" for key, folder in sorted(folders.items()) if key not in present
    ]
    fresh = []
    for delivery in deliveries:
        before = known.get((delivery.source, delivery.key))
        if before is None:
            fresh.append(delivery)
            continue
        now = {s.name: s for s in _states(delivery)}
        changed += [
            f"{delivery.name}/{name}: the file is gone" for name in sorted(before.keys() - now.keys())
        ]
        changed += [f"{delivery.name}/{name}: a new file" for name in sorted(now.keys() - before.keys())]
        for name in sorted(before.keys() & now.keys()):
            *stat, digest = before[name]
            same_stat = [now[name].size, now[name].mtime_ns, now[name].ctime_ns] == stat
            if not same_stat and _sha256(delivery, name) != digest:
                changed.append(f"{delivery.name}/{name}: the file changed (other SHA-256)")
    if changed:
        raise ChangedDelivery(
            "Deliveries that were ingested before have changed; nothing was published:\n  "
            + "\n  ".join(changed)
            + "\nPut the original files back, and send corrections as a new revision (folder YYYY-MM.rN)."
        )
    return fresh


def _states(delivery: Delivery) -> list[FileState]:
    try:
        return file_states(delivery)
    except OSError as error:
        raise out_of_reach(delivery, "", error) from None


def _sha256(delivery: Delivery, name: str) -> str:
    path = next(p for p in visible_files(delivery.path) if shown(p.name) == name)
    try:
        return sha256(path)
    except OSError as error:
        raise out_of_reach(delivery, name, error) from None


def prepare(delivery: Delivery) -> Prepared:
    """Open every file of a delivery; one that cannot be read as what it is makes the delivery refused.

    Raises ``LabourdbError`` where this machine cannot reach a file.
    """
    name = ""
    try:
        prepared = Prepared(delivery, file_states(delivery), {})
        for path in visible_files(delivery.path):
            name = shown(path.name)
            prepared.hashes[name] = sha256(path)
        prepared.notices += [(n, Notice("ignored_file", "")) for n in ignored_files(delivery.path)]
        contract = load_contract(delivery.source)
        problems = []
        try:
            prepared.note = read_note(delivery)
            files = data_files(delivery)
            check_listed_files(prepared.note, files, prepared.hashes)
        except UnreadableFile as error:
            files, problems = [], [str(error)]
        for path in files:
            name = shown(path.name)
            try:
                prepared.opened.append(open_file(path, contract))
            except UnreadableFile as error:
                problems.append(str(error))
    except OSError as error:
        raise out_of_reach(delivery, name, error) from None
    prepared.problem = "\n".join(problems) or None
    return prepared


def ingest(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Sequence[Delivery],
    reference: Path,
    on_delivery: Callable[[Delivery, str], None] | None = None,
) -> None:
    """Ingest deliveries not ingested before; ``on_delivery`` hears of each one ('read' or 'refused')."""
    load_rules(connection, reference)
    # a stream's size is not known, so the engine would build its join tables from it instead of from the code lists
    connection.execute("set disabled_optimizers = 'build_side_probe_side'")
    try:
        for batch in _batches(deliveries):
            _ingest_batch(connection, batch, on_delivery)
    finally:
        connection.execute("reset disabled_optimizers")


def _size(delivery: Delivery) -> int:
    total = 0
    for state in _states(delivery):
        factor = next((f for ending, f in INFLATION.items() if state.name.lower().endswith(ending)), 1)
        total += state.size * factor
    return total


def _batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Runs of deliveries of one source, in order, of about ``BATCH_BYTES`` of text each."""
    batches: list[list[Delivery]] = []
    filled = 0
    for delivery in sorted(deliveries, key=lambda d: (d.source, d.key)):
        size = _size(delivery)
        if batches and batches[-1][0].source == delivery.source and filled + size <= BATCH_BYTES:
            batches[-1].append(delivery)
            filled += size
        else:
            batches.append([delivery])
            filled = size
    return batches


def _ingest_batch(
    connection: duckdb.DuckDBPyConnection,
    batch: Sequence[Delivery],
    on_delivery: Callable[[Delivery, str], None] | None,
) -> None:
    """One transaction; whoever spoils it is refused, and the rest of the batch is read again without it."""
    prepared = [prepare(d) for d in batch]
    while not _read_whole(connection, prepared):
        pass
    if on_delivery is not None:
        for p in prepared:
            on_delivery(p.delivery, "read" if p.problem is None else "refused")


def _read_whole(connection: duckdb.DuckDBPyConnection, batch: Sequence[Prepared]) -> bool:
    """Read the deliveries without a problem and register all; false if another problem turned up."""
    whole = [p for p in batch if p.problem is None]
    connection.execute("begin")
    try:
        if whole:
            spoilt = read_records(connection, load_contract(whole[0].delivery.source), whole)
            if spoilt:
                connection.execute("rollback")
                return False
        for p in batch:
            _unchanged(p)
        register(connection, batch)
        connection.execute("commit")
    except duckdb.Error as error:
        connection.execute("rollback")
        raise LabourdbError(
            f"Reading {batch[0].delivery.name} and later failed: {_engine_words(error)}"
        ) from None
    except BaseException:
        connection.execute("rollback")
        raise
    return True


def _unchanged(prepared: Prepared) -> None:
    """Raise ``LabourdbError`` if the delivery's files are not those that were hashed: it is still being copied."""
    if _states(prepared.delivery) != prepared.states:
        raise LabourdbError(
            f"{prepared.delivery.name} changed while it was read: it is still being copied. Nothing of it was loaded."
            " Run again when it is whole; copy under a name that begins with a dot and rename it then."
        )


def _engine_words(error: duckdb.Error) -> str:
    """What the engine complains of. Its text may quote values, except about memory, files and the SQL itself."""
    if isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.BinderException)):
        return str(error).strip().splitlines()[0]
    return f"the database engine gave up ({type(error).__name__})."
