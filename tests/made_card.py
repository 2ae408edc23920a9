"""An NVIDIA card for tests on machines without one: its sessions run on the CPU. tests/gpu has a real one."""

import onnx

from engine.runtimes import RUNTIMES
from engine.runtimes.onnx_runtime import bound, loading, profiling, session
from engine.runtimes.onnx_runtime.session import CPU
from engine.settings import Target
from engine.settings.target import CUDA


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
