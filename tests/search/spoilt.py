"""A graph that static quantization ruins: one layer has huge weights for a channel that is always 0."""

from tests.techniques.given import classifier, weights


def spoilt_graph(sign=1):
    """The huge weights ruin the second convolution's scale, and nothing else; `sign` turns the answers round."""
    first, spoilt = weights(8, 3, 3, 3), weights(8, 8, 3, 3)
    first[0] = 0
    spoilt[:, 0] *= 1000
    nodes = [("Conv", ["image", "w1"], "a", {"pads": [1] * 4}), ("Conv", ["a", "w2"], "b", {"pads": [1] * 4}),
             ("GlobalAveragePool", ["b"], "c"), ("Flatten", ["c"], "d"), ("Gemm", ["d", "w3"], "logits")]  # fmt: skip
    return classifier(nodes, {"w1": first, "w2": spoilt, "w3": sign * weights(8, 4)})
