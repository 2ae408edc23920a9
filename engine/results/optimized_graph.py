"""The graph that onnxruntime makes of a file, saved."""

from engine.results.base import Result
from engine.results.cold_start import Spread
from engine.results.measurements import Latency

OPTIMIZED_FILE = "model.optimized.onnx"
"""Its name beside the result."""


class OptimizedGraph(Result):
    """The graph that onnxruntime makes of a file for one provider of one processor, as a file that opens sooner.

    It holds operators of this version alone, laid out for this processor. `load_ms` and `optimized_load_ms` are the
    creations of a session from either file, in turns and in one process that had the runtime loaded; `load_ratio` is
    that of each pair. `worst_difference` is the largest difference of an output, as a share of the largest output: 0
    where all are equal. `latency` is that of the saved graph beside the file's in the same rounds; null where other
    programs disturbed too many calls.
    """

    sha256: str
    size_bytes: int
    runtime_version: str
    provider: str
    cpu: str
    graphics_cards: tuple[str, ...] = ()
    """Those that the driver reports, where the provider is that of CUDA."""
    isa: tuple[str, ...]
    threads: int
    load_ms: Spread
    optimized_load_ms: Spread
    load_ratio: Spread
    n_loads: int
    worst_difference: float
    latency: Latency | None

    @property
    def bound_to(self) -> str:
        """The hardware, the provider and the version that it is made for."""
        hardware = ", ".join((self.cpu, *dict.fromkeys(self.graphics_cards), self.provider))
        return f"{hardware} and onnxruntime {self.runtime_version}"
