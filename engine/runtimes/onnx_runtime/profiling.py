"""The time of one call by operator type, as onnxruntime's own profiler measures it."""

import json
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.runtimes.onnx_runtime.errors import ORT_ERRORS
from engine.runtimes.onnx_runtime.feed import feed
from engine.runtimes.onnx_runtime.loading import error_of, load
from engine.runtimes.onnx_runtime.options import session_options
from engine.settings import Target
from engine.tasks import Inputs

WARMUP_CALLS, PROFILED_CALLS = 3, 10
PROFILE = "profile the model"


def profile_operators(path: Path, target: Target, inputs: Inputs) -> dict[str, float]:
    """Milliseconds of one call by operator type, longest first; types are those of the optimised graph.

    `inputs` are those of one call. The profiler adds a little to every operator: take shares, not sums.
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
            raise error_of(error, target, PROFILE, "Check the file with `python -m engine inspect`") from error
    return _by_operator(events)


def _by_operator(events: list[dict[str, object]]) -> dict[str, float]:
    """Medians over the calls of each node, summed by type: a call that was disturbed does not count."""
    calls: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        arguments = event.get("args")
        if event.get("cat") == "Node" and isinstance(arguments, dict) and str(event["name"]).endswith("_kernel_time"):
            calls[str(arguments["op_name"]), str(event["name"])].append(float(str(event["dur"])) / 1000)
    times: dict[str, float] = defaultdict(float)
    for (operator, _), durations in calls.items():
        times[operator] += float(np.median(durations[WARMUP_CALLS:]))
    return dict(sorted(times.items(), key=lambda item: -item[1]))
