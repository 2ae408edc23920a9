"""The options of an onnxruntime session that a target stands for, by onnxruntime's own names."""

from collections.abc import Sequence

import onnxruntime as ort

from engine.settings import Target

SPINNING, EXACT_SUMS = "session.intra_op.allow_spinning", "session.x64quantprecision"
"""Keys of onnxruntime_session_options_config_keys.h, whose values are 0 and 1."""
Providers = Sequence[str | tuple[str, dict[str, str]]]


def describe_options(target: Target) -> dict[str, str]:
    """The options of a session for this target that decide its speed."""
    return {
        "intra_op_num_threads": str(target.threads or 1),
        "inter_op_num_threads": "1",
        "execution_mode": "sequential",
        "graph_optimization_level": "all",
        **config_entries(target),
        **provider_options(target),
        **({"buffers": "bound" if target.bound else "numpy"} if target.on_cuda else {}),
    }


def config_entries(target: Target) -> dict[str, str]:
    """The entries of a session's configuration that the target asks for."""
    spinning = {} if target.spinning is None else {SPINNING: _flag(target.spinning)}
    return {**spinning, **({EXACT_SUMS: "1"} if target.quant_precision else {})}


def provider_options(target: Target) -> dict[str, str]:
    """The options of the CUDA provider (onnxruntime.ai, "CUDA Execution Provider"); none of any other."""
    if not target.on_cuda:
        return {}
    return {
        "device_id": str(target.device_id or 0),
        "use_tf32": _flag(target.tf32),
        "prefer_nhwc": _flag(target.prefer_nhwc),
        "enable_cuda_graph": _flag(target.cuda_graph),
    }


def session_options(target: Target) -> ort.SessionOptions:
    """The options of a session, but for those of its provider."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = target.threads or 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    for key, value in config_entries(target).items():
        options.add_session_config_entry(key, value)
    return options


def providers(target: Target) -> Providers:
    """The target's provider with its options, as a session takes it."""
    options = provider_options(target)
    return [(target.provider, options)] if options else [target.provider]


def _flag(value: bool) -> str:
    return "1" if value else "0"
