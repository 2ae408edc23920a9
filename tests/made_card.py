"""An NVIDIA card for tests on machines without one: its sessions run on the CPU. tests/gpu has a real one."""

import onnx

from engine.runtimes import RUNTIMES
from engine.runtimes.onnx_runtime import bound, loading, profiling, session
from engine.runtimes.onnx_runtime.session import CPU
from engine.settings import Target
from engine.settings.target import CUDA

_CUDA_CALL = (
    "/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:{line} std::conditional_t<THRW, void, "
    "onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, "
    "const char*, int) [with ERRTYPE = {kind}; bool THRW = true; SUCCTYPE = {kind}; std::conditional_t<THRW, void, "
    "onnxruntime::common::Status> = void; std::string = std::basic_string<char>] "
)


def card_message(failure, kind="cudaError", begin=""):
    """The whole of what onnxruntime 1.2x says of a failure of a card's library, after `begin`."""
    places = "".join(_CUDA_CALL.format(line=line, kind=kind) for line in (129, 121))
    return (
        f"{begin}{places}{failure} ; GPU=-1 ; hostname=box ; "
        "file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_execution_provider.cc ; line=306 ; "
        "expr=cudaSetDevice(info_.device_id); \n"
    )


def put_in_card(monkeypatch, not_captured=()):
    """From here on onnxruntime has a card, on which graphs with one of these operators cannot be captured."""

    def load_there(path, target, *args, **more):
        operators = {node.op_type for node in onnx.load(path).graph.node}
        if target.cuda_graph and operators & set(not_captured):
            raise loading.not_captured("some of its operators do not run on the card")
        return load(path, Target(threads=target.threads or 1), *args, **more)

    load = loading.load
    monkeypatch.setattr(type(RUNTIMES["onnxruntime"]), "providers", lambda self: (CUDA, CPU))
    for module in (session, profiling):
        monkeypatch.setattr(module, "load", load_there)
    monkeypatch.setattr(bound, "CUDA", "")  # so that buffers lie in memory
