"""The state of a training on disk, so that it survives a process that is killed."""

import os
from pathlib import Path
from typing import Any

import torch

EVERY_SECONDS = 15.0
"""The most training that is lost, beside the epoch under way: writing after every short epoch would cost more."""


def write(path: Path, state: dict[str, Any]) -> None:
    """Replaces the file at once: a write that fails leaves the old one. Raises OSError (a full disk, for one)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any] | None:
    """The state that was written, or None where there is no file; loads tensors and plain values only, no code."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
