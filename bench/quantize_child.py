"""One call of bench/quantize.py, whose cost is the last line on standard output; or the export of its default network.

python -m bench.quantize_child ours|onnxruntime MODEL N minmax|percentile|entropy [corrected]
python -m bench.quantize_child export NAME OUT.onnx
"""

import json
import logging
import math
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_static as onnxruntime_static

from bench.rivals import reader
from engine import data as images
from engine import models
from engine.context import StepContext, no_progress
from engine.data import Data
from engine.export.onnx_file import export_onnx
from engine.models.artifacts import OnnxModel, TorchModel
from engine.models.graph import read_onnx
from engine.settings import QuantizeStatic, SampleData, Split, Target, TimmModel
from engine.system.machine import cores, isa
from engine.techniques.quantize import quantize_static

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "percentile": CalibrationMethod.Percentile,
    "entropy": CalibrationMethod.Entropy,
}


def ours(model: OnnxModel, data: Data, n_images: int, calibration: str, corrected: bool, folder: Path) -> None:
    """Our static quantization with the types that onnxruntime gets below, so that the two do the same work."""
    settings = QuantizeStatic.model_validate(
        {
            "method": "static",
            "calibration_images": n_images,
            "calibration": calibration,
            "bias_correction": corrected,
            "activations": "unsigned",
            "reduce_range": False,
        }
    )
    context = StepContext(
        data=data,
        seed=0,
        folder=folder,
        deadline=math.inf,
        isa=isa(),
        on_progress=no_progress,
        target=Target(threads=cores()),
    )
    quantize_static(model, settings, context)


def theirs(model: OnnxModel, data: Data, n_images: int, calibration: str, corrected: bool, folder: Path) -> None:
    """onnxruntime's static quantization, without a bias correction, which it does not have."""
    logging.disable(logging.WARNING)  # it advises pre-processing, which ours does inside its own time
    onnxruntime_static(
        str(model.path),
        str(folder / "model.onnx"),
        reader(data.split("calibration").batches(1, limit=n_images), model.input_name),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=METHODS[calibration],
    )


LIBRARIES: dict[str, Callable[[OnnxModel, Data, int, str, bool, Path], None]] = {"ours": ours, "onnxruntime": theirs}


def cost(library: str, path: Path, n_images: int, calibration: str, corrected: bool) -> dict[str, float]:
    """Seconds of the call, and what its peak adds in MB to the memory before it (Linux)."""
    model = read_onnx(path)
    data = images.load(SampleData(), Split(), model.preprocess, 0, merge_train=True, n_outputs=model.n_outputs)
    with tempfile.TemporaryDirectory() as folder:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        memory_before, start = _memory_mb("VmRSS"), time.monotonic()
        LIBRARIES[library](model, data, n_images, calibration, corrected, Path(folder))
        return {"seconds": time.monotonic() - start, "mb": _memory_mb("VmHWM") - memory_before}


def export(name: str, path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = TimmModel(name=name, weights="random", num_classes=10)
        model = models.load(source, None, 0, Path(folder))
        if not isinstance(model, TorchModel):
            raise TypeError("a timm network is a torch model")
        size = model.preprocess.size
        export_onnx(model, path, np.zeros((2, model.in_chans, *size), np.float32))


def _memory_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


if __name__ == "__main__":
    command, model, argument, *rest = sys.argv[1:]
    if command == "export":
        export(model, Path(argument))
    else:
        print(json.dumps(cost(command, Path(model), int(argument), rest[0], "corrected" in rest)))
