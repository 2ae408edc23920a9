"""The kinds of blocks that are found in a graph."""

import pytest

from engine.search.patterns import find_patterns
from tests.drawn_weights import weights
from tests.techniques.given import classifier

STEM = ("Conv", ["image", "w1"], "x", {"pads": [1] * 4})
HEAD = [("GlobalAveragePool", ["y"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w3"], "logits")]
SILU = [("Sigmoid", ["x"], "s"), ("Mul", ["x", "s"], "y")]
HARD_SWISH = [("HardSigmoid", ["x"], "s"), ("Mul", ["x", "s"], "y")]
DEPTHWISE = [("Conv", ["x", "d"], "y", {"pads": [1] * 4, "group": 8})]
GROUPED = [("Conv", ["x", "g"], "y", {"pads": [1] * 4, "group": 2})]
GATE = [("GlobalAveragePool", ["x"], "q"), ("HardSigmoid", ["q"], "s"), ("Mul", ["x", "s"], "y")]
ATTENTION = [
    ("Transpose", ["x"], "k", {"perm": [0, 1, 3, 2]}),
    ("MatMul", ["x", "k"], "scores"),
    ("Softmax", ["scores"], "shares"),
    ("MatMul", ["shares", "x"], "y"),
]


def found(nodes, head=HEAD):
    constants = {"w1": weights(8, 3, 3, 3), "w3": weights(8, 4), "d": weights(8, 1, 3, 3), "g": weights(8, 4, 3, 3)}
    return {one.code: one for one in find_patterns(classifier([STEM, *nodes, *head], constants))}


@pytest.mark.parametrize(
    ("nodes", "blocks"),
    [
        (SILU, {"swish": 1}),
        (HARD_SWISH, {"swish": 1}),
        (DEPTHWISE, {"depthwise": 1}),
        (GROUPED, {}),
        (GATE, {"swish": 1}),
        (ATTENTION, {"attention": 1}),
        ([("Relu", ["x"], "y")], {}),
    ],
    ids=["SiLU", "hard-swish", "depthwise", "grouped", "gate", "attention", "none"],
)
def test_the_kinds_of_blocks_are_counted(nodes, blocks):
    assert {code: one.n_blocks for code, one in found(nodes).items()} == blocks


def test_a_pattern_names_its_nodes():
    assert set(found(SILU)["swish"].nodes) == {"Sigmoid for s", "Mul for y"}
    assert found(DEPTHWISE)["depthwise"].nodes == ("Conv for y",)
    assert set(found(ATTENTION)["attention"].nodes) == {"MatMul for scores", "Softmax for shares", "MatMul for y"}


def test_a_softmax_that_gives_the_probabilities_is_no_attention():
    head = [*HEAD[:2], ("Gemm", ["f", "w3"], "z"), ("Softmax", ["z"], "logits")]
    assert "Softmax for logits" not in found(ATTENTION, head)["attention"].nodes
    assert found([("Relu", ["x"], "y")], head) == {}
