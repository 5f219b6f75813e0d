"""Outcomes of dbt tests as lines of the checks table, beside those of the gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from expectations.judge import checks_table

STATUSES = {"pass": "passed", "fail": "failed", "warn": "failed", "error": "error"}


def dbt_test_checks(results: list[Mapping[str, Any]], rows: Mapping[str, int]) -> pd.DataFrame:
    """One line a test.

    A result has name, model, status (pass, fail, error, warn, skipped), failures, severity and gate; perhaps level, description and description_vi (why it must hold), and query (showing what failed).
    ``rows`` gives the rows of each model. A test that was skipped, or of which dbt knows no outcome, has
    not run: an error. A test over a model without rows is not applicable, unless it failed all the same.
    """
    return checks_table([_line(result, rows) for result in results])


def _line(result: Mapping[str, Any], rows: Mapping[str, int]) -> tuple[object, ...]:
    name, model = str(result["name"]), str(result["model"])
    status = STATUSES.get(str(result["status"]), "error")
    severity = "warn" if str(result.get("severity", "error")).lower() == "warn" else "block"
    checked = rows.get(model)
    failures = result.get("failures")
    failed: int | None = None
    if status != "error":
        failed = int(failures) if failures is not None else None if status == "failed" else 0
    if status == "passed" and checked is None:
        status, failed = "error", None  # a pass over nobody knows how many rows is none
    elif status == "passed" and checked == 0:
        status = "not_applicable"
    why = str(result.get("description") or f"The test {name} of {model} finds no row that breaks it.")
    why_vi = str(
        result.get("description_vi") or f"Phép kiểm tra {name} của bảng {model} không thấy dòng nào sai."
    )
    return (
        name,
        str(result["gate"]),
        str(result.get("level", "logical")),
        model,
        checked or 0,
        failed,
        0.0,
        severity,
        status,
        why,
        why_vi,
        str(result.get("query") or f"dbt test --select {name}"),
    )
