"""A bound on the uploads that the web process holds in memory, on behalf of all sessions together."""

from starlette.exceptions import HTTPException
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

MAX_HELD_BYTES = 1_200_000_000
"""One upload of the largest size, and some small ones; each is moved to the disk when its page takes it."""


class _Quota:
    """Stands before Streamlit's manager of uploads, which by itself takes any number under any invented name."""

    def __init__(self, manager: MemoryUploadedFileManager) -> None:
        self._manager = manager
        self._add, self._urls = manager.add_file, manager.get_upload_urls
        self._issued: set[tuple[str, str]] = set()

    def get_upload_urls(self, session_id: str, file_names: list[str]) -> list[UploadFileUrlInfo]:
        """The addresses for a session's files, which are remembered."""
        urls = self._urls(session_id, file_names)
        self._issued.update((session_id, url.file_id) for url in urls)
        return urls

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep an upload. Raises HTTPException: 403 for an address that was not given out, 413 where it is too much."""
        if (session_id, file.file_id) not in self._issued:
            raise HTTPException(status_code=403, detail="This address was not given out for an upload")
        held = sum(len(one.data) for files in tuple(self._manager.file_storage.values()) for one in files.values())
        if held + len(file.data) > MAX_HELD_BYTES:
            raise HTTPException(status_code=413, detail="Too many uploads at once: wait until another one is stored")
        self._issued.discard((session_id, file.file_id))
        self._add(session_id, file)


def bound_uploads() -> None:
    """Put the quota before this process's manager of uploads, once; the first session of a process comes by here."""
    if not runtime.exists():
        return
    manager = runtime.get_instance().uploaded_file_mgr
    if isinstance(manager, MemoryUploadedFileManager) and "add_file" not in vars(manager):
        quota = _Quota(manager)
        vars(manager).update(add_file=quota.add_file, get_upload_urls=quota.get_upload_urls)
