"""The web server, by what a foreign page or a script could send to it; no browser takes part."""

import socket
from collections.abc import Iterator

import pytest
from starlette.exceptions import HTTPException
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from pages._ui import upload_quota
from tests.e2e.serving import App

HANDSHAKE = (
    "GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("app"))
    app.start()
    yield app
    app.stop()


def answer(app: App, host: str) -> int:
    """The status of the server's answer to a page of this host that wants to talk to it."""
    with socket.create_connection(("localhost", app.port), timeout=30) as connection:
        connection.sendall(HANDSHAKE.format(host=host).encode())
        return int(connection.recv(64).split()[1])


@pytest.mark.parametrize(("host", "status"), [
    ("localhost:{port}", 101), ("127.0.0.1:{port}", 101), ("[::1]:{port}", 101), ("evil.example:{port}", 403),
    ("localhost.evil.example:{port}", 403), ("127.0.0.1.evil.example", 403),
])  # fmt: skip
def test_a_page_of_another_site_that_resolves_to_this_machine_is_refused(app, host, status):
    assert answer(app, host.format(port=app.port)) == status


@pytest.fixture
def manager(monkeypatch) -> MemoryUploadedFileManager:
    """Streamlit's manager of uploads behind the quota, which is 10 bytes here."""
    manager = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(upload_quota, "MAX_HELD_BYTES", 10)
    monkeypatch.setattr("streamlit.runtime.exists", lambda: True)
    monkeypatch.setattr("streamlit.runtime.get_instance", lambda: type("R", (), {"uploaded_file_mgr": manager}))
    for _ in range(2):  # every script run comes by
        upload_quota.bound_uploads()
    return manager


def upload(id: str, n_bytes: int) -> UploadedFileRec:
    return UploadedFileRec(id, "m.onnx", "application/octet-stream", b"x" * n_bytes)


def test_an_upload_that_no_page_asked_for_is_refused(manager):
    with pytest.raises(HTTPException, match="403"):
        manager.add_file("session", upload("invented", 1))
    (url,) = manager.get_upload_urls("session", ["m.onnx"])
    with pytest.raises(HTTPException, match="403"):
        manager.add_file("another", upload(url.file_id, 1))
    manager.add_file("session", upload(url.file_id, 1))
    assert [len(one.data) for one in manager.get_files("session", [url.file_id])] == [1]


def test_all_sessions_together_hold_no_more_than_the_quota(manager):
    one, two = (manager.get_upload_urls(session, ["m.onnx"])[0].file_id for session in ("a", "b"))
    manager.add_file("a", upload(one, 6))
    with pytest.raises(HTTPException, match="413"):
        manager.add_file("b", upload(two, 6))
    manager.remove_session_files("a")
    manager.add_file("b", upload(two, 6))
    assert manager.get_files("b", [two])
