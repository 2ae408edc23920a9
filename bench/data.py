"""Our decoding and preprocessing beside timm's loader, on the same JPEGs.

    python -m bench.data [--images N] [--rounds N]

Images a second from a file to the normalised input, at 224 px with timm's usual crop. timm's loader has as many worker
processes as there are cores, kept alive from round to round, so that their start does not count; a first round of each
does not count either. The two alternate. The ratio is the trimmed mean of the rounds' ratios, with its interval. It
ends with 1 where the whole interval says that ours is slower.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import timm.data
from PIL import Image
from sklearn.datasets import load_sample_images

from bench.race_table import table
from bench.train import time_runs
from engine import data as images
from engine.measure.statistics import trimmed_mean
from engine.settings import ImagesData, Preprocess, Split
from engine.system.machine import cores, cpu_name

SIZES = ((500, 375), (640, 480), (375, 500), (1024, 683))
"""Width and height in px, as photographs on the web have them."""
BATCH, QUALITY = 64, 90
PREPROCESS = Preprocess(size=(224, 224), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), crop_pct=0.875)
HEADS = ("images", "ours, images/s", "timm, images/s", "ours over timm")


def write_photos(folder: Path, count: int) -> None:
    """Seeded crops of the two photographs that scikit-learn ships, as JPEGs in one class folder."""
    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    rng = np.random.default_rng(0)
    (folder / "photos").mkdir()
    for number in range(count):
        photo, (width, height) = photos[number % len(photos)], SIZES[number % len(SIZES)]
        edge = int(rng.integers(150, 400))
        left, top = int(rng.integers(0, photo.width - edge)), int(rng.integers(0, photo.height - edge))
        crop = photo.crop((left, top, left + edge, top + edge)).resize((width, height), Image.Resampling.BICUBIC)
        crop.save(folder / "photos" / f"{number:05d}.jpg", quality=QUALITY)


def main(count: int, rounds: int) -> int:
    print(f"{cpu_name()}, {cores()} cores, {rounds} rounds\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder, count)
        source = ImagesData(path=str(folder), labels="none")
        split = Split(train=0, calibration=0, evaluation=1, holdout=0)
        data = images.load(source, split, PREPROCESS, 0, merge_train=False, n_outputs=None)
        parts = [part for part in (*data.parts.values(), data.selection) if len(part)]
        loader = timm.data.create_loader(
            timm.data.ImageDataset(name),
            input_size=(3, *PREPROCESS.size),
            batch_size=BATCH,
            use_prefetcher=False,
            num_workers=cores(),
            persistent_workers=True,
            interpolation=PREPROCESS.interpolation,
            mean=PREPROCESS.mean,
            std=PREPROCESS.std,
            crop_pct=PREPROCESS.crop_pct,
        )
        seconds = time_runs(
            {
                "ours": lambda: [len(batch) for part in parts for batch in part.batches(BATCH)],
                "timm": lambda: [len(batch) for batch, _ in loader],
            },
            rounds,
        )
    ratio = trimmed_mean(np.log(seconds["timm"] / seconds["ours"])).exp()
    rates = [f"{count / median(seconds[run]):.0f}" for run in ("ours", "timm")]
    print(table(HEADS, [[f"{count:,}", *rates, f"{ratio.center:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"]]))
    print("\nOurs is slower" if ratio.high < 1 else "\nOK")
    return 1 if ratio.high < 1 else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=12)
    arguments = parser.parse_args()
    sys.exit(main(arguments.images, arguments.rounds))
