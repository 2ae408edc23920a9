"""What a target is called beside others: plain ones by their runtime, and what makes one differ from those."""

import pytest

from engine.results import row_title, target_title
from engine.settings import Target
from engine.settings.target import CUDA
from tests.made_speed import made_showdown


@pytest.mark.parametrize(
    ("target", "precision", "title"),
    [
        ({}, "f32", "onnxruntime"),
        ({"runtime": "openvino"}, "", "OpenVINO"),
        ({"runtime": "openvino"}, "bf16", "OpenVINO in bf16"),
        ({"runtime": "openvino", "precision": "f32"}, "", "OpenVINO in f32"),
        ({"runtime": "any", "threads": 2, "batch_size": 8}, "", "any"),
        ({"runtime": "openvino", "precision": "bf16", "streams": 2}, "bf16", "OpenVINO in bf16, 2 streams"),
        ({"runtime": "openvino", "provider": "GPU"}, "f16", "OpenVINO in f16, GPU"),
        (
            {"spinning": False, "quant_precision": True},
            "f32",
            "onnxruntime, idle threads sleep, exact 8-bit sums",
        ),
        ({"provider": CUDA}, "tf32", f"onnxruntime, {CUDA}, with TF32"),
        ({"provider": CUDA, "tf32": False}, "f32", f"onnxruntime, {CUDA}, without TF32"),
        ({"provider": CUDA, "cuda_graph": True}, "tf32", f"onnxruntime, {CUDA}, with TF32, as a CUDA graph"),
    ],
)
def test_a_title_names_what_tells_a_target_from_the_plain_ones(target, precision, title):
    assert target_title(Target(**target), precision) == title


def test_of_a_pair_that_cannot_be_told_the_rounds_that_count_are_named_beside_those_that_would_tell():
    """Of 24 rounds 9 may count, and "about 10 would tell" alone would be read as fewer than there were."""
    pair = made_showdown().pairs[0].model_copy(update={"verdict": "cannot_tell", "n_rounds": 9, "rounds_to_tell": 1000})
    assert pair.rounds_text == "9 rounds count, about 1,000 would tell"
    assert pair.model_copy(update={"rounds_to_tell": None}).rounds_text.startswith("as fast as each other")


def test_a_row_is_called_by_its_file_and_its_target():
    row = made_showdown().rows[1]
    assert row_title(row) == "Baseline · OpenVINO in bf16"
    streams = row.model_copy(update={"target": row.target.model_copy(update={"streams": 2})})
    assert row_title(streams) == "Baseline · OpenVINO in bf16, 2 streams"
