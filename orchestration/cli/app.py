"""What every ``labourdb`` command shares: the application, its options, and errors told with their exit code."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import duckdb
import typer

from orchestration.cli import console
from orchestration.home import Home
from orchestration.settings import engine_limits
from sources.engine import advice, within
from sources.errors import LabourdbError, place_of
from sources.restricted.access import accessing

app = typer.Typer(
    name="labourdb",
    help="From agency deliveries to a linked labour database and published indicators.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="The installation's folder.", show_default="$LABOURDB_HOME, then ./data"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

F = TypeVar("F", bound=Callable[..., None])


def home_of(given: Path | None) -> Home:
    """The home a command works on: as given, else ``$LABOURDB_HOME``, else ``./data``."""
    return Home((given or Path(os.environ.get("LABOURDB_HOME", "data"))).resolve())


def _tell(error: str, code: int, given: Mapping[str, Any], facts: Mapping[str, Any] | None = None) -> None:
    """Say what went wrong on standard error, and with its ``facts`` in the JSON document if one was asked for."""
    if given.get("as_json"):
        console.print_json({"exit_code": code, "error": error, **(facts or {})})
    console.err.print(f"[bold red]{'Stopped' if code == 3 else 'Error'}:[/bold red] ", end="")
    console.err.print(error, markup=False, highlight=False)


# options that say what for, of which none can name a person
TOLD = ("as_of", "indicator", "area", "period", "a", "b", "release")


def _purpose(given: Mapping[str, Any]) -> str:
    """A command's options as the access log of the restricted zone has them; odd text is left out."""
    stated = [(name, str(given[name])) for name in TOLD if given.get(name) is not None]
    return " ".join(
        f"{name}={text}" for name, text in stated if re.fullmatch(r"(?!.*\d{8})[\w.:-]{1,40}", text)
    )


def _tell_damage(error: Exception, given: Mapping[str, Any]) -> None:
    """Name the damaged file an error comes from, if it does, and end the command."""
    from orchestration.run.damage import (  # what only an error needs takes a while to import
        damage,
        may_be_damage,
    )

    if not may_be_damage(error) or "home" not in given:
        return
    found = damage(home_of(given["home"]), error)
    if found is not None:
        _tell(str(found), 1, given)
        raise typer.Exit(1)


@contextmanager
def _limited(given: Mapping[str, Any]) -> Iterator[None]:
    """Let the engine use what the home a command works on states, whatever it opens."""
    if "home" not in given:
        yield
        return
    with within(engine_limits(home_of(given["home"]))):
        yield


def guarded(command: F) -> F:
    """Turn errors a person can act on into a message and the exit code that belongs to them.

    What the command does in the restricted zone is logged under its name.
    """

    @functools.wraps(command)
    def inner(*args: Any, **kwargs: Any) -> None:
        try:
            with accessing(f"labourdb {command.__name__}", _purpose(kwargs)), _limited(kwargs):
                command(*args, **kwargs)
        except LabourdbError as error:
            _tell_damage(error, kwargs)
            _tell(str(error), error.exit_code, kwargs, error.facts)
            raise typer.Exit(error.exit_code) from None
        except (MemoryError, duckdb.OutOfMemoryException) as error:
            _tell(advice(f"{type(error).__name__} {error}") or advice("out of memory"), 1, kwargs)
            raise typer.Exit(1) from None
        except OSError as error:
            _tell(
                f"{error.strerror or error}: {error.filename or ''}. Check rights and disk space, then run again.",
                1, kwargs,
            )  # fmt: skip
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            _tell("Interrupted; what was published before stays as it is.", 1, kwargs)
            raise typer.Exit(1) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:  # its words and its trace may quote a row's values
            _tell_damage(error, kwargs)
            _tell(f"Failed where nothing was foreseen: {place_of(error)}. Please report it.", 1, kwargs)
            raise typer.Exit(1) from None

    return inner  # type: ignore[return-value]
