"""Conditions on rows, as suites state them: comparisons of columns with values, and nothing that could do anything else.

Great Expectations hands them to pandas, which evaluates whatever stands there; a suite is edited without Python (SPEC §6).
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from sources.errors import LabourdbError

_TAKEN = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.Eq, ast.NotEq, ast.Lt,
    ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip
_ASKED = ("isna", "notna")  # of a column: whether it is empty


def refuse_other_conditions(condition: object, columns: Collection[str], place: str) -> None:
    """Raise ``LabourdbError`` unless ``condition`` compares ``columns`` with values, joined by and, or, not; or asks
    a column whether it is empty: ``value.isna()``. ``place`` names file and expectation.
    """
    try:
        tree = ast.parse(str(condition).strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise LabourdbError(f"{place}: {_said(condition)} is no condition. {_HOW}") from None
    asked = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and _asks(n)]
    taken = {id(part) for call in asked for part in (call, call.func)}
    for node in ast.walk(tree):
        if id(node) not in taken and not isinstance(node, _TAKEN):
            raise LabourdbError(
                f"{place}: {_said(condition)} says more than a condition does ({type(node).__name__}). {_HOW}"
            )
        if isinstance(node, ast.Name) and node.id not in columns:
            raise LabourdbError(
                f"{place}: {_said(condition)} names {node.id!r}, which is no column. There are {', '.join(sorted(columns))}."
            )


def _asks(call: ast.Call) -> bool:
    of = call.func
    return (
        isinstance(of, ast.Attribute)
        and of.attr in _ASKED
        and isinstance(of.value, ast.Name)
        and not (call.args or call.keywords)
    )


def _said(condition: object) -> str:
    return f"the condition {str(condition)[:80]!r}"


_HOW = 'Conditions are such as: section == "total" and value > 0, status in ["released", "provisional"], value.isna().'
