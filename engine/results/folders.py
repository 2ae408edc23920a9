"""How the folders of a set of images were read."""

from engine.results.base import Note, Result
from engine.settings import FolderRole


class FolderUse(Result):
    """What one folder was read as, with the number of its files that may be images."""

    name: str
    role: FolderRole
    n_images: int


class FolderReading(Result):
    """The reading as a sentence, and the folders that can be read as something else.

    Where no folder is a split, left out or named by the request, they are classes alone and `folders` is empty.
    """

    note: Note
    folders: tuple[FolderUse, ...] = ()
