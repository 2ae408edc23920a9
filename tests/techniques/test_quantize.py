import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnxruntime.quantization import QuantType
from PIL import Image

from engine.settings import QuantizeStatic
from engine.techniques.quantize import choose_scheme

STATIC = QuantizeStatic(method="static")


@pytest.mark.parametrize(
    ("isa", "activations", "reduce_range", "reason"),
    [
        (("sse4_2", "avx2", "avx512_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx_vnni"), QuantType.QUInt8, False, "has VNNI"),
        (("sse4_2", "avx2", "avx512f"), QuantType.QUInt8, True, "no VNNI"),
        (("asimd", "asimddp"), QuantType.QInt8, False, "no x86"),
    ],
)
def test_the_scheme_follows_the_processor_and_says_why(isa, activations, reduce_range, reason):
    scheme = choose_scheme(STATIC, isa)
    assert (scheme.activations, scheme.reduce_range) == (activations, reduce_range)
    assert reason in scheme.note.text


def test_what_the_recipe_sets_wins():
    settings = QuantizeStatic(method="static", activations="signed", reduce_range=True)
    scheme = choose_scheme(settings, ("avx512_vnni",))
    assert (scheme.activations, scheme.reduce_range) == (QuantType.QInt8, True)
    assert "as set in the recipe" in scheme.note.text


PEAK = """
import math, resource, sys, tempfile
from pathlib import Path
import numpy as np
from engine.data import load
from engine.export.onnx_file import export_onnx
from engine.machine import isa
from engine.models import load as load_model
from engine.settings import ImagesData, QuantizeStatic, Split, TimmModel
from engine.techniques.context import Context
from engine.techniques.quantize import quantize

folder, n = Path(sys.argv[1]), int(sys.argv[2])
model = load_model(TimmModel(name="mobilenetv3_small_050", weights="random", num_classes=10, img_size=None), None, 0)
data = load(ImagesData(path=str(folder), labels="none"), Split(train=0, calibration=0.9, evaluation=0.1),
            model.preprocess, 0, merge_train=False, n_outputs=10)
with tempfile.TemporaryDirectory() as work:
    onnx = export_onnx(model, Path(work) / "fp32.onnx", next(data.split("evaluation").batches(2)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    context = Context(data=data, seed=0, folder=Path(work), deadline=math.inf, isa=isa(), tell=lambda *a, **k: None)
    quantize(onnx, QuantizeStatic(method="static", calibration_images=n), context)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_peak_memory_does_not_grow_with_the_number_of_images(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    rng = np.random.default_rng(0)
    for number in range(450):
        Image.fromarray(rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(images / f"{number}.png")

    def peak_kb(n_images):
        command = [sys.executable, "-c", PEAK, str(images), str(n_images)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
        return int(done.stdout.split()[-1])

    assert peak_kb(400) <= 1.1 * peak_kb(20)
