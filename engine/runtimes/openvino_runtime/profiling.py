"""The time of one call by node, as OpenVINO's own counters have it."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.errors import RunError
from engine.results.time_profile import NodeTime
from engine.runtimes.openvino_runtime.session import open_openvino_session
from engine.settings import Target
from engine.tasks import Inputs

ONNX_TYPES = {
    "Convolution": "Conv",
    "Deconvolution": "ConvTranspose",
    "FullyConnected": "Gemm",
    "ScaledDotProductAttention": "Attention",
    "FakeQuantize": "QuantizeLinear",
}
"""ONNX's names of what OpenVINO calls otherwise: the race reads the shares of these."""
WARMUP_CALLS, PROFILED_CALLS = 3, 10


def profile_nodes(path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
    """The nodes of the compiled graph with their medians in one call, by ONNX's names of operators where it has one.

    `inputs` are those of one call. What took no time is left out. Raises RunError where OpenVINO cannot run the file.
    """
    nodes: dict[tuple[str, str], list[float]] = defaultdict(list)
    try:
        with open_openvino_session(path, target, (), profiled=True) as session:
            for number in range(WARMUP_CALLS + PROFILED_CALLS):
                session(inputs)
                if number >= WARMUP_CALLS:
                    for name, (operator, milliseconds) in session.times().items():
                        nodes[operator, name].append(milliseconds)
            originals = session.originals()
    except RunError as error:
        raise RunError(f"OpenVINO cannot profile the model: {error.message}", error.next) from error
    return tuple(
        NodeTime(
            name=name,
            operator=ONNX_TYPES.get(operator, operator),
            ms=milliseconds,
            originals=originals.get(name, ()),
        )
        for (operator, name), milliseconds_of_calls in nodes.items()
        if (milliseconds := float(np.median(milliseconds_of_calls))) > 0
    )
