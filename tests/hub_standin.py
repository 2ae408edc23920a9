"""A stand-in of the Hugging Face Hub on the loopback interface: it speaks what its client asks to publish and to load.

Every file is part of the commit: what the Hub stores beside git goes through servers of its own.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_a_token_of_the_tests"


class Hub:
    """Repositories by name, each with its files; `hidden` are those that the token does not see, and `fails_at` is a
    word of a path whose requests fail."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.hidden: set[str] = set()
        self.fails_at = ""
        self.endpoint = ""


@contextmanager
def running_hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._answer(*self._get())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._answer(*self._post(self._body()))

    def do_DELETE(self) -> None:
        body = json.loads(self._body())
        self.hub.repositories.pop(f"{body['organization']}/{body['name']}", None)
        self._answer(200, {})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _path(self) -> str:
        return unquote(urlsplit(self.path).path)

    def _allowed(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _get(self) -> tuple[int, object]:
        path = self._path()
        if path.startswith("/api/models/"):
            repository = "/".join(path.split("/")[3:5])
            files = self.hub.repositories.get(repository)
            if files is None or repository in self.hub.hidden:
                return 404, {}
            if "/tree/" in path:
                return 200, [_entry(name, content) for name, content in sorted(files.items())]
            return 200, {"id": repository, "sha": "0" * 40, "siblings": [{"rfilename": name} for name in files]}
        if path == "/api/whoami-v2":
            return (200, {"name": "me", "type": "user", "orgs": []}) if self._allowed() else (401, {})
        repository, _, file = path.strip("/").partition("/resolve/main/")
        content = self.hub.repositories.get(repository, {}).get(file)
        return (404, {}) if content is None else (200, content)

    def _post(self, body: bytes) -> tuple[int, object]:
        path = self._path()
        if not self._allowed():
            return 401, {"error": "Invalid credentials"}
        if self.hub.fails_at and self.hub.fails_at in path:
            return 500, {"error": "broken"}
        if path == "/api/repos/create":
            asked = json.loads(body)
            repository = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            if repository in self.hub.hidden:
                return 409, {"error": "You already created this model repo"}
            self.hub.repositories.setdefault(repository, {})
            self.hub.private[repository] = bool(asked.get("private")) or asked.get("visibility") == "private"
            return 200, {"url": f"{self.hub.endpoint}/{repository}"}
        repository = "/".join(path.split("/")[3:5])
        if "/preupload/" in path:
            return 200, {"files": [_mode(one) for one in json.loads(body)["files"]]}
        if "/commit/" not in path:  # the client has the card checked first
            return 200, {"errors": [], "warnings": []}
        for line in body.splitlines():
            change = json.loads(line)
            if change["key"] == "file":
                value = change["value"]
                self.hub.repositories[repository][value["path"]] = base64.b64decode(value["content"])
        address = f"{self.hub.endpoint}/{repository}/commit/{'1' * 40}"
        return 200, {"success": True, "commitOid": "1" * 40, "commitUrl": address}

    def _answer(self, status: int, content: object) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if status == 404:
            self.send_header("X-Error-Code", "EntryNotFound" if "/resolve/" in self.path else "RepoNotFound")
        if isinstance(content, bytes):
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "1" * 40)
            self.send_header("Content-Type", "application/octet-stream")
        else:
            self.send_header("Content-Type", "application/json")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _entry(name: str, content: bytes) -> dict:
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


def _mode(file: dict) -> dict:
    return {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
