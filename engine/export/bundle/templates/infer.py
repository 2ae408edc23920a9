"""Runs the model on images: `python infer.py IMAGE|FOLDER...`, or from another program:

    from infer import Model
    scores = Model().predict([Image.open("image.jpg")])

Needs numpy, Pillow and the runtime of session.py alone.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from preprocess import FORMATS, MAX_PIXELS, UnusableImage, prepare
from session import Session

IMAGES = frozenset(".jpg .jpeg .png .webp .gif .bmp .tif .tiff .ppm .pgm .avif .jp2".split())
SUM_TOLERANCE = 1e-3
"""How far the sum of a row of scores may be from 1 where the scores are probabilities already."""


class Model:
    """The model of the bundle in `folder`, which is that of this file if left out."""

    def __init__(self, folder: str | Path | None = None, threads: int | None = None) -> None:
        self.folder = Path(folder or Path(__file__).parent)
        self.settings: Mapping[str, Any] = json.loads((self.folder / "bundle.json").read_text(encoding="utf-8"))
        self.task: str = self.settings["task"]
        self.batch_size: int = self.settings["batch"]["measured"]
        """Images of a call as it was measured."""
        self.fixed_batch: int | None = self.settings["batch"]["fixed"]
        """Images of every call where the graph takes no other number; None where it takes any."""
        self.labels = self._lines(self.settings["labels"])
        self._input = self.settings["inputs"][0]
        self._preprocess = json.loads((self.folder / self.settings["preprocess"]).read_text(encoding="utf-8"))
        self.session = Session(self.folder / self.settings["model"]["file"], self.settings["session"], threads)

    def _lines(self, name: str | None) -> list[str] | None:
        return None if name is None else (self.folder / name).read_text(encoding="utf-8").split("\n")[:-1]

    def preprocess(self, image: Image.Image) -> np.ndarray:
        """The model's input of one image: (C, H, W) float32. Raises UnusableImage."""
        if image.width * image.height > MAX_PIXELS:
            raise UnusableImage(f"it has {image.width} x {image.height} pixels, and at most {MAX_PIXELS:,} are read")
        return prepare(image, self._preprocess)

    def prepare_file(self, file: Path) -> np.ndarray:
        """The same of an image file. Raises UnusableImage, and what Pillow raises on a damaged file."""
        with Image.open(file, formats=FORMATS) as image:
            return self.preprocess(image)

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """The scores of each image, (N, outputs), in one call where the graph takes any number of images.

        Of models whose answer is no list of scores, the main output as it is, (N, ...).
        """
        return self.predict_prepared(np.stack([self.preprocess(image) for image in images]))

    def predict_prepared(self, inputs: np.ndarray) -> np.ndarray:
        """The same of inputs that `preprocess` made: (N, C, H, W) float32."""
        size = self.fixed_batch or len(inputs)
        parts = [
            self.call(self.as_graph(_filled(inputs[start : start + size], size)))
            for start in range(0, len(inputs), size)
        ]
        main = np.concatenate([next(iter(part.values())) for part in parts])[: len(inputs)]
        return main if self.task in ("segmentation", "detection", "tensors") else main.reshape(len(inputs), -1)

    def as_graph(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        """The arrays that the graph takes, of (N, C, H, W) float32: its order of the axes, its number type."""
        if self._input["layout"] == "nhwc":
            inputs = np.ascontiguousarray(inputs.transpose(0, 2, 3, 1))
        if self._input["dtype"] == "uint8":
            inputs = np.clip(np.rint(inputs), 0, 255)
        return {self._input["name"]: inputs.astype(self._input["dtype"], copy=False)}

    def call(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """One call of the runtime: all measured outputs by name."""
        return self.session(arrays)

    def top(self, scores: np.ndarray, n: int = 5) -> list[tuple[str, float]]:
        """The likeliest classes of one image's scores with their probabilities, and for other tasks nothing."""
        if self.task not in ("classification", "binary"):
            return []
        if scores.size == 1:
            scores = np.append(1 - scores, scores)  # one probability, of yes
        values = scores.astype(np.float64)
        if (values < 0).any() or abs(values.sum() - 1) > SUM_TOLERANCE:
            values = np.exp(values - values.max())
            values /= values.sum()
        best = np.argsort(-values, kind="stable")[:n]
        return [(self.labels[index] if self.labels else f"output {index}", float(values[index])) for index in best]


def _filled(inputs: np.ndarray, size: int) -> np.ndarray:
    return inputs if len(inputs) == size else inputs[np.arange(size) % len(inputs)]


def image_files(paths: Sequence[str]) -> Iterator[Path]:
    """The files themselves, and of folders all images in them, in order."""
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGES)
        else:
            yield path


def answers(model: Model, files: Sequence[Path], size: int) -> Iterator[tuple[Path, np.ndarray | str]]:
    """Each file with its scores, or with the reason why it has none; `size` images a call."""
    for start in range(0, len(files), size):
        batch = files[start : start + size]
        prepared: dict[Path, np.ndarray | str] = {file: _prepared(model, file) for file in batch}
        usable = {file: values for file, values in prepared.items() if isinstance(values, np.ndarray)}
        scores = (
            dict(zip(usable, model.predict_prepared(np.stack(list(usable.values()))), strict=True)) if usable else {}
        )
        for file, values in prepared.items():
            yield file, scores.get(file, values)


def _prepared(model: Model, file: Path) -> np.ndarray | str:
    try:
        return model.prepare_file(file)
    except FileNotFoundError:
        return "there is no such file"
    except (UnusableImage, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__


def main() -> int:
    """Prints a line an image; the exit status is 1 where one could not be read."""
    parser = argparse.ArgumentParser(description="Run the model on images.")
    parser.add_argument("paths", nargs="+", metavar="IMAGE|FOLDER")
    parser.add_argument("--batch", type=int, help="images a call; as it was measured if left out")
    parser.add_argument("--threads", type=int, help="threads; as it was measured if left out")
    parser.add_argument("--top", type=int, default=5, help="classes an image")
    parser.add_argument("--json", action="store_true", help="a line of JSON an image, with all scores of a classifier")
    options = parser.parse_args()
    files = list(image_files(options.paths))
    if not files:
        parser.error(f"no image is in {', '.join(options.paths)}; read are {', '.join(sorted(IMAGES))}")
    model, status = Model(threads=options.threads), 0
    for file, values in answers(model, files, options.batch or model.batch_size):
        if isinstance(values, str):
            print(f"{file}: {values}", file=sys.stderr)
            status = 1
            continue
        top = model.top(values, options.top)
        if options.json:
            scores = values.tolist() if values.ndim == 1 else list(values.shape)
            print(json.dumps({"file": str(file), "top": top, "scores" if values.ndim == 1 else "shape": scores}))
        else:
            shown = ", ".join(f"{name} {100 * share:.1f} %" for name, share in top) or f"output {values.shape}"
            print(f"{file}: {shown}")
    return status


if __name__ == "__main__":
    sys.exit(main())
