"""The methods of `quantize`, a union nested on `method`: each a settings class of its own, `auto` the default."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from engine.settings.base import setting
from engine.settings.cost import QAT_SLOWER, TRAINING_MACS_PER_CORE, CostInputs
from engine.settings.step import Stage, StepSettings
from engine.settings.target import Target

Calibration = Literal["minmax", "percentile", "entropy"]
Rounding = Literal["nearest", "learnt"]
Quantizer = Literal["onnxruntime", "nncf", "nncf_transformer"]
QUANTIZERS = {"onnxruntime": "onnxruntime's", "nncf": "NNCF's", "nncf_transformer": "NNCF's, for transformers"}
"""The texts for the values of Quantizer."""
ROUNDINGS = {"nearest": "To the nearest", "learnt": "Learnt from FP32's outputs"}
"""The texts for the values of Rounding."""
RANGES = {"minmax": "Extremes", "percentile": "99.999 % of the values", "entropy": "Least entropy lost"}
"""The texts for the values of Calibration."""
NNCF_TAKES = ("technique", "method", "calibration_images", "quantizer")
"""The settings of a static file that NNCF takes."""
STATIC_SECONDS, NNCF_SECONDS = 3.0, 10.0
CALIBRATION_CALLS = 3  # a calibration image takes as long as so many calls
LEARNING_SECONDS, LEARNING_CALLS = 10.0, 1500.0  # 64 images through half of both graphs in 24 passes
RACE_SECONDS, RACE_CALLS = 25.0, 2000.0  # about ten candidates built, screened and timed
RACE_CANDIDATES, PLACED = 10, 3  # so many candidates for that, and so many more with kinds of blocks placed otherwise
LOSSY_SHARE = 0.4  # in so many of ten networks that raced in onnxruntime alone a fast static file lost too much
REPAIR_BUILDS, REPAIR_SECONDS, REPAIR_CALLS = 40, 1.0, 16.0  # each layer alone in float, on so many images
TRAINED_IMAGES = 3200  # of all epochs, as engine/search/escalation.py trains
RACE_CALIBRATION_CALLS = 12  # a calibration image in a race, where several candidates need it
RACE_FINALISTS = 4  # of these, so many beside the winner are timed once more with all variants


class Quantization(StepSettings):
    """Base of the methods of quantization, which all change an ONNX file."""

    stage: ClassVar[Stage] = "onnx"
    number_format: ClassVar[str] = "INT8"

    technique: Literal["quantize"] = "quantize"


class QuantizeAuto(Quantization):
    """Races the methods that suit this graph and this machine, on your images, and keeps the winner or FP32.

    Halving of the candidates: Jamieson and Talwalkar, https://arxiv.org/abs/1502.07943.
    """

    title: ClassVar[str] = "Quantize"
    label: ClassVar[str] = "INT8"
    finalists: ClassVar[int] = RACE_FINALISTS

    method: Literal["auto"] = setting("auto", help="auto: races the methods on this machine and keeps the winner.")
    calibration_images: int = setting(
        128,
        label="Calibration images",
        help="Images from the calibration split: half set the ranges, half screen the candidates. Where it has "
        "fewer, crops of those that set the ranges join them.",
        unit="images",
        ge=2,
        le=100_000,
    )
    mixed_precision: bool = setting(
        True,
        label="Repair by mixed precision",
        help="Where the accuracy budget is missed, put the most sensitive layers back in float.",
        expert=True,
    )
    escalate: bool = setting(
        True,
        label="Train where rounding loses too much",
        help="Where an INT8 file is clearly faster than what has won and loses too much, learn its rounding and then "
        "train for a few epochs, both from FP32's own answers. Needs images, and ends with the minutes. Four networks "
        "of ten need it, and the estimate has that share of it.",
    )

    def cost(self, inputs: CostInputs) -> float:
        race_seconds = RACE_SECONDS + RACE_CALLS * inputs.target_call_seconds
        calibration_seconds = self.calibration_images * inputs.call_seconds * RACE_CALIBRATION_CALLS
        seconds = inputs.n_targets * race_seconds + calibration_seconds
        if not inputs.in_8_bits:
            return seconds
        further = self._repair_seconds(inputs) + self._escalation_seconds(inputs)
        return seconds + race_seconds * PLACED / RACE_CANDIDATES + LOSSY_SHARE * further

    def _repair_seconds(self, inputs: CostInputs) -> float:
        """Of the search for layers that must stay in float."""
        seconds = REPAIR_BUILDS * (REPAIR_SECONDS + REPAIR_CALLS * inputs.call_seconds)
        return seconds if self.mixed_precision else 0.0

    def _escalation_seconds(self, inputs: CostInputs) -> float:
        """Of learning the rounding and of training on FP32's answers, for which there must be images."""
        if not (self.escalate and inputs.has_images):
            return 0.0
        training = QAT_SLOWER * TRAINED_IMAGES * 3 * inputs.macs / (TRAINING_MACS_PER_CORE * inputs.cores)
        return LEARNING_SECONDS + LEARNING_CALLS * inputs.call_seconds + training

    @property
    def measures(self) -> bool:
        return True

    @property
    def description(self) -> str:
        training = ", which may train where rounding loses too much" if self.escalate else ""
        return f"race the ways to quantize on this machine{training}, and keep the winner, or the model as it was"

    def description_at(self, target: Target) -> str:
        """On a card nothing is quantized, since that is slower there, nor trained."""
        on_card = "race 16-bit floats on the card, and keep the winner, or the model as it was"
        return on_card if target.on_cuda else self.description


class QuantizeStatic(Quantization):
    """Static INT8: weights and activations, ranges from calibration images, QDQ format.

    Scheme: Jacob et al., https://arxiv.org/abs/1712.05877, as in onnxruntime.quantization. Bias correction: Nagel et
    al., https://arxiv.org/abs/1906.04721, section 4.2, with means from images; cross-layer equalization: its section
    4.1. Learnt rounding minimises the error of each layer's outputs, as Nagel et al.,
    https://arxiv.org/abs/2004.10568, solved as by Frantar et al., https://arxiv.org/abs/2210.17323.
    """

    title: ClassVar[str] = "Static INT8"
    label: ClassVar[str] = "INT8"

    method: Literal["static"] = setting(help="static: INT8 with calibrated activation ranges.")
    calibration_images: int = setting(
        128,
        label="Calibration images",
        help="Images from the calibration split that set the ranges; where it has fewer, crops of them join them.",
        unit="images",
        ge=1,
        le=100_000,
    )
    calibration: Calibration = setting(
        "minmax",
        label="Range of activations",
        choices=RANGES,
        help="How a range is taken: the extremes, 99.999 % of the values, or least entropy lost.",
        expert=True,
    )
    per_channel: bool = setting(
        True,
        label="A scale per channel",
        help="One weight range per output channel instead of one per layer.",
        expert=True,
    )
    activations: Literal["auto", "unsigned", "signed"] = setting(
        "auto",
        label="Type of activations",
        choices={"auto": "Automatic", "unsigned": "Unsigned", "signed": "Signed"},
        help="Type of the activations; auto chooses by the CPU's instructions.",
        expert=True,
    )
    reduce_range: bool | None = setting(
        None,
        label="7-bit weights",
        help="7-bit weights against saturation; by the CPU's instructions if empty.",
        expert=True,
    )
    operators: tuple[str, ...] = setting(
        (),
        label="Operator types to quantize",
        help="Operator types to quantize, such as Conv, Gemm; all that can be, automatic if empty.",
        expert=True,
        max_length=100,
    )
    float_first: int = setting(
        0,
        label="First layers in float",
        help="The first so many of Conv, Gemm and MatMul stay in float.",
        unit="layers",
        ge=0,
        le=1000,
        expert=True,
    )
    float_nodes: tuple[str, ...] = setting(
        (), label="Nodes that stay in float", help="Names of nodes that stay in float.", expert=True, max_length=2000
    )
    fused_swish: bool = setting(
        False,
        label="SiLU and hard-swish fused",
        help="Compute SiLU as one float operator, and the sigmoid of hard-swish on integers alone.",
        expert=True,
    )
    bias_correction: bool = setting(
        True,
        label="Bias correction",
        help="Take the mean error of each layer out of its bias, where held-back images show that it helps.",
        expert=True,
    )
    cross_layer_equalization: bool = setting(
        False,
        label="Cross-layer equalization",
        help="Give the channels of convolutions that follow each other like ranges of weights, at the same function. "
        "RepVGG needs it, and where channels are alike it can lose a little.",
        expert=True,
    )
    rounding: Rounding = setting(
        "nearest",
        label="Rounding of weights",
        choices=ROUNDINGS,
        help="To the nearest integer, or learnt layer by layer, without labels, so that each layer's outputs stay "
        "close to FP32's: takes longer, for a file that is as fast, where held-back images show that it helps.",
        expert=True,
    )
    quantizer: Quantizer = setting(
        "onnxruntime",
        label="Quantizer",
        choices=QUANTIZERS,
        help="What chooses the places and sets the ranges: onnxruntime's quantizer with the options here, or NNCF's "
        "mixed preset, which is made for OpenVINO and chooses all but the images by itself. NNCF is an extra of the "
        "installation.",
        expert=True,
    )

    @model_validator(mode="after")
    def _nncf_chooses_by_itself(self) -> Self:
        if self.quantizer == "onnxruntime":
            return self
        for name, field in type(self).model_fields.items():
            if name not in NNCF_TAKES and getattr(self, name) != field.default:
                raise ValueError(
                    f"'{name}' is {getattr(self, name)!r}, which NNCF does not take; leave it out, or set quantizer to "
                    "onnxruntime"
                )
        return self

    def cost(self, inputs: CostInputs) -> float:
        if self.quantizer != "onnxruntime":
            return NNCF_SECONDS + self.calibration_images * inputs.call_seconds * CALIBRATION_CALLS
        learning_seconds = LEARNING_SECONDS + LEARNING_CALLS * inputs.call_seconds if self.rounding == "learnt" else 0.0
        return STATIC_SECONDS + learning_seconds + self.calibration_images * inputs.call_seconds * CALIBRATION_CALLS

    @property
    def description(self) -> str:
        learnt = ", and rounding learnt layer by layer" if self.rounding == "learnt" else ""
        if self.quantizer != "onnxruntime":
            preset = "mixed preset for transformers" if self.quantizer == "nncf_transformer" else "mixed preset"
            return f"quantize to INT8 with NNCF's {preset}"
        ranges = f"activation ranges from up to {self.calibration_images} examples for calibration"
        return f"quantize to INT8, with {ranges}{learnt}"


class QuantizeDynamic(Quantization):
    """Dynamic INT8 of MatMul and Gemm: activation ranges are taken anew at every call, so no images are needed.

    As onnxruntime.quantization.quantize_dynamic does, with signed weights per channel. Convolutions stay in float:
    onnxruntime's dynamic ones are many times slower than FP32.
    """

    title: ClassVar[str] = "Dynamic INT8"
    label: ClassVar[str] = "Dynamic INT8"

    method: Literal["dynamic"] = setting(help="dynamic: INT8 MatMul and Gemm, ranges taken at every call.")
    per_channel: bool = setting(
        True,
        label="A scale per channel",
        help="One weight range per output channel instead of one per layer.",
        expert=True,
    )
    float_nodes: tuple[str, ...] = setting(
        (), label="Nodes that stay in float", help="Names of nodes that stay in float.", expert=True, max_length=2000
    )

    @property
    def description(self) -> str:
        return "quantize MatMul and Gemm to INT8, with activation ranges taken at every call"


class QuantizeWeights(Quantization):
    """Weight-only INT8, for size: MatMul and Gemm in blocks (MatMulNBits), convolutions per channel.

    Block-wise: Dettmers et al., https://arxiv.org/abs/2110.02861, section 2.1, as in onnxruntime's MatMulNBits.
    """

    title: ClassVar[str] = "8-bit weights"
    label: ClassVar[str] = "8-bit weights"

    method: Literal["weights"] = setting(help="weights: INT8 weights, computed in float; for size.")
    block_size: Literal[16, 32, 64, 128, 256] = setting(
        32, label="Values that share a scale", help="Values that share one scale in a MatMul's weights.", expert=True
    )
    convolutions: bool = setting(
        True, label="Convolutions, too", help="Also store the convolutions' weights in 8 bits.", expert=True
    )
    float_nodes: tuple[str, ...] = setting(
        (), label="Nodes that stay in float", help="Names of nodes that stay in float.", expert=True, max_length=2000
    )

    @property
    def description(self) -> str:
        return "store the weights in 8 bits"


def _default_method(values: Any) -> Any:
    """`auto` where a recipe names no method."""
    if isinstance(values, Mapping) and values.get("technique") == "quantize" and "method" not in values:
        return {**values, "method": "auto"}
    return values


Quantize = Annotated[
    Annotated[QuantizeAuto | QuantizeStatic | QuantizeDynamic | QuantizeWeights, Field(discriminator="method")],
    BeforeValidator(_default_method),
]
