"""The server of a release's site: for this machine's browser alone, and never at a loss."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.tasks import serve
from orchestration.tasks.serve import served
from releases.release import Release
from releases.site.reference import INDEX

PAGE = "<p>page</p>"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The port of a served release with a page, a folder, and links."""
    release = tmp_path / "2025Q4.1"
    (release / INDEX).parent.mkdir(parents=True)
    (release / INDEX).write_text(PAGE)
    (release / "tables").mkdir()
    (release / "tables/a.parquet").write_bytes(b"PAR1")
    (tmp_path / "secret").write_text("secret")
    (release / "out").symlink_to(tmp_path / "secret")
    (release / "up").symlink_to(tmp_path)
    with served(Release("2025Q4.1", release), 0) as (server, _):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(
    port: int, path: str, host: str | None = None, method: str = "GET"
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={} if host is None else {"Host": host})
    answer = connection.getresponse()
    return (
        answer.status,
        {k.lower(): v for k, v in answer.getheaders()},
        answer.read().decode(errors="replace"),
    )


def raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        found = b""
        while chunk := connection.recv(65_536):
            found += chunk
        return found


def test_files_are_served(port: int) -> None:
    assert ask(port, f"/{INDEX}")[::2] == (200, PAGE)
    assert ask(port, f"/{INDEX}?a=1", f"LOCALHOST:{port}")[0] == 200
    assert ask(port, "/tables/a.parquet")[::2] == (200, "PAR1")
    assert ask(port, f"/{INDEX}", method="HEAD")[::2] == (200, "")
    status, headers, _ = ask(port, "/")
    assert (status, headers["location"]) == (302, f"/{INDEX}")
    assert headers["server"].strip() == "labourdb" and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "127.0.0.1:{port}.evil"])  # fmt: skip
def test_another_host_is_not_this_one(port: int, host: str) -> None:
    status, _, body = ask(port, f"/{INDEX}", host.format(port=port))
    assert status == 421 and PAGE not in body


def test_no_host_or_two_are_none(port: int) -> None:
    own = f"Host: 127.0.0.1:{port}\r\n".encode()
    for headers in (b"", own + b"Host: evil.example\r\n", own + own):
        answer = raw(port, b"GET /" + INDEX.encode() + b" HTTP/1.1\r\n" + headers + b"\r\n")
        assert answer.startswith(b"HTTP/1.0 421"), answer


@pytest.mark.parametrize(
    "path",
    ["/tables", "/tables/", "/site", "/site/", "/up/", "/out", "/up/secret", "/../secret", "/%2e%2e/secret", "//site/",
     "/%00", "/a%00.html", "/" + "x" * 5_000, "/site/index.html/", "/tables/../../secret"],
)  # fmt: skip
def test_nothing_else_is_there(port: int, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    status, headers, body = ask(port, path)
    assert status == 404 and "location" not in headers
    assert "secret" not in body.replace("/secret", "") and "a.parquet" not in body and "Traceback" not in body
    assert ask(port, f"/{INDEX}")[0] == 200
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("request_", [b"\x16\x03\x01\x00\xff", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n",
                                      b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"X" * 70_000 + b"\r\n\r\n"])  # fmt: skip
def test_what_is_no_request_leaves_no_trace(
    port: int, request_: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request_)
    assert ask(port, f"/{INDEX}")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_connections_are_bounded_and_end(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "ASKING_SECONDS", 2.0)
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(serve.MOST_CONNECTIONS)]
    time.sleep(0.3)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(port, f"/{INDEX}")
    began = time.monotonic()
    for i in range(25):  # a byte now and then does not keep a connection
        time.sleep(0.1)
        for connection in idle:
            try:
                connection.send(b"GET / HTTP/1.1\r\n"[i % 16 : i % 16 + 1])
            except OSError:
                break
    assert ask(port, f"/{INDEX}")[0] == 200 and time.monotonic() - began < 10
    for connection in idle:
        connection.close()
