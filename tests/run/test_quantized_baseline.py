"""A file that is quantized already is a baseline: measured, simplified and compared."""

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from engine.results import codes
from engine.settings import Recipe
from tests.conftest import carry_out
from tests.drawn_weights import weights
from tests.techniques.given import classifier

NODES = [
    ("Conv", ["image", "w1", "b1"], "a", {"pads": [1] * 4}),
    ("Relu", ["a"], "b"),
    ("Identity", ["b"], "c"),
    ("GlobalAveragePool", ["c"], "d"),
    ("Flatten", ["d"], "e"),
    ("Gemm", ["e", "w2", "b2"], "logits"),
]


class Noise(CalibrationDataReader):
    def __init__(self):
        images = np.random.default_rng(0).standard_normal((4, 1, 3, 8, 8)).astype(np.float32)
        self.left = iter([{"image": image} for image in images])

    def get_next(self):
        return next(self.left, None)


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator], ids=["QDQ", "QOperator"])
def test_a_quantized_file_is_measured_simplified_and_compared(form, shared_home, tmp_path):
    constants = {"w1": weights(8, 3, 3, 3), "b1": weights(8), "w2": weights(8, 4), "b2": weights(4)}
    onnx.save(classifier(NODES, constants), tmp_path / "float.onnx")
    quantize_static(tmp_path / "float.onnx", tmp_path / "int8.onnx", Noise(), quant_format=form)
    source = {"kind": "file", "path": str(tmp_path / "int8.onnx")}
    recipe = Recipe.parse({"model": source, "target": {"threads": 1}, "steps": [{"technique": "simplify"}]})
    report = carry_out(recipe, tmp_path / "run", shared_home).report
    baseline, simplified = report.variants
    assert (report.state, report.failures) == ("done", ())
    assert baseline.size_bytes == (tmp_path / "int8.onnx").stat().st_size
    assert codes.NOT_TIMED not in {note.code for note in (*report.warnings, *simplified.notes)}
    assert simplified.fidelity.agreement == 1
    assert simplified.fidelity.sqnr_db is None
