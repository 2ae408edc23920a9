"""Which kinds of blocks were fastest when placed in float, by machine and runtime: races try these first.

A line a race in one file of the home. What cannot be read is ignored, and what cannot be written is not remembered:
a race without a memory times every placement itself.
"""

from pathlib import Path

from pydantic import ValidationError

from engine.results import Result
from engine.store.folders import append_line, last_lines

READ_BYTES = 65_536
"""Only the newest lines count: those in so many bytes."""


class PlacementKey(Result):
    """The conditions under which a placement was measured; `blocks` are the kinds that the graph has."""

    cpu: str
    cores: int
    threads: int
    batch_size: int
    runtime: str
    blocks: tuple[str, ...]


class Placement(PlacementKey):
    """`changed` are the kinds of blocks that were placed otherwise than all in 8 bits in the fastest file."""

    changed: tuple[str, ...]


def remember_placement(path: Path, key: PlacementKey, changed: tuple[str, ...]) -> None:
    """Add a line, where the file does not say so already."""
    if read_placement(path, key) == changed:
        return
    try:
        append_line(path, Placement(**key.model_dump(), changed=changed))
    except OSError:  # a full disk, or a home that this process may not write to: the race itself is not affected
        return


def read_placement(path: Path, key: PlacementKey) -> tuple[str, ...] | None:
    """The kinds that the newest line under these conditions names; None where there is none."""
    try:
        lines = last_lines(path, READ_BYTES)
    except OSError:
        return None
    for line in reversed(lines):
        placement = _placement(line)
        if placement is not None and PlacementKey(**placement.model_dump(exclude={"changed"})) == key:
            return placement.changed
    return None


def _placement(line: bytes) -> Placement | None:
    try:
        return Placement.model_validate_json(line)
    except ValidationError:  # cut short, or of another version
        return None
