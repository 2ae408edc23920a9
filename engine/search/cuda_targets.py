"""The ways of running a file on CUDA that are worth racing: what is best differs by network and by batch."""

from typing import Any, Literal, NamedTuple

from engine.settings import Target


class CudaRow(NamedTuple):
    """A way to run a file: its name, the number type of the file's floats, and the options of the target."""

    name: str
    floats: Literal["float32", "float16"]
    options: dict[str, Any]


CUDA_ROWS = (
    CudaRow("FP32 with TF32", "float32", {"tf32": True}),
    CudaRow("FP32", "float32", {"tf32": False}),
    CudaRow("FP32 with TF32, CUDA graph", "float32", {"tf32": True, "cuda_graph": True}),
    CudaRow("FP32, CUDA graph", "float32", {"tf32": False, "cuda_graph": True}),
    CudaRow("FP16", "float16", {}),
    CudaRow("FP16, channels last", "float16", {"prefer_nhwc": True}),
    CudaRow("FP16, CUDA graph", "float16", {"cuda_graph": True}),
    CudaRow("FP16, channels last, CUDA graph", "float16", {"prefer_nhwc": True, "cuda_graph": True}),
)
"""No INT8 among them: QDQ files are 2 to 6 times slower than FP32 there.

On an H200 a captured graph made calls of one image 1.5 to 2.7 times as fast and FP16 1.0; at a batch of 64 FP16 was 1.2
to 1.7 times as fast, and channels last 1.25 on resnet50 and 0.8 to 0.92 on mobile networks (docs/log.md).
"""


def cuda_targets(target: Target, floats: Literal["float32", "float16"]) -> dict[str, Target]:
    """The targets to race for a file with these floats, by name: a CUDA target with each row's options.

    Batch, card and buffers are the target's; a captured graph has buffers of its own, and takes one shape alone.
    """
    plain = {"tf32": True, "prefer_nhwc": False, "cuda_graph": False}
    return {row.name: target.model_copy(update=plain | row.options) for row in CUDA_ROWS if row.floats == floats}
