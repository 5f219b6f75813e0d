"""What was built and tested since gate 1, and what of it is stale: a run may be put together from many parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb
import pandas as pd

from orchestration.run.begun import AGAIN
from orchestration.run.tables import CHECKS, write
from sources.errors import LabourdbError

NAMED = 5  # of what is missing, in a message
GATE_2 = "linkage_checks"

# a node of `nodes` is stale that was not built, that was built before one it reads, or that reads a stale one
STALE = """
with recursive stale as (
    select n.node from nodes as n anti join run.built as b using (node)
    union
    select e.node from edges as e
    inner join run.built as b using (node)
    inner join run.built as p on e.parent = p.node and p.number > b.number
    union
    select e.node from edges as e inner join stale as s on e.parent = s.node
)
select node from stale semi join nodes using (node) order by node
"""


class Stale(LabourdbError):
    """A gate does not judge: a part of what it would judge was not built or tested since what it rests on."""


def starts(warehouse: duckdb.DuckDBPyConnection, nodes: Collection[str], *, judged_by_gate_2: bool) -> None:
    """Note that ``nodes`` (models and tests) are about to be made anew: until they are they count as not built, and what
    the gates said of them no longer counts.
    """
    for name in (GATE_2, CHECKS[-1]) if judged_by_gate_2 else (CHECKS[-1],):
        warehouse.execute(f"drop table if exists run.{name}")
    warehouse.execute("delete from run.built where node in (select unnest(?))", [list(nodes)])


def ended(warehouse: duckdb.DuckDBPyConnection, nodes: Collection[str]) -> None:
    """Note that ``nodes`` were built, or ran, in one build, which is later than all before."""
    last = warehouse.execute("select coalesce(max(number), 0) from run.built").fetchone()
    number = (last[0] if last else 0) + 1
    warehouse.execute("delete from run.built where node in (select unnest(?))", [list(nodes)])
    write(warehouse, "built", pd.DataFrame({"node": list(nodes)}).assign(number=number), append=True)


def stale(warehouse: duckdb.DuckDBPyConnection, reads: Mapping[str, Collection[str]]) -> list[str]:
    """The nodes of ``reads`` (each with the models it reads) that are not built as what they read is now."""
    nodes = pd.DataFrame({"node": list(reads)}, dtype="str")
    pairs = [(node, parent) for node, parents in reads.items() for parent in parents]
    edges = pd.DataFrame(pairs, columns=["node", "parent"], dtype="str")
    warehouse.register("nodes", nodes)
    warehouse.register("edges", edges)
    try:
        return [node for (node,) in warehouse.execute(STALE).fetchall()]
    finally:
        warehouse.unregister("nodes")
        warehouse.unregister("edges")


def refuse_unbuilt(
    warehouse: duckdb.DuckDBPyConnection, selected: Collection[str], reads: Mapping[str, Collection[str]]
) -> None:
    """Raise ``LabourdbError`` if what the ``selected`` nodes read was not built since gate 1, nor is among them."""
    wanted = sorted({p for node in selected for p in reads[node]} - set(selected))
    missing = sorted(stale(warehouse, {node: () for node in wanted}))
    if missing:
        raise LabourdbError(
            f"Not built since the deliveries were judged, but read by what is to be built: {named(missing)}."
            f" Build them with it or before it. {AGAIN}"
        )


def refuse_stale(warehouse: duckdb.DuckDBPyConnection, reads: Mapping[str, Collection[str]]) -> None:
    """Raise ``Stale`` naming the models and tests that a gate would judge and that are stale."""
    found = stale(warehouse, reads)
    tested = {n for (n,) in warehouse.execute("select check_id from run.dbt_tests").fetchall()}
    tests = [n for n in reads if n.startswith("test.") and (n in found or _name(n) not in tested)]
    models = [n for n in found if not n.startswith("test.")]
    said = []
    if models:
        said.append(f"{len(models)} models are not built from what lies below them now, {named(models)}")
    if tests:
        said.append(f"{len(tests)} tests did not run, {named(tests)}")
    if said:
        raise Stale(
            f"The tables of this run were not all built and tested: {'; '.join(said)}. Nothing was published."
            " Build and test these, and what follows, or run again, from the deliveries on."
        )


def _name(node: str) -> str:
    """A node's own name: `model.labourdb.cells`, `test.labourdb.cells_unique.1a2b3c`."""
    return node.split(".")[2]


def named(nodes: Collection[str]) -> str:
    """The first few of ``nodes`` by their own names, and how many more there are."""
    names = sorted({_name(n) for n in nodes})
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
