"""The clients a release is opened with, of tests/clients/clients.yaml; their environments; and the table of docs/clients.md."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "tests" / "clients" / "clients.yaml"
PAGE = ROOT / "docs" / "clients.md"
ENVIRONMENTS = ROOT / ".venv-clients"
TITLES = ("client", "version", "Python", "read", "result")
SAME = "same figures"
TABLE = re.compile(r"^\| client \|.*\n(?:\|.*\n)+", re.MULTILINE)


@dataclass(frozen=True)
class Client:
    """One client: what it reads; where it has an environment of its own, the Python and the packages of that, itself first."""

    name: str
    reads: tuple[str, ...]
    said: str
    version: str = ""
    python: str = ""
    packages: tuple[str, ...] = ()
    reader: str = ""
    package: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    def installed_version(self) -> str:
        """Of a client that is not pinned: its version as this project or Debian installed it."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            said = _run("dpkg-query", "--show", "--showformat", "${Version}", self.package)
            return re.sub(r"^(?:\d+:)?([\d.]+).*", r"\1", said)

    def environment(self) -> Path:
        """The Python of its environment, which is made where it is not there; skips where its version of Python is not."""
        base = _python(self.python)
        pins = hashlib.sha256(" ".join((base, *self.packages)).encode()).hexdigest()[:8]
        folder = ENVIRONMENTS / f"{self.reader}-{self.version}-{pins}"
        made = folder / "made"
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run(base, "-m", "venv", str(folder))
            install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
            _run(str(folder / "bin/python"), *install, "--only-binary", ":all:", *self.packages)
            made.touch()
        return folder / "bin/python"


def _python(version: str) -> str:
    """A Python of this version that runs, by its full path; of several that pyenv has, the one asked for."""
    found = subprocess.run(
        [f"python{version}", "-c", "import sys; print(sys.executable)"],
        capture_output=True, text=True, env=os.environ | {"PYENV_VERSION": version},
    ) if shutil.which(f"python{version}") else None  # fmt: skip
    if found is None or found.returncode != 0:
        pytest.skip(f"python{version} is not on the PATH")
    return found.stdout.strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def clients(kind: str) -> list[Client]:
    """The clients of one kind, in the order of the file: pinned, installed or by_hand."""
    stated = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [
        Client(
            name=of["client"],
            reads=tuple(of.get("reads", ())),
            said=of.get("said", ""),
            version=of["packages"][0].partition("==")[2] if "packages" in of else of.get("version", ""),
            python=str(of.get("python", "")),
            packages=tuple(of.get("packages", ())),
            reader=of.get("reader", of["client"]),
            package=of.get("package", ""),
        )
        for of in stated[kind]
    ]


def rows(version_of: Callable[[Client], str] = Client.installed_version) -> list[tuple[str, ...]]:
    """What the page's table says; of clients that are not pinned with the version that this machine has, unless told."""
    return [
        *((c.name, c.version, c.python, ", ".join(c.reads), c.said or SAME) for c in clients("pinned")),
        *((c.name, version_of(c), "", ", ".join(c.reads), c.said or SAME) for c in clients("installed")),
        *((c.name, c.version, "", ", ".join(c.reads), c.said) for c in clients("by_hand")),
    ]  # fmt: skip


def shown() -> list[tuple[str, ...]]:
    """The rows of the page's table as it stands."""
    found = TABLE.search(PAGE.read_text(encoding="utf-8"))
    assert found, f"{PAGE} has no table of clients"
    return [tuple(cell.strip() for cell in line[1:-1].split("|")) for line in found[0].splitlines()[2:]]


def write() -> None:
    """Put the table into the page."""
    lines = [TITLES, ("---",) * len(TITLES), *rows()]
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table, text, count=1), encoding="utf-8")
