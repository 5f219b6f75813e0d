"""``labourdb rekey``: a new key for a home."""

from __future__ import annotations

from orchestration.cli import console
from orchestration.cli.app import HomeOption, JsonOption, app, guarded, home_of
from orchestration.cli.progress import Steps
from orchestration.settings import load_settings
from sources.errors import UsageError


@app.command()
@guarded
def rekey(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Give the home a new key: the restricted database is encrypted anew, everybody gets another pseudonym.

    No published number changes. With the key in LABOURDB_KEY the new one is taken from LABOURDB_NEW_KEY, else it is
    made. The pseudonymised warehouse is removed; the next run builds it again, and publishes nothing if nothing is new.
    """
    from orchestration.tasks.rekey import rekey_home
    from sources.restricted.rekeying import NoNewKey

    target = home_of(home)
    settings = load_settings(target.settings)
    steps = Steps()
    with steps.shown():
        try:
            outcome = rekey_home(target, settings, steps)
        except NoNewKey as error:
            raise UsageError(str(error)) from None
    if as_json:
        console.print_json({"exit_code": 0, **vars(outcome.rekeyed), "next": outcome.next_steps})
        return
    console.out.print(
        f"New key: {outcome.rekeyed.persons:,} persons and {outcome.rekeyed.employers:,} household businesses have new"
        " pseudonyms, the restricted database is encrypted anew.",
        highlight=False,
    )
    for step in outcome.next_steps:
        console.out.print(f"  - {step}", markup=False, highlight=False)
