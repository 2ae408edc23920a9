"""In which batches a model is asked."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import LimitError, memory_error
from engine.measure.predictions import USUAL_BATCH, predict, prediction_batch
from engine.runtimes import open_session
from engine.settings import QuantizeDynamic, Target
from engine.techniques.quantize import quantize_dynamic
from tests.drawn_weights import weights
from tests.techniques.given import classifier, given

DYNAMIC = QuantizeDynamic(method="dynamic")


def layers():
    nodes = [("Flatten", ["image"], "a"), ("MatMul", ["a", "w1"], "b"), ("MatMul", ["b", "w2"], "logits")]
    return classifier(nodes, {"w1": weights(192, 64) / 14, "w2": weights(64, 4)})


def test_where_a_batch_shares_its_range_the_answers_are_those_at_the_target_s_batch(tmp_path):
    model, context = given(layers(), tmp_path)
    dynamic = quantize_dynamic(model, DYNAMIC, context).onnx
    part, alone, together = context.data.split("evaluation"), Target(threads=1), Target(threads=1, batch_size=8)
    assert [prediction_batch(one, together) for one in (model, dynamic)] == [USUAL_BATCH, 8]
    singly, in_eights = (predict(dynamic, part, target).logits for target in (alone, together))
    first = np.concatenate([predict(dynamic, part.span(row, row + 1), alone).logits for row in range(3)])
    assert np.array_equal(singly[:3], first)
    assert not np.allclose(singly, in_eights, atol=1e-6)
    assert np.allclose(*(predict(model, part, target).logits for target in (alone, together)), atol=1e-4)


def test_a_batch_that_the_file_fixes_goes_before_the_target_s(tmp_path):
    model, _ = given(layers(), tmp_path)
    assert prediction_batch(replace(model, batch=3), Target(batch_size=8)) == 3


@pytest.fixture
def memory(monkeypatch):
    """Memory for so many images a call; calls for more fail with the error. The sizes of all calls."""

    def fill(most, error):
        sizes = []

        @contextmanager
        def opened(path, target, *, output_names):
            with open_session(path, target, output_names=output_names) as session:

                def ask(inputs):
                    sizes.append(len(inputs))
                    if len(inputs) > most:
                        raise error
                    return session(inputs)

                yield ask

        monkeypatch.setattr("engine.measure.predictions.open_session", opened)
        return sizes

    return fill


@pytest.mark.parametrize("error", [memory_error(), MemoryError()])
def test_where_memory_runs_out_fewer_images_go_into_a_call_and_the_answers_are_the_same(tmp_path, memory, error):
    model, context = given(layers(), tmp_path)
    part, target = context.data.split("evaluation"), Target(threads=1, batch_size=3)
    usual = predict(model, part, target)
    sizes = memory(7, error)
    fewer = predict(model, part, target)
    assert sizes[:4] == [USUAL_BATCH, 16, 8, 4]
    assert max(sizes[3:]) == 4
    assert fewer.ids == usual.ids
    assert np.allclose(fewer.logits, usual.logits, atol=1e-5)


def test_a_call_is_never_for_fewer_images_than_the_target_s_or_the_file_s(tmp_path, memory):
    model, context = given(layers(), tmp_path)
    part = context.data.split("evaluation")
    sizes = memory(1, memory_error())
    for asked, target in ((model, Target(threads=1, batch_size=12)), (replace(model, batch=5), Target(threads=1))):
        with pytest.raises(LimitError):
            predict(asked, part, target)
    assert sizes == [USUAL_BATCH, 16, 12, 5]


def test_another_error_is_not_answered_by_fewer_images(tmp_path, memory):
    model, context = given(layers(), tmp_path)
    sizes = memory(1, LimitError("the disk is full", code="disk_full"))
    with pytest.raises(LimitError, match="the disk is full"):
        predict(model, context.data.split("evaluation"), Target(threads=1))
    assert sizes == [USUAL_BATCH]
