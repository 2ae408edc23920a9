"""The kinds of blocks that are found in a graph."""

import pytest

from engine.search.patterns import find_patterns
from tests.techniques.given import classifier, weights

STEM = ("Conv", ["image", "w1"], "x", {"pads": [1] * 4})
HEAD = [("GlobalAveragePool", ["y"], "p"), ("Flatten", ["p"], "f"), ("Gemm", ["f", "w3"], "logits")]
SILU = [("Sigmoid", ["x"], "s"), ("Mul", ["x", "s"], "y")]
HARD_SWISH = [("HardSigmoid", ["x"], "s"), ("Mul", ["x", "s"], "y")]
DEPTHWISE = [("Conv", ["x", "d"], "y", {"pads": [1] * 4, "group": 8})]
GROUPED = [("Conv", ["x", "g"], "y", {"pads": [1] * 4, "group": 2})]
SQUEEZE_EXCITE = [
    ("GlobalAveragePool", ["x"], "q"),
    ("Conv", ["q", "c1"], "q1"),
    ("Sigmoid", ["q1"], "q2"),
    ("Mul", ["q1", "q2"], "q3"),
    ("Conv", ["q3", "c2"], "q4"),
    ("Sigmoid", ["q4"], "q5"),
    ("Mul", ["x", "q5"], "y"),
]
ATTENTION = [
    ("Transpose", ["x"], "k", {"perm": [0, 1, 3, 2]}),
    ("MatMul", ["x", "k"], "scores"),
    ("Softmax", ["scores"], "shares"),
    ("MatMul", ["shares", "x"], "y"),
]


def found(nodes, head=HEAD):
    constants = {"w1": weights(8, 3, 3, 3), "w3": weights(8, 4), "d": weights(8, 1, 3, 3), "g": weights(8, 4, 3, 3)}
    constants |= {"c1": weights(4, 8, 1, 1), "c2": weights(8, 4, 1, 1)}
    return {one.code: one for one in find_patterns(classifier([STEM, *nodes, *head], constants))}


@pytest.mark.parametrize(
    ("nodes", "blocks"),
    [
        (SILU, {"swish": 1}),
        (HARD_SWISH, {"swish": 1}),
        (DEPTHWISE, {"depthwise": 1}),
        (GROUPED, {}),
        (SQUEEZE_EXCITE, {"swish": 1, "squeeze_excite": 1}),
        (ATTENTION, {"attention": 1}),
        ([("Relu", ["x"], "y")], {}),
    ],
    ids=["SiLU", "hard-swish", "depthwise", "grouped", "squeeze-excite", "attention", "none"],
)
def test_the_kinds_of_blocks_are_counted(nodes, blocks):
    assert {code: one.n_blocks for code, one in found(nodes).items()} == blocks


def test_the_nodes_of_a_squeeze_excite_block_are_all_from_the_pooling_to_the_product():
    nodes = found(SQUEEZE_EXCITE)["squeeze_excite"].nodes
    assert set(nodes) == {f"{op} for {output}" for op, _, output, *_ in SQUEEZE_EXCITE}


def test_a_softmax_that_gives_the_probabilities_is_no_attention():
    head = [*HEAD[:2], ("Gemm", ["f", "w3"], "z"), ("Softmax", ["z"], "logits")]
    assert "Softmax for logits" not in found(ATTENTION, head)["attention"].nodes
    assert found([("Relu", ["x"], "y")], head) == {}
