# SPDX-License-Identifier: GPL-3.0-or-later
"""One file over HTTP: resumed, hashed, and told of when it fails."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hund_blender.errors import CancelledError, InstallError
from hund_blender.installer.bundle import Source
from hund_blender.installer.download import download

CONTENT = bytes(range(256)) * 4000
HALF = len(CONTENT) // 2


class Host(ThreadingHTTPServer):
    """Serves CONTENT, from the middle where asked, and breaks off where a test wants it."""

    knows_ranges = True
    breaks_off_after: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/uv-0-py3-none-any.whl"


class Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        begin = int(asked[6:-1]) if asked and self.server.knows_ranges else 0
        if begin >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(CONTENT) - begin))
        self.end_headers()
        self.wfile.write(CONTENT[begin : self.server.breaks_off_after])

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def host() -> Iterator[Host]:
    server = Host()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def source(host: Host) -> Source:
    return Source(host.url, hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def partial(tmp_path: Path, source: Source) -> Path:
    return tmp_path / f"{source.name}.part"


def no_matter(here: int, total: int) -> None:
    pass


def test_fetched_once(host: Host, source: Source, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = download(source, tmp_path, lambda here, total: told.append((here, total)))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert download(source, tmp_path, no_matter) == path
    assert host.ranges == [None]


def test_goes_on_where_it_was_cut_off(
    host: Host, source: Source, partial: Path, tmp_path: Path
) -> None:
    host.breaks_off_after = HALF
    with pytest.raises(InstallError, match="broke off"):
        download(source, tmp_path, no_matter)
    assert partial.read_bytes() == CONTENT[:HALF]
    host.breaks_off_after = None
    assert download(source, tmp_path, no_matter).read_bytes() == CONTENT
    assert host.ranges == [None, f"bytes={HALF}-"]


def test_starts_over_where_the_host_cannot_go_on(
    host: Host, source: Source, partial: Path, tmp_path: Path
) -> None:
    host.knows_ranges = False
    partial.write_bytes(CONTENT[:HALF])
    assert download(source, tmp_path, no_matter).read_bytes() == CONTENT


def test_all_there_but_not_renamed(source: Source, partial: Path, tmp_path: Path) -> None:
    partial.write_bytes(CONTENT)
    assert download(source, tmp_path, no_matter).read_bytes() == CONTENT


def test_wrong_hash_is_refused_and_forgotten(host: Host, partial: Path, tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="not what this release expects"):
        download(Source(host.url, "0" * 64), tmp_path, no_matter)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_keeps_what_is_there(source: Source, partial: Path, tmp_path: Path) -> None:
    def cancel(here: int, total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        download(source, tmp_path, cancel)
    assert 0 < partial.stat().st_size < len(CONTENT)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="network did not answer") as caught:
        download(Source("http://127.0.0.1:9/uv.whl", "0" * 64), tmp_path, no_matter)
    assert "pypi.org" in caught.value.remedy
