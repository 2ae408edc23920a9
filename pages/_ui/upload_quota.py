"""A bound on the uploads that the web process takes in and holds in memory, on behalf of all sessions together.

Streamlit by itself takes any number of files of any session under any invented name, reads each to its end, and only
then asks where to put it. Here a body is refused before it is read, unless a page has asked for it and there is room.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

MAX_HELD_BYTES = 1_200_000_000
"""One upload of the largest size, and some small ones; each is moved to the disk when its page takes it."""
STALL_SECONDS = 60.0
"""An upload that sends nothing for so long is ended, since it keeps room from others."""
NOT_ASKED_FOR = "This address was not given out for an upload"
NO_LENGTH = "An upload must say how long it is (Content-Length)"
TOO_MUCH = "Too many uploads at once: wait until another one is stored"


class UploadQuota:
    """Stands before Streamlit's manager of uploads; knows the addresses that were given out, and what is on its way."""

    def __init__(self, manager: MemoryUploadedFileManager) -> None:
        self.endpoint = manager.endpoint
        self._manager = manager
        self._add, self._urls, self._remove = manager.add_file, manager.get_upload_urls, manager.remove_session_files
        self._issued: set[tuple[str, str]] = set()
        self._coming_bytes = 0

    def get_upload_urls(self, session_id: str, file_names: list[str]) -> list[UploadFileUrlInfo]:
        """The addresses for a session's files, which are remembered."""
        urls = self._urls(session_id, file_names)
        self._issued.update((session_id, url.file_id) for url in urls)
        return urls

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep an upload. Raises HTTPException: 403 for an address that was not given out, 413 where it is too much."""
        if not self.is_issued(session_id, file.file_id):
            raise HTTPException(status_code=403, detail=NOT_ASKED_FOR)
        if self._held_bytes() + len(file.data) > MAX_HELD_BYTES:
            raise HTTPException(status_code=413, detail=TOO_MUCH)
        self._issued.discard((session_id, file.file_id))
        self._add(session_id, file)

    def remove_session_files(self, session_id: str) -> None:
        """Forget a session's files and addresses."""
        self._issued = {(session, id) for session, id in self._issued if session != session_id}
        self._remove(session_id)

    def is_issued(self, session_id: str, file_id: str) -> bool:
        """Whether a page has asked for this address, and nothing was uploaded to it yet."""
        return (session_id, file_id) in self._issued

    def has_room(self, n_bytes: int) -> bool:
        """Whether so many bytes more can be taken in."""
        return self._held_bytes() + self._coming_bytes + n_bytes <= MAX_HELD_BYTES

    @contextmanager
    def coming(self, n_bytes: int) -> Iterator[None]:
        """Keeps room for an upload that is on its way."""
        self._coming_bytes += n_bytes
        try:
            yield
        finally:
            self._coming_bytes -= n_bytes

    def _held_bytes(self) -> int:
        return sum(len(one.data) for files in tuple(self._manager.file_storage.values()) for one in files.values())


def upload_quota() -> UploadQuota | None:
    """The quota of this process, put before its manager of uploads the first time; None where there is no such one."""
    if not runtime.exists():
        return None
    manager = runtime.get_instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return None
    if "quota" not in vars(manager):
        quota = UploadQuota(manager)
        vars(manager).update(
            quota=quota,
            add_file=quota.add_file,
            get_upload_urls=quota.get_upload_urls,
            remove_session_files=quota.remove_session_files,
        )
    found: UploadQuota = vars(manager)["quota"]
    return found


class UploadGate:
    """ASGI middleware before Streamlit's endpoint of uploads: what is refused is refused unread."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a refused upload itself; anything else goes through, an upload with its room kept."""
        quota = upload_quota() if scope["type"] == "http" else None
        if quota is None or scope["method"] != "PUT":
            await self._app(scope, receive, send)
            return
        length = _length(Headers(scope=scope))
        refusal = _refusal(quota, scope["path"], length)
        if refusal is not None or length is None:
            status, text = refusal or (411, NO_LENGTH)
            await PlainTextResponse(text, status, headers={"Connection": "close"})(scope, receive, send)
            return
        with quota.coming(length), suppress(ClientDisconnect):  # a closed tab is no error of the server
            await self._app(scope, _in_time(receive), send)


def _refusal(quota: UploadQuota, path: str, length: int | None) -> tuple[int, str] | None:
    """Status and text for a PUT that is refused; nothing else of Streamlit's takes one."""
    session_id, _, file_id = path.rpartition(f"{quota.endpoint}/")[2].partition("/")
    if not quota.is_issued(session_id, file_id):
        return 403, NOT_ASKED_FOR
    if length is None:
        return 411, NO_LENGTH
    return None if quota.has_room(length) else (413, TOO_MUCH)


def _length(headers: Headers) -> int | None:
    """The length of the body, which the server holds the client to; None where it is not stated."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and "transfer-encoding" not in headers else None


def _in_time(receive: Receive) -> Receive:
    """The same, but as if the client had gone away where it sends nothing for too long."""

    async def next_message() -> Message:
        try:
            return await asyncio.wait_for(receive(), STALL_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}

    return next_message
