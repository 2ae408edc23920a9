"""In which batches a model is asked."""

from dataclasses import replace

import numpy as np

from engine.measure.predictions import USUAL_BATCH, predict, prediction_batch
from engine.settings import QuantizeDynamic, Target
from engine.techniques.quantize import quantize_dynamic
from tests.techniques.given import classifier, given, weights

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
