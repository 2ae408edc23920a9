"""What a bundle says of itself: bundle.json, which its programs read and a dashboard knows it by."""

from typing import Literal

from engine.results.base import Result
from engine.settings import TaskName

BUNDLE_FILE = "bundle.zip"
"""Its name beside the result of the job that made it."""
RESULT_FILE = "verify-result.json"
"""What verify.py writes."""


class BundledModel(Result):
    """The ONNX file: that of the run with more metadata in it, so that its sum is another than `variant_sha256`."""

    file: str
    sha256: str
    size_bytes: int
    variant_sha256: str


class BundledInput(Result):
    """An input of the graph. Of images, `layout` tells the order of its axes; else it is null.

    A length of `shape`, which is without the axis of examples, is a name where it is dynamic.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    layout: Literal["nchw", "nhwc"] | None
    batched: bool


class BundledBatch(Result):
    """Examples of a call: as they were `measured`, what the graph is `fixed` to (null: any number), and whether an
    example's answer `depends` on the others of its call, so that other sizes give other answers."""

    measured: int
    fixed: int | None
    depends: bool


class BundledSession(Result):
    """How the model is opened: the options by the runtime's own names, and the outputs, the main one first."""

    runtime: str
    provider: str
    threads: int
    options: dict[str, str]
    outputs: tuple[str, ...]


class GoldenImage(Result):
    """An image of `golden.npz` as a file, and whether these are the bytes that the run read."""

    file: str
    original: bool


class Golden(Result):
    """What verify.py compares with: `n` examples, and how far an output may be off.

    `tolerance` is a share of the largest value of an output. `tolerance_source` says where it comes from.
    """

    file: str
    n: int
    images: tuple[GoldenImage, ...]
    tolerance: float
    tolerance_source: str


class BundledFigures(Result):
    """What the run measured on the variant, null where it did not: speed on `cpu`, quality on the evaluation split."""

    cpu: str
    p50_ms: float | None
    p95_ms: float | None
    speedup: float | None
    speedup_low: float | None
    speedup_high: float | None
    top1: float | None
    top1_low: float | None
    top1_high: float | None
    similarity: float | None
    similarity_name: str | None
    n_images: int | None


class BundleDescription(Result):
    """bundle.json. Files are named as they lie in the bundle; `labels` and `preprocess` are null where there are none.

    `versions` are those of the distributions that requirements.txt pins, which the run measured with.
    """

    bundle: Literal[1] = 1
    name: str
    run: str
    variant: str
    label: str
    model: BundledModel
    task: TaskName
    labels: str | None
    preprocess: str | None
    inputs: tuple[BundledInput, ...]
    batch: BundledBatch
    session: BundledSession
    golden: Golden
    versions: dict[str, str]
    measured: BundledFigures


class Bundle(Result):
    """A zip of one variant's files, or of several variants with a folder each, which lies beside the result.

    `descriptions` and `sums_sha256` (of SHA256SUMS) are those of each variant, `folders` where they lie in the zip.
    """

    sha256: str
    size_bytes: int
    folders: tuple[str, ...]
    descriptions: tuple[BundleDescription, ...]
    sums_sha256: tuple[str, ...]
    files: tuple[str, ...]
