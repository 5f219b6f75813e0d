"""Ingestion: new deliveries become accepted rows, quarantined rows and counts that close (SPEC §1).

Deliveries of one source are read in batches, each batch in one transaction: a delivery is in the
restricted database whole or not at all. Nothing here judges a delivery; see ``expectations``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from sources.contract import load_contract
from sources.engine import advice
from sources.errors import ChangedDelivery, LabourdbError, UnreadableFile
from sources.ingest.deciding import Prepared
from sources.ingest.landing import (
    Delivery,
    FileState,
    check_listed_files,
    data_files,
    file_states,
    ignored_files,
    is_litter,
    landed,
    leads_out,
    sha256,
    shown,
)
from sources.ingest.loading import out_of_reach, read_records, register
from sources.reading.apart.process import ReadingProcess, reading
from sources.reading.layout import Notice
from sources.reading.limits import Limits
from sources.restricted.database import load_rules

BATCH_BYTES = 128 << 20  # of text, estimated from file sizes; a batch lies in memory twice
DEFAULTS = Limits()
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
    try:
        return sha256(landed(delivery.path, delivery.area)[name], delivery.area)
    except OSError as error:
        raise out_of_reach(delivery, name, error) from None


def prepare(delivery: Delivery, process: ReadingProcess) -> Prepared:
    """Open every file of a delivery, apart; one that cannot be read as what it is makes the delivery refused.

    Raises ``LabourdbError`` where this machine cannot reach a file.
    """
    name = ""
    problems: list[str] = []
    try:
        prepared = Prepared(delivery, file_states(delivery), {})
        for name, path in landed(delivery.path, delivery.area).items():
            prepared.hashes[name] = sha256(path, delivery.area)
        if not leads_out(delivery.path, delivery.area):
            prepared.notices += [(n, Notice("ignored_file", "")) for n in ignored_files(delivery.path)]
        contract = load_contract(delivery.source)
        try:
            prepared.note = process.note(delivery)
            files = data_files(delivery)
            check_listed_files(prepared.note, files, prepared.hashes)
        except UnreadableFile as error:
            files, problems = [], [str(error)]
        for path in files:
            name = shown(path.name)
            try:
                prepared.opened.append(process.open(path, contract))
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
    limits: Limits = DEFAULTS,
) -> None:
    """Ingest deliveries not ingested before; ``on_delivery`` hears of each one ('read' or 'refused').

    Their files are read in a child process; one beyond ``limits`` makes its delivery refused.
    """
    load_rules(connection, reference)
    # a stream's size is not known, so the engine would build its join tables from it instead of from the code lists
    connection.execute("set disabled_optimizers = 'build_side_probe_side'")
    try:
        with reading(limits) as process:
            for batch in _batches(deliveries):
                _ingest_batch(connection, batch, process, on_delivery)
                process.drop()
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
    process: ReadingProcess,
    on_delivery: Callable[[Delivery, str], None] | None,
) -> None:
    """One transaction; whoever spoils it is refused, and the rest of the batch is read again without it.

    Where the engine gives up, each delivery is read on its own, and refused if the engine gives up again.
    """
    prepared = [prepare(d, process) for d in batch]
    try:
        while not _read_whole(connection, prepared):
            pass
    except _EngineGaveUp:
        for p in prepared:
            try:
                while not _read_whole(connection, [p]):
                    pass
            except _EngineGaveUp as gave_up:
                if gave_up.of_machine:
                    raise gave_up.told(p.delivery) from None
                p.problem = (
                    f"Its content cannot be worked on: {gave_up.words} Make the files anew and send them."
                )
                _read_whole(connection, [p])
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
        raise _EngineGaveUp(error) from None
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


class _EngineGaveUp(Exception):
    """The database engine failed on a batch; its text may quote values, except about memory, files and the SQL itself."""

    def __init__(self, error: duckdb.Error) -> None:
        super().__init__()
        told = isinstance(error, (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.BinderException))
        gave_up = f"the database engine gave up ({type(error).__name__})."
        self.words = str(error).strip().splitlines()[0] if told else gave_up
        # what no content does to the engine: a full disk, too little memory for any, an invalid database
        self.of_machine = told or isinstance(error, (duckdb.FatalException, duckdb.InternalException))

    def told(self, delivery: Delivery) -> LabourdbError:
        """What stops the run."""
        return LabourdbError(f"Reading {delivery.name} failed: {self.words} {advice(self.words)}".strip())
