"""Finds the files of a folder by the names that label files give them."""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from engine.data.tree import IMAGE_SUFFIXES

_SAME_ENDING = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}


class FileIndex:
    """The files below a folder, by their paths within it (`ids`, with forward slashes).

    A name is found as it is written; else without regard to case, kind of slash and spelling of the ending (.jpeg for
    .jpg, or none at all); else without leading folders that are not there (images/, an absolute path), or with leading
    folders that only one file has.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._ids: dict[str, str | None] = {}
        self._stems: dict[str, str | None] = {}
        self._tails: dict[str, str | None] = {}
        self._folders: set[str] = set()
        for id in files:
            key = _key(id)
            stem, ending = _split_ending(key)
            _add(self._ids, stem + ending, id)
            if ending:
                _add(self._stems, stem, id)
            self._folders |= {folder for folder, _ in _cuts(key)}

    def __len__(self) -> int:
        return len(self._files)

    def find(self, name: str, *, without: str = "") -> str | None:
        """The id of the file of this name without the leading folder; None where there is none, or more than one."""
        plain = _plain(name).removeprefix(without)
        if plain in self._files:
            return plain
        stem, ending = _split_ending(_key(plain))
        for key in (stem + ending, *self._without_folders(stem + ending)):
            table = self._ids if ending else self._stems
            found = table.get(key) or self._ids.get(key)
            if found is not None:
                return found
        return self._by_tail(stem + ending)

    @staticmethod
    def common_folder(names: Sequence[str]) -> str:
        """The leading folders that all names share, with a slash behind them; empty where there are none."""
        first, last = min(map(_plain, names), default=""), max(map(_plain, names), default="")
        pairs = zip(first.split("/")[:-1], last.split("/")[:-1], strict=False)
        return "".join(f"{a}/" for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))

    def _without_folders(self, key: str) -> Iterator[str]:
        """The name without its first folder, its first two and so on, as long as none of these is there."""
        for folder, rest in _cuts(key):
            if folder in self._folders:
                return
            yield rest

    def _by_tail(self, key: str) -> str | None:
        if not self._tails:
            self._add_tails()
        return self._tails.get(key)

    def _add_tails(self) -> None:
        for id in self._files:
            stem, ending = _split_ending(_key(id))
            for _, rest in _cuts(stem):
                _add(self._tails, rest + ending, id)
                _add(self._tails, rest, id)


def _add(table: dict[str, str | None], key: str, id: str) -> None:
    """Adds the id of a key; None where two files have it."""
    table[key] = id if table.get(key, id) == id else None


def _cuts(key: str) -> Iterator[tuple[str, str]]:
    """A path cut at each of its slashes: the folders before it and the rest."""
    position = key.find("/")
    while position >= 0:
        yield key[:position], key[position + 1 :]
        position = key.find("/", position + 1)


def _plain(name: str) -> str:
    """The name with forward slashes, without a drive, file://, a leading slash, or `./`."""
    name = re.sub(r"^(file://|[A-Za-z]:(?=/))", "", name.replace("\\", "/"))
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _split_ending(key: str) -> tuple[str, str]:
    """The key without the ending of an image, and that ending, spelled as the most do."""
    stem, dot, ending = key.rpartition(".")
    ending = dot + ending
    if not stem or ending not in IMAGE_SUFFIXES:
        return key, ""
    return stem, _SAME_ENDING.get(ending, ending)
