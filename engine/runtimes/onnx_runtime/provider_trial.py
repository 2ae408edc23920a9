"""Whether an execution provider works, tested by running a small model on it in a process of its own."""

import re
import sys
from pathlib import Path

import onnxruntime as ort

from engine.runtimes.onnx_runtime.errors import readable
from engine.runtimes.provider_trial import try_in_child
from engine.settings.target import CUDA

SCRIPT = Path(__file__).with_name("trial_child.py")
TRIED_BY_US = frozenset({"CPUExecutionProvider", "CUDAExecutionProvider"})
"""The providers that the project was run on; any other is offered where it works, and marked as untested."""
_PACKAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    CUDA: ("onnxruntime-gpu", ("linux", "win32")),
    "TensorrtExecutionProvider": ("onnxruntime-gpu", ("linux", "win32")),
    "MIGraphXExecutionProvider": ("onnxruntime-migraphx", ("linux",)),
    "DmlExecutionProvider": ("onnxruntime-directml", ("win32",)),
}
"""The package that brings a provider which not every build has, and the systems that it is for (sys.platform)."""
_NOT_ACTIVATED = "onnxruntime did not activate it, its libraries or its device are missing"
_LIBRARY = re.compile(
    r"with error: (?P<missing>.+)|: (?P<shared>\S+: cannot open shared object file)|(?P<require>Require .+)"
)
"""What onnxruntime writes to stderr of a provider's library that it cannot load; it raises nothing then."""
_PLACE = re.compile(r"^.*?\.cc:\d+ \S+ ")
"""The place in onnxruntime's sources before what it writes."""


def known_providers() -> tuple[str, ...]:
    """The providers of this build, and behind them those that other builds for this operating system have."""
    own = ort.get_available_providers()
    return (*own, *(name for name, (_, systems) in _PACKAGES.items() if name not in own and sys.platform in systems))


def refusal(provider: str) -> str:
    """Why the small model did not run on this provider alone with the right answer; empty where it did."""
    if provider not in ort.get_available_providers():
        package, _ = _PACKAGES.get(provider, ("", ()))
        install = f"; install {package} in place of onnxruntime" if package else ""
        return f"this build of onnxruntime does not have it{install}"
    return try_in_child(SCRIPT, [provider], reason)


def reason(error: str, stderr: str) -> str:
    """The readable part of an error's text, or without one what was written of the libraries."""
    if "fallback to CPU EP" in error:  # onnxruntime's own words blame the option that the trial sets
        return "it cannot run a convolution by itself and would leave it to the CPU"
    if error:
        return readable(" ".join(error.split()))
    return _library(stderr) or _NOT_ACTIVATED


def _library(stderr: str) -> str:
    """The library that is missing, as onnxruntime wrote it; empty where it wrote nothing of the kind."""
    for line in stderr.splitlines():
        if (found := _LIBRARY.search(_PLACE.sub("", line))) is not None:
            text = next(part for part in found.groups() if part)
            return f"onnxruntime did not activate it: {' '.join(text.split())}"
    return ""
