"""The candidates of a race, by the operators that take the time in this graph and this machine's instructions."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from engine.results import Note
from engine.settings import Float16, Goal, Step
from engine.techniques.quantize import saturates
from engine.wording import many, percent

STEP: TypeAdapter[Step] = TypeAdapter(Step)

FLOAT_FIRST = (2, 4, 10)
"""How many first layers to leave in float: fewer are faster, more are closer to FP32."""
MIN_SHARE = 0.1
"""The share of the time from which an operator is worth quantizing."""
LAYERS_EACH = 3
"""A candidate that leaves k layers in float needs at least so many times k layers."""

CARD_REASON = Note(
    code="card_computes_in_16_bits",
    text="the card computes in 16-bit floats twice as wide and reads half the bytes; INT8 is left out, since "
    "onnxruntime's CUDA provider computes quantized files 2 to 6 times slower than FP32",
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about graph and machine that the table of candidates depends on.

    `times` are milliseconds by operator type, `layers` the types among Conv, Gemm and MatMul that have weights,
    `products` the names of the MatMuls of two activations, as attention has them, `n_pairs` the number of pairs of
    layers whose channels can be equalized. `on_cuda` says whether onnxruntime's CUDA provider computes.
    """

    times: Mapping[str, float]
    layers: tuple[str, ...]
    n_layers: int
    products: tuple[str, ...]
    isa: tuple[str, ...]
    goal: Goal
    n_pairs: int = 0
    on_cuda: bool = False

    def share(self, *names: str) -> float:
        """The share of the time of one call that operators of these types take, fused ones included."""
        milliseconds = sum(ms for operator, ms in self.times.items() if any(name in operator for name in names))
        return milliseconds / (sum(self.times.values()) or 1.0)


@dataclass(frozen=True)
class Plan:
    """A candidate to build: its name, its settings (None: the model as it is), and the reason to try it."""

    name: str
    settings: Step | None
    reason: Note


def methods(facts: Facts, n_images: int) -> tuple[Plan, ...]:
    """The first half of the table of candidates, most promising first; every race has FP32 beside them.

    `n_images` calibrate each. Convolutions are never quantized dynamically (4 to 14 times slower than FP32 in
    onnxruntime), and weights never unsigned. On CUDA there is no INT8: quantized files are 2 to 6 times slower than
    FP32 in that provider (H200, onnxruntime-gpu 1.31.1, docs/log.md).
    """
    if facts.on_cuda:
        return (Plan("16-bit floats", Float16(), CARD_REASON),)
    matmuls, layers = facts.share("MatMul", "Gemm", "Attention"), facts.share("Conv", "MatMul", "Gemm", "Attention")
    rows: list[tuple[bool, str, dict[str, object], str, str]] = [
        (
            matmuls >= MIN_SHARE and facts.layers != ("Conv",),
            "Dynamic INT8",
            {"method": "dynamic"},
            "matmuls_hold_time",
            f"MatMul and Gemm hold {percent(matmuls)} of the time, and ranges taken at every call fit every image",
        ),
        (
            True,
            "Static INT8",
            {},
            "all_operators",
            "with all operators in INT8 the data stay in 8 bits from layer to layer",
        ),
        (
            bool(facts.products),
            "Static INT8, attention in float",
            {"float_nodes": facts.products},
            "attention_is_sensitive",
            "products of two activations, as in attention, lose the most",
        ),
        (
            layers < 1,
            "Static INT8, layers only",
            {"operators": facts.layers, "float_nodes": facts.products},
            "layers_hold_time",
            f"Conv, Gemm and MatMul hold {percent(layers)} of the time; the rest stays in float",
        ),
        (
            facts.goal == "size",
            "8-bit weights",
            {"method": "weights"},
            "goal_is_size",
            "the goal is size, and arithmetic in float keeps the outputs close",
        ),
    ]
    static = {"method": "static", "calibration_images": n_images}
    return tuple(
        Plan(name, _step(changes if "method" in changes else static | changes), Note(code=code, text=text))
        for applies, name, changes, code, text in rows
        if applies
    )


def nncf_methods(facts: Facts, n_images: int) -> tuple[Plan, ...]:
    """What races beside them at a target of OpenVINO, where NNCF is installed."""
    names = {"nncf": "Static INT8 by NNCF"}
    if facts.products:
        names["nncf_transformer"] = "Static INT8 by NNCF, for transformers"
    reason = Note(code="made_for_openvino", text="NNCF places and calibrates INT8 as OpenVINO's own kernels like it")
    static = {"method": "static", "calibration_images": n_images}
    return tuple(Plan(name, _step({**static, "quantizer": quantizer}), reason) for quantizer, name in names.items())


def equalized(lossy: Plan, facts: Facts) -> Plan:
    """A static candidate with its channels equalized. Raises ValueError where it has no settings."""
    if lossy.settings is None:
        raise ValueError(f"{lossy.name} has no settings to change")
    text = f"the channels of {many(facts.n_pairs, 'pair')} of layers can be given like ranges, at the same function"
    settings = lossy.settings.model_copy(update={"cross_layer_equalization": True})
    return Plan(f"{lossy.name}, equalized", settings, Note(code="channels_differ", text=text))


def refinements(base: Plan, facts: Facts) -> tuple[Plan, ...]:
    """The second half of the table: the best static candidate of the first half, with one setting changed each.

    Raises ValueError where `base` has no settings.
    """
    settings = base.settings
    if settings is None:
        raise ValueError(f"{base.name} has no settings to refine")
    rows: list[tuple[bool, str, dict[str, object], str, str]] = [
        *(
            (
                facts.n_layers >= LAYERS_EACH * k,
                f"first {k} in float",
                dict[str, object](float_first=k),
                "first_layers_are_sensitive",
                "errors of the first layers go through all that follow",
            )
            for k in FLOAT_FIRST
        ),
        (
            True,
            "percentile",
            {"calibration": "percentile"},
            "outliers",
            "a few outliers can stretch the range of all other values",
        ),
        (True, "per tensor", {"per_channel": False}, "one_scale", "one scale a layer makes the simplest kernels"),
        (
            saturates(facts.isa),
            "full range",
            {"reduce_range": False},
            "may_not_saturate",
            "without VNNI full 8-bit weights can saturate, and need not",
        ),
    ]
    return tuple(
        Plan(f"{base.name}, {name}", settings.model_copy(update=changes), Note(code=code, text=text))
        for applies, name, changes, code, text in rows
        if applies
    )


def _step(values: dict[str, object]) -> Step:
    return STEP.validate_python({"technique": "quantize", **values})
