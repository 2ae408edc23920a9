"""A bundle's server as a process: it answers, says what is wrong with an image, and ends with whoever started it."""

import http.client
import io
import json
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from PIL import Image

from engine.analyses.bundle_server import bundle_server
from engine.data import preprocess
from engine.errors import RunError
from engine.export.serving.parts import TEMPLATES
from engine.settings import ServeChoice

INFER = """
import numpy as np
class Model:
    def __init__(self, folder=None):
        self.labels = ["dark", "bright"]
    def preprocess(self, image):
        if image.width > 50:
            raise ValueError("too wide for this model")
        return np.asarray(image.convert("L"), np.float32)[None, :4, :4]
    def predict_prepared(self, inputs):
        return inputs.reshape(len(inputs), -1)[:, :2]
    def top(self, scores):
        return [(self.labels[int(scores[0] > 128)], 1.0)]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("bundle")
    for name in ("serve.py", "gate.py"):
        shutil.copy(TEMPLATES / name, place)
    shutil.copy(preprocess.__file__, place)
    (place / "infer.py").write_text(INFER)
    (place / "bundle.json").write_text(json.dumps({"model": {"sha256": "a" * 64}}))
    (place / "serve.json").write_text(ServeChoice().model_dump_json())
    return place


@pytest.fixture(scope="module")
def port(folder):
    with bundle_server(folder, folder / "log.txt", 4, 2.0) as port:
        yield port


def png(shade: int, width: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, 8), shade).save(buffer, "PNG")
    return buffer.getvalue()


def ask(port: int, body: bytes | None, path: str = "/predict"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET" if body is None else "POST", path, body, {"Content-Type": "image/png"})
    reply = connection.getresponse()
    return reply.status, dict(reply.getheaders()), reply.read()


def test_it_answers_images_and_says_what_is_wrong_with_others(port):
    assert ask(port, None, "/health")[0] == 200
    status, headers, body = ask(port, png(200))
    assert (status, json.loads(body)["top"][0]["label"], headers["x-batch-size"]) == (200, "bright", "1")
    assert ask(port, png(200))[1]["x-cache"] == "hit"
    status, _, body = ask(port, png(1)[:45])
    assert (status, "send a whole PNG" in body.decode()) == (422, True)
    status, _, body = ask(port, png(1, width=60))
    assert (status, "too wide for this model" in body.decode()) == (422, True)
    assert b'serve_requests_total{status="422"} 2.0' in ask(port, None, "/metrics")[2]


def test_messages_between_its_processes_are_not_kept_back(folder):
    """Else each of more than 16 KiB, as a photo is, waits 40 ms for an acknowledgement, twice an answer."""
    look = """
import os, serve, socket
from multiprocessing import connection
listener = connection.Listener()
for end in (connection.Client(listener.address), listener.accept()):
    print(socket.socket(fileno=os.dup(end.fileno())).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
"""
    found = subprocess.run([sys.executable, "-c", look], cwd=folder, check=True, capture_output=True, text=True)
    assert [int(line) > 0 for line in found.stdout.split()] == [True, True]


def test_a_client_that_leaves_does_not_disturb_the_others(port):
    with socket.create_connection(("127.0.0.1", port)) as one:
        body = png(33)
        one.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body[:10]))
    assert ask(port, png(34))[0] == 200
    with socket.create_connection(("127.0.0.1", port)) as one:
        one.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    assert ask(port, png(35))[0] == 200


def test_a_port_that_is_taken_is_said_in_a_sentence(folder, port):
    command = [sys.executable, str(folder / "serve.py"), "--port", str(port)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: port {port} of 127.0.0.1 cannot be used")
    assert "Traceback" not in ended.stderr


def test_it_ends_with_its_standard_input_also_where_a_shell_has_it_ignore_interrupts(folder, tmp_path, monkeypatch):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    started, popen, log = [], subprocess.Popen, tmp_path / "log.txt"
    monkeypatch.setattr(
        subprocess, "Popen", lambda *command, **how: started.append(popen(*command, **how)) or started[-1]
    )
    with bundle_server(folder, log, 1, 0.0) as port:
        pass
    (server,) = started
    assert server.returncode == 0, "it had to be killed"
    assert f":{port}/predict, one image a call\n" in log.read_text()


def test_a_server_that_cannot_start_is_told_with_the_end_of_its_log(folder, tmp_path):
    place = tmp_path / "broken"
    shutil.copytree(folder, place)
    (place / "serve.json").write_text("{}")
    with pytest.raises(RunError, match="ended at once"), bundle_server(place, tmp_path / "log.txt", 1, 0.0):
        pass
