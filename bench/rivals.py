"""Alternatives to this project's quantization, each library with the settings that it recommends.

    python -m venv RIVALS && RIVALS/bin/pip install -r bench/requirements-rivals.txt
    python -m venv QUARK && QUARK/bin/pip install -r bench/requirements-quark.txt
    RIVALS/bin/python bench/rivals.py NAME fp32.onnx calibration.npz out.onnx

`calibration.npz` holds one array under the name of the model's input: (N, C, H, W) float32, normalised; images are
passed one at a time. The last line on standard output is JSON: wall seconds with the imports of the library, and peak
memory in MB of this process and its children; what the libraries print goes to standard error. It ends with an error
where the rival does.

The rivals have environments of their own because their pins fight the project's, and AMD Quark's those of the others;
so nothing of the project is imported here, and each library only in the function that needs it.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

Batches = Iterable[np.ndarray]
"""(1, C, H, W) float32 each; a rival may go through them more than once."""
Build = Callable[[Path, Path, Batches, str], None]
"""From the FP32 file, the path to write, the images and the input's name to the rival's file."""


@dataclass(frozen=True)
class Rival:
    """How a rival makes its file, the runtime that the file is made for, and the environment that has the library."""

    build: Build
    runtime: Literal["onnxruntime", "openvino"] = "onnxruntime"
    suffix: Literal[".onnx", ".xml"] = ".onnx"
    environment: Literal["rivals", "quark"] = "rivals"


def onnxruntime_default(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """`quantize_static` with its defaults: QDQ, signed activations and weights, per tensor, min-max."""
    from onnxruntime.quantization import quantize_static

    quantize_static(str(fp32), str(out), reader(calibration, input_name))


def onnxruntime_guide(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """What onnxruntime's guide advises for CNNs on x86: pre-processing, then U8S8 per channel in QDQ, min-max.

    https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(fp32), str(prepared))
        quantize_static(
            str(prepared),
            str(out),
            reader(calibration, input_name),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def optimum_static(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """Optimum's settings for AVX512-VNNI as its documentation's examples have them: static, per tensor, min-max."""
    _optimum_static(fp32, out, calibration, input_name, per_channel=False)


def optimum_static_per_channel(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """Optimum's settings for AVX512-VNNI with its own default: static, per channel, min-max."""
    _optimum_static(fp32, out, calibration, input_name, per_channel=True)


def _optimum_static(fp32: Path, out: Path, calibration: Batches, input_name: str, *, per_channel: bool) -> None:
    from onnxruntime.quantization import CalibrationMethod
    from optimum.onnxruntime import AutoQuantizationConfig, ORTQuantizer
    from optimum.onnxruntime.configuration import CalibrationConfig

    settings = AutoQuantizationConfig.avx512_vnni(is_static=True, per_channel=per_channel)
    quantizer = ORTQuantizer(fp32)
    rows = [{input_name: image} for batch in calibration for image in batch]
    method = CalibrationConfig("images", "default", "train", len(rows), CalibrationMethod.MinMax)
    with tempfile.TemporaryDirectory() as folder:
        ranges = quantizer.fit(
            rows,
            method,
            onnx_augmented_model_name=str(Path(folder) / "augmented.onnx"),
            operators_to_quantize=settings.operators_to_quantize,
        )
        quantizer.quantize(settings, folder, calibration_tensors_range=ranges)
        shutil.move(Path(folder) / f"{fp32.stem}_quantized.onnx", out)


def optimum_dynamic(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """Optimum's settings for AVX512-VNNI, dynamic, per tensor: the same as `quantize_dynamic` with its defaults."""
    from optimum.onnxruntime import AutoQuantizationConfig, ORTQuantizer

    settings = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
    with tempfile.TemporaryDirectory() as folder:
        ORTQuantizer(fp32).quantize(settings, folder)
        shutil.move(Path(folder) / f"{fp32.stem}_quantized.onnx", out)


def nncf_default(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """`nncf.quantize` with its defaults and the images."""
    _nncf(fp32, out, calibration, input_name)


def nncf_transformer(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """`nncf.quantize` with the model type that its documentation asks for where the network is a transformer."""
    from nncf import ModelType

    _nncf(fp32, out, calibration, input_name, model_type=ModelType.TRANSFORMER)


def _nncf(fp32: Path, out: Path, calibration: Batches, input_name: str, **settings: Any) -> None:
    import nncf
    import onnx

    dataset = nncf.Dataset(calibration, lambda batch: {input_name: batch})
    onnx.save(nncf.quantize(onnx.load(fp32), dataset, **settings), out)


def olive_static(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """A workflow of Olive's static quantization pass with its defaults and the images."""
    from olive.data.registry import Registry
    from olive.workflows import run

    rows = [({input_name: image}, 0) for batch in calibration for image in batch]
    Registry.register_dataset("calibration_images")(lambda **_: rows)
    data = {"name": "images", "load_dataset_config": {"type": "calibration_images"}}
    with tempfile.TemporaryDirectory() as folder:
        workflow = {
            "input_model": {"type": "OnnxModel", "model_path": str(fp32)},
            "data_configs": [data],
            "passes": {"quantize": {"type": "OnnxStaticQuantization", "data_config": "images"}},
            "output_dir": f"{folder}/out",
            "cache_dir": f"{folder}/cache",
        }
        run(workflow, tempdir=folder)
        _move_onnx(Path(folder) / "out", out)


def olive_auto(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """`olive auto-opt --precision int8`, which takes no images."""
    olive = Path(sys.executable).with_name("olive")
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["auto-opt", "-m", fp32.resolve(), "-o", f"{folder}/out", "--device", "cpu", "--precision", "int8"]
        subprocess.run([olive, *arguments], check=True, cwd=folder, stdout=sys.stderr)
        _move_onnx(Path(folder) / "out", out)


def weighted_only(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """Conv, Gemm and MatMul alone in INT8, with the defaults otherwise, as Ultralytics exports INT8 files.

    https://github.com/ultralytics/ultralytics/pull/25046
    """
    from onnxruntime.quantization import quantize_static

    quantize_static(
        str(fp32), str(out), reader(calibration, input_name), op_types_to_quantize=["Conv", "Gemm", "MatMul"]
    )


def quark_a8w8(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """AMD Quark's configuration A8W8 for CPUs: signed activations and weights, per tensor, min-max."""
    _quark("A8W8", fp32, out, calibration, input_name)


def quark_adaround(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """The same with its AdaRound, at its own number of iterations."""
    _quark("A8W8_ADAROUND", fp32, out, calibration, input_name)


def _quark(configuration: str, fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    from quark.onnx import Config, ModelQuantizer
    from quark.onnx.quantization.config import get_default_config

    quantizer = ModelQuantizer(Config(global_quant_config=get_default_config(configuration)))
    quantizer.quantize_model(str(fp32), str(out), reader(calibration, input_name))


def aimet(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """AIMET's simulation of 8-bit weights and activations with its defaults, written as QDQ."""
    _aimet(fp32, out, calibration, input_name, adaround=False)


def aimet_adaround(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """The same after its AdaRound, with its own number of iterations."""
    _aimet(fp32, out, calibration, input_name, adaround=True)


def _aimet(fp32: Path, out: Path, calibration: Batches, input_name: str, *, adaround: bool) -> None:
    import aimet_onnx
    import onnx

    inputs = [{input_name: batch} for batch in calibration]
    simulation = aimet_onnx.QuantizationSimModel(onnx.load(fp32), dummy_input=inputs[0])
    if adaround:
        aimet_onnx.apply_adaround(simulation, inputs)
    simulation.compute_encodings(inputs)
    onnx.save(simulation.to_onnx_qdq(prequantize_constants=True), out)


def openvino_default(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """The FP32 file itself, which OpenVINO runs in bfloat16 where the processor has it."""
    shutil.copyfile(fp32, out)


def openvino_nncf(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """NNCF's mixed preset on OpenVINO's own model of the file."""
    _openvino_nncf(fp32, out, calibration, input_name, transformer=False)


def openvino_nncf_transformer(fp32: Path, out: Path, calibration: Batches, input_name: str) -> None:
    """The same with the model type that NNCF's documentation asks for where the network is a transformer."""
    _openvino_nncf(fp32, out, calibration, input_name, transformer=True)


def _openvino_nncf(fp32: Path, out: Path, calibration: Batches, input_name: str, *, transformer: bool) -> None:
    import nncf
    import openvino

    dataset = nncf.Dataset(calibration, lambda batch: {input_name: batch})
    settings = {"model_type": nncf.ModelType.TRANSFORMER} if transformer else {}
    model = nncf.quantize(openvino.Core().read_model(fp32), dataset, preset=nncf.QuantizationPreset.MIXED, **settings)
    openvino.save_model(model, out)


RIVALS: dict[str, Rival] = {
    "onnxruntime_default": Rival(onnxruntime_default),
    "onnxruntime_guide": Rival(onnxruntime_guide),
    "weighted_only": Rival(weighted_only),
    "optimum_static": Rival(optimum_static),
    "optimum_static_per_channel": Rival(optimum_static_per_channel),
    "optimum_dynamic": Rival(optimum_dynamic),
    "nncf_default": Rival(nncf_default),
    "nncf_transformer": Rival(nncf_transformer),
    "olive_static": Rival(olive_static),
    "olive_auto": Rival(olive_auto),
    "quark_a8w8": Rival(quark_a8w8, environment="quark"),
    "quark_adaround": Rival(quark_adaround, environment="quark"),
    "aimet": Rival(aimet),
    "aimet_adaround": Rival(aimet_adaround),
    "openvino_default": Rival(openvino_default, runtime="openvino"),
    "openvino_nncf": Rival(openvino_nncf, runtime="openvino", suffix=".xml"),
    "openvino_nncf_transformer": Rival(openvino_nncf_transformer, runtime="openvino", suffix=".xml"),
}


def reader(calibration: Batches, input_name: str) -> Any:
    """A CalibrationDataReader of onnxruntime over the images."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        """One batch after another."""

        def __init__(self) -> None:
            self.batches: Iterator[np.ndarray] = iter(calibration)

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {input_name: batch}

    return Reader()


def _move_onnx(folder: Path, out: Path) -> None:
    """Move the one ONNX file in `folder` or below to `out`."""
    (path,) = folder.rglob("*.onnx")
    shutil.move(path, out)


def run(name: str, fp32: Path, calibration: Path, out: Path) -> dict[str, float | str]:
    with np.load(calibration) as arrays:
        ((input_name, images),) = arrays.items()
    batches = [images[index : index + 1] for index in range(len(images))]
    start = time.monotonic()
    with contextlib.redirect_stdout(sys.stderr):
        RIVALS[name].build(fp32, out, batches, input_name)
    seconds = time.monotonic() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"rival": name, "seconds": round(seconds, 2), "peak_mb": round(peak / 1024), "bytes": _bytes(out)}


def _bytes(out: Path) -> int:
    """The size of the file, with the weights that OpenVINO keeps beside its graph."""
    return sum(path.stat().st_size for path in (out, out.with_suffix(".bin")) if path.exists())


if __name__ == "__main__":
    os.environ.update(HF_HUB_OFFLINE="1", OLIVE_DISABLE_TELEMETRY="1", CI="true")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RIVALS)
    for file in ("fp32", "calibration", "out"):
        parser.add_argument(file, type=Path)
    arguments = parser.parse_args()
    print(json.dumps(run(**vars(arguments))))
