"""The result of an export."""

from engine.results.base import Note, Result


class ExportedFile(Result):
    """A file that was written, by its address at the destination."""

    path: str
    size_bytes: int
    sha256: str


class ExportedFiles(Result):
    """What an export wrote. `location` is the folder, the repository or the run that holds it."""

    location: str
    files: tuple[ExportedFile, ...]
    replaced: bool = False
    """Whether something of the same name was there before."""
    notes: tuple[Note, ...] = ()

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)
