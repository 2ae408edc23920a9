"""The time of one call by operator type, as OpenVINO's own counters have it."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.errors import RunError
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


def profile_operators(path: Path, target: Target, inputs: Inputs) -> dict[str, float]:
    """Milliseconds of one call by operator type, longest first.

    Types are those of the compiled graph, by ONNX's names where it has one; medians over the calls of each node, summed
    by type. `inputs` are those of one call. Raises RunError where OpenVINO cannot run the file.
    """
    nodes: dict[tuple[str, str], list[float]] = defaultdict(list)
    try:
        with open_openvino_session(path, target, (), profiled=True) as session:
            for number in range(WARMUP_CALLS + PROFILED_CALLS):
                session(inputs)
                if number >= WARMUP_CALLS:
                    for name, (operator, milliseconds) in session.times().items():
                        nodes[operator, name].append(milliseconds)
    except RunError as error:
        raise RunError(f"OpenVINO cannot profile the model: {error.message}", error.next) from error
    times: dict[str, float] = defaultdict(float)
    for (operator, _), milliseconds_of_calls in nodes.items():
        times[ONNX_TYPES.get(operator, operator)] += float(np.median(milliseconds_of_calls))
    return dict(sorted(times.items(), key=lambda item: -item[1]))
