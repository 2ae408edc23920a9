"""Whether an execution provider works, tested by running a small model on it."""

import onnxruntime as ort
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, InvalidArgument, NotImplemented, RuntimeException

from engine.runtimes.onnx_runtime.session import CPU
from engine.runtimes.trial_model import IMAGE, WRONG_ANSWER, is_right, trial_model

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
    try:
        session = ort.InferenceSession(trial_model(), options, providers=[provider])
        if provider not in session.get_providers():
            return "onnxruntime did not activate it, its libraries or its device are missing"
        (sums,) = session.run(None, {"image": IMAGE})
    except _REFUSALS as error:
        if "fallback to CPU EP" in str(error):  # onnxruntime's own words blame the option that is set above
            return "it cannot run a convolution by itself and would leave it to the CPU"
        return (" ".join(str(error).split()) or type(error).__name__)[:300]
    return "" if is_right(sums) else WRONG_ANSWER
