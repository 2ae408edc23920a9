"""A graph of two convolutions whose channels have ranges that differ by a thousand, which ruins INT8."""

import numpy as np

from tests.drawn_weights import weights
from tests.techniques.given import classifier

SPREAD = np.float32(10.0) ** np.linspace(-1.5, 1.5, 8, dtype=np.float32)
"""What the ranges of channels differ by."""


def uneven_graph(between=("Relu",), *, second=(8, 8, 3, 3), group=1, more=(), **constants):
    """Two convolutions, the first with channels of ranges that differ, with operators between them."""
    nodes, name = [("Conv", ["image", "w1", "b1"], "v0", {"pads": [1] * 4})], "v0"
    for number, operator in enumerate(between, 1):
        node = (operator, [name, "low", "high"] if operator == "Clip" else [name], f"v{number}")
        nodes, name = [*nodes, node], f"v{number}"
    nodes += [
        ("Conv", [name, "w2", "b2"], "c", {"pads": [1] * 4, "group": group}),
        ("GlobalAveragePool", ["c"], "d"),
        ("Flatten", ["d"], "e"),
        ("Gemm", ["e", "w3", "b3"], "logits"),
        *more,
    ]
    spread = SPREAD.reshape(-1, 1, 1, 1)
    right = weights(*second)
    values = {
        "w1": weights(8, 3, 3, 3) * spread,
        "b1": weights(8) * SPREAD,
        "w2": right / (spread if group == 8 and second[0] == 8 else SPREAD.reshape(1, -1, 1, 1) if group == 1 else 1),
        "b2": weights(second[0]),
        "w3": weights(second[0], 4),
        "b3": weights(4),
        "low": np.float32(0),
        "high": np.float32(6),
    }
    return classifier(nodes, values | constants)
