"""Serving a release's site to the browser of this machine."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from releases.release import Release
from releases.site.reference import INDEX
from sources.errors import LabourdbError

LOCAL = "127.0.0.1"
DEFAULT_PORT = 80  # which browsers leave out of the host they name
MOST_CONNECTIONS = 32
QUIET_SECONDS = 10  # without a byte
ASKING_SECONDS = 15  # for a whole request
ANSWERING_SECONDS = 600  # for a whole answer


class _Handler(SimpleHTTPRequestHandler):
    """Serves a release's files to a browser on this machine: no listings, nothing outside the release, no word of errors."""

    server: _Server
    server_version = "labourdb"
    sys_version = ""
    timeout = QUIET_SECONDS

    def parse_request(self) -> bool:
        """Whether the request is one for this server: a page of elsewhere that leads a browser here names another host."""
        if not super().parse_request():
            return False
        self.server.has_asked(self.connection)
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        return True

    def do_GET(self) -> None:
        """A file; browsers also ask for an icon, which the site has none of."""
        where = self.path.split("?")[0]
        if where == "/favicon.ico":
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
        elif where == "/":
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"/{INDEX}")
            self.end_headers()
        else:
            super().do_GET()

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Begin the answer with a file of the release, or say that there is none."""
        root = Path(os.path.realpath(self.directory))
        try:
            place = Path(os.path.realpath(self.translate_path(self.path)))
            if place.is_file() and place.is_relative_to(root):
                return super().send_head()
        except (ValueError, OSError):  # a name no file can have
            pass
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def end_headers(self) -> None:
        """Tell browsers to take files for what they are called, and others to show them in no frame."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""


class _Server(ThreadingHTTPServer):
    """At most ``MOST_CONNECTIONS`` at once, none for ever, and no trace of what went wrong in one of them."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, port: int, folder: Path) -> None:
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._ends: dict[socket.socket, float] = {}
        super().__init__((LOCAL, port), partial(_Handler, directory=str(folder)))
        names = (LOCAL, "localhost")
        self.hosts = {f"{name}:{self.server_port}" for name in names}
        if self.server_port == DEFAULT_PORT:
            self.hosts |= set(names)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection if one more may be open, else close it."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._ends[request] = time.monotonic() + ASKING_SECONDS
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._done(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._done(request)

    def _done(self, request: socket.socket) -> None:
        if self._ends.pop(request, None) is not None:
            self._free.release()

    def has_asked(self, request: socket.socket) -> None:
        """A connection has asked in time and may take its answer."""
        self._ends[request] = time.monotonic() + ANSWERING_SECONDS

    def service_actions(self) -> None:
        """End connections that take too long."""
        now = time.monotonic()
        for request, end in list(self._ends.items()):
            if end < now:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is nobody's concern, and a trace is nobody's to read."""


@contextmanager
def served(release: Release, port: int) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """A server of one release's folder on this machine alone; yields it and the address of its site.

    The caller lets it ``serve_forever``. Port 0 takes a free one. Raises ``LabourdbError`` if the release has no site
    or the port is taken.
    """
    if not (release.path / INDEX).exists():
        raise LabourdbError(f"Release {release.id} has no site: it was made by an older version. Run again.")
    try:
        server = _Server(port, release.path)
    except OSError as error:
        raise LabourdbError(
            f"Port {port} cannot be used ({error.strerror}). Name another with --port."
        ) from None
    with server:
        yield server, f"http://{LOCAL}:{server.server_port}/{INDEX}"
