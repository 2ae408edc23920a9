"""The result of a job that made a bundle, by hand."""

from engine.results.bundle import (
    Bundle,
    BundledBatch,
    BundleDescription,
    BundledFigures,
    BundledInput,
    BundledModel,
    BundledSession,
    Golden,
    GoldenImage,
)
from tests.made import INT8

FIGURES = dict.fromkeys(BundledFigures.model_fields) | {"cpu": "AMD EPYC", "p50_ms": 1.0}


def made_bundle() -> Bundle:
    """Of one variant, with one image of the evaluation split and one that was made."""
    description = BundleDescription(
        name="digits to int8",
        run="c" * 12,
        variant=INT8,
        label="Static INT8",
        model=BundledModel(file="model.onnx", sha256="d" * 64, size_bytes=5_001_000, variant_sha256=INT8[0] * 64),
        task="classification",
        labels="labels.txt",
        preprocess="preprocess.json",
        inputs=(BundledInput(name="image", dtype="float32", shape=(1, 64, 64), layout="nchw", batched=True),),
        batch=BundledBatch(measured=1, fixed=None, depends=False),
        session=BundledSession(
            runtime="onnxruntime", provider="CPUExecutionProvider", threads=2, options={}, outputs=("logits",)
        ),
        golden=Golden(
            file="golden.npz",
            n=2,
            images=(
                GoldenImage(file="golden/00.jpg", original=True),
                GoldenImage(file="golden/01.png", original=False),
            ),
            tolerance=1e-4,
            tolerance_source="other processors add the same products in another order",
        ),
        versions={"onnxruntime": "1.32.0", "numpy": "2.4.6", "pillow": "13.0.0"},
        measured=BundledFigures.model_validate(FIGURES),
    )
    return Bundle(
        sha256="f" * 64,
        size_bytes=5_000_000,
        folders=("",),
        descriptions=(description,),
        sums_sha256=("e" * 64,),
        files=("model.onnx", "verify.py"),
    )
