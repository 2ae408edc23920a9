"""The web server, by what a foreign page or a script could send to it; no browser takes part."""

import asyncio
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import Response
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from websockets.sync.client import ClientConnection, connect

from pages._ui import upload_quota
from tests.e2e.serving import App

MB = 1_000_000
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
    for _ in range(2):  # every request comes by
        assert upload_quota.upload_quota() is not None
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


def peak_bytes(app: App) -> int:
    """The most memory that the server has ever held."""
    (line,) = [line for line in Path(f"/proc/{app.server_pid}/status").read_text().splitlines() if "VmHWM" in line]
    return 1024 * int(line.split()[1])


def a_session(connection: ClientConnection) -> str:
    """The id of the session that a script opens, as a browser does."""
    connection.send(BackMsg(rerun_script=ClientState()).SerializeToString())
    while True:
        message = ForwardMsg.FromString(connection.recv(timeout=60))
        if message.WhichOneof("type") == "new_session":
            return message.new_session.initialize.session_id


def put(app: App, path: str, n_bytes: int, *headers: str) -> int | None:
    """The status of the answer to a PUT of a file of so many bytes; None where the connection was closed meanwhile."""
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="m.onnx"\r\n\r\n'
    lines = [f"PUT {path} HTTP/1.1", f"Host: localhost:{app.port}", *headers, "", ""]
    with socket.create_connection(("localhost", app.port), timeout=30) as connection:
        try:
            connection.sendall("\r\n".join(lines).encode() + head)
            for _ in range(n_bytes // MB):
                connection.sendall(bytes(MB))
            connection.sendall(b"\r\n--b--\r\n")
            return int(connection.recv(64).split()[1])
        except (BrokenPipeError, ConnectionResetError):
            return None


def test_a_flood_of_uploads_that_no_page_asked_for_is_refused_unread(app):
    """By a script with a session of its own and Streamlit's token, too; 1.1 GB were held where each was read."""
    with urllib.request.urlopen(app.address("_stcore/health")) as answered:
        cookie = answered.headers["Set-Cookie"].split(";")[0]
    token = (f"Cookie: {cookie}", f"X-Xsrftoken: {cookie.partition('=')[2]}")
    body = ("Content-Type: multipart/form-data; boundary=b", f"Content-Length: {60 * MB + 80}")
    address, origin = f"localhost:{app.port}", f"http://localhost:{app.port}"
    with connect(f"ws://{address}/_stcore/stream", origin=origin, max_size=None) as connection:
        path = f"/_stcore/upload_file/{a_session(connection)}/00000000-0000-4000-8000-000000000000"
        before = peak_bytes(app)
        assert put(app, path, 0, *token, *body[:1], "Content-Length: 1000000000") == 403
        assert {put(app, path, 60 * MB, *token, *body) for _ in range(3)} <= {403, None}
    assert peak_bytes(app) - before < 60 * MB


def scope(path: str, *headers: tuple[str, str]) -> dict:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": "http", "method": "PUT", "path": path, "headers": raw}


def answers(manager, path: str, *headers: tuple[str, str], body=(), inner=None) -> int:
    """The status with which the gate, or Streamlit behind it (204), answers a PUT whose messages are these."""
    sent, messages = [], iter(body)

    async def behind(scope, receive, send):
        if inner is not None:
            await inner(receive)
        await Response(status_code=204)(scope, receive, send)

    async def receive():
        message = next(messages, None)
        return message if message is not None else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    asyncio.run(upload_quota.UploadGate(behind)(scope(path, *headers), receive, send))
    return sent[0]["status"]


def test_what_is_on_its_way_counts_before_it_is_read(manager):
    one, two = (manager.get_upload_urls("a", ["m.onnx"])[0] for _ in range(2))
    six = ("content-length", "6")

    async def another(receive):
        assert not vars(manager)["quota"].has_room(6)

    assert answers(manager, one.upload_url, six, inner=another) == 204
    assert answers(manager, one.upload_url, six) == 204  # its room is free again
    manager.add_file("a", upload(one.file_id, 6))
    assert answers(manager, two.upload_url, six) == 413
    assert answers(manager, two.upload_url, ("content-length", "4")) == 204
    assert answers(manager, f"/base{two.upload_url}", ("content-length", "4")) == 204
    assert answers(manager, one.upload_url, ("content-length", "1")) == 403  # it was used
    assert answers(manager, two.upload_url) == 411
    assert answers(manager, two.upload_url, ("content-length", "4"), ("transfer-encoding", "chunked")) == 411
    manager.remove_session_files("a")
    assert answers(manager, two.upload_url, ("content-length", "4")) == 403


def test_an_upload_that_stalls_ends_as_if_its_browser_had_gone(manager, monkeypatch):
    monkeypatch.setattr(upload_quota, "STALL_SECONDS", 0.01)
    (url,) = manager.get_upload_urls("a", ["m.onnx"])
    got = []

    async def read(receive):
        got.extend([await receive(), await receive()])

    part = {"type": "http.request", "body": b"x", "more_body": True}
    assert answers(manager, url.upload_url, ("content-length", "6"), body=[part], inner=read) == 204
    assert got == [part, {"type": "http.disconnect"}]
