"""Mutates archives and images and reads them as a job does: `python -m tests.fuzz_images N [SEED]`.

Every mutant ends as data or as an error of the tree, with nothing outside its folder; anything else is a finding, whose
file is kept in the working directory.
"""

import gzip
import io
import random
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from engine.data import load
from engine.errors import FeatherweightError
from engine.settings import ImagesData, Preprocess, Split
from tests.fuzz import mutate
from tests.hostile_images import images, tar_bytes, zip_bytes, zstd

FILE_SECONDS = 20
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF")
PIXELS = Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)


def main(count: int, seed: int) -> int:
    """Tries `count` mutants, prints every finding, and returns 1 where there was one."""
    warnings.simplefilter("ignore")
    archives, pictures = _archives(), _pictures()
    signal.signal(signal.SIGALRM, _too_long)
    n_findings = 0
    for number in range(seed, seed + count):
        rng = random.Random(number)
        if number % 2:
            ending, content = rng.choice(archives)
            name, content = f"set.{ending}", mutate(content, rng)
        else:
            suffix, picture = rng.choice(pictures)
            name, content = "set.zip", zip_bytes({**images(3), f"cat/mutant.{suffix}": mutate(picture, rng)})
        n_findings += not _is_handled(name, content, number)
    print(f"{count} mutants of archives and images tried, {n_findings} findings")
    return 1 if n_findings else 0


def _is_handled(name: str, content: bytes, number: int) -> bool:
    """Whether a mutant ends as data or as an error of the tree; prints the finding and keeps its file where not."""
    with tempfile.TemporaryDirectory() as top:
        path = Path(top) / name
        path.write_bytes(content)
        signal.alarm(FILE_SECONDS)
        try:
            work = Path(top) / "work"
            data = load(ImagesData(path=str(path)), Split(), PIXELS, 0, merge_train=True, n_outputs=None, work=work)
            for part in data.parts.values():
                list(part.batches(8))
        except FeatherweightError:
            pass
        except Exception as error:  # noqa: BLE001 (what else can come out of a parser is the question)
            print(f"finding: {type(error).__name__} by mutant {number}: {str(error)[:200]!r}", flush=True)
            (Path.cwd() / f"fuzz-{number}-{name}").write_bytes(content)
            return False
        finally:
            signal.alarm(0)
        beside = {one.name for one in Path(top).iterdir()} - {name, "work"}
        if beside:
            print(f"finding: mutant {number} wrote {sorted(beside)}", flush=True)
        return not beside


def _archives() -> list[tuple[str, bytes]]:
    """(ending, content) of an archive of each kind."""
    entries = images(3)
    tar = tar_bytes(entries)
    table = io.BytesIO()
    columns = {"image": [{"bytes": one, "path": name} for name, one in entries.items()], "label": [0, 1] * 3}
    pq.write_table(pa.table(columns), table)
    return [
        ("zip", zip_bytes(entries)),
        ("zip", zip_bytes({"cat.zip": zip_bytes({"a.png": entries["cat/00.png"]}), "dog.tar": tar})),
        ("tar", tar),
        ("tgz", gzip.compress(tar)),
        ("tar.zst", zstd(tar)),
        ("parquet", table.getvalue()),
    ]


def _pictures() -> list[tuple[str, bytes]]:
    """(suffix, content) of an image of each format."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
    written = []
    for name in FORMATS:
        file = io.BytesIO()
        noise.save(file, name)
        written.append((name.lower(), file.getvalue()))
    return written


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError(f"it took more than {FILE_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
