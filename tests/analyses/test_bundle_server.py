"""The server of a bundle, started and ended: nothing of it stays."""

import psutil

from engine.analyses import bundle_server
from tests.jobs.standins import alive

STUBBORN = """
import argparse, http.server, subprocess, sys
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
port = parser.parse_known_args()[0].port
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
Path("child").write_text(str(child.pid))
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", port), Ready).serve_forever()
"""
"""It starts a process of its own, and does not end when its standard input does."""


def test_a_server_that_does_not_end_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_server, "STOP_SECONDS", 0.1)
    (tmp_path / "serve.py").write_text(STUBBORN)
    with bundle_server.bundle_server(tmp_path, tmp_path / "log.txt", 1, 0.0):
        child = psutil.Process(int((tmp_path / "child").read_text()))
        assert child.is_running()
    psutil.wait_procs([child], timeout=10)
    assert not alive(child.pid)
