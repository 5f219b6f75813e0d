"""`labourdb explain`: whether the warehouse may be asked about a release, and asking it (SPEC §8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import duckdb

from orchestration.dbt.dictionary import indicator_definition
from orchestration.dbt.project import ancestors
from orchestration.home import Home
from orchestration.run.scope import Run, RunScope
from orchestration.settings import Settings, load_settings
from releases.audit.cell import CellKey
from releases.audit.explain import from_release, from_warehouse
from releases.release import Release, current_release, find_release
from releases.verdict import FILE as VERDICT
from sources.calendar import quarter_number
from sources.errors import LabourdbError, UsageError
from sources.restricted.access import record_access

MADE_BY = {
    "register": ("register_indicators", "changed_register_indicators"),
    "official": ("official_indicators",),
}
MORE = {"published_indicators", "indicators"}  # through which either reaches the release


class NotWalked(LabourdbError):
    """The warehouse cannot be asked about this release; the message says why."""


def chosen_release(home: Home, release_id: str | None) -> Release:
    """The release asked for, else the current one; raises ``UsageError`` if there is none."""
    if release_id is not None:
        return find_release(home.releases, release_id)
    current = current_release(home.releases)
    if current is None:
        raise UsageError(
            f"No current release in {home.releases}. Make one with `labourdb run`, or name one with --release."
        )
    return current


def explain(
    home: Home, release: Release, key: CellKey, exact: bool, heard: Callable[[str], None]
) -> dict[str, Any]:
    """One published cell taken back, as one JSON document.

    ``exact`` shows what was counted beside what is published, and is recorded in the access log before anything is read.
    ``heard`` is told each step. Where the warehouse is not the one the release was made from, ``walk.possible`` is
    false and ``walk.why`` says so; the document then has what the release itself holds. Raises ``UsageError``
    if there is no such cell.
    """
    heard("release")
    if exact:
        record_access(home.restricted, "explain --restricted", f"{key} in {release.id}")
    models = MORE.union(*(ancestors(model) for model in MADE_BY.get(key.basis, ())))
    document = from_release(release, key, models, exact)
    document["definition"] = indicator_definition(key.indicator)
    heard("warehouse")
    try:
        walked = _walk(home, release, document)
    except NotWalked as reason:
        return {**document, "walk": {"possible": False, "why": str(reason)}}
    return {**walked, "walk": {"possible": True, "why": None}}


def _walk(home: Home, release: Release, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the warehouse tells. Raises ``NotWalked`` if it must not or cannot be asked."""
    if not home.database.exists():
        raise NotWalked(
            f"There is no warehouse in {home.warehouse}: the release was made elsewhere, or it was removed."
        )
    try:
        settings = load_settings(home.settings)
    except UsageError:
        settings = (
            Settings()
        )  # only what the engine may use is needed here; a waiver that expired changes nothing
    run = Run(home, settings, RunScope(quarter_number(release.order[0]), release.id))
    try:
        with ExitStack() as stack:
            try:
                stack.enter_context(home.locked())
            except LabourdbError as busy:
                raise NotWalked(str(busy)) from None
            _refuse_another_state(run, release)
            return from_warehouse(stack.enter_context(run.warehouse(with_restricted=True)), document)
    except duckdb.CatalogException:
        raise NotWalked(
            "The warehouse was built by another version of labourdb, which kept other tables. Run again, and explain the new"
            " release."
        ) from None
    except duckdb.IOException as error:
        raise NotWalked(
            f"The warehouse or the restricted zone cannot be opened from here ({type(error).__name__})."
            " It takes an account that may read both, and no other program that has them open."
        ) from None
    except PermissionError as error:
        raise NotWalked(f"This account may not work in {error.filename or home.root}.") from None


def _refuse_another_state(run: Run, release: Release) -> None:
    """Raise ``NotWalked`` unless the gates' stored verdict is of the deliveries, settings and code of the release.

    A run forgets the verdict before it changes anything in the warehouse, and stores it when all is built.
    """
    path = run.candidates / VERDICT
    if not path.exists():
        raise NotWalked(
            "The warehouse has moved on: a later run began and did not get as far as the last gate, so it is no longer"
            f" what {release.id} was made from. {_AGAIN}"
        )
    verdict = json.loads(path.read_text(encoding="utf-8"))
    if verdict["fingerprint"] != release.manifest["fingerprint"]:
        later = verdict["release_id"]
        stopped = "" if (run.home.releases / later).is_dir() else ", which was not published,"
        raise NotWalked(
            f"The warehouse has moved on: it holds what {later}{stopped} was made from, which has other deliveries,"
            f" settings, code or as-of quarter than {release.id}. {_AGAIN}"
        )


_AGAIN = (
    "Below is what the release itself holds. Persons and rows can be told of the release that was made last; to walk"
    " through an older one, run its deliveries, settings and version of labourdb in a home of their own."
)
