"""docs/clients.md shows the clients that ``make clients`` opens a release with, in the versions of its matrix."""

from __future__ import annotations

from support.clients import clients, rows, shown


def test_the_page_shows_every_client_of_the_matrix() -> None:
    """In its order and its versions; of clients that are not pinned the page alone says which."""
    page = shown()
    versions = {name: version for name, version, *_ in page}
    assert page == rows(lambda client: versions.get(client.name, "?")), "`make clients` writes the table anew"
    assert len(page) > 20 and all(versions[c.name] for kind in ("pinned", "installed") for c in clients(kind))


def test_an_environment_holds_pinned_packages_alone() -> None:
    packages = [package for client in clients("pinned") for package in client.packages]
    assert len(packages) > 20 and all(package.count("==") == 1 for package in packages)
