"""Where the time of a call goes, in two files side by side."""

from collections.abc import Iterable

from engine.results.base import Note, Result
from engine.results.measurements import Latency
from engine.settings.target import CUDA

FAMILIES: dict[str, str] = {
    "Convolution": "Conv",
    "FusedConv": "Conv",
    "NhwcFusedConv": "Conv",
    "QLinearConv": "Conv",
    "ConvInteger": "Conv",
    "Deconvolution": "ConvTranspose",
    "FullyConnected": "MatMul and Gemm",
    "FullyConnectedQuantizedLegacy": "MatMul and Gemm",
    "MatMul": "MatMul and Gemm",
    "Gemm": "MatMul and Gemm",
    "QGemm": "MatMul and Gemm",
    "FusedGemm": "MatMul and Gemm",
    "FusedMatMul": "MatMul and Gemm",
    "QLinearMatMul": "MatMul and Gemm",
    "MatMulInteger": "MatMul and Gemm",
    "MatMulIntegerToFloat": "MatMul and Gemm",
    "DynamicQuantizeMatMul": "MatMul and Gemm",
    "MatMulNBits": "MatMul and Gemm",
    "ScaledDotProductAttention": "Attention",
    "MultiHeadAttention": "Attention",
    "QAttention": "Attention",
    "QLinearAdd": "Add",
    "QLinearMul": "Mul",
    "QLinearSigmoid": "Sigmoid",
    "QLinearSoftmax": "Softmax",
    "QLinearConcat": "Concat",
    "QLinearAveragePool": "AveragePool",
    "AvgPool": "AveragePool",
    "QLinearGlobalAveragePool": "GlobalAveragePool",
    "QLinearReduceMean": "ReduceMean",
    "NhwcMaxPool": "MaxPool",
    "QuantizeLinear": "Quantize and dequantize",
    "DequantizeLinear": "Quantize and dequantize",
    "DynamicQuantizeLinear": "Quantize and dequantize",
    "FakeQuantize": "Quantize and dequantize",
    "ReorderInput": "Layout changes",
    "ReorderOutput": "Layout changes",
    "Reorder": "Layout changes",
    "Transpose": "Layout changes",
    "Cast": "Casts",
    "Convert": "Casts",
}
"""What an operator computes, whatever it computes it in: a file's Conv beside the QLinearConv of another. Names are
those of onnxruntime's and OpenVINO's own operators; one that is not here stands for itself."""


def family(operator: str) -> str:
    """What an operator of a runtime computes."""
    return FAMILIES.get(operator, operator)


class NodeTime(Result):
    """A node of the graph that a runtime runs: its median in one call, and what it was made of.

    `originals` are the names of nodes or of their outputs in the file, as far as the runtime's own name has them;
    `covered` are the names of the file's nodes that it computes, the one that it is by its operator first.
    """

    name: str
    operator: str
    ms: float
    originals: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()


class NodeMatch(Result):
    """The nodes of two files that compute the same: what one fuses, the other may compute in several nodes.

    `name` is that of the first node of the file. One of the two sides is empty where nothing of the other file has
    a name of it.
    """

    name: str
    baseline: tuple[NodeTime, ...] = ()
    model: tuple[NodeTime, ...] = ()

    @property
    def is_matched(self) -> bool:
        """Whether both files have it."""
        return bool(self.baseline and self.model)

    @property
    def baseline_ms(self) -> float:
        return sum(node.ms for node in self.baseline)

    @property
    def model_ms(self) -> float:
        return sum(node.ms for node in self.model)


class OperatorTime(Result):
    """The milliseconds of one call in all nodes of a family, and the operators that the two files have of it."""

    family: str
    baseline_ms: float
    model_ms: float
    baseline_operators: tuple[str, ...]
    model_operators: tuple[str, ...]


class TimeProfile(Result):
    """One call of two files, node by node as the runtime's profiler measures it, the heaviest first.

    The latencies are those of calls without the profiler, in the same interleaved rounds; null where other programs
    disturbed too many. The profiler takes time at every node: the parts may sum to more than the whole.
    """

    runtime: str
    provider: str
    threads: int
    batch_size: int
    baseline_latency: Latency | None
    model_latency: Latency | None
    rows: tuple[NodeMatch, ...]
    warnings: tuple[Note, ...] = ()

    @property
    def baseline_parts_ms(self) -> float:
        """The sum of the baseline's nodes."""
        return sum(row.baseline_ms for row in self.rows)

    @property
    def model_parts_ms(self) -> float:
        """The sum of the other file's nodes."""
        return sum(row.model_ms for row in self.rows)

    def row_of(self, name: str) -> NodeMatch | None:
        """The row that has the node of this name in either file, or None."""
        for row in self.rows:
            nodes = (*row.baseline, *row.model)
            if name in {row.name, *(node.name for node in nodes), *(one for node in nodes for one in node.originals)}:
                return row
        return None

    @property
    def names_nodes(self) -> bool:
        """Whether it is known which nodes of the files the runtime's nodes compute."""
        return any(node.covered for row in self.rows for node in (*row.baseline, *row.model))

    @property
    def operators(self) -> tuple[OperatorTime, ...]:
        """The times by what operators compute, the longest in either file first."""
        baseline = [node for row in self.rows for node in row.baseline]
        model = [node for row in self.rows for node in row.model]
        names = dict.fromkeys(family(node.operator) for node in (*baseline, *model))
        times = [
            OperatorTime(
                family=name,
                baseline_ms=_sum(baseline, name),
                model_ms=_sum(model, name),
                baseline_operators=_operators(baseline, name),
                model_operators=_operators(model, name),
            )
            for name in names
        ]
        return tuple(sorted(times, key=lambda one: -max(one.baseline_ms, one.model_ms)))


def _sum(nodes: Iterable[NodeTime], name: str) -> float:
    return sum(node.ms for node in nodes if family(node.operator) == name)


def _operators(nodes: Iterable[NodeTime], name: str) -> tuple[str, ...]:
    return tuple(sorted({node.operator for node in nodes if family(node.operator) == name}))


def parts_text(parts_ms: float, latency: Latency | None) -> str:
    """How the sum of the parts stands to the whole call, as a sentence without its full stop."""
    parts = f"the parts sum to {parts_ms:.3g} ms"
    if latency is None:
        return f"{parts}; the whole call was not measured, since other programs disturbed it"
    whole = f"the whole call, which takes {latency.p50_ms:.3g} ms without the profiler"
    if parts_ms > latency.p50_ms:
        return (
            f"{parts}, more than {whole}: the profiler takes time at every node and also sees calls that others "
            "disturb, so take shares and not sums"
        )
    elsewhere = "between the nodes, or by the card" if latency.provider == CUDA else "between the nodes"
    return f"{parts} of {whole}: the rest is spent {elsewhere}"
