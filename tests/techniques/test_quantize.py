import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnxruntime.quantization import QuantType
from PIL import Image

from engine.data import load
from engine.models.graph import read_onnx
from engine.settings import QuantizeStatic, Split
from engine.techniques.context import Context
from engine.techniques.quantize import Images, choose_scheme, quantize
from tests.models.small import Shape, small_classifier

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
    assert scheme.note.text.endswith("7-bit weights: activations and reduce_range as set in the recipe")


@pytest.mark.parametrize("changes", [{"activations": "signed"}, {"reduce_range": False}])
def test_the_processor_is_not_named_as_the_reason_for_what_the_recipe_sets(changes):
    scheme = choose_scheme(QuantizeStatic(method="static", **changes), ("sse4_2", "avx2"))
    assert scheme.note.text.endswith(f": {next(iter(changes))} as set in the recipe")


@pytest.mark.parametrize(("batch", "asked", "shown"), [(64, 128, [64]), (16, 3, [16]), (12, 128, [12, 12, 12])])
def test_a_fixed_batch_is_always_full_and_every_image_asked_for_is_seen(tmp_path, monkeypatch, batch, asked, shown):
    path, seen = tmp_path / "fixed.onnx", []
    onnx.save(small_classifier(Shape(image=(batch, 3, 8, 8), logits=(batch, 5))), path)
    monkeypatch.setattr(Images, "get_next", watched(Images.get_next, seen))
    data = load(None, Split(), (model := read_onnx(path)).preprocess, 0, merge_train=True, n_outputs=5)
    context = Context(data=data, seed=0, folder=tmp_path, deadline=math.inf, isa=(), tell=lambda *a, **k: None)
    outcome = quantize(model, QuantizeStatic(method="static", calibration_images=asked), context)
    assert [len(images) for images in seen] == shown
    n_images = min(asked, len(data.split("calibration")))
    assert len(np.unique(np.concatenate(seen), axis=0)) == n_images
    assert f"Ranges from {n_images} images" in outcome.notes[1].text


def watched(get_next, seen):
    def watching(reader):
        fed = get_next(reader)
        seen.extend(fed.values() if fed else ())
        return fed

    return watching


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
model = load_model(TimmModel(name="mobilenetv3_small_050", weights="random", num_classes=10), None, 0, folder)
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
