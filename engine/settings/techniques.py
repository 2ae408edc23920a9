"""One settings class a technique."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from engine.settings.base import setting
from engine.settings.distillation import Distill, Swap
from engine.settings.prune import Prune
from engine.settings.quantize import Quantize
from engine.settings.step import Stage, StepSettings
from engine.settings.training import Finetune, Qat


class Float16(StepSettings):
    """Weights and arithmetic in 16-bit floats, for GPUs and for size; inputs and outputs stay FP32 unless asked.

    Mixed precision: Micikevicius et al., https://arxiv.org/abs/1710.03740; conversion by onnxruntime.transformers.
    """

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Float16"
    label: ClassVar[str] = "FP16"
    number_format: ClassVar[str] = "FP16"

    technique: Literal["float16"] = "float16"
    keep_io_types: bool = setting(
        True,
        label="32-bit input and output",
        help="Keep the input and the output in 32-bit floats, so that callers need not change.",
        expert=True,
    )

    @property
    def description(self) -> str:
        return "convert to 16-bit floats"


class Simplify(StepSettings):
    """The same function in fewer nodes: constants folded, operators fused, no-ops removed, means as pooling."""

    stage: ClassVar[Stage] = "onnx"
    title: ClassVar[str] = "Simplify"
    label: ClassVar[str] = "Simplified"

    technique: Literal["simplify"] = "simplify"

    @property
    def description(self) -> str:
        return "simplify the graph"


Step = Annotated[
    Finetune | Distill | Swap | Prune | Simplify | Float16 | Quantize | Qat, Field(discriminator="technique")
]


def _classes(annotation: Any) -> Iterator[type[Step]]:
    """The classes of a union, of those nested in it as well, in order."""
    if isinstance(annotation, type):
        yield annotation
    for member in get_args(annotation):
        yield from _classes(member)


TECHNIQUES: tuple[type[Step], ...] = tuple(_classes(Step))
"""Every settings class that `Step` names."""
