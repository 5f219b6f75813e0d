"""docs/clients.md shows the clients that ``make clients`` opens a release with, in the versions of its matrix."""

from __future__ import annotations

from support.clients import SAME, clients, shown


def test_the_page_shows_every_client_of_the_matrix() -> None:
    page = shown()
    pinned, installed, not_tried = (clients(kind) for kind in ("pinned", "installed", "not_tried"))
    stated = [
        *((c.name, c.version, c.python, ", ".join(c.reads), c.said or SAME) for c in pinned),
        *((c.name, "", ", ".join(c.reads), c.said or SAME) for c in installed),
        *((c.name, "", "", "", f"not tried: {c.said}") for c in not_tried),
    ]
    last = len(pinned) + len(installed)
    as_shown = [row if not len(pinned) <= n < last else (row[0], *row[2:]) for n, row in enumerate(page)]
    assert as_shown == stated, "`make clients` writes the table anew"
    assert all(row[1] for row in page[:last])


def test_an_environment_holds_pinned_packages_alone() -> None:
    packages = [package for client in clients("pinned") for package in client.packages]
    assert len(packages) > 20 and all(package.count("==") == 1 for package in packages)
