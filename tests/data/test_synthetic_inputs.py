"""Inputs made from a signature alone: their ranges, their lengths, and what is said of them."""

import numpy as np
import pytest

from engine.data import SPLIT_NAMES, Data, first_batch, load
from engine.errors import DataError
from engine.results import TensorSpec
from engine.settings import Split


def spec(name: str, dtype: str, *shape: int | str, **options) -> TensorSpec:
    return TensorSpec(name=name, dtype=dtype, shape=shape, **options)


def made(*inputs: TensorSpec, seed: int = 0) -> Data:
    return load(None, Split(), None, seed, merge_train=True, n_outputs=None, inputs=inputs)


def values(one: TensorSpec) -> np.ndarray:
    """64 examples of the input, beside one that has an axis of examples."""
    return first_batch(made(spec("x", "float32"), one).split("evaluation"), 64)[one.name]


def test_they_are_unlabelled_seeded_and_for_evaluation_and_calibration_alone():
    inputs = spec("x", "float32", 3), spec("ids", "int64", 7, upper=9)
    data, again, other = (made(*inputs, seed=seed) for seed in (1, 1, 2))
    assert data.synthetic
    assert not data.labelled
    assert not data.has_images
    assert [len(data.split(name)) for name in SPLIT_NAMES] == [0, 32, 43, 0]
    batches = [first_batch(one.split("evaluation"), 43) for one in (data, again, other)]
    for name in ("x", "ids"):
        assert np.array_equal(batches[0][name], batches[1][name])
        assert not np.array_equal(batches[0][name], batches[2][name])
    assert not np.array_equal(batches[0]["x"][0], batches[0]["x"][1])
    assert data.sha256 == again.sha256 != other.sha256
    assert made(spec("x", "float32", 4), inputs[1], seed=1).evaluation_sha256 != data.evaluation_sha256


@pytest.mark.parametrize(
    ("one", "low", "high"),
    [
        (spec("input_ids", "int64", 50, upper=1000), 0, 999),
        (spec("input_ids", "int32", 50), 0, 1),
        (spec("levels", "uint8", 50, upper=1000), 0, 255),
        (spec("attention_mask", "int64", 50), 1, 1),
        (spec("mask", "float32", 50), 1, 1),
        (spec("token_type_ids", "int64", 50, upper=2), 0, 0),
        (spec("position_ids", "int64", 50), 0, 49),
        (spec("position_ids", "int64", 50, upper=20), 0, 19),
        (spec("flag", "bool", 3), True, True),
        (spec("steps", "int64", batched=False), 1, 1),
        (spec("threshold", "float32", 1, batched=False), 0.5, 0.5),
    ],
)
def test_values_are_ones_that_the_input_can_take(one, low, high):
    taken = values(one)
    assert taken.dtype == one.dtype
    # Of 2,000 draws out of 1,000 the extremes need not be there.
    assert taken.min() == pytest.approx(low, abs=high // 20)
    assert taken.max() == pytest.approx(high, abs=high // 20)
    assert taken.max() <= high


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_standard_normal(dtype):
    taken = values(spec("signal", dtype, 3, 50))
    assert taken.dtype == dtype
    assert abs(taken.mean(dtype=float)) < 0.05
    assert abs(taken.std(dtype=float) - 1) < 0.05


def test_positions_count_along_the_last_axis():
    assert values(spec("position_ids", "int64", 2, 4))[5].tolist() == [[0, 1, 2, 3]] * 2


@pytest.mark.parametrize(
    ("inputs", "shapes", "said"),
    [
        ([spec("input_ids", "int64", "n")], [(128,)], "n 128"),
        ([spec("counts", "int64", "n")], [(16,)], "n 16"),
        ([spec("pixels", "float32", 3, "h", "w")], [(3, 224, 224)], "h 224, w 224"),
        ([spec("pixels", "float32", "h", "w", 3)], [(224, 224, 3)], "h 224, w 224"),
        ([spec("pixels", "float32", "num_channels", "h", "w")], [(3, 224, 224)], "num_channels 3, h 224, w 224"),
        ([spec("past", "float32", 12, "n", 64)], [(12, 16, 64)], "n 16"),
        ([spec("past", "float32", 12, "n", 64), spec("ids", "int64", "n")], [(12, 128, 64), (128,)], "n 128"),
        (
            [spec("ids", "int64", "?"), spec("x", "float32", "?", 2)],
            [(128,), (16, 2)],
            "axis 1 of ids 128, axis 1 of x 16",
        ),
    ],
)
def test_free_axes_of_one_name_have_one_length_and_it_is_said(inputs, shapes, said):
    data = made(*inputs)
    batch = first_batch(data.split("calibration"), 2)
    assert [batch[one.name].shape for one in inputs] == [(2, *shape) for shape in shapes]
    (note,) = data.warnings
    assert note.code == "synthetic_inputs"
    assert note.text.endswith(f"for the lengths that the free axes were given: {said}")


def test_nothing_is_said_of_lengths_where_all_are_fixed():
    (note,) = made(spec("x", "float32", 3)).warnings
    assert note.text.endswith("size and latency are as valid as ever")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (
            [spec("x", "float32", 3, batched=False)],
            r"no input of the model has an axis of examples \(x float32 \(3\)\)",
        ),
        ([spec("x", "float32", 3), spec("text", "string", 1)], "'text' takes string"),
    ],
)
def test_what_cannot_be_made_is_refused(inputs, message):
    with pytest.raises(DataError, match=message):
        made(*inputs)
