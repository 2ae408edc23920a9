"""Every task: given away by a signature, its outputs read, its answers compared."""

import numpy as np
import pytest

from engine.errors import RunError
from engine.results import TensorSpec
from engine.settings import TaskName
from engine.tasks import TASKS, Answers, Signature, joined, n_examples, recognise, resized, scaled
from engine.tasks.reading import SAMPLED, sampled_positions

IMAGE = (64, 64)
CELLS = 64 + 16 + 4
"""Of the grids of a YOLO on an image of 64 px."""


def out(name, *shape, dtype="float32", batched=True):
    return TensorSpec(name=name, dtype=dtype, shape=shape, batched=batched)


def signature(*outputs, image=IMAGE, **last):
    return Signature(outputs=outputs, last_operators=last, image=image)


def test_there_is_a_row_for_every_task_that_a_recipe_can_name():
    assert set(TASKS) == set(TaskName.__args__)
    assert [task.name for task in TASKS.values()] == list(TASKS)
    assert list(TASKS)[-1] == "tensors"  # which takes every graph


@pytest.mark.parametrize(("given", "task", "names"), [
    (signature(out("logits", 10)), "classification", ("logits",)),
    (signature(out("logits", 10, 1, 1)), "classification", ("logits",)),
    (signature(out("logits", 1, 10)), "classification", ("logits",)),
    (signature(out("logits", 10), out("map", 16, 8, 8)), "classification", ("logits",)),
    (signature(out("logits", 4), image=None), "classification", ("logits",)),
    (signature(out("p", 10), p="Sigmoid"), "multilabel", ("p",)),
    (signature(out("p", 1), p="Sigmoid"), "binary", ("p",)),
    (signature(out("p"), p="Sigmoid"), "binary", ("p",)),
    (signature(out("age", 1)), "regression", ("age",)),
    (signature(out("price"), image=None), "regression", ("price",)),
    (signature(out("image_embeds", 512)), "embedding", ("image_embeds",)),
    (signature(out("v", 512), v="LpNormalization"), "embedding", ("v",)),
    (signature(out("last_hidden_state", "T", 64), out("pooler_output", 64), image=None), "embedding",
     ("pooler_output",)),
    (signature(out("mask", 21, 64, 64)), "segmentation", ("mask",)),
    (signature(out("out", 21, 16, 16), out("aux", 21, 16, 16)), "segmentation", ("out",)),
    (signature(out("classes", 1, 64, 64, dtype="int64")), "segmentation", ("classes",)),
    (signature(out("classes", 64, 64, dtype="uint8")), "segmentation", ("classes",)),
    (signature(out("picture", 3, 64, 64)), "tensors", ("picture",)),
    (signature(out("depth", 1, 64, 64)), "tensors", ("depth",)),
    (signature(out("features", 512, 2, 2)), "tensors", ("features",)),
    (signature(out("labels", dtype="int64"), out("boxes", 4), out("scores")), "detection",
     ("boxes", "scores", "labels")),
    (signature(out("output0", 7, CELLS)), "detection", ("output0",)),
    (signature(out("output0", 3 * CELLS, 85)), "detection", ("output0",)),
    (signature(out("output0", 300, 6)), "detection", ("output0",)),
    (signature(out("hidden", 197, 192)), "tensors", ("hidden",)),
    (signature(out("start", "T"), out("tokens", "T", 500), image=None), "tensors", ("start", "tokens")),
    (signature(out("hidden", "T", 64), out("size", dtype="int64", batched=False), image=None), "tensors", ("hidden",)),
])  # fmt: skip
def test_a_graph_gives_its_task_away(given, task, names):
    found = recognise(given)
    assert (found.name, found.outputs(given)) == (task, names)


def answers(task, n=6, seed=0, scale=1.0):
    """Answers of a small output of this task for n examples, as its own reader reads them."""
    rng = np.random.default_rng(seed)
    outputs = {
        "binary": {"p": rng.random((n, 1))},
        "multilabel": {"p": rng.random((n, 5))},
        "regression": {"age": rng.normal(30, 5, (n, 1))},
        "segmentation": {"mask": rng.standard_normal((n, 4, 8, 8))},
        "detection": {"rows": boxes(rng, n)},
    }.get(task, {"values": rng.standard_normal((n, 8))})
    return TASKS[task].read({name: (values * scale).astype(np.float32) for name, values in outputs.items()}, n)


def boxes(rng, n):
    corners = rng.integers(0, 30, (n, 10, 2))
    return np.concatenate(
        [corners, corners + rng.integers(5, 30, (n, 10, 2)), rng.random((n, 10, 1)), rng.integers(0, 3, (n, 10, 1))],
        axis=2,
    )


@pytest.mark.parametrize("task", TASKS)
def test_the_same_answers_are_the_same_and_others_are_less_alike(task):
    own, other = answers(task), answers(task, seed=1)
    same, different = (TASKS[task].similarity(one, own) for one in (own, other))
    assert same.shape == different.shape == (6,)
    assert np.allclose(same, 1)
    assert different.mean() < 0.95
    assert np.isfinite(different).all()


@pytest.mark.parametrize("task", TASKS)
def test_answers_of_calls_are_joined_and_cut_by_examples(task):
    own = answers(task)
    again = joined([own.first(4), own.first(2)])
    assert len(again) == 6
    assert np.array_equal(again.main[:4], own.main[:4])
    assert np.array_equal(again.main[4:], own.main[:2])
    assert (again.decoded is None) == (own.decoded is None)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "detection"])
def test_another_number_of_rows_than_examples_is_refused(task):
    with pytest.raises(RunError, match="4 images with 1 rows"):
        TASKS[task].read({"values": np.zeros((1, 1), np.float32)}, 4)


def test_similarities_are_those_of_the_definitions():
    def of(task, values, baseline):
        made = [Answers({"x": np.array(one, np.float32)}) for one in (values, baseline)]
        return TASKS[task].similarity(*made)

    assert of("classification", [[1, 2], [3, 1]], [[0, 1], [0, 1]]).tolist() == [1, 0]
    assert of("multilabel", [[0.9, 0.1, 0.6, 0.2]], [[0.8, 0.7, 0.7, 0.1]]).tolist() == [0.75]
    assert np.allclose(of("embedding", [[1, 0], [1, 1], [0, 0], [0, 0]], [[1, 1], [2, 2], [0, 0], [1, 0]]),
                       [2**-0.5, 1, 1, 0])  # fmt: skip
    # R squared: the errors are 1 and 0, the variance is 1
    assert of("regression", [[2.0], [3.0]], [[1.0], [3.0]]).mean() == pytest.approx(0.5)
    assert of("regression", [[2.0], [2.0]], [[1.0], [1.0]]).mean() == pytest.approx(0.0)  # a constant: its square
    assert np.allclose(of("tensors", [[3, 4], [0, 0], [1, 0]], [[3, 3], [0, 0], [0, 0]]), [1 - 1 / 18, 1, 0])
    assert of("segmentation", [[[1, 0, 5], [0, 1, 4]]], [[[1, 0, 0], [0, 1, 4]]]) == pytest.approx(2 / 3)
    assert of("segmentation", [[[1, 2, 3]]], [[[1, 2, 4]]]) == pytest.approx(2 / 3)  # classes, not scores


def test_detections_match_by_class_and_overlap():
    def similarity(ours, theirs):
        read = [TASKS["detection"].read({"rows": np.array([one], np.float32)}, 1) for one in (ours, theirs)]
        return float(TASKS["detection"].similarity(*read)[0])

    box = [0, 0, 10, 10, 0.9, 1]
    filler = [[0, 0, 0, 0, 0, 0]] * 9
    assert similarity([box, *filler], [box, *filler]) == 1
    assert similarity([[0, 0, 10, 4, 0.9, 1], *filler], [box, *filler]) == 0  # overlaps by 0.4
    assert similarity([[0, 0, 10, 6, 0.9, 1], *filler], [box, *filler]) == 1
    assert similarity([[0, 0, 10, 10, 0.9, 2], *filler], [box, *filler]) == 0  # another class
    assert similarity([box, [20, 20, 30, 30, 0.5, 1], *filler[:-1]], [box, *filler]) == pytest.approx(2 / 3)
    assert similarity([[*box[:4], 0.1, 1], *filler], [*filler, [0] * 6]) == 1  # neither has any


def head(*objects, n_classes=3, objectness=False):
    """The raw head of a YOLO for one image with these objects (cx, cy, w, h, score, class) in its first cells."""
    rows = np.zeros((CELLS, 4 + objectness + n_classes), np.float32)
    for row, (*place, score, label) in zip(rows, objects, strict=False):
        row[:4] = place
        row[4 : 4 + objectness] = 1
        row[4 + objectness + label] = score
    return rows[None] if objectness else rows.T[None]


@pytest.mark.parametrize("objectness", [False, True])
def test_a_raw_head_is_decoded_and_of_overlapping_boxes_the_best_stays(objectness):
    values = head((20, 20, 10, 10, 0.9, 1), (21, 20, 10, 10, 0.8, 1), (50, 50, 6, 6, 0.7, 2), (9, 9, 4, 4, 0.1, 0),
                  objectness=objectness)  # fmt: skip
    read = TASKS["detection"].read({"output0": values}, 1)
    found = read.decoded[0][read.decoded[0][:, 4] > 0]
    assert np.allclose(found, [[15, 15, 25, 25, 0.9, 1], [47, 47, 53, 53, 0.7, 2]])
    assert list(read.outputs) == ["output0"]  # whose SQNR is told


def test_three_outputs_of_one_image_need_no_axis_of_images():
    outputs = {
        "boxes": np.array([[0, 0, 5, 5], [1, 1, 9, 9]]),
        "scores": np.array([0.3, 0.9]),
        "labels": np.array([2, 1]),
    }
    read = TASKS["detection"].read(outputs, 1)
    assert np.allclose(read.decoded[0, :2], [[1, 1, 9, 9, 0.9, 1], [0, 0, 5, 5, 0.3, 2]])
    with pytest.raises(RunError, match="batch size to 1"):
        TASKS["detection"].read(outputs, 2)
    scores = np.array([[[0.1, 0.2], [0.8, 0.3]]])  # of every class
    read = TASKS["detection"].read({**outputs, "boxes": outputs["boxes"][None], "scores": scores}, 1)
    assert np.allclose(read.decoded[0, :2, 4:], [[0.8, 0], [0.2, 1]])


def test_yes_or_no_become_two_classes():
    read = TASKS["binary"].read({"p": np.array([[0.2], [0.7]])}, 2)
    assert np.allclose(read.main, [[0.8, 0.2], [0.3, 0.7]])
    with pytest.raises(RunError, match="3 values an example"):
        TASKS["binary"].read({"p": np.zeros((2, 3))}, 2)


def test_large_outputs_are_sampled_at_positions_that_are_always_the_same():
    assert sampled_positions(10, 20).tolist() == list(range(10))
    first, again = (sampled_positions(3 * SAMPLED, SAMPLED) for _ in range(2))
    assert len(first) == SAMPLED == len(set(first.tolist()))
    assert np.array_equal(first, again)
    maps = np.zeros((1, 20, 300, 300), np.float32)
    assert TASKS["segmentation"].read({"mask": maps}, 1).main.shape == (1, 20, SAMPLED // 20)
    assert TASKS["tensors"].read({"picture": maps}, 1).main.shape == (1, SAMPLED)


def test_inputs_are_counted_filled_and_scaled_whether_images_or_arrays():
    images = np.arange(6, dtype=np.float32).reshape(3, 1, 1, 2)
    arrays = {"ids": np.arange(6).reshape(3, 2), "x": np.ones((3, 1), np.float32), "size": np.array([7, 8])}
    assert n_examples(images) == n_examples(arrays) == 3
    assert resized(images, 5)[:, 0, 0, 0].tolist() == [0, 2, 4, 0, 2]
    filled = resized(arrays, 5)
    assert (filled["ids"][:, 0].tolist(), filled["x"].shape, filled["size"].tolist()) == (
        [0, 2, 4, 0, 2],
        (5, 1),
        [7, 8],
    )
    assert np.array_equal(scaled(images, 2), 2 * images)
    more = scaled(arrays, 2)
    assert (more["ids"] is arrays["ids"], more["x"].tolist(), more["x"].dtype) == (True, [[2]] * 3, np.float32)
