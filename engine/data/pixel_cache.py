"""The decoded pixels of a part, kept in the home's cache: evaluated again, nothing is decoded."""

from engine.data.parts import Examples, Part
from engine.data.pool import digest
from engine.data.reading import ReadProgress, no_read_progress
from engine.errors import LimitError
from engine.store.cache import Cache
from engine.store.home import FREE_FLOOR_BYTES
from engine.system.machine import versions
from engine.wording import many

MAX_BYTES = 2_000_000_000
"""The most that a part may take, a fifth of the cache, so that it leaves room for models: 13,286 images of 224 px."""


def with_cached_pixels(part: Examples, cache: Cache, on_progress: ReadProgress = no_read_progress) -> Examples:
    """The same part, its pixels decoded once for every job with these images and this preprocessing.

    The part itself where its pixels are there already, and where they would take more than MAX_BYTES or the disk has no
    room for them: it then decodes as it is read.
    """
    if not isinstance(part, Part) or part.array is not None or len(part) == 0:
        return part
    n_bytes = len(part) * part.pixels(0).size
    if n_bytes > MAX_BYTES:
        return part
    key = digest(["pixels", part.hashes, part.preprocess.model_dump(mode="json"), versions()])
    entry = cache.get(key)
    if entry is None:
        if cache.free_bytes < n_bytes + FREE_FLOOR_BYTES:
            return part
        on_progress(0.0, f"decoding {many(len(part), part.noun)}")
    try:
        return part.cached(entry or cache.put(key, part.cached))
    except (LimitError, OSError):  # the disk filled meanwhile
        return part
