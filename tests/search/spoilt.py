"""A graph that static quantization ruins: one layer has huge weights for a channel that is always 0."""

import numpy as np

from tests.techniques.given import classifier


def spoilt_graph(sign=1, factor=1000, n_classes=4):
    """The huge weights, by `factor`, ruin the second convolution's scale, and nothing else; `sign` turns the answers
    round."""
    rng = np.random.default_rng(0)
    first, spoilt, head = (
        rng.standard_normal(shape).astype(np.float32) for shape in ((8, 3, 3, 3), (8, 8, 3, 3), (8, n_classes))
    )
    first[0] = 0
    spoilt[:, 0] *= factor
    nodes = [
        ("Conv", ["image", "w1"], "a", {"pads": [1] * 4}),
        ("Conv", ["a", "w2"], "b", {"pads": [1] * 4}),
        ("GlobalAveragePool", ["b"], "c"),
        ("Flatten", ["c"], "d"),
        ("Gemm", ["d", "w3"], "logits"),
    ]
    return classifier(nodes, {"w1": first, "w2": spoilt, "w3": sign * head}, n_classes=n_classes)
