"""Whether an execution provider works, tested by running a small model on it."""

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, InvalidArgument, NotImplemented, RuntimeException

from engine.runtimes.onnx_runtime.session import CPU

_REFUSALS = (EPFail, Fail, InvalidArgument, NotImplemented, RuntimeException, RuntimeError, ValueError)


def refusal(provider: str) -> str:
    """Why the small model did not run on this provider alone with the right answer; empty where it did."""
    if provider not in ort.get_available_providers():
        return "this build of onnxruntime does not have it"
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    # Without this, onnxruntime hands to the CPU what a provider cannot do, and the provider seems to work.
    if provider != CPU:
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    image = np.ones((1, 3, 8, 8), np.float32)
    try:
        session = ort.InferenceSession(_small_model(), options, providers=[provider])
        if provider not in session.get_providers():
            return "onnxruntime did not activate it, its libraries or its device are missing"
        (sums,) = session.run(None, {"image": image})
    except _REFUSALS as error:
        if "fallback to CPU EP" in str(error):  # onnxruntime's own words blame the option that is set above
            return "it cannot run a convolution by itself and would leave it to the CPU"
        return (" ".join(str(error).split()) or type(error).__name__)[:300]
    return "" if np.allclose(sums, 27.0, rtol=1e-2) else "it gave a wrong answer"


def _small_model() -> bytes:
    """A 3x3 convolution of ones over (1, 3, 8, 8), opset 13: ones become 27."""
    shapes = {"image": [1, 3, 8, 8], "sums": [1, 4, 6, 6]}
    image, sums = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items())
    weight = helper.make_tensor("ones", TensorProto.FLOAT, [4, 3, 3, 3], [1.0] * 108)
    node = helper.make_node("Conv", ["image", "ones"], ["sums"])
    graph = helper.make_graph([node], "small", [image], [sums], [weight])
    opsets = [helper.make_opsetid("", 13)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model
