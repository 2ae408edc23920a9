"""The time of one call by node, as onnxruntime's own profiler measures it."""

import json
import re
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.results.time_profile import NodeTime
from engine.runtimes.onnx_runtime.errors import ORT_ERRORS
from engine.runtimes.onnx_runtime.feed import feed
from engine.runtimes.onnx_runtime.loading import INSPECT, error_of, load
from engine.runtimes.onnx_runtime.options import session_options
from engine.settings import Target
from engine.tasks import Inputs

WARMUP_CALLS, PROFILED_CALLS = 3, 10
PROFILE = "profile the model"
_KERNEL = "_kernel_time"
"""The end of the names of the events that say how long a node computed."""
_REWRITTEN = re.compile(r"^fused |((_nchwc|_nhwc|_token_\d+|_quant|/\w*Fusion\w*/?)+|\.?_fused)$")
"""What onnxruntime puts before and after the name of a file's node, or of its output, when it rewrites it."""


def profile_nodes(path: Path, target: Target, inputs: Inputs) -> tuple[NodeTime, ...]:
    """The nodes of the optimised graph with their medians in one call, in the order in which they ran.

    `inputs` are those of one call. The profiler adds a little to every node: take shares, not sums.
    Raises RunError where onnxruntime cannot run the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = session_options(target)
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        try:
            session = load(path, target.for_answers, options, PROFILE)
            arrays = feed(session)(inputs)
            for _ in range(WARMUP_CALLS + PROFILED_CALLS):
                session.run(None, arrays)
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        except ORT_ERRORS as error:
            raise error_of(error, target, PROFILE, INSPECT) from error
    return _nodes(events)


def _nodes(events: list[dict[str, object]]) -> tuple[NodeTime, ...]:
    """Medians over the calls of each node: a call that was disturbed does not count."""
    calls: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        arguments = event.get("args")
        if event.get("cat") == "Node" and isinstance(arguments, dict) and str(event["name"]).endswith(_KERNEL):
            name = str(event["name"]).removesuffix(_KERNEL)
            calls[str(arguments["op_name"]), name].append(float(str(event["dur"])) / 1000)
    return tuple(
        NodeTime(
            name=name,
            operator=operator,
            ms=float(np.median(durations[WARMUP_CALLS:])),
            originals=(_REWRITTEN.sub("", name),),
        )
        for (operator, name), durations in calls.items()
    )
