"""A training under way on disk, so that a process that is killed does not take it along."""

import os
from pathlib import Path
from typing import Any

import torch

EVERY_SECONDS = 15.0
"""As much training is lost at most, beside the epoch under way: writing after every short epoch would cost more."""


def write(path: Path, state: dict[str, Any]) -> None:
    """The whole file or the old one. Raises OSError (a full disk, for one)."""
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
    """What was written, or None where nothing was; tensors and plain values only, no code."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
