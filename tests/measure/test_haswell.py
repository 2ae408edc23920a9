"""The emulated sums are those of onnxruntime itself on a processor with AVX2 and no VNNI, which qemu stands in for."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from engine.measure.saturation import saturating
from engine.runtimes.onnx_runtime import values_session
from engine.system.machine import has_vnni, isa

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
options.intra_op_num_threads, options.log_severity_level = 1, 3
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
np.save(sys.argv[3], session.run(["scores"], {"image": np.load(sys.argv[2])})[0])
"""


class Batches(CalibrationDataReader):
    """One batch of images."""

    def __init__(self, images):
        self._left = [{"image": images}]

    def get_next(self):
        return self._left.pop() if self._left else None


def network(path: Path, rng: np.random.Generator) -> None:
    """Two convolutions, a grouped one, and a matrix; weights all of one sign, so that sums overflow."""
    shapes = {"a": (8, 3, 3, 3), "b": (16, 8, 3, 3), "c": (16, 4, 1, 1), "d": (16, 5)}
    weights = {name: np.abs(rng.normal(0, 0.1, shape)).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["one"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["one"], ["two"]),
        helper.make_node("Conv", ["two", "b"], ["three"], strides=[2, 2]),
        helper.make_node("Relu", ["three"], ["four"]),
        helper.make_node("Conv", ["four", "c"], ["five"], group=4),
        helper.make_node("GlobalAveragePool", ["five"], ["six"]),
        helper.make_node("Flatten", ["six"], ["seven"]),
        helper.make_node("MatMul", ["seven", "d"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "overflowing",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 12, 12])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


@pytest.mark.slow
def test_the_emulated_sums_are_those_of_a_haswell(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 1, (4, 3, 12, 12)).astype(np.float32)
    network(tmp_path / "float.onnx", rng)
    quantized = tmp_path / "int8.onnx"
    quantize_static(
        tmp_path / "float.onnx",
        quantized,
        Batches(images),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    (tmp_path / "program.py").write_text(PROGRAM)
    np.save(tmp_path / "images.npy", images)
    qemu = subprocess.run([ROOT / "scripts" / "find_qemu.sh"], check=True, capture_output=True, text=True)
    arguments = [quantized, tmp_path / "images.npy", tmp_path / "there.npy"]
    subprocess.run(
        [qemu.stdout.split()[0], "-cpu", "Haswell", sys.executable, tmp_path / "program.py", *arguments],
        check=True,
        capture_output=True,
    )
    there = np.load(tmp_path / "there.npy")
    found = saturating(onnx.load(quantized))
    (emulated,) = found.evaluator.run(["scores"], {"image": images})
    assert found.n_can_saturate >= 3
    assert np.allclose(emulated, there, atol=1e-4 * np.abs(there).max())
    if has_vnni(isa()):
        (exact,) = values_session(quantized, ["scores"])(images)
        assert np.abs(exact - there).max() > 0.01 * np.abs(there).max()
