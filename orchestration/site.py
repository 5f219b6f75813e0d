"""What the release site needs from outside the release, and serving a site on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb

from orchestration.dictionary import dictionary
from orchestration.home import SEEDS
from releases.release import Release
from releases.site.reference import INDEX, Reference
from sources.errors import LabourdbError

LOCAL = "127.0.0.1"


def site_reference(kept: Path) -> Reference:
    """The dictionary, and name and province of every area of both lists; ``kept`` takes compiled charts."""
    areas = duckdb.execute(
        "select a.area_version::varchar as area_version, a.code as area_code, a.name as area_name,"
        " coalesce(d.parent_code, a.parent_code, a.code) as province_code"
        " from read_csv($areas, all_varchar = true) as a"
        " left join read_csv($areas, all_varchar = true) as d"
        " on d.level = 'district' and a.area_version = d.area_version and a.parent_code = d.code",
        {"areas": str(SEEDS / "areas.csv")},
    ).df()
    return Reference(dictionary(), areas, kept)


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a release's files and says nothing of every request."""

    def do_GET(self) -> None:
        """A file; browsers also ask for an icon, which the site has none of."""
        if self.path == "/favicon.ico":
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(release: Release, port: int) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """A server of one release's folder on this machine alone; yields it and the address of its site.

    The caller lets it ``serve_forever``. Port 0 takes a free one. Raises ``LabourdbError`` if the release has no site
    or the port is taken.
    """
    if not (release.path / INDEX).exists():
        raise LabourdbError(f"Release {release.id} has no site: it was made by an older version. Run again.")
    try:
        server = ThreadingHTTPServer((LOCAL, port), partial(_Quiet, directory=str(release.path)))
    except OSError as error:
        raise LabourdbError(
            f"Port {port} cannot be used ({error.strerror}). Name another with --port."
        ) from None
    with server:
        yield server, f"http://{LOCAL}:{server.server_port}/{INDEX}"
