"""Ranges: the same as onnxruntime's own, in a memory that does not grow, and never of what is not a number."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import create_calibrator

from engine.errors import StepError
from engine.models.graph import read_onnx
from engine.techniques.quantize import Calibrator, fold
from tests.drawn_weights import weights
from tests.models.small import Shape, small_classifier
from tests.techniques.given import classifier, given

NODES = [
    ("Conv", ["image", "w1"], "a"),
    ("Relu", ["a"], "b"),
    ("GlobalAveragePool", ["b"], "c"),
    ("Flatten", ["c"], "d"),
    ("Gemm", ["d", "w2"], "logits"),
]


def calibrator(proto, folder, n_images=8):
    model, context = given(proto, folder)
    images = context.data.split("calibration")
    return Calibrator(model, fold(model, folder, images), images, n_images, folder, context.on_progress), images


def convolutional():
    return classifier(NODES, {"w1": weights(6, 3, 3, 3), "w2": weights(6, 4)})


class Images(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter(images)

    def get_next(self):
        batch = next(self.batches, None)
        return None if batch is None else {"image": batch}


def test_extremes_are_those_of_onnxruntime(tmp_path):
    ours, images = calibrator(convolutional(), tmp_path)
    stock = create_calibrator(ours.folded, None, str(tmp_path / "augmented.onnx"), CalibrationMethod.MinMax)
    stock.collect_data(Images(images.batches(1, limit=8)))
    expected, found = stock.compute_data(), ours.ranges("minmax")
    assert {"image", "a", "logits"} <= set(found.keys()) <= set(expected.keys())
    for name, measured in found.items():
        assert np.allclose(measured.range_value, np.ravel(expected[name].range_value), atol=1e-6), name


@pytest.mark.parametrize("method", ["percentile", "entropy"])
def test_thresholds_lie_inside_the_extremes_and_leave_outliers_out(method, tmp_path):
    ours, _ = calibrator(convolutional(), tmp_path, n_images=16)
    whole, cut = ours.ranges("minmax"), ours.ranges(method)
    widths = []
    for name, measured in whole.items():
        (low, high), (lowest, highest) = cut[name].range_value, measured.range_value
        assert lowest <= low <= high <= highest, name
        widths.append((high - low) / (highest - lowest))
    assert min(widths) < 1


def test_means_are_by_channel(tmp_path):
    ours, images = calibrator(convolutional(), tmp_path)
    everything = np.concatenate(list(images.batches(1, limit=8)))
    assert np.allclose(ours.means()["image"], everything.mean(axis=(0, 2, 3)), atol=1e-6)
    assert ours.means()["d"].shape == (6,)


def test_only_the_images_asked_for_are_read_and_a_fixed_batch_is_always_full(tmp_path, monkeypatch):
    path, seen = tmp_path / "fixed.onnx", []
    onnx.save(small_classifier(Shape(image=(16, 3, 8, 8), logits=(16, 5))), path)
    model, (_, context) = read_onnx(path), given(convolutional(), tmp_path / "data")
    images = context.data.split("calibration")
    ours = Calibrator(model, fold(model, tmp_path, images), images, 3, tmp_path, context.on_progress)
    run = "onnxruntime.InferenceSession.run"
    monkeypatch.setattr(run, watching(seen))
    ours.ranges("minmax")
    assert [len(batch) for batch in seen] == [16]
    assert len(np.unique(seen[0], axis=0)) == 3


def watching(seen):
    from onnxruntime import InferenceSession

    run = InferenceSession.run

    def watched(session, names, fed):
        seen.extend(fed.values())
        return run(session, names, fed)

    return watched


@pytest.mark.parametrize(
    ("weight", "operator", "what"), [(np.nan, "Conv", "NaN"), (-1.0, "Sqrt", "NaN"), (3e38, "Conv", "infinite")]
)
def test_a_layer_whose_values_are_not_finite_is_named(weight, operator, what, tmp_path):
    middle = [("Sqrt", ["a"], "s"), ("Relu", ["s"], "b")] if operator == "Sqrt" else NODES[1:2]
    first = np.full((6, 3, 3, 3), weight, np.float32)
    proto = classifier([NODES[0], *middle, *NODES[2:]], {"w1": first, "w2": weights(6, 4)})
    ours, _ = calibrator(proto, tmp_path)
    with pytest.raises(StepError) as caught:
        ours.ranges("minmax")
    assert f"({operator}) gives {what} values" in caught.value.message
    assert not (tmp_path / "watched.onnx").exists()


PEAK = """
import resource, sys
from pathlib import Path
import numpy as np
from engine.models.graph import read_onnx
from engine.techniques.quantize import Calibrator, fold

class Many:
    def batches(self, size, limit=1):
        rows = np.random.default_rng(0).standard_normal((64, 3, 160, 160)).astype(np.float32)
        yield from (rows[n % 64][None] for n in range(limit))

folder, method, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
model = read_onnx(folder / "model.onnx")
Calibrator(model, fold(model, folder, Many()), Many(), n, folder, lambda *args, **figures: None).ranges(method)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["minmax", "percentile", "entropy"])
def test_peak_memory_does_not_grow_with_the_number_of_images(method, tmp_path):
    proto = classifier(NODES, {"w1": weights(32, 3, 3, 3), "w2": weights(32, 4)})
    for dim in proto.graph.input[0].type.tensor_type.shape.dim[2:]:
        dim.dim_value = 160
    onnx.save(proto, tmp_path / "model.onnx")

    def peak_kb(n_images):
        command = [sys.executable, "-c", PEAK, str(tmp_path), method, str(n_images)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
        return int(done.stdout.split()[-1])

    assert peak_kb(1000) <= 1.1 * peak_kb(50)
