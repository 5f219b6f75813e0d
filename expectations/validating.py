"""Great Expectations at work: suites, validation definitions and a checkpoint in a file context, on Parquet files.

This alone imports Great Expectations, which takes seconds, and only when something is validated. The context lies in a
folder where a run may write; suites are put into it from ``expectations/suites``, which is only read. Of a result no more is
kept than counts: results are asked for without the values that failed, and what Great Expectations says of an
expectation that it could not evaluate, which may quote a value, is deleted.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.suites import COLUMNS_IN_ORDER, ORDER, PARAMETER, ROWS, Expectation, Suite
from sources.errors import LabourdbError

COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}
EACH_WORD_ONCE = {"strings_to_categorical": True}  # of text: a tenth of the memory, a fifth of the time
ROW_COUNTS = ("expect_table_row_count_to_equal", "expect_table_row_count_to_be_between")


@dataclass(frozen=True)
class Outcome:
    """What became of one expectation.

    ``rows_failed`` is null if it could not be evaluated. ``failing`` holds the rows that failed, by the values of the
    columns that were asked for, else nothing.
    """

    expectation: Expectation
    success: bool
    rows_checked: int
    rows_failed: int | None
    failing: tuple[tuple[str, ...], ...] = ()


def validate(
    checkpoint: str,
    suites: Sequence[Suite],
    tables: Path,
    workshop: Path,
    parameters: Mapping[str, int] | None = None,
    failing_by: Sequence[str] = (),
) -> list[Outcome]:
    """Run a checkpoint of these suites on ``<tables>/<suite>.parquet`` in the context kept in ``workshop``.

    Returns an outcome for every expectation, in the order they are stated. ``parameters`` are numbers of rows that
    expectations name; ``failing_by`` columns that tell the rows which failed and may be told. Raises ``LabourdbError`` for
    an expectation that Great Expectations does not take, or that needs a number it is not told.
    """
    form: dict[str, Any] = dict(COUNTS)
    if failing_by:
        form |= {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": list(failing_by),
            "return_unexpected_index_query": False,
        }
    told: dict[str, Any] = dict(parameters or {})
    for suite in suites:
        told |= told_by_file(suite.name, tables / f"{suite.name}.parquet")
    for e in (e for suite in suites for e in suite.expectations):
        unknown = sorted(set(e.needs) - set(told))
        if unknown:
            raise LabourdbError(
                f"{e.file}: nothing is called {unknown[0]}. There are: {', '.join(sorted(told))}."
            )
    with _quiet():
        import great_expectations as gx

        context = _context(workshop / checkpoint)
        source = context.data_sources.add_pandas_filesystem(checkpoint, base_directory=tables)
        definitions = []
        for suite in suites:
            asset = source.add_parquet_asset(suite.name, to_pandas_kwargs=EACH_WORD_ONCE)
            file = asset.add_batch_definition_path("file", path=f"{suite.name}.parquet")
            definition = gx.ValidationDefinition(
                name=f"{checkpoint}-{suite.name}",
                data=file,
                suite=context.suites.add(_as_stated(suite)),
            )
            definitions.append(context.validation_definitions.add(definition))
        made = context.checkpoints.add(
            gx.Checkpoint(name=checkpoint, validation_definitions=definitions, result_format=form)
        )
        ran = made.run(expectation_parameters=told)
        results = {
            one.expectation_config.meta["number"]: one
            for each in ran.run_results.values()
            for one in each.results
        }
    expectations = [e for suite in suites for e in suite.expectations]
    outcomes = [_outcome(e, results.get(_number(e)), told, failing_by) for e in expectations]
    if any(o.rows_failed is None for o in outcomes):
        shutil.rmtree(workshop / checkpoint / "gx" / "uncommitted", ignore_errors=True)
    return outcomes


def told_by_file(table: str, file: Path) -> dict[str, Any]:
    """What a Parquet file says of itself: its rows, and its columns in the order in which they are described."""
    from pyarrow.parquet import read_metadata

    said = read_metadata(file)
    described = (said.metadata or {}).get(b"columns")
    told: dict[str, Any] = {f"{ROWS}{table}": int(said.num_rows)}
    if described is not None:
        told[f"{ORDER}{table}"] = list(json.loads(described))
    return told


def _context(folder: Path) -> Any:
    """A new file context in ``folder``."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        FilesystemStoreBackendDefaults,
        ProgressBarsConfig,
    )

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stores = FilesystemStoreBackendDefaults(root_directory=folder / "gx")
    stores.data_docs_sites = {}  # its pages load styles from the internet; a release has its own
    config = DataContextConfig(
        store_backend_defaults=stores,
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="file", project_root_dir=folder, project_config=config)


def _as_stated(suite: Suite) -> Any:
    """The suite as Great Expectations has it; each expectation bears the number by which its result is found."""
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    taken = []
    for e in suite.expectations:
        pandas = {"condition_parser": "pandas"} if "row_condition" in e.kwargs else {}
        stated = {"type": e.type, "kwargs": {**e.kwargs, **pandas}, "meta": {"number": _number(e)}}
        try:
            taken.append(ExpectationConfiguration(**stated).to_domain_obj())
        except Exception as error:
            raise LabourdbError(
                f"{e.file}: Great Expectations does not take {e.type} with these arguments"
                f" ({', '.join(e.kwargs) or 'none'}; {type(error).__name__}). Look up what it takes."
            ) from None
    return ExpectationSuite(name=suite.name, expectations=taken)


def _number(expectation: Expectation) -> str:
    return f"{expectation.type} · {expectation.object}"


def _outcome(
    expectation: Expectation, result: Any, parameters: Mapping[str, Any], failing_by: Sequence[str]
) -> Outcome:
    """The counts of a result; one without counts could not be evaluated."""
    found = {} if result is None else dict(result.result or {})
    counted = _counts(expectation, found, parameters)
    if result is None or counted is None:
        return Outcome(expectation, False, 0, None)
    failing: tuple[tuple[str, ...], ...] = ()
    for listed in found.get("unexpected_index_list") or () if failing_by else ():
        failing += tuple(zip(*(map(str, listed[c]) for c in failing_by), strict=True))
    return Outcome(expectation, bool(result.success), *counted, failing)


def _counts(
    expectation: Expectation, found: Mapping[str, Any], parameters: Mapping[str, Any]
) -> tuple[int, int] | None:
    """Rows checked and failed; of a number of rows, those that there are or should be, and by how many it is missed."""
    if expectation.type == COLUMNS_IN_ORDER:
        if "observed_value" not in found:
            return None
        mismatched = (found.get("details") or {}).get("mismatched", ())
        return max(len(found["observed_value"]), len(mismatched)), len(mismatched)
    if expectation.type in ROW_COUNTS:
        if "observed_value" not in found:
            return None
        rows = int(found["observed_value"])
        bounds = [_told(expectation.kwargs.get(a), parameters) for a in ("value", "min_value", "max_value")]
        least, most = (bounds[0], bounds[0]) if bounds[0] is not None else (bounds[1], bounds[2])
        missed = max(0, (least or 0) - rows, rows - (most if most is not None else rows))
        return max(rows, least or 0), missed
    if "element_count" not in found or found.get("unexpected_count") is None:
        return None
    return int(found["element_count"]) - int(found.get("missing_count") or 0), int(found["unexpected_count"])


def _told(bound: Any, parameters: Mapping[str, Any]) -> int | None:
    if isinstance(bound, dict):
        return parameters.get(bound[PARAMETER])
    return None if bound is None else int(bound)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations from phoning home, drawing bars and logging."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    before = logger.propagate  # its children set levels of their own, but all of them report through it
    logger.propagate = False
    logger.addHandler(silence := logging.NullHandler())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(silence)
        logger.propagate = before
